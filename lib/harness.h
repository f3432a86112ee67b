/* SPDX-License-Identifier: GPL-2.0 */
#ifndef __LIB_HARNESS_H
#define __LIB_HARNESS_H

/* kselftest_harness.h and what the tests of this suite add to it */

#include <sys/utsname.h>

#include <kselftest_harness.h>

#include <bpf/btf.h>

#include "delay.h"
#include "kernel_log.h"
#include "libbpf_print.h"
#include "params.h"
#include "promise.h"
#include "require.h"
#include "revision.h"

/* In FIXTURE_SETUP() or a test: skip if @reason, a text or NULL, says why. */
#define SKIP_IF(reason) do {						\
	const char *__missing = (reason);				\
									\
	if (__missing)							\
		SKIP(return, "%s", __missing);				\
} while (0)

/* The same unless the system has @requirements. */
#define REQUIRE(requirements) SKIP_IF(require(requirements))

/*
 * The same unless memcg_bpf_ops has @capabilities, or is of a revision that promises
 * them: then the test fails.
 */
#define REQUIRE_OPS(capabilities) do {					\
	const char *__broken;						\
									\
	REQUIRE(REQUIRE_MEMCG_BPF_OPS);					\
	SKIP_IF(require_capabilities(capabilities, &__broken));		\
	ASSERT_EQ(NULL, __broken)					\
		TH_LOG("%s", __broken);					\
} while (0)

/*
 * At the end of a test of a question, with its answer in one line: neither passed nor
 * failed.  To KTAP that is a skip; ci/verdict.py knows the answer by the word before it.
 * Whatever keeps a test from an answer is an EXPECT_, an ASSERT_ or a SKIP() as in any
 * other test: one that has failed has no answer.
 */
#define ANSWER(fmt, ...) do {						\
	if (__test_passed(_metadata))					\
		SKIP(return, "answer: " fmt, ##__VA_ARGS__);		\
	return;								\
} while (0)

/*
 * What a test needs before it can ask what it is for: a link where nobody is in the
 * way.  If there is none another promise is broken, and that one is named.
 */
#define ASSERT_ATTACHED(link)						\
	ASSERT_GE(link, 0)						\
		TH_LOG("this test cannot begin, as attach.lasts_as_long_as_its_link does not hold: attach: %s", \
		       strerror(-(link)))

/*
 * The harness calls a program with nothing but skipped tests a pass.  To the
 * kselftest runner that is exit status 4, so that a kernel which lacks what is
 * to be tested never looks like one that passed.
 */
static void exit_skip_if_all_skipped(void)
{
	if (ksft_get_xskip_cnt() && !ksft_get_pass_cnt() &&
	    !ksft_get_fail_cnt()) {
		fflush(NULL);
		_exit(KSFT_SKIP);
	}
}

/*
 * Tests print the promise that they guard or the question that they answer, so that a
 * log reads as a list of claims.
 * The harness has no hook for that: what it is to call is put in front of each test.
 */
#define MAX_TESTS 64

static struct {
	const struct __test_metadata *test;
	void (*fn)(struct __test_metadata *test,
		   struct __fixture_variant_metadata *variant);
	const struct promise *promise;
} announced[MAX_TESTS];

static void announce(struct __test_metadata *test,
		     struct __fixture_variant_metadata *variant)
{
	int i = 0;

	while (announced[i].test != test)
		i++;
	ksft_print_msg("%s: %s\n", announced[i].promise->kind, announced[i].promise->text);
	fflush(stdout);		/* the test's process ends without */
	/*
	 * What goes through pipes is lost if the kernel dies, but not what its console has
	 * shown.
	 */
	kernel_log_write("memcg_bpf: RUN %s%s%s.%s", test->fixture->name,
			 *variant->name ? "." : "", variant->name, test->name);
	announced[i].fn(test, variant);
}

static void announce_tests(const char *file)
{
	struct __fixture_metadata *fixture;
	struct __test_metadata *test;
	const struct promise *promise;
	int n = 0;

	for (fixture = __fixture_list; fixture; fixture = fixture->next) {
		for (test = fixture->tests; test && n < MAX_TESTS; test = test->next) {
			promise = promise_of(file, test->name);
			if (!promise)
				continue;
			announced[n].test = test;
			announced[n].fn = test->fn;
			announced[n].promise = promise;
			test->fn = announce;
			n++;
		}
	}
}

static void say_kernel(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	struct utsname name;

	uname(&name);
	ksft_print_msg("kernel: Linux %s, %s\n", name.release,
		       revision_describe(btf));
	btf__free(btf);
}

/* @prepare is run once, before the tests, which are processes forked from it. */
#define MEMCG_BPF_HARNESS_MAIN_AFTER(prepare)				\
int main(int argc, char **argv)						\
{									\
	params_init(&argc, argv);					\
	libbpf_print_warnings();					\
	announce_tests(__FILE__);					\
	say_kernel();							\
	atexit(exit_skip_if_all_skipped);				\
	prepare;							\
	return test_harness_run(argc, argv);				\
}

#define MEMCG_BPF_HARNESS_MAIN MEMCG_BPF_HARNESS_MAIN_AFTER()

#endif /* __LIB_HARNESS_H */
