#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: series.sh [-o DIR] KSRC
#
# Write what is committed here as a patch series for the kernel tree KSRC, where it
# becomes tools/testing/selftests/memcg_bpf: a cover letter, parts that can be read
# one by one, and an entry in MAINTAINERS.  KSRC is only read.  The author is that of
# git's configuration.
#
#   -o DIR	where the patches go (default: out/series); older ones there are removed
#
# Exit status: 0, or 2 for bad usage.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/../vm/help.sh"

top_dir=$(dirname "$(dirname "$(realpath "$0")")")
home=tools/testing/selftests/memcg_bpf
out=$top_dir/out/series

die()
{
	echo "series.sh: $*" >&2
	exit 2
}

while getopts o: option; do
	case $option in
	o)	out=$OPTARG ;;
	*)	die "see series.sh --help" ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || die "want KSRC; see series.sh --help"
ksrc=$1
for file in MAINTAINERS tools/testing/selftests/Makefile; do
	[ -r "$ksrc/$file" ] || die "KSRC=$ksrc: not a kernel tree, cannot read $file in it"
done
[ ! -e "$ksrc/$home" ] || die "KSRC=$ksrc has a $home already"
command -v git >/dev/null || die "no git: apt-get install git"
author=$(git -C "$top_dir" var GIT_AUTHOR_IDENT 2>/dev/null) ||
	die "git does not know who you are: git config user.name, user.email"
author=${author%>*}
name=${author% <*} email=${author##*<}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir "$work/from" "$work/tree"
git -C "$top_dir" archive HEAD | tar -C "$work/from" -xf -

# In the tree there is no more of the kernel than what the series changes.
tree()
{
	git -C "$work/tree" -c user.name="$name" -c user.email="$email" "$@"
}
mkdir -p "$work/tree/tools/testing/selftests"
cp "$ksrc/MAINTAINERS" "$work/tree"
cp "$ksrc/tools/testing/selftests/Makefile" "$work/tree/tools/testing/selftests"
tree -c init.defaultBranch=main init -q
tree add -A
tree commit -q -m "base"

# part SUBJECT PATH... - one patch, whose text is read from stdin
part()
{
	local subject=$1 path

	shift
	for path in "$@"; do
		[ -e "$work/from/$path" ] || die "$path: is not here any more; see ci/series.sh"
		mkdir -p "$work/tree/$home/$(dirname "$path")"
		cp -r "$work/from/$path" "$work/tree/$home/$(dirname "$path")"
		rm -rf "${work:?}/from/$path"
	done
	tree add -A -f
	{ printf 'selftests/memcg_bpf: %s\n\n' "$subject"; cat; } >"$work/message"
	tree commit -q -s -F "$work/message"
}

part "add what the tests share" Makefile config settings .gitignore lib <<'END'
Cgroup files, workers in cgroups, requirements, how a link names its cgroup,
whose ops a cgroup has, and cleaning up after whatever happens.
END

part "add the BPF programs" progs <<'END'
The members of memcg_bpf_ops of all revisions are in one header, so that the
programs build also where vmlinux.h has none of them.
END

cd "$work/from"
part "add the promises and the verdict" promises PROMISES.md ci/promises.py \
	ci/verdict.py ci/durations.py ci/script.py ci/ktap.py ci/ktap.sh ci/run-tests.sh ci/commit.sh vm/environment.sh vm/help.sh <<'END'
Each test guards one sentence of a table.  run_tests ends with which of them the
kernel keeps, which it breaks, and which it was not asked about.
END

mapfile -t interface < <(compgen -G 'prog_tests/load*'
	compgen -G 'prog_tests/verif*'; compgen -G 'prog_tests/attach*'
	compgen -G 'prog_tests/link*')
part "add tests of the type and of attaching" "${interface[@]}" <<'END'
What the verifier takes and refuses, each way in which an attach is refused and
with which errno, and how long an attachment lasts.
END

mapfile -t tree_tests < <(compgen -G 'prog_tests/hierarch*'
	compgen -G 'prog_tests/detach*'
	compgen -G 'prog_tests/online_offline*'; compgen -G 'prog_tests/ops_tree')
part "add tests of hierarchies" "${tree_tests[@]}" <<'END'
Whose ops each cgroup of a tree has, after each attach, detach and mkdir, and who
is told of cgroups that come and go.
END

mapfile -t rest < <(find prog_tests -mindepth 1 -maxdepth 1 | LC_ALL=C sort)
part "add tests of delays, protection and charges, and of all at once" "${rest[@]}" <<'END'
How long a task sleeps and who is asked; who loses pages; who is told of charges;
and random steps beside a model that predicts each.
END

part "add the benchmarks" bench <<'END'
Each measures with a control, in trials of random order, into a CSV that describes
itself.
END

# In alphabetical order, where they are when this is read.
sed -i '0,/^TARGETS += memfd/s//TARGETS += memcg_bpf\n&/' \
	"$work/tree/tools/testing/selftests/Makefile"
grep -q '^TARGETS += memcg_bpf$' "$work/tree/tools/testing/selftests/Makefile" ||
	die "KSRC=$ksrc: found no place for memcg_bpf in tools/testing/selftests/Makefile"
awk -v author="$name <$email>" '
	/^MEMORY CONTROLLER DRIVERS$/ && !done {
		print "MEMCG BPF SELFTESTS"
		print "M:\t" author
		print "L:\tcgroups@vger.kernel.org"
		print "L:\tbpf@vger.kernel.org"
		print "L:\tlinux-mm@kvack.org"
		print "S:\tMaintained"
		print "F:\ttools/testing/selftests/memcg_bpf/"
		print ""
		done = 1
	}
	{ print }
	END { exit !done }' "$ksrc/MAINTAINERS" >"$work/tree/MAINTAINERS" ||
	die "KSRC=$ksrc: found no place for the entry in MAINTAINERS"
part "run with all others, and say who maintains it" <<'END'
END

mkdir -p "$out"
rm -f "$out"/[0-9][0-9][0-9][0-9]-*.patch
tree format-patch -q --root -o "$out" --cover-letter --no-signature HEAD~8..HEAD
{
	read -r subject
	read -r _
	sed -i "s|\*\*\* SUBJECT HERE \*\*\*|${subject//|/\\|}|" "$out/0000-cover-letter.patch"
	cat >"$work/blurb"
} <"$top_dir/doc/cover-letter.txt"
sed -i -e "/\*\*\* BLURB HERE \*\*\*/{r $work/blurb
	d}" "$out/0000-cover-letter.patch"
ls "$out"
