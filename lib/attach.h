/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_ATTACH_H
#define __LIB_ATTACH_H

#include <linux/types.h>
#include <stdint.h>

struct bpf_map;

/**
 * memcg_bpf_attach() - attach memcg_bpf_ops to a cgroup
 * @ops: a loaded map of the section .struct_ops.link
 * @cgroup_fd: directory of the cgroup
 * @flags: 0 or BPF_F_ALLOW_OVERRIDE
 *
 * Return: the file descriptor of the link, which holds the attachment until it
 * is closed, or a negative errno: what BPF_LINK_CREATE said.
 */
int memcg_bpf_attach(struct bpf_map *ops, int cgroup_fd, __u32 flags);

/**
 * memcg_bpf_count_links() - count the links of memcg_bpf_ops in the system
 * @ops: a loaded map of the section .struct_ops.link, or NULL
 *
 * A link goes away some time after the descriptor is closed or the process has
 * ended that held it, so wait for a number rather than expect it.
 *
 * Return: how many links this map has or, without one, all maps of memcg_bpf_ops.
 * A link that is still being made counts, whatever its map.
 */
unsigned int memcg_bpf_count_links(const struct bpf_map *ops);

/**
 * memcg_bpf_prepare() - make a map ready for links, which is needed once
 * @ops: a loaded map of the section .struct_ops.link
 *
 * memcg_bpf_attach() does this and memcg_bpf_link().  Benchmarks call them one by one,
 * to measure the link alone.
 */
void memcg_bpf_prepare(struct bpf_map *ops);

/**
 * memcg_bpf_link() - make a link, by a single system call
 * @ops_fd: file descriptor of the map, after memcg_bpf_prepare()
 * @cgroup_fd: directory of the cgroup
 * @flags: 0 or BPF_F_ALLOW_OVERRIDE
 *
 * Return: as memcg_bpf_attach().
 */
int memcg_bpf_link(int ops_fd, int cgroup_fd, __u32 flags);

/**
 * memcg_bpf_link_to_none() - ask for a link without naming a cgroup
 * @ops_fd: file descriptor of the map, after memcg_bpf_prepare()
 * @flags: 0 or BPF_F_ALLOW_OVERRIDE
 *
 * Return: a negative errno or, if the kernel takes it, the link.
 */
int memcg_bpf_link_to_none(int ops_fd, __u32 flags);

/**
 * memcg_bpf_link_cgroup_id() - ask which cgroup a link is for
 * @link_fd: file descriptor of a struct_ops link
 * @id: where to put the cgroup's id, which is 0 if the kernel names none
 *
 * Return: 0, or a negative errno.
 */
int memcg_bpf_link_cgroup_id(int link_fd, uint64_t *id);

/**
 * memcg_bpf_link_fdinfo() - read a number from the fdinfo of a link
 * @link_fd: file descriptor of the link
 * @key: the text before the colon, such as "map_id"
 *
 * Return: the number, 0 if there is no such line, or a negative errno.
 */
int64_t memcg_bpf_link_fdinfo(int link_fd, const char *key);

/**
 * memcg_bpf_attach_path() - memcg_bpf_attach() to a cgroup named by its path
 * @ops: a loaded map of the section .struct_ops.link
 * @cgroup: path of the cgroup
 * @flags: 0 or BPF_F_ALLOW_OVERRIDE
 *
 * Return: as memcg_bpf_attach(), or a negative errno from opening @cgroup.
 */
int memcg_bpf_attach_path(struct bpf_map *ops, const char *cgroup, __u32 flags);

#endif /* __LIB_ATTACH_H */
