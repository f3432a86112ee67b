// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <limits.h>
#include <linux/bpf.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "shrink.h"

/* That the fixture of prog_tests/detach.c leaves to its tests. */
#define FIXTURE_OPS 3

#define LINK_END_MS 15000

struct writer {
	struct model m;		/* before the step that is written */
	char grow[2048];	/* cgroups that are to be made, not yet written */
};

#define NAME_LEN (sizeof("top") + MODEL_DEPTH * sizeof("/c00"))

static void __attribute__((format(printf, 1, 2)))
line(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	printf("# ");
	vprintf(fmt, args);
	printf("\n");
	va_end(args);
}

/* The root of the model's tree is top. */
static const char *name_of(const struct model *m, int cgroup, char name[NAME_LEN])
{
	char below[NAME_LEN] = "", longer[NAME_LEN];

	for (; cgroup; cgroup = m->cgroups[cgroup].parent) {
		snprintf(longer, sizeof(longer), "/c%d%.16s", cgroup, below);
		strcpy(below, longer);
	}
	snprintf(name, NAME_LEN, "top%.28s", below);
	return name;
}

static const char *flags_text(unsigned int flags, char text[32])
{
	if (flags == BPF_F_ALLOW_OVERRIDE)
		return "ALLOW";
	snprintf(text, 32, flags ? "%#x" : "%u", flags);
	return text;
}

static void write_grow(struct writer *w)
{
	if (w->grow[0])
		line("\tgrow(_metadata, tree, \"%s\");", w->grow);
	w->grow[0] = '\0';
}

/* What a call is to return: a single errno, or any failure. */
static void write_expect(const struct model_reasons *reasons, const char *call)
{
	if (!reasons->nr)
		line("\tEXPECT_EQ(0, %s);", call);
	else if (reasons->nr > 1 || reasons->errnos[0] == MODEL_ANY_ERRNO)
		line("\tEXPECT_GT(0, %s);", call);
	else
		line("\tEXPECT_EQ(-%s, %s);", strerrorname_np(reasons->errnos[0]), call);
}

static void write_attach(const struct model *m, const struct step *step,
			 const struct model_reasons *reasons)
{
	char name[NAME_LEN], flags[32], map[64], call[256];
	const char *flag = flags_text(step->flags, flags);

	snprintf(map, sizeof(map), "ops_tree_probe(tree, '%c')->maps.probe_ops",
		 'A' + step->ops);
	if (step->target == MODEL_CGROUP)
		snprintf(call, sizeof(call), "ops_tree_attach(tree, '%c', \"%s\", %s)",
			 'A' + step->ops, name_of(m, step->cgroup, name), flag);
	else if (step->target == MODEL_NO_FD)
		snprintf(call, sizeof(call), "memcg_bpf_link_to_none(bpf_map__fd(%s), %s)",
			 map, flag);
	else
		snprintf(call, sizeof(call), "memcg_bpf_attach(%s, %s, %s)", map,
			 step->target == MODEL_CLOSED_FD ? "-1" : "STDOUT_FILENO", flag);

	if (step->target == MODEL_NO_FD)
		line("\tmemcg_bpf_prepare(%s);", map);
	if (reasons->nr)
		write_expect(reasons, call);
	else
		line("\tattach(_metadata, tree, '%c', \"%s\", %s);", 'A' + step->ops,
		     name, flag);
}

static void write_mkdir(struct writer *w, const struct step *step)
{
	char parent[NAME_LEN];
	size_t len = strlen(w->grow);

	name_of(&w->m, step->parent, parent);
	if (w->m.cgroups[step->parent].gives_memory) {
		snprintf(w->grow + len, sizeof(w->grow) - len, "%s%s/c%d",
			 len ? " " : "", parent, step->cgroup);
		return;
	}
	write_grow(w);
	line("\tASSERT_EQ(0, cg_create(ops_tree_path(tree, path, \"%s/c%d\")));",
	     parent, step->cgroup);
}

static void write_rmdir(const struct model *m, const struct step *step,
			const struct model_reasons *reasons)
{
	char name[NAME_LEN], call[64];

	snprintf(call, sizeof(call), "ops_tree_remove(tree, \"%s\")",
		 name_of(m, step->cgroup, name));
	write_expect(reasons, call);
	if (!reasons->nr)
		line("\tEXPECT_EQ(0, cg_wait_dying(tree->tb.cgroup, 0, STEP_TIMEOUT_MS));");
}

/* Where there is no child yet, grow() will turn it on. */
static bool is_implied(const struct model *m, const struct step *step)
{
	int i;

	if (step->what != STEP_CONTROLLER || !step->on || !m->cgroups[step->cgroup].has_memcg)
		return false;
	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (model_is_child(m, i, step->cgroup))
			return false;
	}
	return true;
}

static void write_give(const struct model *m, const struct step *step,
		       const struct model_reasons *reasons)
{
	char name[NAME_LEN], call[160];

	snprintf(call, sizeof(call),
		 "cg_write(ops_tree_path(tree, path, \"%s\"), \"cgroup.subtree_control\", \"%smemory\")",
		 name_of(m, step->cgroup, name), step->on ? "+" : "-");
	write_expect(reasons, call);
	if (step->on || reasons->nr)
		return;
	line("\t/* again, since a write first waits for memcgs that go */");
	write_expect(reasons, call);
}

static void write_step(struct writer *w, const struct step *step, bool last)
{
	struct model next = w->m;
	struct model_reasons reasons = step_apply(&next, step);

	if (!last && is_implied(&w->m, step)) {
		w->m = next;
		return;
	}
	if (step->what == STEP_MKDIR)
		write_mkdir(w, step);
	else
		write_grow(w);
	switch (step->what) {
	case STEP_ATTACH:
		write_attach(&w->m, step, &reasons);
		break;
	case STEP_DETACH:
		line("\tops_tree_detach(tree, '%c');", 'A' + step->ops);
		break;
	case STEP_RMDIR:
		write_rmdir(&w->m, step, &reasons);
		break;
	case STEP_CONTROLLER:
		write_give(&w->m, step, &reasons);
		break;
	default:
		break;
	}
	w->m = next;
	if (last)
		write_grow(w);
}

/* All cgroups that have ops, or could have. */
static void write_owners(const struct model *m)
{
	char list[MODEL_CGROUPS * (NAME_LEN + 3)] = "", name[NAME_LEN];
	size_t at = 0;
	int i, owner;

	for (i = 0; i < MODEL_CGROUPS; i++) {
		if (!m->cgroups[i].exists || !m->cgroups[i].has_memcg)
			continue;
		owner = model_owner(m, i);
		at += snprintf(list + at, sizeof(list) - at, "%s%s:%c", at ? " " : "",
			       name_of(m, i, name),
			       owner == MODEL_NONE ? '-' : 'A' + owner);
	}
	line("\texpect_ops(_metadata, tree, \"at the end\", \"%s\");", list);
}

static bool is_link(const struct mismatch *mismatch)
{
	return mismatch->kind == MISMATCH_NO_END && mismatch->ops;
}

/* The last step, and how often ops were called in it. */
static void write_calls(struct writer *w, const struct step *step,
			const struct mismatch *mismatch)
{
	bool online = mismatch->kind == MISMATCH_ONLINE;
	const char *callback = online ? "PROBE_ONLINE" : "PROBE_OFFLINE";
	const char *get_id = "\tid = ops_tree_id(tree, \"%s\");";
	int ops = __builtin_ctz(mismatch->ops), cgroup = mismatch->cgroup;
	uint64_t before = online ? w->m.online[ops] : w->m.offline[ops], calls;
	const struct model_cgroup *c = &w->m.cgroups[cgroup == MODEL_NONE ? 0 : cgroup];
	char name[NAME_LEN], more[16] = "";

	write_grow(w);
	line("\tcalls = probe_total(ops_tree_probe(tree, '%c'), %s);", 'A' + ops, callback);
	if (cgroup != MODEL_NONE && step->what != STEP_MKDIR)
		line(get_id, name_of(&w->m, cgroup, name));
	write_step(w, step, true);

	calls = (online ? w->m.online[ops] : w->m.offline[ops]) - before;
	if (calls)
		snprintf(more, sizeof(more), " + %u", (unsigned int)calls);
	line("\tEXPECT_EQ(calls%s, probe_total(ops_tree_probe(tree, '%c'), %s));", more,
	     'A' + ops, callback);
	if (cgroup == MODEL_NONE)
		return;
	if (step->what == STEP_MKDIR)
		line(get_id, name_of(&w->m, cgroup, name));
	line("\tEXPECT_EQ(%u, probe_stats(ops_tree_probe(tree, '%c'), id).calls[%s]);",
	     online ? c->online[ops] : c->offline[ops], 'A' + ops, callback);
}

static void write_last(struct writer *w, const struct step *step,
		       const struct mismatch *mismatch)
{
	switch (mismatch->kind) {
	case MISMATCH_ONLINE:
	case MISMATCH_OFFLINE:
		write_calls(w, step, mismatch);
		break;
	case MISMATCH_OWNER:
	case MISMATCH_STRAY:
		write_step(w, step, true);
		write_owners(&w->m);
		break;
	case MISMATCH_NO_END:
		write_step(w, step, true);
		if (is_link(mismatch))
			line("\tEXPECT_EQ(1, poll(&(struct pollfd) { .fd = tree->links[%d] }, 1, %d));",
			     __builtin_ctz(mismatch->ops), LINK_END_MS);
		break;
	default:
		write_step(w, step, true);
	}
}

static void write_declarations(const struct sequence *seq, const struct mismatch *mismatch,
			       const struct model_rules *rules)
{
	bool is_calls = mismatch->kind == MISMATCH_ONLINE ||
			mismatch->kind == MISMATCH_OFFLINE;
	const struct step *step, *end = seq->steps + seq->nr;
	bool path = false;
	struct model m;

	model_init(&m, rules);
	for (step = seq->steps; step < end; step++) {
		path |= step->what == STEP_MKDIR && !m.cgroups[step->parent].gives_memory;
		path |= step->what == STEP_CONTROLLER && (step + 1 == end || !is_implied(&m, step));
		step_apply(&m, step);
	}
	line("\tstruct ops_tree *tree = &self->tree;");
	if (path)
		line("\tchar path[PATH_MAX];");
	if (is_calls)
		line("\tuint64_t calls%s;", mismatch->cgroup == MODEL_NONE ? "" : ", id");
}

static bool needs_attach(const struct sequence *seq)
{
	const struct step *step;

	for (step = seq->steps; step < seq->steps + seq->nr; step++) {
		if (step->what == STEP_ATTACH && step->target != MODEL_CGROUP)
			return true;
	}
	return false;
}

void sequence_print_test(const struct sequence *seq, const struct model_rules *rules,
			 const struct mismatch *mismatch)
{
	struct writer w = { .grow = "top" };
	unsigned int i;

	for (i = 0; i < seq->nr; i++) {
		if (seq->steps[i].ops >= FIXTURE_OPS) {
			line("They need more ops than prog_tests/detach.c has: no test is printed.");
			return;
		}
	}
	line("the same as a test, for prog_tests/detach.c without the \"# \"%s:",
	     needs_attach(seq) ? " and with attach.h" :
	     is_link(mismatch) ? " and with poll.h" : "");
	line("TEST_F_TIMEOUT(detach, found_by_stress, 120)");
	line("{");
	write_declarations(seq, mismatch, rules);
	line("%s", "");
	model_init(&w.m, rules);
	for (i = 0; i + 1 < seq->nr; i++)
		write_step(&w, &seq->steps[i], false);
	write_last(&w, &seq->steps[i], mismatch);
	line("}");
}
