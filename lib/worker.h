/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_WORKER_H
#define __LIB_WORKER_H

#include <stddef.h>
#include <sys/types.h>

/* Far above what any step of a worker takes on an emulated machine. */
#define STEP_TIMEOUT_MS	120000

/**
 * worker_pin() - keep the calling thread to one processor
 * @nr: which: the nth allowed one, modulo their number
 *
 * Return: 0, or a negative errno.
 */
int worker_pin(unsigned int nr);

/**
 * worker_share() - make memory that the caller and its workers share
 * @size: bytes
 *
 * The workers are those that are started later.  It is zeroed.
 *
 * Return: the memory, for munmap(), or NULL with errno set.
 */
void *worker_share(size_t size);

/**
 * worker_start() - run a function in a process of its own in a cgroup
 * @cgroup: path of the cgroup
 * @nr: which processor to run on, as for worker_pin()
 * @fn: the function; what it returns is the exit status
 * @arg: its argument
 *
 * The worker keeps to one processor, because PSI weighs stall times by
 * processor and is exact only for a task that does not migrate.  It is killed
 * when its parent dies.
 *
 * Return: the process id, or a negative errno.
 */
pid_t worker_start(const char *cgroup, unsigned int nr,
		   int (*fn)(void *arg), void *arg);

/**
 * worker_wait() - wait for a worker to end
 * @pid: the worker
 * @timeout_ms: how long to wait, in milliseconds
 * @status: where to put its status, as of waitpid()
 *
 * Return: 1 if it has ended and is reaped, 0 if it still runs, or a negative
 * errno.
 */
int worker_wait(pid_t pid, int timeout_ms, int *status);

/**
 * worker_be_killable() - have the OOM killer look at the caller's memory only
 *
 * It spares nobody then, nor prefers anybody, for what the caller was started from.
 * Those that the caller starts are the same.
 *
 * Return: 0, or a negative errno.
 */
int worker_be_killable(void);

/**
 * worker_run() - worker_start(), and wait until it is done
 * @cgroup: path of the cgroup
 * @fn: the function
 * @arg: its argument
 * @timeout_ms: after so many milliseconds it is killed
 *
 * Return: its status as of waitpid(), or a negative errno; -ETIMEDOUT.
 */
int worker_run(const char *cgroup, int (*fn)(void *arg), void *arg,
	       int timeout_ms);

/* how often that reads memory.pressure: far less than 2^32 ns */
#define STALL_FOLD_MS	250

/**
 * worker_wait_stalled() - worker_wait() for a worker whose stall is measured
 * @pid: the worker
 * @cgroup: path of its cgroup
 * @timeout_ms: how long to wait, in milliseconds
 * @status: where to put its status, as of waitpid()
 *
 * The kernel counts the stall on each processor in 32 bits of nanoseconds, and
 * folds that into memory.pressure every two seconds, from a work item, or when
 * the file is read.  On a busy machine the work may come too late, and then the
 * total has lost 4.3 s.  So it is read here again and again.
 *
 * Return: as worker_wait().
 */
int worker_wait_stalled(pid_t pid, const char *cgroup, int timeout_ms,
			int *status);

/**
 * worker_status() - say how a worker ended
 * @status: as of waitpid()
 *
 * Return: a text such as "exit status 0", in a static buffer.
 */
const char *worker_status(int status);

#endif /* __LIB_WORKER_H */
