# SPDX-License-Identifier: ISC
# Show the lab's main job at work.
# shellcheck shell=bash

show_vc5ctl()
{
	local host=$1
	shift

	"$(build_directory)/vc5ctl" -s "$state/$host/vc5d.sock" "$@"
}

# Routes of the router to a VIP, one next hop a line.
show_next_hops()
{
	local family=-4

	[[ $1 != *:* ]] || family=-6
	ip -n "$prefix-router" $family -j route show "$1" |
	    jq -r '.[] | [.nexthops[]?.gateway, .gateway] | .[] | values'
}

# show_every_next_hop VIP: each balancer is one.
show_every_next_hop()
{
	[ "$(show_next_hops "$1" | wc -l)" -eq "$(wc -w <<<"$balancers")" ]
}

# show_all_up HOST: no destination is down or not checked yet.
show_all_up()
{
	show_vc5ctl "$1" -j show services |
	    jq -es '[.. | .destinations? // empty | .[].state] |
		length > 0 and all(. == "up" or . == "draining")'
}

# The lab is ready when each destination is up on each balancer, and all
# balancers are the router's next hops for each VIP.
show_wait_ready()
{
	local host vip

	for host in $balancers; do
		wait_for 30 show_all_up "$host" || {
			show_processes
			die "not all backends are up on $host: see" \
			    "$state/log/vc5d-$host and" \
			    "contrib/lab exec $host vc5ctl show services"
		}
	done
	for vip in $vips; do
		wait_for 30 show_every_next_hop "$vip" || {
			show_processes
			die "not all balancers are the router's next hops to" \
			    "$vip: see $state/log/bird, $state/log/bgpd-lb1"
		}
	done
}

show_processes()
{
	local name pid

	echo 'Processes (logs: '"$state/log"')'
	while read -r name _; do
		pid=$(process_pid "$name") || pid='not running'
		printf '  %-14s %s\n' "$name" "$pid"
	done < <(hosts_processes)
}

# show_requests URL COUNT: brackets are for curl to count by.
show_requests()
{
	local url=${1/\[/\\[}

	in_host client curl -sS -m 3 --fail-early \
	    -H 'Connection: close' "${url/\]/\\]}?[1-$2]"
}

# New flows of a service so far, by balancer.
show_flows()
{
	show_vc5ctl "$1" -j show services | jq --arg name "$2" \
	    '[.. | objects | select(.name? == $name) | .flows] | add // 0'
}

# show_web SERVICE URL
show_web()
{
	local service=$1 url=$2 count=100 host answers
	local -A before

	for host in $balancers; do
		before[$host]=$(show_flows "$host" "$service")
	done
	answers=$(show_requests "$url" $count 2>&1)
	echo
	echo "$count requests from the client to $url, each on a" \
	    'connection of its own'
	echo "$answers" | sort | uniq -c | sed 's/^ */  /; s/$/ (client)/'
	echo 'New flows, by balancer'
	for host in $balancers; do
		echo "  $(($(show_flows "$host" "$service") - before[$host]))" \
		    "$host"
	done
}

# show_dns VIP
show_dns()
{
	echo "Name service at $1, UDP"
	in_host client perl "$src/contrib/lab.d/dns" "$1" \
	    server.lab.example 10 | sort | uniq -c | sed 's/^ */  /'
}

show_announced()
{
	local host vip

	echo 'Announced'
	for host in $balancers; do
		echo "  $host: $(bgpctl -s "$state/$host/bgpd.sock" -j \
		    network show | jq -r '[.fib[]?.prefix] | join(", ")')"
	done
	echo 'Next hops in the router'"'"'s table'
	for vip in $vips; do
		echo "  $vip: $(show_next_hops "$vip" | paste -sd ' ')"
	done
}

show_interfaces()
{
	local host

	echo 'XDP'
	for host in $balancers; do
		ip -n "$prefix-$host" -j link show | jq -r --arg host "$host" \
		    '.[] | select(.xdp) | "  \($host) \(.ifname): " +
			({"1": "native", "2": "generic"}[.xdp.mode | tostring]
			    // "mode \(.xdp.mode)")'
	done
}

show_status_pages()
{
	local host

	echo 'Status pages'
	for host in $balancers; do
		echo "  $host: http://$(cat "$state/$host/management-address"):8080/"
	done
}

show_all()
{
	show_processes
	show_interfaces
	show_announced
	show_web web "http://$vip_web/"
	show_web web6 "http://[$vip_web6]/"
	show_dns "$vip_dns"
	show_dns "$vip_dns6"
	show_status_pages
}
