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
    $vip $rounds $spare @balancers web_address balancer_address
    instances_up change_all change
    backend_add backend_remove backend_weight backend_drain
    balancer_kill balancer_return links announced_by wait_announced wait_up
    status sync_of peers_up unknown wait_known
    crowd_start crowd_status crowd_settle crowd_stop crowd_events
    now broken unharmed figures crowd_open flows
    crowd_failures flood_start flood_sent floods_end_at_servers);

our $vip = '192.0.2.1';
our $size = $ENV{VC5_CROWD} // 2000; # long connections
our $rounds = $ENV{VC5_ROUNDS} // 1; # of what can be done time and again
our $servers = $ENV{VC5_BACKENDS} // 6;
our $spare = 'web' . ($servers + 1); # there, but not configured at first
our @balancers;

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

# A lab of so many balancers, and a client of many addresses.
sub instances_up
{
	my ($balancers, @programs) = @_;

	@balancers = map { "lb$_" } 1 .. $balancers;
	@Lab::size = ('--balancers', $balancers, '--backends', $servers + 1);
	lab_up(@programs);
	on_ok('client', 'ip', 'address', 'add', "203.0.113.$_/24",
	    'dev', 'eth0') for 11 .. 19;
	change_all(sub { pop(@{$_[0]->{servers}{$_}}) for qw(webs webs6) });
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
	kill_processes(split(' ', $pids));
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

# Wait until all balancers, but for these, are the router's next hops.
sub wait_announced
{
	my %without = map { $_ => 1 } @_;
	my @wanted = grep { !$without{$_} } @balancers;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return eventually(scalar(@wanted) . ' balancers are used',
	    sub { announced_by(@wanted) },
	    sub { join(' ', next_hops($vip)) });
}

# Wait until all balancers use all of their servers, or let them drain.
sub wait_up
{
	my $up = wait_for(sub {
		!grep {
			my $all = service($_, 'web')->{destinations} // [];
			!@$all || grep { $_->{state} !~ /^(up|draining)$/ } @$all
		} @balancers;
	});

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return ok(defined $up, 'all servers are of use to all balancers');
}

# The status document of a balancer.
sub status
{
	my ($host) = @_;
	my $address = slurp("$state/$host/management-address");

	chomp($address);
	my ($status, $text) = run('curl', '-sS', '-m', 20,
	    "http://$address:8080/status.json");
	return eval { $json->decode($text) } // {};
}

sub sync_of
{
	return status($_[0])->{sync} // {};
}

# Those that a balancer hears and believes, in order.
sub peers_up
{
	return join(' ', sort map { $_->{name} }
	    grep { $_->{state} eq 'up' } @{sync_of($_[0])->{peers} // []});
}

# What a balancer knows of flows from a client, or of all:
# ("ADDRESS:PORT" => address of the server).
sub flows
{
	my ($host, $client) = @_;
	my (undef, $text) = run("$build/vc5ctl", '-s', "$state/$host/vc5d.sock",
	    '-j', 'show', 'flows', 'service', $vip, 'state', 'confirmed',
	    $client ? ('client', $client) : ());
	my %flows;

	# JSON::PP would take its time.
	$flows{"$1:$2"} = $3 while $text =~
	    /"client":"(.*?)","port":(\d+),"server":"(.*?)"/g;
	return %flows;
}

# Connections of a crowd whose server one of these balancers does not know: as
# text.  Of large ones a sample is taken.
sub unknown
{
	my ($crowd, @hosts) = @_;
	my %open = crowd_open($crowd);
	return 'nobody is connected' if !%open;
	my $client = keys %open > 5000 ? '203.0.113.15' : undef;
	my @unknown;

	for my $host (@hosts) {
		my %flows = flows($host, $client);
		push(@unknown, map { "$host: $_ to $open{$_}, not " .
		    ($flows{$_} // 'known') }
		    grep { ($flows{$_} // '') ne web_address($open{$_}) }
		    grep { !defined $client || /^\Q$client\E:/ } keys %open);
	}
	return @unknown;
}

# Wait until all balancers, or these, know all of the crowd's connections.
sub wait_known
{
	my ($crowd, @hosts) = @_;
	my @unknown;

	@hosts = @balancers if !@hosts;
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	return eventually(scalar(@hosts) . ' balancers know all flows',
	    sub { !(@unknown = unknown($crowd, @hosts)) },
	    sub { join("\n", @unknown[0 .. ($#unknown < 9 ? $#unknown : 9)],
	    scalar(@unknown)) });
}

# A crowd, once all of its long connections are there.  Options are those of
# t/net/crowd.  A process can't have more than so many connections.
sub crowd_start
{
	my %options = (n => $size, i => 1000, r => 500, @_);
	my $crowd = {size => $options{n}};

	# No more than the machine can bear: requests and new ones a second.
	$options{i} = int($options{n} * 2 / 5) if $options{n} > 2500;
	@options{qw(i r)} = ($options{n}, int($options{n} / 100))
	    if $options{n} > 50000;
	my $parts = int(($options{n} + 9999) / 10000);
	$options{r} = int($options{r} / $parts);
	for my $part (1 .. $parts) {
		push(@{$crowd->{parts}}, crowd_part(%options,
		    n => int($options{n} * $part / $parts) -
			int($options{n} * ($part - 1) / $parts)));
		$options{s} = 0;
	}
	wait_for(sub {
		grep({ !process_running($_->{pid}) } @{$crowd->{parts}}) ||
		    (crowd_status($crowd)->{opened} // -1) == $options{n};
	});
	(crowd_status($crowd)->{opened} // -1) == $options{n} or
	    die 'no crowd: ' . substr(slurp($crowd->{parts}[0]{log}), -2000);
	crowd_settle($crowd);
	return $crowd;
}

my $part_number = 0;

sub crowd_part
{
	my (%options) = @_;
	my $log = "$state/crowd." . $part_number++;
	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-client", "$build/t/net/crowd",
	    (map { ("-$_", $options{$_}) } sort keys %options),
	    (map { ('-a', "203.0.113.$_") } 10 .. 19), $vip, 80);

	return {pid => $pid, log => $log};
}

# What it has said since, a hash for each line.
sub crowd_lines
{
	my ($crowd, $since) = @_;

	return grep { $_->{time} >= $since } map { $json->decode($_) }
	    grep { !/"event": "open"/ }
	    map { slurp($_->{log}) =~ /^\{.*\}\n/mg } @{$crowd->{parts}};
}

# Its long connections: ("ADDRESS:PORT" => SERVER).
sub crowd_open
{
	my ($crowd) = @_;
	my %open;

	for my $part (@{$crowd->{parts}}) {
		my $before = -s $part->{log};
		my $said;
		kill('USR1', $part->{pid});
		wait_for(sub {
			$said = substr(slurp($part->{log}), $before);
			$said =~ /^\{"event": "listed".*\n/m;
		});
		$open{"$1:$2"} = $3 while $said =~ /"open",\ "address":\ "(\S+)",
		    \ "port":\ (\d+),\ "backend":\ "(\S+)"/xg;
	}
	return %open;
}

sub crowd_events
{
	return grep { $_->{event} !~ /^(status|listed|end)$/ } crowd_lines(@_);
}

# The last status of one of its processes.
sub crowd_part_status
{
	my ($part) = @_;

	open(my $in, '<', $part->{log}) or return {};
	seek($in, -65536, 2);
	local $/;
	my ($status) = reverse(<$in> =~
	    /^(\{"event": "(?:status|listed|end)".*\})\n/mg);
	return defined $status ? $json->decode($status) : {};
}

# The last status of all of it.
sub crowd_status
{
	my ($crowd) = @_;
	my %all;

	for my $status (map { crowd_part_status($_) } @{$crowd->{parts}}) {
		return {} if !%$status;
		for my $key (keys %$status) {
			my $value = $status->{$key};
			my $sum = $all{$key};
			$all{$key} = !defined $sum ? $value :
			    ref($value) ? {map { $_ => $sum->{$_} +
			    $value->{$_} } keys %$value} :
			    $key eq 'event' ? $value :
			    $key eq 'since' || $key eq 'time' ?
			    ($value < $sum ? $value : $sum) :
			    $key =~ /gap$/ ? ($value > $sum ? $value : $sum) :
			    $value + $sum;
		}
	}
	return \%all;
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
	my @states = grep { $_->{event} =~ /^(status|listed|end)$/ }
	    crowd_lines($crowd, $since);
	my ($gap) = sort { $b <=> $a } 0, map { $_->{gap} } @states;
	my @served = sort { $a <=> $b } map { $_->{brief_finished} || () }
	    @states;
	my $brief = @served ? $served[-1] - $served[0] : 0;

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
	return 1 if ok(defined $settled && @broken <= ($allowed // 0),
	    "$test: " . figures($crowd, $since));
	diag(explain(crowd_status($crowd))) if !defined $settled;
	explain_broken($_) for @broken[0 .. ($#broken < 4 ? $#broken : 4)];
	return 0;
}

# What became of it, and what the balancers think of it now.
sub explain_broken
{
	my ($broken) = @_;

	diag(explain($broken));
	for my $host (@balancers) {
		my (undef, $text) = run("$build/vc5ctl", '-s',
		    "$state/$host/vc5d.sock", 'explain',
		    "$broken->{address}:$broken->{port}", "$vip:80");
		diag("$host:\n$text");
	}
}

# End it, when all answers that are due have come: its last words.
sub crowd_stop
{
	my ($crowd) = @_;

	process_stop($_->{pid}) for @{$crowd->{parts}};
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
