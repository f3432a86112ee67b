// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "charge.h"
#include "workload.h"

const char * const charge_words[] = {
	[CHARGE_ANON] = "anon", [CHARGE_FILE] = "file", [CHARGE_KMEM] = "kmem",
	[CHARGE_RECLAIM] = "reclaim", [CHARGE_UNMAP] = "unmap", [CHARGE_FORK] = "fork",
	[CHARGE_NR] = NULL
};

uint64_t charge_units(const struct charge_work *work)
{
	switch (work->charge) {
	case CHARGE_KMEM:
		return work->pipes;
	case CHARGE_FORK:
		return work->forks;
	default:
		return work->region / sysconf(_SC_PAGESIZE);
	}
}

/* Memory is charged when it is touched, and uncharged when it is unmapped. */
static int charge_memory(const struct charge_work *work, int counter,
			 struct counter_point *begin, struct counter_point *end)
{
	void *map = workload_map(work->region);
	struct counter_point touched;

	if (!map)
		return -errno;
	*begin = counter_read(counter);
	workload_touch_map(map, work->region);
	touched = counter_read(counter);
	munmap(map, work->region);
	*end = counter_read(counter);

	if (work->charge == CHARGE_UNMAP)
		*begin = touched;
	else
		*end = touched;
	return 0;
}

/* The file has no blocks, so no disk is read. */
static int charge_file(const struct charge_work *work, int counter,
		       struct counter_point *begin, struct counter_point *end)
{
	static char buf[128 * 1024];
	int fd, ret = 0;
	ssize_t n;

	fd = open(work->file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	if (ftruncate(fd, work->region))
		ret = -errno;

	*begin = counter_read(counter);
	while (!ret && (n = read(fd, buf, sizeof(buf)))) {
		if (n < 0)
			ret = -errno;
	}
	*end = counter_read(counter);

	/* and its page cache is gone */
	if (!ret && ftruncate(fd, 0))
		ret = -errno;
	close(fd);
	return ret;
}

static int charge_kmem(const struct charge_work *work, int counter,
		       struct counter_point *begin, struct counter_point *end)
{
	static int fds[CHARGE_MAX_PIPES][2];
	unsigned int i, opened;
	int ret = 0;

	*begin = counter_read(counter);
	for (opened = 0; opened < work->pipes; opened++) {
		if (pipe2(fds[opened], O_CLOEXEC)) {
			ret = -errno;
			break;
		}
	}
	*end = counter_read(counter);

	for (i = 0; i < opened; i++) {
		close(fds[i][0]);
		close(fds[i][1]);
	}
	return ret;
}

/*
 * A copy of the memory would take some twenty times as long as all the rest, and depend on
 * what this process has touched before.
 */
static int charge_fork(const struct charge_work *work, int counter,
		       struct counter_point *begin, struct counter_point *end)
{
	unsigned int i;
	pid_t pid;

	*begin = counter_read(counter);
	for (i = 0; i < work->forks; i++) {
		pid = vfork();
		if (pid < 0)
			return -errno;
		if (!pid)
			_exit(0);
		if (waitpid(pid, NULL, 0) != pid)
			return -errno;
	}
	*end = counter_read(counter);
	return 0;
}

int charge_do(const struct charge_work *work, int counter,
	      struct counter_point *begin, struct counter_point *end)
{
	static int (*const fn[])(const struct charge_work *work, int counter,
				 struct counter_point *begin, struct counter_point *end) = {
		[CHARGE_ANON] = charge_memory, [CHARGE_FILE] = charge_file,
		[CHARGE_KMEM] = charge_kmem, [CHARGE_RECLAIM] = charge_file,
		[CHARGE_UNMAP] = charge_memory, [CHARGE_FORK] = charge_fork,
	};

	return fn[work->charge](work, counter, begin, end);
}
