#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# contrib/lab: what it shows, that it mends itself, and that nothing is left
# of it in the end.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my $shown = lab_up();

subtest 'the main job is shown' => sub {
	for my $client ('203.0.113.10', '2001:db8:0:113::10') {
		like($shown, qr/^  \d+ $_ answers \Q$client\E /m,
		    "$_ answers $client") for qw(web1 web2 web3);
	}
	unlike($shown, qr/curl:/, 'no request fails');
	like($shown, qr/^  [1-9]\d* $_$/m, "flows of $_") for qw(lb1 lb2);
	like($shown, qr/^  $_: 198\.51\.100\.11 198\.51\.100\.12$/m,
	    "two next hops to $_") for qw(192.0.2.1 192.0.2.2);
	like($shown, qr/^  $_: 2001:db8:0:1::11 2001:db8:0:1::12$/m,
	    "two next hops to $_") for map { "2001:db8:0:100::$_" } 1, 2;
	my $announced = join(', ', '192.0.2.1/32', '192.0.2.2/32',
	    '2001:db8:0:100::1/128', '2001:db8:0:100::2/128');
	like($shown, qr{^  $_: \Q$announced\E$}m, "what $_ announces")
	    for qw(lb1 lb2);
	like($shown, qr/^  $_: native$/m, "$_ is in native mode")
	    for 'lb1 eth0', 'lb1 eth1', 'lb2 eth0', 'lb2 eth1';
	unlike($shown, qr/no answer/, 'the name service answers');
};

subtest 'the status page can be seen from this machine' => sub {
	my @pages = $shown =~ m{^  lb\d: (http://\S+)$}mg;
	is(scalar(@pages), 2, 'two addresses');
	for my $page (@pages) {
		my ($status, $text) = run('curl', '-sS', '-m', '20', $page);
		is($status, 0, $page) or diag($text);
		like($text, qr/<title>/, 'is a page');
	}
};

my %pids = map { m{/([^/]+)$} => process($1) } glob("$state/pid/*");
is(scalar(keys %pids), 10, 'ten processes');

subtest 'a second up is harmless' => sub {
	my ($status, $output) = lab('up');
	is($status, 0, 'it succeeds') or diag($output);
	unlike($output, qr/starting/, 'and starts nothing');
	is(process($_), $pids{$_}, "the same $_") for sort keys %pids;
};

subtest 'up mends what died' => sub {
	kill_now('vc5d-lb1');
	kill_now('nginx-web1'); # whose worker goes on
	my ($status, $output) = lab('up');
	is($status, 0, 'up succeeds') or diag($output);
	like($output, qr/starting vc5d-lb1$/m, 'and says what it starts');
	like($output, qr/starting nginx-web1$/m, 'both of them');
	isnt(process('vc5d-lb1'), $pids{'vc5d-lb1'}, 'vc5d is another');
	is(process('bgpd-lb1'), $pids{'bgpd-lb1'}, 'bgpd is the same');
	like($output, qr/web1 answers/, 'web1 answers again');
};

subtest 'status and exec' => sub {
	my ($status, $output) = lab('status');
	is($status, 0, 'status') or diag($output);
	like($output, qr/web2 answers/, 'shows it at work');
	($status, $output) = lab(qw(exec lb2 vc5ctl show summary));
	is($status, 0, 'exec runs vc5ctl with its socket') or diag($output);
	like($output, qr/4 wanted, 4 announced/, 'which speaks of lb2');
	($status, $output) = lab(qw(exec router birdc show protocols));
	like($output, qr/Established/, 'and birdc');
	($status, $output) = lab(qw(exec web9 true));
	isnt($status, 0, 'no such host');
	($status, $output) = lab(qw(exec client sh -c), 'exit 7');
	is($status, 7, "the command's status is exec's");
};

subtest 'a lab at work is enlarged' => sub {
	configure('lb1', sub { $_[0]->{fall} = 9 });
	my ($status, $output) = lab(qw(up --balancers 3 --backends 4));
	is($status, 0, 'up succeeds') or diag($output);
	like($output, qr/adding lb3 web4$/m, 'and says what it adds');
	is(process($_), $pids{$_}, "the same $_")
	    for qw(bird bgpd-lb2 nginx-web2);
	is(scalar(next_hops('192.0.2.1')), 3, 'three next hops');
	is(config('lb3')->{fall}, 9, 'lb3 is configured as lb1 is');
	($status, $output) = lab(qw(up --balancers 2));
	isnt($status, 0, 'it can not become smaller');
	like($output, qr/larger/, 'and that is said');
	($status, $output) = lab(qw(up --balancers 9));
	isnt($status, 0, 'nor have nine balancers');
	$pids{$_} = process($_) for qw(bgpd-lb3 vc5d-lb3 nginx-web4);
};

subtest 'nothing is left after down' => sub {
	my @devices = split(/\n/, slurp("$state/management-devices"));
	my $pids = join(',', map { process($_) } keys %pids);
	# What someone runs in a namespace is not the lab's.
	my $foreign = process_start('/dev/null', 'nsenter',
	    "--net=/run/netns/$prefix-client", 'sleep', '300');
	kill_now('nginx-web2'); # once more a worker without its master

	my ($status, $output) = lab_down();
	is($status, 0, 'down succeeds') or diag($output);
	like($output, qr/did not start.*\b$foreign\b/,
	    'it names what it leaves alone');
	ok(process_running($foreign), 'and leaves it alone');
	process_stop($foreign);
	is_deeply([glob("/run/netns/$prefix*")], [], 'no namespace');
	is_deeply([glob("/run/$prefix*")], [], 'no file');
	unlike(slurp('/proc/self/mounts'), qr{/$prefix-lab}, 'no mount');
	my (undef, $left) = run('ps', '-s', $pids, '-o', 'stat=,args=');
	is(join("\n", grep { !/^Z/ } split(/\n/, $left)), '', 'no process');
	ok(!-e "/sys/class/net/$_", "no device $_") for @devices;
	unlike((run('ss', '-xl'))[1], qr/$prefix/, 'no socket');
};

# Nothing is left of the lab: no namespace, file, mount or process.
sub nothing_left
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is_deeply([glob("/run/netns/$prefix*"), glob("/run/$prefix*")], [],
	    'no namespace and no file');
	unlike(slurp('/proc/self/mounts'), qr{/$prefix-lab}, 'no mount');
	my (undef, $all) = run('ps', 'ax', '-o', 'args=');
	is(join("\n", grep { m{/$prefix-lab/} } split(/\n/, $all)), '',
	    'no process');
}

subtest 'an unfinished lab is removed' => sub {
	run('ip', 'netns', 'add', "$prefix-lb1");
	my ($status, $output) = lab('down');
	is($status, 0, 'by down') or diag($output);
	nothing_left();
};

for my $milliseconds (150, 400, 650, 900, 1150) {
	subtest "up is killed after $milliseconds ms" => sub {
		local $ENV{VC5_LAB} = "t$$";
		local $ENV{VC5_BUILD} = $build;
		my $up = process_start('/dev/null', "$source/contrib/lab", 'up');
		select(undef, undef, undef, $milliseconds / 1000);
		process_stop($up, 'KILL');
		my ($status, $output) = lab('down');
		is($status, 0, 'down succeeds') or diag($output);
		nothing_left();
	};
}

done_testing();
