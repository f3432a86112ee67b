// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "file_job.h"
#include "params.h"
#include "worker.h"
#include "workload.h"

struct file_job *file_job_new(const struct testbed *tb, const char *name,
			      unsigned int max_passes)
{
	struct file_job *job = worker_share(sizeof(*job));

	if (!job)
		return NULL;
	if (snprintf(job->file, sizeof(job->file), "%s/%s", tb->dir, name) >=
	    (int)sizeof(job->file))
		return NULL;
	job->max_passes = max_passes;
	return job;
}

int file_job_run(void *arg)
{
	struct file_job *job = arg;
	int64_t begin_ns = clock_ns();
	int ret;

	ret = workload_write_file(job->file, params.file_size);
	while (!ret) {
		ret = workload_read_file(job->file);
		job->passes++;
		if (job->max_passes ? job->passes == job->max_passes : job->stop)
			break;
	}
	job->ns = clock_ns() - begin_ns;

	if (ret)
		fprintf(stderr, "# %s: %s\n", job->file, strerror(-ret));
	return ret ? 1 : 0;
}
