# SPDX-License-Identifier: ISC
# A vc5d alone in a network namespace of its own, for what concerns neither
# servers nor routers: an interface, a VIP and a server that does not answer.
package Alone;

use strict;
use warnings;
use Exporter 'import';
use FindBin;
use JSON::PP;
use Test::More;
use lib "$FindBin::Bin/../net";
use Lab;

our @EXPORT = qw($dir $netns alone_up alone_conf alone_begin alone_end
    alone_log alone_ctl inside);

our $netns = "vc5-p$$";
our $dir = "/run/$netns";
my $main = $$;
my $up = 0;

sub skip_unless_possible
{
	plan(skip_all => 'network namespaces need root') if $> != 0;
	plan(skip_all => "vc5d is not built in $build (set VC5_BUILD)")
	    unless -x "$build/vc5d" && -x "$build/vc5ctl";
	my ($status) = run('ip', 'netns', 'add', $netns);
	plan(skip_all => 'no network namespaces here') if $status != 0;
	$up = 1;
	my ($no_veth) = run('ip', '-n', $netns, 'link', 'add', 'eth0', 'type',
	    'veth', 'peer', 'name', 'peer0');
	plan(skip_all => 'no veth here') if $no_veth != 0;
}

sub alone_up
{
	skip_unless_possible();
	for my $command ('link set lo up', 'link set eth0 up',
	    'link set peer0 up', 'address add 198.51.100.11/24 dev eth0') {
		run('ip', '-n', $netns, split(' ', $command));
	}
	mkdir($dir);
	mkdir("$dir/bpf");
	run('mount', '-t', 'bpf', 'bpf', "$dir/bpf");
	alone_conf();
}

# Write the configuration, changed by a function.
sub alone_conf
{
	my ($change) = @_;
	my $conf = {
		interfaces => ['eth0'],
		bgp => {enabled => JSON::PP::false},
		webserver => JSON::PP::false,
		control => "$dir/vc5d.sock",
		state => "$dir/overrides",
		pin_directory => "$dir/bpf/vc5d",
		limits => {flows => 4096, services => 16, destinations => 16},
		stop_delay => 0,
		services => [{
			name => 'www',
			virtual => '192.0.2.1',
			servers => ['198.51.100.21'],
			policy => {http => {}},
		}],
	};

	$change->($conf) if $change;
	spew("$dir/vc5d.conf", JSON::PP->new->pretty->encode($conf));
}

# Words before a command that has it run in there.
sub inside
{
	return ('nsenter', "--net=/run/netns/$netns", @_);
}

# Start it, by env(1) with these arguments: its process.
sub alone_begin
{
	my @environment = @_;

	unlink("$dir/log");
	return process_start("$dir/log",
	    inside('env', @environment, "$build/vc5d", '-d', '-f',
		"$dir/vc5d.conf"));
}

# End it, if it has not yet.
sub alone_end
{
	process_stop($_[0]);
	unlike(alone_log(), qr/Sanitizer|runtime error/, 'it ends well');
}

sub alone_log
{
	return slurp("$dir/log");
}

sub alone_ctl
{
	return run('timeout', 10, "$build/vc5ctl", '-s', "$dir/vc5d.sock", @_);
}

END {
	if ($$ == $main && $up) {
		my $status = $?;
		run('ip', 'netns', 'delete', $netns);
		run('umount', "$dir/bpf");
		run('rm', '-rf', '--one-file-system', $dir);
		$? = $status;
	}
}

1;
