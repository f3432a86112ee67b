// SPDX-License-Identifier: GPL-2.0
/*
 * struct memcg_bpf_ops in BTF, and which programs the kernel loads for its members.
 * verifier.c is about what a program may do.
 *
 * The control of a refused program is one that loads, and differs only in what is refused.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/filter.h>

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "revision.h"
#include "size.h"
#include "testbed.h"
#include "worker.h"
#include "workload.h"
#include "load/libbpf_log.h"
#include "load/sketch.h"

/* The capability that a kernel with the callback has. */
static const unsigned int callback_can[PROBE_NR_CALLBACKS] = {
	[PROBE_ONLINE] = CAN_ONLINE,
	[PROBE_OFFLINE] = CAN_OFFLINE,
	[PROBE_BELOW_LOW] = CAN_BELOW_LOW,
	[PROBE_BELOW_MIN] = CAN_BELOW_MIN,
	[PROBE_DELAY] = CAN_DELAY,
};

/* The type, as the kernel describes it in BTF. */
FIXTURE(type)
{
	struct btf *btf;
};

FIXTURE_SETUP(type)
{
	REQUIRE(REQUIRE_MEMCG_BPF_OPS);
	self->btf = btf__load_vmlinux_btf();
	ASSERT_NE(NULL, self->btf);
}

FIXTURE_TEARDOWN(type)
{
	btf__free(self->btf);
}

TEST_F(type, members_are_those_of_the_revision)
{
	const char *wrong;

	SKIP_IF(revision_unknown(self->btf));
	wrong = revision_check(self->btf);
	EXPECT_EQ(NULL, wrong)
		TH_LOG("struct memcg_bpf_ops: %s", wrong);
}

/*
 * Load a program that does nothing for the member @index.  A skeleton names members, and so
 * has no index past the last one.  bpf_prog_load() takes any.
 */
static int load_for_member(const struct btf *btf, int index)
{
	static const struct bpf_insn insns[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .attach_btf_id = btf__find_by_name_kind(btf, "memcg_bpf_ops",
							BTF_KIND_STRUCT),
		.expected_attach_type = index,
		.log_buf = libbpf_log,
		.log_size = sizeof(libbpf_log),
		.log_level = 1,
	);
	int fd;

	libbpf_log[0] = '\0';
	fd = bpf_prog_load(BPF_PROG_TYPE_STRUCT_OPS, "nothing", "GPL", insns,
			   ARRAY_SIZE(insns), &opts);
	if (fd < 0)
		return fd;
	close(fd);
	return 0;
}

TEST_F(type, program_for_no_member_is_refused)
{
	const struct btf_type *ops;
	int i, n, ret;

	ops = btf__type_by_id(self->btf,
			      btf__find_by_name_kind(self->btf, "memcg_bpf_ops",
						     BTF_KIND_STRUCT));
	n = btf_vlen(ops);
	for (i = 0; i < n; i++) {
		ret = load_for_member(self->btf, i);
		EXPECT_LOADED(ret, btf__name_by_offset(self->btf,
						       btf_members(ops)[i].name_off));
	}

	ret = load_for_member(self->btf, i);
	EXPECT_REFUSED(EINVAL, ret, "a program for a member past the last");
}

/* The control is program_for_no_member_is_refused, which does it as root. */
TEST_F(type, unprivileged_load_is_refused)
{
	int ret;

	ASSERT_EQ(0, setresgid(65534, 65534, 65534));
	ASSERT_EQ(0, setresuid(65534, 65534, 65534));
	ret = load_for_member(self->btf, 0);
	EXPECT_REFUSED(EPERM, ret, "a program of a user without capabilities");
}

/*
 * A broken copy of a known revision counts as known, and its missing members as broken
 * promises.  A type with a member of no known revision is unknown, and nothing is broken.
 */
TEST_F(type, wrong_types_are_found)
{
	static const char more[] = "more:vm";
	static const struct sketch sketches[] = {
		/* RFC v6, and what is wrong with it */
		{ { on, off, low6, min6, delay }, .wrong = NULL },
		{ { off, on, low6, min6, delay }, .wrong = "handle_cgroup_offline" },
		{ { on, off, min6, low6, delay }, .wrong = "below_min" },
		{ { on, off, low6, min6 }, .wrong = "get_high_delay_ms",
		  .broken = CAN_DELAY },
		{ { on, off, low6, delay }, .wrong = "below_min",
		  .broken = CAN_BELOW_MIN },
		{ { "handle_cgroup_online:v", off, low6, min6, delay },
		  .wrong = "void (void)" },
		{ { on, off, low6, "below_min:im", delay },
		  .wrong = "unsigned int (struct mem_cgroup *)" },
		{ { on, off, low6, min6, "get_high_delay_ms:bm" },
		  .wrong = "bool (struct mem_cgroup *)" },
		/* RFC v7 */
		{ { on, off, low7, min7, charged, uncharged }, .wrong = NULL },
		{ { on, low7, min7, off, charged, uncharged }, .wrong = "below_low" },
		{ { on, off, low7, min7, uncharged, charged },
		  .wrong = "memcg_uncharged" },
		{ { on, off, low7, min7, charged }, .wrong = "memcg_uncharged",
		  .broken = CAN_UNCHARGED },
		{ { on, off, low7, min7 }, .wrong = "memcg_charged",
		  .broken = CAN_DELAY | CAN_UNCHARGED | CAN_CHARGED_PAGES },
		{ { on, off, low6, min6, charged, uncharged },
		  .wrong = "below_low is bool (struct mem_cgroup *)",
		  .broken = CAN_THRESHOLDS },
		{ { on, off, low7, min7, "memcg_charged:im", uncharged },
		  .wrong = "unsigned int (struct mem_cgroup *)",
		  .broken = CAN_CHARGED_PAGES },
		{ { on, off, low7, min7, charged, "memcg_uncharged:vml" },
		  .wrong = "unsigned long" },
		/* members that both revisions have: how links name cgroups decides */
		{ { on, off, low7 }, .link = "cgroup",
		  .wrong = "below_min, which RFC v7 has",
		  .broken = CAN_BELOW_MIN | CAN_DELAY | CAN_UNCHARGED |
			CAN_CHARGED_PAGES | CAN_THRESHOLDS },
		{ { on, off, low7 }, .link = "cgroup_id",
		  .wrong = "below_min, which RFC v6 has",
		  .broken = CAN_BELOW_MIN | CAN_DELAY },
		/* members of one revision and links of the other: the members decide */
		{ { on, off, low6, min6, delay }, .link = "cgroup", .wrong = NULL },
		{ { on, off, low7, min7, charged, uncharged }, .link = "cgroup_id",
		  .wrong = NULL },
		/* a revision that does not exist yet */
		{ { on, off, low6, min6, delay, more }, .unknown = "more" },
		{ { on, off, low7, min7, charged, uncharged, more }, .unknown = "more" },
		{ { on, off, low7, min7, delay, uncharged },
		  .unknown = "get_high_delay_ms memcg_uncharged" },
		{ { more }, .unknown = "more" },
	};
	static const unsigned int callbacks = CAN_ONLINE | CAN_OFFLINE |
		CAN_BELOW_LOW | CAN_BELOW_MIN | CAN_DELAY | CAN_UNCHARGED |
		CAN_CHARGED_PAGES | CAN_THRESHOLDS;
	const char *unknown;
	struct btf *btf;
	unsigned int can;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sketches); i++) {
		btf = draw(&sketches[i]);
		ASSERT_NE(NULL, btf);

		EXPECT_EQ(NULL, revision_require(btf));
		unknown = revision_unknown(btf);
		expect_word(_metadata, i, sketches[i].unknown, unknown);
		if (!unknown)
			expect_word(_metadata, i, sketches[i].wrong,
				    revision_check(btf));
		/* A capability is there, not promised by the revision, or broken. */
		for (can = 1; can <= callbacks; can <<= 1) {
			if (!(callbacks & can) || revision_cannot(btf, can))
				continue;
			EXPECT_EQ(sketches[i].broken & can,
				  revision_broken(btf, can) ? can : 0)
				TH_LOG("sketch %zu, capability %#x: %s", i, can,
				       revision_broken(btf, can) ?: "is not broken");
		}
		btf__free(btf);
	}
}

/*
 * BTF says how a link names its cgroup, independently of the members.  A kernel may lack
 * what its revision promises of links, or have what its revision does not.
 */
TEST_F(type, links_are_told_by_btf)
{
	static const unsigned int can = CAN_CGROUP_FD | CAN_LINK_END;
	static const struct {
		struct sketch sketch;
		const char *cannot;	/* a word of what revision_cannot() says */
		const char *broken;	/* the same of revision_broken() */
	} cases[] = {
		{ { { on, off, low7, min7, charged, uncharged },
		    .link = "cgroup", .info = true }, .cannot = NULL },
		{ { { on, off, low7, min7, charged, uncharged },
		    .link = "cgroup", .info = false },
		  .broken = "struct_ops.cgroup_id" },
		{ { { on, off, low7, min7, charged, uncharged },
		    .link = "cgroup_id", .info = true },
		  .broken = "BPF_F_CGROUP_FD" },
		{ { { on, off, low6, min6, delay }, .link = "cgroup_id" },
		  .cannot = "BPF_F_CGROUP_FD", .broken = "BPF_F_CGROUP_FD" },
		{ { { on, off, low6, min6, delay },
		    .link = "cgroup", .info = true }, .cannot = NULL },
		{ { { on, off, low7, min7, delay, uncharged }, .link = "cgroup" },
		  .cannot = "struct_ops.cgroup_id", .broken = "struct_ops.cgroup_id" },
	};
	struct btf *btf;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		btf = draw(&cases[i].sketch);
		ASSERT_NE(NULL, btf);
		expect_word(_metadata, i, cases[i].cannot, revision_cannot(btf, can));
		expect_word(_metadata, i, cases[i].broken, revision_broken(btf, can));
		btf__free(btf);
	}
}

/* BPF_LINK_CREATE knows BPF_F_CGROUP_FD if and only if BTF says so. */
TEST_F(type, link_is_as_in_btf)
{
	EXPECT_EQ(revision_dialect(), revision_ask_dialect())
		TH_LOG("BPF_F_CGROUP_FD is %s by BTF, and the kernel says otherwise",
		       revision_can(CAN_CGROUP_FD) ? "taken" : "not known");
}

/* BTF of a kernel without struct_ops, or without the type, is no revision. */
TEST_F(type, no_type_is_no_revision)
{
	struct btf *btf = btf__new_empty();

	ASSERT_NE(NULL, btf);
	expect_word(_metadata, 0, "no struct_ops", revision_require(btf));
	EXPECT_GT(btf__add_struct(btf, "bpf_struct_ops", 8), 0);
	expect_word(_metadata, 1, "no memcg_bpf_ops", revision_require(btf));
	btf__free(btf);
}

/*
 * Each callback alone, all of them, and none:
 *
 *   memcg_bpf.load.<pid>
 *   `-- ops			the callbacks of the variant
 *       |-- charged		a worker touches memory; then reclaim in the root
 *       `-- passing		made and removed; both are made after attaching
 *
 * These events trigger each callback.  The kernel calls those of the variant, and no others.
 */
FIXTURE(callbacks)
{
	struct testbed tb;
	struct probe *probe;
	int link;
};

FIXTURE_VARIANT(callbacks)
{
	unsigned int mask;
};

FIXTURE_VARIANT_ADD(callbacks, none) { 0 };
FIXTURE_VARIANT_ADD(callbacks, handle_cgroup_online) { 1 << PROBE_ONLINE };
FIXTURE_VARIANT_ADD(callbacks, handle_cgroup_offline) { 1 << PROBE_OFFLINE };
FIXTURE_VARIANT_ADD(callbacks, below_low) { 1 << PROBE_BELOW_LOW };
FIXTURE_VARIANT_ADD(callbacks, below_min) { 1 << PROBE_BELOW_MIN };
FIXTURE_VARIANT_ADD(callbacks, delay) { 1 << PROBE_DELAY };
FIXTURE_VARIANT_ADD(callbacks, all) { (1 << PROBE_NR_CALLBACKS) - 1 };

FIXTURE_SETUP(callbacks)
{
	unsigned int can = 0;
	int i;

	self->link = -1;
	for (i = 0; i < PROBE_NR_CALLBACKS; i++) {
		if (variant->mask & 1 << i)
			can |= callback_can[i];
	}
	REQUIRE_OPS(can);
	ASSERT_EQ(0, testbed_create(&self->tb, "load"));
}

FIXTURE_TEARDOWN(callbacks)
{
	if (self->link >= 0)
		close(self->link);
	probe__destroy(self->probe);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

/* EAGAIN: there is less to reclaim than asked for. */
static void reclaim(struct __test_metadata *_metadata, const char *cgroup)
{
	int ret = cg_write(cgroup, "memory.reclaim", "%lld", SCALED(MiB));

	EXPECT_TRUE(!ret || ret == -EAGAIN)
		TH_LOG("memory.reclaim: %s", strerror(-ret));
}

/* Offline comes some time after rmdir(), but before the cgroup is dead. */
static void wait_for_offline(struct probe *probe, const char *parent)
{
	int ms;

	for (ms = 0; ms < STEP_TIMEOUT_MS; ms += 10) {
		if (!cg_read_key(parent, "cgroup.stat", "nr_dying_descendants") ||
		    probe_total(probe, PROBE_OFFLINE))
			return;
		usleep(10000);
	}
}

TEST_F(callbacks, load_attach_and_are_called)
{
	char ops[PATH_MAX], charged[PATH_MAX], passing[PATH_MAX];
	uint64_t calls;
	int i;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, ops, "ops"));
	ASSERT_EQ(0, cg_enable_memory(ops));

	capture_libbpf_log();
	self->probe = probe_load_only(variant->mask);
	ASSERT_NE(NULL, self->probe) {
		TH_LOG("refused: %s", strerror(errno));
		print_libbpf_log();
	}
	self->link = probe_attach(self->probe, ops, 0);
	ASSERT_ATTACHED(self->link);

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, charged, "ops/charged"));
	ASSERT_EQ(0, probe_charge(charged));
	reclaim(_metadata, self->tb.cgroup);
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, passing, "ops/passing"));
	ASSERT_EQ(0, rmdir(passing));
	wait_for_offline(self->probe, ops);

	for (i = 0; i < PROBE_NR_CALLBACKS; i++) {
		calls = probe_total(self->probe, i);
		if (variant->mask & 1 << i) {
			EXPECT_GT(calls, 0)
				TH_LOG("%s was not called", probe_callback_names[i]);
		} else {
			EXPECT_EQ(0, calls)
				TH_LOG("%s was called, which is NULL",
				       probe_callback_names[i]);
		}
	}
}

/*
 * Ops without callbacks override inherited ops like any others.  The kernel calls no
 * callback in their place.
 *
 *   memcg_bpf.load.<pid>	ops: all callbacks; may be overridden
 *   |-- empty			ops: no callbacks
 *   `-- inherits
 */
FIXTURE(empty)
{
	struct testbed tb;
	struct probe *all;
	struct probe *none;
};

FIXTURE_SETUP(empty)
{
	REQUIRE_OPS(CAN_DELAY);
	ASSERT_EQ(0, testbed_create(&self->tb, "load"));
	self->all = probe_load();
	ASSERT_NE(NULL, self->all);
	self->none = probe_load_only(0);
	ASSERT_NE(NULL, self->none);
}

FIXTURE_TEARDOWN(empty)
{
	probe__destroy(self->all);
	probe__destroy(self->none);
	EXPECT_EQ(0, testbed_destroy(&self->tb));
}

TEST_F(empty, ops_are_ops_and_do_nothing)
{
	char empty[PATH_MAX], inherits[PATH_MAX];
	int all_link, none_link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, empty, "empty"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, inherits, "inherits"));
	all_link = probe_attach(self->all, self->tb.cgroup, BPF_F_ALLOW_OVERRIDE);
	ASSERT_GE(all_link, 0);
	EXPECT_EQ(0, owner_by_charge(&self->all, 1, empty));

	none_link = probe_attach(self->none, empty, 0);
	ASSERT_ATTACHED(none_link);
	EXPECT_EQ(OWNER_NOBODY, owner_by_charge(&self->all, 1, empty))
		TH_LOG("the empty ops do not override the inherited ones");
	EXPECT_EQ(0, owner_by_charge(&self->all, 1, inherits));
	EXPECT_EQ(-EBUSY, probe_attach(self->none, empty, 0));

	close(none_link);
	EXPECT_EQ(0, owner_by_charge(&self->all, 1, empty))
		TH_LOG("the inherited ops are not back after the close");
	close(all_link);
}

/* A sleepable program is refused, for each member. */
FIXTURE(sleepable)
{
};

FIXTURE_VARIANT(sleepable)
{
	enum probe_callback callback;
};

FIXTURE_VARIANT_ADD(sleepable, handle_cgroup_online) { PROBE_ONLINE };
FIXTURE_VARIANT_ADD(sleepable, handle_cgroup_offline) { PROBE_OFFLINE };
FIXTURE_VARIANT_ADD(sleepable, below_low) { PROBE_BELOW_LOW };
FIXTURE_VARIANT_ADD(sleepable, below_min) { PROBE_BELOW_MIN };
FIXTURE_VARIANT_ADD(sleepable, delay) { PROBE_DELAY };

FIXTURE_SETUP(sleepable)
{
	(void)self;
	REQUIRE_OPS(callback_can[variant->callback]);
}

FIXTURE_TEARDOWN(sleepable)
{
	(void)self;
}

static struct bpf_program *program_of(const struct probe *probe,
				      enum probe_callback callback)
{
	switch (callback) {
	case PROBE_ONLINE:
		return probe->progs.probe_online;
	case PROBE_OFFLINE:
		return probe->progs.probe_offline;
	case PROBE_BELOW_LOW:
		return probe->progs.probe_below_low;
	case PROBE_BELOW_MIN:
		return probe->progs.probe_below_min;
	default:
		return probe->progs.probe_delay;
	}
}

static int load_with_flags(enum probe_callback callback, __u32 flags)
{
	struct probe *probe = probe__open();
	int ret;

	if (!probe)
		return -errno;
	bpf_program__set_flags(program_of(probe, callback), flags);
	ret = revision_load(probe->skeleton);
	probe__destroy(probe);
	return ret;
}

TEST_F(sleepable, program_is_refused)
{
	char what[64];
	int ret;

	capture_libbpf_log();
	ret = load_with_flags(variant->callback, 0);
	EXPECT_LOADED(ret, probe_callback_names[variant->callback]);

	snprintf(what, sizeof(what), "a sleepable program for %s",
		 probe_callback_names[variant->callback]);
	capture_libbpf_log();
	ret = load_with_flags(variant->callback, BPF_F_SLEEPABLE);
	EXPECT_REFUSED(EINVAL, ret, what);
}

MEMCG_BPF_HARNESS_MAIN
