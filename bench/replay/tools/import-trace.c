// SPDX-License-Identifier: GPL-2.0
/*
 * import-trace: make a trace in CSV of a recording in JSON
 */
#include <argp.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"
#include "trace_json.h"

#define EXIT_BAD_INPUT 2

/* A recording that is larger is none: 200 bytes a sample, a million samples. */
#define MAX_RECORDING (256UL << 20)

static struct {
	const char *input;
	const char *output;
	bool binary;
} options;

static const struct argp_option argp_options[] = {
	{ "binary-units", 'b', NULL, 0,
	  "Read kB, MB, GB and TB as powers of two (default: powers of ten, which is what podman stats and docker stats print)",
	  0 },
	{ "output", 'o', "FILE", 0, "Write the trace there (default: stdout)", 0 },
	{}
};

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'b':
		options.binary = true;
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
	.args_doc = "RECORDING.json",
	.doc = "Make a trace in CSV of a recording in JSON: \"samples\", each with \"epoch\", in seconds, and \"mem_usage\", \"USED / LIMIT\".  Samples \"0B / 0B\" are left out.\v"
	       "KiB, MiB, GiB and TiB are powers of two always.  A summary goes to stderr.\n\n"
	       "Exit status: 0, 1 if the trace cannot be written, 2 if an option or the recording is bad.",
};

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
	return text;
err:
	fprintf(stderr, "%s: cannot read: %s; name a recording in JSON\n", path,
		strerror(errno));
	free(text);
	if (file)
		fclose(file);
	return NULL;
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
		     options.binary ? "two" : "ten") >= 0)
		ret = trace_write(trace, comment, file);
	if (fclose(file) && !ret)
		ret = -EIO;
	free(comment);
	if (ret)
		fprintf(stderr, "%s: cannot write the trace: %s\n",
			options.output ?: "stdout", strerror(-ret));
	return ret;
}

static void summarize(const struct trace *trace, const struct trace_json *json)
{
	struct trace_summary sum = trace_summarize(trace);
	const char *unit = options.binary ? "MiB" : "MB";
	double mega = options.binary ? 1 << 20 : 1e6;

	fprintf(stderr, "%s: recorded %zu samples, %.1f s; left out %zu; the trace has %zu samples, %.1f s, mean %.1f %s, peak %.1f %s, peak/mean %.2f\n",
		options.input, json->recorded, json->seconds, json->dropped,
		sum.samples, sum.seconds, sum.mean / mega, unit,
		sum.peak / mega, unit, sum.burst_ratio);
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
	json.text = text;
	json.name = options.input;
	json.binary = options.binary;
	ret = trace_import_json(&trace, &json);
	free(text);
	if (ret)
		return EXIT_BAD_INPUT;

	ret = write_trace(&trace, &json);
	if (!ret)
		summarize(&trace, &json);
	trace_free(&trace);
	return ret ? EXIT_FAILURE : EXIT_SUCCESS;
}
