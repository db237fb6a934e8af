/* SPDX-License-Identifier: ISC */

/*
 * A file that keeps what has to outlive the daemon: either as it was or as it
 * is to be, whenever the machine stops.
 */

#ifndef ADAPTERS_STATE_FILE_H
#define ADAPTERS_STATE_FILE_H

#include <stddef.h>

#define STATE_FILE_MAX (4 << 20) /* bytes */

/*
 * The whole file in *text and *len, which is the caller's to free(3): NULL, or
 * what is wrong: free(3) it.  *text is NULL if there is no such file.
 */
char *state_file_read(const char *path, char **text, size_t *len);

/*
 * Replace the file, for good: when NULL is returned it is on the disk.  Else
 * what is wrong, free(3) it, and the file is as it was, unless the disk failed
 * after all was written.  Its directory is made, with mode 0700, where only
 * that is missing.
 */
char *state_file_write(const char *path, const char *text, size_t len);

/*
 * The same in steps: a descriptor of what is to be the file, or -1; the text;
 * and the end, after which the descriptor is closed.  0, or -1 with errno, upon
 * which, before the end, it has to be abandoned.
 */
int state_file_begin(const char *path);
int state_file_put(int fd, const char *text, size_t len);
int state_file_finish(const char *path, int fd);
void state_file_abandon(const char *path, int fd);

#endif
