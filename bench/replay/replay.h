/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_REPLAY_H
#define __BENCH_REPLAY_REPLAY_H

#include <stddef.h>
#include <stdint.h>

#include "trace.h"

/*
 * A process whose memory follows a trace.
 *
 * Between two samples memory grows, or shrinks, linearly: nobody knows what it was
 * there, and that is the slowest change that was recorded, so the replay asks for
 * no burst that was not one.  It goes in steps of REPLAY_STEP, and is at most that
 * far above the line, so that a sample's memory is there when the sample is due, at
 * its time / speed.  When the replay is late, it goes there as fast as the kernel
 * lets it, and no sample is left out.  So lateness is what the kernel, or the
 * machine, could not do.
 *
 * Several can run at once:
 *
 *	replay_start() each; poll() their replay_ready_fd(); replay_go() each;
 *	poll() their replay_fd(); replay_end() each
 */

#define REPLAY_STEP	(256ULL << 10)	/* bytes, when it is on time */
#define REPLAY_BURST	(1ULL << 20)	/* bytes, when it is late */

struct replay_options {
	double speed;		/* 100: a second of the trace takes 10 ms */
	uint64_t base;		/* bytes on top of the trace, all the time */
	const char *cgroup;	/* path of the cgroup to be in, or NULL */
	const char *file;	/* path of a file for replay_memory_open(), or NULL */
};

enum replay_outcome {
	REPLAY_COMPLETED,	/* all samples have been reached */
	REPLAY_OOM_KILLED,	/* by the kernel, as memory.events of the cgroup says */
	REPLAY_KILLED,		/* by a SIGKILL of unknown origin */
	REPLAY_TIMED_OUT,	/* by replay_end(), and so are the next */
	REPLAY_INTERRUPTED,
	REPLAY_FAILED,		/* a system call failed */
};

struct replay;

/* A number that is not available is negative. */
struct replay_result {
	enum replay_outcome outcome;
	const char *failed;	/* what, or NULL */
	int error;		/* why, an errno */

	/* how far it came */
	size_t samples;		/* reached */
	double trace_seconds;	/* time of the last of them in the trace */
	uint64_t bytes;		/* its memory at the end */

	double seconds;		/* from replay_go() to the last sample or the end */
	double ideal_seconds;	/* duration of the trace / speed */

	/* how late samples were reached, in seconds; 0 is on time */
	double late_median;
	double late_p99;
	double late_max;

	/*
	 * How far memory.current was from what it should have been, when a sample
	 * had been reached, in bytes; what the cgroup had before is not counted.
	 */
	double tracking_median;
	double tracking_p99;
	double tracking_max;

	/* how long it took to grow by a MiB, in seconds; negative if it did not */
	double grow_p50;
	double grow_p95;
	double grow_p99;
	double grow_max;

	uint64_t pages_grown;	/* after replay_go() */
	uint64_t pages_freed;
	double grow_seconds;	/* spent growing */
	double cpu_seconds;	/* user and system, of the whole process */
	int64_t rss_peak;	/* bytes, of the process */

	/* of the cgroup; all but the peak since replay_go() */
	int64_t peak;		/* memory.peak, bytes */
	int64_t stall_us;	/* memory.pressure, some */
	int64_t events_low;	/* memory.events */
	int64_t events_high;
	int64_t events_max;
	int64_t events_oom;
	int64_t events_oom_kill;	/* since replay_start() */
};

/**
 * replay_start() - start a process that gets the memory of the first sample
 * @trace: the trace, which must stay until replay_end()
 * @options: how to follow it
 *
 * The process enters the cgroup; the caller stays where it is, and survives when
 * the process is killed.  It dies with the caller.
 *
 * Return: the replay, or NULL after a line on stderr.
 */
struct replay *replay_start(const struct trace *trace,
			    const struct replay_options *options);

/**
 * replay_ready_fd() - a descriptor that is readable when it may go
 * @replay: the replay
 *
 * The process has the memory of the first sample then.  It may also end before.
 *
 * Return: the descriptor, for poll() and the like only.
 */
int replay_ready_fd(const struct replay *replay);

/**
 * replay_go() - let it follow the trace, from now on
 * @replay: the replay, ready
 */
void replay_go(struct replay *replay);

/**
 * replay_fd() - a descriptor that is readable when the process has ended
 * @replay: the replay
 *
 * Return: the descriptor, for poll() and the like only.
 */
int replay_fd(const struct replay *replay);

/**
 * replay_position() - see how far it is
 * @replay: the replay
 * @samples: where to put the number of samples reached
 * @bytes: where to put its memory
 */
void replay_position(const struct replay *replay, size_t *samples,
		     uint64_t *bytes);

/**
 * replay_end() - end it, and see what it did
 * @replay: the replay, freed here
 * @why: the outcome if it has to be killed: REPLAY_TIMED_OUT or REPLAY_INTERRUPTED
 * @result: what it did
 */
void replay_end(struct replay *replay, enum replay_outcome why,
		struct replay_result *result);

/**
 * replay_reserve() - the most memory that a replay has
 * @trace: the trace
 * @options: how to follow it
 *
 * Return: bytes, whole pages.
 */
uint64_t replay_reserve(const struct trace *trace,
			const struct replay_options *options);

/**
 * replay_target() - what memory a sample stands for
 * @trace: the trace
 * @options: how to follow it
 * @sample: number of the sample, from 0
 *
 * Return: bytes, whole pages.
 */
uint64_t replay_target(const struct trace *trace,
		       const struct replay_options *options, size_t sample);

#endif /* __BENCH_REPLAY_REPLAY_H */
