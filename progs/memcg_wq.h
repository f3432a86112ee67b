/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Kfuncs of a bpf_wq, declared as those of memcg_kfuncs.h are.
 */
#ifndef __MEMCG_WQ_H
#define __MEMCG_WQ_H

extern int bpf_wq_init___memcg(struct bpf_wq *wq, void *map,
			       unsigned int flags) __ksym __weak;
extern int bpf_wq_start___memcg(struct bpf_wq *wq, unsigned int flags) __ksym __weak;
/*
 * bpf_wq_set_callback_impl() became bpf_wq_set_callback() in 7.x, where the kernel adds the
 * last argument.
 */
extern int bpf_wq_set_callback___memcg(struct bpf_wq *wq,
				       int (callback)(void *map, int *key, void *value),
				       unsigned int flags) __ksym __weak;
extern int bpf_wq_set_callback_impl___memcg(struct bpf_wq *wq,
					    int (callback)(void *map, int *key, void *value),
					    unsigned int flags, void *aux) __ksym __weak;

#endif /* __MEMCG_WQ_H */
