// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <gsl/gsl_histogram.h>
#include <gsl/gsl_sort.h>
#include <gsl/gsl_statistics.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "replay.h"
#include "replay_line.h"
#include "replay_memory.h"
#include "size.h"

#define NSEC 1000000000LL

/* Latencies of growth: from 1 us to 17 min, in bins that are 1 % wide. */
#define BINS		2084
#define BIN_MIN		1e-6
#define BIN_RATIO	1.01

/*
 * What the process tells, in memory that both see: so it is there when the process
 * has been killed.  The caller has touched it all, so it is charged to the caller.
 */
struct shared {
	volatile size_t samples;	/* reached; they have an entry below */
	volatile uint64_t bytes;
	int64_t start_ns;		/* set before it goes */
	int64_t end_ns;
	bool completed;
	const char *failed;
	int error;
	uint64_t pages_grown;
	uint64_t pages_freed;
	int64_t grow_ns;
	double grow_max;
	double range[BINS + 1];
	double bin[BINS];
	double per_sample[];		/* lateness of each, then tracking error */
};

struct events {
	int64_t low, high, max, oom, oom_kill;
};

struct replay {
	const struct trace *trace;
	struct replay_options options;
	struct shared *shared;
	size_t shared_size;
	double *late;		/* of each sample, in seconds; in @shared */
	double *tracking;	/* of each sample, in bytes, or NaN; in @shared */
	pid_t pid;
	int pidfd;
	int ready;		/* eventfd: the process is */
	int go;			/* eventfd: it may */
	int64_t oom_kills;	/* of the cgroup, before */
	int64_t current;	/* memory.current, before */
	struct events events;	/* when it went */
	int64_t stall_us;
};

static void sleep_until(int64_t ns)
{
	struct timespec t = { ns / NSEC, ns % NSEC };

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static uint64_t round_up(uint64_t bytes)
{
	uint64_t page = sysconf(_SC_PAGESIZE);

	return (bytes + page - 1) / page * page;
}

uint64_t replay_target(const struct trace *trace,
		       const struct replay_options *options, size_t sample)
{
	return round_up(options->base + trace->samples[sample].bytes);
}

uint64_t replay_reserve(const struct trace *trace,
			const struct replay_options *options)
{
	return round_up(options->base + trace_summarize(trace).peak) ?: round_up(1);
}

/* What follows, up to follow(), runs in the process. */

struct follower {
	struct replay *r;
	struct replay_memory mem;
	int current;		/* descriptor of memory.current, or -1 */
	gsl_histogram latencies;
	uint64_t mib_bytes;	/* of the MiB that is being measured */
	int64_t mib_ns;
};

static void __attribute__((noreturn))
fail(const struct replay *r, const char *what, int error)
{
	r->shared->failed = what;
	r->shared->error = error;
	_exit(EXIT_FAILURE);
}

/* A MiB is grown in a few steps; its latency is the sum of theirs. */
static void count_growth(struct follower *f, uint64_t bytes, int64_t ns)
{
	struct shared *shared = f->r->shared;
	double seconds;

	shared->pages_grown += bytes / f->mem.page;
	shared->grow_ns += ns;
	f->mib_bytes += bytes;
	f->mib_ns += ns;
	if (f->mib_bytes < MiB)
		return;

	seconds = (double)f->mib_ns / NSEC * MiB / f->mib_bytes;
	gsl_histogram_increment(&f->latencies,
				fmin(fmax(seconds, shared->range[0]),
				     shared->range[BINS] * 0.999));
	if (seconds > shared->grow_max)
		shared->grow_max = seconds;
	f->mib_bytes = 0;
	f->mib_ns = 0;
}

static void resize(struct follower *f, uint64_t want)
{
	struct replay *r = f->r;
	uint64_t size = f->mem.size;
	int64_t before = clock_ns();
	int ret;

	if (want > size) {
		want = want - size > REPLAY_BURST ? size + REPLAY_BURST : want;
		ret = replay_memory_grow(&f->mem, want - size);
		if (ret)
			fail(r, r->options.file ? "write to the file" :
			     "populate memory", -ret);
		count_growth(f, want - size, clock_ns() - before);
	} else {
		ret = replay_memory_shrink(&f->mem, size - want);
		if (ret)
			fail(r, r->options.file ? "punch a hole into the file" :
			     "give memory back", -ret);
		r->shared->pages_freed += (size - want) / f->mem.page;
	}
	r->shared->bytes = want;
}

static void follow_line(struct follower *f, const struct replay_line *line)
{
	int64_t ns = clock_ns();

	while (ns < line->to_ns || f->mem.size != line->to) {
		uint64_t want = round_up(replay_line_at(line, ns));

		/* it grows ahead of the line, and shrinks behind it */
		if (line->to > line->from)
			want = line->to - want > REPLAY_STEP ?
				want + REPLAY_STEP : line->to;

		if (f->mem.size == line->to)
			sleep_until(line->to_ns);
		else if (want != line->to &&
			 llabs((int64_t)(want - f->mem.size)) < (int64_t)REPLAY_STEP)
			sleep_until(replay_line_step_ns(line, ns, REPLAY_STEP));
		else
			resize(f, want);
		ns = clock_ns();
	}
}

static double read_tracking(struct follower *f)
{
	char text[32] = "";

	if (pread(f->current, text, sizeof(text) - 1, 0) <= 0)
		return NAN;
	return strtod(text, NULL) - f->r->current - f->mem.size;
}

static void follow(struct follower *f)
{
	struct replay *r = f->r;
	struct shared *shared = r->shared;
	const struct trace_sample *s = r->trace->samples;
	struct replay_line line = {
		.to_ns = shared->start_ns,
		.to = replay_target(r->trace, &r->options, 0),
	};
	size_t i;

	for (i = 0; i < r->trace->nr; i++) {
		line.from = line.to;
		line.from_ns = line.to_ns;
		line.to = replay_target(r->trace, &r->options, i);
		line.to_ns = shared->start_ns +
			llround(s[i].seconds / r->options.speed * NSEC);
		follow_line(f, &line);

		shared->end_ns = clock_ns();
		r->late[i] = (double)(shared->end_ns - line.to_ns) / NSEC;
		r->tracking[i] = f->current < 0 ? NAN : read_tracking(f);
		shared->samples = i + 1;
	}
	shared->completed = true;
}

static int open_current(const struct replay *r)
{
	char path[PATH_MAX];

	if (!r->options.cgroup)
		return -1;
	snprintf(path, sizeof(path), "%s/memory.current", r->options.cgroup);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void enter_cgroup(const struct replay *r)
{
	int ret;

	if (!r->options.cgroup)
		return;
	ret = cg_write(r->options.cgroup, "cgroup.procs", "0");
	if (ret)
		fail(r, "enter the cgroup", -ret);
}

static void __attribute__((noreturn))
run_process(struct replay *r, pid_t parent)
{
	struct follower f = {
		.r = r,
		.latencies = {
			.n = BINS,
			.range = r->shared->range,
			.bin = r->shared->bin,
		},
	};
	uint64_t go = 1, first = replay_target(r->trace, &r->options, 0);
	sigset_t all;
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(EXIT_FAILURE);

	/* A signal to the process group is for the caller, who then kills us. */
	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	/* or a sleep may be 50 us too long */
	prctl(PR_SET_TIMERSLACK, 1);

	f.current = open_current(r);
	enter_cgroup(r);
	ret = replay_memory_open(&f.mem, replay_reserve(r->trace, &r->options),
				 r->options.file);
	if (ret)
		fail(r, r->options.file ? "create and map the file" :
		     "reserve address space", -ret);
	while (f.mem.size < first)
		resize(&f, first);

	/* the preparation does not count */
	r->shared->pages_grown = 0;
	r->shared->grow_ns = 0;
	r->shared->grow_max = 0;
	f.mib_bytes = 0;
	f.mib_ns = 0;
	gsl_histogram_reset(&f.latencies);

	if (write(r->ready, &go, sizeof(go)) != sizeof(go) ||
	    read(r->go, &go, sizeof(go)) != sizeof(go))
		fail(r, "wait for the start", errno);
	follow(&f);
	_exit(EXIT_SUCCESS);
}

/* What follows runs in the caller. */

static int create_shared(struct replay *r)
{
	struct shared *shared;
	size_t i;

	r->shared_size = sizeof(*shared) + 2 * r->trace->nr * sizeof(double);
	shared = mmap(NULL, r->shared_size, PROT_READ | PROT_WRITE,
		      MAP_SHARED | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (shared == MAP_FAILED)
		return -errno;
	r->shared = shared;
	r->late = shared->per_sample;
	r->tracking = shared->per_sample + r->trace->nr;

	shared->range[0] = BIN_MIN;
	for (i = 1; i <= BINS; i++)
		shared->range[i] = shared->range[i - 1] * BIN_RATIO;
	return 0;
}

static struct events read_events(const char *cgroup)
{
	return (struct events){
		.low = cg_read_key(cgroup, "memory.events", "low"),
		.high = cg_read_key(cgroup, "memory.events", "high"),
		.max = cg_read_key(cgroup, "memory.events", "max"),
		.oom = cg_read_key(cgroup, "memory.events", "oom"),
		.oom_kill = cg_read_key(cgroup, "memory.events", "oom_kill"),
	};
}

/* Is it a cgroup with a memory controller, and may we enter it? */
static int check_cgroup(struct replay *r)
{
	const char *cgroup = r->options.cgroup;
	char path[PATH_MAX];

	if (!cgroup)
		return 0;
	snprintf(path, sizeof(path), "%s/cgroup.procs", cgroup);
	if (access(path, W_OK)) {
		fprintf(stderr, "%s: cannot enter this cgroup: %s; name the directory of a cgroup v2 that you may write to\n",
			cgroup, strerror(errno));
		return -EINVAL;
	}
	r->current = cg_read_number(cgroup, "memory.current");
	r->oom_kills = read_events(cgroup).oom_kill;
	if (r->current < 0 || r->oom_kills < 0) {
		fprintf(stderr, "%s: the memory controller is off in this cgroup; write +memory to cgroup.subtree_control of its parent\n",
			cgroup);
		return -EINVAL;
	}
	return 0;
}

static void replay_free(struct replay *r)
{
	if (r->pidfd >= 0)
		close(r->pidfd);
	if (r->ready >= 0)
		close(r->ready);
	if (r->go >= 0)
		close(r->go);
	if (r->shared)
		munmap(r->shared, r->shared_size);
	free(r);
}

static void kill_and_reap(const struct replay *r, int *status,
			  struct rusage *usage)
{
	kill(r->pid, SIGKILL);
	while (wait4(r->pid, status, 0, usage) < 0 && errno == EINTR)
		;
}

struct replay *replay_start(const struct trace *trace,
			    const struct replay_options *options)
{
	struct replay *r = calloc(1, sizeof(*r));
	pid_t parent = getpid();
	struct rusage usage;
	int status;

	if (!r)
		goto err;
	r->trace = trace;
	r->options = *options;
	r->pidfd = -1;
	r->ready = -1;
	r->go = -1;

	if (check_cgroup(r)) {
		replay_free(r);
		return NULL;
	}
	errno = -create_shared(r);
	if (!r->shared)
		goto err;
	r->ready = eventfd(0, EFD_CLOEXEC);
	r->go = eventfd(0, EFD_CLOEXEC);
	if (r->ready < 0 || r->go < 0)
		goto err;

	r->pid = fork();
	if (r->pid < 0)
		goto err;
	if (!r->pid)
		run_process(r, parent);

	r->pidfd = syscall(SYS_pidfd_open, r->pid, 0);
	if (r->pidfd >= 0)
		return r;
	kill_and_reap(r, &status, &usage);
err:
	fprintf(stderr, "cannot start a replay: %s\n", strerror(errno));
	if (r)
		replay_free(r);
	return NULL;
}

int replay_ready_fd(const struct replay *r)
{
	return r->ready;
}

void replay_go(struct replay *r)
{
	if (r->options.cgroup) {
		r->events = read_events(r->options.cgroup);
		r->stall_us = cg_memory_stall_us(r->options.cgroup);
	}
	r->shared->start_ns = clock_ns();
	/* Without it the process waits until it is killed.  An eventfd accepts a 1. */
	if (eventfd_write(r->go, 1))
		fprintf(stderr, "cannot let the replay begin: %s\n", strerror(errno));
}

int replay_fd(const struct replay *r)
{
	return r->pidfd;
}

void replay_position(const struct replay *r, size_t *samples, uint64_t *bytes)
{
	*samples = r->shared->samples;
	*bytes = r->shared->bytes;
}

static enum replay_outcome outcome_of(const struct replay *r, int status,
				      bool killed, enum replay_outcome why,
				      const struct replay_result *result)
{
	if (r->shared->completed)
		return REPLAY_COMPLETED;
	if (!WIFSIGNALED(status))
		return REPLAY_FAILED;
	if (result->events_oom_kill > 0)
		return REPLAY_OOM_KILLED;
	return killed ? why : REPLAY_KILLED;
}

/* What has been added to a counter, or the errno with which it was read. */
static int64_t added(int64_t after, int64_t before)
{
	return after < 0 ? after : before < 0 ? before : after - before;
}

static void read_cgroup(const struct replay *r, struct replay_result *result)
{
	const char *cgroup = r->options.cgroup;
	struct events after;

	result->peak = -ENOENT;
	result->stall_us = -ENOENT;
	result->events_low = -ENOENT;
	result->events_high = -ENOENT;
	result->events_max = -ENOENT;
	result->events_oom = -ENOENT;
	result->events_oom_kill = -ENOENT;
	if (!cgroup)
		return;

	after = read_events(cgroup);
	result->peak = cg_read_number(cgroup, "memory.peak");
	result->events_oom_kill = added(after.oom_kill, r->oom_kills);
	if (!r->shared->start_ns)
		return;
	result->stall_us = added(cg_memory_stall_us(cgroup), r->stall_us);
	result->events_low = added(after.low, r->events.low);
	result->events_high = added(after.high, r->events.high);
	result->events_max = added(after.max, r->events.max);
	result->events_oom = added(after.oom, r->events.oom);
}

static void sort_absolute(double *values, size_t n)
{
	for (size_t i = 0; i < n; i++)
		values[i] = fabs(values[i]);
	gsl_sort(values, 1, n);
}

static double quantile(const double *sorted, size_t n, double q)
{
	/* of what was not recorded, NaN or nothing */
	if (!n || isnan(sorted[0]) || isnan(sorted[n - 1]))
		return -1;
	return gsl_stats_quantile_from_sorted_data(sorted, 1, n, q);
}

static void summarize_samples(const struct replay *r,
			      struct replay_result *result)
{
	size_t n = r->shared->samples;

	result->samples = n;
	result->trace_seconds = n ? r->trace->samples[n - 1].seconds : 0;

	sort_absolute(r->late, n);
	result->late_median = quantile(r->late, n, 0.5);
	result->late_p99 = quantile(r->late, n, 0.99);
	result->late_max = quantile(r->late, n, 1);

	sort_absolute(r->tracking, n);
	result->tracking_median = quantile(r->tracking, n, 0.5);
	result->tracking_p99 = quantile(r->tracking, n, 0.99);
	result->tracking_max = quantile(r->tracking, n, 1);
}

static void summarize_growth(const struct replay *r,
			     struct replay_result *result)
{
	struct shared *shared = r->shared;
	gsl_histogram latencies = {
		.n = BINS, .range = shared->range, .bin = shared->bin,
	};
	gsl_histogram_pdf *pdf;

	result->pages_grown = shared->pages_grown;
	result->pages_freed = shared->pages_freed;
	result->grow_seconds = (double)shared->grow_ns / NSEC;

	result->grow_p50 = -1;
	result->grow_p95 = -1;
	result->grow_p99 = -1;
	result->grow_max = -1;
	if (gsl_histogram_sum(&latencies) < 1)
		return;
	result->grow_max = shared->grow_max;
	pdf = gsl_histogram_pdf_alloc(BINS);
	if (!pdf)
		return;
	gsl_histogram_pdf_init(pdf, &latencies);
	/* the sampling function of the pdf is the inverse of its sum */
	result->grow_p50 = fmin(gsl_histogram_pdf_sample(pdf, 0.5), shared->grow_max);
	result->grow_p95 = fmin(gsl_histogram_pdf_sample(pdf, 0.95), shared->grow_max);
	result->grow_p99 = fmin(gsl_histogram_pdf_sample(pdf, 0.99), shared->grow_max);
	gsl_histogram_pdf_free(pdf);
}

static double seconds_of(struct timeval t)
{
	return t.tv_sec + t.tv_usec / 1e6;
}

void replay_end(struct replay *r, enum replay_outcome why,
		struct replay_result *result)
{
	struct pollfd ended = { .fd = r->pidfd, .events = POLLIN };
	struct shared *shared = r->shared;
	struct rusage usage = {};
	bool killed = poll(&ended, 1, 0) <= 0;
	int status = 0;

	memset(result, 0, sizeof(*result));
	kill_and_reap(r, &status, &usage);
	if (!shared->completed)
		shared->end_ns = clock_ns();

	read_cgroup(r, result);
	result->outcome = outcome_of(r, status, killed, why, result);
	result->failed = shared->failed;
	result->error = shared->error;
	result->bytes = shared->bytes;
	result->seconds = shared->start_ns ?
		(double)(shared->end_ns - shared->start_ns) / NSEC : 0;
	result->ideal_seconds = trace_summarize(r->trace).seconds /
		r->options.speed;
	result->cpu_seconds = seconds_of(usage.ru_utime) +
		seconds_of(usage.ru_stime);
	result->rss_peak = (int64_t)usage.ru_maxrss << 10;
	summarize_samples(r, result);
	summarize_growth(r, result);
	replay_free(r);
}
