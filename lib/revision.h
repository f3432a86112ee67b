/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_REVISION_H
#define __LIB_REVISION_H

/*
 * Which revision of struct memcg_bpf_ops a kernel has, by its BTF.  This and
 * progs/memcg_bpf_ops.h are the two places to change for another revision:
 * revision.c says how.
 */

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

#endif /* __LIB_REVISION_H */
