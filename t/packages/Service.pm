# SPDX-License-Identifier: ISC
# vc5d as a service of the machine in a Debian of its own: its configuration
# there, and what it says of itself.
package Service;

use strict;
use warnings;
use Exporter 'import';
use JSON::PP;
use Test::More;
use Alone;
use Debian;
use Lab;

our @EXPORT = qw(configure_it show checks_pass pids reloaded refuses);

# In the chroot: the configuration, with every kind of check that takes more
# than a connection.
sub configure_it
{
	my ($change) = @_;

	alone_conf(sub {
		my ($conf) = @_;
		$conf->{control} = '/run/vc5d.sock';
		$conf->{pin_directory} = '/sys/fs/bpf/vc5d';
		delete $conf->{state};
		$conf->{services}[0]{policy}{http}{checks} = [
			{type => 'tcp'}, {type => 'icmp'}, {type => 'syn'},
			{type => 'exec', user => '_vc5d',
			    command => ['/bin/sh', '-c', 'id; echo $$']},
		];
		$change->($conf) if $change;
	});
	run('cp', "$dir/vc5d.conf", "$root/etc/vc5d.conf");
}

sub show
{
	my ($what) = @_;
	my (undef, $text) = within('vc5ctl', '-j', 'show', $what);

	return eval { JSON::PP->new->utf8->decode($text) };
}

# Nothing that a check takes is forbidden.
sub all_up
{
	my ($service) = @{show('services') // []};
	my @checks = map { @{$_->{checks}} } @{$service->{destinations}};

	return @checks == 4 && !grep { $_->{state} ne 'up' } @checks;
}

sub checks_pass
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually('all kinds of checks pass', \&all_up,
	    sub { (within('vc5ctl', 'show', 'checks'))[1] });
}

# Parent and engine: not a child that has not become the command of a check yet.
sub pids
{
	my ($pids, $before) = ('', '');

	wait_for(sub {
		$before = $pids;
		$pids = join(' ', sort { $a <=> $b }
		    split(' ', (within('pidof', 'vc5d'))[1]));
		return $pids eq $before;
	});
	return $pids;
}

# It has read its file once more since it was started.
sub reloaded
{
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually('reads the file again', sub {
		((show('summary') // {})->{config}{reloads} // 0) == 1 });
}

# Orders to a script that it does not follow with a broken file.
sub refuses
{
	my ($orders, @script) = @_;
	my $pids = pids();

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	spew("$root/etc/vc5d.conf", '{');
	for my $order (@$orders) {
		my ($status, $output) = within(@script, $order);
		isnt($status, 0, "a $order with a broken file is refused");
		like($output, qr/vc5d\.conf:1:\d+: /, 'and says why');
		is(pids(), $pids, 'it runs on');
	}
	configure_it(sub { $_[0]->{stop_delay} = 1 });
}

1;
