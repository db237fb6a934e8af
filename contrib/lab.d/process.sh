# SPDX-License-Identifier: ISC
# Processes of the lab: started, found and ended by what was recorded of them,
# never by name.  A record is $state/pid/NAME: process id, and the time at
# which it started (field 22 of /proc/PID/stat).
# shellcheck shell=bash

# Fields of /proc/PID/stat from the third on: the second is a name in
# parentheses in which anything may be.
process_stat()
{
	local line

	{ read -r line <"/proc/$1/stat"; } 2>/dev/null || return 1
	echo "${line##*) }"
}

process_started_at()
{
	local stat
	local -a field

	stat=$(process_stat "$1") || return 1
	read -ra field <<<"$stat"
	[ "${field[0]}" != Z ] && echo "${field[19]}"
}

# process_start NAME HOST COMMAND...: in the host's network namespace, but in
# this mount namespace, in a session of its own.  It records itself before it
# becomes the command, so that it is known from the first.
process_start()
{
	local name=$1 host=$2 pid
	shift 2

	rm -f "$state/pid/$name"
	(
		pid=$BASHPID
		echo "$pid $(process_started_at "$pid")" \
		    >"$state/pid/$name.new" &&
		    mv "$state/pid/$name.new" "$state/pid/$name" || exit
		exec setsid nsenter --net="$(netns_path "$host")" "$@"
	) </dev/null >>"$state/log/$name" 2>&1 &
	wait_for 5 test -e "$state/pid/$name"
}

# The process id of NAME if it runs.
process_pid()
{
	local pid started

	read -r pid started 2>/dev/null <"$state/pid/$1" || return 1
	[ -n "$started" ] && [ "$(process_started_at "$pid")" = "$started" ] &&
	    echo "$pid"
}

# All processes of NAME: itself and what it left in its session, even if it is
# gone.  A session's number is not given to another process while the session
# has members; if it is another process's, then nothing of ours is left.
process_family()
{
	local pid started now

	read -r pid started 2>/dev/null <"$state/pid/$1" || return 0
	now=$(process_started_at "$pid") && [ "$now" != "$started" ] &&
	    return 0
	ps -s "$pid" -o pid=,stat= | awk '$2 !~ /^Z/ { print $1 }'
}

# process_stop SECONDS NAME...: ask them to end, wait, then insist.
process_stop()
{
	local seconds=$1 name family
	shift

	for name; do
		family=$(process_pid "$name") && kill "$family" 2>/dev/null
	done
	for name; do
		wait_for "$seconds" process_gone "$name" || true
		family=$(process_family "$name")
		# shellcheck disable=SC2086 # words
		[ -z "$family" ] || kill -9 $family 2>/dev/null
		wait_for 5 process_gone "$name" ||
		    warn "$name does not end: ${family//$'\n'/ }"
		rm -f "$state/pid/$name"
	done
	return 0
}

process_gone()
{
	[ -z "$(process_family "$1")" ]
}
