// SPDX-License-Identifier: GPL-2.0
/*
 * A test that is killed leaves nothing behind, and does not pass.
 *
 * Each test here runs another one of this suite, over_high:
 *
 *   memcg_bpf.over_high.<pid>
 *   |-- high			a worker that reads until LOW was delayed
 *   `-- low			a worker that is being delayed; has ops attached
 *
 * waits until LOW's worker is there, and then kills the program, a process of it
 * or the worker.  In each case the program must end soon, not with success, and no
 * cgroup, link, process or file of it may remain.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "worker.h"

#define PROGRAM		"over_high"
#define TEST_NAME	"low_is_delayed_while_high_faults"

/* Far above what any step takes on an emulated machine. */
#define CLEANUP_TIMEOUT_MS	60000

FIXTURE(cleanup)
{
	char cgroups[PATH_MAX];	/* pattern of the cgroups of PROGRAM */
	char dirs[PATH_MAX];	/* and of its directories */
	char low[PATH_MAX];
	unsigned int links;	/* of memcg_bpf_ops, before it ran */
	pid_t program;
	pid_t worker;
};

/* Count what matches, and copy the first one to @path if that is not NULL. */
static size_t count_paths(const char *pattern, char *path)
{
	glob_t found;
	size_t n;

	if (glob(pattern, 0, NULL, &found))
		return 0;
	n = found.gl_pathc;
	if (path)
		snprintf(path, PATH_MAX, "%s", found.gl_pathv[0]);
	globfree(&found);
	return n;
}

static unsigned int count_processes(void)
{
	unsigned int n = 0;
	glob_t found;
	char comm[32];
	FILE *file;
	size_t i;

	if (glob("/proc/[0-9]*/comm", 0, NULL, &found))
		return 0;
	for (i = 0; i < found.gl_pathc; i++) {
		file = fopen(found.gl_pathv[i], "r");
		if (!file)
			continue;
		if (fgets(comm, sizeof(comm), file) && !strcmp(comm, PROGRAM "\n"))
			n++;
		fclose(file);
	}
	globfree(&found);
	return n;
}

static void __attribute__((noreturn)) run_program(void)
{
	char self[PATH_MAX] = "", path[PATH_MAX + 16];
	int null = open("/dev/null", O_WRONLY);

	if (readlink("/proc/self/exe", self, sizeof(self) - 1) < 0)
		_exit(127);
	snprintf(path, sizeof(path), "%s/%s", dirname(self), PROGRAM);

	/* Its verdict is its exit status; its output is not ours. */
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	if (!params_export())
		execl(path, PROGRAM, "-t", TEST_NAME, NULL);
	_exit(127);
}

static pid_t first_process(const char *cgroup)
{
	char procs[256];

	if (cg_read(cgroup, "cgroup.procs", procs, sizeof(procs)))
		return 0;
	return atoi(procs);
}

FIXTURE_SETUP(cleanup)
{
	char root[PATH_MAX / 2], low[PATH_MAX];
	unsigned int ms;
	int status;

	REQUIRE_OPS(CAN_DELAY);
	REQUIRE(REQUIRE_MEMCG_EVENTS | REQUIRE_PSI | REQUIRE_PAGE_CACHE);

	ASSERT_EQ(0, cg_find_root(root, sizeof(root)));
	snprintf(self->cgroups, sizeof(self->cgroups), "%s/memcg_bpf.%s.*", root,
		 PROGRAM);
	snprintf(low, sizeof(low), "%s/memcg_bpf.%s.*/low", root, PROGRAM);
	snprintf(self->dirs, sizeof(self->dirs), "%s/memcg_bpf.%s.*",
		 params.scratch_dir, PROGRAM);
	ASSERT_EQ(0, count_paths(self->cgroups, NULL))
		TH_LOG("another %s runs", PROGRAM);
	self->links = memcg_bpf_count_links(NULL);

	self->program = fork();
	ASSERT_GE(self->program, 0);
	if (!self->program)
		run_program();

	for (ms = 0; !self->worker; ms += 10) {
		ASSERT_LT(ms, CLEANUP_TIMEOUT_MS)
			TH_LOG("%s did not start LOW", PROGRAM);
		ASSERT_EQ(0, worker_wait(self->program, 10, &status))
			TH_LOG("%s ended early with %s", PROGRAM,
			       worker_status(status));
		if (count_paths(low, self->low))
			self->worker = first_process(self->low);
	}

	/* What is to be cleaned up is there. */
	ASSERT_EQ(1, count_paths(self->dirs, NULL));
	ASSERT_GT(memcg_bpf_count_links(NULL), self->links);
}

FIXTURE_TEARDOWN(cleanup)
{
	if (self->program > 0)
		kill(self->program, SIGKILL);
}

static void expect_fail_and_nothing_left(struct __test_metadata *_metadata,
					 FIXTURE_DATA(cleanup) *self)
{
	int status = 0, ms;

	ASSERT_EQ(1, worker_wait(self->program, CLEANUP_TIMEOUT_MS, &status))
		TH_LOG("%s hangs", PROGRAM);
	self->program = 0;
	EXPECT_NE(0, status)
		TH_LOG("%s passed", PROGRAM);
	EXPECT_FALSE(WIFEXITED(status) && WEXITSTATUS(status) == KSFT_SKIP);

	/* After SIGKILL of the program, its sweeper needs a moment. */
	for (ms = 0; ms < CLEANUP_TIMEOUT_MS && count_processes(); ms += 10)
		usleep(10000);

	EXPECT_EQ(0, count_processes());
	EXPECT_EQ(0, count_paths(self->cgroups, NULL));
	EXPECT_EQ(0, count_paths(self->dirs, NULL));

	/* The kernel frees a link in a work item of its own. */
	for (ms = 0; ms < CLEANUP_TIMEOUT_MS &&
	     memcg_bpf_count_links(NULL) > self->links; ms += 10)
		usleep(10000);
	EXPECT_EQ(self->links, memcg_bpf_count_links(NULL));
}

/* Ctrl-C, of which only the program hears, not the processes it started. */
TEST_F_TIMEOUT(cleanup, after_sigint, 200)
{
	ASSERT_EQ(0, kill(self->program, SIGINT));
	expect_fail_and_nothing_left(_metadata, self);
}

/* The kselftest runner's timeout(1). */
TEST_F_TIMEOUT(cleanup, after_sigterm, 200)
{
	ASSERT_EQ(0, kill(self->program, SIGTERM));
	expect_fail_and_nothing_left(_metadata, self);
}

TEST_F_TIMEOUT(cleanup, after_sigkill, 200)
{
	ASSERT_EQ(0, kill(self->program, SIGKILL));
	expect_fail_and_nothing_left(_metadata, self);
}

TEST_F_TIMEOUT(cleanup, after_sigkill_of_worker, 200)
{
	ASSERT_EQ(0, kill(self->worker, SIGKILL));
	expect_fail_and_nothing_left(_metadata, self);
}

/* With memory.max at 0 the kernel kills whatever is in the cgroup. */
TEST_F_TIMEOUT(cleanup, after_oom_kill_of_worker, 200)
{
	ASSERT_EQ(0, cg_write(self->low, "memory.max", "0"));
	expect_fail_and_nothing_left(_metadata, self);
}

MEMCG_BPF_HARNESS_MAIN
