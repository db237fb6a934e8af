#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Balancers and servers die: the connections that they had go on by other
# balancers, and only those of a dead server are broken.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crowd;
use Lab;
use Test::More;

instances_up(4);
my $crowd = crowd_start();

# killed HOST NAME ALLOWED [SILENTLY]
sub killed
{
	my ($host, $name, $allowed, $silently) = @_;
	my $since = now();

	balancer_kill($host, $silently);
	wait_announced($host);
	unharmed($name, $crowd, $since, $allowed);
	$since = now();
	balancer_return($host);
	wait_announced();
	unharmed("$host is back", $crowd, $since);
}

for my $round (1 .. $rounds) {
	subtest "a balancer is killed, round $round" => sub {
		wait_known($crowd);
		killed($balancers[-$round % @balancers],
		    'one of 4 balancers killed', 0);
	};

	subtest "a balancer is killed just after changes, round $round" => sub {
		wait_known($crowd);
		ok(change_all(backend_add($spare)), 'a server more');
		wait_up();
		ok(change_all(backend_drain('web2')), 'another is draining');
		killed($balancers[(1 - $round) % @balancers],
		    'one of 4 balancers killed after changes',
		    $crowd->{size} / 1000);
	};

	# Its sessions end when BGP's hold time has passed, not earlier.
	subtest "a balancer dies in silence, round $round" => sub {
		wait_known($crowd);
		killed($balancers[(2 - $round) % @balancers],
		    'one of 4 balancers silent, after changes',
		    $crowd->{size} / 1000, 1);
		change_all(backend_drain('web2', 0));
		change_all(backend_drain($spare));
		change_all(backend_remove($spare));
	};
}

# dead SERVER KILL: only its own are broken, and soon.
sub dead
{
	my ($host, $name, $kill) = @_;
	my $since = now();

	$kill->();
	ok(crowd_settle($crowd), 'everybody else is served');
	my @broken = broken($crowd, $since);
	my ($last) = sort { $b->{time} <=> $a->{time} } @broken;
	cmp_ok(scalar(@broken), '>', 0, sprintf(
	    '%s: %d of %d broken, within %.1f s', $name, scalar(@broken),
	    $crowd->{size}, $last ? $last->{time} - $since : 0));
	is(scalar(grep { $_->{backend} ne $host } @broken), 0,
	    "$name: 0 of others broken");
}

subtest 'a server dies' => sub {
	dead('web5', 'a server killed', sub {
		my ($pid) = process('nginx-web5');
		my (undef, $pids) = run('ps', '-s', $pid, '-o', 'pid=');
		kill('KILL', split(' ', $pids));
	});
};

subtest "a server's cable is pulled" => sub {
	dead('web4', "a server's cable pulled", sub {
		links('down', 'web4-lan1');
	});
};

my $end = crowd_stop($crowd);
is($end->{unanswered}, 0, 'everybody was answered to the last') or
    diag(explain($end));
finish();
