// SPDX-License-Identifier: GPL-2.0
/*
 * replay: have a process whose memory follows a trace, and tell how that went
 */
#include <argp.h>
#include <errno.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "clock.h"
#include "replay.h"
#include "replay_limit.h"
#include "replay_report.h"
#include "size.h"
#include "trace.h"

#define EXIT_BAD_OPTION	2
#define EXIT_TIMED_OUT	124		/* as of timeout(1) */
#define EXIT_SIGNAL	128		/* plus the signal's number, as of a shell */

#define PROGRESS_MS	200

#define RAMFS_MAGIC	0x858458f6
#define TMPFS_MAGIC	0x01021994

static struct {
	struct replay_options replay;
	const char *trace;
	double timeout;		/* seconds, 0 for none */
	bool calibrate;
	bool csv;
	bool dry_run;
	bool progress;
} options = {
	.replay.speed = 1,
};

static const struct argp_option argp_options[] = {
	{ "speed", 's', "FACTOR", 0,
	  "How much faster than the trace, 0.001 to 1000000 (default: 1)", 0 },
	{ "base", 'b', "SIZE", 0,
	  "Memory on top of the trace's, all the time, with its unit, as in 100MB or 95MiB (default: 0)",
	  0 },
	{ "cgroup", 'g', "DIR", 0,
	  "Be in that cgroup; this program itself stays outside (default: where it is)", 0 },
	{ "file", 'f', "PATH", 0,
	  "Have page cache of a new file, which is never seen, on a disk (default: anonymous memory)",
	  0 },
	{ "timeout", 't', "SECONDS", 0, "Give up after that (default: 0, never)", 0 },
	{ "calibrate", 'k', NULL, 0,
	  "Measure first how fast memory grows on this machine at best", 0 },
	{ "csv", 'c', NULL, 0, "Report in CSV (default: text)", 0 },
	{ "progress", 'p', NULL, 0, "Show on stderr how far it is", 0 },
	{ "dry-run", 'n', NULL, 0, "Only check the trace and print its figures", 0 },
	{}
};

static double parse_number(struct argp_state *state, const char *option,
			   const char *arg, double min, double max)
{
	char *end;
	double number = strtod(arg, &end);

	if (end == arg || *end || !(number >= min && number <= max))
		argp_error(state, "--%s=%s: want a number from %g to %g",
			   option, arg, min, max);
	return number;
}

static uint64_t parse_base(struct argp_state *state, const char *arg)
{
	uint64_t bytes = 0;
	const char *end = size_parse(arg, false, &bytes);

	if (!strcmp(arg, "0"))
		return 0;
	if (!end || *end || bytes > SIZE_MAX_BYTES)
		argp_error(state, "--base=%s: want a size with its unit, as in 100MB or 95MiB, up to 16TiB",
			   arg);
	return bytes;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 's':
		options.replay.speed = parse_number(state, "speed", arg, 0.001, 1e6);
		return 0;
	case 'b':
		options.replay.base = parse_base(state, arg);
		return 0;
	case 'g':
		options.replay.cgroup = arg;
		return 0;
	case 'f':
		options.replay.file = arg;
		return 0;
	case 't':
		options.timeout = parse_number(state, "timeout", arg, 0, 1e6);
		return 0;
	case 'k':
		options.calibrate = true;
		return 0;
	case 'c':
		options.csv = true;
		return 0;
	case 'p':
		options.progress = true;
		return 0;
	case 'n':
		options.dry_run = true;
		return 0;
	case ARGP_KEY_ARG:
		if (options.trace)
			argp_error(state, "%s: one trace at a time", arg);
		options.trace = arg;
		return 0;
	case ARGP_KEY_END:
		if (!options.trace)
			argp_error(state, "no trace; there are some in traces/");
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp argp = {
	.options = argp_options,
	.parser = parse_option,
	.args_doc = "TRACE.csv",
	.doc = "Start a process whose memory follows a trace, and report how that went.\v"
	       "Memory grows and shrinks linearly between samples, by the page.  Lateness is when a sample's memory was reached, after its time / FACTOR; it is 0 but for what the kernel or the machine could not do.\n\n"
	       "Exit status:\n"
	       "  0    the trace was completed\n"
	       "  1    a system call failed\n"
	       "  2    an option or the trace is bad\n"
	       "  124  given up after --timeout\n"
	       "  130  interrupted by SIGINT; 129 by SIGHUP, 143 by SIGTERM\n"
	       "  137  the process was killed, by the OOM killer if the outcome is oom_killed",
};

static void print_figures(const struct trace *trace)
{
	struct trace_summary sum = trace_summarize(trace);

	printf("%s: %zu samples, %.1f s, mean %.1f MB, peak %.1f MB, peak/mean %.2f\n"
	       "at speed %g: %.3f s, grows by %.1f MB in all, up to %.0f pages/s\n",
	       options.trace, sum.samples, sum.seconds, sum.mean / 1e6,
	       sum.peak / 1e6, sum.burst_ratio, options.replay.speed,
	       sum.seconds / options.replay.speed, sum.growth / 1e6,
	       sum.steepest * options.replay.speed / sysconf(_SC_PAGESIZE));
}

/* Bytes, or UINT64_MAX if /proc does not tell. */
static uint64_t available_memory(void)
{
	FILE *file = fopen("/proc/meminfo", "re");
	unsigned long long kb = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "MemAvailable: %llu kB", &kb) == 1)
			break;
	}
	if (file)
		fclose(file);
	return kb ? kb << 10 : UINT64_MAX;
}

/* Return: false after a line on stderr, if it would do harm or not do. */
static bool check_options(const struct trace *trace)
{
	uint64_t need = replay_reserve(trace, &options.replay);
	uint64_t have = available_memory();
	char dir[PATH_MAX];
	struct statfs fs;
	char *slash;

	if (!options.replay.cgroup && need > have) {
		fprintf(stderr, "%s: needs %.1f MB, and this machine has %.1f MB to spare; use a smaller trace or --base, or --cgroup with a memory.max\n",
			options.trace, need / 1e6, have / 1e6);
		return false;
	}
	if (!options.replay.file)
		return true;

	snprintf(dir, sizeof(dir), "%s", options.replay.file);
	slash = strrchr(dir, '/');
	if (!slash)
		strcpy(dir, ".");
	else
		slash[slash == dir] = '\0';
	if (statfs(dir, &fs)) {
		fprintf(stderr, "--file=%s: %s; name a new file in a directory on a disk\n",
			options.replay.file, strerror(errno));
		return false;
	}
	if (!access(options.replay.file, F_OK)) {
		fprintf(stderr, "--file=%s: it exists; name a new file\n",
			options.replay.file);
		return false;
	}
	if (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC) {
		fprintf(stderr, "--file=%s: on tmpfs, where nothing is page cache of a disk; name a new file in a directory on a disk\n",
			options.replay.file);
		return false;
	}
	return true;
}

static void print_progress(const struct replay *replay,
			   const struct trace *trace, double seconds)
{
	size_t samples;
	uint64_t bytes;

	replay_position(replay, &samples, &bytes);
	fprintf(stderr, "\r%7.1f s: %zu of %zu samples, %.1f of %.1f s of the trace, %.1f MB ",
		seconds, samples, trace->nr,
		samples ? trace->samples[samples - 1].seconds : 0,
		trace->samples[trace->nr - 1].seconds, bytes / 1e6);
}

/* How long to poll: up to the timeout, or the next line of progress. */
static int wait_ms(double left)
{
	double ms = options.timeout ? ceil(left * 1e3) : -1;

	if (options.progress && (ms < 0 || ms > PROGRESS_MS))
		ms = PROGRESS_MS;
	return ms < 1e9 ? ms : 1e9;
}

/*
 * Let it go when it is ready, and wait until it ends, or has to.
 *
 * Return: 0, EXIT_TIMED_OUT, or EXIT_SIGNAL and a signal.
 */
static int run(struct replay *replay, const struct trace *trace, int signals)
{
	struct pollfd fds[] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = replay_fd(replay), .events = POLLIN },
		{ .fd = replay_ready_fd(replay), .events = POLLIN },
	};
	double start = clock_seconds(), left = options.timeout;
	struct signalfd_siginfo info;

	while (!options.timeout || left > 0) {
		if (poll(fds, 3, wait_ms(left)) < 0 && errno != EINTR)
			break;
		if (fds[0].revents &&
		    read(signals, &info, sizeof(info)) == sizeof(info))
			return EXIT_SIGNAL + info.ssi_signo;
		if (fds[1].revents)
			return 0;
		if (fds[2].revents) {
			fds[2].fd = -1;
			start = clock_seconds();
			replay_go(replay);
		}
		if (options.progress)
			print_progress(replay, trace, clock_seconds() - start);
		left = options.timeout - (clock_seconds() - start);
	}
	return EXIT_TIMED_OUT;
}

static int exit_status(enum replay_outcome outcome, int ended)
{
	switch (outcome) {
	case REPLAY_COMPLETED:
		return EXIT_SUCCESS;
	case REPLAY_OOM_KILLED:
	case REPLAY_KILLED:
		return EXIT_SIGNAL + SIGKILL;
	case REPLAY_TIMED_OUT:
	case REPLAY_INTERRUPTED:
		return ended;
	case REPLAY_FAILED:
		break;
	}
	return EXIT_FAILURE;
}

static int replay(const struct trace *trace, int signals)
{
	struct replay_limit limit;
	struct replay_result result;
	struct replay *replay;
	int ret;

	if (options.calibrate) {
		uint64_t bytes = replay_reserve(trace, &options.replay);
		uint64_t most = available_memory() / 2;

		ret = replay_limit_measure(bytes < most ? bytes : most, &limit);
		if (ret) {
			fprintf(stderr, "--calibrate: cannot map memory: %s\n",
				strerror(-ret));
			return EXIT_FAILURE;
		}
	}

	replay = replay_start(trace, &options.replay);
	if (!replay)
		return EXIT_BAD_OPTION;
	ret = run(replay, trace, signals);
	replay_end(replay, ret == EXIT_TIMED_OUT ? REPLAY_TIMED_OUT :
		   REPLAY_INTERRUPTED, &result);
	if (options.progress)
		fputc('\n', stderr);

	if (options.csv)
		replay_report_csv(stdout, options.trace, &options.replay,
				  &result, options.calibrate ? &limit : NULL);
	else
		replay_report(stdout, trace, options.trace, &options.replay,
			      &result, options.calibrate ? &limit : NULL);
	if (result.failed)
		fprintf(stderr, "replay: cannot %s: %s\n", result.failed,
			strerror(result.error));
	return exit_status(result.outcome, ret);
}

int main(int argc, char **argv)
{
	struct trace trace;
	sigset_t mask;
	int ret, signals;

	argp_err_exit_status = EXIT_BAD_OPTION;
	argp_parse(&argp, argc, argv, 0, NULL, NULL);
	if (trace_read(&trace, options.trace))
		return EXIT_BAD_OPTION;

	/* From here on a signal ends the replay, and then comes the report. */
	sigemptyset(&mask);
	sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigprocmask(SIG_BLOCK, &mask, NULL);
	signals = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);

	if (options.dry_run) {
		print_figures(&trace);
		ret = EXIT_SUCCESS;
	} else if (signals < 0 || !check_options(&trace)) {
		ret = EXIT_BAD_OPTION;
	} else {
		ret = replay(&trace, signals);
	}
	trace_free(&trace);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "stdout: cannot write the report: %s\n",
			strerror(errno));
		if (!ret)
			ret = EXIT_FAILURE;
	}
	return ret;
}
