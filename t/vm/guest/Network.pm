# SPDX-License-Identifier: ISC
# A network in which the balancer has a trunk over a bond:
#
#	client 203.0.113.10 --- .1 router ---- 10.2.0.0/24, fd00:2::/64
#	       2001:db8:c::10     |    |         far1 .11, far2 .12
#	                 VLAN 10  |    |  VLAN 20
#	                    10.1.10.1  10.1.20.1      ... and fd00:10::1 etc.
#	                          |    |
#	                          switch ---- VLAN 20: near1 .21, near2 .22
#	                           ||
#	                           || 802.3ad, both VLANs tagged
#	                           lb 10.1.10.9, 10.1.20.9
#
# The near servers are reached by layer 2, the far ones through tunnels, which
# devices of the kernel take off.
package Network;

use strict;
use warnings;
use Exporter 'import';
use Guest;

our @EXPORT = qw(network_up bond_whole @vips @near @far);

our @vips = ('192.0.2.1', '2001:db8::1');
our @near = (21, 22);
our @far = (11, 12);

# A cable from a host to a port of the switch.
sub plug
{
	my ($host, $device, $port) = @_;

	ip(qw(link add), $device, 'netns', $host, qw(type veth peer name),
	    $port, 'netns', 'switch');
	# XDP sees no checksums that are still to be computed.
	quietly($host, 'ethtool', '-K', $device, 'tx', 'off');
	ip('-n', 'switch', 'link', 'set', $port, 'up');
}

# The addresses N of a network, on an interface that is up then.
sub address
{
	my ($host, $device, $network4, $network6, $n) = @_;

	batch($host, <<"EOT");
address add $network4.$n/24 dev $device
address add $network6\::$n/64 dev $device
link set $device up
EOT
}

sub default_route
{
	my ($host, $network4, $network6) = @_;

	batch($host, <<"EOT");
route add default via $network4.1
route add default via $network6\::1
EOT
}

# A bond of two ports that exist.
sub bond
{
	my ($host, @members) = @_;

	my $lines = 'link add bond0 type bond mode 802.3ad miimon 50 ' .
	    "lacp_rate fast xmit_hash_policy layer3+4\n";
	$lines .= "link set $_ down\nlink set $_ master bond0\n" .
	    "link set $_ up\n" for @members;
	batch($host, "${lines}link set bond0 up\n");
}

# The balancer, with an interface in each VLAN, and the switch's side of it.
sub trunk
{
	plug('lb', "m$_", "p$_") for 0, 1;
	bond('lb', 'm0', 'm1');
	bond('switch', 'p0', 'p1');
	for my $port ('p0', 'p1') {
		# A tag is part of the frame, as it is on a cable
		quietly('switch', 'ethtool', '-K', $port, 'txvlan', 'off');
		# What XDP sends is received only where there is XDP as well
		ip(qw(-n switch link set), $port,
		    qw(xdpdrv obj /build/xdp_pass.o sec xdp));
	}
	batch('lb', "link add bond0.$_ link bond0 type vlan id $_\n")
	    for 10, 20;
	address('lb', "bond0.$_", "10.1.$_", "fd00:$_", 9) for 10, 20;
	default_route('lb', '10.1.10', 'fd00:10');
}

# The switch: VLANs by port, and another bridge for the far network.
sub switch
{
	my %access = ('router-10' => 10, 'router-20' => 20,
	    map { ("near-$_" => 20) } @near);

	batch('switch', <<'EOT');
link add lan type bridge vlan_filtering 1 vlan_default_pvid 0
link set lan up
link add far type bridge
link set far up
EOT
	batch('switch', "link set $_ master far\n")
	    for 'router-far', map { "far-$_" } @far;
	batch('switch', "link set $_ master lan\n")
	    for 'bond0', sort keys %access;
	on('switch', qw(bridge vlan add dev bond0 vid), $_) for 10, 20;
	on('switch', qw(bridge vlan add dev), $_, 'vid', $access{$_},
	    qw(pvid untagged)) for sort keys %access;
}

sub router
{
	ip(qw(link add eth0 netns client type veth peer name eth0
	    netns router));
	quietly('client', qw(ethtool -K eth0 tx off));
	address('client', 'eth0', '203.0.113', '2001:db8:c', 10);
	address('router', 'eth0', '203.0.113', '2001:db8:c', 1);
	default_route('client', '203.0.113', '2001:db8:c');
	for ([10, '10.1.10', 'fd00:10'], [20, '10.1.20', 'fd00:20'],
	    ['far', '10.2.0', 'fd00:2']) {
		my ($name, @networks) = @$_;
		plug('router', "eth$name", "router-$name");
		address('router', "eth$name", @networks, 1);
	}
	batch('router', <<"EOT");
route add $vips[0] via 10.1.10.9
route add $vips[1] via fd00:10::9
EOT
}

# A server: the VIPs on the loopback interface, to be asked for by nobody.
sub server
{
	my ($name, $port, $network4, $network6, $n) = @_;

	host($name, 'ipv4.conf.all.arp_ignore' => 1,
	    'ipv4.conf.all.arp_announce' => 2);
	plug($name, 'eth0', $port);
	address($name, 'eth0', $network4, $network6, $n);
	default_route($name, $network4, $network6);
	batch($name, "address add $_ dev lo\n") for @vips;
}

# What takes off every kind of tunnel, as vc5d.conf(5) says.
sub tunnels
{
	my ($host, $n) = @_;

	batch($host, <<"EOT");
link add vc5-sit type sit mode any local 10.2.0.$n
link add vc5-ip6tnl type ip6tnl mode any local fd00:2::$n
link add vc5-gre type gre local 10.2.0.$n
link add vc5-ip6gre type ip6gre local fd00:2::$n
link set vc5-sit up
link set vc5-ip6tnl up
link set vc5-gre up
link set vc5-ip6gre up
EOT
	for my $port (5555, 6080, 6081) {
		ip('-n', $host, 'fou', 'add', 'port', $port, 'gue');
		ip('-n', $host, '-6', 'fou', 'add', 'port', $port, 'gue');
	}
}

sub network_up
{
	host('client');
	host('router', 'ipv4.ip_forward' => 1, 'ipv6.conf.all.forwarding' => 1);
	host('switch');
	host('lb');
	trunk();
	router();
	server("near$_", "near-$_", '10.1.20', 'fd00:20', $_) for @near;
	server("far$_", "far-$_", '10.2.0', 'fd00:2', $_) for @far;
	tunnels("far$_", $_) for @far;
	switch();
}

# Both members of the balancer's bond carry packets, and the switch agrees.
sub bond_whole
{
	my $bonding = `nsenter --net=/run/netns/lb cat \\
	    /proc/net/bonding/bond0`;

	return 2 == (() = $bonding =~ /port state: 63$/mg) / 2;
}

1;
