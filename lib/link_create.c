// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "link_create.h"

/*
 * This is the bare system call: bpf_link_create() of released versions of libbpf
 * refuses a relative_fd for BPF_STRUCT_OPS.
 */
int link_create(enum link_dialect dialect, int ops_fd, int cgroup_fd, __u32 flags)
{
	union bpf_attr attr;
	int fd;

	memset(&attr, 0, sizeof(attr));
	attr.link_create.map_fd = ops_fd;
	attr.link_create.attach_type = BPF_STRUCT_OPS;
	attr.link_create.flags = flags;
	if (dialect == LINK_BY_CGROUP_FD)
		attr.link_create.target_fd = cgroup_fd;
	else	/* link_create.cgroup.relative_fd, which headers before 6.17 lack */
		attr.link_create.tcx.relative_fd = cgroup_fd;

	fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return fd < 0 ? -errno : fd;
}
