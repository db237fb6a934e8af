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

instances_up(4, 6, 1);
my $crowd = crowd_start();

# All balancers know all servers to be up, and are used.
sub whole
{
	for my $host (@balancers) {
		my @destinations = @{service($host, 'web')->{destinations}};
		return 0 unless @destinations &&
		    !grep { $_->{state} !~ /^(up|draining)$/ } @destinations;
	}
	return announced_by(@balancers);
}

# changed NAME BALANCERS CHANGE
sub changed
{
	my ($name, $hosts, $change) = @_;
	my $since = now();

	ok(change($hosts, $change), "$name: reload") or return;
	ok(wait_for(\&whole), "$name: is in force");
	unharmed($name, $crowd, $since);
}

subtest 'changes on all balancers' => sub {
	changed('a server added', \@balancers, backend_add('web7'));
	changed('a weight raised', \@balancers, backend_weight('web1', 3));
	changed('a server draining', \@balancers, backend_drain('web2'));
	changed('a server back', \@balancers, backend_drain('web2', 0));
	changed('a weight lowered', \@balancers, backend_weight('web1', 1));
	changed('the new one draining', \@balancers, backend_drain('web7'));
	changed('and removed', \@balancers, backend_remove('web7'));
};

subtest 'changes on one balancer' => sub {
	changed('a server added', ['lb2'], backend_add('web7'));
	changed('a weight raised', ['lb2'], backend_weight('web1', 3));
	changed('a server draining', ['lb2'], backend_drain('web2'));
};

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
