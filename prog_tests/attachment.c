// SPDX-License-Identifier: GPL-2.0
/*
 * An attachment to a cgroup: what its link tells, and what ends it.  attach.c draws the
 * tree, and says how the owner of a cgroup is found.
 */
#include "attach/attach_harness.h"

static void expect_link_of(struct __test_metadata *_metadata,
			   FIXTURE_DATA(attach) *self, int link, enum ops which)
{
	struct bpf_link_info info = {};
	__u32 len = sizeof(info);

	ASSERT_EQ(0, bpf_link_get_info_by_fd(link, &info, &len));
	EXPECT_EQ(BPF_LINK_TYPE_STRUCT_OPS, info.type);
	EXPECT_EQ(self->map_ids[which], info.struct_ops.map_id)
		TH_LOG("the link is not one of %s", ops_name(which));
	EXPECT_EQ((int64_t)self->map_ids[which], memcg_bpf_link_fdinfo(link, "map_id"))
		TH_LOG("map_id of fdinfo");
}

TEST_F(attach, link_info_names_the_ops)
{
	int link = attach(self, SECOND, self->target, 0);

	ASSERT_GE(link, 0);
	expect_link_of(_metadata, self, link, SECOND);
	EXPECT_EQ(1, memcg_bpf_count_links(self->probes[SECOND]->maps.probe_ops));
	EXPECT_EQ(0, memcg_bpf_count_links(self->probes[FIRST]->maps.probe_ops));
	close(link);
}

/* memcg_bpf_ops has no update callback, so BPF_LINK_UPDATE fails and the link keeps its ops. */
TEST_F(attach, update_of_link_is_refused)
{
	struct owners before;
	int link, other, ret;

	/* libbpf prepares the map in the first attach; BPF_LINK_UPDATE needs it prepared. */
	other = attach(self, SECOND, self->sibling, 0);
	ASSERT_GE(other, 0);
	close(other);

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	before = owners_now(_metadata, self);
	EXPECT_EQ(FIRST, before.target);
	ret = bpf_link_update(link,
			      bpf_map__fd(self->probes[SECOND]->maps.probe_ops),
			      NULL);
	EXPECT_EQ(-EOPNOTSUPP, ret)
		TH_LOG("BPF_LINK_UPDATE: %s", ret ? strerror(-ret) : "done");
	ret = bpf_link_update(link, bpf_map__fd(self->probes[FIRST]->maps.probe_ops), NULL);
	EXPECT_EQ(-EOPNOTSUPP, ret)
		TH_LOG("BPF_LINK_UPDATE to the ops that it has: %s",
		       ret ? strerror(-ret) : "done");

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

/*
 * A link that was detached has no part in an attach that follows, though of the same ops to
 * the same cgroup: closing it, or detaching it once more, changes nothing.
 */
TEST_F(attach, detached_link_is_of_no_effect)
{
	int link, again;

	link = attach(self, FIRST, self->target, 0);
	ASSERT_GE(link, 0);
	ASSERT_EQ(0, bpf_link_detach(link));
	again = attach(self, FIRST, self->target, 0);
	ASSERT_GE(again, 0)
		TH_LOG("attach again: %s", strerror(-again));
	bpf_link_detach(link);
	expect_owners(_metadata, self, "the old link detached twice",
		      OWNERS(FIRST, FIRST, NOBODY));
	close(link);
	/* until the kernel has freed the old link */
	usleep(100000);
	expect_owners(_metadata, self, "the old link closed",
		      OWNERS(FIRST, FIRST, NOBODY));
	expect_refused(_metadata, attach(self, SECOND, self->target, 0), EBUSY,
		       "other ops");
	close(again);
	expect_detached(_metadata, self, FIRST, "both closed");
	expect_attach_works(_metadata, self);
}

/* What an attach takes, such as a number of a small type, its end gives back. */
TEST_F_TIMEOUT(attach, takes_a_map_300_times, 120)
{
	int link, i;

	for (i = 0; i < 300; i++) {
		link = attach(self, FIRST, i % 2 ? self->target : self->sibling, 0);
		ASSERT_GE(link, 0)
			TH_LOG("attach %d: %s", i + 1, strerror(-link));
		if (i % 3)
			ASSERT_EQ(0, bpf_link_detach(link));
		close(link);
	}
	wait_for_link_free(self, FIRST);
	expect_attach_works(_metadata, self);
}

/* A process that attaches FIRST to the target and holds the link. */
struct holder {
	FIXTURE_DATA(attach) *self;
	int cgroup_fd;
	uid_t uid;
	const char *pin;	/* where to pin the link, and exit; NULL: keep it open */
	int result;		/* pipe for the link's descriptor, or a negative errno */
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

/* Start a holder.  @link is its descriptor of the link, or a negative errno. */
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
	int link;
	pid_t pid;

	pid = start_holder(_metadata, self, 0, NULL, &link);
	ASSERT_GE(link, 0)
		TH_LOG("attach: %s", strerror(-link));
	expect_owner(_metadata, self, "attached", self->target, FIRST);

	ASSERT_EQ(0, worker_kill(pid));
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

/* Destroy the probe: the kernel frees its map unless something holds a reference. */
static void expect_map_freed(struct __test_metadata *_metadata,
			     FIXTURE_DATA(attach) *self, enum ops which,
			     const char *what)
{
	int ms;

	probe__destroy(self->probes[which]);
	self->probes[which] = NULL;
	for (ms = 0; ms < LINK_FREE_MS && map_exists(self->map_ids[which]); ms += 10)
		usleep(10000);
	EXPECT_FALSE(map_exists(self->map_ids[which]))
		TH_LOG("%s leaves a reference to the ops", what);
}

/* FIRST is attached and detached in every way, and every attach of SECOND is refused. */
TEST_F(attach, leaves_no_reference)
{
	int link;
	pid_t pid;

	pid = start_holder(_metadata, self, 0, NULL, &link);
	EXPECT_GE(link, 0);
	ASSERT_EQ(0, worker_kill(pid));
	wait_for_link_free(self, FIRST);

	link = attach(self, FIRST, self->target, BPF_F_ALLOW_OVERRIDE);
	EXPECT_GE(link, 0);
	bpf_link_detach(link);
	close(link);
	wait_for_link_free(self, FIRST);

	link = attach(self, FIRST, self->target, 0);
	EXPECT_GE(link, 0);
	EXPECT_LT(attach(self, SECOND, self->target, 0), 0);
	EXPECT_LT(attach(self, SECOND, self->child, 0), 0);
	EXPECT_LT(attach(self, SECOND, self->sibling, BPF_F_REPLACE), 0);
	EXPECT_LT(attach_fd(self, SECOND, -1, 0), 0);
	EXPECT_LT(memcg_bpf_link_to_none(bpf_map__fd(self->probes[SECOND]->maps.probe_ops),
					 0), 0);
	close(link);
	wait_for_link_free(self, FIRST);

	expect_map_freed(_metadata, self, FIRST, "a link that is gone");
	expect_map_freed(_metadata, self, SECOND, "a refused attach");
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
 * A user without capabilities cannot load ops: see load.c.  The interface does not say
 * whether such a user may attach ops that another has loaded.  Either way the result of
 * BPF_LINK_CREATE must be true: after success the target has the ops, after an error nobody.
 */
TEST_F(attach, unprivileged_is_all_or_nothing)
{
	int link;
	pid_t pid;

	/* Only a privileged attach can prepare the map. */
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

	ASSERT_EQ(0, worker_kill(pid));
	expect_detached(_metadata, self, FIRST, "its process killed");
	expect_attach_works(_metadata, self);
}

/* Remove a cgroup, and wait until its memcg is freed. */
static void remove_and_wait(struct __test_metadata *_metadata,
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
		TH_LOG("%s is removed, but not freed", what);
}

/*
 * An open link holds no reference to its cgroup, nor does who has looked at what it tells of
 * the cgroup: rmdir succeeds, and the memcg is freed.
 * Closing the link afterwards changes nothing, whether or not the link has ended with the
 * cgroup, which is the subject of link.c:
 *
 *   memcg_bpf.attach.<pid>
 *   |-- target
 *   |   `-- child
 *   |-- sibling			has SECOND
 *   |-- control		removed
 *   `-- gone			has FIRST; removed
 */
TEST_F_TIMEOUT(attach, outlives_its_cgroup, 120)
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
	expect_link_of(_metadata, self, link, FIRST);

	remove_and_wait(_metadata, self, control, "a cgroup without ops");
	remove_and_wait(_metadata, self, gone, "a cgroup with ops");
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

/*
 * The same for links that are detached, and for attaches that are refused:
 *
 *   memcg_bpf.attach.<pid>
 *   |-- detached		had FIRST, by a link that is detached and open; removed
 *   |-- refused		has SECOND; an attach of FIRST fails; removed
 *   `-- above			an attach of FIRST fails; removed
 *       `-- below		has SECOND; removed
 */
TEST_F_TIMEOUT(attach, neither_detached_nor_refused_keeps_its_cgroup, 120)
{
	char detached[PATH_MAX], refused[PATH_MAX], above[PATH_MAX], below[PATH_MAX];
	int link, other;

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, detached, "detached"));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, refused, "refused"));
	link = attach(self, FIRST, detached, 0);
	ASSERT_GE(link, 0);
	ASSERT_EQ(0, bpf_link_detach(link));
	other = attach(self, SECOND, refused, 0);
	ASSERT_GE(other, 0);
	expect_refused(_metadata, attach(self, FIRST, refused, 0), EBUSY,
		       "a second attach");
	close(other);

	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, above, "above"));
	ASSERT_EQ(0, cg_enable_memory(above));
	ASSERT_EQ(0, testbed_add_cgroup(&self->tb, below, "above/below"));
	other = attach(self, SECOND, below, 0);
	ASSERT_GE(other, 0);
	expect_refused(_metadata, attach(self, FIRST, above, 0), EBUSY,
		       "an attach above");
	close(other);
	wait_for_link_free(self, SECOND);

	remove_and_wait(_metadata, self, detached, "a cgroup whose link was detached");
	remove_and_wait(_metadata, self, refused, "a cgroup that an attach was refused for");
	remove_and_wait(_metadata, self, below, "a cgroup whose ops an attach was refused for");
	remove_and_wait(_metadata, self, above, "its parent");
	close(link);
	expect_attach_works(_metadata, self);
}

MEMCG_BPF_HARNESS_MAIN
