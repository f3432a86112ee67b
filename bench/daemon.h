/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_DAEMON_H
#define __BENCH_DAEMON_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * A process of user space that does what BPF could do, until it is stopped.  It is in the
 * cgroup of its parent, which must not be one that is measured.
 */
struct daemon {
	pid_t pid;
	volatile bool *ready;	/* shared with it */
};

/**
 * daemon_start() - start the process, and wait until it is ready
 * @daemon: what to fill in
 * @run: what it does: set *daemon->ready, and go on until it is killed; if it returns,
 *	that is the exit status, after a line on stderr
 * @arg: for @run
 *
 * It is killed when its parent dies.
 *
 * Return: 0, or a negative errno; -ECHILD if it has ended.
 */
int daemon_start(struct daemon *daemon, int (*run)(struct daemon *daemon, void *arg),
		 void *arg);

/**
 * daemon_stop() - kill it
 * @daemon: the daemon
 *
 * Return: its processor time in nanoseconds, or a negative errno after a line on stderr.
 */
int64_t daemon_stop(struct daemon *daemon);

/* The shortest window of pressure that the kernel takes (WINDOW_MIN_US in psi.c). */
#define DAEMON_PRESSURE_MS 500

/**
 * daemon_open_pressure() - be told of memory pressure in a cgroup
 * @cgroup: path of the cgroup
 *
 * Poll the descriptor for POLLPRI: there is an event when a task has been stalled for
 * 10 ms in a window of DAEMON_PRESSURE_MS, and no second one in that window.
 *
 * Return: the file descriptor, or a negative errno after a line on stderr.
 */
int daemon_open_pressure(const char *cgroup);

#endif /* __BENCH_DAEMON_H */
