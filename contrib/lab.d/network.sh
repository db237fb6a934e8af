# SPDX-License-Identifier: ISC
# The lab's network: namespaces, links, addresses.
#
#	client 203.0.113.10 --- 203.0.113.1 router
#	                                    |
#	  lan1 198.51.100.0/25    .1 -------+------- .129   lan2 198.51.100.128/25
#	    lb1  .11 eth0                              lb1  .131 eth1
#	    lb2  .12 eth0                              lb2  .132 eth1
#	    web1 .21, web2 .22                         web3 .143
#	    web4 .24, web5 .25                         web6 .146
#
# and so on, as many as there are: see size.sh.  The balancers have a network
# for themselves, "sync", 198.18.86.0/24 and 2001:db8:0:86::/64, eth2.
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
# The networks of several hosts are bridges in a namespace of their own,
# "switch".  The balancers have one more interface, mgmt, whose other end is in
# the namespace in which the lab was started: for a browser, and for nothing
# else.
# shellcheck shell=bash

vip_web=192.0.2.1
vip_dns=192.0.2.2
vip_web6=2001:db8:0:100::1
vip_dns6=2001:db8:0:100::2
vips="$vip_web $vip_dns $vip_web6 $vip_dns6"

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

# XDP sees what a network card would leave out: frames for others, with which
# a bridge floods all ports while it does not know where those are.
network_filter()
{
	ip -n "$prefix-switch" link set dev "$1" type bridge_slave flood off
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

# network_namespace HOST
network_namespace()
{
	ip netns add "$prefix-$1"
	ip -n "$prefix-$1" link set lo up
	# Answers come from a VIP, to which the way may lead elsewhere.
	network_sysctl "$1" net.ipv4.conf.all.rp_filter=0 \
	    net.ipv4.conf.default.rp_filter=0 \
	    net.ipv6.conf.default.accept_dad=0 \
	    net.ipv6.conf.default.accept_ra=0
}

network_switch()
{
	local lan

	network_namespace switch
	network_sysctl switch net.ipv6.conf.all.disable_ipv6=1 \
	    net.ipv6.conf.default.disable_ipv6=1
	# Where the machine has a packet filter for bridges.
	network_sysctl switch -e net.bridge.bridge-nf-call-iptables=0 \
	    net.bridge.bridge-nf-call-ip6tables=0 \
	    net.bridge.bridge-nf-call-arptables=0
	for lan in lan1 lan2 sync; do
		ip -n "$prefix-switch" link add "$lan" type bridge
		ip -n "$prefix-switch" link set "$lan" up
	done
}

network_client_and_router()
{
	network_namespace client
	network_namespace router
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

# network_balancer NUMBER
network_balancer()
{
	local host=lb$1 one=$((10 + $1)) two=$((130 + $1)) lan

	network_namespace "$host"
	network_plug "$host" eth0 lan1 "198.51.100.$one/25" \
	    "2001:db8:0:1::$one/64"
	network_plug "$host" eth1 lan2 "198.51.100.$two/25" \
	    "2001:db8:0:2::$two/64"
	network_plug "$host" eth2 sync "198.18.86.$one/24" \
	    "2001:db8:0:86::$one/64"
	for lan in lan1 lan2; do
		network_receives_from_xdp "$host-$lan"
		network_filter "$host-$lan"
	done
	network_gateway "$host" 198.51.100.1 2001:db8:0:1::1
	network_management "$1"
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

# network_web NUMBER
network_web()
{
	local host=web$1 lan number gateway=1 subnet6

	lan=$(size_web_lan "$1")
	number=$(size_web_number "$1")
	[ "$lan" = lan1 ] || gateway=129
	subnet6=2001:db8:0:${lan#lan}
	network_namespace "$host"
	network_plug "$host" eth0 "$lan" "198.51.100.$number/25" \
	    "$subnet6::$number/64"
	network_gateway "$host" "198.51.100.$gateway" "$subnet6::$gateway"
	if [[ " $resolvers " == *" $host "* ]]; then
		# shellcheck disable=SC2086 # words
		network_serve "$host" $vips
	else
		network_serve "$host" $vip_web $vip_web6
	fi
}

# network_far NUMBER
network_far()
{
	local host=far$1 port=eth$(($1 + 2)) \
	    subnet=198.18.$1 subnet6=2001:db8:0:f$1:

	network_namespace "$host"
	ip link add eth0 netns "$prefix-$host" type veth \
	    peer name "$port" netns "$prefix-router"
	network_interface "$host" eth0 "$subnet.2/30" "$subnet6:2/64"
	network_interface router "$port" "$subnet.1/30" "$subnet6:1/64"
	network_gateway "$host" "$subnet.1" "$subnet6:1"
	ip -n "$prefix-router" route add "$subnet.10" via "$subnet.2"
	ip -n "$prefix-router" route add "$subnet6:10" via "$subnet6:2"
	# shellcheck disable=SC2086 # words
	network_serve "$host" $vips
}

# A subnet that this machine has no route to, but for a default one:
# 10.255.N.0.
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

# network_management NUMBER: a device to the balancer for whoever sits at this
# machine.
network_management()
{
	local n device host=lb$1 i=$((($1 - 1) * 4))

	# Not two labs at a time, or they take the same one.
	exec 8</run/netns
	flock 8
	[ -e "$state/management-subnet" ] ||
	    network_management_subnet >"$state/management-subnet"
	n=$(cat "$state/management-subnet")
	device=vc5m$n-$host
	echo "$device" >>"$state/management-devices"
	ip link add "$device" type veth \
	    peer name mgmt netns "$prefix-$host"
	ip address add "10.255.$n.$((i + 1))/30" dev "$device"
	ip link set "$device" up
	exec 8<&-
	ip -n "$prefix-$host" address add "10.255.$n.$((i + 2))/30" dev mgmt
	ip -n "$prefix-$host" link set mgmt up
	echo "10.255.$n.$((i + 2))" >"$state/$host/management-address"
	network_checksums_in_software "$host" mgmt
	ethtool -K "$device" tx off >/dev/null
}

# network_host HOST: one of those that there may be any number of.
network_host()
{
	case $1 in
	lb*)	network_balancer "${1#lb}" ;;
	web*)	network_web "${1#web}" ;;
	esac
}

network_up()
{
	local host

	[ -e /proc/net/if_inet6 ] || die 'this machine has no IPv6'
	network_compile_xdp_pass
	network_switch
	network_client_and_router
	for host in $balancers $webs; do
		network_host "$host"
	done
	network_far 1
	network_far 2
}

# network_add HOST...: in place of what an unfinished attempt left of them.
network_add()
{
	local host

	for host; do
		[ ! -e "$(netns_path "$host")" ] ||
		    ip netns delete "$prefix-$host"
		mkdir -p "$state/$host"
		network_host "$host"
	done
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

# All of the lab's, even if nothing says any more how many there were.
network_down()
{
	local host device pids

	if [ -e "$state/management-devices" ]; then
		while read -r device; do
			ip link delete "$device" 2>/dev/null
		done <"$state/management-devices"
	fi
	size_set "$balancers_most" "$webs_most"
	for host in $hosts; do
		[ -e "$(netns_path "$host")" ] || continue
		pids=$(ip netns pids "$prefix-$host")
		[ -z "$pids" ] || warn "processes that the lab did not start" \
		    "are left alone in what was $prefix-$host: ${pids//$'\n'/ }"
		ip netns delete "$prefix-$host"
	done
	return 0
}
