/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_LOAD_SKETCH_H
#define __PROG_TESTS_LOAD_SKETCH_H

/* Synthetic BTF, of kernels that do not exist: load.c passes it to lib/revision.h. */

#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>

#include "harness.h"

/*
 * A struct memcg_bpf_ops, from which draw() makes BTF.  A member is its name, a colon, a
 * letter for the return type and one for each argument: v(oid), b(ool), i (unsigned int),
 * l (unsigned long), m(emcg).
 */
struct sketch {
	const char *members[8];
	const char *link;	/* member of struct bpf_struct_ops_link, or NULL */
	bool info;		/* bpf_link_info.struct_ops has cgroup_id */
	const char *wrong;	/* a word that revision_check() must return, or NULL */
	const char *unknown;	/* a word that revision_unknown() must return, or NULL */
	unsigned int broken;	/* capabilities that revision_broken() must report */
};

enum { SKETCH_VOID, SKETCH_BOOL, SKETCH_INT, SKETCH_LONG, SKETCH_MEMCG, SKETCH_NR };

static inline int sketch_type(const int types[SKETCH_NR], char letter)
{
	static const char letters[] = "vbilm";

	return types[strchr(letters, letter) - letters];
}

/* As in the kernel: a struct in an unnamed union, behind another that has a cgroup_id. */
static inline void draw_link_info(struct btf *btf, const int types[SKETCH_NR],
				  bool cgroup_id)
{
	int other, struct_ops, all;

	other = btf__add_struct(btf, "", 8);
	btf__add_field(btf, "cgroup_id", types[SKETCH_LONG], 0, 0);
	struct_ops = btf__add_struct(btf, "", 16);
	btf__add_field(btf, "map_id", types[SKETCH_INT], 0, 0);
	if (cgroup_id)
		btf__add_field(btf, "cgroup_id", types[SKETCH_LONG], 64, 0);
	all = btf__add_union(btf, "", 16);
	btf__add_field(btf, "cgroup", other, 0, 0);
	btf__add_field(btf, "struct_ops", struct_ops, 0, 0);

	btf__add_struct(btf, "bpf_link_info", 24);
	btf__add_field(btf, "type", types[SKETCH_INT], 0, 0);
	btf__add_field(btf, "", all, 64, 0);
}

static inline struct btf *draw(const struct sketch *sketch)
{
	struct btf *btf = btf__new_empty();
	int types[SKETCH_NR] = {}, ids[ARRAY_SIZE(sketch->members)], i, n;
	char name[64];

	if (!btf)
		return NULL;
	btf__set_pointer_size(btf, 8);
	types[SKETCH_BOOL] = btf__add_int(btf, "_Bool", 1, BTF_INT_BOOL);
	types[SKETCH_BOOL] = btf__add_typedef(btf, "bool", types[SKETCH_BOOL]);
	types[SKETCH_INT] = btf__add_int(btf, "unsigned int", 4, 0);
	types[SKETCH_LONG] = btf__add_int(btf, "long unsigned int", 8, 0);
	types[SKETCH_MEMCG] = btf__add_struct(btf, "mem_cgroup", 8);
	types[SKETCH_MEMCG] = btf__add_ptr(btf, types[SKETCH_MEMCG]);

	for (n = 0; sketch->members[n]; n++) {
		const char *type = strchr(sketch->members[n], ':') + 1;
		int proto = btf__add_func_proto(btf, sketch_type(types, *type));

		while (*++type)
			btf__add_func_param(btf, "", sketch_type(types, *type));
		ids[n] = btf__add_ptr(btf, proto);
	}

	btf__add_struct(btf, "memcg_bpf_ops", n * 8);
	for (i = 0; i < n; i++) {
		snprintf(name, sizeof(name), "%.*s",
			 (int)strcspn(sketch->members[i], ":"), sketch->members[i]);
		btf__add_field(btf, name, ids[i], i * 64, 0);
	}
	if (sketch->link) {
		btf__add_struct(btf, "bpf_struct_ops_link", 8);
		btf__add_field(btf, sketch->link, types[SKETCH_LONG], 0, 0);
		draw_link_info(btf, types, sketch->info);
	}
	return btf;
}

static inline void expect_word(struct __test_metadata *_metadata, size_t nr,
			       const char *word, const char *text)
{
	EXPECT_EQ(!word, !text)
		TH_LOG("sketch %zu: %s, want %s", nr, text ?: "no text",
		       word ?: "no text");
	if (word && text)
		EXPECT_NE(NULL, strstr(text, word))
			TH_LOG("sketch %zu: %s", nr, text);
}

/* The members of RFC v6 and RFC v7. */
static const char on[] = "handle_cgroup_online:vm";
static const char off[] = "handle_cgroup_offline:vm";
static const char low6[] = "below_low:bm", min6[] = "below_min:bm";
static const char low7[] = "below_low:bmll", min7[] = "below_min:bmll";
static const char delay[] = "get_high_delay_ms:im";
static const char charged[] = "memcg_charged:imi";
static const char uncharged[] = "memcg_uncharged:vmi";

#endif /* __PROG_TESTS_LOAD_SKETCH_H */
