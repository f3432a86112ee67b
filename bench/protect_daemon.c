// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cgroup.h"
#include "clock.h"
#include "protect_daemon.h"
#include "random.h"
#include "worker.h"

static int set_low(struct protect_daemon *protect, uint64_t low)
{
	int ret = cg_write(protect->cgroup, "memory.low", "%" PRIu64, low);

	if (ret)
		fprintf(stderr, "%s: memory.low: %s\n", protect->cgroup, strerror(-ret));
	protect->shared->writes++;
	return ret;
}

/* The cgroup is protected, now or since before its first fault: the reaction is over. */
static void count_reaction(struct protect_daemon *protect, bool was_protected)
{
	int64_t since = *protect->first_fault_ns;

	if (!since)
		return;
	*protect->first_fault_ns = 0;
	if (!was_protected)
		protect->shared->reaction_ns_sum += clock_ns() - since;
	protect->shared->reactions++;
}

/* What a daemon looks at. */
struct view {
	int pressure_fd;		/* or -1: pgfault, as follows */
	int64_t window_ns;		/* when the window began that faults are counted in */
	int64_t window_faults;		/* pgfault then */
};

/*
 * More than threshold faults in hold_ms, or since the last look if that is longer?  The
 * trigger counts the same.
 */
static bool has_faulted(const struct protect_daemon *protect, struct view *view)
{
	int64_t faults = cg_read_key(protect->cgroup, "memory.stat", "pgfault");
	bool busy = faults - view->window_faults > protect->threshold;
	int64_t now = clock_ns();

	if (busy || now - view->window_ns >= protect->hold_ms * 1000000LL) {
		view->window_faults = faults;
		view->window_ns = now;
	}
	return busy;
}

static int open_view(const struct protect_daemon *protect, struct view *view)
{
	view->pressure_fd = -1;
	if (!protect->poll_ms) {
		view->pressure_fd = daemon_open_pressure(protect->cgroup);
		return view->pressure_fd < 0 ? view->pressure_fd : 0;
	}
	view->window_faults = cg_read_key(protect->cgroup, "memory.stat", "pgfault");
	view->window_ns = clock_ns();
	return 0;
}

/* Wait until the next look, or for pressure until @until_ns.  Return: does it work? */
static bool look(const struct protect_daemon *protect, struct view *view, int64_t until_ns)
{
	struct pollfd pressure = { .fd = view->pressure_fd, .events = POLLPRI };
	int64_t left_ms = (until_ns - clock_ns()) / 1000000 + 1;

	if (view->pressure_fd < 0) {
		usleep(protect->poll_ms * 1000);
		return has_faulted(protect, view);
	}
	if (!until_ns)
		left_ms = -1;
	else if (left_ms < 0)
		left_ms = 0;
	return poll(&pressure, 1, left_ms) > 0;
}

/* Return: the exit status, if it cannot go on. */
static int watch(struct daemon *daemon, void *arg)
{
	struct protect_daemon *protect = arg;
	unsigned int hold_ms = protect->hold_ms;
	int64_t until_ns = 0;	/* it works; 0: it does not */
	uint64_t seed = clock_ns();
	struct view view = {};
	int ret;

	if (!protect->poll_ms && hold_ms < DAEMON_PRESSURE_MS)
		hold_ms = DAEMON_PRESSURE_MS;
	ret = open_view(protect, &view);
	*daemon->ready = !ret;
	/* Begin at a random time, so that the looks are not in step with HIGH's pauses. */
	usleep(random_below(&seed, protect->poll_ms * 1000 + 1));
	while (!ret) {
		if (look(protect, &view, until_ns)) {
			if (!until_ns)
				ret = set_low(protect, protect->low);
			count_reaction(protect, until_ns);
			until_ns = clock_ns() + hold_ms * 1000000LL;
		} else if (until_ns && clock_ns() >= until_ns) {
			ret = set_low(protect, 0);
			until_ns = 0;
		}
	}
	return 1;
}

int protect_daemon_start(struct protect_daemon *protect)
{
	protect->shared = worker_share(sizeof(*protect->shared));
	if (!protect->shared)
		return -errno;
	return daemon_start(&protect->daemon, watch, protect);
}

int64_t protect_daemon_stop(struct protect_daemon *protect)
{
	return daemon_stop(&protect->daemon);
}
