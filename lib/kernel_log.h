/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_KERNEL_LOG_H
#define __LIB_KERNEL_LOG_H

/**
 * kernel_log_write() - write a line to the kernel's log, which its console shows
 * @fmt: the line, as for printf()
 *
 * That it cannot be written is no error: it is for those who read the log after a crash.
 */
void kernel_log_write(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/**
 * kernel_log_open() - remember where the kernel's log ends now
 *
 * Return: a file descriptor for kernel_log_check(), or a negative errno.
 */
int kernel_log_open(void);

/**
 * kernel_log_check() - look for trouble that the kernel has reported since
 * @fd: as of kernel_log_open(); closed here
 *
 * A warning, a BUG, an oops, a sanitizer's or lockdep's report, an RCU stall, a
 * lockup or a hung task.  What the OOM killer says is not trouble.
 *
 * Return: the number of such messages, each printed on stderr, or a negative
 * errno.
 */
int kernel_log_check(int fd);

/**
 * kernel_log_save() - add all of the kernel's log to a file
 * @path: the file
 *
 * Return: 0, or a negative errno.
 */
int kernel_log_save(const char *path);

#endif /* __LIB_KERNEL_LOG_H */
