#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: report.sh ANALYZE RESULTS
#
# Print one page about the latest results in RESULTS of each benchmark, and of each
# experiment of one that has several.  Those of a shard are on it only where there are
# none of all shards.  It begins with answers to the questions that were
# asked on the list, a sentence or a few for each.  Then come environment, findings, figures (which draw.sh
# has drawn), tables, and how to repeat them.  It needs no other file and no network.
# Where results cannot be read, or no trial went well, the page says what is wrong.
# ANALYZE is the path of bench/analyze.
#
# Exit status: 1 if there are such results, or a figure is missing.

set -eu
plots=$(dirname "$(realpath "$0")")
. "$plots/../vm/help.sh"
analyze=$1
results=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
status=0
shopt -s nullglob

escape()
{
	sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'
}

# meta KEY FILE - nothing, if the file has no such line or is none of these at all
meta()
{
	"$analyze" --meta="$1" "$2" 2>/dev/null || :
}

# the benchmark; a file that is cut short in its first lines has its name only
bench_of()
{
	local bench

	bench=$(meta bench "$1")
	echo "${bench:-$(basename "$1" .csv)}"
}

# of what it is: the benchmark and, if it has any, the experiment; one that does not say
# when it was measured may lack either, and is named after its folder
title()
{
	local experiment

	if [ -z "$(meta date "$1")" ]; then
		echo "$(bench_of "$1") $(basename "$(dirname "$1")")"
		return
	fi
	experiment=$(meta EXPERIMENT "$1")
	experiment=${experiment##*/}
	echo "$(bench_of "$1")${experiment:+ ${experiment%.conf}}"
}

# as a name in the page
anchor()
{
	title "$1" | tr -c 'A-Za-z0-9\n' -
}

# Rows of a table from the lines "# key: value", but for those about columns.
environment()
{
	echo '<div class="table"><table>'
	"$analyze" --meta "$1" | escape | sed -E \
		-e '/^(bench|help|note|baseline|(factor|column|result|worse|bound) [^:]*):/d' \
		-e 's,^([^:]*): (.*),<tr><th>\1</th><td class="text">\2</td></tr>,'
	echo '</table></div>'
}

# The parameters are the keys in capitals.
repeat()
{
	echo "make bench BENCH=$(bench_of "$1") $("$analyze" --meta "$1" | sed -n -E \
		's/^([A-Z_]+): (.*)/\1=\2/p' | tr '\n' ' ')"
}

# A small CSV as a table.
table()
{
	echo "<div class=\"table\"><table><caption>$(meta help "$1" | escape)</caption>"
	# without the first and the last line, which are like those here
	"$analyze" --show=rows --format=html "$1" | sed '1d;$d'
	echo "</table></div><p>$(meta kernel "$1" | escape). Note: $(meta note "$1" | escape).</p>"
}

# A line for each of them.
summary()
{
	local csv key

	echo '<div class="table"><table>'
	echo '<tr><th class="text">bench</th><th class="text">date</th><th class="text">kernel</th><th class="text">accelerator</th><th>processors</th><th>memory</th><th>trials</th><th class="text">commit</th></tr>'
	for csv in "$@"; do
		echo "<tr><td class=\"text\"><a href=\"#$(anchor "$csv")\">$(title "$csv" | escape)</a></td>"
		for key in date kernel accelerator; do
			echo "<td class=\"text\">$(meta $key "$csv" | escape)</td>"
		done
		for key in cpus memory TRIALS; do
			echo "<td>$(meta $key "$csv" | escape)</td>"
		done
		echo "<td class=\"text\">$(meta commit "$csv" | escape)</td></tr>"
	done
	echo '</table></div>'
	for csv in "$@"; do
		meta note "$csv"
	done | sort -u | escape | sed 's,.*,<p class="note">Note: &.</p>,'
}

# Each in a document of its own, since names in one would clash with those in others.
# Sets status to 1 if one is missing.
figures()
{
	local csv svg

	for csv in "$1.csv" "$1"-*.csv; do
		svg=${csv%.csv}.svg
		if [ -e "$svg" ]; then
			echo "<figure><img alt=\"$(basename "$svg" .svg): figure of the table below\" src=\"data:image/svg+xml;base64,$(base64 -w 0 "$svg")\"></figure>"
			continue
		fi
		[ -e "$plots/$(basename "${csv/*-timeline/timeline}" .csv).gp" ] || continue
		status=1
		"$analyze" --show=nothing "$csv" 2>"$work/error" ||
			echo "$csv: not on the page: $(cat "$work/error")" >&2
		echo "<p class=\"note\">$(basename "$csv" .csv): there is no figure. $(escape <"$work/error")</p>"
	done
}

# Make findings, tables and what only this benchmark has to say, as files in $work.
analyze_all()
{
	local csv=$1 bench=$2

	"$analyze" --show=findings "$csv" >"$work/findings" &&
		"$analyze" --format=html "$csv" >"$work/tables" || return
	rm -f "$work/own"
	[ ! -x "$plots/$bench.sh" ] || "$plots/$bench.sh" "$analyze" "$csv" >"$work/own"
}

# csv_of BENCH - the first of its results on the page, or nothing
csv_of()
{
	local csv

	for csv in ${csvs[@]+"${csvs[@]}"}; do
		[ "$(bench_of "$csv")" != "$1" ] || { echo "$csv"; return; }
	done
}

# answer QUESTION BENCH - by what was measured, which is linked
answer()
{
	local csv

	csv=$(csv_of "$2")
	echo "<dt>$1</dt>"
	if [ -z "$csv" ]; then
		echo "<dd>Not measured: <code>make bench BENCH=$2</code>.</dd>"
	elif "$analyze" --show=answer "$csv" >"$work/answer" 2>"$work/error"; then
		echo "<dd>$(escape <"$work/answer" | sed 's/$/<br>/')"
		echo "On Linux $(meta kernel "$csv" | escape), accelerator $(meta accelerator "$csv" | escape): <a href=\"#$(anchor "$csv")\">evidence</a>.</dd>"
	else
		echo "<dd>Nothing can be told of these results: $(escape <"$work/error")</dd>"
	fi
}

# The questions of those who read the series.
answers()
{
	local verdicts=()

	echo '<h2>Answers</h2><dl>'
	echo '<dt>Does the kernel keep what the interface promises?</dt>'
	# the newest first
	mapfile -t verdicts < <(find "$results" -mindepth 2 -maxdepth 2 -name verdict.json \
		-printf '%T@ %p\n' | sort -rn | cut -d ' ' -f 2-)
	if [ ${#verdicts[@]} -eq 0 ]; then
		echo '<dd>Not tested here: <code>make nightly</code> does, and leaves a <code>verdict.json</code> beside its results.</dd>'
	elif "$plots/../ci/answer.py" "${verdicts[@]}" >"$work/answer" 2>"$work/error"; then
		escape <"$work/answer" | sed 's,.*,<dd>&</dd>,'
	else
		echo "<dd>Nothing can be told: $(escape <"$work/error")</dd>"
	fi
	answer "What does it cost when it is not used?" overhead
	answer "What does it add to what user space can do?" protect
	answer "Who pays for reclaim in the background?" reclaim
	echo '</dl>'
}

# What is wrong with results that cannot be shown, in $work/error, and where they are.
wrong()
{
	echo "$1: not on the page: $(cat "$work/error")" >&2
	echo '<p class="note">There is nothing to show of these results:</p><pre>'
	escape <"$work/error"
	echo '</pre>'
	[ -n "$(meta bench "$1")" ] || return 0
	origin "$1"
}

# How to measure that again, and where it was measured.
origin()
{
	echo '<h3>To repeat it</h3>'
	echo "<pre class=\"command\">$(repeat "$1" | escape)</pre>"
	echo '<details><summary>Environment and parameters</summary>'
	environment "$1"
	echo '</details>'
}

# section CSV - sets status to 1 if there is nothing to show of it
section()
{
	local csv=$1 dir bench help
	dir=$(dirname "$csv")
	bench=$(bench_of "$csv")
	help=$(meta help "$csv" | escape)

	echo "<h2 id=\"$(anchor "$csv")\">$(title "$csv" | escape)</h2>"
	[ -z "$help" ] || echo "<p>$help.</p>"
	if ! analyze_all "$csv" "$bench" 2>"$work/error"; then
		status=1
		wrong "$csv"
		return
	fi
	echo '<h3>Findings</h3><ul>'
	escape <"$work/findings" | sed 's,.*,<li>&</li>,'
	echo '</ul>'
	figures "$dir/$bench"
	cat "$work/tables"
	if [ -e "$work/own" ]; then
		echo '<pre>'
		escape <"$work/own"
		echo '</pre>'
	fi
	[ ! -e "$plots/published-$bench.csv" ] || table "$plots/published-$bench.csv"
	origin "$csv"
}

cat <<'END'
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>memcg_bpf_ops: measurements</title>
<style>
END
cat "$plots/page.css"
cat <<'END'
</style>
</head>
<body>
<h1>memcg_bpf_ops: measurements</h1>
<p>What a kernel with <code>memcg_bpf_ops</code> was measured to do, by <code>make bench</code>. A row is a
trial, intervals are of 95&nbsp;%, and the control of each benchmark is in its tables.</p>
END

# the latest of each, by the date in it; those without one, each.  What make merge has
# joined has the date of the first shard, but more trials than any of them.
declare -A seen=()
csvs=()
while read -r key _ _ csv; do
	[ -z "${seen[$key]-}" ] || continue
	seen[$key]=1
	csvs+=("$csv")
done < <(
	for csv in "$results"/*/*.csv; do
		name=$(basename "$csv" .csv)
		# a time line is of a benchmark with another name; what does not say of
		# which it is may be cut short, if it is named like one that has a figure
		[ "$(bench_of "$csv")" = "$name" ] || continue
		[ -e "$plots/$name.gp" ] || [ -n "$(meta bench "$csv")" ] || continue
		date=$(meta date "$csv")
		whole=whole
		[ -z "$(meta SHARD "$csv")" ] || whole=part
		echo "$(anchor "$csv") $whole ${date:--} $csv"
	done | sort -k 1,1 -k 2,2r -k 3,3r)
answers
summary "${csvs[@]}"
for csv in "${csvs[@]}"; do
	section "$csv"
done
echo '</body></html>'
exit $status
