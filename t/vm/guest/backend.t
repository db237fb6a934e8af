#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# contrib/backend-setup on a server that strictly filters by return paths: for
# every way by which packets come from a balancer, what the kernel then takes
# off and answers to, and that nothing is left of it.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Guest;
use IO::Select;
use Socket qw(:DEFAULT inet_pton unpack_sockaddr_in6 pack_sockaddr_in6
    SOCK_RAW IPPROTO_ICMP);
use Test::More;
use Time::HiRes qw(time);

my @vips = ('192.0.2.1', '2001:db8::1');
my @server = ('10.2.0.1', 'fd00:2::1');
my @client = ('203.0.113.10', '2001:db8:c::10'); # the balancer has these, too
my ($icmp, $icmp6, $ipip, $ipv6, $gre) = (1, 58, 4, 41, 47);
my $id = $$ & 0xffff;

host('lb');
host('server', 'ipv4.conf.all.rp_filter' => 1,
    'ipv4.conf.default.rp_filter' => 1);
ip(qw(link add eth0 netns lb type veth peer name eth0 netns server));
batch('lb', <<"EOT");
address add 10.2.0.254/24 dev eth0
address add fd00:2::254/64 dev eth0
address add $client[0]/32 dev lo
address add $client[1]/128 dev lo
link set eth0 up
EOT
batch('server', <<"EOT");
address add $server[0]/24 dev eth0
address add $server[1]/64 dev eth0
link set eth0 up
route add default via 10.2.0.254
route add default via fd00:2::254
EOT
# Layer 2: the balancer knows the server's address, and asks for no VIP's.
batch('lb', "route add $vips[$_] via $server[$_]\n") for 0, 1;

sub checksum
{
	my ($bytes) = @_;

	my $sum = unpack('%32n*', $bytes . "\0");
	$sum = ($sum & 0xffff) + ($sum >> 16) while $sum >> 16;
	return ~$sum & 0xffff;
}

# An echo request of the client's to a VIP, complete.
sub echo4
{
	my @ends = map { inet_pton(AF_INET, $_) } $client[0], $vips[0];
	my $echo = pack('CCnnn', 8, 0, 0, $id, 1) . 'hello!';
	my $header = pack('CCnnnCCn', 0x45, 0, 20 + length($echo), 0, 0, 64,
	    $icmp, 0) . join('', @ends);

	substr($echo, 2, 2, pack('n', checksum($echo)));
	substr($header, 10, 2, pack('n', checksum($header)));
	return $header . $echo;
}

sub echo6
{
	my $ends = join('', map { inet_pton(AF_INET6, $_) } $client[1],
	    $vips[1]);
	my $echo = pack('CCnnn', 128, 0, 0, $id, 1) . 'hello!';

	substr($echo, 2, 2, pack('n', checksum($ends .
	    pack('NN', length($echo), $icmp6) . $echo)));
	return pack('NnCC', 6 << 28, length($echo), $icmp6, 64) . $ends . $echo;
}

my @inner = ([0, $ipip, 0x0800, echo4()], [1, $ipv6, 0x86dd, echo6()]);

# How each tunnel is sent: protocol, port, and what is in front of the packet.
my %tunnels = (
	ipip => sub { my (undef, $protocol) = @_; return ($protocol, 0, '') },
	gre => sub { my (undef, undef, $type) = @_;
	    return ($gre, 0, pack('nn', 0, $type)) },
	fou => sub { return (0, 5555, '') },
	gue => sub { my (undef, $protocol) = @_;
	    return (0, 6080, pack('CCn', 0, $protocol, 0)) },
);

# setns(2), which Perl has no function for.
sub enter
{
	my ($path) = @_;

	open(my $namespace, '<', $path) or die "$path: $!";
	syscall(308, fileno($namespace), 0) == 0 or die "setns: $!";
}

# A socket of the balancer's.
sub lb_socket
{
	my ($family, $protocol) = @_;

	open(my $home, '<', '/proc/self/ns/net') or die "my namespace: $!";
	enter('/run/netns/lb');
	socket(my $socket, $family, $protocol ? SOCK_RAW : SOCK_DGRAM,
	    $protocol) or die "socket: $!";
	enter('/proc/self/fd/' . fileno($home));
	return $socket;
}

sub address
{
	my ($text, $port) = @_;

	return $text =~ /:/ ?
	    pack_sockaddr_in6($port, inet_pton(AF_INET6, $text)) :
	    pack_sockaddr_in($port, inet_pton(AF_INET, $text));
}

my @listeners = (lb_socket(AF_INET, $icmp), lb_socket(AF_INET6, $icmp6));

# The VIP's answer to the client, of what has come to the balancer.
sub answer
{
	my ($n) = @_;
	my ($type, $start) = $n == 0 ? (0, 20) : (129, 0);

	while (IO::Select->new($listeners[$n])->can_read(0.3)) {
		my $from = recv($listeners[$n], my $packet, 2048, 0);
		my $source = $n == 0 ? (unpack_sockaddr_in($from))[1] :
		    (unpack_sockaddr_in6($from))[1];
		my ($got, undef, undef, $of) =
		    unpack('CCnn', substr($packet, $start));
		return 1 if $got == $type && $of == $id && $source eq
		    inet_pton($n == 0 ? AF_INET : AF_INET6, $vips[$n]);
	}
	return 0;
}

# The first packet may find no neighbour, or an address that is not there yet.
sub answers
{
	my ($n, $tries, $send) = @_;

	for (1 .. $tries) {
		$send->();
		return 1 if answer($n);
	}
	return 0;
}

sub tunnel_answers
{
	my ($tunnel, $outer, $inner, $tries) = @_;
	my ($n, undef, undef, $packet) = @$inner;
	my ($protocol, $port, $front) = $tunnels{$tunnel}->(@$inner);
	my $socket = lb_socket($outer == 0 ? AF_INET : AF_INET6, $protocol);

	return answers($n, $tries, sub {
		send($socket, $front . $packet, 0,
		    address($server[$outer], $port)) });
}

# By layer 2, where the request is sent as any other.
sub plain_answers
{
	my ($inner, $tries) = @_;
	my ($n, undef, undef, $packet) = @$inner;
	my $socket = lb_socket($n == 0 ? AF_INET : AF_INET6,
	    $n == 0 ? $icmp : $icmp6);

	bind($socket, address($client[$n], 0)) or die "bind: $!";
	return answers($n, $tries, sub {
		send($socket, substr($packet, $n == 0 ? 20 : 40), 0,
		    address($vips[$n], 0)) });
}

# By bash, as busybox's shell prefers an ip(8) of its own, which knows little.
sub setup
{
	my @arguments = @_;
	my $output = `nsenter --net=/run/netns/server bash \\
	    /src/contrib/backend-setup -s /tmp/backend @arguments 2>&1`;

	return ($? >> 8, $output);
}

sub setup_ok
{
	my ($test, @arguments) = @_;
	my ($status, $output) = setup(@arguments);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($status, 0, $test) or diag($output);
}

# All of the server that it may change.
sub snapshot
{
	return `nsenter --net=/run/netns/server bash -c '
	    ip -d link; ip -o address; ip rule; ip -6 rule; ip route;
	    ip -6 route; ip fou show; ip -6 fou show;
	    cd /proc/sys/net/ipv4/conf && grep . */arp_* */rp_filter' 2>&1` =~
	    s/(valid_lft|preferred_lft) \S+//gr;
}

# The link is up, and has an address of its own, which some kernels make late.
my $before;
wait_for(60, sub {
	$before = snapshot();
	return $before =~ /^\d+: eth0@.* state UP/m &&
	    $before =~ /eth0 +inet6 fe80\S+ / && $before !~ /tentative/;
}) or diag($before);
ok(!plain_answers($inner[0], 1), 'layer 2: nothing answers before');
setup_ok('it is prepared', 'up', @vips);
ok(plain_answers($inner[0], 30), 'IPv4 answers');
ok(plain_answers($inner[1], 30), 'IPv6 answers');
setup_ok('it is undone', 'down');
is(snapshot(), $before, 'entirely');

for my $tunnel (sort keys %tunnels) {
	ok(!tunnel_answers($tunnel, 0, $inner[0], 1),
	    "$tunnel: nothing answers before");
	setup_ok('it is prepared', '-t', $tunnel, (map { "-l $_" } @server),
	    'up', @vips);
	for my $outer (0, 1) {
		ok(tunnel_answers($tunnel, $outer, $_, 30),
		    sprintf('IPv%d over IPv%d answers', $_->[0] ? 6 : 4,
			$outer ? 6 : 4)) for @inner;
	}
	setup_ok('which its status says', 'status');
	setup_ok('it is undone', 'down');
	is(snapshot(), $before, 'entirely');
}

done_testing();
