#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# contrib/backend-setup: a server of the lab that nobody has prepared serves,
# and is afterwards as it was.  For tunnels, which not every kernel has, what it
# would do.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../net";
use Lab;
use Test::More;

lab_up();

my @vips = ('192.0.2.1', '2001:db8:0:100::1');
my $web = '198.51.100.21';
my $record = "$state/backend";

sub setup
{
	return on('web1', "$source/contrib/backend-setup", '-s', $record, @_);
}

sub setup_ok
{
	my ($test, @arguments) = @_;
	my ($status, $output) = setup(@arguments);

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($status, 0, $test) or diag($output);
	return $output;
}

# All of the server's settings that could be changed.
sub snapshot
{
	return join('', map { scalar(on('web1', 'sh', '-c', $_)) }
	    'ip -o address show dev lo', 'ip -o link | cut -d: -f2 | sort',
	    'cd /proc/sys/net/ipv4/conf && grep . */arp_* */rp_filter',
	    'cd /proc/sys/net/ipv6/conf && grep . */accept_dad');
}

sub destination_is
{
	my ($wanted, $service, $address, $test) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually($test, sub {
		(destination('lb1', $service, $address)->{state} // '') eq
		    $wanted }, sub { vc5d_log('lb1') });
}

# The lab has prepared it: no more.
on_ok('web1', 'ip', 'address', 'delete', "$vips[0]/32", 'dev', 'lo');
on_ok('web1', 'ip', 'address', 'delete', "$vips[1]/128", 'dev', 'lo');
on_ok('web1', 'sysctl', '-q', 'net.ipv4.conf.all.arp_ignore=0',
    'net.ipv4.conf.all.arp_announce=0');
my $before = snapshot();
my ($web6) = map { $_->{address} } @{service('lb1', 'web6')->{destinations}};
destination_is('down', 'web', $web, 'a server that is not prepared is down');

subtest 'what it would do' => sub {
	my $output = setup_ok('-n', '-n', 'up', @vips);
	is($output, <<"END", 'says it');
sysctl net.ipv4.conf.all.arp_ignore=1
sysctl net.ipv4.conf.all.arp_announce=2
ip address add 192.0.2.1/32 dev lo
ip -6 address add 2001:db8:0:100::1/128 dev lo nodad preferred_lft 0
END
	is(snapshot(), $before, 'and does not do it');
	ok(!-e $record, 'nor note it');
	is((setup('status'))[0], 3, 'nothing is set up');
};

subtest 'up' => sub {
	setup_ok('it works', 'up', @vips);
	destination_is('up', 'web', $web, 'it serves');
	destination_is('up', 'web6', $web6, 'over IPv6, too');
	eventually('and answers clients', sub {
		scalar(grep { /^web1 answers/ }
		    keys(%{answers('http://192.0.2.1/', 12)})) });
	my (undef, $address) = on('web1', 'ip', 'address', 'show', 'dev', 'lo');
	unlike($address, qr/tentative|dadfailed/, 'nobody was asked for it');
	my $noted = slurp($record);
	setup_ok('again', 'up', @vips);
	is(slurp($record), $noted, 'does nothing');
	like(setup_ok('status', 'status'), qr/^ok    address  192\.0\.2\.1$/m,
	    'shows all that is there');
	on_ok('web1', 'ip', 'address', 'delete', "$vips[0]/32", 'dev', 'lo');
	my ($status, $output) = setup('status');
	is($status, 1, 'status says when something is missing');
	like($output, qr/^GONE  address  192\.0\.2\.1$/m, 'and what');
	setup_ok('which up mends', 'up', @vips);
	setup_ok('so that all is there', 'status');
};

subtest 'down' => sub {
	like(setup_ok('-n', '-n', 'down'),
	    qr{^ip address delete 192\.0\.2\.1/32 dev lo$}m, 'says it');
	setup_ok('it works', 'down');
	is(snapshot(), $before, 'all is as it was');
	ok(!-e $record, 'and nothing noted any more');
	setup_ok('again', 'down');
};

subtest 'what was there stays' => sub {
	on_ok('web1', 'ip', 'address', 'add', "$vips[0]/32", 'dev', 'lo');
	on_ok('web1', 'sysctl', '-q', 'net.ipv4.conf.all.arp_ignore=2');
	my $there = snapshot();
	setup_ok('up', 'up', @vips);
	like(snapshot(), qr{^all/arp_ignore:2$}m, 'a stricter setting');
	setup_ok('down', 'down');
	is(snapshot(), $there, 'and all else');
};

# By eth0, say, all of the network's packets for it would come here.
subtest 'a VIP that the network asks for' => sub {
	on_ok('web1', 'ip', 'link', 'add', 'asked', 'type', 'veth', 'peer',
	    'name', 'asking');
	on_ok('web1', 'ip', 'link', 'add', 'unasked', 'type', 'dummy');
	on_ok('web1', 'ip', 'address', 'add', '192.0.2.77/24', 'dev', 'asked');
	on_ok('web1', 'ip', 'address', 'add', '192.0.2.78/32', 'dev', 'unasked');
	my $there = snapshot();
	my ($status, $output) = setup('up', '192.0.2.78', '192.0.2.77');
	isnt($status, 0, 'is refused');
	like($output, qr/^backend-setup: 192\.0\.2\.77 is an address of asked,/m,
	    'and why');
	is(snapshot(), $there, 'before anything is changed');
	setup_ok('one that nobody asks for is not', 'up', '192.0.2.78');
	setup_ok('nor in the way', 'down');
	is(snapshot(), $there, 'all is as it was');
	on_ok('web1', 'ip', 'link', 'delete', $_) for 'asked', 'unasked';
};

subtest 'tunnels' => sub {
	my %lines = (
		ipip => ['ip link add vc5 type sit mode any local 10.2.0.1',
		    'ip link add vc5six type ip6tnl mode any local fd00:2::1'],
		gre => ['ip link add vc5 type gre local 10.2.0.1',
		    'ip link add vc5six type ip6gre local fd00:2::1'],
		fou => ['modprobe fou', 'ip -4 fou add port 5555 gue',
		    'ip link add vc5 type sit mode any local 10.2.0.1'],
		'gue:6081' => ['ip -6 fou add port 6081 gue'],
	);
	for my $tunnel (sort keys(%lines)) {
		my $output = setup_ok($tunnel, '-n', '-t', $tunnel,
		    '-l', '10.2.0.1', '-l', 'fd00:2::1', 'up', @vips);
		for my $line (@{$lines{$tunnel}}, 'ip link set vc5 up',
		    'ip address add 192.0.0.8/32 dev vc5 scope host',
		    'sysctl net.ipv4.conf.vc5.rp_filter=2') {
			like($output, qr/^\Q$line\E$/m, $line);
		}
		like($output, qr/advmss/, 'and a hint about the MTU');
	}
};

subtest 'nonsense' => sub {
	my $there = snapshot();
	for my $arguments (['up'], ['up', '; id'], ['up', '-h'], ['up', '1'],
	    ['-t', 'vxlan', 'up', @vips], ['-t', 'gre', 'up', @vips],
	    ['-t', 'fou:70000', 'up', @vips], ['down', 'x'], [],
	    (map { ['up', $_] } qw(999.0.2.1 192.0.2 192.0.2.1.1 192.0.2.01
	    127.0.0.1 0.0.0.0 224.0.0.1 :: ::1 ff02::1))) {
		isnt((setup(@$arguments))[0], 0, "@$arguments");
	}
	is(snapshot(), $there, 'before anything is changed');
	ok(!-e $record, 'or noted');
	for my $line ("command reboot now", "address 192.0.2.1\n\nhello\n") {
		spew($record, $line);
		for my $command (['up', @vips], ['down'], ['status']) {
			my ($status, $output) = setup(@$command);
			is($status, 1, "@$command: a file that is not its own");
			like($output, qr/: not a line of this program's: [ch]/,
			    'and says so');
		}
	}
	is(snapshot(), $there, 'which changes nothing');
};

finish();
