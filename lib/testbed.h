/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_TESTBED_H
#define __LIB_TESTBED_H

#include <limits.h>
#include <sys/types.h>

/*
 * What a test changes outside of its own process: a cgroup with all that is
 * below it, a directory for files, and one for pins of BPF objects.
 *
 * A sweeper process in a session of its own removes them, and whatever runs in
 * the cgroup, when the test asks for it, and also when the test or the program
 * that runs it dies in any way, SIGKILL included.
 */
struct testbed {
	char cgroup[PATH_MAX];	/* the memory controller is on for its children */
	char dir[PATH_MAX];	/* on a disk: see scratch_dir() */
	char pins[PATH_MAX];	/* in the BPF file system; "" if there is none */
	pid_t sweeper;
	int request;		/* closed or written to: sweep now */
	int kernel_log;
};

/**
 * testbed_create() - make a cgroup and a directory for a test
 * @tb: what to fill in
 * @name: a part of their names
 *
 * Call it from the process that is the test: it is killed when its parent dies.
 *
 * Return: 0, or a negative errno after a line on stderr that says what failed.
 */
int testbed_create(struct testbed *tb, const char *name);

/**
 * testbed_add_cgroup() - make a cgroup in that of the testbed
 * @tb: the testbed
 * @path: where to put its path, PATH_MAX bytes
 * @name: its name, or its path below the testbed's
 *
 * Return: 0, or a negative errno.
 */
int testbed_add_cgroup(const struct testbed *tb, char *path, const char *name);

/**
 * testbed_add_pin() - find a place for a pin
 * @tb: the testbed
 * @path: where to put the path to pin to, PATH_MAX bytes
 * @name: its name
 *
 * Return: 0, or a negative errno; -ENOENT if no BPF file system is mounted.
 */
int testbed_add_pin(const struct testbed *tb, char *path, const char *name);

/**
 * testbed_destroy() - remove everything and wait until it is gone
 * @tb: a testbed
 *
 * Return: 0, -EBUSY if something could not be removed, or -EUCLEAN if the kernel
 * has reported trouble since testbed_create(), after lines on stderr that say
 * what.
 */
int testbed_destroy(struct testbed *tb);

#endif /* __LIB_TESTBED_H */
