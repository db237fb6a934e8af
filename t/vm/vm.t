#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The same tests on other kernels, in virtual machines: t/vm/guest/run says
# what is run there, contrib/vm makes the machines.
use strict;
use warnings;
use FindBin;
use POSIX ();
use Test::More;
use Time::HiRes qw(time);

my $source = $ENV{VC5_SRC} || "$FindBin::Bin/../..";
my @releases = split(' ', $ENV{VC5_KERNELS} // '6.1 6.12');
my $pattern = $ENV{VC5_VM_ONLY} // '*';
my $seconds = 1200;
my $impossible = 77;

# A line of TAP of the machine, as one of this test.
sub result
{
	my ($name, $not, $description) = @_;

	if ($description =~ /# *skip\b *(.*)/i) {
		SKIP: { skip("$name: $1", 1) }
		return 1;
	}
	return ok(!$not, "$name: $description");
}

# A test in the machine has ended: what it said, and its exit status.
sub ended
{
	my ($name, $status, @lines) = @_;

	my ($count, $plan, $good) = (0, undef, $status == 0);
	for (@lines) {
		if (/^1\.\.0 *# *skip *(.*)/i) {
			SKIP: { skip("$name: $1", 1) }
			return;
		} elsif (/^1\.\.(\d+)/) {
			$plan = $1;
		} elsif (/^(not )?ok\b *\d* *(?:- *)?(.*)/) {
			$good &= result($name, $1, $2);
			$count++;
		} elsif (/^# (\S+ ended .*)/) {
			note("$name: $1");
		}
	}
	$good &= ok($status == 0 && defined $plan && $count == $plan,
	    "$name: has come to its end, all well");
	diag("$name: $_") for $good ? () : @lines;
}

# What a machine has said: how many tests it ran, and its last words.
sub follow
{
	my ($release, $machine) = @_;

	my ($tests, $name, @lines) = (0);
	while (defined(local $_ = <$machine>)) {
		s/\r?\n$//;
		if (/^begin (\S+)$/) {
			($name, @lines) = ($1);
		} elsif (/^end (\S+) (\d+)$/ && defined $name) {
			ended("$release: $name", $2, @lines);
			diag("$release: $_") for map {
				/(the verifier .*)/ ? $1 : () } @lines;
			undef $name;
			$tests++;
		} elsif (defined $name) {
			push(@lines, $_);
		} else {
			push(@lines, $_);
			diag("$release: $_");
		}
	}
	ended("$release: $name", 1, @lines, 'the machine ended here')
	    if defined $name;
	return ($tests, $lines[-1] // 'no reason given');
}

# Start a machine, which writes to a file.
sub start
{
	my ($release) = @_;

	open(my $output, '+>', undef) or die "temporary file: $!";
	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>&', $output);
		open(STDERR, '>&', $output);
		exec("$source/contrib/vm", '-t', $seconds, $release,
		    '/src/t/vm/guest/run', $pattern) or POSIX::_exit(127);
	}
	return {release => $release, output => $output, pid => $pid};
}

# A machine has come to its end.
sub finished
{
	my ($machine, $status) = @_;

	my $release = $machine->{release};
	seek($machine->{output}, 0, 0);
	my ($tests, $last) = follow($release, $machine->{output});
	if ($status >> 8 == $impossible) {
		SKIP: { skip("$release: $last", 1) }
		return;
	}
	is($status, 0, "$release: the machine comes to its end");
	cmp_ok($tests, '>', 0, "$release: $tests tests have run");
}

# A machine takes one processor, and those who test have two.
my $start = time();
my @machines = map { start($_) } @releases;
for my $machine (@machines) {
	waitpid($machine->{pid}, 0);
	finished($machine, $?);
	note(sprintf('%s: %.0f seconds', $machine->{release},
	    time() - $start));
}
done_testing();
