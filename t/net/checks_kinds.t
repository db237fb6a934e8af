#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Every kind of check, of VIPs of both IP versions, in the same layer 2 and
# through a tunnel: up when what it asks for is there, down when that is not.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Lab;
use Test::More;

# A server for each way, web1 and far1.
my %ways = (
    layer2 => {host => 'web1', vip => '192.0.2.1',
	server => '198.51.100.21', delivery => 'layer2'},
    layer2_ipv6 => {host => 'web1', vip => '2001:db8:0:100::1',
	server => '2001:db8:0:1::21', delivery => 'layer2'},
    ipip => {host => 'far1', vip => '192.0.2.101',
	server => '198.18.1.10', delivery => 'ipip'},
    ipip_ipv6 => {host => 'far1', vip => '2001:db8:0:100::101',
	server => '198.18.1.10', delivery => 'ipip'},
);
my @names = sort keys %ways;
# What there is to be asked, and the checks that ask it.
my %needs = (
    web => [qw(tcp syn http)],
    names => [qw(dns dns-tcp)],
    echo => [qw(udp)],
    vip => [qw(tcp syn http dns dns-tcp udp icmp)],
    file => [qw(exec)],
);
my $file = "/run/$prefix-lab/wanted";
my %process;

sub checks
{
	my ($way) = @_;
	my %dns = (type => 'dns', port => 53, name => 'www.lab.example',
	    query => 'A', answer => '192.0.2.9');

	return [
	    {type => 'tcp'},
	    {type => 'syn'},
	    {type => 'http', path => '/health'},
	    {%dns, transport => 'udp'},
	    {%dns, transport => 'tcp'},
	    {type => 'udp', port => 7, send => 'hi',
		expect => "$way->{host} 2 "},
	    {type => 'icmp'},
	    {type => 'exec', command => ['/bin/sh', '-c',
		"test \$VC5_VIP = $way->{vip} && " .
		"test \$VC5_ADDRESS = $way->{server} && test -e $file"]},
	];
}

# The states of a way's checks by their names.
sub states
{
	my ($name) = @_;
	my @checks = @{destination('lb1', $name, $ways{$name}{server})
	    ->{checks} // []};
	my @as = qw(tcp syn http dns dns-tcp udp icmp exec);

	return {} unless @checks == @as;
	return {map { $as[$_] => $checks[$_]{state} } 0 .. $#as};
}

# Are just these down, everywhere?
sub are_down
{
	my (%down) = map { $_ => 1 } @_;

	for my $name (@names) {
		my $states = states($name);
		return 0 unless %$states;
		for my $check (keys %$states) {
			return 0 if ($states->{$check} eq 'down') !=
			    !!$down{$check};
		}
	}
	return 1;
}

sub describe
{
	return explain([map { my $name = $_; map { join(' ', $name,
	    map { $_ // '' } @$_{qw(type port state outcome detail)}) }
	    @{destination('lb1', $name, $ways{$name}{server})->{checks} // []}
	    } @names], problems('lb1'));
}

sub vips_of
{
	my ($host) = @_;

	return map { $_->{vip} } grep { $_->{host} eq $host }
	    map { $ways{$_} } @names;
}

sub names_start
{
	my ($host) = @_;
	my $vips = join(',', vips_of($host));

	$process{"names-$host"} = process_start("$state/$host/names.log",
	    'nsenter', "--net=/run/netns/$prefix-$host", 'dnsmasq',
	    '--no-daemon', '--conf-file=/dev/null', '--pid-file=',
	    '--no-resolv', '--no-hosts', '--bind-interfaces',
	    "--listen-address=$vips", '--address=/www.lab.example/192.0.2.9');
}

sub echo_start
{
	my ($host) = @_;

	$process{"echo-$host"} = on_start($host, "$state/$host/echo.log",
	    "$source/t/net/echo", $host, 7, vips_of($host));
}

sub web_start
{
	start('nginx-web1') unless readlink('/proc/' .
	    (process('nginx-web1') // 0) . '/exe');
	$process{'web-far1'} = far_web('far1');
}

sub vips
{
	my ($change) = @_;

	for my $name (@names) {
		my ($host, $vip) = @{$ways{$name}}{qw(host vip)};
		my $length = $vip =~ /:/ ? 128 : 32;
		on_ok($host, 'ip', 'address', $change, "$vip/$length", 'dev',
		    'lo', $change eq 'add' && $length == 128 ? 'nodad' : ());
	}
}

# What is broken, and mended.
my %break = (
    web => [sub { stop('nginx-web1'); process_stop($process{'web-far1'}) },
	\&web_start],
    names => [sub { process_stop($process{"names-$_"}) for qw(web1 far1) },
	sub { names_start($_) for qw(web1 far1) }],
    echo => [sub { process_stop($process{"echo-$_"}) for qw(web1 far1) },
	sub { echo_start($_) for qw(web1 far1) }],
    vip => [sub { vips('delete') }, sub { vips('add') }],
    file => [sub { unlink($file) }, sub { spew($file, '') }],
);

plan(skip_all => 'there is no /dev/net/tun here') unless -e '/dev/net/tun';
@Lab::size = ('--balancers', 1, '--backends', 1);
lab_up('python3');
on_ok('far1', 'ip', 'address', 'add', $_, 'dev', 'lo',
    /:/ ? 'nodad' : ()) for vips_of('far1');
spew($file, '');
chmod(0644, $file);
web_start();
for my $host (qw(web1 far1)) {
	names_start($host);
	echo_start($host);
}
$process{end} = far_start('far1');
configure('lb1', sub {
	my ($config) = @_;

	$config->{fall} = 3;
	$config->{services} = [map { {name => $_, virtual => $ways{$_}{vip},
	    servers => [$ways{$_}{server}], delivery => $ways{$_}{delivery},
	    policy => {http => {checks => checks($ways{$_})}}} } @names];
});
my $reply = vc5ctl('lb1', 'reload') // {};
ok($reply->{ok}, 'the balancer reloads') or diag(explain($reply));
eventually('all checks pass', sub { are_down() }, \&describe);
for my $what (sort keys %break) {
	subtest "without $what" => sub {
		my ($break, $mend) = @{$break{$what}};

		$break->();
		eventually("the checks that need it fail, and no other",
		    sub { are_down(@{$needs{$what}}) }, \&describe);
		for my $name (@names) {
			is(destination('lb1', $name, $ways{$name}{server})
			    ->{state}, 'down', "$name is down");
		}
		$mend->();
		eventually('all checks pass', sub { are_down() },
		    \&describe);
	};
}

finish();
