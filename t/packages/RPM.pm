# SPDX-License-Identifier: ISC
# The RPM package, built from what "make dist" makes while other tests wait, and
# held against Debian's.
package RPM;

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Alone;
use Debian;
use Lab;

our @EXPORT = qw(rpm_start rpm_tests);

my ($pid, $version);
my @rpmlint = ('rpmlint', '-r', "$source/contrib/vc5d.rpmlintrc");

# What was made for Debian, under the name that the spec has.  Not optimized:
# another test runs what was built so.
sub rpm_start
{
	$version = ($sources =~ /-([^-]+)$/)[0];
	return if !have('rpmbuild');
	run('cp', "$work/vc5d_$version.orig.tar.xz",
	    "$work/vc5d-$version.tar.xz");
	$pid = process_start("$work/rpm.log", 'timeout', 1200, 'rpmbuild', '-tb',
	    '--nodeps', '--define', "_topdir $work/rpm", '--define',
	    "_tmppath $work", '--define', 'optflags -O0 -g', '--define',
	    '_smp_mflags -j2', "$work/vc5d-$version.tar.xz");
}

# What is in a package by what both would call it, without what each has of its
# own: scripts for SysV, documentation, what rpm knows of builds.
sub content
{
	my @paths = map { s{^\.?/}{}r } @_;

	s{^lib/}{usr/lib/}, s{^(usr/share/man/.*\.\d)\.gz$}{$1},
	    s{^usr/share/doc/vc5d/examples/}{usr/share/examples/vc5d/}
	    for @paths;
	return join("\n", sort grep { !m{^$|^etc/(init\.d|default)/|
	    ^usr/share/(doc|licenses|lintian)/|^usr/lib/\.build-id/|
	    /$}x } @paths);
}

sub debian_content
{
	my (undef, $list) = run('sh', '-c',
	    'dpkg-deb --fsys-tarfile "$1" | tar -t', 'sh',
	    package_file('vc5d'));

	return content(split(/\n/, $list));
}

sub installed
{
	my ($rpm) = @_;
	my @rpm = ('rpm', "--root=$work/rpm-root");

	mkdir("$work/rpm-root");
	# There is no shell for scripts in it.
	my ($status, $output) =
	    run(@rpm, '-i', '--nodeps', '--noscripts', $rpm);
	is($status, 0, 'it can be installed') or diag($output);
	(undef, $output) = run(@rpm, '-V', '--nodeps', 'vc5d');
	is($output, '', 'completely');
	(undef, $output) = run('sh', '-c', 'cd "$1" && find etc usr ! -type d',
	    'sh', "$work/rpm-root");
	is(content(split(/\n/, $output)), debian_content(),
	    "with what Debian's package has");
	(undef, $output) = run(@rpm, '-q', '--configfiles', 'vc5d');
	like($output, qr{^/etc/logrotate\.d/vc5d$}m,
	    'what may be changed is a configuration file');
	($status, $output) =
	    run(@rpm, '-e', '--nodeps', '--noscripts', 'vc5d');
	is($status, 0, 'and removed') or diag($output);
	ok(!-e "$work/rpm-root/usr/sbin/vc5d", 'entirely');
}

sub complaints
{
	my @files = @_;
	my (undef, $output) = run(@rpmlint, @files);

	like($output, qr/^.*\d+ packages? and \d+ specfiles checked/m,
	    'rpmlint has looked');
	is(join("\n", grep { / E: / } split(/\n/, $output)), '',
	    'and sees no error');
}

sub rpm_tests
{
	subtest 'the RPM package' => sub {
		plan(skip_all => 'rpmbuild is not installed') if !$pid;
		select(undef, undef, undef, 0.2) while process_running($pid);
		my ($rpm) = glob("$work/rpm/RPMS/*/vc5d-$version-*.rpm");
		ok($rpm, 'is built') or return diag(slurp("$work/rpm.log"));
		installed($rpm);
		SKIP: {
			skip('rpmlint is not installed', 1)
			    if !have('rpmlint');
			complaints($rpm, "$source/contrib/vc5d.spec");
		}
	};
}

1;
