// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>

#include "mounts.h"

int mounts_find(const char *type, char *path, size_t len)
{
	struct mntent *ent;
	FILE *mounts;
	int ret = -ENOENT;

	mounts = setmntent("/proc/self/mounts", "r");
	if (!mounts)
		return -errno;

	while ((ent = getmntent(mounts))) {
		if (strcmp(ent->mnt_type, type))
			continue;
		ret = snprintf(path, len, "%s", ent->mnt_dir) < (int)len ?
			0 : -ENAMETOOLONG;
		break;
	}

	endmntent(mounts);
	return ret;
}
