/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __PROG_TESTS_LOAD_SAID_H
#define __PROG_TESTS_LOAD_SAID_H

/* What libbpf and the verifier say of a program that tests load. */

#include <stdio.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "harness.h"

/* What libbpf says, with the verifier's log, until somebody wants to know. */
static char said[64 * 1024];

static inline int note_what_is_said(enum libbpf_print_level level, const char *fmt,
				    va_list args)
{
	size_t len = strlen(said);

	if (level != LIBBPF_DEBUG)
		vsnprintf(said + len, sizeof(said) - len, fmt, args);
	return 0;
}

static inline void listen_to_libbpf(void)
{
	said[0] = '\0';
	libbpf_set_print(note_what_is_said);
}

/* Each line of it as a comment. */
static inline void print_what_was_said(void)
{
	char *line, *next = said;

	while ((line = strsep(&next, "\n"))) {
		if (*line)
			fprintf(stderr, "# %s\n", line);
	}
}

#define EXPECT_LOADED(ret, what)					\
	EXPECT_EQ(0, ret) {						\
		TH_LOG("%s was refused: %s", what, strerror(-(ret)));	\
		print_what_was_said();					\
	}

#define EXPECT_REFUSED(err, ret, what)					\
	EXPECT_EQ(-(err), ret) {					\
		TH_LOG("%s: %s, and not %s", what,			\
		       (ret) ? strerror(-(ret)) : "taken", strerror(err)); \
		print_what_was_said();					\
	}

#endif /* __PROG_TESTS_LOAD_SAID_H */
