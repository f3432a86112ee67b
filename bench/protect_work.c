// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "clock.h"
#include "protect_work.h"
#include "random.h"
#include "workload.h"

/* A fault reads the page it is for: what comes with it would be work not counted. */
static char *map_file(const struct protect_work *work)
{
	int fd = open(work->file, O_RDONLY | O_CLOEXEC);
	char *map;

	if (fd < 0)
		return NULL;
	map = mmap(NULL, work->size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		map = NULL;
	else if (madvise(map, work->size, MADV_RANDOM) ||
		 (!work->warm && posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED)))
		map = NULL;
	close(fd);
	return map;
}

static int make_file(const struct protect_work *work)
{
	int fd, ret;

	if (!work->sparse)
		return workload_write_file(work->file, work->size);
	fd = open(work->file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = ftruncate(fd, work->size) ? -errno : 0;
	close(fd);
	return ret;
}

static char *prepare(const struct protect_work *work, long page)
{
	uint64_t at;
	char *map;
	int ret;

	if (*work->file) {
		ret = make_file(work);
		errno = -ret;
		map = ret ? NULL : map_file(work);
	} else {
		map = workload_map(work->size);
	}
	for (at = 0; map && work->warm && at < work->size; at += page) {
		if (*work->file)
			*(volatile char *)&map[at];
		else
			map[at] = 1;
	}
	return map;
}

/* Anonymous memory is written to, too: a page that is only read is the zero page. */
static void read_page(const struct protect_work *work, char *start, long page)
{
	volatile uint64_t *words = (uint64_t *)start;
	long i;

	for (i = 0; i < page / (long)sizeof(*words); i++)
		(void)words[i];
	if (!*work->file)
		words[0] = 1;
}

/* Return: how long it is to sleep now, in nanoseconds. */
static int64_t idle_ns(const struct protect_work *work, int64_t now)
{
	int64_t active = work->active_ms * 1000000LL, idle = work->idle_ms * 1000000LL;
	int64_t at;

	if (!work->idle_ms)
		return 0;
	if (!work->active_ms)
		return work->end_ns - now;
	at = (now - work->begin_ns) % (active + idle);
	return at < active ? 0 : active + idle - at;
}

static void go_through(struct protect_work *work, char *map, long page)
{
	uint64_t seed = work->seed;
	int64_t now, sleep_ns;

	while ((now = clock_ns()) < work->end_ns) {
		sleep_ns = idle_ns(work, now);
		if (sleep_ns > work->end_ns - now)
			sleep_ns = work->end_ns - now;
		if (sleep_ns) {
			usleep(sleep_ns / 1000 + 1);
			continue;
		}
		read_page(work, map + random_below(&seed, work->size / page) * page, page);
		work->pages++;
	}
}

int protect_work_run(void *arg)
{
	long page = sysconf(_SC_PAGESIZE);
	struct protect_work *work = arg;
	char *map = prepare(work, page);

	if (!map) {
		fprintf(stderr, "# %s: %s\n", *work->file ? work->file : "memory",
			strerror(errno));
		return 1;
	}
	work->ready = true;
	while (!work->go)
		usleep(1000);
	go_through(work, map, page);
	return 0;
}
