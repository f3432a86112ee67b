// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "size.h"
#include "trace_json.h"

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

static int complain_about(const struct trace_json *json, size_t index,
			  const char *what)
{
	trace_complain(json->name, line_of_sample(json, index),
		       "samples[%zu]%s", index, what);
	return -EINVAL;
}

/* "USED / LIMIT" */
static const char *parse_usage(const char *text, bool binary, uint64_t *used,
			       uint64_t *limit)
{
	const char *at = size_parse(text, binary, used);

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
static const char *parse_sample(json_t *sample, bool binary, double *seconds,
				uint64_t *used, uint64_t *limit)
{
	json_t *epoch = json_object_get(sample, "epoch");
	json_t *usage = json_object_get(sample, "mem_usage");

	if (!json_is_object(sample))
		return ": not an object; " WANT;
	if (!json_is_number(epoch))
		return epoch ? ".epoch: not a number; want seconds since 1970" :
			".epoch: missing; want seconds since 1970";
	if (!json_is_string(usage))
		return usage ? ".mem_usage: not a string; want \"USED / LIMIT\"" :
			".mem_usage: missing; want \"USED / LIMIT\"";

	*seconds = json_number_value(epoch);
	if (*seconds < 0)
		return ".epoch: negative; want seconds since 1970";
	return parse_usage(json_string_value(usage), binary, used, limit);
}

/* The resolution of the CSV, so that two samples in it are two. */
static double round_to_us(double seconds)
{
	return round(seconds * 1e6) / 1e6;
}

static int import_samples(struct trace *trace, struct trace_json *json,
			  json_t *samples)
{
	double seconds, first = 0;
	uint64_t used, limit;
	const char *wrong;
	json_t *sample;
	size_t i;

	json_array_foreach(samples, i, sample) {
		wrong = parse_sample(sample, json->binary, &seconds, &used,
				     &limit);
		if (wrong)
			return complain_about(json, i, wrong);
		if (!i)
			first = seconds;
		if (i && !(seconds - first > json->seconds))
			return complain_about(json, i, ".epoch: not after that of the sample before; sort the samples by time, each time once");
		json->recorded++;
		json->seconds = seconds - first;
		if (!used && !limit) {
			json->dropped++;
			continue;
		}

		switch (trace_add(trace, round_to_us(json->seconds), used)) {
		case 0:
			break;
		case -EDOM:
			return complain_about(json, i, ".epoch: within a microsecond of the sample before; remove one of them");
		case -E2BIG:
			return complain_about(json, i, ": more than a million samples or seconds; cut the recording");
		default:
			return complain_about(json, i, ": not enough memory; cut the recording");
		}
	}
	if (trace->nr < 2) {
		trace_complain(json->name,
			       json->recorded ? line_of_sample(json, 0) : 1,
			       "samples: %zu with a measurement; a trace has two at least, record for longer",
			       trace->nr);
		return -EINVAL;
	}
	return 0;
}

int trace_import_json(struct trace *trace, struct trace_json *json)
{
	json_t *root, *samples;
	json_error_t error;
	int ret = -EINVAL;

	memset(trace, 0, sizeof(*trace));
	json->recorded = 0;
	json->dropped = 0;
	json->seconds = 0;

	root = json_loadb(json->text, json->len, JSON_REJECT_DUPLICATES, &error);
	if (!root) {
		trace_complain(json->name, error.line > 0 ? error.line : 1,
			       "not JSON: %s; get the recording again, whole",
			       error.text);
		return ret;
	}

	samples = json_object_get(root, "samples");
	if (json_is_array(samples))
		ret = import_samples(trace, json, samples);
	else
		trace_complain(json->name, 1, "no array \"samples\"; " WANT);
	if (ret)
		trace_free(trace);

	json_decref(root);
	return ret;
}
