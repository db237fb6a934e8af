#!/usr/bin/perl
# SPDX-License-Identifier: ISC
#
# Breaks the BPF programs in one place at a time, and sees that a test of
# t/bpf notices: what nobody notices, nobody has tested.

use strict;
use warnings;

use File::Path 'make_path';
use File::Temp 'tempdir';
use Test::More;

my $build = $ENV{VC5_BUILD} // '.';
my $source = $ENV{VC5_SRC} // '..';

# What is broken, where, from what to what (spaces are any white space), and
# the test that is most likely to notice; all others are tried if it doesn't.
my @mutants = (
	[ 'the TTL stays', 'forward.h', 'ip->ttl--;', ';', 'forward' ],
	[ 'the hop limit stays', 'forward.h',
	    '((struct ipv6hdr *)packet->network)->hop_limit--;', ';', 'ipv6' ],
	[ 'a carry is lost in the TTL\'s sum', 'forward.h',
	    '~((sum & 0xffff) + (sum >> 16))', '~(sum & 0xffff)', 'forward' ],
	[ 'the TTL\'s sum is of another byte', 'forward.h',
	    'bpf_htons(0xfeff)', 'bpf_htons(0xfffe)', 'forward' ],
	[ 'MACs are swapped', 'deliver.h',
	    'packet->ethernet, route->mac, route->source_mac',
	    'packet->ethernet, route->source_mac, route->mac', 'forward' ],
	[ 'MACs are swapped before a tag', 'forward.h',
	    'ethernet, route->mac, route->source_mac',
	    'ethernet, route->source_mac, route->mac', 'vlan' ],
	[ 'it leaves where it came in', 'route.h',
	    'route->ifindex = READ_ONCE(destination->ifindex)',
	    'route->ifindex = 1', 'ipv6' ],
	[ 'TTL 1 is sent', 'deliver.h',
	    'if (UNLIKELY(hop_limit(packet, six) <= 1))',
	    'if (UNLIKELY(hop_limit(packet, six) < 1))', 'icmp_answers' ],
	[ 'the MTU is one less', 'deliver.h',
	    'packet->total > route->mtu', 'packet->total >= route->mtu',
	    'tunnel' ],
	[ 'the MTU is one more', 'deliver.h',
	    'packet->total > route->mtu', 'packet->total > route->mtu + 1',
	    'tunnel' ],
	[ 'the MTU of fragments and errors is one less', 'deliver.h',
	    'packet->total > route.mtu', 'packet->total >= route.mtu',
	    'icmp_errors' ],
	[ 'bytes are not counted', 'deliver.h',
	    'counters->bytes += length', 'counters->bytes += length + 1', 'ipv6' ],
	[ 'bytes of what is dropped are packets', 'maps.h',
	    'counters->bytes[reason] += length', 'counters->bytes[reason]++',
	    'forward' ],
	[ 'bytes of pings are packets', 'maps.h',
	    'counters->echo_bytes += length', 'counters->echo_bytes++', 'icmp' ],
	[ 'bytes for no destination are not counted', 'maps.h',
	    'counters->no_destination_bytes += length', '', 'forward' ],
	[ 'VIDs have 8 bits', 'parse.h', 'TAG_VID 0x0fff', 'TAG_VID 0x00ff',
	    'vlan' ],
	[ 'the priority is lost', 'forward.h',
	    'return bpf_ntohs(*(const __be16 *)(packet->ethernet + 1)) & ~TAG_VID',
	    'return 0', 'vlan' ],
	[ 'the priority is lost when a tag is kept', 'forward.h',
	    '*control = (*control & bpf_htons(~TAG_VID)) |', '*control =',
	    'vlan' ],
	[ 'the tag has the outer type', 'forward.h', 'tag->type = type;',
	    'tag->type = bpf_htons(ETH_P_8021Q);', 'vlan' ],
	[ 'the outer length lacks the shim', 'encapsulate.h',
	    'total = sizeof(*ip) + outer_shim(outer->kind) + outer->payload;',
	    'total = sizeof(*ip) + outer->payload;', 'tunnel' ],
	[ 'the outer payload length has the header', 'encapsulate.h',
	    'ip->payload_len = bpf_htons(outer_shim(outer->kind) + outer->payload)',
	    'ip->payload_len = bpf_htons(sizeof(*ip) + outer->payload)',
	    'tunnel' ],
	[ 'the outer protocol', 'encapsulate.h', 'return IPPROTO_GRE;',
	    'return IPPROTO_IPIP;', 'tunnel' ],
	[ 'the inner protocol', 'encapsulate.h',
	    'outer->type == bpf_htons(ETH_P_IPV6) ? IPPROTO_IPV6',
	    'outer->type != bpf_htons(ETH_P_IPV6) ? IPPROTO_IPV6', 'tunnel' ],
	[ 'the outer TTL', 'encapsulate.h', 'OUTER_TTL 64', 'OUTER_TTL 63',
	    'tunnel' ],
	[ 'GRE\'s type', 'encapsulate.h', 'gre->type = outer->type;',
	    'gre->type = bpf_htons(ETH_P_IP);', 'tunnel' ],
	[ 'the outer port is in host order', 'encapsulate.h',
	    'udp->dest = port;', 'udp->dest = bpf_ntohs(port);', 'tunnel' ],
	[ 'the outer source port is low', 'encapsulate.h',
	    'PORT_FIRST 49152', 'PORT_FIRST 32768', 'tunnel' ],
	[ 'UDP\'s length lacks its header', 'encapsulate.h',
	    'udp->len = bpf_htons(length);', 'udp->len = bpf_htons(length - 8);',
	    'tunnel' ],
	[ 'UDP\'s checksum is no complement', 'encapsulate.h',
	    'udp->check = ~sum_fold(sum);', 'udp->check = sum_fold(sum);',
	    'tunnel' ],
	[ 'UDP\'s checksum of zero', 'encapsulate.h',
	    'if (udp->check == 0) udp->check = 0xffff;', '', 'checksum' ],
	[ 'DSCP is not copied outward', 'forward.h',
	    'outer->traffic_class = traffic_class(packet, six);',
	    'outer->traffic_class = 0;', 'tunnel' ],
	[ 'ECN is not copied outward', 'forward.h',
	    'outer->traffic_class = traffic_class(packet, six);',
	    'outer->traffic_class = traffic_class(packet, six) & 0xfc;',
	    'tunnel' ],
	[ 'more than don\'t fragment is copied', 'forward.h',
	    ': ip->frag_off & DONT_FRAGMENT;', ': ip->frag_off;', 'tunnel' ],
	[ 'IPv6 in IPv4 may be fragmented', 'forward.h',
	    'six ? DONT_FRAGMENT :', 'six ? 0 :', 'tunnel' ],
	[ 'the id is not copied', 'forward.h', 'six ? 0 : ip->id', '0',
	    'tunnel' ],
	[ 'the source prefix is a bit longer', 'encapsulate.h',
	    '(1U << ((bits - length) & 31)) - 1',
	    '(1U << ((bits - length - 1) & 31)) - 1', 'tunnel' ],
	[ 'the source prefix is a bit shorter', 'encapsulate.h',
	    '(1U << ((bits - length) & 31)) - 1',
	    '(2U << ((bits - length) & 31)) - 1', 'tunnel' ],
	[ 'an odd byte is summed as if it were even', 'checksum.h',
	    'bpf_htons(*(__u8 *)at << 8)', 'bpf_htons(*(__u8 *)at)',
	    'tunnel' ],
	[ 'an updated sum is no complement', 'checksum.h',
	    'return ~sum_fold( (__u64)(__u16)~checksum',
	    'return sum_fold( (__u64)(__u16)~checksum', 'dscp' ],
	[ 'a carry is lost', 'checksum.h',
	    'sum = (sum & 0xffff) + (sum >> 16); ' .
	    'sum = (sum & 0xffff) + (sum >> 16); return',
	    'return', 'checksum' ],
	[ 'the code point is shifted amiss', 'transport.h', 'DSCP_SHIFT 2',
	    'DSCP_SHIFT 1', 'dscp' ],
	[ 'half of ECN is lost', 'transport.h', 'ECN_MASK 0x3',
	    'ECN_MASK 0x1', 'dscp' ],
	[ 'UDP without checksum gets one', 'transport.h',
	    'if (checksum == NULL || (packet->tuple.protocol == IPPROTO_UDP && *checksum == 0)) return true;',
	    'if (checksum == NULL) return true;', 'dscp' ],
	[ 'TCP\'s checksum stays as it was', 'transport.h',
	    '*checksum = sum_update(*checksum, removed, added);', ';',
	    'dscp' ],
	[ 'time exceeded is unreachable', 'answer.h',
	    'ICMP_TIME_EXCEEDED << 24', 'ICMP_UNREACHABLE << 24',
	    'icmp_answers' ],
	[ 'the quote is longer', 'answer.h', 'QUOTE4 548', 'QUOTE4 552',
	    'icmp_answers' ],
	[ 'the IPv6 quote is shorter', 'answer.h', 'QUOTE6 1232',
	    'QUOTE6 1228', 'icmp_answers' ],
	[ 'the quote is a multiple of 8', 'answer.h', '& ~3U', '& ~7U',
	    'icmp_answers' ],
	[ 'an answer goes to the server', 'answer.h',
	    'route_write_macs(ethernet, source, destination)',
	    'route_write_macs(ethernet, destination, source)', 'icmp' ],
	[ 'one answer more than allowed', 'answer.h',
	    'counters->made[ping] >= READ_ONCE(state->icmp_limit)',
	    'counters->made[ping] > READ_ONCE(state->icmp_limit)',
	    'icmp_answers' ],
	[ 'pings count as errors', 'answer.h', 'counters->made[ping]++',
	    'counters->made[0]++', 'icmp_answers' ],
	[ 'a ping\'s TTL stays', 'answer.h', 'ip6->hop_limit = ANSWER_TTL;', ';',
	    'icmp' ],
	[ 'loopback is answered', 'answer.h', 'first != 127', 'first != 128',
	    'icmp' ],
	[ 'groups are answered', 'answer.h',
	    'packet->ethernet->h_source[0]', '0', 'icmp' ],
	[ 'frames to groups are balanced', 'steer.h',
	    'packet->ethernet->h_dest[0] & 1', 'false', 'icmp' ],
	[ 'a quote\'s ports are the wrong way round', 'icmp.h',
	    '*ports << 16 | *ports >> 16', '*ports', 'icmp_errors' ],
	[ 'a later fragment is quoted', 'icmp.h',
	    '(ip->frag_off & bpf_htons(FRAGMENT_OFFSET)) == 0', 'true',
	    'icmp_errors' ],
	[ 'fragments of any packet', 'fragment.h', '.id = packet->id,', '',
	    'fragments' ],
	[ 'fragments of any protocol', 'fragment.h',
	    '.protocol = packet->part,', '', 'fragments' ],
	[ 'fragments live on', 'fragment.h', '> VC5_FRAGMENT_SECONDS',
	    '> 2 * VC5_FRAGMENT_SECONDS', 'fragments' ],
	[ 'one extension header less', 'parse.h', 'EXTENSIONS 6',
	    'EXTENSIONS 5', 'ipv6' ],
	[ 'AH is measured like the others', 'parse.h',
	    'return protocol == IPPROTO_AH ?', 'return protocol == 255 ?',
	    'ipv6' ],
	[ 'the Ethernet header counts as packet', 'parse.h',
	    'packet->total <= packet->length - packet->offset',
	    'packet->total <= packet->length', 'truncate' ],
	[ 'IPv4 headers may be short', 'parse.h',
	    'packet->header < sizeof(*ip) ||', '', 'forward' ],
	[ 'all idle times are the usual one', 'flow_rules.h',
	    'return age > idle ?', 'return age > VC5_IDLE_TCP ?', 'flood' ],
	[ 'idle a second later', 'flow_rules.h', 'return age > idle ?',
	    'return age > idle + 1 ?', 'flood' ],
	[ 'the closed are kept for longer', 'flow_rules.h',
	    'age > VC5_IDLE_CLOSED ?', 'age > VC5_IDLE_CLOSED + 1 ?', 'flood' ],
	[ 'the youngest goes', 'flow_rules.h', '(__u64)rank << 32 | age',
	    '(__u64)rank << 32 | ~age', 'flood' ],
	[ 'ranks don\'t matter', 'flow_rules.h', '(__u64)rank << 32 | age',
	    '(__u64)1 << 32 | age', 'flood' ],
	[ 'the last of equals goes', 'flow.h',
	    'victim * VC5_WAYS + VC5_WAYS - 1 - way;',
	    'victim * VC5_WAYS + way;', 'flood' ],
	[ 'those of a destination that is down stay', 'flow.h',
	    'READ_ONCE(destination->state) == VC5_DOWN) return VC5_RANK_GONE;',
	    'false) return VC5_RANK_GONE;', 'flood' ],
	[ 'nobody counts who had to go', 'flow.h',
	    'count_taken(flow_score_rank(victim_score(victim)));', '',
	    'flood' ],
	[ 'who had to go counts as another', 'flow.h',
	    'count_taken(flow_score_rank(victim_score(victim)));',
	    'count_taken(VC5_RANK_IDLE);', 'flood' ],
	[ 'the other bucket is not looked at', 'flow.h',
	    'for (i = 0; i < 2; i++) {', 'for (i = 0; i < 1; i++) {',
	    'flood' ],
	[ 'a flow that was entered twice is lost', 'flow.h',
	    'if (way == 0 && READ_ONCE(bucket->ways[VC5_WAYS - 1].stamp) == 0)',
	    'if (READ_ONCE(bucket->ways[VC5_WAYS - 1].stamp) == 0)', 'flows' ],
	[ 'the other bucket is not used', 'flow.h', 'i < 2 && victim',
	    'i < 1 && victim', 'flood' ],
	[ 'an entry of the other bucket is taken for one of the first',
	    'flow.h', 'NULL : flow_entry(*entry)',
	    'NULL : flow_at(bucket, *entry % VC5_WAYS)', 'flood' ],
	[ 'a victim is taken from the first bucket', 'steer.h',
	    'else { if (entry == NO_ENTRY) entry = flow_victim(index, now);',
	    'else { if (entry == NO_ENTRY) entry = index * VC5_WAYS + ' .
	    'flow_victim(index, now) % VC5_WAYS;', 'flood' ],
	[ 'what is over is kept beside its successor', 'steer.h',
	    'if (entry == NO_ENTRY) way = flow_free(bucket);',
	    'way = flow_free(bucket);', 'flows' ],
	[ 'a port is used again sooner', 'flow_rules.h', 'FLOW_REUSE 60',
	    'FLOW_REUSE 59', 'flows' ],
	[ 'a port is used again later', 'flow_rules.h', 'FLOW_REUSE 60',
	    'FLOW_REUSE 61', 'flows' ],
	[ 'a port is used again while the server is up', 'flow.h',
	    'draining && (state == VC5_FLOW_EMBRYONIC ||',
	    '(state == VC5_FLOW_EMBRYONIC ||', 'flows' ],
	[ 'idle datagrams return to who drains', 'flow.h',
	    'flow_is_idle(stamp, now, destination)', 'false', 'flows' ],
	[ 'all is remembered', 'steer.h',
	    'READ_ONCE(service->flags) & VC5_UNTRACKED', 'false', 'flows' ],
	[ 'what is over without being tracked stays', 'steer.h',
	    'if (entry != NO_ENTRY) flow_forget(entry, now);', '', 'flows' ],
	[ 'ends are remembered', 'steer.h',
	    'if (packet->segment == SEGMENT_FINAL) return false;', '', 'flows' ],
	[ 'nobody looks at sources', 'steer.h',
	    'UNLIKELY(is_picked(state)) && look_at_source(ctx) == XDP_DROP',
	    'false', 'source' ],
	[ 'half as many are looked at', 'source.h',
	    'return next <= READ_ONCE(control->look)',
	    'return next <= READ_ONCE(control->look) / 2', 'source' ],
	[ 'all that are looked at are counted', 'source.h',
	    'sample == 0 || READ_ONCE(*state) > sample', 'sample == 0', 'source' ],
	[ 'the source\'s last bit is not looked at', 'source.h',
	    '.length = 32', '.length = 31', 'blocked' ],
	[ 'the second half of IPv6 sources is not looked at', 'source.h',
	    '.length = 128', '.length = 64', 'blocked' ],
	[ 'what is for no VIP is blocked', 'source.h',
	    '|| vip_flags(packet->tuple.vip, six) == NULL)', ')', 'blocked' ],
	[ 'what is blocked is not counted by prefix', 'source.h',
	    'if (blocked != NULL) count_octets(blocked, 1, length);', '',
	    'blocked' ],
	[ 'either version\'s blocks have both searched', 'source.h',
	    '(six ? VC5_BLOCKING6 : VC5_BLOCKING4)',
	    '(VC5_BLOCKING6 | VC5_BLOCKING4)', 'blocked' ],
	[ 'what is blocked counts as malformed', 'source.h',
	    'count_drop(ctx, VC5_DROP_BLOCKED)', 'count_drop(ctx, VC5_DROP_MALFORMED)',
	    'blocked' ],
	[ 'sources are of one bit more', 'source.h',
	    '>> (32 - VC5_SOURCE4_LENGTH)', '>> (31 - VC5_SOURCE4_LENGTH)',
	    'source' ],
	[ 'nobody is seen last', 'source.h',
	    'WRITE_ONCE(source->seen, READ_ONCE(control->clock));', '',
	    'source' ],
	[ 'octets are packets', 'source.h',
	    '__sync_fetch_and_add(&counted->octets, octets);',
	    '__sync_fetch_and_add(&counted->octets, packets);', 'source' ],
	[ 'sources of IPv6 are of 32 bits', 'source.h',
	    '(bpf_ntohl(client[1]) & 0xffff0000) |', '', 'source' ],
	[ 'credit lasts for ever', 'source.h',
	    'WRITE_ONCE(source->credit, credit - 1);', ';', 'source' ],
	[ 'no credit is given', 'source.h',
	    'WRITE_ONCE(source->credit, credit + 1);', ';', 'source' ],
	[ 'much credit is none', 'source.h', 'if (credit != (__u32)-1)', '',
	    'source' ],
	[ 'credit is inherited', 'source.h', 'credit = 0;', '', 'source' ],
	[ 'the quiet keep their place', 'source.h',
	    'now - READ_ONCE(source->seen) > VC5_SOURCE6_QUIET', 'false',
	    'source' ],
	[ 'who sends most gives way', 'source.h', 'credit < best',
	    'credit + 1 > best + 1', 'source' ],
	[ 'who gives way was never counted', 'source.h',
	    'count_octets( &control->others6, source->counted.packets, source->counted.octets);',
	    '', 'source' ],
	[ 'who has no place was never counted', 'source.h',
	    'count_octets(&control->others6, 1, length);', '', 'source' ],
	[ 'the last slot is nobody\'s', 'service.h', 'slot >= slots',
	    'slot >= slots - 1', 'agree' ],
	[ 'all tables have the usual size', 'service.h',
	    'service->flags & VC5_STICKY, slots, six',
	    'service->flags & VC5_STICKY, VC5_SLOTS, six', 'agree' ],
);

# The command that compiles programs whose headers are in a directory: the
# build's own.
sub compiler
{
	my ($directory) = @_;

	# The make that runs this test would have this one speak differently.
	delete local @ENV{qw(MAKEFLAGS MFLAGS MAKELEVEL)};
	open my $make, '|-', "make -s --no-print-directory -C '$build' -f - " .
	    "command-of-mutants " .
	    ">'$directory/command'"
	    or return;
	print $make "include Makefile\n",
	    "command-of-mutants:\n",
	    "\t\@echo '-I\$(srcdir) '; echo '\$(BPF_COMPILE)'\n";
	close $make or return;
	my ($include, $command) = split /\n/, slurp("$directory/command");
	return $command =~ s/\Q$include\E/-I$directory /r;
}

sub slurp
{
	my ($name) = @_;

	open my $file, '<', $name or die "$name: $!";
	local $/ = undef;
	return <$file>;
}

sub spew
{
	my ($name, $text) = @_;

	open my $file, '>', $name or die "$name: $!";
	print $file $text;
	close $file or die "$name: $!";
}

# A pattern that finds text, however it is broken into lines.
sub pattern
{
	my ($text) = @_;

	return join '\s*', map { quotemeta } split /\s+/, $text;
}

# Where a worker has its copy of the programs, and how it compiles them.
my ($directory, $command);

# Compile; with something changed in a header, if it is given.
sub compile
{
	my ($object, $header, $from, $to) = @_;

	my $name = $header && "$directory/bpf/$header";
	my $text = $name && slurp($name);
	if ($name) {
		my $find = pattern($from);
		my $changed = $text =~ s/$find/$to/r;
		return "doesn't apply to $header" if $changed eq $text;
		spew($name, $changed);
	}
	my $said = `cd '$build' && $command -w -c '$directory/bpf/vc5d.bpf.c' -o '$object' 2>&1`;
	my $status = $?;
	spew($name, $text) if $name;
	return $status == 0 ? undef : "doesn't compile: $said";
}

# What a test says of the programs of an object: passed, failed or else.
sub result
{
	my ($object, $test) = @_;

	local $ENV{VC5_BPF_OBJECT} = $object;
	my $said = `timeout 120 '$build/t/bpf/$test' 2>&1`;
	return 'passed' if $? == 0 && $said =~ /^1\.\.[1-9]/m;
	return 'failed' if $said =~ /^not ok/m && $said !~ /^Bail out/m;
	return "ended with $?: " . substr($said, -2000);
}

sub noticed
{
	my ($object, @tests) = @_;

	for my $test (@tests) {
		my $result = result($object, $test);
		return $test if $result eq 'failed';
		if ($result ne 'passed') {
			diag("$test $result");
			return;
		}
	}
	return;
}

# A directory with the programs as they are: the object to be.
sub prepare
{
	$directory = tempdir(CLEANUP => 1);
	make_path("$directory/bpf");
	spew("$directory/bpf/" . s|.*/||r, slurp($_))
	    for glob "'$source'/bpf/*.[ch]";
	$command = compiler($directory)
	    or BAIL_OUT('make does not say how to compile');
	return "$directory/vc5d.bpf.o";
}

my %all = map { $_->[4] => 1 } @mutants;
my @all = sort keys %all;

# What has come of a mutant, in a line: ok or not, and why.
sub try_mutant
{
	my ($object, $mutant) = @_;
	my ($name, $header, $from, $to, $likely) = @$mutant;
	my $problem = compile($object, $header, $from, $to);

	return "not ok $name: $problem" =~ s/\n/ /gr if $problem;
	my $test = noticed($object, $likely, grep { $_ ne $likely } @all);
	return $test ? "ok $name: noticed by $test" : "not ok $name: unnoticed";
}

# Every second mutant, by a process of its own: its lines can be read.
sub worker
{
	my ($number, $workers) = @_;

	my $child = open my $lines, '-|' // die "fork: $!";
	return $lines if $child;
	my $object = prepare();
	for my $i (grep { $_ % $workers == $number } 0 .. $#mutants) {
		syswrite STDOUT, try_mutant($object, $mutants[$i]) . "\n";
	}
	exit 0;
}

plan skip_all => 'needs root to load BPF programs' if $> != 0;
plan skip_all => 't/bpf/forward is not built' if !-x "$build/t/bpf/forward";
my $said = `'$build/t/bpf/forward' 2>&1`;
plan skip_all => $1 if $said =~ /^1\.\.0 # SKIP (.*)/m;

my $object = prepare();
is(compile($object), undef, 'the programs compile as they are');
is(result($object, $_), 'passed', "$_ passes with them") for @all;

my $tried = 0;
for my $lines (map { worker($_, 2) } 0 .. 1) {
	while (my $line = <$lines>) {
		chomp $line;
		$tried++;
		ok($line =~ /^ok /, $line =~ s/^(not )?ok //r);
	}
}
is($tried, scalar @mutants, 'all mutants were tried');

done_testing();
