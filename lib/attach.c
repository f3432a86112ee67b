// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "attach.h"
#include "cgroup.h"

/*
 * The kernel takes a link only for a map that has been given its programs, and
 * libbpf does that no sooner than in bpf_map__attach_struct_ops().  Call that:
 * the link itself must fail, since it names no cgroup, and does no harm, but
 * the map is ready then.
 */
void memcg_bpf_prepare(struct bpf_map *ops)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	bpf_link__destroy(bpf_map__attach_struct_ops(ops));
	libbpf_set_print(print);
}

/*
 * Released versions of bpf_link_create() refuse a cgroup for BPF_STRUCT_OPS, so
 * this is the bare system call.
 */
int memcg_bpf_link(int ops_fd, int cgroup_fd, __u32 flags)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.map_fd = ops_fd;
	attr.link_create.attach_type = BPF_STRUCT_OPS;
	attr.link_create.flags = flags;
	/* link_create.cgroup.relative_fd, which headers before 6.17 lack */
	attr.link_create.tcx.relative_fd = cgroup_fd;

	fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}

int memcg_bpf_attach(struct bpf_map *ops, int cgroup_fd, __u32 flags)
{
	memcg_bpf_prepare(ops);
	return memcg_bpf_link(bpf_map__fd(ops), cgroup_fd, flags);
}

int memcg_bpf_attach_path(struct bpf_map *ops, const char *cgroup, __u32 flags)
{
	int cgroup_fd = cg_open(cgroup), link_fd;

	if (cgroup_fd < 0)
		return cgroup_fd;
	link_fd = memcg_bpf_attach(ops, cgroup_fd, flags);
	close(cgroup_fd);
	return link_fd;
}
