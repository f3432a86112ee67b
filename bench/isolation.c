// SPDX-License-Identifier: GPL-2.0
/*
 * Three sessions replay memory traces at the same time, and do not fit.  Who
 * completes, who is killed, and how late are they?
 *
 *   memcg_bpf.isolation.<pid>	memory.max = TOTAL, memory.swap.max = 0
 *   |-- high			memory.max and memory.high, and ops: see below
 *   |-- low1
 *   `-- low2
 *
 * STRATEGY	memory.max	memory.high	ops
 * no_isolation	-		-		-
 * static	TOTAL / 3	-		-
 * high		-		as given	-
 * bpf		-		as given	while HIGH faults: below_low on HIGH,
 *						a delay on LOW1 and LOW2
 * bpf_only	-		-		the same
 * bpf_room	-		-		a delay on LOW1 and LOW2 while TOTAL has
 *						less than RESERVE left
 * high_misconfigured, bpf_misconfigured	as high and bpf, memory.high = TOTAL / 4
 *
 * What BPF contributes is the difference of bpf and high, not of bpf and
 * no_isolation: memory.high throttles, too.
 *
 * The sessions begin without memory.high and ops, and get these when all three have
 * the memory of their first sample, BASE included.  Then they go, at the same time.
 * So all that is measured is of the replay.  The process that measures, and looks at
 * them each TIMELINE milliseconds, is not below TOTAL.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench.h"
#include "cgroup.h"
#include "common_options.h"
#include "config.h"
#include "isolation.h"
#include "require.h"
#include "size.h"
#include "worker.h"
#include "replay/replay_report.h"

#define EXPERIMENTS "bench/experiments"

/*
 * What QEMU's emulation can do on time: it populates some 100000 pages a second,
 * and B3 at speed 50 asks each of three sessions for up to 300000.  A session that
 * is late for that has its peak when the others do not.
 */
#define EMULATED_SCALE	"25"
#define EMULATED_SPEED	"25"

enum limits { LIMITS_NONE, LIMITS_STATIC, LIMITS_HIGH, LIMITS_QUARTER };

static const struct strategy {
	const char *name;
	enum limits limits;
	enum isolation_ops ops;
} strategies[] = {
	{ "no_isolation", LIMITS_NONE, ISOLATION_NO_OPS },
	{ "static", LIMITS_STATIC, ISOLATION_NO_OPS },
	{ "high", LIMITS_HIGH, ISOLATION_NO_OPS },
	{ "bpf", LIMITS_HIGH, ISOLATION_TRIGGER },
	{ "bpf_only", LIMITS_NONE, ISOLATION_TRIGGER },
	{ "bpf_room", LIMITS_NONE, ISOLATION_ROOM },
	{ "high_misconfigured", LIMITS_QUARTER, ISOLATION_NO_OPS },
	{ "bpf_misconfigured", LIMITS_QUARTER, ISOLATION_TRIGGER },
	{}
};

enum { WORD_MAX, WORD_AUTO };

static const char * const high_words[] = {
	[WORD_MAX] = "max", [WORD_AUTO] = "auto", NULL
};

static struct {
	unsigned int strategy;	/* index in strategies */
	unsigned int over_high_ms;
	const char *experiment;
	unsigned int scale;
	unsigned int speed;
	uint64_t total;
	uint64_t base;
	const char *traces;
	const char *trace[NR_SESSIONS];
	uint64_t high_memory_high;
	uint64_t low_memory_high;
	unsigned int auto_percent;
	unsigned int threshold;
	unsigned int reserve_percent;
	unsigned int time_limit_s;
	unsigned int timeline_ms;
} opt;

/* What has no default is set by the file of the experiment. */
static struct option_desc options[] = {
	OPT_WORD("STRATEGY", &opt.strategy, strategies, NULL,
		 "what keeps the sessions apart", .list = true),
	OPT_OVER_HIGH_MS(&opt.over_high_ms, 0, NULL,
			 "delay that the ops of LOW1 and LOW2 ask for", .list = true),
	OPT_PATH("EXPERIMENT", &opt.experiment, "B3",
		 "file that sets what is not set otherwise, or NAME for " EXPERIMENTS "/NAME.conf"),
	OPT_UINT("SCALE", &opt.scale, 1, 100, NULL,
		 "part of all memory: traces, BASE, TOTAL and memory.high alike",
		 .unit = "%",
		 .by_default = "100, or " EMULATED_SCALE " if the processor is emulated"),
	OPT_UINT("SPEED", &opt.speed, 1, 100000, NULL,
		 "how much faster than the traces",
		 .by_default = "as in the experiment, but at most " EMULATED_SPEED " if the processor is emulated"),
	OPT_AMOUNT("TOTAL", &opt.total, 1 << 20, SIZE_MAX_BYTES, NULL, "memory.max of the parent"),
	OPT_AMOUNT("BASE", &opt.base, 0, SIZE_MAX_BYTES, NULL,
		   "memory of each session on top of its trace"),
	OPT_PATH("TRACES", &opt.traces, "traces", "folder of the traces"),
	OPT_PATH("HIGH_TRACE", &opt.trace[HIGH], NULL,
		 "trace of HIGH: a file, or NAME for TRACES/NAME.csv"),
	OPT_PATH("LOW1_TRACE", &opt.trace[LOW1], NULL, "trace of LOW1"),
	OPT_PATH("LOW2_TRACE", &opt.trace[LOW2], NULL, "trace of LOW2"),
	OPT_AMOUNT("HIGH_MEMORY_HIGH", &opt.high_memory_high, 1 << 20, SIZE_MAX_BYTES, NULL,
		   "memory.high of HIGH; auto: AUTO_PERCENT of its peak, which is measured first",
		   OPT_WORDS(high_words)),
	OPT_AMOUNT("LOW_MEMORY_HIGH", &opt.low_memory_high, 1 << 20, SIZE_MAX_BYTES, NULL,
		   "memory.high of LOW1 and of LOW2, as HIGH_MEMORY_HIGH",
		   OPT_WORDS(high_words)),
	OPT_UINT("AUTO_PERCENT", &opt.auto_percent, 10, 1000, "120",
		 "memory.high for each 100 bytes of the peak, if it is auto", .unit = "%"),
	OPT_THRESHOLD(&opt.threshold, "LOW1 and LOW2 are"),
	OPT_UINT("RESERVE", &opt.reserve_percent, 1, 100, "25",
		 "part of TOTAL that bpf_room keeps free", .unit = "%"),
	OPT_UINT("TIME_LIMIT", &opt.time_limit_s, 1, 86400, "60",
		 "a session that takes longer has timed out", .unit = "s"),
	OPT_UINT("TIMELINE", &opt.timeline_ms, 0, 60000, "50",
		 "how often to sample memory.current and the counters, for isolation-timeline.csv; 0: not at all",
		 .unit = "ms"),
	OPT_END()
};

static const struct bench_column columns[] = {
	{ "outcome", NULL, "completed, oom_killed (by the kernel), or timed_out", NO_RESULT },
	{ "completed", NULL, "1 if it has reached all of its samples, else 0", RESULT_WORSE_LESS },
	{ "completion_s", "s", "from the start to the last sample, if completed",
	  RESULT_WORSE_MORE },
	{ "ran_s", "s", "from the start to the end, whatever the outcome", NO_RESULT },
	{ "ideal_s", "s", "duration of the trace / SPEED", NO_RESULT },
	{ "samples", NULL, "samples of the trace that it has reached", NO_RESULT },
	{ "late_median_s", "s", "median of how late samples were reached", NO_RESULT },
	{ "late_p99_s", "s", "99th percentile of how late samples were", NO_RESULT },
	{ "late_max_s", "s", "how late a sample was at most", RESULT_WORSE_MORE },
	{ "stall_s", "s", "it was stalled on memory (memory.pressure, some)", RESULT },
	{ "demand_bytes", "bytes", "peak of the trace and BASE", NO_RESULT },
	{ "peak_bytes", "bytes", "memory.peak", NO_RESULT },
	{ "memory_max", "bytes", "memory.max, or max", NO_RESULT },
	{ "memory_high", "bytes", "memory.high, or max", NO_RESULT },
	{ "events_low", NULL, "low of memory.events", NO_RESULT },
	{ "events_high", NULL, "high of memory.events", NO_RESULT },
	{ "events_max", NULL, "max of memory.events", NO_RESULT },
	{ "events_oom", NULL, "oom of memory.events", NO_RESULT },
	{ "events_oom_kill", NULL, "oom_kill of memory.events", NO_RESULT },
	{ "delay_calls", NULL, "how often the kernel asked for a delay", NO_RESULT },
	{ "delays", NULL, "how often BPF asked for one", NO_RESULT },
	{ "delay_ms", "ms", "sum of what BPF asked for", NO_RESULT },
	{ "below_low_calls", NULL, "how often the kernel asked whether it is protected",
	  NO_RESULT },
	{ "below_low_yes", NULL, "how often BPF said yes", NO_RESULT },
	{ "parent_events_max", NULL, "max of memory.events of the parent, local to it", NO_RESULT },
	{}
};

/* The cgroups are new: their counters have begun with the first memory. */
static const struct bench_column timeline_columns[] = {
	{ "t_s", "s", "since the sessions went", NO_RESULT },
	{ "memory_current", "bytes", "memory.current", NO_RESULT },
	{ "memory_high", "bytes", "memory.high, or max", NO_RESULT },
	{ "memory_max", "bytes", "memory.max, or max", NO_RESULT },
	{ "parent_current", "bytes",
	  "memory.current of the parent, whose memory.max is TOTAL at SCALE",
	  NO_RESULT },
	{ "stall_s", "s", "it was stalled on memory so far (memory.pressure, some)", NO_RESULT },
	{ "events_high", NULL, "high of memory.events so far", NO_RESULT },
	{ "delays", NULL, "how often BPF has asked for a delay so far", NO_RESULT },
	{}
};

static const struct bench_column role_column = {
	"role", NULL, "the session", NO_RESULT
};

static const char * const cgroup_names[] = {
	[HIGH] = "high", [LOW1] = "low1", [LOW2] = "low2",
};

/* The traces, and what was measured of each by itself for memory.high = auto. */
static struct trace loaded[NR_SESSIONS];
static int64_t *peaks;

static uint64_t scaled(uint64_t bytes)
{
	return bytes * opt.scale / 100;
}

static int read_experiment(void)
{
	const char *name = option_named(options, "EXPERIMENT")->text;
	char path[PATH_MAX];

	if (strchr(name, '/'))
		return config_read(options, name);
	snprintf(path, sizeof(path), EXPERIMENTS "/%s.conf", name);
	if (!access(path, F_OK))
		return config_read(options, path);
	fprintf(stderr, "EXPERIMENT=%s: no %s here; go to the top of the source, or name a file, as in ./%s.conf\n",
		name, path, name);
	return -ENOENT;
}

static int configure(void)
{
	struct option_desc *scale = option_named(options, "SCALE");
	struct option_desc *speed = option_named(options, "SPEED");
	bool speed_is_set = speed->text;
	int ret = read_experiment();

	if (ret)
		return ret;
	if (!speed_is_set && speed->text && bench_is_emulated() &&
	    atof(speed->text) > atof(EMULATED_SPEED)) {
		fprintf(stderr, "the processor is emulated: SPEED=" EMULATED_SPEED " instead of %s\n",
			speed->text);
		speed->text = EMULATED_SPEED;
	}
	if (!scale->text)
		scale->text = bench_is_emulated() ? EMULATED_SCALE : "100";
	return 0;
}

static int load_trace(enum role role)
{
	static const char * const option_names[] = {
		[HIGH] = "HIGH_TRACE", [LOW1] = "LOW1_TRACE", [LOW2] = "LOW2_TRACE",
	};
	const char *name = opt.trace[role];
	char path[PATH_MAX];
	size_t i;
	int ret;

	snprintf(path, sizeof(path), "%s/%s.csv", opt.traces, name);
	ret = trace_read(&loaded[role], strchr(name, '/') ? name : path);
	if (ret) {
		fprintf(stderr, "%s%s=%s: name a trace in TRACES, which is %s, or a file, as in ./%s.csv\n",
			option_named(options, option_names[role])->from ?: "",
			option_names[role], name, opt.traces, name);
		return ret;
	}
	for (i = 0; i < loaded[role].nr; i++)
		loaded[role].samples[i].bytes =
			scaled(loaded[role].samples[i].bytes);
	return 0;
}

static struct replay_options replay_options(void)
{
	return (struct replay_options) {
		.speed = opt.speed,
		.base = scaled(opt.base),
	};
}

static int validate(void)
{
	struct replay_options options = replay_options();
	uint64_t first = 0, memory;
	enum role role;
	int ret;

	for (role = HIGH; role < NR_SESSIONS; role++) {
		ret = load_trace(role);
		if (ret)
			return ret;
		first += replay_target(&loaded[role], &options, 0);
	}
	if (first >= scaled(opt.total)) {
		fprintf(stderr, "TOTAL=%" PRIu64 "B: the sessions begin with %" PRIu64 " bytes already, at SCALE=%u; set a larger one, or a smaller BASE\n",
			opt.total, first, opt.scale);
		return -EINVAL;
	}
	memory = (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
	if (scaled(opt.total) > memory / 4 * 3) {
		fprintf(stderr,
			"TOTAL=%" PRIu64 "B at SCALE=%u: more than 3/4 of this machine's %" PRIu64 " MB, which may be exhausted first; set SCALE=%" PRIu64 " or less\n",
			opt.total, opt.scale, memory / 1000000,
			memory / 4 * 3 * 100 / opt.total);
		return -EINVAL;
	}
	return 0;
}

static int create_parent(const struct testbed *tb)
{
	int ret = cg_write(tb->cgroup, "memory.max", "%" PRIu64,
			   scaled(opt.total));

	cg_disable_swap(tb->cgroup);
	return ret;
}

/* "max", or 64 bits in decimal */
static int write_limit(const struct session *s, const char *file, uint64_t bytes)
{
	char text[ISOLATION_LIMIT_TEXT];
	int ret;

	isolation_limit_text(text, sizeof(text), bytes);
	ret = cg_write(s->cgroup, file, "%s", text);
	if (ret)
		fprintf(stderr, "cannot write %s to %s of %s: %s\n", text, file,
			s->cgroup, strerror(-ret));
	return ret;
}

/* Each session alone, without limits, to see its peak. */
static int measure_peaks(void)
{
	struct replay_options options = replay_options();
	enum role role;
	struct testbed tb;
	int ret = testbed_create(&tb, "isolation"), err;

	for (role = HIGH; !ret && role < NR_SESSIONS; role++) {
		struct session s = { .trace = loaded[role] };

		if (bench_interrupted()) {
			ret = -EINTR;
			break;
		}

		ret = testbed_add_cgroup(&tb, s.cgroup, cgroup_names[role]);
		if (!ret)
			ret = sessions_start(&s, 1, &options);
		if (!ret)
			sessions_run(&s, 1, opt.time_limit_s * 1000, NULL);
		sessions_end(&s, 1);
		peaks[role] = s.result.peak;
		if (!ret && (s.result.outcome != REPLAY_COMPLETED || peaks[role] < 0)) {
			fprintf(stderr, "cannot measure the peak of %s: it has %s\n",
				isolation_role_names[role],
				replay_outcome_name(s.result.outcome));
			ret = -ECHILD;
		}
	}
	err = testbed_destroy(&tb);
	return ret ? ret : err;
}

static uint64_t memory_high_option(enum role role)
{
	return role == HIGH ? opt.high_memory_high : opt.low_memory_high;
}

static bool is_auto(enum role role)
{
	return memory_high_option(role) == OPTION_AMOUNT_WORD(WORD_AUTO);
}

static int setup(void)
{
	int status;
	pid_t pid;

	if (!is_auto(HIGH) && !is_auto(LOW1))
		return 0;
	peaks = worker_share(NR_SESSIONS * sizeof(*peaks));
	if (!peaks)
		return -errno;
	/* a testbed is of a process of its own */
	fflush(NULL);
	pid = fork();
	if (pid < 0)
		return -errno;
	if (!pid)
		_exit(measure_peaks() ? EXIT_FAILURE : EXIT_SUCCESS);
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status ? -ECHILD : 0;
}

static uint64_t memory_high(enum role role)
{
	uint64_t high = memory_high_option(role);

	if (high == OPTION_AMOUNT_WORD(WORD_MAX))
		return ISOLATION_MAX;
	if (is_auto(role))
		return peaks[role] * opt.auto_percent / 100;
	return scaled(high);
}

static void choose_limits(struct session *s, enum role role, enum limits limits)
{
	s->memory_max = ISOLATION_MAX;
	s->memory_high = ISOLATION_MAX;
	switch (limits) {
	case LIMITS_NONE:
		break;
	case LIMITS_STATIC:
		s->memory_max = scaled(opt.total) / NR_SESSIONS;
		break;
	case LIMITS_HIGH:
		s->memory_high = memory_high(role);
		break;
	case LIMITS_QUARTER:
		s->memory_high = scaled(opt.total) / 4;
		break;
	}
}

static int prepare(struct bench_trial *trial, struct session *s,
		   enum limits limits)
{
	int ret = create_parent(&trial->tb);
	enum role role;

	for (role = HIGH; !ret && role < NR_SESSIONS; role++) {
		s[role].trace = loaded[role];
		choose_limits(&s[role], role, limits);
		ret = testbed_add_cgroup(&trial->tb, s[role].cgroup,
					 cgroup_names[role]);
		if (!ret)
			ret = write_limit(&s[role], "memory.max",
					  s[role].memory_max);
	}
	return ret;
}

/* Who looks at the sessions while they run, and what there is to see. */
struct watch {
	struct bench_trial *trial;
	const struct session *s;
	const struct isolation_bpf *bpf;
};

static void watch_sample(const struct sampler *sampler, double seconds)
{
	struct watch *w = sampler->arg;
	int64_t parent = cg_read_number(w->trial->tb.cgroup, "memory.current");
	char high[ISOLATION_LIMIT_TEXT], max[ISOLATION_LIMIT_TEXT];
	enum role role;

	for (role = HIGH; role < NR_SESSIONS; role++) {
		const struct session *s = &w->s[role];

		isolation_limit_text(high, sizeof(high), s->memory_high);
		isolation_limit_text(max, sizeof(max), s->memory_max);
		bench_select_row(w->trial, role);
		bench_timeline_add(w->trial,
				   "%.6f,%" PRId64 ",%s,%s,%" PRId64 ",%.6f,%" PRId64 ",%" PRIu64,
				   seconds,
				   cg_read_number(s->cgroup, "memory.current"),
				   high, max, parent,
				   cg_memory_stall_us(s->cgroup) / 1e6,
				   cg_read_key(s->cgroup, "memory.events", "high"),
				   isolation_counts(w->bpf, w->s, role).delays);
	}
}

/* All are ready: now they get what the strategy has for them, and go. */
static int contend(struct bench_trial *trial, struct session *s,
		   struct isolation_bpf *bpf)
{
	struct watch watch = { trial, s, bpf };
	const struct sampler sampler = {
		.interval_ms = opt.timeline_ms,
		.sample = watch_sample,
		.arg = &watch,
	};
	enum role role;
	int ret;

	for (role = HIGH; role < NR_SESSIONS; role++) {
		ret = write_limit(&s[role], "memory.high", s[role].memory_high);
		if (ret)
			return ret;
	}
	ret = isolation_attach(bpf, s);
	if (ret)
		return ret;
	sessions_run(s, NR_SESSIONS, opt.time_limit_s * 1000,
		     sampler.interval_ms ? &sampler : NULL);
	return isolation_check_outcomes(s);
}

static int isolation_trial(struct bench_trial *trial)
{
	const struct strategy *how = &strategies[opt.strategy];
	struct replay_options options = replay_options();
	struct session s[NR_SESSIONS] = {};
	struct isolation_bpf bpf = {
		.ops = how->ops,
		.options = {
			.threshold = opt.threshold,
			.delay_ms = opt.over_high_ms,
		},
		.reserve = scaled(opt.total) * opt.reserve_percent / 100,
		.links = { -1, -1, -1 },
	};
	int ret = worker_be_killable();

	if (ret)
		fprintf(stderr, "cannot write /proc/self/oom_score_adj: %s\n", strerror(-ret));
	if (!ret)
		ret = prepare(trial, s, how->limits);
	if (!ret)
		ret = sessions_start(s, NR_SESSIONS, &options);
	if (!ret)
		ret = contend(trial, s, &bpf);
	if (!ret)
		isolation_report(trial, s, &bpf, &options);
	sessions_end(s, NR_SESSIONS);
	isolation_detach(&bpf);
	return ret;
}

const struct bench bench_isolation = {
	.name = "isolation",
	.help = "who survives when three sessions that replay memory traces do not fit",
	.requirements = REQUIRE_MEMCG_BPF_OPS | REQUIRE_MEMCG_EVENTS | REQUIRE_PSI,
	.options = options,
	.columns = columns,
	.row_factor = &role_column,
	.rows = isolation_role_names,
	.timeline = timeline_columns,
	.baseline = "strategy=high",
	/* 15 comparisons: with fewer than 6 no rank test can show a difference */
	.default_trials = "6",
	.configure = configure,
	.validate = validate,
	.setup = setup,
	.trial = isolation_trial,
};
