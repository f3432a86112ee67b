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
#include "core.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char by_user[] = "by the user";

static void check(const struct bench_param *p)
{
	const char *text = p->text;
	size_t len;

	if (!text)
		return;
	len = strlen(text);
	if (!len || isspace((unsigned char)text[0]) ||
	    isspace((unsigned char)text[len - 1]) || strpbrk(text, "#\n"))
		abort();
	if (strncmp(p->from, "/proc/self/fd/", strlen("/proc/self/fd/")))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bench_param params[] = {
		{ .name = "SPEED" }, { .name = "HIGH_TRACE" }, { .name = "TOTAL" },
		{ .name = "SET", .text = by_user }, { .name = NULL },
	};
	struct bench_param *p;
	char path[64];
	int fd;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	config_read(params, path);
	close(fd);

	for (p = params; p->name; p++) {
		if (!strcmp(p->name, "SET")) {
			if (p->text != by_user)
				abort();
			continue;
		}
		check(p);
		free((char *)p->text);
		free((char *)p->from);
	}
	return 0;
}
