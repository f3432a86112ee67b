// SPDX-License-Identifier: GPL-2.0
/*
 * Feed anything to the parser of experiments.  What it takes has set what was not
 * set before, and nothing else, to a text without blanks around it.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "config.h"
#include "option.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char by_user[] = "by the user";

static void check(const struct option_desc *o)
{
	const char *text = o->text;
	size_t len;

	if (!text)
		return;
	len = strlen(text);
	if (!len || isspace((unsigned char)text[0]) ||
	    isspace((unsigned char)text[len - 1]) || strpbrk(text, "#\n"))
		abort();
	if (strncmp(o->from, "/proc/self/fd/", strlen("/proc/self/fd/")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct option_desc options[] = {
		{ .name = "SPEED" }, { .name = "HIGH_TRACE" }, { .name = "TOTAL" },
		{ .name = "SET", .text = by_user }, { .name = NULL },
	};
	struct option_desc *o;
	char path[64];
	int fd;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config_read(options, path);
	close(fd);

	for (o = options; o->name; o++) {
		if (!strcmp(o->name, "SET")) {
			if (o->text != by_user)
				abort();
			continue;
		}
		check(o);
		free((char *)o->text);
		free((char *)o->from);
	}
	return 0;
}
