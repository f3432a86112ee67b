// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "params.h"
#include "parse.h"

#define MiB (1ULL << 20)

/* the published experiments' values; their files were of 64 MiB, too */
struct params params = {
	.cg_limit = 256 * MiB,
	.over_high_ms = 2000,
	.threshold = 1,
	.scratch_dir = "/var/tmp",
	.stress_seconds = 10,
};

static const struct {
	const char *name;
	const char *help;
} known[] = {
	{ "CG_LIMIT", "memory.max of the parent of HIGH and LOW, bytes or with K, M, G (256M)" },
	{ "FILE_SIZE", "size of the file of each of them, from 1M (CG_LIMIT/4)" },
	{ "OVER_HIGH_MS", "delay that LOW's ops ask for, 100 to 60000 ms (2000)" },
	{ "THRESHOLD", "page faults of HIGH a second above which LOW is delayed (1)" },
	{ "SCRATCH_DIR", "directory for data files, on a disk (/var/tmp)" },
	{ "SEED", "of the steps of stress, from 1 (random; it is printed)" },
	{ "STRESS_SECONDS", "how long each test of stress goes on, 1 to 86400 s (10)" },
	{ "STRESS_STEPS", "how many steps instead, if not 0 (0)" },
};

#define NR_KNOWN (sizeof(known) / sizeof(known[0]))

static void __attribute__((noreturn))
refuse(const char *name, const char *value, const char *want)
{
	fprintf(stderr, "%s=%s: want %s\n", name, value, want);
	exit(2);
}

static void get_size(const char *name, uint64_t *size, uint64_t min,
		     uint64_t max, const char *want)
{
	const char *value = getenv(name);

	if (value && parse_size(value, min, max, size))
		refuse(name, value, want);
}

static void get_uint(const char *name, unsigned int *number, unsigned int min,
		     unsigned int max, const char *want)
{
	const char *value = getenv(name);
	uint64_t n = *number;

	if (value && parse_uint(value, min, max, &n))
		refuse(name, value, want);
	*number = n;
}

static void __attribute__((noreturn)) print_help(const char *path)
{
	const char *slash = strrchr(path, '/');
	size_t i;

	printf("Usage: %s [-l] [-t TEST]... [--PARAMETER=VALUE]...\n\n"
	       "Run the tests of this program, as root, and print KTAP.\n\n"
	       "\t-l            list them, and run none\n"
	       "\t-t TEST       run this one, by the last part of its name; may be given again\n"
	       "\t-h            other options, of the kselftest harness\n\n",
	       slash ? slash + 1 : path);
	printf("Parameters, as variables of the environment or as options, --cg-limit=256M:\n");
	for (i = 0; i < NR_KNOWN; i++)
		printf("\t%-14s  %s\n", known[i].name, known[i].help);
	printf("\nExit status: 0 if no test has failed, 1 if one has, 2 for a bad parameter, 4 if none could run.\n");
	exit(0);
}

/* Is @option, up to its '=', the name of a parameter in lower case? */
static int is_option(const char *option, size_t len, const char *name)
{
	size_t i;

	if (strlen(name) != len)
		return 0;
	for (i = 0; i < len; i++) {
		if (option[i] != (name[i] == '_' ? '-' : tolower(name[i])))
			return 0;
	}
	return 1;
}

/* An option is as if the variable had been set so. */
static void take_option(const char *option)
{
	size_t len = strcspn(option, "="), i;

	for (i = 0; i < NR_KNOWN; i++) {
		if (option[len] != '=' || !is_option(option, len, known[i].name))
			continue;
		if (setenv(known[i].name, option + len + 1, 1)) {
			perror(known[i].name);
			exit(1);
		}
		return;
	}
	fprintf(stderr, "--%s: no such option, or no =VALUE; see --help\n",
		option);
	exit(2);
}

static void take_options(int *argc, char **argv)
{
	int i, kept = 1;

	for (i = 1; i < *argc; i++) {
		if (!strcmp(argv[i], "--help"))
			print_help(argv[0]);
		else if (!strncmp(argv[i], "--", 2))
			take_option(argv[i] + 2);
		else
			argv[kept++] = argv[i];
	}
	argv[kept] = NULL;
	*argc = kept;
}

static void take_environment(void)
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

	if (getrandom(&params.seed, sizeof(params.seed), 0) < 0 || !params.seed)
		params.seed = 1;
	get_uint("SEED", &params.seed, 1, UINT32_MAX, "1 to 4294967295");
	get_uint("STRESS_SECONDS", &params.stress_seconds, 1, 86400,
		 "1 to 86400 s");
	get_uint("STRESS_STEPS", &params.stress_steps, 0, 1000000000,
		 "0 to 1000000000 steps");

	if (dir && dir[0] != '/')
		refuse("SCRATCH_DIR", dir, "an absolute path");
	if (dir)
		params.scratch_dir = dir;
}

void params_init(int *argc, char **argv)
{
	take_options(argc, argv);
	take_environment();
}
