/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kfuncs that take a memcg.
 *
 * vmlinux.h may declare them or not, so they are declared here under a flavour of
 * their names, which libbpf ignores.
 */
#ifndef __MEMCG_KFUNCS_H
#define __MEMCG_KFUNCS_H

extern struct cgroup *bpf_cgroup_from_id___memcg(__u64 id) __ksym __weak;
extern void bpf_cgroup_release___memcg(struct cgroup *cgrp) __ksym __weak;
extern struct mem_cgroup *
bpf_get_mem_cgroup___memcg(struct cgroup_subsys_state *css) __ksym __weak;
extern void bpf_put_mem_cgroup___memcg(struct mem_cgroup *memcg) __ksym __weak;
extern unsigned long
bpf_try_to_free_mem_cgroup_pages___memcg(struct mem_cgroup *memcg,
					 unsigned long nr_pages, gfp_t gfp_mask,
					 unsigned int reclaim_options,
					 int swappiness) __ksym __weak;

/* The memcg of a cgroup, for bpf_put_mem_cgroup(), or NULL. */
static __always_inline struct mem_cgroup *get_memcg(__u64 cgroup_id)
{
	struct cgroup *cgrp = bpf_cgroup_from_id___memcg(cgroup_id);
	struct mem_cgroup *memcg;

	if (!cgrp)
		return NULL;
	memcg = bpf_get_mem_cgroup___memcg(&cgrp->self);
	bpf_cgroup_release___memcg(cgrp);
	return memcg;
}

#endif /* __MEMCG_KFUNCS_H */
