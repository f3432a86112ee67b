/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_STRESS_FAULT_INJECT_H
#define __PROG_TESTS_STRESS_FAULT_INJECT_H

#include <stdbool.h>

/*
 * The kernel's fault injection (Documentation/fault-injection): let allocations
 * of the calling task fail, those of slabs (failslab) and of pages
 * (fail_page_alloc), and those of nobody else.
 */

/**
 * fault_inject_require() - look whether the kernel can do it
 *
 * Return: NULL if it can, else a text that says what is missing and what to do
 * about it.
 */
const char *fault_inject_require(void);

/**
 * fault_inject_setup() - have all kinds of allocations take part
 * @percent: how many of those that a task makes between fault_inject_begin(0)
 * and fault_inject_end() are to fail
 *
 * Call it in the thread whose allocations are to fail.  What is set stays, and does
 * nothing to a task that does not ask for it.
 *
 * Return: 0, or a negative errno after a line on stderr that names the file.
 */
int fault_inject_setup(unsigned int percent);

/**
 * fault_inject_begin() - from here on allocations of this task fail
 * @nth: only this one, counted from 1; 0: a random part of them
 *
 * Return: 0, or a negative errno.
 */
int fault_inject_begin(unsigned int nth);

/**
 * fault_inject_end() - they do not any more
 *
 * Return: true unless fewer than @nth allocations were made, so that none failed.
 */
bool fault_inject_end(void);

#endif /* __PROG_TESTS_STRESS_FAULT_INJECT_H */
