// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "file_job.h"
#include "params.h"
#include "workload.h"

struct file_job *file_job_new(const struct testbed *tb, const char *name,
			      unsigned int max_passes)
{
	struct file_job *job = mmap(NULL, sizeof(*job), PROT_READ | PROT_WRITE,
				    MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (job == MAP_FAILED)
		return NULL;
	if (snprintf(job->file, sizeof(job->file), "%s/%s", tb->dir, name) >=
	    (int)sizeof(job->file))
		return NULL;
	job->max_passes = max_passes;
	return job;
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

int file_job_run(void *arg)
{
	struct file_job *job = arg;
	int64_t begin_ns = now_ns();
	int ret;

	ret = workload_write_file(job->file, params.file_size);
	while (!ret) {
		ret = workload_read_file(job->file);
		job->passes++;
		if (job->max_passes ? job->passes == job->max_passes : job->stop)
			break;
	}
	job->ns = now_ns() - begin_ns;

	if (ret)
		fprintf(stderr, "# %s: %s\n", job->file, strerror(-ret));
	return ret ? 1 : 0;
}
