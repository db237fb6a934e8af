#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# ICMP and fragments, of both IP versions: pings and probes of VIPs, path MTU
# discovery of servers, large datagrams, ports that nobody serves.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use List::Util qw(uniq);
use Test::More;

my @versions = ({version => 4, vip => '192.0.2.1', url => 'http://192.0.2.1/',
	client => '203.0.113.10', router => '203.0.113.1',
	balancer => '198.51.100.11', web1 => '198.51.100.21',
	exceeded => '11/0', unreachable => '3/0'},
    {version => 6, vip => '2001:db8:0:100::1',
	url => 'http://[2001:db8:0:100::1]/',
	client => '2001:db8:0:113::10', router => '2001:db8:0:113::1',
	balancer => '2001:db8:0:1::11', web1 => '2001:db8:0:1::21',
	exceeded => '3/0', unreachable => '1/0'});
my @echoes;

lab_up('python3');

sub reload_both
{
	my ($change) = @_;

	for my $host (qw(lb1 lb2)) {
		configure($host, $change);
		my $reply = vc5ctl($host, 'reload') // {};
		ok($reply->{ok}, "$host reloads") or diag(explain($reply));
	}
}

# An echo service beside each web service.
sub serve_echo
{
	for my $web (qw(web1 web2 web3)) {
		push(@echoes, on_start($web, "$state/$web/echo",
		    "$source/t/net/echo", $web, 7, map { $_->{vip} }
		    @versions));
	}
	reload_both(sub {
		$_->{name} =~ /^web/ and $_->{policy}{'7/udp'} = {}
		    for @{$_[0]->{services}};
	});
	for my $ip (@versions) {
		eventually("echo over IPv$ip->{version} is served", sub {
			(ask('udp', $ip->{vip}, 7, 100, 1))[0] =~ /^answer/ });
	}
}

subtest 'an echo service' => \&serve_echo;

for my $ip (@versions) {
	subtest "IPv$ip->{version}: a VIP answers pings" => sub {
		my $before = icmp_made('echo_reply');
		my @lines = ask('ping', $ip->{vip}, 5);
		# 64, less one for the router
		is_deeply(\@lines, [("reply from $ip->{vip} ttl 63") x 5],
		    'each of them') or diag("@lines");
		for my $size (0, 1, 1400) {
			is_deeply([ask('ping', $ip->{vip}, 1, $size)],
			    ["reply from $ip->{vip} ttl 63"], "$size bytes");
		}
		is(icmp_made('echo_reply') - $before, 8, 'they are counted');
	};
	subtest "IPv$ip->{version}: hops" => sub {
		my ($line) = ask('hops', $ip->{vip}, 7, 1);
		like($line, qr{^error $ip->{exceeded} from \Q$ip->{router}\E },
		    'one: the router says so');
		my @before = (drops('ttl'), icmp_made('time_exceeded'));
		($line) = ask('hops', $ip->{vip}, 7, 2);
		like($line, qr{^error $ip->{exceeded} from \Q$ip->{vip}\E },
		    'two: the VIP does');
		is(drops('ttl') - $before[0], 1, 'the drop is counted');
		is(icmp_made('time_exceeded') - $before[1], 1,
		    'so is the message');
		($line) = ask('hops', $ip->{vip}, 7, 3);
		like($line, qr/^answer web\d 4 /, 'three: a server answers');
	};
	subtest "IPv$ip->{version}: datagrams in fragments" => sub {
		for my $size (1473, 4000, 20000) {
			my @lines = ask('udp', $ip->{vip}, 7, $size, 30);
			is_deeply([uniq(sort @lines)], [map {
			    "answer $_ $size whole" } qw(web1 web2 web3)],
			    "$size bytes: whole, at all servers");
		}
	};
}

subtest 'a port without a service' => sub {
	my @before = (drops('unserved'));
	for my $ip (@versions) {
		my ($line) = ask('udp', $ip->{vip}, 8, 10, 1);
		is($line, 'nothing', "IPv$ip->{version}: nobody answers");
		push(@before, drops('unserved'));
		cmp_ok($before[-1], '>', $before[-2], 'the drop is counted');
	}
	# Passed on, it is the kernel's, which here routes it to a server.
	for my $host (qw(lb1 lb2)) {
		on_ok($host, qw(sysctl -qw net.ipv4.ip_forward=1
		    net.ipv6.conf.all.forwarding=1));
		on_ok($host, 'ip', "-$_->{version}", 'route', 'add',
		    $_->{vip}, 'via', $_->{web1}) for @versions;
	}
	reload_both(sub { $_[0]->{unserved} = 'pass' });
	my $before = drops('unserved');
	for my $ip (@versions) {
		my ($line) = ask('udp', $ip->{vip}, 8, 10, 1);
		like($line, qr{^error (?:3/3|1/4) from },
		    "IPv$ip->{version}: passed, it has an answer");
	}
	is(drops('unserved'), $before, 'none is dropped');
	is(scalar(uniq(ask('udp', $_->{vip}, 7, 4000, 40))), 3,
	    "IPv$_->{version}: what is served is balanced") for @versions;
	reload_both(sub { delete($_[0]->{unserved}) });
	for my $host (qw(lb1 lb2)) {
		on_ok($host, 'ip', "-$_->{version}", 'route', 'delete',
		    $_->{vip}, 'via', $_->{web1}) for @versions;
		on_ok($host, qw(sysctl -qw net.ipv4.ip_forward=0
		    net.ipv6.conf.all.forwarding=0));
	}
};

subtest 'no ICMP at all, by configuration' => sub {
	my $before = drops('icmp_limit');
	reload_both(sub { $_[0]->{icmp_limit} = 0 });
	for my $ip (@versions) {
		is((ask('ping', $ip->{vip}, 1))[0], 'nothing',
		    "IPv$ip->{version}: no answer");
	}
	cmp_ok(drops('icmp_limit'), '>=', $before + 2, 'the drops are counted');
	reload_both(sub { delete($_[0]->{icmp_limit}) });
	like((ask('ping', $_->{vip}, 1))[0], qr/^reply/,
	    "IPv$_->{version}: an answer") for @versions;
};

# How often a server has been told that what it sent was refused.
sub refusals
{
	my ($web, $ip) = @_;
	my $text = on($web, 'cat', $ip->{version} == 4 ? '/proc/net/snmp' :
	    '/proc/net/snmp6');

	return $1 if $text =~ /^Icmp6InDestUnreachs\s+(\d+)/m;
	my ($names, $values) = $text =~ /^Icmp: (.*)\nIcmp: (.*)/m;
	my %count;
	@count{split(' ', $names)} = split(' ', $values);
	return $count{InDestUnreachs};
}

# Datagrams that a server has had from one of the ports of orphans.
sub orphans
{
	my ($web, $ip) = @_;

	return scalar(() = slurp("$state/$web/echo") =~
	    / \Q$ip->{client}\E 5\d\d\d$/mg);
}

subtest "a client's ICMP errors" => sub {
	# Not even by the limit that all hosts of the machine share.
	on_ok('client', qw(sysctl -qw net.ipv4.icmp_ratemask=0
	    net.ipv6.icmp.ratemask=0));
	for my $ip (@versions) {
		my %before = map { $_ => refusals($_, $ip) }
		    qw(web1 web2 web3);
		my $told = sub { my %told = map { $_ => refusals($_, $ip) -
		    $before{$_} } keys %before; return \%told };
		ask('orphans', $ip->{vip}, 7, 40);
		eventually("IPv$ip->{version}: all come back", sub {
			my $told = $told->();
			$told->{web1} + $told->{web2} + $told->{web3} == 40 },
		    sub { explain($told->()) });
		is_deeply($told->(), {map { $_ => orphans($_, $ip) }
		    keys %before}, 'each to the server of its flow');
	}
};

# Servers that know of a path MTU to the client.
sub aware
{
	my ($ip) = @_;

	return grep { on($_, 'ip', "-$ip->{version}", 'route', 'get',
	    $ip->{client}, 'from', $ip->{vip}) =~ / mtu 1300\b/ }
	    qw(web1 web2 web3);
}

# The router tells the VIP that what it sends doesn't fit on the way to the
# client.  Nobody but the sender gets to know.
subtest 'a narrow way to the client' => sub {
	my $size = 1 << 20;
	truncate("$state/$_/html/large", $size) for qw(web1 web2 web3);
	on_ok('router', qw(ip link set eth0 mtu 1300));
	for my $ip (@versions) {
		my %told;
		for my $try (1 .. 12) {
			my $got = on('client', 'curl', '-sSg', '-m', 60, '-D',
			    "$state/head", '-o', '/dev/null', '-w',
			    '%{http_code} %{size_download}',
			    "$ip->{url}large");
			is($got, "200 $size", 'a download');
			my ($by) = slurp("$state/head") =~
			    /^X-Backend: (\w+)/mi;
			$told{$by // 'nobody'} = 1;
			is_deeply([aware($ip)], [sort keys %told],
			    "IPv$ip->{version}: known to who has sent");
		}
		cmp_ok(scalar(keys %told), '>', 1, 'several have sent');
	}
	on_ok('router', qw(ip link set eth0 mtu 1500));
};

# Routed to a balancer that doesn't announce it, a VIP is silent.
subtest 'a VIP that is withdrawn' => sub {
	stop("nginx-$_") for qw(web1 web2 web3);
	for my $ip (@versions) {
		eventually("IPv$ip->{version}: withdrawn", sub {
			next_hops($ip->{vip}) == 0 });
		like((ask('ping', $ip->{vip}, 1))[0],
		    qr{^error $ip->{unreachable} from \Q$ip->{router}\E},
		    'the router knows no way to it');
		on_ok('router', 'ip', 'route', 'add', $ip->{vip}, 'via',
		    $ip->{balancer}, 'metric', 1);
		unlike((ask('ping', $ip->{vip}, 1))[0], qr/^reply/,
		    'no balancer answers for it');
	}
	start("nginx-$_") for qw(web1 web2 web3);
	for my $ip (@versions) {
		eventually("IPv$ip->{version}: announced again", sub {
			(ask('ping', $ip->{vip}, 1))[0] =~ /^reply/ });
		on_ok('router', 'ip', 'route', 'delete', $ip->{vip}, 'via',
		    $ip->{balancer}, 'metric', 1);
	}
};

finish();
