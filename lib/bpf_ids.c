// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include "bpf_ids.h"
#include "clock.h"

/* the first few tell what is wrong */
#define NAMED	8

static const char * const kinds[] = {
	[BPF_ID_PROG] = "program",
	[BPF_ID_MAP] = "map",
	[BPF_ID_LINK] = "link",
};

/* Without taking a reference, which would keep it from going away. */
static bool exists(enum bpf_id_kind kind, __u32 id)
{
	__u32 next = 0;
	int ret;

	if (kind == BPF_ID_PROG)
		ret = bpf_prog_get_next_id(id - 1, &next);
	else if (kind == BPF_ID_MAP)
		ret = bpf_map_get_next_id(id - 1, &next);
	else
		ret = bpf_link_get_next_id(id - 1, &next);
	return !ret && next == id;
}

/* What is freed need not be waited for. */
static void forget_freed(struct bpf_ids *ids)
{
	unsigned int i, kept = 0;

	for (i = 0; i < ids->nr; i++) {
		if (exists(ids->ids[i].kind, ids->ids[i].id))
			ids->ids[kept++] = ids->ids[i];
	}
	ids->nr = kept;
}

static int add(struct bpf_ids *ids, enum bpf_id_kind kind, __u32 id,
	       const char *name)
{
	if (ids->nr == BPF_IDS_MAX)
		forget_freed(ids);
	if (ids->nr == BPF_IDS_MAX) {
		fprintf(stderr, "# %d programs, maps and links of this test are not freed, and this table has no room for more\n",
			BPF_IDS_MAX);
		return -EOVERFLOW;
	}
	ids->ids[ids->nr].kind = kind;
	ids->ids[ids->nr].id = id;
	snprintf(ids->ids[ids->nr].name, BPF_OBJ_NAME_LEN, "%s", name);
	ids->nr++;
	return 0;
}

static int add_prog(struct bpf_ids *ids, int fd)
{
	struct bpf_prog_info info = {};
	__u32 len = sizeof(info);
	int ret = bpf_prog_get_info_by_fd(fd, &info, &len);

	if (ret)
		return ret;
	return add(ids, BPF_ID_PROG, info.id, info.name);
}

static int add_map(struct bpf_ids *ids, int fd)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int ret = bpf_map_get_info_by_fd(fd, &info, &len);

	if (ret)
		return ret;
	return add(ids, BPF_ID_MAP, info.id, info.name);
}

int bpf_ids_add_object(struct bpf_ids *ids, const struct bpf_object *obj)
{
	struct bpf_program *prog;
	struct bpf_map *map;
	int ret;

	bpf_object__for_each_program(prog, obj) {
		ret = bpf_program__fd(prog) < 0 ? 0 : add_prog(ids, bpf_program__fd(prog));
		if (ret)
			return ret;
	}
	bpf_object__for_each_map(map, obj) {
		ret = bpf_map__autocreate(map) ? add_map(ids, bpf_map__fd(map)) : 0;
		if (ret)
			return ret;
	}
	return 0;
}

int bpf_ids_add_link(struct bpf_ids *ids, int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);
	int ret = bpf_link_get_info_by_fd(fd, &info, &len);

	if (ret)
		return ret;
	return add(ids, BPF_ID_LINK, info.id, "");
}

unsigned int bpf_ids_count(const struct bpf_ids *ids, enum bpf_id_kind kind)
{
	unsigned int i, n = 0;

	for (i = 0; i < ids->nr; i++) {
		if (ids->ids[i].kind == kind)
			n += exists(kind, ids->ids[i].id);
	}
	return n;
}

unsigned int bpf_ids_wait(const struct bpf_ids *ids, unsigned int timeout_ms)
{
	uint64_t begin = clock_us();
	unsigned int i, n = 0;

	for (i = 0; i < ids->nr; i++) {
		while (exists(ids->ids[i].kind, ids->ids[i].id)) {
			if (clock_us() - begin >= timeout_ms * 1000ULL) {
				if (n++ < NAMED)
					fprintf(stderr, "# BPF %s %u %s is still there\n",
						kinds[ids->ids[i].kind],
						ids->ids[i].id,
						ids->ids[i].name);
				break;
			}
			usleep(10000);
		}
	}
	return n;
}
