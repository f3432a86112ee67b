// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "clock.h"
#include "fault_inject.h"
#include "model_tree.h"
#include "owner.h"
#include "revision.h"

/* Note what the kernel did wrong. */
static int __attribute__((format(printf, 2, 3)))
wrong(struct model_tree *tree, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(tree->why, sizeof(tree->why), fmt, args);
	va_end(args);
	return -1;
}

/* They say that all is protected, so that reclaim need not look for pages. */
static struct probe *load(unsigned int callbacks)
{
	struct probe *probe = probe_load_only(callbacks);
	struct probe_answer answer = { .below_min = 1 };
	int ret;

	if (!probe)
		return NULL;
	ret = probe_answer(probe, NULL, answer);
	if (ret) {
		probe__destroy(probe);
		return errno = -ret, NULL;
	}
	memcg_bpf_prepare(probe->maps.probe_ops);
	return probe;
}

static int create_bystander(struct model_tree *tree)
{
	char path[PATH_MAX];
	int ret = testbed_add_cgroup(&tree->tb, path, "bystander");

	if (ret)
		return ret;
	tree->bystander = load(1U << PROBE_BELOW_MIN);
	if (!tree->bystander)
		return -errno;
	tree->bystander_link = probe_attach(tree->bystander, path, 0);
	return tree->bystander_link < 0 ? tree->bystander_link : 0;
}

struct model_rules model_tree_rules(void)
{
	return (struct model_rules) {
		.links_end = revision_can(CAN_LINK_END),
		.unknown_flag = revision_errnos(REFUSAL_UNKNOWN_FLAG)[0] ?:
			MODEL_ANY_ERRNO,
		.no_cgroup = revision_errnos(REFUSAL_NO_CGROUP)[0] ?:
			MODEL_ANY_ERRNO,
	};
}

int model_tree_create(struct model_tree *tree, const char *name)
{
	struct model_rules rules;
	int i, ret;

	memset(tree, 0, sizeof(*tree));
	tree->bystander_link = -1;
	for (i = 0; i < MODEL_OPS; i++)
		tree->links[i] = -1;
	rules = model_tree_rules();
	model_init(&tree->model, &rules);

	ret = testbed_create(&tree->tb, name);
	if (ret)
		return ret;
	ret = create_bystander(tree);
	for (i = 0; !ret && i < MODEL_OPS; i++) {
		tree->probes[i] = load(~0U);
		ret = tree->probes[i] ? 0 : -errno;
	}
	ret = ret ?: testbed_add_cgroup(&tree->tb, tree->root, "c0");
	ret = ret ?: cg_enable_memory(tree->root);
	if (ret) {
		fprintf(stderr, "# cannot prepare %s: %s\n", tree->tb.cgroup,
			strerror(-ret));
		model_tree_destroy(tree);
		return ret;
	}
	tree->ids[0] = cg_id(tree->root);
	return 0;
}

static void close_link(int *link)
{
	if (*link >= 0)
		close(*link);
	*link = -1;
}

int model_tree_destroy(struct model_tree *tree)
{
	int i, ret;

	if (!tree->tb.sweeper)
		return 0;
	for (i = 0; i < MODEL_OPS; i++)
		close_link(&tree->links[i]);
	close_link(&tree->bystander_link);
	/* A kernel that leaves ops behind is to find them until their memcg is gone. */
	ret = testbed_destroy(&tree->tb);
	for (i = 0; i < MODEL_OPS; i++)
		probe__destroy(tree->probes[i]);
	probe__destroy(tree->bystander);
	return ret;
}

char *model_tree_path(const struct model_tree *tree, char *path, int cgroup)
{
	char below[MODEL_DEPTH * sizeof("/c00")] = "", longer[sizeof(below)];

	for (; cgroup; cgroup = tree->model.cgroups[cgroup].parent) {
		snprintf(longer, sizeof(longer), "/c%d%.16s", cgroup, below);
		strcpy(below, longer);
	}
	/* A path that is too long names no cgroup. */
	if (snprintf(path, PATH_MAX, "%s%s", tree->root, below) >= PATH_MAX)
		path[0] = '\0';
	return path;
}

static uint64_t online(const struct model_tree *tree, int ops)
{
	return probe_total(tree->probes[ops], PROBE_ONLINE) - tree->online[ops];
}

static uint64_t offline(const struct model_tree *tree, int ops)
{
	return probe_total(tree->probes[ops], PROBE_OFFLINE) - tree->offline[ops];
}

void model_tree_forget_calls(struct model_tree *tree)
{
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		tree->online[i] = probe_total(tree->probes[i], PROBE_ONLINE) -
			tree->model.online[i];
		tree->offline[i] = probe_total(tree->probes[i], PROBE_OFFLINE) -
			tree->model.offline[i];
	}
}

static int open_target(const struct model_tree *tree, const struct step *step)
{
	char path[PATH_MAX];
	int fd;

	switch (step->target) {
	case MODEL_CGROUP:
		return cg_open(model_tree_path(tree, path, step->cgroup));
	case MODEL_NO_FD:
		return 0;
	case MODEL_OTHER_FD:
		return cg_open(tree->tb.dir);
	default:
		fd = cg_open(tree->root);
		if (fd > 0)
			close(fd);
		return fd;
	}
}

static void inject_begin(struct model_tree *tree)
{
	if (tree->fail_nth || tree->fail_some)
		fault_inject_begin(tree->fail_nth);
}

static void inject_end(struct model_tree *tree)
{
	tree->failed = (tree->fail_nth || tree->fail_some) && fault_inject_end();
}

static int attach(struct model_tree *tree, const struct step *step)
{
	int ops_fd = bpf_map__fd(tree->probes[step->ops]->maps.probe_ops);
	int fd = open_target(tree, step), link;

	if (fd < 0)
		return fd;
	inject_begin(tree);
	if (step->target == MODEL_NO_FD)
		link = memcg_bpf_link_to_none(ops_fd, step->flags);
	else
		link = memcg_bpf_link(ops_fd, fd, step->flags);
	inject_end(tree);
	if (step->target == MODEL_CGROUP || step->target == MODEL_OTHER_FD)
		close(fd);
	if (link < 0)
		return link;
	tree->links[step->ops] = link;
	return 0;
}

static int make(struct model_tree *tree, const struct step *step)
{
	char path[PATH_MAX], name[16];
	int ret;

	model_tree_path(tree, path, step->parent);
	snprintf(name, sizeof(name), "/c%d", step->cgroup);
	strncat(path, name, sizeof(path) - strlen(path) - 1);

	inject_begin(tree);
	ret = cg_create(path);
	inject_end(tree);
	if (!ret)
		tree->ids[step->cgroup] = cg_id(path);
	return ret;
}

static int give(struct model_tree *tree, const struct step *step)
{
	const char *what = step->on ? "+memory" : "-memory";
	char path[PATH_MAX];
	int ret;

	model_tree_path(tree, path, step->cgroup);
	inject_begin(tree);
	ret = cg_write(path, "cgroup.subtree_control", "%s", what);
	inject_end(tree);
	return ret;
}

/* Each write first waits for the memcgs that go, so write what is there already. */
static void wait_for_memcgs(struct model_tree *tree, int cgroup)
{
	char path[PATH_MAX];

	cg_write(model_tree_path(tree, path, cgroup), "cgroup.subtree_control",
		 tree->model.cgroups[cgroup].gives ? "+memory" : "-memory");
}

/* What the kernel says to a step. */
static int do_step(struct model_tree *tree, const struct step *step)
{
	char path[PATH_MAX];
	int ret;

	switch (step->what) {
	case STEP_ATTACH:
		return attach(tree, step);
	case STEP_DETACH:
		inject_begin(tree);
		ret = close(tree->links[step->ops]) ? -errno : 0;
		inject_end(tree);
		tree->links[step->ops] = -1;
		return ret;
	case STEP_MKDIR:
		return make(tree, step);
	case STEP_RMDIR:
		model_tree_path(tree, path, step->cgroup);
		inject_begin(tree);
		ret = rmdir(path) ? -errno : 0;
		inject_end(tree);
		return ret;
	default:
		return give(tree, step);
	}
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

/* Far above what it takes, which is some RCU grace periods. */
#define SETTLE_MS	60000

/*
 * Wait until the kernel is done with a cgroup that was removed: some time after
 * rmdir() it calls handle_cgroup_offline, and until then its ops are in the way of
 * others.  Where nobody is to be called the end of the cgroup tells, which is later.
 */
static int settle(struct model_tree *tree, bool called)
{
	uint64_t begin = clock_us();
	int i;

	while (clock_us() - begin < SETTLE_MS * 1000ULL) {
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
	return wrong(tree, "a cgroup that was removed does not go away");
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
		if (poll(&hup, 1, SETTLE_MS) != 1 || !(hup.revents & POLLHUP))
			return wrong(tree, "c%d was removed, and the link of %c does not end",
						cgroup, 'A' + i);
	}
	return 0;
}

static int compare_calls(struct model_tree *tree)
{
	const struct model *m = &tree->model;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		if (online(tree, i) != m->online[i])
			return wrong(tree,
				     "handle_cgroup_online of %c: %" PRIu64 " calls in all, want %" PRIu64,
						'A' + i, online(tree, i), m->online[i]);
		if (offline(tree, i) != m->offline[i])
			return wrong(tree,
				     "handle_cgroup_offline of %c: %" PRIu64 " calls in all, want %" PRIu64,
						'A' + i, offline(tree, i), m->offline[i]);
	}
	return 0;
}

/* With the totals right it is enough to see that what there should be is there. */
static int compare_calls_for(struct model_tree *tree, int cgroup)
{
	const struct model_cgroup *c = &tree->model.cgroups[cgroup];
	struct probe_stats stats;
	int i;

	for (i = 0; i < MODEL_OPS; i++) {
		if (!c->online[i] && !c->offline[i])
			continue;
		stats = probe_stats(tree->probes[i], tree->ids[cgroup]);
		if (stats.calls[PROBE_ONLINE] != c->online[i])
			return wrong(tree, "handle_cgroup_online of %c: %llu calls for c%d, want %u",
						'A' + i, stats.calls[PROBE_ONLINE], cgroup,
						c->online[i]);
		if (stats.calls[PROBE_OFFLINE] != c->offline[i])
			return wrong(tree, "handle_cgroup_offline of %c: %llu calls for c%d, want %u",
						'A' + i, stats.calls[PROBE_OFFLINE], cgroup,
						c->offline[i]);
	}
	return 0;
}

/* Which cgroups have had calls, or may have, in a step that was taken. */
static int compare_calls_of_step(struct model_tree *tree, const struct step *step)
{
	int i, ret = compare_calls(tree);

	if (!ret && (step->what == STEP_MKDIR || step->what == STEP_RMDIR))
		ret = compare_calls_for(tree, step->cgroup);
	for (i = 0; !ret && step->what == STEP_GIVE && i < MODEL_CGROUPS; i++) {
		if (model_is_child(&tree->model, i, step->cgroup))
			ret = compare_calls_for(tree, i);
	}
	return ret;
}

/*
 * A cgroup may have got a memcg and lost it again when it was refused.  It stays, and
 * so do its counters: the model takes over what they say.
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
			return wrong(tree, "out of memory: for c%d %u calls of handle_cgroup_online of %c, and %u of handle_cgroup_offline",
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

	return c->exists && c->memory ? model_owner(m, cgroup) : MODEL_NONE;
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
 * Only those are looked at that have an owner.  If its ops are asked for nothing else,
 * then those that should have none have none.
 */
int model_tree_check(struct model_tree *tree)
{
	bool wanted[MODEL_CGROUPS];
	int i, owners[MODEL_CGROUPS];
	uint64_t strays[MODEL_OPS];

	for (i = 0; i < MODEL_CGROUPS; i++)
		wanted[i] = owner_of(&tree->model, i) != MODEL_NONE;
	if (find_owners(tree, wanted, owners, strays))
		return wrong(tree, "cannot tell whose ops the cgroups have");

	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (wanted[i] && owners[i] != owner_of(&tree->model, i))
			return wrong(tree, "c%d: its ops are %s, want %s", i,
				     ops_name(owners[i]),
				     ops_name(owner_of(&tree->model, i)));
	}
	for (i = 0; i < MODEL_OPS; i++) {
		if (strays[i])
			return wrong(tree, "%s is asked %" PRIu64 " times for cgroups whose ops it should not be",
				     ops_name(i), strays[i]);
	}
	return 0;
}

/*
 * It was refused because memory was short, and so has had no effect; but a memcg may
 * have come, and gone when something else was missing.
 */
static int compare_failed(struct model_tree *tree, const struct step *step)
{
	bool may_come = step->what == STEP_MKDIR || step->what == STEP_GIVE;
	uint64_t came, went;
	int i, ret = 0;

	tree->out_of_memory = true;
	tree->failures[step->what]++;
	if (step->what == STEP_MKDIR && settle(tree, false))
		return -1;
	if (step->what == STEP_GIVE)
		wait_for_memcgs(tree, step->cgroup);
	for (i = 0; i < MODEL_OPS; i++) {
		came = online(tree, i) - tree->model.online[i];
		went = offline(tree, i) - tree->model.offline[i];
		if (came != went || (came && !may_come))
			return wrong(tree,
				     "out of memory: %" PRIu64 " calls of handle_cgroup_online of %c, and %" PRIu64 " of handle_cgroup_offline",
						came, 'A' + i, went);
	}
	for (i = 0; !ret && step->what == STEP_GIVE && i < MODEL_CGROUPS; i++) {
		if (model_is_child(&tree->model, i, step->cgroup))
			ret = take_calls_for(tree, i);
	}
	model_tree_forget_calls(tree);
	return ret ?: model_tree_check(tree);
}

static void remember(struct model_tree *tree, const struct step *step, int ret)
{
	unsigned int at = tree->steps % MODEL_TREE_LAST;

	tree->last[at].step = *step;
	tree->last[at].ret = ret;
	tree->steps++;
	if (ret)
		tree->refused[step->what]++;
	else
		tree->taken[step->what]++;
}

/* Counters of a cgroup that is gone are in the way of those to come. */
static void forget(struct model_tree *tree, int cgroup)
{
	int i;

	for (i = 0; i < MODEL_OPS; i++)
		probe_forget(tree->probes[i], tree->ids[cgroup]);
	tree->ids[cgroup] = 0;
}

int model_tree_step(struct model_tree *tree, const struct step *step)
{
	int ret = do_step(tree, step);
	struct model next = tree->model;
	struct model_reasons reasons = step_apply(&next, step);
	bool gone = step->what == STEP_RMDIR && !reasons.nr &&
		    tree->model.cgroups[step->cgroup].memory;
	bool called = gone && model_owner(&tree->model, step->cgroup) != MODEL_NONE;

	tree->out_of_memory = false;
	remember(tree, step, ret);
	if (ret == -ENOMEM && tree->failed)
		return compare_failed(tree, step);
	if (reasons.nr ? !is_reason(&reasons, ret) : ret)
		return wrong(tree, "the kernel said: %s, want: %s",
					ret ? strerror(-ret) : "success",
					reasons_text(&reasons));

	if (step->what == STEP_RMDIR && !reasons.nr && next.rules.links_end &&
	    settle_links(tree, step->cgroup))
		return -1;
	tree->model = next;
	if (gone && settle(tree, called))
		return -1;
	if (step->what == STEP_GIVE)
		wait_for_memcgs(tree, step->cgroup);
	ret = compare_calls_of_step(tree, step);
	if (!ret && step->what == STEP_RMDIR && !reasons.nr)
		forget(tree, step->cgroup);
	return ret ?: model_tree_check(tree);
}
