/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_CGROUP_PLACE_H
#define __LIB_CGROUP_PLACE_H

#include <stdint.h>

/**
 * cgroup_place_missing() - look whether tests can have their cgroups, and run in them
 * @root: path of the root, as of cg_find_root()
 * @memory: bytes that the cgroups together may charge
 *
 * This makes cgroups below @root, enters one, and removes them.
 *
 * Return: NULL, or a text that names what keeps them from it and the remedy, in a static
 * buffer.  What no cgroup, mount or namespace explains is for the tests to find.
 */
const char *cgroup_place_missing(const char *root, uint64_t memory);

#endif /* __LIB_CGROUP_PLACE_H */
