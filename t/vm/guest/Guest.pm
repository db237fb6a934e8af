# SPDX-License-Identifier: ISC
# What the tests in the virtual machine share: hosts, which are network
# namespaces, processes in them, vc5d, and waiting for conditions.
package Guest;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(time sleep);

our @EXPORT = qw(ip batch host on quietly start stop wait_for slurp spew
    vc5d_start vc5ctl status programs);

my %running;
my @hosts;
my $main = $$;

# Not the one of busybox, which its shell would prefer.
my ($ip) = grep { -x } qw(/usr/sbin/ip /sbin/ip /usr/bin/ip /bin/ip);

sub slurp
{
	my ($path) = @_;

	open(my $file, '<', $path) or return '';
	local $/;
	return scalar(<$file>) // '';
}

sub spew
{
	my ($path, $text) = @_;

	open(my $file, '>', $path) or die "$path: $!";
	print $file $text;
	close($file) or die "$path: $!";
}

# A command that has to succeed.
sub must
{
	my @command = @_;

	system(@command) == 0 or die "@command: status $?";
}

sub ip
{
	must($ip, @_);
}

# Many commands of ip in one process: one a line.
sub batch
{
	my ($host, $lines) = @_;

	open(my $pipe, '|-', $ip, ($host ? ('-n', $host) : ()), '-batch', '-')
	    or die "ip: $!";
	print $pipe $lines;
	close($pipe) or die "$host: ip -batch: status $?\n$lines";
}

# Make a host, with these settings of net.ipv4.conf and so on in place.
sub host
{
	my ($name, %sysctl) = @_;

	ip('netns', 'add', $name);
	push(@hosts, $name);
	ip('-n', $name, 'link', 'set', 'lo', 'up');
	my %all = ('ipv4.conf.all.rp_filter' => 0,
	    'ipv4.conf.default.rp_filter' => 0,
	    # An address that is tentative is of no use yet, and none is twice
	    'ipv6.conf.all.accept_dad' => 0,
	    'ipv6.conf.default.accept_dad' => 0,
	    %sysctl);
	on($name, 'sysctl', '-q', '-w',
	    map { "net.$_=$all{$_}" } sort keys %all);
}

# The words that run a command on a host.
sub there
{
	my ($host) = @_;

	return ('nsenter', "--net=/run/netns/$host");
}

sub on
{
	my ($host, @command) = @_;

	must(there($host), @command);
}

# The same, of a command that says what it has done.
sub quietly
{
	my ($host, @command) = @_;

	on($host, 'bash', '-c', 'exec "$@" >/dev/null', 'bash', @command);
}

# Start a process; what it says goes to /tmp/NAME.log.
sub start
{
	my ($name, $host, @command) = @_;

	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', "/tmp/$name.log");
		open(STDERR, '>&', \*STDOUT);
		exec(there($host), @command) or POSIX::_exit(127);
	}
	$running{$name} = $pid;
	return $pid;
}

# End a process: its status.
sub stop
{
	my ($name, $signal) = @_;

	my $pid = delete $running{$name} // return;
	kill($signal // 'TERM', $pid);
	waitpid($pid, 0);
	return $?;
}

# wait_for SECONDS, CONDITION: its value as soon as it is true, or false when
# the time is over.
sub wait_for
{
	my ($seconds, $condition) = @_;

	my $deadline = time() + $seconds;
	while (1) {
		my $value = $condition->();
		return $value if $value || time() > $deadline;
		sleep(0.05);
	}
}

# vc5d with a configuration, on a host, answering vc5ctl.
sub vc5d_start
{
	my ($host, $config) = @_;

	spew('/tmp/vc5d.conf', JSON::PP->new->canonical->encode({
	    limits => {flows => 65536, services => 64, destinations => 256},
	    webserver => JSON::PP::false, stop_delay => 0, %$config}));
	start('vc5d', $host, '/build/vc5d', '-d', '-f', '/tmp/vc5d.conf');
	return 1 if wait_for(60, sub { status() });
	diag(slurp('/tmp/vc5d.log'));
	return 0;
}

sub vc5ctl
{
	my @words = @_;

	open(my $pipe, '-|', "exec /build/vc5ctl @words 2>/tmp/vc5ctl.log")
	    or die "vc5ctl: $!";
	local $/;
	my $text = <$pipe> // '';
	return close($pipe) ? $text : undef;
}

# The status document, or undef while there is none.
sub status
{
	my $text = vc5ctl('-j', 'show', 'summary') // return;
	return eval { decode_json($text) };
}

# The BPF programs that are loaded: name to number of verified instructions.
sub programs
{
	return map { split } `/build/t/vm/programs`;
}

END {
	if ($$ == $main) {
		my $status = $?;
		kill('KILL', values %running);
		waitpid($_, 0) for values %running;
		system($ip, 'netns', 'delete', $_) for @hosts;
		$? = $status;
	}
}

1;
