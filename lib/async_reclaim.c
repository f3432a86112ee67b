// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "async_reclaim.h"
#include "attach.h"
#include "cgroup.h"
#include "gfp.h"
#include "revision.h"

#include "async_reclaim.skel.h"

/* The program that makes the bpf_wq runs by itself, before any charge is told. */
static int prepare(struct async_reclaim *skel)
{
	LIBBPF_OPTS(bpf_test_run_opts, opts);
	int ret;

	ret = bpf_prog_test_run_opts(bpf_program__fd(skel->progs.prepare), &opts);
	if (!ret && opts.retval)
		ret = (int)opts.retval < 0 ? (int)opts.retval : -EIO;
	if (ret)
		fprintf(stderr, "the program cannot make a bpf_wq: %s\n", strerror(-ret));
	return ret;
}

static int load(struct async_reclaim *skel)
{
	int ret;

	skel->rodata->gfp_kernel = gfp_kernel();
	if (!skel->rodata->gfp_kernel)
		return -EOPNOTSUPP;
	ret = revision_load(skel->skeleton);
	if (ret)
		return ret;
	return prepare(skel);
}

struct async_reclaim *async_reclaim_load(const char *cgroup, uint64_t high, uint64_t low,
					 bool swap)
{
	struct async_reclaim *skel = async_reclaim__open();
	long page = sysconf(_SC_PAGESIZE);
	int64_t charged;
	int ret;

	if (!skel)
		return NULL;
	skel->rodata->watched_id = cg_id(cgroup);
	skel->rodata->high_pages = high / page;
	skel->rodata->low_pages = low / page;
	skel->rodata->may_swap = swap;
	ret = load(skel);
	charged = cg_read_number(cgroup, "memory.current");
	if (!ret && charged < 0)
		ret = charged;
	if (ret) {
		async_reclaim__destroy(skel);
		errno = -ret;
		return NULL;
	}
	skel->bss->state.usage = charged / page;
	return skel;
}

int async_reclaim_attach(struct async_reclaim *reclaim, const char *cgroup)
{
	return memcg_bpf_attach_path(reclaim->maps.async_reclaim_ops, cgroup, 0);
}

bool async_reclaim_wait(const struct async_reclaim *reclaim, unsigned int timeout_ms)
{
	unsigned int ms;

	for (ms = 0; reclaim->bss->state.awake && ms < timeout_ms; ms++)
		usleep(1000);
	return !reclaim->bss->state.awake;
}

struct async_reclaim_state async_reclaim_state(const struct async_reclaim *reclaim)
{
	return reclaim->bss->state;
}

void async_reclaim_free(struct async_reclaim *reclaim)
{
	async_reclaim__destroy(reclaim);
}
