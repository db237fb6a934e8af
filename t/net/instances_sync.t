#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The network by which balancers tell each other of connections: what is told,
# who is believed, and what happens when it is cut.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Crowd;
use Lab;
use Test::More;

instances_up(4);
my $crowd = crowd_start();

subtest 'everybody knows everything' => sub {
	for my $host (@balancers) {
		my $others = join(' ', grep { $_ ne $host } @balancers);
		eventually("$host hears $others",
		    sub { peers_up($host) eq $others },
		    sub { explain(sync_of($host)) });
	}
	wait_known($crowd);
};

# All that is dropped, for whatever reason.
sub dropped
{
	my $sum = 0;

	$sum += $_->{packets} for @{sync_of($_[0])->{dropped} // []};
	return $sum;
}

# Two clusters, of lb1 and lb2 and of lb3 and lb4, that hear each other.
sub apart
{
	my ($name) = @_;
	my $since = now();
	my %of = (lb1 => 'lb2', lb2 => 'lb1', lb3 => 'lb4', lb4 => 'lb3');

	for my $host (sort keys %of) {
		eventually("$host believes $of{$host} alone",
		    sub { peers_up($host) eq $of{$host} },
		    sub { explain(sync_of($host)) });
		my $before = dropped($host);
		eventually('and drops what the others say',
		    sub { dropped($host) > $before });
	}
	my $more = crowd_start(n => 300, s => 0);
	my %open = crowd_open($more);
	my %by;
	eventually('each new flow is known to one of the clusters', sub {
		my %flows = map { $_ => {flows($_)} } @balancers;
		%by = ();
		for my $flow (keys %open) {
			$by{join(' ', grep { $flows{$_}{$flow} } @balancers)}++;
		}
		join(', ', sort keys %by) eq 'lb1 lb2, lb3 lb4';
	}, sub { explain(\%by) });
	unharmed("two clusters with different $name", $crowd, $since);
	unharmed("new ones, with different $name", $more, $since);
	crowd_stop($more);
}

sub together
{
	my $since = now();

	for my $host (@balancers) {
		my $others = join(' ', grep { $_ ne $host } @balancers);
		eventually("$host hears $others again",
		    sub { peers_up($host) eq $others },
		    sub { explain(sync_of($host)) });
	}
	wait_known($crowd);
	unharmed('one cluster again', $crowd, $since);
}

subtest 'two clusters with different keys' => sub {
	umask(077);
	spew("$state/other.key", 'another-key-' x 4);
	ok(change(['lb3', 'lb4'], sub {
		$_[0]->{sync}{key} = "$state/other.key" }), 'another key');
	apart('keys');
	ok(change(['lb3', 'lb4'], sub {
		$_[0]->{sync}{key} = "$state/sync.key" }), 'the same key again');
	together();
};

subtest 'two clusters with different names' => sub {
	ok(change(['lb3', 'lb4'], sub { $_[0]->{sync}{cluster} = 'other' }),
	    'another name');
	apart('names');
	ok(change(['lb3', 'lb4'], sub { delete $_[0]->{sync}{cluster} }),
	    'the same name again');
	together();
};

subtest 'the network is cut, and healed' => sub {
	my $since = now();
	links('down', 'lb4-sync');
	eventually('lb1 hears lb4 no more',
	    sub { peers_up('lb1') eq 'lb2 lb3' },
	    sub { explain(sync_of('lb1')) });
	eventually('lb4 hears nobody', sub { peers_up('lb4') eq '' });
	eventually("$_ says so", sub { problems($_) =~ /sync|peer|instance/i },
	    sub { problems($_) }) for qw(lb1 lb4);
	my $more = crowd_start(n => 300, s => 0);
	unharmed('cut', $crowd, $since);
	ok(announced_by(@balancers), 'all balancers announce as before');

	links('up', 'lb4-sync');
	wait_known($crowd);
	wait_known($more);
	eventually("nothing is wrong on $_ any more", sub { problems($_) eq '' },
	    sub { problems($_) }) for @balancers;

	# What was begun meanwhile is known: see who has it after changes.
	ok(change_all(backend_add($spare)), 'a server more');
	wait_up();
	ok(change_all(backend_drain('web2')), 'another is draining');
	balancer_kill('lb4');
	wait_announced('lb4');
	unharmed('cut, healed, and then one killed', $crowd, $since);
	unharmed('those begun during the cut', $more, $since);
	crowd_stop($more);
};

finish();
