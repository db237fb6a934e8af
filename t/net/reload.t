#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# Reload: what runs is not disturbed, neither by a good configuration nor by a
# bad one.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Lab;
use Test::More;

my $url = 'http://192.0.2.1/';

lab_up();

sub reload_both
{
	my ($change) = @_;

	for my $host (qw(lb1 lb2)) {
		configure($host, $change);
		ok(reload($host), "$host reloads");
	}
}

# How often the client has had to ask again for a connection.
sub repeated
{
	my (undef, $text) = on('client', 'cat', '/proc/net/netstat');
	my ($names, $values) = $text =~ /^TcpExt: (.*)\nTcpExt: (.*)/m;
	my %count;

	@count{split(' ', $names)} = split(' ', $values);
	return $count{TCPSynRetrans};
}

sub begin
{
	my $load = load_start($url);

	$load->{repeated} = repeated();
	load_more($load, 50);
	return $load;
}

# No request of a load failed, and there were some.
sub no_failure
{
	my ($load) = @_;
	load_more($load, 50);
	my @requests = load_stop($load);
	my @failed = grep { $_->{error} } @requests;

	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is(scalar(@failed), 0, 'no request failed, of ' . scalar(@requests)) or
	    diag(explain(@failed > 5 ? @failed[0 .. 4] : @failed));
	cmp_ok(scalar(@requests), '>=', 100, 'and there were some');
	is(repeated(), $load->{repeated}, 'none had to be repeated');
}

subtest 'draining: ADDR* and a slow download' => sub {
	# 15 seconds' worth
	truncate("$state/$_/html/slow", 960 << 10) for qw(web1 web2 web3);
	my $download = download_start("${url}slow");
	like($download->{by}, qr/^web[123]$/, "by $download->{by}");
	my %address = (web1 => '198.51.100.21', web2 => '198.51.100.22',
	    web3 => '198.51.100.143');
	my $address = $address{$download->{by}};

	reload_both(sub {
		$_ eq $address and $_ = "$address*"
		    for @{$_[0]->{servers}{webs}};
	});
	for my $host (qw(lb1 lb2)) {
		is(destination($host, 'web', $address)->{state}, 'draining',
		    "$host drains it");
	}
	my $answers = answers($url, 100);
	is(scalar(grep { /^$download->{by}/ } keys %$answers), 0,
	    'new requests go elsewhere') or diag(explain($answers));
	is(keys %$answers, 2, 'to the two others');
	ok(download_running($download), 'the download runs meanwhile');
	like(download_stop($download), qr/^200 983040 /, 'and finishes');

	reload_both(sub { s/\*$// for @{$_[0]->{servers}{webs}} });
	for my $host (qw(lb1 lb2)) {
		is(destination($host, 'web', $address)->{state}, 'up',
		    "$host uses it again at once");
	}
};

subtest 'reload under load' => sub {
	my $load = begin();
	my $leaving = '198.51.100.22';
	my @changes = (
	    sub { }, # no difference at all
	    sub { s/^\Q$leaving\E$/$leaving*/ for @{$_[0]->{servers}{webs}} },
	    sub { @{$_[0]->{servers}{webs}} =
		grep { $_ ne "$leaving*" } @{$_[0]->{servers}{webs}} },
	    sub { $_[0]->{servers}{webs}[0] =
		{address => $_[0]->{servers}{webs}[0], weight => 3} },
	    sub { push(@{$_[0]->{servers}{webs}}, $leaving) },
	    sub { $_[0]->{servers}{webs}[0] =
		$_[0]->{servers}{webs}[0]{address} },
	);
	for my $change (@changes) {
		reload_both($change);
		load_more($load, 50);
	}
	ok(wait_for(sub { (destination('lb1', 'web', $leaving)->{state} //
	    '') eq 'up' }), 'the backend that was removed is back');
	no_failure($load);
	is(scalar(next_hops('192.0.2.1')), 2, 'both balancers still announce');
};

subtest 'a change of schedule under load' => sub {
	my $load = begin();
	reload_both(sub { $_[0]->{scheduler} = 'rendezvous' });
	load_more($load, 50);
	is(service('lb1', 'web')->{scheduler}, 'rendezvous', 'is in force');
	reload_both(sub { delete($_[0]->{scheduler}) });
	no_failure($load);
};

subtest 'signals reload too' => sub {
	for my $signal (qw(HUP USR2)) {
		my $before = vc5ctl('lb1', 'show', 'summary')->{config}{reloads};
		kill($signal, process('vc5d-lb1'));
		eventually("SIG$signal", sub { (vc5ctl('lb1', 'show',
		    'summary') // {})->{config}{reloads} == $before + 1 });
	}
};

subtest 'a VIP is added and removed' => sub {
	my $new = '192.0.2.3';
	on($_, 'ip', 'address', 'add', "$new/32", 'dev', 'lo')
	    for qw(web1 web2 web3);
	my $load = begin();
	reload_both(sub { $_[0]->{services}[0]{virtual} = ['192.0.2.1', $new] });
	eventually('it is announced', sub { next_hops($new) == 2 });
	is(keys %{answers("http://$new/", 60)}, 3, 'and served');
	reload_both(sub { $_[0]->{services}[0]{virtual} = '192.0.2.1' });
	eventually('it is withdrawn', sub { next_hops($new) == 0 });
	no_failure($load);
};

subtest 'a bad configuration changes nothing' => sub {
	my $file = "$state/lb1/vc5d.conf";
	my $good = slurp($file);
	my $before = join("\n", map { "$_->{name} " . join(' ', map {
	    "$_->{address} $_->{state}" } @{$_->{destinations}}) }
	    services('lb1'));
	my $load = begin();
	my %bad = (
	    'is not JSON' => [$good =~ s/"services"/services/r,
		qr/\Q$file\E:\d+:\d+: syntax error/],
	    'has a wrong address' => [$good =~ s/198\.51\.100\.22/198.51.100.222222/r,
		qr/\Q$file\E:\d+:\d+: servers\.\w+\[\d\]: /],
	    'has an unknown key' => [$good =~ s/"services"/"colour": 1, "services"/r,
		qr/\Q$file\E:\d+:\d+: .*"?colour/],
	    'is empty' => ['', qr/\Q$file\E: is empty/],
	);
	for my $what (sort keys %bad) {
		my ($text, $message) = @{$bad{$what}};
		my $offset = log_size('lb1');
		spew($file, $text);
		my $reply = vc5ctl('lb1', 'reload') // {};
		ok(exists $reply->{ok} && !$reply->{ok},
		    "a file that $what is refused");
		like(join("\n", @{$reply->{errors} // []}), $message,
		    'vc5ctl says why');
		like(vc5d_log('lb1', $offset), $message, 'the log says why');
		my $config = (vc5ctl('lb1', 'show', 'summary') // {})->{config};
		like(join("\n", @{($config // {})->{errors} // []}), $message,
		    'the status says so too');
	}
	unlink($file);
	ok(!reload('lb1'), 'no file at all is refused');
	is(join("\n", map { "$_->{name} " . join(' ', map {
	    "$_->{address} $_->{state}" } @{$_->{destinations}}) }
	    services('lb1')), $before, 'all is as it was');
	is(scalar(next_hops('192.0.2.1')), 2, 'and announced');
	spew($file, $good);
	ok(reload('lb1'), 'the good file is accepted');
	is(problems('lb1'), '', 'and nothing is wrong any more');
	no_failure($load);
};

finish();
