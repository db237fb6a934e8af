/* SPDX-License-Identifier: (GPL-2.0-only OR BSD-2-Clause) */

/*
 * What the compiler has to be told.
 */

#ifndef BPF_COMPILER_H
#define BPF_COMPILER_H

/* A field that the daemon or another CPU may write at any time. */
#define READ_ONCE(field)	 (*(const volatile typeof(field) *)&(field))
#define WRITE_ONCE(field, value) (*(volatile typeof(field) *)&(field) = (value))

/* The compiler keeps registers for the other case. */
#define UNLIKELY(condition) __builtin_expect(!!(condition), 0)

/* Hide a value's origin, so that the compiler leaves a check of it alone. */
#define OPAQUE(value) __asm__ volatile("" : "+r"(value))

#endif
