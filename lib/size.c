// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "size.h"

static const struct {
	const char *unit;
	unsigned int power;	/* of 1000 or 1024 */
	bool binary;
} units[] = {
	{ "B",   0, false },
	{ "kB",  1, false }, { "KB",  1, false }, { "KiB", 1, true },
	{ "MB",  2, false }, { "MiB", 2, true },
	{ "GB",  3, false }, { "GiB", 3, true },
	{ "TB",  4, false }, { "TiB", 4, true },
	{ "PB",  5, false }, { "PiB", 5, true },
	{ "EB",  6, false }, { "EiB", 6, true },
};

#define NR_UNITS (sizeof(units) / sizeof(units[0]))

const char *size_parse(const char *text, bool binary, uint64_t *bytes)
{
	long double value;
	size_t i, len = 0;
	char *end;

	/* strtold() would take a sign, any exponent, "inf", "0x10" and spaces */
	while (isdigit((unsigned char)text[len]) || text[len] == '.')
		len++;
	if (!isdigit((unsigned char)text[0]) || text[len - 1] == '.')
		return NULL;
	/* docker stats has four digits: 1023.9 kB is "1.024e+03kB" */
	if (!strncmp(text + len, "e+0", 3) && isdigit((unsigned char)text[len + 3]))
		len += 4;
	value = strtold(text, &end);
	if (end != text + len)
		return NULL;

	for (len = 0; isalpha((unsigned char)end[len]); len++)
		;
	for (i = 0; i < NR_UNITS; i++) {
		if (strlen(units[i].unit) == len && !strncmp(end, units[i].unit, len))
			break;
	}
	if (i == NR_UNITS)
		return NULL;

	value *= powl(binary || units[i].binary ? 1024 : 1000, units[i].power);
	*bytes = value < INT64_MAX ? (uint64_t)llroundl(value) : UINT64_MAX;
	return end + len;
}
