// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "core.h"
#include "random.h"
#include "require.h"
#include "worker.h"

/* Interval at which a run that waits for its trial looks for a signal. */
#define SLICE_MS 100

/* For the sweeper of a killed trial, which gives up earlier: see lib/testbed.c. */
#define SWEEP_TIMEOUT_MS 30000

static volatile sig_atomic_t signal_nr;

static void note_signal(int nr)
{
	signal_nr = nr;
}

bool bench_interrupted(void)
{
	return signal_nr;
}

void bench_set(struct bench_trial *trial, const char *column, const char *fmt, ...)
{
	const struct bench_column *c = trial->row->bench->columns;
	va_list args;
	unsigned int i;
	char *cell;
	int len;

	for (i = 0; c[i].name && strcmp(c[i].name, column); i++)
		;
	if (!c[i].name || i == ROW_MAX_COLUMNS)
		goto bug;
	cell = trial->row->cell[trial->row->at][i];

	va_start(args, fmt);
	len = vsnprintf(cell, ROW_CELL, fmt, args);
	va_end(args);
	if (len < ROW_CELL && !strpbrk(cell, ",\"\n"))
		return;
bug:
	fprintf(stderr, "%s: cannot set column %s\n", trial->row->bench->name,
		column);
	abort();
}

static unsigned int nr_commas(const char *text)
{
	unsigned int nr = 0;

	for (; *text; text++)
		nr += *text == ',';
	return nr;
}

void bench_timeline_add(struct bench_trial *trial, const char *fmt, ...)
{
	const struct bench *bench = trial->row->bench;
	struct bench_timeline *t = trial->timeline;
	char key[1024], values[1024];
	unsigned int nr = 0;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(values, sizeof(values), fmt, args);
	va_end(args);
	while (bench->timeline[nr].name)
		nr++;
	if (len >= (int)sizeof(values) || nr_commas(values) != nr - 1) {
		fprintf(stderr, "%s: a row of the time line has other columns\n",
			bench->name);
		abort();
	}

	results_key(bench, trial->row->at, trial->row->trial, key, sizeof(key));
	if (t->full)
		return;
	if (t->len + strlen(key) + len + 2 > sizeof(t->text)) {
		fprintf(stderr, "%s: the time line of trial %u is cut off: too many samples\n",
			bench->name, trial->row->trial);
		t->full = true;
		return;
	}
	t->len += sprintf(t->text + t->len, "%s%s\n", key, values);
}

void bench_select_row(struct bench_trial *trial, unsigned int index)
{
	if (index >= ROW_MAX_ROWS)
		abort();
	trial->row->at = index;
}

/*
 * A combination of values is a number below this: a digit for each option, in base
 * nr_values of that option, the first option's digit being the least significant.
 */
static unsigned int nr_combinations(const struct bench *bench)
{
	const struct option_desc *o;
	unsigned int nr = 1;

	for (o = bench->options; o->name; o++)
		nr *= o->nr_values;
	return nr;
}

static void choose(const struct bench *bench, unsigned int combination)
{
	struct option_desc *o;

	for (o = bench->options; o->name; o++) {
		option_choose(o, combination % o->nr_values);
		combination /= o->nr_values;
	}
}

int bench_each_config(const struct bench *bench, int (*fn)(void))
{
	unsigned int nr = nr_combinations(bench), i;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++) {
		choose(bench, i);
		ret = fn();
	}
	choose(bench, 0);
	return ret;
}

/* A run of a benchmark: what is to be measured, and the progress made. */
struct run {
	const struct bench *bench;
	struct results results;
	struct bench_row *row;		/* shared with the trial's process */
	struct bench_timeline *timeline;	/* the same */
	unsigned int *configs;		/* wanted combinations, in order of the round */
	unsigned int nr_configs;
	/* by combination: trials still to measure, those measured, and seconds these took */
	unsigned int *left, *measured;
	double *seconds;
	unsigned int done, failed, total;	/* trials of this run */
	int64_t begin_ns;
	bool progress;
};

static int compare_uint(const void *a, const void *b)
{
	const unsigned int *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Fisher-Yates.  A round's order depends on the seed and its number only. */
static void shuffle(struct run *run, unsigned int round)
{
	uint64_t state = ((uint64_t)common.seed << 32) ^ round;
	unsigned int i, j, tmp;

	qsort(run->configs, run->nr_configs, sizeof(*run->configs),
	      compare_uint);
	for (i = run->nr_configs - 1; i > 0; i--) {
		j = random_below(&state, i + 1);
		tmp = run->configs[i];
		run->configs[i] = run->configs[j];
		run->configs[j] = tmp;
	}
}

/* Mean time of a trial of a combination or, before the first of them, of any trial. */
static double seconds_each(const struct run *run, unsigned int config)
{
	double seconds = 0;
	unsigned int i;

	if (run->measured[config])
		return run->seconds[config] / run->measured[config];
	for (i = 0; i < run->nr_configs; i++)
		seconds += run->seconds[run->configs[i]];
	return run->done ? seconds / run->done : 0;
}

static double seconds_left(const struct run *run)
{
	unsigned int i, config;
	double seconds = 0;

	for (i = 0; i < run->nr_configs; i++) {
		config = run->configs[i];
		seconds += run->left[config] * seconds_each(run, config);
	}
	return seconds;
}

static void show_progress(const struct run *run)
{
	const struct option_desc *o;
	unsigned int left;

	if (!run->progress)
		return;
	left = seconds_left(run) + 0.5;
	fprintf(stderr, "\r\033[K%s %u of %u", run->bench->name, run->done,
		run->total);
	if (run->failed)
		fprintf(stderr, ", %u failed", run->failed);
	if (run->done)
		fprintf(stderr, ", %u:%02u left", left / 60, left % 60);
	for (o = run->bench->options; o->name; o++) {
		if (o->list && o->nr_values > 1)
			fprintf(stderr, "  %s=%s", option_name(o, '_'),
				option_text(o));
	}
}

static void __attribute__((noreturn)) trial_process(struct run *run)
{
	struct bench_trial trial = {
		.row = run->row, .timeline = run->timeline,
	};
	int ret, err;

	/* Its lock is one that each process which has the file tells a 9p server of at its end. */
	close(run->results.fd);
	setpgid(0, 0);
	signal(SIGINT, SIG_DFL);
	signal(SIGTERM, SIG_DFL);

	ret = testbed_create(&trial.tb, run->bench->name);
	if (!ret) {
		ret = run->bench->trial(&trial);
		err = testbed_destroy(&trial.tb);
		if (!ret)
			ret = err;
	}
	run->row->error = ret;
	_exit(0);
}

/*
 * When a trial is killed, its sweeper becomes our child: we are the subreaper.  Wait until
 * it has removed the trial's cgroup.
 */
static void wait_for_sweeper(const struct run *run, pid_t pid)
{
	char root[PATH_MAX / 2], cgroup[PATH_MAX];
	int ms;

	if (cg_find_root(root, sizeof(root)))
		return;
	snprintf(cgroup, sizeof(cgroup), "%s/memcg_bpf.%s.%d", root,
		 run->bench->name, pid);
	for (ms = 0; ms < SWEEP_TIMEOUT_MS && !access(cgroup, F_OK); ms += 10)
		usleep(10000);
}

/* Return 1 if there is a row, 0 if a signal came, or a negative errno. */
static int run_trial(struct run *run, unsigned int trial)
{
	unsigned int ms, timeout_ms = common.trial_timeout_s * 1000;
	int status, ret = 0;
	pid_t pid;

	memset(run->row, 0, sizeof(*run->row));
	run->row->bench = run->bench;
	run->row->trial = trial;
	run->timeline->len = 0;
	run->timeline->full = false;
	run->row->error = -ECHILD;	/* unless the trial says otherwise */

	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		trial_process(run);

	for (ms = 0; !ret && !signal_nr && ms < timeout_ms; ms += SLICE_MS)
		ret = worker_wait(pid, SLICE_MS, &status);
	if (ret > 0 && WIFEXITED(status))
		return 1;

	/* It still runs, or nobody can tell. */
	if (ret <= 0) {
		run->row->error = -ETIMEDOUT;
		kill(-pid, SIGKILL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
	}
	wait_for_sweeper(run, pid);
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	if (ret < 0)
		return ret;
	return signal_nr ? 0 : 1;
}

static int measure(struct run *run, unsigned int config, unsigned int trial)
{
	int64_t begin_ns = clock_ns();
	double seconds;
	int ret;

	show_progress(run);
	ret = run_trial(run, trial);
	if (ret <= 0)
		return ret;

	seconds = (clock_ns() - begin_ns) / 1e9;
	run->seconds[config] += seconds;
	run->measured[config]++;
	run->left[config]--;
	if (run->row->error) {
		run->failed++;
		fprintf(stderr, "%strial %u failed: %s\n",
			run->progress ? "\n" : "", trial,
			strerror(-run->row->error));
	}
	ret = results_add(&run->results, run->row, run->timeline, run->done,
			  seconds);
	if (ret)
		fprintf(stderr, "cannot write %s: %s\n", run->results.csv,
			strerror(-ret));
	run->done++;
	return ret;
}

/* Is a round for this machine?  Its order is the same on all that share the run. */
static bool in_shard(unsigned int trial)
{
	return (trial - 1) % common.shard.of == common.shard.number - 1;
}

/* In turns, as they are measured later.  What fails will fail in a trial, too. */
static int warm_up(struct run *run)
{
	unsigned int *times = calloc(run->nr_configs, sizeof(*times)), i;
	bool again = true;
	int ret = 1;

	if (!times)
		return -ENOMEM;
	for (i = 0; i < run->nr_configs; i++) {
		choose(run->bench, run->configs[i]);
		times[i] = run->bench->warm_up();
	}
	while (again && ret > 0) {
		again = false;
		for (i = 0; i < run->nr_configs && ret > 0; i++) {
			if (!times[i])
				continue;
			choose(run->bench, run->configs[i]);
			ret = run_trial(run, 0);
			again |= --times[i];
		}
	}
	free(times);
	return ret < 0 ? ret : 0;
}

static int run_rounds(struct run *run)
{
	unsigned int trial, i;
	int ret = 0;

	if (run->bench->warm_up)
		ret = warm_up(run);
	if (ret || signal_nr)
		return ret;
	for (trial = 1; trial <= common.trials; trial++) {
		if (!in_shard(trial))
			continue;
		shuffle(run, trial);
		for (i = 0; i < run->nr_configs; i++) {
			choose(run->bench, run->configs[i]);
			if (results_have(&run->results, trial))
				continue;
			ret = measure(run, run->configs[i], trial);
			if (ret || signal_nr)
				return ret;
		}
	}
	return 0;
}

static void find_configs(struct run *run)
{
	unsigned int nr = nr_combinations(run->bench), i, trial;

	run->configs = calloc(nr, sizeof(*run->configs));
	run->left = calloc(nr, sizeof(*run->left));
	run->measured = calloc(nr, sizeof(*run->measured));
	run->seconds = calloc(nr, sizeof(*run->seconds));
	run->row = worker_share(sizeof(*run->row));
	run->timeline = worker_share(sizeof(*run->timeline));
	if (!run->configs || !run->left || !run->measured || !run->seconds ||
	    !run->row || !run->timeline)
		abort();

	for (i = 0; i < nr; i++) {
		choose(run->bench, i);
		if (run->bench->wanted && !run->bench->wanted())
			continue;
		run->configs[run->nr_configs++] = i;
		for (trial = 1; trial <= common.trials; trial++)
			run->left[i] += in_shard(trial) &&
					!results_have(&run->results, trial);
		run->total += run->left[i];
	}
	if (!run->nr_configs) {
		fprintf(stderr, "no combination of these options makes sense; see --help\n");
		exit(BENCH_EXIT_USAGE);
	}
}

static bool want_progress(void)
{
	return common.progress == PROGRESS_AUTO ? isatty(STDERR_FILENO) :
		common.progress == PROGRESS_ALWAYS;
}

/* find_missing - what a configuration lacks that is to be measured, or NULL */
static const char *find_missing(const struct bench *bench)
{
	const char *missing = require(bench->requirements);
	unsigned int i;

	for (i = 0; !missing && bench->missing && i < nr_combinations(bench); i++) {
		choose(bench, i);
		if (!bench->wanted || bench->wanted())
			missing = bench->missing();
	}
	return missing;
}

int bench_run(const struct bench *bench, char **argv, bool resume)
{
	struct sigaction sa = { .sa_handler = note_signal };
	struct run run = { .bench = bench, .progress = want_progress() };
	const char *missing = find_missing(bench);
	int ret = 0, err = 0;

	if (missing) {
		fprintf(stderr, "%s: SKIP %s\n", bench->name, missing);
		return BENCH_EXIT_SKIP;
	}
	if (common.timer_step_ns &&
	    environment_timer_step() > (long)common.timer_step_ns) {
		fprintf(stderr, "%s: SKIP the kernel's timers have steps of %ld ns, more than TIMER_STEP=%u\n",
			bench->name, environment_timer_step(),
			common.timer_step_ns);
		return BENCH_EXIT_COARSE;
	}
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
	sigaction(SIGHUP, &sa, NULL);
	/* for the sweepers of trials that are killed: see wait_for_sweeper() */
	prctl(PR_SET_CHILD_SUBREAPER, 1);

	results_open(&run.results, bench, argv, resume);
	find_configs(&run);
	if (run.total && bench->setup)
		ret = bench->setup();
	if (!ret && run.total)
		ret = run_rounds(&run);
	if (run.total && bench->teardown)
		err = bench->teardown();
	results_close(&run.results);

	if (run.progress)
		fprintf(stderr, "\r\033[K");
	fprintf(stderr, "%s: %u of %u trials measured, %u failed: %s\n",
		bench->name, run.done, run.total, run.failed, run.results.csv);
	if (signal_nr) {
		fprintf(stderr, "interrupted; go on with --resume --results-dir=%s\n",
			run.results.dir);
		return 128 + signal_nr;
	}
	return ret || err || run.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
