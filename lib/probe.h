/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PROBE_H
#define __LIB_PROBE_H

#include <linux/types.h>
#include <stdint.h>

#include "probe_types.h"
#include "probe.skel.h"

/* Their names in struct memcg_bpf_ops, by enum probe_callback. */
extern const char * const probe_callback_names[PROBE_NR_CALLBACKS];

/**
 * probe_load() - load an instance of progs/probe.bpf.c
 *
 * Return: the skeleton, for probe__destroy(), or NULL with errno set.
 */
struct probe *probe_load(void);

/**
 * probe_load_only() - load an instance that has only some of the callbacks
 * @callbacks: the sum of 1 << PROBE_ONLINE and so on; the others are NULL
 *
 * Return: as probe_load().
 */
struct probe *probe_load_only(unsigned int callbacks);

/**
 * probe_attach() - attach an instance to a cgroup
 * @probe: the instance
 * @cgroup: path of the cgroup
 * @flags: 0 or BPF_F_ALLOW_OVERRIDE
 *
 * Return: the file descriptor of the link, or a negative errno.
 */
int probe_attach(struct probe *probe, const char *cgroup, __u32 flags);

/**
 * probe_answer() - set what an instance answers about a cgroup
 * @probe: the instance
 * @cgroup: path of the cgroup, or NULL for all that have no answer of their own
 * @answer: delay in ms; below_low and below_min are 0 or 1
 *
 * Return: 0, or a negative errno.
 */
int probe_answer(struct probe *probe, const char *cgroup,
		 struct probe_answer answer);

/**
 * probe_stats() - read what an instance was asked about a cgroup
 * @probe: the instance
 * @id: id of the cgroup, as of cg_id(), which may be gone
 *
 * Return: the counters, all 0 if it was never asked.  If there were more cgroups
 * than it can count for, a line on stderr says so; only probe_total() has all
 * calls then.
 */
struct probe_stats probe_stats(struct probe *probe, uint64_t id);

/**
 * probe_forget() - make room for the counters of another cgroup
 * @probe: the instance
 * @id: id of a cgroup that is gone
 */
void probe_forget(struct probe *probe, uint64_t id);

/**
 * probe_total() - add up the calls of one callback for all cgroups
 * @probe: the instance
 * @callback: which
 *
 * Return: the number of calls.
 */
uint64_t probe_total(struct probe *probe, enum probe_callback callback);

/**
 * probe_calls() - add up the calls of all callbacks for all cgroups
 * @probe: the instance
 *
 * Return: the number of calls.
 */
uint64_t probe_calls(struct probe *probe);

/**
 * probe_batches() - size of so many charge batches
 * @nr: batches of MEMCG_CHARGE_BATCH, 64 pages
 *
 * The kernel takes the charge of a page from the stock of the processor, and asks the
 * ops only when that is empty.  The stock never has more than a batch for a cgroup, so
 * a task that touches @nr batches on one processor makes it ask @nr - 1 times or more.
 *
 * Return: bytes.
 */
uint64_t probe_batches(unsigned int nr);

/**
 * probe_charge() - charge a cgroup more than the stock of a processor holds
 * @cgroup: path of the cgroup
 *
 * A worker in it touches memory and ends.  The ops are asked 4 times or more.
 *
 * Return: 0, or a negative errno.
 */
int probe_charge(const char *cgroup);

#endif /* __LIB_PROBE_H */
