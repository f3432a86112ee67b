// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"

#define MiB (1ULL << 20)

/* the published experiments' values; their files were of 64 MiB, too */
struct params params = {
	.cg_limit = 256 * MiB,
	.over_high_ms = 2000,
	.threshold = 1,
	.scratch_dir = "/var/tmp",
};

static void __attribute__((noreturn))
refuse(const char *name, const char *value, const char *want)
{
	fprintf(stderr, "%s=%s: want %s\n", name, value, want);
	exit(2);
}

/* Bytes, with a suffix K, M or G for powers of two. */
static void get_size(const char *name, uint64_t *size, uint64_t min,
		     uint64_t max, const char *want)
{
	static const char suffixes[] = "KMG";
	const char *value = getenv(name), *suffix;
	unsigned int shift = 0;
	uint64_t n;
	char *end;

	if (!value)
		return;

	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno || !isdigit((unsigned char)*value))
		refuse(name, value, want);
	if (*end) {
		suffix = strchr(suffixes, toupper((unsigned char)*end++));
		if (!suffix || *end)
			refuse(name, value, want);
		shift = 10 * (suffix - suffixes + 1);
	}
	if (n > UINT64_MAX >> shift || n << shift < min || n << shift > max)
		refuse(name, value, want);

	*size = n << shift;
}

static void get_uint(const char *name, unsigned int *number, unsigned int min,
		     unsigned int max, const char *want)
{
	const char *value = getenv(name);
	unsigned long n;
	char *end;

	if (!value)
		return;

	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || !isdigit((unsigned char)*value) ||
	    n < min || n > max)
		refuse(name, value, want);

	*number = n;
}

void params_init(void)
{
	const char *dir = getenv("SCRATCH_DIR");

	/* below that a task cannot even start */
	get_size("CG_LIMIT", &params.cg_limit, 32 * MiB, UINT64_MAX,
		 "a size of at least 32M, as in 256M or 1G");

	/* Both files and the tasks themselves are to fit without reclaim. */
	params.file_size = params.cg_limit / 4;
	get_size("FILE_SIZE", &params.file_size, MiB, params.cg_limit / 4,
		 "a size from 1M to a quarter of CG_LIMIT");

	/*
	 * Delays of a few ms drown in the latency of a busy or emulated
	 * machine.  The kernel clamps at 2000, so more is a test of the clamp.
	 */
	get_uint("OVER_HIGH_MS", &params.over_high_ms, 100, 60000,
		 "100 to 60000 ms");
	get_uint("THRESHOLD", &params.threshold, 0, 1000000,
		 "0 to 1000000 page faults a second");

	if (dir && dir[0] != '/')
		refuse("SCRATCH_DIR", dir, "an absolute path");
	if (dir)
		params.scratch_dir = dir;
}
