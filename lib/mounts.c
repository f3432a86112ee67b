// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
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

int mounts_shows(const char *path, char *dir, size_t len)
{
	char shown[PATH_MAX], at[PATH_MAX], *line = NULL;
	int ret = -ENOENT;
	FILE *mounts;
	size_t size = 0;

	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		return -errno;
	/* the last one is the uppermost */
	while (getline(&line, &size, mounts) > 0) {
		if (sscanf(line, "%*d %*d %*s %4095s %4095s", shown, at) != 2 ||
		    strcmp(at, path))
			continue;
		ret = snprintf(dir, len, "%s", shown) < (int)len ? 0 : -ENAMETOOLONG;
	}
	free(line);
	fclose(mounts);
	return ret;
}
