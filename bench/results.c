// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "csv.h"
#include "kernel_log.h"
#include "parse.h"

/* the longest row, and more than the longest header */
#define TEXT_MAX 65536

/*
 * In percent, how far what is counted may be from that of another run before it is
 * called worse.  Of the same kernel, boots differ by less than a fifth of it.
 */
#define COUNT_BOUND "0.5"

#define TRIAL_COLUMN \
	{ "trial", NULL, "number of the trial, which is that of its round", NO_RESULT }

const struct bench_column row_common[] = {
	[ROW_TRIAL] = TRIAL_COLUMN,
	[ROW_ORDER] = { "order", NULL, "how many trials of this run came before", NO_RESULT },
	[ROW_SECONDS] = { "seconds", "s", "time that all of the trial took", NO_RESULT },
	[ROW_STATUS] = { "status", NULL, "ok, or the error for which the trial was given up", NO_RESULT },
	{}
};

static const struct bench_column timeline_common[] = { TRIAL_COLUMN, {} };

static void __attribute__((format(printf, 3, 4)))
append(char *text, size_t *len, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	*len += vsnprintf(text + *len, TEXT_MAX - *len, fmt, args);
	va_end(args);
	if (*len >= TEXT_MAX)
		abort();
}

static void append_columns(char *text, size_t *len,
			   const struct bench_column *c)
{
	static const char * const worse[] = {
		[RESULT_WORSE_MORE] = "more", [RESULT_WORSE_LESS] = "less",
		[RESULT_WORSE_EITHER] = "either", [RESULT_COUNT_WORSE_MORE] = "more",
	};

	for (; c->name; c++) {
		append(text, len, "# %s %s: [%s] %s\n",
		       c->result == NO_RESULT ? "column" : "result", c->name,
		       c->unit ?: "", c->help);
		if (c->result > RESULT)
			append(text, len, "# worse %s: %s\n", c->name,
			       worse[c->result]);
		if (c->result == RESULT_COUNT_WORSE_MORE)
			append(text, len, "# bound %s: %s\n", c->name, COUNT_BOUND);
	}
}

/*
 * Name of a column of the CSV of trials, or of that of their time lines, from the left.
 *
 * Return: the name, good until the next call; NULL if there is no such column.
 */
static const char *column_name(const struct bench *bench, bool timeline,
			       unsigned int nr)
{
	const struct bench_column *tables[] = {
		timeline ? timeline_common : row_common,
		timeline ? bench->timeline : bench->columns,
	};
	const struct bench_column *c;
	const struct option_desc *o;
	size_t i;

	for (o = bench->options; o->name; o++) {
		if (o->list && !nr--)
			return option_name(o, '_');
	}
	if (bench->rows && !nr--)
		return bench->row_factor->name;
	for (i = 0; i < 2; i++) {
		for (c = tables[i]; c->name; c++) {
			if (!nr--)
				return c->name;
		}
	}
	return NULL;
}

/* Of the CSV of trials, or of that of their time lines. */
static size_t make_header(const struct bench *bench, bool timeline, char *text)
{
	const struct environment *env;
	const struct option_desc *o;
	const char *name;
	unsigned int nr, i;
	size_t len = 0;

	append(text, &len, "# file: %s%s.csv\n", bench->name,
	       timeline ? "-timeline" : "");
	env = environment_get(bench, &nr);
	for (i = 0; i < nr; i++)
		append(text, &len, "# %s: %s\n", env[i].key, env[i].value);

	for (o = bench->options; o->name; o++) {
		if (o->list)
			append(text, &len, "# factor %s: [%s] %s\n",
			       option_name(o, '_'), o->kind == OPTION_SIZE ?
			       "bytes" : o->unit ?: "", o->help);
	}
	if (bench->rows)
		append(text, &len, "# factor %s: [] %s\n",
		       bench->row_factor->name, bench->row_factor->help);
	append_columns(text, &len, timeline ? timeline_common : row_common);
	append_columns(text, &len, timeline ? bench->timeline : bench->columns);

	for (i = 0; (name = column_name(bench, timeline, i)); i++)
		append(text, &len, "%s%s", i ? "," : "", name);
	append(text, &len, "\n");
	return len;
}

/* All of it is in the file, or nothing. */
static int append_file(int fd, const char *text, size_t len)
{
	off_t end = lseek(fd, 0, SEEK_END);
	ssize_t n = write(fd, text, len);
	int err = n < 0 ? errno : ENOSPC;

	if (n == (ssize_t)len && !fdatasync(fd))
		return 0;
	if (n == (ssize_t)len)
		err = errno;
	if (ftruncate(fd, end))
		fprintf(stderr, "cannot take back half a row: %s\n",
			strerror(errno));
	return -err;
}

void results_print_headers(const struct bench *bench)
{
	char text[TEXT_MAX];

	make_header(bench, false, text);
	fputs(text, stdout);
	if (!bench->timeline)
		return;
	make_header(bench, true, text);
	fputs(text, stdout);
}

/* Return a descriptor, or a negative errno. */
static int create(const struct results *results, bool timeline)
{
	const char *path = timeline ? results->timeline : results->csv;
	char text[TEXT_MAX], tmp[PATH_MAX + 8];
	size_t len = make_header(results->bench, timeline, text);
	int fd, ret;

	/* There is a whole header in the file, or no file. */
	snprintf(tmp, sizeof(tmp), "%s.tmp", path);
	fd = open(tmp, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
	if (fd < 0)
		return -errno;
	ret = append_file(fd, text, len);
	if (!ret && rename(tmp, path))
		ret = -errno;
	if (!ret)
		return fd;
	unlink(tmp);
	close(fd);
	return ret;
}

/* of a trial */
static unsigned int nr_rows(const struct bench *bench)
{
	unsigned int nr = 0;

	while (bench->rows && bench->rows[nr])
		nr++;
	return nr ?: 1;
}

/*
 * The cells that tell a trial, or a row of one, from others, with a comma after each:
 * factors, the level of the row unless that is NULL, and the number of the trial.
 * Factors are those of @row of @csv, or of the present configuration if that is NULL.
 *
 * Return: 0, or -ENOSPC if @size is too little.
 */
static int encode_key(const struct bench *bench, const struct csv *csv,
		      const struct csv_row *row, const char *row_level,
		      const char *trial, char *text, size_t size)
{
	const struct option_desc *o;
	size_t len = 0;

	for (o = bench->options; len < size && o->name; o++) {
		if (o->list)
			len += snprintf(text + len, size - len, "%s,", row ?
					row->cells[csv_column(csv, option_name(o, '_'))] :
					option_text(o));
	}
	if (len < size && row_level)
		len += snprintf(text + len, size - len, "%s,", row_level);
	if (len < size)
		len += snprintf(text + len, size - len, "%s,", trial);
	return len < size ? 0 : -ENOSPC;
}

/* The key of the trial that a row is of. */
static char *key_of_row(const struct results *results, const struct csv *csv,
			const struct csv_row *row)
{
	char text[TEXT_MAX];

	if (encode_key(results->bench, csv, row, NULL,
		       row->cells[csv_column(csv, "trial")], text, sizeof(text)))
		abort();
	return strdup(text);
}

static void check_columns(const struct results *results, const struct csv *csv,
			  bool timeline)
{
	const char *name;
	unsigned int i;

	for (i = 0; (name = column_name(results->bench, timeline, i)); i++) {
		if (i == csv->nr_columns || strcmp(name, csv->columns[i]))
			break;
	}
	if (name || i < csv->nr_columns)
		parse_refuse("%s has other columns than %s has now: use another --results-dir",
			     csv->path, results->bench->name);
}

static void check_environment(const struct csv *csv, const struct environment *env,
			      unsigned int nr)
{
	const char *was;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		was = csv_meta(csv, env[i].key);
		if (env[i].must_match && (!was || strcmp(was, env[i].value)))
			parse_refuse("%s was measured with \"%s: %s\", and this is \"%s\": set it so, or use another --results-dir",
				     csv->path, env[i].key, was ?: "", env[i].value);
	}
}

/* Results that compare kernels have a line for each. */
static size_t describe_kernel(const struct results *results, const struct csv *csv,
			      const struct environment *env, unsigned int nr,
			      char *text, size_t size)
{
	const char *key = environment_kernel_key(results->bench);
	unsigned int i;

	if (!key || csv_meta(csv, key))
		return 0;
	for (i = 0; i < nr; i++) {
		if (!strcmp(env[i].key, key))
			return snprintf(text, size, "# %s: %s\n", key, env[i].value);
	}
	return 0;
}

static bool is_done(const struct results *results, const char *key)
{
	unsigned int i;

	for (i = 0; i < results->nr_done; i++) {
		if (!strcmp(results->done[i], key))
			return true;
	}
	return false;
}

/* Open a file to go on after its first @size bytes. */
static int open_at(const char *path, size_t size)
{
	int fd = open(path, O_RDWR | O_APPEND | O_CLOEXEC);

	if (fd < 0 || ftruncate(fd, size))
		parse_refuse("cannot write %s: %s", path, strerror(errno));
	return fd;
}

/* A time line is written before the rows of its trial, so that may be missing. */
static void reopen_timeline(struct results *results)
{
	unsigned int i;
	struct csv csv;
	bool done;
	char *key;

	if (!results->bench->timeline || access(results->timeline, F_OK))
		return;
	if (csv_read(&csv, results->timeline))
		parse_refuse("%s", csv.error);
	check_columns(results, &csv, true);
	for (i = 0; i < csv.nr_rows; i++) {
		key = key_of_row(results, &csv, &csv.rows[i]);
		done = is_done(results, key);
		free(key);
		if (done)
			continue;
		csv.complete = csv.rows[i].cells[0] - csv.text;
		break;
	}
	results->timeline_fd = open_at(results->timeline, csv.complete);
	csv_free(&csv);
}

/* The seed goes on with the results, unless another one is asked for. */
static void take_seed(const struct csv *csv)
{
	struct option_desc *seed = option_named(common_options, "SEED");

	if (seed->nr_values || !csv_meta(csv, "SEED"))
		return;
	option_set(seed, strdup(csv_meta(csv, "SEED")), "");
	option_parse(seed);
}

/* And so does the shard: results of two of them are joined, and not gone on with. */
static void take_shard(const struct csv *csv)
{
	struct option_desc *shard = option_named(common_options, "SHARD");
	const char *was = csv_meta(csv, "SHARD") ?: "1/1";
	const char *is = shard->nr_values ? option_text(shard) : was;

	if (strcmp(is, was))
		parse_refuse("%s was measured with SHARD=%s, and this is SHARD=%s: leave SHARD out, or use another --results-dir",
			     csv->path, was, is);
	option_set(shard, strdup(was), "");
	option_parse(shard);
}

static void reopen(struct results *results)
{
	char date[32], text[1024];
	time_t now = time(NULL);
	const struct environment *env;
	unsigned int i, rest, nr;
	struct csv csv;
	size_t len;
	int ret;

	if (csv_read(&csv, results->csv))
		parse_refuse("%s", csv.error);
	take_seed(&csv);
	take_shard(&csv);
	env = environment_get(results->bench, &nr);
	check_environment(&csv, env, nr);
	check_columns(results, &csv, false);

	/* The last trial may lack some of its rows. */
	rest = csv.nr_rows % nr_rows(results->bench);
	if (rest)
		csv.complete = csv.rows[csv.nr_rows - rest].cells[0] - csv.text;
	results->done = calloc(csv.nr_rows, sizeof(*results->done));
	for (i = 0; i < csv.nr_rows - rest; i++)
		results->done[i] = key_of_row(results, &csv, &csv.rows[i]);
	results->nr_done = csv.nr_rows - rest;

	if (csv.complete < csv.size)
		fprintf(stderr, "%s: its last trial is not complete, and dropped\n",
			results->csv);
	results->fd = open_at(results->csv, csv.complete);
	len = describe_kernel(results, &csv, env, nr, text, sizeof(text));
	csv_free(&csv);
	reopen_timeline(results);

	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
	len += snprintf(text + len, sizeof(text) - len, "# resumed: %s, TRIALS=%u\n", date,
			common.trials);
	ret = append_file(results->fd, text, len);
	if (ret)
		parse_refuse("cannot write %s: %s", results->csv, strerror(-ret));
}

static int print_option(struct option_desc *o, void *out)
{
	if (o->text && *o->text && o->field.uint != &common.progress)
		fprintf(out, " --%s=%s", option_name(o, '-'), o->text);
	return 0;
}

/* What was typed, and what that came to with defaults and environment. */
static void keep_command(const struct results *results, char **argv)
{
	char path[PATH_MAX + 16];
	FILE *out;
	int i;

	snprintf(path, sizeof(path), "%s/command.txt", results->dir);
	out = fopen(path, "ae");
	if (!out)
		parse_refuse("cannot write %s: %s", path, strerror(errno));
	fprintf(out, "#");
	for (i = 0; argv[i]; i++)
		fprintf(out, " %s", argv[i]);
	fprintf(out, "\n%s %s", argv[0], results->bench->name);
	bench_each_option(results->bench, print_option, out);
	fprintf(out, "\n");
	fclose(out);
}

/* As mkdir -p. */
static int make_dir(const char *dir)
{
	char path[PATH_MAX], *slash;

	snprintf(path, sizeof(path), "%s", dir);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(path, 0755) && errno != EEXIST)
			return -errno;
		*slash = '/';
	}
	return mkdir(path, 0755) && errno != EEXIST ? -errno : 0;
}

void results_open(struct results *results, const struct bench *bench,
		  char **argv, bool resume)
{
	bool there;
	int ret;

	memset(results, 0, sizeof(*results));
	results->bench = bench;
	results->timeline_fd = -1;
	snprintf(results->dir, sizeof(results->dir), "%s", common.results_dir);
	if (snprintf(results->csv, sizeof(results->csv), "%s/%s.csv", results->dir,
		     bench->name) >= (int)sizeof(results->csv) ||
	    snprintf(results->timeline, sizeof(results->timeline),
		     "%s/%s-timeline.csv", results->dir,
		     bench->name) >= (int)sizeof(results->timeline))
		parse_refuse("RESULTS_DIR=%s: too long", results->dir);

	there = !access(results->csv, F_OK);
	if (resume && !there)
		parse_refuse("nothing to resume: no %s; name a folder with --results-dir",
			     results->csv);
	if (!resume && there)
		parse_refuse("%s is there: add --resume, or use another --results-dir",
			     results->csv);

	ret = make_dir(results->dir);
	if (ret)
		parse_refuse("cannot create %s: %s; set --results-dir", results->dir,
			     strerror(-ret));
	if (resume)
		reopen(results);
	else
		results->fd = create(results, false);
	if (results->fd < 0)
		parse_refuse("cannot write %s: %s", results->csv,
			     strerror(-results->fd));
	if (flock(results->fd, LOCK_EX | LOCK_NB) && errno == EWOULDBLOCK)
		parse_refuse("%s: another run is writing to it", results->csv);
	keep_command(results, argv);
}

bool results_have(const struct results *results, unsigned int trial)
{
	char text[TEXT_MAX], number[16];

	snprintf(number, sizeof(number), "%u", trial);
	if (encode_key(results->bench, NULL, NULL, NULL, number, text,
		       sizeof(text)))
		abort();
	return is_done(results, text);
}

void results_key(const struct bench *bench, unsigned int nr, unsigned int trial,
		 char *text, size_t len)
{
	char number[16];

	snprintf(number, sizeof(number), "%u", trial);
	if (encode_key(bench, NULL, NULL, bench->rows ? bench->rows[nr] : NULL,
		       number, text, len))
		abort();
}

static void append_row(char *text, size_t *len, const struct results *results,
		       const struct bench_row *row, unsigned int nr,
		       const char *common)
{
	const struct bench *bench = results->bench;
	const struct bench_column *c = bench->columns;
	char key[1024];
	unsigned int i;

	results_key(bench, nr, row->trial, key, sizeof(key));
	append(text, len, "%s%s", key, common);
	/* What a trial has measured before it failed is not a result. */
	for (i = 0; c[i].name; i++)
		append(text, len, "%s%s", row->error ? "" : row->cell[nr][i],
		       c[i + 1].name ? "," : "\n");
}

static int add_timeline(struct results *results,
			const struct bench_timeline *timeline)
{
	int fd = results->timeline_fd;

	if (fd < 0)
		fd = create(results, true);
	if (fd < 0)
		return fd;
	results->timeline_fd = fd;
	return append_file(fd, timeline->text, timeline->len);
}

int results_add(struct results *results, const struct bench_row *row,
		const struct bench_timeline *timeline, unsigned int order,
		double seconds)
{
	char text[TEXT_MAX], common[128];
	unsigned int i;
	size_t len = 0;
	int ret = 0;

	if (timeline->len && !row->error)
		ret = add_timeline(results, timeline);
	if (ret)
		return ret;
	snprintf(common, sizeof(common), "%u,%.3f,%s,", order, seconds,
		 row->error ? strerrorname_np(-row->error) ?: "error" : "ok");
	for (i = 0; i < nr_rows(results->bench); i++)
		append_row(text, &len, results, row, i, common);
	return append_file(results->fd, text, len);
}

void results_close(struct results *results)
{
	char path[PATH_MAX + 16];
	int ret;

	snprintf(path, sizeof(path), "%s/kernel.log", results->dir);
	ret = kernel_log_save(path);
	if (ret)
		fprintf(stderr, "cannot keep the kernel's log in %s: %s\n", path,
			strerror(-ret));
	if (results->timeline_fd >= 0)
		close(results->timeline_fd);
	close(results->fd);
}
