/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_WORKLOAD_H
#define __LIB_WORKLOAD_H

#include <stdint.h>

/**
 * workload_write_file() - create a file and fill it
 * @path: its path
 * @size: bytes to write
 *
 * Its pages are charged to the caller's cgroup, and clean at the end.
 *
 * Return: 0, or a negative errno.
 */
int workload_write_file(const char *path, uint64_t size);

/**
 * workload_read_file() - map a file and read a byte of each of its pages
 * @path: its path
 *
 * Each call maps the file anew, so that each faults its pages in again.
 *
 * Return: 0, or a negative errno.
 */
int workload_read_file(const char *path);

/**
 * workload_map() - map anonymous memory that is charged page by page
 * @size: bytes
 *
 * Without huge pages: one of them is charged at once, and would be a single
 * question to BPF where there are to be eight or more.
 *
 * Return: the memory, or NULL with errno set.
 */
char *workload_map(uint64_t size);

/**
 * workload_touch_map() - write to each page of memory
 * @map: the memory, such as that of workload_map()
 * @size: its size in bytes
 */
void workload_touch_map(void *map, uint64_t size);

/**
 * workload_touch() - map anonymous memory and write to each of its pages
 * @size: bytes
 *
 * Page by page, without huge ones.  The memory stays until the process ends.
 *
 * Return: 0, or a negative errno.
 */
int workload_touch(uint64_t size);

/**
 * workload_touch_job() - workload_touch() as a worker's function
 * @size: points to a uint64_t, the number of bytes
 *
 * Return: the exit status, 0 or 1.
 */
int workload_touch_job(void *size);

/**
 * workload_hold() - start a worker that holds anonymous memory until it is killed
 * @cgroup: path of its cgroup
 * @size: bytes
 *
 * Return: its process id when it has touched all of the memory, or a negative errno; -ECHILD
 * if it has ended before, -ETIMEDOUT.
 */
pid_t workload_hold(const char *cgroup, uint64_t size);

/**
 * workload_fill() - write to a pipe or a socket that nobody reads until it would block
 * @fd: descriptor of the end to write to, which does not block from then on
 *
 * What was written stays charged, as kernel memory, until it is read or closed.
 *
 * Return: the bytes written, or a negative errno.
 */
int64_t workload_fill(int fd);

#endif /* __LIB_WORKLOAD_H */
