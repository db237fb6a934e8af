#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Backends that stop, hang or answer nonsense, and come back.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my $url = 'http://192.0.2.1/';
my %address = (web1 => '198.51.100.21', web2 => '198.51.100.22',
    web3 => '198.51.100.143');
lab_up();

sub state_of
{
	my ($host, $web) = @_;

	return destination($host, 'web', $address{$web})->{state} // '';
}

sub both
{
	my ($web, $state) = @_;

	return state_of('lb1', $web) eq $state && state_of('lb2', $web) eq $state;
}

# Traffic leaves a backend when it fails and returns when it is back, by
# functions that make it fail and come back.
sub leaves_and_returns
{
	my ($web, $fail, $mend) = @_;

	my $load = load_start($url);
	load_more($load, 50);
	$fail->();
	eventually("both balancers know that $web failed",
	    sub { both($web, 'down') });
	# Workers may wait for what the failed server owes them.
	my $after = load_start($url);
	load_more($after, 100);
	my @after = load_stop($after);
	$mend->();
	eventually("and that it is back",
	    sub { both($web, 'up') });
	my $answers = answers($url, 60);
	cmp_ok(scalar(grep { /^$web/ } keys %$answers), '>', 0,
	    "$web serves again");
	my @requests = load_stop($load);
	note(scalar(@requests) . ' requests all the time, ' .
	    scalar(grep { $_->{error} } @requests) . ' failed');

	my @failed = grep { $_->{error} } @after;
	is(scalar(@failed), 0, 'no request failed while that was known') or
	    diag(explain(@failed > 5 ? @failed[0 .. 4] : @failed));
	cmp_ok(scalar(@after), '>=', 100, 'and there were some');
	is(scalar(grep { $_->{answer} =~ /^$web/ } @after), 0, "not to $web");
}

subtest 'one web server is stopped' => sub {
	leaves_and_returns('web2', sub { stop('nginx-web2') },
	    sub { start('nginx-web2') });
};

subtest 'one web server hangs' => sub {
	my ($worker) = split(' ', slurp('/proc/' . process('nginx-web3') .
	    '/task/' . process('nginx-web3') . '/children'));
	plan(skip_all => 'no /proc/PID/task/PID/children here')
	    unless $worker;
	leaves_and_returns('web3', sub { kill('STOP', $worker) },
	    sub { kill('CONT', $worker) });
};

subtest 'all web servers are stopped' => sub {
	stop("nginx-$_") for qw(web1 web2 web3);
	eventually("the VIP leaves the router's table",
	    sub { next_hops('192.0.2.1') == 0 },
	    sub { join(' ', next_hops('192.0.2.1')) });
	is(scalar(next_hops('192.0.2.2')), 2, 'the other VIP stays');
	like(get($url), qr/^curl: \(7\)/, 'the client is told at once');
	my ($vip) = grep { $_->{address} eq '192.0.2.1' }
	    @{vc5ctl('lb1', 'show', 'vips') // []};
	ok($vip && !$vip->{wanted} && !$vip->{announced}, 'vc5ctl says so');

	start('nginx-web1');
	eventually('one is back: the VIP returns',
	    sub { next_hops('192.0.2.1') == 2 });
	is_deeply(answers($url, 20), {'web1 answers 203.0.113.10' => 20},
	    'and is served');
	start("nginx-$_") for qw(web2 web3);
	ok(wait_for(sub { both('web2', 'up') &&
	    both('web3', 'up') }), 'all are back');
};

# Servers that no check may be fooled or held up by, and what is said of them.
my %nasty = (
    garbage => qr/^bad response$/,
    silent => qr/^timeout$/,
    drip => qr/^timeout$/,
    gigabytes => qr/^bad response$/,
    endless => qr/^(?:timeout|bad response)$/,
    closed => qr/^connection closed$/,
    error => qr/^bad status$/,
);

stop('nginx-web2');
for my $mode (sort keys %nasty) {
	subtest "a backend that answers: $mode" => sub {
		my $pid = process('vc5d-lb1');
		my $pages = sub { (split(' ', slurp("/proc/$pid/statm")))[1] };
		my $before = $pages->();
		my $server = process_start("$state/nasty", 'nsenter',
		    "--net=/run/netns/$prefix-web2", $^X,
		    "$source/t/net/nasty", $mode);
		my $check = sub { destination('lb1', 'web',
		    $address{web2})->{checks}[0] // {} };
		eventually('the check says what is wrong',
		    sub { ($check->()->{outcome} // '') =~ $nasty{$mode} },
		    sub { explain($check->()) });
		my $failed = $check->()->{failed};
		ok(wait_for(sub { $check->()->{failed} >= $failed + 5 }),
		    'and is made again and again');
		# They'd go on for a minute and more.
		cmp_ok($check->()->{duration}, '<', 10e6, 'it ends in time');
		eventually('the backend is down',
		    sub { state_of('lb1', 'web2') eq 'down' });
		cmp_ok($pages->() - $before, '<', 2048, 'memory is bounded');
		process_stop($server);
	};
}
start('nginx-web2');

subtest 'after all that' => sub {
	eventually('the backend is up again',
	    sub { both('web2', 'up') });
	my $answers = answers($url, 60);
	is(keys %$answers, 3, 'everyone serves') or diag(explain($answers));
};

finish();
