// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"
#include "parse.h"
#include "size.h"

/* as in ci/suite.sh */
#define MAX_SHARDS 9999

const char *option_name(const struct option_desc *o, char separator)
{
	static char name[64];
	size_t i;

	for (i = 0; o->name[i] && i < sizeof(name) - 1; i++)
		name[i] = o->name[i] == '_' ? separator : tolower(o->name[i]);
	name[i] = '\0';
	return name;
}

struct option_desc *option_find(struct option_desc *table, const char *name,
				size_t len)
{
	struct option_desc *o;

	for (o = table; o->name; o++) {
		if (strlen(o->name) == len && !strncmp(option_name(o, '-'), name, len))
			return o;
	}
	return NULL;
}

struct option_desc *option_named(struct option_desc *table, const char *name)
{
	struct option_desc *o;

	for (o = table; o->name; o++) {
		if (!strcmp(o->name, name))
			return o;
	}
	abort();
}

void option_set(struct option_desc *o, const char *text, const char *from)
{
	o->text = text;
	o->from = from;
}

void option_environment(struct option_desc *table)
{
	struct option_desc *o;
	const char *text;

	for (o = table; o->name; o++) {
		text = getenv(o->name);
		if (text && !o->from)
			option_set(o, text, "");
	}
}

const char *option_word(const struct option_desc *o, unsigned int nr)
{
	return o->words ? *(const char **)((const char *)o->words + nr * o->word_size) :
		NULL;
}

/* What is wanted, piece by piece. */
struct wanted {
	char text[512];
	size_t len;
};

static void __attribute__((format(printf, 2, 3)))
add(struct wanted *w, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	w->len += vsnprintf(w->text + w->len, sizeof(w->text) - w->len, fmt, args);
	va_end(args);
	if (w->len >= sizeof(w->text))
		abort();
}

static void add_words(struct wanted *w, const struct option_desc *o,
		      const char *first, const char *next)
{
	unsigned int i;

	for (i = 0; option_word(o, i); i++)
		add(w, "%s%s", i ? next : first, option_word(o, i));
}

const char *option_wanted(const struct option_desc *o)
{
	static struct wanted w;

	if (o->want)
		return o->want;
	w.len = 0;
	switch (o->kind) {
	case OPTION_UINT:
		add(&w, "%s%" PRIu64 " to %" PRIu64 "%s%s", o->unit ? "" : "a number from ",
		    o->min, o->max, o->unit ? " " : "", o->unit ?: "");
		break;
	case OPTION_SIZE:
		add(&w, "a size from %" PRIu64 " bytes, as in 64K, 256M or 1G", o->min);
		break;
	case OPTION_AMOUNT:
		add(&w, "bytes with their unit, as in 400MB or 381MiB");
		add_words(&w, o, ", or ", ", or ");
		break;
	case OPTION_WORD:
		add_words(&w, o, "one of ", ", ");
		break;
	case OPTION_PATH:
		add(&w, "a path");
		break;
	case OPTION_SHARD:
		add(&w, "I/N");
		break;
	}
	if (o->list)
		add(&w, "; or several different ones, with commas");
	return w.text;
}

void option_refuse(const struct option_desc *o)
{
	parse_refuse("%s%s=%s: want %s", o->from ?: "", o->name, o->text ?: "",
		     option_wanted(o));
}

/* Return: 0, or -1 if it makes no sense. */
static int parse_shard(const char *text, uint64_t *number)
{
	const char *slash = strchr(text, '/');
	uint64_t of, shard;
	char first[8];

	if (!slash || slash - text >= (ptrdiff_t)sizeof(first) ||
	    parse_uint(slash + 1, 1, MAX_SHARDS, &of))
		return -1;
	memcpy(first, text, slash - text);
	first[slash - text] = '\0';
	if (parse_uint(first, 1, of, &shard))
		return -1;
	*number = shard << 32 | of;
	return 0;
}

/* Return: 0, or -1 if it makes no sense. */
static int parse_number(const struct option_desc *o, const char *text,
			uint64_t *number)
{
	const char *end;

	switch (o->kind) {
	case OPTION_UINT:
		return parse_uint(text, o->min, o->max, number);
	case OPTION_SIZE:
		return parse_size(text, o->min, o->max, number);
	case OPTION_AMOUNT:
		end = size_parse(text, false, number);
		return end && !*end && *number >= o->min && *number <= o->max ? 0 : -1;
	case OPTION_SHARD:
		return parse_shard(text, number);
	default:
		return -1;
	}
}

/* Return: 0, or -1 if it makes no sense. */
static int parse_value(const struct option_desc *o, const char *text,
		       struct option_value *value)
{
	unsigned int i;
	int len;

	value->text = text;
	if (o->kind == OPTION_PATH)
		return *text ? 0 : -1;
	/* there are words for some numbers, too */
	for (i = 0; option_word(o, i); i++) {
		value->number = o->kind == OPTION_WORD ? i : OPTION_AMOUNT_WORD(i);
		if (!strcmp(option_word(o, i), text))
			return 0;
	}
	if (parse_number(o, text, &value->number))
		return -1;
	/* one form of it in the CSV: 256M is 268435456, 1kB is 1000B, and 007 is 7 */
	if (o->kind == OPTION_SHARD)
		len = asprintf((char **)&value->text, "%" PRIu64 "/%" PRIu64,
			       value->number >> 32, value->number & UINT32_MAX);
	else
		len = asprintf((char **)&value->text, "%" PRIu64 "%s", value->number,
			       o->kind == OPTION_AMOUNT ? "B" : "");
	if (len < 0)
		abort();
	return 0;
}

static void add_value(struct option_desc *o, const char *text)
{
	struct option_value *value;
	unsigned int i;

	o->values = realloc(o->values, (o->nr_values + 1) * sizeof(*o->values));
	if (!o->values)
		abort();
	value = &o->values[o->nr_values];
	if (parse_value(o, text, value))
		option_refuse(o);
	for (i = 0; i < o->nr_values; i++) {
		if (!strcmp(o->values[i].text, value->text))
			option_refuse(o);
	}
	o->nr_values++;
}

void option_parse(struct option_desc *o)
{
	char *copy, *item;

	if (!o->text)
		option_refuse(o);
	copy = strdup(o->text);
	if (!copy)
		abort();
	o->nr_values = 0;
	if (!o->list)
		add_value(o, copy);
	while (o->list && (item = strsep(&copy, ",")))
		add_value(o, item);
	option_choose(o, 0);
}

void option_choose(struct option_desc *o, unsigned int nr)
{
	const struct option_value *value = &o->values[nr];

	o->at = nr;
	switch (o->kind) {
	case OPTION_UINT:
	case OPTION_WORD:
		*o->field.uint = value->number;
		break;
	case OPTION_SIZE:
	case OPTION_AMOUNT:
		*o->field.bytes = value->number;
		break;
	case OPTION_PATH:
		*o->field.path = value->text;
		break;
	case OPTION_SHARD:
		o->field.shard->number = value->number >> 32;
		o->field.shard->of = value->number & UINT32_MAX;
		break;
	}
}

const char *option_text(const struct option_desc *o)
{
	return o->values[o->at].text;
}
