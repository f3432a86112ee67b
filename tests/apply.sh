#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
# shellcheck disable=SC2317 # test_of calls them
#
# Does ci/apply.sh apply a series to a copy of a tree, whatever mail programs and lists
# have made of it, and else say in a line why not, and leave nothing behind?  The trees are
# toys of two files.  The output is KTAP.

set -u
. "$(dirname "$(realpath "$0")")/lib.sh"

export MEMCG_BPF_CACHE=$work/cache
# a user's configuration has no part in it
export GIT_CONFIG_GLOBAL=$work/gitconfig GIT_CONFIG_NOSYSTEM=1

apply()
{
	"$ci_dir/apply.sh" "$1" "$2" "$work/report"
}

repo()
{
	git -C "$work/repo" "$@"
}

# commit MESSAGE
commit()
{
	repo add -A && repo commit -q -m "$1"
}

# edit FILE LINE TEXT - put it in place of a line
edit()
{
	sed -i "$2s/.*/$3/" "$work/repo/$1"
}

# A repository with a base, tagged so, and three patches on it: $work/repo.  $work/tree is
# the base and $work/want what it is with them, $work/mbox the series.
make_series()
{
	printf '[user]\nname = A\nemail = a@example.org\n[commit]\ngpgSign = true\n[init]\ndefaultBranch = main\n[advice]\ndetachedHead = false\n' \
		>"$work/gitconfig"
	mkdir "$work/repo" "$work/tree" "$work/want" &&
	repo init -q && repo config commit.gpgSign false &&
	seq -f 'int line_%g;' 40 >"$work/repo/a.c" &&
	sed 's/line/row/; s,$, /* Grüße */,' "$work/repo/a.c" >"$work/repo/b.c" &&
	commit "base" && repo tag base &&
	edit a.c 20 "int changed;" && commit "a: change

From the middle of the file." &&
	edit b.c 10 'int added; \/* Grüße *\/' && commit "b: change" &&
	echo 'int more;' >"$work/repo/c.c" && edit a.c 22 "int also;" && commit "c: add" &&
	repo archive base | tar -xC "$work/tree" &&
	repo archive HEAD | tar -xC "$work/want" &&
	repo format-patch -q --stdout --cover-letter -v2 --base=base base..HEAD >"$work/mbox" &&
	repo checkout -q base
}

# state DIR - all that could change in it.  git marks an object that it finds as used.
state()
{
	(cd "$1" && find . ! -path './.git/objects/*' -printf '%p %s %T@ %m\n' | sort &&
		find . -type f -exec cksum {} + | sort)
}

# applied MBOX TREE - it is, and the tree is what it was; prints the entry
applied()
{
	local entry before

	before=$(state "$2")
	entry=$(apply "$1" "$2") && diff -r --exclude=.git "$work/want" "$entry/tree" >&2 &&
		[ "$before" = "$(state "$2")" ] && echo "$entry"
}

# nothing_left - in the cache
nothing_left()
{
	! find "$work/cache" -mindepth 2 ! -name '*.lock' 2>/dev/null | grep .
}

# in_one_line PATTERN STATUS SAID - it has said that, and no more, with status 2
in_one_line()
{
	echo "$3"
	if [ "$2" -ne 2 ] || [ "$(wc -l <<<"$3")" -ne 1 ] || ! grep -q -E -e "$1" <<<"$3"; then
		echo "want status 2 and one line that matches '$1', not status $2"
		return 1
	fi
}

# refused PATTERN MBOX TREE - in one line, with the tree untouched and nothing left
refused()
{
	local before said status=0

	before=$(state "$3")
	said=$(apply "$2" "$3" 2>&1 >/dev/null) || status=$?
	in_one_line "$1" "$status" "$(grep -v ': applying ' <<<"$said")" && nothing_left || return
	[ "$before" = "$(state "$3")" ] || { echo "$3 has changed"; return 1; }
}

# misread PATTERN - $work/bad is, in one line, and nothing is written
misread()
{
	local said status=0

	rm -rf "$work/mails"
	mkdir "$work/mails"
	said=$("$ci_dir/mbox.py" "$work/bad" "$work/mails" 2>&1) || status=$?
	in_one_line "^mbox.py: $work/bad $1" "$status" "$said" && ! find "$work/mails" -type f | grep .
}

# diffs_of MBOX - as it is read, without what stands around them
diffs_of()
{
	rm -rf "$work/mails"
	mkdir "$work/mails"
	"$ci_dir/mbox.py" "$1" "$work/mails" && [ "$(find "$work/mails" -name '*.mail' | wc -l)" -eq 3 ] &&
	sed -n '/^diff /,/^-- $/p' "$work/mails"/*.mail | grep -v '^-- $'
}

plain_tree()
{
	local entry

	entry=$(applied "$work/mbox" "$work/tree") &&
	[ "$(cut -f 1 "$entry/applied" | xargs)" = "applied applied applied" ] &&
	[ "$(grep -c int "$entry/states/1/a.c")" -eq 40 ] && [ ! -e "$entry/states/2/c.c" ] &&
	[ -e "$entry/states/3/c.c" ] && grep -q changed "$entry/states/1/a.c" &&
	! grep -q added "$entry/states/1/b.c" && grep -q added "$entry/states/2/b.c" &&
	# the same again is there already
	[ "$(apply "$work/mbox" "$work/tree" 2>"$work/said")" = "$entry" ] && [ ! -s "$work/said" ]
}

# The tree has gone on since the base-commit: that is what it is applied to.
git_tree_at_its_base_commit()
{
	local entry

	edit a.c 20 "int other;" && commit "a: another change" &&
	entry=$(applied "$work/mbox" "$work/repo") && [ ! -s "$entry/notes" ] &&
	diff -r --exclude=.git "$work/tree" "$entry/base" &&
	diff "$work/want/a.c" "$entry/states/3/a.c" && [ ! -e "$entry/states/2/c.c" ]
}

# Files of a kernel with the ends of lines of Windows do not build, and with the hooks of
# whoever runs this it would be another tree.
whatever_git_is_told()
{
	local entry

	git config --file "$work/gitconfig" core.autocrlf true &&
	git config --file "$work/gitconfig" apply.ignoreWhitespace change &&
	git config --file "$work/gitconfig" mailinfo.scissors true &&
	git config --file "$work/gitconfig" diff.noprefix true &&
	git config --file "$work/gitconfig" i18n.commitEncoding ISO-8859-1 &&
	git config --file "$work/gitconfig" color.ui always &&
	git config --file "$work/gitconfig" core.attributesFile "$work/attributes" &&
	git config --file "$work/gitconfig" init.templateDir "$work/template" &&
	git config --file "$work/gitconfig" core.hooksPath "$work/hooks" &&
	echo '*.c text eol=crlf' >"$work/attributes" &&
	mkdir -p "$work/template/hooks" "$work/hooks" &&
	printf '#!/bin/sh\necho changed by a hook >>a.c\n' >"$work/hooks/post-checkout" &&
	chmod +x "$work/hooks/post-checkout" &&
	cp -p "$work/hooks/post-checkout" "$work/template/hooks" &&
	entry=$(applied "$work/mbox" "$work/repo") &&
	diff -r --exclude=.git "$work/tree" "$entry/base" &&
	[ "$(cut -f 1 "$entry/applied" | xargs)" = "applied applied applied" ] &&
	diff "$work/want/a.c" "$entry/states/3/a.c" && applied "$work/mbox" "$work/tree"
}

# What is around a hunk has changed; its lines have not.
git_tree_is_merged()
{
	local entry

	sed -i '/^base-commit/d' "$work/mbox"
	edit a.c 18 "int other;" && commit "a: another change" &&
	sed -i '18s/.*/int other;/' "$work/want/a.c" &&
	entry=$(applied "$work/mbox" "$work/repo") &&
	[ "$(cut -f 1 "$entry/applied" | xargs)" = "merged applied applied" ] &&
	grep -q "^applied to HEAD, .*names no base-commit" "$entry/notes"
}

# A plain tree below a repository of something else is not that.
tree_below_a_repository()
{
	mv "$work/tree" "$work/repo/linux" && applied "$work/mbox" "$work/repo/linux"
}

# A file of DOS has other ends of lines than the mail.
lines_of_dos()
{
	local mbox

	sed -i 's/$/\r/' "$work/repo/a.c" && commit "a: for DOS" && repo tag dos &&
	repo archive dos | tar -xC "$work/tree" && edit a.c 5 'int dos;\r' && commit "a: change" &&
	rm "$work/want/c.c" && repo archive HEAD | tar -xC "$work/want" &&
	repo format-patch -q --stdout dos >"$work/mbox" && repo checkout -q dos &&
	"$tests_dir/mails.py" base64 <"$work/mbox" >"$work/base64" || return
	for mbox in mbox base64; do
		applied "$work/$mbox" "$work/repo" && applied "$work/$mbox" "$work/tree" || return
	done
}

# What the user has configured for other trees, and a hook that runs this for another
# repository.
git_of_a_user()
{
	mkdir -p "$work/template/hooks" "$work/user/git" &&
	printf '#!/bin/sh\nexit 1\n' >"$work/template/hooks/post-checkout" &&
	chmod +x "$work/template/hooks/post-checkout" &&
	echo '* text eol=crlf' >"$work/user/git/attributes" &&
	printf '[core]\nautocrlf = true\n[init]\ntemplateDir = %s\n[protocol "file"]\nallow = never\n' \
		"$work/template" >>"$work/gitconfig" &&
	export XDG_CONFIG_HOME=$work/user GIT_OBJECT_DIRECTORY=$work/none &&
	applied "$work/mbox" "$work/repo"
}

# All that there is is the commit, in a tree that shares its history with another.
git_without_history()
{
	git clone -q --depth 1 --branch base "file://$work/repo" "$work/shallow" &&
	applied "$work/mbox" "$work/shallow" &&
	git -C "$work/shallow" worktree add -q "$work/other" && applied "$work/mbox" "$work/other"
}

# Root may write to all, but not here.
tree_may_be_read_only()
{
	local status=0

	apply()
	{
		setpriv --bounding-set -dac_override,-dac_read_search \
			"$ci_dir/apply.sh" "$1" "$2" "$work/report"
	}
	chmod -R a-w "$work/tree"
	applied "$work/mbox" "$work/tree" || status=$?
	rm -rf "$work/cache"
	sed -i 's/^-int line_20/-int other/' "$work/mbox" &&
	refused "patch 1 of 3" "$work/mbox" "$work/tree" && ! find "$TMPDIR" -mindepth 1 | grep . || status=$?
	chmod -R u+w "$work/tree"
	return "$status"
}

whatever_mail_programs_do()
{
	local how

	diffs_of "$work/mbox" >"$work/diffs" && [ "$(grep -c Grüße "$work/diffs")" -ge 5 ] || return
	for how in crlf quoted base64 latin1 flowed attached forwarded enclosed signed escaped \
		   footers twice backwards thread answered headers; do
		"$tests_dir/mails.py" "$how" <"$work/mbox" >"$work/changed" || return
		! cmp -s "$work/mbox" "$work/changed" || { echo "$how: unchanged"; return 1; }
		diffs_of "$work/changed" | diff "$work/diffs" - || { echo "$how"; return 1; }
	done
	mkdir -p "$work/folder" "$work/maildir"/{cur,new,tmp} &&
	repo format-patch -q -v2 -o "$work/folder" base..main &&
	diffs_of "$work/folder" | diff "$work/diffs" - &&
	cp "$work/folder"/*0002-* "$work/maildir/cur" &&
	cp "$work/folder"/*000[13]-* "$work/maildir/new" &&
	diffs_of "$work/maildir" | diff "$work/diffs" - &&
	gzip -c "$work/mbox" >"$work/changed" && diffs_of "$work/changed" | diff "$work/diffs" - &&
	"$tests_dir/mails.py" thread <"$work/mbox" | "$tests_dir/mails.py" crlf >"$work/changed" &&
	applied "$work/changed" "$work/tree"
}

# What a mail says of itself is neither taken for more than text, nor in git's way.
odd_headers()
{
	local entry

	sed -i '/^base-commit/d' "$work/mbox"
	"$tests_dir/mails.py" headers <"$work/mbox" >"$work/changed" &&
	entry=$(applied "$work/changed" "$work/repo") &&
	grep -q "	\[PATCH v2 2/3\] b: change ä.*\[31m$" "$entry/applied" &&
	! grep -q "$(printf '\033')" "$entry/applied" &&
	[ "$(git -C "$entry/tree" log -1 --format=%an)" = "Jö" ]
}

# There are no lines --- and +++ then.
only_a_rename()
{
	local how

	repo mv a.c d.c && commit "a: rename" && rm "$work/want/c.c" && mv "$work/want/a.c" "$work/want/d.c" &&
	cp "$work/tree/a.c" "$work/want/d.c" && cp "$work/tree/b.c" "$work/want/b.c" &&
	repo format-patch -q --stdout base >"$work/mbox" && repo checkout -q base &&
	for how in crlf base64; do
		"$tests_dir/mails.py" "$how" <"$work/mbox" >"$work/changed" &&
		applied "$work/changed" "$work/tree" && applied "$work/changed" "$work/repo" || return
	done
}

newest_version()
{
	local entry

	sed -e 's/PATCH v2/PATCH v11/' "$work/mbox" >"$work/v11" &&
	sed -e 's/int added/int older/' "$work/mbox" | cat "$work/v11" - >"$work/both" &&
	entry=$(applied "$work/both" "$work/tree") &&
	grep -q -x "left out: 3 patches of PATCH v2" "$entry/notes" &&
	# of the newer there is not all
	python3 - "$work/v11" "$work/mbox" >"$work/both" <<-'END' &&
		import re, sys
		newer = open(sys.argv[1]).read()
		print(open(sys.argv[2]).read() + "".join(
			m for m in re.split(r"(?m)^(?=From [0-9a-f]{40} )", newer) if "3/3" not in m))
	END
	rm -rf "$work/cache" &&
	refused "both lacks 3 of the 3 patches of PATCH v11$" "$work/both" "$work/tree"
}

bad_mbox()
{
	local bad=$work/bad mbox=$work/mbox

	: >"$bad" && misread "is empty$" &&
	echo "<!DOCTYPE html><p>404" >"$bad" && misread "is a web page" &&
	repo diff base main >"$bad" && misread "is a patch without a mail" &&
	printf '\0\1\2\3' >"$bad" && misread "is not an mbox" &&
	gzip -c "$mbox" | head -c 300 >"$bad" && misread "cannot be read: gzip finds it cut short" &&
	repo format-patch -q --stdout -1 -n -v2 --start-number=2 main >"$bad" &&
		misread "lacks 1 of the 2 patches of PATCH v2$" &&
	"$tests_dir/mails.py" unseparated <"$mbox" >"$bad" &&
		misread "has several mails and no From line" &&
	sed 's/int added/int other/' "$mbox" | cat "$mbox" - >"$bad" &&
		misread "has two patches 2/3 of PATCH v2 that differ" &&
	sed 's,/3\] b:,/4] b:,' "$mbox" >"$bad" &&
		misread "has patches of two series of PATCH v2: one of 3 and one of 4" &&
	{ cat "$mbox"; sed -n 's/2\/3\]/]/; /^From .*/,$p' "$mbox"; } >"$bad" &&
		misread 'has "\[PATCH v2 \] b: change" besides a series with numbers' &&
	sed -n '/^Subject: .*0\/3/,/^From [0-9a-f]/p' "$mbox" | sed '$d' >"$bad" &&
		misread "has no patch: 1 mail" &&
	rm "$bad" && misread "cannot be read: No such file" &&
	mkdir "$bad" && misread "has no patch: 0 mails" && echo >"$bad/a" &&
	refused "SERIES=$bad has a, which is empty$" "$bad" "$work/tree" &&
	rm -r "$bad" && mkfifo "$bad" && misread "is not a file, but a pipe or a device$" &&
	diffs_of <(cat "$mbox")
}

corrupt_patch()
{
	local bad=$work/bad tree=$work/tree

	"$tests_dir/mails.py" broken <"$work/mbox" >"$bad" &&
		refused "$bad has a corrupt patch, \"\[PATCH v2 2/3\] b: change\": line [0-9]+" "$bad" "$tree" &&
	sed '/^+int more/,$d' "$work/mbox" >"$bad" &&
		refused "$bad has a corrupt patch, \"\[PATCH v2 3/3\] c: add\": ends in the middle" "$bad" "$tree" &&
	sed -E 's,^diff --git a/(\S+) .*,diff --git mm/\1 mm/\1,' "$work/mbox" >"$bad" &&
		refused "corrupt patch.*want a/ and b/ before its paths" "$bad" "$tree" &&
	sed 's,+++ b/b.c,+++ b/../b.c,' "$work/mbox" >"$bad" &&
		refused "corrupt patch.*not a path in a tree" "$bad" "$tree"
}

applied_already()
{
	refused "SERIES=$work/mbox is in $work/want already$" "$work/mbox" "$work/want" &&
	sed -i '/^base-commit/d' "$work/mbox" && repo checkout -q main &&
	refused "SERIES=$work/mbox is in $work/repo already, at " "$work/mbox" "$work/repo"
}

# A tree may have some of it.
patch_that_is_there()
{
	local entry

	cp "$work/want/b.c" "$work/tree/b.c" &&
	entry=$(applied "$work/mbox" "$work/tree") &&
	[ "$(cut -f 1 "$entry/applied" | xargs)" = "applied present applied" ]
}

# Which patch, where, and what the hunk wants.
another_base()
{
	sed -i '20s/.*/int other;/' "$work/tree/a.c"
	refused "mbox does not apply to $work/tree: patch 1 of 3, \"\[PATCH v2 1/3\] a: change\": a.c: hunk 1 of 1; and 1 more patches; what it wants there: $work/report$" \
		"$work/mbox" "$work/tree" &&
	grep -q -x "a.c, hunk 1 of 1: @@ -17,7 +17,7 @@ int line_16;" "$work/report" &&
	grep -q -x "  it wants (-), and at line 17 there is (+):" "$work/report" &&
	grep -q -x -e "    -int line_20;" "$work/report" && grep -q -x "    +int other;" "$work/report" &&
	rm "$work/tree/b.c" "$work/report" &&
	refused "and 2 more patches" "$work/mbox" "$work/tree" &&
	grep -q "^Patch 2 of 3 does not apply: .*b: change$" "$work/report" || return

	rm "$work/report"
	sed -i '/^base-commit/d' "$work/mbox"
	edit a.c 20 "int other;" && commit "a: another change" &&
	refused "mbox does not apply to $work/repo at [0-9a-f]{12}: patch 1 of 3, \"\[PATCH v2 1/3\] a: change\": a.c: hunk 1 of 1; what it wants" \
		"$work/mbox" "$work/repo" &&
	grep -q -x "    +int other;" "$work/report"
}

# begin_copy - a run that copies the tree, and does not come to its end; sets $run
begin_copy()
{
	mkdir -p "$work/bin"
	cat >"$work/bin/cp" <<-END
		#!/bin/bash
		[[ \$* != *--reflink* ]] || {
			echo \$\$ >"$work/copying.new"
			mv "$work/copying.new" "$work/copying"
			exec sleep 1000
		}
		exec $(command -v cp) "\$@"
	END
	chmod +x "$work/bin/cp"
	rm -f "$work/copying"
	PATH=$work/bin:$PATH "$ci_dir/apply.sh" "$work/mbox" "$work/tree" >"$work/run.log" 2>&1 </dev/null &
	run=$!
	wait_until 30 test -e "$work/copying" || { cat "$work/run.log"; return 1; }
	! nothing_left >/dev/null
}

has_ended()
{
	! kill -0 "$1" 2>/dev/null
}

interrupted()
{
	begin_copy && kill -TERM "$run" && wait_until 30 has_ended "$run" &&
	wait_until 10 has_ended "$(cat "$work/copying")" && nothing_left &&
	applied "$work/mbox" "$work/tree"
}

# Nobody could clean up after itself: the next one does.
killed()
{
	begin_copy && kill -KILL "$run" && kill -KILL "$(cat "$work/copying")" &&
	wait_until 30 has_ended "$run" && compgen -G "$work/cache/review/tmp.*" &&
	applied "$work/mbox" "$work/tree" && ! compgen -G "$work/cache/review/tmp.*"
}

old_entries_go()
{
	local entry

	entry=$(applied "$work/mbox" "$work/tree") && touch -d "9 days ago" "$entry" &&
	sed -i 's/Grüße/Salut/' "$work/mbox" "$work/tree/b.c" "$work/want/b.c" &&
	applied "$work/mbox" "$work/tree" && [ ! -e "$entry" ]
}

# test_of FUNCTION - with a new series in $work
test_of()
{
	rm -rf "${work:?}"/*
	make_series >"$work.log" 2>&1 || { result 1 "apply.$1"; return; }
	check "apply.$1" "$1"
}

test_of plain_tree
test_of git_tree_at_its_base_commit
test_of whatever_git_is_told
test_of git_tree_is_merged
test_of tree_below_a_repository
test_of lines_of_dos
test_of git_of_a_user
test_of git_without_history
test_of tree_may_be_read_only
test_of whatever_mail_programs_do
test_of odd_headers
test_of only_a_rename
test_of newest_version
test_of bad_mbox
test_of corrupt_patch
test_of applied_already
test_of patch_that_is_there
test_of another_base
test_of interrupted
test_of killed
test_of old_entries_go
echo "1..$test_nr"
exit $failed
