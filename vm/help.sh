# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Each script sources this.  With --help it prints the comment that it begins with; one
# that prints something else sets own_help before.

. "$(dirname "${BASH_SOURCE[0]}")/environment.sh"

case ${own_help-}${1-} in
-h|--help)
	grep -q '^# usage:' "$0" || printf 'usage: %s\n\n' "${0##*/}"
	sed -n -e '1,2d' -e '/^[^#]/q' -e '/^$/q' -e '/^# shellcheck/d' -e 's/^# \{0,1\}//p' "$0" |
		sed '1{/^$/d}'
	exit 0
	;;
esac
