/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __BENCH_CONFIG_H
#define __BENCH_CONFIG_H

struct option_desc;

/*
 * A file that sets options of a benchmark: lines "name = value", with the names
 * of the options, as in "low-memory-high = 400MB".  A '#' begins a comment, up to
 * the end of the line; empty lines are skipped.
 */

/* Longer is a mistake. */
#define CONFIG_MAX_LINE		1000
#define CONFIG_MAX_LINES	1000

/**
 * config_read() - set the options that have no text yet
 * @options: the options of the benchmark; a value stays with them
 * @path: the file
 *
 * What the user has set by an option or the environment stays as it is, and so
 * does what has a default.  A name is known and set only once, whether the user has
 * set it or not.
 *
 * Return: 0, or a negative errno after a line "path:line: what" on stderr that says
 * what to do.  Whether a value makes sense is for option_parse() to say.
 */
int config_read(struct option_desc *options, const char *path);

#endif /* __BENCH_CONFIG_H */
