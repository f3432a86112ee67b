// SPDX-License-Identifier: GPL-2.0
/*
 * Feed anything to the parser of traces in CSV.  What it takes must be a trace, and
 * must be the same when it has been written and read again.
 */
#include <stdlib.h>
#include <string.h>

#include "size.h"
#include "trace.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct trace *trace)
{
	size_t i;

	if (trace->nr < 2 || trace->samples[0].seconds != 0)
		abort();
	for (i = 0; i < trace->nr; i++) {
		if (trace->samples[i].bytes > SIZE_MAX_BYTES)
			abort();
		if (i && !(trace->samples[i].seconds > trace->samples[i - 1].seconds))
			abort();
	}
	if (!(trace->samples[i - 1].seconds <= TRACE_MAX_SECONDS))
		abort();
}

static void check_again(const struct trace *trace)
{
	struct trace again;
	char *text = NULL;
	size_t len, i;
	FILE *file;

	file = open_memstream(&text, &len);
	if (!file || trace_write(trace, "a comment\nof two lines", file))
		abort();
	fclose(file);

	file = fmemopen(text, len, "r");
	/* two samples within a microsecond may have become one */
	if (file && !trace_read_stream(&again, file, "again")) {
		check(&again);
		if (again.nr != trace->nr)
			abort();
		for (i = 0; i < trace->nr; i++) {
			if (again.samples[i].bytes != trace->samples[i].bytes)
				abort();
		}
		trace_free(&again);
	}
	fclose(file);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace trace;
	FILE *file;

	if (!size)
		return 0;
	file = fmemopen((void *)data, size, "r");
	if (!file)
		abort();
	if (!trace_read_stream(&trace, file, "fuzz")) {
		check(&trace);
		check_again(&trace);
		trace_free(&trace);
	} else if (trace.samples) {
		abort();
	}
	fclose(file);
	return 0;
}
