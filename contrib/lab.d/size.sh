# SPDX-License-Identifier: ISC
# How large a lab is: its hosts, and their numbers in their networks.
# shellcheck shell=bash

balancers_most=8
webs_most=16
declare -A lan_address=() lan_address6=()
hosts='' balancers='' webs='' resolvers=''

# Every third web server is in the second LAN.
size_web_lan()
{
	[ $(($1 % 3)) -eq 0 ] && echo lan2 || echo lan1
}

# Its number there.
size_web_number()
{
	[ $(($1 % 3)) -eq 0 ] && echo $((140 + $1)) || echo $((20 + $1))
}

size_addresses()
{
	local n number

	for ((n = 1; n <= balancers_most; n++)); do
		lan_address[lb$n]=198.51.100.$((10 + n))
		lan_address6[lb$n]=2001:db8:0:1::$((10 + n))
	done
	for ((n = 1; n <= webs_most; n++)); do
		number=$(size_web_number "$n")
		lan_address[web$n]=198.51.100.$number
		lan_address6[web$n]=2001:db8:0:$((1 + number / 128))::$number
	done
}

# size_names PREFIX COUNT
size_names()
{
	seq -s ' ' -f "$1%g" 1 "$2"
}

# size_set BALANCERS WEBS
size_set()
{
	balancers=$(size_names lb "$1")
	webs=$(size_names web "$2")
	# The name service is on two of them, if there are two.
	resolvers=$(size_names web $(($2 < 2 ? $2 : 2)))
	hosts="client router switch $balancers $webs far1 far2"
}

# What the lab is that was made last, or else will be.
size_read()
{
	local count_balancers count_webs

	read -r count_balancers count_webs 2>/dev/null <"$state/size" || {
		count_balancers=2
		count_webs=3
	}
	size_set "$count_balancers" "$count_webs"
}

size_write()
{
	echo "$(wc -w <<<"$balancers") $(wc -w <<<"$webs")" >"$state/size.new" &&
	    mv "$state/size.new" "$state/size"
}

# size_number NAME VALUE MOST: complain unless it is a number from 1 to MOST.
size_number()
{
	if [[ ! $2 =~ ^[1-9][0-9]?$ ]] || [ "$2" -gt "$3" ]; then
		die "$1: a number from 1 to $3 is needed, not \"$2\""
	fi
}

# size_options OPTION...: what "up" asks for.
size_options()
{
	wanted_balancers='' wanted_webs=''
	while [ $# -ge 2 ]; do
		case $1 in
		--balancers)
			size_number "$1" "$2" "$balancers_most"
			wanted_balancers=$2 ;;
		--backends)
			size_number "$1" "$2" "$webs_most"
			wanted_webs=$2 ;;
		*)
			return 1 ;;
		esac
		shift 2
	done
	[ $# -eq 0 ]
}
