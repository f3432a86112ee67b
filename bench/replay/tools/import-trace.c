// SPDX-License-Identifier: GPL-2.0
/*
 * import-trace: make a trace in CSV of a recording in JSON, or of a log
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trace.h"
#include "trace_json.h"
#include "trace_log.h"

#define EXIT_BAD_INPUT 2

#define GZIP "\x1f\x8b"

/* A recording that is larger is none: 200 bytes a sample, a million samples. */
#define MAX_RECORDING (256UL << 20)

static struct {
	const char *input;
	const char *output;
	bool binary;
	double interval;
	double max_gap;
} options;

static const struct argp_option argp_options[] = {
	{ "binary-units", 'b', NULL, 0,
	  "Read kB, MB, GB and TB as powers of two (default: powers of ten, which is what podman stats and docker stats print)",
	  0 },
	{ "interval", 'i', "SECONDS", 0,
	  "Samples that do not say when they are from are so far apart", 0 },
	{ "max-gap", 'g', "SECONDS", 0,
	  "Longest time without a sample, which becomes a straight line (default: ten times the usual one, and 10 at least)",
	  0 },
	{ "output", 'o', "FILE", 0, "Write the trace there (default: stdout)", 0 },
	{}
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	char *end;

	switch (key) {
	case 'b':
		options.binary = true;
		return 0;
	case 'i':
		options.interval = strtod(arg, &end);
		if (end == arg || *end || !(options.interval >= 1e-3 && options.interval <= 3600))
			argp_error(state, "--interval=%s: want 0.001 to 3600 seconds", arg);
		return 0;
	case 'g':
		options.max_gap = strtod(arg, &end);
		if (end == arg || *end || !(options.max_gap >= 1e-3 && options.max_gap <= TRACE_MAX_SECONDS))
			argp_error(state, "--max-gap=%s: want 0.001 to %d seconds", arg,
				   TRACE_MAX_SECONDS);
		return 0;
	case 'o':
		options.output = arg;
		return 0;
	case ARGP_KEY_ARG:
		if (options.input)
			argp_error(state, "%s: one recording at a time", arg);
		options.input = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options.input)
			argp_error(state, "no recording; name one, or - for stdin");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "RECORDING",
	.doc = "Make a trace in CSV of a recording in JSON, each sample with \"epoch\", in seconds, and \"mem_usage\" or \"MemUsage\", \"USED / LIMIT\", or of a log of psrecord or mprof; see traces/README.md.  Samples \"0B / 0B\" or \"-- / --\" are left out at the beginning and the end.\v"
	       "KiB, MiB, GiB and TiB are powers of two always.  A summary goes to stderr.\n\n"
	       "Exit status: 0, 1 if the trace cannot be written, 2 if an option or the recording is bad.",
};

/* Put the UTF-8 of a character at @to; return the end of it. */
static char *put_utf8(char *to, unsigned int c)
{
	if (c < 0x80) {
		*to++ = c;
		return to;
	}
	if (c < 0x800) {
		*to++ = 0xc0 | c >> 6;
	} else {
		*to++ = 0xe0 | c >> 12;
		*to++ = 0x80 | (c >> 6 & 0x3f);
	}
	*to++ = 0x80 | (c & 0x3f);
	return to;
}

/*
 * Without --no-stream docker stats moves the cursor and clears the screen between values,
 * also where there is no screen.  Remove such sequences, ESC [ and all up to a letter; in
 * none of these formats is there an ESC.
 * Return: the length that is left.
 */
static size_t remove_escapes(char *text, size_t len)
{
	char *to = text, *at = text, *end = text + len;

	while (at < end) {
		if (end - at < 3 || at[0] != '\033' || at[1] != '[') {
			*to++ = *at++;
			continue;
		}
		for (at += 2; at < end && (unsigned char)(*at - '@') > '~' - '@'; at++)
			;
		at += at < end;
	}
	return to - text;
}

/*
 * Editors of Windows, and its shell, write UTF-16, or a byte order mark before UTF-8.
 * Halves of what takes two units are left as they are, and are no JSON.
 * Return: the text, NUL-terminated and to be freed, or NULL if there is no memory;
 * @text is freed.
 */
static char *to_utf8(char *text, size_t *len)
{
	const unsigned char *in = (unsigned char *)text;
	bool little = *len >= 2 && in[0] == 0xff && in[1] == 0xfe;
	bool big = *len >= 2 && in[0] == 0xfe && in[1] == 0xff;
	size_t mark = *len >= 3 && !memcmp(in, "\xef\xbb\xbf", 3) ? 3 : 0;
	char *out = malloc(*len / 2 * 3 + *len + 1), *to = out;
	size_t i;

	if (out && (little || big)) {
		for (i = 2; i + 1 < *len; i += 2)
			to = put_utf8(to, little ? in[i] | in[i + 1] << 8 :
						   in[i] << 8 | in[i + 1]);
	} else if (out) {
		to = mempcpy(out, text + mark, *len - mark);
	}
	free(text);
	if (out) {
		*len = remove_escapes(out, to - out);
		out[*len] = '\0';
	}
	return out;
}

/* Return: what is in the file, to be freed, or NULL after a line on stderr. */
static char *read_all(const char *path, size_t *len)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = NULL, *more;
	size_t size = 0, n = 1;

	*len = 0;
	if (!file)
		goto err;
	while (n) {
		if (*len == size) {
			size = size ? 2 * size : 1 << 16;
			errno = EFBIG;
			more = size > MAX_RECORDING ? NULL : realloc(text, size);
			if (!more)
				goto err;
			text = more;
		}
		n = fread(text + *len, 1, size - *len, file);
		*len += n;
	}
	if (ferror(file))
		goto err;
	fclose(file);
	return to_utf8(text, len);
err:
	fprintf(stderr, "%s: cannot read: %s; name a recording\n", path,
		strerror(errno));
	free(text);
	if (file)
		fclose(file);
	return NULL;
}

/* What is left of a file that is cut short would be read as another trace. */
static void remove_half(void)
{
	struct stat st;

	if (options.output && !stat(options.output, &st) && S_ISREG(st.st_mode))
		unlink(options.output);
}

static int write_trace(const struct trace *trace, const struct trace_json *json)
{
	const char *slash = strrchr(options.input, '/');
	FILE *file = options.output ? fopen(options.output, "we") : stdout;
	char *comment = NULL;
	int ret = -ENOMEM;

	if (!file) {
		fprintf(stderr, "--output=%s: cannot write: %s\n",
			options.output, strerror(errno));
		return -EIO;
	}
	if (asprintf(&comment, "Memory used over time; see traces/README.md.\n"
		     "Imported from %s, %zu samples in %.1f s, %zu left out, kB and MB in powers of %s.",
		     slash ? slash + 1 : options.input, json->recorded,
		     json->seconds, json->dropped,
		     json->binary ? "two" : "ten") >= 0)
		ret = trace_write(trace, comment, file);
	if (fclose(file) && !ret)
		ret = -EIO;
	free(comment);
	if (ret) {
		remove_half();
		fprintf(stderr, "%s: cannot write the trace: %s; name another file or disk\n",
			options.output ?: "stdout", strerror(-ret));
	}
	return ret;
}

static void summarize(const struct trace *trace, const struct trace_json *json)
{
	struct trace_summary sum = trace_summarize(trace);
	const char *unit = json->binary ? "MiB" : "MB";
	double mega = json->binary ? 1 << 20 : 1e6;

	fprintf(stderr, "%s: recorded %zu samples, %.1f s; left out %zu; the trace has %zu samples, %.1f s, mean %.1f %s, peak %.1f %s, peak/mean %.2f\n",
		options.input, json->recorded, json->seconds, json->dropped,
		sum.samples, sum.seconds, sum.mean / mega, unit,
		sum.peak / mega, unit, sum.burst_ratio);
}

static int import(struct trace *trace, struct trace_json *json)
{
	return trace_is_log(json->text) ? trace_import_log(trace, json) :
					  trace_import_json(trace, json);
}

/* What interval is usual shows at the end; the line of a silence is found once more. */
static int import_without_silence(struct trace *trace, struct trace_json *json)
{
	int ret;

	json->max_gap = options.max_gap ?: INFINITY;
	ret = import(trace, json);
	if (ret || options.max_gap || !trace_has_silence(trace, &json->max_gap))
		return ret;
	trace_free(trace);
	return import(trace, json);
}

int main(int argc, char **argv)
{
	struct trace trace = {};
	struct trace_json json = {};
	char *text;
	int ret;

	argp_err_exit_status = EXIT_BAD_INPUT;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);

	text = read_all(options.input, &json.len);
	if (!text)
		return EXIT_BAD_INPUT;
	if (!strncmp(text, GZIP, strlen(GZIP))) {
		fprintf(stderr, "%s:1: compressed by gzip; pass it through zcat\n", options.input);
		free(text);
		return EXIT_BAD_INPUT;
	}
	json.text = text;
	json.name = options.input;
	json.binary = options.binary;
	json.interval = options.interval;
	ret = import_without_silence(&trace, &json);
	free(text);
	if (ret)
		return EXIT_BAD_INPUT;

	ret = write_trace(&trace, &json);
	if (!ret)
		summarize(&trace, &json);
	trace_free(&trace);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
