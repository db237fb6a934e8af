#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What a service manager is told, by sd_notify(3)'s protocol: this test is the
# one that listens.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Alone;
use IO::Handle;
use IO::Select;
use Lab;
use POSIX qw(uname);
use Socket;
use Test::More;
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

alone_up();

# A socket that listens, by its address's bytes; and what it has heard.
my ($listener, @heard);

sub listen_at
{
	my ($name) = @_;

	# Abstract names are those of a network namespace: be there meanwhile.
	open(my $home, '<', '/proc/self/ns/net') or die "my own namespace: $!";
	open(my $there, '<', "/run/netns/$netns") or die "$netns: $!";
	enter($there);
	socket($listener, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
	unlink($name) if $name =~ m{^/};
	bind($listener, pack_sockaddr_un($name)) or die "bind: $!";
	enter($home);
	$listener->blocking(0);
	@heard = ();
}

# setns(2), which Perl has no function for.
sub enter
{
	my ($namespace) = @_;
	my $number = (uname())[4] eq 'x86_64' ? 308 : 268;

	syscall($number, fileno($namespace), 0) == 0 or die "setns: $!";
}

sub hear
{
	my $datagram;

	push(@heard, $datagram)
	    while defined recv($listener, $datagram, 65536, 0);
	return @heard;
}

# Something like that comes, after having forgotten what came before.
sub told
{
	my ($pattern, $test) = @_;
	my @last;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually($test, sub {
		hear();
		while (@heard) {
			push(@last, shift(@heard));
			return 1 if $last[-1] =~ $pattern;
		}
		return 0;
	}, sub { join("\n--\n", @last, alone_log()) });
	return $last[-1] // '';
}

# Pings no longer come: none in a whole second, four times what they are apart.
sub silent
{
	my ($test) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually($test, sub {
		hear();
		@heard = ();
		IO::Select->new($listener)->can_read(1);
		return !grep { /WATCHDOG=1/ } hear();
	});
}

my $socket = "$dir/notify";
my $vc5d;

subtest 'ready' => sub {
	listen_at($socket);
	$vc5d = alone_begin("NOTIFY_SOCKET=$socket");
	my $first = told(qr/STATUS=/, 'it says something at once');
	is($first, 'STATUS=starting', 'namely that it is starting');
	my $ready = told(qr/^READY=1$/m, 'it says that it is ready');
	like($ready, qr/^MAINPID=$vc5d$/m, 'and which process it is');
	like($ready, qr/^STATUS=1 VIP, without BGP, \d+ problem/m,
	    'and how it is');
	my ($status) = alone_ctl('show', 'summary');
	is($status, 0, 'which is true');
	unlike(join("\n", hear()), qr/WATCHDOG/, 'there are no pings, unasked');
};

# By the clock that systemd looks at, too.
sub microseconds
{
	return int(clock_gettime(CLOCK_MONOTONIC) * 1000000);
}

# Two lines at least: that it begins, and that it has ended.
sub reloads
{
	my ($how, $result, $order) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $before = microseconds();
	$order->();
	my $begin = told(qr/^RELOADING=1$/m, "$how: it says that it reloads");
	like($begin, qr/^MONOTONIC_USEC=\d+$/m, 'and when that began');
	my ($time) = $begin =~ /^MONOTONIC_USEC=(\d+)$/m;
	cmp_ok($time // 0, '>=', $before, 'which is not before the order');
	cmp_ok($time // 0, '<=', microseconds(), 'nor to come');
	like($begin, qr/^STATUS=reloading$/m, 'for people, too');
	my $end = told(qr/^READY=1$/m, 'then that it has');
	like($end, $result, 'and with what result');
}

subtest 'reloading' => sub {
	my $signal = sub { kill('HUP', $vc5d) };

	reloads('by a signal', qr/problems?$/m, $signal);
	reloads('by vc5ctl', qr/problems?$/m, sub { alone_ctl('reload') });
	spew("$dir/vc5d.conf", '{');
	reloads('a broken file', qr/; the last reload was refused$/m, $signal);
	alone_conf();
	reloads('a good one', qr/problems?$/m, $signal);
};

subtest 'figures' => sub {
	alone_conf(sub {
		$_[0]->{services}[0]{virtual} = ['192.0.2.1', '192.0.2.2'] });
	kill('HUP', $vc5d);
	told(qr/^STATUS=2 VIPs, without BGP, \d+ problems$/m,
	    'they are of the new configuration');
	run('ip', '-n', $netns, 'link', 'set', 'eth0', 'down');
	my $more = told(qr/^STATUS=2 VIPs.* problems$/m, 'a problem arises');
	unlike($more, qr/READY/, 'which does not make it ready again');
	run('ip', '-n', $netns, 'link', 'set', 'eth0', 'up');
	alone_conf();
};

subtest 'the engine dies' => sub {
	kill('KILL', engine($vc5d));
	told(qr/^STATUS=the engine died \(signal 9/, 'it says so');
	told(qr/^STATUS=\d VIP/m, 'and when another one has taken over');
};

subtest 'stopping' => sub {
	kill('TERM', $vc5d);
	my $stop = told(qr/^STOPPING=1$/m, 'it says that it stops');
	like($stop, qr/^EXTEND_TIMEOUT_USEC=30000000$/m, 'and for how long');
	like($stop, qr/^STATUS=stopping/m, 'for people, too');
	alone_end($vc5d);
	unlike(join("\n", hear()), qr/READY/, 'nothing takes that back');
};

subtest 'a watchdog, at an abstract socket' => sub {
	listen_at("\0$socket");
	alone_conf(sub { $_[0]->{dead_man} = 0 });
	$vc5d = alone_begin("NOTIFY_SOCKET=\@$socket", 'WATCHDOG_USEC=1000000');
	told(qr/^READY=1$/m, 'it is ready');
	told(qr/^WATCHDOG=1$/, 'it pings') for 1 .. 3;
	kill('STOP', engine($vc5d));
	silent('not when the engine hangs, and dead_man would let it');
	kill('CONT', engine($vc5d));
	told(qr/^WATCHDOG=1$/, 'but when it goes on');
	alone_end($vc5d);
};

subtest 'with dead_man' => sub {
	listen_at($socket);
	alone_conf(sub { $_[0]->{dead_man} = 1 });
	$vc5d = alone_begin("NOTIFY_SOCKET=$socket", 'WATCHDOG_USEC=1000000');
	told(qr/^READY=1$/m, 'it is ready');
	kill('STOP', engine($vc5d));
	told(qr/no sign of life/, 'an engine that hangs is replaced');
	told(qr/^STATUS=1 VIP/m, 'by another one');
	told(qr/^WATCHDOG=1$/, 'which is worth a ping');
	alone_end($vc5d);
};

subtest "a watchdog of somebody else's" => sub {
	listen_at($socket);
	$vc5d = alone_begin("NOTIFY_SOCKET=$socket", 'WATCHDOG_USEC=4000',
	    'WATCHDOG_PID=1');
	told(qr/^READY=1$/m, 'it is ready');
	told(qr/^STATUS=/m, 'and tells things') if kill('HUP', $vc5d);
	alone_end($vc5d);
	unlike(join("\n", hear()), qr/WATCHDOG/, 'but does not ping');
};

subtest 'in the background' => sub {
	listen_at($socket);
	my ($status, $output) = run(inside('env', "NOTIFY_SOCKET=$socket",
	    "$build/vc5d", '-f', "$dir/vc5d.conf", '-p', "$dir/pid"));
	is($status, 0, 'it starts') or diag($output);
	my $parent = slurp("$dir/pid") + 0;
	like(told(qr/^READY=1$/m, 'it is ready'), qr/^MAINPID=$parent$/m,
	    'and says which process it has become');
	kill('TERM', $parent);
	wait_for(sub { !readlink("/proc/$parent/exe") });
};

subtest 'a manager that does not listen' => sub {
	listen_at($socket);
	socket(my $filler, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!";
	$filler->blocking(0);
	1 while send($filler, 'full', 0, pack_sockaddr_un($socket));
	$vc5d = alone_begin("NOTIFY_SOCKET=$socket", 'WATCHDOG_USEC=400000');
	eventually('keeps nobody waiting',
	    sub { (alone_ctl('show', 'summary'))[0] == 0 });
	told(qr/^READY=1$/m, 'and is told once it does');
	alone_end($vc5d);
};

subtest 'a manager that is not there' => sub {
	close($listener);
	$vc5d = alone_begin("NOTIFY_SOCKET=$socket", 'WATCHDOG_USEC=400000');
	eventually('keeps nobody waiting',
	    sub { (alone_ctl('show', 'summary'))[0] == 0 });
	my @lines = alone_log() =~ /telling the service manager/g;
	is(scalar(@lines), 1, 'it says so once') or diag(alone_log());
	listen_at($socket);
	told(qr/^READY=1$/m, 'one that comes is told');
	alone_end($vc5d);
	$vc5d = alone_begin('NOTIFY_SOCKET=nonsense');
	eventually('neither does a name that is none',
	    sub { (alone_ctl('show', 'summary'))[0] == 0 });
	like(alone_log(), qr/NOTIFY_SOCKET is not the name of a socket/,
	    'of which it says so');
	alone_end($vc5d);
};

done_testing();
