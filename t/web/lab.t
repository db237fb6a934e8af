#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# The console of the real daemon, in a real browser, with real servers that
# die: lab.mjs.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../net";
use Lab;
use Test::More;

$ENV{VC5_SRC} = $source;
$ENV{VC5_BUILD} = $build;
my (undef, $missing) = run("$FindBin::Bin/run");
plan(skip_all => $1) if $missing =~ /^1\.\.0 # SKIP (.*)/m;
lab_up();

# A name that nobody should choose.
my $hostile = q{<img src=x onerror="window.harmed=1"></script>} . "\x{202e}";
configure('lb1', sub {
	$_[0]->{services}[0]{description} = $hostile;
});
ok(reload('lb1'), 'a hostile description is no error');

# What node tells, as tests of this file.
sub browser
{
	local $ENV{VC5_LAB} = $Lab::name;
	local $ENV{VC5_WEB_HOST} = 'lb1';
	open(my $in, '-|', "$FindBin::Bin/run", @_)
	    or die "$FindBin::Bin/run: $!";
	my $failed = 0;
	while (my $line = <$in>) {
		if ($line =~ /^(not )?ok \d+ - (.*)/) {
			$failed = defined($1);
			ok(!$failed, $2);
		} elsif ($line =~ /^# ?(.*)/) {
			$failed ? diag($1) : note($1);
		}
	}
	close($in);
	is($?, 0, "$_[0] has come to its end");
}

my ($address) = slurp("$state/lb1/management-address") =~ /(\S+)/;
browser('lab.mjs', "http://$address:8080/");

# By TLS, for those who have a password or a token.
my $token = 'f' x 32;
my $file = "$state/lb1/console";
ok(on_ok('lb1', qw(openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256
    -nodes -days 2 -subj /CN=lb1 -addext), "subjectAltName=IP:$address",
    '-out', "$file.pem", '-keyout', "$file.key"), 'a certificate is made');
spew("$file.tokens", "$token\n");
chmod(0600, "$file.tokens") or die "$file.tokens: $!";
my ($hash) = on('lb1', qw(openssl passwd -6 swordfish)) =~ /(\S+)/;
configure('lb1', sub {
	$_[0]->{webserver} = {listen => "$address:8080",
	    certificate => "$file.pem", key => "$file.key",
	    users => {ann => $hash}, token_file => "$file.tokens"};
});
ok(reload('lb1'), 'the console is for some, and by TLS');
browser('lab_login.mjs', "https://$address:8080/", $token);
finish();
