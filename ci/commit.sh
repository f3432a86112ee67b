#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# usage: commit.sh
#
# Print the commit that this tree is of, with -dirty if it was changed since, or
# "unknown": a copy without git's folder is not of the repository around it.

. "$(dirname "$(realpath "$0")")/../vm/help.sh"
cd "$(dirname "$(realpath "$0")")" &&
	git ls-files --error-unmatch commit.sh >/dev/null 2>&1 &&
	git describe --always --dirty 2>/dev/null || echo unknown
