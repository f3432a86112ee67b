/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_ASYNC_RECLAIM_H
#define __LIB_ASYNC_RECLAIM_H

#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>

#include "async_reclaim_types.h"

/* Reclaim in the background by BPF: progs/async_reclaim.bpf.c. */
struct async_reclaim;

/**
 * async_reclaim_load() - load ops that reclaim from a cgroup in the background
 * @cgroup: path of the cgroup
 * @high: bytes; with more charged a bpf_wq reclaims ...
 * @low: ... until this many are left
 * @swap: may it swap?
 *
 * What is charged to the cgroup already is known to it if nothing is charged or uncharged
 * before async_reclaim_attach().
 *
 * Return: the ops, for async_reclaim_free(), or NULL with errno set.
 */
struct async_reclaim *async_reclaim_load(const char *cgroup, uint64_t high, uint64_t low,
					 bool swap);

/**
 * async_reclaim_attach() - attach them to the cgroup
 * @reclaim: the ops
 * @cgroup: path of the cgroup that they were loaded for
 *
 * Return: the file descriptor of the link, or a negative errno.
 */
int async_reclaim_attach(struct async_reclaim *reclaim, const char *cgroup);

/**
 * async_reclaim_wait() - wait until the bpf_wq does not run
 * @reclaim: the ops
 * @timeout_ms: how long, in milliseconds
 *
 * The sum of reclaimed pages then includes its last run.
 *
 * Return: true if it does not run, false after the timeout.
 */
bool async_reclaim_wait(const struct async_reclaim *reclaim, unsigned int timeout_ms);

/**
 * async_reclaim_state() - read what the program has counted
 * @reclaim: the ops
 *
 * Return: the state.
 */
struct async_reclaim_state async_reclaim_state(const struct async_reclaim *reclaim);

/**
 * async_reclaim_free() - unload them
 * @reclaim: the ops, or NULL
 */
void async_reclaim_free(struct async_reclaim *reclaim);

#endif /* __LIB_ASYNC_RECLAIM_H */
