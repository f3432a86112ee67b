// SPDX-License-Identifier: GPL-2.0
/*
 * How long do attach and detach take, in a subtree of so many cgroups, so deep,
 * and how long does somebody else wait for them?
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
 * The trees are made once.  A trial attaches and detaches twice: alone, and while
 * another thread makes cgroups as fast as it can.  It needs cgroup_mutex, which
 * is held while ops are attached to a subtree.  The control is the same thread in
 * as long a time after that.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "bench.h"
#include "cgroup.h"
#include "clock.h"
#include "overhead_ops.h"
#include "require.h"
#include "worker.h"

/* more than there is time for */
#define MAX_MKDIRS	65536

/* what a kernel allows, less what it has already: MEM_CGROUP_ID_MAX */
#define MAX_CGROUPS	60000

static struct bench_param params_of_attach[] = {
	{
		.name = "DESCENDANTS", .help = "cgroups below the one attached to",
		.kind = BENCH_UINT, .max = MAX_CGROUPS, .factor = true,
		.text = "1,10,100,1000,10000",
	}, {
		.name = "DEPTH",
		.help = "levels of them, where there are as many descendants",
		.kind = BENCH_UINT, .min = 1, .max = 256, .factor = true,
		.text = "1,8,64",
	},
	{}
};

static struct bench_param * const descendants = &params_of_attach[0];
static struct bench_param * const depth = &params_of_attach[1];

static const struct bench_column columns[] = {
	{ "attach_us", "us", "BPF_LINK_CREATE took", RESULT_WORSE_MORE },
	{ "detach_us", "us", "close() of the link took, with its wait for running callbacks",
	  RESULT_WORSE_MORE },
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

static bool wanted(void)
{
	return bench_number(descendants) >= bench_number(depth) ||
	       (!bench_number(descendants) && bench_number(depth) == 1);
}

static int tree_path(char *path)
{
	return snprintf(path, PATH_MAX, "%s/n%s_d%s", trees.cgroup,
			bench_text(descendants), bench_text(depth)) < PATH_MAX ?
		0 : -ENAMETOOLONG;
}

/* Make a cgroup in @parent, whose path then goes on to it if @enter. */
static int grow(char *parent, const char *prefix, uint64_t nr, bool enter)
{
	size_t len = strlen(parent);
	int ret;

	if (snprintf(parent + len, PATH_MAX - len, "/%s%" PRIu64, prefix, nr) >=
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
	uint64_t nr = bench_number(descendants), levels = bench_number(depth), i;
	char path[PATH_MAX];
	int ret;

	ret = tree_path(path);
	if (!ret)
		ret = cg_create(path);
	if (!ret)
		ret = cg_write(path, "cgroup.subtree_control", "+memory");
	for (i = 1; !ret && i <= nr && !bench_interrupted(); i++)
		ret = grow(path, i <= levels ? "" : "leaf", i, i < levels);
	if (ret)
		fprintf(stderr, "cannot make cgroup %s: %s\n", path,
			strerror(-ret));
	return ret;
}

static int attach_setup(void)
{
	/* a name in bpffs has no dot */
	int ret = testbed_create(&trees, "attach_trees");

	for (descendants->at = 0; !ret && descendants->at < descendants->nr_levels;
	     descendants->at++) {
		for (depth->at = 0; !ret && depth->at < depth->nr_levels;
		     depth->at++) {
			if (wanted() && !bench_interrupted())
				ret = make_tree();
		}
	}
	return ret;
}

static int attach_teardown(void)
{
	return testbed_destroy(&trees);
}

static int validate(void)
{
	uint64_t sum = 0;
	unsigned int i;

	for (i = 0; i < descendants->nr_levels; i++)
		sum += descendants->levels[i].number * depth->nr_levels;
	if (sum <= MAX_CGROUPS)
		return 0;
	fprintf(stderr, "DESCENDANTS=%s DEPTH=%s: want at most %d cgroups in all, not %" PRIu64 "\n",
		descendants->text, depth->text, MAX_CGROUPS, sum);
	return -EINVAL;
}

/* The other thread. */
struct maker {
	const char *cgroup;
	unsigned int nr;		/* so many were made */
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
	int64_t begin_ns, attached_ns, detached_ns;
};

static int attach_and_detach(int ops_fd, int cgroup_fd, struct times *t)
{
	int link;

	t->begin_ns = clock_ns();
	link = memcg_bpf_link(ops_fd, cgroup_fd, 0);
	t->attached_ns = clock_ns();
	if (link < 0) {
		fprintf(stderr, "cannot attach: %s\n", strerror(-link));
		return link;
	}
	close(link);
	t->detached_ns = clock_ns();
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
	int64_t ns = t->detached_ns - t->begin_ns, longest;
	unsigned int nr;

	longest = longest_mkdir(m, t->begin_ns, t->detached_ns, &nr);
	bench_set(trial, "busy_mkdirs", "%u", nr);
	if (nr)
		bench_set(trial, "mkdir_busy_us", "%.3f", longest / 1e3);
	longest = longest_mkdir(m, t->detached_ns, t->detached_ns + ns, &nr);
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

	ret = attach_and_detach(ops_fd, cgroup_fd, &t);
	if (!ret)
		usleep((t.detached_ns - t.begin_ns) / 1000);
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

static int attach_trial(struct bench_trial *trial)
{
	struct overhead *skel;
	char path[PATH_MAX];
	int ret, ops_fd, cgroup_fd;
	struct times t;

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

	ret = attach_and_detach(ops_fd, cgroup_fd, &t);
	if (!ret) {
		bench_set(trial, "attach_us", "%.3f",
			  (t.attached_ns - t.begin_ns) / 1e3);
		bench_set(trial, "detach_us", "%.3f",
			  (t.detached_ns - t.attached_ns) / 1e3);
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
	.params = params_of_attach,
	.columns = columns,
	.default_trials = "10",
	.validate = validate,
	.wanted = wanted,
	.setup = attach_setup,
	.trial = attach_trial,
	.teardown = attach_teardown,
};
