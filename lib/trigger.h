/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_TRIGGER_H
#define __LIB_TRIGGER_H

#include <linux/types.h>

#include "over_high.skel.h"

/**
 * trigger_load() - load progs/over_high.bpf.c, and have it watch HIGH
 * @high: path of the cgroup whose page faults it counts
 *
 * THRESHOLD and OVER_HIGH_MS are the parameters'.  The maps of the ops are ready
 * for memcg_bpf_attach_path().
 *
 * Return: the skeleton, for over_high__destroy(), or NULL with errno set.
 */
struct over_high *trigger_load(const char *high);

#endif /* __LIB_TRIGGER_H */
