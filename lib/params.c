// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "common_options.h"
#include "params.h"
#include "require.h"
#include "scratch.h"
#include "size.h"

struct params params;

/*
 * The defaults are the published experiments' values; their files were of 64 MiB, too.
 *
 * Delays of a few ms drown in the latency of a busy or emulated machine.  The kernel
 * clamps at 2000, so more is a test of the clamp.
 */
static struct option_desc options[] = {
	OPT_CG_LIMIT(&params.cg_limit, HELP_RIVALS_CG_LIMIT),
	OPT_FILE_SIZE(&params.file_size, NULL, .by_default = "CG_LIMIT/4"),
	OPT_OVER_HIGH_MS(&params.over_high_ms, 100, "2000", HELP_RIVALS_OVER_HIGH_MS),
	OPT_THRESHOLD(&params.threshold, "LOW is", .unit = "page faults a second"),
	OPT_SCRATCH_DIR(&params.scratch_dir, .want = "an absolute path"),
	OPT_SEED(&params.seed, 1, "of the steps of stress",
		 .by_default = "random; it is printed", .want = "1 to 4294967295"),
	OPT_UINT("STRESS_SECONDS", &params.stress_seconds, 1, 86400, "10",
		 "how long each test of stress goes on", .unit = "s"),
	OPT_UINT("STRESS_STEPS", &params.stress_steps, 0, 1000000000, "0",
		 "how many it takes instead, if not 0", .unit = "steps"),
	OPT_PATH("WITHOUT", &params.without, NULL, "steps that stress leaves out",
		 .by_default = "none", .want = "names with commas; ? lists them"),
	OPT_END()
};

/* What oom_prevention needs at least, the test that needs most. */
#define MIN_LIMIT_PAGES		32768

/* The default, 256M where pages are small, in the pages of this machine */
static void fit_default_to_pages(struct option_desc *limit)
{
	static char text[32];
	uint64_t least = MIN_LIMIT_PAGES * (uint64_t)sysconf(_SC_PAGESIZE);

	if (least <= (uint64_t)(256 * MiB))
		return;
	snprintf(text, sizeof(text), "%lluM", least / MiB);
	limit->text = text;
}

/*
 * The kernel charges by the batch of pages, and a limit has to be many of them: where pages
 * are large the default of CG_LIMIT is more than 256M, and so are the smallest sizes.
 */
static void fit_to_pages(void)
{
	static char want_limit[64], want_file[64];
	struct option_desc *limit = option_named(options, "CG_LIMIT");
	struct option_desc *file = option_named(options, "FILE_SIZE");

	fit_default_to_pages(limit);
	limit->min = SCALED(limit->min);
	snprintf(want_limit, sizeof(want_limit), "a size of at least %lluM, as in %s or 4G",
		 limit->min / MiB, limit->text);
	limit->want = want_limit;
	file->min = SCALED(file->min);
	snprintf(want_file, sizeof(want_file), "a size from %lluM to a quarter of CG_LIMIT",
		 file->min / MiB);
	file->want = want_file;
}

static void __attribute__((noreturn)) print_help(const char *path)
{
	const char *slash = strrchr(path, '/');
	const struct option_desc *o;

	printf("Usage: %s [-l] [-t TEST]... [--PARAMETER=VALUE]...\n\n"
	       "Run the tests of this program, as root, and print KTAP.\n\n"
	       "\t-l            list them, and run none\n"
	       "\t-t TEST       run this one, by the last part of its name; may be given again\n"
	       "\t-h            other options, of the kselftest harness\n\n",
	       slash ? slash + 1 : path);
	printf("Parameters, as variables of the environment or as options, --cg-limit=256M:\n");
	for (o = options; o->name; o++)
		printf("\t%-14s  %s: %s (%s)\n", o->name, o->help, option_wanted(o),
		       o->by_default ?: o->text);
	printf("\nExit status: 0 if no test has failed, 1 if one has, 2 for a bad parameter, 4 if none could run.\n");
	exit(0);
}

static void take_option(const char *option)
{
	size_t len = strcspn(option, "=");
	struct option_desc *o = option_find(options, option, len);

	if (o && option[len]) {
		option_set(o, option + len + 1, "");
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

static void parse(void)
{
	struct option_desc *file_size = option_named(options, "FILE_SIZE");
	struct option_desc *o;

	/* Both files and the tasks themselves are to fit without reclaim. */
	option_parse(option_named(options, "CG_LIMIT"));
	file_size->max = params.cg_limit / 4;

	/* what is left as it is if the user does not set it */
	params.file_size = file_size->max;
	params.without = "";
	if (getrandom(&params.seed, sizeof(params.seed), 0) < 0 || !params.seed)
		params.seed = 1;
	for (o = options; o->name; o++) {
		if (o->text)
			option_parse(o);
	}
	if (params.scratch_dir[0] != '/')
		option_refuse(option_named(options, "SCRATCH_DIR"));
}

void params_init(int *argc, char **argv)
{
	fit_to_pages();
	take_options(argc, argv);
	option_environment(options);
	parse();
	scratch_set_dir(params.scratch_dir);
	require_set_size(params.cg_limit);
}

void params_fit_runner(void)
{
	/* The runner exports it: that of the file `settings`, or of --override-timeout. */
	const char *text = getenv("kselftest_timeout");
	unsigned long timeout = text ? strtoul(text, NULL, 10) : 0;
	unsigned long need = 100 + 5UL * params.stress_seconds;

	/* timeout(1) takes 0 for none */
	if (params.stress_steps || !timeout || timeout >= need)
		return;
	fprintf(stderr, "STRESS_SECONDS=%u: four tests take so long each, and the kselftest runner ends all of them after %lu s: run_kselftest.sh --override-timeout %lu, or with make in a kernel tree kselftest_override_timeout=%lu in the environment\n",
		params.stress_seconds, timeout, need, need);
	exit(2);
}

int params_export(void)
{
	const struct option_desc *o;

	for (o = options; o->name; o++) {
		if (o->from && setenv(o->name, o->text, 1))
			return -errno;
	}
	return 0;
}
