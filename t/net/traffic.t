#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Client traffic through the balancers, TCP and UDP.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Digest::MD5;
use Lab;
use Test::More;

my $web = 'http://192.0.2.1/';

lab_up();

# Sums over both balancers of a counter of a service.
sub total
{
	my ($service, $counter) = @_;

	return service('lb1', $service)->{$counter} +
	    service('lb2', $service)->{$counter};
}

subtest 'requests are spread over backends and balancers' => sub {
	my %before = map { $_ => service($_, 'web')->{flows} } qw(lb1 lb2);
	my $answers = answers($web, 300);
	is_deeply([sort keys %$answers],
	    [map { "$_ answers 203.0.113.10" } qw(web1 web2 web3)],
	    'each backend answers, to the address of the client itself');
	# A third of 300 each: 8 standard deviations is 65
	cmp_ok($_, '>', 35, 'has its share') for values %$answers;
	my $new = 0;
	for my $host (qw(lb1 lb2)) {
		my $flows = service($host, 'web')->{flows} - $before{$host};
		cmp_ok($flows, '>', 70, "$host has its share");
		$new += $flows;
	}
	is($new, 300, 'each connection is one flow of one balancer');
};

subtest 'backends behind both interfaces get packets' => sub {
	for my $host (qw(lb1 lb2)) {
		my %seen;
		for my $destination (@{service($host, 'web')->{destinations}}) {
			cmp_ok($destination->{packets}, '>', 0,
			    "$host to $destination->{address} through " .
			    $destination->{interface});
			$seen{$destination->{interface}} = 1;
		}
		is_deeply([sort keys %seen], ['eth0', 'eth1'],
		    'out of the same interface, and of the other one');
	}
};

subtest 'a large download' => sub {
	my $size = 32 << 20;
	my $content = join('', map { pack('N', rand(2**32)) } 1 .. 4096);
	$content x= $size / length($content);
	spew("$state/$_/html/large", $content) for qw(web1 web2 web3);
	my $before = total('web', 'bytes');
	for my $n (1 .. 3) {
		my $got = on('client', 'curl', '-sS', '-m', 30, '-o',
		    "$state/got", '-w', '%{http_code} %{size_download}',
		    "${web}large");
		is($got, "200 $size", "download $n");
		is(Digest::MD5::md5_hex(slurp("$state/got")),
		    Digest::MD5::md5_hex($content), 'is the same');
	}
	my $through = total('web', 'bytes') - $before;
	cmp_ok($through, '<', 3 * $size / 5,
	    'the answers do not pass through the balancers') or
	    diag("$through bytes did");
};

subtest 'an upload' => sub {
	my $size = 1 << 20;
	spew("$state/upload", 'x' x $size);
	my $before = total('web', 'bytes');
	my $got = on('client', 'curl', '-sS', '-m', 30, '-T', "$state/upload",
	    '-H', 'Expect:', '-w', ' %{size_upload}', "${web}upload");
	like($got, qr/\b$size$/, 'it arrives') or diag($got);
	# The server answers at once, and the rest is still on its way.
	eventually('through the balancers', sub {
		total('web', 'bytes') - $before > $size });
};

subtest 'names are resolved over UDP' => sub {
	my ($status, $output) = on('client', $^X,
	    "$source/contrib/lab.d/dns", '192.0.2.2', 'server.lab.example', 80);
	is($status, 0, 'every question is answered') or diag($output);
	for my $web (qw(web1 web2)) {
		my $count = () = $output =~ /^$web$/mg;
		cmp_ok($count, '>', 8, "$web answers");
	}
	cmp_ok(service($_, 'dns')->{flows}, '>', 0, "flows of $_")
	    for qw(lb1 lb2);
};

subtest 'a port without a service is not served' => sub {
	my ($status, $output) = on('client', 'curl', '-sS', '-m', 1,
	    'http://192.0.2.1:81/');
	isnt($status, 0, 'no answer');
	my $unserved = 0;
	for my $host (qw(lb1 lb2)) {
		for my $drop (@{vc5ctl($host, 'show', 'drops') // []}) {
			$unserved += $drop->{packets}
			    if $drop->{reason} eq 'unserved';
		}
	}
	cmp_ok($unserved, '>', 0, 'the drop is counted');
};

subtest "a backend's MAC address changes" => sub {
	my $mac = '02:00:00:00:fe:01';
	# Like a card that was replaced: it makes itself known.
	on_ok('web1', 'sysctl', '-qw', 'net.ipv4.conf.eth0.arp_notify=1');
	on_ok('web1', 'ip', 'link', 'set', 'eth0', 'address', $mac);
	for my $host (qw(lb1 lb2)) {
		ok(wait_for(sub {
			on($host, 'ip', 'neigh', 'show', '198.51.100.21') =~
			    /$mac/ }), "the kernel of $host knows it");
		eventually("vc5d on $host knows it", sub {
			(destination($host, 'web', '198.51.100.21')->{mac}
			    // '') eq $mac });
	}
	my $answers = answers($web, 60);
	cmp_ok($answers->{'web1 answers 203.0.113.10'} // 0, '>', 0,
	    'its traffic goes there') or diag(explain($answers));
	is(keys %$answers, 3, 'and all the rest where it went');
};

finish();
