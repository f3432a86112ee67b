// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

#define NR_TEXTS 8
#define TEXT_SIZE 96

static char *next_text(void)
{
	static char texts[NR_TEXTS][TEXT_SIZE];
	static unsigned int nr;

	return texts[nr++ % NR_TEXTS];
}

/* Four digits or more before the point need none behind it. */
static const char *format_of(double x)
{
	return fabs(x) >= 999.5 ? "%.0f" : "%.3g";
}

static const char *format(double x, char *text, size_t size)
{
	snprintf(text, size, isnan(x) ? "-" : format_of(x), x);
	return text;
}

const char *words_number(double x)
{
	return format(x, next_text(), TEXT_SIZE);
}

static const char *with_interval(double x, double low, double high)
{
	char *text = next_text(), numbers[3][24];

	format(x, numbers[0], sizeof(numbers[0]));
	if (isnan(low))
		snprintf(text, TEXT_SIZE, "%s", numbers[0]);
	else
		snprintf(text, TEXT_SIZE, "%s (%s to %s)", numbers[0],
			 format(low, numbers[1], sizeof(numbers[1])),
			 format(high, numbers[2], sizeof(numbers[2])));
	return text;
}

const char *words_median(const struct group *group)
{
	const struct summary *s = &group->summary;

	return with_interval(s->median, s->low, s->high);
}

const char *words_ratio(const struct group *group)
{
	const struct comparison *c = &group->comparison;

	return with_interval(c->ratio, c->ratio_low, c->ratio_high);
}

void words_add(char **list, const char *fmt, ...)
{
	char *item, *longer;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&item, fmt, args) < 0)
		abort();
	va_end(args);
	if (asprintf(&longer, "%s%s%s", *list ?: "", *list ? ", " : "", item) < 0)
		abort();
	free(item);
	free(*list);
	*list = longer;
}
