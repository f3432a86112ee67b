// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <libgen.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "allocate.h"
#include "groups.h"
#include "sessions.h"
#include "table.h"
#include "words.h"

#define NR_SESSIONS 3		/* of a trial, with a row each */

static const char * const roles[NR_SESSIONS] = { "HIGH", "LOW1", "LOW2" };

struct configuration {
	const char *strategy, *delay;
	unsigned int trials;	/* that did not fail */
	unsigned int completed;	/* those of which all sessions completed */
};

static int check_columns(const struct csv *of, const char * const *names)
{
	for (; *names; names++) {
		if (csv_column(of, *names) >= 0)
			continue;
		fprintf(stderr, "%s: no column %s, which the results of isolation need\n",
			of->path, *names);
		return -ENOENT;
	}
	return 0;
}

int sessions_check_columns(void)
{
	static const char * const names[] = { SESSIONS_COLUMNS, NULL };

	return check_columns(&csv, names);
}

/* After the columns have been checked. */
static const char *cell(const struct csv_row *row, const char *column)
{
	return row->cells[csv_column(&csv, column)];
}

static bool is_of(const struct csv_row *row, const struct configuration *c)
{
	return is_wanted(row) && !strcmp(cell(row, "strategy"), c->strategy) &&
	       !strcmp(cell(row, "over_high_ms"), c->delay);
}

/* How many sessions of a trial completed. */
static unsigned int nr_completed(const struct configuration *c, const char *trial)
{
	unsigned int nr = 0, i;

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *row = &csv.rows[i];

		nr += is_of(row, c) && is_ok(row) &&
			!strcmp(cell(row, "trial"), trial) &&
			!strcmp(cell(row, "outcome"), "completed");
	}
	return nr;
}

static void count_trials(struct configuration *c)
{
	unsigned int i;

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *row = &csv.rows[i];

		if (!is_of(row, c) || !is_ok(row) ||
		    strcmp(cell(row, "role"), roles[0]))
			continue;
		c->trials++;
		c->completed += nr_completed(c, cell(row, "trial")) == NR_SESSIONS;
	}
}

/*
 * The configurations in the order of the groups, which is that in which they were set.
 *
 * Return: how many; they are to be freed.
 */
static unsigned int find_configurations(struct configuration **to)
{
	struct configuration *all = allocate(nr_groups, sizeof(*all));
	unsigned int nr = 0, i, j;

	for (i = 0; i < nr_groups; i++) {
		for (j = 0; j < nr && !is_of(groups[i].row, &all[j]); j++)
			;
		if (j < nr)
			continue;
		all[nr].strategy = cell(groups[i].row, "strategy");
		all[nr].delay = cell(groups[i].row, "over_high_ms");
		count_trials(&all[nr++]);
	}
	*to = all;
	return nr;
}

void sessions_print_configurations(void)
{
	static const char * const header[] = {
		"strategy", "over_high_ms", "trials", "completed"
	};
	struct table table = { .title = "trials that all sessions completed" };
	struct configuration *all;
	unsigned int nr = find_configurations(&all), i;

	for (i = 0; i < sizeof(header) / sizeof(header[0]); i++)
		table_cell(&table, "%s", header[i]);
	table_end_row(&table);
	for (i = 0; i < nr; i++) {
		table_cell(&table, "%s", all[i].strategy);
		table_cell(&table, "%s", all[i].delay);
		table_cell(&table, "%u", all[i].trials);
		table_cell(&table, "%u", all[i].completed);
		table_end_row(&table);
	}
	table_print(&table, opt.format);
	free(all);
}

void sessions_tell_completed(void)
{
	const char *delays = csv_meta(&csv, "OVER_HIGH_MS") ?: "";
	struct configuration *all;
	unsigned int nr = find_configurations(&all), i;
	char *text = NULL;

	for (i = 0; i < nr; i++) {
		const struct configuration *c = &all[i];
		bool several = strchr(delays, ',');

		if (c->trials)
			words_add(&text, "%s%s%s%s in %u of %u", c->strategy,
				  several ? " with " : "", several ? c->delay : "",
				  several ? " ms" : "", c->completed, c->trials);
	}
	if (text)
		printf("All three sessions completed: %s trials.\n", text);
	free(text);
	free(all);
}

/* Of a session that was measured at all. */
static const char *time_of(const struct group *group)
{
	return group->n ? words_median(group) : "never";
}

void sessions_tell_times(const char *value)
{
	struct configuration *all;
	unsigned int nr = find_configurations(&all), i, j;

	(void)value;
	for (i = 0; i < nr; i++) {
		char *text = NULL;

		for (j = 0; j < nr_groups; j++) {
			const struct group *group = &groups[j];

			if (is_of(group->row, &all[i]) &&
			    group->n + group->missing)
				words_add(&text, "%s %s%s", cell(group->row, "role"),
					  time_of(group), group->n ? " s" : "");
		}
		if (text)
			printf("%s, delay %s ms: time to complete, where it did: %s.\n",
			       all[i].strategy, all[i].delay, text);
		free(text);
	}
	free(all);
}

/* What the table has of a session: medians, and counts of outcomes. */
enum measure { TIME, LATE, STALL, HIGH, DELAYS, NR_MEASURES };

static const char * const measures[NR_MEASURES + 1] = {
	"completion_s", "late_max_s", "stall_s", "events_high", "delays", NULL
};

struct session {
	double median[NR_MEASURES];	/* NaN: none */
};

/* For each group. */
static struct session *measure(const struct stats_options *o)
{
	struct session *sessions = allocate(nr_groups, sizeof(*sessions));
	unsigned int i, m;

	for (m = 0; m < NR_MEASURES; m++) {
		calculate(csv_column(&csv, measures[m]), o);
		for (i = 0; i < nr_groups; i++)
			sessions[i].median[m] = groups[i].n ?
				groups[i].summary.median : NAN;
	}
	return sessions;
}

static unsigned int nr_with_outcome(const struct group *group,
				    const struct configuration *c,
				    const char *outcome)
{
	const char *role = cell(group->row, "role");
	unsigned int nr = 0, i;

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *row = &csv.rows[i];

		nr += is_of(row, c) && is_ok(row) &&
			!strcmp(cell(row, "role"), role) &&
			!strcmp(cell(row, "outcome"), outcome);
	}
	return nr;
}

/* The duration of the session's trace, in s, which all trials have. */
static double ideal_s(const struct group *group, const struct configuration *c)
{
	const char *role = cell(group->row, "role");
	unsigned int i;

	for (i = 0; i < csv.nr_rows; i++) {
		const struct csv_row *row = &csv.rows[i];

		if (is_of(row, c) && is_ok(row) && !strcmp(cell(row, "role"), role))
			return strtod(cell(row, "ideal_s"), NULL);
	}
	return NAN;
}

/* "3.93 s, x1.00" in a buffer of @size, or "-". */
static const char *time_text(double s, double ideal, char *text, size_t size)
{
	if (isnan(s))
		return "-";
	snprintf(text, size, "%.2f s, x%.2f", s, s / ideal);
	return text;
}

/* In seconds, or the number of events, which may be a half. */
static const char *median_text(double x, bool is_time, char *text, size_t size)
{
	if (isnan(x))
		return "-";
	snprintf(text, size, is_time ? "%.2f" : x == floor(x) ? "%.0f" : "%.6g", x);
	return text;
}

/* What is published of a session, or NULL. */
static const struct csv_row *find_published(const struct csv *published,
					    const char *experiment,
					    const char *strategy,
					    const char *role)
{
	const char * const want[] = { experiment, strategy, role };
	static const char * const columns[] = { "experiment", "strategy", "role" };
	unsigned int i, j;

	for (i = 0; i < published->nr_rows; i++) {
		char **cells = published->rows[i].cells;

		for (j = 0; j < 3; j++) {
			if (strcmp(cells[csv_column(published, columns[j])], want[j]))
				break;
		}
		if (j == 3)
			return &published->rows[i];
	}
	return NULL;
}

static const char *published_time(const struct csv *published,
				  const struct csv_row *row, char *text,
				  size_t size)
{
	const char *s = row->cells[csv_column(published, "completion_s")];
	const char *ideal = row->cells[csv_column(published, "ideal_s")];

	return time_text(*s ? strtod(s, NULL) : NAN, strtod(ideal, NULL), text,
			 size);
}

static void print_session(const struct group *group,
			  const struct session *session,
			  const struct configuration *c,
			  const struct csv *published, const char *experiment)
{
	const char *role = cell(group->row, "role");
	const struct csv_row *old = find_published(published, experiment,
						   c->strategy, role);
	bool first = !strcmp(role, roles[0]);
	char text[NR_MEASURES + 1][32], completed[32];
	unsigned int i;

	snprintf(completed, sizeof(completed), "%u/%u",
		 nr_with_outcome(group, c, "completed"), c->trials);
	printf("%-18s %5s %-4s %9s %6u %9u %14s", first ? c->strategy : "",
	       first ? c->delay : "", role, completed,
	       nr_with_outcome(group, c, "oom_killed"),
	       nr_with_outcome(group, c, "timed_out"),
	       time_text(session->median[TIME], ideal_s(group, c), text[TIME],
			 sizeof(text[TIME])));
	for (i = LATE; i < NR_MEASURES; i++)
		printf(" %*s", i == HIGH ? 5 : i == DELAYS ? 6 : 7,
		       median_text(session->median[i], i < HIGH, text[i],
				   sizeof(text[i])));
	printf("   %-10s %s\n",
	       old ? old->cells[csv_column(published, "outcome")] : "-",
	       old ? published_time(published, old, text[NR_MEASURES],
				    sizeof(text[NR_MEASURES])) : "");
}

/* "B1", of a name or the path of a file */
static char *experiment_name(void)
{
	char *copy = strdup(csv_meta(&csv, "EXPERIMENT") ?: ""), *name, *dot;

	if (!copy)
		abort();
	name = strdup(*copy ? basename(copy) : "");
	if (!name)
		abort();
	dot = strrchr(name, '.');
	if (dot && !strcmp(dot, ".conf"))
		*dot = '\0';
	free(copy);
	return name;
}

static void print_title(const char *experiment)
{
	static const char millions[] = "000000B";
	const char *total = csv_meta(&csv, "TOTAL") ?: "";
	const char *accelerator = csv_meta(&csv, "accelerator") ?: "";
	size_t len = strlen(total), end = strlen(millions);
	bool is_mb = len > end && !strcmp(total + len - end, millions);

	printf("%s: SCALE=%s%% SPEED=%s TOTAL=%.*s%s (before SCALE), %s%s\n",
	       experiment, csv_meta(&csv, "SCALE") ?: "",
	       csv_meta(&csv, "SPEED") ?: "", (int)(is_mb ? len - end : len),
	       total, is_mb ? "MB" : "", csv_meta(&csv, "kernel") ?: "",
	       strcmp(accelerator, "tcg") ? "" : ", processor emulated");
}

static void print_completed(const struct configuration *all, unsigned int nr)
{
	unsigned int failed = 0, i;

	printf("\nall three completed:\n");
	for (i = 0; i < nr; i++) {
		if (all[i].trials)
			printf("  %-18s %5s ms  %u of %u trials\n", all[i].strategy,
			       all[i].delay, all[i].completed, all[i].trials);
	}
	for (i = 0; i < csv.nr_rows; i++)
		failed += is_wanted(&csv.rows[i]) && !is_ok(&csv.rows[i]);
	if (failed)
		printf("%u trials failed\n", failed / NR_SESSIONS);
	printf("What BPF contributes is the difference of bpf and high; make report tests it.\n");
}

static int read_published(struct csv *published, const char *path)
{
	static const char * const names[] = {
		"experiment", "strategy", "role", "outcome", "completion_s",
		"ideal_s", NULL
	};
	int ret;

	if (!path)
		return 0;
	ret = csv_read(published, path);
	if (ret) {
		fprintf(stderr, "%s\n", published->error);
		return ret;
	}
	return check_columns(published, names);
}

int sessions_print(const char *path, const struct stats_options *o)
{
	static const char * const ideal[] = { "ideal_s", NULL };
	struct configuration *all = NULL;
	struct session *sessions = NULL;
	struct csv published = { 0 };
	char *experiment = experiment_name();
	unsigned int nr, i, j;
	int ret;

	ret = read_published(&published, path);
	if (ret)
		goto out;
	ret = check_columns(&csv, measures);
	if (ret)
		goto out;
	ret = check_columns(&csv, ideal);
	if (ret)
		goto out;

	sessions = measure(o);
	nr = find_configurations(&all);
	print_title(experiment);
	printf("%-18s %5s %-4s %9s %6s %9s %14s %7s %7s %5s %6s   %-10s %s\n",
	       "strategy", "delay", "", "completed", "killed", "timed out",
	       "time", "late", "stall", "high", "delays", "published", "time");
	for (i = 0; i < nr; i++) {
		for (j = 0; all[i].trials && j < nr_groups; j++) {
			if (is_of(groups[j].row, &all[i]))
				print_session(&groups[j], &sessions[j], &all[i],
					      &published, experiment);
		}
	}
	print_completed(all, nr);
out:
	free(sessions);
	free(all);
	free(experiment);
	csv_free(&published);
	return ret;
}
