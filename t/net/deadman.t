#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The dead-man's switch: the engine dies, hangs or loops, or its parent does.
# The router's table is the judge.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;
use Time::HiRes qw(time);

my $url = 'http://192.0.2.1/';
my @vips = ('192.0.2.1', '192.0.2.2', '2001:db8:0:100::1');

lab_up();
configure('lb1', sub { $_[0]->{stop_delay} = 0.5 });

sub parent
{
	return process('vc5d-lb1');
}

# Does the router send packets for a VIP to lb1?
sub announced
{
	my ($vip) = @_;

	return scalar(grep { /^(198\.51\.100\.11|2001:db8:0:1::11)$/ }
	    next_hops($vip));
}

sub all_announced
{
	return @vips == grep { announced($_) } @vips;
}

sub none_announced
{
	return !grep { announced($_) } @vips;
}

# How long until all are withdrawn from now on; printed, not judged.
sub withdrawn
{
	my ($limit) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	my $took = eventually('its VIPs leave the router', \&none_announced,
	    sub { vc5d_log('lb1') });
	note(sprintf("after %.2f s; dead_man is %s", $took // -1, $limit));
}

sub back
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually('they are announced again', \&all_announced,
	    sub { vc5d_log('lb1') });
}

sub set_dead_man
{
	my ($seconds) = @_;

	configure('lb1', sub { $_[0]->{dead_man} = $seconds });
	ok(reload('lb1'), "dead_man is $seconds");
	# It tells its parent that it goes on in the turn of its loop that follows.
	vc5ctl('lb1', 'show', 'summary') for 1 .. 2;
}

# Wait for another engine than this one; which has taken over.
sub another
{
	my ($before, $offset) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually('a fresh engine takes over', sub {
		vc5d_log('lb1', $offset) =~ /has taken over/ },
	    sub { vc5d_log('lb1', $offset) });
	isnt(engine(parent()), $before, 'it is another one');
}

# All that the router says of routes, until it is stopped.
sub monitor_start
{
	return on_start('router', "$state/monitor.log", 'sh', '-c',
	    'echo begin; exec ip monitor route');
}

sub monitor_stop
{
	process_stop($_[0]);
	return slurp("$state/monitor.log");
}

subtest 'the two processes' => sub {
	my (undef, $titles) = run('ps', '-o', 'args=', '-p',
	    parent() . ',' . engine(parent()));
	like($titles, qr/^vc5d: parent/m, 'the parent says what it is');
	like($titles, qr/^vc5d: engine/m, 'so does the engine');
	is(vc5ctl('lb1', 'show', 'summary')->{engine}{restarts}, 0,
	    'no engine has died');
};

subtest 'the engine is killed' => sub {
	set_dead_man(60); # a start takes as long as it takes here
	ok(all_announced(), 'all is announced');
	my $engine = engine(parent());
	my $offset = log_size('lb1');
	my $monitor = monitor_start();
	my $load = load_start($url);
	load_more($load, 50);
	kill('KILL', $engine);
	another($engine, $offset);
	eventually('which bgpd is connected to', sub {
		(vc5ctl('lb1', 'show', 'bgp') // {})->{connected} });
	load_more($load, 100);
	my @requests = load_stop($load);
	my @failed = grep { $_->{error} } @requests;
	is(scalar(@failed), 0, 'no request failed, of ' . scalar(@requests)) or
	    diag(explain(@failed > 5 ? @failed[0 .. 4] : @failed));
	my $said = monitor_stop($monitor);
	unlike($said, qr/192\.0\.2\.|2001:db8:0:100::/,
	    'the router never saw a change');
	my $engine_status = vc5ctl('lb1', 'show', 'summary')->{engine};
	is($engine_status->{restarts}, 1, 'the status counts it');
	like($engine_status->{reason}, qr/^signal 9/, 'and says why');
	like(vc5d_log('lb1', $offset), qr/the engine died: signal 9/,
	    'so does the log');
};

subtest 'a signal still reaches the fresh one' => sub {
	my $offset = log_size('lb1');
	kill('USR1', parent()); # is ignored
	kill('HUP', parent());
	eventually('it reloads',
	    sub { vc5d_log('lb1', $offset) =~ /reloaded: / });
};

subtest 'the file is broken when the engine dies' => sub {
	my $good = slurp("$state/lb1/vc5d.conf");
	my $engine = engine(parent());
	my $offset = log_size('lb1');
	my $monitor = monitor_start();
	spew("$state/lb1/vc5d.conf", '{"interfaces": []}');
	kill('KILL', $engine);
	another($engine, $offset);
	ok(all_announced(), 'on what was in force before');
	like(vc5d_log('lb1', $offset), qr/vc5d\.conf:1:\d+: /,
	    'the log says what is wrong');
	eventually('the status says so', sub {
		grep { /^the file was not used when the engine died/ }
		    @{(vc5ctl('lb1', 'show', 'summary') // {})->{problems} // []} });
	spew("$state/lb1/vc5d.conf", $good);
	ok(reload('lb1'), 'until the file is good and in force again');
	is_deeply([grep { /^the file/ }
	    @{vc5ctl('lb1', 'show', 'summary')->{problems}}], [],
	    'which it no longer says then');
	unlike(monitor_stop($monitor), qr/192\.0\.2\.|2001:db8:0:100::/,
	    'the router never saw a change');
};

# Orders that can't be read keep an engine from starting.
sub keep_away
{
	spew("$state/lb1/overrides", 'nonsense');
}

sub let_in
{
	unlink("$state/lb1/overrides");
}

subtest 'the engine can not come back' => sub {
	set_dead_man(2);
	my $offset = log_size('lb1');
	keep_away();
	kill('KILL', engine(parent()));
	withdrawn(2);
	eventually('the log says what is wrong', sub {
		vc5d_log('lb1', $offset) =~ /lb1\/overrides/ });
	like(vc5d_log('lb1', $offset), qr/no engine steers: withdrawing 4 VIPs/,
	    'and that it withdraws');
	let_in();
	eventually('it comes back when it can', sub {
		vc5d_log('lb1', $offset) =~ /has taken over/ });
	back();
	set_dead_man(60); # who waits for a processor meanwhile is not silent
};

subtest 'the engine babbles' => sub {
	my $engine = engine(parent());
	my ($status, $output) =
	    run('timeout', 60, "$source/t/net/babble", $engine, 5000);
	plan(skip_all => $output) if $status == 77;
	is($status, 0, 'all of it was listened to') or diag($output);
	is(engine(parent()), $engine, 'nobody was killed for it');
	ok(all_announced(), 'and nothing withdrawn');
};

# That it is silent afterwards is still noticed.
subtest 'the engine is stopped' => sub {
	set_dead_man(2);
	my $engine = engine(parent());
	my $offset = log_size('lb1');
	kill('STOP', $engine);
	withdrawn(2);
	another($engine, $offset);
	back();
	like(vc5ctl('lb1', 'show', 'summary')->{engine}{reason},
	    qr/no sign of life/, 'the status says why');
};

# A vc5d of which no engine has died.
sub anew
{
	kill_now('vc5d-lb1');
	start('vc5d-lb1');
	wait_for(sub { services('lb1') == 4 && all_announced() }) or
	    diag(vc5d_log('lb1'));
}

subtest 'the engine loops' => sub {
	anew();
	my $engine = engine(parent());
	my $offset = log_size('lb1');
	my ($status, $output) = run("$build/t/net/spin", $engine);
	plan(skip_all => $output) if $status == 77;
	is($status, 0, 'it does') or diag($output);
	withdrawn(2);
	another($engine, $offset);
	back();
};

# A bgpctl that hangs, once it is asked for something, until a file is there; and
# that leaves processes behind which nobody waits for.  They tell of themselves
# once they are in a session of their own: before, they end with it.
sub obstruct
{
	my ($verb) = @_;

	my $real = config('lb1')->{bgp}{bgpctl};
	spew("$state/lb1/bgpctl", <<"END");
#!/bin/sh
setsid sh -c 'echo \$\$ >>$state/lb1/strays; exec sleep 1000' >/dev/null 2>&1 &
setsid true >/dev/null 2>&1 &
case "\$*" in *'$verb'*)
	echo \$\$ >>$state/lb1/hung
	test -e $state/lb1/go || exec sleep 1000 ;;
esac
exec $real "\$@"
END
	chmod(0755, "$state/lb1/bgpctl");
	configure('lb1', sub { $_[0]->{bgp}{bgpctl} = "$state/lb1/bgpctl" });
	ok(reload('lb1'), "a bgpctl that hangs at $verb");
	eventually('with which all is announced', sub {
		@{(vc5ctl('lb1', 'show', 'bgp') // {})->{announced} // []} == 4 });
	return $real;
}

subtest 'bgpctl hangs while nobody steers' => sub {
	anew();
	my $real = obstruct('bulk delete');
	my $good = slurp("$state/lb1/vc5d.conf");
	my $offset = log_size('lb1');
	my @strays = split(' ', slurp("$state/lb1/strays"));
	is(scalar(grep { readlink("/proc/$_/exe") } @strays), scalar(@strays),
	    'what it leaves behind runs on: ' . @strays);
	eventually('who of them ends is waited for', sub {
		my (undef, $children) =
		    run('ps', '--ppid', parent(), '-o', 'stat=');
		$children !~ /Z/ });
	keep_away();
	kill('KILL', engine(parent()));
	eventually('the parent kills it at its timeout', sub {
		vc5d_log('lb1', $offset) =~ /did not end in time; trying/ });
	ok(all_announced(), 'so far the VIPs are announced');
	spew("$state/lb1/go", '');
	withdrawn('over, once it works');
	my ($hung) = split(' ', slurp("$state/lb1/hung"));
	ok(!readlink("/proc/$hung/exe"), 'the one that hung is gone');
	eventually('so is what the dead engine had left behind', sub {
		!grep { readlink("/proc/$_/exe") } @strays });
	$good =~ s{"\Q$state\E/lb1/bgpctl"}{"$real"};
	spew("$state/lb1/vc5d.conf", $good);
	let_in();
	eventually('a fresh engine takes over', sub {
		vc5d_log('lb1', $offset) =~ /has taken over/ });
	back();
};

subtest 'bgp leaves the configuration while nobody steers' => sub {
	anew();
	set_dead_man(60);
	my $offset = log_size('lb1');
	my $bgp = config('lb1')->{bgp};
	configure('lb1', sub { $_[0]->{bgp}{enabled} = JSON::PP::false });
	kill('KILL', engine(parent()));
	withdrawn('not over');
	unlike(vc5d_log('lb1', $offset), qr/no engine steers/,
	    'the fresh engine did that');
	configure('lb1', sub { $_[0]->{bgp} = $bgp });
	ok(reload('lb1'), 'it is in the configuration again');
	back();
};

subtest 'the parent is stopped for a while' => sub {
	set_dead_man(2);
	my $engine = engine(parent());
	kill('STOP', parent());
	my $since = vc5ctl('lb1', 'show', 'summary')->{uptime};
	eventually('for longer than dead_man', sub {
		vc5ctl('lb1', 'show', 'summary')->{uptime} > $since + 4 });
	kill('CONT', parent());
	my $offset = log_size('lb1');
	kill('HUP', parent());
	eventually('then it does what it is told',
	    sub { vc5d_log('lb1', $offset) =~ /reloaded: / });
	is(engine(parent()), $engine, 'it has killed nobody');
	ok(all_announced(), 'and withdrawn nothing');
};

subtest 'nobody reads the log' => sub {
	stop('vc5d-lb1');
	# A pipe that is full.
	my $fifo = "$state/lb1/log";
	run('mkfifo', $fifo);
	open(my $reader, '+<', $fifo) or die "$fifo: $!";
	my $vc5d = process_start('/dev/null', 'nsenter',
	    "--net=/run/netns/$prefix-lb1", 'sh', '-c',
	    "exec $build/vc5d -d -f $state/lb1/vc5d.conf 2>>$fifo");
	back();
	my $parent = $vc5d;
	my $engine = engine($parent);
	fill($reader);
	kill('STOP', $engine);
	withdrawn(2);
	kill_vc5d($vc5d);
	process_running($vc5d);
	close($reader);
	ok(start('vc5d-lb1'), 'the usual one is started');
	back();
	set_dead_man(60);
};

sub fill
{
	my ($pipe) = @_;

	$pipe->blocking(0);
	1 while syswrite($pipe, 'x' x 4096);
	1 while syswrite($pipe, 'x');
	$pipe->blocking(1);
}

subtest 'the parent is killed' => sub {
	my $engine = engine(parent());
	my $load = load_start($url);
	load_more($load, 50);
	kill('KILL', parent());
	withdrawn('not for this');
	eventually('the engine ends', sub { !readlink("/proc/$engine/exe") });
	load_more($load, 50);
	my @requests = load_stop($load);
	is(scalar(grep { $_->{error} } @requests), 0,
	    'no request failed, of ' . scalar(@requests));
	unlike(on('lb1', 'ip', 'link'), qr/xdp|vc5d0/,
	    'no program and no device are left');
	ok(start('vc5d-lb1'), 'another vc5d starts');
	back();
};

subtest 'the parent is killed, and a signal to stop comes as well' => sub {
	my $engine = engine(parent());
	my $offset = log_size('lb1');
	kill('KILL', parent());
	kill('TERM', $engine);
	withdrawn('not for this');
	eventually('the engine ends', sub { !readlink("/proc/$engine/exe") });
	like(vc5d_log('lb1', $offset), qr/forwarding for another.*stopped$/ms,
	    'after having gone on forwarding, as always');
	ok(start('vc5d-lb1'), 'another vc5d starts');
	back();
};

subtest 'a signal to all processes stops once' => sub {
	my ($parent, $engine) = (parent(), engine(parent()));
	my $offset = log_size('lb1');
	kill('TERM', $engine, $parent);
	eventually('it ends', sub { !readlink("/proc/$parent/exe") });
	eventually('its VIPs are withdrawn', \&none_announced);
	like(vc5d_log('lb1', $offset), qr/forwarding for another.*stopped$/ms,
	    'it has gone on forwarding');
	ok(start('vc5d-lb1'), 'another vc5d starts');
	back();
};

# Have VIPs leave for a minute, which a signal begins.
sub leave
{
	configure('lb1', sub { $_[0]->{bgp}{graceful_shutdown} = 60 });
	ok(reload('lb1'), 'VIPs are to leave for a minute');
	my $offset = log_size('lb1');
	kill('TERM', parent());
	eventually('they leave', sub {
		vc5d_log('lb1', $offset) =~ /telling routers that VIPs leave/ });
	eventually('and are still announced', \&all_announced);
}

sub stay
{
	configure('lb1', sub { delete $_[0]->{bgp}{graceful_shutdown} });
	ok(start('vc5d-lb1'), 'another vc5d starts');
	back();
}

subtest 'a second signal while VIPs leave' => sub {
	leave();
	my $parent = parent();
	my $offset = log_size('lb1');
	kill('TERM', $parent);
	eventually('it ends', sub { !readlink("/proc/$parent/exe") });
	eventually('its VIPs are withdrawn', \&none_announced);
	like(vc5d_log('lb1', $offset), qr/forwarding for another.*stopped$/ms,
	    'it has gone on forwarding');
	stay();
};

subtest 'a third one, while bgpctl hangs' => sub {
	my $real = config('lb1')->{bgp}{bgpctl};
	spew("$state/lb1/bgpctl", <<"END");
#!/bin/sh
case "\$*" in *'bulk delete'*)
	grep -q engine /proc/\$PPID/cmdline && exec sleep 1000 ;;
esac
exec $real "\$@"
END
	chmod(0755, "$state/lb1/bgpctl");
	configure('lb1', sub { $_[0]->{bgp}{bgpctl} = "$state/lb1/bgpctl" });
	leave();
	my $parent = parent();
	my $offset = log_size('lb1');
	kill('TERM', $parent);
	eventually('the engine withdraws', sub {
		vc5d_log('lb1', $offset) =~ /stopping: withdrawing/ });
	ok(all_announced(), 'in vain so far');
	kill('TERM', $parent);
	eventually('it ends', sub { !readlink("/proc/$parent/exe") });
	eventually('its VIPs are withdrawn', \&none_announced);
	like(vc5d_log('lb1', $offset), qr/no engine steers: withdrawing \d VIPs/,
	    'by the parent');
	configure('lb1', sub { $_[0]->{bgp}{bgpctl} = $real });
	stay();
};

subtest 'both are killed' => sub {
	kill_now('vc5d-lb1');
	ok(all_announced(), 'VIPs stay announced: nobody is left to withdraw');
	ok(start('vc5d-lb1'), 'the next one starts');
	eventually('and takes over', sub { services('lb1') == 4 });
	ok(all_announced(), 'what is still announced');
};

subtest 'in the background' => sub {
	stop('vc5d-lb1');
	my @command = ("$build/vc5d", '-f', "$state/lb1/vc5d.conf",
	    '-p', "$state/lb1/vc5d.pid");
	my ($status, $output) = on('lb1', 'timeout', 60, @command);
	is($status, 0, 'it returns when it works') or diag($output);
	my ($parent) = slurp("$state/lb1/vc5d.pid") =~ /^(\d+)/;
	like(slurp("/proc/$parent/cmdline"), qr/^vc5d: parent/,
	    'the pid file names the parent');
	eventually('it listens', sub { services('lb1') == 4 });
	($status, $output) = on('lb1', 'timeout', 60, @command);
	is($status, 1, 'a second one does not start');
	like($output, qr/already running, process $parent/, 'and says why');
	my $engine = engine($parent);
	kill('KILL', $engine);
	eventually('an engine that dies is replaced', sub {
		((vc5ctl('lb1', 'show', 'summary') // {})->{engine}
		    // {})->{restarts} });
	kill('TERM', $parent);
	eventually('it ends', sub { !readlink("/proc/$parent/exe") });
	ok(!-e "$state/lb1/vc5d.pid", 'and removes the pid file');

	spew("$state/lb1/bad.conf", '{}');
	($status, $output) = on('lb1', 'timeout', 60, "$build/vc5d", '-f',
	    "$state/lb1/bad.conf");
	is($status, 1, 'with a bad file it fails');
	like($output, qr/interfaces: /, 'and says so');
	configure('lb1', sub { $_[0]->{pin_directory} = '/proc/none' });
	($status, $output) = on('lb1', 'timeout', 60, @command);
	is($status, 1, 'where it can not work it fails');
	like($output, qr{/proc/none}, 'and says why');
	ok(!-e "$state/lb1/vc5d.pid", 'no pid file is left');
};

finish();
