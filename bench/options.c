// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common_options.h"
#include "core.h"

/* options with no letter */
#define FIRST_KEY 0x200
#define MAX_OPTIONS 32

struct common common = { .shard = { 1, 1 } };

static const char * const progress_words[] = {
	[PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always",
	[PROGRESS_NEVER] = "never", NULL
};

struct option_desc common_options[] = {
	/* the default is the benchmark's */
	OPT_UINT("TRIALS", &common.trials, 1, 100000, NULL,
		 "how often to measure each configuration", .key = 'n'),
	OPT_SEED(&common.seed, 0, "of the random order of trials", .key = 's',
		 .by_default = "a random one, which is recorded"),
	OPT_UINT("TRIAL_TIMEOUT", &common.trial_timeout_s, 1, 86400, "600",
		 "a trial that takes longer is ended, and has failed", .unit = "s"),
	OPT_PATH("RESULTS_DIR", &common.results_dir, NULL, "folder for the results",
		 .key = 'o', .by_default = "results/BENCH-DATE"),
	OPT_WORD("PROGRESS", &common.progress, progress_words, "auto",
		 "tell how far it is; auto: if stderr is a terminal"),
	OPT_SCRATCH_DIR(&common.scratch_dir),
	OPT_UINT("TIMER_STEP", &common.timer_step_ns, 0, UINT32_MAX, "0",
		 "do not measure where the kernel's timers have longer steps; 0: whatever they are",
		 .unit = "ns"),
	OPT_SHARD("SHARD", &common.shard,
		  "measure each N-th trial only, from the I-th on; make merge joins the results of all N",
		  .by_default = "all trials"),
	OPT_END()
};

int bench_each_option(const struct bench *bench, option_fn *fn, void *arg)
{
	struct option_desc *o;
	int ret = 0;

	for (o = bench->options; !ret && o->name; o++)
		ret = fn(o, arg);
	for (o = common_options; !ret && o->name; o++)
		ret = fn(o, arg);
	return ret;
}

static struct option_desc *table[MAX_OPTIONS];
static struct argp_option argp_options[MAX_OPTIONS + 1];
static unsigned int nr_options;

static const char *kind_of(const struct option_desc *o)
{
	static const char * const kinds[] = {
		[OPTION_UINT] = "NUMBER", [OPTION_SIZE] = "SIZE",
		[OPTION_AMOUNT] = "SIZE", [OPTION_WORD] = "WORD",
		[OPTION_PATH] = "PATH", [OPTION_SHARD] = "I/N",
	};

	return o->list ? "LIST" : kinds[o->kind];
}

static int add_option(struct option_desc *o, void *arg)
{
	struct argp_option *a = &argp_options[nr_options];
	const char *by_default = o->by_default ?: o->text;
	char *help;

	(void)arg;
	if (nr_options == MAX_OPTIONS ||
	    asprintf(&help, "%s%s%s%s%s%s", o->help, o->list ? ", LIST" : "",
		     o->unit ? ", in " : "", o->unit ?: "",
		     by_default ? "; default: " : "", by_default ?: "") < 0)
		abort();

	a->name = strdup(option_name(o, '-'));
	a->key = o->key ?: FIRST_KEY + (int)nr_options;
	a->arg = kind_of(o);
	a->doc = help;
	table[nr_options++] = o;
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < nr_options; i++) {
		if (key == argp_options[i].key) {
			option_set(table[i], arg, "");
			return 0;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp *options_argp(const struct bench *bench)
{
	static const struct argp argp = {
		.options = argp_options,
		.parser = parse_option,
	};

	bench_each_option(bench, add_option, NULL);
	return &argp;
}
