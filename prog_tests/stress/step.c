// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <stdio.h>

#include "link_create.h"
#include "random.h"
#include "step.h"
#include "without.h"

/* A random cgroup that exists. */
static int draw_cgroup(const struct model *m, uint64_t *random)
{
	int cgroup;

	do {
		cgroup = random_below(random, MODEL_CGROUPS);
	} while (!m->cgroups[cgroup].exists);
	return cgroup;
}

/* Random ops whose link is open, or is closed; MODEL_NONE if there are no such ops. */
static int draw_ops(const struct model *m, uint64_t *random, bool open)
{
	int first = random_below(random, MODEL_OPS), i;

	for (i = 0; i < MODEL_OPS; i++) {
		if (m->links[(first + i) % MODEL_OPS].open == open)
			return (first + i) % MODEL_OPS;
	}
	return MODEL_NONE;
}

/* One attach of ten has a flag that the kernel does not know. */
static unsigned int draw_flags(uint64_t *random)
{
	unsigned int flags = 0, unknown = 0;

	if (random_below(random, 2))
		flags |= BPF_F_ALLOW_OVERRIDE;
	if (!random_below(random, 10))
		unknown = BPF_F_ALLOW_OVERRIDE << (1 + random_below(random, 31));
	if (without(WITHOUT_OVERRIDE))
		flags = 0;
	if (without(WITHOUT_BAD_FLAGS))
		unknown = 0;
	/* This one RFC v7 knows, and memcg_bpf_link() sets it. */
	return flags | (unknown & ~LINK_CGROUP_FD);
}

static bool draw_attach(const struct model *m, uint64_t *random, struct step *step)
{
	step->what = STEP_ATTACH;
	step->ops = draw_ops(m, random, false);
	step->cgroup = draw_cgroup(m, random);
	step->flags = draw_flags(random);
	step->target = MODEL_CGROUP;
	if (!random_below(random, 20) && !without(WITHOUT_BAD_FD))
		step->target = MODEL_NO_FD + random_below(random, 3);
	return step->ops != MODEL_NONE;
}

static bool draw_detach(const struct model *m, uint64_t *random, struct step *step)
{
	step->what = STEP_DETACH;
	step->ops = draw_ops(m, random, true);
	return step->ops != MODEL_NONE;
}

static bool draw_mkdir(const struct model *m, uint64_t *random, struct step *step)
{
	int i;

	step->what = STEP_MKDIR;
	step->parent = draw_cgroup(m, random);
	if (model_depth(m, step->parent) == MODEL_DEPTH)
		return false;
	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (!m->cgroups[i].exists) {
			step->cgroup = i;
			return true;
		}
	}
	return false;
}

static bool draw_rmdir(const struct model *m, uint64_t *random, struct step *step)
{
	step->what = STEP_RMDIR;
	step->cgroup = draw_cgroup(m, random);
	return step->cgroup != 0;
}

/* On seven times of eight, so that most cgroups have a memcg. */
static bool draw_controller(const struct model *m, uint64_t *random, struct step *step)
{
	step->what = STEP_CONTROLLER;
	step->cgroup = draw_cgroup(m, random);
	step->on = random_below(random, 8);
	return true;
}

/* Enough for each kind of step to be tried many times. */
#define DRAW_TRIES 1000

bool step_draw(const struct model *m, uint64_t *random, struct step *step)
{
	static const struct {
		bool (*draw)(const struct model *m, uint64_t *random, struct step *step);
		enum without name;
		unsigned int odds;	/* of 20 */
	} kinds[] = {
		{ draw_attach, WITHOUT_ATTACH, 7 },
		{ draw_detach, WITHOUT_DETACH, 3 },
		{ draw_mkdir, WITHOUT_MKDIR, 3 },
		{ draw_rmdir, WITHOUT_RMDIR, 4 },
		{ draw_controller, WITHOUT_CONTROLLER, 3 },
	};
	unsigned int tries, what, at;

	for (tries = 0; tries < DRAW_TRIES; tries++) {
		*step = (struct step) {};
		at = random_below(random, 20);
		for (what = 0; at >= kinds[what].odds; what++)
			at -= kinds[what].odds;
		if (!without(kinds[what].name) && kinds[what].draw(m, random, step))
			return true;
	}
	return false;
}

bool step_makes_sense(const struct model *m, const struct step *step)
{
	const struct model_cgroup *cgroups = m->cgroups;

	switch (step->what) {
	case STEP_ATTACH:
		return !m->links[step->ops].open &&
		       (step->target != MODEL_CGROUP || cgroups[step->cgroup].exists);
	case STEP_DETACH:
		return m->links[step->ops].open;
	case STEP_MKDIR:
		return !cgroups[step->cgroup].exists && cgroups[step->parent].exists &&
		       model_depth(m, step->parent) < MODEL_DEPTH;
	case STEP_RMDIR:
		return step->cgroup && cgroups[step->cgroup].exists;
	default:
		return cgroups[step->cgroup].exists;
	}
}

struct model_reasons step_apply(struct model *m, const struct step *step)
{
	switch (step->what) {
	case STEP_ATTACH:
		return model_attach(m, step->ops, step->target, step->cgroup,
				    step->flags);
	case STEP_DETACH:
		model_detach(m, step->ops);
		break;
	case STEP_MKDIR:
		model_mkdir(m, step->cgroup, step->parent);
		break;
	case STEP_RMDIR:
		return model_rmdir(m, step->cgroup);
	default:
		return model_controller(m, step->cgroup, step->on);
	}
	return (struct model_reasons) {};
}

const char *step_text(const struct step *step, char *text, size_t len)
{
	static const char *const targets[] = {
		[MODEL_NO_FD] = "no descriptor",
		[MODEL_CLOSED_FD] = "a closed descriptor",
		[MODEL_OTHER_FD] = "a descriptor of no cgroup",
	};

	switch (step->what) {
	case STEP_ATTACH:
		if (step->target == MODEL_CGROUP)
			snprintf(text, len, "attach %c to c%d, flags %#x",
				 'A' + step->ops, step->cgroup, step->flags);
		else
			snprintf(text, len, "attach %c to %s, flags %#x",
				 'A' + step->ops, targets[step->target],
				 step->flags);
		break;
	case STEP_DETACH:
		snprintf(text, len, "detach %c", 'A' + step->ops);
		break;
	case STEP_MKDIR:
		snprintf(text, len, "make c%d in c%d", step->cgroup,
			 step->parent);
		break;
	case STEP_RMDIR:
		snprintf(text, len, "remove c%d", step->cgroup);
		break;
	default:
		snprintf(text, len, "memory controller %s for c%d's children",
			 step->on ? "on" : "off", step->cgroup);
	}
	return text;
}
