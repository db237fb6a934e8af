#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every kind of check, of VIPs of both IP versions, by every kind of delivery:
# up when what it asks for is there, down when that is not.
# And what takes effect without a check failing: certificates that soon expire,
# what agents say, and that nothing is asked.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Lab;
use Test::More;

# A server for each way, web1 in the same layer 2 and far1 behind a router.
my %ways = (
    layer2 => {host => 'web1', vip => '192.0.2.1',
	server => '198.51.100.21', delivery => 'layer2'},
    layer2_ipv6 => {host => 'web1', vip => '2001:db8:0:100::1',
	server => '2001:db8:0:1::21', delivery => 'layer2'},
);
my $number = 101;
for my $kind (qw(ipip gre fou gue)) {
	for (['', '192.0.2.'], ['_ipv6', '2001:db8:0:100::']) {
		$ways{$kind . $_->[0]} = {host => 'far1',
		    vip => $_->[1] . $number++, server => '198.18.1.10',
		    delivery => $kind};
	}
}
# The destination address is the server's, so both are of one version.
my %code_points = (dscp => 14, dscp_ipv6 => 16);
$ways{dscp} = {host => 'far1', vip => '192.0.2.120',
    server => '198.18.1.10'};
$ways{dscp_ipv6} = {host => 'far1', vip => '2001:db8:0:100::120',
    server => '2001:db8:0:f1::10'};
$ways{$_}{delivery} = {type => 'dscp', code_point => $code_points{$_}}
    for keys %code_points;
my @names = sort keys %ways;
# Both servers behind one VIP, for whom their agents and a command are asked.
my %shared = (
    shared => '192.0.2.50',
    shared_ipv6 => '2001:db8:0:100::50',
);
# The checks of each way in their order, and what there is to be asked by which
# of them.
my @checks = qw(tcp syn exchange http https tls dns dns-tcp udp icmp agent
    exec);
my %needs = (
    web => [qw(tcp syn exchange http https tls agent exec)],
    certificate => [qw(https)],
    names => [qw(dns dns-tcp)],
    echo => [qw(udp)],
    agent => [qw(agent)],
    vip => \@checks,
    file => [qw(exec)],
);
my $file = "$state/wanted";
my $tls = "$state/tls";
my %process;

sub agent
{
	return {type => 'agent', port => 7777, send => "GET /agent\r\n"};
}

# A command that connects to the VIP, and is answered by the host.
sub asking
{
	my ($host) = @_;

	return 'exec 3<>/dev/tcp/$VC5_VIP/$VC5_PORT && ' .
	    'printf "GET / HTTP/1.0\r\n\r\n" >&3 && ' .
	    'while read -r line <&3; do [[ $line = "' . $host .
	    ' answers "* ]] && echo "$line" && exit; done; false';
}

# For a VIP of both servers: each is asked by its own way.
sub asking_both
{
	my %ways = map { ($_->{server} => $_->{host}) }
	    @ways{qw(layer2 ipip)};

	return {type => 'exec',
	    command => ['/bin/bash', '-c',
	    'case $VC5_ADDRESS in ' . join(' ', map {
		"$_) " . asking($ways{$_}) . ';;' } sort keys %ways) .
	    ' *) false;; esac']};
}

sub checks
{
	my ($way) = @_;
	my %dns = (type => 'dns', port => 53, name => 'www.lab.example',
	    query => 'A', answer => '192.0.2.9');

	my %exchange = (type => 'tcp', send => "GET / HTTP/1.0\r\n\r\n",
	    expect => "$way->{host} answers ");

	return [
	    {type => 'tcp'},
	    {type => 'syn'},
	    {%exchange},
	    {type => 'http', path => '/health'},
	    {type => 'https', port => 443, host => 'www.lab.example',
		path => '/health', verify => JSON::PP::true,
		ca => "$tls/ca.pem", expiry => 30},
	    {%exchange, port => 443, tls => JSON::PP::true},
	    {%dns, transport => 'udp'},
	    {%dns, transport => 'tcp'},
	    {type => 'udp', port => 7, send => 'hi',
		expect => "$way->{host} 2 "},
	    {type => 'icmp'},
	    agent(),
	    {type => 'exec',
		command => ['/bin/bash', '-c',
		"test \$VC5_VIP = $way->{vip} && " .
		"test \$VC5_ADDRESS = $way->{server} && test -e $file && " .
		asking($way->{host})]},
	];
}

# The states of a way's checks by their names.
sub states
{
	my ($name) = @_;
	my @shown = @{destination('lb1', $name, $ways{$name}{server})
	    ->{checks} // []};

	return {} unless @shown == @checks;
	return {map { $checks[$_] => $shown[$_]{state} } 0 .. $#checks};
}

# Are just these down, everywhere?
sub are_down
{
	my (%down) = map { $_ => 1 } @_;

	for my $name (@names) {
		my $states = states($name);
		return 0 unless %$states;
		for my $check (keys %$states) {
			return 0 if ($states->{$check} eq 'down') !=
			    !!$down{$check};
		}
	}
	return 1;
}

sub describe
{
	return explain([map { my $name = $_; map { join(' ', $name,
	    map { $_ // '' } @$_{qw(type port state outcome detail)}) }
	    @{destination('lb1', $name, $ways{$name}{server})->{checks} // []}
	    } @names], problems('lb1'));
}

sub vips_of
{
	my ($host) = @_;

	return map { $_->{vip} } grep { $_->{host} eq $host }
	    map { $ways{$_} } @names;
}

# With a process for each TCP connection (--no-daemon has none): the reset of a
# probe may be lost, most of all when the VIP goes, and who waits for what comes
# next answers nobody else.
sub names_start
{
	my ($host) = @_;
	my $vips = join(',', vips_of($host));

	$process{"names-$host"} = process_start("$state/$host/names.log",
	    'nsenter', "--net=/run/netns/$prefix-$host", 'dnsmasq',
	    '--keep-in-foreground', '--log-facility=-',
	    '--conf-file=/dev/null', '--pid-file=', '--no-resolv',
	    '--no-hosts', '--bind-interfaces',
	    "--listen-address=$vips", '--address=/www.lab.example/192.0.2.9');
}

sub echo_start
{
	my ($host) = @_;

	$process{"echo-$host"} = on_start($host, "$state/$host/echo.log",
	    "$source/t/net/echo", $host, 7, vips_of($host));
}

# What the agent of a host says: an answer to HTTP/0.9, which is bare.
sub say_as
{
	my ($host, $words) = @_;

	spew("$state/$host/html/agent", "$words\n");
}

sub openssl
{
	my ($status, $output) = run('openssl', @_);

	die "openssl @_: $output" if $status != 0;
}

# An authority, a stranger, and what they have issued: all for the same key.
sub certificates_make
{
	my @name = ('-subj', '/CN=www.lab.example', '-addext',
	    'subjectAltName=DNS:www.lab.example');

	mkdir($tls);
	openssl(qw(genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256
	    -out), "$tls/key.pem");
	openssl(qw(req -x509 -days 365 -subj), "/CN=$_", '-key',
	    "$tls/key.pem", '-out', "$tls/$_.pem") for qw(ca stranger);
	for my $of (['good', 'ca', 365], ['soon', 'ca', 5],
	    ['strange', 'stranger', 365]) {
		my ($as, $issuer, $days) = @$of;
		openssl(qw(req -x509), @name, '-days', $days,
		    '-CA', "$tls/$issuer.pem", '-CAkey', "$tls/key.pem",
		    '-key', "$tls/key.pem", '-out', "$tls/$as.pem");
	}
}

# Have both web servers show another certificate.
sub certificate
{
	my ($as) = @_;

	spew("$tls/server.pem", slurp("$tls/$as.pem"));
	kill('HUP', process('nginx-web1'), $process{'web-far1'});
}

# TLS and an agent for the web server of web1, which far1's is made of.
sub web_configure
{
	my $conf = slurp("$state/web1/nginx.conf");

	$conf =~ s{(listen \[::\]:80 .*\n)}{$1
		listen 443 ssl;
		listen [::]:443 ssl;
		ssl_certificate $tls/server.pem;
		ssl_certificate_key $tls/key.pem;
} or die "no place for TLS in $conf";
	$conf =~ s{(default_type .*\n)}{$1
		server {
			listen 7777;
			listen [::]:7777;
			root $state/web1/html;
		}
} or die "no place for an agent in $conf";
	spew("$state/web1/nginx.conf", $conf);
	mkdir("$state/far1/html");
	spew("$state/far1/html/slow", '.' x 1048576);
}

sub web_start
{
	start('nginx-web1') unless readlink('/proc/' .
	    (process('nginx-web1') // 0) . '/exe');
	$process{'web-far1'} = far_web('far1');
}

sub vips
{
	my ($change) = @_;

	for my $name (@names) {
		my ($host, $vip) = @{$ways{$name}}{qw(host vip)};
		my $length = $vip =~ /:/ ? 128 : 32;
		on_ok($host, 'ip', 'address', $change, "$vip/$length", 'dev',
		    'lo', $change eq 'add' && $length == 128 ? 'nodad' : ());
	}
}

# What is broken, and mended.
my %break = (
    certificate => [sub { certificate('strange') },
	sub { certificate('good') }],
    agent => [sub { say_as($_, 'perhaps') for qw(web1 far1) },
	sub { say_as($_, 'up') for qw(web1 far1) }],
    web => [sub { stop('nginx-web1'); process_stop($process{'web-far1'}) },
	\&web_start],
    names => [sub { process_stop($process{"names-$_"}) for qw(web1 far1) },
	sub { names_start($_) for qw(web1 far1) }],
    echo => [sub { process_stop($process{"echo-$_"}) for qw(web1 far1) },
	sub { echo_start($_) for qw(web1 far1) }],
    vip => [sub { vips('delete') }, sub { vips('add') }],
    file => [sub { unlink($file) }, sub { spew($file, '') }],
);

# One entry of the configuration for each way, one where nothing is asked, and
# one for each VIP of both servers.
sub entries
{
	my @two = map { {address => $ways{$_}{server},
	    delivery => $ways{$_}{delivery}} } qw(layer2 ipip);
	my @entries;

	for my $name (@names) {
		my $way = $ways{$name};
		my %entry = (virtual => $way->{vip},
		    servers => [$way->{server}], delivery => $way->{delivery});
		push(@entries,
		    {%entry, name => $name,
			policy => {http => {checks => checks($way)}}},
		    {%entry, name => "$name-unasked",
			policy => {81 => {checks => [{type => 'none'}]},
			    82 => {checks => []}, '83/udp' => {}}});
	}
	push(@entries, {name => $_, virtual => $shared{$_}, servers => \@two,
	    policy => {http => {checks => [agent(), asking_both()]}}})
	    for sort keys %shared;
	return \@entries;
}

# What vc5ctl shows to people.
sub shown
{
	my (undef, $output) = run("$build/vc5ctl", '-s',
	    "$state/lb1/vc5d.sock", 'show', @_);

	return $output;
}

sub certificate_alerts
{
	return grep { $_->{id} =~ /^certificate / }
	    @{vc5ctl('lb1', 'show', 'alerts') // []};
}

# far1 is so, as a server of both VIPs, and so it is shown; the weight is what
# it has now.
sub far_is
{
	my ($as, $weight) = @_;
	my $backends = shown('backends', '198.18.1.10');

	for my $name (keys %shared) {
		my $far = destination('lb1', $name, '198.18.1.10');
		return 0 unless ($far->{state} // '') eq $as &&
		    $far->{weight_now} == $weight;
		return 0 unless $backends =~
		    /^198\.18\.1\.10 +\[?\Q$shared{$name}\E\]?:80\S+ +$as\b/m;
	}
	return 1;
}

sub backends
{
	return shown('backends', '198.18.1.10') . problems('lb1');
}

# Who answers so many requests to each VIP: [web1, far1] of IPv4 and of IPv6.
sub served
{
	my ($count) = @_;
	my @served;

	for my $vip ($shared{shared}, "[$shared{shared_ipv6}]") {
		my $answers = answers("http://$vip/", $count);
		my %by = (web1 => 0, far1 => 0);
		for my $answer (keys %$answers) {
			my ($host) = split(' ', $answer);
			$by{$host} += $answers->{$answer};
		}
		is($by{web1} + $by{far1}, $count, "$vip answers") or
		    diag(explain($answers));
		push(@served, [@by{qw(web1 far1)}]);
	}
	return @served;
}

plan(skip_all => 'there is no /dev/net/tun here') unless -e '/dev/net/tun';
@Lab::size = ('--balancers', 1, '--backends', 1);
lab_up('python3', 'openssl');
for my $host (qw(web1 far1)) {
	on_ok($host, 'ip', 'address', 'add', $_, 'dev', 'lo',
	    /:/ ? 'nodad' : ()) for values(%shared),
	    $host eq 'far1' ? vips_of($host) : ();
}
spew($file, '');
chmod(0644, $file);
certificates_make();
web_configure();
spew("$tls/server.pem", slurp("$tls/good.pem"));
stop('nginx-web1');
web_start();
for my $host (qw(web1 far1)) {
	names_start($host);
	echo_start($host);
	say_as($host, 'up');
}
$process{end} = far_start('far1',
    map { "$code_points{$_}=$ways{$_}{vip}" } keys %code_points);
configure('lb1', sub {
	my ($config) = @_;

	@$config{qw(interval timeout fall)} = (3, 3, 3);
	$config->{services} = entries();
});
my $reply = vc5ctl('lb1', 'reload') // {};
ok($reply->{ok}, 'the balancer reloads') or diag(explain($reply));
eventually('all checks pass', sub { are_down() }, \&describe) or
    die "what follows needs them";
for my $what (sort keys %break) {
	subtest "without $what" => sub {
		my ($break, $mend) = @{$break{$what}};

		$break->();
		eventually("the checks that need it fail, and no other",
		    sub { are_down(@{$needs{$what}}) }, \&describe);
		for my $name (@names) {
			is(destination('lb1', $name, $ways{$name}{server})
			    ->{state}, 'down', "$name is down");
		}
		$mend->();
		eventually('all checks pass', sub { are_down() },
		    \&describe);
	};
}

subtest 'a certificate that soon expires' => sub {
	is(scalar(certificate_alerts()), 0, 'there is no alert yet');
	certificate('soon');
	eventually('there is an alert for each way',
	    sub { certificate_alerts() == @names },
	    sub { shown('alerts') });
	is(scalar(grep { $_->{severity} eq 'low' &&
	    $_->{text} =~ /^certificate expires in [45] days / }
	    certificate_alerts()), scalar(@names), 'all are of severity low');
	my @lines = shown('alerts') =~ /^low .*certificate expires in .*/gm;
	is(scalar(@lines), scalar(@names), 'and people see them so');
	ok(are_down(), 'all checks pass') or diag(describe());
	certificate('good');
	eventually('the alerts end', sub { !certificate_alerts() },
	    sub { shown('alerts') });
};

subtest 'what agents say' => sub {
	for my $vip (values(%shared)) {
		eventually("$vip is announced",
		    sub { next_hops($vip) == 1 }, \&backends);
	}
	eventually('far1 is up', sub { far_is('up', 1) }, \&backends);
	cmp_ok($_->[1], '>', 0, 'far1 serves') for served(60);

	say_as('far1', '50%');
	eventually('it has half of its weight', sub { far_is('up', 0.5) },
	    \&backends);
	for (served(240)) {
		cmp_ok($_->[0], '>', $_->[1], 'web1 serves more');
		cmp_ok($_->[1], '>', 0, 'far1 still serves');
	}

	my $download;
	for (1 .. 40) {
		$download = download_start("http://$shared{shared}/slow");
		last if $download->{by} eq 'far1';
		process_stop($download->{pid}, 'KILL');
	}
	is($download->{by}, 'far1', 'far1 has a connection');
	say_as('far1', 'drain # for a new disk');
	eventually('it drains', sub { far_is('draining', 0.5) }, \&backends);
	is($_->[1], 0, 'far1 gets no new connection') for served(60);
	my $size = -s "$download->{log}.body";
	eventually('it keeps the one that it has',
	    sub { -s "$download->{log}.body" > $size });
	process_stop($download->{pid}, 'KILL');

	say_as('far1', 'down');
	eventually('it is down', sub { far_is('down', 0.5) }, \&backends);
	is($_->[1], 0, 'far1 serves nobody') for served(60);

	say_as('far1', 'up 100%');
	eventually('it is up', sub { far_is('up', 1) }, \&backends);
	cmp_ok($_->[1], '>', 0, 'far1 serves again') for served(60);
};

# The states of the servers that no check asks, of these ways.
sub unasked
{
	my %wanted = map { ("$_-unasked" => 1) } @_;

	return map { map { $_->{state} } @{$_->{destinations}} }
	    grep { $wanted{$_->{name}} } services('lb1');
}

subtest 'without checks' => sub {
	my @near = grep { $ways{$_}{host} eq 'web1' } @names;
	my @far = grep { $ways{$_}{host} eq 'far1' } @names;

	is_deeply([unasked(@names)], [('up') x (3 * @names)], 'all are up') or
	    diag(shown('backends'));
	on_ok('switch', 'ip', 'link', 'set', 'web1-lan1', 'down');
	eventually('they are down when their next hop is silent',
	    sub { !grep { $_ ne 'down' } unasked(@near) },
	    sub { shown('backends') });
	is_deeply([unasked(@far)], [('up') x (3 * @far)],
	    'but not those behind a router') or diag(shown('backends'));
	on_ok('switch', 'ip', 'link', 'set', 'web1-lan1', 'up');
	eventually('all are up',
	    sub { !grep { $_ ne 'up' } unasked(@names) },
	    sub { shown('backends') });
	eventually('all checks pass', sub { are_down() }, \&describe);
};

finish();
