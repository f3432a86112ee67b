// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <sys/file.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "cgroup.h"
#include "root_memory.h"

/* on the root: a test has enabled it */
#define MARK "trusted.memcg_bpf.memory"

int root_memory_enable(const char *root)
{
	/* Open until the process ends, and the lock with it. */
	int fd = cg_open(root), ret;

	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_SH))
		return -errno;
	ret = cg_has_word(root, "cgroup.subtree_control", "memory");
	if (ret)
		return ret < 0 ? ret : 0;
	/* Where a mark cannot be, nothing is put back. */
	fsetxattr(fd, MARK, "", 0, 0);
	ret = cg_enable_memory(root);
	if (ret)
		fremovexattr(fd, MARK);
	return ret;
}

int root_memory_put_back(void)
{
	char root[PATH_MAX / 2];
	int fd, ret;

	ret = cg_find_root(root, sizeof(root));
	if (ret)
		return ret;
	fd = cg_open(root);
	if (fd < 0)
		return fd;
	if (flock(fd, LOCK_EX | LOCK_NB)) {
		ret = -errno;
	} else if (fgetxattr(fd, MARK, NULL, 0) >= 0) {
		ret = cg_write(root, "cgroup.subtree_control", "-memory");
		if (!ret)
			fremovexattr(fd, MARK);
	}
	close(fd);
	return ret;
}
