/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_RLIMITS_H
#define __LIB_RLIMITS_H

/**
 * rlimits_raise() - raise the resource limits of this process to what tests need
 *
 * Its children inherit them.
 *
 * Return: NULL, or a text that names a limit which is too low and may not be raised, and
 * the remedy, in a static buffer.
 */
const char *rlimits_raise(void);

#endif /* __LIB_RLIMITS_H */
