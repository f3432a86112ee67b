#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2015,SC2317 # cat does not fail; test_of calls them
#
# Does ci/review.sh refuse what it cannot review, with a line that says why, and does
# ci/review.py tell what was measured and nothing else?  And ci/compare.py.  Nothing is
# booted.  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
. "$tests_dir/tree.sh"

review()
{
	env MEMCG_BPF_CACHE="$work/cache" OUT="$work/out" "$@" "$ci_dir/review.sh"
}

# make_series FILE LINE - an mbox of two patches, the second of which wants LINE
make_series()
{
	cat >"$1" <<-END
	From 1111111111111111111111111111111111111111 Mon Sep 17 00:00:00 2001
	From: A <a@example.org>
	Date: Thu, 1 Oct 2026 00:00:00 +0000
	Subject: [RFC PATCH v8 1/2] Kconfig: one

	---
	diff --git a/tools/testing/selftests/lib.mk b/tools/testing/selftests/lib.mk
	--- a/tools/testing/selftests/lib.mk
	+++ b/tools/testing/selftests/lib.mk
	@@ -1 +1 @@
	-/* nothing */
	+/* one */
	From 2222222222222222222222222222222222222222 Mon Sep 17 00:00:00 2001
	From: A <a@example.org>
	Date: Thu, 1 Oct 2026 00:00:01 +0000
	Subject: [RFC PATCH v8 2/2] Kconfig: two

	---
	diff --git a/Kconfig b/Kconfig
	--- a/Kconfig
	+++ b/Kconfig
	@@ -1 +1 @@
	-$2
	+/* two */
	END
}

bad_input()
{
	make_tree "$work/tree"
	make_series "$work/mbox" "/* nothing */"
	expect 2 "SERIES=$work/none: cannot read it" review SERIES="$work/none" KSRC="$work/tree" &&
	expect 2 "name the tree that it is for with KSRC=" review SERIES="$work/mbox" &&
	expect 2 "name the series with SERIES=, or with BASE=" review KSRC="$work/tree" &&
	expect 2 "SERIES= and BASE=" review KSRC="$work/tree" SERIES="$work/mbox" BASE=/ &&
	expect 2 "no part benches" review PARTS="size benches"
}

# Which patch, where, and what it wants there; of a tree of files and of a git tree.
series_does_not_apply()
{
	make_tree "$work/tree"
	make_series "$work/mbox" "/* something else */"
	expect 2 'does not apply to .*: "Kconfig: two"' \
		review SERIES="$work/mbox" KSRC="$work/tree" >"$work/said" || { cat "$work/said"; return 1; }
	grep -q -x -e '-/\* something else \*/' "$work/said" &&
	grep -q "nothing" "$work/tree/tools/testing/selftests/lib.mk" || { cat "$work/said"; return 1; }

	git -C "$work/tree" init -q
	git -C "$work/tree" add -A
	git -C "$work/tree" -c user.name=a -c user.email=a@example.org commit -q -m base
	expect 2 "does not apply to .*: git am -3 stopped" \
		review SERIES="$work/mbox" KSRC="$work/tree" >"$work/said" || { cat "$work/said"; return 1; }
	grep -q "Kconfig: two" "$work/said" && [ -z "$(git -C "$work/tree" status --short)" ] ||
		{ cat "$work/said"; return 1; }
}

# A folder as review.sh leaves it: nothing was run but what is there.
answer_has_what_was_measured()
{
	mkdir "$work/o"
	printf 'base: Linux 7.3.4\nseries: /v8.mbox\ncommand: make review KSRC=/linux SERIES=/v8.mbox\n' \
		>"$work/o/about"
	expect 0 "^Nothing that was tried|Nothing that was tried speaks" "$ci_dir/review.py" "$work/o" &&
	[ "$(grep -c -E '^(The suite was not run|They were not run|It was not measured)\.$' \
		"$work/o/review.txt")" -eq 4 ] || return

	printf 'ok test_core.a\nok test_core.b\nfail test_core.c\nskip test_kmem.d\n' \
		>"$work/o/selftests-base"
	printf 'ok test_core.a\nfail test_core.b\nfail test_core.c\nskip test_kmem.d\n' \
		>"$work/o/selftests-patched"
	cat >"$work/o/verdict.json" <<-'END'
	{ "kernel": "Linux 7.3.4, memcg_bpf_ops of RFC v8", "passed": 1, "failed": 1, "skipped": 0,
	  "promises": [
	  { "id": "one.a", "promise": "One keeps its pages while somebody else, who has as many and no ops at all, has some to lose.",
	    "verdict": "broken", "seen": ["Expected 1 (1) < 2 (2)", "HIGH has lost its pages"] },
	  { "id": "one.b", "promise": "One sleeps.", "verdict": "kept" },
	  { "id": "one.c", "promise": "One wakes.", "verdict": "not asked", "reason": "no PSI: boot with psi=1" } ] }
	END
	expect 1 "2 tests|2 things speak against it" "$ci_dir/review.py" "$work/o" &&
	grep -q "^  test_core.b: ok on the base, fail with the series$" "$work/o/review.txt" &&
	grep -q "^one.a$" "$work/o/review.txt" &&
	grep -q "^  seen:     HIGH has lost its pages$" "$work/o/review.txt" &&
	! grep -q -E '^.{73}' "$work/o/review.txt" &&
	python3 -c 'import json, sys; assert len(json.load(open(sys.argv[1]))["against"]) == 2' \
		"$work/o/review.json" || { cat "$work/o/review.txt"; return 1; }
}

compares_two_verdicts()
{
	local json='{"kernel": "%s", "promises": [{"id": "one.a", "promise": "One sleeps.", "verdict": "%s"}, {"id": "one.b", "promise": "One wakes.", "verdict": "%s"}]}'

	# shellcheck disable=SC2059 # the format is that
	{
		printf "$json" A kept kept >"$work/a"
		printf "$json" B broken kept >"$work/b"
		printf "$json" C kept "not asked" >"$work/c"
	}
	expect 1 "^1 kept by A, broken by B:$" "$ci_dir/compare.py" "$work/a" "$work/b" &&
	expect 1 "^1 broken by A, kept by B:$" "$ci_dir/compare.py" "$work/b" "$work/a" &&
	expect 0 "^1 asked of A only:$" "$ci_dir/compare.py" "$work/a" "$work/c" &&
	expect 0 "^2 kept by both$" "$ci_dir/compare.py" "$work/a" "$work/a" &&
	echo '{}' >"$work/d" &&
	expect 2 "not a verdict of the suite" "$ci_dir/compare.py" "$work/a" "$work/d" &&
	expect 2 "No such file" "$ci_dir/compare.py" "$work/a" "$work/none"
}

test_of()
{
	rm -rf "${work:?}"/*
	check "review.$1" "$1"
}

test_of bad_input
test_of series_does_not_apply
test_of answer_has_what_was_measured
test_of compares_two_verdicts
echo "1..$test_nr"
exit $failed
