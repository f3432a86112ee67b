/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_CGROUP_H
#define __LIB_CGROUP_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * Files of the cgroup v2 file system.  A cgroup is named by the path of its
 * directory.
 */

/**
 * cg_find_root() - find where the cgroup v2 hierarchy is mounted
 * @root: where to put the path
 * @len: bytes at @root
 *
 * Return: 0, or a negative errno; -ENOENT if it is not mounted.
 */
int cg_find_root(char *root, size_t len);

/**
 * cg_create() - make a cgroup
 * @cgroup: its path; the parent exists
 *
 * Return: 0, or a negative errno.
 */
int cg_create(const char *cgroup);

/**
 * cg_read() - read a file of a cgroup
 * @cgroup: path of the cgroup
 * @file: name of the file, such as "memory.stat"
 * @buf: where to put the text, which ends in a NUL
 * @len: bytes at @buf; a longer text is cut
 *
 * Return: 0, or a negative errno.
 */
int cg_read(const char *cgroup, const char *file, char *buf, size_t len);

/**
 * cg_read_number() - read a file of a cgroup that has nothing but a number
 * @cgroup: path of the cgroup
 * @file: name of the file, such as "memory.current"
 *
 * Return: the number, or a negative errno.
 */
int64_t cg_read_number(const char *cgroup, const char *file);

/**
 * cg_read_key() - read a number from a file of "key number" lines
 * @cgroup: path of the cgroup
 * @file: name of the file, such as "memory.events"
 * @key: what stands before the number
 *
 * Return: the number, or a negative errno; -ENOENT if no line has the key.
 */
int64_t cg_read_key(const char *cgroup, const char *file, const char *key);

/**
 * cg_has_word() - look for a word in a file of a cgroup
 * @cgroup: path of the cgroup
 * @file: name of the file, such as "cgroup.controllers"
 * @word: the word
 *
 * Return: 1 if the word is there, 0 if not, or a negative errno.
 */
int cg_has_word(const char *cgroup, const char *file, const char *word);

/**
 * cg_write() - write to a file of a cgroup
 * @cgroup: path of the cgroup
 * @file: name of the file, such as "memory.max"
 * @fmt: what to write, as for printf()
 *
 * Return: 0, or a negative errno.
 */
int cg_write(const char *cgroup, const char *file, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/**
 * cg_enable() - turn a controller on for a cgroup's children
 * @cgroup: path of the cgroup
 * @controller: its name, such as "io"
 *
 * If tasks that were in the cgroup have just ended, waits until the kernel sees
 * it, too.
 *
 * Return: 0, also if it was on, or a negative errno; -EBUSY if there are tasks,
 * -EINVAL or -ENOENT if the cgroup does not have the controller.
 */
int cg_enable(const char *cgroup, const char *controller);

/**
 * cg_enable_memory() - turn the memory controller on for a cgroup's children
 * @cgroup: path of the cgroup
 *
 * Return: as cg_enable().
 */
int cg_enable_memory(const char *cgroup);

/**
 * cg_disable_swap() - keep the anonymous memory of a cgroup from being reclaimed
 * @cgroup: path of the cgroup
 *
 * Where the kernel is built without swap, that is so already.
 */
void cg_disable_swap(const char *cgroup);

/**
 * cg_open() - open the directory of a cgroup, as BPF links want it
 * @cgroup: path of the cgroup
 *
 * Return: a file descriptor, or a negative errno.
 */
int cg_open(const char *cgroup);

/**
 * cg_id() - the id that the kernel and BPF programs know a cgroup by
 * @cgroup: path of the cgroup
 *
 * Return: the id, or 0 if there is no such cgroup.
 */
uint64_t cg_id(const char *cgroup);

/**
 * cg_memory_stall_us() - how long tasks have been stalled on memory
 * @cgroup: path of the cgroup
 *
 * A sleep in get_high_delay_ms's delay is such a stall.
 *
 * Return: the time in microseconds in which at least one task of the cgroup was
 * stalled, since the cgroup exists (the "some" total of memory.pressure), or a
 * negative errno: -EOPNOTSUPP if the kernel does not account it.
 */
int64_t cg_memory_stall_us(const char *cgroup);

/**
 * cg_wait_dying() - wait until cgroups that were removed are freed
 * @cgroup: path of the cgroup they were in
 * @max: how many of them may stay
 * @timeout_ms: how long to wait, in milliseconds
 *
 * They are when nothing is charged to them any more.  Pages on their way to the LRU
 * lists are, and reclaim sees to those.
 *
 * Return: how many there are, more than @max after the time, or a negative errno.
 */
int64_t cg_wait_dying(const char *cgroup, int64_t max, unsigned int timeout_ms);

/**
 * cg_remove() - kill what is in a cgroup and below, and remove it all
 * @cgroup: path of the cgroup
 * @timeout_ms: how long to wait for the killed to be gone, in milliseconds
 *
 * Return: 0 when the cgroup is gone or never was there, or a negative errno.
 */
int cg_remove(const char *cgroup, unsigned int timeout_ms);

#endif /* __LIB_CGROUP_H */
