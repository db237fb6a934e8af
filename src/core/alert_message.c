/* SPDX-License-Identifier: ISC */

/*
 * Messages about alerts: see alert_message.h.  An alert's text may have in it
 * what servers answer: it is never taken for markup, a mention or a link.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/log_json.h"
#include "base/xmalloc.h"
#include "core/alert_message.h"
#include "core/template.h"

#define FIELDS 8

const char *const webhook_type_names[] = {[WEBHOOK_SLACK] = "slack",
    [WEBHOOK_TEAMS] = "teams",
    [WEBHOOK_JSON] = "json",
    NULL};

const char *const alert_message_fields[] = {
    "title", "text", "state", "severity", "id", "count", "host", "time", NULL};

/*
 * A text run of a card has no markup, unlike a text block; where Slack has
 * markup turned off it still finds mentions and links, by "<".
 */
static const char *const usual[] = {
    [WEBHOOK_SLACK] = "{\"text\": \"{{title}}\\n{{text}}\","
		      "\"mrkdwn\": false}",
    [WEBHOOK_TEAMS] =
	"{\"type\": \"message\", \"attachments\": [{"
	"\"contentType\": \"application/vnd.microsoft.card.adaptive\","
	"\"contentUrl\": null, \"content\": {"
	"\"$schema\": \"http://adaptivecards.io/schemas/adaptive-card.json\","
	"\"type\": \"AdaptiveCard\", \"version\": \"1.2\", \"body\": ["
	"{\"type\": \"RichTextBlock\", \"inlines\": [{\"type\": \"TextRun\","
	"\"text\": \"{{title}}\", \"weight\": \"bolder\"}]},"
	"{\"type\": \"RichTextBlock\", \"inlines\": [{\"type\": \"TextRun\","
	"\"text\": \"{{text}}\"}]}]}}]}",
    [WEBHOOK_JSON] = "{\"title\": \"{{title}}\", \"text\": \"{{text}}\","
		     "\"state\": \"{{state}}\", \"severity\": \"{{severity}}\","
		     "\"id\": \"{{id}}\", \"count\": \"{{count}}\","
		     "\"host\": \"{{host}}\", \"time\": \"{{time}}\"}",
};

static json_t *
usual_template(enum webhook_type type)
{
	json_t *json = json_loads(usual[type], 0, NULL);

	if (json == NULL)
		fatalx("a template of vc5d's own is not JSON");
	return json;
}

static size_t
count_over(const struct alert_news *news, size_t count)
{
	size_t i, over = 0;

	for (i = 0; i < count; i++)
		over += news[i].over;
	return over;
}

static enum alert_severity
worst(const struct alert_news *news, size_t count)
{
	enum alert_severity severity = ALERT_LOW;
	size_t i;

	for (i = 0; i < count; i++)
		if (news[i].severity < severity)
			severity = news[i].severity;
	return severity;
}

/* "lb1: alert (high) vip 192.0.2.1", "lb1: 7 alerts, 2 are over". */
static char *
title_of(const char *host, const struct alert_news *news, size_t count)
{
	size_t over = count_over(news, count);

	if (count == 1)
		return xasprintf("%s: alert (%s) %s%s", host,
		    alert_severity_names[news->severity], news->id,
		    over ? " is over" : "");
	if (over == 0)
		return xasprintf("%s: %zu alerts", host, count);
	if (over == count)
		return xasprintf("%s: %zu alerts are over", host, count);
	return xasprintf("%s: %zu alert%s, %zu %s over", host, count - over,
	    count - over == 1 ? "" : "s", over, over == 1 ? "is" : "are");
}

static char *
text_of(const struct alert_news *news, size_t count)
{
	char *text = NULL;
	size_t i, size;
	FILE *out;

	if (count == 1)
		return xstrdup(news->text);
	if ((out = open_memstream(&text, &size)) == NULL)
		fatal("open_memstream");
	for (i = 0; i < count && i < ALERT_MESSAGE_LINES; i++)
		fprintf(out, "%s(%s) %s%s: %s", i > 0 ? "\n" : "",
		    alert_severity_names[news[i].severity], news[i].id,
		    news[i].over ? " is over" : "", news[i].text);
	if (count > i)
		fprintf(out, "\n... and %zu more", count - i);
	if (fclose(out) != 0)
		fatal("out of memory");
	return text;
}

static const char *
state_of(const struct alert_news *news, size_t count)
{
	size_t over = count_over(news, count);

	if (over == 0)
		return "raised";
	return over == count ? "over" : "mixed";
}

/* Slack's three control characters, which begin mentions and links. */
static char *
escape_slack(const char *text)
{
	char *escaped = xcalloc(strlen(text) + 1, sizeof("&amp;")), *to;

	for (to = escaped; *text != '\0'; text++) {
		if (*text == '&')
			to = stpcpy(to, "&amp;");
		else if (*text == '<')
			to = stpcpy(to, "&lt;");
		else if (*text == '>')
			to = stpcpy(to, "&gt;");
		else
			*to++ = *text;
	}
	return escaped;
}

json_t *
alert_message(enum webhook_type type, const json_t *template, const char *host,
    const struct alert_news *news, size_t count)
{
	char number[24], stamp[LOG_TIME_STRLEN];
	char *title = title_of(host, news, count), *text = text_of(news, count);
	const char *values[FIELDS] = {title, text, state_of(news, count),
	    alert_severity_names[worst(news, count)], news->id, number, host,
	    log_time(news[count - 1].at, stamp)};
	struct template_field fields[FIELDS];
	json_t *own = template == NULL ? usual_template(type) : NULL, *message;
	char *escaped[FIELDS] = {NULL};
	size_t i;

	snprintf(number, sizeof(number), "%zu", count);
	for (i = 0; i < FIELDS; i++) {
		if (type == WEBHOOK_SLACK)
			escaped[i] = escape_slack(values[i]);
		fields[i].name = alert_message_fields[i];
		fields[i].value = escaped[i] != NULL ? escaped[i] : values[i];
	}
	message = template_render(own != NULL ? own : template, fields, FIELDS);
	for (i = 0; i < FIELDS; i++)
		free(escaped[i]);
	json_decref(own);
	free(title);
	free(text);
	return message;
}
