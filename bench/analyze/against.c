// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "against.h"
#include "allocate.h"

/* What makes one machine's times different from another's. */
static const char * const machine_keys[] = {
	"bench", "machine", "cpu", "cpus", "accelerator", "clocksource", "clock",
	"timer step",
};

/* Parameters are the keys in capitals. */
static bool is_param(const char *key)
{
	for (; *key; key++) {
		if (!isupper(*key) && !isdigit(*key) && *key != '_')
			return false;
	}
	return true;
}

static bool is_factor(const struct csv *csv, const char *param)
{
	char key[128] = "factor ";
	size_t i, len = strlen(key);

	for (i = 0; param[i] && len < sizeof(key) - 1; i++)
		key[len++] = tolower(param[i]);
	key[len] = '\0';
	return csv_meta(csv, key);
}

static bool key_differs(const struct csv *old, const struct csv *new,
			const char *key, char *text, size_t size)
{
	const char *was = csv_meta(old, key), *is = csv_meta(new, key);

	if (was && is ? !strcmp(was, is) : was == is)
		return false;
	snprintf(text, size, "%s: %s, was %s", key, is ?: "not said",
		 was ?: "not said");
	return true;
}

/* Parameters of @a; how many trials there were, which, and in which order, may differ. */
static bool params_differ(const struct csv *a, const struct csv *old,
			  const struct csv *new, char *text, size_t size)
{
	unsigned int i;

	for (i = 0; i < a->nr_meta; i++) {
		const char *key = a->meta[i].key;

		if (is_param(key) && strcmp(key, "TRIALS") &&
		    strcmp(key, "SEED") && strcmp(key, "SHARD") && !is_factor(a, key) &&
		    key_differs(old, new, key, text, size))
			return true;
	}
	return false;
}

bool against_differs(const struct csv *old, const struct csv *new, char *text,
		     size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(machine_keys) / sizeof(machine_keys[0]); i++) {
		if (key_differs(old, new, machine_keys[i], text, size))
			return true;
	}
	return params_differ(new, old, new, text, size) ||
	       params_differ(old, old, new, text, size);
}

/* The cells of @row of @from, in the order of the columns of @to. */
static char **arrange(const struct csv *to, const struct csv *from,
		      const struct csv_row *row, char *which)
{
	char **cells = allocate(to->nr_columns, sizeof(*cells));
	unsigned int i;

	cells[0] = which;
	for (i = 1; i < to->nr_columns; i++) {
		int at = csv_column(from, to->columns[i]);

		cells[i] = at < 0 ? "" : row->cells[at];
	}
	return cells;
}

void against_join(struct csv *new, const struct csv *old)
{
	unsigned int nr_rows = new->nr_rows + old->nr_rows, i;
	struct csv_row *rows = allocate(nr_rows, sizeof(*rows));
	char **columns = allocate(new->nr_columns + 1, sizeof(*columns));
	struct csv was = *new;

	columns[0] = AGAINST_COLUMN;
	memcpy(columns + 1, new->columns, new->nr_columns * sizeof(*columns));
	new->columns = columns;
	new->nr_columns++;

	for (i = 0; i < nr_rows; i++) {
		bool is_new = i < was.nr_rows;
		const struct csv_row *row = is_new ? &was.rows[i] :
			&old->rows[i - was.nr_rows];

		rows[i] = (struct csv_row) {
			.line = row->line,
			.cells = arrange(new, is_new ? &was : old, row,
					 is_new ? AGAINST_NEW : AGAINST_OLD),
		};
	}
	new->rows = rows;
	new->nr_rows = nr_rows;

	for (i = 0; i < was.nr_rows; i++)
		free(was.rows[i].cells);
	free(was.rows);
	free(was.columns);
}

enum against_verdict against_judge(const struct comparison *c,
				   const char *worse, double bound,
				   double confidence)
{
	bool more, less;

	if (isnan(c->ratio_low))
		return AGAINST_UNKNOWN;
	more = c->p < 1 - confidence && c->ratio_low > 1 + bound;
	less = c->p < 1 - confidence && c->ratio_high < 1 - bound;
	if (!more && !less)
		return AGAINST_SAME;
	if (!strcmp(worse, "either") || !strcmp(worse, more ? "more" : "less"))
		return AGAINST_WORSE;
	return AGAINST_BETTER;
}
