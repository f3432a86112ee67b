/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_GFP_H
#define __LIB_GFP_H

#include <linux/types.h>

/**
 * gfp_kernel() - find out what GFP_KERNEL is for the kernel under test
 *
 * The bits differ from kernel to kernel; its BTF has them.
 *
 * Return: the flags, or 0 after a line on stderr if BTF does not have them.
 */
__u32 gfp_kernel(void);

#endif /* __LIB_GFP_H */
