// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "worker.h"
#include "workload.h"

int workload_write_file(const char *path, uint64_t size)
{
	static char chunk[64 * 1024];
	int fd, ret = 0;
	ssize_t n;

	memset(chunk, 'x', sizeof(chunk));
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;

	while (size && !ret) {
		n = write(fd, chunk, size < sizeof(chunk) ? size : sizeof(chunk));
		if (n < 0)
			ret = -errno;
		else
			size -= n;
	}
	if (!ret && fdatasync(fd))
		ret = -errno;

	close(fd);
	return ret;
}

int workload_read_file(const char *path)
{
	long page = sysconf(_SC_PAGESIZE);
	const volatile char *map;
	struct stat st;
	off_t at;
	int fd, ret = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st)) {
		ret = -errno;
		goto out;
	}

	map = mmap(NULL, st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		ret = -errno;
		goto out;
	}
	for (at = 0; at < st.st_size; at += page)
		(void)map[at];
	munmap((void *)map, st.st_size);
out:
	close(fd);
	return ret;
}

char *workload_map(uint64_t size)
{
	char *map = mmap(NULL, size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (map == MAP_FAILED)
		return NULL;
	/*
	 * A huge page is one charge and one fault.  Where the kernel knows none
	 * there is nothing to forbid, and this fails.
	 */
	madvise(map, size, MADV_NOHUGEPAGE);
	return map;
}

void workload_touch_map(void *map, uint64_t size)
{
	long page = sysconf(_SC_PAGESIZE);
	volatile char *bytes = map;
	uint64_t at;

	for (at = 0; at < size; at += page)
		bytes[at] = 1;
}

int workload_touch(uint64_t size)
{
	char *map = workload_map(size);

	if (!map)
		return -errno;
	workload_touch_map(map, size);
	return 0;
}

int workload_touch_job(void *size)
{
	return workload_touch(*(uint64_t *)size) ? 1 : 0;
}

struct hold {
	uint64_t size;
	volatile bool touched;
};

static int touch_and_hold(void *arg)
{
	struct hold *hold = arg;

	if (workload_touch(hold->size))
		return 1;
	hold->touched = true;
	while (pause() < 0)
		;
	return 0;
}

pid_t workload_hold(const char *cgroup, uint64_t size)
{
	struct hold *hold = worker_share(sizeof(*hold));
	int ms, ret, status;
	pid_t pid;

	if (!hold)
		return -errno;
	hold->size = size;
	pid = worker_start(cgroup, 0, touch_and_hold, hold);
	for (ms = 0; pid > 0 && !hold->touched; ms += 10) {
		ret = worker_wait(pid, 10, &status);
		if (!ret && ms < STEP_TIMEOUT_MS)
			continue;
		if (!ret)
			worker_kill(pid);
		pid = ret < 0 ? ret : ret ? -ECHILD : -ETIMEDOUT;
	}
	munmap(hold, sizeof(*hold));
	return pid;
}

int64_t workload_fill(int fd)
{
	static char chunk[64 * 1024];	/* all that a pipe takes by default */
	int64_t sum = 0;
	ssize_t n;

	if (fcntl(fd, F_SETFL, O_NONBLOCK))
		return -errno;
	while ((n = write(fd, chunk, sizeof(chunk))) > 0)
		sum += n;
	return n < 0 && errno != EAGAIN ? -errno : sum;
}
