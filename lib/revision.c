// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "revision.h"

#define MAX_MEMBERS 16

/*
 * The revisions that are known, by name.
 *
 * To add one: give it a row, with a mark, which is a member that no other row
 * has, and its members.  Where their order and their prototypes are published,
 * write them as type_text() does; without prototypes only the names are compared.
 * progs/memcg_bpf_ops.h has the members of all revisions, and revision_fit() what
 * has a new name.
 */
static const struct revision {
	const char *name;
	const char *mark;
	bool settled;	/* order and prototypes are known */
	struct {
		const char *name;
		const char *prototype;
	} members[MAX_MEMBERS];
} revisions[] = {
	{
		.name = "RFC v6",
		.mark = "get_high_delay_ms",
		.settled = true,
		.members = {
			{ "handle_cgroup_online", "void (struct mem_cgroup *)" },
			{ "handle_cgroup_offline", "void (struct mem_cgroup *)" },
			{ "below_low", "bool (struct mem_cgroup *)" },
			{ "below_min", "bool (struct mem_cgroup *)" },
			{ "get_high_delay_ms", "unsigned int (struct mem_cgroup *)" },
		},
	},
	{
		.name = "a revision later than RFC v6",
		.mark = "memcg_charged",
		.members = {
			{ .name = "handle_cgroup_online" },
			{ .name = "handle_cgroup_offline" },
			{ .name = "below_low" },
			{ .name = "below_min" },
			{ .name = "memcg_charged" },
			{ .name = "memcg_uncharged" },
		},
	},
};

#define NR_REVISIONS (sizeof(revisions) / sizeof(revisions[0]))

static char text[1024];

static const char * __attribute__((format(printf, 1, 2)))
say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

static const struct btf_type *find_ops(const struct btf *btf)
{
	int id = btf__find_by_name_kind(btf, "memcg_bpf_ops", BTF_KIND_STRUCT);

	return id > 0 ? btf__type_by_id(btf, id) : NULL;
}

static const char *member_name(const struct btf *btf,
			       const struct btf_type *ops, unsigned int nr)
{
	return btf__name_by_offset(btf, btf_members(ops)[nr].name_off);
}

static bool has_member(const struct btf *btf, const struct btf_type *ops,
		       const char *name)
{
	unsigned int i;

	for (i = 0; i < btf_vlen(ops); i++) {
		if (!strcmp(member_name(btf, ops, i), name))
			return true;
	}
	return false;
}

static unsigned int nr_members(const struct revision *revision)
{
	unsigned int n = 0;

	while (n < MAX_MEMBERS && revision->members[n].name)
		n++;
	return n;
}

/* Is there no member in @ops but those of @revision? */
static bool has_no_stranger(const struct btf *btf, const struct btf_type *ops,
			    const struct revision *revision)
{
	unsigned int i, j, n = nr_members(revision);

	for (i = 0; i < btf_vlen(ops); i++) {
		for (j = 0; j < n; j++) {
			if (!strcmp(member_name(btf, ops, i),
				    revision->members[j].name))
				break;
		}
		if (j == n)
			return false;
	}
	return true;
}

/*
 * Which revision @ops is meant to be, which need not be what it is: a kernel
 * that has lost a member, or swapped two, is to fail and not to be skipped.
 */
static const struct revision *find_revision(const struct btf *btf,
					    const struct btf_type *ops)
{
	size_t i;

	for (i = 0; i < NR_REVISIONS; i++) {
		if (has_member(btf, ops, revisions[i].mark))
			return &revisions[i];
	}
	for (i = 0; i < NR_REVISIONS; i++) {
		if (has_no_stranger(btf, ops, &revisions[i]))
			return &revisions[i];
	}
	return NULL;
}

const char *revision_require(const struct btf *btf)
{
	const struct btf_type *ops = find_ops(btf);
	char members[512] = "";
	unsigned int i;

	if (!ops)
		return say("no memcg_bpf_ops in this kernel (BTF has no struct memcg_bpf_ops): boot a kernel with the patches, or use make vm");

	if (find_revision(btf, ops))
		return NULL;

	for (i = 0; i < btf_vlen(ops); i++) {
		strncat(members, " ", sizeof(members) - strlen(members) - 1);
		strncat(members, member_name(btf, ops, i),
			sizeof(members) - strlen(members) - 1);
	}
	return say("memcg_bpf_ops of this kernel is of an unknown revision, which these tests are not for (it has%s): boot a kernel with %s, or use make vm",
		   members, revisions[0].name);
}

/* What a typedef or a const stands for; btf__resolve_type() has no void. */
static const struct btf_type *skip_names(const struct btf *btf, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(btf, id);

	while (btf_is_mod(type) || btf_is_typedef(type))
		type = btf__type_by_id(btf, type->type);
	return type;
}

/*
 * Write a type as C does, without the names of typedefs and parameters.  What an
 * int is called depends on the compiler, what it is does not.
 */
static void write_type(FILE *out, const struct btf *btf, __u32 id)
{
	const struct btf_type *type = skip_names(btf, id);
	int i;

	if (btf_is_void(type)) {
		fputs("void", out);
	} else if (btf_is_int(type) && btf_int_encoding(type) & BTF_INT_BOOL) {
		fputs("bool", out);
	} else if (btf_is_int(type) && type->size == sizeof(int)) {
		fputs(btf_int_encoding(type) & BTF_INT_SIGNED ?
		      "int" : "unsigned int", out);
	} else if (btf_is_ptr(type)) {
		write_type(out, btf, type->type);
		fputs(" *", out);
	} else if (btf_is_func_proto(type)) {
		write_type(out, btf, type->type);
		fputs(" (", out);
		for (i = 0; i < btf_vlen(type); i++) {
			fputs(i ? ", " : "", out);
			write_type(out, btf, btf_params(type)[i].type);
		}
		fputs(btf_vlen(type) ? ")" : "void)", out);
	} else {
		fprintf(out, "%s%s", btf_is_composite(type) ? "struct " : "",
			btf__name_by_offset(btf, type->name_off));
	}
}

/* A pointer to a function is written as the function. */
static void type_text(const struct btf *btf, __u32 id, char *buf, size_t len)
{
	const struct btf_type *type = skip_names(btf, id);
	FILE *out = fmemopen(buf, len, "w");

	buf[0] = '\0';
	if (!out)
		return;
	if (btf_is_ptr(type) &&
	    btf_is_func_proto(btf__type_by_id(btf, type->type)))
		id = type->type;
	write_type(out, btf, id);
	fclose(out);
}

const char *revision_check(const struct btf *btf)
{
	const struct btf_type *ops = find_ops(btf);
	const struct revision *revision = find_revision(btf, ops);
	unsigned int i, n = nr_members(revision);
	char found[256];

	for (i = 0; i < n; i++) {
		const char *want = revision->members[i].name;

		if (!has_member(btf, ops, want))
			return say("no member %s, which %s has", want,
				   revision->name);
	}
	for (i = 0; i < btf_vlen(ops); i++) {
		const char *name = member_name(btf, ops, i);

		if (i >= n)
			return say("member %s, which %s does not have", name,
				   revision->name);
		if (btf_member_bit_offset(ops, i) !=
		    i * 8 * btf__pointer_size(btf))
			return say("member %s is at bit %u", name,
				   btf_member_bit_offset(ops, i));
		if (!revision->settled)
			continue;

		if (strcmp(name, revision->members[i].name))
			return say("member %u is %s, in %s it is %s", i, name,
				   revision->name, revision->members[i].name);
		type_text(btf, btf_members(ops)[i].type, found, sizeof(found));
		if (strcmp(found, revision->members[i].prototype))
			return say("member %s is %s, in %s it is %s", name,
				   found, revision->name,
				   revision->members[i].prototype);
	}
	if (ops->size != n * btf__pointer_size(btf))
		return say("its size is %u bytes", ops->size);
	return NULL;
}

bool revision_has(const struct btf *btf, const char *member)
{
	const struct btf_type *ops = find_ops(btf);

	return ops && has_member(btf, ops, member);
}

/* Where in @ops, a struct of BPF programs, the program for a member is. */
static struct bpf_program **find_slot(const struct btf *btf,
				      const struct btf_type *ops, void *value,
				      const char *member)
{
	unsigned int i;

	for (i = 0; i < btf_vlen(ops); i++) {
		if (!strcmp(member_name(btf, ops, i), member))
			return value + btf_member_bit_offset(ops, i) / 8;
	}
	return NULL;
}

/* Is get_high_delay_ms called memcg_charged here?  The kernel's BTF is read once. */
static int is_renamed(void)
{
	static int renamed = -1;
	struct btf *btf;

	if (renamed >= 0)
		return renamed;
	btf = btf__load_vmlinux_btf();
	if (!btf)
		return -errno;
	renamed = revision_has(btf, "memcg_charged");
	btf__free(btf);
	return renamed;
}

int revision_fit(struct bpf_object *obj)
{
	const struct btf *known = bpf_object__btf(obj);
	int renamed = is_renamed();
	struct bpf_map *map;

	if (renamed <= 0)
		return renamed;

	bpf_object__for_each_map(map, obj) {
		struct bpf_program **old, **new;
		const struct btf_type *ops;
		void *value;
		size_t size;

		if (bpf_map__type(map) != BPF_MAP_TYPE_STRUCT_OPS)
			continue;
		ops = btf__type_by_id(known, bpf_map__btf_value_type_id(map));
		value = bpf_map__initial_value(map, &size);
		old = find_slot(known, ops, value, "get_high_delay_ms");
		new = find_slot(known, ops, value, "memcg_charged");
		*new = *old;
		*old = NULL;
	}
	return 0;
}
