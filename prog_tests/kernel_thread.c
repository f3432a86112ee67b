// SPDX-License-Identifier: GPL-2.0
/*
 * A question: is a kernel thread delayed that charges for a memcg?  It is not a task of
 * that memcg's cgroup, and others may wait for it.
 *
 *   memcg_bpf.kernel_thread.<pid>	no limit
 *   |-- high			ops, which delay kernel threads and nobody else
 *   `-- control		no ops
 *
 * The control shows that the kernel thread charges for the cgroup at all.  BPF counts
 * the calls in kernel threads, and how often one of them then slept.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/loop.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "huge_page.h"
#include "probe.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"

#include "kernel_thread_types.h"
#include "kernel_thread.skel.h"

#define DELAY_MS	100

FIXTURE(kernel_thread)
{
	struct testbed tb;
	char high[PATH_MAX];
	char control[PATH_MAX];
	struct kernel_thread *skel;
	int link;
};

FIXTURE_SETUP(kernel_thread)
{
	struct bpf_link *sched_switch;

	self->link = -1;
	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_PSI);	/* its in_memstall tells a sleep in the delay from others */
	ASSERT_EQ(0, testbed_create(&self->tb, "kernel_thread"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->high, "high"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->control, "control"));
	self->skel = kernel_thread__open();
	ASSERT_NE(NULL, self->skel);
	self->skel->rodata->delay_ms = DELAY_MS;
	ASSERT_EQ(0, revision_load(self->skel->skeleton));
	sched_switch = bpf_program__attach(self->skel->progs.count_sleeps);
	ASSERT_NE(NULL, sched_switch)
		TH_LOG("attach to sched_switch: %s", strerror(errno));
	self->skel->links.count_sleeps = sched_switch;
	self->link = memcg_bpf_attach_path(self->skel->maps.kernel_thread_ops, self->high, 0);
	ASSERT_ATTACHED(self->link);
}

FIXTURE_TEARDOWN(kernel_thread)
{
	if (self->link >= 0)
		close(self->link);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	kernel_thread__destroy(self->skel);
}

static struct kernel_thread_calls calls_of(FIXTURE_DATA(kernel_thread) *self)
{
	return *(volatile struct kernel_thread_calls *)&self->skel->bss->calls;
}

/* The answer, after a kernel thread has charged HIGH.  @who: the thread, for the text. */
static const char *answer(struct __test_metadata *_metadata,
			  FIXTURE_DATA(kernel_thread) *self, const char *who)
{
	struct kernel_thread_calls calls = calls_of(self);
	static char text[256];
	const char *what;

	TH_LOG("the callback was called %llu times in kernel threads (%s), which slept %llu times, and %llu times in other tasks",
	       calls.kernel, calls.kernel ? calls.name : "none", calls.sleeps, calls.user);
	TH_LOG("the stall in memory.pressure of HIGH: %" PRId64 " us",
	       cg_memory_stall_us(self->high));
	if (!calls.kernel)
		what = "charges, and the callback is not called in it";
	else if (!calls.sleeps)
		what = "calls the callback, and is not delayed";
	else
		what = "calls the callback, and is delayed";
	snprintf(text, sizeof(text), "%s %s", who, what);
	return text;
}

/* Several, because BPF is not asked about a batch that comes from a stock. */
#define LOOP_BATCHES	16

/* A device that is gone when its last descriptor is closed. */
struct loop {
	char path[64];
	uint64_t size;
	int fd;
};

/* Another process may take a free device before this one does. */
#define LOOP_TRIES	16

/* Return 0, or a negative errno: -EBUSY if another process has taken the device. */
static int take_free_loop(struct loop *loop, int control, int file)
{
	struct loop_config config = { .fd = file, .info.lo_flags = LO_FLAGS_AUTOCLEAR };
	int number = ioctl(control, LOOP_CTL_GET_FREE), err;

	if (number < 0)
		return -errno;
	snprintf(loop->path, sizeof(loop->path), "/dev/loop%d", number);
	loop->fd = open(loop->path, O_RDWR | O_CLOEXEC);
	if (loop->fd < 0)
		return -errno;
	if (!ioctl(loop->fd, LOOP_CONFIGURE, &config))
		return 0;
	err = errno;
	close(loop->fd);
	return -err;
}

/* Make a loop device of a new, empty file, which it writes through the page cache. */
static int loop_start(struct loop *loop, int control, const char *path, uint64_t size)
{
	int file, tries, ret = -EBUSY;

	loop->size = size;
	file = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		return -errno;
	if (ftruncate(file, size))
		ret = -errno;
	for (tries = 0; tries < LOOP_TRIES && ret == -EBUSY; tries++)
		ret = take_free_loop(loop, control, file);
	close(file);
	return ret;
}

/* Past the page cache of the device, so that the thread has its requests from us. */
static int write_loop(void *arg)
{
	struct loop *loop = arg;
	size_t len = 64 * 1024;
	uint64_t at;
	char *chunk;
	int fd;

	fd = open(loop->path, O_WRONLY | O_DIRECT | O_CLOEXEC);
	if (fd < 0 || posix_memalign((void **)&chunk, sysconf(_SC_PAGESIZE), len))
		return 1;
	memset(chunk, 'x', len);
	for (at = 0; at < loop->size; at += len) {
		if (pwrite(fd, chunk, len, at) != (ssize_t)len)
			return 1;
	}
	return 0;
}

/*
 * A worker in @cgroup writes to a loop device; return how much page cache was charged to
 * the cgroup for it, in bytes.
 */
static int64_t charge_by_loop(struct __test_metadata *_metadata, const char *cgroup,
			      struct loop *loop)
{
	int64_t before = cg_read_key(cgroup, "memory.stat", "file");
	int status = worker_run_stalled(cgroup, write_loop, loop, STEP_TIMEOUT_MS);

	ASSERT_EQ(0, status)
		TH_LOG("worker in %s: %s", cgroup, worker_status(status));
	return cg_read_key(cgroup, "memory.stat", "file") - before;
}

/* The loop device knows whom to charge by the cgroup of a request: that of the io controller. */
static const char *enable_io(const struct testbed *tb)
{
	static const char why[] = "no io controller, by which a loop device knows whom to charge: CONFIG_BLK_CGROUP=y, and cgroup_no_v1=io";
	char root[PATH_MAX];

	if (cg_find_root(root, sizeof(root)) ||
	    cg_has_word(root, "cgroup.controllers", "io") != 1 || cg_enable(root, "io") ||
	    cg_enable(tb->cgroup, "io"))
		return why;
	return NULL;
}

/*
 * Workers in CONTROL and HIGH write to a loop device each, whose file is on a disk.  The
 * device's thread puts what they write into the page cache of the file.
 */
TEST_F_TIMEOUT(kernel_thread, of_a_loop_device, 240)
{
	const char * const cgroups[] = { self->control, self->high };
	uint64_t size = probe_batches(LOOP_BATCHES);
	char file[2 * PATH_MAX];
	struct loop loop;
	int control, ret;
	int64_t charged;
	size_t i;

	REQUIRE(REQUIRE_PAGE_CACHE);
	REQUIRE(REQUIRE_LOOP);
	SKIP_IF(enable_io(&self->tb));
	control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
	ASSERT_GE(control, 0);
	for (i = 0; i < ARRAY_SIZE(cgroups); i++) {
		snprintf(file, sizeof(file), "%s/file%zu", self->tb.dir, i);
		ret = loop_start(&loop, control, file, size);
		ASSERT_EQ(0, ret)
			TH_LOG("cannot make a loop device of %s: %s", file, strerror(-ret));
		charged = charge_by_loop(_metadata, cgroups[i], &loop);
		close(loop.fd);
		TH_LOG("%" PRIu64 " bytes written, page cache of %" PRId64 " bytes charged to %s",
		       size, charged, cgroups[i]);
		if (charged < (int64_t)size / 2)
			SKIP(return, "the thread of the loop device does not charge the cgroup that writes, so it has nothing to ask");
	}
	ANSWER("%s", answer(_metadata, self, "the loop device's thread"));
}

/* By default khugepaged scans 16 MiB every 10 s. */
#define KHUGEPAGED_TIMEOUT_MS	100000

/* Memory of some huge pages' size, in small pages that khugepaged may collapse. */
static int wait_for_khugepaged(void *arg)
{
	uint64_t size = *(uint64_t *)arg;
	char *map = workload_map(4 * size);	/* three aligned ones at least */

	if (!map)
		return 1;
	workload_touch_map(map, 4 * size);
	if (madvise(map, 4 * size, MADV_HUGEPAGE))
		return 1;
	while (pause() < 0)
		;
	return 0;
}

/* A worker in @cgroup waits for khugepaged; return whether that gave it a huge page. */
static bool charge_by_khugepaged(struct __test_metadata *_metadata, const char *cgroup,
				 uint64_t size)
{
	int64_t huge = 0;
	int ms, status;
	pid_t pid;

	pid = worker_start(cgroup, 0, wait_for_khugepaged, &size);
	ASSERT_GT(pid, 0);
	for (ms = 0; ms < KHUGEPAGED_TIMEOUT_MS && huge < (int64_t)size; ms += 100) {
		ASSERT_EQ(0, worker_wait(pid, 100, &status))
			TH_LOG("worker in %s: %s", cgroup, worker_status(status));
		huge = cg_read_key(cgroup, "memory.stat", "anon_thp");
	}
	TH_LOG("%s: %" PRId64 " bytes in huge pages", cgroup, huge);
	ASSERT_EQ(0, worker_kill(pid));
	return huge >= (int64_t)size;
}

/* Workers in CONTROL and HIGH have small pages, and khugepaged makes huge ones of them. */
TEST_F_TIMEOUT(kernel_thread, khugepaged, 280)
{
	const char * const cgroups[] = { self->control, self->high };
	uint64_t size = huge_page_size();
	size_t i;

	if (!size)
		SKIP(return, "%s", HUGE_PAGE_REMEDY);
	for (i = 0; i < ARRAY_SIZE(cgroups); i++) {
		if (!charge_by_khugepaged(_metadata, cgroups[i], size))
			SKIP(return, "khugepaged has made no huge page: free some memory, and write 1000 to /sys/kernel/mm/transparent_hugepage/khugepaged/scan_sleep_millisecs");
	}
	ANSWER("%s", answer(_metadata, self, "khugepaged"));
}

MEMCG_BPF_HARNESS_MAIN
