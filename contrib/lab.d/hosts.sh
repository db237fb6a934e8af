# SPDX-License-Identifier: ISC
# What runs on the lab's hosts: BIRD, OpenBGPD, vc5d, nginx, dnsmasq.  The
# numbers of autonomous systems are those of RFC 5398, for documentation.
# shellcheck shell=bash

hosts_configure_router()
{
	local host

	write_once "$state/router/bird.conf" <<-EOF
	log stderr all;
	router id 198.51.100.1;
	protocol device { scan time 2; }

	# Routes of both balancers become one route with two next hops.
	protocol kernel {
		merge paths on limit 8;
		ipv4 { import none; export where source = RTS_BGP; };
	}
	protocol kernel {
		merge paths on limit 8;
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
	$(for host in $balancers; do
		echo "protocol bgp ${host}_ipv4 from balancer4 {"
		echo "	neighbor ${lan_address[$host]} as 64500;"
		echo "}"
		echo "protocol bgp ${host}_ipv6 from balancer6 {"
		echo "	neighbor ${lan_address6[$host]} as 64500;"
		echo "}"
	done)
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

	write_once "$dir/bgpd.conf" <<-EOF
	AS 64500
	router-id ${router_id[$host]}
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
	  "webserver": "$(cat "$dir/management-address"):8080",
	  "control": "$dir/vc5d.sock",
	  "pin_directory": "$state/bpf/$host",
	  "limits": { "flows": 65536, "services": 64, "destinations": 256 },
	  "stop_delay": $stop_delay,
	  "interval": $interval,
	  "timeout": $timeout,
	  "fall": $fall,
	  "servers": {
	    "webs": ["${lan_address[web1]}", "${lan_address[web2]}", "${lan_address[web3]}"],
	    "webs6": ["${lan_address6[web1]}", "${lan_address6[web2]}", "${lan_address6[web3]}"],
	    "resolvers": ["${lan_address[web1]}", "${lan_address[web2]}"],
	    "resolvers6": ["${lan_address6[web1]}", "${lan_address6[web2]}"]
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
	events { worker_connections 4096; }
	http {
		access_log off;
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
	[ "$host" = web3 ] || write_once "$dir/dnsmasq.conf" <<-EOF
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

hosts_start_dnsmasq()
{
	process_start "dnsmasq-$1" "$1" dnsmasq --no-daemon \
	    --conf-file="$state/$1/dnsmasq.conf"
}

hosts_configure()
{
	local host

	hosts_configure_router
	for host in $balancers; do
		hosts_configure_balancer "$host"
	done
	for host in $webs; do
		hosts_configure_web "$host"
	done
}

# Every process: how it is called, and what starts it.
hosts_processes()
{
	cat <<-EOF
	bird		hosts_start_router
	nginx-web1	hosts_start_nginx web1
	nginx-web2	hosts_start_nginx web2
	nginx-web3	hosts_start_nginx web3
	dnsmasq-web1	hosts_start_dnsmasq web1
	dnsmasq-web2	hosts_start_dnsmasq web2
	bgpd-lb1	hosts_start_bgpd lb1
	bgpd-lb2	hosts_start_bgpd lb2
	vc5d-lb1	hosts_start_vc5d lb1
	vc5d-lb2	hosts_start_vc5d lb2
	EOF
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

hosts_stop()
{
	local name
	local -a names=()

	while read -r name _; do
		names+=("$name")
	done < <(hosts_processes)
	process_stop 10 "${names[@]}"
}
