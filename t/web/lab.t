#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The console of the real daemon, in a real browser, with real servers that
# die: lab.mjs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../net";
use Lab;
use Test::More;

$ENV{VC5_SRC} = $source;
$ENV{VC5_BUILD} = $build;
my (undef, $missing) = run("$FindBin::Bin/run");
plan(skip_all => $1) if $missing =~ /^1\.\.0 # SKIP (.*)/m;
lab_up();

# A name that nobody should choose.
my $hostile = q{<img src=x onerror="window.harmed=1"></script>} . "\x{202e}";
configure('lb1', sub {
	$_[0]->{services}[0]{description} = $hostile;
});
ok(reload('lb1'), 'a hostile description is no error');

# What node tells, as tests of this file.
my ($address) = slurp("$state/lb1/management-address") =~ /(\S+)/;
$ENV{VC5_LAB} = $Lab::name;
$ENV{VC5_WEB_HOST} = 'lb1';
open(my $in, '-|', "$FindBin::Bin/run", 'lab.mjs', "http://$address:8080/")
    or die "$FindBin::Bin/run: $!";
my $failed = 0;
while (my $line = <$in>) {
	if ($line =~ /^(not )?ok \d+ - (.*)/) {
		$failed = defined($1);
		ok(!$failed, $2);
	} elsif ($line =~ /^# ?(.*)/) {
		$failed ? diag($1) : note($1);
	}
}
close($in);
is($?, 0, 'the browser has come to its end');
delete @ENV{qw(VC5_LAB VC5_WEB_HOST)};
finish();
