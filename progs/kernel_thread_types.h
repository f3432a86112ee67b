/* SPDX-License-Identifier: GPL-2.0 */
/* Shared by progs/kernel_thread.bpf.c and user space. */
#ifndef __KERNEL_THREAD_TYPES_H
#define __KERNEL_THREAD_TYPES_H

struct kernel_thread_calls {
	__u64 user;	/* calls of the delay callback in other tasks, answered with 0 */
	__u64 kernel;	/* calls in a kernel thread, answered with a delay */
	__u64 sleeps;	/* of a kernel thread, each after such an answer */
	char name[16];	/* of the kernel thread of the last call */
};

#endif /* __KERNEL_THREAD_TYPES_H */
