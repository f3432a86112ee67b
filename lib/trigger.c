// SPDX-License-Identifier: GPL-2.0
#include <errno.h>

#include "cgroup.h"
#include "revision.h"
#include "trigger.h"

/* as in the RFC's example programs */
#define WINDOW_MS 1000

struct trigger *trigger_load(const char *high,
			     const struct trigger_options *options)
{
	struct trigger *trigger = trigger__open();
	struct bpf_link *link;
	int ret;

	if (!trigger)
		return NULL;
	trigger->rodata->high_id = cg_id(high);
	trigger->rodata->threshold = options->threshold;
	trigger->rodata->window_ns = (options->window_ms ?: WINDOW_MS) * 1000000ULL;
	trigger->rodata->rest_ns = options->rest_ms * 1000000ULL;
	trigger->rodata->delay_ms = options->delay_ms;
	ret = revision_load(trigger->skeleton);
	if (ret)
		goto err;

	link = bpf_program__attach(trigger->progs.count_high_faults);
	if (!link) {
		ret = -errno;
		goto err;
	}
	trigger->links.count_high_faults = link;
	return trigger;
err:
	trigger__destroy(trigger);
	errno = -ret;
	return NULL;
}
