# SPDX-License-Identifier: ISC
# Build vc5d out of tree, in build/lab of the checkout.
# shellcheck shell=bash

# Where vc5d is or will be: VC5_BUILD says so; a source directory that was
# configured itself can't be built from elsewhere too.
build_directory()
{
	if [ -n "${VC5_BUILD-}" ]; then
		echo "$VC5_BUILD"
	elif [ -e "$src/config.status" ]; then
		echo "$src"
	else
		echo "$src/build/lab"
	fi
}

build_run()
{
	local log=$1
	shift

	"$@" >>"$log" 2>&1 || {
		tail -n 25 "$log" >&2
		die "$1 failed (all of it: $log)"
	}
}

# build_vc5d [TARGET...]: with these besides.
build_vc5d()
{
	local dir log target

	dir=$(build_directory)
	if [ -n "${VC5_BUILD-}" ]; then
		for target in vc5d "$@"; do
			[ -x "$dir/$target" ] ||
			    die "VC5_BUILD: there is no $dir/$target"
		done
		return
	fi
	mkdir -p "$dir"
	log=$dir/lab-build.log
	: >"$log"
	if [ ! -e "$src/configure" ] ||
	    [ "$src/configure.ac" -nt "$src/configure" ]; then
		build_run "$log" "$src/autogen.sh"
	fi
	say "building vc5d in $dir"
	(
		cd "$dir" || exit 1
		[ -e config.status ] || build_run "$log" "$src/configure"
		build_run "$log" make -j "$(nproc)" vc5d vc5ctl "$@"
	) || exit 1
}
