# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2317
#
# gen-trace: the traces in traces/ are what it makes, and what they should be.

test_traces_are_reproduced()
{
	local name

	expect_status 0 "$tools/gen-trace" --list
	mv stdout names
	while read -r name; do
		expect_status 0 "$tools/gen-trace" "$name"
		cmp stdout "$top/traces/$name.csv"
		grep -q '^# Synthetic' stdout || die "$name: does not say that it is synthetic"
	done <names
	expect_eq "traces" "$(cd "$top/traces" && ls ./*.csv)" \
		"$(sort names | sed 's,.*,./&.csv,')"
}

test_figures_are_the_published_ones()
{
	local name want n=0

	while read -r name want; do
		expect_eq "$name" "$want" "$(figures "$top/traces/$name.csv")"
		n=$((n + 1))
	done <<-END
		pre-commit-2524 315 327.3 306.1 1862.0
		dask-11628 95 98.3 197.9 320.9
		faker-1520 119 123.2 189.7 272.8
		github3.py-673 100 102.7 213.4 305.5
	END
	expect_eq "traces" 4 $n
}

test_bad_names()
{
	expect_status 2 "$tools/gen-trace" no-such-trace
	expect_error '^no-such-trace: .*; '
	expect_status 2 "$tools/gen-trace"
}
