// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "clock.h"
#include "file_job.h"
#include "worker.h"
#include "workload.h"

struct file_job *file_job_new(const struct testbed *tb, const char *name,
			      uint64_t size, unsigned int max_passes)
{
	struct file_job *job = worker_share(sizeof(*job));

	if (!job)
		return NULL;
	if (snprintf(job->file, sizeof(job->file), "%s/%s", tb->dir, name) >=
	    (int)sizeof(job->file)) {
		munmap(job, sizeof(*job));
		errno = ENAMETOOLONG;
		return NULL;
	}
	job->size = size;
	job->max_passes = max_passes;
	return job;
}

int file_job_run(void *arg)
{
	struct file_job *job = arg;
	int64_t begin_ns = clock_ns();
	const char *what = "write";
	int ret;

	ret = workload_write_file(job->file, job->size);
	if (!ret && job->anon) {
		what = "map memory beside";
		ret = workload_touch(job->anon);
	}
	while (!ret) {
		what = "read";
		ret = workload_read_file(job->file);
		job->passes++;
		if (job->max_passes ? job->passes == job->max_passes : job->stop)
			break;
	}
	job->ns = clock_ns() - begin_ns;

	if (ret)
		fprintf(stderr, "# cannot %s %s: %s\n", what, job->file, strerror(-ret));
	return ret ? 1 : 0;
}
