// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>

#include "clock.h"
#include "contender.h"
#include "worker.h"

int contender_start(struct contender *c, unsigned int nth_cpu,
		    int (*fn)(void *arg), void *arg)
{
	pid_t pid = worker_start(c->cgroup, nth_cpu, fn, arg);

	if (pid < 0)
		return pid;
	c->pid = pid;
	c->ended = false;
	c->status = 0;
	return 0;
}

static bool runs(const struct contender *c)
{
	return c->pid && !c->ended;
}

int64_t contenders_deadline(int timeout_ms)
{
	return timeout_ms < 0 ? INT64_MAX : clock_ns() + timeout_ms * 1000000LL;
}

/* Return 1 if it still runs, 0 if not, or a negative errno. */
static int look_at(struct contender *c, int wait_ms)
{
	int ret = worker_wait_stalled(c->pid, c->cgroup, wait_ms, &c->status);

	if (ret < 0)
		return ret;
	if (!ret)
		return 1;
	c->ended = true;
	if (!c->status || c->may_fail)
		return 0;
	fprintf(stderr, "# %s ended with %s\n", c->name, worker_status(c->status));
	return -ECHILD;
}

int contenders_poll(struct contender *c, unsigned int nr, int wait_ms,
		    int64_t deadline_ns)
{
	int ret, running = 0;
	unsigned int i;

	for (i = 0; i < nr; i++) {
		if (!runs(&c[i]))
			continue;
		ret = look_at(&c[i], wait_ms);
		if (ret < 0)
			return ret;
		running += ret;
		/* The wait is one for all, so the first of them has had it. */
		wait_ms = 0;
	}
	if (running && clock_ns() >= deadline_ns)
		return -ETIMEDOUT;
	return running;
}

int contenders_finish(struct contender *c, unsigned int nr, int timeout_ms)
{
	int64_t deadline_ns = contenders_deadline(timeout_ms);
	unsigned int i;
	int ret;

	do {
		ret = contenders_poll(c, nr, STALL_FOLD_MS, deadline_ns);
	} while (ret > 0);

	if (ret != -ETIMEDOUT)
		return ret;
	for (i = 0; i < nr; i++) {
		if (runs(&c[i]))
			fprintf(stderr, "# %s does not end\n", c[i].name);
	}
	return ret;
}
