/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_FILE_JOB_H
#define __LIB_FILE_JOB_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>

#include "testbed.h"

/*
 * A worker's job, in memory that it shares with who started it: write a file of
 * FILE_SIZE, then read it again and again.
 */
struct file_job {
	char file[PATH_MAX];
	unsigned int max_passes;	/* 0: until stopped */
	volatile bool stop;
	volatile unsigned int passes;	/* through the file */
	int64_t ns;			/* it took, when it is done */
};

/**
 * file_job_new() - make a job
 * @tb: the file is in its directory
 * @name: name of the file
 * @max_passes: how often to read it, or 0 until it is stopped
 *
 * Return: the job, which lasts until the process ends, or NULL.
 */
struct file_job *file_job_new(const struct testbed *tb, const char *name,
			      unsigned int max_passes);

/**
 * file_job_run() - do it, as a worker's function
 * @job: the job
 *
 * Return: the exit status, 0 or, after a line on stderr, 1.
 */
int file_job_run(void *job);

#endif /* __LIB_FILE_JOB_H */
