// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "delay_stats.h"
#include "isolation.h"
#include "revision.h"
#include "trigger.h"

#include "oom_prevention.skel.h"

static int load(struct isolation_bpf *bpf, const struct session *s)
{
	if (bpf->ops == ISOLATION_TRIGGER) {
		bpf->trigger = trigger_load(s[HIGH].cgroup, &bpf->options);
		return bpf->trigger ? 0 : -errno;
	}
	bpf->room = oom_prevention__open();
	if (!bpf->room)
		return -errno;
	bpf->room->rodata->reserve_pages = bpf->reserve / sysconf(_SC_PAGESIZE);
	bpf->room->rodata->delay_ms = bpf->options.delay_ms;
	if (revision_load(bpf->room->skeleton))
		return -errno;
	return 0;
}

/* The ops of a session, or NULL. */
static struct bpf_map *ops_of(const struct isolation_bpf *bpf, enum role role)
{
	if (bpf->ops == ISOLATION_ROOM)
		return role == HIGH ? NULL : bpf->room->maps.low_ops;
	return role == HIGH ? bpf->trigger->maps.high_low_ops :
			      bpf->trigger->maps.low_ops;
}

int isolation_attach(struct isolation_bpf *bpf, const struct session *s)
{
	enum role role;
	int ret;

	for (role = HIGH; role < NR_SESSIONS; role++)
		bpf->links[role] = -1;
	if (bpf->ops == ISOLATION_NO_OPS)
		return 0;

	ret = load(bpf, s);
	if (ret)
		fprintf(stderr, "cannot load the BPF program: %s\n",
			strerror(-ret));
	for (role = HIGH; !ret && role < NR_SESSIONS; role++) {
		struct bpf_map *ops = ops_of(bpf, role);

		if (!ops)
			continue;
		bpf->links[role] = memcg_bpf_attach_path(ops, s[role].cgroup, 0);
		if (bpf->links[role] >= 0)
			continue;
		ret = bpf->links[role];
		fprintf(stderr, "cannot attach to %s: %s\n", s[role].cgroup,
			strerror(-ret));
	}
	return ret;
}

struct isolation_counts isolation_counts(const struct isolation_bpf *bpf,
					 const struct session *s,
					 enum role role)
{
	struct isolation_counts counts = {};
	struct delay_stats delays;

	if (bpf->ops == ISOLATION_NO_OPS)
		return counts;
	delays = delay_stats_of(bpf->trigger ? bpf->trigger->maps.delays :
				bpf->room->maps.delays, s[role].cgroup);
	counts.delay_calls = delays.calls;
	counts.delays = delays.delays;
	counts.delay_ms_sum = delays.delay_ms_sum;
	if (bpf->trigger && role == HIGH) {
		counts.below_low_calls = bpf->trigger->bss->protect_calls;
		counts.below_low_yes = bpf->trigger->bss->protect_yes;
	}
	return counts;
}

void isolation_detach(struct isolation_bpf *bpf)
{
	enum role role;

	for (role = HIGH; role < NR_SESSIONS; role++) {
		if (bpf->links[role] >= 0)
			close(bpf->links[role]);
	}
	trigger__destroy(bpf->trigger);
	oom_prevention__destroy(bpf->room);
}
