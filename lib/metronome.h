/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_METRONOME_H
#define __LIB_METRONOME_H

#include <stdint.h>
#include <sys/types.h>

struct metronome_count;

/* A process that sleeps again and again, and measures how long each sleep was. */
struct metronome {
	pid_t pid;			/* 0: it does not run */
	struct metronome_count *count;	/* shared with it */
};

/**
 * metronome_start() - begin to measure how late sleepers wake up on this machine
 * @m: the metronome
 * @nth_cpu: the processor it keeps to, as for worker_pin(): that of the task whose
 *	delays are measured
 * @ms: how long it sleeps each time, in milliseconds: as long as that task
 *
 * It is the control of a task that BPF delays: BPF asks for as long a sleep as that, and
 * how much longer the task is stalled, though the kernel is sound, is up to the machine.
 * It stays in the cgroup of the caller, and is killed when that dies.
 *
 * Return: 0, or a negative errno.
 */
int metronome_start(struct metronome *m, unsigned int nth_cpu, unsigned int ms);

/**
 * metronome_stretched() - how long a sum of sleeps takes on this machine
 * @m: a metronome that runs, or that metronome_stop() has stopped
 * @sum_us: what was asked for, in microseconds
 *
 * Return: @sum_us times what the metronome slept, by what it asked for; @sum_us if it has
 * not woken up yet.
 */
int64_t metronome_stretched(const struct metronome *m, int64_t sum_us);

/**
 * metronome_stop() - end the measurement
 * @m: a metronome, which may not have been started
 */
void metronome_stop(struct metronome *m);

#endif /* __LIB_METRONOME_H */
