/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_LINK_CREATE_H
#define __LIB_LINK_CREATE_H

#include <linux/types.h>

/* How BPF_LINK_CREATE is told the cgroup that a struct_ops link is for. */
enum link_dialect {
	LINK_BY_RELATIVE_FD,	/* link_create.cgroup.relative_fd; 0 names none */
	LINK_BY_CGROUP_FD,	/* link_create.target_fd, with LINK_CGROUP_FD */
	LINK_NR_DIALECTS,
};

/* BPF_F_CGROUP_FD, which the headers of most kernels lack. */
#define LINK_CGROUP_FD	(1U << 7)

/**
 * link_create() - create a struct_ops link
 * @dialect: in which member the descriptor goes; the flags are left alone
 * @ops_fd: file descriptor of the map
 * @cgroup_fd: directory of the cgroup
 * @flags: all of them
 *
 * Return: the file descriptor of the link, or a negative errno.
 */
int link_create(enum link_dialect dialect, int ops_fd, int cgroup_fd, __u32 flags);

#endif /* __LIB_LINK_CREATE_H */
