// SPDX-License-Identifier: GPL-2.0
/*
 * One attachment to a cgroup: what is refused, with which errno, and how long it
 * lasts.  hierarchies.c is about several at once.
 *
 *   memcg_bpf.attach.<pid>
 *   |-- target			most tests attach here
 *   |   `-- child
 *   |-- sibling
 *   `-- bystander		has empty ops
 *
 * There are two sets of ops, FIRST and SECOND.  Whose a cgroup has is seen in
 * reclaim of the root of this tree, in which the kernel asks the ops of every
 * cgroup below whether it is protected: so it is known for all three at once, and
 * for inner ones, too, and nothing needs to be charged.
 *
 * While nobody in the system has ops, a kernel need not look for any, and what a
 * link has left behind by mistake would not be seen.  So the bystander has some.
 *
 * Every test looks at that before and after, and in the end there must be no link
 * left of either set.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <bpf/bpf.h>

#include "attach.h"
#include "cgroup.h"
#include "harness.h"
#include "owner.h"
#include "probe.h"
#include "revision.h"
#include "testbed.h"
#include "worker.h"

enum set {
	NOBODY = OWNER_NOBODY,
	FIRST = 0,
	SECOND,
	NR_SETS,
};

FIXTURE(attach)
{
	struct testbed tb;
	char target[PATH_MAX];
	char child[PATH_MAX];
	char sibling[PATH_MAX];
	struct probe *sets[NR_SETS];
	__u32 map_ids[NR_SETS];
	struct probe *empty;
	int bystander;		/* the link */
};

static __u32 map_id(const struct probe *probe)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);

	if (bpf_map_get_info_by_fd(bpf_map__fd(probe->maps.probe_ops), &info,
				   &len))
		return 0;
	return info.id;
}

FIXTURE_SETUP(attach)
{
	char bystander[PATH_MAX];
	int i;

	REQUIRE(REQUIRE_MEMCG_BPF_OPS);
	ASSERT_EQ(0, testbed_create(&self->tb, "attach"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->target, "target"));
	ASSERT_EQ(0, cg_enable_memory(self->target));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->child, "target/child"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, self->sibling, "sibling"));

	for (i = 0; i < NR_SETS; i++) {
		self->sets[i] = probe_load();
		ASSERT_NE(NULL, self->sets[i]);
		self->map_ids[i] = map_id(self->sets[i]);
		ASSERT_NE(0, self->map_ids[i]);
	}

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, bystander, "bystander"));
	self->empty = probe_load_only(0);
	ASSERT_NE(NULL, self->empty);
	self->bystander = probe_attach(self->empty, bystander, 0);
	ASSERT_GE(self->bystander, 0)
		TH_LOG("attach: %s", strerror(-self->bystander));
}

static const char *set_name(int set)
{
	switch (set) {
	case NOBODY:
		return "none";
	case FIRST:
		return "the first ops";
	case SECOND:
		return "the second ops";
	default:
		return "both";
	}
}

/* more descriptors than any test has */
#define FDS 128

/* The kernel lets go before close() or waitpid() returns, or some time after. */
#define LET_GO_MS 5000

static void close_link(int fd)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	if (!bpf_link_get_info_by_fd(fd, &info, &len))
		close(fd);
}

FIXTURE_TEARDOWN(attach)
{
	unsigned int left;
	int i, fd;

	/* A test that has failed may not have closed its links. */
	for (fd = STDERR_FILENO + 1; fd < FDS; fd++)
		close_link(fd);

	for (i = 0; i < NR_SETS; i++) {
		if (!self->sets[i])
			continue;
		left = memcg_bpf_count_links(self->sets[i]->maps.probe_ops);
		EXPECT_EQ(0, left);
		if (left)
			TH_LOG("a link of %s is left", set_name(i));
	}
	/* A kernel that leaves ops behind is to find them until their memcg is gone. */
	EXPECT_EQ(0, testbed_destroy(&self->tb));
	for (i = 0; i < NR_SETS; i++)
		probe__destroy(self->sets[i]);
	probe__destroy(self->empty);
}

static int attach(FIXTURE_DATA(attach) *self, enum set set, const char *cgroup,
		  __u32 flags)
{
	return probe_attach(self->sets[set], cgroup, flags);
}

static int attach_fd(FIXTURE_DATA(attach) *self, enum set set, int fd,
		     __u32 flags)
{
	return memcg_bpf_attach(self->sets[set]->maps.probe_ops, fd, flags);
}

/* Find whose ops some cgroups have. */
static void find_owners(struct __test_metadata *_metadata,
			FIXTURE_DATA(attach) *self, char *const cgroups[], int nr,
			int owners[])
{
	const struct owner_search search = {
		.probes = self->sets,
		.nr = NR_SETS,
		.reclaim = self->tb.cgroup,
	};

	ASSERT_EQ(0, owners_find(&search, cgroups, nr, owners, NULL));
}

static void expect_owner(struct __test_metadata *_metadata,
			 FIXTURE_DATA(attach) *self, const char *when,
			 const char *cgroup, int want)
{
	char *const cgroups[] = { (char *)cgroup };
	int owner;

	find_owners(_metadata, self, cgroups, 1, &owner);
	EXPECT_EQ(want, owner)
		TH_LOG("%s: %s has %s, and not %s", when,
		       strrchr(cgroup, '/') + 1, set_name(owner),
		       set_name(want));
}

/* Whose ops all of the tree has. */
struct owners {
	int target;
	int child;
	int sibling;
};

static struct owners owners_now(struct __test_metadata *_metadata,
				FIXTURE_DATA(attach) *self)
{
	char *const cgroups[] = { self->target, self->child, self->sibling };
	int owners[ARRAY_SIZE(cgroups)];

	find_owners(_metadata, self, cgroups, ARRAY_SIZE(cgroups), owners);
	return (struct owners) { owners[0], owners[1], owners[2] };
}

static void expect_owners(struct __test_metadata *_metadata,
			  FIXTURE_DATA(attach) *self, const char *when,
			  struct owners want)
{
	struct owners now = owners_now(_metadata, self);

	EXPECT_EQ(want.target, now.target)
		TH_LOG("%s: target has %s, and not %s", when,
		       set_name(now.target), set_name(want.target));
	EXPECT_EQ(want.child, now.child)
		TH_LOG("%s: child has %s, and not %s", when,
		       set_name(now.child), set_name(want.child));
	EXPECT_EQ(want.sibling, now.sibling)
		TH_LOG("%s: sibling has %s, and not %s", when,
		       set_name(now.sibling), set_name(want.sibling));
}

#define OWNERS(target, child, sibling)					\
	((struct owners) { target, child, sibling })
#define ALL_NOBODY OWNERS(NOBODY, NOBODY, NOBODY)

/* The last descriptor of a link of @set has been closed, maybe by force. */
static void wait_for_link(FIXTURE_DATA(attach) *self, enum set set)
{
	int ms;

	for (ms = 0; ms < LET_GO_MS &&
	     memcg_bpf_count_links(self->sets[set]->maps.probe_ops); ms += 10)
		usleep(10000);
}

static void expect_detached(struct __test_metadata *_metadata,
			    FIXTURE_DATA(attach) *self, enum set set,
			    const char *when)
{
	wait_for_link(self, set);
	expect_owners(_metadata, self, when, ALL_NOBODY);
}

/* Nobody has ops, and nothing is left that keeps the target from getting some. */
static void expect_attach_works(struct __test_metadata *_metadata,
				FIXTURE_DATA(attach) *self)
{
	int link;

	expect_owners(_metadata, self, "before an attach", ALL_NOBODY);
	link = attach(self, FIRST, self->target, 0);
	EXPECT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owner(_metadata, self, "attached", self->target, FIRST);
	close(link);
	wait_for_link(self, FIRST);
	expect_owner(_metadata, self, "closed", self->target, NOBODY);
}

static void expect_refused(struct __test_metadata *_metadata, int link,
			   int want, const char *what)
{
	EXPECT_EQ(-want, link)
		TH_LOG("%s: %s, and not %s", what,
		       link < 0 ? strerror(-link) : "attached", strerror(want));
	if (link >= 0)
		close(link);
}

/* The errnos of a refusal that differ from revision to revision. */
static bool is_errno_of(int link, enum revision_refusal refusal)
{
	const int *errnos = revision_errnos(refusal);
	int i;

	if (link >= 0)
		return false;
	for (i = 0; i < REVISION_MAX_ERRNOS; i++) {
		if (errnos[i] == -link)
			return true;
	}
	return !errnos[0];
}

static void expect_refusal(struct __test_metadata *_metadata, int link,
			   enum revision_refusal refusal, const char *what)
{
	EXPECT_TRUE(is_errno_of(link, refusal))
		TH_LOG("%s: %s, and not %s", what,
		       link < 0 ? strerror(-link) : "attached",
		       revision_errnos(refusal)[0] ?
		       strerror(revision_errnos(refusal)[0]) : "refused");
	if (link >= 0)
		close(link);
}

/* An attachment reaches the cgroup and what is below, and ends with its link. */
TEST_F(attach, lasts_as_long_as_its_link)
{
	int link, copy;

	expect_owners(_metadata, self, "before", ALL_NOBODY);
	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owners(_metadata, self, "attached", OWNERS(FIRST, FIRST, NOBODY));

	copy = dup(link);
	ASSERT_GE(copy, 0);
	close(link);
	expect_owners(_metadata, self, "one of two descriptors closed",
		      OWNERS(FIRST, FIRST, NOBODY));
	close(copy);
	expect_detached(_metadata, self, FIRST, "both descriptors closed");
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_sibling_is_separate)
{
	int link, other;

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	other = attach(self, SECOND, self->sibling, 0);
	ASSERT_GE(other, 0)
		TH_LOG("attach to the sibling: %s", strerror(-other));
	expect_owners(_metadata, self, "both attached",
		      OWNERS(FIRST, FIRST, SECOND));
	close(link);
	expect_owners(_metadata, self, "the first closed",
		      OWNERS(NOBODY, NOBODY, SECOND));
	close(other);
	expect_detached(_metadata, self, SECOND, "both closed");
}

/* The same, with the same ops. */
TEST_F(attach, of_same_ops_to_sibling_is_separate)
{
	int link, other;

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	other = attach(self, FIRST, self->sibling, 0);
	ASSERT_GE(other, 0)
		TH_LOG("attach to the sibling: %s", strerror(-other));
	expect_owners(_metadata, self, "attached twice",
		      OWNERS(FIRST, FIRST, FIRST));
	close(link);
	expect_owners(_metadata, self, "one closed",
		      OWNERS(NOBODY, NOBODY, FIRST));
	close(other);
	expect_detached(_metadata, self, FIRST, "both closed");
}

TEST_F(attach, to_root_reaches_all)
{
	char root[PATH_MAX];
	int link;

	close(self->bystander);
	if (memcg_bpf_count_links(NULL))
		SKIP(return, "another program has attached memcg_bpf_ops: end it");

	ASSERT_EQ(0, cg_find_root(root, sizeof(root)));
	link = attach(self, FIRST, root, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach to %s: %s", root, strerror(-link));
	expect_owners(_metadata, self, "attached to the root",
		      OWNERS(FIRST, FIRST, FIRST));
	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
}

/*
 * A cgroup for which the memory controller is off belongs to the memcg of the
 * nearest ancestor that has one, and so do its ops:
 *
 *   memcg_bpf.attach.<pid>
 *   |-- target
 *   |   `-- child
 *   `-- sibling
 *       `-- without		attach here; no memory controller
 */
TEST_F(attach, without_controller_goes_to_ancestor)
{
	char without[PATH_MAX];
	int link;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, without, "sibling/without"));
	ASSERT_EQ(0, cg_has_word(without, "cgroup.controllers", "memory"));

	link = attach(self, FIRST, without, 0);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owners(_metadata, self, "attached", OWNERS(NOBODY, NOBODY, FIRST));

	expect_refused(_metadata, attach(self, SECOND, without, 0), EBUSY,
		       "a second attach to the cgroup");
	expect_refused(_metadata, attach(self, SECOND, self->sibling, 0), EBUSY,
		       "a second attach to the ancestor");
	expect_owners(_metadata, self, "after the refusals",
		      OWNERS(NOBODY, NOBODY, FIRST));
	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
}

/*
 * An attach that names no cgroup fails.  One to the root, say, is to succeed, so
 * nobody may be in its way.
 */
TEST_F(attach, without_fd_is_refused)
{
	int link;

	close(self->bystander);
	memcg_bpf_prepare(self->sets[FIRST]->maps.probe_ops);
	link = memcg_bpf_link_to_none(bpf_map__fd(self->sets[FIRST]->maps.probe_ops),
				      0);
	expect_refusal(_metadata, link, REFUSAL_NO_CGROUP, "no cgroup");
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_closed_fd_is_refused)
{
	int fd = cg_open(self->target);

	ASSERT_GE(fd, 0);
	close(fd);
	expect_refused(_metadata, attach_fd(self, FIRST, fd, 0), EBADF,
		       "a closed descriptor");
	expect_refused(_metadata, attach_fd(self, FIRST, -1, 0), EBADF,
		       "descriptor -1");
	expect_attach_works(_metadata, self);
}

static void expect_path_refused(struct __test_metadata *_metadata,
				FIXTURE_DATA(attach) *self, const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	ASSERT_GE(fd, 0)
		TH_LOG("%s: %s", path, strerror(errno));
	expect_refused(_metadata, attach_fd(self, FIRST, fd, 0), EBADF, path);
	close(fd);
}

TEST_F(attach, to_what_is_no_cgroup_is_refused)
{
	char path[PATH_MAX + 16];
	int fd;

	expect_path_refused(_metadata, self, self->tb.dir);
	expect_path_refused(_metadata, self, "/proc");

	snprintf(path, sizeof(path), "%s/file", self->tb.dir);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	ASSERT_GE(fd, 0);
	close(fd);
	expect_path_refused(_metadata, self, path);

	snprintf(path, sizeof(path), "%s/memory.max", self->target);
	expect_path_refused(_metadata, self, path);

	expect_refused(_metadata,
		       attach_fd(self, FIRST,
				 bpf_map__fd(self->sets[FIRST]->maps.probe_ops), 0),
		       EBADF, "the map itself");
	expect_attach_works(_metadata, self);
}

/*
 * A hierarchy of cgroup v1 without controllers, which nobody but this process
 * sees mounted.
 */
TEST_F(attach, to_cgroup_v1_is_refused)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s", self->tb.dir);
	ASSERT_EQ(0, unshare(CLONE_NEWNS));
	ASSERT_EQ(0, mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
	if (mount("none", path, "cgroup", 0, "none,name=memcg_bpf"))
		SKIP(return, "cannot mount a cgroup v1 hierarchy without controllers: %s; boot without cgroup_no_v1=named",
		     strerror(errno));

	expect_path_refused(_metadata, self, path);
	EXPECT_EQ(0, umount(path));
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_removed_cgroup_is_refused)
{
	char removed[PATH_MAX];
	int fd;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, removed, "target/removed"));
	fd = cg_open(removed);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, rmdir(removed));
	expect_refusal(_metadata, attach_fd(self, FIRST, fd, 0),
		       REFUSAL_REMOVED_CGROUP, "a removed cgroup");
	close(fd);
	expect_attach_works(_metadata, self);
}

/* Each flag that means nothing, alone and with BPF_F_ALLOW_OVERRIDE. */
TEST_F(attach, with_unknown_flag_is_refused)
{
	static const __u32 with[] = { 0, BPF_F_ALLOW_OVERRIDE };
	__u32 flag, taken = 0, other = 0, known = BPF_F_ALLOW_OVERRIDE;
	int link, other_errno = 0;
	size_t i;

	if (revision_can(CAN_CGROUP_FD))
		known |= LINK_CGROUP_FD;
	for (flag = 1; flag; flag <<= 1) {
		for (i = 0; i < ARRAY_SIZE(with); i++) {
			if (flag & known)
				continue;
			link = attach(self, FIRST, self->target, flag | with[i]);
			if (link >= 0) {
				taken |= flag;
				close(link);
			} else if (!is_errno_of(link, REFUSAL_UNKNOWN_FLAG)) {
				other |= flag;
				other_errno = -link;
			}
		}
	}
	EXPECT_EQ(0, taken)
		TH_LOG("flags 0x%x: attached", taken);
	EXPECT_EQ(0, other)
		TH_LOG("flags 0x%x: %s, and not %s", other,
		       strerror(other_errno),
		       strerror(revision_errnos(REFUSAL_UNKNOWN_FLAG)[0]));
	expect_attach_works(_metadata, self);

	link = attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE);
	EXPECT_GE(link, 0)
		TH_LOG("BPF_F_ALLOW_OVERRIDE: %s", strerror(-link));
	expect_owner(_metadata, self, "BPF_F_ALLOW_OVERRIDE", self->target, FIRST);
	close(link);
}

/*
 * A cgroup that has ops of its own takes no others, with whatever flags, and what
 * was asked for has no effect on what may be done below it.
 */
static void expect_busy(struct __test_metadata *_metadata,
			FIXTURE_DATA(attach) *self, __u32 flags)
{
	static const __u32 others_flags[] = { 0, BPF_F_ALLOW_OVERRIDE };
	struct owners before;
	int link, other, set;
	char what[64];
	size_t i;

	link = attach(self, FIRST, self->target, flags);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	before = owners_now(_metadata, self);
	EXPECT_EQ(FIRST, before.target);

	for (set = FIRST; set < NR_SETS; set++) {
		for (i = 0; i < ARRAY_SIZE(others_flags); i++) {
			snprintf(what, sizeof(what), "%s, flags %u over %u",
				 set_name(set), others_flags[i], flags);
			other = attach(self, set, self->target, others_flags[i]);
			expect_refused(_metadata, other, EBUSY, what);
			expect_owners(_metadata, self, what, before);
			EXPECT_EQ(1, memcg_bpf_count_links(self->sets[FIRST]->maps.probe_ops))
				TH_LOG("%s: the refused link is left", what);
		}
	}

	other = attach(self, SECOND, self->child, 0);
	if (flags & BPF_F_ALLOW_OVERRIDE) {
		EXPECT_GE(other, 0)
			TH_LOG("flags are lost: %s", strerror(-other));
		close(other);
	} else {
		expect_refused(_metadata, other, EBUSY, "the child");
	}

	close(link);
	expect_attach_works(_metadata, self);
}

TEST_F(attach, to_cgroup_with_ops_is_refused)
{
	expect_busy(_metadata, self, 0);
}

TEST_F(attach, to_cgroup_with_overridable_ops_is_refused)
{
	expect_busy(_metadata, self, BPF_F_ALLOW_OVERRIDE);
}

TEST_F(attach, above_cgroup_with_ops_is_refused)
{
	int link = attach(self, SECOND, self->child, 0);
	struct owners before;

	ASSERT_GE(link, 0);
	before = owners_now(_metadata, self);
	EXPECT_EQ(SECOND, before.child);
	expect_refused(_metadata, attach(self, FIRST, self->target, 0), EBUSY,
		       "the parent");
	expect_refused(_metadata,
		       attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE),
		       EBUSY, "the parent, overridable");
	expect_owners(_metadata, self, "after the refusals", before);
	close(link);
	wait_for_link(self, SECOND);
	expect_attach_works(_metadata, self);
}

static void expect_link_of(struct __test_metadata *_metadata,
			   FIXTURE_DATA(attach) *self, int link, enum set set)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	ASSERT_EQ(0, bpf_link_get_info_by_fd(link, &info, &len));
	EXPECT_EQ(BPF_LINK_TYPE_STRUCT_OPS, info.type);
	EXPECT_EQ(self->map_ids[set], info.struct_ops.map_id)
		TH_LOG("the link is not one of %s", set_name(set));
}

TEST_F(attach, link_info_names_the_ops)
{
	int link = attach(self, SECOND, self->target, 0);

	ASSERT_GE(link, 0);
	expect_link_of(_metadata, self, link, SECOND);
	EXPECT_EQ(1, memcg_bpf_count_links(self->sets[SECOND]->maps.probe_ops));
	EXPECT_EQ(0, memcg_bpf_count_links(self->sets[FIRST]->maps.probe_ops));
	close(link);
}

/* The type has no update: a link keeps its ops. */
TEST_F(attach, update_of_link_is_refused)
{
	struct owners before;
	int link, other, ret;

	/* Ops that were attached once are complete, and may be given to a link. */
	other = attach(self, SECOND, self->sibling, 0);
	ASSERT_GE(other, 0);
	close(other);

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	before = owners_now(_metadata, self);
	EXPECT_EQ(FIRST, before.target);
	ret = bpf_link_update(link,
			      bpf_map__fd(self->sets[SECOND]->maps.probe_ops),
			      NULL);
	EXPECT_EQ(-EOPNOTSUPP, ret)
		TH_LOG("BPF_LINK_UPDATE: %s", ret ? strerror(-ret) : "done");

	expect_owners(_metadata, self, "after the update", before);
	expect_link_of(_metadata, self, link, FIRST);
	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
	expect_attach_works(_metadata, self);
}

/* BPF_LINK_DETACH does what closing the link does. */
TEST_F(attach, detach_of_link_ends_it)
{
	struct owners before;
	int link, ret;

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	before = owners_now(_metadata, self);
	EXPECT_EQ(FIRST, before.target);
	ret = bpf_link_detach(link);
	EXPECT_EQ(0, ret)
		TH_LOG("BPF_LINK_DETACH: %s", strerror(-ret));
	expect_owners(_metadata, self, "detached", ALL_NOBODY);
	expect_attach_works(_metadata, self);
	close(link);
	expect_detached(_metadata, self, FIRST, "closed");
	expect_attach_works(_metadata, self);
}

/* A process that attaches FIRST to the target and holds the link. */
struct holder {
	FIXTURE_DATA(attach) *self;
	int cgroup_fd;
	uid_t uid;
	const char *pin;	/* or NULL; then it need not live */
	int result;		/* where to write what came of it */
};

static int hold_link(void *arg)
{
	struct holder *holder = arg;
	int link;

	if (holder->uid && setresuid(holder->uid, holder->uid, holder->uid))
		return 1;
	link = attach_fd(holder->self, FIRST, holder->cgroup_fd, 0);
	if (link >= 0 && holder->pin && bpf_obj_pin(link, holder->pin))
		link = -errno;
	if (write(holder->result, &link, sizeof(link)) != sizeof(link))
		return 1;
	if (!holder->pin)
		pause();
	return 0;
}

/* Start it, and wait for what came of it: more than 0, or a negative errno. */
static pid_t start_holder(struct __test_metadata *_metadata,
			  FIXTURE_DATA(attach) *self, uid_t uid,
			  const char *pin, int *link)
{
	struct holder holder = { .self = self, .uid = uid, .pin = pin };
	int fds[2];
	pid_t pid;

	holder.cgroup_fd = cg_open(self->target);
	ASSERT_GE(holder.cgroup_fd, 0);
	ASSERT_EQ(0, pipe2(fds, O_CLOEXEC));
	holder.result = fds[1];

	pid = worker_start(self->sibling, 0, hold_link, &holder);
	ASSERT_GT(pid, 0);
	close(fds[1]);
	ASSERT_EQ((ssize_t)sizeof(*link), read(fds[0], link, sizeof(*link)))
		TH_LOG("the process that attaches has died");
	close(fds[0]);
	close(holder.cgroup_fd);
	return pid;
}

TEST_F(attach, ends_with_the_process_that_is_killed)
{
	int link, status;
	pid_t pid;

	pid = start_holder(_metadata, self, 0, NULL, &link);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owner(_metadata, self, "attached", self->target, FIRST);

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status));
	expect_detached(_metadata, self, FIRST, "its process killed");
	expect_attach_works(_metadata, self);
}

static bool map_exists(__u32 id)
{
	int fd = bpf_map_get_fd_by_id(id);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* Let go of a set of ops, and see whether the kernel does. */
static void expect_let_go(struct __test_metadata *_metadata,
			  FIXTURE_DATA(attach) *self, enum set set,
			  const char *what)
{
	int ms;

	probe__destroy(self->sets[set]);
	self->sets[set] = NULL;
	for (ms = 0; ms < LET_GO_MS && map_exists(self->map_ids[set]); ms += 10)
		usleep(10000);
	EXPECT_FALSE(map_exists(self->map_ids[set]))
		TH_LOG("%s leaves a reference to the ops", what);
}

/* FIRST is attached and detached in each way there is, SECOND always refused. */
TEST_F(attach, leaves_no_reference)
{
	int link, status;
	pid_t pid;

	pid = start_holder(_metadata, self, 0, NULL, &link);
	EXPECT_GE(link, 0);
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status));
	wait_for_link(self, FIRST);

	link = attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE);
	EXPECT_GE(link, 0);
	bpf_link_detach(link);
	close(link);
	wait_for_link(self, FIRST);

	link = attach(self, FIRST, self->target, 0);
	EXPECT_GE(link, 0);
	EXPECT_LT(attach(self, SECOND, self->target, 0), 0);
	EXPECT_LT(attach(self, SECOND, self->child, 0), 0);
	EXPECT_LT(attach(self, SECOND, self->sibling, BPF_F_REPLACE), 0);
	EXPECT_LT(attach_fd(self, SECOND, -1, 0), 0);
	EXPECT_LT(memcg_bpf_link_to_none(bpf_map__fd(self->sets[SECOND]->maps.probe_ops),
					 0), 0);
	close(link);
	wait_for_link(self, FIRST);

	expect_let_go(_metadata, self, FIRST, "a link that is gone");
	expect_let_go(_metadata, self, SECOND, "a refused attach");
}

TEST_F(attach, pin_outlives_the_process)
{
	char pin[PATH_MAX];
	int link, status;
	pid_t pid;

	REQUIRE(REQUIRE_BPFFS);
	ASSERT_EQ(0, testbed_add_pin(&self->tb, pin, "link"));

	pid = start_holder(_metadata, self, 0, pin, &link);
	ASSERT_GE(link, 0)
		TH_LOG("attach and pin to %s: %s", pin, strerror(-link));
	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status));
	ASSERT_EQ(0, status);
	expect_owner(_metadata, self, "pinned", self->target, FIRST);
	expect_refused(_metadata, attach(self, SECOND, self->target, 0), EBUSY,
		       "a second attach");

	link = bpf_obj_get(pin);
	ASSERT_GE(link, 0);
	expect_link_of(_metadata, self, link, FIRST);
	ASSERT_EQ(0, unlink(pin));
	expect_owner(_metadata, self, "unpinned, but opened", self->target,
		     FIRST);
	close(link);
	expect_detached(_metadata, self, FIRST, "unpinned and closed");
	expect_attach_works(_metadata, self);
}

/*
 * A user without capabilities cannot load ops: see load.c.  Whether one who was
 * given them may attach them is not promised either way, but then the answer is
 * what is done.
 */
TEST_F(attach, unprivileged_is_all_or_nothing)
{
	int link, status;
	pid_t pid;

	/* so that the map is complete */
	expect_attach_works(_metadata, self);

	pid = start_holder(_metadata, self, 65534, NULL, &link);
	if (link < 0) {
		TH_LOG("refused: %s", strerror(-link));
		expect_owners(_metadata, self, "refused", ALL_NOBODY);
	} else {
		TH_LOG("attached");
		expect_owner(_metadata, self, "attached", self->target,
			     FIRST);
	}

	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(1, worker_wait(pid, STEP_TIMEOUT_MS, &status));
	expect_detached(_metadata, self, FIRST, "its process killed");
	expect_attach_works(_metadata, self);
}

/* Remove a cgroup, and wait until the kernel has let go of it. */
static void remove_for_good(struct __test_metadata *_metadata,
			    FIXTURE_DATA(attach) *self, const char *cgroup,
			    const char *what)
{
	int64_t dying = 1;
	int ms;

	ASSERT_EQ(0, rmdir(cgroup))
		TH_LOG("%s: %s", what, strerror(errno));
	for (ms = 0; dying && ms < STEP_TIMEOUT_MS / 4; ms += 10) {
		dying = cg_read_key(self->tb.cgroup, "cgroup.stat",
				    "nr_dying_descendants");
		if (dying)
			usleep(10000);
	}
	EXPECT_EQ(0, dying)
		TH_LOG("%s is removed, but not gone", what);
}

/*
 * A link does not keep its cgroup from being removed, nor what is left of it
 * after that, and to close it then is harmless, whether or not it has ended with
 * the cgroup (link.c):
 *
 *   memcg_bpf.attach.<pid>
 *   |-- target
 *   |   `-- child
 *   |-- sibling			has SECOND
 *   |-- control		removed
 *   `-- gone			has FIRST; removed
 */
TEST_F(attach, outlives_its_cgroup)
{
	char control[PATH_MAX], gone[PATH_MAX];
	int link, other, link_again;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, control, "control"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, gone, "gone"));
	other = attach(self, SECOND, self->sibling, 0);
	ASSERT_GE(other, 0);
	link = attach(self, FIRST, gone, 0);
	ASSERT_GE(link, 0);
	expect_owner(_metadata, self, "attached", gone, FIRST);

	remove_for_good(_metadata, self, control, "a cgroup without ops");
	remove_for_good(_metadata, self, gone, "a cgroup with ops");
	if (!revision_can(CAN_LINK_END))
		expect_link_of(_metadata, self, link, FIRST);

	/* another cgroup, though of the same name */
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, gone, "gone"));
	expect_owner(_metadata, self, "made anew", gone, NOBODY);
	link_again = attach(self, FIRST, gone, 0);
	ASSERT_GE(link_again, 0)
		TH_LOG("attach to the new one: %s", strerror(-link_again));

	close(link);
	expect_owner(_metadata, self, "link to the old one closed", gone, FIRST);
	expect_owners(_metadata, self, "link to the old one closed",
		      OWNERS(NOBODY, NOBODY, SECOND));
	close(link_again);
	close(other);
	expect_detached(_metadata, self, SECOND, "all closed");
	expect_attach_works(_metadata, self);
}

MEMCG_BPF_HARNESS_MAIN
