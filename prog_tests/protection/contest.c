// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup.h"
#include "contest.h"
#include "params.h"
#include "worker.h"
#include "workload.h"

/* One of the two, in memory that the test and the task share. */
struct rival {
	const char *name;
	const char *cgroup;
	char file[PATH_MAX];
	pid_t pid;
	volatile bool stop;
	volatile unsigned int passes;	/* with all memory touched */
};

static int work(void *arg)
{
	uint64_t anon = params.cg_limit / 2 - params.file_size / 4 * 3;
	struct rival *r = arg;
	int ret;

	ret = workload_write_file(r->file, params.file_size);
	if (!ret)
		ret = workload_touch(anon);
	while (!ret && !r->stop) {
		ret = workload_read_file(r->file);
		r->passes++;
	}

	if (ret)
		fprintf(stderr, "# %s: %s\n", r->file, strerror(-ret));
	return ret ? 1 : 0;
}

/* Return 1 if it has ended well, 0 if it still runs, or a negative errno. */
static int ends(struct rival *r, int timeout_ms)
{
	int status, ret = worker_wait_stalled(r->pid, r->cgroup, timeout_ms,
					      &status);

	if (ret <= 0 || !status)
		return ret;
	fprintf(stderr, "# %s ended with %s\n", r->name, worker_status(status));
	return -ECHILD;
}

static int start(const struct pressure *p, struct rival *r, const char *name,
		 const char *cgroup, unsigned int nr)
{
	int ret = pressure_file(p, cgroup, r->file);

	if (ret)
		return ret;
	r->name = name;
	r->cgroup = cgroup;
	r->pid = worker_start(cgroup, nr, work, r);
	return r->pid < 0 ? r->pid : 0;
}

struct ops {
	struct probe *high;	/* that of the cgroups, or NULL */
	struct probe *low;	/* one of its own, or NULL */
	int low_link;
};

static int attach_ops(struct pressure *p, struct ops *ops)
{
	ops->high = p->probe;
	ops->low = probe_load();
	if (!ops->low)
		return -errno;

	p->link = probe_attach(ops->high, p->high, 0);
	if (p->link < 0)
		return p->link;
	ops->low_link = probe_attach(ops->low, p->low, 0);
	return ops->low_link < 0 ? ops->low_link : 0;
}

static void detach_low(struct ops *ops)
{
	if (ops->low_link >= 0)
		close(ops->low_link);
	probe__destroy(ops->low);
}

static int answer(const struct pressure *p, const struct ops *ops,
		  struct probe_answer high, struct probe_answer low)
{
	int ret;

	if (!ops->high)
		return 0;
	ret = probe_answer(ops->high, p->high, high);
	if (!ret)
		ret = probe_answer(ops->low, p->low, low);
	return ret;
}

/* Wait until @r has read its file @passes times or, with @ops, was delayed. */
static int wait_for(struct rival *r, unsigned int passes, struct probe *ops,
		    uint64_t id)
{
	int ms, ret;

	for (ms = 0; ms < STEP_TIMEOUT_MS; ms += 10) {
		if (ops ? probe_stats(ops, id).delays >= CONTEST_DELAYS :
		    r->passes >= passes)
			return 0;
		ret = ends(r, 10);
		if (ret < 0)
			return ret;
	}
	fprintf(stderr, "# %s did not %s in time\n", r->name,
		ops ? "get its delays" : "read its file");
	return -ETIMEDOUT;
}

/* LOW is at work.  HIGH comes, and counters run until both have had enough. */
static int compete(const struct pressure *p, const struct ops *ops,
		   struct contest *c, struct rival *high, struct rival *low)
{
	struct pressure_counts high_before = pressure_counts(p->high);
	struct pressure_counts low_before = pressure_counts(p->low);
	struct probe_answer delay = { .delay_ms = params.over_high_ms };
	int64_t stall_us = cg_memory_stall_us(p->low);
	unsigned int passes = low->passes;
	int ret = 0;

	if (ops->high)
		ret = answer(p, ops, *c->high_answer, delay);
	if (!ret)
		ret = start(p, high, "HIGH", p->high, 0);
	if (!ret)
		ret = wait_for(high, CONTEST_PASSES, NULL, 0);
	if (!ret)
		ret = wait_for(low, passes + CONTEST_PASSES, ops->low,
			       cg_id(p->low));

	c->high = pressure_since(p->high, high_before);
	c->low = pressure_since(p->low, low_before);
	c->high_passes = high->passes;
	c->low_passes = low->passes - passes;
	if (ops->high) {
		c->high_asked = probe_stats(ops->high, cg_id(p->high));
		c->low_asked = probe_stats(ops->low, cg_id(p->low));
	}
	c->low_stall_us = cg_memory_stall_us(p->low) - stall_us;
	return ret;
}

static int stop(struct rival *r)
{
	int ret;

	r->stop = true;
	ret = ends(r, STEP_TIMEOUT_MS);
	if (!ret)
		fprintf(stderr, "# %s does not end\n", r->name);
	return ret < 0 ? ret : ret ? 0 : -ETIMEDOUT;
}

static int run(const struct pressure *p, const struct ops *ops,
	       struct contest *c, struct rival *high, struct rival *low)
{
	const struct probe_answer no = {};
	int ret;

	ret = start(p, low, "LOW", p->low, 1);
	if (!ret)
		ret = wait_for(low, 1, NULL, 0);
	if (!ret)
		ret = compete(p, ops, c, high, low);
	if (!ret)
		ret = stop(high);
	if (!ret)
		ret = answer(p, ops, no, no);
	if (!ret)
		ret = stop(low);
	return ret;
}

int contest_run(struct pressure *p, struct contest *c)
{
	struct ops ops = { .low_link = -1 };
	struct rival *rivals;
	int ret;

	rivals = worker_share(2 * sizeof(*rivals));
	if (!rivals)
		return -errno;

	ret = cg_write(p->tb.cgroup, "memory.max", "%" PRIu64, params.cg_limit);
	if (!ret && c->high_answer)
		ret = attach_ops(p, &ops);
	if (!ret)
		ret = run(p, &ops, c, &rivals[0], &rivals[1]);
	if (ret)
		fprintf(stderr, "# HIGH and LOW cannot compete: %s\n",
			strerror(-ret));

	/* A task that still runs after a failure dies with the testbed. */
	detach_low(&ops);
	munmap(rivals, 2 * sizeof(*rivals));
	return ret;
}
