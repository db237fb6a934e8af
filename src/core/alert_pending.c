/* SPDX-License-Identifier: ISC */

/*
 * Pending news of alerts: see alert_pending.h.
 */

#include <stdlib.h>
#include <string.h>

#include "base/xmalloc.h"
#include "core/alert_pending.h"

static void
remove_at(struct alert_pending *p, size_t i)
{
	free((void *)(uintptr_t)p->news[i].id);
	free((void *)(uintptr_t)p->news[i].text);
	memmove(&p->news[i], &p->news[i + 1],
	    (p->count - i - 1) * sizeof(p->news[0]));
	p->count--;
}

/* The last of this id that nobody is being told; or count. */
static size_t
find(const struct alert_pending *p, const char *id)
{
	size_t i;

	for (i = p->count; i > p->telling; i--)
		if (strcmp(p->news[i - 1].id, id) == 0)
			return i - 1;
	return p->count;
}

void
alert_pending_add(struct alert_pending *p, const struct alert_news *news)
{
	size_t i = find(p, news->id);
	struct alert_news *to;

	if (i < p->count && p->news[i].over != news->over) {
		remove_at(p, i);
		p->cancelled += 2;
		return;
	}
	if (i < p->count)
		remove_at(p, i); /* it got worse */
	if (p->count == ALERT_PENDING_MAX) {
		p->lost++;
		return;
	}
	to = &p->news[p->count++];
	*to = *news;
	to->id = xstrdup(news->id);
	to->text = xstrdup(news->text);
}

void
alert_pending_drop(struct alert_pending *p, const char *id)
{
	size_t i = find(p, id);

	if (i == p->count)
		return;
	remove_at(p, i);
	p->cancelled++;
}

void
alert_pending_told(struct alert_pending *p)
{
	for (; p->telling > 0; p->telling--)
		remove_at(p, 0);
}

void
alert_pending_clear(struct alert_pending *p)
{
	p->telling = 0;
	while (p->count > 0)
		remove_at(p, p->count - 1);
}
