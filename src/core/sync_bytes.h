/* SPDX-License-Identifier: ISC */

/*
 * The offsets of what sync datagrams are made of: for sync_wire.c and
 * sync_write.c.  vc5d-sync(5) says it in words.
 */

#ifndef CORE_SYNC_BYTES_H
#define CORE_SYNC_BYTES_H

#include "core/bytes.h"

#define SYNC_MAGIC   "VC5S"
#define SYNC_VERSION 1

/* Header. */
#define AT_MAGIC    0
#define AT_VERSION  4
#define AT_TYPE	    5
#define AT_FLAGS    6
#define AT_CLUSTER  8
#define AT_KEY	    12
#define AT_SENDER   16
#define AT_EPOCH    24
#define AT_SEQUENCE 32

/* Lengths: what a payload begins with, and its records. */
#define HELLO_LEN   36
#define LISTED_LEN  20
#define KEY_LEN	    20 /* a service's */
#define VIEW_LEN    44
#define SERVICE_LEN 32
#define TO_LEN	    20 /* receiver and transfer */
#define REQUEST_LEN 36
#define BULK_LEN    36
#define REFUSAL_LEN 24
#define GROUP_LEN   38
#define FLOW4_LEN   8
#define FLOW6_LEN   20

/* A flow's state and idle time. */
#define WIRE_CONFIRMED	1
#define WIRE_CLOSED	2
#define WIRE_STATE_BITS 14 /* above those of the idle time */

#endif
