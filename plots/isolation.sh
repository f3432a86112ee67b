#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: isolation.sh ANALYZE CSV
#
# Print what the trials of the isolation benchmark came to, beside what is
# published of the same experiment: who completed, how long that took, and what held
# them back.  Times are medians; "x" is how often the trace's own duration fits.
# ANALYZE is the path of bench/analyze.

set -eu
plots=$(dirname "$(realpath "$0")")
. "$plots/../vm/help.sh"
exec "${1:?path of analyze}" --show=sessions \
	--published="$plots/published-isolation.csv" "${2:?CSV of the isolation benchmark}"
