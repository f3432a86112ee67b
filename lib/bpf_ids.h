/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_BPF_IDS_H
#define __LIB_BPF_IDS_H

#include <linux/bpf.h>

struct bpf_object;

enum bpf_id_kind { BPF_ID_PROG, BPF_ID_MAP, BPF_ID_LINK };

/* Far above what freeing takes, which waits for some RCU grace periods. */
#define FREE_TIMEOUT_MS	15000

/* Enough for what a test has at a time, and what is not freed yet. */
#define BPF_IDS_MAX 2048

/*
 * Programs, maps and links that a test has made, to see that each is freed.
 *
 * The kernel does not give an id away again before it has been through all of
 * them, so what others load and free meanwhile does not matter.  It may be in
 * memory that several processes share, if only one adds to it at a time.
 */
struct bpf_ids {
	unsigned int nr;
	struct {
		enum bpf_id_kind kind;
		__u32 id;
		char name[BPF_OBJ_NAME_LEN];
	} ids[BPF_IDS_MAX];
};

/**
 * bpf_ids_add_object() - remember all programs and maps of an object
 * @ids: where to
 * @obj: the object, loaded
 *
 * Those that this kernel has no use for, and that were not loaded, are left out.
 *
 * Return: 0, or a negative errno; -EOVERFLOW, after a line on stderr, if too many
 * are there at a time.
 */
int bpf_ids_add_object(struct bpf_ids *ids, const struct bpf_object *obj);

/**
 * bpf_ids_add_link() - remember a link
 * @ids: where to
 * @fd: file descriptor of the link
 *
 * Return: 0, or a negative errno; -EOVERFLOW, after a line on stderr, if too many
 * are there at a time.
 */
int bpf_ids_add_link(struct bpf_ids *ids, int fd);

/**
 * bpf_ids_count() - count what is still there
 * @ids: what was remembered
 * @kind: of which kind
 *
 * Return: the number.
 */
unsigned int bpf_ids_count(const struct bpf_ids *ids, enum bpf_id_kind kind);

/**
 * bpf_ids_wait() - wait until all is gone
 * @ids: what was remembered
 * @timeout_ms: how long to wait, in milliseconds
 *
 * The kernel frees a program when no processor can be in it any more, and what
 * it uses after that.
 *
 * Return: the number of those that are still there, after lines on stderr that
 * name the first of them.
 */
unsigned int bpf_ids_wait(const struct bpf_ids *ids, unsigned int timeout_ms);

#endif /* __LIB_BPF_IDS_H */
