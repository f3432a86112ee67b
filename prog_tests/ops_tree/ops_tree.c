// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "ops_tree.h"
#include "owner.h"

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
	/* A kernel that leaves ops behind may call them until their memcg is gone. */
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

int ops_tree_whose(struct ops_tree *tree, char *const names[], int nr, char whose[])
{
	const struct owner_search search = {
		.probes = tree->probes,
		.nr = OPS_NR,
		.reclaim = tree->tb.cgroup,
	};
	char **cgroups = calloc(nr, sizeof(*cgroups));
	int *owners = calloc(nr, sizeof(*owners));
	int i, ret = -ENOMEM;

	if (!cgroups || !owners)
		goto out;
	for (i = 0; i < nr; i++) {
		if (asprintf(&cgroups[i], "%s/%s", tree->tb.cgroup, names[i]) < 0)
			goto out;
	}
	ret = owners_find(&search, cgroups, nr, owners, NULL);
	for (i = 0; i < nr && !ret; i++)
		whose[i] = owners[i] >= 0 ? 'A' + owners[i] :
			   owners[i] == OWNER_NOBODY ? '-' : '?';
out:
	for (i = 0; i < nr && cgroups; i++)
		free(cgroups[i]);
	free(cgroups);
	free(owners);
	return ret;
}
