/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_CHARGES_JOBS_H
#define __PROG_TESTS_CHARGES_JOBS_H

/*
 * The jobs of the workers of charges.c.  Each charges memory in its own way, sets holds, and
 * keeps the memory until it is killed.
 */

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "huge_page.h"
#include "loopback.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

/* Many batches on each processor. */
#define CHARGES_SIZE	((unsigned long long)SCALED(16 * MiB))

/* In memory that the worker shares with who started it. */
struct charges_job {
	char file[PATH_MAX];
	volatile bool holds;
	volatile bool huge;	/* it has the huge pages that it asked for */
	volatile bool again;	/* to look at its memory again */
	volatile bool done;	/* it has */
	volatile uint64_t moved;	/* pages that are elsewhere in memory by then */
};

static struct charges_job *charges_job_new(const struct testbed *tb)
{
	struct charges_job *job = worker_share(sizeof(*job));

	if (job)
		snprintf(job->file, sizeof(job->file), "%.4000s/file", tb->dir);
	return job;
}

static int charges_hold(struct charges_job *job)
{
	job->holds = true;
	while (pause() < 0)
		;
	return 0;
}

static int charges_hold_anon(void *job)
{
	if (workload_touch(CHARGES_SIZE))
		return 1;
	return charges_hold(job);
}

/* Hold anonymous memory; when asked to, read it again, which swaps it in. */
static int charges_swap_in(void *arg)
{
	struct charges_job *job = arg;
	long page = sysconf(_SC_PAGESIZE);
	volatile char *map = workload_map(CHARGES_SIZE);
	uint64_t at;

	if (!map)
		return 1;
	workload_touch_map((void *)map, CHARGES_SIZE);
	job->holds = true;
	while (!job->again)
		usleep(1000);
	for (at = 0; at < CHARGES_SIZE; at += page)
		(void)map[at];
	job->done = true;
	while (pause() < 0)
		;
	return 0;
}

/* Where in memory the page at an address of this process is, as in /proc/PID/pagemap. */
static uint64_t charges_frame(int pagemap, const char *at)
{
	uint64_t entry, index = (uintptr_t)at / sysconf(_SC_PAGESIZE);

	if (pread(pagemap, &entry, sizeof(entry), index * sizeof(entry)) != sizeof(entry))
		return 0;
	return entry & ((1ULL << 55) - 1);
}

static int charges_compare_frames(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int charges_trigger(const char *file)
{
	int fd = open(file, O_WRONLY | O_CLOEXEC), ret = -1;

	if (fd >= 0) {
		ret = write(fd, "1", 1) == 1 ? 0 : -1;
		close(fd);
	}
	return ret;
}

/*
 * Compaction moves pages to free ones that are higher up in memory.  So hold those of a map
 * that are lowest, and free all others.  Compaction gives up where it finds something that it
 * cannot move, most often a large piece of page cache; so this is dropped before.
 *
 * Count the pages of the map that were moved into @moved.
 */
static int charges_compact(char *map, uint64_t nr, int pagemap, volatile uint64_t *moved)
{
	uint64_t *frames = calloc(nr, sizeof(*frames)), *sorted = calloc(nr, sizeof(*sorted));
	long page = sysconf(_SC_PAGESIZE);
	uint64_t i, highest;
	int ret = -1;

	if (!frames || !sorted)
		goto out;
	for (i = 0; i < nr; i++)
		frames[i] = charges_frame(pagemap, map + i * page);
	memcpy(sorted, frames, nr * sizeof(*sorted));
	qsort(sorted, nr, sizeof(*sorted), charges_compare_frames);
	highest = sorted[nr / 8];
	for (i = 0; i < nr; i++) {
		if (frames[i] > highest && madvise(map + i * page, page, MADV_DONTNEED))
			goto out;
	}
	if (charges_trigger("/proc/sys/vm/drop_caches") ||
	    charges_trigger("/proc/sys/vm/compact_memory"))
		goto out;
	for (i = 0; i < nr; i++) {
		if (frames[i] <= highest && frames[i] != charges_frame(pagemap, map + i * page))
			(*moved)++;
	}
	ret = 0;
out:
	free(frames);
	free(sorted);
	return ret;
}

/* Other memory is at other places: so many maps are tried. */
#define CHARGES_MOVES	8

/* Hold memory that the kernel has moved. */
static int charges_hold_moved(void *arg)
{
	int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC), i;
	uint64_t size = 8 * CHARGES_SIZE;
	struct charges_job *job = arg;
	char *map;

	for (i = 0; i < CHARGES_MOVES && !job->moved; i++) {
		if (i)
			munmap(map, size);
		map = workload_map(size);
		if (!map || pagemap < 0)
			return 1;
		workload_touch_map(map, size);
		if (charges_compact(map, size / sysconf(_SC_PAGESIZE), pagemap, &job->moved))
			return 1;
	}
	return charges_hold(job);
}

static int charges_hold_file(void *arg)
{
	struct charges_job *job = arg;

	if (workload_write_file(job->file, CHARGES_SIZE))
		return 1;
	return charges_hold(job);
}

/* As much page cache, of a file without blocks: no disk has to be waited for. */
static int charges_hold_hole(void *arg)
{
	struct charges_job *job = arg;
	int fd = open(job->file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600), err;

	if (fd < 0)
		return 1;
	err = ftruncate(fd, CHARGES_SIZE);
	close(fd);
	if (err || workload_read_file(job->file))
		return 1;
	return charges_hold(job);
}

static int charges_hold_huge(void *arg)
{
	struct charges_job *job = arg;
	uint64_t size = huge_page_size(), at;
	char *map;

	/* three aligned ones at least */
	map = mmap(NULL, 4 * size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED || madvise(map, 4 * size, MADV_HUGEPAGE))
		return 1;
	for (at = 0; at < 4 * size; at += sysconf(_SC_PAGESIZE))
		((volatile char *)map)[at] = 1;
	job->huge = huge_page_held() >= size;
	return charges_hold(job);
}

/*
 * Ask for huge pages under a memory.max that has room for all of the memory, but not for the
 * last huge page and what else is charged: the kernel charges small pages instead.
 */
static int charges_hold_refused(void *arg)
{
	struct charges_job *job = arg;
	uint64_t size = huge_page_size(), at, last;
	char *map;

	map = mmap(NULL, 4 * size, PROT_READ | PROT_WRITE,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (map == MAP_FAILED)
		return 1;
	map += size - (uintptr_t)map % size;
	if (madvise(map, 3 * size, MADV_HUGEPAGE))
		return 1;
	last = 2 * size + size / 4;
	for (at = 0; at < last; at += sysconf(_SC_PAGESIZE))
		((volatile char *)map)[at] = 1;
	/* the third is refused only to who has the first two */
	job->huge = huge_page_held() >= 2 * size;
	return charges_hold(job);
}

static int charges_hold_pipes(void *job)
{
	int i, fds[2];

	/* 64 KiB each */
	for (i = 0; i < 128; i++) {
		if (pipe(fds) || workload_fill(fds[1]) <= 0)
			return 1;
	}
	return charges_hold(job);
}

/* Connections to ourselves with nobody who reads. */
static int charges_hold_sockets(void *job)
{
	int listener = loopback_listen(), client, i;

	if (listener < 0)
		return 1;
	for (i = 0; i < 32; i++) {
		client = loopback_connect(listener);
		if (client < 0 || workload_fill(client) <= 0)
			return 1;
	}
	return charges_hold(job);
}

/* As charges_hold_sockets(), but half of the connections are written to when that is asked for. */
static int charges_hold_sockets_by_halves(void *arg)
{
	int listener = loopback_listen(), clients[32], i;
	struct charges_job *job = arg;

	if (listener < 0)
		return 1;
	for (i = 0; i < 32; i++) {
		clients[i] = loopback_connect(listener);
		if (clients[i] < 0)
			return 1;
	}
	for (i = 0; i < 16; i++) {
		if (workload_fill(clients[i]) <= 0)
			return 1;
	}
	job->holds = true;
	while (!job->again)
		usleep(1000);
	for (; i < 32; i++) {
		if (workload_fill(clients[i]) <= 0)
			return 1;
	}
	job->done = true;
	while (pause() < 0)
		;
	return 0;
}

static int charges_fork(void *job)
{
	int i, status;
	pid_t pid;

	for (i = 0; i < 64; i++) {
		pid = fork();
		if (!pid)
			_exit(workload_touch(CHARGES_SIZE / 64) ? 1 : 0);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	return charges_hold(job);
}

/* Touch, and give back, a piece of memory on one processor after the other. */
static int charges_migrate(void *job)
{
	uint64_t size = CHARGES_SIZE / 32;
	char *map[2] = {};
	int i;

	for (i = 0; i < 32; i++) {
		if (worker_pin(i))
			return 1;
		/* freed on another processor than the one that charged it */
		if (map[i % 2])
			munmap(map[i % 2], size);
		map[i % 2] = workload_map(size);
		if (!map[i % 2])
			return 1;
		memset(map[i % 2], 1, size);
	}
	return charges_hold(job);
}

#endif /* __PROG_TESTS_CHARGES_JOBS_H */
