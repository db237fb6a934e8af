#!/usr/bin/perl
# SPDX-License-Identifier: ISC
# What happens on a balancer arrives at an Elasticsearch, and alerts at a
# webhook; and nobody notices when these don't answer.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use JSON::PP;
use Lab;
use Test::More;

my $url = 'http://192.0.2.1/';
my $json = JSON::PP->new->utf8;
lab_up('python3');
my $files = "$state/collector";
mkdir($files);
my $collector = process_start("$files/log", 'nsenter',
    "--net=/run/netns/$prefix-lb1", "$FindBin::Bin/collector", $files);

# What has arrived of a kind of documents, or messages.
sub arrived
{
	my ($dataset) = @_;

	return grep { $_->{event}{dataset} eq "vc5d.$dataset" }
	    lines('documents');
}

sub lines
{
	return map { $json->decode($_) }
	    grep { /\}$/ } split(/\n/, slurp("$files/$_[0]"));
}

sub shipping
{
	my $status = vc5ctl('lb1', 'show', 'summary') // {};

	return $status->{shipping} // {};
}

sub servers
{
	my ($function) = @_;

	$function->("nginx-$_") for qw(web1 web2 web3);
}

eventually('the collector listens',
    sub { slurp("$files/log") =~ /ready/ },
    sub { slurp("$files/log") });
configure('lb1', sub {
	$_[0]->{logging} = {
		format => 'json',
		elasticsearch => {
			urls => ['http://127.0.0.1:9200'],
			interval => 0.2,
			timeout => 1,
		},
		webhooks => [{
			name => 'hook',
			type => 'slack',
			url => 'http://127.0.0.1:9201/x',
			rate => 600,
		}],
	};
});
my $start = log_size('lb1');
ok(reload('lb1'), 'logging begins with a reload');
eventually('the reload is told',
    sub { grep { $_->{event}{action} eq 'reload-reloaded' }
	arrived('history') });

subtest 'servers fail, and come back' => sub {
	servers(\&stop);
	eventually('a server that is down is an event', sub {
		grep { $_->{event}{action} eq 'destination-down' &&
		    ($_->{server}{ip} // '') eq '198.51.100.21' &&
		    $_->{service}{name} eq 'web' &&
		    $_->{destination}{ip} eq '192.0.2.1' } arrived('history')
	});
	eventually('that the VIP goes is an alert', sub {
		grep { $_->{event}{action} eq 'alert-raised' &&
		    $_->{vc5d}{alert} eq 'vip 192.0.2.1' } arrived('alert')
	});
	eventually('of which people are told', sub {
		grep { $_->{text} =~ /vip 192\.0\.2\.1\b(?!.* is over)/ }
		    lines('messages')
	}, sub { slurp("$files/messages") });
	servers(\&start);
	eventually('and that it is over', sub {
		grep { $_->{text} =~ /vip 192\.0\.2\.1 is over/ }
		    lines('messages')
	}, sub { slurp("$files/messages") });
	eventually('lines of the log arrive, too',
	    sub { grep { $_->{message} =~ /is up, was down/ }
		arrived('log') });
};

subtest 'the log itself' => sub {
	my @lines = split(/\n/, vc5d_log('lb1', $start));
	my @bad = grep { !eval { $json->decode($_)->{'@timestamp'} } } @lines;

	is_deeply(\@bad, [], 'is lines of JSON');
	cmp_ok(scalar(@lines), '>', 5, 'of which there are some');
	is(vc5ctl('lb1', 'log', 'verbose')->{level}, 'verbose',
	    'its level changes at run time');
	is(shipping()->{level}, 'verbose', 'as the status says');
	is(vc5ctl('lb1', 'log', 'brief')->{level}, 'brief', 'and back');
};

subtest 'each probe' => sub {
	is(scalar(arrived('probe')), 0, 'is not told');
	configure('lb1', sub { $_[0]->{log_probes} = JSON::PP::true });
	ok(reload('lb1'), 'unless that is wanted');
	eventually('then it is', sub {
		grep { $_->{event}{outcome} eq 'success' &&
		    $_->{event}{duration} > 0 && $_->{service}{name} eq 'web' }
		    arrived('probe')
	});
	like(vc5d_log('lb1', $start), qr/http:80 check of \S+: passed\b/,
	    'also in the log');
	configure('lb1', sub { delete($_[0]->{log_probes}) });
	ok(reload('lb1'), 'and no longer');
};

subtest 'no answer' => sub {
	eventually('all has arrived before',
	    sub { shipping()->{elasticsearch}{queued} == 0 });
	spew("$files/hang", '');
	ok(reload('lb1'), 'something happens');
	eventually('what does not work is a problem', sub {
		problems('lb1') =~ /^elasticsearch: \S+ no answer in 1\.0 s/m
	}, sub { problems('lb1') });
	eventually('and an alert, of which people are told', sub {
		grep { $_->{text} =~ /elasticsearch/ } lines('messages')
	}, sub { slurp("$files/messages") });
	my $queued = shipping()->{elasticsearch}{queued};
	my $failures = shipping()->{elasticsearch}{failures};
	cmp_ok($failures, '>', 0, 'failures are counted');
	my $answers = answers($url, 30);
	is($answers->{''} // 0, 0, 'clients see nothing of it');
	eventually('it is tried again',
	    sub { shipping()->{elasticsearch}{failures} > $failures });
	is(shipping()->{elasticsearch}{queued}, $queued,
	    'that it fails makes no documents');
	unlink("$files/hang");
	eventually('in the end all arrives',
	    sub { shipping()->{elasticsearch}{queued} == 0 });
	eventually('and the alert is over', sub {
		grep { $_->{text} =~ /elasticsearch is over/ }
		    lines('messages')
	});
	is(scalar(grep { ($_->{message} // '') =~
	    /elasticsearch|can't be sent/ } lines('documents')), 0,
	    'nothing is sent about sending');
};

subtest 'the end' => sub {
	ok(stop('vc5d-lb1'), 'vc5d is stopped');
	eventually('which is told while there is time',
	    sub { grep { $_->{message} =~ /^stopping: withdrawing/ }
		arrived('log') });
	is(slurp("$files/refusals"), '[]',
	    'all the time the protocols were obeyed');
};

finish();
