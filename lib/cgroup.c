// SPDX-License-Identifier: GPL-2.0
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "mounts.h"

/* the longest file that is read here is memory.stat, with some 2 KiB */
#define CG_FILE_MAX 8192

/* a millisecond each, for a reaped task to leave its cgroup */
#define TASKS_GONE_TRIES 5000

int cg_find_root(char *root, size_t len)
{
	return mounts_find("cgroup2", root, len);
}

int cg_create(const char *cgroup)
{
	return mkdir(cgroup, 0755) ? -errno : 0;
}

static int cg_path(char *path, const char *cgroup, const char *file)
{
	return snprintf(path, PATH_MAX, "%s/%s", cgroup, file) < PATH_MAX ?
		0 : -ENAMETOOLONG;
}

int cg_read(const char *cgroup, const char *file, char *buf, size_t len)
{
	char path[PATH_MAX];
	size_t used = 0;
	ssize_t n = 0;
	int fd, ret;

	ret = cg_path(path, cgroup, file);
	if (ret)
		return ret;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	while (used < len - 1 && (n = read(fd, buf + used, len - 1 - used)) > 0)
		used += n;
	ret = n < 0 ? -errno : 0;
	buf[used] = '\0';

	close(fd);
	return ret;
}

int64_t cg_read_number(const char *cgroup, const char *file)
{
	char buf[32];
	int ret = cg_read(cgroup, file, buf, sizeof(buf));

	return ret ? ret : strtoll(buf, NULL, 10);
}

int64_t cg_read_key(const char *cgroup, const char *file, const char *key)
{
	char buf[CG_FILE_MAX], *line, *next = buf;
	size_t len = strlen(key);
	int ret;

	ret = cg_read(cgroup, file, buf, sizeof(buf));
	if (ret)
		return ret;

	while ((line = strsep(&next, "\n"))) {
		if (!strncmp(line, key, len) && line[len] == ' ')
			return strtoll(line + len, NULL, 10);
	}
	return -ENOENT;
}

int cg_has_word(const char *cgroup, const char *file, const char *word)
{
	char buf[CG_FILE_MAX], *next = buf, *w;
	int ret;

	ret = cg_read(cgroup, file, buf, sizeof(buf));
	if (ret)
		return ret;

	while ((w = strsep(&next, "\n "))) {
		if (!strcmp(w, word))
			return 1;
	}
	return 0;
}

int cg_write(const char *cgroup, const char *file, const char *fmt, ...)
{
	char path[PATH_MAX], buf[256];
	va_list args;
	int fd, len, ret;

	ret = cg_path(path, cgroup, file);
	if (ret)
		return ret;

	va_start(args, fmt);
	len = vsnprintf(buf, sizeof(buf), fmt, args);
	va_end(args);
	if (len >= (int)sizeof(buf))
		return -E2BIG;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;

	ret = write(fd, buf, len) == len ? 0 : -errno;
	close(fd);
	return ret;
}

int cg_enable(const char *cgroup, const char *controller)
{
	int ret = cg_has_word(cgroup, "cgroup.subtree_control", controller), tries;

	if (ret)
		return ret < 0 ? ret : 0;

	for (tries = 0; tries < TASKS_GONE_TRIES; tries++) {
		ret = cg_write(cgroup, "cgroup.subtree_control", "+%s", controller);
		if (ret != -EBUSY)
			break;
		usleep(1000);
	}
	return ret;
}

int cg_enable_memory(const char *cgroup)
{
	return cg_enable(cgroup, "memory");
}

void cg_disable_swap(const char *cgroup)
{
	cg_write(cgroup, "memory.swap.max", "0");
}

int cg_open(const char *cgroup)
{
	int fd = open(cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

uint64_t cg_id(const char *cgroup)
{
	struct stat st;

	/* kernfs shows its 64 bit node id as the inode number */
	return stat(cgroup, &st) ? 0 : st.st_ino;
}

int64_t cg_memory_stall_us(const char *cgroup)
{
	char buf[CG_FILE_MAX], *total;
	int ret;

	ret = cg_read(cgroup, "memory.pressure", buf, sizeof(buf));
	if (ret == -ENOENT)
		return -EOPNOTSUPP;
	if (ret)
		return ret;

	/* "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" comes first */
	total = strstr(buf, "total=");
	if (strncmp(buf, "some ", 5) || !total)
		return -EPROTO;
	return strtoll(total + strlen("total="), NULL, 10);
}

int64_t cg_wait_dying(const char *cgroup, int64_t max, unsigned int timeout_ms)
{
	uint64_t begin = clock_us();
	unsigned int poll = 0;
	int64_t dying;

	for (;;) {
		dying = cg_read_key(cgroup, "cgroup.stat", "nr_dying_descendants");
		if (dying <= max || clock_us() - begin >= timeout_ms * 1000ULL)
			return dying;
		if (++poll % 50 == 0)
			cg_write(cgroup, "memory.reclaim", "1G");
		usleep(10000);
	}
}

static int cg_remove_children(const char *cgroup)
{
	char child[PATH_MAX];
	struct dirent *ent;
	int ret = 0, err;
	DIR *dir;

	dir = opendir(cgroup);
	if (!dir)
		return errno == ENOENT ? 0 : -errno;

	while ((ent = readdir(dir))) {
		if (ent->d_type != DT_DIR || ent->d_name[0] == '.')
			continue;
		err = cg_path(child, cgroup, ent->d_name);
		if (!err)
			err = cg_remove_children(child);
		if (!err && rmdir(child) && errno != ENOENT)
			err = -errno;
		if (err)
			ret = err;
	}

	closedir(dir);
	return ret;
}

int cg_remove(const char *cgroup, unsigned int timeout_ms)
{
	const struct timespec tick = { .tv_nsec = 10 * 1000 * 1000 };
	int ret;

	for (;;) {
		/* again each time: a fork may have been under way */
		cg_write(cgroup, "cgroup.kill", "1");

		ret = cg_remove_children(cgroup);
		if (!ret && rmdir(cgroup) && errno != ENOENT)
			ret = -errno;
		if (ret != -EBUSY || timeout_ms < 10)
			return ret;

		nanosleep(&tick, NULL);
		timeout_ms -= 10;
	}
}
