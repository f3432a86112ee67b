/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_MOUNTS_H
#define __LIB_MOUNTS_H

#include <stddef.h>

/**
 * mounts_find() - find where a kind of file system is mounted
 * @type: the kind, such as "cgroup2" or "bpf"
 * @path: where to put the path of the first one
 * @len: bytes at @path
 *
 * Return: 0, or a negative errno; -ENOENT if there is none.
 */
int mounts_find(const char *type, char *path, size_t len);

/**
 * mounts_shows() - find which directory of its file system a mount shows
 * @path: where it is mounted; of several, the uppermost counts
 * @dir: where to put the directory, such as "/"
 * @len: bytes at @dir
 *
 * That of a mount of cgroup2 is relative to the cgroup namespace of the caller: it begins
 * with "/.." if the mount shows more than that.
 *
 * Return: 0, or a negative errno; -ENOENT if nothing is mounted there.
 */
int mounts_shows(const char *path, char *dir, size_t len);

/**
 * mounts_kind() - find the kind of file system that a file is on
 * @path: the file
 * @kind: where to put the kind, such as "tmpfs"; statfs() has that of the server for 9p
 * @len: bytes at @kind
 *
 * Return: 0, or a negative errno; -ENOENT for a file system that shows other devices than
 * that of its mount, as btrfs does.
 */
int mounts_kind(const char *path, char *kind, size_t len);

#endif /* __LIB_MOUNTS_H */
