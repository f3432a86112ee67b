// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "model_tree.h"

#define NSEC_PER_USEC	1000L

/*
 * The kernel walks the tree some 400 times before it believes that there is
 * nothing to reclaim.  One of its tries, 26 walks, is enough here: a signal that is
 * pending ends it after the try in which it has come.  This is how long it takes
 * to come, which is doubled if it came before the first.
 */
#define ASK_US		200
#define ASK_MAX_US	200000

/* How often to ask again when a cgroup was not asked that should be. */
#define ASK_TRIES	3

static void on_signal(int signal)
{
	(void)signal;
}

int model_tree_prepare_asking(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	return sigaction(SIGUSR1, &action, NULL) ? -errno : 0;
}

/* How often the ops of a cgroup were asked. */
static uint64_t asked(struct probe *probe, uint64_t id)
{
	return probe_stats(probe, id).calls[PROBE_BELOW_MIN];
}

/*
 * Reclaim, so that the ops of all cgroups are asked.  There is nothing to reclaim,
 * so the kernel looks everywhere, and in the end fails.
 *
 * @us: when to send the signal that ends it, in microseconds; 0: not at all
 */
static int reclaim(const struct model_tree *tree, long us)
{
	struct sigevent event = {
		.sigev_notify = SIGEV_SIGNAL,
		.sigev_signo = SIGUSR1,
	};
	struct itimerspec when = {
		.it_value.tv_nsec = us * NSEC_PER_USEC,
	};
	timer_t timer;
	int ret;

	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		return -errno;
	timer_settime(timer, 0, &when, NULL);
	ret = cg_write(tree->tb.cgroup, "memory.reclaim", "1M");
	timer_delete(timer);
	return !ret || ret == -EAGAIN || ret == -EINTR ? 0 : ret;
}

static int ask(struct model_tree *tree, bool thorough)
{
	uint64_t before = asked(tree->bystander, tree->bystander_id);
	long us = thorough ? 0 : ASK_US;
	int ret;

	do {
		ret = reclaim(tree, us);
		if (ret)
			return model_tree_wrong(tree, "%s/memory.reclaim: %s",
						tree->tb.cgroup, strerror(-ret));
		if (asked(tree->bystander, tree->bystander_id) != before)
			return 0;
		us *= 2;
	} while (us && us <= ASK_MAX_US);
	return model_tree_wrong(tree, "the ops of the bystander are not asked in reclaim");
}

struct asked {
	uint64_t of[MODEL_CGROUPS];	/* by the owner of each */
	uint64_t total[MODEL_OPS];
};

/* Whose ops reclaim asks about a cgroup: nobody's if it is not a memcg. */
static int whose(const struct model *m, int cgroup)
{
	const struct model_cgroup *c = &m->cgroups[cgroup];

	return c->exists && c->memory ? model_owner(m, cgroup) : MODEL_NONE;
}

static void count_asked(const struct model_tree *tree, struct asked *asked_now)
{
	int i, owner;

	for (i = 0; i < MODEL_CGROUPS; i++) {
		owner = whose(&tree->model, i);
		if (owner != MODEL_NONE)
			asked_now->of[i] = asked(tree->probes[owner], tree->ids[i]);
	}
	for (i = 0; i < MODEL_OPS; i++)
		asked_now->total[i] = probe_total(tree->probes[i], PROBE_BELOW_MIN);
}

/*
 * Each cgroup's ops have been asked for it, and for nothing but such cgroups: so
 * each has the ops that the model says, and those that should have none have none.
 */
static int compare_owners(struct model_tree *tree, const struct asked *before,
			 const struct asked *after)
{
	uint64_t sum[MODEL_OPS] = {};
	int i, owner;

	for (i = 0; i < MODEL_CGROUPS; i++) {
		owner = whose(&tree->model, i);
		if (owner == MODEL_NONE)
			continue;
		if (after->of[i] == before->of[i])
			return model_tree_wrong(tree, "c%d: its ops should be %c, and those are not asked",
						i, 'A' + owner);
		sum[owner] += after->of[i] - before->of[i];
	}
	for (i = 0; i < MODEL_OPS; i++) {
		if (after->total[i] - before->total[i] != sum[i])
			return model_tree_wrong(tree, "%c is asked %" PRIu64 " times in all, and %" PRIu64 " times for the cgroups whose ops it should be",
						'A' + i, after->total[i] - before->total[i],
						sum[i]);
	}
	return 0;
}

int model_tree_check(struct model_tree *tree)
{
	struct asked before = {}, after = {};
	int try, ret = 0;

	for (try = 0; try < ASK_TRIES; try++) {
		count_asked(tree, &before);
		ret = ask(tree, try == ASK_TRIES - 1);
		if (ret)
			return ret;
		count_asked(tree, &after);
		ret = compare_owners(tree, &before, &after);
		if (!ret)
			break;
	}
	return ret;
}

void model_tree_owners(const struct model_tree *tree, char owners[MODEL_CGROUPS])
{
	uint64_t before[MODEL_OPS][MODEL_CGROUPS];
	int i, ops;

	for (i = 0; i < MODEL_CGROUPS; i++) {
		owners[i] = '-';
		for (ops = 0; ops < MODEL_OPS; ops++)
			before[ops][i] = asked(tree->probes[ops], tree->ids[i]);
	}
	reclaim(tree, 0);
	for (i = 0; i < MODEL_CGROUPS; i++) {
		for (ops = 0; ops < MODEL_OPS; ops++) {
			if (asked(tree->probes[ops], tree->ids[i]) != before[ops][i])
				owners[i] = owners[i] == '-' ? 'A' + ops : '?';
		}
	}
}
