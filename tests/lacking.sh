#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2016,SC2317 # inner shells expand; the functions are called by name
#
# usage: lacking.sh FOLDER-OF-THE-TEST-PROGRAMS
#
# What the surroundings lack is a skip of all tests, which says what it is and what to do.
# For the guest, as root.  The output is KTAP.
#
# Each test first changes its surroundings, in a mount namespace of its own, and then asks
# programs.  Most ask one test, since all of them ask the same function.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"
programs=$(realpath "${1:?folder of the test programs}")
cgroups=/sys/fs/cgroup
one=("$programs/attach" -t lasts_as_long_as_its_link)
cached=("$programs/reclaim" -t is_counted)

# skips PATTERN COMMAND [ARG...] - the program has nothing but skips, and each says so
skips()
{
	local pattern=$1 out status=0

	shift
	out=$("$@" 2>&1 </dev/null) || status=$?
	echo "$out"
	[ "$status" -eq 4 ] || { echo "want exit status 4, got $status of: $*"; return 1; }
	if ! grep -q '^ok ' <<<"$out" || grep '^not ok' <<<"$out" ||
	   grep '^ok ' <<<"$out" | grep -v -E -e "# SKIP .*($pattern)"; then
		echo "want only skips with '$pattern' of: $*"
		return 1
	fi
}

# passes COMMAND [ARG...]
passes()
{
	expect 0 '^# Totals: pass:[1-9][0-9]* fail:0 .* skip:0 ' "$@"
}

# apart COMMAND [ARG...] - in a mount namespace of its own
apart()
{
	unshare -m "$@"
}

# contained FOLDER COMMAND [ARG...] - as in a container: in a cgroup namespace whose root is
# that cgroup, and with only that mounted
contained()
{
	local cgroup=$cgroups/$1

	shift
	sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$cgroup" unshare -C -m \
		sh -c 'umount "$0" && mount -t cgroup2 none "$0" && exec "$@"' "$cgroups" "$@"
}

# in_cgroup FOLDER COMMAND [ARG...]
in_cgroup()
{
	sh -c 'echo $$ >"$1/cgroup.procs"; shift; exec "$@"' sh "$cgroups/$1" "${@:2}"
}

# without CAPABILITY COMMAND [ARG...]
without()
{
	setpriv --bounding-set "-$1" --inh-caps "-$1" -- "${@:2}"
}

# limited OPTION-OF-ULIMIT COMMAND [ARG...]
limited()
{
	bash -c 'ulimit $0 && exec "$@"' "$@"
}

### cgroups

# The namespace alone does not matter to links that name their cgroup by a descriptor.
namespace_of_its_own()
{
	mkdir "$cgroups/apart"
	passes in_cgroup apart unshare -C "${one[@]}"
}

container_without_the_controller()
{
	mkdir "$cgroups/apart"
	skips "no memory controller: write \+memory to cgroup.subtree_control" contained apart "${one[@]}"
}

container_with_processes_in_its_root()
{
	echo +memory >"$cgroups/cgroup.subtree_control" && mkdir "$cgroups/apart" &&
		skips "has processes of its own: move them to a child" contained apart "${one[@]}"
}

container_that_is_delegated()
{
	echo +memory >"$cgroups/cgroup.subtree_control" && mkdir -p "$cgroups/apart/init" &&
		passes contained apart sh -c 'echo $$ >"$0/init/cgroup.procs"; exec "$@"' "$cgroups" "${one[@]}"
}

read_only_cgroups()
{
	skips "$cgroups is read-only: mount -o remount,rw" apart sh -c \
		'mount -o remount,ro,bind "$0" && exec "$@"' "$cgroups" "${one[@]}"
}

subtree_control_is_not_writable()
{
	skips "cannot write to its cgroup.subtree_control" apart sh -c \
		'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"' \
		"$cgroups/cgroup.subtree_control" "${one[@]}"
}

few_descendants()
{
	echo 20 >"$cgroups/cgroup.max.descendants" || return
	skips "write max to cgroup.max.descendants" "${one[@]}"
}

few_levels()
{
	echo 3 >"$cgroups/cgroup.max.depth" || return
	skips "write max to .*cgroup.max.depth" "${one[@]}"
}

little_memory_for_the_suite()
{
	echo +memory >"$cgroups/cgroup.subtree_control" && mkdir "$cgroups/apart" &&
		echo 32M >"$cgroups/apart/memory.max" &&
		skips "memory.max of $cgroups/apart is less than 64M: raise it" \
			in_cgroup apart "${one[@]}"
}

few_processes()
{
	echo +pids >"$cgroups/cgroup.subtree_control" && mkdir "$cgroups/apart" &&
		echo 20 >"$cgroups/apart/pids.max" &&
		skips "pids.max of $cgroups/apart leaves less" in_cgroup apart "${one[@]}"
}

little_free_memory()
{
	CG_LIMIT=1000G skips "MiB of memory are free, and 1024000 are needed: .*CG_LIMIT" "${one[@]}"
}

### rights

no_capability()
{
	local cap

	for cap in sys_admin bpf perfmon; do
		skips "no CAP_${cap^^}, to .*: run as root" without "$cap" "${one[@]}" || return
	done
}

kernel_log_is_not_there()
{
	mkdir "$work/dev" && cp -a /dev/null /dev/zero /dev/urandom "$work/dev" &&
		skips "cannot read /dev/kmsg, .*No such file" apart sh -c \
			'mount --bind "$0" /dev && exec "$@"' "$work/dev" "${one[@]}"
}

kernel_log_is_not_permitted()
{
	echo 1 >/proc/sys/kernel/dmesg_restrict || return
	skips "cannot read /dev/kmsg, .*not permitted" without syslog "${one[@]}"
}

# Root raises them, if it may.
resource_limits()
{
	passes limited "-n 32" "${one[@]}" &&
		skips "limit of open files .*: ulimit -n 1024" \
			limited "-n 64" setpriv --bounding-set -sys_resource \
			--inh-caps -sys_resource -- "${one[@]}" &&
		skips "limit of virtual memory .*: ulimit -v unlimited" \
			limited "-v 200000" setpriv --bounding-set -sys_resource \
			--inh-caps -sys_resource -- "${one[@]}"
}

### the scratch directory

no_scratch_directory()
{
	SCRATCH_DIR=/run/nowhere skips "cannot make a directory in /run/nowhere: .*set SCRATCH_DIR" \
		"${one[@]}" || return
	mkdir "$work/small" && mount -t tmpfs -o ro none "$work/small" &&
		SCRATCH_DIR=$work/small skips "Read-only file system; set SCRATCH_DIR" "${one[@]}"
}

# What needs no page cache runs there all the same.
scratch_is_no_disk()
{
	local dir

	for dir in /tmp "$VM_OUTPUT"; do
		SCRATCH_DIR=$dir passes "${one[@]}" &&
			SCRATCH_DIR=$dir skips "$dir is on (tmpfs|9p), .*set SCRATCH_DIR" "${cached[@]}" ||
			return
	done
}

scratch_is_full()
{
	local free

	free=$(df --output=avail -B 1M /var/tmp | tail -n 1)
	fallocate -l $((free - 200))M /var/tmp/full || return
	SCRATCH_DIR=/var/tmp skips "less than 256M are free in /var/tmp: " "${cached[@]}"
}

# test_of FUNCTION - and undo what it has changed
test_of()
{
	check "lacking.$1" "$1"
	umount "$work/small" 2>/dev/null
	rm -rf "${work:?}"/* /var/tmp/full
	echo max >"$cgroups/cgroup.max.descendants"
	echo max >"$cgroups/cgroup.max.depth"
	echo 0 >/proc/sys/kernel/dmesg_restrict
	find "$cgroups" -mindepth 1 -depth -type d -exec rmdir {} \;
	enabled=$(cat "$cgroups/cgroup.subtree_control")
	[ -z "$enabled" ] || echo "-${enabled// / -}" >"$cgroups/cgroup.subtree_control"
}

test_of namespace_of_its_own
test_of container_without_the_controller
test_of container_with_processes_in_its_root
test_of container_that_is_delegated
test_of read_only_cgroups
test_of subtree_control_is_not_writable
test_of few_descendants
test_of few_levels
test_of little_memory_for_the_suite
if grep -q -w pids "$cgroups/cgroup.controllers"; then
	test_of few_processes
else
	skip lacking.few_processes "no pids controller in this kernel: CONFIG_CGROUP_PIDS=y"
fi
test_of little_free_memory
test_of no_capability
test_of kernel_log_is_not_there
test_of kernel_log_is_not_permitted
test_of resource_limits
test_of no_scratch_directory
test_of scratch_is_no_disk
test_of scratch_is_full
exit $failed
