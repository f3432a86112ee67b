#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: sbatch --array=1-N slurm.sh
#
# A Slurm job array that runs the suite, a shard in each task of the array.  Submit it from
# this tree, which all nodes see at the same path.  When all tasks have ended:
#
#     make merge IN="$(echo out/shard-*/suite.ktap)"

#SBATCH --job-name=memcg_bpf
#SBATCH --cpus-per-task=2
#SBATCH --mem=4G

set -eu
case ${1-} in
-h|--help)	sed -n '3,/^$/s/^# \?//p' "$0"; exit 0 ;;
esac
: "${SLURM_ARRAY_TASK_ID:?submit it with sbatch --array=1-N}"
cd "$SLURM_SUBMIT_DIR"
exec make vm OUTPUT="out/shard-$SLURM_ARRAY_TASK_ID" \
	SHARD="$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT"
