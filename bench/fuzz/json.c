// SPDX-License-Identifier: GPL-2.0
/*
 * Feed anything to the importer of recordings in JSON.  What it takes must be a
 * trace that can be written and read again.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "trace.h"
#include "trace_json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(const struct trace *trace)
{
	struct trace again;
	char *text = NULL;
	size_t len;
	FILE *file;

	file = open_memstream(&text, &len);
	if (!file || trace_write(trace, NULL, file))
		abort();
	fclose(file);

	file = fmemopen(text, len, "r");
	if (!file || trace_read_stream(&again, file, "again") ||
	    again.nr != trace->nr)
		abort();
	trace_free(&again);
	fclose(file);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct trace_json json = {
		.text = (const char *)data,
		.len = size,
		.name = "fuzz",
		.binary = size & 1,
		.max_gap = INFINITY,
	};
	struct trace trace;

	if (!trace_import_json(&trace, &json)) {
		if (trace.nr < 2 || trace.nr + json.dropped != json.recorded)
			abort();
		check_again(&trace);
		trace_free(&trace);
	} else if (trace.samples) {
		abort();
	}
	return 0;
}
