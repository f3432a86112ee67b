/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_REVISION_H
#define __LIB_REVISION_H

#include <stdbool.h>

/*
 * Which revision of struct memcg_bpf_ops a kernel has, by its BTF.  This and
 * progs/memcg_bpf_ops.h are the two places to change for another revision:
 * revision.c says how.
 */

struct bpf_object;
struct btf;

/**
 * revision_require() - look whether the tests are for the kernel's memcg_bpf_ops
 * @btf: BTF of the kernel
 *
 * They also are for one that is meant to be of a revision they know, and is not
 * right: see revision_check().
 *
 * Return: NULL if they are, else a text that says what the kernel has instead
 * and what to do about it, in a static buffer.
 */
const char *revision_require(const struct btf *btf);

/**
 * revision_check() - compare the kernel's memcg_bpf_ops with its revision
 * @btf: BTF of a kernel that revision_require() has nothing to say against
 *
 * Return: NULL if it has the members of the revision, all of them, no other, in
 * their order and with their prototypes, else a text that names the first
 * difference, in a static buffer.
 */
const char *revision_check(const struct btf *btf);

/**
 * revision_has() - look whether the kernel's memcg_bpf_ops has a member
 * @btf: BTF of the kernel
 * @member: its name
 */
bool revision_has(const struct btf *btf, const char *member);

/**
 * revision_fit() - make ops fit the revision of this kernel
 * @obj: open, not loaded yet
 *
 * To be called before an object is loaded that has ops with get_high_delay_ms:
 * where the kernel calls it memcg_charged the program becomes that member's.
 *
 * Return: 0, or -errno if the BTF of this kernel cannot be read.
 */
int revision_fit(struct bpf_object *obj);

#endif /* __LIB_REVISION_H */
