#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# When VIPs are announced, and with which attributes, as the router has them
# from a real bgpd.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my $url = 'http://192.0.2.1/';
my $vip = '192.0.2.1';

lab_up();

sub birdc
{
	return scalar(on('router', 'birdc', '-s', "$state/router/bird.sock", @_));
}

# lb1's route to the VIP in the router, also if it is not the best: its
# attributes by their names; undef if there is none.
sub route
{
	my $text = birdc('show', 'route', 'all', 'for', "$vip/32", 'protocol',
	    'lb1_ipv4');

	return undef unless $text =~ /^\Q$vip\E/m;
	return {map { /^\s*BGP\.(\w+): (.*?)\s*$/ ? ($1 => $2) : () }
	    split(/\n/, $text)};
}

# An attribute of it; "gone" if there is no route.
sub attribute
{
	my ($name) = @_;
	my $route = route() or return 'gone';

	return $route->{$name} // 'none';
}

# What the router has logged of routes from lb1 to the VIP since the last call:
# the words added, which an update is as well, and removed.
my $seen = 0;

sub changes
{
	my ($log) = substr(slurp("$state/log/bird"), $seen) =~ /\A(.*\n|)/s;

	$seen += length($log);
	return $log =~ /lb1_ipv4\.ipv4 > (added|removed)\b.*? \Q$vip\E\//g;
}

sub vip
{
	my ($found) = grep { $_->{address} eq $vip }
	    @{vc5ctl('lb1', 'show', 'vips') // []};

	return $found // {};
}

# The states that it has gone through since there were so many of them before;
# all of them if that is not said.
sub states
{
	my ($before) = @_;
	my @all = map { $_->{to} }
	    grep { $_->{kind} eq 'vip' && $_->{subject} eq $vip }
	    @{vc5ctl('lb1', 'show', 'history') // []};

	return @all[$before // 0 .. $#all];
}

sub vip_state
{
	return vip()->{state} // '';
}

# The severity and the text of the VIP's alert.
sub alert
{
	my ($found) = grep { $_->{id} eq "vip $vip" }
	    @{vc5ctl('lb1', 'show', 'alerts') // []};

	return $found ? "$found->{severity}: $found->{text}" : '';
}

# The configuration of the VIP of lb1: its entry, with what is not as usual.
sub set_up
{
	my ($bgp, %keys) = @_;

	configure('lb1', sub {
		my ($config) = @_;
		my ($web) = grep { $_->{name} eq 'web' } @{$config->{services}};
		delete(@$web{qw(need need_up priority)});
		$web->{$_} = $keys{$_} for keys %keys;
		$web->{bgp} = $bgp;
		$config->{communities} = {site => '64500:7'};
	});
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	ok(reload('lb1'), 'another configuration');
}

sub servers_up
{
	my ($up) = @_;

	return (service('lb1', 'web')->{up} // -1) == $up;
}

birdc('debug', 'lb1_ipv4', '{ routes }');

subtest 'attributes change by updates' => sub {
	set_up({med => 10, communities => ['site', '64500:1:2'],
	    degraded => {below => '100%', med => 200}},
	    need => '30%', need_up => 2, priority => 'low');
	eventually('the router has them', sub { attribute('med') eq '10' },
	    sub { explain(route()) });
	is(attribute('community'), '(64500,7)', 'a community by its name');
	is(attribute('large_community'), '(64500, 1, 2)', 'and a large one');
	changes();
	stop('nginx-web1');
	eventually('one server is down: the VIP is degraded',
	    sub { attribute('med') eq '200' }, sub { explain(vip()) });
	is(vip_state(), 'degraded', 'vc5ctl says so');
	is(attribute('community'), '(64500,7)', 'the communities stay');
	like(alert(), qr/^low: degraded: web .* has 2 of 3 servers up$/,
	    'there is an alert');
	start('nginx-web1');
	eventually('it is back: so are the usual attributes',
	    sub { attribute('med') eq '10' });
	my @changes = changes();
	is(scalar(grep { $_ eq 'removed' } @changes), 0,
	    'the route was never gone') or diag("@changes");
	cmp_ok(scalar(@changes), '>=', 2, 'but changed');
	is(alert(), '', 'the alert is over');
};

subtest 'need and need_up' => sub {
	stop("nginx-$_") for qw(web1 web2);
	ok(wait_for(sub { servers_up(1) }), 'two servers are down');
	isnt(attribute('med'), 'gone', '30 % of 3 are 1: it stays');
	stop('nginx-web3');
	eventually('all are down: it is withdrawn',
	    sub { attribute('med') eq 'gone' });
	like(alert(), qr/^low: not announced: web .* needs 1 servers, has 0$/,
	    'with an alert of its priority');
	start('nginx-web1');
	ok(wait_for(sub { servers_up(1) && next_hops($vip) == 1 }),
	    'one is back, and the other balancer announces the VIP');
	is(attribute('med'), 'gone', 'this one does not');
	like(vip()->{reason}, qr/ needs 2 servers to come back, has 1$/,
	    'and says why');
	start('nginx-web2');
	eventually('two are: so is the VIP, degraded',
	    sub { attribute('med') eq '200' });
	start('nginx-web3');
	eventually('and at last as usual', sub { attribute('med') eq '10' });
};

subtest 'a VIP that flaps is held down' => sub {
	set_up({hold_down => 10}, need => '100%');
	ok(wait_for(sub { attribute('med') eq 'none' }), 'the usual attributes');
	# It has failed once.
	changes();
	my $before = () = states();
	stop('nginx-web2');
	eventually('it is withdrawn', sub { !route() });
	start('nginx-web2');
	eventually('it comes back by itself', sub { route() });
	is_deeply([states($before)], ['withdrawn', 'held down', 'announced'],
	    'but was held down for a while') or diag(explain([states()]));
	is_deeply([changes()], ['removed', 'added'],
	    'and has gone once in all that');
};

subtest 'another bgpctl tells the same bgpd' => sub {
	my $real = config('lb1')->{bgp}{bgpctl};

	set_up({med => 20});
	eventually('it is announced', sub { attribute('med') eq '20' });
	spew("$state/lb1/bgpctl", <<"END");
#!/bin/sh
: >$state/lb1/bgpctl-ran
exec $real "\$@"
END
	chmod(0755, "$state/lb1/bgpctl");
	changes();
	configure('lb1', sub { $_[0]->{bgp}{bgpctl} = "$state/lb1/bgpctl" });
	ok(reload('lb1'), 'a change of bgpctl alone');
	eventually('it is run', sub { -e "$state/lb1/bgpctl-ran" });
	set_up({med => 30});
	eventually('by it the VIP has other attributes',
	    sub { attribute('med') eq '30' });
	is_deeply([changes()], ['added'], 'that update was all the router saw');
	configure('lb1', sub { $_[0]->{bgp}{bgpctl} = $real });
	ok(reload('lb1'), 'back');
};

subtest 'a VIP leaves by order' => sub {
	set_up({graceful_shutdown => 3});
	eventually('it is announced', sub { attribute('med') ne 'gone' });
	changes();
	my $before = () = states();
	my ($status, $output) = run("$build/vc5ctl", '-s',
	    "$state/lb1/vc5d.sock", 'vip', $vip, 'withdraw');
	is($status, 0, 'the order is taken') or diag($output);
	eventually('the router is told that it leaves', sub {
		attribute('community') =~ /\(65535,0\)/ },
	    sub { explain(route()) });
	eventually('then it is withdrawn', sub { !route() });
	is_deeply([states($before)], ['leaving', 'withdrawn'],
	    'vc5ctl says so') or diag(explain([states()]));
	is_deeply([changes()], ['added', 'removed'], 'after an update');
	is(alert(), '', 'which is no alert');
	run("$build/vc5ctl", '-s', "$state/lb1/vc5d.sock", 'vip', $vip,
	    'announce');
	eventually('it comes back without the community', sub {
		attribute('community') eq '(64500,80)' });
};

subtest 'vc5d tells routers that it stops' => sub {
	set_up({graceful_shutdown => 3});
	ok(wait_for(sub { next_hops($vip) == 2 }), 'both balancers have it');
	my $load = load_start($url);
	load_more($load, 50);
	changes();
	my $vc5d = process('vc5d-lb1');
	kill('TERM', $vc5d);
	eventually('the router is told that it leaves', sub {
		attribute('community') =~ /\(65535,0\)/ },
	    sub { explain(route()) });
	eventually('then it is withdrawn', sub { !route() });
	is_deeply([changes()], ['added', 'removed'], 'after an update');
	eventually('then vc5d ends', sub { !readlink("/proc/$vc5d/exe") });
	load_more($load, 50);
	my @requests = load_stop($load);
	my @failed = grep { $_->{error} } @requests;
	is(scalar(@failed), 0, 'no request failed, of ' . scalar(@requests)) or
	    diag(explain(@failed > 5 ? @failed[0 .. 4] : @failed));
};

subtest 'what is new is learnt and has to be healthy first' => sub {
	configure('lb1', sub {
		my ($web) = grep { $_->{name} eq 'web' } @{$_[0]->{services}};
		$web->{bgp} = {learn => 5, healthy_for => 8};
	});
	changes();
	ok(start('vc5d-lb1'), 'start');
	eventually('the VIP is announced', sub { route() });
	is_deeply([states()], ['learning', 'settling', 'announced'],
	    'after what there was to be waited for') or
	    diag(explain([states()]));
	is_deeply([changes()], ['added'], 'and not before');
	# A restart is no event, whatever has to be waited for.
	configure('lb1', sub {
		my ($web) = grep { $_->{name} eq 'web' } @{$_[0]->{services}};
		$web->{bgp} = {learn => 3600, healthy_for => 3600};
	});
	changes();
	kill_now('vc5d-lb1');
	ok(start('vc5d-lb1'), 'killed and started');
	eventually('bgpd is connected to', sub {
		(vc5ctl('lb1', 'show', 'bgp') // {})->{connected} });
	eventually('the checks have passed', sub { servers_up(3) });
	is(vip_state(), 'announced', 'the VIP still is announced');
	is_deeply([grep { $_ eq 'removed' } changes()], [],
	    'and was all the time');
};

finish();
