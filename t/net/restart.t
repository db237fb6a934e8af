#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Daemons that end, cleanly or not, and start again.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Lab;
use Test::More;

my $url = 'http://192.0.2.1/';

my $router = '198.51.100.1';

lab_up();

# The ids of the alerts about BGP, in order.
sub alerts
{
	my @ids = sort grep { /^bgp/ && !/:/ } map { $_->{id} }
	    @{vc5ctl($_[0], 'show', 'alerts') // []};
	return @ids;
}

sub begin
{
	my $load = load_start($url);

	load_more($load, 50);
	return $load;
}

# No request of a load failed, and there were some.
sub no_failure
{
	my ($load) = @_;
	load_more($load, 50);
	my @requests = load_stop($load);
	my @failed = grep { $_->{error} } @requests;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar(@failed), 0, 'no request failed, of ' . scalar(@requests)) or
	    diag(explain(@failed > 5 ? @failed[0 .. 4] : @failed));
	cmp_ok(scalar(@requests), '>=', 100, 'and there were some');
}

# Bytes of the web service that a balancer has forwarded.
sub forwarded
{
	return service($_[0], 'web')->{bytes} // 0;
}

sub downloads
{
	truncate("$state/$_/html/slow", $_[0]) for qw(web1 web2 web3);
}

subtest 'bgpd dies and comes back' => sub {
	stop('bgpd-lb1', 'KILL');
	eventually('the router knows at once', sub {
		join(' ', next_hops('192.0.2.1')) eq '198.51.100.12' });
	ok(wait_for(sub { problems('lb1') =~ /bgpd/ }),
	    'vc5d says that bgpd is gone') or diag(problems('lb1'));
	is(join(' ', alerts('lb1')), "bgp $router bgpd",
	    'that and the lost session are alerts');
	is(scalar(split(/\n/, get($url, 20))), 20,
	    'the other balancer serves');
	start('bgpd-lb1');
	# vc5d tries to connect every 5 seconds at worst, BIRD every 2
	eventually('the VIP is back in the router', sub {
		next_hops('192.0.2.1') == 2 });
	eventually('so is the other VIP', sub { next_hops('192.0.2.2') == 2 });
	eventually('nothing is wrong any more', sub {
		problems('lb1') eq '' && !alerts('lb1') },
	    sub { problems('lb1') });
	my ($neighbour) = grep { $_->{address} eq $router }
	    @{vc5ctl('lb1', 'show', 'bgp')->{neighbours}};
	is($neighbour->{flaps}, 1, 'one session was lost');
};

# vc5ctl monitor sees all of a stop and a start: its lines.
my $monitor = process_start("$state/monitor.log", "$build/vc5ctl", '-j', '-s',
    "$state/lb1/vc5d.sock", 'monitor');

sub monitored
{
	return map { decode_json($_) } slurp("$state/monitor.log") =~ /(.+)\n/g;
}

# The events and states of the connection that it has shown, as words.
sub seen
{
	return map {
		$_->{history} ? "$_->{history}{kind} $_->{history}{to}"
		    : $_->{connection} ? $_->{connection}{state} : ()
	} monitored();
}

subtest 'vc5d is stopped under load' => sub {
	configure('lb1', sub { $_[0]->{stop_delay} = 5 });
	ok(reload('lb1'), 'a longer stop_delay');
	ok(wait_for(sub { seen() }), 'vc5ctl monitor shows that');
	my $load = begin();
	my $offset = log_size('lb1');
	my $vc5d = process('vc5d-lb1');
	kill('TERM', $vc5d);
	eventually('it withdraws', sub {
		join(' ', next_hops('192.0.2.1')) eq '198.51.100.12' });
	ok(-e "/proc/$vc5d/exe", 'it goes on forwarding for its stop_delay');
	eventually('it ends', sub { !readlink("/proc/$vc5d/exe") });
	no_failure($load);
	like(vc5d_log('lb1', $offset), qr/stopped/, 'it says so');

	unlike(on('lb1', 'ip', 'link'), qr/xdp|vc5d0/,
	    'no program and no device are left');
	unlike(on('lb1', 'ip', 'rule'), qr/fwmark/, 'no rule');
	is_deeply([glob("$state/bpf/lb1/*")], [], 'no pin');
	ok(!-e "$state/lb1/vc5d.sock", 'no socket');
};

subtest 'vc5d is started under load' => sub {
	my $load = begin();
	ok(start('vc5d-lb1'), 'start');
	eventually('the VIP is announced again', sub {
		next_hops('192.0.2.1') == 2 });
	eventually('it gets its share', sub { forwarded('lb1') > 0 });
	no_failure($load);
};

subtest 'vc5ctl monitor has seen it all' => sub {
	eventually('what came after the start', sub {
		join(' ', seen()) =~ /again .*vip announced/ });
	my $seen = join(', ', seen());
	like($seen, qr/vip withdrawn, .*lost, again/,
	    'what came before the end') or diag($seen);
	my @numbers;
	for (grep { $_->{connection} || $_->{history} } monitored()) {
		@numbers = () if ($_->{connection}{state} // '') eq 'again';
		push(@numbers, $_->{history}{number}) if $_->{history};
	}
	is_deeply(\@numbers, [1 .. @numbers],
	    'each event of the new one, from the first on, once');
	ok(process_running($monitor), 'and goes on');
	process_stop($monitor);
};

# A download through a balancer: by whom it goes is seen in its counters.
sub download_through
{
	my ($host) = @_;

	for my $try (1 .. 30) {
		my $before = service($host, 'web')->{flows};
		my $download = download_start("${url}slow");
		return $download
		    if service($host, 'web')->{flows} > $before;
		process_stop($download->{pid});
	}
	return undef;
}

subtest 'vc5d is killed: forwarding goes on' => sub {
	downloads(960 << 10); # 15 seconds' worth
	my $download = download_through('lb2');
	ok($download, 'a slow download through lb2') or return;
	my $flows = service('lb2', 'web')->{flows};
	my $load = begin();
	kill_now('vc5d-lb2');
	load_more($load, 50);
	ok(download_running($download), 'the download runs on without it');
	is(scalar(next_hops('192.0.2.1')), 2, 'its VIPs are still announced');
	ok(start('vc5d-lb2'), 'the next one starts');
	ok(wait_for(sub { services('lb2') == 4 }), 'and is there');
	like(vc5d_log('lb2'), qr/took over 4 services/, 'it takes over');
	cmp_ok(service('lb2', 'web')->{flows}, '>', $flows,
	    'counters go on where they were');
	eventually('all destinations are up', sub { 3 == grep {
	    $_->{state} eq 'up' } @{service('lb2', 'web')->{destinations}} });
	no_failure($load);
	like(download_stop($download), qr/^200 983040 /,
	    'the download finishes');
};

subtest 'a backend fails while vc5d is dead' => sub {
	kill_now('vc5d-lb2');
	stop('nginx-web3');
	ok(start('vc5d-lb2'), 'the next one starts');
	eventually('and finds out', sub {
		(destination('lb2', 'web', '198.51.100.143')->{state} // '')
		    eq 'down' });
	start('nginx-web3');
	ok(wait_for(sub { (destination('lb2', 'web',
	    '198.51.100.143')->{state} // '') eq 'up' }), 'it is back');
};

subtest 'the router restarts' => sub {
	kill_now('bird');
	eventually('a lost session is an alert',
	    sub { grep { $_ eq "bgp $router" } alerts('lb1') });
	ok(start('bird'), 'bird is started');
	# Its routes of before stay in the kernel until it knows better.
	eventually('it has routes of both balancers', sub {
		my (undef, $routes) = lab(qw(exec router birdc show route for
		    192.0.2.1));
		2 == (() = $routes =~ /via 198\.51\.100\.1[12]\b/g) });
	eventually('both balancers are its next hops again', sub {
		next_hops('192.0.2.1') == 2 });
	eventually('the alert is over', sub { !alerts('lb1') });
	my $answers = answers($url, 60);
	is(keys %$answers, 3, 'everyone serves') or diag(explain($answers));
};

finish();
