#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Where packets come from, of real traffic: sources are counted and listed, and
# what comes from a blocked prefix does not arrive, until it is unblocked.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my @both = qw(lb1 lb2);
my @versions = (
    {key => 'ipv4', url => 'http://192.0.2.1/', vip => '192.0.2.1',
	source => '203.0.112.0/20', wide => '203.0.113.0/24',
	client => '203.0.113.10', balancer => '198.51.100.11'},
    {key => 'ipv6', url => 'http://[2001:db8:0:100::1]/',
	vip => '2001:db8:0:100::1', source => '2001:db8::/48',
	wide => '2001:db8:0:113::/64', client => '2001:db8:0:113::10',
	balancer => '2001:db8:0:1::11'});

lab_up('python3');

sub order
{
	my (@words) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	for my $host (@both) {
		my ($status, $output) = run('timeout', 10, "$build/vc5ctl",
		    '-s', "$state/$host/vc5d.sock", @words);
		is($status, 0, "$host: @words") or diag($output);
	}
}

# Packets of a prefix, as both balancers have counted them.
sub counted
{
	my ($ip, @words) = @_;
	my $packets = 0;

	for my $host (@both) {
		my $prefixes = vc5ctl($host, 'show', 'prefixes', @words) // {};
		$packets += $_->[1] for grep { $_->[0] eq $ip->{source} }
		    @{$prefixes->{$ip->{key}}{prefixes} // []};
	}
	return $packets;
}

sub dropped_by
{
	my ($prefix) = @_;
	my $packets = 0;

	for my $host (@both) {
		my $prefixes = vc5ctl($host, 'show', 'prefixes') // {};
		$packets += $_->{packets} for grep { $_->{prefix} eq $prefix }
		    @{$prefixes->{blocked} // []};
	}
	return $packets;
}

# Within so many seconds: a machine may be slow.
sub served
{
	my ($ip, $seconds) = @_;

	my $said = on('client', 'curl', '-s', '-m', $seconds // 20, '-o',
	    '/dev/null', '-w', '%{http_code}', $ip->{url});
	return $said eq '200';
}

# What is dropped never comes: there is no use in waiting for long.
sub refused
{
	return !served($_[0], 2);
}

sub pinged
{
	return (ask('ping', $_[0], 1))[0] =~ /^reply/;
}

subtest 'every packet is counted, of whom it came from' => sub {
	for my $host (@both) {
		configure($host, sub { $_[0]->{prefixes}{sampling} = 1 });
		ok(vc5ctl($host, 'reload')->{ok}, "$host reloads");
	}
	order('prefixes', 'save');
	for my $ip (@versions) {
		eventually("$ip->{key} is served", sub { served($ip) });
		eventually("$ip->{source} is listed",
		    sub { counted($ip) > 3 });
		# Each list is kept for 2 seconds.
		eventually('as one that is new',
		    sub { counted($ip, 'new') > 3 });
	}
	order('prefixes', 'save');
	is(counted($_, 'new'), 0, "$_->{source} is new no more") for @versions;
};

for my $ip (@versions) {
	subtest "$ip->{key}: a blocked prefix" => sub {
		ok(served($ip), 'the client is served');
		my $before = drops('blocked');
		order('block', $ip->{wide});
		ok(refused($ip), 'and is not while it is blocked');
		ok(!pinged($ip->{vip}), 'its pings are not answered either');
		cmp_ok(drops('blocked'), '>', $before, 'they are counted');
		eventually('and by prefix', sub { dropped_by($ip->{wide}) > 0 });
		ok(pinged($ip->{balancer}), 'the balancer itself answers');
		ok(served($_), "$_->{key} is served")
		    for grep { $_ != $ip } @versions;
		order('unblock', $ip->{wide});
		ok(served($ip), 'once unblocked it is served');
	};
}

subtest 'for some time, or by a file' => sub {
	my $ip = $versions[0];

	order('block', $ip->{client}, 'for', '1s');
	eventually('the time ends', sub { served($ip) });
	for my $host (@both) {
		spew("$state/$host/blocked", "# all clients\n$ip->{wide}\n");
		configure($host, sub {
			$_[0]->{block}{file} = "$state/$host/blocked" });
		ok(vc5ctl($host, 'reload')->{ok}, "$host reloads");
	}
	ok(refused($ip), 'the file blocks the client');
	kill_now("vc5d-$_") for @both;
	ok(refused($ip), 'so it does while nobody is there');
	start("vc5d-$_") for @both;
	ok(refused($ip), 'and when vc5d is started again');
	for my $host (@both) {
		eventually("$host answers",
		    sub { defined(vc5ctl($host, 'show', 'summary')) });
		spew("$state/$host/blocked", "spam\n");
		my $reply = vc5ctl($host, 'reload');
		is_deeply($reply->{errors}, ["$state/$host/blocked:1: \"spam\" "
		    . 'is neither a prefix nor an address'],
		    'a line that is wrong is named');
	}
	ok(refused($ip), 'and changes nothing');
	for my $host (@both) {
		spew("$state/$host/blocked", '');
		ok(vc5ctl($host, 'reload')->{ok}, "$host reloads");
	}
	eventually('without it the client is served', sub { served($ip) });
};

finish();
