// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <unistd.h>

#include "cgroup.h"
#include "reclaim_daemon.h"
#include "worker.h"

/* Some of it may be in use, or be gone by now: what cannot be had is not an error. */
static void look(struct reclaim_daemon *reclaim)
{
	int64_t charged = cg_read_number(reclaim->cgroup, "memory.current");

	if (charged <= (int64_t)reclaim->threshold)
		return;
	++*reclaim->reclaims;
	cg_write(reclaim->cgroup, "memory.reclaim", "%" PRIu64, charged - reclaim->target);
}

/* Return: the exit status, if it cannot begin. */
static int watch(struct daemon *daemon, void *arg)
{
	struct pollfd pressure = { .fd = -1, .events = POLLPRI };
	struct reclaim_daemon *reclaim = arg;

	if (!reclaim->poll_ms) {
		/* it is to be closed last */
		pressure.fd = daemon_open_pressure(reclaim->cgroup);
		if (pressure.fd < 0)
			return 1;
	}
	*daemon->ready = true;
	for (;;) {
		if (reclaim->poll_ms)
			usleep(reclaim->poll_ms * 1000);
		else if (poll(&pressure, 1, -1) <= 0)
			continue;
		look(reclaim);
	}
}

int reclaim_daemon_start(struct reclaim_daemon *reclaim)
{
	reclaim->reclaims = worker_share(sizeof(*reclaim->reclaims));
	if (!reclaim->reclaims)
		return -errno;
	return daemon_start(&reclaim->daemon, watch, reclaim);
}

int64_t reclaim_daemon_stop(struct reclaim_daemon *reclaim)
{
	return daemon_stop(&reclaim->daemon);
}
