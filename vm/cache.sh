# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154 # cache_dir is of common.sh
#
# Shared by the scripts that make entries of the cache, after common.sh.  An entry has a key
# made of all that went into it, and its name when it is complete.

tmp=

cleanup_cache()
{
	stop_job
	[ -z "$tmp" ] || remove_tree "$tmp"
}

# remove_tree DIR - a copy of a tree may have folders that may not be written to
remove_tree()
{
	rm -rf "$1" 2>/dev/null || {
		chmod -R u+rwx "$1" 2>/dev/null || :
		rm -rf "$1"
	}
}

# one that has more to clean up has another
cleanup()
{
	cleanup_cache
}
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# take_lock SUBDIR KEY - of two runs that want the same, one waits for the other
take_lock()
{
	need_cache "$1"
	exec 9>"$cache_dir/$1/$2.lock"
	flock 9
}

# remove_abandoned SUBDIR - remove what a run that was killed has left: nobody has its lock
remove_abandoned()
{
	local left

	for left in "$cache_dir/$1"/tmp.*; do
		[ ! -d "$left" ] || ! flock -n "$left" true 2>/dev/null ||
			remove_tree "$left" 2>/dev/null || :
	done
}

# new_entry SUBDIR - make $tmp, for what is to be an entry when it is complete
new_entry()
{
	# until $tmp has its lock, nobody else looks for what is abandoned
	exec 4<"$cache_dir/$1"
	flock 4
	remove_abandoned "$1"
	tmp=$(mktemp -d "$cache_dir/$1/tmp.XXXXXX") ||
		die "$EXIT_USAGE" "cannot write to $cache_dir/$1: MEMCG_BPF_CACHE= moves the cache"
	exec 5<"$tmp"
	flock 5
	exec 4<&-
}

# keep_entry PATH - give $tmp its final name: nobody ever sees half of it
keep_entry()
{
	chmod 755 "$tmp"
	mv "$tmp" "$1"
	tmp=
	exec 5<&-
	touch "$1"
	remove_unused "${1%/*}" '*'
}

hash_input()
{
	sha256sum | cut -c 1-12
}
