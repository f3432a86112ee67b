/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface under test, as BPF programs see it.
 *
 * The kernel whose BTF vmlinux.h was made from may have none of these types, or
 * have them with other members.  So they are declared here under a flavour of
 * their name, and libbpf matches them with the kernel's when it loads a program:
 * an object always builds, and loads where the kernel has what it uses.
 */
#ifndef __MEMCG_BPF_OPS_H
#define __MEMCG_BPF_OPS_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

/*
 * The members of all known revisions.  RFC v7 has memcg_charged in place of
 * get_high_delay_ms, so revision_load() moves the program for the one to the other.  A
 * program may have fewer arguments than the kernel passes.
 */
struct memcg_bpf_ops___known {
	void (*handle_cgroup_online)(struct mem_cgroup *memcg);
	void (*handle_cgroup_offline)(struct mem_cgroup *memcg);
	/* elow, emin and usage: since RFC v7 */
	bool (*below_low)(struct mem_cgroup *memcg, unsigned long elow,
			  unsigned long usage);
	bool (*below_min)(struct mem_cgroup *memcg, unsigned long emin,
			  unsigned long usage);
	unsigned int (*get_high_delay_ms)(struct mem_cgroup *memcg);	/* RFC v6 */
	/* since RFC v7 */
	unsigned int (*memcg_charged)(struct mem_cgroup *memcg,
				      unsigned int nr_pages);
	void (*memcg_uncharged)(struct mem_cgroup *memcg, unsigned int nr_pages);
};

/* the record of the tracepoint memcg:count_memcg_events, in mainline since 6.15 */
struct trace_event_raw_memcg_rstat_events___memcg_bpf {
	__u64 id;
	int item;
	unsigned long val;
};

#pragma clang attribute pop

/* The id of the cgroup of @memcg, which cg_id() returns in user space. */
static __always_inline __u64 memcg_cgroup_id(struct mem_cgroup *memcg)
{
	return memcg->css.cgroup->kn->id;
}

#endif /* __MEMCG_BPF_OPS_H */
