/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_REPLAY_REPLAY_MEMORY_H
#define __BENCH_REPLAY_REPLAY_MEMORY_H

#include <stdbool.h>
#include <stdint.h>

/*
 * One mapping, of which the first @size bytes are populated.  It has no huge
 * pages, so that it grows and shrinks by the page.
 */
struct replay_memory {
	char *map;
	uint64_t reserved;	/* bytes of address space */
	uint64_t size;		/* bytes populated, whole pages */
	uint64_t page;		/* bytes */
	int fd;			/* of the file, or -1 for anonymous memory */
	const char *zeroes;	/* what a file is filled with */
	bool touch;		/* there is no MADV_POPULATE_WRITE */
};

/**
 * replay_memory_open() - reserve address space
 * @mem: what to fill in
 * @reserve: bytes
 * @file: a file to back it, which must not exist, on a file system that can
 *	punch holes; NULL for anonymous memory
 *
 * The file has no name when this returns, and is gone with the process.
 *
 * Return: 0 or a negative errno.
 */
int replay_memory_open(struct replay_memory *mem, uint64_t reserve,
		       const char *file);

/**
 * replay_memory_grow() - populate what follows
 * @mem: the mapping
 * @bytes: how much, whole pages
 *
 * Anonymous memory is populated for writing.  A file is written to, which makes
 * dirty page cache, and its pages are mapped.
 *
 * Return: 0 or a negative errno.
 */
int replay_memory_grow(struct replay_memory *mem, uint64_t bytes);

/**
 * replay_memory_shrink() - give the last pages back
 * @mem: the mapping
 * @bytes: how much, whole pages
 *
 * A file gets a hole there, so its page cache and its blocks are free.
 *
 * Return: 0 or a negative errno.
 */
int replay_memory_shrink(struct replay_memory *mem, uint64_t bytes);

#endif /* __BENCH_REPLAY_REPLAY_MEMORY_H */
