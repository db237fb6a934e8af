#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The Debian package: built, looked over, installed in a Debian of its own,
# where it runs under SysV's script, under OpenRC, and under systemd with all
# that its unit forbids, is upgraded, removed and purged; and the RPM package.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Alone;
use Debian;
use Lab;
use MIME::Base64;
use OpenRC;
use RPM;
use Service;
use Test::More;

debian_make() or do { done_testing(); exit(1) };
rpm_start();

subtest 'lintian' => sub {
	my ($changes) = glob("$work/vc5d_*.changes");
	ok(glob("$work/vc5d_*.dsc"), 'there is a source package');
	my ($status, $output) = run('lintian', '--allow-root', $changes);
	is($output =~ s/^running with root.*\n//mr, '', 'has nothing to say');
	is($status, 0, 'and is content');
};

subtest 'what is in it' => sub {
	my (undef, $list) = run('dpkg-deb', '-c', package_file('vc5d'));
	for my $wanted ('-rwxr-xr-x root/root .* ./usr/sbin/vc5d$',
	    '-rwxr-xr-x root/root .* ./usr/sbin/vc5ctl$',
	    '-rwxr-xr-x root/root .* ./etc/init.d/vc5d$',
	    '-rw-r--r-- root/root .* ./lib/systemd/system/vc5d.service$',
	    '-rw-r--r-- root/root .* ./usr/lib/sysusers.d/vc5d.conf$',
	    '-rw-r--r-- root/root .* ./usr/lib/tmpfiles.d/vc5d.conf$',
	    '-rw-r--r-- root/root .* ./etc/logrotate.d/vc5d$',
	    './usr/share/man/man8/vc5d.8.gz$',
	    './usr/share/doc/vc5d/examples/vc5d.conf$') {
		like($list, qr/$wanted/m, $wanted);
	}
	unlike($list, qr{etc/vc5d\.conf$}m, 'no configuration of anybody');
	ok(package_file('vc5d-dbgsym'), 'there are debugging symbols');
	run('dpkg-deb', '-x', package_file('vc5d'), "$work/files");
	my (undef, $elf) = run('readelf', '-W', '-h', '-d', '-l', '--dyn-syms',
	    "$work/files/usr/sbin/vc5d");
	like($elf, qr/Type:\s+DYN/, 'vc5d is position independent');
	like($elf, qr/BIND_NOW/, 'and bound at once');
	like($elf, qr/GNU_RELRO/, 'to what is then read only');
	like($elf, qr/__stack_chk_fail/, 'its stack is protected');
	like($elf, qr/__\w+_chk@/, 'as are its copies');
};

# All names there are, less what belongs to others.
sub names
{
	my (undef, $names) = run('find', $root, '-mindepth', 1, '-xdev',
	    '-not', '-path', "$root/proc/*", '-printf', '%P\n');

	return grep { !m{^(var/(cache|log)/|var/lib/(dpkg|apt|systemd)/|
	    etc/(passwd|group|shadow|gshadow|subuid|subgid|\.pwd)|
	    etc/(resolv.conf|hosts|machine-id|ld.so)|tmp/|run/|usr/bin/sh|
	    etc/systemd/system/.*\.wants|var/lib/logrotate/|var/tmp/)}x } split(/\n/, $names);
}

# The same package of an older version, with another conffile.
sub older
{
	my $file = "$work/older.deb";

	run('dpkg-deb', '-R', package_file('vc5d'), "$work/older");
	for my $name ('DEBIAN/control', 'DEBIAN/postinst') {
		my $text = slurp("$work/older/$name");
		$text =~ s/^Version: .*/Version: 0.0.9-1/m;
		spew("$work/older/$name", $text);
	}
	chmod(0755, "$work/older/DEBIAN/postinst");
	for my $conffile ('etc/default/vc5d', 'etc/logrotate.d/vc5d') {
		spew("$work/older/$conffile",
		    slurp("$work/older/$conffile") . "# older\n");
	}
	run('dpkg-deb', '-b', "$work/older", $file);
	return $file;
}

# What it needs is not its own.
my (undef, $needs) = run('dpkg-deb', '-f', package_file('vc5d'), 'Depends');
chomp($needs);
my ($status, $output) = chrooted('apt-get', '-q', '-y',
    '--no-install-recommends', 'satisfy', $needs);
is($status, 0, 'all that it needs is there') or diag($output);
my @before = names();

subtest 'installing it' => sub {
	run('cp', older(), "$root/tmp/older.deb");
	my ($status, $output) =
	    chrooted('apt-get', '-q', '-y',
	    '--no-install-recommends', 'install', '/tmp/older.deb');
	is($status, 0, 'works') or diag($output);
	(undef, $output) = chrooted('vc5d', '-V');
	like($output, qr/^vc5d \d/, 'vc5d finds its libraries');
	(undef, $output) = chrooted('id', '_vc5d');
	like($output, qr/^uid=\d+\(_vc5d\)/, 'there is a user for checks');
	(undef, $output) = chrooted('stat', '-c', '%a %U', '/var/lib/vc5d');
	is($output, "700 root\n", 'and a directory for orders');
	my @running = grep { (readlink("$_/exe") // '') =~ m{^\Q$root\E/} }
	    glob('/proc/[0-9]*');
	is("@running", '', 'nothing was started: there is no configuration');
};

server_start();

subtest "SysV's script" => sub {
	my $script = '/etc/init.d/vc5d';
	# It waits for all that becomes its own.
	machine_start('perl', '-e', '$SIG{CHLD} = "IGNORE"; sleep');
	unlink("$root/etc/vc5d.conf");
	like(within_ok('a start without a configuration', $script, 'start'),
	    qr/there is no/, 'says that there is none');
	isnt((within($script, 'status'))[0], 0, 'and does not start it');
	configure_it();
	within_ok('a start', $script, 'start');
	within_ok('after which it runs', $script, 'status');
	checks_pass();
	my $pids = pids();
	within_ok('another start', $script, 'start');
	is(pids(), $pids, 'is none');
	within_ok('a reload', $script, 'reload');
	reloaded();
	refuses([qw(reload restart)], $script);
	within_ok('a reload with a good one', $script, 'reload');
	within_ok('a restart', $script, 'restart');
	isnt(pids(), $pids, 'it is another one');
	checks_pass();
	within_ok('the parent is killed', 'sh', '-c',
	    'kill -KILL ' . (split(' ', pids()))[0]);
	within_ok('a restart waits for the engine', $script, 'restart');
	checks_pass();
	within_ok('a stop, while it forwards', $script, 'stop');
	is(pids(), '', 'it has ended');
	my (undef, $links) = run('ip', '-n', $netns, 'link');
	unlike($links, qr/xdp|vc5d0/, 'and left nothing in the kernel');
	is((within($script, 'status'))[0], 3, 'the status is that of LSB');
	within_ok('another stop', $script, 'stop');
	within_ok('a restart starts what does not run', $script, 'restart');
	isnt(pids(), '', 'it runs');
	within_ok('a stop', $script, 'stop');
	machine_stop();
};

openrc_tests();

subtest 'logrotate' => sub {
	spew("$root/var/log/vc5d.log", "a line\n");
	my ($status, $output) =
	    chrooted('logrotate', '-f', '/etc/logrotate.d/vc5d');
	is($status, 0, 'takes its file') or diag($output);
	is(slurp("$root/var/log/vc5d.log.1"), "a line\n", 'and rotates');
};

# What systemd says of the service.
sub property
{
	my ($name) = @_;
	my (undef, $text) = within('systemctl', 'show', '-P', $name, 'vc5d');

	chomp($text);
	return $text;
}

sub journal
{
	my @options = @_;

	return (within('journalctl', '-q', '-o', 'cat', '-u', 'vc5d',
	    @options))[1];
}

# Its status line becomes so.
sub becomes
{
	my ($pattern, $test) = @_;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	eventually($test, sub { property('StatusText') =~ $pattern },
	    sub { property('StatusText') . "\n" . journal() });
}

sub bgpd_configure
{
	spew("$root/etc/bgpd.conf", <<'END');
AS 64500
router-id 198.51.100.11
fib-update no
neighbor 198.51.100.21 { remote-as 64496 }
allow to ebgp
END
	chmod(0600, "$root/etc/bgpd.conf");
}

# With what else the unit could forbid.
sub all_of_it
{
	my ($conf) = @_;

	$conf->{bgp} = {};
	$conf->{stop_delay} = 1;
	$conf->{control_readonly} = {path => '/run/vc5d-ro.sock',
	    group => 'adm'};
	$conf->{webserver} = {users => {operator =>
	    crypt('secret', '$6$salt')}};
}

# The first line of the console's answer.
sub console
{
	my ($password) = @_;
	my $login = encode_base64("operator:$password", '');
	my ($status, $line) = within('perl', '-MIO::Socket::INET', '-e',
	    'my $s = IO::Socket::INET->new("127.0.0.1:9353") or die $@; ' .
	    'print $s $ARGV[0]; print scalar(<$s>)',
	    "GET /status.json HTTP/1.1\r\nHost: localhost\r\n" .
	    "Authorization: Basic $login\r\nConnection: close\r\n\r\n");

	return $line;
}

subtest 'systemd' => sub {
	bgpd_configure();
	unlink("$root/etc/vc5d.conf");
	machine_start('/lib/systemd/systemd');
	eventually('it runs', sub {
		(within('systemctl', 'is-active', 'basic.target'))[0] == 0 });
	is(property('ActiveState'), 'inactive', 'vc5d was not started');
	configure_it(\&all_of_it);
	within_ok('bgpd', 'systemctl', 'restart', 'openbgpd');
	within_ok('vc5d', 'systemctl', 'start', 'vc5d');
	is(property('ActiveState'), 'active', 'is ready');
	becomes(qr/^1 VIP announced, no problems$/, 'and announces');
	checks_pass();
	my (undef, $routes) = within('bgpctl', 'network', 'show');
	like($routes, qr{192\.0\.2\.1/32}, 'as bgpd says, too');
	within_ok('an order', 'vc5ctl', 'vip', '192.0.2.1', 'withdraw');
	within_ok('and its end', 'vc5ctl', 'vip', '192.0.2.1', 'announce');
	ok(-s "$root/var/lib/vc5d/overrides", 'that it keeps');
	like(console('secret'), qr/^HTTP\S* 200 /, 'the console lets in');
	like(console('guess'), qr/^HTTP\S* 401 /, 'and keeps out');
	is((within('stat', '-c', '%a %G', '/run/vc5d-ro.sock'))[1],
	    "660 adm\n", 'a socket for a group');
};

subtest 'systemd: reloading' => sub {
	my $pids = pids();
	within_ok('a good file', 'systemctl', 'reload', 'vc5d');
	eventually('is read', sub {
		(show('summary') // {config => {}})->{config}{reloads} == 1 });
	eventually('and systemd knows', sub {
		property('SubState') eq 'running' });
	spew("$root/etc/vc5d.conf", '{');
	my ($status) = within('systemctl', 'reload', 'vc5d');
	isnt($status, 0, 'a broken one is refused');
	is(property('ActiveState'), 'active', 'vc5d runs on');
	eventually('the journal says why, as an error', sub {
		journal('-p', 'err') =~ /^\S*vc5d\.conf:1:\d+: /m });
	is(pids(), $pids, 'it is the same');
	configure_it(\&all_of_it);
};

subtest 'systemd: deaths' => sub {
	my ($parent) = split(' ', pids());
	within_ok('the engine is killed', 'sh', '-c',
	    'kill -KILL $(cat /proc/' . $parent . '/task/*/children)');
	eventually('the journal has it as a warning', sub {
		journal('-p', 'warning') =~ /^the engine died/m });
	becomes(qr/^1 VIP announced, no problems$/, 'another one takes over');
	is((split(' ', pids()))[0], $parent, 'of the same parent');
	unlike(journal('-p', 'warning'), qr/is up/, 'and no news with those');
	unlike(journal(), qr/^(?:<\d>|\d\d:\d\d:\d\d\.)/m,
	    'without what only other readers need');
	within_ok('the parent is killed', 'sh', '-c', "kill -KILL $parent");
	eventually('systemd starts another one', sub {
		property('NRestarts') eq '1' &&
		    property('SubState') eq 'running' }, \&journal);
	becomes(qr/^1 VIP announced, no problems$/, 'which announces');
};

# A drop-in, as "systemctl edit" makes one.
sub edit
{
	my ($text) = @_;

	mkdir("$root/etc/systemd/system/vc5d.service.d");
	spew("$root/etc/systemd/system/vc5d.service.d/test.conf", $text);
	within('systemctl', 'daemon-reload');
}

subtest 'systemd: the watchdog' => sub {
	edit("[Service]\nWatchdogSec=2\n");
	configure_it(sub { all_of_it(@_); $_[0]->{dead_man} = 0 });
	within_ok('vc5d without dead_man', 'systemctl', 'restart', 'vc5d');
	my ($parent, $engine) = split(' ', pids());
	within_ok('its engine hangs', 'sh', '-c', "kill -STOP $engine");
	eventually('systemd ends it, and starts another one', sub {
		journal() =~ /Watchdog timeout/ &&
		    property('SubState') eq 'running' }, \&journal);
	isnt((split(' ', pids()))[0], $parent, 'another one it is');
	edit('');
	configure_it(\&all_of_it);
	within_ok('the usual one again', 'systemctl', 'restart', 'vc5d');
};

subtest 'an upgrade' => sub {
	my $own = "STOP_LIMIT=17\n";
	my $pids = pids();
	spew("$root/etc/default/vc5d", $own);
	# Not in /tmp, which is the machine's own.
	run('cp', package_file('vc5d'), "$root/root/vc5d.deb");
	my $said = within_ok('to the version that was built', 'env',
	    'DEBIAN_FRONTEND=noninteractive', 'dpkg', '--force-confold', '-i',
	    '/root/vc5d.deb');
	like($said, qr/the one that runs is still 0\.0\.9-1/,
	    'says that the one that runs is the old one');
	is(pids(), $pids, 'which it is');
	is(slurp("$root/etc/default/vc5d"), $own, 'a changed file is kept');
	unlike(slurp("$root/etc/logrotate.d/vc5d"), qr/# older/,
	    'one that was not is replaced');
	within_ok('an engine can still be replaced', 'sh', '-c', 'kill -KILL ' .
	    (split(' ', $pids))[1]);
	becomes(qr/^1 VIP announced, no problems$/, 'by one of its kind');
	within_ok('a restart', 'systemctl', 'restart', 'vc5d');
	becomes(qr/^1 VIP announced, no problems$/, 'is the new one');
	checks_pass();
};

subtest 'the end' => sub {
	within_ok('a removal', 'dpkg', '-r', 'vc5d');
	is(pids(), '', 'stops it');
	ok(-e "$root/etc/vc5d.conf" && -e "$root/etc/default/vc5d",
	    'and leaves the configuration');
	within_ok('a purge', 'dpkg', '-P', 'vc5d');
	machine_stop();
	run('rm', '-rf', "$root/root/vc5d.deb", "$root/etc/bgpd.conf",
	    "$root/etc/systemd/system/vc5d.service.d");
	my %before = map { $_ => 1 } @before;
	my @left = grep { !$before{$_} } names();
	is("@left", '', 'leaves nothing');
	ok(!glob("$root/var/log/vc5d*"), 'not even a log');
};

rpm_tests();

done_testing();
