#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Clients' traffic through a balancer with a VLAN trunk over an 802.3ad bond:
# by layer 2 to servers in another VLAN, and through every kind of tunnel, over
# IPv4 and IPv6, to devices of the kernel that take it off again.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Guest;
use JSON::PP;
use Network;
use Test::More;

# A port for each kind of delivery: by layer 2 and, from 8010 on, to servers
# with an IPv4 address or, from 8020 on, an IPv6 address.
my %kinds = (8000 => 'layer2');
my %deliveries = (8000 => 'layer2');
my @tunnels = (['ipip', 'ipip'], ['gre', 'gre'], ['fou', 'fou'],
    ['gue', {type => 'gue', checksum => JSON::PP::false}],
    ['gue with checksum', {type => 'gue', port => 6081,
	checksum => JSON::PP::true}]);
for my $i (0 .. $#tunnels) {
	for ([8010 + $i, 'IPv4'], [8020 + $i, 'IPv6']) {
		my ($port, $family) = @$_;
		$kinds{$port} = "$tunnels[$i][0] over $family";
		$deliveries{$port} = $tunnels[$i][1];
	}
}
my @ports = sort keys %kinds;
my @where = map { my $vip = $_; map { "$vip $_" } @ports } @vips;

# One service a VIP, and a policy a port.
sub configuration
{
	my %policy = map { ($_ => {
	    servers => $_ < 8010 ? 'near' : $_ < 8020 ? 'far4' : 'far6',
	    delivery => $deliveries{$_}}) } @ports;

	return {
	    interfaces => ['bond0'],
	    vlans => {10 => ['10.1.10.0/24', 'fd00:10::/64'],
		20 => ['10.1.20.0/24', 'fd00:20::/64']},
	    interval => 4, timeout => 3, rise => 1, fall => 5,
	    servers => {near => [map { "10.1.20.$_" } @near],
		far4 => [map { "10.2.0.$_" } @far],
		far6 => [map { "fd00:2::$_" } @far]},
	    services => [map { {name => /:/ ? 'six' : 'four',
		virtual => $_, servers => 'near', policy => \%policy} } @vips],
	};
}

# How far it has come, after how many seconds since the start of the machine.
sub stage
{
	my ($name) = @_;

	note((split(' ', slurp('/proc/uptime')))[0], " seconds: $name");
}

sub service_name
{
	my ($where) = @_;
	my ($vip, $port) = split(' ', $where);

	return ($vip =~ /:/ ? 'IPv6' : 'IPv4') . " by $kinds{$port}";
}

# t/vm/guest/client: its results by where they are of.
sub client
{
	my ($where, @arguments) = @_;

	spew('/tmp/where', join("\n", @$where) . "\n");
	my @lines = `nsenter --net=/run/netns/client \\
	    $FindBin::Bin/client @arguments </tmp/where 2>/tmp/client.log`;
	return map { /^(\S+ \S+) (.*)/ ? ($1 => $2) : () } @lines;
}

# Destinations that are not up, by service.
sub not_up
{
	my $services = eval { decode_json(vc5ctl('-j', 'show', 'services')) }
	    // return 'no answer of vc5ctl';

	return join(', ', map { my $service = $_;
	    map { "$service->{vip} $service->{port} $_->{address} " .
		"$_->{state}" } grep { $_->{state} ne 'up' }
		@{$service->{destinations}} } @$services);
}

# What to look at after a failure.
sub show_state
{
	diag(not_up());
	diag(vc5ctl('show', $_) // '') for qw(summary interfaces drops);
	diag(`nsenter --net=/run/netns/lb cat /proc/net/bonding/bond0`);
	diag(`ip -n $_ -s link`) for qw(lb switch);
	diag(`top -b -n 1 | head -n 15`);
	diag(slurp('/tmp/vc5d.log'), slurp('/tmp/client.log'));
}

# all_are EXPECTED, RESULTS, WHAT: a test for each service.
sub all_are
{
	my ($expected, $results, $what) = @_;
	my $good = 1;

	$good &= is($results->{$_}, $expected->($_),
	    service_name($_) . ": $what") for @where;
	show_state() if !$good;
}

stage('begin');
network_up();
stage('the network is there');
ok(wait_for(60, \&bond_whole), 'the bond has both members');
start("far$_", "far$_", "$FindBin::Bin/server", "far$_", @ports) for @far;
start("near$_", "near$_", "$FindBin::Bin/server", "near$_", @ports)
    for @near;
ok(vc5d_start('lb', configuration()), 'vc5d runs');
like(`ip -n lb link show bond0`, qr/ mtu \d+ xdp /,
    'attached to the bond, natively');
my $up = wait_for(90, sub { not_up() eq '' });
ok($up, 'checks reach all servers in all ways') or show_state();

stage('all is up');
my %names = client(\@where, 'names', 40);
all_are(sub { $_[0] =~ / 8000$/ ? 'near21 near22' : 'far11 far12' }, \%names,
    'both servers answer');
stage('connections were made');

# Full-sized segments don't fit in tunnels: ICMP has to tell the client.
my $size = 100_000;
my %put = client(\@where, 'put', $size);
all_are(sub { $size }, \%put, 'an upload');
my %get = client(\@where, 'get', $size);
all_are(sub { $size }, \%get, 'a download');

like(vc5ctl('show', 'drops'), qr/^too_big +[1-9]/m,
    'packets were too big, and clients were told');

for my $vip (@vips) {
	ok(eval { quietly('client', qw(ping -c 1 -W 5), $vip); 1 },
	    "$vip answers to pings");
}

stage('loads were sent');

# A lossy link of the client's.
for my $host ('client', 'router') {
	on($host, qw(tc qdisc add dev eth0 root netem loss 3%));
}
%put = client(\@where, 'put', $size);
all_are(sub { $size }, \%put, 'an upload with loss');
on($_, qw(tc qdisc delete dev eth0 root)) for 'client', 'router';

stage('loads were sent with loss');

# A link of the bond goes down while all flows talk, and then the other.
sub rounds
{
	return slurp('/tmp/talk.log') =~ /.*round (\d+)/s ? $1 : 0;
}

sub rounds_more
{
	my ($more) = @_;
	my $before = rounds();

	return wait_for(60, sub { rounds() >= $before + $more });
}

spew('/tmp/where', join("\n", @where) . "\n");
start('talk', 'client', 'bash', '-c', "exec $FindBin::Bin/client echo " .
    '/tmp/enough </tmp/where 2>&1');
ok(rounds_more(3), 'a flow of each kind talks');
ip(qw(-n switch link set p0 down));
ok(wait_for(30, sub { !bond_whole() }), 'a link of the bond goes down');
ok(rounds_more(5), 'flows talk on');
ip(qw(-n switch link set p0 up));
ok(wait_for(30, \&bond_whole), 'it comes back');
ip(qw(-n lb link set m1 down));
ok(wait_for(30, sub { !bond_whole() }), 'the other one goes down');
ok(rounds_more(5), 'flows talk on');
spew('/tmp/enough', '');
wait_for(60, sub { slurp('/tmp/talk.log') =~ /^\Q$where[-1]\E/m });
my %talk = slurp('/tmp/talk.log') =~ /^(\S+ 8\d+) (\S+)$/mg;
my ($lines) = sort { $b <=> $a } grep { /^\d+$/ } values %talk;
all_are(sub { $lines }, \%talk, 'the flow was not lost');
stage('links went down and up');
is(not_up(), '', 'all servers are still up');
is(stop('vc5d'), 0, 'vc5d ends');
done_testing();
