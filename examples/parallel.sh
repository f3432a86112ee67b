#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: parallel.sh N [OPTION-OF-PARALLEL...]
#
# Run the suite in N shards with GNU parallel, and merge what they print.  Without
# options they run on this machine, one after the other; with --sshlogin=HOST,HOST on
# others, which have this tree at the same path.  TESTS, REVISION, KSRC and PATCHES are
# theirs, too.  The shards' output is kept in out/shards.

set -eu
. "$(dirname "$(realpath "$0")")/../vm/help.sh"
cd "$(dirname "$(realpath "$0")")/.."
shards=${1:?how many shards}
shift
command -v parallel >/dev/null ||
	{ echo "parallel.sh: no GNU parallel: apt-get install parallel" >&2; exit 120; }

rm -rf out/shards
mkdir -p out/shards
settings=()
for name in TESTS REVISION KSRC PATCHES; do
	[ -z "${!name+y}" ] || settings+=("$name=${!name@Q}")
done
# A test that fails is for the merged verdict to tell.
parallel --jobs 1 "$@" --results 'out/shards/{}/' \
	"cd ${PWD@Q} && make vm V=1 OUTPUT=out/shard-{} SHARD={}/$shards ${settings[*]-}" \
	::: $(seq "$shards") >/dev/null || :
make merge IN="$(printf 'out/shards/%s/stdout ' $(seq "$shards"))"
