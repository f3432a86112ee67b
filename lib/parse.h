/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_PARSE_H
#define __LIB_PARSE_H

#include <stdint.h>

/**
 * parse_uint() - read a number, with nothing before or after it
 * @text: the number, in decimal digits
 * @min: the least that is accepted
 * @max: the most
 * @number: where to put it, untouched on failure
 *
 * Return: 0, or -EINVAL.
 */
int parse_uint(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/**
 * parse_size() - read a number of bytes
 * @text: decimal digits, then nothing or K, M or G for powers of two
 * @min: the least that is accepted, in bytes
 * @max: the most
 * @size: where to put it, untouched on failure
 *
 * Return: 0, or -EINVAL.
 */
int parse_size(const char *text, uint64_t min, uint64_t max, uint64_t *size);

/**
 * parse_refuse() - end the program for what a user has given it
 * @fmt: what is wrong, where, and what to do, as for printf(); without a newline
 *
 * Exits with status 2 after that line on stderr.
 */
void parse_refuse(const char *fmt, ...)
	__attribute__((noreturn, format(printf, 1, 2)));

#endif /* __LIB_PARSE_H */
