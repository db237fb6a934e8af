# SPDX-License-Identifier: ISC
# Labs of several balancers, on which a crowd of clients has long connections
# (t/net/crowd), and what may happen to such labs.
#
# Nothing here waits for a time to pass: that an event has done no harm is
# known when every connection has an answer to something asked after it.
package Crowd;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use Lab;
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT = qw(
    $vip @balancers @webs web_address balancer_address
    instances_up change_all change
    backend_add backend_remove backend_weight backend_drain
    balancer_kill balancer_return links announced_by
    crowd_start crowd_status crowd_settle crowd_stop crowd_events
    now broken unharmed figures
    crowd_failures flood_start flood_sent floods_end_at_servers);

our $vip = '192.0.2.1';
our $size = $ENV{VC5_CROWD} // 2000;
our @balancers;
our @webs;

my $json = JSON::PP->new->utf8;

sub now
{
	return clock_gettime(CLOCK_MONOTONIC);
}

sub web_address
{
	my ($n) = $_[0] =~ /(\d+)$/;

	return '198.51.100.' . ($n % 3 == 0 ? 140 + $n : 20 + $n);
}

sub balancer_address
{
	my ($n) = $_[0] =~ /(\d+)$/;

	return '198.51.100.' . (10 + $n);
}

# instances_up BALANCERS WEBS SPARE: with some web servers more, that no
# balancer knows of.
sub instances_up
{
	my ($balancers, $webs, $spare, @programs) = @_;

	@balancers = map { "lb$_" } 1 .. $balancers;
	@webs = map { "web$_" } 1 .. $webs;
	@Lab::size = ('--balancers', $balancers, '--backends', $webs + $spare);
	lab_up(@programs);
	on('client', 'ip', 'address', 'add', "203.0.113.$_/24", 'dev', 'eth0')
	    for 11 .. 19;
	change_all(sub { $#{$_[0]->{servers}{$_}} = $webs - 1
	    for qw(webs webs6) }) if $spare > 0;
}

# Change the configuration of these balancers, and have them use it.
sub change
{
	my ($hosts, $change) = @_;
	my $good = 1;

	for my $host (@$hosts) {
		configure($host, $change);
		reload($host) or $good = 0, diag("$host does not reload: " .
		    substr(vc5d_log($host), -1000));
	}
	return $good;
}

sub change_all
{
	return change(\@balancers, @_);
}

# Changes of the list of servers, to be given to change.
sub backend_add
{
	my $address = web_address($_[0]);

	return sub { push(@{$_[0]->{servers}{webs}}, $address) };
}

sub address_of
{
	my ($server) = @_;

	return (ref($server) ? $server->{address} : $server) =~ s/\*$//r;
}

sub backend_remove
{
	my $address = web_address($_[0]);

	return sub {
		@{$_[0]->{servers}{webs}} = grep { address_of($_) ne $address }
		    @{$_[0]->{servers}{webs}};
	};
}

sub backend_change
{
	my ($host, %keys) = @_;
	my $address = web_address($host);

	return sub {
		address_of($_) eq $address and
		    $_ = {address => $address, %keys}
		    for @{$_[0]->{servers}{webs}};
	};
}

sub backend_weight
{
	my ($host, $weight) = @_;

	return backend_change($host, weight => $weight);
}

sub backend_drain
{
	my ($host, $draining) = @_;

	return backend_change($host, draining =>
	    ($draining // 1) ? JSON::PP::true : JSON::PP::false);
}

# links up|down PORT...: of the switch.
sub links
{
	my ($state, @ports) = @_;

	on_ok('switch', 'ip', 'link', 'set', $_, $state) for @ports;
}

sub balancer_links
{
	my ($host, $state) = @_;

	links($state, map { "$host-$_" } qw(lan1 lan2 sync));
}

# End everything in it at once, and pull its cables.  If its cables go first,
# nobody hears that its sessions end.
sub balancer_kill
{
	my ($host, $silently) = @_;

	balancer_links($host, 'down') if $silently;
	my (undef, $pids) = run('ip', 'netns', 'pids', "$prefix-$host");
	kill('KILL', split(' ', $pids));
	balancer_links($host, 'down');
}

sub balancer_return
{
	my ($host) = @_;

	balancer_links($host, 'up');
	start("bgpd-$host", "vc5d-$host");
}

# The router sends to each of these.
sub announced_by
{
	my $wanted = join(' ', sort map { balancer_address($_) } @_);

	return join(' ', next_hops($vip)) eq $wanted;
}

# A crowd, once all of its long connections are there.  Options are those of
# t/net/crowd.
sub crowd_start
{
	my %options = (n => $size, i => 1000, @_);
	my $log = "$state/crowd.$$." . int(now() * 1000);

	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-client", "$build/t/net/crowd",
	    (map { ("-$_", $options{$_}) } sort keys %options),
	    (map { ('-a', "203.0.113.$_") } 10 .. 19), $vip, 80);
	my $crowd = {pid => $pid, log => $log, size => $options{n}};
	wait_for(sub { (crowd_status($crowd)->{opened} // -1) == $options{n} })
	    or die 'no crowd: ' . substr(slurp($log), -2000);
	crowd_settle($crowd);
	return $crowd;
}

# What it has said since, a hash for each line.
sub crowd_lines
{
	my ($crowd, $since) = @_;

	return grep { $_->{time} >= $since }
	    map { $json->decode($_) } slurp($crowd->{log}) =~ /^\{.*\}\n/mg;
}

sub crowd_events
{
	return grep { $_->{event} !~ /^(status|end)$/ } crowd_lines(@_);
}

# Its last status.
sub crowd_status
{
	my ($crowd) = @_;

	open(my $in, '<', $crowd->{log}) or return {};
	seek($in, -65536, 2);
	local $/;
	my ($status) = reverse(<$in> =~
	    /^(\{"event": "(?:status|end)".*\})\n/mg);
	return defined $status ? $json->decode($status) : {};
}

# Wait until every connection that is still there has been answered what it
# asked after now.
sub crowd_settle
{
	my ($crowd) = @_;
	my $now = now();

	return wait_for(sub {
		my $status = crowd_status($crowd);
		($status->{since} // 0) > $now &&
		    $status->{open} + $status->{failed}{all} ==
		    $status->{begun};
	});
}

# All that was broken, or went to another server.
sub crowd_failures
{
	return grep { $_->{event} !~ /^(stalled|resumed)$/ } crowd_events(@_);
}

# Long connections that were broken, or went to another server, though they
# were older than two seconds.
sub broken
{
	return grep { !$_->{brief} && $_->{age} > 2 } crowd_failures(@_);
}

# How a crowd has done since: in words.
sub figures
{
	my ($crowd, $since) = @_;
	my @states = grep { $_->{event} =~ /^(status|end)$/ }
	    crowd_lines($crowd, $since);
	my ($gap) = sort { $b <=> $a } 0, map { $_->{gap} } @states;
	my $brief = @states ? $states[-1]{brief_finished} -
	    $states[0]{brief_finished} : 0;

	return sprintf('%d of %d broken, longest wait %.1f s, ' .
	    '%d of some %d brief ones failed', scalar(broken($crowd, $since)),
	    $crowd->{size}, $gap, scalar(grep { $_->{brief} }
	    crowd_failures($crowd, $since)), $brief);
}

# A test: since then, no more than so many (none) were broken.
sub unharmed
{
	my ($test, $crowd, $since, $allowed) = @_;
	my $settled = crowd_settle($crowd);
	my @broken = broken($crowd, $since);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(defined $settled && @broken <= ($allowed // 0),
	    "$test: " . figures($crowd, $since)) || diag(explain(
	    defined $settled ? @broken[0 .. ($#broken < 4 ? $#broken : 4)] :
	    crowd_status($crowd)));
}

# End it, when all answers that are due have come: its last words.
sub crowd_stop
{
	my ($crowd) = @_;

	process_stop($crowd->{pid});
	return crowd_status($crowd);
}

# Servers drop what t/net/flood sends as soon as it arrives: how they would
# fare is another matter.
sub floods_end_at_servers
{
	my @all = glob("/run/netns/$prefix-web*");

	for my $host (map { /-(web\d+)$/ } @all) {
		on_ok($host, 'ip', 'route', 'add', 'blackhole', '10.0.0.0/8');
		on_ok($host, 'sysctl', '-q', '-w',
		    "net.ipv4.conf.$_.rp_filter=1") for qw(all eth0);
	}
}

# A flood of so many packets, to all balancers, as if by the router.
sub flood_start
{
	my ($kind, $packets) = @_;
	my $log = "$state/flood.$$." . int(now() * 1000);
	my @macs = map { scalar(on($_, 'ip', 'link', 'show', 'eth0')) =~
	    m{link/ether (\S+)} } @balancers;

	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-router", "$build/t/net/flood",
	    '-i', 'eth1', '-k', $kind, '-n', $packets, $vip, 80, @macs);
	return {pid => $pid, log => $log};
}

# How many packets it has sent when it is over.
sub flood_sent
{
	my ($flood) = @_;

	wait_for(sub { !process_running($flood->{pid}) });
	my @lines = map { $json->decode($_) }
	    slurp($flood->{log}) =~ /^\{.*\}\n/mg;
	return 0 unless @lines && $lines[-1]{event} eq 'end';
	$flood->{took} = $lines[-1]{time} - $lines[0]{time};
	return $lines[-1]{sent};
}

1;
