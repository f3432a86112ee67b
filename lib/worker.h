/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_WORKER_H
#define __LIB_WORKER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Far above what any step of a worker takes on an emulated machine. */
#define STEP_TIMEOUT_MS	120000

/**
 * worker_pin() - keep the calling thread to one processor
 * @nth: which of the allowed ones, modulo their number
 *
 * Return: 0, or a negative errno.
 */
int worker_pin(unsigned int nth);

/**
 * worker_share() - make memory that the caller and its workers share
 * @size: bytes
 *
 * Only workers that are started later share it.  It is zeroed.
 *
 * Return: the memory, for munmap(), or NULL with errno set.
 */
void *worker_share(size_t size);

/**
 * worker_start() - run a function in a process of its own in a cgroup
 * @cgroup: path of the cgroup, or NULL for that of the caller
 * @nth_cpu: which processor to run on, as for worker_pin()
 * @fn: the function; what it returns is the exit status
 * @arg: its argument
 *
 * The worker keeps to one processor, because PSI weighs stall times by
 * processor and is exact only for a task that does not migrate.  It is killed
 * when its parent dies.
 *
 * Return: the process id, or a negative errno.
 */
pid_t worker_start(const char *cgroup, unsigned int nth_cpu,
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
 * worker_be_killable() - reset the caller's oom_score_adj to 0
 *
 * The caller may have inherited one that makes the OOM killer spare or prefer it.  What
 * the caller starts inherits the 0.
 *
 * Return: 0, or a negative errno.
 */
int worker_be_killable(void);

/**
 * worker_run() - worker_start(), and wait until it is done
 * @cgroup: path of the cgroup
 * @fn: the function
 * @arg: its argument
 * @timeout_ms: milliseconds after which it is killed
 *
 * Return: its status as of waitpid(), or a negative errno; -ETIMEDOUT.
 */
int worker_run(const char *cgroup, int (*fn)(void *arg), void *arg,
	       int timeout_ms);

/* Interval at which worker_wait_stalled() reads memory.pressure: far less than 2^32 ns. */
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
 * the file is read.  On a busy machine the work item may run too late: the counter
 * has wrapped around, and the total has lost 4.3 s.  So this reads the file again
 * and again.
 *
 * Return: as worker_wait().
 */
int worker_wait_stalled(pid_t pid, const char *cgroup, int timeout_ms,
			int *status);

/**
 * worker_wait_for_stall() - wait until a worker is stalled on memory
 * @pid: the worker, alone in its cgroup
 * @cgroup: path of its cgroup
 * @before_us: cg_memory_stall_us() before the stall, in microseconds
 * @timeout_ms: how long to wait, in milliseconds
 * @status: where to put the worker's status, as of waitpid(), if it has ended
 *
 * The delay callback returns some time before the sleep begins; memory.pressure counts
 * the sleep itself.
 *
 * Return: 0 if it is stalled, 1 if it has ended without and is reaped, or a negative
 * errno; -ETIMEDOUT.
 */
int worker_wait_for_stall(pid_t pid, const char *cgroup, int64_t before_us,
			  int timeout_ms, int *status);

/**
 * worker_run_stalled() - worker_run() for a worker whose stall is measured
 * @cgroup: path of the cgroup
 * @fn: the function
 * @arg: its argument
 * @timeout_ms: milliseconds after which it is killed
 *
 * Return: as worker_run().
 */
int worker_run_stalled(const char *cgroup, int (*fn)(void *arg), void *arg,
		       int timeout_ms);

/**
 * worker_kill() - kill a worker with SIGKILL, and reap it
 * @pid: the worker
 *
 * Return: 0, or a negative errno; -ETIMEDOUT if it does not end in STEP_TIMEOUT_MS.
 */
int worker_kill(pid_t pid);

/**
 * worker_status() - say how a worker ended
 * @status: as of waitpid()
 *
 * Return: a text such as "exit status 0", in a static buffer.
 */
const char *worker_status(int status);

#endif /* __LIB_WORKER_H */
