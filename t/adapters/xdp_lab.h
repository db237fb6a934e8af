/* SPDX-License-Identifier: ISC */

/*
 * What the XDP data plane's tests share: a network and a mount namespace of
 * their own with a BPF filesystem, what was logged, and the pinned maps.  There
 * are interfaces va and vb, a veth pair, and the bridges br and br.7.
 */

#ifndef T_ADAPTERS_XDP_LAB_H
#define T_ADAPTERS_XDP_LAB_H

#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "adapters/dataplane.h"
#include "adapters/dataplane_xdp.h"
#include "bpf/abi.h"

/*
 * Run the tests, each a LAB_TEST, in namespaces of their own.  What main()
 * has to return; says so when they can't run here.
 */
#define lab_run_tests(tests) lab_main(tests, sizeof(tests) / sizeof((tests)[0]))
int lab_main(const struct CMUnitTest *, size_t count);
#define LAB_TEST(function) \
	cmocka_unit_test_setup_teardown(function, lab_setup, lab_teardown)
/* Everything that a test may have left is removed. */
int lab_setup(void **state);
int lab_teardown(void **state);
/* Run a command: it must succeed. */
void lab_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Opened with the options that follow. */
struct dataplane *lab_dataplane(void);
/* Close it, and open it again. */
struct dataplane *lab_again(struct dataplane *);
/* Small limits, the lab's pin directory. */
struct dataplane_xdp_options lab_options(void);
/* Of the BPF filesystem. */
const char *lab_directory(void);

/* What was logged since the last call: valid until the next one. */
const char *lab_log(void);
#define assert_logged(part)                                                \
	do {                                                               \
		const char *log_ = lab_log();                              \
		if (strstr(log_, part) == NULL)                            \
			fail_msg("logged \"%s\", not \"%s\"", log_, part); \
	} while (0)

/* A pinned map: its descriptor, to be closed; -1 if there is none. */
int lab_map(const char *name);
void lab_get(const char *map, uint32_t index, void *value);
void lab_put(const char *map, uint32_t index, const void *value);
size_t lab_hash_count(const char *map);

struct addr lab_addr(const char *);
struct service_key lab_key(const char *vip, uint16_t port);
/* One that is up with weight 1 and MAC address 2:0:0:0:0:last. */
struct dataplane_destination lab_destination(const char *, uint8_t last);
/*
 * VIP:port on count destinations, 10.0.0.1 and so on, that are up; they are
 * in the reverse order of their addresses.
 */
struct dataplane_service *
lab_service(const char *vip, uint16_t port, uint8_t count);
void lab_service_free(struct dataplane_service *);
void lab_set(struct dataplane *, const struct dataplane_service *);
/* As lab_service and service_set: what that returned. */
int
lab_set_many(struct dataplane *, const char *vip, uint16_t port, uint8_t count);

/* The service's index that packets find; 0 if none. */
uint32_t lab_index_of(const char *vip, uint16_t port);
/* Does the filter let packets for the address in? */
bool lab_filtered(const char *vip);
struct vc5_service lab_service_at(uint32_t index);
struct vc5_destination lab_destination_at(uint32_t index);
/* The index of a service's destination, by its address's last byte, or 0. */
uint32_t lab_destination_of(uint32_t service, uint8_t last);
/* Is half 0 or 1 of the service's tables as it was at the last call? */
bool lab_table_same(uint32_t service, unsigned half);
/* How many slots of the service's table in use have the value. */
unsigned lab_slots_of(uint32_t service, uint32_t value);

#endif
