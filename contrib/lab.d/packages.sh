# SPDX-License-Identifier: ISC
# Install what is missing of the packages in contrib/packages.  Sourced, with
# $src set to the top of the checkout.
# shellcheck shell=bash

packages_list()
{
	local use package wanted=" $* "

	while read -r use package; do
		[[ $wanted == *" $use "* ]] && echo "$package"
	done <"$src/contrib/packages"
}

# The names of what is installed, and of what that provides in others' place:
# some nodejs come with npm.
packages_installed()
{
	dpkg-query -W -f '${db:Status-Status} ${Package}, ${Provides}\n' |
	    sed -n 's/^installed //p' | sed 's/([^)]*)//g' | tr -s ', \n' ' '
}

# What is not installed of the packages for the uses given.
packages_missing()
{
	local package installed

	installed=" $(packages_installed) "
	for package in $(packages_list "$@"); do
		[[ $installed == *" $package "* ]] || echo "$package"
	done
}

# Some of the packages bring services.  The lab and the tests run these
# programs themselves, so the machine's own are not to be started for it,
# neither now nor at the next boot.
packages_apt()
(
	policy=/usr/sbin/policy-rc.d
	services=()

	for unit in nginx bird openbgpd bgplgd prometheus; do
		[ -e "/lib/systemd/system/$unit.service" ] ||
		    services+=("$unit.service")
	done
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		trap 'exit 1' HUP INT TERM
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod 755 "$policy"
	fi
	apt-get -q update &&
	    DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		--no-install-recommends install "$@" || exit
	[ ! -d /run/systemd/system ] ||
	    systemctl disable "${services[@]}" >/dev/null 2>&1 || :
)

# Make sure of the packages for these uses.
packages_install()
{
	local log=$src/build/apt.log missing

	missing=$(packages_missing "$@" | paste -sd ' ')
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" -ne 0 ]; then
		echo "these Debian packages are missing: $missing" >&2
		echo "install them as root: apt-get install $missing" >&2
		return 1
	fi
	echo "installing $missing"
	mkdir -p "$src/build"
	# shellcheck disable=SC2086 # words
	if ! packages_apt $missing >"$log" 2>&1; then
		tail -n 15 "$log" >&2
		echo "apt-get could not install them (all of it: $log)" >&2
		return 1
	fi
}
