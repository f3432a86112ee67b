#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: apply.sh SERIES KSRC [REPORT]
#
# Apply the series in the mbox SERIES to a copy of the kernel tree KSRC, which is never
# written to, and print the path of a folder in the cache:
#
#   tree	the tree with the series
#   base	where KSRC is a git tree: the commit that it was applied to
#   mails	the patches, as mbox.py writes them
#   applied	a line for each: applied, merged or present; the commit that it is, or -;
#		and its subject
#   states	a folder for each: the files that the series touches, as they are then
#   notes	what is to be told besides
#
# In a git tree that is `git am -3`, on the base-commit that the series names, if the tree
# has it, else on HEAD.  Elsewhere it is `patch`, without fuzz.  A patch that the tree has
# already is present, and left out.
#
# If a patch does not apply, REPORT gets what its hunks want there, or else stderr does.
#
# Exit status: 0, or 2 with a line that says why not, and nothing new in the cache.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"
. "$vm_dir/cache.sh"

work=
cleanup()
{
	[ -z "$work" ] || remove_tree "$work"
	cleanup_cache
}

[ $# -eq 2 ] || [ $# -eq 3 ] || die "$EXIT_USAGE" "want SERIES and KSRC; see apply.sh --help"
series=$1
tree=$(realpath "$2")
report=${3:-/dev/stderr}
[ -d "$tree" ] || die "$EXIT_USAGE" "KSRC=$2: no such folder"

# git_tree ARG... - git in the tree, which is only read
git_tree()
{
	git --no-optional-locks -C "$tree" "$@"
}

# own_git ARG... - git elsewhere: what the user has configured, such as hooks, filters and
# ends of lines, is for other trees
own_git()
{
	env -u GIT_CONFIG_GLOBAL -u GIT_CONFIG_COUNT -u GIT_CONFIG_PARAMETERS -u GIT_TEMPLATE_DIR \
		GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1 HOME="$work" XDG_CONFIG_HOME="$work" \
		GIT_COMMITTER_NAME=review GIT_COMMITTER_EMAIL=review@localhost git -c gc.auto=0 "$@"
}

# A tree may be below a repository that it is not of.
is_git()
{
	[ -e "$tree/.git" ] || return
	git_tree rev-parse -q --verify 'HEAD^{commit}' >"$work/head" 2>"$work/error" ||
		die "$EXIT_USAGE" "KSRC=$tree: git cannot read it: $(head -n 1 "$work/error")$(sed -n \
			's/^[[:blank:]]*\(git config .*\)/; allow it with: \1/p' "$work/error")"
}

# subject MAIL
subject()
{
	sed -n '/^Subject: /{s///p;q}' "$1"
}

refuse()
{
	die "$EXIT_USAGE" "SERIES=$series $*"
}

# copy_touched FROM TO - those files of a tree that the series touches
copy_touched()
{
	local file

	mkdir -p "$2"
	while IFS= read -r file; do
		if [ -e "$1/$file" ] || [ -L "$1/$file" ]; then
			(cd "$1" && cp -a --parents -t "$2" -- "$file" && chmod -R u+w "$2")
		fi
	done <"$work/files"
}

# try_patch DIR MAIL [OPTION...] - by patch, without fuzz; its words are in $work/log.  What
# stands around the diff in a mail may look like a part of it.
try_patch()
{
	own_git -C "$work" mailinfo "$work/message" "$work/diff" <"$2" >/dev/null 2>&1
	rm -f "$work/rejected"
	patch -d "$1" -p1 -F0 -f --no-backup-if-mismatch -r "$work/rejected" "${@:3}" \
		<"$work/diff" >"$work/log" 2>&1
}

# is_in DIR - is the whole series in that tree?  The files that it touches become those
# without it.
is_in()
{
	local mail mails=("$tmp"/mails/*.mail) i

	for ((i = ${#mails[@]} - 1; i >= 0; i--)); do
		mail=${mails[i]}
		try_patch "$1" "$mail" -R || return
	done
}

# tell_hunks NUMBER MAIL DIR [FILE...] - add to the report what a patch wants, and print the
# summary
tell_hunks()
{
	local number=$1 mail=$2 summary

	"$ci_dir/hunks.py" "${@:3:1}" "$mail" "${@:4}" >"$work/hunks" || :
	if [ ! -s "$work/hunks" ]; then
		# as for a binary file
		{ grep -v -e '^hint:' -e '^Applying:' "$work/log" || cat "$work/log"; } >"$work/hunks"
		sed -i 's/^error: //' "$work/hunks"
	fi
	summary=$(head -n 1 "$work/hunks")
	{
		fmt -w 72 <<<"Patch $number of $count does not apply: $(subject "$mail")"
		tail -n +2 "$work/hunks"
		echo
	} >>"$work/report"
	echo "$summary"
}

# stopped WHERE SUBJECT-AND-SUMMARY - it does not apply
stopped()
{
	cat "$work/report" >"$report"
	refuse "does not apply to $1: $2$([ "$report" = /dev/stderr ] || echo "; what it wants there: $report")"
}

# note STATE COMMIT MAIL
note()
{
	printf '%s\t%s\t%s\n' "$1" "$2" "$(subject "$3")" >>"$tmp/applied"
}

# patch_all DIR - apply what can be; print a line for each that does not apply
patch_all()
{
	local mail number=0

	: >"$tmp/applied"
	for mail in "$tmp"/mails/*.mail; do
		number=$((number + 1))
		cp -a "$1" "$work/before"
		if try_patch "$1" "$mail"; then
			note applied - "$mail"
		else
			rm -rf "$work/after"
			cp -a "$work/before" "$work/after"
			if try_patch "$work/after" "$mail" -R; then
				rm -rf "$1"
				cp -a "$work/before" "$1"
				note present - "$mail"
			else
				echo "patch $number of $count, \"$(subject "$mail")\": $(tell_hunks $number "$mail" "$work/before")"
			fi
		fi
		rm -rf "$work/before" "$work/after"
		cp -a "$1" "$tmp/states/$number"
	done
}

# apply_patches - to a copy of a tree that is not of git, when those files that it touches
# have shown that it applies
apply_patches()
{
	local mail number=0 failed

	copy_touched "$tree" "$work/touched"
	patch_all "$work/touched" >"$work/failed"
	if [ -s "$work/failed" ]; then
		copy_touched "$tree" "$work/again"
		! is_in "$work/again" || refuse "is in $tree already"
		failed=$(wc -l <"$work/failed")
		[ "$failed" -eq 1 ] || {
			printf 'The patches after the first of these were applied to a tree without its\nhunks.\n\n'
		} >>"$work/report"
		stopped "$tree" "$(head -n 1 "$work/failed")$([ "$failed" -eq 1 ] ||
			echo "; and $((failed - 1)) more patches")"
	fi
	grep -q -v '^present' "$tmp/applied" || refuse "is in $tree already"
	say "copying $tree"
	run_job cp -a --reflink=auto "$tree" "$tmp/tree" ||
		die "$EXIT_USAGE" "cannot copy $tree to $cache_dir/review: it takes 2 GiB of disk space; MEMCG_BPF_CACHE= moves the cache"
	chmod -R u+w "$tmp/tree"
	for mail in "$tmp"/mails/*.mail; do
		number=$((number + 1))
		[[ $(sed -n "${number}p" "$tmp/applied") == present* ]] ||
			try_patch "$tmp/tree" "$mail" || refuse "does not apply to a copy of $tree: see $mail"
	done
}

# am DIR MAIL - mbox.py has taken away the CR that is not of a file
am()
{
	own_git -C "$1" -c apply.whitespace=nowarn am -3 --keep-cr "$2" >"$work/log" 2>&1 </dev/null
}

# git_path NAME - of a file in the folder that is git's in the tree
git_path()
{
	(cd "$tree" && realpath "$(git_tree rev-parse --git-path "$1")")
}

# clone DIR COMMIT - of the tree, whose objects and tags it borrows
clone()
{
	{
		own_git init -q --template= --object-format="$(git_tree rev-parse --show-object-format)" "$1" &&
		git_path objects >"$1/.git/objects/info/alternates" &&
		git_tree for-each-ref --format='%(objectname) %(refname)' refs/tags >"$1/.git/packed-refs" &&
		# where the history of a tree that has not all of it ends
		{ [ ! -e "$(git_path shallow)" ] || cp "$(git_path shallow)" "$1/.git/shallow"; } &&
		run_job own_git -C "$1" checkout -q --detach "$2"
	} 2>"$work/log" ||
		die "$EXIT_USAGE" "cannot copy commit ${2:0:12} of $tree to $cache_dir/review: $(tail -n 1 "$work/log")"
}

# export_files COMMIT DIR - those of $touched that are in it
export_files()
{
	mkdir -p "$2"
	GIT_INDEX_FILE=$work/index own_git -C "$tmp/tree" read-tree "$1"
	own_git -C "$tmp/tree" ls-tree -r -z --name-only "$1" -- "${touched[@]}" |
		GIT_INDEX_FILE=$work/index own_git -C "$tmp/tree" checkout-index -z --stdin --prefix="$2/"
}

# apply_git COMMIT
apply_git()
{
	local mail number=0 before after files state touched commits=()

	clone "$tmp/tree" "$1"
	before=$1
	for mail in "$tmp"/mails/*.mail; do
		number=$((number + 1))
		if ! am "$tmp/tree" "$mail"; then
			mapfile -t files < <(own_git -C "$tmp/tree" diff --name-only --diff-filter=U)
			own_git -C "$tmp/tree" reset -q --hard "$before"
			tell_hunks $number "$mail" "$tmp/tree" ${files[@]+"${files[@]}"} >"$work/summary"
			own_git -C "$tmp/tree" checkout -q --force --detach "$1"
			copy_touched "$tmp/tree" "$work/again"
			! is_in "$work/again" || refuse "is in $tree already, at ${1:0:12}"
			stopped "$tree at ${1:0:12}" "patch $number of $count, \"$(subject "$mail")\": $(cat "$work/summary")"
		fi
		after=$(own_git -C "$tmp/tree" rev-parse HEAD)
		state=applied
		! grep -q '3-way merge' "$work/log" || state=merged
		[ "$after" != "$before" ] || state=present
		note $state "$after" "$mail"
		before=$after
		commits+=("$after")
	done
	[ "$before" != "$1" ] || refuse "is in $tree already, at ${1:0:12}"
	clone "$tmp/base" "$1"
	own_git -C "$tmp/tree" diff -z --name-only --no-renames "$1" HEAD >"$work/touched"
	mapfile -d "" -t touched <"$work/touched"
	for ((number = 1; number <= ${#commits[@]}; number++)); do
		export_files "${commits[number - 1]}" "$tmp/states/$number"
	done
}

# base_commit - which commit of a git tree to apply it to; adds to the notes
base_commit()
{
	local commit wanted

	commit=$(cat "$work/head")
	wanted=$(cat "$work/mails/base-commit")
	if [ -n "$wanted" ] && git_tree rev-parse -q --verify "$wanted^{commit}" >"$work/head" 2>&1; then
		cat "$work/head"
		return
	fi
	if [ -n "$wanted" ]; then
		echo "applied to HEAD, ${commit:0:12}: the tree does not have base-commit ${wanted:0:12}" >>"$work/mails/notes"
	else
		echo "applied to HEAD, ${commit:0:12}: the series names no base-commit" >>"$work/mails/notes"
	fi
	[ -z "$(git_tree status --porcelain -uno | head -n 1)" ] ||
		echo "left out: changes of $tree that are not committed" >>"$work/mails/notes"
	echo "$commit"
}

need_packages "git git" "patch patch" "python3 python3"
work=$(mktemp -d)
mkdir "$work/mails"
"$ci_dir/mbox.py" "$series" "$work/mails" 2>"$work/error" ||
	die "$EXIT_USAGE" "SERIES=$(sed 's/^mbox.py: //' "$work/error")"
"$ci_dir/hunks.py" --files "$work/mails"/*.mail >"$work/files" 2>"$work/error" || {
	mail=$(grep -o '/[0-9]*\.mail' "$work/error") || die "$EXIT_USAGE" "$(cat "$work/error")"
	refuse "has a corrupt patch, \"$(subject "$work/mails$mail")\": $(sed 's/.*: corrupt, //' "$work/error")"
}
count=$(find "$work/mails" -name '*.mail' | wc -l)

commit=
if is_git; then
	commit=$(base_commit)
	identity=$tree:$commit
else
	identity=$tree:$(find "$tree" -type f -printf '%P %s %T@\n' | LC_ALL=C sort | sha256sum)
fi
key=$({ echo "$identity"; cat "$work/mails"/*; } | hash_input)
entry=$cache_dir/review/$key
if ! in_use "$entry"; then
	take_lock review "$key"
fi
if ! in_use "$entry"; then
	say "applying $count patches of $series to a copy of $tree"
	new_entry review
	mkdir "$tmp/states"
	cp -a "$work/mails" "$tmp/mails"
	mv "$tmp/mails/notes" "$tmp/notes"
	: >"$tmp/applied"
	if [ -n "$commit" ]; then
		apply_git "$commit"
	else
		apply_patches
	fi
	keep_entry "$entry"
fi
echo "$entry"
