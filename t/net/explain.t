#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What vc5ctl says of flows and packets, against what happens: the servers that
# it foretells, before and after one of them drains; flows that it lists; and
# the weight of a server that comes back.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my $client = '203.0.113.10';
my %address = (web1 => '198.51.100.21', web2 => '198.51.100.22',
    web3 => '198.51.100.143');
# Each is used for one connection: what lingers of it would be in the way.
my @first = (40001 .. 40030);
my @second = (41001 .. 41030);
my @third = (42001 .. 42030);
my $port = 43001;
lab_up();

# What a balancer says of a packet from a port of the client's.
sub foretell
{
	my ($host, $port, @more) = @_;

	return vc5ctl($host, 'explain', "$client:$port", '192.0.2.1:80',
	    @more) // {};
}

# Who answers a request from that port.
sub answer
{
	my ($port) = @_;
	my $answer = on('client', 'curl', '-sS', '-m', 20, '--local-port',
	    $port, '-H', 'Connection: close', 'http://192.0.2.1/');

	return $address{($answer =~ /^(web\d)/)[0] // ''} // $answer;
}

sub reload_both
{
	my ($change) = @_;

	for my $host (qw(lb1 lb2)) {
		configure($host, $change);
		ok(reload($host), "$host reloads");
	}
}

# Whose slots ports lead to, as a balancer says.
sub slots
{
	my ($host, @ports) = @_;

	return {map { $_ => foretell($host, $_)->{slot_server} // 'nobody' }
	    @ports};
}

# Both balancers foretell the same, and it comes to be.
sub check_foretold
{
	my (@ports) = @_;
	my $slots = slots('lb1', @ports);

	is_deeply(slots('lb2', @ports), $slots, 'balancers agree');
	is_deeply({map { $_ => answer($_) } @ports}, $slots,
	    'servers are as foretold');
	return $slots;
}

my $slots = check_foretold(@first);
is(keys %{{map { $_ => 1 } values %$slots}}, 3, 'all three of them');

subtest 'without a server' => sub {
	my $gone = $address{web2};
	my $before = slots('lb1', @second);
	my %heirs = map { $_ => foretell('lb1', $_, 'without', $gone)
	    ->{without}[0]{slot_server} } @second;
	reload_both(sub {
		$_ eq $gone and $_ = "$gone*" for @{$_[0]->{servers}{webs}};
	});
	is_deeply(check_foretold(@second), \%heirs,
	    'slots go where it was said');
	cmp_ok(scalar(grep { $_ eq $gone } values %$before), '>', 0,
	    'some of them were its own');
	is(scalar(grep { $_ eq $gone } values %heirs), 0, 'and none are left');
	reload_both(sub { s/\*$// for @{$_[0]->{servers}{webs}} });
	is_deeply(slots('lb1', @second), $before, 'and they come back');
};

subtest 'flows are listed' => sub {
	my $listed = sub {
		return grep { $_->{client} eq $client && $_->{port} == $port }
		    map { @{vc5ctl($_, 'show', 'flows', @_) // []} }
		    qw(lb1 lb2);
	};
	my $server = answer($port);
	my @flows;
	eventually('both balancers list the flow', sub {
		@flows = $listed->();
		return @flows == 2;
	});
	is($_->{server}, $server, 'of that server') for @flows;
	is($_->{service}, '192.0.2.1:80/tcp', 'of the service') for @flows;
	is(scalar(grep { $_->{learnt} } @flows), 1, 'one has learnt of it') or
	    diag(explain(\@flows));
	is(scalar($listed->('client', '203.0.113.0/24', 'service', 'web',
	    'server', $server)), 2, 'by filters, too');
	is(scalar($listed->('client', '203.0.113.128/25')), 0,
	    'and not by others');
	is(scalar(@{vc5ctl('lb1', 'show', 'flows', 'limit', 2)}), 2, 'a limit');
	is(foretell($_, $port)->{flow}{server}, $server, "$_ explains it")
	    for qw(lb1 lb2);
};

subtest 'what is not balanced' => sub {
	is(vc5ctl('lb1', 'explain', "$client:1", '192.0.2.77:80')->{action},
	    'pass', 'no VIP');
	is(vc5ctl('lb1', 'explain', "$client:1", '192.0.2.1:81')->{action},
	    'drop', 'no service');
	my $reply = vc5ctl('lb1', 'explain', '[2001:db8:0:113::10]:7',
	    '[2001:db8:0:100::2]:53', 'udp');
	is($reply->{action}, 'send', 'a UDP service over IPv6');
	like($reply->{server}, qr/^2001:db8:0:1::2[12]$/, 'to one of its servers');
};

subtest 'slow start' => sub {
	my (%seen, $part);

	reload_both(sub { $_[0]->{slow_start} = '10s' });
	stop('nginx-web1');
	eventually('the server is down', sub {
		return destination('lb1', 'web', $address{web1})->{state} eq
		    'down';
	});
	start('nginx-web1');
	eventually('it comes back and rises to all of its weight', sub {
		my $d = destination('lb1', 'web', $address{web1});
		return 0 if $d->{state} ne 'up';
		$seen{$d->{weight_now}} = 1;
		$part //= slots('lb1', @first);
		return $d->{weight_now} == 1;
	});
	my @seen = sort { $a <=> $b } keys %seen;
	note("weights: @seen");
	cmp_ok(scalar(@seen), '>=', 3, 'step by step');
	my $own = sub { return scalar(grep { $_ eq $address{web1} } @_) };
	cmp_ok($own->(values %$part), '<', $own->(values %$slots),
	    'it has a part of its slots at first');
	is(scalar(grep { $part->{$_} eq $address{web1} &&
	    $slots->{$_} ne $address{web1} } @first), 0, 'and no others');
	is_deeply(slots('lb1', @first), $slots, 'the slots are what they were');
	check_foretold(@third);
};

done_testing();
