// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "replay_memory.h"

#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ	22	/* since Linux 5.14 */
#define MADV_POPULATE_WRITE	23
#endif

/* written at once; all of it is the kernel's zero page, charged to nobody */
#define ZEROES (256UL << 10)

static int open_file(struct replay_memory *mem, const char *file)
{
	void *zeroes;

	mem->fd = open(file, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (mem->fd < 0)
		return -errno;
	if (unlink(file) || ftruncate(mem->fd, mem->reserved))
		return -errno;

	zeroes = mmap(NULL, ZEROES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS,
		      -1, 0);
	if (zeroes == MAP_FAILED)
		return -errno;
	madvise(zeroes, ZEROES, MADV_NOHUGEPAGE);
	mem->zeroes = zeroes;
	return 0;
}

int replay_memory_open(struct replay_memory *mem, uint64_t reserve,
		       const char *file)
{
	int ret;

	memset(mem, 0, sizeof(*mem));
	mem->page = sysconf(_SC_PAGESIZE);
	mem->reserved = reserve;
	mem->fd = -1;

	if (file) {
		ret = open_file(mem, file);
		if (ret)
			return ret;
	}
	mem->map = mmap(NULL, reserve, PROT_READ | PROT_WRITE, MAP_NORESERVE |
			(file ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS),
			mem->fd, 0);
	if (mem->map == MAP_FAILED)
		return -errno;

	/* EINVAL: a kernel without huge pages */
	if (madvise(mem->map, reserve, MADV_NOHUGEPAGE) && errno != EINVAL)
		return -errno;
	return 0;
}

static int write_zeroes(struct replay_memory *mem, uint64_t bytes)
{
	uint64_t at = mem->size, end = at + bytes;
	ssize_t n;

	while (at < end) {
		n = pwrite(mem->fd, mem->zeroes,
			   end - at < ZEROES ? end - at : ZEROES, at);
		if (n <= 0)
			return n ? -errno : -EIO;
		at += n;
	}
	return 0;
}

static int populate(struct replay_memory *mem, uint64_t bytes)
{
	volatile char *start = mem->map + mem->size;
	uint64_t at;

	while (!mem->touch) {
		if (!madvise((void *)start, bytes, mem->fd < 0 ?
			     MADV_POPULATE_WRITE : MADV_POPULATE_READ))
			return 0;
		/*
		 * ENOMEM is a charge that failed though the OOM killer has been
		 * at work.  A page fault waits and tries again, as any program's.
		 */
		if (errno == ENOMEM)
			break;
		if (errno == EINVAL)
			mem->touch = true;
		else if (errno != EINTR && errno != EAGAIN)
			return -errno;
	}

	for (at = 0; at < bytes; at += mem->page) {
		if (mem->fd < 0)
			start[at] = 1;
		else
			(void)start[at];
	}
	return 0;
}

int replay_memory_grow(struct replay_memory *mem, uint64_t bytes)
{
	int ret = 0;

	if (mem->fd >= 0)
		ret = write_zeroes(mem, bytes);
	if (!ret)
		ret = populate(mem, bytes);
	if (!ret)
		mem->size += bytes;
	return ret;
}

int replay_memory_shrink(struct replay_memory *mem, uint64_t bytes)
{
	uint64_t at = mem->size - bytes;
	int ret;

	if (mem->fd >= 0)
		ret = fallocate(mem->fd, FALLOC_FL_PUNCH_HOLE |
				FALLOC_FL_KEEP_SIZE, at, bytes);
	else
		ret = madvise(mem->map + at, bytes, MADV_DONTNEED);
	if (ret)
		return -errno;
	mem->size = at;
	return 0;
}
