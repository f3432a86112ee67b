// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "ops_tree.h"
#include "worker.h"

static struct probe *preloaded[OPS_NR];

void ops_tree_preload(void)
{
	int i;

	for (i = 0; i < OPS_NR; i++)
		preloaded[i] = probe_load();
}

int ops_tree_create(struct ops_tree *tree, const char *name)
{
	int i;

	memset(tree, 0, sizeof(*tree));
	for (i = 0; i < OPS_NR; i++) {
		tree->probes[i] = preloaded[i];
		tree->links[i] = -1;
	}
	return testbed_create(&tree->tb, name);
}

int ops_tree_destroy(struct ops_tree *tree)
{
	int i, ret;

	for (i = 0; i < OPS_NR; i++) {
		if (tree->probes[i])
			ops_tree_detach(tree, 'A' + i);
	}
	/* A kernel that leaves ops behind is to find them until their memcg is gone. */
	ret = testbed_destroy(&tree->tb);
	for (i = 0; i < OPS_NR; i++)
		probe__destroy(tree->probes[i]);
	return ret;
}

char *ops_tree_path(const struct ops_tree *tree, char *path, const char *name)
{
	/* A path that is too long names no cgroup. */
	if (snprintf(path, PATH_MAX, "%s/%s", tree->tb.cgroup, name) >= PATH_MAX)
		path[0] = '\0';
	return path;
}

uint64_t ops_tree_id(const struct ops_tree *tree, const char *name)
{
	char path[PATH_MAX];

	return cg_id(ops_tree_path(tree, path, name));
}

int ops_tree_add(const struct ops_tree *tree, const char *name)
{
	char path[PATH_MAX], *next;
	int ret = 0;

	ops_tree_path(tree, path, name);
	next = path + strlen(tree->tb.cgroup);
	while (next && (!ret || ret == -EEXIST)) {
		*next = '\0';
		ret = cg_enable_memory(path);
		*next = '/';
		if (ret)
			break;

		next = strchr(next + 1, '/');
		if (next)
			*next = '\0';
		ret = cg_create(path);
		if (next)
			*next = '/';
	}
	return ret;
}

int ops_tree_remove(const struct ops_tree *tree, const char *name)
{
	char path[PATH_MAX];

	return rmdir(ops_tree_path(tree, path, name)) ? -errno : 0;
}

struct probe *ops_tree_probe(struct ops_tree *tree, char ops)
{
	struct probe **probe = &tree->probes[ops - 'A'];

	if (!*probe)
		*probe = probe_load();
	return *probe;
}

int ops_tree_attach(struct ops_tree *tree, char ops, const char *name,
		    __u32 flags)
{
	struct probe *probe = ops_tree_probe(tree, ops);
	char path[PATH_MAX];
	int link;

	if (!probe)
		return -errno;
	link = probe_attach(probe, ops_tree_path(tree, path, name), flags);
	if (link < 0)
		return link;
	tree->links[ops - 'A'] = link;
	return 0;
}

void ops_tree_detach(struct ops_tree *tree, char ops)
{
	int *link = &tree->links[ops - 'A'];

	if (*link >= 0)
		close(*link);
	*link = -1;
}

/*
 * The cgroup to charge in order to see the ops of @cgroup: itself, or a new child.
 */
static char *place_to_charge(const char *cgroup)
{
	char *path;
	int ret = cg_has_word(cgroup, "cgroup.subtree_control", "memory");

	if (ret < 0)
		return errno = -ret, NULL;
	if (!ret)
		return strdup(cgroup);

	if (asprintf(&path, "%s/whose", cgroup) < 0)
		return NULL;
	ret = cg_create(path);
	if (ret) {
		free(path);
		return errno = -ret, NULL;
	}
	return path;
}

int ops_tree_whose(const struct ops_tree *tree, char *const names[], int nr,
		   char whose[])
{
	char **places = calloc(nr, sizeof(*places));
	int *result = calloc(nr, sizeof(*result));
	char cgroup[PATH_MAX], letters[OPS_NR];
	struct probe *probes[OPS_NR];
	int i, ret = 0, err, nr_probes = 0;

	if (!places || !result) {
		ret = -ENOMEM;
		goto out;
	}

	for (i = 0; i < OPS_NR; i++) {
		if (!tree->probes[i])
			continue;
		letters[nr_probes] = 'A' + i;
		probes[nr_probes++] = tree->probes[i];
	}

	for (i = 0; i < nr; i++) {
		places[i] = place_to_charge(ops_tree_path(tree, cgroup, names[i]));
		if (!places[i]) {
			ret = -errno;
			fprintf(stderr, "# %s: %s\n", cgroup, strerror(errno));
			goto out;
		}
	}

	ret = probe_whose_each(probes, nr_probes, places, nr, result);
	for (i = 0; i < nr && !ret; i++)
		whose[i] = result[i] >= 0 ? letters[result[i]] :
			   result[i] == PROBE_NOBODY ? '-' : '?';
out:
	for (i = 0; i < nr && places && places[i]; i++) {
		if (strcmp(places[i], ops_tree_path(tree, cgroup, names[i]))) {
			err = cg_remove(places[i], STEP_TIMEOUT_MS);
			ret = ret ?: err;
		}
		free(places[i]);
	}
	free(places);
	free(result);
	return ret;
}
