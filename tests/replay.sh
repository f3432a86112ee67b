# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2317
#
# replay, where it needs no cgroup.  What it says is compared with what the kernel
# says of its process, or with what follows from the trace.

replay=$tools/replay

# wait_for COMMAND... - until it succeeds, for 30 s
wait_for()
{
	local i

	for ((i = 0; i < 300; i++)); do
		! "$@" || return 0
		sleep 0.1
	done
	die "timeout: $*"
}

# start ARG... - a replay in the background; its process is $child
start()
{
	"$replay" "$@" >stdout 2>stderr &
	parent=$!
	child=
	# shellcheck disable=SC2086 # or there is none yet
	trap 'kill -KILL $parent $child 2>/dev/null || :' EXIT
	wait_for pgrep -P $parent >/dev/null
	child=$(pgrep -P $parent)
}

# resident PID MAX - bytes of the mapping of MAX bytes
resident()
{
	awk -v max="$2" '
		/^[0-9a-f]+-[0-9a-f]+ / { found = 0 }
		/^Size:/ { found = $2 * 1024 == max }
		/^Rss:/ && found { print $2 * 1024 }' "/proc/$1/smaps"
}

is_resident()
{
	[ "$(resident "$1" "$2")" = "$3" ]
}

gone()
{
	! kill -0 "$1" 2>/dev/null
}

# ended STATUS - the replay has, with that status, and its process, too
ended()
{
	local got=0

	wait "$parent" 2>/dev/null || got=$?
	expect_eq "exit status" "$1" $got
	wait_for gone "$child"
}

# as a process sees it from outside, while the replay stays at its last sample
test_grows_and_shrinks_to_the_page()
{
	local peak=$((1000 * page)) end=$((16 * page + 1))

	printf '0,1\n1,%d\n3,%d\n4,%d\n100,%d\n' $peak $peak $end $end >t.csv
	start t.csv
	wait_for is_resident "$child" $peak $peak
	wait_for is_resident "$child" $peak $((17 * page))
	kill "$parent"
	ended 143
}

test_base_is_on_top()
{
	printf '0,%d\n100,%d\n' $((10 * page)) $((10 * page)) >t.csv
	start --base=1MiB t.csv
	wait_for is_resident "$child" $((10 * page + 1048576)) $((10 * page + 1048576))
	kill "$parent"
	ended 143
}

# expect_pages TRACE BASE - each sample was reached, and no page in vain
expect_pages()
{
	local grown freed

	read -r grown freed < <(pages "$1" "$2")
	expect_eq outcome completed "$(csv outcome)"
	expect_eq samples "$(grep -c '^[0-9]' "$1")" "$(csv samples)"
	expect_eq pages_grown "$grown" "$(csv pages_grown)"
	expect_eq pages_freed "$freed" "$(csv pages_freed)"
}

test_follows_every_sample()
{
	local name peak

	for name in dask-11628 faker-1520 github3.py-673; do
		cp "$top/traces/$name.csv" t.csv
		expect_status 0 "$replay" --csv --speed=100 --base=100MB t.csv
		expect_pages t.csv 100000000
		echo "$name at speed 100: $(csv seconds) s, ideal $(csv ideal_seconds), late p99 $(csv late_p99_seconds) s, CPU time $(csv cpu_seconds) s"
		# not before the schedule, and all of the lateness is counted
		expect_number "$name" "$(csv seconds) >= $(csv ideal_seconds)"
		expect_number "$name" "$(csv late_max_seconds) >= $(csv seconds) - $(csv ideal_seconds) - 0.0001"
		# what the kernel says that was resident, with the program itself
		peak=$(grep '^[0-9]' t.csv | cut -d, -f2 | sort -n | tail -n 1)
		expect_number "$name" "$(csv rss_peak_bytes) >= $peak + 100000000"
		expect_number "$name" "$(csv rss_peak_bytes) < $peak + 108000000"
	done
}

# the fastest there is, and what it costs, for people to read
test_largest_trace()
{
	local need

	need=$((1862000000 / 1024))
	[ "$(awk '/^MemAvailable:/ { print $2 }' /proc/meminfo)" -gt $((need * 3 / 2)) ] ||
		skip_test "less than 2.8 GB of memory to spare"
	expect_status 0 "$replay" --csv --calibrate --speed=100 \
		"$top/traces/pre-commit-2524.csv"
	expect_pages "$top/traces/pre-commit-2524.csv" 0
	echo "late p99 $(csv late_p99_seconds) s, CPU time $(csv cpu_seconds) s, $(csv pages_per_second) pages/s; limits: touching $(csv limit_touch_pages_per_second), populating $(csv limit_populate_pages_per_second)"
	expect_number "calibrated" "$(csv limit_touch_pages_per_second) > 0"
}

# A process that stands still for a second is that late, and reaches all samples.
test_lateness_is_seen()
{
	printf '0,1000000\n1,2000000\n1.5,1000000\n4,3000000\n' >t.csv
	start --csv t.csv
	sleep 0.5
	kill -STOP "$child"
	sleep 2
	kill -CONT "$child"
	ended 0
	expect_pages t.csv 0
	expect_number "late" "$(csv late_max_seconds) > 1"
	expect_number "in time at the end" "$(csv seconds) < 4 + $(csv late_max_seconds)"
}

test_signals()
{
	local signal

	for signal in HUP INT TERM; do
		printf '0,1000000\n100,2000000\n' >t.csv
		start --csv t.csv
		sleep 0.2
		kill -$signal "$parent"
		ended $((128 + $(kill -l $signal)))
		expect_eq outcome interrupted "$(csv outcome)"
		expect_number "partial" "$(csv samples) < 2"
	done
}

test_timeout()
{
	printf '0,1000000\n100,2000000\n' >t.csv
	expect_status 124 "$replay" --csv --timeout=0.5 t.csv
	expect_eq outcome timed_out "$(csv outcome)"
	expect_eq samples 1 "$(csv samples)"
	expect_number "in time" "$(csv seconds) >= 0.4"
}

# a SIGKILL that is nobody's OOM
test_killed_process_is_reported()
{
	printf '0,1000000\n100,2000000\n' >t.csv
	start --csv t.csv
	sleep 0.5
	kill -KILL "$child"
	ended 137
	expect_eq outcome killed "$(csv outcome)"
	expect_eq samples 1 "$(csv samples)"
}

test_process_dies_with_its_parent()
{
	printf '0,1000000\n100,2000000\n' >t.csv
	start t.csv
	kill -KILL "$parent"
	ended 137
}

test_file_backed()
{
	local fs

	fs=$(stat -f -c %T .)
	[ "$fs" != tmpfs ] || skip_test "$PWD is on tmpfs; set TMPDIR to a directory on a disk"
	cp "$top/traces/dask-11628.csv" t.csv
	expect_status 0 "$replay" --csv --speed=100 --file=data t.csv
	expect_pages t.csv 0
	expect_eq memory file "$(csv memory)"
	[ ! -e data ] || die "the file is still there"
}

test_existing_file_is_left_alone()
{
	printf '0,1000000\n1,2000000\n' >t.csv
	echo precious >data
	expect_status 2 "$replay" --file=data t.csv
	expect_error '^--file=data: .*exists; '
	expect_eq data precious "$(cat data)"
}

test_bad_options()
{
	local option

	printf '0,1000000\n1,2000000\n' >t.csv
	for option in --speed=0 --speed=-1 --speed=nan --speed=x --speed=1x --base=5 \
		--base=-1MB --base=17TiB --base=1MBx --timeout=-1 --no-such-option; do
		expect_status 2 "$replay" "$option" t.csv
		head -n 1 stderr | grep -q -e "${option%%=*}" || die "$option: $(cat stderr)"
	done
	expect_status 2 "$replay"
	expect_status 2 "$replay" t.csv t.csv
	expect_status 2 "$replay" --cgroup=missing t.csv
	expect_error '^missing: .*No such file.*; '
	expect_status 2 "$replay" --file=missing/data t.csv
	expect_error '^--file=missing/data: .*No such file.*; '
	expect_status 2 "$replay" --base=16TiB t.csv
	expect_error '^t\.csv: needs .*; '
}
