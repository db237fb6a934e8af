#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The commands that README has for the lab do, one after the other, what is
# said of them there.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../net";
use Lab;
use Test::More;

my @webs = qw(web1 web2 web3);
my %pids;

# Names of the processes of a kind, such as "vc5d-lb": lb1 lb2 ...
sub hosts_of
{
	my ($kind) = @_;

	return join ' ', sort map { m{/[a-z0-9]+-([a-z]+\d)$} ? $1 : () }
	    glob("$state/pid/$kind*");
}

# A sentence of README, however it is broken into lines.
sub says
{
	my ($sentence) = @_;
	my $find = join '\s+', map { quotemeta } split ' ', $sentence;

	like(slurp("$source/README"), qr/$find/, "README: $sentence");
}

# Requests of a client went to all of the servers.
sub shows_where_requests_went
{
	my ($output) = @_;

	for my $client ('203.0.113.10', '2001:db8:0:113::10') {
		like($output, qr/^  \d+ $_ answers \Q$client\E /m,
		    "$_ answers $client") for @webs;
	}
}

sub up
{
	my ($output) = @_;

	says('makes a client, a router (BIRD with ECMP), two balancers (each ' .
	    'with an OpenBGPD and a vc5d of its own) and three web servers ' .
	    '(nginx) in network namespaces, sends requests over IPv4 and ' .
	    'IPv6, and shows where they went');
	ok(-e "/run/netns/$prefix-$_", "a namespace of $_")
	    for qw(client router lb1 lb2), @webs;
	ok(process('bird'), 'a BIRD');
	is(hosts_of('bgpd-lb'), 'lb1 lb2', 'an OpenBGPD each');
	is(hosts_of('vc5d-lb'), 'lb1 lb2', 'a vc5d each');
	is(hosts_of('nginx-web'), "@webs", 'three nginx');
	like($output, qr/^  192\.0\.2\.1: \S+ \S+$/m, 'ECMP');
	shows_where_requests_went($output);
}

sub shows_services
{
	my ($output) = @_;

	like($output, qr/^SERVICE +.*\bUP\b/m, 'columns');
	like($output, qr/\Q$_\E:80\/tcp .*3\/3/m, "all servers of $_ are up")
	    for '192.0.2.1', '[2001:db8:0:100::1]';
}

sub answer
{
	my ($output) = @_;

	like($output, qr/^web[1-3] answers/m, 'a server answers');
	unlike($output, qr/curl:/, 'and curl has nothing to complain of');
}

sub more
{
	my ($output) = @_;

	says('more of them, also of a lab at work');
	is(hosts_of('vc5d-lb'), 'lb1 lb2 lb3 lb4', 'four balancers');
	is(hosts_of('nginx-web'), join(' ', map { "web$_" } 1 .. 6),
	    'six servers');
	is(process($_), $pids{$_}, "the same $_") for sort keys %pids;
	shows_where_requests_went($output);
	unlike($output, qr/web[4-6] answers/, 'no new server answers yet');
	new_servers_serve();
}

# Those that joined, once they are configured.
sub new_servers_serve
{
	says('Servers that join a lab at work get requests once they are in ' .
	    'vc5d.conf of each balancer, as in /run/vc5-lab/lb1, and that ' .
	    'was reloaded (vc5ctl reload).');
	for my $host (map { "lb$_" } 1 .. 4) {
		configure($host, sub {
			push @{$_[0]->{servers}{webs}}, '198.51.100.24',
			    '198.51.100.25', '198.51.100.146';
			push @{$_[0]->{servers}{webs6}}, '2001:db8:0:1::24',
			    '2001:db8:0:1::25', '2001:db8:0:2::146';
		});
		my ($status, $output) = lab('exec', $host, 'vc5ctl', 'reload');
		is($status, 0, "$host is reloaded") or diag($output);
	}
	push @webs, qw(web4 web5 web6);
	eventually('six servers answer', sub {
		my ($status, $output) = lab('status');
		return $status == 0 && !grep {
			$output !~ /^  \d+ $_ answers 203\./m ||
			    $output !~ /^  \d+ $_ answers 2001:/m } @webs;
	});
}

sub nothing_left
{
	says('nothing is left behind');
	is_deeply([glob("/run/netns/$prefix*"), glob("/run/$prefix*")], [],
	    'no namespace and no file');
	unlike(slurp('/proc/self/mounts'), qr{/$prefix-lab}, 'no mount');
	my (undef, $all) = run('ps', 'ax', '-o', 'args=');
	is(join("\n", grep { m{/$prefix-lab/} } split(/\n/, $all)), '',
	    'no process');
}

# In README's order.
my @commands = (
	[ 'contrib/lab up', \&up ],
	[ 'contrib/lab status', \&shows_where_requests_went ],
	[ 'contrib/lab exec lb1 vc5ctl show services', \&shows_services ],
	[ 'contrib/lab exec client curl http://192.0.2.1/', \&answer ],
	[ "contrib/lab exec client curl -g 'http://[2001:db8:0:100::1]/'",
	    \&answer ],
	[ 'contrib/lab up --balancers 4 --backends 6', \&more ],
	[ 'contrib/lab down', \&nothing_left ],
);

# As the reader of README types it, in a lab of the test's own.
sub type
{
	my ($command) = @_;

	local $ENV{VC5_LAB} = $prefix =~ s/^vc5-//r;
	local $ENV{VC5_BUILD} = $build;
	local $ENV{VC5_INTERVAL} = $interval;
	return run('sh', '-c', "cd '$source' && $command");
}

my @shown = slurp("$source/README") =~ /^ {4}(contrib\/lab .*?)(?:  .*)?$/mg;
is_deeply(\@shown, [map { $_->[0] } @commands],
    'these are the commands of README');

my $first = lab_up(); # contrib/lab up, unless there can be no lab here
for my $command (@commands) {
	my ($line, $check) = @$command;

	subtest $line => sub {
		my ($status, $output) = $first ? (0, $first) : type($line);
		is($status, 0, 'it succeeds') or diag($output);
		$check->($output);
	};
	%pids = map { m{/([^/]+)$} => process($1) } glob("$state/pid/*")
	    if $first;
	$first = undef;
}

done_testing();
