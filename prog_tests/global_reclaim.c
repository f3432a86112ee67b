// SPDX-License-Identifier: GPL-2.0
/*
 * Global reclaim: the machine is short of memory, and not a cgroup.
 *
 *   memcg_bpf.global_reclaim.<pid>	no limits
 *   |-- protected		a file in memory; ops that say yes
 *   `-- hogs			tasks that read files of holes, more than memory has
 *
 * No cgroup here has a limit, so the ops are asked only by kswapd, or by a task in
 * reclaim for the whole machine.  /proc/vmstat shows that there was such reclaim.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "page_cache.h"
#include "revision.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"

#include "global_reclaim.skel.h"
#include "global_reclaim_types.h"

#define FILE_SIZE	SCALED(8 * MiB)
/* Filling more memory would take longer than a test may. */
#define MAX_MEMORY	(8192 * MiB)
/* One pass fills memory; kswapd asks the ops in the second at the latest. */
#define PASSES		3
/* For kswapd, which is one task, there is a share of the processors as for each of these. */
#define HOGS		4
/*
 * Pages.  A task ends its reclaim with the cgroup that gave it enough, and the next one goes on
 * from there: after so many pages they have looked at all cgroups, many times.
 */
#define ENOUGH_SCANS	(16 * 1024)

/* The counters of /proc/vmstat for pages that were looked at while no cgroup was the target */
static const char * const scan_counters[NR_RECLAIMERS] = {
	[BY_KSWAPD] = "pgscan_kswapd",
	[BY_TASK] = "pgscan_direct",
};

static const char * const reclaimer_names[NR_RECLAIMERS] = {
	[BY_KSWAPD] = "kswapd",
	[BY_TASK] = "tasks",
};

struct scans {
	uint64_t pages[NR_RECLAIMERS];
};

struct hog_job {
	char path[PATH_MAX];
	volatile bool hurry;
	volatile bool stop;
};

FIXTURE(global_reclaim)
{
	struct testbed tb;
	char protected[PATH_MAX];
	char hogs[PATH_MAX];
	struct hog_job *jobs;		/* HOGS of them */
	struct global_reclaim *skel;
	int link;
};

/* The only callback of the ops, which answers yes. */
FIXTURE_VARIANT(global_reclaim)
{
	bool low;
	unsigned int needs;
};

FIXTURE_VARIANT_ADD(global_reclaim, below_low)
{
	.low = true,
	.needs = CAN_BELOW_LOW,
};

FIXTURE_VARIANT_ADD(global_reclaim, below_min)
{
	.low = false,
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
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->hogs, "hogs"));
	self->jobs = worker_share(HOGS * sizeof(*self->jobs));
	ASSERT_NE(NULL, self->jobs);
	self->skel = global_reclaim__open();
	ASSERT_NE(NULL, self->skel);
	if (variant->low)
		self->skel->struct_ops.global_ops->below_min = NULL;
	else
		self->skel->struct_ops.global_ops->below_low = NULL;
	ASSERT_EQ(0, revision_load(self->skel->skeleton));
	self->link = memcg_bpf_attach_path(self->skel->maps.global_ops, self->protected, 0);
	ASSERT_ATTACHED(self->link);
}

FIXTURE_TEARDOWN(global_reclaim)
{
	if (self->link >= 0)
		close(self->link);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	global_reclaim__destroy(self->skel);
}

/* Read holes: clean page cache without disk I/O. */
static int read_holes(void *arg)
{
	static char chunk[MiB];
	struct hog_job *job = arg;
	bool hurries = false;
	int fd, pass;
	uint64_t at, size = (memory_size() + memory_size() / 8) / HOGS;

	fd = open(job->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, size))
		return 1;
	for (pass = 0; pass < PASSES; pass++) {
		for (at = 0; at < size && !job->stop; at += sizeof(chunk)) {
			if (pread(fd, chunk, sizeof(chunk), at) < 0)
				return 1;
			if (job->hurry && !hurries && setpriority(PRIO_PROCESS, 0, -20))
				return 1;
			hurries = job->hurry;
		}
	}
	return 0;
}

static struct scans read_scans(void)
{
	FILE *file = fopen("/proc/vmstat", "r");
	unsigned long long value;
	struct scans scans = {};
	char key[64];
	size_t i;

	if (!file)
		return scans;
	while (fscanf(file, "%63s %llu", key, &value) == 2) {
		for (i = 0; i < NR_RECLAIMERS; i++) {
			if (!strcmp(key, scan_counters[i]))
				scans.pages[i] = value;
		}
	}
	fclose(file);
	return scans;
}

/* Has a reclaimer asked the ops, or had enough opportunity to? */
static bool is_known(FIXTURE_DATA(global_reclaim) *self, enum global_reclaimer reclaimer,
		     const struct scans *before, const struct scans *now)
{
	return self->skel->bss->asked[reclaimer] ||
	       now->pages[reclaimer] - before->pages[reclaimer] >= ENOUGH_SCANS;
}

static void steer(FIXTURE_DATA(global_reclaim) *self, const struct scans *before)
{
	struct scans now = read_scans();
	bool kswapd = is_known(self, BY_KSWAPD, before, &now);
	bool task = is_known(self, BY_TASK, before, &now);
	int i;

	for (i = 0; i < HOGS; i++) {
		self->jobs[i].hurry = kswapd;
		self->jobs[i].stop = kswapd && task;
	}
}

/*
 * Have the hogs read until all is known, or all is read.  Once kswapd is known they leave
 * next to no processor time to it, so that they have to reclaim themselves.
 *
 * Return the scans at that time.
 */
static struct scans be_short_of_memory(struct __test_metadata *_metadata,
				       FIXTURE_DATA(global_reclaim) *self,
				       const struct scans *before)
{
	int i, ret, status;
	pid_t hogs[HOGS];

	for (i = 0; i < HOGS; i++) {
		snprintf(self->jobs[i].path, sizeof(self->jobs[i].path), "%.4000s/holes%d",
			 self->tb.dir, i);
		hogs[i] = worker_start(self->hogs, 0, read_holes, &self->jobs[i]);
		ASSERT_GT(hogs[i], 0);
	}
	for (i = 0; i < HOGS; i++) {
		for (ret = 0; !ret; ret = worker_wait(hogs[i], 100, &status))
			steer(self, before);
		ASSERT_EQ(1, ret);
		ASSERT_EQ(0, status)
			TH_LOG("hog: %s", worker_status(status));
	}
	return read_scans();
}

/*
 * The ops are asked, by kswapd and by tasks that reclaim for the machine, and what they protect
 * stays.  The control is the time before: while memory is free nobody asks.
 */
TEST_F_TIMEOUT(global_reclaim, asks_and_spares_what_bpf_protects, 600)
{
	struct scans before, after;
	char path[2 * PATH_MAX];
	uint64_t pages;
	bool any = false;
	size_t i;

	snprintf(path, sizeof(path), "%s/protected", self->tb.dir);
	ASSERT_EQ(0, page_cache_fill(self->protected, path, FILE_SIZE));
	for (i = 0; i < NR_RECLAIMERS; i++) {
		EXPECT_EQ(0, self->skel->bss->asked[i])
			TH_LOG("BPF was asked before there was any reclaim");
	}

	before = read_scans();
	after = be_short_of_memory(_metadata, self, &before);
	for (i = 0; i < NR_RECLAIMERS; i++) {
		pages = after.pages[i] - before.pages[i];
		TH_LOG("%s have scanned %" PRIu64 " pages, and asked %llu times",
		       reclaimer_names[i], pages, self->skel->bss->asked[i]);
		any |= is_known(self, i, &before, &after);
		EXPECT_TRUE(self->skel->bss->asked[i] || pages < ENOUGH_SCANS)
			TH_LOG("the machine was short of memory, and BPF was not asked by %s",
			       reclaimer_names[i]);
	}
	EXPECT_EQ(0, cg_read_key(self->protected, "memory.stat", "pgsteal"));
	if (!any)
		SKIP(return, "there was next to no global reclaim, although more was read than memory has");
}

MEMCG_BPF_HARNESS_MAIN
