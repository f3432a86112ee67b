// SPDX-License-Identifier: GPL-2.0
#define _GNU_SOURCE
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "words.h"

#define NR_TEXTS 8
#define TEXT_SIZE 96
/* Of an interval: it is at least so many steps of the last digit wide, if that is not the 7th. */
#define STEPS 2
#define MAX_DIGITS 7

static char *next_text(void)
{
	static char texts[NR_TEXTS][TEXT_SIZE];
	static unsigned int nr;

	return texts[nr++ % NR_TEXTS];
}

/* So many digits, but all of those before the point. */
static void format(double x, int digits, char *text, size_t size)
{
	if (isnan(x))
		snprintf(text, size, "-");
	else if (fabs(x) >= 999.5)
		snprintf(text, size, "%.0f", x);
	else
		snprintf(text, size, "%.*g", digits, x);
}

const char *words_number(double x)
{
	char *text = next_text();

	format(x, 3, text, TEXT_SIZE);
	return text;
}

/* How far apart two numbers with so many digits are, of the size of @x. */
static double last_digit(double x, int digits)
{
	return x ? pow(10, floor(log10(fabs(x))) + 1 - digits) : 0;
}

/* With as many digits as it takes to see how wide the interval is. */
static const char *with_interval(double x, double low, double high)
{
	char *text = next_text(), numbers[3][24];
	int digits = 3;

	while (digits < MAX_DIGITS && last_digit(high, digits) > (high - low) / STEPS)
		digits++;
	format(x, digits, numbers[0], sizeof(numbers[0]));
	format(low, digits, numbers[1], sizeof(numbers[1]));
	format(high, digits, numbers[2], sizeof(numbers[2]));
	if (isnan(low))
		format(x, 3, text, TEXT_SIZE);
	else
		snprintf(text, TEXT_SIZE, "%s (%s to %s)", numbers[0], numbers[1],
			 numbers[2]);
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
