#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Orders that override the configuration, and what happens when the link to all
# servers fails at once.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my $url = 'http://192.0.2.1/';
my %address = (web1 => '198.51.100.21', web2 => '198.51.100.22',
    web3 => '198.51.100.143');

lab_up('bridge');

# vc5ctl as a person calls it: its status, and all that it says.
sub say_to
{
	my ($host, @words) = @_;

	return run('timeout', 10, "$build/vc5ctl", '-s',
	    "$state/$host/vc5d.sock", @words);
}

# A test: an order is followed, on these balancers.
sub order
{
	my ($hosts, @words) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for my $host (@$hosts) {
		my ($status, $output) = say_to($host, @words);
		is($status, 0, "$host: @words") or diag($output);
	}
}

sub state_of
{
	my ($host, $web) = @_;

	return destination($host, 'web', $address{$web})->{state} // '';
}

sub all_up
{
	my ($host) = @_;

	return !grep { state_of($host, $_) ne 'up' } keys %address;
}

my @both = qw(lb1 lb2);

subtest 'drain: a slow download goes on' => sub {
	truncate("$state/$_/html/slow", 640 << 10) for keys %address;
	my $download = download_start("${url}slow");
	my $web = $download->{by};
	like($web, qr/^web[123]$/, "by $web");
	order(\@both, 'backend', $address{$web}, 'drain');
	for my $host (@both) {
		eventually("$host drains it",
		    sub { state_of($host, $web) eq 'draining' });
	}
	my $answers = answers($url, 60);
	is(scalar(grep { /^$web/ } keys %$answers), 0,
	    'new requests go elsewhere') or diag(explain($answers));
	is(keys %$answers, 2, 'to the two others');

	my ($next) = grep { $_ ne $web } sort keys %address;
	my ($status, $output) =
	    say_to('lb1', 'backend', $address{$next}, 'drain');
	is($status, 1, 'one more of three is refused');
	like($output, qr/^web 192\.0\.2\.1:80\/tcp: of 3 servers max_out, 50 %, /m,
	    'with the limit');
	like($output, qr/ it would be 2; out now: \Q$address{$web}\E \(drain\)$/m,
	    'and who is out') or diag($output);
	order(['lb1'], 'backend', $address{$next}, 'drain', '--force');
	eventually('and done with force',
	    sub { state_of('lb1', $next) eq 'draining' });
	order(['lb1'], 'backend', $address{$next}, 'ready');

	like(download_stop($download), qr/^200 655360 /,
	    'the download finishes');
	order(\@both, 'backend', $address{$web}, 'ready');
	ok(wait_for(sub { all_up('lb1') && all_up('lb2') }), 'it is back');
};

subtest 'maint: connections move at once' => sub {
	my $download = download_start("${url}slow");
	my $web = $download->{by};
	order(\@both, 'backend', $address{$web}, 'maint');
	for my $host (@both) {
		eventually("$host sends it nothing",
		    sub { state_of($host, $web) eq 'down' });
	}
	unlike(download_stop($download), qr/^200 655360 /,
	    'its download has broken');
	my $answers = answers($url, 60);
	is(scalar(grep { /^$web/ } keys %$answers), 0,
	    'requests go elsewhere') or diag(explain($answers));
	like((say_to('lb1', 'show', 'summary'))[1],
	    qr/^Overrides:\n  backend \Q$address{$web}\E maint, ordered/m,
	    'the summary shows it');
	order(\@both, 'backend', $address{$web}, 'ready');
	ok(wait_for(sub { all_up('lb1') && all_up('lb2') }), 'it is back');
};

# A test: nothing of what was ordered of lb1 has come undone, since its log was
# so long.
sub still_ordered
{
	my ($when, $offset) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually("$when: the others serve", sub {
		state_of('lb1', 'web1') eq 'up' &&
		state_of('lb1', 'web2') eq 'up' && 3 == grep {
		    ($_->{up} // 0) > 0 } map { service('lb1', $_) }
		    qw(web web6 dns6) }, sub { vc5d_log('lb1', $offset) });
	eventually('a VIP without orders is announced', sub {
		next_hops('2001:db8:0:100::1') == 2 });
	for my $vip (qw(192.0.2.1 192.0.2.2)) {
		is(join(' ', next_hops($vip)), '198.51.100.12',
		    "the router has $vip of the other balancer only");
	}
	is(state_of('lb1', 'web3'), 'down', 'web3 is in maintenance');
	is(scalar(@{vc5ctl('lb1', 'show', 'overrides')}), 3,
	    'and all orders are shown');
	unlike(vc5d_log('lb1', $offset),
	    qr/VIP 192\.0\.2\.[12]: .*announcing/, 'in between, too');
	unlike(vc5d_log('lb1', $offset),
	    qr/\b198\.51\.100\.143 is up\b/, 'nor was it up');
}

subtest 'orders outlive everything' => sub {
	order(['lb1'], qw(vip 192.0.2.1 withdraw));
	order(['lb1'], qw(service dns down));
	order(['lb1'], 'backend', $address{web3}, 'maint');
	eventually("VIPs leave the router's table", sub {
		join(' ', next_hops('192.0.2.1'), next_hops('192.0.2.2')) eq
		    '198.51.100.12 198.51.100.12' });
	my $offset = log_size('lb1');
	configure('lb1', sub { $_[0]->{scheduler} = 'rendezvous' });
	ok(reload('lb1'), 'a reload');
	still_ordered('reloaded', $offset);

	$offset = log_size('lb1');
	stop('vc5d-lb1');
	ok(start('vc5d-lb1'), 'a stop and a start');
	still_ordered('stopped and started', $offset);

	$offset = log_size('lb1');
	kill_now('vc5d-lb1');
	ok(start('vc5d-lb1'), 'a crash and a start');
	still_ordered('killed and started', $offset);

	my $kept = slurp("$state/lb1/overrides");
	is((stat("$state/lb1/overrides"))[2] & 07777, 0600,
	    'the file is for its owner alone');
	kill_now('vc5d-lb1');
	spew("$state/lb1/overrides", substr($kept, 0, length($kept) / 2));
	my ($status, $output) = on('lb1', 'timeout', 20, "$build/vc5d", '-d',
	    '-f', "$state/lb1/vc5d.conf");
	is($status, 1, 'with a damaged file vc5d does not start');
	like($output, qr{lb1/overrides: .*\n.*not started: what was ordered},
	    'and says why') or diag($output);
	($status, $output) = on('lb1', "$build/vc5d", '-n', '-f',
	    "$state/lb1/vc5d.conf");
	like($output, qr{warning: vc5d will not start: \S+/lb1/overrides: },
	    'nor does -n take it for good') or diag($output);
	spew("$state/lb1/overrides", $kept);
	chmod(0600, "$state/lb1/overrides");
	ok(start('vc5d-lb1'), 'mended, it does');

	wait_for(sub { services('lb1') == 4 });
	order(['lb1'], qw(vip 192.0.2.1 announce));
	order(['lb1'], qw(service dns up));
	order(['lb1'], 'backend', $address{web3}, 'ready');
	for my $vip (qw(192.0.2.1 192.0.2.2)) {
		eventually("$vip is back", sub { next_hops($vip) == 2 });
	}
	eventually('so is web3', sub { state_of('lb1', 'web3') eq 'up' });
};

# Cut lb1 off from all servers, but not from the router, which is in lan1: that
# link is pulled which leads to servers only.  Or mend that.
sub link_to_servers
{
	my ($cut) = @_;

	for my $port (qw(lb1-lan1 web1-lan1 web2-lan1)) {
		on_ok('switch', 'bridge', 'link', 'set', 'dev', $port,
		    'isolated', $cut ? 'on' : 'off');
	}
	on_ok('switch', 'ip', 'link', 'set', 'lb1-lan2',
	    $cut ? 'down' : 'up');
}

sub isolated
{
	return (vc5ctl('lb1', 'show', 'summary') // {})->{isolation}{isolated};
}

# Checks that have failed since, of one destination.
sub failed
{
	return destination('lb1', 'web', $address{web1})
	    ->{checks}[0]{failed} // 0;
}

subtest 'the link to all servers fails: hold' => sub {
	configure('lb1', sub { $_[0]->{isolation} = 'hold' });
	ok(reload('lb1'), 'hold');
	ok(wait_for(sub { all_up('lb1') }), 'all are up');
	my $offset = log_size('lb1');
	my $failed = failed();
	link_to_servers(1);
	eventually('it is told', \&isolated,
	    sub { vc5d_log('lb1', $offset) });
	eventually('checks go on, and fail', sub {
		failed() > $failed + 3 * $Lab::fall });
	ok(all_up('lb1'), 'servers stay up');
	is(scalar(next_hops($_)), 2, "$_ stays announced")
	    for qw(192.0.2.1 192.0.2.2 2001:db8:0:100::1);
	like(vc5d_log('lb1', $offset), qr/this host's own link/, 'it says why');
	link_to_servers(0);
	eventually('a check passes: it is over', sub { !isolated() });
	ok(wait_for(sub {
		(destination('lb1', 'web', $address{web1})
		    ->{checks}[0]{outcome} // '') eq 'passed' }),
	    'checks pass again');
	ok(all_up('lb1'), 'all are up');
	unlike(vc5d_log('lb1', $offset), qr/ is down| withdrawing/,
	    'and have been so all the time');
};

subtest 'the link to all servers fails: withdraw' => sub {
	configure('lb1', sub { delete($_[0]->{isolation}) });
	ok(reload('lb1'), 'withdraw');
	my $offset = log_size('lb1');
	link_to_servers(1);
	for my $vip (qw(192.0.2.1 192.0.2.2)) {
		eventually("$vip leaves the router's table", sub {
			join(' ', next_hops($vip)) eq '198.51.100.12' });
	}
	ok(isolated(), 'what it looks like is told');
	my @lines = vc5d_log('lb1', $offset) =~ /this host's own link/g;
	is(scalar(@lines), 1, 'once');
	link_to_servers(0);
	for my $vip (qw(192.0.2.1 192.0.2.2)) {
		eventually("$vip is back", sub { next_hops($vip) == 2 });
	}
	ok(!isolated(), 'it is over');
};

finish();
