# SPDX-License-Identifier: ISC
# The virtual machine itself.
# shellcheck shell=bash

# What has to be there before anything is fetched.
boot_possible()
{
	local program

	[ "$(dpkg --print-architecture 2>/dev/null)" = amd64 ] ||
	    cannot 'only for amd64 there are such kernels'
	for program in qemu-system-x86_64 apt-get busybox depmod modprobe \
	    bash bridge clang ethtool ip nsenter perl tc xz; do
		command -v "$program" >/dev/null ||
		    cannot "$program is not installed"
	done
	busybox --list | grep -qx cpio || cannot 'busybox has no cpio'
	! ldd "$(command -v busybox)" >/dev/null 2>&1 ||
	    cannot 'busybox is not the static one'
}

# The machine's end, as its first program told it on the console.
boot_status()
{
	local status

	status=$(sed -n 's/^vm: exit \([0-9]*\).*/\1/p' "$work/console")
	if [ -z "$status" ]; then
		tail -n 30 "$work/console" >&2
		die 'the machine did not come to its end'
	fi
	return "$status"
}

# In the background, so that this script can be ended, and it with it.  There is
# one processor: with two that take turns on one thread, all that runs in the
# machine has been seen to stand still for minutes; with a thread each, one can
# run into an instruction that the other is just patching, and the kernel
# panics.
boot()
{
	timeout --foreground -k 5 "$seconds" qemu-system-x86_64 \
	    -accel tcg,thread=single -machine q35 -cpu max -smp 1 -m 1024 \
	    -nodefaults -no-user-config -display none -no-reboot \
	    -kernel "$kernel" -initrd "$work/initramfs" \
	    -append 'console=ttyS0 panic=-1 quiet mitigations=off' \
	    -serial "file:$work/console" -serial stdio <&0 &
	machine=$!
	trap 'kill "$machine"; wait "$machine"; exit 1' HUP INT TERM
	wait "$machine"
	boot_status
}
