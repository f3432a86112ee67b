#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: check-crashes.sh
#
# Test what becomes of a crash: have the reference kernel die in each of the ways that
# the table `promises` names, and see that the test which guards against it has failed,
# with what the kernel said, and that the rest of its program is run.  Prints KTAP.

set -eu -o pipefail
. "$(dirname "$(realpath "$0")")/suite.sh"

build_suite
out=$top_dir/out/crash
mkdir -p "$out"

# judge GUARD ALSO - lines on what is wrong with the verdict
judge()
{
	python3 - "$out/verdict.json" "$@" <<-'END'
		import json, sys
		guard, also = sys.argv[2], sys.argv[3].split()
		for promise in json.load(open(sys.argv[1]))["promises"]:
		    ident, state, seen = promise["id"], promise["verdict"], promise.get("seen", [])
		    if ident.split(".")[0] != guard.split(".")[0]:
		        continue
		    dies = ident == guard or ident in also
		    if dies and (len(seen) < 2 or seen[0].partition(":")[0] != "the kernel crashed"):
		        print(f"{ident}: no crash, but {state}: {' / '.join(seen)}")
		    if not dies and state != "kept":
		        print(f"{ident}: {state}")
	END
}

nr=0
failed=0
while IFS=$'\t' read -r fault guard only also _; do
	[ "$only" = crash ] || continue
	nr=$((nr + 1))
	status=0
	"$ci_dir/boots.py" -t 600 -o "$out" --append="memcg_bpf.fault=$fault" -- \
		"${runner[@]}" -t "memcg_bpf:${guard%.*}" >"$out/ktap" 2>"$out/stderr" </dev/null ||
		status=$?
	"$ci_dir/verdict.py" --json="$out/verdict.json" <"$out/ktap" >"$out/verdict.txt" || :
	wrong=$(judge "$guard" "${also#-}")
	[ $status -eq 0 ] || wrong+=" exit status $status"
	if [ -z "$wrong" ]; then
		echo "ok $nr crash.$fault"
	else
		sed 's/^/#   /' "$out/stderr" "$out/verdict.txt"
		echo "# ${wrong//$'\n'/$'\n'# }"
		echo "not ok $nr crash.$fault"
		failed=1
	fi
done < <("$ci_dir/promises.py" faults)
exit $failed
