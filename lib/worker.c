// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "worker.h"

int worker_pin(unsigned int nth)
{
	cpu_set_t allowed, one;
	int cpu;

	if (sched_getaffinity(0, sizeof(allowed), &allowed))
		return -errno;

	nth %= CPU_COUNT(&allowed);
	for (cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &allowed) && !nth--)
			break;
	}

	CPU_ZERO(&one);
	CPU_SET(cpu, &one);
	return sched_setaffinity(0, sizeof(one), &one) ? -errno : 0;
}

void *worker_share(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static void __attribute__((noreturn))
run_worker(pid_t parent, const char *cgroup, unsigned int nth_cpu,
	   int (*fn)(void *arg), void *arg)
{
	int ret;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* The parent may have died before that. */
	if (getppid() != parent)
		_exit(1);

	ret = worker_pin(nth_cpu);
	if (ret) {
		fprintf(stderr, "# cannot keep to a processor: %s\n", strerror(-ret));
		_exit(1);
	}
	if (cgroup)
		ret = cg_write(cgroup, "cgroup.procs", "0");
	if (ret) {
		fprintf(stderr, "# cannot enter cgroup %s: %s\n", cgroup,
			strerror(-ret));
		_exit(1);
	}
	_exit(fn(arg));
}

pid_t worker_start(const char *cgroup, unsigned int nth_cpu,
		   int (*fn)(void *arg), void *arg)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		run_worker(parent, cgroup, nth_cpu, fn, arg);
	return pid;
}

int worker_be_killable(void)
{
	FILE *file = fopen("/proc/self/oom_score_adj", "we");

	if (!file)
		return -errno;
	fputs("0", file);
	return fclose(file) ? -errno : 0;
}

int worker_wait(pid_t pid, int timeout_ms, int *status)
{
	struct pollfd fd = { .events = POLLIN };
	int ret;

	fd.fd = syscall(SYS_pidfd_open, pid, 0);
	if (fd.fd < 0)
		return -errno;

	ret = poll(&fd, 1, timeout_ms);
	if (ret < 0)
		ret = errno == EINTR ? 0 : -errno;
	close(fd.fd);

	if (ret > 0 && waitpid(pid, status, 0) != pid)
		ret = -errno;
	return ret;
}

int worker_wait_stalled(pid_t pid, const char *cgroup, int timeout_ms,
			int *status)
{
	int ret, step_ms;

	do {
		step_ms = timeout_ms < STALL_FOLD_MS ? timeout_ms : STALL_FOLD_MS;
		ret = worker_wait(pid, step_ms, status);
		/* for its side effect: see worker.h */
		cg_memory_stall_us(cgroup);
		timeout_ms -= step_ms;
	} while (!ret && timeout_ms > 0);
	return ret;
}

/*
 * Each reading of memory.pressure weighs what was counted since the one before by the
 * whole jiffies in which the cgroup was not idle: what lasted for less than a jiffy is
 * lost.  Two of the longest jiffies, at 100 Hz, always have a whole one in them.
 */
#define STALL_POLL_MS	20

int worker_wait_for_stall(pid_t pid, const char *cgroup, int64_t before_us,
			  int timeout_ms, int *status)
{
	int64_t now_us;
	int ret;

	for (; timeout_ms > 0; timeout_ms -= STALL_POLL_MS) {
		ret = worker_wait(pid, STALL_POLL_MS, status);
		if (ret)
			return ret;
		now_us = cg_memory_stall_us(cgroup);
		if (now_us != before_us)
			return now_us < 0 ? (int)now_us : 0;
	}
	return -ETIMEDOUT;
}

int worker_kill(pid_t pid)
{
	int status, ret;

	if (kill(pid, SIGKILL))
		return -errno;
	ret = worker_wait(pid, STEP_TIMEOUT_MS, &status);
	if (!ret)
		return -ETIMEDOUT;
	return ret < 0 ? ret : 0;
}

static int run(const char *cgroup, int (*fn)(void *arg), void *arg, int timeout_ms,
	       bool stalled)
{
	pid_t pid = worker_start(cgroup, 0, fn, arg);
	int ret, status;

	if (pid < 0)
		return pid;

	ret = stalled ? worker_wait_stalled(pid, cgroup, timeout_ms, &status) :
		worker_wait(pid, timeout_ms, &status);
	if (ret > 0)
		return status;
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	return ret ? ret : -ETIMEDOUT;
}

int worker_run(const char *cgroup, int (*fn)(void *arg), void *arg,
	       int timeout_ms)
{
	return run(cgroup, fn, arg, timeout_ms, false);
}

int worker_run_stalled(const char *cgroup, int (*fn)(void *arg), void *arg,
		       int timeout_ms)
{
	return run(cgroup, fn, arg, timeout_ms, true);
}

const char *worker_status(int status)
{
	static char text[64];

	if (WIFEXITED(status))
		snprintf(text, sizeof(text), "exit status %d",
			 WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		snprintf(text, sizeof(text), "killed by signal %d (%s)",
			 WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof(text), "status 0x%x", status);
	return text;
}
