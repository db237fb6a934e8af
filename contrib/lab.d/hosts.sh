# SPDX-License-Identifier: ISC
# What runs on the lab's hosts: BIRD, OpenBGPD, vc5d, nginx, dnsmasq.  The
# numbers of autonomous systems are those of RFC 5398, for documentation.
# shellcheck shell=bash

hosts_configure_router()
{
	write_once "$state/router/bird.conf" <<-EOF
	log stderr all;
	router id 198.51.100.1;
	protocol device { scan time 2; }

	# Routes of all balancers become one route with several next hops.
	protocol kernel {
		merge paths on limit $balancers_most;
		ipv4 { import none; export where source = RTS_BGP; };
	}
	protocol kernel {
		merge paths on limit $balancers_most;
		ipv6 { import none; export where source = RTS_BGP; };
	}

	template bgp balancer {
		connect delay time 1;
		connect retry time 1;
		error wait time 1, 2;
		hold time 9;
	}
	template bgp balancer4 from balancer {
		local 198.51.100.1 as 64496;
		ipv4 { import where net ~ [ 192.0.2.0/24{32,32} ]; export none; };
	}
	template bgp balancer6 from balancer {
		local 2001:db8:0:1::1 as 64496;
		ipv6 {
			import where net ~ [ 2001:db8:0:100::/64{128,128} ];
			export none;
		};
	}
	include "$state/router/lb*.conf";
	EOF
}

# hosts_configure_neighbour HOST: a balancer, to the router.
hosts_configure_neighbour()
{
	write_once "$state/router/$1.conf" <<-EOF
	protocol bgp ${1}_ipv4 from balancer4 {
		neighbor ${lan_address[$1]} as 64500;
	}
	protocol bgp ${1}_ipv6 from balancer6 {
		neighbor ${lan_address6[$1]} as 64500;
	}
	EOF
}

hosts_start_router()
{
	process_start bird router bird -f -c "$state/router/bird.conf" \
	    -s "$state/router/bird.sock"
}

# hosts_configure_balancer HOST
hosts_configure_balancer()
{
	local host=$1 dir=$state/$1

	hosts_configure_neighbour "$host"
	write_once "$dir/bgpd.conf" <<-EOF
	AS 64500
	router-id ${lan_address[$host]}
	fib-update no
	socket "$dir/bgpd.sock"
	listen on ${lan_address[$host]}
	listen on ${lan_address6[$host]}

	neighbor 198.51.100.1 {
		descr "router"
		remote-as 64496
	}
	neighbor 2001:db8:0:1::1 {
		descr "router, IPv6"
		remote-as 64496
	}
	allow to ebgp
	EOF
	chmod 600 "$dir/bgpd.conf"
	hosts_vc5d_conf "$host" | write_once "$dir/vc5d.conf"
}

# hosts_list NAME-OF-ADDRESSES HOST...: as JSON has it.
hosts_list()
{
	local -n hosts_list_address=$1
	local host list=''
	shift

	for host; do
		list+=", \"${hosts_list_address[$host]}\""
	done
	echo "[${list#, }]"
}

# shellcheck disable=SC2086 # words
hosts_vc5d_conf()
{
	local host=$1 dir=$state/$1

	cat <<-EOF
	{
	  "interfaces": ["eth0", "eth1"],
	  "xdp": "auto",
	  "bgp": {
	    "socket": "$dir/bgpd.sock",
	    "bgpctl": "$(command -v bgpctl)",
	    "communities": ["64500:80"]
	  },
	  "webserver": { "listen": "$(cat "$dir/management-address"):8080", "insecure": true },
	  "control": "$dir/vc5d.sock",
	  "state": "$dir/overrides",
	  "pin_directory": "$state/bpf/$host",
	  "sync": { "interface": "eth2", "key": "$state/sync.key", "instance": "$host" },
	  "limits": { "flows": $flows, "services": 64, "destinations": 256 },
	  "stop_delay": $stop_delay,
	  "interval": $interval,
	  "timeout": $timeout,
	  "fall": $fall,
	  "servers": {
	    "webs": $(hosts_list lan_address $webs),
	    "webs6": $(hosts_list lan_address6 $webs),
	    "resolvers": $(hosts_list lan_address $resolvers),
	    "resolvers6": $(hosts_list lan_address6 $resolvers)
	  },
	  "services": [
	    {
	      "name": "web",
	      "description": "The lab's web site",
	      "virtual": "$vip_web",
	      "servers": "webs",
	      "policy": {
	        "http": { "checks": [ { "type": "http", "path": "/health" } ] }
	      }
	    },
	    {
	      "name": "dns",
	      "description": "The lab's name service",
	      "virtual": "$vip_dns",
	      "servers": "resolvers",
	      "policy": {
	        "53/udp": { "checks": [ { "type": "tcp" } ] }
	      }
	    },
	    {
	      "name": "web6",
	      "description": "The lab's web site, over IPv6",
	      "virtual": "$vip_web6",
	      "servers": "webs6",
	      "policy": {
	        "http": { "checks": [ { "type": "http", "path": "/health" } ] }
	      }
	    },
	    {
	      "name": "dns6",
	      "description": "The lab's name service, over IPv6",
	      "virtual": "$vip_dns6",
	      "servers": "resolvers6",
	      "policy": {
	        "53/udp": { "checks": [ { "type": "tcp" } ] }
	      }
	    }
	  ]
	}
	EOF
}

# bgpd and vc5d stand on their own: each waits for the other.
hosts_start_bgpd()
{
	process_start "bgpd-$1" "$1" bgpd -d -f "$state/$1/bgpd.conf"
}

hosts_start_vc5d()
{
	process_start "vc5d-$1" "$1" "$(build_directory)/vc5d" -d \
	    -f "$state/$1/vc5d.conf"
}

# hosts_configure_web HOST: a page that says who answered whom, what checks
# ask for, a large download, and one that takes its time.
hosts_configure_web()
{
	local host=$1 dir=$state/$1

	mkdir -p "$dir/tmp" "$dir/html"
	mkdir -p -m 777 "$dir/html/put"
	[ -e "$dir/html/slow" ] || truncate -s 1M "$dir/html/slow"
	[ -e "$dir/html/large" ] || truncate -s 32M "$dir/html/large"
	write_once "$dir/nginx.conf" <<-EOF
	daemon off;
	worker_processes 1;
	user www-data;
	pid $dir/nginx.pid;
	error_log stderr notice;
	events { worker_connections 16384; }
	http {
		access_log off;
		keepalive_timeout 600s;
		keepalive_requests 1000000000;
		client_body_temp_path $dir/tmp/body;
		proxy_temp_path $dir/tmp/proxy;
		fastcgi_temp_path $dir/tmp/fastcgi;
		uwsgi_temp_path $dir/tmp/uwsgi;
		scgi_temp_path $dir/tmp/scgi;
		default_type text/plain;
		server {
			listen 80 backlog=4096;
			listen [::]:80 backlog=4096;
			root $dir/html;
			location / { return 200 "$host answers \$remote_addr\\n"; }
			location = /health { return 200 "OK\\n"; }
			add_header X-Backend $host;
			location = /large { }
			location /put/ {
				dav_methods PUT;
				client_max_body_size 0;
			}
			location = /slow { limit_rate 64k; }
		}
	}
	EOF
	[[ " $resolvers " != *" $host "* ]] || write_once "$dir/dnsmasq.conf" <<-EOF
	listen-address=$vip_dns
	listen-address=$vip_dns6
	bind-interfaces
	no-resolv
	no-hosts
	user=nobody
	pid-file=
	address=/www.lab.example/$vip_web
	txt-record=server.lab.example,$host
	EOF
}

hosts_start_nginx()
{
	process_start "nginx-$1" "$1" nginx -p "$state/$1" \
	    -e stderr -c "$state/$1/nginx.conf"
}

# Not with --no-daemon, by which it serves one TCP connection at a time.
hosts_start_dnsmasq()
{
	process_start "dnsmasq-$1" "$1" dnsmasq --keep-in-foreground \
	    --log-facility=- --conf-file="$state/$1/dnsmasq.conf"
}

# What balancers know each other by.
hosts_configure_sync_key()
{
	[ -e "$state/sync.key" ] || (
		umask 077
		od -A n -v -t x1 -N 32 /dev/urandom | tr -d ' \n' \
		    >"$state/sync.key"
	)
}

hosts_configure()
{
	local host

	hosts_configure_sync_key
	hosts_configure_router
	for host in $balancers; do
		hosts_configure_balancer "$host"
	done
	for host in $webs; do
		hosts_configure_web "$host"
	done
}

# A balancer that joins others is configured as lb1 is by now.
hosts_configure_like_lb1()
{
	local host=$1 dir=$state/$1

	hosts_vc5d_conf "$host" >"$dir/vc5d.conf.default"
	jq --slurpfile own "$dir/vc5d.conf.default" '$own[0] as $own |
	    .bgp.socket = $own.bgp.socket | .control = $own.control |
	    .state = $own.state |
	    .pin_directory = $own.pin_directory |
	    .webserver = $own.webserver |
	    if .sync then .sync.instance = $own.sync.instance else . end' \
	    "$state/lb1/vc5d.conf" | write_once "$dir/vc5d.conf"
	rm "$dir/vc5d.conf.default"
}

# hosts_add HOST...: those that are new in a lab at work.
hosts_add()
{
	local host

	for host; do
		case $host in
		lb*)
			hosts_configure_like_lb1 "$host"
			hosts_configure_balancer "$host" ;;
		web*)
			hosts_configure_web "$host" ;;
		esac
	done
	process_pid bird >/dev/null || return 0
	in_host router birdc -s "$state/router/bird.sock" configure >/dev/null
}

# hosts_processes_of PROGRAM HOST...
hosts_processes_of()
{
	local program=$1 host
	shift

	for host; do
		printf '%s-%s\thosts_start_%s %s\n' "$program" "$host" \
		    "$program" "$host"
	done
}

# Every process: how it is called, and what starts it.
# shellcheck disable=SC2086 # words
hosts_processes()
{
	printf 'bird\thosts_start_router\n'
	hosts_processes_of nginx $webs
	hosts_processes_of dnsmasq $resolvers
	hosts_processes_of bgpd $balancers
	hosts_processes_of vc5d $balancers
}

# Complain of names that are no process's.
hosts_need_processes()
{
	local name

	for name; do
		hosts_processes | grep -q "^$name[[:space:]]" ||
		    die "there is no process $name: contrib/lab shows them"
	done
}

# hosts_start [NAME...]: those that don't run, of all or of these.
hosts_start()
{
	local name start wanted=" $* "

	# The home of bgpd's chroot(8)ed parts.  The package makes it at boot,
	# and other bgpds may use it, so it stays.
	mkdir -p -m 755 /run/openbgpd
	while read -r name start; do
		[ $# -eq 0 ] || [[ $wanted == *" $name "* ]] || continue
		process_pid "$name" >/dev/null && continue
		[ -e "$state/complete" ] && say "starting $name"
		process_stop 1 "$name" # what it may have left
		$start
	done < <(hosts_processes)
}

# All that have been started, by whatever name.
hosts_stop()
{
	local record
	local -a names=()

	for record in "$state"/pid/*; do
		[ ! -e "$record" ] || names+=("${record##*/}")
	done
	process_stop 10 "${names[@]}"
}
