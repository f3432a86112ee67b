// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <bpf/btf.h>
#include <bpf/libbpf.h>

#include "btf_text.h"
#include "revision.h"

#define MAX_MEMBERS 16

/*
 * The revisions that are known.  To add one: give it its members, in their order
 * and with their prototypes as btf_member_text() writes them, and what it can do
 * besides.  progs/memcg_bpf_ops.h has the members of all revisions.
 */
static const struct revision {
	const char *name;
	unsigned int can;	/* besides the callbacks */
	struct {
		const char *name;
		const char *prototype;
	} members[MAX_MEMBERS];
} revisions[] = {
	{
		.name = "RFC v7",
		.can = CAN_CHARGED_PAGES | CAN_THRESHOLDS | CAN_CGROUP_FD |
			CAN_LINK_END | CAN_RECLAIM,
		.members = {
			{ "handle_cgroup_online", "void (struct mem_cgroup *)" },
			{ "handle_cgroup_offline", "void (struct mem_cgroup *)" },
			{ "below_low", "bool (struct mem_cgroup *, unsigned long, unsigned long)" },
			{ "below_min", "bool (struct mem_cgroup *, unsigned long, unsigned long)" },
			{ "memcg_charged", "unsigned int (struct mem_cgroup *, unsigned int)" },
			{ "memcg_uncharged", "void (struct mem_cgroup *, unsigned int)" },
		},
	},
	{
		.name = "RFC v6",
		.members = {
			{ "handle_cgroup_online", "void (struct mem_cgroup *)" },
			{ "handle_cgroup_offline", "void (struct mem_cgroup *)" },
			{ "below_low", "bool (struct mem_cgroup *)" },
			{ "below_min", "bool (struct mem_cgroup *)" },
			{ "get_high_delay_ms", "unsigned int (struct mem_cgroup *)" },
		},
	},
};

#define NR_REVISIONS (sizeof(revisions) / sizeof(revisions[0]))

static const int errnos[LINK_NR_DIALECTS][REFUSAL_NR][REVISION_MAX_ERRNOS] = {
	[LINK_BY_RELATIVE_FD] = {
		[REFUSAL_UNKNOWN_FLAG] = { EOPNOTSUPP },
		[REFUSAL_REMOVED_CGROUP] = { ENOENT },
	},
	[LINK_BY_CGROUP_FD] = {
		[REFUSAL_UNKNOWN_FLAG] = { EINVAL },
		[REFUSAL_NO_CGROUP] = { EINVAL },
		[REFUSAL_REMOVED_CGROUP] = { ENOENT, EBUSY },
	},
};

/* In the order of enum revision_capability. */
static const struct {
	const char *member;	/* of memcg_bpf_ops, if the capability is just a callback */
	const char *text;	/* else: what a kernel without it has, behind "this kernel has" */
} capabilities[] = {
	{ .member = "handle_cgroup_online" },
	{ .member = "handle_cgroup_offline" },
	{ .member = "below_low" },
	{ .member = "below_min" },
	{ .text = "no callback that delays a task (get_high_delay_ms or memcg_charged)" },
	{ .member = "memcg_uncharged" },
	{ .text = "no memcg_charged that is told the number of pages" },
	{ .text = "no below_low and below_min that are told threshold and usage" },
	{ .text = "no BPF_F_CGROUP_FD, by which a link names its cgroup" },
	{
		.text = "no links that end with their cgroup (struct bpf_link_info has no struct_ops.cgroup_id)",
	},
	{ .text = "no kfunc bpf_try_to_free_mem_cgroup_pages()" },
};

#define NR_CAPABILITIES (sizeof(capabilities) / sizeof(capabilities[0]))

static char text[1024];

static const char *say(const char *fmt, ...)
	__attribute__((format(printf, 1, 2)));

static const char *say(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	return text;
}

static const struct btf_type *find_ops(const struct btf *btf)
{
	return btf_find_struct(btf, "memcg_bpf_ops");
}

static const char *member_name(const struct btf *btf,
			       const struct btf_type *ops, int index)
{
	return btf__name_by_offset(btf, btf_members(ops)[index].name_off);
}

static int nr_members(const struct revision *revision)
{
	int n = 0;

	while (n < MAX_MEMBERS && revision->members[n].name)
		n++;
	return n;
}

static int find_in_revision(const struct revision *revision, const char *name)
{
	int i, n = nr_members(revision);

	for (i = 0; i < n; i++) {
		if (!strcmp(revision->members[i].name, name))
			return i;
	}
	return -1;
}

static bool is_prototype(const struct btf *btf, const struct btf_type *ops,
			 int index, const char *prototype)
{
	char found[256];

	return !strcmp(btf_member_text(btf, ops, index, found, sizeof(found)),
		       prototype);
}

/*
 * How well @ops fits @revision: the members whose prototypes are right less those
 * that are missing; INT_MIN with a member that the revision does not have.
 */
static int score(const struct btf *btf, const struct btf_type *ops,
		 const struct revision *revision)
{
	int i, nr, n = btf_vlen(ops), right = 0;

	for (i = 0; i < n; i++) {
		nr = find_in_revision(revision, member_name(btf, ops, i));
		if (nr < 0)
			return INT_MIN;
		right += is_prototype(btf, ops, i, revision->members[nr].prototype);
	}
	return right - (nr_members(revision) - n);
}

/*
 * Ask the kernel how it wants the cgroup to be named, by calls that can have no
 * effect, since they name no map.  A kernel that knows BPF_F_CGROUP_FD checks the flags
 * before the map: EINVAL for an unknown flag, else EBADF for the map.
 */
enum link_dialect revision_ask_dialect(void)
{
	int known = link_create(LINK_BY_CGROUP_FD, -1, -1, LINK_CGROUP_FD);
	int unknown = link_create(LINK_BY_CGROUP_FD, -1, -1, 1U << 30);

	return known == -EBADF && unknown == -EINVAL ?
		LINK_BY_CGROUP_FD : LINK_BY_RELATIVE_FD;
}

/* BPF_F_CGROUP_FD is a macro, and not in BTF; what the link remembers is. */
static enum link_dialect find_dialect(const struct btf *btf)
{
	const struct btf_type *link = btf_find_struct(btf, "bpf_struct_ops_link");

	if (btf_find_member(btf, link, "cgroup") >= 0)
		return LINK_BY_CGROUP_FD;
	if (btf_find_member(btf, link, "cgroup_id") >= 0)
		return LINK_BY_RELATIVE_FD;
	return revision_ask_dialect();
}

static enum link_dialect dialect_of(const struct revision *revision)
{
	return revision->can & CAN_CGROUP_FD ? LINK_BY_CGROUP_FD :
					       LINK_BY_RELATIVE_FD;
}

/*
 * The revision that a kernel is held to, or NULL.  Where the members fit two equally
 * well the links decide.
 */
static const struct revision *find_revision(const struct btf *btf)
{
	const struct btf_type *ops = find_ops(btf);
	const struct revision *best = NULL;
	int best_score = INT_MIN, s;
	size_t i;

	for (i = 0; ops && i < NR_REVISIONS; i++) {
		s = score(btf, ops, &revisions[i]);
		if (s > best_score ||
		    (best && s == best_score &&
		     dialect_of(&revisions[i]) == find_dialect(btf))) {
			best_score = s;
			best = &revisions[i];
		}
	}
	return best;
}

const char *revision_require(const struct btf *btf)
{
	if (find_ops(btf))
		return NULL;
	if (!btf_find_struct(btf, "bpf_struct_ops_common_value") &&
	    !btf_find_struct(btf, "bpf_struct_ops"))
		return say("no struct_ops in this kernel (BTF has no struct bpf_struct_ops): CONFIG_BPF_JIT=y, and boot a kernel with the patches, or use make vm");
	return say("no memcg_bpf_ops in this kernel (BTF has no struct memcg_bpf_ops): boot a kernel with the patches, or use make vm");
}

const char *revision_describe(const struct btf *btf)
{
	const struct revision *revision;

	if (!btf)
		return say("BTF cannot be read");
	if (!find_ops(btf))
		return say("no memcg_bpf_ops");
	revision = find_revision(btf);
	return say("memcg_bpf_ops of %s",
		   revision ? revision->name : "no revision that is known");
}

const char *revision_unknown(const struct btf *btf)
{
	const struct btf_type *ops = find_ops(btf);
	char members[512] = "";
	int i, n = btf_vlen(ops);

	if (find_revision(btf))
		return NULL;

	for (i = 0; i < n; i++) {
		strncat(members, " ", sizeof(members) - strlen(members) - 1);
		strncat(members, member_name(btf, ops, i),
			sizeof(members) - strlen(members) - 1);
	}
	return say("memcg_bpf_ops of this kernel is of no revision that is known, up to %s (it has%s): what they have in common is tested, and the rest is to be added to lib/revision.c",
		   revisions[0].name, members);
}

const char *revision_check(const struct btf *btf)
{
	const struct btf_type *ops = find_ops(btf);
	const struct revision *revision = find_revision(btf);
	int i, n = nr_members(revision);
	char found[256];

	for (i = 0; i < n; i++) {
		if (btf_find_member(btf, ops, revision->members[i].name) < 0)
			return say("no member %s, which %s has",
				   revision->members[i].name, revision->name);
	}
	for (i = 0; i < n; i++) {
		const char *name = member_name(btf, ops, i);

		if (btf_member_bit_offset(ops, i) !=
		    i * 8 * btf__pointer_size(btf))
			return say("member %s is at bit %u", name,
				   btf_member_bit_offset(ops, i));
		if (strcmp(name, revision->members[i].name))
			return say("member %d is %s, in %s it is %s", i, name,
				   revision->name, revision->members[i].name);
		if (!is_prototype(btf, ops, i, revision->members[i].prototype))
			return say("member %s is %s, in %s it is %s", name,
				   btf_member_text(btf, ops, i, found, sizeof(found)),
				   revision->name,
				   revision->members[i].prototype);
	}
	if (ops->size != n * btf__pointer_size(btf))
		return say("its size is %u bytes", ops->size);
	return NULL;
}

/* What the kernel has of what is in enum revision_capability. */
static unsigned int find_capabilities(const struct btf *btf)
{
	const struct btf_type *ops = find_ops(btf);
	const struct btf_type *info = btf_find_struct(btf, "bpf_link_info");
	unsigned int i, can = 0;

	for (i = 0; i < NR_CAPABILITIES; i++) {
		if (capabilities[i].member &&
		    btf_find_member(btf, ops, capabilities[i].member) >= 0)
			can |= 1U << i;
	}
	if (btf_find_member(btf, ops, "get_high_delay_ms") >= 0 ||
	    btf_find_member(btf, ops, "memcg_charged") >= 0)
		can |= CAN_DELAY;
	if (btf_member_arguments(btf, ops, "memcg_charged") >= 2)
		can |= CAN_CHARGED_PAGES;
	if (btf_member_arguments(btf, ops, "below_low") >= 3 &&
	    btf_member_arguments(btf, ops, "below_min") >= 3)
		can |= CAN_THRESHOLDS;
	if (find_dialect(btf) == LINK_BY_CGROUP_FD)
		can |= CAN_CGROUP_FD;
	/*
	 * BTF does not show that links end.  It shows that a link tells its cgroup, which
	 * the interface promises together with the end.
	 */
	info = btf_find_inner(btf, info, "struct_ops");
	if (btf_find_member(btf, info, "cgroup_id") >= 0)
		can |= CAN_LINK_END;
	if (btf__find_by_name_kind(btf, "bpf_try_to_free_mem_cgroup_pages",
				   BTF_KIND_FUNC) > 0)
		can |= CAN_RECLAIM;
	return can;
}

/* What a revision promises. */
static unsigned int promises(const struct revision *revision)
{
	unsigned int i, can = revision->can;

	for (i = 0; i < NR_CAPABILITIES; i++) {
		if (capabilities[i].member &&
		    find_in_revision(revision, capabilities[i].member) >= 0)
			can |= 1U << i;
	}
	return can | CAN_DELAY;
}

static const char *say_missing(unsigned int missing)
{
	unsigned int i = 0;

	while (!(missing & 1U << i))
		i++;
	if (capabilities[i].member)
		return say("no %s in memcg_bpf_ops of this kernel",
			   capabilities[i].member);
	return say("this kernel has %s", capabilities[i].text);
}

const char *revision_cannot(const struct btf *btf, unsigned int wanted)
{
	const struct revision *revision = find_revision(btf);
	unsigned int missing = wanted & ~find_capabilities(btf);

	if (revision)
		missing &= ~promises(revision);
	if (!missing)
		return NULL;
	say_missing(missing);
	strncat(text, ": boot a kernel with a revision that has it, such as ",
		sizeof(text) - strlen(text) - 1);
	strncat(text, revisions[0].name, sizeof(text) - strlen(text) - 1);
	return text;
}

const char *revision_broken(const struct btf *btf, unsigned int wanted)
{
	const struct revision *revision = find_revision(btf);
	unsigned int missing = wanted & ~find_capabilities(btf);

	if (!missing)
		return NULL;
	say_missing(missing);
	if (revision) {
		strncat(text, ", and it is to be ", sizeof(text) - strlen(text) - 1);
		strncat(text, revision->name, sizeof(text) - strlen(text) - 1);
	}
	return text;
}

/* What this kernel is, read once. */
static const struct running {
	int err;
	unsigned int can;
	enum link_dialect dialect;
	bool has_get_high_delay_ms;
} *running(void)
{
	static struct running r;
	static bool known;
	struct btf *btf;

	if (known)
		return &r;
	btf = btf__load_vmlinux_btf();
	if (!btf) {
		r.err = -errno;
		r.dialect = revision_ask_dialect();
		return &r;
	}
	r.can = find_capabilities(btf);
	r.dialect = find_dialect(btf);
	r.has_get_high_delay_ms =
		btf_find_member(btf, find_ops(btf), "get_high_delay_ms") >= 0;
	r.err = 0;
	known = true;
	btf__free(btf);
	return &r;
}

bool revision_can(unsigned int wanted)
{
	return (running()->can & wanted) == wanted;
}

enum link_dialect revision_dialect(void)
{
	return running()->dialect;
}

const int *revision_errnos(enum revision_refusal refusal)
{
	return errnos[running()->dialect][refusal];
}

/* Where in @ops, a struct of BPF programs, the program for a member is. */
static struct bpf_program **find_slot(const struct btf *btf,
				      const struct btf_type *ops, void *value,
				      const char *member)
{
	int index = btf_find_member(btf, ops, member);

	return index < 0 ? NULL : value + btf_member_bit_offset(ops, index) / 8;
}

static void leave_out(const struct btf *btf, const struct btf_type *ops,
		      void *value, const char *member)
{
	struct bpf_program **slot = find_slot(btf, ops, value, member);

	if (slot)
		*slot = NULL;
}

static void fit_map(const struct btf *btf, const struct bpf_map *map)
{
	const struct btf_type *ops;
	struct bpf_program **old, **new;
	unsigned int i;
	size_t size;
	void *value;

	ops = btf__type_by_id(btf, bpf_map__btf_value_type_id(map));
	value = bpf_map__initial_value(map, &size);

	if (running()->can & CAN_DELAY && !running()->has_get_high_delay_ms) {
		old = find_slot(btf, ops, value, "get_high_delay_ms");
		new = find_slot(btf, ops, value, "memcg_charged");
		if (old && new && *old) {
			*new = *old;
			*old = NULL;
		}
	}
	for (i = 0; i < NR_CAPABILITIES; i++) {
		if (capabilities[i].member && !(running()->can & 1U << i))
			leave_out(btf, ops, value, capabilities[i].member);
	}
	if (!(running()->can & CAN_DELAY)) {
		leave_out(btf, ops, value, "get_high_delay_ms");
		leave_out(btf, ops, value, "memcg_charged");
	}
}

static int fit(struct bpf_object *obj)
{
	struct bpf_map *map;

	if (running()->err)
		return running()->err;

	bpf_object__for_each_map(map, obj) {
		if (bpf_map__type(map) == BPF_MAP_TYPE_STRUCT_OPS)
			fit_map(bpf_object__btf(obj), map);
	}
	return 0;
}

int revision_load(struct bpf_object_skeleton *skeleton)
{
	int ret = fit(*skeleton->obj);

	if (ret)
		return ret;
	return bpf_object__load_skeleton(skeleton);
}
