# SPDX-License-Identifier: ISC
# What the tests in this directory share: a lab of their own, made by
# contrib/lab beside any other, with checks five times a second; and waiting
# for conditions.
#
# The machine may be slow and loaded.  So a test waits for what should come,
# very patiently, and doesn't judge how long it took; and a server that misses
# checks for a while is not down yet.
package Lab;

use strict;
use warnings;
use Cwd qw(abs_path);
use Exporter 'import';
use File::Basename qw(dirname);
use JSON::PP;
use POSIX qw(:sys_wait_h);
use Test::More;
use Time::HiRes qw(time sleep);

our @EXPORT = qw(
    $source $build $state $prefix $interval $fall
    lab lab_up lab_down finish on on_ok start stop kill_now
    engine kill_processes kill_vc5d
    wait_for eventually slurp spew
    config configure vc5ctl reload services service destination problems
    vc5d_log log_size next_hops
    get answers ask drops icmp_made load_start load_more load_stop
    far_start far_lines far_web on_start
    download_start download_running download_stop
    run process process_start process_running process_stop);

our $source = $ENV{VC5_SRC} || abs_path(dirname(__FILE__) . '/../..');
our $build = $ENV{VC5_BUILD} || '.';
$build = abs_path($build);
our $name = "t$$";
our $prefix = "vc5-$name";
our $state = "/run/$prefix-lab";
our $interval = $ENV{VC5_TEST_INTERVAL} // 0.2; # between checks, seconds
our $fall = 10;
our $patience = $ENV{VC5_PATIENCE} // 60; # seconds
our @size = (); # of the lab, as options of "contrib/lab up"

# Memory that was freed is the daemon's for as long as ASan keeps it from being
# used again: a little, or what the daemon has would seem to grow.
$ENV{ASAN_OPTIONS} //= 'quarantine_size_mb=4';

my $json = JSON::PP->new->utf8->canonical->pretty;
my $main = $$;
my $up = 0;
my %running;

# Leave the tests out, with the reason, where there can't be a lab, or one of
# some more programs is missing.
sub skip_unless_possible
{
	my @programs = @_;

	plan(skip_all => 'network namespaces need root') if $> != 0;
	plan(skip_all => "vc5d is not built in $build (set VC5_BUILD)")
	    unless -x "$build/vc5d" && -x "$build/vc5ctl";
	plan(skip_all => 'there is no IPv6 here') unless -e '/proc/net/if_inet6';
	for my $program (qw(bird bgpd nginx dnsmasq curl ethtool jq clang),
	    @programs) {
		plan(skip_all => "$program is not installed")
		    unless grep { -x "$_/$program" }
		    qw(/usr/sbin /usr/bin /sbin /bin /usr/local/sbin);
	}
	my $netns = "$prefix-try";
	my $possible = system("ip netns add $netns 2>/dev/null && " .
	    "ip -n $netns link add try0 type veth peer name try1 && " .
	    "ip -n $netns link add try2 type bridge") == 0;
	system("ip netns delete $netns 2>/dev/null");
	plan(skip_all => 'no network namespaces, veth or bridge here')
	    unless $possible;
}

# What tests that were killed left behind.
sub remove_orphans
{
	for my $directory (glob('/run/vc5-t*-lab')) {
		my ($pid) = $directory =~ m{/vc5-t(\d+)-lab$} or next;
		next if kill(0, $pid) && $pid != $$;
		local $ENV{VC5_LAB} = "t$pid";
		system("$source/contrib/lab down >/dev/null 2>&1");
	}
}

# contrib/lab with these arguments: its status, and all that it said.
sub lab
{
	my @arguments = @_;

	local $ENV{VC5_LAB} = $name;
	local $ENV{VC5_BUILD} = $build;
	local $ENV{VC5_INTERVAL} = $interval;
	local $ENV{VC5_FALL} = $fall;
	return run('timeout', 3 * $patience, "$source/contrib/lab", @arguments);
}

# Run a command: (exit status, standard output and error).
sub run
{
	my @command = @_;

	my $pid = open(my $out, '-|') // die "fork: $!";
	if ($pid == 0) {
		open(STDERR, '>&', \*STDOUT);
		open(STDIN, '<', '/dev/null');
		exec(@command) or POSIX::_exit(127);
	}
	local $/;
	my $output = <$out> // '';
	close($out);
	return ($? >> 8 || $? & 127, $output);
}

sub lab_up
{
	skip_unless_possible(@_);
	remove_orphans();
	$up = 1;
	my ($status, $output) = lab('up', @size);
	if ($status != 0) {
		diag($output);
		diag("$_:\n" . slurp($_)) for glob("$state/log/vc5d-*");
		fail('contrib/lab up');
		done_testing();
		exit(1);
	}
	return $output;
}

# The last test: what was built with sanitizers had nothing to say.
sub finish
{
	for my $log (glob("$state/log/vc5d-*")) {
		unlike(slurp($log), qr/Sanitizer|runtime error:/,
		    "no complaint of sanitizers in $log");
	}
	done_testing();
}

sub lab_down
{
	return unless $up;
	$up = 0;
	return lab('down');
}

END {
	if ($$ == $main) {
		my $status = $?;
		process_stop($_) for keys %running;
		lab_down();
		$? = $status;
	}
}
$SIG{$_} = sub { exit(1) } for qw(INT TERM HUP);

# Run a command on a host: its output; and its status, where both are wanted.
sub on
{
	my ($host, @command) = @_;

	my ($status, $output) =
	    run('nsenter', "--net=/run/netns/$prefix-$host", @command);
	return wantarray ? ($status, $output) : $output;
}

sub on_ok
{
	my ($status, $output) = on(@_);

	diag("@_: $output") if $status != 0;
	return $status == 0;
}

# Processes of the lab, by their names in its process list.
sub process
{
	my ($pid) = split(' ', slurp("$state/pid/$_[0]"));
	return $pid;
}

sub stop
{
	my ($process, $signal) = @_;
	my $pid = process($process);

	kill($signal // 'TERM', $pid);
	# What is left of a zombie has no executable.
	return wait_for(sub { !readlink("/proc/$pid/exe") });
}

sub kill_now
{
	my ($name) = @_;

	return $name =~ /^vc5d-/ ? kill_vc5d(process($name)) :
	    stop($name, 'KILL');
}

# The engine of a vc5d whose process is the parent.
sub engine
{
	my ($parent) = @_;
	my (undef, $pids) = run('ps', '--ppid', $parent, '-o', 'pid=,args=');

	my ($engine) = $pids =~ /^\s*(\d+) vc5d: engine/m;
	return $engine;
}

# End processes as a power failure would: none of them sees another one end.
sub kill_processes
{
	my @pids = @_;

	kill('STOP', @pids);
	kill('KILL', @pids);
	return wait_for(sub { !grep { readlink("/proc/$_/exe") } @pids });
}

# Both of vc5d's.
sub kill_vc5d
{
	my ($parent) = @_;

	# It would start another engine.
	kill('STOP', $parent);
	return kill_processes($parent, engine($parent) // ());
}

# Bring back what was stopped.
sub start
{
	my ($status, $output) = lab('start', @_);

	diag($output) if $status != 0;
	return $status == 0;
}

# Processes of the tests, in the background; standard output and error go
# to a file.
sub process_start
{
	my ($log, @command) = @_;

	my $pid = fork() // die "fork: $!";
	if ($pid == 0) {
		open(STDIN, '<', '/dev/null');
		open(STDOUT, '>', $log);
		open(STDERR, '>&', \*STDOUT);
		exec(@command) or POSIX::_exit(127);
	}
	$running{$pid} = 1;
	return $pid;
}

sub process_running
{
	my ($pid) = @_;

	delete $running{$pid} if $running{$pid} && waitpid($pid, WNOHANG) != 0;
	return exists $running{$pid};
}

# End it, if it has not yet.
sub process_stop
{
	my ($pid, $signal) = @_;

	return unless process_running($pid);
	kill($signal // 'TERM', $pid);
	wait_for(sub { !process_running($pid) }) or kill('KILL', $pid);
}

# Seconds until the condition held; undef if it never did.
sub wait_for
{
	my ($condition) = @_;
	my $start = time();

	until ($condition->()) {
		return undef if time() - $start > $patience;
		sleep(0.05);
	}
	return time() - $start || 1e-6;
}

# A test: the condition holds in the end.
sub eventually
{
	my ($test, $condition, $diagnosis) = @_;
	my $took = wait_for($condition);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(defined $took, $test) or
	    diag(defined $diagnosis ? $diagnosis->() :
		"not within $patience seconds");
	note(sprintf('%.2f seconds', $took)) if defined $took;
	return $took;
}

sub slurp
{
	my ($file) = @_;

	open(my $in, '<', $file) or return '';
	local $/;
	return scalar(<$in>) // '';
}

sub spew
{
	my ($file, $text) = @_;

	open(my $out, '>', "$file.new") or die "$file.new: $!";
	print $out $text;
	close($out) or die "$file.new: $!";
	rename("$file.new", $file) or die "$file: $!";
}

# A balancer's configuration, and changing it: the function gets it as a
# structure.
sub config
{
	return $json->decode(slurp("$state/$_[0]/vc5d.conf"));
}

sub configure
{
	my ($host, $change) = @_;
	my $config = config($host);

	$change->($config);
	spew("$state/$host/vc5d.conf", $json->encode($config));
}

# vc5ctl -j on a balancer: the structure, or undef.
sub vc5ctl
{
	my ($host, @arguments) = @_;
	my ($status, $output) = run('timeout', 10, "$build/vc5ctl", '-s',
	    "$state/$host/vc5d.sock", '-j', @arguments);

	return eval { $json->decode($output) };
}

sub reload
{
	my $reply = vc5ctl($_[0], 'reload');

	return $reply && $reply->{ok};
}

sub services
{
	my $services = vc5ctl($_[0], 'show', 'services');

	my @services = ref($services) eq 'ARRAY' ? @$services : ();
	return @services;
}

# service HOST NAME
sub service
{
	my ($host, $wanted) = @_;
	my ($service) = grep { $_->{name} eq $wanted } services($host);

	return $service // {};
}

# destination HOST SERVICE ADDRESS
sub destination
{
	my ($host, $service, $address) = @_;
	my ($destination) = grep { $_->{address} eq $address }
	    @{service($host, $service)->{destinations} // []};

	return $destination // {};
}

# What is wrong, as the status page says: one string.
sub problems
{
	my $summary = vc5ctl($_[0], 'show', 'summary') // {};

	return join("\n", @{$summary->{problems} // []});
}

# What vc5d has logged on a balancer, from an offset on.
sub vc5d_log
{
	my ($host, $offset) = @_;

	return substr(slurp("$state/log/vc5d-$host"), $offset // 0);
}

sub log_size
{
	return -s "$state/log/vc5d-$_[0]";
}

# The router's next hops for a VIP, in order.
sub next_hops
{
	my (undef, $output) = run('ip', '-n', "$prefix-router", '-j',
	    $_[0] =~ /:/ ? '-6' : '-4', 'route', 'show', $_[0]);
	my $routes = eval { $json->decode($output) } // [];

	my @gateways = sort map { $_->{gateway} // () }
	    map { $_, @{$_->{nexthops} // []} } @$routes;
	return @gateways;
}

# Requests from the client, a connection each: what was answered, one line
# each, and curl's complaints.
sub get
{
	my ($url, $count) = @_;

	# Brackets are for curl to count by, but those of IPv6 addresses.
	$url =~ s/([\[\]])/\\$1/g;
	return scalar(on('client', 'curl', '-sS', '-m', 20,
	    '-H', 'Connection: close', "$url?[1-" . ($count // 1) . ']'));
}

# How many times each line was answered.
sub answers
{
	my %count;

	$count{$_}++ for split(/\n/, get(@_));
	return \%count;
}

# t/net/ask on the client: the lines that it says.
sub ask
{
	return split(/\n/, scalar(on('client', "$source/t/net/ask", @_)));
}

# Packets of both balancers in a list of counters.
sub count
{
	my ($list, $key, $value) = @_;
	my $packets = 0;

	for my $host (qw(lb1 lb2)) {
		for my $entry (@{vc5ctl($host, 'show', $list) // []}) {
			$packets += $entry->{packets}
			    if $entry->{$key} eq $value;
		}
	}
	return $packets;
}

# Packets that were dropped for a reason.
sub drops
{
	return count('drops', 'reason', $_[0]);
}

# ICMP packets of a kind that were made.
sub icmp_made
{
	return count('answers', 'kind', $_[0]);
}

# A program on a host, in the background: its process, once it has said a line.
sub on_start
{
	my ($host, $log, @command) = @_;

	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-$host", @command);
	wait_for(sub { slurp($log) =~ /\n/ }) or
	    die "@command: " . slurp($log);
	return $pid;
}

# The web server of far1 or far2, as web1 has it.
sub far_web
{
	my ($host) = @_;
	my $conf = slurp("$state/web1/nginx.conf");

	mkdir("$state/$host/$_") for qw(tmp html html/put);
	chmod(0777, "$state/$host/html/put");
	$conf =~ s/\bweb1\b/$host/g;
	spew("$state/$host/nginx.conf", $conf);
	return process_start("$state/log/nginx-$host", 'nsenter',
	    "--net=/run/netns/$prefix-$host", 'nginx', '-p', "$state/$host",
	    '-e', 'stderr', '-c', "$state/$host/nginx.conf");
}

# The end of tunnels at far1 or far2, which restores the VIPs of the code
# points.
sub far_start
{
	my ($host, @points) = @_;
	my ($n) = $host =~ /(\d)$/;

	unlink("$state/$host/decap.log");
	return on_start($host, "$state/$host/decap.log",
	    "$source/t/net/decap", "198.18.$n.10", "2001:db8:0:f$n\::10",
	    @points);
}

# What has arrived there, as t/net/decap says it: a hash for each packet.
sub far_lines
{
	my ($host) = @_;

	return map { {map { split(/=/, $_, 2) } split(' ')} }
	    grep { /=/ && /\n\z/ } slurp("$state/$host/decap.log") =~ /.*\n/g;
}

# Requests all the time, by several workers, until load_stop.  Its result: a
# list of {time, took, answer, error}.
sub load_start
{
	my ($url, $workers) = @_;
	my $log = "$state/load.$$." . int(time() * 1000);

	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-client", $^X,
	    "$source/t/net/load", $url, $workers // 4);
	wait_for(sub { slurp($log) =~ /\n/ }) or die "no load: " . slurp($log);
	return {pid => $pid, log => $log};
}

# Wait for so many requests to have been answered from now on.
sub load_more
{
	my ($load, $count) = @_;
	my $before = slurp($load->{log}) =~ tr/\n//;

	wait_for(sub { (slurp($load->{log}) =~ tr/\n//) >= $before + $count })
	    or die "no more requests: " . slurp($load->{log});
}

sub load_stop
{
	my ($load) = @_;
	my @requests;

	process_stop($load->{pid});
	for my $line (split(/\n/, slurp($load->{log}))) {
		my ($time, $took, $answer, $error) = split(/\t/, $line);
		push(@requests, {time => $time, took => $took,
		    answer => $answer, error => $error // ''});
	}
	unlink($load->{log});
	return @requests;
}

# A download that takes its time: begun when this returns, which says by whom
# it is served.
sub download_start
{
	my ($url) = @_;
	my $log = "$state/download.$$." . int(time() * 1000);

	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-client", 'curl', '-sS', '-m', 60,
	    '-D', "$log.head", '-o', "$log.body",
	    '-w', '%{http_code} %{size_download} %{local_port}', $url);
	my $by;
	wait_for(sub { ($by) = slurp("$log.head") =~ /^X-Backend: (\w+)/mi });
	return {pid => $pid, log => $log, by => $by // 'nobody'};
}

sub download_running
{
	return process_running($_[0]->{pid});
}

# Wait for its end: what curl says, "CODE SIZE PORT".
sub download_stop
{
	my ($download) = @_;

	wait_for(sub { !download_running($download) });
	process_stop($download->{pid}, 'KILL');
	return slurp($download->{log});
}

1;
