// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "parse.h"

static int parse_digits(const char *text, uint64_t *number, char **end)
{
	/* strtoull() would take a sign and leading blanks */
	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*number = strtoull(text, end, 10);
	return errno ? -EINVAL : 0;
}

int parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *number)
{
	uint64_t n;
	char *end;

	if (parse_digits(text, &n, &end) || *end || n < min || n > max)
		return -EINVAL;
	*number = n;
	return 0;
}

int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *size)
{
	static const char suffixes[] = "KMG";
	unsigned int shift = 0;
	const char *suffix;
	uint64_t n;
	char *end;

	if (parse_digits(text, &n, &end))
		return -EINVAL;
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end++));
		if (!suffix || *end)
			return -EINVAL;
		shift = 10 * (suffix - suffixes + 1);
	}
	if (n > UINT64_MAX >> shift || n << shift < min || n << shift > max)
		return -EINVAL;
	*size = n << shift;
	return 0;
}

void parse_refuse(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(2);
}
