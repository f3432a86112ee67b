// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "model_tree_compare.h"
#include "owner.h"

/* Record what the kernel did wrong. */
static int __attribute__((format(printf, 3, 4)))
wrong(struct model_tree *tree, struct mismatch mismatch, const char *fmt, ...)
{
	va_list args;

	mismatch.what = tree->steps ? model_tree_past(tree, tree->steps - 1)->step.what : 0;
	tree->mismatch = mismatch;
	va_start(args, fmt);
	vsnprintf(tree->why, sizeof(tree->why), fmt, args);
	va_end(args);
	return -1;
}

static struct mismatch mismatch_of(enum mismatch_kind kind, int ops, int cgroup)
{
	return (struct mismatch) {
		.kind = kind,
		.cgroup = cgroup,
		.ops = ops >= 0 ? 1U << ops : 0,
	};
}

static struct mismatch mismatch_of_calls(enum mismatch_kind kind, int ops, int cgroup,
					 uint64_t got, uint64_t want)
{
	struct mismatch mismatch = mismatch_of(kind, ops, cgroup);

	mismatch.got = got > want ? 1 : -1;
	return mismatch;
}

static struct mismatch mismatch_of_owner(int cgroup, int got, int want)
{
	struct mismatch mismatch = mismatch_of(MISMATCH_OWNER, want, cgroup);

	if (got >= 0)
		mismatch.ops |= 1U << got;
	mismatch.got = got >= 0 ? 0 : got;
	return mismatch;
}

static uint64_t online(const struct model_tree *tree, int ops)
{
	return probe_total(tree->probes[ops], PROBE_ONLINE) - tree->online[ops];
}

static uint64_t offline(const struct model_tree *tree, int ops)
{
	return probe_total(tree->probes[ops], PROBE_OFFLINE) - tree->offline[ops];
}

/* A write to this file waits for dying memcgs of the children: write the value it has. */
static void wait_for_memcgs(struct model_tree *tree, int cgroup)
{
	char path[PATH_MAX];

	cg_write(model_tree_path(tree, path, cgroup), "cgroup.subtree_control",
		 tree->model.cgroups[cgroup].gives_memory ? "+memory" : "-memory");
}

static bool is_reason(const struct model_reasons *reasons, int ret)
{
	unsigned int i;

	for (i = 0; i < reasons->nr; i++) {
		if (ret == -reasons->errnos[i] ||
		    (ret < 0 && reasons->errnos[i] == MODEL_ANY_ERRNO))
			return true;
	}
	return false;
}

static const char *reasons_text(const struct model_reasons *reasons)
{
	static char text[128];
	unsigned int i;
	size_t at = 0;

	if (!reasons->nr)
		return "success";
	for (i = 0; i < reasons->nr; i++)
		at += snprintf(text + at, sizeof(text) - at, "%s%s",
			       i ? " or " : "",
			       reasons->errnos[i] == MODEL_ANY_ERRNO ?
			       "a failure" : strerror(reasons->errnos[i]));
	return text;
}

static int wrong_answer(struct model_tree *tree, int ret,
			const struct model_reasons *reasons)
{
	struct mismatch mismatch = mismatch_of(MISMATCH_ANSWER, MODEL_NONE, MODEL_NONE);

	mismatch.got = -ret;
	mismatch.want = reasons->nr ? reasons->errnos[0] : 0;
	return wrong(tree, mismatch, "the kernel said: %s, want: %s",
		     ret ? strerror(-ret) : "success", reasons_text(reasons));
}

/*
 * Wait until a removed cgroup has lost its ops.  The kernel calls handle_cgroup_offline some
 * time after rmdir(), and until then the ops refuse other attaches.  If the cgroup has no
 * ops, and so no callback is called, wait until it is freed, which is later.
 */
static int settle(struct model_tree *tree, bool called)
{
	uint64_t begin = clock_us();
	int i;

	while (clock_us() - begin < tree->settle_ms * 1000ULL) {
		for (i = 0; called && i < MODEL_OPS; i++) {
			if (offline(tree, i) < tree->model.offline[i])
				break;
		}
		if (i == MODEL_OPS ||
		    !cg_read_key(tree->tb.cgroup, "cgroup.stat",
				 "nr_dying_descendants"))
			return 0;
		usleep(500);
	}
	return wrong(tree, mismatch_of(MISMATCH_NO_END, MODEL_NONE, MODEL_NONE),
		     "a removed cgroup is not freed");
}

/* Wait for the links that are to end because their cgroup was removed. */
static int settle_links(struct model_tree *tree, int cgroup)
{
	const struct model_link *links = tree->model.links;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		struct pollfd hup = { .fd = tree->links[i] };

		if (!links[i].open || links[i].named != cgroup)
			continue;
		if (poll(&hup, 1, tree->settle_ms) != 1 || !(hup.revents & POLLHUP))
			return wrong(tree, mismatch_of(MISMATCH_NO_END, i, cgroup),
				     "c%d was removed, and the link of %c does not end",
				     cgroup, 'A' + i);
	}
	return 0;
}

/* The calls of one callback of the ops, for a cgroup or, with MODEL_NONE, in all. */
static int compare_callback(struct model_tree *tree, enum mismatch_kind kind, int ops,
			    int cgroup, uint64_t got, uint64_t want)
{
	enum probe_callback callback = kind == MISMATCH_ONLINE ? PROBE_ONLINE : PROBE_OFFLINE;
	char whose[16] = "in all";

	if (got == want)
		return 0;
	if (cgroup != MODEL_NONE)
		snprintf(whose, sizeof(whose), "for c%d", cgroup);
	return wrong(tree, mismatch_of_calls(kind, ops, cgroup, got, want),
		     "%s of %c: %" PRIu64 " calls %s, want %" PRIu64,
		     probe_callback_names[callback], 'A' + ops, got, whose, want);
}

static int compare_calls(struct model_tree *tree)
{
	const struct model *m = &tree->model;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		if (compare_callback(tree, MISMATCH_ONLINE, i, MODEL_NONE,
				     online(tree, i), m->online[i]) ||
		    compare_callback(tree, MISMATCH_OFFLINE, i, MODEL_NONE,
				     offline(tree, i), m->offline[i]))
			return -1;
	}
	return 0;
}

/* The totals are right, so no wrong call can hide if all expected ones are there. */
static int compare_calls_for(struct model_tree *tree, int cgroup)
{
	const struct model_cgroup *c = &tree->model.cgroups[cgroup];
	struct probe_stats stats;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		if (!c->online[i] && !c->offline[i])
			continue;
		stats = probe_stats(tree->probes[i], tree->ids[cgroup]);
		if (compare_callback(tree, MISMATCH_ONLINE, i, cgroup,
				     stats.calls[PROBE_ONLINE], c->online[i]) ||
		    compare_callback(tree, MISMATCH_OFFLINE, i, cgroup,
				     stats.calls[PROBE_OFFLINE], c->offline[i]))
			return -1;
	}
	return 0;
}

/* Compare the totals, and the calls for the cgroups that the step is about. */
static int compare_calls_of_step(struct model_tree *tree, const struct step *step)
{
	int i, ret = compare_calls(tree);

	if (!ret && (step->what == STEP_MKDIR || step->what == STEP_RMDIR))
		ret = compare_calls_for(tree, step->cgroup);
	for (i = 0; !ret && step->what == STEP_CONTROLLER && i < MODEL_CGROUPS; i++) {
		if (model_is_child(&tree->model, i, step->cgroup))
			ret = compare_calls_for(tree, i);
	}
	return ret;
}

/*
 * In a step that failed with ENOMEM the kernel may have made a memcg and removed it again.
 * The cgroup stays, and so do its counters: copy them to the model.
 */
static int take_calls_for(struct model_tree *tree, int cgroup)
{
	struct model_cgroup *c = &tree->model.cgroups[cgroup];
	struct probe_stats stats;
	unsigned int came, went;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		stats = probe_stats(tree->probes[i], tree->ids[cgroup]);
		came = stats.calls[PROBE_ONLINE] - c->online[i];
		went = stats.calls[PROBE_OFFLINE] - c->offline[i];
		if (came != went)
			return wrong(tree,
				     mismatch_of_calls(MISMATCH_ONLINE, i, cgroup, came, went),
				     "out of memory: for c%d %u calls of handle_cgroup_online of %c, and %u of handle_cgroup_offline",
				     cgroup, came, 'A' + i, went);
		c->online[i] += came;
		c->offline[i] += went;
	}
	return 0;
}

/* Whose ops reclaim asks about a cgroup: nobody's if it is not a memcg. */
static int owner_of(const struct model *m, int cgroup)
{
	const struct model_cgroup *c = &m->cgroups[cgroup];

	return c->exists && c->has_memcg ? model_owner(m, cgroup) : MODEL_NONE;
}

/* Find the owners of those cgroups that @wanted is true for, or of all. */
static int find_owners(struct model_tree *tree, const bool wanted[MODEL_CGROUPS],
		       int owners[MODEL_CGROUPS], uint64_t strays[MODEL_OPS])
{
	const struct owner_search search = {
		.probes = tree->probes,
		.nr = MODEL_OPS,
		.reclaim = tree->tb.cgroup,
		.witness = tree->bystander,
	};
	char paths[MODEL_CGROUPS][PATH_MAX], *cgroups[MODEL_CGROUPS];
	int i, nr = 0, ret, found[MODEL_CGROUPS];

	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (tree->model.cgroups[i].exists && (!wanted || wanted[i])) {
			cgroups[nr] = model_tree_path(tree, paths[nr], i);
			nr++;
		}
	}
	ret = owners_find(&search, cgroups, nr, found, strays);
	for (i = 0, nr = 0; i < MODEL_CGROUPS; i++) {
		owners[i] = OWNER_NOBODY;
		if (!ret && tree->model.cgroups[i].exists && (!wanted || wanted[i]))
			owners[i] = found[nr++];
	}
	return ret;
}

int model_tree_owners(struct model_tree *tree, int owners[MODEL_CGROUPS])
{
	return find_owners(tree, NULL, owners, NULL);
}

static const char *ops_name(int owner)
{
	static const char names[MODEL_OPS][2] = { "A", "B", "C", "D", "E", "F" };

	return owner >= 0 ? names[owner] :
		owner == OWNER_NOBODY ? "nobody's" : "those of several";
}

/*
 * It is enough to look at the cgroups that have an owner: if an owner's ops are asked about
 * no other cgroup, all others have no ops.
 */
int model_tree_check(struct model_tree *tree)
{
	bool wanted[MODEL_CGROUPS];
	int i, owner, owners[MODEL_CGROUPS];
	uint64_t strays[MODEL_OPS];

	for (i = 0; i < MODEL_CGROUPS; i++)
		wanted[i] = owner_of(&tree->model, i) != MODEL_NONE;
	if (find_owners(tree, wanted, owners, strays))
		return wrong(tree, mismatch_of(MISMATCH_UNKNOWN, MODEL_NONE, MODEL_NONE),
			     "cannot tell whose ops the cgroups have");

	for (i = 0; i < MODEL_CGROUPS; i++) {
		owner = owner_of(&tree->model, i);
		if (wanted[i] && owners[i] != owner)
			return wrong(tree, mismatch_of_owner(i, owners[i], owner),
				     "c%d: its ops are %s, want %s", i,
				     ops_name(owners[i]), ops_name(owner));
	}
	for (i = 0; i < MODEL_OPS; i++) {
		if (strays[i])
			return wrong(tree, mismatch_of(MISMATCH_STRAY, i, MODEL_NONE),
				     "%s is asked %" PRIu64 " times for cgroups whose ops it should not be",
				     ops_name(i), strays[i]);
	}
	return 0;
}

/*
 * The step failed with ENOMEM, and must have had no effect.  But the kernel may have made a
 * memcg, and removed it when a later allocation failed.
 */
static int compare_failed(struct model_tree *tree, const struct step *step)
{
	bool may_come = step->what == STEP_MKDIR || step->what == STEP_CONTROLLER;
	uint64_t came, went;
	int i, ret = 0;

	tree->out_of_memory = true;
	tree->failures[step->what]++;
	if (step->what == STEP_MKDIR && settle(tree, false))
		return -1;
	if (step->what == STEP_CONTROLLER)
		wait_for_memcgs(tree, step->cgroup);
	for (i = 0; i < MODEL_OPS; i++) {
		came = online(tree, i) - tree->model.online[i];
		went = offline(tree, i) - tree->model.offline[i];
		if (came != went || (came && !may_come))
			return wrong(tree,
				     mismatch_of_calls(MISMATCH_ONLINE, i, MODEL_NONE,
						       came, went),
				     "out of memory: %" PRIu64 " calls of handle_cgroup_online of %c, and %" PRIu64 " of handle_cgroup_offline",
				     came, 'A' + i, went);
	}
	for (i = 0; !ret && step->what == STEP_CONTROLLER && i < MODEL_CGROUPS; i++) {
		if (model_is_child(&tree->model, i, step->cgroup))
			ret = take_calls_for(tree, i);
	}
	model_tree_forget_calls(tree);
	if (ret)
		return ret;
	return model_tree_check(tree);
}

/* Delete the counters of a removed cgroup, to make room for those of new ones. */
static void forget(struct model_tree *tree, int cgroup)
{
	int i;

	for (i = 0; i < MODEL_OPS; i++)
		probe_forget(tree->probes[i], tree->ids[cgroup]);
	tree->ids[cgroup] = 0;
}

/* Far above the time from handle_cgroup_offline to the last put of the memcg. */
#define LAST_PUT_MS	5000

/* A dying memcg still has its ops, and reclaim finds it until the last put. */
static int check_when_gone(struct model_tree *tree)
{
	uint64_t begin = clock_us();
	int ret;

	for (;;) {
		ret = model_tree_check(tree);
		if (!ret || tree->mismatch.kind != MISMATCH_STRAY ||
		    clock_us() - begin > LAST_PUT_MS * 1000ULL)
			return ret;
		usleep(1000);
	}
}

int model_tree_compare(struct model_tree *tree, const struct step *step, int ret)
{
	struct model next = tree->model;
	struct model_reasons reasons = step_apply(&next, step);
	bool gone = step->what == STEP_RMDIR && !reasons.nr &&
		    tree->model.cgroups[step->cgroup].has_memcg;
	bool called = gone && model_owner(&tree->model, step->cgroup) != MODEL_NONE;

	tree->out_of_memory = false;
	if (ret == -ENOMEM && tree->failed)
		return compare_failed(tree, step);
	if (reasons.nr ? !is_reason(&reasons, ret) : ret)
		return wrong_answer(tree, ret, &reasons);

	if (step->what == STEP_RMDIR && !reasons.nr && next.rules.links_end &&
	    settle_links(tree, step->cgroup))
		return -1;
	tree->model = next;
	if (gone && settle(tree, called))
		return -1;
	if (step->what == STEP_CONTROLLER)
		wait_for_memcgs(tree, step->cgroup);
	ret = compare_calls_of_step(tree, step);
	if (!ret && step->what == STEP_RMDIR && !reasons.nr)
		forget(tree, step->cgroup);
	if (ret)
		return ret;
	if (gone || (step->what == STEP_CONTROLLER && !step->on))
		return check_when_gone(tree);
	return model_tree_check(tree);
}
