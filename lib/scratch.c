// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <unistd.h>

#include "mounts.h"
#include "scratch.h"
#include "size.h"

#define REMEDY "set SCRATCH_DIR to a directory on a disk, such as ext4"

static const char *scratch;
static char reason[512];

#define missing(...) (snprintf(reason, sizeof(reason), __VA_ARGS__), reason)

void scratch_set_dir(const char *dir)
{
	scratch = dir;
}

const char *scratch_dir(void)
{
	return scratch;
}

const char *scratch_missing(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%.4000s/memcg_bpf.require.%d", scratch, getpid());
	if (mkdir(path, 0700))
		return missing("cannot make a directory in %.200s: %s; set SCRATCH_DIR to a directory on a disk, with room in it",
			       scratch, strerror(errno));
	rmdir(path);
	return NULL;
}

/* Page cache of these stays, or goes to another machine or to a process. */
static const char *other_kind(void)
{
	static const struct {
		const char *kind;
		const char *why;
	} kinds[] = {
		{ "tmpfs", "whose pages cannot be reclaimed without swap" },
		{ "ramfs", "whose pages cannot be reclaimed" },
		{ "9p", "which is no disk" },
		{ "nfs", "which is no disk" },
		{ "nfs4", "which is no disk" },
		{ "cifs", "which is no disk" },
		{ "virtiofs", "which is no disk" },
		{ "fuse", "which is no disk" },
	};
	char kind[64];
	size_t i;

	if (mounts_kind(scratch, kind, sizeof(kind)))
		return NULL;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kind, kinds[i].kind))
			return missing("%.200s is on %s, %s: " REMEDY, scratch, kind,
				       kinds[i].why);
	}
	return NULL;
}

static int resident(int fd, size_t len)
{
	size_t i, n = len / sysconf(_SC_PAGESIZE);
	unsigned char pages[n];
	int ret = 0;
	void *map;

	map = mmap(NULL, len, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return -errno;
	if (mincore(map, len, pages))
		ret = -errno;
	munmap(map, len);
	for (i = 0; !ret && i < n; i++) {
		if (pages[i] & 1)
			return 1;
	}
	return ret;
}

/* Is it in the page cache when it was written, and not when the kernel was told to drop it? */
static const char *try_file(int fd)
{
	const size_t len = 16 * sysconf(_SC_PAGESIZE);
	char *data = calloc(1, len);
	ssize_t n;
	int cached, kept;

	n = data ? write(fd, data, len) : -1;
	free(data);
	if (n != (ssize_t)len || fsync(fd))
		return missing("cannot write to a file in %.200s: %s; " REMEDY, scratch,
			       n < 0 || n == (ssize_t)len ? strerror(errno) : "no room");
	cached = resident(fd, len);
	posix_fadvise(fd, 0, len, POSIX_FADV_DONTNEED);
	kept = resident(fd, len);
	if (cached != 1 || kept)
		return missing("files in %.200s have no page cache that comes and goes: "
			       REMEDY, scratch);
	return NULL;
}

static const char *try_page_cache(void)
{
	char path[PATH_MAX];
	const char *why;
	int fd;

	snprintf(path, sizeof(path), "%.4000s/memcg_bpf.require.%d", scratch, getpid());
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return missing("cannot make a file in %.200s: %s; " REMEDY, scratch,
			       strerror(errno));
	why = try_file(fd);
	close(fd);
	unlink(path);
	return why;
}

static const char *no_room(uint64_t size)
{
	struct statfs fs;

	if (statfs(scratch, &fs))
		return missing("cannot use %.200s: %s; " REMEDY, scratch, strerror(errno));
	if ((uint64_t)fs.f_bavail * fs.f_bsize >= size)
		return NULL;
	return missing("less than %lluM are free in %.200s: remove something, or set SCRATCH_DIR to a directory on another disk",
		       (unsigned long long)(size / MiB), scratch);
}

const char *scratch_no_page_cache(uint64_t size)
{
	return other_kind() ?: no_room(size) ?: try_page_cache();
}
