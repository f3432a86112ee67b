# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# With --help a script prints the comment that it begins with.  One that prints
# something else sets own_help before.

case ${own_help-}${1-} in
-h|--help)
	grep -q '^# usage:' "$0" || printf 'usage: %s\n\n' "${0##*/}"
	sed -n -e '1,2d' -e '/^[^#]/q' -e '/^$/q' -e '/^# shellcheck/d' -e 's/^# \{0,1\}//p' "$0" |
		sed '1{/^$/d}'
	exit 0
	;;
esac
