// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach.h"
#include "cgroup.h"
#include "clock.h"
#include "random.h"
#include "size.h"
#include "storm.h"
#include "worker.h"
#include "workload.h"

#define READER_FILE	SCALED(12 * MiB)
#define READER_MAX	SCALED(8 * MiB)
#define OOM_TOUCH	SCALED(16 * MiB)
#define OOM_MAX		SCALED(4 * MiB)
#define CHURN_TOUCH	SCALED(MiB / 2)

/* attaches that each attacher tries in a round */
#define ATTEMPTS	40
/* for how long a link is held, at most */
#define HOLD_US		20000

#define CGROUPS		7	/* c0 to c6 */

static const char *const side_names[] = {
	[STORM_READER] = "the task that reads",
	[STORM_RECLAIMER] = "the task that reclaims",
	[STORM_CHURNER] = "the task that makes cgroups",
	[STORM_OOM] = "the task that starts those to be killed",
};

static int read_file(struct storm *storm)
{
	int ret = workload_read_file(storm->file);

	/* not before it is written: dirty pages cannot be reclaimed at once */
	if (!ret && !storm->done[STORM_READER]) {
		char path[PATH_MAX];

		ret = cg_write(model_tree_path(storm->tree, path, 3),
			       "memory.max", "%llu", READER_MAX);
	}
	return ret;
}

static int reclaim(struct storm *storm)
{
	int ret = cg_write(storm->tree->root, "memory.reclaim", "%llu",
			   SCALED(MiB / 2));

	usleep(20000);
	return ret == -EAGAIN ? 0 : ret;
}

static int churn(struct storm *storm, uint64_t *random)
{
	char cgroup[PATH_MAX], path[PATH_MAX], *map;
	int64_t at;
	int ret;

	if (snprintf(cgroup, sizeof(cgroup), "%s/churn",
		     model_tree_path(storm->tree, path,
				     random_below(random, CGROUPS))) >= PATH_MAX)
		return -ENAMETOOLONG;
	map = workload_map(CHURN_TOUCH);
	if (!map)
		return -errno;

	ret = cg_create(cgroup);
	if (ret)
		goto out;
	ret = cg_write(cgroup, "cgroup.procs", "0");
	if (ret)
		goto out;
	for (at = 0; at < CHURN_TOUCH; at += sysconf(_SC_PAGESIZE))
		((volatile char *)map)[at] = 1;
	munmap(map, CHURN_TOUCH);
	ret = cg_write(storm->home, "cgroup.procs", "0");
	if (ret)
		return ret;
	return rmdir(cgroup) ? -errno : 0;
out:
	munmap(map, CHURN_TOUCH);
	return ret;
}

/* The OOM killer is to kill it before it is done. */
static int be_killed(void *arg)
{
	(void)arg;
	if (worker_be_killable())
		return 1;
	workload_touch(OOM_TOUCH);
	return 0;
}

static int have_killed(struct storm *storm)
{
	int status = worker_run(storm->oom, be_killed, NULL, STEP_TIMEOUT_MS);

	if (status < 0)
		return status;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
		return 0;
	fprintf(stderr, "# touched %llu bytes of %llu: %s\n", OOM_TOUCH, OOM_MAX,
		worker_status(status));
	return -EPROTO;
}

/* What a task runs, with its number. */
struct part {
	struct storm *storm;
	int nr;
	unsigned int round;
};

static int side(void *arg)
{
	struct part *part = arg;
	struct storm *storm = part->storm;
	uint64_t random = storm->seed;
	int ret = 0;

	if (part->nr == STORM_READER)
		ret = workload_write_file(storm->file, READER_FILE);
	while (!ret && !storm->stop) {
		if (part->nr == STORM_READER)
			ret = read_file(storm);
		else if (part->nr == STORM_RECLAIMER)
			ret = reclaim(storm);
		else if (part->nr == STORM_CHURNER)
			ret = churn(storm, &random);
		else
			ret = have_killed(storm);
		storm->done[part->nr]++;
	}
	if (ret)
		fprintf(stderr, "# %s: %s\n", side_names[part->nr], strerror(-ret));
	return ret ? 1 : 0;
}

static void close_link(struct attach_record **open, int *fd)
{
	(*open)->close_ns = clock_ns();
	close(*fd);
	(*open)->closed_ns = clock_ns();
	*open = NULL;
}

static int attacher(void *arg)
{
	struct part *part = arg;
	struct storm *storm = part->storm;
	struct attach_log *log = &storm->logs[part->nr];
	struct attach_record *open[STORM_OPS] = {};
	uint64_t random = ((uint64_t)storm->seed << 32) ^ (part->round << 8) ^ part->nr;
	int fds[CGROUPS], links[STORM_OPS], maps[STORM_OPS], i;
	char path[PATH_MAX];

	for (i = 0; i < CGROUPS; i++) {
		fds[i] = cg_open(model_tree_path(storm->tree, path, i));
		if (fds[i] < 0)
			return 1;
	}
	for (i = 0; i < STORM_OPS; i++)
		maps[i] = bpf_map__fd(storm->tree->probes[part->nr * STORM_OPS + i]->maps.probe_ops);
	while (!storm->go)
		usleep(1000);

	while (log->nr < ATTEMPTS) {
		struct attach_record *record = &log->records[log->nr];

		i = random_below(&random, STORM_OPS);
		if (open[i]) {
			close_link(&open[i], &links[i]);
			continue;
		}

		record->cgroup = random_below(&random, CGROUPS);
		record->flags = random_below(&random, 2) && !without(WITHOUT_OVERRIDE) ?
			BPF_F_ALLOW_OVERRIDE : 0;
		record->call_ns = clock_ns();
		links[i] = memcg_bpf_link(maps[i], fds[record->cgroup], record->flags);
		record->return_ns = clock_ns();
		record->ret = links[i] < 0 ? links[i] : 0;
		if (links[i] >= 0) {
			open[i] = record;
			usleep(random_below(&random, HOLD_US));
		}
		log->nr++;
	}
	for (i = 0; i < STORM_OPS; i++) {
		if (open[i])
			close_link(&open[i], &links[i]);
	}
	return 0;
}

/* Make c1 to c6, each with the memory controller for its children. */
static int make_cgroups(struct model_tree *tree)
{
	struct step step;
	int i, ret = 0;

	for (i = 1; !ret && i < CGROUPS; i++) {
		step = (struct step) {
			.what = STEP_MKDIR,
			.cgroup = i,
			.parent = (i - 1) / 2,
		};
		ret = model_tree_step(tree, &step);
		if (ret)
			break;
		step = (struct step) {
			.what = STEP_CONTROLLER,
			.cgroup = i,
			.on = true,
		};
		ret = model_tree_step(tree, &step);
	}
	if (!ret)
		return 0;
	fprintf(stderr, "# %s\n", tree->why);
	return -EPROTO;
}

static int make_side_cgroups(struct storm *storm)
{
	char path[PATH_MAX];
	int ret;

	ret = testbed_add_cgroup(&storm->tree->tb, storm->home, "home");
	if (ret)
		return ret;
	if (snprintf(storm->file, PATH_MAX, "%s/file", storm->tree->tb.dir) >= PATH_MAX ||
	    snprintf(storm->reader, PATH_MAX, "%s/reader",
		     model_tree_path(storm->tree, path, 3)) >= PATH_MAX ||
	    snprintf(storm->oom, PATH_MAX, "%s/oom",
		     model_tree_path(storm->tree, path, 5)) >= PATH_MAX)
		return -ENAMETOOLONG;
	ret = cg_create(storm->reader);
	if (ret)
		return ret;
	ret = cg_create(storm->oom);
	if (ret)
		return ret;
	return cg_write(storm->oom, "memory.max", "%llu", OOM_MAX);
}

struct storm *storm_start(struct model_tree *tree, unsigned int seed)
{
	struct storm *storm = worker_share(sizeof(*storm));
	struct part part = { .storm = storm };
	int ret, i;

	if (!storm) {
		ret = -errno;
		goto err;
	}
	storm->tree = tree;
	storm->seed = seed;
	cg_disable_swap(tree->tb.cgroup);
	ret = make_cgroups(tree);
	if (!ret)
		ret = make_side_cgroups(storm);
	for (i = 0; !ret && i < STORM_NR_SIDES; i++) {
		if (!storm_has(i))
			continue;
		part.nr = i;
		storm->sides[i] = worker_start(i == STORM_READER ? storm->reader : storm->home,
					       i, side, &part);
		if (storm->sides[i] < 0)
			ret = storm->sides[i];
	}
	if (!ret)
		return storm;
err:
	fprintf(stderr, "# cannot start: %s\n", strerror(-ret));
	if (storm)
		munmap(storm, sizeof(*storm));
	errno = -ret;
	return NULL;
}

static int finish(struct storm *storm, const char *name, pid_t pid)
{
	int status, ret = worker_wait(pid, STEP_TIMEOUT_MS, &status);

	if (ret == 1 && !status)
		return 0;
	snprintf(storm->tree->why, sizeof(storm->tree->why), "%s %s", name,
		 ret == 1 ? worker_status(status) : "does not end");
	return -1;
}

/* With all links closed, no ops are left in any cgroup that would refuse an attach. */
static int expect_free(struct storm *storm)
{
	struct model_tree *tree = storm->tree;
	int link = probe_attach(tree->probes[0], tree->root, 0);

	if (link < 0) {
		snprintf(tree->why, sizeof(tree->why),
			 "all links are closed, and an attach to c0 fails: %s",
			 strerror(-link));
		return -1;
	}
	close(link);
	return 0;
}

int storm_round(struct storm *storm, unsigned int round)
{
	struct part part = { .storm = storm, .round = round };
	pid_t pids[STORM_ATTACHERS];
	int i, ret = 0;

	storm->go = false;
	memset(storm->logs, 0, sizeof(storm->logs));
	for (i = 0; i < STORM_ATTACHERS; i++) {
		part.nr = i;
		pids[i] = worker_start(storm->home, i, attacher, &part);
		if (pids[i] < 0) {
			snprintf(storm->tree->why, sizeof(storm->tree->why),
				 "cannot start a task: %s", strerror(-pids[i]));
			return -1;
		}
	}
	storm->go = true;
	for (i = 0; i < STORM_ATTACHERS; i++) {
		if (finish(storm, "a task that attaches", pids[i]))
			ret = -1;
	}
	if (ret)
		return ret;
	ret = expect_free(storm);
	if (ret)
		return ret;
	return attach_log_judge(&storm->tree->model, storm->logs, STORM_ATTACHERS,
				storm->tree->why, sizeof(storm->tree->why));
}

int storm_stop(struct storm *storm)
{
	int i, ret = 0, err;

	storm->stop = true;
	for (i = 0; i < STORM_NR_SIDES; i++) {
		if (storm_has(i) && finish(storm, side_names[i], storm->sides[i]))
			ret = -1;
	}
	if (ret)
		return ret;

	/* and with it the pages that are charged to the reader */
	unlink(storm->file);
	err = cg_remove(storm->reader, STEP_TIMEOUT_MS);
	if (err)
		goto err;
	err = cg_remove(storm->oom, STEP_TIMEOUT_MS);
	if (err)
		goto err;
	err = cg_remove(storm->home, STEP_TIMEOUT_MS);
	if (err)
		goto err;
	return 0;

err:
	snprintf(storm->tree->why, sizeof(storm->tree->why),
		 "cannot remove cgroups: %s", strerror(-err));
	return -1;
}
