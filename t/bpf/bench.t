#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# The benchmark runs, and its figures are of packets that went the right way:
# it ends with an error if they didn't.

use strict;
use warnings;

use JSON::PP;
use Test::More;

my $bench = ($ENV{VC5_BUILD} // '.') . '/t/bpf/bench';
plan skip_all => 'needs root to load BPF programs' if $> != 0;
plan skip_all => "$bench is not built" if !-x $bench;

my @lines = `$bench --json -r 1 -n 20000`;
is($?, 0, 'every case had its verdicts and counters');

my @rows = map { decode_json($_) } @lines;
my $verifier = pop @rows;
my %seen = map { (join(' ', grep { $_ ne '' } $_->{case}, $_->{detail},
    $_->{flows}) => $_) } @rows;
for my $case ('null 1000', 'swap 1000', 'not-vip 1000', 'established 1',
    'established 1000', 'established 262144', 'established 1000000',
    'syn-new 0', 'insert 0', 'confirm 0', 'memory 1000', 'udp 1000',
    'redirect 1', 'vlan rewrite 1', 'vlan same 1', 'vlan push 1',
    'vlan pop 1', 'ipv6 1', 'ipv6 1000', 'ipip 40 bytes 1',
    'ipip 1400 bytes 1', 'ipip 6in4 1', 'ipip 4in6 1', 'gre 40 bytes 1',
    'gre 1400 bytes 1', 'fou 40 bytes 1', 'gue 40 bytes 1',
    'gue 1400 bytes 1', 'gue 40, checksum 1', 'gue 1400, checksum 1',
    'gue over IPv6 1', 'dscp 1', 'sampling off 1', 'sampling on 1',
    'block 1 other 1', 'block 1000 others 1', 'block 100000 others 1',
    'block 1, no sampling 1', 'block dropped, of 1 1',
    'block of 100000 1') {
	my $row = $seen{$case};
	ok($row && $row->{ns} > 0 && exists $row->{net_ns} &&
	    exists $row->{spread}, "$case has its figures");
}
is(scalar(@rows), scalar(keys %seen), 'each case has a name of its own');
is($verifier->{case}, 'verifier', 'the verifier is reported');
cmp_ok($verifier->{instructions}, '>', 0, 'instructions are known');
cmp_ok($verifier->{instructions}, '<', 250_000, 'and far from the limit');

my $nonsense = `$bench --nonsense 2>&1`;
is($? >> 8, 2, 'an unknown option is refused');
like($nonsense, qr/^usage: bench/m, 'with the usage');

done_testing();
