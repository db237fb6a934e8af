#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What "make install" puts where, for service managers and others, held against
# what these programs say of it; and the RPM spec.
use strict;
use warnings;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../net";
use Lab;
use Test::More;

plan(skip_all => "vc5d is not built in $build (set VC5_BUILD)")
    unless -x "$build/vc5d" && -e "$build/Makefile";

my $dir = tempdir(CLEANUP => 1);
my $made = '--no-print-directory';

# A directory of the build's Makefile.
sub variable
{
	my (undef, $value) = run('make', '-s', $made, '-C', $build, '-f',
	    'Makefile', '--eval', "say: ; \@echo \$($_[0])", 'say');

	chomp($value);
	return $value;
}

sub have
{
	my ($program) = @_;

	return grep { -x "$_/$program" } qw(/usr/bin /bin /usr/sbin /sbin);
}

# As skip, for a whole subtest.
sub needs
{
	my ($program) = @_;

	plan(skip_all => "$program is not installed") unless have($program);
}

my ($status, $output) =
    run('make', $made, '-C', $build, 'install', "DESTDIR=$dir/all");
is($status, 0, 'make install') or diag($output);

subtest 'nothing is left to be filled in' => sub {
	for my $kind (qw(initdir/vc5d unitdir/vc5d.service
	    sysusersdir/vc5d.conf tmpfilesdir/vc5d.conf logrotatedir/vc5d
	    rsyslogdir/vc5d.conf)) {
		my ($variable, $name) = split('/', $kind);
		my $text = slurp("$dir/all" . variable($variable) . "/$name");
		isnt($text, '', "$kind is installed");
		unlike($text, qr/\@\w+\@/, 'and filled in');
	}
	unlike(slurp("$build/etc/openrc/vc5d"), qr/\@\w+\@/,
	    "so is OpenRC's script");
};

subtest 'other places, and none' => sub {
	my @none = map { "$_=no" } map { "--with-$_" } qw(initdir unitdir
	    sysusersdir tmpfilesdir logrotatedir rsyslogdir);
	mkdir("$dir/build");
	my ($status, $output) = run('sh', '-c', 'cd "$1" && shift && "$@"',
	    'sh', "$dir/build", "$source/configure", '-q', @none,
	    '--with-openrcdir=/etc/openrc');
	plan(skip_all => 'the sources are configured themselves')
	    if $output =~ /already configured/;
	is($status, 0, 'configure') or diag($output);
	# Nothing is built for it.
	($status, $output) = run('make', '-s', $made, '-C', "$dir/build",
	    'install-data', 'install-openrcSCRIPTS', "DESTDIR=$dir/few");
	is($status, 0, 'make install-data') or diag($output);
	ok(-x "$dir/few/etc/openrc/vc5d", "OpenRC's script is there");
	my (undef, $files) = run('find', "$dir/few", '-type', 'f');
	unlike($files, qr{init\.d|systemd|sysusers|tmpfiles|logrotate|rsyslog},
	    'nothing else of this kind');
};

# The unit as it would be installed, with programs that are there.
sub unit
{
	my $text = slurp("$build/etc/systemd/vc5d.service");
	my $sbindir = variable('sbindir');

	$text =~ s/\Q$sbindir\E\/vc5d/$build\/vc5d/g;
	$text =~ s/^Documentation=.*\n//m; # whose pages it would look up
	spew("$dir/vc5d.service", $text);
	return "$dir/vc5d.service";
}

subtest 'systemd-analyze' => sub {
	needs('systemd-analyze');
	my ($status, $output) = run('systemd-analyze', 'verify', unit());
	is($status, 0, 'verify is content');
	unlike($output, qr/vc5d/, 'and has nothing to say') or diag($output);
	($status, $output) = run('systemd-analyze', '--no-pager', 'security',
	    '--offline=true', '--threshold=31', unit());
	is($status, 0, 'security: an exposure of 3.1 at most');
	note($output =~ /(Overall exposure.*)/);
	my $text = slurp(unit());
	for my $line (grep { /^\S*\x{2717}|^\xe2\x9c\x97/ }
	    split(/\n/, $output)) {
		my ($setting) = $line =~ /(\w+)=/ or next;
		like($text, qr/^(?:# .*)?\b\Q$setting\E=/m,
		    "$setting= was thought of");
	}
};

subtest 'systemd-sysusers and systemd-tmpfiles' => sub {
	needs('systemd-sysusers');
	mkdir("$dir/root");
	mkdir("$dir/root/etc");
	my ($status, $output) = run('systemd-sysusers', "--root=$dir/root",
	    "$build/etc/sysusers.d/vc5d.conf");
	is($status, 0, 'a user is made') or diag($output);
	like(slurp("$dir/root/etc/passwd"),
	    qr{^_vc5d:.*:/:/usr/sbin/nologin$}m, 'who can not log in');
	($status, $output) = run('systemd-tmpfiles', "--root=$dir/root",
	    '--create', "$build/etc/tmpfiles.d/vc5d.conf");
	is($status, 0, 'a directory is made') or diag($output);
	my $state = "$dir/root" . variable('localstatedir') . '/lib/vc5d';
	is((stat($state))[2] & 07777, 0700, "for its owner alone");
};

subtest "OpenRC's script" => sub {
	needs('shellcheck');
	my ($status, $output) = run('shellcheck', '-s', 'sh',
	    '-e', 'SC2034', "$build/etc/openrc/vc5d");
	is($status, 0, 'is a clean script') or diag($output);
};

# Lists of files, one that rpm makes and one that make does.
subtest 'the RPM spec' => sub {
	needs('rpmspec');
	my $spec = "$source/contrib/vc5d.spec";
	my ($status, $output) = run('rpmspec', '-P', $spec);
	is($status, 0, 'can be read') or diag($output);
	unlike($output, qr/^(warning|error)/m, 'without complaints');
	like($output, qr/^Version:\s+\Q${\variable('VERSION')}\E$/m,
	    "has configure's version");
	my ($list) = $output =~ /^%files\n(.*?)^%changelog/ms;
	my @globs = map { s/^%config\S* //r }
	    grep { m{^(%config\S* )?/} } split(/\n/, $list);
	($status, $output) = run('make', '-s', $made, '-C', $build, 'install',
	    "DESTDIR=$dir/rpm", 'prefix=/usr', 'exec_prefix=/usr',
	    'sbindir=/usr/sbin', 'sysconfdir=/etc', 'datarootdir=/usr/share',
	    'initdir=/nowhere');
	is($status, 0, 'make install as it does') or diag($output);
	run('rm', '-r', "$dir/rpm/nowhere");
	for my $glob (@globs) {
		my @files = glob("$dir/rpm$glob");
		ok(scalar(@files), "$glob is installed");
		run('rm', '-rf', @files);
	}
	(undef, $output) = run('find', "$dir/rpm", '-type', 'f');
	is($output, '', 'nothing that is installed is missing in it');
};

done_testing();
