#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: results.sh PATH-OF-MEMCG_BENCH
#        results.sh --measure PATH-OF-MEMCG_BENCH, in the virtual machine
#        results.sh --csv FILE...
#        results.sh --report
#
# Is the CSV as results/README.md says?  See whether the columns that are described
# there are those of the benchmarks, and whether the files in results/reference are
# such files, and make a page that needs no other; or measure a little with each
# benchmark and see to what that writes; or see to files that are there; or only make
# pages.  The output is KTAP.
#
# shellcheck disable=SC2016,SC2317 # sed and awk have dollars; check calls the functions

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
readme=$top_dir/results/README.md
benches="delay priority overhead attach inversion reclaim protect isolation"

# described NAME - the columns of NAME.csv in the README, as they are in its header
described()
{
	awk -v name="$1" -F ' *\\| *' '
		/^## / { here = $0 == "## " name ".csv" || $0 == "## In all of them" && name !~ /-timeline$/ }
		here && $2 ~ /^`[a-z0-9_]+`$/ {
			gsub(/`/, "", $2)
			printf "# %s %s: [%s] %s\n", $3, $2, $4, $5
		}' "$readme" | LC_ALL=C sort
}

# declared FILE - the columns in a header
declared()
{
	grep -E '^# (factor|column|result) ' "$1" | LC_ALL=C sort
}

# both NAME FILE - the README and the header say the same of NAME.csv
both()
{
	declared "$2" >"$work/declared"
	[ -s "$work/declared" ] &&
		diff -u --label "results/README.md" --label "header of $1.csv" \
			<(described "$1") "$work/declared"
}

# The headers that memcg_bench would write, as files.
headers()
{
	local bench

	for bench in $benches; do
		"$1" "$bench" --header >"$work/both" || return
		# one for each file, each of which begins with its name
		awk -v dir="$work" '/^# file: / { file = dir "/" $3 } { print >file }' "$work/both"
	done
	ls "$work"/*.csv
}

# well_formed FILE - what the README says of all files
well_formed()
{
	awk -F, '
	function bad(text) { print FILENAME ":" FNR ": " text; failed = 1 }
	function need(key) { if (!(key in meta)) bad("no line \"# " key ":\"") }

	/^# (factor|column|result) / {
		if (!match($0, /^# (factor|column|result) [a-z0-9_]+: \[[a-z%]*\] ./))
			bad("want # KIND NAME: [UNIT] TEXT")
		split($0, part, /[ :]+/)
		split($0, bracket, /[][]/)
		name[++nr] = part[3]
		kind[nr] = part[2]
		unit[nr] = bracket[2]
		if (header)
			bad("a column is declared after the header")
		next
	}
	/^#/ {
		if (!match($0, /^# [A-Za-z_0-9 ]+: /) && !match($0, /^# [A-Z_]+: *$/))
			bad("want # key: value")
		key = $0
		sub(/^# /, "", key)
		sub(/:.*/, "", key)
		if (header && key != "resumed" && key !~ /^kernel (un)?patched/)
			bad("only \"# resumed:\" and the next kernel may be among the rows")
		value = $0
		sub(/^[^:]*: */, "", value)
		meta[key] = meta[key] value
		next
	}
	!header {
		header = 1
		if (NF != nr)
			bad(NF " columns, and " nr " are declared")
		for (i = 1; i <= NF; i++) {
			at[$i] = i
			if ($i != name[i])
				bad("column " i " is " $i ", and " name[i] " is declared")
		}
		next
	}
	{
		rows++
		if (NF != nr) {
			bad(NF " cells, and " nr " columns")
			next
		}
		key = ""
		for (i = 1; i <= at["trial"]; i++)
			key = key $i ","
		if ("t_s" in at)
			key = key $at["t_s"]
		if (key in seen)
			bad("the same row as in line " seen[key])
		seen[key] = FNR
		ok = 1
		if ("status" in at) {
			ok = $at["status"] == "ok"
			if ($at["status"] !~ /^(ok|error|E[A-Z0-9]+)$/)
				bad("status is " $at["status"])
		}
		for (i = 1; i <= NF; i++) {
			if ($i ~ /[" \t\r]/)
				bad(name[i] ": blank or quote")
			if ((kind[i] == "factor" || i <= at["trial"]) && $i == "")
				bad(name[i] " is empty")
			if ((unit[i] != "" || kind[i] == "result") &&
			    $i !~ /^(-?[0-9]+(\.[0-9]+)?)?$/ && $i != "max")
				bad(name[i] ": \"" $i "\" is not a number")
			if (!ok && i > at["status"] && $i != "")
				bad(name[i] " has a value, and the trial has failed")
		}
	}
	END {
		split("file,bench,help,date,commit,kernel,cpu,cpus,memory,machine,accelerator,clocksource,TRIALS,SEED", keys, ",")
		for (i in keys)
			need(keys[i])
		if (meta["accelerator"] == "tcg" && meta["note"] !~ /emulated/)
			bad("no note says that the processor is emulated")
		if (!rows)
			bad("no rows")
		exit failed
	}' "$1"
}

# csv FILE
csv()
{
	local name

	name=$(basename "$1" .csv)
	well_formed "$1" && grep -qx "# file: $name.csv" "$1" && both "$name" "$1"
}

csvs()
{
	local file

	for file in "$@"; do
		check "${file#"$top_dir/"} is as described" csv "$file"
	done
}

# refuses WHAT SED-SCRIPT FILE - a file that is spoilt is not taken
refuses()
{
	local spoilt=$work/spoilt/${3##*/} status=0

	mkdir -p "$work/spoilt"
	sed -E -e "$2" "$3" >"$spoilt"
	cmp -s "$3" "$spoilt" && status=1
	csv "$spoilt" >"$work.log" 2>&1 && status=1
	result $status "$1 is noticed"
}

spoil()
{
	refuses "a column without a name" '/^# result psi_ms/d' "$1"
	refuses "a column in another unit" '/^# result psi_ms/s/\[ms\]/[us]/' "$1"
	refuses "a column described otherwise" '/^# column calls/s/often/seldom/' "$1"
	refuses "a column of no benchmark" '/^# column calls/s/calls/colds/; /^over_/s/,calls,/,colds,/' "$1"
	refuses "a row that is short" '$s/,[^,]*$//' "$1"
	refuses "a row that is there twice" '$p' "$1"
	refuses "a word for a number" '$s/[^,]*$/many/' "$1"
	refuses "a status of its own" '$s/,ok,/,fine,/' "$1"
	refuses "a value of a trial that failed" '$s/,ok,/,ECHILD,/' "$1"
	refuses "a kernel that is not named" '/^# kernel: /d' "$1"
	! grep -q '^# accelerator: tcg' "$1" ||
		refuses "an emulation that is not told" '/^# note: .*emulated/d' "$1"
}

# The least that has all columns, and a row for each kind of trial.
measure()
{
	local bench=$1 dir=$work/results

	"$bench" delay --over-high-ms=0,20 --trials=2 --results-dir="$dir" &&
	"$bench" priority --pair=over_high --passes=1 --file-size=4M --trials=1 \
		--results-dir="$dir" &&
	"$bench" overhead --ops=none,all --repeat=1 --region=16M --pipes=10 --trials=1 \
		--results-dir="$dir" &&
	"$bench" attach --descendants=1 --depth=1 --trials=1 --results-dir="$dir" &&
	"$bench" inversion --over-high-ms=20 --rounds=1 --trials=1 --results-dir="$dir" &&
	"$bench" reclaim --workload=file --strategy=none,bpf --size=16M --max=8M --threshold=4M \
		--trials=1 --results-dir="$dir" &&
	"$bench" protect --strategy=bpf,poll_10ms,psi --activity=bursts --duration-ms=1000 \
		--trials=1 --results-dir="$dir" &&
	SCALE=5 SPEED=100 "$bench" isolation --strategy=no_isolation,bpf --trials=1 \
		--results-dir="$dir"
}

# All there is can be drawn, and the page of it has all and needs nothing else.
report()
{
	local page=$work/report/report.html file bench experiment

	cp -r "$top_dir/results/reference" "$work/report" &&
		make -s -C "$top_dir" report RESULTS="$work/report" || return
	for file in "$work"/report/*/*.csv; do
		bench=$(sed -n 's/^# bench: //p' "$file")
		experiment=$(sed -n 's/^# EXPERIMENT: //p' "$file")
		[ -s "${file%.csv}.svg" ] && [ -s "${file%.csv}.png" ] &&
			grep -q "<h2 id=\"$bench${experiment:+-$experiment}\">" "$page" &&
			grep -q "make bench BENCH=$bench .*${experiment:+EXPERIMENT=$experiment }" "$page" &&
			grep -q "<img alt=\"$(basename "$file" .csv):" "$page" && continue
		echo "not drawn, or not on the page: $file"
		return 1
	done
	! grep -n -o -E '(src|href)="[^#d][^"]{,80}|@import|url\(' "$page"
}

# With a decimal comma, in sentences, tables and figures all is as in C.
report_in_german()
{
	cp -r "$top_dir/results/reference" "$work/c" &&
		cp -r "$top_dir/results/reference" "$work/german" &&
		LC_ALL=C make -s -C "$top_dir" report RESULTS="$work/c" &&
		LC_ALL=de_DE.UTF-8 make -s -C "$top_dir" report RESULTS="$work/german" &&
		LC_ALL=C cmp "$work/c/report.html" "$work/german/report.html"
}

# on_page BENCH PATTERN... - the section of a benchmark has lines that match
on_page()
{
	local bench=$1 pattern

	for pattern in "${@:2}"; do
		awk -v id="^<h2 id=\"$bench\">" '/^<h2 id=/ { here = $0 ~ id } here' "$page" |
			grep -q -E -e "$pattern" && continue
		echo "want '$pattern' in the section $bench of $page"
		return 1
	done
}

# What cannot be shown is told, and stops nothing else.
report_of_bad_results()
{
	local dir=$work/bad page=$work/bad/report.html

	mkdir "$dir" &&
		cp -r "$top_dir"/results/reference/{attach,delay,overhead,priority}-* "$dir" &&
		cp -r "$top_dir"/results/reference/isolation-20261125T001910 "$dir" || return
	# figures of what was there before are not those of what is there now
	make -s -C "$top_dir" plots RESULTS="$dir" >/dev/null && sleep 0.1 || return

	sed -i -E '/^[0-9]/s/,ok,.*/,ECHILD,,,,,,,,/' "$dir"/attach-*/attach.csv
	truncate -s -20 "$dir"/overhead-*/overhead.csv
	truncate -s 60 "$dir"/priority-*/priority.csv
	truncate -s -5 "$dir"/isolation-*/isolation-timeline.csv
	expect 2 'attach.csv: every trial failed' \
		make -s -C "$top_dir" report RESULTS="$dir" || return
	on_page delay 'Findings' '<img alt="delay:' '<td>' &&
	on_page isolation-B3 'Findings' '<img alt="isolation:' '<td>' \
		'isolation-timeline: there is no figure.*last row is not complete' &&
	on_page attach 'attach.csv: every trial failed: ECHILD in 40 rows' 'make bench BENCH=attach' &&
	on_page overhead 'overhead.csv: the last row is not complete' 'make bench BENCH=overhead' &&
	on_page 'priority-priority-[0-9T]*' 'priority.csv:3: no header' || return
	! grep -E '<img alt="(attach|overhead|priority|isolation-timeline):' "$page" &&
	grep -q '^</body></html>$' "$page"
}

# A later shard does not take the place of a whole run, but is better than none.
report_of_shards()
{
	local dir=$work/shards page=$work/shards/report.html

	mkdir -p "$dir/part" && cp -r "$top_dir"/results/reference/delay-* "$dir/whole" &&
		sed -e 's/^# date: .*/# date: 2099-01-01T00:00:00Z/' -e 's,^# SEED: .*,&\n# SHARD: 2/2,' \
			"$dir/whole/delay.csv" >"$dir/part/delay.csv" &&
		make -s -C "$top_dir" report RESULTS="$dir" || return
	! grep -q -e '2099-' -e 'SHARD' "$page" && on_page delay 'Findings' 'make bench BENCH=delay' &&
	rm -r "$dir/whole" && make -s -C "$top_dir" report RESULTS="$dir" &&
	on_page delay 'make bench BENCH=delay .*SHARD=2/2' &&
	expect 2 "^RESULTS=$dir/part is the folder of one run" \
		make -s -C "$top_dir" report RESULTS="$dir/part" && [ ! -e "$dir/part/report.html" ]
}

pages()
{
	local name="the reference results make a page that needs no other"
	local german="the page is the same with a decimal comma"
	local shards="a page of a whole run, and not of a shard"
	local bad="results that are not there or cut short do not stop the others"

	if [ ${#reference[@]} -eq 0 ]; then
		skip "$name" "there are none: make bench RESULTS=results/reference"
		return
	fi
	check "$name" report
	if make_german; then
		check "$german" report_in_german
	else
		skip "$german" "no locale de_DE.UTF-8: apt-get install locales"
	fi
	check "$bad" report_of_bad_results
	check "$shards" report_of_shards
}

shopt -s nullglob
reference=("$top_dir"/results/reference/*/*.csv)
echo "TAP version 13"
case ${1-} in
--csv)
	csvs "${@:2}"
	;;
--report)
	pages
	;;
--measure)
	check "each benchmark measures" measure "${2:?path of memcg_bench}"
	for name in $benches isolation-timeline; do
		csvs "$work/results/$name.csv"
	done
	spoil "$work/results/delay.csv"
	;;
*)
	check "each benchmark prints its header" headers "${1:?path of memcg_bench}"
	for name in $benches isolation-timeline; do
		check "columns of $name.csv are described" both "$name" "$work/$name.csv"
	done
	csvs "${reference[@]}"
	pages
	;;
esac
echo "1..$test_nr"
exit $failed
