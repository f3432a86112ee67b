/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PROMISE_H
#define __LIB_PROMISE_H

/**
 * promise_of() - the promise that a test guards
 * @file: the path of the test's source, prog_tests/PROGRAM.c
 * @test: the test's name
 *
 * Return: the sentence in the table `promises`, or NULL if the test is not in it.
 */
const char *promise_of(const char *file, const char *test);

#endif /* __LIB_PROMISE_H */
