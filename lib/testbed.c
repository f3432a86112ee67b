// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup.h"
#include "kernel_log.h"
#include "mounts.h"
#include "root_memory.h"
#include "scratch.h"
#include "testbed.h"

/*
 * A killed task may have to finish a write to a slow disk before its cgroup can
 * be removed.  Longer than that is a kernel that does not let go.
 */
#define SWEEP_TIMEOUT_MS 20000

/* the program itself, of which the test may be a child or a grandchild */
static pid_t program;

static void __attribute__((constructor)) remember_program(void)
{
	program = getpid();
}

/* After all tests: each of them would enable it again. */
static void __attribute__((destructor)) put_back(void)
{
	if (getpid() == program)
		root_memory_put_back();
}

static int remove_entry(const char *path, const struct stat *st, int type,
			struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static int remove_tree(const char *dir)
{
	if (!nftw(dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS) ||
	    errno == ENOENT)
		return 0;
	fprintf(stderr, "# cannot remove %s: %s\n", dir, strerror(errno));
	return 1;
}

static int sweep(const struct testbed *tb)
{
	int ret = 0, err;

	if (tb->pins[0])
		ret = remove_tree(tb->pins);

	err = cg_remove(tb->cgroup, SWEEP_TIMEOUT_MS);
	if (err) {
		fprintf(stderr, "# cannot remove cgroup %s: %s\n", tb->cgroup,
			strerror(-err));
		ret = 1;
	}

	return ret | remove_tree(tb->dir);
}

static int pidfd_of(pid_t pid)
{
	return syscall(SYS_pidfd_open, pid, 0);
}

/* Wait for a request or for the end of the test or its program; then sweep. */
static void __attribute__((noreturn))
run_sweeper(const struct testbed *tb, pid_t test, int request)
{
	pid_t group = getpgid(test);
	struct pollfd fds[] = {
		{ .fd = request, .events = POLLIN },
		{ .fd = pidfd_of(test), .events = POLLIN },
		{ .fd = pidfd_of(program), .events = POLLIN },
	};

	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);

	/* No descriptor for a process that has ended already: do not wait. */
	if (fds[1].fd >= 0 && fds[2].fd >= 0) {
		while (poll(fds, 3, -1) < 0 && errno == EINTR)
			;
	}

	/*
	 * The harness gives a test a process group of its own, which survives
	 * when only the program is killed.
	 */
	if (!fds[0].revents && group == test)
		kill(-group, SIGKILL);
	else if (!fds[0].revents)
		kill(test, SIGKILL);

	_exit(sweep(tb));
}

/* A program that is killed, between two tests even, does not put back anything. */
static void put_back_after_program(void)
{
	struct pollfd end = { .fd = pidfd_of(program), .events = POLLIN };
	int tries;

	if (end.fd < 0 || fork())
		return;
	setsid();
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	while (poll(&end, 1, -1) < 0 && errno == EINTR)
		;
	/* what a test has left has to go first */
	for (tries = 0; root_memory_put_back() && tries < SWEEP_TIMEOUT_MS / 10; tries++)
		usleep(10000);
	_exit(0);
}

static int start_sweeper(struct testbed *tb)
{
	pid_t test = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC))
		return -errno;

	tb->sweeper = fork();
	if (tb->sweeper < 0)
		return -errno;
	if (!tb->sweeper) {
		close(fds[1]);
		run_sweeper(tb, test, fds[0]);
	}

	close(fds[0]);
	tb->request = fds[1];
	return 0;
}

int testbed_create(struct testbed *tb, const char *name)
{
	const char *what = "find the cgroup v2 file system";
	char root[PATH_MAX / 2], bpffs[PATH_MAX / 2];
	int ret;

	memset(tb, 0, sizeof(*tb));
	prctl(PR_SET_PDEATHSIG, SIGKILL);

	tb->kernel_log = kernel_log_open();
	if (tb->kernel_log < 0) {
		fprintf(stderr, "# cannot read /dev/kmsg: %s\n",
			strerror(-tb->kernel_log));
		return tb->kernel_log;
	}

	ret = cg_find_root(root, sizeof(root));
	if (ret)
		goto err;

	snprintf(tb->cgroup, sizeof(tb->cgroup), "%s/memcg_bpf.%s.%d", root,
		 name, getpid());
	snprintf(tb->dir, sizeof(tb->dir), "%s/memcg_bpf.%s.%d",
		 scratch_dir(), name, getpid());
	/* a name with a dot is not allowed there */
	if (!mounts_find("bpf", bpffs, sizeof(bpffs)))
		snprintf(tb->pins, sizeof(tb->pins), "%s/memcg_bpf_%s_%d",
			 bpffs, name, getpid());

	/* before there is anything that could be left behind */
	what = "start the sweeper for";
	ret = start_sweeper(tb);
	if (ret)
		goto err;

	what = "enable the memory controller for";
	/* before this process has what the other would inherit: a lock */
	if (!cg_has_word(root, "cgroup.subtree_control", "memory"))
		put_back_after_program();
	ret = root_memory_enable(root);
	if (ret)
		goto err_sweep;

	what = "create";
	ret = cg_create(tb->cgroup);
	if (ret)
		goto err_sweep;

	what = "enable the memory controller in";
	ret = cg_enable_memory(tb->cgroup);
	if (ret)
		goto err_sweep;

	if (mkdir(tb->dir, 0700)) {
		ret = -errno;
		fprintf(stderr, "# cannot create %s: %s; set SCRATCH_DIR\n",
			tb->dir, strerror(errno));
		testbed_destroy(tb);
		return ret;
	}
	return 0;

err_sweep:
	testbed_destroy(tb);
err:
	fprintf(stderr, "# cannot %s %s: %s\n", what,
		tb->cgroup[0] ? tb->cgroup : "", strerror(-ret));
	return ret;
}

int testbed_add_cgroup(const struct testbed *tb, char *path, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", tb->cgroup, name) >= PATH_MAX)
		return -ENAMETOOLONG;
	return cg_create(path);
}

int testbed_add_pin(const struct testbed *tb, char *path, const char *name)
{
	if (mkdir(tb->pins, 0700) && errno != EEXIST)
		return -errno;
	return snprintf(path, PATH_MAX, "%s/%s", tb->pins, name) < PATH_MAX ?
		0 : -ENAMETOOLONG;
}

int testbed_destroy(struct testbed *tb)
{
	int status, ret;

	if (!tb->sweeper)
		return 0;

	if (write(tb->request, "", 1) != 1)
		kill(tb->sweeper, SIGKILL);
	close(tb->request);

	while (waitpid(tb->sweeper, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	tb->sweeper = 0;
	ret = WIFEXITED(status) && !WEXITSTATUS(status) ? 0 : -EBUSY;

	if (kernel_log_check(tb->kernel_log) && !ret)
		ret = -EUCLEAN;
	return ret;
}
