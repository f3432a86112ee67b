// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "csv.h"

static int __attribute__((format(printf, 4, 5)))
fail(struct csv *csv, unsigned int line, int ret, const char *fmt, ...)
{
	va_list args;
	int len;

	len = line ? snprintf(csv->error, sizeof(csv->error), "%.200s:%u: ",
			      csv->path, line) :
		snprintf(csv->error, sizeof(csv->error), "%.200s: ", csv->path);
	va_start(args, fmt);
	vsnprintf(csv->error + len, sizeof(csv->error) - len, fmt, args);
	va_end(args);
	return ret;
}

/* Room for one more, when there are @nr. */
static void *grow(void *table, unsigned int nr, size_t size)
{
	if (nr & (nr - 1))
		return table;
	table = realloc(table, (nr ? 2 * nr : 1) * size);
	if (!table)
		abort();
	return table;
}

static int load(struct csv *csv)
{
	size_t used = 0;
	struct stat st;
	ssize_t n = 1;
	int fd, ret = 0;

	fd = open(csv->path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fail(csv, 0, -errno, "%s", strerror(errno));
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		ret = fail(csv, 0, -EINVAL, "not a regular file");
		goto out;
	}

	csv->text = malloc(st.st_size + 1);
	if (!csv->text)
		abort();
	while (n > 0 && used < (size_t)st.st_size) {
		n = read(fd, csv->text + used, st.st_size - used);
		if (n < 0)
			ret = fail(csv, 0, -errno, "%s", strerror(errno));
		else
			used += n;
	}
	csv->text[used] = '\0';
	csv->size = used;
out:
	close(fd);
	return ret;
}

static char **split(char *line, unsigned int *nr)
{
	char **cells = NULL, *cell;

	*nr = 0;
	while ((cell = strsep(&line, ","))) {
		cells = grow(cells, *nr, sizeof(*cells));
		cells[(*nr)++] = cell;
	}
	return cells;
}

static void read_meta(struct csv *csv, char *line)
{
	char *colon = strstr(line, ": ");

	if (!colon)
		return;
	*colon = '\0';
	csv->meta = grow(csv->meta, csv->nr_meta, sizeof(*csv->meta));
	csv->meta[csv->nr_meta++] = (struct csv_meta) {
		.key = line + strspn(line, "# "),
		.value = colon + 2,
	};
}

static int read_header(struct csv *csv, char *text, unsigned int line)
{
	unsigned int i, j;

	csv->columns = split(text, &csv->nr_columns);
	for (i = 0; i < csv->nr_columns; i++) {
		if (!csv->columns[i][0])
			return fail(csv, line, -EINVAL,
				    "column %u has no name", i + 1);
		if (strspn(csv->columns[i], "+-.0123456789eE") ==
		    strlen(csv->columns[i]))
			return fail(csv, line, -EINVAL,
				    "no header: want the names of the columns before the first row, not %.40s",
				    csv->columns[i]);
		for (j = 0; j < i; j++) {
			if (!strcmp(csv->columns[i], csv->columns[j]))
				return fail(csv, line, -EINVAL,
					    "two columns are named %.40s",
					    csv->columns[i]);
		}
	}
	return 0;
}

static int read_row(struct csv *csv, char *text, unsigned int line)
{
	struct csv_row row = { .line = line };
	unsigned int nr;

	row.cells = split(text, &nr);
	csv->rows = grow(csv->rows, csv->nr_rows, sizeof(*csv->rows));
	csv->rows[csv->nr_rows++] = row;
	if (nr != csv->nr_columns)
		return fail(csv, line, -EINVAL, "%u fields, but %u columns", nr,
			    csv->nr_columns);
	return 0;
}

static int read_line(struct csv *csv, char *text, size_t len, unsigned int line)
{
	size_t i;

	if (len && text[len - 1] == '\r')
		text[--len] = '\0';
	for (i = 0; i < len; i++) {
		if (((unsigned char)text[i] < ' ' && text[i] != '\t') ||
		    text[i] == 0x7f)
			return fail(csv, line, -EINVAL,
				    "byte 0x%02x at column %zu: not a text file",
				    (unsigned char)text[i], i + 1);
	}
	if (text[0] == '#') {
		read_meta(csv, text);
		return 0;
	}
	if (strchr(text, '"'))
		return fail(csv, line, -EINVAL,
			    "a quoted field: this format has none");
	if (!len)
		return fail(csv, line, -EINVAL, "empty line");
	return csv->columns ? read_row(csv, text, line) :
		read_header(csv, text, line);
}

int csv_read(struct csv *csv, const char *path)
{
	unsigned int line = 1;
	char *text, *end;
	int ret;

	memset(csv, 0, sizeof(*csv));
	csv->path = path;
	ret = load(csv);
	if (ret)
		return ret;
	if (!csv->size)
		return fail(csv, 0, -EINVAL, "empty file");

	text = csv->text;
	/* the byte order mark of an editor of Windows */
	if (!strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while ((end = memchr(text, '\n', csv->text + csv->size - text))) {
		*end = '\0';
		ret = read_line(csv, text, end - text, line++);
		if (ret)
			return ret;
		text = end + 1;
	}
	csv->complete = text - csv->text;

	if (!csv->columns)
		return fail(csv, line, -EINVAL,
			    "no header: want a line with the names of the columns");
	return 0;
}

void csv_free(struct csv *csv)
{
	unsigned int i;

	for (i = 0; i < csv->nr_rows; i++)
		free(csv->rows[i].cells);
	free(csv->rows);
	free(csv->columns);
	free(csv->meta);
	free(csv->text);
}

const char *csv_meta(const struct csv *csv, const char *key)
{
	unsigned int i;

	for (i = 0; i < csv->nr_meta; i++) {
		if (!strcmp(csv->meta[i].key, key))
			return csv->meta[i].value;
	}
	return NULL;
}

int csv_column(const struct csv *csv, const char *name)
{
	unsigned int i;

	for (i = 0; i < csv->nr_columns; i++) {
		if (!strcmp(csv->columns[i], name))
			return i;
	}
	return -1;
}
