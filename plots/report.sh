#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: report.sh ANALYZE RESULTS
#
# Print one page about the latest results in RESULTS of each benchmark, and of each
# experiment of one that has several: environment, findings, figures (which draw.sh
# has drawn), tables, and how to repeat them.  It needs no other file and no network.

set -eu
plots=$(dirname "$(realpath "$0")")
. "$plots/../vm/help.sh"
analyze=$1
results=$2

escape()
{
	sed -e 's/&/\&amp;/g' -e 's/</\&lt;/g' -e 's/>/\&gt;/g'
}

meta()
{
	sed -n "s/^# $1: //p" "$2" | head -n 1
}

# of what it is: the benchmark and, if it has any, the experiment
title()
{
	local experiment

	experiment=$(meta EXPERIMENT "$1")
	experiment=${experiment##*/}
	echo "$(meta bench "$1")${experiment:+ ${experiment%.conf}}"
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
	escape <"$1" | sed -n -E \
		-e '/^# (bench|help|note|baseline|(factor|column|result|worse) [^:]*):/d' \
		-e 's,^# ([^:]*): (.*),<tr><th>\1</th><td class="text">\2</td></tr>,p'
	echo '</table></div>'
}

# The parameters are the keys in capitals.
repeat()
{
	echo "make bench BENCH=$(meta bench "$1") $(sed -n -E \
		's/^# ([A-Z_]+): (.*)/\1=\2/p' "$1" | tr '\n' ' ')"
}

# A small CSV as a table.
table()
{
	echo "<div class=\"table\"><table><caption>$(meta help "$1" | escape)</caption>"
	escape <"$1" | awk -F, '!/^#/ {
		cell = header ? "td" : "th"; header = 1
		printf "<tr>"
		for (i = 1; i <= NF; i++) printf "<%s>%s</%s>", cell, $i, cell
		print "</tr>" }'
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
	sed -n 's/^# note: //p' "$@" | sort -u | escape | sed 's,.*,<p class="note">Note: &.</p>,'
}

# Each in a document of its own, since names in one would clash with those in others.
figures()
{
	local svg

	shopt -s nullglob
	for svg in "$1.svg" "$1"-*.svg; do
		[ -e "$svg" ] || continue
		echo "<figure><img alt=\"$(basename "$svg" .svg): figure of the table below\" src=\"data:image/svg+xml;base64,$(base64 -w 0 "$svg")\"></figure>"
	done
}

section()
{
	local csv=$1 dir bench
	dir=$(dirname "$csv")
	bench=$(meta bench "$csv")

	echo "<h2 id=\"$(anchor "$csv")\">$(title "$csv" | escape)</h2>"
	echo "<p>$(meta help "$csv" | escape).</p>"
	echo '<h3>Findings</h3><ul>'
	"$plots/findings.sh" "$analyze" "$csv" | escape | sed 's,.*,<li>&</li>,'
	echo '</ul>'
	figures "$dir/$bench"
	"$analyze" --format=html "$csv"
	# what only this benchmark has to say
	if [ -x "$plots/$bench.sh" ]; then
		echo '<pre>'
		"$plots/$bench.sh" "$csv" | escape
		echo '</pre>'
	fi
	[ ! -e "$plots/published-$bench.csv" ] || table "$plots/published-$bench.csv"
	echo '<h3>To repeat it</h3>'
	echo "<pre class=\"command\">$(repeat "$csv" | escape)</pre>"
	echo '<details><summary>Environment and parameters</summary>'
	environment "$csv"
	echo '</details>'
}

cat <<'END'
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>memcg_bpf_ops: measurements</title>
<style>
body { font: 16px/1.5 sans-serif; color: #202020; background: #fff;
	max-width: 60em; margin: 0 auto; padding: 0 1em 4em; }
h1, h2, h3 { line-height: 1.2; }
h2 { border-top: 2px solid #0072B2; padding-top: .7em; margin-top: 2em; }
figure { margin: 1em 0; overflow-x: auto; }
figure img { width: 100%; min-width: 700px; height: auto; display: block; }
.table { overflow-x: auto; margin: 1em 0; }
table { border-collapse: collapse; font-size: 14px; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: bold; padding: .3em 0; }
th, td { padding: .2em .7em; text-align: right; white-space: nowrap;
	border-bottom: 1px solid #d8d8d8; }
th.text, td.text { text-align: left; white-space: normal; }
.note { background: #fff6e0; padding: .5em .7em; }
li { overflow-wrap: anywhere; }
pre.command { white-space: pre-wrap; overflow-wrap: anywhere; }
pre { overflow-x: auto; background: #f4f4f4; padding: .7em; font-size: 14px; }
</style>
</head>
<body>
<h1>memcg_bpf_ops: measurements</h1>
<p>What a kernel with <code>memcg_bpf_ops</code> was measured to do, by <code>make bench</code>. A row is a
trial, intervals are of 95&nbsp;%, and the control of each benchmark is in its tables.</p>
END

# the latest of each, by the date in it
mapfile -t csvs < <(
	for csv in "$results"/*/*.csv; do
		[ "$(meta bench "$csv")" = "$(basename "$csv" .csv)" ] || continue
		echo "$(anchor "$csv") $(meta date "$csv") $csv"
	done | LC_ALL=C sort -k 1,1 -k 2,2r |
		awk '!seen[$1]++ { sub(/^[^ ]* [^ ]* /, ""); print }')
summary "${csvs[@]}"
for csv in "${csvs[@]}"; do
	section "$csv"
done
echo '</body></html>'
