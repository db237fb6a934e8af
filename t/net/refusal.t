#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What vc5d says where it can't do what it should: the thing and the remedy.
# What can go on goes on, and is made good when the trouble is over.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Lab;
use Test::More;

lab_up();
stop('vc5d-lb2');

# The file of a configuration of lb2's, changed.
sub file
{
	my ($change) = @_;
	my $config = config('lb2');

	$config->{stop_delay} = 0;
	$change->($config) if $change;
	spew("$state/lb2/try.conf", JSON::PP->new->pretty->encode($config));
	return "$state/lb2/try.conf";
}

# Run vc5d with such a file: its process, and its log.
sub begin
{
	my ($change, @wrapper) = @_;
	my $log = "$state/try.log";

	unlink($log); # of the one before
	my $pid = process_start($log, 'nsenter',
	    "--net=/run/netns/$prefix-lb2", @wrapper,
	    "$build/vc5d", '-d', '-f', file($change));
	return {pid => $pid, log => $log};
}

# The log has such a line in time; vc5d goes on or ends as it should.
sub says
{
	my ($vc5d, $pattern, $test) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually($test, sub { slurp($vc5d->{log}) =~ $pattern },
	    sub { "what it says:\n" . slurp($vc5d->{log}) });
}

sub goes_on
{
	my ($vc5d) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(wait_for(sub { services('lb2') == 4 }), 'it goes on');
	ok(process_running($vc5d->{pid}), 'and runs') or
	    diag(slurp($vc5d->{log}));
}

# As eventually, and if not, what vc5d had to say.
sub soon
{
	my ($vc5d, $test, $condition) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually($test, $condition,
	    sub { slurp($vc5d->{log}) . problems('lb2') });
}

sub end
{
	my ($vc5d) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	process_stop($vc5d->{pid});
	unlike(slurp($vc5d->{log}), qr/Sanitizer|runtime error/, 'it ends well');
}

sub serves
{
	return grep { $_->{name} eq 'web' && $_->{up} == 3 } services('lb2');
}

# A file of a certificate of lb2's address for the web server, and its key.
sub certificate
{
	my ($name) = @_;
	my ($address) = split(/:/, config('lb2')->{webserver}{listen});
	my $path = "$state/$name.pem";

	run('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
	    'ec_paramgen_curve:P-256', '-nodes', '-days', 2, '-subj',
	    "/CN=$name", '-addext', "subjectAltName=IP:$address",
	    '-out', $path, '-keyout', "$path.key");
	spew($path, slurp($path) . slurp("$path.key"));
	return $path;
}

subtest 'the configuration is checked' => sub {
	my ($status, $output) = on('lb2', "$build/vc5d", '-n', '-f', file());
	is($status, 0, 'a good one: status');
	is($output, "configuration OK\n", 'and says so');
	($status, $output) = on('lb2', "$build/vc5d", '-n', '-f', file(sub {
		push(@{$_[0]->{interfaces}}, 'uplink7');
		$_[0]->{services}[0]{servers} = ['203.0.113.9'];
	}));
	is($status, 0, 'one that this host is not ready for: status');
	like($output, qr/warning: interface uplink7 does not exist$/m,
	    'and says so');
	like($output, qr/warning: .*: destination 203\.0\.113\.9: \S/,
	    'of servers, too');
	($status, $output) = on('lb2', "$build/vc5d", '-n', '-f', file(sub {
		$_[0]->{pin_directory} = "$state/none/pins";
		$_[0]->{bgp}{bgpctl} = "$state/none";
		$_[0]->{webserver}{certificate} = "$state/lb2/vc5d.conf";
		$_[0]->{control_readonly} =
		    { path => "$state/look", group => "none-$$" };
		$_[0]->{logging}{webhooks} =
		    [{ name => 'a', url_file => "$state/none.url" }];
		$_[0]->{services}[0]{policy}{http}{checks} = [{ type => 'exec',
		    command => ["$state"], user => "none-$$" }];
	}));
	is($status, 0, 'one with files that are not there: status');
	is(scalar(() = $output =~ /^\S+: warning: $_$/mg), 1, "once: $_") or
	    diag($output) for qr/\Q$state\E\/none: No such file or directory/,
	    qr/\Q$state\E\/none\/pins: not on a BPF filesystem: set .*/,
	    qr/webserver: \Q$state\E\/lb2\/vc5d\.conf: .* as PEM/,
	    qr/control_readonly: there is no group "none-$$" in \/etc\/group/,
	    qr/\Q$state\E\/none\.url: No such file or directory/,
	    qr/\Q$state\E: is not a regular file/,
	    qr/checks can't be made: user none-$$: there is none/;
	($status, $output) = run("$build/vc5d", '-n', '-f', file(sub {
		$_[0]->{interfaces} = 7;
		$_[0]->{services}[0]{virtual} = 'here';
		$_[0]->{services}[1]{policy} = {'53/xyz' => {}};
	}));
	is($status, 1, 'a bad one: status');
	is(scalar(my @lines = split(/\n/, $output)), 3, 'a line each') or
	    diag($output);
	like($output, qr/^\Q$state\E\/lb2\/try\.conf:\d+:\d+: $_/m, $_)
	    for qr/interfaces/, qr/services\[0\]\.virtual/,
	    qr/services\[1\]\.policy/;
	($status, $output) = run("$build/vc5d", '-d', '-f', "$state/none");
	is($status, 1, 'no file: status');
	like($output, qr/\Q$state\E\/none: No such file/, 'and says which');
};

subtest 'an interface that does not exist' => sub {
	my $vc5d = begin(sub { push(@{$_[0]->{interfaces}}, 'uplink7') });
	says($vc5d, qr/interface uplink7 does not exist.*"interfaces" in /,
	    'names it, and the key');
	goes_on($vc5d);
	like(problems('lb2'), qr/uplink7/, 'the status says so');
	ok(wait_for(sub { serves() }), 'the other interfaces serve');
	on_ok('lb2', qw(ip link add uplink7 type veth peer name uplink8));
	on_ok('lb2', qw(ip link set uplink7 up));
	on_ok('lb2', qw(ip link set uplink8 up));
	soon($vc5d, 'it is used when it comes', sub {
		on('lb2', qw(ip link show uplink7)) =~ /xdp/ });
	soon($vc5d, 'and nothing is wrong', sub { problems('lb2') eq '' });
	on_ok('lb2', qw(ip link delete uplink7));
	says($vc5d, qr/interface uplink7 is gone/, 'that it went is said');
	goes_on($vc5d);
	end($vc5d);
};

subtest 'XDP refused by the driver' => sub {
	my $vc5d = begin(sub {
		push(@{$_[0]->{interfaces}}, 'lo');
		$_[0]->{xdp} = 'native';
	});
	says($vc5d, qr/\blo: can't attach XDP in native mode.*generic/s,
	    'names the interface and the remedy');
	goes_on($vc5d);
	like(problems('lb2'), qr/\blo\b/, 'the status says so');
	ok(wait_for(sub { serves() }), 'the other interfaces serve');
	end($vc5d);
};

subtest 'another XDP program is there' => sub {
	on_ok('lb2', qw(ip link set dev eth1 xdpdrv obj),
	    "$state/switch/xdp_pass.o", qw(sec xdp));
	my $vc5d = begin();
	says($vc5d, qr/\beth1: another XDP program.*ip link set dev eth1 xdp/s,
	    'names the interface and the remedy');
	goes_on($vc5d);
	on_ok('lb2', qw(ip link set dev eth1 xdp off));
	soon($vc5d, 'it is used when it is free', sub { problems('lb2') eq '' });
	end($vc5d);
};

subtest 'generic mode' => sub {
	my $vc5d = begin(sub { $_[0]->{xdp} = 'generic' });
	goes_on($vc5d);
	ok(wait_for(sub { serves() }), 'checks pass');
	like(on('lb2', qw(ip link show eth0)), qr/xdpgeneric/,
	    'the kernel says so');
	ok(wait_for(sub { next_hops('192.0.2.1') == 2 }), 'it announces');
	is(keys %{answers('http://192.0.2.1/', 60)}, 3, 'everyone answers');
	cmp_ok(service('lb2', 'web')->{flows}, '>', 0, 'also through it');
	end($vc5d);
};

subtest 'bgpd is absent at the start' => sub {
	stop('bgpd-lb2');
	my $vc5d = begin();
	says($vc5d, qr{\Q$state\E/lb2/bgpd\.sock.*start bgpd},
	    'names the socket and the remedy');
	note(grep { /bgp/ } map { "$_\n" } split(/\n/, slurp($vc5d->{log})));
	goes_on($vc5d);
	like(problems('lb2'), qr/bgpd/, 'the status says so');
	ok(wait_for(sub { serves() }), 'the rest of it works');
	is(scalar(next_hops('192.0.2.1')), 1, 'no VIP is announced');
	start('bgpd-lb2');
	soon($vc5d, 'when it comes the VIPs are announced', sub {
		next_hops('192.0.2.1') == 2 });
	end($vc5d);
};

subtest 'no bgpctl' => sub {
	my $vc5d = begin(sub { $_[0]->{bgp}{bgpctl} = '/nonexistent/bgpctl' });
	says($vc5d, qr{/nonexistent/bgpctl.*No such file}, 'names it');
	note(grep { /bgp/ } map { "$_\n" } split(/\n/, slurp($vc5d->{log})));
	goes_on($vc5d);
	end($vc5d);
};

subtest "permission denied at bgpd's socket" => sub {
	my $socket = "$state/lb2/bgpd.sock";
	my $owner = getpwnam('nobody');
	chown($owner, -1, $socket);
	chmod(0600, $socket);
	# Root may do everything, but for a bounding set.
	my $vc5d = begin(undef, 'setpriv',
	    '--bounding-set=-dac_override,-dac_read_search');
	says($vc5d, qr{\Q$socket\E.*[Pp]ermission denied}, 'names it');
	note(grep { /bgp/ } map { "$_\n" } split(/\n/, slurp($vc5d->{log})));
	goes_on($vc5d);
	like(problems('lb2'), qr/[Pp]ermission denied/, 'the status says so');
	is(scalar(next_hops('192.0.2.1')), 1, 'no VIP is announced');
	chown(0, 0, $socket);
	soon($vc5d, 'it is retried', sub { next_hops('192.0.2.1') == 2 });
	end($vc5d);
};

subtest 'the port of the status page is in use' => sub {
	my ($address, $port) = split(/:/, config('lb2')->{webserver}{listen});
	my $other = process_start("$state/other.log", 'nsenter',
	    "--net=/run/netns/$prefix-lb2", $^X, '-MIO::Socket::INET', '-e',
	    'my $s = IO::Socket::INET->new(LocalAddr => $ARGV[0], ' .
	    'LocalPort => $ARGV[1], Listen => 1, ReuseAddr => 1) or die; ' .
	    'print STDERR "ready\n"; sleep(60)', $address, $port);
	ok(wait_for(sub { slurp("$state/other.log") =~ /ready/ }),
	    'something listens there');
	my $vc5d = begin();
	says($vc5d, qr/webserver: cannot listen at \Q$address\E port $port.*in use/,
	    'names address and port');
	note(grep { /webserver/ } map { "$_\n" }
	    split(/\n/, slurp($vc5d->{log})));
	goes_on($vc5d);
	like(problems('lb2'), qr/web server|status page/, 'the status says so');
	process_stop($other);
	soon($vc5d, 'it is served when the port is free', sub {
		(run('curl', '-sf', '-m', 2, "http://$address:$port/"))[0] == 0 });
	soon($vc5d, 'nothing is wrong then', sub { problems('lb2') eq '' });
	end($vc5d);
};

subtest 'a certificate is missing at a reload' => sub {
	my ($address, $port) = split(/:/, config('lb2')->{webserver}{listen});
	my @certificates = map { certificate($_) } qw(one two);
	my $url = "https://$address:$port/metrics";
	my $with = sub {
		my ($path) = @_;
		return sub { $_[0]->{webserver}{certificate} = $path };
	};
	my $serves = sub {
		return (run('curl', '-sf', '-m', 2, '-o', '/dev/null',
		    '--cacert', $_[0], $url))[0] == 0;
	};
	my $vc5d = begin($with->($certificates[0]));
	goes_on($vc5d);
	soon($vc5d, 'there is one', sub { $serves->($certificates[0]) });
	file($with->("$state/none.pem"));
	ok(reload('lb2'), 'then there is to be another');
	says($vc5d, qr/webserver: \Q$state\E\/none\.pem: No such file/,
	    'which is not there');
	ok($serves->($certificates[0]), 'the first one is used');
	like(problems('lb2'), qr/web server goes on .*none\.pem: No such file/,
	    'the status says so');
	file($with->($certificates[1]));
	ok(reload('lb2'), 'then it is there');
	soon($vc5d, 'it is used', sub { $serves->($certificates[1]) });
	is(problems('lb2'), '', 'nothing is wrong then');
	end($vc5d);
};

subtest 'a VIP is an address of the balancer itself' => sub {
	on_ok('lb2', qw(ip address add 192.0.2.1/32 dev lo));
	my $vc5d = begin();
	says($vc5d, qr/VIP 192\.0\.2\.1 is an address of this host.*remove it/,
	    'names it and the remedy');
	goes_on($vc5d);
	like(problems('lb2'), qr/192\.0\.2\.1/, 'the status says so');
	soon($vc5d, 'the other VIP is announced',
	    sub { next_hops('192.0.2.2') == 2 });
	is(join(' ', next_hops('192.0.2.1')), '198.51.100.11',
	    'that one is not');
	on_ok('lb2', qw(ip address delete 192.0.2.1/32 dev lo));
	soon($vc5d, 'it is announced when the address has gone',
	    sub { next_hops('192.0.2.1') == 2 });
	end($vc5d);
};

subtest 'not root' => sub {
	my $file = file();
	my ($status, $output) = on('lb2', 'setpriv', '--reuid=nobody',
	    '--regid=nogroup', '--clear-groups', 'timeout', 10,
	    "$build/vc5d", '-d', '-f', $file);
	is($status, 1, 'it ends');
	like($output, qr/root|CAP_/, 'and says what it needs');
	note($output);
	($status) = run('setpriv', '--reuid=nobody', '--regid=nogroup',
	    '--clear-groups', "$build/vc5d", '-n', '-f', $file);
	is($status, 0, 'but anyone may check a configuration');
};

subtest 'another vc5d runs' => sub {
	my $vc5d = begin();
	goes_on($vc5d);
	my ($status, $output) = on('lb2', 'timeout', 10, "$build/vc5d", '-d',
	    '-f', "$state/lb2/try.conf");
	is($status, 1, 'a second one ends');
	like($output, qr/another vc5d|already/, 'and says why');
	ok(wait_for(sub { serves() }), 'the first one is not disturbed');
	end($vc5d);
};

subtest 'a control socket that nobody listens at' => sub {
	my $vc5d = begin();
	goes_on($vc5d);
	kill_vc5d($vc5d->{pid});
	process_running($vc5d->{pid});
	ok(-S "$state/lb2/vc5d.sock", 'is left by one that was killed');
	$vc5d = begin();
	goes_on($vc5d);
	end($vc5d);
};

finish();
