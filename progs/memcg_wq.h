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

/* Let @wq, in a value of @map, run @callback.  Return: 0, or a negative errno. */
static __always_inline int memcg_wq_prepare(struct bpf_wq *wq, void *map,
					    int (*callback)(void *map, int *key, void *value))
{
	int ret = bpf_wq_init___memcg(wq, map, 0);

	if (ret)
		return ret;
	if (bpf_ksym_exists(bpf_wq_set_callback___memcg))
		return bpf_wq_set_callback___memcg(wq, callback, 0);
	return bpf_wq_set_callback_impl___memcg(wq, callback, 0, NULL);
}

#endif /* __MEMCG_WQ_H */
