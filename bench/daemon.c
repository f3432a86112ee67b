// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon.h"
#include "worker.h"

/* microseconds of stall, and of the window */
#define PSI_TRIGGER "some 10000 500000"

int daemon_start(struct daemon *daemon, int (*run)(struct daemon *daemon, void *arg),
		 void *arg)
{
	int status;

	daemon->ready = worker_share(sizeof(*daemon->ready));
	if (!daemon->ready)
		return -errno;
	daemon->pid = fork();
	if (daemon->pid < 0)
		return -errno;
	if (!daemon->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(run(daemon, arg));
	}
	while (!*daemon->ready) {
		if (waitpid(daemon->pid, &status, WNOHANG))
			return -ECHILD;
		usleep(1000);
	}
	return 0;
}

int64_t daemon_stop(struct daemon *daemon)
{
	struct rusage used;
	int status;

	kill(daemon->pid, SIGKILL);
	if (wait4(daemon->pid, &status, 0, &used) != daemon->pid ||
	    !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) {
		fprintf(stderr, "the daemon ended with %s\n", worker_status(status));
		return -ECHILD;
	}
	return (used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1000000000LL +
		(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1000LL;
}

int daemon_open_pressure(const char *cgroup)
{
	char path[PATH_MAX];
	int fd, ret;

	if (snprintf(path, sizeof(path), "%s/memory.pressure", cgroup) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	ret = fd < 0 ? -errno : 0;
	if (!ret && write(fd, PSI_TRIGGER, sizeof(PSI_TRIGGER)) < 0) {
		ret = -errno;
		close(fd);
	}
	if (ret) {
		fprintf(stderr, "%s: no trigger: %s\n", path, strerror(-ret));
		return ret;
	}
	return fd;
}
