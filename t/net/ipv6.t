#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# IPv6: traffic, checks and announcements as of IPv4, and VIPs of one version
# on servers that are known by addresses of the other.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Digest::MD5;
use Lab;
use Test::More;

my $vip = '2001:db8:0:100::1';
my $url = "http://[$vip]/";
my $client = '2001:db8:0:113::10';
my %address = (web1 => '2001:db8:0:1::21', web2 => '2001:db8:0:1::22',
    web3 => '2001:db8:0:2::143');
my @balancers = ('2001:db8:0:1::11', '2001:db8:0:1::12');

lab_up('python3');

# On both balancers.
sub is_state
{
	my ($web, $state) = @_;

	return 2 == grep { (destination($_, 'web6', $address{$web})->{state} //
	    '') eq $state } qw(lb1 lb2);
}

sub total
{
	my ($service, $counter) = @_;

	return service('lb1', $service)->{$counter} +
	    service('lb2', $service)->{$counter};
}

# Who answered, of so many requests, none of which failed.
sub served_by
{
	my ($url, $count, $from) = @_;
	my $answers = answers($url, $count);
	my %by;

	for my $line (sort keys %$answers) {
		if ($line =~ /^(\w+) answers \Q$from\E$/) {
			$by{$1} += $answers->{$line};
		} else {
			local $Test::Builder::Level = $Test::Builder::Level + 1;
			fail("an answer: $line");
		}
	}
	return \%by;
}

subtest 'requests are spread over backends and balancers' => sub {
	my %before = map { $_ => service($_, 'web6')->{flows} } qw(lb1 lb2);
	is_deeply([next_hops($vip)], \@balancers, "the router's next hops");
	my $by = served_by($url, 300, $client);
	is_deeply([sort keys %$by], [qw(web1 web2 web3)],
	    'each backend answers, to the address of the client itself');
	# A third of 300 each: 8 standard deviations is 65
	cmp_ok($_, '>', 35, 'has its share') for values %$by;
	my $new = 0;
	for my $host (qw(lb1 lb2)) {
		my $flows = service($host, 'web6')->{flows} - $before{$host};
		cmp_ok($flows, '>', 70, "$host has its share");
		$new += $flows;
	}
	is($new, 300, 'each connection is one flow of one balancer');
};

subtest 'backends behind both interfaces get packets' => sub {
	for my $host (qw(lb1 lb2)) {
		my %seen;
		for my $destination (
		    @{service($host, 'web6')->{destinations}}) {
			cmp_ok($destination->{packets}, '>', 0,
			    "$host to $destination->{address} through " .
			    $destination->{interface});
			$seen{$destination->{interface}} = 1;
		}
		is_deeply([sort keys %seen], ['eth0', 'eth1'],
		    'out of the same interface, and of the other one');
	}
};

subtest 'a download and an upload' => sub {
	my $size = 4 << 20;
	my $content = join('', map { pack('N', rand(2**32)) } 1 .. 4096);
	$content x= $size / length($content);
	spew("$state/$_/html/large", $content) for qw(web1 web2 web3);
	my $got = on('client', 'curl', '-sSg', '-m', 30, '-o', "$state/got",
	    '-w', '%{http_code} %{size_download}', "${url}large");
	is($got, "200 $size", 'the download');
	is(Digest::MD5::md5_hex(slurp("$state/got")),
	    Digest::MD5::md5_hex($content), 'is the same');
	my $before = total('web6', 'bytes');
	$got = on('client', 'curl', '-sSg', '-m', 30, '-T', "$state/got",
	    '-w', '%{http_code}', "${url}put/got");
	like($got, qr/201$/, 'the upload');
	my @files = grep { -e } map { "$state/$_/html/put/got" }
	    qw(web1 web2 web3);
	is(scalar(@files), 1, 'is at one server');
	is(Digest::MD5::md5_hex(slurp($files[0] // '')),
	    Digest::MD5::md5_hex($content), 'the same');
	cmp_ok(total('web6', 'bytes') - $before, '>', $size,
	    'and went through the balancers');
};

subtest 'names are resolved over UDP' => sub {
	my ($status, $output) = on('client', $^X,
	    "$source/contrib/lab.d/dns", '2001:db8:0:100::2',
	    'server.lab.example', 80);
	is($status, 0, 'every question is answered') or diag($output);
	for my $web (qw(web1 web2)) {
		my $count = () = $output =~ /^$web$/mg;
		cmp_ok($count, '>', 8, "$web answers");
	}
	cmp_ok(service($_, 'dns6')->{flows}, '>', 0, "flows of $_")
	    for qw(lb1 lb2);
};

subtest 'nobody claims the VIP on the wire' => sub {
	on_ok('lb1', qw(ip -6 route add), $vip, qw(dev eth0));
	on('lb1', "$source/t/net/ask", 'ping', $vip, 1);
	unlike(on('lb1', qw(ip -6 neigh show), $vip), qr/lladdr/,
	    'neighbour discovery has no answer');
	on_ok('lb1', qw(ip -6 route delete), $vip, qw(dev eth0));
};

subtest "a backend's MAC address changes" => sub {
	my $mac = '02:00:00:00:fe:06';
	on_ok('web1', 'sysctl', '-qw', 'net.ipv6.conf.eth0.ndisc_notify=1');
	on_ok('web1', 'ip', 'link', 'set', 'eth0', 'address', $mac);
	for my $host (qw(lb1 lb2)) {
		eventually("vc5d on $host knows it", sub {
			(destination($host, 'web6', $address{web1})->{mac}
			    // '') eq $mac });
	}
	my $by = served_by($url, 60, $client);
	is_deeply([sort keys %$by], [qw(web1 web2 web3)],
	    'its traffic goes there, and the rest where it went');
};

subtest 'one web server is stopped, and comes back' => sub {
	stop('nginx-web2');
	eventually('both balancers know it', sub { is_state('web2', 'down') });
	is_deeply([sort keys %{served_by($url, 60, $client)}],
	    [qw(web1 web3)], 'nothing goes there');
	start('nginx-web2');
	eventually('and that it is back', sub { is_state('web2', 'up') });
	is_deeply([sort keys %{served_by($url, 60, $client)}],
	    [qw(web1 web2 web3)], 'everyone serves');
};

subtest 'all web servers are stopped' => sub {
	stop("nginx-$_") for qw(web1 web2 web3);
	eventually("the VIP leaves the router's table",
	    sub { next_hops($vip) == 0 }, sub { join(' ', next_hops($vip)) });
	is(scalar(next_hops('2001:db8:0:100::2')), 2, 'the other VIP stays');
	like(get($url), qr/^curl: \(7\)/, 'the client is told');
	start("nginx-$_") for qw(web1 web2 web3);
	eventually('they are back: the VIP returns',
	    sub { next_hops($vip) == 2 });
	eventually('all are up', sub {
		3 == grep { is_state($_, 'up') } keys %address });
	is_deeply([sort keys %{served_by($url, 60, $client)}],
	    [qw(web1 web2 web3)], 'everyone serves');
};

subtest 'VIPs of one version, servers known by the other' => sub {
	for my $host (qw(lb1 lb2)) {
		configure($host, sub {
			my %service = map { $_->{name} => $_ }
			    @{$_[0]->{services}};
			$service{web}{servers} = 'webs6';
			$service{web6}{servers} = 'webs';
		});
		ok(reload($host), "$host reloads");
		eventually('all are up', sub {
			my @up = map { service($host, $_)->{up} // 0 }
			    qw(web web6);
			"@up" eq '3 3' });
		ok(destination($host, 'web', $address{web3})->{state},
		    "web's are IPv6 addresses");
		ok(destination($host, 'web6', '198.51.100.143')->{state},
		    "web6's are not");
	}
	my %flows = map { $_ => total($_, 'flows') } qw(web web6);
	is_deeply([sort keys %{served_by('http://192.0.2.1/', 90,
	    '203.0.113.10')}], [qw(web1 web2 web3)], 'IPv4 is served');
	is_deeply([sort keys %{served_by($url, 90, $client)}],
	    [qw(web1 web2 web3)], 'so is IPv6');
	is(total($_, 'flows') - $flows{$_}, 90, "flows of $_") for keys %flows;
	stop('nginx-web3');
	eventually('a failed server leaves both', sub {
		my @up = map { service('lb1', $_)->{up} } qw(web web6);
		"@up" eq '2 2' });
	start('nginx-web3');
	eventually('and returns', sub {
		my @up = map { service('lb1', $_)->{up} } qw(web web6);
		"@up" eq '3 3' });
};

finish();
