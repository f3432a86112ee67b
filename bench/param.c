// SPDX-License-Identifier: GPL-2.0
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core.h"
#include "parse.h"
#include "size.h"

/* options with no letter */
#define FIRST_KEY 0x200
#define MAX_PARAMS 32

static const char * const progress_words[] = { "auto", "always", "never", NULL };

struct bench_param param_trials = {
	.name = "TRIALS", .key = 'n',
	.help = "how often to measure each configuration",
	.kind = BENCH_UINT, .min = 1, .max = 100000,
};

struct bench_param param_seed = {
	.name = "SEED", .key = 's',
	.help = "of the random order of trials (by default a random one, which is recorded)",
	.kind = BENCH_UINT, .max = UINT32_MAX, .text = "",
};

struct bench_param param_timeout = {
	.name = "TRIAL_TIMEOUT", .unit = "s",
	.help = "a trial that takes longer is ended, and has failed",
	.kind = BENCH_UINT, .min = 1, .max = 86400, .text = "600",
};

struct bench_param param_results = {
	.name = "RESULTS_DIR", .key = 'o',
	.help = "folder for the results (by default results/BENCH-DATE)",
	.kind = BENCH_PATH, .text = "",
};

struct bench_param param_progress = {
	.name = "PROGRESS",
	.help = "tell how far it is; auto: if stderr is a terminal",
	.kind = BENCH_WORD, .words = progress_words, .text = "auto",
};

struct bench_param param_timer_step = {
	.name = "TIMER_STEP", .unit = "ns",
	.help = "do not measure where the kernel's timers have longer steps; 0: whatever they are",
	.kind = BENCH_UINT, .max = UINT32_MAX, .text = "0",
};

struct bench_param param_scratch_dir = {
	.name = "SCRATCH_DIR",
	.help = "directory for data files, on a disk, not on tmpfs",
	.kind = BENCH_PATH, .text = "/var/tmp",
};

struct bench_param * const common_params[] = {
	&param_trials, &param_seed, &param_timeout, &param_results,
	&param_progress, &param_scratch_dir, &param_timer_step, NULL
};

int bench_each_param(const struct bench *bench, param_fn *fn, void *arg)
{
	struct bench_param *p;
	int i, ret = 0;

	for (p = bench->params; !ret && p && p->name; p++)
		ret = fn(p, arg);
	for (i = 0; !ret && common_params[i]; i++)
		ret = fn(common_params[i], arg);
	return ret;
}

const char *param_option(const struct bench_param *p, char separator)
{
	static char name[64];
	size_t i;

	for (i = 0; p->name[i] && i < sizeof(name) - 1; i++)
		name[i] = p->name[i] == '_' ? separator : tolower(p->name[i]);
	name[i] = '\0';
	return name;
}

/* "1 to 100000", "a word of a, b" and the like */
static const char *wanted(const struct bench_param *p)
{
	static char text[512];
	size_t len = 0;
	int i;

	switch (p->kind) {
	case BENCH_UINT:
		len = snprintf(text, sizeof(text),
			       "a number from %" PRIu64 " to %" PRIu64, p->min,
			       p->max);
		break;
	case BENCH_SIZE:
		len = snprintf(text, sizeof(text),
			       "a size from %" PRIu64 " bytes, as in 64K, 256M or 1G",
			       p->min);
		break;
	case BENCH_AMOUNT:
		len = snprintf(text, sizeof(text), "bytes with their unit, as in 400MB or 381MiB");
		for (i = 0; p->words && p->words[i]; i++)
			len += snprintf(text + len, sizeof(text) - len, ", or %s",
					p->words[i]);
		break;
	case BENCH_WORD:
		for (i = 0; p->words[i]; i++)
			len += snprintf(text + len, sizeof(text) - len, "%s%s",
					i ? ", " : "one of ", p->words[i]);
		break;
	case BENCH_PATH:
		len = snprintf(text, sizeof(text), "a path");
		break;
	}
	if (p->unit)
		len += snprintf(text + len, sizeof(text) - len, " %s", p->unit);
	if (p->factor)
		snprintf(text + len, sizeof(text) - len,
			 "; or several different ones, with commas");
	return text;
}

static void __attribute__((noreturn)) refuse(const struct bench_param *p)
{
	fprintf(stderr, "%s%s=%s: want %s\n", p->from ?: "", p->name,
		p->text ?: "", wanted(p));
	exit(BENCH_EXIT_USAGE);
}

static int parse_level(const struct bench_param *p, const char *text,
		       struct bench_level *level)
{
	const char *end;
	uint64_t i;

	level->text = text;
	/* there are words for some numbers, too */
	for (i = 0; p->words && p->words[i]; i++) {
		level->number = p->kind == BENCH_WORD ? i : BENCH_AMOUNT_WORD(i);
		if (!strcmp(p->words[i], text))
			return 0;
	}
	switch (p->kind) {
	case BENCH_UINT:
		if (parse_uint(text, p->min, p->max, &level->number))
			return -1;
		break;
	case BENCH_SIZE:
		if (parse_size(text, p->min, p->max, &level->number))
			return -1;
		break;
	case BENCH_AMOUNT:
		end = size_parse(text, false, &level->number);
		if (!end || *end || level->number < p->min ||
		    level->number > p->max)
			return -1;
		break;
	case BENCH_WORD:
		return -1;
	case BENCH_PATH:
		return *text ? 0 : -1;
	}
	/* one form of it in the CSV: 256M is 268435456, 1kB is 1000B, and 007 is 7 */
	if (asprintf((char **)&level->text, "%" PRIu64 "%s", level->number,
		     p->kind == BENCH_AMOUNT ? "B" : "") < 0)
		abort();
	return 0;
}

void param_parse(struct bench_param *p)
{
	char *copy, *item;
	unsigned int i;

	if (!p->text)
		refuse(p);
	copy = strdup(p->text);

	p->nr_levels = 0;
	p->at = 0;
	while (copy && (item = p->factor ? strsep(&copy, ",") : copy)) {
		p->levels = realloc(p->levels,
				    (p->nr_levels + 1) * sizeof(*p->levels));
		if (!p->levels || parse_level(p, item, &p->levels[p->nr_levels]))
			refuse(p);
		for (i = 0; i < p->nr_levels; i++) {
			if (!strcmp(p->levels[i].text,
				    p->levels[p->nr_levels].text))
				refuse(p);
		}
		p->nr_levels++;
		if (!p->factor)
			break;
	}
}

static struct bench_param *table[MAX_PARAMS];
static struct argp_option options[MAX_PARAMS + 1];
static unsigned int nr_params;

static int add_option(struct bench_param *p, void *arg)
{
	struct argp_option *o = &options[nr_params];
	char *help;

	(void)arg;
	if (nr_params == MAX_PARAMS ||
	    asprintf(&help, "%s%s%s%s%s%s", p->help, p->factor ? ", LIST" : "",
		     p->unit ? ", in " : "", p->unit ?: "",
		     p->text && *p->text ? "; default: " : "",
		     p->text ?: "") < 0)
		abort();

	o->name = strdup(param_option(p, '-'));
	o->key = p->key ?: FIRST_KEY + (int)nr_params;
	o->arg = p->factor ? "LIST" : p->kind == BENCH_WORD ? "WORD" :
		 p->kind == BENCH_PATH ? "PATH" : p->kind == BENCH_UINT ?
		 "NUMBER" : "SIZE";
	o->doc = help;
	table[nr_params++] = p;

	if (getenv(p->name))
		p->text = getenv(p->name);
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	unsigned int i;

	(void)state;
	for (i = 0; i < nr_params; i++) {
		if (key == options[i].key) {
			table[i]->text = arg;
			return 0;
		}
	}
	return ARGP_ERR_UNKNOWN;
}

const struct argp *params_argp(const struct bench *bench)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
	};

	bench_each_param(bench, add_option, NULL);
	return &argp;
}
