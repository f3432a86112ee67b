// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/bpf.h>
#include <string.h>

#include "model.h"

void model_init(struct model *m, const struct model_rules *rules)
{
	int i;

	memset(m, 0, sizeof(*m));
	m->rules = *rules;
	for (i = 0; i < MODEL_CGROUPS; i++)
		m->cgroups[i].own = MODEL_NONE;
	m->cgroups[0].exists = true;
	m->cgroups[0].has_memcg = true;
	m->cgroups[0].gives_memory = true;
	m->cgroups[0].parent = MODEL_NONE;
}

int model_memcg(const struct model *m, int cgroup)
{
	while (!m->cgroups[cgroup].has_memcg)
		cgroup = m->cgroups[cgroup].parent;
	return cgroup;
}

/*
 * The owner is the nearest attachment upwards.  It need not be stored: an attach above
 * other ops is refused, and a detach does not change the ops below that override.
 */
int model_owner(const struct model *m, int cgroup)
{
	while (cgroup != MODEL_NONE && m->cgroups[cgroup].own == MODEL_NONE)
		cgroup = m->cgroups[cgroup].parent;
	return cgroup == MODEL_NONE ? MODEL_NONE : m->cgroups[cgroup].own;
}

int model_depth(const struct model *m, int cgroup)
{
	int depth = 0;

	for (; cgroup != MODEL_NONE; cgroup = m->cgroups[cgroup].parent)
		depth++;
	return depth;
}

bool model_is_child(const struct model *m, int cgroup, int parent)
{
	return m->cgroups[cgroup].exists && m->cgroups[cgroup].parent == parent;
}

bool model_is_below(const struct model *m, int cgroup, int ancestor)
{
	do {
		cgroup = m->cgroups[cgroup].parent;
	} while (cgroup != MODEL_NONE && cgroup != ancestor);
	return cgroup == ancestor;
}

static void add_reason(struct model_reasons *reasons, int reason)
{
	reasons->errnos[reasons->nr++] = reason;
}

static bool is_busy(const struct model *m, int memcg)
{
	int owner = model_owner(m, memcg), i;

	if (m->cgroups[memcg].own != MODEL_NONE)
		return true;
	if (owner != MODEL_NONE && !(m->links[owner].flags & BPF_F_ALLOW_OVERRIDE))
		return true;
	for (i = 0; i < MODEL_OPS; i++) {
		if (m->links[i].open && m->links[i].cgroup != MODEL_NONE &&
		    model_is_below(m, m->links[i].cgroup, memcg))
			return true;
	}
	return false;
}

struct model_reasons model_attach(struct model *m, int ops,
				  enum model_target target, int cgroup,
				  unsigned int flags)
{
	struct model_reasons reasons = {};
	int named = cgroup;

	if (flags & ~BPF_F_ALLOW_OVERRIDE)
		add_reason(&reasons, m->rules.unknown_flag);
	if (target == MODEL_CGROUP) {
		cgroup = model_memcg(m, cgroup);
		if (is_busy(m, cgroup))
			add_reason(&reasons, EBUSY);
	} else {
		add_reason(&reasons, target == MODEL_NO_FD ? m->rules.no_cgroup : EBADF);
	}
	if (reasons.nr)
		return reasons;

	m->cgroups[cgroup].own = ops;
	m->links[ops] = (struct model_link) {
		.open = true,
		.flags = flags,
		.named = named,
		.cgroup = cgroup,
	};
	return reasons;
}

/* Detach the ops of a link, which stays open. */
static void detach_ops(struct model *m, struct model_link *link)
{
	if (link->cgroup != MODEL_NONE)
		m->cgroups[link->cgroup].own = MODEL_NONE;
	link->cgroup = MODEL_NONE;
	link->named = MODEL_NONE;
}

void model_detach(struct model *m, int ops)
{
	detach_ops(m, &m->links[ops]);
	m->links[ops].open = false;
}

/* A cgroup gets a memcg, which inherits the ops of its parent's. */
static void memcg_online(struct model *m, int cgroup)
{
	int owner;

	m->cgroups[cgroup].has_memcg = true;
	owner = model_owner(m, cgroup);
	if (owner != MODEL_NONE) {
		m->cgroups[cgroup].online[owner]++;
		m->online[owner]++;
	}
}

/* A cgroup loses its memcg.  A link that is attached to it has no memcg any more. */
static void memcg_offline(struct model *m, int cgroup)
{
	int owner = model_owner(m, cgroup), own = m->cgroups[cgroup].own;

	if (owner != MODEL_NONE) {
		m->cgroups[cgroup].offline[owner]++;
		m->offline[owner]++;
	}
	if (own != MODEL_NONE)
		m->links[own].cgroup = MODEL_NONE;
	m->cgroups[cgroup].own = MODEL_NONE;
	m->cgroups[cgroup].has_memcg = false;
}

void model_mkdir(struct model *m, int cgroup, int parent)
{
	m->cgroups[cgroup] = (struct model_cgroup) {
		.exists = true,
		.parent = parent,
		.own = MODEL_NONE,
	};
	if (m->cgroups[parent].gives_memory)
		memcg_online(m, cgroup);
}

struct model_reasons model_rmdir(struct model *m, int cgroup)
{
	struct model_reasons reasons = {};
	int i;

	for (i = 0; i < MODEL_CGROUPS && !reasons.nr; i++) {
		if (model_is_child(m, i, cgroup))
			add_reason(&reasons, EBUSY);
	}
	if (reasons.nr)
		return reasons;

	if (m->cgroups[cgroup].has_memcg)
		memcg_offline(m, cgroup);
	m->cgroups[cgroup].exists = false;
	for (i = 0; i < MODEL_OPS; i++) {
		if (!m->links[i].open || m->links[i].named != cgroup)
			continue;
		if (m->rules.links_end)
			detach_ops(m, &m->links[i]);
		m->links[i].named = MODEL_NONE;
	}
	return reasons;
}

struct model_reasons model_controller(struct model *m, int cgroup, bool on)
{
	struct model_reasons reasons = {};
	int i;

	if (m->cgroups[cgroup].gives_memory == on)
		return reasons;
	if (on && !m->cgroups[cgroup].has_memcg)
		add_reason(&reasons, ENOENT);
	for (i = 0; i < MODEL_CGROUPS && !on && !reasons.nr; i++) {
		if (model_is_child(m, i, cgroup) && m->cgroups[i].gives_memory)
			add_reason(&reasons, EBUSY);
	}
	if (reasons.nr)
		return reasons;

	m->cgroups[cgroup].gives_memory = on;
	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (!model_is_child(m, i, cgroup))
			continue;
		if (on)
			memcg_online(m, i);
		else
			memcg_offline(m, i);
	}
	return reasons;
}
