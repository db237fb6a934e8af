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
# Both LANs are bridges in a namespace of their own, "switch".  The balancers
# have a third interface, mgmt, whose other end is in the namespace in which
# the lab was started: for a browser, and for nothing else.
# shellcheck shell=bash

hosts='client router switch lb1 lb2 web1 web2 web3'
balancers='lb1 lb2'
webs='web1 web2 web3'
vip_web=192.0.2.1
vip_dns=192.0.2.2

declare -A lan_address=([lb1]=198.51.100.11 [lb2]=198.51.100.12
	[web1]=198.51.100.21 [web2]=198.51.100.22 [web3]=198.51.100.143)
declare -A router_id=([lb1]=198.51.100.11 [lb2]=198.51.100.12)

# Offloaded checksums are not there yet when a frame is handed to XDP, so
# whoever originates TCP or UDP computes them.
network_checksums_in_software()
{
	in_host "$1" ethtool -K "$2" tx off >/dev/null
}

# network_plug HOST DEVICE LAN ADDRESS/LENGTH
network_plug()
{
	local host=$1 device=$2 lan=$3 address=$4 port=$1-$3

	ip link add "$device" netns "$prefix-$host" type veth \
	    peer name "$port" netns "$prefix-switch"
	ip -n "$prefix-switch" link set "$port" master "$lan" up
	ip -n "$prefix-$host" address add "$address" dev "$device"
	ip -n "$prefix-$host" link set "$device" up
	network_checksums_in_software "$host" "$device"
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
		    net.ipv4.conf.default.rp_filter=0
	done
	for lan in lan1 lan2; do
		ip -n "$prefix-switch" link add "$lan" type bridge
		ip -n "$prefix-switch" link set "$lan" up
	done
}

network_client_and_router()
{
	ip link add eth0 netns "$prefix-client" type veth \
	    peer name eth0 netns "$prefix-router"
	ip -n "$prefix-client" address add 203.0.113.10/24 dev eth0
	ip -n "$prefix-client" link set eth0 up
	ip -n "$prefix-router" address add 203.0.113.1/24 dev eth0
	ip -n "$prefix-router" link set eth0 up
	network_checksums_in_software client eth0
	network_checksums_in_software router eth0
	ip -n "$prefix-client" route add default via 203.0.113.1

	network_plug router eth1 lan1 198.51.100.1/25
	network_plug router eth2 lan2 198.51.100.129/25
	# Equal-cost next hops are chosen by addresses and ports.
	network_sysctl router net.ipv4.ip_forward=1 \
	    net.ipv4.fib_multipath_hash_policy=1
	# Many short connections of one client in a row are no abuse here.
	network_sysctl client net.ipv4.ip_local_port_range='10000 65000' \
	    net.ipv4.tcp_tw_reuse=1
}

# network_balancer HOST LAN1-ADDRESS LAN2-ADDRESS
network_balancer()
{
	network_plug "$1" eth0 lan1 "$2/25"
	network_plug "$1" eth1 lan2 "$3/25"
	network_receives_from_xdp "$1-lan1"
	network_receives_from_xdp "$1-lan2"
	ip -n "$prefix-$1" route add default via 198.51.100.1
}

# network_web HOST LAN ADDRESS GATEWAY VIP...: the VIPs on loopback, answered
# to nobody who asks for their MAC address.
network_web()
{
	local host=$1 lan=$2 address=$3 gateway=$4 vip
	shift 4

	network_sysctl "$host" net.ipv4.conf.all.arp_ignore=1 \
	    net.ipv4.conf.all.arp_announce=2
	network_plug "$host" eth0 "$lan" "$address/25"
	ip -n "$prefix-$host" route add default via "$gateway"
	for vip; do
		ip -n "$prefix-$host" address add "$vip/32" dev lo
	done
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

network_up()
{
	network_compile_xdp_pass
	network_namespaces
	network_client_and_router
	network_balancer lb1 198.51.100.11 198.51.100.131
	network_balancer lb2 198.51.100.12 198.51.100.132
	network_web web1 lan1 198.51.100.21 198.51.100.1 $vip_web $vip_dns
	network_web web2 lan1 198.51.100.22 198.51.100.1 $vip_web $vip_dns
	network_web web3 lan2 198.51.100.143 198.51.100.129 $vip_web
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
