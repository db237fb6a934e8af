#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# contrib/bench hash has all its figures, and those that don't depend on the
# machine are as good as PERFORMANCE says.

use strict;
use warnings;

use JSON::PP;
use Test::More;

my $bench = ($ENV{VC5_BUILD} // '.') . '/t/unit/hash_bench';
plan skip_all => "$bench is not built" if !-x $bench;

my @rows = map { decode_json($_) } `$bench --json -r 3`;
is($?, 0, 'the benchmark runs');

my %count;
$count{"$_->{case} $_->{scheduler}"}++ for @rows;
for my $scheduler (qw(maglev rendezvous)) {
	is($count{"change $scheduler"}, 20, "changes, by $scheduler");
	is($count{"balance $scheduler"}, 10, "balance of $scheduler");
	is($count{"rebuild $scheduler"}, 12, "times of $scheduler");
}

for my $row (grep { $_->{case} eq 'change' } @rows) {
	my $what = "$row->{change} of $row->{backends}, $row->{scheduler}";
	if ($row->{scheduler} eq 'rendezvous') {
		is($row->{moved}, $row->{least}, "$what: nothing else moves");
	} else {
		cmp_ok($row->{moved}, '>=', $row->{least}, "$what: least");
		cmp_ok($row->{moved}, '<', $row->{least} + 1, "$what: most");
	}
}
# Who comes step by step moves as many as who comes at once.
my %moved = map { ("$_->{change} $_->{scheduler} $_->{backends}" => $_->{moved}) }
    grep { $_->{case} eq 'change' } @rows;
is($moved{"rise $_"}, $moved{"add $_"}, "by steps, $_")
    for map { ("maglev $_", "rendezvous $_") } 10, 30, 100, 250;
for my $row (grep { $_->{case} eq 'balance' } @rows) {
	my $most = $row->{scheduler} eq 'maglev' ? 1.1 : 1.7;
	cmp_ok($row->{max}, '<', $most,
	    "the most loaded of $row->{backends}, $row->{scheduler}");
}
cmp_ok($_->{ms}, '>', 0, 'a time') for grep { $_->{case} eq 'rebuild' } @rows;

`$bench --nonsense 2>/dev/null`;
is($? >> 8, 2, 'an unknown option is refused');

done_testing();
