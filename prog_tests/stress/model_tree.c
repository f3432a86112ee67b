// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "fault_inject.h"
#include "model_tree.h"
#include "model_tree_compare.h"
#include "revision.h"

/* Load a probe that answers that all is protected, so that reclaim scans no pages. */
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
		errno = -ret;
		return NULL;
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
	tree->settle_ms = MODEL_TREE_SETTLE_MS;
	rules = model_tree_rules();
	model_init(&tree->model, &rules);
	tree->past = calloc(MODEL_TREE_PAST, sizeof(*tree->past));
	if (!tree->past)
		return -ENOMEM;

	ret = testbed_create(&tree->tb, name);
	if (ret)
		return ret;
	ret = create_bystander(tree);
	if (ret)
		goto err;
	for (i = 0; i < MODEL_OPS; i++) {
		tree->probes[i] = load(~0U);
		if (!tree->probes[i]) {
			ret = -errno;
			goto err;
		}
	}
	ret = testbed_add_cgroup(&tree->tb, tree->root, "c0");
	if (ret)
		goto err;
	ret = cg_enable_memory(tree->root);
	if (ret)
		goto err;
	tree->ids[0] = cg_id(tree->root);
	return 0;

err:
	fprintf(stderr, "# cannot prepare %s: %s\n", tree->tb.cgroup, strerror(-ret));
	model_tree_destroy(tree);
	return ret;
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
	/* A kernel that leaves ops behind may call them until their memcg is gone. */
	ret = testbed_destroy(&tree->tb);
	for (i = 0; i < MODEL_OPS; i++)
		probe__destroy(tree->probes[i]);
	probe__destroy(tree->bystander);
	free(tree->past);
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

static int set_controller(struct model_tree *tree, const struct step *step)
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

/* Do a step.  Return 0, or the errno of the system call as a negative number. */
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
		return set_controller(tree, step);
	}
}

static void remember(struct model_tree *tree, const struct step *step, int ret)
{
	struct model_tree_past *past = model_tree_past(tree, tree->steps);

	past->step = *step;
	past->ret = ret;
	past->before = tree->model;
	tree->steps++;
	if (ret)
		tree->refused[step->what]++;
	else
		tree->taken[step->what]++;
	if (step->what == STEP_ATTACH && !ret)
		tree->attached[step->ops] = (struct model_tree_attached) {
			.step = *step,
			.nr = tree->steps,
		};
	else if (step->what == STEP_DETACH)
		tree->attached[step->ops].detached = tree->steps;
}

int model_tree_step(struct model_tree *tree, const struct step *step)
{
	int ret = do_step(tree, step);

	remember(tree, step, ret);
	return model_tree_compare(tree, step, ret);
}
