/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_RIGHTS_H
#define __LIB_RIGHTS_H

/**
 * rights_missing() - look whether this process may do what tests do
 *
 * Root of a container has the user id of root, but perhaps not its capabilities, or a
 * seccomp filter refuses it bpf().
 *
 * Return: NULL, or a text that names what it may not do and the remedy, in a static
 * buffer.
 */
const char *rights_missing(void);

#endif /* __LIB_RIGHTS_H */
