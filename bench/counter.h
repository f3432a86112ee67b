/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_COUNTER_H
#define __BENCH_COUNTER_H

#include <stdint.h>

/*
 * How long a stretch of code takes, and how many instructions of the task and of the
 * children it has waited for.  Either the processor counts them (perf events), or the
 * clock of an emulated machine does, which goes on with instructions and not
 * with time (QEMU's -icount).  That clock sees nothing of what else the machine does, so
 * its counts can be compared with those of another kernel or another day.  But it goes
 * on with those of any processor: a task's own are known on a machine with one.
 */
enum counter_source {
	COUNTER_NONE,
	COUNTER_PERF,
	COUNTER_CLOCK,
};

/* A point in time. */
struct counter_point {
	int64_t ns;		/* of CLOCK_MONOTONIC */
	double instructions;	/* of the task so far, or -1 */
};

/**
 * counter_source() - who counts instructions here
 *
 * Found by trying, once.
 *
 * Return: the source.
 */
enum counter_source counter_source(void);

/**
 * counter_describe() - the same in words
 *
 * Return: the text, in a static buffer.
 */
const char *counter_describe(void);

/**
 * counter_ns_per_instruction() - how far the clock goes on with one
 *
 * Return: nanoseconds; 0 if the source is not COUNTER_CLOCK.
 */
double counter_ns_per_instruction(void);

/**
 * counter_open() - begin to count the instructions of the calling task
 *
 * Return: a descriptor for counter_read() and close(); -1 if the source is not
 * COUNTER_PERF, which is no error.
 */
int counter_open(void);

/**
 * counter_read() - note where time and instructions are
 * @fd: what counter_open() returned
 *
 * Return: the point; its instructions are -1 if they are not counted.
 */
struct counter_point counter_read(int fd);

#endif /* __BENCH_COUNTER_H */
