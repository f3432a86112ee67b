// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "attach.h"
#include "cgroup.h"
#include "revision.h"

/*
 * The kernel accepts a link only for a map that has its programs, and libbpf writes
 * them to the map only in bpf_map__attach_struct_ops().  So call that for its side
 * effect.  The link that it asks for names no cgroup, and the kernel refuses it.
 */
void memcg_bpf_prepare(struct bpf_map *ops)
{
	libbpf_print_fn_t print = libbpf_set_print(NULL);

	bpf_link__destroy(bpf_map__attach_struct_ops(ops));
	libbpf_set_print(print);
}

int memcg_bpf_link(int ops_fd, int cgroup_fd, __u32 flags)
{
	enum link_dialect dialect = revision_dialect();

	if (dialect == LINK_BY_CGROUP_FD)
		flags |= LINK_CGROUP_FD;
	return link_create(dialect, ops_fd, cgroup_fd, flags);
}

int memcg_bpf_link_to_none(int ops_fd, __u32 flags)
{
	return link_create(revision_dialect(), ops_fd, 0, flags);
}

/*
 * The BTF id that the kernel shows as the value type of maps of memcg_bpf_ops, or 0, which
 * is that of no struct_ops map, if it has none.
 */
static __u32 ops_value_type(void)
{
	static __u32 id;
	struct btf *btf;
	int ret;

	if (id)
		return id;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return 0;
	ret = btf__find_by_name_kind(btf, "bpf_struct_ops_memcg_bpf_ops",
				     BTF_KIND_STRUCT);
	btf__free(btf);
	if (ret > 0)
		id = ret;
	return id;
}

static bool map_info(int fd, struct bpf_map_info *info)
{
	__u32 len = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return fd >= 0 && !bpf_map_get_info_by_fd(fd, info, &len);
}

/* Is it a link of @ops or, if that is NULL, of any memcg_bpf_ops? */
static bool is_link_of(int link_fd, const struct bpf_map *ops)
{
	struct bpf_link_info link = {};
	__u32 len = sizeof(link);
	struct bpf_map_info map;
	int map_fd;
	bool ret;

	if (bpf_link_get_info_by_fd(link_fd, &link, &len) ||
	    link.type != BPF_LINK_TYPE_STRUCT_OPS)
		return false;
	if (ops)
		return map_info(bpf_map__fd(ops), &map) &&
			map.id == link.struct_ops.map_id;

	map_fd = bpf_map_get_fd_by_id(link.struct_ops.map_id);
	ret = map_info(map_fd, &map) &&
		map.btf_vmlinux_value_type_id == ops_value_type();
	if (map_fd >= 0)
		close(map_fd);
	return ret;
}

unsigned int memcg_bpf_count_links(const struct bpf_map *ops)
{
	unsigned int n = 0;
	__u32 id = 0;
	int fd;

	while (!bpf_link_get_next_id(id, &id)) {
		fd = bpf_link_get_fd_by_id(id);
		/* EAGAIN: it is still being made */
		if (fd == -EAGAIN || (fd >= 0 && is_link_of(fd, ops)))
			n++;
		if (fd >= 0)
			close(fd);
	}
	return n;
}

/*
 * The member struct_ops of struct bpf_link_info in a kernel whose links have a cgroup.
 * In other kernels, and in the headers we may be built with, it ends after map_id; then
 * cgroup_id is read from the zeroes of @info.
 */
struct struct_ops_info {
	__u32 map_id;
	__u32 pad;
	__u64 cgroup_id;
};

int memcg_bpf_link_cgroup_id(int link_fd, uint64_t *id)
{
	struct bpf_link_info info = {};
	struct struct_ops_info struct_ops;
	__u32 len = sizeof(info);
	int ret;

	ret = bpf_link_get_info_by_fd(link_fd, &info, &len);
	if (ret)
		return ret;
	memcpy(&struct_ops, (char *)&info + offsetof(struct bpf_link_info, struct_ops),
	       sizeof(struct_ops));
	*id = struct_ops.cgroup_id;
	return 0;
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

int64_t memcg_bpf_link_fdinfo(int link_fd, const char *key)
{
	size_t len = strlen(key);
	char path[64], line[128];
	int64_t number = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", link_fd);
	file = fopen(path, "r");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (!strncmp(line, key, len) && line[len] == ':')
			number = strtoll(line + len + 1, NULL, 10);
	}
	fclose(file);
	return number;
}
