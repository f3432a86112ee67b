# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2317
#
# replay in cgroups with a memory controller: what it reports of them is so, and it
# is there to report when its process is killed.  All in
#
#   memcg_bpf.replay	memory.swap.max = 0; a limit, in some tests
#   |-- a		one replay
#   `-- b		another, in one test

replay=$tools/replay
parent=/sys/fs/cgroup/memcg_bpf.replay
MB=1000000

# setup - the cgroups, until the end of the test
setup()
{
	[ "$(id -u)" -eq 0 ] || skip_test "not root: run with sudo"
	grep -q -w memory /sys/fs/cgroup/cgroup.controllers 2>/dev/null ||
		skip_test "no memory controller on cgroup v2 at /sys/fs/cgroup"
	trap cleanup EXIT
	echo +memory >/sys/fs/cgroup/cgroup.subtree_control
	mkdir $parent
	echo +memory >$parent/cgroup.subtree_control
	[ ! -e $parent/memory.swap.max ] || echo 0 >$parent/memory.swap.max
	mkdir $parent/a $parent/b
}

# Whatever a test that failed has left: it may take its time to be gone.
cleanup()
{
	local i

	echo 1 >$parent/cgroup.kill
	for ((i = 0; i < 100; i++)); do
		! rmdir $parent/a/* $parent/* $parent 2>/dev/null || return 0
		[ -e $parent ] || return 0
		sleep 0.1
	done
	die "$parent is still in use"
}

# up to 200 MB and down again, in 4 s
make_trace()
{
	printf '0,%d\n1,%d\n2,%d\n3,%d\n4,%d\n' $((20 * MB)) $((120 * MB)) \
		$((200 * MB)) $((40 * MB)) $((60 * MB)) >t.csv
}

# Kernel memory and per-CPU batches are charged, too: 2 % and 2 MB are for these.
test_memory_current_follows_the_trace()
{
	setup
	make_trace
	expect_status 0 "$replay" --csv --speed=2 --base=30MB --cgroup=$parent/a t.csv
	echo "off by $(csv tracking_median_bytes) bytes in the median, $(csv tracking_max_bytes) at most"
	expect_number "tracking" "$(csv tracking_max_bytes) < 0.02 * 230 * $MB + 2 * $MB"
	expect_number "peak" "$(csv memory_peak_bytes) >= 230 * $MB"
	expect_number "peak" "$(csv memory_peak_bytes) < 1.02 * 230 * $MB + 2 * $MB"
	expect_eq stall 0.000000 "$(csv stall_seconds)"
	expect_eq events 0,0,0 "$(csv events_high),$(csv events_max),$(csv events_oom_kill)"
}

test_oom_kill_is_a_result()
{
	setup
	make_trace
	echo $((100 * MB)) >$parent/a/memory.max
	expect_status 137 "$replay" --csv --speed=2 --cgroup=$parent/a t.csv
	echo "killed after $(csv samples) samples, with $(csv bytes) bytes"
	expect_eq outcome oom_killed "$(csv outcome)"
	expect_eq samples 1 "$(csv samples)"
	expect_number "position" "$(csv bytes) > 90 * $MB && $(csv bytes) <= 100 * $MB"
	expect_eq events_oom_kill 1 "$(csv events_oom_kill)"
	expect_eq events_oom_kill "$(awk '/^oom_kill / { print $2 }' $parent/a/memory.events)" \
		"$(csv events_oom_kill)"
}

test_oom_kill_before_the_start()
{
	setup
	make_trace
	echo $((100 * MB)) >$parent/a/memory.max
	expect_status 137 "$replay" --csv --base=120MB --cgroup=$parent/a t.csv
	expect_eq outcome oom_killed "$(csv outcome)"
	expect_eq samples 0 "$(csv samples)"
	expect_eq seconds 0.000000 "$(csv seconds)"
}

# Two that do not fit: the one is killed, and the other can go on.
test_of_two_one_is_oom_killed()
{
	local pid status=0 other=0

	setup
	printf '0,%d\n2,%d\n6,%d\n' $((20 * MB)) $((150 * MB)) $((150 * MB)) >t.csv
	echo $((200 * MB)) >$parent/memory.max
	"$replay" --csv --cgroup=$parent/b t.csv >stdout.b 2>&1 &
	pid=$!
	"$replay" --csv --cgroup=$parent/a t.csv >stdout || status=$?
	wait $pid || other=$?
	expect_eq "sum of the exit statuses" 137 $((status + other))
	[ $status -eq 137 ] || cp stdout.b stdout
	expect_eq outcome oom_killed "$(csv outcome)"
	expect_number "position" "$(csv samples) < 3"
}

# memory.high delays it, and nothing makes it smaller
test_throttling_is_seen()
{
	setup
	make_trace
	echo $((60 * MB)) >$parent/a/memory.high
	expect_status 124 "$replay" --csv --speed=2 --timeout=6 --cgroup=$parent/a t.csv
	echo "stalled for $(csv stall_seconds) s, $(csv events_high) times over high, at $(csv bytes) bytes"
	expect_eq outcome timed_out "$(csv outcome)"
	expect_number "stall" "$(csv stall_seconds) > 1"
	expect_number "events" "$(csv events_high) > 0"
	expect_number "position" "$(csv bytes) > 60 * $MB && $(csv bytes) < 120 * $MB"
	expect_eq "processes left" '' "$(cat $parent/a/cgroup.procs)"
}

# Page cache is charged as well, and under a limit it is taken away.
test_page_cache_follows_the_trace()
{
	setup
	make_trace
	expect_status 0 "$replay" --csv --speed=1 --file=/var/tmp/replay.data \
		--cgroup=$parent/a t.csv
	echo "off by $(csv tracking_max_bytes) bytes at most"
	# buffer heads and the like are charged, too
	expect_number "tracking" "$(csv tracking_max_bytes) < 0.1 * 200 * $MB + 2 * $MB"
	expect_number "peak" "$(csv memory_peak_bytes) >= 200 * $MB"

	echo $((100 * MB)) >$parent/b/memory.max
	expect_status 0 "$replay" --csv --speed=1 --file=/var/tmp/replay.data \
		--cgroup=$parent/b t.csv
	echo "off by $(csv tracking_max_bytes) bytes at most, $(csv events_max) times at max"
	expect_eq outcome completed "$(csv outcome)"
	expect_number "tracking" "$(csv tracking_max_bytes) > 90 * $MB"
	expect_number "events" "$(csv events_max) > 0"
}

test_cgroup_without_memory_controller()
{
	setup
	make_trace
	mkdir $parent/a/inner
	expect_status 2 "$replay" --cgroup=$parent/a/inner t.csv
	expect_error 'memory controller is off.*; '
}
