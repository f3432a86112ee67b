/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_FILE_JOB_H
#define __LIB_FILE_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "testbed.h"

/*
 * A worker's job, in memory that it shares with who started it: write a file, touch
 * anonymous memory, then read the file again and again.
 */
struct file_job {
	char file[PATH_MAX];
	uint64_t size;			/* of the file, in bytes */
	uint64_t anon;			/* bytes to touch, 0 unless the caller sets it */
	unsigned int max_passes;	/* 0: until stopped */
	volatile bool stop;
	volatile unsigned int passes;	/* through the file */
	int64_t ns;			/* that it took; set when it is done */
};

/**
 * file_job_new() - make a job
 * @tb: the file is in its directory
 * @name: name of the file
 * @size: its size in bytes
 * @max_passes: how often to read it, or 0 for until it is stopped
 *
 * Return: the job, which lasts until the process ends, or NULL with errno set.
 */
struct file_job *file_job_new(const struct testbed *tb, const char *name,
			      uint64_t size, unsigned int max_passes);

/**
 * file_job_run() - the function of a worker that does a job
 * @job: the job
 *
 * Return: the exit status, 0 or, after a line on stderr, 1.
 */
int file_job_run(void *job);

#endif /* __LIB_FILE_JOB_H */
