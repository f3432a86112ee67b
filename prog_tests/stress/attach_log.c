// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <linux/bpf.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "attach_log.h"

/* May nobody attach to @cgroup while @held is attached? */
static bool is_in_the_way(const struct model *m, const struct attach_record *held,
			  int cgroup)
{
	if (held->cgroup == cgroup || model_is_below(m, held->cgroup, cgroup))
		return true;
	return model_is_below(m, cgroup, held->cgroup) &&
	       !(held->flags & BPF_F_ALLOW_OVERRIDE);
}

/*
 * Was @held attached all the time that @other took?  What is at the same time may be
 * either way round: the clock may be as coarse as a tick.
 */
static bool certainly_held(const struct attach_record *held,
			   const struct attach_record *other)
{
	return held->return_ns < other->call_ns &&
	       held->close_ns > other->return_ns;
}

/* Was @held attached at some time in @other, maybe? */
static bool maybe_held(const struct attach_record *held,
		       const struct attach_record *other)
{
	return held->call_ns <= other->return_ns &&
	       held->closed_ns >= other->call_ns;
}

/* The first record that was in the way of @other, for certain or maybe. */
static const struct attach_record *
find_obstacle(const struct model *m, const struct attach_log *logs,
	      unsigned int nr, const struct attach_record *other,
	      bool (*held)(const struct attach_record *held,
			   const struct attach_record *other))
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < logs[i].nr; j++) {
			const struct attach_record *record = &logs[i].records[j];

			if (record != other && !record->ret &&
			    held(record, other) &&
			    is_in_the_way(m, record, other->cgroup))
				return record;
		}
	}
	return NULL;
}

/* Microseconds since a record's attach was called, for people. */
static long long us(const struct attach_record *record, int64_t ns)
{
	return (ns - record->call_ns) / 1000;
}

static int judge_one(const struct model *m, const struct attach_log *logs,
		     unsigned int nr, const struct attach_record *record,
		     char *why, size_t len)
{
	const struct attach_record *obstacle;

	if (record->ret == -EBUSY) {
		if (find_obstacle(m, logs, nr, record, maybe_held))
			return 0;
		snprintf(why, len, "attach to c%d with flags %u was refused, and nothing was in its way",
			 record->cgroup, record->flags);
		return -1;
	}
	if (record->ret) {
		snprintf(why, len, "attach to c%d with flags %u: %s, want success or EBUSY",
			 record->cgroup, record->flags, strerror(-record->ret));
		return -1;
	}

	obstacle = find_obstacle(m, logs, nr, record, certainly_held);
	if (!obstacle)
		return 0;
	snprintf(why, len, "attached to c%d with flags %u at %lld to %lld us, while ops were attached to c%d with flags %u from %lld to %lld us",
		 record->cgroup, record->flags, us(record, record->call_ns),
		 us(record, record->return_ns), obstacle->cgroup, obstacle->flags,
		 us(record, obstacle->return_ns), us(record, obstacle->close_ns));
	return -1;
}

int attach_log_judge(const struct model *m, const struct attach_log *logs,
		     unsigned int nr, char *why, size_t len)
{
	unsigned int i, j;

	for (i = 0; i < nr; i++) {
		for (j = 0; j < logs[i].nr; j++) {
			if (judge_one(m, logs, nr, &logs[i].records[j], why, len))
				return -1;
		}
	}
	return 0;
}
