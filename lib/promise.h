/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PROMISE_H
#define __LIB_PROMISE_H

/* an entry of the table `promises` */
struct promise {
	const char *id;		/* of the test: PROGRAM.TEST */
	const char *kind;	/* "promise", or "question" that the interface leaves open */
	const char *text;	/* the sentence */
};

/**
 * promise_of() - the promise that a test guards, or the question that it answers
 * @file: the path of the test's source, prog_tests/PROGRAM.c
 * @test: the test's name
 *
 * Return: the entry of the table `promises`, or NULL if the test is not in it.
 */
const struct promise *promise_of(const char *file, const char *test);

#endif /* __LIB_PROMISE_H */
