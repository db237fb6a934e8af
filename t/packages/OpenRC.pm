# SPDX-License-Identifier: ISC
# OpenRC in the Debian that t/packages/debian.t makes: its own programs run the
# script, without a supervisor and with OpenRC's.
package OpenRC;

use strict;
use warnings;
use Exporter 'import';
use Test::More;
use Alone;
use Debian;
use Lab;
use Service;

our @EXPORT = qw(openrc_tests);

my $script = "$root/etc/init.d/vc5d";
my $settings = "$root/etc/conf.d/vc5d";
my @order = ('rc-service', 'vc5d');

# What the script needs, and Debian has not.
my $network = <<'END';
#!/sbin/openrc-run
depend() { provide net localmount; }
start() { :; }
END

# False where it can't be had.
sub install
{
	my ($status, $output) = chrooted('apt-get', '-q', '-y',
	    '--no-install-recommends', 'install', 'openrc');

	return 0 if $output =~ /Failed to fetch|Unable to fetch/;
	is($status, 0, "OpenRC is installed") or diag($output);
	run('cp', '-a', $script, "$work/sysv");
	run('install', '-m', 755, "$sources/etc/openrc/vc5d", $script);
	spew("$root/etc/init.d/network", $network);
	chmod(0755, "$root/etc/init.d/network");
	return 1;
}

sub boot
{
	my ($supervisor) = @_;

	mkdir("$root/etc/conf.d");
	spew($settings, $supervisor);
	machine_start('perl', '-e', '$SIG{CHLD} = "IGNORE"; sleep');
	within('sh', '-c', 'mkdir /run/openrc && : >/run/openrc/softlevel');
	within('rc-status', '--all'); # which makes directories as well
}

sub starts
{
	configure_it();
	within_ok('a start', @order, 'start');
	within_ok('after which it runs', @order, 'status');
	checks_pass();
	my $pids = pids();
	within_ok('another start', @order, 'start');
	is(pids(), $pids, 'is none');
	within_ok('the configuration is good', @order, 'checkconfig');
	within_ok('a reload', @order, 'reload');
	reloaded();
	refuses([qw(checkconfig reload restart)], @order);
	within_ok('a reload with a good file', @order, 'reload');
	within_ok('a restart', @order, 'restart');
	eventually('it is another one', sub {
		my $now = pids();
		return $now =~ / / && $now ne $pids });
	checks_pass();
}

sub kill_parent
{
	my ($parent) = split(' ', pids());

	within_ok('the parent is killed', 'sh', '-c', "kill -KILL $parent");
	return $parent;
}

sub stops
{
	within_ok('a stop', @order, 'stop');
	is(pids(), '', 'it has ended');
	my (undef, $links) = run('ip', '-n', $netns, 'link');
	unlike($links, qr/xdp|vc5d0/, 'and left nothing in the kernel');
	is((within(@order, 'status'))[0], 3, 'which the status says');
	machine_stop();
}

sub alone
{
	boot('');
	starts();
	kill_parent();
	my ($status, $output) = within(@order, 'status');
	is($status, 32, 'which the status says');
	like($output, qr/crashed/, 'to people, too');
	within_ok('a restart waits for the engine', @order, 'restart');
	within_ok('then it runs again', @order, 'status');
	checks_pass();
	kill_parent();
	within_ok('a stop of one that was killed', @order, 'stop');
	is(pids(), '', 'waits for the engine, too');
	within_ok('a start', @order, 'start');
	stops();
}

sub supervised
{
	boot("supervisor=supervise-daemon\n");
	starts();
	my $parent = kill_parent();
	eventually('another one is started', sub {
		my @pids = split(' ', pids());
		return @pids == 2 && $pids[0] != $parent });
	within_ok('it runs', @order, 'status');
	checks_pass();
	stops();
}

sub remove
{
	run('mv', "$work/sysv", $script);
	run('rm', '-r', "$root/etc/init.d/network", "$root/etc/conf.d");
	chrooted('apt-get', '-q', '-y', '--autoremove', 'purge', 'openrc');
}

sub openrc_tests
{
	subtest 'OpenRC' => sub {
		install() or plan(skip_all => "OpenRC can't be fetched here");
		subtest('its own script' => \&alone);
		subtest('supervised' => \&supervised);
		remove();
	};
}

1;
