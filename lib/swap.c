// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "swap.h"
#include "testbed.h"
#include "workload.h"

/* The header that mkswap(8) writes, of version 1: behind 1 KiB for a boot loader. */
struct header {
	uint32_t version;
	uint32_t last_page;
	uint32_t nr_badpages;
};

#define HEADER_AT	1024
#define MAGIC		"SWAPSPACE2"	/* the last of the first page */

static int write_header(const char *path, uint64_t size)
{
	long page = sysconf(_SC_PAGESIZE), len = strlen(MAGIC);
	struct header header = { .version = 1, .last_page = size / page - 1 };
	int fd, ret = 0;

	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pwrite(fd, &header, sizeof(header), HEADER_AT) != sizeof(header) ||
	    pwrite(fd, MAGIC, len, page - len) != len || fsync(fd))
		ret = -errno;
	close(fd);
	return ret;
}

static int swap_on(const char *path, uint64_t size)
{
	/* a swap file must not have holes */
	int ret = workload_write_file(path, size);

	if (!ret)
		ret = write_header(path, size);
	if (!ret && swapon(path, 0))
		ret = -errno;
	if (ret)
		unlink(path);
	return ret;
}

const char *swap_start(const struct testbed *tb, char *path, uint64_t size)
{
	static char why[1024];
	int ret;

	snprintf(path, SWAP_PATH_MAX, "%s/swap", tb->dir);
	ret = swap_on(path, size);
	if (!ret)
		return NULL;
	path[0] = '\0';
	snprintf(why, sizeof(why), "cannot swap to a file in %.500s: %s; CONFIG_SWAP=y, and set SCRATCH_DIR to a directory on a disk, such as ext4",
		 tb->dir, strerror(-ret));
	return why;
}

int swap_stop(char *path)
{
	int ret = 0;

	if (!path[0])
		return 0;
	if (swapoff(path) || unlink(path))
		ret = -errno;
	path[0] = '\0';
	return ret;
}
