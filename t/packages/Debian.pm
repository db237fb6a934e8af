# SPDX-License-Identifier: ISC
# A Debian of its own: vc5d's package built from a copy of the sources, and
# a chroot to install it in, that runs as a machine with its own process 1.
package Debian;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use POSIX qw(:sys_wait_h);
use Test::More;
use Alone;
use Lab;

our @EXPORT = qw($work $root $sources have debian_make package_file machine_start
    machine_stop within within_ok chrooted server_start);

our $work = "$build/t-packages-$$";
our $root = "$work/root";
my ($version) =
    slurp("$build/config.status") =~ /^S\["PACKAGE_VERSION"\]="(.*)"$/m;
our $sources = "$work/vc5d-$version"; # that the package is built in
my $main = $$;
my ($cgroup, $machine, $server);

sub have
{
	my ($program) = @_;

	return grep { -x "$_/$program" } qw(/usr/sbin /usr/bin /sbin /bin);
}

# The only place where a machine's processes can be put.
sub control_group
{
	my ($mount) = slurp('/proc/mounts') =~ /^\S+ (\S+) cgroup2 /m;

	plan(skip_all => 'no cgroup2 is mounted') unless defined $mount;
	return "$mount/$netns";
}

sub skip_unless_possible
{
	plan(skip_all => 'built with sanitizers: the package has its own build')
	    if slurp("$build/config.status") =~ /-fsanitize=/;
	for my $program (qw(mmdebstrap dpkg-buildpackage dh lintian python3
	    ethtool)) {
		plan(skip_all => "$program is not installed")
		    unless have($program);
	}
	plan(skip_all => 'this is not Debian 12')
	    if slurp('/etc/os-release') !~ /^VERSION_CODENAME=bookworm$/m;
	$cgroup = control_group();
}

# What "make dist" makes, as the source package's original, and its directory,
# with what makes a Debian package of it.
sub make_sources
{
	my ($status, $output) = run('sh', '-ec', 'make -s -C "$1" distdir ' .
	    'distdir="$2" && tar -C "$3" -c "${2##*/}" | ' .
	    'xz -0 >"$3/vc5d_$4.orig.tar.xz" && chmod -R u+w "$2" && ' .
	    'cp -R "$2/contrib/debian" "$2/debian"',
	    'sh', $build, $sources, $work, $version);

	return $status == 0 || diag($output);
}

sub build_start
{
	local $ENV{MAKEFLAGS} = '';
	make_sources();
	local $ENV{DEB_BUILD_OPTIONS} = 'nocheck parallel=2';
	return process_start("$work/build.log", 'sh', '-c',
	    "cd $sources && exec dpkg-buildpackage -us -uc");
}

# Packages come from where this machine's do, by the same way.
sub bootstrap_start
{
	my @sources = grep { slurp($_) =~ /bookworm/ }
	    glob('/etc/apt/sources.list /etc/apt/sources.list.d/*.list ' .
		'/etc/apt/sources.list.d/*.sources');
	my @options = map { "--aptopt=$_" }
	    grep { slurp($_) =~ /^\s*Acquire::/m } glob('/etc/apt/apt.conf.d/*');

	return process_start("$work/bootstrap.log", 'mmdebstrap',
	    '--variant=minbase', '--skip=cleanup/apt', @options,
	    '--include=openbgpd,systemd,systemd-sysv,logrotate',
	    'bookworm', $root, @sources);
}

# Both take their time, and can at once.
sub debian_make
{
	skip_unless_possible();
	alone_up();
	mkdir($work) or die "$work: $!";
	my @pids = (bootstrap_start(), build_start());
	while (grep { process_running($_) } @pids) {
		select(undef, undef, undef, 0.2);
	}
	if (!-x "$root/usr/bin/apt-get" || slurp("$work/bootstrap.log") !~
	    /success in/) {
		my $log = slurp("$work/bootstrap.log");
		plan(skip_all => "packages can't be fetched here")
		    if $log =~ /Failed to fetch|Could not resolve|Unable to/;
		die("mmdebstrap: $log");
	}
	return ok(package_file('vc5d'), 'the package is built') ||
	    diag(slurp("$work/build.log"));
}

sub package_file
{
	my ($name) = @_;
	my ($file) = glob("$work/${name}_*.deb");

	return $file;
}

# In the chroot as it is, with this machine's network, for apt-get.
sub chrooted
{
	my @command = @_;

	run('cp', '-L', '/etc/resolv.conf', '/etc/hosts', "$root/etc/");
	return run('env', '-i', 'PATH=/usr/sbin:/usr/bin:/sbin:/bin',
	    'DEBIAN_FRONTEND=noninteractive', 'unshare', '--mount', 'sh', '-c',
	    'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"', $root,
	    @command);
}

# Process 1 of the machine, as this one sees it.
sub machine_start
{
	my @init = @_;

	mkdir($cgroup);
	my $pid = process_start("$work/machine.log",
	    "$source/t/packages/machine", $root, $netns, $cgroup, @init);
	wait_for(sub {
		(undef, $machine) = run('ps', '--ppid', $pid, '-o', 'pid=');
		$machine =~ s/\s//g;
		return $machine ne '' && -e "/proc/$machine/root/dev/stderr" &&
		    slurp("/proc/$machine/cmdline") =~ /^\Q$init[0]\E\0/;
	}) or die 'no machine: ' . slurp("$work/machine.log");
}

sub machine_stop
{
	return unless $machine;
	kill('KILL', $machine);
	wait_for(sub { !-e "/proc/$machine" });
	wait_for(sub {
		run('find', $cgroup, '-depth', '-type', 'd', '-exec', 'rmdir',
		    '{}', ';');
		return !-e $cgroup });
	$machine = undef;
}

# Run a command in it: (exit status, standard output and error).
sub within
{
	return run('timeout', 60, 'nsenter', '-t', $machine, '-m', '-p', '-n',
	    '-r', '-w', @_);
}

sub within_ok
{
	my ($test, @command) = @_;
	my ($status, $output) = within(@command);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($status, 0, $test) or diag("@command: $output");
	return $output;
}

# A server that has the VIP and answers, where the machine's eth0 leads to.
sub server_start
{
	my $there = "$netns-s";

	run('ip', 'netns', 'add', $there);
	run('ip', '-n', $netns, 'link', 'set', 'peer0', 'netns', $there);
	for my $command ('link set lo up', 'link set peer0 up',
	    'address add 198.51.100.21/24 dev peer0',
	    'address add 192.0.2.1/32 dev lo') {
		run('ip', '-n', $there, split(' ', $command));
	}
	run('ip', 'netns', 'exec', $there, 'ethtool', '-K', 'peer0', 'tx',
	    'off');
	$server = process_start("$work/server.log", 'nsenter',
	    "--net=/run/netns/$there", 'python3', '-m', 'http.server',
	    '--directory', "$source/etc", '80');
}

END {
	if ($$ == $main) {
		my $status = $?;
		machine_stop();
		process_stop($server) if $server;
		run('ip', 'netns', 'delete', "$netns-s");
		run('rm', '-rf', '--one-file-system', $work);
		$? = $status;
	}
}

1;
