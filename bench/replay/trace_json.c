// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "size.h"
#include "trace_json.h"

/* seconds since 1970 reach this in the year 5138 */
#define EPOCH_MAX 1e11

#define WANT "want a recording: {\"samples\": [{\"epoch\": SECONDS, \"mem_usage\": \"USED / LIMIT\"}, ...]}"

/* what JSON takes as space */
#define SPACE " \t\r\n"

/* The end of the string that begins at @at, a quotation mark. */
static const char *skip_string(const char *at)
{
	for (at++; *at != '"'; at++) {
		if (*at == '\\')
			at++;
	}
	return at;
}

/*
 * The line of an element of "samples", in a text that the library has found to be
 * an object with such an array.  The library itself does not remember lines.
 */
static size_t line_of_sample(const struct trace_json *json, size_t index)
{
	static const char key[] = "\"samples\"";
	const char *at, *string, *end = json->text + json->len;
	size_t line = 1, depth = 0;
	bool inside = false;

	for (at = json->text; at < end; at++) {
		switch (*at) {
		case '"':
			string = at;
			at = skip_string(at);
			if (depth == 1 && at[1 + strspn(at + 1, SPACE)] == ':')
				inside = !strncmp(string, key, sizeof(key) - 1);
			break;
		case '[':
		case '{':
			depth++;
			break;
		case ']':
		case '}':
			depth--;
			break;
		case ',':
			if (inside && depth == 2)
				index--;
			break;
		case '\n':
			line++;
			break;
		}
		/* the first character of the element */
		if (inside && !index && (depth > 2 ||
					 (depth == 2 && !strchr("[," SPACE, *at))))
			break;
	}
	return line;
}

/*
 * What is known of the samples so far.
 * @line: of the value that the sample is in, or 0 if that has "samples"
 * @first: time of the first sample
 * @gone: 1 + the index of the first sample without a container after one with it, or 0
 * @who: the container that the samples are of, NULL if they do not say
 */
struct import {
	struct trace *trace;
	struct trace_json *json;
	size_t line;
	double first;
	size_t gone;
	const char *who;
};

static size_t line_of(const struct import *import, size_t index)
{
	return import->line ?: line_of_sample(import->json, index);
}

static int complain_about(const struct import *import, size_t index,
			  const char *what)
{
	trace_complain(import->json->name, line_of(import, index),
		       "samples[%zu]%s", index, what);
	return -EINVAL;
}

/* "-- / --", as docker stats says it of a container that is gone */
static bool is_gone(const char *text)
{
	return !strcmp(text, "-- / --") || !strcmp(text, "--/--");
}

/* "USED / LIMIT" */
static const char *parse_usage(const char *text, bool binary, uint64_t *used,
			       uint64_t *limit)
{
	const char *at;

	*used = 0;
	*limit = 0;
	if (is_gone(text))
		return NULL;
	at = size_parse(text, binary, used);
	if (!at)
		return ".mem_usage: USED is not a size; want it as in \"12.5MB / 2GB\"";
	if (*used > SIZE_MAX_BYTES)
		return ".mem_usage: USED is more than 16 TiB; correct it";
	at += strspn(at, " ");
	if (*at != '/')
		return ".mem_usage: no \" / \" after USED; want it as in \"12.5MB / 2GB\"";
	at++;
	at += strspn(at, " ");
	at = size_parse(at, binary, limit);
	if (!at || *at)
		return ".mem_usage: LIMIT is not a size; want it as in \"12.5MB / 2GB\"";
	return NULL;
}

/* Return: what is wrong with the sample, or NULL. */
static const char *parse_sample(const struct trace_json *json, json_t *sample,
				double *seconds, uint64_t *used, uint64_t *limit)
{
	json_t *epoch = json_object_get(sample, "epoch");
	json_t *usage = json_object_get(sample, "mem_usage") ?:
			json_object_get(sample, "MemUsage");

	if (!json_is_object(sample))
		return ": not an object; " WANT;
	if (!json_is_number(epoch) && (epoch || !json->interval))
		return epoch ? ".epoch: not a number; want seconds since 1970" :
			".epoch: missing, and the recorder does not say when; record with the loop in traces/README.md, or name the --interval=SECONDS";
	if (!json_is_string(usage))
		return usage ? ".mem_usage: not a string; want \"USED / LIMIT\"" :
			".mem_usage: missing; want \"USED / LIMIT\"";

	*seconds = epoch ? json_number_value(epoch) : json->recorded * json->interval;
	if (*seconds < 0)
		return ".epoch: negative; want seconds since 1970";
	if (*seconds > EPOCH_MAX)
		return ".epoch: not a time in seconds, but perhaps in ms, us or ns; divide it";
	return parse_usage(json_string_value(usage), json->binary, used, limit);
}

/* The resolution of the CSV, so that two samples in it are two. */
static double round_to_us(double seconds)
{
	return round(seconds * 1e6) / 1e6;
}

/* A trace is of one container. */
static bool is_of_another(struct import *import, json_t *sample)
{
	json_t *name = json_object_get(sample, "Name") ?: json_object_get(sample, "name");
	const char *who = json_string_value(name);

	if (!import->who)
		import->who = who;
	return who && strcmp(who, import->who);
}

static int add_sample(struct import *import, json_t *sample)
{
	struct trace_json *json = import->json;
	size_t i = json->recorded;
	uint64_t used, limit;
	const char *wrong;
	double seconds;

	wrong = parse_sample(json, sample, &seconds, &used, &limit);
	if (!wrong && is_of_another(import, sample))
		wrong = ": of another container than those before; record one at a time";
	if (wrong)
		return complain_about(import, i, wrong);
	if (!i)
		import->first = seconds;
	if (i && !(seconds - import->first > json->seconds))
		return complain_about(import, i, ".epoch: not after that of the sample before; sort the samples by time, each time once");
	if (i && seconds - import->first - json->seconds > json->max_gap)
		return complain_about(import, i, TRACE_SILENCE);
	json->recorded++;
	json->seconds = seconds - import->first;
	if (!used && !limit) {
		json->dropped++;
		if (import->trace->nr && !import->gone)
			import->gone = i + 1;
		return 0;
	}
	if (import->gone)
		return complain_about(import, import->gone - 1, ": the container was gone, and came back later; cut the recording here, or before it came back");

	switch (trace_add(import->trace, round_to_us(json->seconds), used)) {
	case 0:
		return 0;
	case -EDOM:
		return complain_about(import, i, ".epoch: within a microsecond of the sample before; remove one of them");
	case -E2BIG:
		return complain_about(import, i, ": more than a million samples or seconds; cut the recording");
	default:
		return complain_about(import, i, ": not enough memory; cut the recording");
	}
}

static int add_samples(struct import *import, json_t *samples)
{
	json_t *sample;
	int ret = 0;
	size_t i;

	json_array_foreach(samples, i, sample) {
		ret = add_sample(import, sample);
		if (ret)
			break;
	}
	return ret;
}

/* One of the values that follow each other in @json. */
static int add_value(struct import *import, json_t *value)
{
	if (json_is_array(json_object_get(value, "samples")))
		return add_samples(import, json_object_get(value, "samples"));
	if (json_is_array(value) && json_array_size(value))
		return add_samples(import, value);
	if (json_object_get(value, "mem_usage") || json_object_get(value, "MemUsage"))
		return add_sample(import, value);
	trace_complain(import->json->name, import->line, "no array \"samples\"; " WANT);
	return -EINVAL;
}

static int complain_about_json(const struct trace_json *json, size_t line,
			       const json_error_t *error)
{
	trace_complain(json->name, line + (error->line > 0 ? error->line : 1) - 1,
		       "not JSON: %s; get the recording again, whole", error->text);
	return -EINVAL;
}

/* Values in the text, one after the other; those with names are kept in @values. */
static int import_values(struct import *import, json_t *values)
{
	const char *at = import->json->text, *end = at + import->json->len, *from = at;
	json_error_t error;
	json_t *value;
	size_t line = 1;
	int ret = 0;

	while (!ret) {
		for (; at < end && strchr(SPACE, *at) && *at; at++)
			;
		if (at == end && from != import->json->text)
			break;
		for (; from < at; from++)
			line += *from == '\n';
		value = json_loadb(at, end - at,
				   JSON_REJECT_DUPLICATES | JSON_DISABLE_EOF_CHECK, &error);
		if (!value)
			return complain_about_json(import->json, line, &error);
		at += error.position;
		import->line = line;
		ret = add_value(import, value);
		json_array_append_new(values, value);
	}
	return ret;
}

static int import_samples(struct import *import, json_t *samples)
{
	struct trace_json *json = import->json;
	json_t *values = json_array();
	int ret;

	ret = samples ? add_samples(import, samples) : import_values(import, values);
	if (!ret && import->trace->nr < 2) {
		trace_complain(json->name, json->recorded && samples ? line_of(import, 0) : 1,
			       "samples: %zu with a measurement; a trace has two at least, record for longer",
			       import->trace->nr);
		ret = -EINVAL;
	}
	json_decref(values);
	return ret;
}

int trace_import_json(struct trace *trace, struct trace_json *json)
{
	struct import import = { .trace = trace, .json = json };
	json_t *root, *samples;
	json_error_t error;
	int ret;

	memset(trace, 0, sizeof(*trace));
	json->recorded = 0;
	json->dropped = 0;
	json->seconds = 0;

	root = json_loadb(json->text, json->len, JSON_REJECT_DUPLICATES, &error);
	samples = json_object_get(root, "samples");
	ret = import_samples(&import, json_is_array(samples) ? samples : NULL);
	if (ret)
		trace_free(trace);
	json_decref(root);
	return ret;
}
