/* SPDX-License-Identifier: ISC */

/*
 * Commands that change something.
 */

#ifndef CTL_ORDER_H
#define CTL_ORDER_H

#include "ctl/grammar.h"

/* Order something of a service, backend or vip, or take that back. */
command_fn give_order;
/* vc5ctl log: how much of it there is. */
command_fn order_log;
/* vc5ctl block and unblock; prefixes save */
command_fn order_block;
command_fn order_unblock;
command_fn order_baseline;
/* vc5ctl reload */
command_fn order_reload;

#endif
