// SPDX-License-Identifier: GPL-2.0
/*
 * Global reclaim: the machine is short of memory, and not a cgroup.
 *
 *   memcg_bpf.global_reclaim.<pid>	no limits
 *   |-- protected		a file in memory; ops that say yes
 *   `-- hog			reads a file of holes that is larger than memory
 *
 * No cgroup here has a limit, so the ops are asked only by kswapd, or by a task in
 * reclaim for the whole machine.  /proc/vmstat shows that there was such reclaim.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "harness.h"
#include "page_cache.h"
#include "probe.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"

#define FILE_SIZE	(8 * MiB)
/* Filling more memory would take longer than a test may. */
#define MAX_MEMORY	(8192 * MiB)
/* One pass fills memory; the ops are asked in the second at the latest. */
#define PASSES		3

FIXTURE(global_reclaim)
{
	struct testbed tb;
	char protected[PATH_MAX];
	char hog[PATH_MAX];
	struct probe *probe;
	int link;
};

/* The only callback of the ops, which answers yes. */
FIXTURE_VARIANT(global_reclaim)
{
	enum probe_callback callback;
	unsigned int needs;
};

FIXTURE_VARIANT_ADD(global_reclaim, below_low)
{
	.callback = PROBE_BELOW_LOW,
	.needs = CAN_BELOW_LOW,
};

FIXTURE_VARIANT_ADD(global_reclaim, below_min)
{
	.callback = PROBE_BELOW_MIN,
	.needs = CAN_BELOW_MIN,
};

static uint64_t memory_size(void)
{
	return (uint64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
}

FIXTURE_SETUP(global_reclaim)
{
	self->link = -1;
	REQUIRE_OPS(variant->needs);
	REQUIRE(REQUIRE_PAGE_CACHE);
	if (memory_size() > MAX_MEMORY)
		SKIP(return, "more memory than a test can fill: boot with mem=8G or less, or use make vm");
	ASSERT_EQ(0, testbed_create(&self->tb, "global_reclaim"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->protected, "protected"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->hog, "hog"));
	self->probe = probe_load_only(1U << variant->callback);
	ASSERT_NE(NULL, self->probe);
	ASSERT_EQ(0, probe_answer(self->probe, NULL,
				  (struct probe_answer){ .below_low = 1, .below_min = 1 }));
	self->link = probe_attach(self->probe, self->protected, 0);
	ASSERT_ATTACHED(self->link);
}

FIXTURE_TEARDOWN(global_reclaim)
{
	if (self->link >= 0)
		close(self->link);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	probe__destroy(self->probe);
}

struct hog_job {
	char path[PATH_MAX];
	volatile bool stop;
};

/* Read holes: clean page cache without disk I/O. */
static int read_holes(void *arg)
{
	static char chunk[MiB];
	struct hog_job *job = arg;
	int fd, pass;
	uint64_t at, size = memory_size() + memory_size() / 8;

	fd = open(job->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, size))
		return 1;
	for (pass = 0; pass < PASSES; pass++) {
		for (at = 0; at < size && !job->stop; at += sizeof(chunk)) {
			if (pread(fd, chunk, sizeof(chunk), at) < 0)
				return 1;
		}
	}
	return 0;
}

/* Pages that reclaim has looked at, in which no cgroup was the target. */
static uint64_t global_scans(void)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long long value, sum = 0;
	char key[64];

	if (!file)
		return 0;
	while (fscanf(file, "%63s %llu", key, &value) == 2) {
		if (!strcmp(key, "pgscan_kswapd") || !strcmp(key, "pgscan_direct"))
			sum += value;
	}
	fclose(file);
	return sum;
}

/*
 * The ops are asked, and what they protect stays.  The control is the time before:
 * while memory is free nobody asks.
 */
TEST_F_TIMEOUT(global_reclaim, asks_and_spares_what_bpf_protects, 600)
{
	struct hog_job *job = worker_share(sizeof(*job));
	uint64_t id = cg_id(self->protected), scans, calls = 0;
	char path[2 * PATH_MAX];
	int ret = 0, status = 0;
	pid_t pid;

	ASSERT_NE(NULL, job);
	snprintf(path, sizeof(path), "%s/protected", self->tb.dir);
	ASSERT_EQ(0, page_cache_fill(self->protected, path, FILE_SIZE));
	EXPECT_EQ(0, probe_total(self->probe, variant->callback))
		TH_LOG("BPF was asked before there was any reclaim");

	snprintf(job->path, sizeof(job->path), "%.4000s/holes", self->tb.dir);
	scans = global_scans();
	pid = worker_start(self->hog, 0, read_holes, job);
	ASSERT_GT(pid, 0);
	while (!ret) {
		ret = worker_wait(pid, 100, &status);
		calls = probe_stats(self->probe, id).calls[variant->callback];
		job->stop = calls;
	}
	scans = global_scans() - scans;
	ASSERT_EQ(1, ret);
	ASSERT_EQ(0, status)
		TH_LOG("hog: %s", worker_status(status));
	TH_LOG("%" PRIu64 " pages scanned, asked %" PRIu64 " times, %" PRId64 " pages taken",
	       scans, calls, cg_read_key(self->protected, "memory.stat", "pgsteal"));
	if (!scans)
		SKIP(return, "there was no global reclaim, although more was read than memory has");
	EXPECT_GT(calls, 0)
		TH_LOG("the machine was short of memory, and BPF was not asked");
	EXPECT_EQ(0, cg_read_key(self->protected, "memory.stat", "pgsteal"));
}

MEMCG_BPF_HARNESS_MAIN
