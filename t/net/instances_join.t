#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# A balancer joins others, and balancers are restarted one by one: who is new
# has to learn of the connections first, since the tables by which they were
# given to servers are no longer those of today.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crowd;
use Lab;
use Test::More;

instances_up(4);
my $crowd = crowd_start();

change_all(backend_add($spare));
wait_up();
change_all(backend_drain('web2'));
wait_up();
wait_known($crowd);

subtest 'a fifth balancer joins' => sub {
	my $since = now();
	my $early = 0;
	my $up = process_start("$state/up.log", 'env', "VC5_LAB=$Lab::name",
	    "VC5_BUILD=$build", "VC5_INTERVAL=$interval", "VC5_FALL=$fall",
	    "$source/contrib/lab", qw(up --balancers 5));

	# It is not among the next hops while it is learning.
	while (process_running($up)) {
		my $used = grep { $_ eq balancer_address('lb5') }
		    next_hops($vip);
		$early = 1 if $used && sync_of('lb5')->{learning};
	}
	like(slurp("$state/up.log"), qr/^Status pages/m, 'it is there');
	@balancers = map { "lb$_" } 1 .. 5;
	is($early, 0, 'it does not announce while it learns');
	my ($before, $flows) = vc5d_log('lb5') =~
	    /\A(.*?) told (\d+) flows in \d+ ms$/ms;
	cmp_ok($flows // 0, '>=', $crowd->{size}, 'it was told all flows: ' .
	    ($flows // 0));
	unlike($before // 'announcing', qr/announcing/,
	    'and announced nothing before');
	like(vc5d_log('lb5'), qr/VIP \Q$vip\E: .*announcing$/m, 'but then');
	wait_announced();
	unharmed('a fifth balancer joins', $crowd, $since);
};

for my $round (1 .. $rounds) {
	for my $host (@balancers) {
		subtest "$host is restarted, round $round" => sub {
			my $since = now();
			ok(stop("vc5d-$host"), 'it stops');
			ok(start("vc5d-$host"), 'and is started');
			wait_announced();
			unharmed("restart of $host", $crowd, $since);
		};
	}
}

my $end = crowd_stop($crowd);
is($end->{failed}{all}, 0, sprintf('a rolling restart: %d of %d broken',
    $end->{failed}{all}, $crowd->{size}));
is($end->{unanswered}, 0, 'everybody was answered to the last') or
    diag(explain($end));
finish();
