// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/swap.h>
#include <unistd.h>

#include "swap.h"
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

int swap_on(const char *path, uint64_t size)
{
	/* a swap file must not have holes */
	int ret = workload_write_file(path, size);

	ret = ret ?: write_header(path, size);
	if (!ret && swapon(path, 0))
		ret = -errno;
	if (ret)
		unlink(path);
	return ret;
}

int swap_off(const char *path)
{
	if (swapoff(path))
		return -errno;
	return unlink(path) ? -errno : 0;
}
