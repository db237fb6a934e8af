/* SPDX-License-Identifier: ISC */

/*
 * What an agent on a server answers.
 */

#include <string.h>
#include <strings.h>

#include "core/agent_reply.h"

/* Is the program well, and does its operator want it to be used? */
enum kind {
	KIND_HEALTH,
	KIND_ORDER,
	KINDS
};

static const struct {
	const char *word;
	enum kind kind;
	enum agent_state state;
} words[] = {
    {"up", KIND_HEALTH, AGENT_UP},
    {"down", KIND_HEALTH, AGENT_DOWN},
    {"failed", KIND_HEALTH, AGENT_DOWN},
    {"stopped", KIND_HEALTH, AGENT_DOWN},
    {"ready", KIND_ORDER, AGENT_UP},
    {"drain", KIND_ORDER, AGENT_DRAIN},
    {"maint", KIND_ORDER, AGENT_DOWN},
};

static bool
same_word(const char *word, size_t length, const char *known)
{
	return strlen(known) == length && strncasecmp(word, known, length) == 0;
}

/* "NN%"; more than all is all. */
static bool
read_weight(const char *word, size_t length, int *weight)
{
	size_t i;
	int value = 0;

	if (length < 2 || word[length - 1] != '%')
		return false;
	for (i = 0; i < length - 1; i++) {
		if (word[i] < '0' || word[i] > '9')
			return false;
		if (value <= 100)
			value = value * 10 + (word[i] - '0');
	}
	*weight = value > 100 ? 100 : value;
	return true;
}

/* Words of HAProxy's that say nothing here. */
static bool
is_passed_over(const char *word, size_t length)
{
	static const char maxconn[] = "maxconn:";
	const size_t least = sizeof(maxconn) - 1;

	return length > least && strncasecmp(word, maxconn, least) == 0;
}

static bool
read_word(const char *word, size_t length, struct agent_reply *out,
    enum agent_state said[KINDS])
{
	size_t i;

	for (i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (same_word(word, length, words[i].word)) {
			said[words[i].kind] = words[i].state;
			return true;
		}
	}
	return read_weight(word, length, &out->weight) ||
	    is_passed_over(word, length);
}

static bool
is_separator(char c)
{
	return c == ' ' || c == '\t' || c == ',';
}

/* The worse of what was said counts: UP is the lowest of states that are. */
bool
agent_reply_parse(const char *text, size_t length, struct agent_reply *out)
{
	enum agent_state said[KINDS] = {AGENT_UNSAID, AGENT_UNSAID};
	const char *end = text + length, *word;
	bool any = false;

	*out = (struct agent_reply){.weight = -1, .wrong = text};
	while (text < end && *text != '#') {
		for (word = text;
		     text < end && !is_separator(*text) && *text != '#'; text++)
			;
		if (text == word) {
			text++;
			continue;
		}
		any = true;
		if (!read_word(word, (size_t)(text - word), out, said)) {
			out->wrong = word;
			out->wrong_length = (size_t)(text - word);
			return false;
		}
	}
	out->state = said[KIND_HEALTH] > said[KIND_ORDER] ? said[KIND_HEALTH]
							  : said[KIND_ORDER];
	return any;
}
