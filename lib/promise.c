// SPDX-License-Identifier: GPL-2.0
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "promise.h"

/* generated from the table: { "PROGRAM.TEST", "promise", "the sentence" }, */
static const struct promise promises[] = {
#include "promises.h"
};

#define NR_PROMISES (sizeof(promises) / sizeof(promises[0]))

const struct promise *promise_of(const char *file, const char *test)
{
	const char *slash = strrchr(file, '/');
	const char *program = slash ? slash + 1 : file;
	char id[256];
	size_t i;

	snprintf(id, sizeof(id), "%.*s.%s", (int)strcspn(program, "."), program,
		 test);
	for (i = 0; i < NR_PROMISES; i++) {
		if (!strcmp(promises[i].id, id))
			return &promises[i];
	}
	return NULL;
}
