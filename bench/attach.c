// SPDX-License-Identifier: GPL-2.0
/*
 * How long do attach and detach take, by the size and depth of the subtree, and how long
 * does a mkdir wait for them?
 *
 *   memcg_bpf.attach_trees.<pid>
 *   |-- n1000_d8		ops; 1000 DESCENDANTS
 *   |   `-- 1
 *   |       `-- ...		a chain of DEPTH
 *   |           |-- 8
 *   |           |-- leaf9	and the other descendants, where it ends
 *   |           `-- ...
 *   `-- ...			one for each configuration
 *
 *   memcg_bpf.attach.<pid>
 *   |-- 0			an unrelated cgroup, made meanwhile
 *   `-- ...
 *
 * The trees are made once.  A trial attaches and detaches REPEAT times alone, and once while
 * another thread makes cgroups as fast as it can.  It needs cgroup_mutex, which
 * is held while ops are attached to a subtree.  The control is the same thread in
 * as long a time after that.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "counter.h"
#include "overhead_ops.h"
#include "require.h"
#include "worker.h"

/* more than there is time for */
#define MAX_MKDIRS	65536

/* what a kernel allows, less what it has already: MEM_CGROUP_ID_MAX */
#define MAX_CGROUPS	60000

static struct {
	unsigned int descendants;
	unsigned int depth;
	unsigned int repeat;
} opt;

static struct option_desc options[] = {
	OPT_UINT("DESCENDANTS", &opt.descendants, 0, MAX_CGROUPS, "1,10,100,1000,10000",
		 "cgroups below the one attached to", .list = true),
	OPT_UINT("DEPTH", &opt.depth, 1, 256, "1,8,64",
		 "levels of them, where there are as many descendants", .list = true),
	OPT_UINT("REPEAT", &opt.repeat, 1, 1000, "5", "how often a trial attaches, alone"),
	OPT_END()
};

enum { ATTACH_US, DETACH_US };

/* Of a run whose instructions are counted they are what is judged. */
static struct bench_column columns[] = {
	[ATTACH_US] = { "attach_us", "us", "BPF_LINK_CREATE took, the fastest of REPEAT",
	  RESULT_WORSE_MORE },
	[DETACH_US] = { "detach_us", "us",
	  "close() of the link took, with its wait for running callbacks, the fastest",
	  RESULT_WORSE_MORE },
	{ "attach_instructions", NULL,
	  "of the task in BPF_LINK_CREATE, where something counts them: the fewest",
	  RESULT_COUNT_WORSE_MORE },
	{ "detach_instructions", NULL, "of the task in that close(): the fewest",
	  RESULT_COUNT_WORSE_MORE },
	{ "mkdir_idle_us", "us",
	  "the longest mkdir of an unrelated cgroup, in as long a time after that",
	  RESULT },
	{ "mkdir_busy_us", "us",
	  "the longest mkdir of an unrelated cgroup, during attach and detach",
	  RESULT_WORSE_MORE },
	{ "idle_mkdirs", NULL, "how many there were in the time after that", NO_RESULT },
	{ "busy_mkdirs", NULL, "how many there were during attach and detach", NO_RESULT },
	{}
};

static struct testbed trees;

static int configure(void)
{
	if (counter_source() != COUNTER_NONE) {
		columns[ATTACH_US].result = RESULT;
		columns[DETACH_US].result = RESULT;
	}
	return 0;
}

static bool wanted(void)
{
	return opt.descendants >= opt.depth || (!opt.descendants && opt.depth == 1);
}

static int tree_path(char *path)
{
	return snprintf(path, PATH_MAX, "%s/n%u_d%u", trees.cgroup, opt.descendants,
			opt.depth) < PATH_MAX ? 0 : -ENAMETOOLONG;
}

/* Make a cgroup in @parent, whose path then goes on to it if @enter. */
static int grow(char *parent, const char *prefix, unsigned int nr, bool enter)
{
	size_t len = strlen(parent);
	int ret;

	if (snprintf(parent + len, PATH_MAX - len, "/%s%u", prefix, nr) >=
	    (int)(PATH_MAX - len))
		return -ENAMETOOLONG;
	ret = cg_create(parent);
	if (!ret && enter)
		ret = cg_write(parent, "cgroup.subtree_control", "+memory");
	if (!enter)
		parent[len] = '\0';
	return ret;
}

static int make_tree(void)
{
	char path[PATH_MAX];
	unsigned int i;
	int ret;

	if (!wanted() || bench_interrupted())
		return 0;
	ret = tree_path(path);
	if (!ret)
		ret = cg_create(path);
	if (!ret)
		ret = cg_write(path, "cgroup.subtree_control", "+memory");
	for (i = 1; !ret && i <= opt.descendants && !bench_interrupted(); i++)
		ret = grow(path, i <= opt.depth ? "" : "leaf", i, i < opt.depth);
	if (ret)
		fprintf(stderr, "cannot make cgroup %s: %s\n", path,
			strerror(-ret));
	return ret;
}

static int attach_setup(void)
{
	/* a name in bpffs has no dot */
	int ret = testbed_create(&trees, "attach_trees");

	if (ret)
		return ret;
	return bench_each_config(&bench_attach, make_tree);
}

static int attach_teardown(void)
{
	return testbed_destroy(&trees);
}

static uint64_t sum_of_descendants;

static int add_descendants(void)
{
	sum_of_descendants += opt.descendants;
	return 0;
}

static int validate(void)
{
	bench_each_config(&bench_attach, add_descendants);
	if (sum_of_descendants <= MAX_CGROUPS)
		return 0;
	fprintf(stderr, "DESCENDANTS=%s DEPTH=%s: want at most %d cgroups in all, not %" PRIu64 "\n",
		option_named(options, "DESCENDANTS")->text,
		option_named(options, "DEPTH")->text, MAX_CGROUPS, sum_of_descendants);
	return -EINVAL;
}

/* The other thread. */
struct maker {
	const char *cgroup;
	unsigned int nr;		/* cgroups made */
	bool stop;
	int ret;
	struct {
		int64_t begin_ns, end_ns;
	} mkdir[MAX_MKDIRS];
};

static void *make_cgroups(void *arg)
{
	struct maker *m = arg;
	char path[PATH_MAX];
	unsigned int i;

	m->ret = worker_pin(1);
	for (i = 0; !m->ret && i < MAX_MKDIRS &&
	     !__atomic_load_n(&m->stop, __ATOMIC_ACQUIRE); i++) {
		if (snprintf(path, sizeof(path), "%s/%u", m->cgroup, i) >=
		    (int)sizeof(path))
			m->ret = -ENAMETOOLONG;
		m->mkdir[i].begin_ns = clock_ns();
		if (!m->ret)
			m->ret = cg_create(path);
		m->mkdir[i].end_ns = clock_ns();
		__atomic_store_n(&m->nr, i + 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

struct times {
	struct counter_point begin, attached, detached;
};

static int attach_and_detach(int ops_fd, int cgroup_fd, int counter, struct times *t)
{
	int link;

	t->begin = counter_read(counter);
	link = memcg_bpf_link(ops_fd, cgroup_fd, 0);
	t->attached = counter_read(counter);
	if (link < 0) {
		fprintf(stderr, "cannot attach: %s\n", strerror(-link));
		return link;
	}
	close(link);
	t->detached = counter_read(counter);
	return 0;
}

/* The longest mkdir that was under way from @begin_ns to @end_ns. */
static int64_t longest_mkdir(const struct maker *m, int64_t begin_ns,
			     int64_t end_ns, unsigned int *nr)
{
	int64_t longest = 0, ns;
	unsigned int i;

	*nr = 0;
	for (i = 0; i < m->nr; i++) {
		if (m->mkdir[i].end_ns <= begin_ns ||
		    m->mkdir[i].begin_ns >= end_ns)
			continue;
		ns = m->mkdir[i].end_ns - m->mkdir[i].begin_ns;
		if (ns > longest)
			longest = ns;
		(*nr)++;
	}
	return longest;
}

static void report_mkdirs(struct bench_trial *trial, const struct maker *m,
			  const struct times *t)
{
	int64_t ns = t->detached.ns - t->begin.ns, longest;
	unsigned int nr;

	longest = longest_mkdir(m, t->begin.ns, t->detached.ns, &nr);
	bench_set(trial, "busy_mkdirs", "%u", nr);
	if (nr)
		bench_set(trial, "mkdir_busy_us", "%.3f", longest / 1e3);
	longest = longest_mkdir(m, t->detached.ns, t->detached.ns + ns, &nr);
	bench_set(trial, "idle_mkdirs", "%u", nr);
	if (nr)
		bench_set(trial, "mkdir_idle_us", "%.3f", longest / 1e3);
}

/*
 * Attach and detach while the other thread makes cgroups, and let it go on for as
 * long again.
 */
static int attach_busy(struct bench_trial *trial, int ops_fd, int cgroup_fd)
{
	struct maker *m = calloc(1, sizeof(*m));
	struct times t = {};
	pthread_t thread;
	int ret;

	if (!m)
		return -ENOMEM;
	m->cgroup = trial->tb.cgroup;
	ret = -pthread_create(&thread, NULL, make_cgroups, m);
	if (ret)
		goto out;
	while (!__atomic_load_n(&m->nr, __ATOMIC_ACQUIRE) &&
	       !__atomic_load_n(&m->ret, __ATOMIC_RELAXED))
		usleep(100);

	ret = attach_and_detach(ops_fd, cgroup_fd, -1, &t);
	if (!ret)
		usleep((t.detached.ns - t.begin.ns) / 1000);
	__atomic_store_n(&m->stop, true, __ATOMIC_RELEASE);
	pthread_join(thread, NULL);
	if (!ret)
		ret = m->ret;
	if (!ret)
		report_mkdirs(trial, m, &t);
out:
	free(m);
	return ret;
}

/* What a trial keeps of its rounds; instructions are NaN where nothing counts them. */
struct least {
	double attach_ns, detach_ns, attach_instructions, detach_instructions;
};

static double lesser(const struct counter_point *begin, const struct counter_point *end,
		     double least)
{
	return begin->instructions < 0 ? NAN :
		fmin(least, end->instructions - begin->instructions);
}

/* Where another task has cgroup_mutex a round waits, so the least is the cost. */
static int attach_alone(struct least *least, int ops_fd, int cgroup_fd)
{
	int counter = counter_open(), ret = 0;
	unsigned int i;
	struct times t;

	*least = (struct least){ INFINITY, INFINITY, INFINITY, INFINITY };
	for (i = 0; !ret && i < opt.repeat; i++) {
		ret = attach_and_detach(ops_fd, cgroup_fd, counter, &t);
		if (ret)
			continue;
		least->attach_ns = fmin(least->attach_ns, t.attached.ns - t.begin.ns);
		least->detach_ns = fmin(least->detach_ns, t.detached.ns - t.attached.ns);
		least->attach_instructions =
			lesser(&t.begin, &t.attached, least->attach_instructions);
		least->detach_instructions =
			lesser(&t.attached, &t.detached, least->detach_instructions);
	}
	if (counter >= 0)
		close(counter);
	return ret;
}

static void report_least(struct bench_trial *trial, const struct least *least)
{
	bench_set(trial, "attach_us", "%.3f", least->attach_ns / 1e3);
	bench_set(trial, "detach_us", "%.3f", least->detach_ns / 1e3);
	if (isnan(least->attach_instructions))
		return;
	bench_set(trial, "attach_instructions", "%.0f", least->attach_instructions);
	bench_set(trial, "detach_instructions", "%.0f", least->detach_instructions);
}

static int attach_trial(struct bench_trial *trial)
{
	struct overhead *skel;
	char path[PATH_MAX];
	int ret, ops_fd, cgroup_fd;
	struct least least;

	ret = tree_path(path);
	if (!ret)
		ret = worker_pin(0);
	if (ret)
		return ret;
	cgroup_fd = cg_open(path);
	if (cgroup_fd < 0)
		return cgroup_fd;
	skel = overhead_ops_load();
	if (!skel) {
		ret = -errno;
		goto out;
	}
	ops_fd = bpf_map__fd(skel->maps.all_ops);
	memcg_bpf_prepare(skel->maps.all_ops);

	ret = attach_alone(&least, ops_fd, cgroup_fd);
	if (!ret) {
		report_least(trial, &least);
		ret = attach_busy(trial, ops_fd, cgroup_fd);
	}
	overhead__destroy(skel);
out:
	close(cgroup_fd);
	return ret;
}

const struct bench bench_attach = {
	.name = "attach",
	.help = "time to attach and detach, and to make a cgroup meanwhile",
	.requirements = REQUIRE_MEMCG_BPF_OPS,
	.options = options,
	.columns = columns,
	.default_trials = "10",
	.configure = configure,
	.validate = validate,
	.wanted = wanted,
	.setup = attach_setup,
	.trial = attach_trial,
	.teardown = attach_teardown,
};
