/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_LOAD_LIBBPF_LOG_H
#define __PROG_TESTS_LOAD_LIBBPF_LOG_H

/* The log of libbpf, with that of the verifier, and what tests expect of a load. */

#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "harness.h"

/* Printed only if a test fails: a load that must be refused logs errors, too. */
static char libbpf_log[64 * 1024];

static inline int append_to_libbpf_log(enum libbpf_print_level level, const char *fmt,
				       va_list args)
{
	size_t len = strlen(libbpf_log);

	if (level != LIBBPF_DEBUG)
		vsnprintf(libbpf_log + len, sizeof(libbpf_log) - len, fmt, args);
	return 0;
}

static inline void capture_libbpf_log(void)
{
	libbpf_log[0] = '\0';
	libbpf_set_print(append_to_libbpf_log);
}

/* Each line as a comment of KTAP. */
static inline void print_libbpf_log(void)
{
	char *line, *next = libbpf_log;

	while ((line = strsep(&next, "\n"))) {
		if (*line)
			fprintf(stderr, "# %s\n", line);
	}
}

#define EXPECT_LOADED(ret, what)					\
	EXPECT_EQ(0, ret) {						\
		TH_LOG("%s was refused: %s", what, strerror(-(ret)));	\
		print_libbpf_log();					\
	}

#define EXPECT_REFUSED(err, ret, what)					\
	EXPECT_EQ(-(err), ret) {					\
		TH_LOG("%s: %s, and not %s", what,			\
		       (ret) ? strerror(-(ret)) : "taken", strerror(err)); \
		print_libbpf_log();					\
	}

#endif /* __PROG_TESTS_LOAD_LIBBPF_LOG_H */
