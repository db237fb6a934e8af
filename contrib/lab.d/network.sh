# SPDX-License-Identifier: ISC
# The lab's network: namespaces, links, addresses.
#
#	client 203.0.113.10 --- 203.0.113.1 router
#	                                    |
#	  lan1 198.51.100.0/25    .1 -------+------- .129   lan2 198.51.100.128/25
#	    lb1  .11 eth0                              lb1  .131 eth1
#	    lb2  .12 eth0                              lb2  .132 eth1
#	    web1 .21, web2 .22                         web3 .143
#
# In IPv6 the client's network is 2001:db8:0:113::/64, lan1 2001:db8:0:1::/64
# and lan2 2001:db8:0:2::/64, and hosts have the number of their IPv4 address.
#
# far1 and far2 are servers elsewhere, each in a network of its own behind the
# router, 198.18.1.0/30 and 198.18.2.0/30, 2001:db8:0:f1::/64 and :f2::/64,
# where the router is 1 and they are 2.  Number 10 of each is the end of
# tunnels.  It is routed to them and unknown to their kernels, which so keep
# their hands off what arrives: t/net/decap takes it from there.
#
# Both LANs are bridges in a namespace of their own, "switch".  The balancers
# have a third interface, mgmt, whose other end is in the namespace in which
# the lab was started: for a browser, and for nothing else.
# shellcheck shell=bash

hosts='client router switch lb1 lb2 web1 web2 web3 far1 far2'
balancers='lb1 lb2'
webs='web1 web2 web3'
vip_web=192.0.2.1
vip_dns=192.0.2.2
vip_web6=2001:db8:0:100::1
vip_dns6=2001:db8:0:100::2
vips="$vip_web $vip_dns $vip_web6 $vip_dns6"

declare -A lan_address=([lb1]=198.51.100.11 [lb2]=198.51.100.12
	[web1]=198.51.100.21 [web2]=198.51.100.22 [web3]=198.51.100.143)
declare -A lan_address6=([lb1]=2001:db8:0:1::11 [lb2]=2001:db8:0:1::12
	[web1]=2001:db8:0:1::21 [web2]=2001:db8:0:1::22
	[web3]=2001:db8:0:2::143)
declare -A router_id=([lb1]=198.51.100.11 [lb2]=198.51.100.12)

# Offloaded checksums are not there yet when a frame is handed to XDP, so
# whoever originates TCP or UDP computes them.
network_checksums_in_software()
{
	in_host "$1" ethtool -K "$2" tx off >/dev/null
}

# network_address HOST DEVICE ADDRESS/LENGTH...: of use at once, without the
# seconds of asking whether anyone else has it.
network_address()
{
	local host=$1 device=$2 address
	shift 2

	for address; do
		case $address in
		*:*) ip -n "$prefix-$host" address add "$address" \
			dev "$device" nodad ;;
		*) ip -n "$prefix-$host" address add "$address" \
			dev "$device" ;;
		esac
	done
}

# network_interface HOST DEVICE ADDRESS/LENGTH...
network_interface()
{
	local host=$1 device=$2

	network_address "$@"
	ip -n "$prefix-$host" link set "$device" up
	network_checksums_in_software "$host" "$device"
}

# network_plug HOST DEVICE LAN ADDRESS/LENGTH...
network_plug()
{
	local host=$1 device=$2 lan=$3 port=$1-$3
	shift 3

	ip link add "$device" netns "$prefix-$host" type veth \
	    peer name "$port" netns "$prefix-switch"
	ip -n "$prefix-switch" link set "$port" master "$lan" up
	network_interface "$host" "$device" "$@"
}

# network_gateway HOST IPV4 IPV6
network_gateway()
{
	ip -n "$prefix-$1" route add default via "$2"
	ip -n "$prefix-$1" -6 route add default via "$3"
}

# What XDP sends out of a veth interface reaches the other end only if that
# has a program too.  GRO, which makes it poll since Linux 5.13, is not enough:
# with XDP_TX nobody wakes it up (veth_xdp_flush of drivers/net/veth.c).
network_receives_from_xdp()
{
	in_host switch ip link set dev "$1" xdpdrv \
	    obj "$state/switch/xdp_pass.o" sec xdp
}

network_compile_xdp_pass()
{
	clang -target bpf -O2 -c "$src/contrib/lab.d/xdp_pass.bpf.c" \
	    -o "$state/switch/xdp_pass.o"
}

# network_sysctl HOST KEY=VALUE...
network_sysctl()
{
	local host=$1
	shift

	in_host "$host" sysctl -q -w "$@"
}

network_namespaces()
{
	local host lan

	for host in $hosts; do
		ip netns add "$prefix-$host"
		ip -n "$prefix-$host" link set lo up
		# Answers come from a VIP, to which the way may lead elsewhere.
		network_sysctl "$host" net.ipv4.conf.all.rp_filter=0 \
		    net.ipv4.conf.default.rp_filter=0 \
		    net.ipv6.conf.default.accept_dad=0 \
		    net.ipv6.conf.default.accept_ra=0
	done
	network_sysctl switch net.ipv6.conf.all.disable_ipv6=1 \
	    net.ipv6.conf.default.disable_ipv6=1
	for lan in lan1 lan2; do
		ip -n "$prefix-switch" link add "$lan" type bridge
		ip -n "$prefix-switch" link set "$lan" up
	done
}

network_client_and_router()
{
	ip link add eth0 netns "$prefix-client" type veth \
	    peer name eth0 netns "$prefix-router"
	network_interface client eth0 203.0.113.10/24 2001:db8:0:113::10/64
	network_interface router eth0 203.0.113.1/24 2001:db8:0:113::1/64
	network_gateway client 203.0.113.1 2001:db8:0:113::1
	network_plug router eth1 lan1 198.51.100.1/25 2001:db8:0:1::1/64
	network_plug router eth2 lan2 198.51.100.129/25 2001:db8:0:2::129/64
	# Equal-cost next hops are chosen by addresses and ports.
	network_sysctl router net.ipv4.ip_forward=1 \
	    net.ipv6.conf.all.forwarding=1 \
	    net.ipv4.fib_multipath_hash_policy=1 \
	    net.ipv6.fib_multipath_hash_policy=1
	# Many short connections of one client in a row are no abuse here.
	network_sysctl client net.ipv4.ip_local_port_range='10000 65000' \
	    net.ipv4.tcp_tw_reuse=1
}

# network_balancer HOST NUMBER-IN-LAN1 NUMBER-IN-LAN2
network_balancer()
{
	network_plug "$1" eth0 lan1 "198.51.100.$2/25" "2001:db8:0:1::$2/64"
	network_plug "$1" eth1 lan2 "198.51.100.$3/25" "2001:db8:0:2::$3/64"
	network_receives_from_xdp "$1-lan1"
	network_receives_from_xdp "$1-lan2"
	network_gateway "$1" 198.51.100.1 2001:db8:0:1::1
}

# network_serve HOST VIP...: the VIPs on loopback, answered to nobody who asks
# for their MAC address.  That needs asking for in IPv4, and is what IPv6 does.
network_serve()
{
	local host=$1 vip
	shift

	network_sysctl "$host" net.ipv4.conf.all.arp_ignore=1 \
	    net.ipv4.conf.all.arp_announce=2
	for vip; do
		network_address "$host" lo "$vip"
	done
}

# network_web HOST LAN NUMBER GATEWAYS-NUMBER
network_web()
{
	local host=$1 lan=$2 number=$3 gateway=$4 subnet6

	subnet6=2001:db8:0:${lan#lan}
	network_plug "$host" eth0 "$lan" "198.51.100.$number/25" \
	    "$subnet6::$number/64"
	network_gateway "$host" "198.51.100.$gateway" "$subnet6::$gateway"
}

# network_far NUMBER
network_far()
{
	local host=far$1 port=eth$(($1 + 2)) \
	    subnet=198.18.$1 subnet6=2001:db8:0:f$1:

	ip link add eth0 netns "$prefix-$host" type veth \
	    peer name "$port" netns "$prefix-router"
	network_interface "$host" eth0 "$subnet.2/30" "$subnet6:2/64"
	network_interface router "$port" "$subnet.1/30" "$subnet6:1/64"
	network_gateway "$host" "$subnet.1" "$subnet6:1"
	ip -n "$prefix-router" route add "$subnet.10" via "$subnet.2"
	ip -n "$prefix-router" route add "$subnet6:10" via "$subnet6:2"
}

# A /29 that this machine has no route to, but for a default one: 10.255.N.0.
network_management_subnet()
{
	local n

	for ((n = 53; n < 250; n++)); do
		[ -z "$(ip -4 route show root 10.255.$n.0/24)" ] ||
		    continue
		ip -4 route show match 10.255.$n.1 | grep -qv '^default' &&
		    continue
		echo "$n"
		return
	done
	die 'no free subnet for the status pages in 10.255.53.0 to' \
	    '10.255.249.255'
}

# A device to each balancer for whoever sits at this machine.
network_management()
{
	local n host device i=0

	# Not two labs at a time, or they take the same one.
	exec 8</run/netns
	flock 8
	n=$(network_management_subnet)
	for host in $balancers; do
		device=vc5m$n-$host
		echo "$device" >>"$state/management-devices"
		ip link add "$device" type veth \
		    peer name mgmt netns "$prefix-$host"
		ip address add "10.255.$n.$((i + 1))/30" dev "$device"
		ip link set "$device" up
		ip -n "$prefix-$host" address add "10.255.$n.$((i + 2))/30" \
		    dev mgmt
		ip -n "$prefix-$host" link set mgmt up
		echo "10.255.$n.$((i + 2))" >"$state/$host/management-address"
		network_checksums_in_software "$host" mgmt
		ethtool -K "$device" tx off >/dev/null
		i=$((i + 4))
	done
	exec 8<&-
}

# shellcheck disable=SC2086 # words
network_up()
{
	[ -e /proc/net/if_inet6 ] || die 'this machine has no IPv6'
	network_compile_xdp_pass
	network_namespaces
	network_client_and_router
	network_balancer lb1 11 131
	network_balancer lb2 12 132
	network_web web1 lan1 21 1
	network_web web2 lan1 22 1
	network_web web3 lan2 143 129
	network_serve web1 $vips
	network_serve web2 $vips
	network_serve web3 $vip_web $vip_web6
	network_far 1
	network_far 2
	network_serve far1 $vips
	network_serve far2 $vips
	network_management
}

# How many of the namespaces there are.
network_present()
{
	local host count=0

	for host in $hosts; do
		[ ! -e "$(netns_path "$host")" ] || count=$((count + 1))
	done
	echo $count
}

network_down()
{
	local host device pids

	if [ -e "$state/management-devices" ]; then
		while read -r device; do
			ip link delete "$device" 2>/dev/null
		done <"$state/management-devices"
	fi
	for host in $hosts; do
		[ -e "$(netns_path "$host")" ] || continue
		pids=$(ip netns pids "$prefix-$host")
		[ -z "$pids" ] || warn "processes that the lab did not start" \
		    "are left alone in what was $prefix-$host: ${pids//$'\n'/ }"
		ip netns delete "$prefix-$host"
	done
	return 0
}
