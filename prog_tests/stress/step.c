// SPDX-License-Identifier: GPL-2.0
#include <linux/bpf.h>
#include <stdio.h>

#include "link_create.h"
#include "random.h"
#include "step.h"

/* A random cgroup that exists. */
static int draw_cgroup(const struct model *m, uint64_t *random)
{
	int cgroup;

	do {
		cgroup = random_below(random, MODEL_CGROUPS);
	} while (!m->cgroups[cgroup].exists);
	return cgroup;
}

/* Random ops whose link is open, or closed; MODEL_NONE if all are the other way. */
static int draw_ops(const struct model *m, uint64_t *random, bool open)
{
	int first = random_below(random, MODEL_OPS), i;

	for (i = 0; i < MODEL_OPS; i++) {
		if (m->links[(first + i) % MODEL_OPS].open == open)
			return (first + i) % MODEL_OPS;
	}
	return MODEL_NONE;
}

/* One attach of ten has a bit that means nothing, whatever the others are. */
static unsigned int draw_flags(uint64_t *random)
{
	unsigned int flags = 0, more = 0;

	if (random_below(random, 2))
		flags |= BPF_F_ALLOW_OVERRIDE;
	if (!random_below(random, 10))
		more = BPF_F_ALLOW_OVERRIDE << (1 + random_below(random, 31));
	return flags | (more & ~LINK_CGROUP_FD);
}

static bool draw_attach(const struct model *m, uint64_t *random, struct step *step)
{
	step->what = STEP_ATTACH;
	step->ops = draw_ops(m, random, false);
	step->cgroup = draw_cgroup(m, random);
	step->flags = draw_flags(random);
	step->target = MODEL_CGROUP;
	if (!random_below(random, 20))
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

/* More often on than off, so that most cgroups have a memcg. */
static bool draw_give(const struct model *m, uint64_t *random, struct step *step)
{
	step->what = STEP_GIVE;
	step->cgroup = draw_cgroup(m, random);
	step->on = random_below(random, 8);
	return true;
}

struct step step_draw(const struct model *m, uint64_t *random)
{
	static bool (*const draw[])(const struct model *m, uint64_t *random,
				    struct step *step) = {
		/* each with the odds of its number here */
		draw_attach, draw_attach, draw_attach, draw_attach,
		draw_attach, draw_attach, draw_attach,
		draw_detach, draw_detach, draw_detach,
		draw_mkdir, draw_mkdir, draw_mkdir,
		draw_rmdir, draw_rmdir, draw_rmdir, draw_rmdir,
		draw_give, draw_give, draw_give,
	};
	struct step step;
	unsigned int what;

	do {
		step = (struct step) {};
		what = random_below(random, sizeof(draw) / sizeof(draw[0]));
	} while (!draw[what](m, random, &step));
	return step;
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
		return model_give(m, step->cgroup, step->on);
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
