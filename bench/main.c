// SPDX-License-Identifier: GPL-2.0
/*
 * memcg_bench BENCH [OPTION...] - measure what memcg_bpf_ops do, and what they
 * cost.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "core.h"
#include "libbpf_print.h"
#include "parse.h"
#include "scratch.h"

static const struct bench * const benches[] = {
	&bench_delay,
	&bench_priority,
	&bench_overhead,
	&bench_attach,
	&bench_inversion,
	&bench_reclaim,
	&bench_protect,
#ifdef HAVE_REPLAY
	&bench_isolation,
#endif
};

/* of --header, which has no letter; those of options begin with 0x200 */
#define HEADER_KEY 0x100

#define NR_BENCHES (sizeof(benches) / sizeof(benches[0]))

static void print_benches(FILE *out)
{
	size_t i;

	fprintf(out, "usage: memcg_bench BENCH [OPTION...]\n\n");
	for (i = 0; i < NR_BENCHES; i++)
		fprintf(out, "  %-10s %s\n", benches[i]->name, benches[i]->help);
	fprintf(out, "\nmemcg_bench BENCH --help lists the options.\n");
}

static const struct bench *find_bench(const char *name)
{
	size_t i;

	for (i = 0; name && i < NR_BENCHES; i++) {
		if (!strcmp(benches[i]->name, name))
			return benches[i];
	}
	if (name && (!strcmp(name, "--help") || !strcmp(name, "-h"))) {
		print_benches(stdout);
		exit(EXIT_SUCCESS);
	}
	if (name)
		fprintf(stderr, "no bench %s\n", name);
	print_benches(stderr);
	exit(BENCH_EXIT_USAGE);
}

static bool resume, header;

static error_t parse_common(int key, char *arg, struct argp_state *state)
{
	(void)arg;
	switch (key) {
	case 'r':
		resume = true;
		return 0;
	case HEADER_KEY:
		header = true;
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "%s: not an option", arg);
	}
	return ARGP_ERR_UNKNOWN;
}

static void take_options(const struct bench *bench, int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "resume", 'r', NULL, 0,
		  "add the trials that are missing in the folder --results-dir", 0 },
		{ "header", HEADER_KEY, NULL, 0,
		  "print what the CSV would begin with, and measure nothing", 0 },
		{ 0 }
	};
	struct argp_child children[] = {
		{ options_argp(bench), 0,
		  "Each is also a variable of the environment, in capitals with _ for -:",
		  0 },
		{ 0 }
	};
	const struct argp argp = {
		.options = options,
		.parser = parse_common,
		.doc = bench->help,
		.children = children,
	};
	char name[64];

	snprintf(name, sizeof(name), "memcg_bench %s", bench->name);
	argv[0] = name;
	argp_err_exit_status = BENCH_EXIT_USAGE;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	option_environment(bench->options);
	option_environment(common_options);
}

/* results/BENCH-DATE here */
static char *default_results(const struct bench *bench)
{
	char date[32], *cwd = getcwd(NULL, 0), *path;
	time_t now = time(NULL);

	strftime(date, sizeof(date), "%Y%m%dT%H%M%S", gmtime(&now));
	if (!cwd || asprintf(&path, "%s/results/%s-%s", cwd, bench->name, date) < 0)
		abort();
	return path;
}

static char *random_seed(void)
{
	uint32_t seed;
	char *text;

	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		seed = time(NULL);
	if (asprintf(&text, "%u", seed) < 0)
		abort();
	return text;
}

static bool is_set(const struct option_desc *o)
{
	return o->text && *o->text;
}

static int parse(struct option_desc *o, void *arg)
{
	(void)arg;
	/* else they are those of the results to be resumed */
	if ((o->field.uint != &common.seed && o->field.shard != &common.shard) || is_set(o))
		option_parse(o);
	return 0;
}

/* What the user has not set, and has no default that could be in a table. */
static void find_defaults(const struct bench *bench)
{
	struct option_desc *results = option_named(common_options, "RESULTS_DIR");
	struct option_desc *seed = option_named(common_options, "SEED");
	struct option_desc *shard = option_named(common_options, "SHARD");

	if (is_set(shard))
		option_parse(shard);
	if (common.shard.of > 1 && !resume && !is_set(seed))
		parse_refuse("SHARD=%s: set SEED, too: shards of different seeds cannot be joined",
			     shard->text);
	if (resume && !is_set(results)) {
		fprintf(stderr, "--resume: name the folder with --results-dir\n");
		exit(BENCH_EXIT_USAGE);
	}
	if (!is_set(results))
		results->text = default_results(bench);
	if (!is_set(seed) && !resume)
		seed->text = random_seed();
}

int main(int argc, char **argv)
{
	const struct bench *bench = find_bench(argv[1]);
	char **command = calloc(argc + 1, sizeof(*command));

	if (!command)
		abort();
	memcpy(command, argv, argc * sizeof(*command));

	option_named(common_options, "TRIALS")->text = bench->default_trials;
	take_options(bench, argc - 1, argv + 1);
	find_defaults(bench);
	if (bench->configure && bench->configure())
		return BENCH_EXIT_USAGE;
	bench_each_option(bench, parse, NULL);
	if (common.shard.number > common.trials)
		parse_refuse("SHARD=%u/%u: there are only TRIALS=%u to share",
			     common.shard.number, common.shard.of, common.trials);
	scratch_set_dir(common.scratch_dir);
	if (bench->validate && bench->validate())
		return BENCH_EXIT_USAGE;
	if (header) {
		results_print_headers(bench);
		return EXIT_SUCCESS;
	}
	libbpf_print_warnings();
	return bench_run(bench, command, resume);
}
