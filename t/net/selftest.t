#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Faults of a server's set-up for direct return: each is made for real, and the
# failed check has to say which it looks like.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Lab;
use Test::More;

my %address = (web => '198.51.100.21', web6 => '2001:db8:0:1::21',
    ipip => '198.18.1.2', fou => '198.18.1.2');
my %vip = (web => '192.0.2.1', web6 => '2001:db8:0:100::1',
    ipip => '192.0.2.101', fou => '192.0.2.102');

sub check_of
{
	my ($service) = @_;

	return destination('lb1', $service, $address{$service})
	    ->{checks}[0] // {};
}

sub state_of
{
	my ($service) = @_;

	return destination('lb1', $service, $address{$service})->{state} // '';
}

# Make a fault: the check says what it looks like, and so does the log.  Mend
# it: that is forgotten.
sub looks_like
{
	my ($test, $service, $fault, $mend, @sentences) = @_;

	subtest $test => sub {
		eventually('the server is up',
		    sub { state_of($service) eq 'up' },
		    sub { explain(check_of($service)) });
		my $offset = log_size('lb1');
		$fault->();
		eventually('it is down, and the check says what it looks like',
		    sub {
			my $said = check_of($service)->{diagnosis} // '';
			state_of($service) eq 'down' &&
			    @sentences == grep { $said =~ $_ } @sentences },
		    sub { explain(check_of($service)) });
		note(check_of($service)->{diagnosis});
		like(vc5d_log('lb1', $offset),
		    qr/\b$service .* check of \Q$address{$service}\E looks like /,
		    'the log, too');
		$mend->();
		eventually('it comes back', sub { state_of($service) eq 'up' },
		    sub { explain(check_of($service)) });
		is(check_of($service)->{diagnosis} // '', '', 'and all is well');
	};
}

sub address_add
{
	my ($host, $address, $device) = @_;

	on_ok($host, 'ip', 'address', 'add', $address, 'dev', $device // 'lo',
	    $address =~ /:/ ? 'nodad' : ());
}

sub address_delete
{
	my ($host, $address, $device) = @_;

	$address .= $address =~ /:/ ? '/128' : '/32' unless $address =~ m{/};
	on_ok($host, 'ip', 'address', 'delete', $address, 'dev',
	    $device // 'lo');
}

# What a packet filter would do: rules that come before the local addresses.
# Those without forwarding drop in silence, others say so by ICMP.
sub rules_first
{
	my ($host) = @_;

	on_ok($host, 'ip', 'rule', 'add', 'priority', 100, 'table', 'local');
	on_ok($host, 'ip', 'rule', 'delete', 'priority', 0);
}

sub rule
{
	my ($host, $change, @rule) = @_;

	on_ok($host, 'ip', 'rule', $change, 'priority', 10, @rule);
}

sub sysctl
{
	my ($host, @settings) = @_;

	on_ok($host, 'sysctl', '-q', '-w', @settings);
}

plan(skip_all => 'there is no /dev/net/tun here') unless -e '/dev/net/tun';
@Lab::size = ('--balancers', 1, '--backends', 1);
lab_up('python3');
address_add('far1', $vip{$_}) for qw(ipip fou);
my $far_web = far_web('far1');
rules_first($_) for qw(web1 far1);
# The end of the tunnels is a program that packets are copied to; the kernel,
# which has no tunnels, would refuse them besides.
my %tunnel = (ipip => [qw(iif eth0 ipproto 4 type blackhole)],
    fou => [qw(iif eth0 ipproto udp dport 5555 type blackhole)]);
rule('far1', 'add', @$_) for values(%tunnel);

sub end_start
{
	return on_start('far1', "$state/far1/decap.log",
	    "$source/t/net/decap", $address{ipip});
}
my $end = end_start();
configure('lb1', sub {
	my ($config) = @_;

	$config->{fall} = 3;
	my %policy = (http => {checks => [{type => 'http',
	    path => '/health'}]});
	for my $service (@{$config->{services}}) {
		$service->{servers} = [$address{$service->{name}}]
		    if $address{$service->{name}};
	}
	push(@{$config->{services}}, map { {name => $_, virtual => $vip{$_},
	    servers => [$address{$_}], delivery => $_, policy => \%policy} }
	    qw(ipip fou));
});
my $reply = vc5ctl('lb1', 'reload') // {};
ok($reply->{ok}, 'the balancer reloads') or diag(explain($reply));

looks_like('the VIP is not on the loopback', 'web',
    sub { address_delete('web1', $vip{web}) },
    sub { address_add('web1', $vip{web}) },
    qr/^the VIP is not on the server's loopback/);

looks_like('the same of IPv6', 'web6',
    sub { address_delete('web1', $vip{web6}) },
    sub { address_add('web1', $vip{web6}) },
    qr/^the VIP is not on the server's loopback/);

looks_like('the VIP is not on the loopback of who forwards', 'web',
    sub {
	sysctl('web1', 'net.ipv4.ip_forward=1');
	address_delete('web1', $vip{web});
    },
    sub {
	address_add('web1', $vip{web});
	sysctl('web1', 'net.ipv4.ip_forward=0');
    },
    qr/^the VIP is not on the server's loopback/);

looks_like('an ARP leak', 'web',
    sub {
	address_add('web1', "$vip{web}/32", 'eth0');
	sysctl('web1', 'net.ipv4.conf.all.arp_ignore=0');
	stop('nginx-web1');
    },
    sub {
	address_delete('web1', $vip{web}, 'eth0');
	sysctl('web1', 'net.ipv4.conf.all.arp_ignore=1');
	start('nginx-web1');
    },
    qr/ARP leak: the server, [0-9a-f:]{17} answers ARP for the VIP/);

looks_like('the same of IPv6', 'web6',
    sub {
	address_delete('web1', $vip{web6});
	address_add('web1', "$vip{web6}/128", 'eth0');
	stop('nginx-web1');
    },
    sub {
	address_delete('web1', $vip{web6}, 'eth0');
	address_add('web1', $vip{web6});
	start('nginx-web1');
    },
    qr/ARP leak: the server, .* answers neighbour discovery for the VIP/);

# As many as there are probes, for once.
sysctl('web1', 'net.ipv4.icmp_ratelimit=0');
my @http = ('to', $vip{web}, 'ipproto', 'tcp', 'dport', 80);
looks_like('a firewall that drops', 'web',
    sub { rule('web1', 'add', @http, 'type', 'blackhole') },
    sub { rule('web1', 'delete', @http, 'type', 'blackhole') },
    qr/^a firewall: the server has the VIP.* port 80 is dropped$/);

looks_like('a firewall that says so', 'web',
    sub {
	sysctl('web1', 'net.ipv4.ip_forward=1');
	rule('web1', 'add', 'to', $vip{web}, 'type', 'prohibit');
    },
    sub {
	rule('web1', 'delete', 'to', $vip{web}, 'type', 'prohibit');
	sysctl('web1', 'net.ipv4.ip_forward=0');
    },
    qr/^a firewall: \S+ says that .* VIP is administratively prohibited$/);

# It takes the place of the web server within a moment.
my $own_server = <<'EOT';
use IO::Socket::INET;
my $listener;
until ($listener = IO::Socket::INET->new(LocalAddr => $ARGV[0],
    LocalPort => 80, Listen => 128, ReuseAddr => 1)) {
	select(undef, undef, undef, 0.01);
}
while (my $client = $listener->accept()) {
	sysread($client, my $request, 4096);
	syswrite($client, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
}
EOT
my $own;
looks_like('the service is at the own address only', 'web',
    sub {
	$own = process_start("$state/web1/own.log", 'nsenter',
	    "--net=/run/netns/$prefix-web1", $^X, '-e', $own_server,
	    $address{web});
	stop('nginx-web1');
    },
    sub {
	process_stop($own);
	start('nginx-web1');
    },
    qr/^the service listens at the server's own address only/);

looks_like('the VIP is not behind the tunnel', 'ipip',
    sub { address_delete('far1', $vip{ipip}) },
    sub { address_add('far1', $vip{ipip}) },
    qr/^the VIP is not on the server's loopback: by the same way, the tunnel/);

# What is written into the tunnel's device is routed back to the Ethernet.
looks_like('rp_filter at the tunnel', 'ipip',
    sub { sysctl('far1', 'net.ipv4.conf.decap0.rp_filter=1') },
    sub { sysctl('far1', 'net.ipv4.conf.decap0.rp_filter=0') },
    qr/^rp_filter: the server drops what comes out of the tunnel/);

for my $kind (qw(ipip fou)) {
	looks_like("$kind is not terminated", $kind,
	    sub {
		process_stop($end);
		rule('far1', 'delete', @{$tunnel{$kind}});
	    },
	    sub {
		rule('far1', 'add', @{$tunnel{$kind}});
		$end = end_start();
	    },
	    qr/^the tunnel is not terminated: \S+ refuses what is sent by $kind /);
}

finish();
