#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: review.sh
#
# Try a series that implements memcg_bpf_ops, and write what can be sent back: does the
# kernel with it keep what the series promises, do the kernel's own tests of cgroups that
# passed without it pass with it, what does it cost where nothing is attached, and
# how large is it.
#
#   KSRC=DIR	the kernel tree without the series; default: Debian's linux-source
#		package, and the series is that of a reference kernel (REVISION=)
#   SERIES=MBOX	the series, or a folder of mails.  It is applied to a copy: see apply.sh
#   BASE=DIR	instead of SERIES: KSRC has the series in it, and BASE is the tree
#		without
#   EACH=1	build each patch of SERIES by itself, and run the suite from the first on
#		which it can run: see each.sh
#   FLAVOUR=debug	the suite and ten minutes of each test of stress (STRESS_SECONDS=)
#		on a kernel with KASAN, lockdep and the like; others: see vm/kernel.sh
#   OUT=DIR	where the answer goes, and all that it is made of; default: out/review
#   PARTS=NAME..	which of suite, stress, selftests, cost and size; default: all but stress,
#		and with FLAVOUR=debug suite and stress, with others suite and selftests
#
# MEMCG_BPF_CACHE=: see vm/kernel.sh.  Files of OUT: review.txt, as a reply to the series;
# review.html, the same with figures; review.json; suite.ktap, suite.xml, verdict.json;
# stress.ktap, stress.json; selftests-base, selftests-patched and their logs, with .2 and .3
# where they ran again; cost/overhead.csv; size.txt; failed, which parts have no result;
# each/N; apply.txt, what hunks want that do not apply.
#
# Exit status: 0 if nothing speaks against the series, 1 if something does, 2 if it does
# not apply or build, or cannot be read, or if nothing speaks against it but a part that
# was asked for has no result.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"

all_parts=(suite stress selftests cost size)
out=${OUT:-$top_dir/out/review}
series=${SERIES-}
base=${BASE-}
each=${EACH-}
tree=${KSRC-}
# a shell may leave that to us, of a word such as KSRC=~/linux
series=${series/#-/./-} base=${base/#-/./-} tree=${tree/#-/./-}
series=${series/#\~\//$HOME/} base=${base/#\~\//$HOME/} tree=${tree/#\~\//$HOME/}
if has_flavour debug; then
	parts=" ${PARTS:-suite stress} "
elif [ -n "${flavours// }" ]; then
	parts=" ${PARTS:-suite selftests} "
else
	parts=" ${PARTS:-suite selftests cost size} "
fi
asked_parts=${PARTS-}
unset OUT PARTS SERIES BASE EACH

trap 'stop_job; [ -z "$job" ] || wait "$job" 2>/dev/null || :' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

bad()
{
	die "$EXIT_USAGE" "$@"
}

check_options()
{
	local part

	for part in $parts; do
		[[ " ${all_parts[*]} " == *" $part "* ]] ||
			bad "PARTS: no part $part; there are ${all_parts[*]}"
		[ -z "${flavours// }" ] || [[ $part != cost && $part != size ]] ||
			bad "PARTS: $part is not measured on a kernel with FLAVOUR=$FLAVOUR"
	done
	[ -n "${parts// }" ] || bad "PARTS: names no part; there are ${all_parts[*]}"
	check_flavours
	[ "$shards" -eq 1 ] ||
		bad "SHARD=$SHARD: a review is of one machine; SHARD is for make vm, make check and make bench"
	[[ ${each:-0} == [01] ]] || bad "EACH=$each: want 1"
	each=${each#0}
	[[ ! $series =~ ^[a-z][a-z+]*:// ]] ||
		bad "SERIES=$series: want a file: \`b4 am -o - MESSAGE-ID\` or the t.mbox.gz of a thread at lore.kernel.org is one"
	[ -z "$series" ] || [ -r "$series" ] || bad "SERIES=$series: cannot read it"
	[ -z "$series" ] || [ -n "$tree" ] ||
		bad "SERIES=$series: name the tree that it is for with KSRC="
	[ -z "$series" ] || [ -z "$base" ] ||
		bad "SERIES= and BASE=: one of them says what KSRC= is without the series"
	[ -z "$tree" ] || [ -n "$series$base" ] ||
		bad "KSRC=$tree: name the series with SERIES=, or with BASE= the tree without it"
	[ -n "$tree" ] || [ -z "$base" ] || bad "BASE=$base: name the tree with the series with KSRC="
	[ -z "$each" ] || [ -n "$series" ] || bad "EACH=1: wants the patches, with SERIES="
	[ -z "${PATCHES-}" ] || bad "PATCHES=: the series is SERIES="
	[ -z "$tree" ] || [ -z "${REVISION-}" ] ||
		bad "REVISION=$REVISION names a reference kernel, KSRC=$tree another: leave one out"
	[ -z "$tree" ] || [ -r "$tree/Makefile" ] ||
		bad "KSRC=$tree: not a kernel tree, cannot read Makefile in it"
	[ -z "$base" ] || [ -r "$base/Makefile" ] ||
		bad "BASE=$base: not a kernel tree, cannot read Makefile in it"
}

# step COMMAND... - run a script, which ends if this one does, whatever ends it
step()
{
	run_job setpriv --pdeathsig TERM "$@" </dev/null 7<&-
}

# kernel_of TREE - its source and kernel are there, or this script ends
kernel_of()
{
	local status=0

	# that of cost and size, if no other is needed
	[[ $parts =~ " "(suite|stress|selftests)" " ]] || export FLAVOUR=${FLAVOUR-measure}
	if [ -n "$1" ]; then
		step env -u REVISION KSRC="$1" PATCHES= "$vm_dir/kernel.sh" build >"$out/kernel" || status=$?
	else
		step "$vm_dir/kernel.sh" build >"$out/kernel" || status=$?
	fi
	rm -f "$out/kernel"
	[ $status -ne 0 ] || return 0
	# What each patch does is worth an answer even so.
	[ $status -eq "$EXIT_BUILD" ] && [ -n "$each" ] || exit 2
	: >"$out/unbuilt"
	parts=
}

# identity TREE - which commit of git it is, as far as it says
identity()
{
	[ ! -e "$1/.git" ] || git --no-optional-locks -C "$1" describe --always 2>/dev/null || :
}

# about - what was tested on what, for the answer
about()
{
	if [ -n "$tree" ]; then
		echo "base: Linux $(make -s -C "${base:-$tree}" kernelversion 2>/dev/null)"
		echo "base: $(identity "${base:-$tree}")"
	else
		echo "base: Linux $(make -s -C "$(env -u REVISION PATCHES= "$vm_dir/kernel.sh" source)" kernelversion)"
		echo "series: the reference kernel of RFC ${REVISION:-v7}"
	fi
	if [ -n "$series" ]; then
		echo "series: $(basename "$series")"
		sed 's/^/note: /' "$entry/notes"
		awk -F '\t' '{ print "patch: " $1 " " $3 }' "$entry/applied"
		echo "patchset: $(cat "$entry/mails"/*.mail | sha256sum | cut -d ' ' -f 1)"
	elif [ -n "$base" ]; then
		echo "series: the series in $(basename "$tree")"
	fi
	echo "suite: $("$ci_dir/commit.sh")"
	echo "compiler: $(gcc --version | head -n 1)"
	echo "date: $(date -u +%FT%TZ)"
	echo "flavour: ${FLAVOUR-}"
	echo "command: $(repeat)"
}

# repeat - the command that does it again
repeat()
{
	local name value

	printf 'make review'
	for name in KSRC:"$tree" SERIES:"$series" BASE:"$given_base" EACH:"$each" REVISION:"${REVISION-}" \
		    FLAVOUR:"${FLAVOUR-}" PARTS:"$asked_parts" ARCH:"${ARCH-}" PAGES:"${PAGES-}" \
		    STRESS_SECONDS:"${STRESS_SECONDS-}" TESTS:"${TESTS-}" KERNEL_ARGS:"${KERNEL_ARGS-}"; do
		value=${name#*:}
		[ -z "$value" ] || printf ' %s=%s' "${name%%:*}" "$(printf '%q' "$value")"
	done
	echo
}

# answer_that_it_does_not_apply - what the author wants to know then, if that is why
answer_that_it_does_not_apply()
{
	[ -s "$out/apply.txt" ] || return 0
	{
		{
			printf '%s does not apply to Linux %s' "$(basename "$series")" \
				"$(make -s -C "$tree" kernelversion 2>/dev/null)"
			[ -z "$(identity "$tree")" ] || printf ' (%s)' "$(identity "$tree")"
			echo ", so nothing was built or tested."
		} | fmt -w 72
		printf '\nWhat its hunks want there\n-------------------------\n\n'
		cat "$out/apply.txt"
		printf '\nTo repeat it\n------------\n\n  %s\n' "$(repeat)"
	} | cat -s >"$out/review.part"
	mv "$out/review.part" "$out/review.txt"
	say "the answer is $out/review.txt"
}

check_options
mkdir -p "$out" 2>/dev/null || bad "OUT=$out: cannot create it"
out=$(realpath "$out")
[ -w "$out" ] || bad "OUT=$out: cannot write to it"
exec 7<"$out"
flock -n 7 || bad "OUT=$out: another review is at work there"
# what another review has left, but not what is not of one
rm -rf "$out"/{review.txt,review.html,review.json,suite.ktap,suite.xml,verdict.json,size.txt} \
	"$out"/{cost,about,each,debug,unbuilt,failed,apply.txt} \
	"$out"/{stress.ktap,stress.json,stress.seconds} \
	"$out"/selftests "$out"/selftests-{base,patched}* "$out"/*.part
read_target
need_packages "${kernel_packages[@]}" "${suite_packages[@]}" "${vm_packages[@]}" \
	"python3 python3" "git git" "setpriv util-linux"

given_base=$base
patched=$tree
if [ -n "$series" ]; then
	step "$ci_dir/apply.sh" "$series" "$tree" "$out/apply.txt" >"$out/entry" || {
		answer_that_it_does_not_apply
		exit 2
	}
	entry=$(cat "$out/entry")
	rm -f "$out/entry"
	patched=$entry/tree
	base=$tree
	[ ! -d "$entry/base" ] || base=$entry/base
fi
about >"$out/about"
if [ -n "$each" ]; then
	say "each patch by itself"
	want=
	[[ $parts != *" suite "* ]] || want=suite
	step "$ci_dir/each.sh" "$entry" "$base" "$out/each" $want || exit 2
fi
say "building the kernel"
kernel_of "$patched"
export BASE_TREE=$base SERIES_TREE=$patched OUT=$out
for part in "${all_parts[@]}"; do
	[[ $parts == *" $part "* ]] || continue
	say "$part"
	status=0
	step "$ci_dir/review-part.sh" "$part" || status=$?
	[ $status -ne 0 ] || continue
	say "$part: ended with status $status"
	echo "$part $status" >>"$out/failed"
done
[ ! -e "$out/each/cache" ] || rm -rf "$(cat "$out/each/cache")"
if [ -e "$out/cost/overhead.csv" ]; then
	step "$top_dir/plots/draw.sh" "$top_dir/out/host/analyze" "$out" >/dev/null || :
fi
status=0
"$ci_dir/review.py" "$out" || status=$?
[ ! -e "$out/unbuilt" ] || exit 2
[ $status -ne 0 ] || [ ! -e "$out/failed" ] || exit 2
exit $status
