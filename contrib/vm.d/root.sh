# SPDX-License-Identifier: ISC
# What the virtual machine has: busybox, a few programs of this host with
# their libraries, modules of its kernel, what was built, and t/vm.
# shellcheck shell=bash

root_programs='bash bridge ethtool ip nsenter perl tc'
root_perl='Errno FindBin IO::Select IO::Socket::IP JSON::PP POSIX Socket
	Test::More Time::HiRes lib'
root_modules='8021q bonding bridge cls_bpf dummy fou fou6 ip6_gre ip6_tunnel
	ip_gre ipip sch_ingress sch_netem sit veth'

root_directories()
{
	local root=$1 name

	mkdir -p "$root"/{usr/{bin,sbin,lib,lib64},etc,proc,sys,dev,run,tmp} \
	    "$root"/{src/{t,contrib},build/t/{bpf,vm},modules}
	for name in bin sbin lib lib64; do
		ln -s "usr/$name" "$root/$name"
	done
	ln -s /run "$root/var"
}

# The libraries that programs are linked with, and what loads them.
root_libraries()
{
	ldd "$@" 2>/dev/null | grep -v ':$' | grep -o '/[^ ]*\.so[^ :]*' | sort -u
}

# root_copy ROOT FILE...: at the same place; not as the links that they may be.
root_copy()
{
	local root=$1
	shift

	cp -L --parents "$@" "$root"
}

root_busybox()
{
	local root=$1 name

	cp "$(command -v busybox)" "$root/bin/busybox"
	# Where both have a program, the host's is the one
	for name in $(busybox --list); do
		[[ " $root_programs " != *" $name "* ]] || continue
		[ -e "$root/bin/$name" ] || ln -s busybox "$root/bin/$name"
	done
}

# The files of perl modules, and the libraries that they load.
root_perl_files()
{
	local module use=()

	for module in $root_perl; do
		use+=("-M$module")
	done
	perl "${use[@]}" -e 'print "$_\n"
	    for grep { m{^/} } values %INC, @DynaLoader::dl_shared_objects'
}

# What of the host is needed in the machine.
root_host_files()
{
	local root=$1 name programs=() files libraries

	for name in $root_programs; do
		programs+=("$(command -v "$name")") ||
		    die "$name is not installed"
	done
	mapfile -t files < <(root_perl_files | sort -u)
	mapfile -t libraries < <(root_libraries "${programs[@]}" \
	    "${files[@]}" "$root"/build/vc5* "$root"/build/t/*/*)
	root_copy "$root" "${programs[@]}" "${files[@]}" "${libraries[@]}"
}

# What was built: the programs, and those tests that are programs.
root_build()
{
	local root=$1 file kind

	cp "$build/vc5d" "$build/vc5ctl" "$root/build" || return
	for kind in bpf vm; do
		for file in "$build/t/$kind"/*; do
			[ -f "$file" ] && [ -x "$file" ] || continue
			cp "$file" "$root/build/t/$kind" || return
		done
	done
	# It has BPF programs, too.
	[ ! -e "$build/t/adapters/check_exec_mark" ] ||
		cp "$build/t/adapters/check_exec_mark" "$root/build/t/bpf"
}

# A program for the far ends of veth pairs: see contrib/lab.d/network.sh.
root_xdp_pass()
{
	clang -target bpf -O2 -c "$src/contrib/lab.d/xdp_pass.bpf.c" \
	    -o "$1/build/xdp_pass.o"
}

# The modules in the order in which they are to be loaded, not compressed.
root_kernel_modules()
{
	local root=$1 verb path module
	local -A seen

	# shellcheck disable=SC2086 # words
	modprobe -C /dev/null -d "${kernel_modules%/lib/modules/*}" \
	    -S "$kernel_version" --show-depends -a $root_modules |
	while read -r verb path; do
		# "insmod PATH" or "builtin NAME"
		[ "$verb" = insmod ] && [ -z "${seen[$path]-}" ] || continue
		seen[$path]=1
		module=$(basename "$path")
		cp "$path" "$root/modules" || exit
		case $module in
		*.xz) xz -d "$root/modules/$module" || exit ;;
		esac
		echo "${module%.xz}" >>"$root/modules/order"
	done
}

# root_make ROOT [PROGRAM [ARGUMENT...]]
root_make()
{
	local root=$1
	shift

	root_directories "$root" && root_build "$root" &&
	    root_xdp_pass "$root" &&
	    root_host_files "$root" && root_busybox "$root" &&
	    root_kernel_modules "$root" || return
	chmod 755 "$root" && # its root directory is there for all users
	    echo 'nobody:x:65534:65534::/:/bin/false' >"$root/etc/passwd" &&
	    cp -R "$src/t/vm" "$root/src/t" &&
	    cp "$src/contrib/backend-setup" "$root/src/contrib" &&
	    cp "$src/contrib/vm.d/init" "$root/init" &&
	    printf '%s\n' "$@" >"$root/etc/program"
}

# The kernel is quicker to take it as it is than to decompress it.
root_pack()
(
	cd "$1" && find . | busybox cpio -o -H newc >"$2" 2>/dev/null
)
