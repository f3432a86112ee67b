// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

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

int mounts_kind(const char *path, char *kind, size_t len)
{
	char *line = NULL, *end, type[64];
	unsigned int major, minor;
	int ret = -ENOENT;
	struct stat st;
	size_t size = 0;
	FILE *mounts;

	if (stat(path, &st))
		return -errno;
	mounts = fopen("/proc/self/mountinfo", "re");
	if (!mounts)
		return -errno;
	while (ret == -ENOENT && getline(&line, &size, mounts) > 0) {
		end = strstr(line, " - ");
		if (!end || sscanf(line, "%*d %*d %u:%u", &major, &minor) != 2 ||
		    makedev(major, minor) != st.st_dev || sscanf(end, " - %63s", type) != 1)
			continue;
		ret = snprintf(kind, len, "%s", type) < (int)len ? 0 : -ENAMETOOLONG;
	}
	free(line);
	fclose(mounts);
	return ret;
}
