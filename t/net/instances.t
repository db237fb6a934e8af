#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Servers and balancers come and go, as their operators wish: no connection is
# broken.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crowd;
use Lab;
use Test::More;

instances_up(4);
my $crowd = crowd_start();

# changed NAME BALANCERS CHANGE
sub changed
{
	my ($name, $hosts, $change) = @_;
	my $since = now();

	ok(change($hosts, $change), $name) or return;
	wait_up();
	unharmed($name, $crowd, $since);
}

# The same on all balancers or on one only, whose table then differs.
sub changes
{
	my ($where, @hosts) = @_;

	changed("a server added on $where", \@hosts, backend_add($spare));
	changed("a weight raised on $where", \@hosts,
	    backend_weight('web1', 3));
	changed("a server draining on $where", \@hosts,
	    backend_drain('web2'));
	changed("a server back on $where", \@hosts,
	    backend_drain('web2', 0));
	changed("a weight lowered on $where", \@hosts,
	    backend_weight('web1', 1));
	changed("the new server draining on $where", \@hosts,
	    backend_drain($spare));
	changed("the drained server removed on $where", \@hosts,
	    backend_remove($spare));
}

for my $round (1 .. $rounds) {
	subtest "changes on all balancers, round $round" => sub {
		changes('all', @balancers);
	};
	subtest "changes on one balancer, round $round" => sub {
		changes('one', $balancers[$round % @balancers]);
	};
}
ok(announced_by(@balancers), 'all balancers announce');

# So that it is known that the crowd would have told.
subtest 'a server removed that was not drained' => sub {
	my $since = now();
	change_all(backend_remove('web4'));
	ok(crowd_settle($crowd), 'everybody else is served');
	my @broken = broken($crowd, $since);
	cmp_ok(scalar(@broken), '>', 0, scalar(@broken) .
	    ' connections were broken');
	is(scalar(grep { $_->{backend} ne 'web4' } @broken), 0,
	    'only those of that server');
};

my $end = crowd_stop($crowd);
is($end->{unanswered}, 0, 'everybody was answered to the last') or
    diag(explain($end));
finish();
