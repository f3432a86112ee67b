// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "cgroup_place.h"
#include "mounts.h"
#include "size.h"

/* Levels of cgroups below the root, and cgroups, of the tests that have most of them. */
#define DEPTH		12
#define CGROUPS		100
/* What a program, which loads the kernel's BTF, takes in the cgroup it is started in. */
#define OWN_MEMORY	(64 * MiB)
/* Processes that it has there, before they enter cgroups of their own. */
#define OWN_PROCESSES	64

#define REMOVE_TIMEOUT_MS 5000

static char reason[1024];

#define missing(...) (snprintf(reason, sizeof(reason), __VA_ARGS__), reason)

static const char *cannot_make(const char *root, int err)
{
	switch (err) {
	case -EROFS:
		return missing("%.200s is read-only: mount -o remount,rw %.200s, or in a container run it with --privileged",
			       root, root);
	case -EACCES:
	case -EPERM:
		return missing("cgroups cannot be made in %.200s (%s): run as root of the machine, or delegate a cgroup to the container",
			       root, strerror(-err));
	case -EAGAIN:
		return missing("%d cgroups on %d levels cannot be made in %.200s: write max to cgroup.max.descendants and cgroup.max.depth there and in each cgroup above it",
			       CGROUPS, DEPTH, root);
	}
	return NULL;
}

/* The limits themselves would show only when they are reached. */
static const char *try_levels(const char *root, const char *trial)
{
	char path[PATH_MAX];
	int i, len, ret;

	len = snprintf(path, sizeof(path), "%s", trial);
	for (i = 1; i < DEPTH; i++) {
		len += snprintf(path + len, sizeof(path) - len, "/c");
		if (len >= (int)sizeof(path))
			return NULL;
		ret = cg_create(path);
		if (ret)
			return cannot_make(root, ret);
	}
	return NULL;
}

static const char *try_to_enter(const char *root, const char *trial)
{
	int status, err;
	pid_t pid;

	pid = fork();
	if (pid < 0)
		return missing("cannot start a process: %s; raise pids.max of the cgroup it is started in",
			       strerror(errno));
	if (!pid)
		_exit(-cg_write(trial, "cgroup.procs", "0"));
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return NULL;
	err = WEXITSTATUS(status);
	if (err == ENOENT || err == EACCES || err == EPERM)
		return missing("a process cannot move into a cgroup below %.200s (%s): the cgroup that it is started in is outside of that, or of the cgroup namespace; start it in a cgroup below %.200s",
			       root, strerror(err), root);
	return NULL;
}

static const char *try_cgroups(const char *root)
{
	char trial[PATH_MAX];
	const char *why;
	int64_t limit;
	int ret;

	limit = cg_read_number(root, "cgroup.max.descendants");
	if (limit > 0 && limit - cg_read_key(root, "cgroup.stat", "nr_descendants") < CGROUPS)
		return cannot_make(root, -EAGAIN);

	if (snprintf(trial, sizeof(trial), "%s/memcg_bpf.require.%d", root, getpid()) >=
	    (int)sizeof(trial))
		return NULL;
	ret = cg_create(trial);
	if (ret)
		return cannot_make(root, ret);
	why = try_to_enter(root, trial);
	if (!why)
		why = try_levels(root, trial);
	cg_remove(trial, REMOVE_TIMEOUT_MS);
	return why;
}

/* Only the root of all has controllers and processes at the same time. */
static const char *cannot_enable(const char *root)
{
	char path[PATH_MAX], procs[64];
	int fd;

	if (cg_has_word(root, "cgroup.subtree_control", "memory") == 1)
		return NULL;
	snprintf(path, sizeof(path), "%s/cgroup.subtree_control", root);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return missing("the memory controller cannot be enabled for the children of %.200s: cannot write to its cgroup.subtree_control: %s; have who may write \"+memory\" to it",
			       root, strerror(errno));
	close(fd);
	snprintf(path, sizeof(path), "%s/cgroup.type", root);
	if (!access(path, F_OK) && !cg_read(root, "cgroup.procs", procs, sizeof(procs)) &&
	    procs[0])
		return missing("the memory controller cannot be enabled for the children of %.200s, as it is not the root of all and has processes of its own: move them to a child cgroup, or run on the host",
			       root);
	return NULL;
}

/* The number in a file that has "max" where there is no limit, or no file at the root. */
static uint64_t limit_of(const char *cgroup, const char *file)
{
	char buf[32];

	if (cg_read(cgroup, file, buf, sizeof(buf)) || !strncmp(buf, "max", 3))
		return UINT64_MAX;
	return strtoull(buf, NULL, 10);
}

static const char *low_memory(const char *cgroup, uint64_t need)
{
	static const char * const files[] = { "memory.max", "memory.high" };
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		if (limit_of(cgroup, files[i]) < need)
			return missing("%s of %.300s is less than %lluM: raise it, or start the tests elsewhere",
				       files[i], cgroup, (unsigned long long)(need / MiB));
	}
	return NULL;
}

static const char *low_pids(const char *cgroup)
{
	uint64_t limit = limit_of(cgroup, "pids.max");
	int64_t now = cg_read_number(cgroup, "pids.current");

	if (limit == UINT64_MAX || now < 0 || now + OWN_PROCESSES <= (int64_t)limit)
		return NULL;
	return missing("pids.max of %.300s leaves less than %d processes: raise it, or start the tests elsewhere",
		       cgroup, OWN_PROCESSES);
}

/*
 * The path of the caller's cgroup, or -ENOENT if the mount at @root does not show the
 * cgroup namespace of the caller, and thus not where the cgroup is.
 */
static int own_cgroup(const char *root, char *path, size_t len)
{
	char line[PATH_MAX], shown[PATH_MAX];
	int ret = -ENOENT;
	FILE *file;

	if (mounts_shows(root, shown, sizeof(shown)) || strcmp(shown, "/"))
		return -ENOENT;
	file = fopen("/proc/self/cgroup", "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		/* "0::/" and, of a process outside of the namespace, "0::/.." */
		if (strncmp(line, "0::/", 4) || !strncmp(line, "0::/..", 6))
			continue;
		line[strcspn(line, "\n")] = '\0';
		ret = snprintf(path, len, "%s%s", root, line[4] ? line + 3 : "") < (int)len ?
			0 : -ENAMETOOLONG;
	}
	fclose(file);
	return ret;
}

static const char *low_limits(const char *root, uint64_t memory)
{
	const char *why = low_memory(root, memory) ?: low_pids(root);
	char path[PATH_MAX];

	if (why || own_cgroup(root, path, sizeof(path)))
		return why;
	for (; !why && strlen(path) > strlen(root); *strrchr(path, '/') = '\0')
		why = low_memory(path, OWN_MEMORY) ?: low_pids(path);
	return why;
}

const char *cgroup_place_missing(const char *root, uint64_t memory)
{
	const char *why = access(root, W_OK) ? cannot_make(root, -errno) : NULL;

	return why ?: low_limits(root, memory) ?: cannot_enable(root) ?: try_cgroups(root);
}
