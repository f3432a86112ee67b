// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "cgroup.h"
#include "params.h"
#include "revision.h"
#include "trigger.h"

/* of the RFC's example programs */
#define WINDOW_NS 1000000000ULL

struct over_high *trigger_load(const char *high)
{
	struct over_high *trigger = over_high__open();
	struct bpf_link *link;
	int err;

	if (!trigger)
		return NULL;
	trigger->rodata->high_id = cg_id(high);
	trigger->rodata->threshold = params.threshold;
	trigger->rodata->window_ns = WINDOW_NS;
	trigger->rodata->delay_ms = params.over_high_ms;
	if (revision_fit(trigger->obj) || over_high__load(trigger))
		goto err;

	link = bpf_program__attach(trigger->progs.count_high_faults);
	if (!link)
		goto err;
	trigger->links.count_high_faults = link;
	return trigger;
err:
	err = errno;
	over_high__destroy(trigger);
	errno = err;
	return NULL;
}
