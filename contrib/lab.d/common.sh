# SPDX-License-Identifier: ISC
# What all parts of the lab use.
# shellcheck shell=bash

say()
{
	echo "lab: $*"
}

warn()
{
	echo "lab: $*" >&2
}

die()
{
	warn "$@"
	exit 1
}

# wait_for SECONDS COMMAND...: until it succeeds; else return 1.
wait_for()
{
	local deadline=$((${EPOCHREALTIME/./} + $1 * 1000000))
	shift

	until "$@" >/dev/null 2>&1; do
		[ "${EPOCHREALTIME/./}" -lt "$deadline" ] || return 1
		sleep 0.02
	done
}

netns_path()
{
	echo "/run/netns/$prefix-$1"
}

# in_host HOST COMMAND...: nsenter and not "ip netns exec", which would mount
# another /sys over the one that has our bpffs.
in_host()
{
	local host=$1
	shift

	nsenter --net="$(netns_path "$host")" "$@"
}

# A file that an earlier "up" wrote may have been edited since: keep it.
write_once()
{
	if [ -e "$1" ]; then
		cat >/dev/null
	else
		cat >"$1"
	fi
}
