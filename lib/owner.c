// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "owner.h"
#include "probe.h"
#include "size.h"
#include "worker.h"
#include "workload.h"

#define NSEC_PER_USEC	1000L

/*
 * The kernel walks the tree some 400 times, in 16 tries, before it gives up because there is
 * nothing to reclaim.  One try asks all ops.  A pending signal ends reclaim after the try in
 * which it arrives.  RECLAIM_US is the time until the signal, which is doubled if it has
 * arrived before any ops were asked.
 */
#define RECLAIM_US	200
#define RECLAIM_MAX_US	200000

/* The second batch that a task touches on a processor needs a charge: see probe.h. */
#define CHARGE_BATCHES	2
#define CHARGE_TRIES	3

/* How often the probes had been asked, when count() was called. */
struct asked {
	const struct owner_search *search;
	int nr;			/* cgroups */
	const uint64_t *ids;
	uint64_t *of;		/* calls about each of these cgroups, by probe */
	uint64_t *total;	/* calls about all cgroups, by probe */
};

/* The calls that the search causes: those of protection or of the delay callback. */
static uint64_t calls_of_search(const struct owner_search *search,
				const uint64_t calls[PROBE_NR_CALLBACKS])
{
	return search->reclaim ? calls[PROBE_BELOW_LOW] + calls[PROBE_BELOW_MIN] :
				 calls[PROBE_DELAY];
}

static uint64_t total(const struct owner_search *search, struct probe *probe)
{
	uint64_t calls[PROBE_NR_CALLBACKS];
	int i;

	for (i = 0; i < PROBE_NR_CALLBACKS; i++)
		calls[i] = probe_total(probe, i);
	return calls_of_search(search, calls);
}

static uint64_t asked_for(const struct owner_search *search, struct probe *probe,
			  uint64_t id)
{
	struct probe_stats stats = probe_stats(probe, id);
	uint64_t calls[PROBE_NR_CALLBACKS];
	int i;

	for (i = 0; i < PROBE_NR_CALLBACKS; i++)
		calls[i] = stats.calls[i];
	return calls_of_search(search, calls);
}

static void asked_free(struct asked *asked)
{
	free(asked->of);
	free(asked->total);
}

static int asked_alloc(struct asked *asked, const struct owner_search *search,
		       const uint64_t *ids, int nr)
{
	asked->search = search;
	asked->ids = ids;
	asked->nr = nr;
	asked->of = calloc((size_t)nr * search->nr, sizeof(*asked->of));
	asked->total = calloc(search->nr, sizeof(*asked->total));
	if (!asked->of || !asked->total) {
		asked_free(asked);
		return -ENOMEM;
	}
	return 0;
}

static void count(struct asked *asked)
{
	const struct owner_search *search = asked->search;
	int i, j;

	for (i = 0; i < search->nr; i++) {
		if (!search->probes[i])
			continue;
		asked->total[i] = total(search, search->probes[i]);
		for (j = 0; j < asked->nr; j++)
			asked->of[j * search->nr + i] =
				asked_for(search, search->probes[i], asked->ids[j]);
	}
}

/* Find the owners by what has been asked since.  Return how many cgroups have none. */
static int compare(const struct asked *before, int owners[], uint64_t strays[])
{
	const struct owner_search *search = before->search;
	uint64_t here, all;
	int i, j, nobodies = 0;

	for (j = 0; j < before->nr; j++)
		owners[j] = OWNER_NOBODY;
	for (i = 0; i < search->nr; i++) {
		strays[i] = 0;
		if (!search->probes[i])
			continue;
		all = total(search, search->probes[i]) - before->total[i];
		for (j = 0; all && j < before->nr; j++) {
			here = asked_for(search, search->probes[i], before->ids[j]) -
				before->of[j * search->nr + i];
			if (!here)
				continue;
			all -= here;
			owners[j] = owners[j] == OWNER_NOBODY ? i : OWNER_SEVERAL;
		}
		strays[i] = all;
	}
	for (j = 0; j < before->nr; j++)
		nobodies += owners[j] == OWNER_NOBODY;
	return nobodies;
}

static void on_signal(int signal)
{
	(void)signal;
}

/*
 * There is little to reclaim, or all is protected.  So the kernel walks all of the tree, and
 * fails with EAGAIN in the end, or with EINTR after the signal.
 *
 * @us: when to send the signal that ends it, in microseconds; 0: not at all
 */
static int reclaim(const char *cgroup, long us)
{
	struct sigaction action = { .sa_handler = on_signal };
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	struct itimerspec when = {
		.it_value.tv_nsec = us * NSEC_PER_USEC,
	};
	timer_t timer;
	int ret;

	if (sigaction(SIGUSR1, &action, NULL) ||
	    timer_create(CLOCK_MONOTONIC, &event, &timer))
		return -errno;
	timer_settime(timer, 0, &when, NULL);
	ret = cg_write(cgroup, "memory.reclaim", "%lld", SCALED(MiB));
	timer_delete(timer);
	return !ret || ret == -EAGAIN || ret == -EINTR ? 0 : ret;
}

/* Has any of the ops been asked since? */
static bool has_walked(const struct asked *before, uint64_t witness)
{
	const struct owner_search *search = before->search;
	int i;

	if (search->witness)
		return total(search, search->witness) != witness;
	for (i = 0; i < search->nr; i++) {
		if (search->probes[i] &&
		    total(search, search->probes[i]) != before->total[i])
			return true;
	}
	return false;
}

/* Reclaim until ops have been asked or, if @to_the_end, until the kernel gives up. */
static int reclaim_asks(const struct asked *before, bool to_the_end)
{
	const struct owner_search *search = before->search;
	uint64_t witness = search->witness ? total(search, search->witness) : 0;
	long us = to_the_end ? 0 : RECLAIM_US;
	int ret;

	for (;;) {
		ret = reclaim(search->reclaim, us);
		if (ret || !us || has_walked(before, witness))
			break;
		us = us < RECLAIM_MAX_US ? us * 2 : 0;
	}
	if (!ret && search->witness && !has_walked(before, witness))
		ret = -ENODATA;
	return ret;
}

static int find_by_reclaim(struct asked *before, int owners[], uint64_t strays[])
{
	int ret;

	count(before);
	ret = reclaim_asks(before, false);
	/* Only reclaim that runs to its end proves that ops were not asked. */
	if (!ret && compare(before, owners, strays)) {
		count(before);
		ret = reclaim_asks(before, true);
		if (!ret)
			compare(before, owners, strays);
	}
	if (ret)
		fprintf(stderr, "# cannot reclaim by %s/memory.reclaim: %s\n", before->search->reclaim,
			ret == -ENODATA ? "the ops of a cgroup below were not asked" :
			strerror(-ret));
	return ret;
}

struct charge_job {
	const struct owner_search *search;
	char *const *cgroups;
	const uint64_t *ids;
	int nr;
	int *owners;		/* shared with the parent */
};

/* Charge the worker's own cgroup. */
static int charge_here(struct asked *before, char *memory, size_t size,
		       int *owner, uint64_t strays[])
{
	int i;

	/* Free the pages that were charged to the cgroup before. */
	madvise(memory, size, MADV_DONTNEED);
	count(before);
	workload_touch_map(memory, size);
	compare(before, owner, strays);
	for (i = 0; i < before->search->nr; i++) {
		if (strays[i])
			*owner = OWNER_SEVERAL;
	}
	return *owner;
}

/* The kernel may charge another cgroup during a try, so there are several. */
static int charge_each(struct charge_job *job, char *memory, size_t size)
{
	uint64_t strays[job->search->nr];
	struct asked before;
	int i, tries, ret = 0;

	for (i = 0; i < job->nr && !ret; i++) {
		ret = cg_write(job->cgroups[i], "cgroup.procs", "0");
		if (ret) {
			fprintf(stderr, "# cannot enter cgroup %s: %s\n",
				job->cgroups[i], strerror(-ret));
			break;
		}
		ret = asked_alloc(&before, job->search, &job->ids[i], 1);
		for (tries = 0; !ret && tries < CHARGE_TRIES; tries++) {
			if (charge_here(&before, memory, size, &job->owners[i],
					strays) != OWNER_SEVERAL)
				break;
		}
		if (!ret)
			asked_free(&before);
	}
	return ret;
}

static int charge_job(void *arg)
{
	struct charge_job *job = arg;
	size_t size = probe_batches(CHARGE_BATCHES);
	char *memory = workload_map(size);

	return !memory || charge_each(job, memory, size) ? 1 : 0;
}

/* One worker moves from cgroup to cgroup, which is faster than to start one in each. */
static int find_by_charge(const struct owner_search *search, char *const cgroups[],
			  const uint64_t ids[], int nr, int owners[])
{
	size_t size = nr * sizeof(*owners);
	struct charge_job job = {
		.search = search,
		.cgroups = cgroups,
		.ids = ids,
		.nr = nr,
		.owners = worker_share(size),
	};
	int status;

	if (!job.owners)
		return -errno;
	status = worker_run(cgroups[0], charge_job, &job, STEP_TIMEOUT_MS);
	memcpy(owners, job.owners, size);
	munmap(job.owners, size);
	if (status < 0)
		return status;
	return status ? -ECHILD : 0;
}

int owners_find(const struct owner_search *search, char *const cgroups[], int nr,
		int owners[], uint64_t strays[])
{
	uint64_t *ids = calloc(nr ?: 1, sizeof(*ids));
	uint64_t unwanted[search->nr];
	struct asked before = {};
	int i, ret = -ENOMEM;

	if (!ids)
		goto out;
	for (i = 0; i < nr; i++)
		ids[i] = cg_id(cgroups[i]);

	if (!search->reclaim) {
		ret = find_by_charge(search, cgroups, ids, nr, owners);
		goto out;
	}
	ret = asked_alloc(&before, search, ids, nr);
	if (ret)
		goto out;
	ret = find_by_reclaim(&before, owners, strays ?: unwanted);
	asked_free(&before);
out:
	free(ids);
	return ret;
}

int owner_by_charge(struct probe *probes[], int nr, const char *cgroup)
{
	const struct owner_search search = { .probes = probes, .nr = nr };
	char *const cgroups[] = { (char *)cgroup };
	int owner, ret = owners_find(&search, cgroups, 1, &owner, NULL);

	return ret ? ret + OWNER_SEVERAL : owner;
}
