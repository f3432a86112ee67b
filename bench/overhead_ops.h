/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_OVERHEAD_OPS_H
#define __BENCH_OVERHEAD_OPS_H

#include "overhead.skel.h"

/**
 * overhead_ops_load() - load the ops of progs/overhead.bpf.c
 *
 * Return: the object, for overhead__destroy(), or NULL with errno set.
 */
struct overhead *overhead_ops_load(void);

#endif /* __BENCH_OVERHEAD_OPS_H */
