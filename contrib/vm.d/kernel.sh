# SPDX-License-Identifier: ISC
# Debian's kernels: found among the packages that apt knows, fetched into
# $cache, unpacked there and never installed.
# shellcheck shell=bash

# The newest kernel of a release; those for virtual machines are a third as
# large as the others, and have all that we need.
kernel_package()
{
	apt-cache pkgnames "linux-image-$1." 2>/dev/null |
	    grep -E "^linux-image-${1//./\\.}\.[0-9].*-cloud-amd64\$" |
	    sort -V | tail -n 1
}

# Where it is unpacked: one directory a package, which names its version.
kernel_directory()
{
	echo "$cache/$1"
}

# Sets kernel (a bzImage), kernel_version and kernel_modules (a directory).
kernel_use()
{
	local directory=$1

	kernel_version=$(basename "$directory"/lib/modules/*)
	kernel=$directory/boot/vmlinuz-$kernel_version
	kernel_modules=$directory/lib/modules/$kernel_version
	[ -f "$kernel" ] && [ -d "$kernel_modules" ]
}

# kernel_download PACKAGE DIRECTORY
kernel_download()
(
	mkdir -p "$2" && cd "$2" &&
	    apt-get -q download "$1" >apt.log 2>&1
)

# kernel_unpack DIRECTORY: the kernel and its modules out of the package.
kernel_unpack()
{
	local directory=$1 deb

	deb=$(find "$directory" -name '*.deb') && [ -n "$deb" ] || return
	dpkg-deb --fsys-tarfile "$deb" |
	    tar -x -C "$directory" --wildcards './boot/vmlinuz-*' \
		'./lib/modules/*' && rm "$deb" && kernel_use "$directory" &&
	    depmod -b "$directory" "$kernel_version"
}

# apt's lists may be older than what its server still has.
kernel_download_newest()
{
	local release=$1 temporary=$2

	package=$(kernel_package "$release")
	[ -n "$package" ] && kernel_download "$package" "$temporary" &&
	    return
	[ "$(id -u)" -ne 0 ] || apt-get -q update >/dev/null 2>&1
	package=$(kernel_package "$release")
	[ -n "$package" ] ||
	    cannot "apt knows no package of a Linux $release for amd64"
	kernel_download "$package" "$temporary" ||
	    cannot "$package can't be fetched:" \
		"$(tail -n 1 "$temporary/apt.log")"
}

# Have a kernel of the release; sets what kernel_use does.
kernel_fetch()
{
	local directory package temporary=$work/kernel

	package=$(kernel_package "$1")
	directory=$(kernel_directory "$package")
	if [ -n "$package" ] && [ -d "$directory" ]; then
		kernel_use "$directory" || die "$directory is damaged"
		return
	fi
	kernel_download_newest "$1" "$temporary"
	kernel_unpack "$temporary" || die "$package can't be unpacked"
	directory=$(kernel_directory "$package")
	# Unless somebody else was quicker.
	mv -T "$temporary" "$directory" 2>/dev/null
	kernel_use "$directory" || die "$directory can't be made"
}
