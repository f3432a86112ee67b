/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_CHARGES_JOBS_H
#define __PROG_TESTS_CHARGES_JOBS_H

/*
 * The jobs of the workers of charges.c.  Each charges memory in its own way, sets holds, and
 * keeps the memory until it is killed.
 */

#include <fcntl.h>
#include <limits.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "huge_page.h"
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
	volatile bool huge;	/* it has a huge page */
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

static int charges_hold_file(void *arg)
{
	struct charges_job *job = arg;

	if (workload_write_file(job->file, CHARGES_SIZE))
		return 1;
	return charges_hold(job);
}

static bool charges_has_huge_page(void)
{
	char line[128];
	unsigned long kb = 0;
	FILE *file = fopen("/proc/self/smaps_rollup", "r");

	if (!file)
		return false;
	while (!kb && fgets(line, sizeof(line), file))
		sscanf(line, "AnonHugePages: %lu kB", &kb);
	fclose(file);
	return kb;
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
	job->huge = charges_has_huge_page();
	return charges_hold(job);
}

/* Write until it would block. */
static void charges_fill(int fd)
{
	static char chunk[64 * 1024];

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (write(fd, chunk, sizeof(chunk)) > 0)
		;
}

static int charges_hold_pipes(void *job)
{
	int i, fds[2];

	/* 64 KiB each */
	for (i = 0; i < 128; i++) {
		if (pipe(fds))
			return 1;
		charges_fill(fds[1]);
	}
	return charges_hold(job);
}

/* Is there a loopback device that is up, or can be turned on? */
static bool charges_try_loopback(bool turn_on)
{
	struct ifreq lo = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	bool up;

	if (fd < 0)
		return false;
	up = !ioctl(fd, SIOCGIFFLAGS, &lo) && lo.ifr_flags & IFF_UP;
	if (!up && turn_on) {
		lo.ifr_flags = IFF_UP;
		up = !ioctl(fd, SIOCSIFFLAGS, &lo);
	}
	close(fd);
	return up;
}

/* The loopback device of the system if it is up, else one in a new network namespace. */
static bool charges_loopback(void)
{
	return charges_try_loopback(false) ||
		(!unshare(CLONE_NEWNET) && charges_try_loopback(true));
}

/* Why there can be no connections, or NULL. */
static const char *charges_no_sockets(void)
{
	pid_t pid = fork();
	int status;

	if (!pid)
		_exit(charges_loopback() ? 0 : 1);
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return "no loopback device that is up: CONFIG_INET=y, and ip link set lo up";
	return NULL;
}

/* Connections to ourselves with nobody who reads. */
static int charges_hold_sockets(void *job)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	socklen_t len = sizeof(address);
	int listener, client, i;

	if (!charges_loopback())
		return 1;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) ||
	    listen(listener, 64) ||
	    getsockname(listener, (struct sockaddr *)&address, &len))
		return 1;
	for (i = 0; i < 32; i++) {
		client = socket(AF_INET, SOCK_STREAM, 0);
		if (client < 0 || connect(client, (struct sockaddr *)&address, len) ||
		    accept(listener, NULL, NULL) < 0)
			return 1;
		charges_fill(client);
	}
	return charges_hold(job);
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
