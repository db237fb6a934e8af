#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What this kernel's verifier makes of the programs, as vc5d loads them: it
# gives up after a million instructions, and other kernels may need more.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Guest;
use Test::More;

my $limit = 160_000;

host('lb');
batch('lb', <<'EOT');
link add eth0 type veth peer name eth1
link set eth1 up
link set eth0 up
address add 10.0.0.1/24 dev eth0
EOT
my %before = programs();
ok(vc5d_start('lb', {interfaces => ['eth0'], services => [
    {name => 'web', virtual => '192.0.2.1', servers => ['10.0.0.2'],
	policy => {http => undef}}]}), 'vc5d runs');
my %programs = programs();
delete @programs{keys %before};
cmp_ok(scalar(keys %programs), '>=', 2, 'it has loaded its programs');
cmp_ok($programs{$_}, '<', $limit,
    "the verifier processed $programs{$_} instructions of $_")
    for sort keys %programs;
is(stop('vc5d'), 0, 'vc5d ends');
done_testing();
