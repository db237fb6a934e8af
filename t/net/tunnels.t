#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Servers in other networks, which tunnels reach or rewritten destinations.
# The kernel may have no tunnels, so t/net/decap is the end of them.  Each way
# of delivery, in each pair of IP versions that it can have, has a VIP of its
# own, so that what has arrived of it can be told, and path MTUs apart.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Digest::MD5;
use JSON::PP;
use Lab;
use List::Util qw(max uniq);
use Test::More;

my %client = (4 => '203.0.113.10', 6 => '2001:db8:0:113::10');
my %balancers = (4 => ['198.51.100.11', '198.51.100.12'],
    6 => ['2001:db8:0:1::11', '2001:db8:0:1::12']);
my %ends = (4 => ['198.18.1.10', '198.18.2.10'],
    6 => ['2001:db8:0:f1::10', '2001:db8:0:f2::10']);
my $tos = 0x2a; # of t/net/ask
my $size = 1 << 20;
my (@ways, @processes);

sub way
{
	my ($name, $delivery, $added, $inner, $outer) = @_;
	my $n = 100 + @ways;
	my %way = (name => $name, inner => $inner, outer => $outer,
	    vip => $inner == 4 ? "192.0.2.$n" : "2001:db8:0:100::$n",
	    kind => ref($delivery) ? $delivery->{type} : $delivery,
	    delivery => $delivery);

	$way{overhead} = $way{kind} eq 'dscp' ? 0 :
	    $added + ($outer == 4 ? 20 : 40);
	$way{url} = $inner == 4 ? "http://$way{vip}/" : "http://[$way{vip}]/";
	push(@ways, \%way);
	return \%way;
}

for my $inner (4, 6) {
	for my $outer (4, 6) {
		my $in = "IPv$inner in IPv$outer";
		way("ipip, $in", 'ipip', 0, $inner, $outer);
		way("gre, $in", 'gre', 4, $inner, $outer);
		for my $checksum (1, 0) {
			my $with = $checksum ? 'with' : 'without';
			way("$_->[0] $with checksum, $in", {type => $_->[0],
			    checksum => $checksum ? JSON::PP::true :
				JSON::PP::false}, $_->[1], $inner, $outer)
			    for ['fou', 8], ['gue', 12];
			$_->{checksum} = $checksum ? 'yes' : 'none'
			    for @ways[-2, -1];
		}
	}
	way("dscp, IPv$inner", {type => 'dscp', code_point => 10 + $inner}, 0,
	    $inner, $inner)->{code_point} = 10 + $inner;
}
way('ipip from a prefix', {type => 'ipip', source => '198.18.128.0/24'}, 0,
    4, 4)->{sources} = qr/^198\.18\.128\.\d+$/;
way('gre from a prefix', {type => 'gre', source => '2001:db8:0:5::/64'}, 4,
    4, 6)->{sources} = qr/^2001:db8:0:5:/;

sub set_up_far
{
	my ($host) = @_;

	on_ok($host, 'ip', 'address', 'add', $_->{vip}, 'dev', 'lo',
	    $_->{inner} == 6 ? 'nodad' : ()) for @ways;
	push(@processes, far_web($host), on_start($host, "$state/$host/echo",
	    "$source/t/net/echo", $host, 7, map { $_->{vip} } @ways));
}

sub start_end
{
	my ($host) = @_;

	return far_start($host, map { "$_->{code_point}=$_->{vip}" }
	    grep { $_->{code_point} } @ways);
}

sub configure_ways
{
	my ($config) = @_;

	@$config{qw(interval timeout)} = (1, 1);
	$config->{servers} = {far4 => $ends{4}, far6 => $ends{6}};
	$config->{services} = [map { {
		name => "way-$_->{vip}" =~ tr{:}{_}r,
		virtual => $_->{vip},
		servers => "far$_->{outer}",
		delivery => $_->{delivery},
		policy => {
			http => {checks => [{type => 'http',
			    path => '/health'}]},
			'7/udp' => {},
		},
	} } @ways];
}

# The states of all destinations at a server's ends, on both balancers, of
# services that have checks.
sub states
{
	my ($n) = @_;

	return uniq(sort map { $_->{state} } grep {
	    $_->{address} =~ /^(?:198\.18\.$n\.10|2001:db8:0:f$n\::10)$/ }
	    map { @{$_->{destinations}} }
	    grep { $_->{protocol} eq 'tcp' } services('lb1'), services('lb2'));
}

sub describe_states
{
	return join("\n", map { my $service = $_; map {
	    "$service->{name}: $_->{address} $_->{state} " .
	    ($_->{checks}[0]{outcome} // '') }
	    @{$service->{destinations}} } services('lb1')) .
	    problems('lb1') . problems('lb2');
}

# What of a way's client has arrived at either end.
sub arrived
{
	my ($way, $lines) = @_;

	return grep { ($_->{inner_destination} // '') eq $way->{vip} &&
	    $_->{inner_source} eq $client{$way->{inner}} } @$lines;
}

# A test: of these packets, all have this value.
sub all_are
{
	my ($packets, $key, $value, $test) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([uniq(map { $_->{$key} } @$packets)], [$value], $test);
}

plan(skip_all => 'there is no /dev/net/tun here') unless -e '/dev/net/tun';
lab_up('python3');
set_up_far($_) for qw(far1 far2);
my %end = map { $_ => start_end($_) } qw(far1 far2);

subtest 'health checks through each' => sub {
	for my $host (qw(lb1 lb2)) {
		configure($host, \&configure_ways);
		my $reply = vc5ctl($host, 'reload') // {};
		ok($reply->{ok}, "$host reloads") or diag(explain($reply));
	}
	eventually('all destinations are up', sub {
		"@{[states(1)]} @{[states(2)]}" eq 'up up' },
	    \&describe_states);
	for my $way (@ways) {
		eventually("$way->{name}: announced by both", sub {
			next_hops($way->{vip}) == 2 });
	}
	my ($mac) = on('router', qw(ip -br link show eth1)) =~ /(\S+:\S+)/;
	is_deeply([uniq(map { $_->{mac} } map { @{$_->{destinations}} }
	    services('lb1'), services('lb2'))], [$mac],
	    'the next hop is the router');
};

# Requests, a large upload and datagrams of both sizes.
sub use_way
{
	my ($way) = @_;

	my $answers = answers($way->{url}, 30);
	is_deeply([sort keys %$answers], [map {
	    "$_ answers $client{$way->{inner}}" } qw(far1 far2)],
	    'both servers answer') or diag(explain($answers));
	my $got = on('client', 'curl', '-sSg', '-m', 60, '-T', "$state/upload",
	    '-w', '%{http_code}', "$way->{url}put/$way->{vip}");
	like($got, qr/201$/, 'an upload');
	my ($file) = grep { -e } map { "$state/$_/html/put/$way->{vip}" }
	    qw(far1 far2);
	is(Digest::MD5::md5_hex(slurp($file // '')),
	    Digest::MD5::md5_hex(slurp("$state/upload")), 'has arrived');
	like(on('client', 'ip', 'route', 'get', $way->{vip}),
	    qr/ mtu @{[1500 - $way->{overhead}]}\b/, 'by path MTU discovery')
	    if $way->{overhead} > 0;
	my @datagrams = ask('udp', $way->{vip}, 7, 400, 20);
	is_deeply([uniq(sort @datagrams)],
	    [map { "answer $_ 400 whole" } qw(far1 far2)], 'datagrams');
	@datagrams = ask('udp', $way->{vip}, 7, 4000, 2);
	is(scalar(grep { /^answer far\d 4000 whole$/ } @datagrams), 2,
	    'and those that are sent in fragments') or
	    diag(join("\n", @datagrams));
}

# What of it arrived, and in what.
sub look_at_way
{
	my ($way, $lines) = @_;
	my @packets = arrived($way, $lines);
	my @whole = grep { !$_->{inner_fragment} } @packets;
	my $dscp = $way->{code_point};

	cmp_ok(scalar(@packets), '>', 700, 'packets');
	all_are(\@packets, 'kind', $way->{kind}, 'of the kind');
	all_are(\@packets, 'version', $way->{outer}, 'by the IP version');
	all_are(\@whole, 'checksum', $way->{checksum}, 'with such checksums')
	    if $way->{checksum};
	is(max(map { $_->{length} } @packets), 1500, 'filling the MTU');
	all_are(\@packets, 'ttl', $dscp ? 61 : 63, 'hops left outside');
	all_are(\@packets, 'inner_ttl', $dscp ? 61 : 62, 'and inside');
	look_at_fields($way, \@packets);
	look_at_spread($way, \@packets);
}

sub look_at_fields
{
	my ($way, $packets) = @_;
	my $point = $way->{code_point};
	my @datagrams = grep { $_->{inner_protocol} == 17 } @$packets;

	all_are(\@datagrams, 'tos', $point ? $point << 2 | $tos & 3 : $tos,
	    'the traffic class of datagrams');
	return if $point;
	my @wrong = grep { $_->{tos} != $_->{inner_tos} } @$packets;
	is(scalar(@wrong), 0, 'the traffic class is copied');
	return if $way->{outer} == 6;
	@wrong = grep { $_->{df} != $_->{inner_df} ||
	    $_->{id} != $_->{inner_id} } @$packets;
	is(scalar(@wrong), 0, "don't fragment and identification") or
	    diag(explain($wrong[0]));
}

# What routers and receivers can tell flows by; there were 51 or more.
sub look_at_spread
{
	my ($way, $packets) = @_;
	my @sources = uniq(sort map { $_->{source} } @$packets);

	if ($way->{sources}) {
		is(scalar(grep { !/$way->{sources}/ } @sources), 0,
		    'sources are of the prefix') or diag("@sources");
		cmp_ok(scalar(@sources), '>', 20, 'and many');
	} elsif (!$way->{code_point}) {
		is_deeply(\@sources, $balancers{$way->{outer}},
		    'sources are the balancers');
	}
	if ($way->{checksum}) {
		my @ports = uniq(map { $_->{port} } @$packets);
		cmp_ok(scalar(@ports), '>', 25, 'UDP source ports');
		is(scalar(grep { $_ < 49152 } @ports), 0, 'are dynamic ones');
	}
	if ($way->{outer} == 6 && !$way->{code_point}) {
		my @labels = uniq(map { $_->{label} } @$packets);
		cmp_ok(scalar(@labels), '>', 25, 'flow labels');
	}
}

my $too_big = icmp_made('too_big');
spew("$state/upload", join('', map { pack('N', rand(2**32)) } 1 .. $size / 4));
for my $way (@ways) {
	subtest $way->{name} => sub { use_way($way) };
}
cmp_ok(icmp_made('too_big') - $too_big, '>=',
    grep({ $_->{overhead} > 0 } @ways), 'clients have been told of path MTUs');
my @lines = map { far_lines($_) } qw(far1 far2);
for my $way (@ways) {
	subtest "$way->{name}: what has arrived" => sub {
		look_at_way($way, \@lines) };
}

subtest 'all that has arrived' => sub {
	my @bad = grep { $_->{problem} ne 'none' } @lines;
	is(scalar(@bad), 0, 'nothing is wrong, of ' . @lines) or
	    diag(explain(@bad > 5 ? @bad[0 .. 4] : @bad));
	for my $way (@ways) {
		my $from = $balancers{$way->{inner}};
		my @seen = uniq(sort map { $_->{inner_source} } grep {
		    ($_->{inner_destination} // '') eq $way->{vip} &&
		    $_->{inner_source} ne $client{$way->{inner}} } @lines);
		is_deeply(\@seen, $from, "$way->{name}: health checks");
	}
};

subtest 'one server is stopped' => sub {
	process_stop($processes[0]);
	eventually('all of its destinations go down, and no other', sub {
		"@{[states(1)]} @{[states(2)]}" eq 'down up' },
	    \&describe_states);
	for my $way (@ways) {
		is_deeply(answers($way->{url}, 6), {"far2 answers " .
		    $client{$way->{inner}} => 6}, "$way->{name}");
	}
	$processes[0] = far_web('far1');
	eventually('it returns', sub {
		"@{[states(1)]} @{[states(2)]}" eq 'up up' },
	    \&describe_states);
};

subtest 'one end of the tunnels is stopped' => sub {
	process_stop($end{far2});
	eventually('all of its destinations go down, and no other', sub {
		"@{[states(1)]} @{[states(2)]}" eq 'up down' },
	    \&describe_states);
	$end{far2} = start_end('far2');
	eventually('it returns', sub {
		"@{[states(1)]} @{[states(2)]}" eq 'up up' },
	    \&describe_states);
};

# What a balancer itself sends to a server's own address, to find out what is
# wrong with one whose checks fail: it came without any delivery.
sub is_selftest
{
	my ($line) = @_;

	return $line->{problem} eq 'code-point' && $line->{tos} == 0 &&
	    grep({ $line->{source} eq $_ } map { @$_ } values %balancers);
}

subtest 'in generic mode' => sub {
	for my $host (qw(lb1 lb2)) {
		configure($host, sub { $_[0]->{xdp} = 'generic' });
		ok(reload($host), "$host reloads");
		eventually('and attaches so', sub {
			my $links = on($host, 'ip', 'link');
			2 == (() = $links =~ /eth[01]@.* xdpgeneric /g) },
		    sub { on($host, 'ip', 'link') });
	}
	# Files are there already from when they were first sent.
	unlink(glob("$state/far[12]/html/put/*"));
	for my $kind (qw(ipip gue dscp)) {
		use_way($_) for grep { $_->{kind} eq $kind } @ways;
	}
	my @bad = grep { $_->{problem} ne 'none' && !is_selftest($_) }
	    map { far_lines($_) } qw(far1 far2);
	is(scalar(@bad), 0, 'nothing is wrong with what has arrived') or
	    diag(explain(@bad > 5 ? @bad[0 .. 4] : @bad));
};

subtest "a route's MTU" => sub {
	my %gateway = (4 => '198.51.100.1', 6 => '2001:db8:0:1::1');
	my ($ipip) = grep { $_->{kind} eq 'ipip' && $_->{outer} == 4 } @ways;
	my ($gue) = grep { $_->{kind} eq 'gue' && $_->{outer} == 6 } @ways;
	for my $host (qw(lb1 lb2)) {
		for my $version (4, 6) {
			on_ok($host, 'ip', "-$version", 'route', 'add', $_,
			    'via', $gateway{$version}, 'mtu', 1400)
			    for @{$ends{$version}};
		}
	}
	for my $way ($ipip, $gue) {
		my $mtu = 1400 - $way->{overhead};
		eventually("$way->{name}: clients learn of it", sub {
			on('client', 'curl', '-sSg', '-m', 60, '-o',
			    '/dev/null', '-T', "$state/upload",
			    "$way->{url}put/again");
			on('client', 'ip', 'route', 'get', $way->{vip}) =~
			    / mtu $mtu\b/ });
	}
};

finish();
