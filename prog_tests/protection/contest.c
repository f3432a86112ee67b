// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "contender.h"
#include "contest.h"
#include "file_job.h"
#include "params.h"
#include "worker.h"

enum { HIGH, LOW, NR_RIVALS };

static const char * const names[NR_RIVALS] = { "HIGH", "LOW" };

struct rivals {
	struct contender who[NR_RIVALS];
	struct file_job *jobs[NR_RIVALS];
	struct probe *high_ops;	/* that of the cgroups, or NULL */
	struct probe *low_ops;	/* one of its own, or NULL */
	int low_link;
};

static int prepare(const struct pressure *p, struct rivals *r)
{
	const char *cgroups[NR_RIVALS] = { p->high, p->low };
	int i;

	for (i = 0; i < NR_RIVALS; i++) {
		r->who[i].name = names[i];
		snprintf(r->who[i].cgroup, sizeof(r->who[i].cgroup), "%s", cgroups[i]);
		/* the file is named like the cgroup, as that of pressure_file() */
		r->jobs[i] = file_job_new(&p->tb, strrchr(cgroups[i], '/') + 1,
					  params.file_size, 0);
		if (!r->jobs[i])
			return -errno;
		r->jobs[i]->anon = params.cg_limit / 2 - params.file_size / 4 * 3;
	}
	return cg_write(p->tb.cgroup, "memory.max", "%" PRIu64, params.cg_limit);
}

static int attach_ops(struct pressure *p, struct rivals *r)
{
	r->high_ops = p->probe;
	r->low_ops = probe_load();
	if (!r->low_ops)
		return -errno;

	p->link = probe_attach(r->high_ops, p->high, 0);
	if (p->link < 0)
		return p->link;
	r->low_link = probe_attach(r->low_ops, p->low, 0);
	return r->low_link < 0 ? r->low_link : 0;
}

static void detach_low(struct rivals *r)
{
	if (r->low_link >= 0)
		close(r->low_link);
	probe__destroy(r->low_ops);
}

static int answer(const struct pressure *p, const struct rivals *r,
		  struct probe_answer high, struct probe_answer low)
{
	int ret;

	if (!r->high_ops)
		return 0;
	ret = probe_answer(r->high_ops, p->high, high);
	if (ret)
		return ret;
	return probe_answer(r->low_ops, p->low, low);
}

static int start(struct rivals *r, int i)
{
	return contender_start(&r->who[i], i, file_job_run, r->jobs[i]);
}

static int wait_for_passes(struct rivals *r, int i, unsigned int passes)
{
	int ret = contenders_wait(r->who, NR_RIVALS, r->jobs[i]->passes >= passes,
				  STEP_TIMEOUT_MS);

	if (ret == -ETIMEDOUT)
		fprintf(stderr, "# %s did not read its file in time\n", names[i]);
	return ret;
}

static int wait_for_delays(struct rivals *r, uint64_t id)
{
	int ret = contenders_wait(r->who, NR_RIVALS,
				  probe_stats(r->low_ops, id).delays >= CONTEST_DELAYS,
				  STEP_TIMEOUT_MS);

	if (ret == -ETIMEDOUT)
		fprintf(stderr, "# LOW did not get its delays in time\n");
	return ret;
}

/* LOW is at work.  Start HIGH, and let both go on as contest_run() says. */
static int compete(const struct pressure *p, struct rivals *r,
		   const struct contest *c)
{
	struct probe_answer delay = { .delay_ms = params.over_high_ms };
	unsigned int passes = r->jobs[LOW]->passes;
	int ret;

	if (c->high_answer) {
		ret = answer(p, r, *c->high_answer, delay);
		if (ret)
			return ret;
	}
	ret = start(r, HIGH);
	if (ret)
		return ret;
	ret = wait_for_passes(r, HIGH, CONTEST_PASSES);
	if (ret)
		return ret;
	if (r->low_ops)
		return wait_for_delays(r, cg_id(p->low));
	return wait_for_passes(r, LOW, passes + CONTEST_PASSES);
}

/* The result is by how much the counters of both have changed while both ran. */
static int measure(const struct pressure *p, struct rivals *r, struct contest *c)
{
	struct pressure_counts high_before = pressure_counts(p->high);
	struct pressure_counts low_before = pressure_counts(p->low);
	int64_t stall_us = cg_memory_stall_us(p->low);
	unsigned int passes = r->jobs[LOW]->passes;
	int ret = compete(p, r, c);

	if (ret)
		return ret;
	c->high = pressure_since(p->high, high_before);
	c->low = pressure_since(p->low, low_before);
	c->high_passes = r->jobs[HIGH]->passes;
	c->low_passes = r->jobs[LOW]->passes - passes;
	if (r->high_ops) {
		c->high_asked = probe_stats(r->high_ops, cg_id(p->high));
		c->low_asked = probe_stats(r->low_ops, cg_id(p->low));
	}
	c->low_stall_us = cg_memory_stall_us(p->low) - stall_us;
	return 0;
}

static int stop(struct rivals *r, int i)
{
	r->jobs[i]->stop = true;
	return contenders_finish(&r->who[i], 1, STEP_TIMEOUT_MS);
}

static int run(const struct pressure *p, struct rivals *r, struct contest *c)
{
	const struct probe_answer no = {};
	int ret;

	ret = start(r, LOW);
	if (ret)
		return ret;
	ret = wait_for_passes(r, LOW, 1);
	if (ret)
		return ret;
	ret = measure(p, r, c);
	if (ret)
		return ret;
	ret = stop(r, HIGH);
	if (ret)
		return ret;
	ret = answer(p, r, no, no);
	if (ret)
		return ret;
	return stop(r, LOW);
}

int contest_run(struct pressure *p, struct contest *c)
{
	struct rivals r = { .low_link = -1 };
	int ret;

	ret = prepare(p, &r);
	if (ret)
		goto out;
	if (c->high_answer) {
		ret = attach_ops(p, &r);
		if (ret)
			goto out;
	}
	ret = run(p, &r, c);
out:
	if (ret)
		fprintf(stderr, "# HIGH and LOW cannot compete: %s\n",
			strerror(-ret));

	/* A task that still runs after a failure dies with the testbed. */
	detach_low(&r);
	return ret;
}
