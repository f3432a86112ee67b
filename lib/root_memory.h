/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_ROOT_MEMORY_H
#define __LIB_ROOT_MEMORY_H

/*
 * The memory controller in the root's cgroup.subtree_control.  Tests need it there, and
 * leave the file as they found it.  That it was a test who enabled it is an extended
 * attribute of the root, which outlives the test: if all processes of a program are
 * killed at once, the next program puts back what that one has changed.
 */

/**
 * root_memory_enable() - enable the memory controller for the root's children
 * @root: path of the root
 *
 * For as long as the calling process lives, nobody puts it back.
 *
 * Return: 0 or a negative errno.
 */
int root_memory_enable(const char *root);

/**
 * root_memory_put_back() - disable it again, if a test has enabled it and none needs it
 *
 * Return: 0, or a negative errno: it is in use, and left to who calls this next.
 */
int root_memory_put_back(void);

#endif /* __LIB_ROOT_MEMORY_H */
