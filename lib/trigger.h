/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_TRIGGER_H
#define __LIB_TRIGGER_H

#include <linux/types.h>

#include "trigger.skel.h"

struct trigger_options {
	unsigned int threshold;	/* page faults of HIGH in a window above which it is busy */
	unsigned int delay_ms;	/* what the ops of LOW answer while it is */
	unsigned int window_ms;	/* how long a window is; 0: a second, as in the RFC */
	/* how long HIGH does not fault in a pause, to measure reactions after it; 0: don't */
	unsigned int rest_ms;
};

/**
 * trigger_load() - load progs/trigger.bpf.c, and have it watch HIGH
 * @high: path of the cgroup whose page faults it counts
 * @options: when it triggers, and what it asks for
 *
 * The maps of the ops are ready for memcg_bpf_attach_path().
 *
 * Return: the skeleton, for trigger__destroy(), or NULL with errno set.
 */
struct trigger *trigger_load(const char *high,
			     const struct trigger_options *options);

#endif /* __LIB_TRIGGER_H */
