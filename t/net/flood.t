#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Floods of SYNs and of stray ACKs, by whatever the machine can send: who has a
# connection keeps it, who wants one gets it, and nothing else is disturbed.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crowd;
use Lab;
use Test::More;
use Time::HiRes qw(time);

my $packets = $ENV{VC5_FLOOD} // 500000;

instances_up(2);
floods_end_at_servers();
my $crowd = crowd_start();

# Each BGP session of the router that is established, and since when: in
# seconds of the day.
sub sessions
{
	my (undef, $all) = lab(qw(exec router birdc show protocols));
	my %since;

	$since{$1} = $2 * 3600 + $3 * 60 + $4 while $all =~
	    /^(lb\d_ipv\d) .* (\d+):(\d+):([\d.]+) +Established/mg;
	return %since;
}

# Of these sessions all stand.  BIRD's clock may be set meanwhile, by some
# milliseconds; a session that was lost is not back within a second.
sub stand
{
	my (%before) = @_;
	my %now = sessions();

	return !grep { !defined $now{$_} || abs($now{$_} - $before{$_}) > 0.9 }
	    keys %before;
}

# How long the slowest status page took, in seconds; undef if one failed.
sub pages
{
	my $slowest = 0;

	for my $host (@balancers) {
		my $address = slurp("$state/$host/management-address");
		chomp($address);
		my $start = time();
		my ($status, $page) = run('curl', '-sS', '-m', 20,
		    "http://$address:8080/status.html");
		return undef unless $status == 0 && $page =~ m{</html>};
		$slowest = time() - $start if time() - $start > $slowest;
	}
	return $slowest;
}

# What operators do, one thing after the other.
my @changes = (backend_add($spare), backend_weight('web3', 5),
    backend_drain($spare), backend_weight('web3', 1), backend_remove($spare));

# flooded KIND CHANGES?
sub flooded
{
	my ($kind, $changing) = @_;
	my %sessions = sessions();
	my %logged = map { $_ => log_size($_) } @balancers;
	my $since = now();
	my ($served, $changed) = (crowd_status($crowd)->{brief_finished}, 0);
	my $flood = flood_start($kind, $packets);
	my @pages;

	do {
		push(@pages, pages());
		change_all($changes[$changed++ % @changes]) or
		    fail('a change') if $changing;
	} while (process_running($flood->{pid}) ||
	    $changing && $changed % @changes != 0);
	my $sent = flood_sent($flood);
	cmp_ok($sent, '>=', $packets, sprintf('%d packets in %.1f s%s', $sent,
	    $flood->{took}, $changing ? ", $changed changes" : ''));
	unharmed("a flood: $kind", $crowd, $since);
	cmp_ok(crowd_status($crowd)->{brief_finished}, '>', $served,
	    'clients that are new are served');
	is(scalar(grep { $_->{brief} } crowd_failures($crowd, $since)), 0,
	    'all of them');
	is(scalar(grep { !defined } @pages), 0,
	    sprintf('%d times all status pages came, the slowest in %.2f s',
	    scalar(@pages), (sort { $b <=> $a } map { $_ // 99 } @pages)[0]));
	unlike(join('', map { vc5d_log($_, $logged{$_}) } @balancers),
	    qr/ is down,/, 'no server is taken to be down');
	is(scalar(keys %sessions), 2 * @balancers, 'all sessions of BGP stood');
	ok(stand(%sessions), 'and stand') or diag(explain(\%sessions));
	for my $host (@balancers) {
		my $flows = vc5ctl($host, 'show', 'summary')->{flows} // {};
		note("$host: ", join(', ', map { "$_ $flows->{$_}" }
		    grep { !ref($flows->{$_}) } sort keys %$flows));
		cmp_ok(service($host, 'web')->{packets}, '>', $packets / 4,
		    "$host had its part of it");
	}
}

subtest 'SYNs' => sub { flooded('syn') };
subtest 'stray ACKs' => sub { flooded('ack') };
subtest 'both, while servers come and go' => sub { flooded('both', 1) };

my $end = crowd_stop($crowd);
is($end->{unanswered}, 0, 'everybody was answered to the last') or
    diag(explain($end));
finish();
