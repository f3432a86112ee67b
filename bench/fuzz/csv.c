// SPDX-License-Identifier: GPL-2.0
/*
 * Feed anything to the parser of results.  What it takes has a name for each column
 * and a cell for each column of each row, and what it refuses has an error.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "csv.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct csv *csv)
{
	unsigned int row, column;

	if (csv->complete > csv->size)
		abort();
	for (column = 0; column < csv->nr_columns; column++) {
		if (csv_column(csv, csv->columns[column]) != (int)column)
			abort();
	}
	for (row = 0; row < csv->nr_rows; row++) {
		for (column = 0; column < csv->nr_columns; column++) {
			if (strpbrk(csv->rows[row].cells[column], ",\n"))
				abort();
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct csv csv;
	int fd, ret;

	fd = memfd_create("fuzz", MFD_CLOEXEC);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);

	ret = csv_read(&csv, path);
	if (ret ? !csv.error[0] : csv.error[0])
		abort();
	if (!ret)
		check(&csv);
	csv_free(&csv);
	close(fd);
	return 0;
}
