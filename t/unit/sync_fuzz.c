/* SPDX-License-Identifier: ISC */

/*
 * Random datagrams, made of sound ones: the reader looks at nothing outside
 * of them, and what it hands out is what the format allows, and can be
 * written and read again.  VC5_SYNC_FUZZ="COUNT SEED" asks for more.
 */

#include <sys/mman.h>
#include <sys/socket.h>

#include <netinet/in.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/sync_bytes.h"
#include "sync_samples.h"

#define PAGE  4096
#define SEEDS 24

static uint8_t *page_end;
static uint64_t random_state;
static unsigned long sound[SYNC_REFUSAL + 1];

static struct {
	uint8_t bytes[SYNC_DATAGRAM_MAX];
	size_t len;
} seeds[SEEDS];

/* xorshift64*: the same everywhere. */
static uint32_t
some(uint32_t below)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return (uint32_t)((random_state * 0x2545f4914f6cdd1d) >> 32) % below;
}

static void
seed_flows(unsigned *n, enum sample_flows kind, size_t count)
{
	struct flow flows[SAMPLE_FLOWS];
	size_t written = count;

	sample_flows(flows, kind);
	seeds[*n].len = sample_flows_datagram(seeds[*n].bytes, flows, &written);
	++*n;
	if (written > 20)
		written = 20;
	seeds[*n].len = sample_bulk(seeds[*n].bytes, flows, written);
	++*n;
}

static void
seed_views(unsigned *n)
{
	struct sync_service services[100];
	size_t next;

	sample_services(services, 100);
	for (next = 0; next < 100; ++*n)
		seeds[*n].len =
		    sample_view(seeds[*n].bytes, services, 100, &next);
	next = 0;
	seeds[*n].len = sample_view(seeds[*n].bytes, services, 3, &next);
	++*n;
}

static int
prepare(void **state)
{
	uint8_t *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	enum sample_flows kind;
	unsigned n = 0;

	(void)state;
	assert_true(pages != MAP_FAILED);
	page_end = pages + PAGE;
	assert_int_equal(mprotect(page_end, PAGE, PROT_NONE), 0);
	for (kind = 0; kind < SAMPLE_KINDS; kind++)
		seed_flows(&n, kind, SAMPLE_FLOWS);
	seed_flows(&n, SAMPLE_FOUR, 3);
	seed_flows(&n, SAMPLE_TUNNELS, 6);
	seed_views(&n);
	seeds[n].len = sample_hello(seeds[n].bytes, 0, NULL);
	n++;
	seeds[n].len = sample_hello(seeds[n].bytes, 3, NULL);
	n++;
	seeds[n].len = sample_hello(seeds[n].bytes, 60, NULL);
	n++;
	seeds[n].len = sample_request(seeds[n].bytes);
	n++;
	seeds[n].len = sample_refusal(seeds[n].bytes);
	n++;
	assert_in_range(n, 20, SEEDS);
	for (; n < SEEDS; n++)
		seeds[n] = seeds[some(n)];
	return 0;
}

/* Values that lengths and counts like to be wrong by. */
static uint8_t
nasty(uint8_t was)
{
	static const uint8_t values[] = {0, 1, 4, 6, 17, 127, 128, 255};

	switch (some(4)) {
	case 0:
		return values[some(sizeof(values))];
	case 1:
		return (uint8_t)(was + 1);
	case 2:
		return (uint8_t)(was - 1);
	default:
		return (uint8_t)(was ^ 1 << some(8));
	}
}

/* Mostly where headers and the first records are. */
static size_t
somewhere(size_t len)
{
	size_t near = len < 160 ? len : 160;

	return some(3) == 0 ? some((uint32_t)len) : some((uint32_t)near);
}

static size_t
mutate(uint8_t *bytes)
{
	unsigned from = some(SEEDS), changes = some(4), i;
	size_t len = seeds[from].len, at;

	memcpy(bytes, seeds[from].bytes, len);
	for (i = 0; i < changes; i++) {
		at = 4 + somewhere(len - 4);
		bytes[at] = nasty(bytes[at]);
	}
	switch (some(8)) {
	case 0: /* cut off */
		return some((uint32_t)len + 1);
	case 1: /* the end of another */
		from = some(SEEDS);
		at = some(
		    (uint32_t)(len < seeds[from].len ? len : seeds[from].len));
		memcpy(
		    bytes + at, seeds[from].bytes + at, seeds[from].len - at);
		return seeds[from].len;
	case 2: /* a record more or less */
		at = len + 8 * some(6);
		return at > SYNC_DATAGRAM_MAX || some(2) == 0
		    ? len - 8 * some(5)
		    : at;
	default:
		return len;
	}
}

static void
judge_hello(struct sync_hello *hello)
{
	struct sync_listed listed;
	unsigned i;

	assert_in_range(strlen(hello->name), 1, SYNC_NAME_MAX);
	assert_true(hello->peers <= SYNC_PEERS_MAX && hello->beat != 0);
	for (i = 0; i < hello->peers; i++) {
		sync_hello_peer(hello, i, &listed);
		assert_true(listed.who.id != 0 && listed.who.epoch != 0);
	}
}

static void
judge_view(struct sync_view *view)
{
	struct sync_service service, before = {.key = view->after};
	unsigned i;

	for (i = 0; i < view->services; i++, before = service) {
		sync_view_service(view, i, &service);
		assert_true(sync_key_is_sound(&service.key));
		assert_true(before.key.vip.family == 0 ||
		    sync_service_order(&before.key, &service.key) < 0);
	}
	assert_true(view->upto.vip.family == 0 || before.key.vip.family == 0 ||
	    sync_service_order(&before.key, &view->upto) <= 0);
}

/* What was read can be written, and is then read again. */
static void
judge_flows(const struct sync_flows *read)
{
	uint8_t buffer[SYNC_DATAGRAM_MAX];
	struct sync_flows flows = *read, again;
	struct sync_message message;
	struct sync_writer writer;
	struct flow flow, same;
	size_t len;

	sync_write_flows(&writer, buffer);
	while (sync_flow_next(&flows, &flow)) {
		assert_true(sync_flow_tellable(&flow));
		assert_true(sync_write_flow(&writer, &flow));
	}
	if (writer.records == 0)
		return; /* a bulk's last part */
	len = sample_end(&writer, NULL);
	assert_int_equal(sync_read(buffer, len, &message), SYNC_SOUND);
	again = message.flows;
	for (flows = *read; sync_flow_next(&flows, &flow);) {
		assert_true(sync_flow_next(&again, &same));
		assert_memory_equal(&flow, &same, sizeof(flow));
	}
	assert_false(sync_flow_next(&again, &same));
}

static void
judge(struct sync_message *message)
{
	sound[message->header.type]++;
	switch (message->header.type) {
	case SYNC_HELLO:
		judge_hello(&message->hello);
		break;
	case SYNC_FLOWS:
		judge_flows(&message->flows);
		break;
	case SYNC_VIEW:
		judge_view(&message->view);
		break;
	case SYNC_BULK:
		judge_flows(&message->bulk.flows);
		break;
	default:
		break;
	}
}

static void
random_datagrams_are_refused_or_sound(void **state)
{
	const char *wanted = getenv("VC5_SYNC_FUZZ");
	unsigned long count = 1000000, i;
	uint8_t bytes[2 * SYNC_DATAGRAM_MAX];
	struct sync_message message;
	unsigned type;
	size_t len;

	(void)state;
	random_state = 1;
	if (wanted != NULL)
		assert_true(sscanf(wanted, "%lu %lu", &count, &random_state));
	for (i = 0; i < count; i++) {
		len = mutate(bytes);
		memcpy(page_end - len, bytes, len);
		memset(&message, 0xa5, sizeof(message));
		if (sync_read(page_end - len, len, &message) == SYNC_SOUND)
			judge(&message);
	}
	for (type = SYNC_HELLO; type <= SYNC_REFUSAL; type++) {
		print_message("# %s: %lu of %lu sound\n", sync_type_name(type),
		    sound[type], count);
		/* Else nothing was tried behind the first check. */
		assert_true(sound[type] > count / 1000);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_datagrams_are_refused_or_sound),
	};

	random_state = 1;
	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, prepare, NULL);
}
