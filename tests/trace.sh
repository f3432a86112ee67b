# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2317
#
# The parser of traces in CSV, as replay uses it: what it takes and refuses.

# good TEXT - printf's escapes; it is a trace of 2 samples, 1.5 s, with a peak of 2 MB
good()
{
	printf '%b' "$1" >t.csv
	expect_status 0 "$tools/replay" --dry-run t.csv
	grep -q '^t\.csv: 2 samples, 1\.5 s, mean 1\.5 MB, peak 2\.0 MB' stdout ||
		die "$1: $(cat stdout)"
}

test_good_traces()
{
	good '0,1000000\n1.5,2000000\n'
	good 'seconds,bytes\n0,1000000\n1.5,2000000\n'
	good '# comment, with 0,1 in it\n#\nseconds,bytes\n0.0,1000000\n# more\n1.500,2000000\n'
	good 'seconds,bytes\r\n0,1000000\r\n1.5,2000000\r\n'
	good '1770428831.5,1000000\n1770428833,2000000\n'
	good '0,1000000\n1.5,2000000\n# ä, \0303\0274\n'
}

# bad LINE PATTERN TEXT - where, and what
bad()
{
	printf '%b' "$3" >t.csv
	expect_status 2 "$tools/replay" t.csv
	expect_error "^t\.csv:$1: .*$2.*; .*"
	expect_eq "size of stdout" 0 "$(stat -c %s stdout)"
}

test_bad_traces()
{
	local long

	long=$(printf '9%.0s' {1..999})
	bad 1 'no samples' ''
	bad 2 'no samples' '# comment\nseconds,bytes\n'
	bad 1 'only one sample' '0,1\n'
	bad 3 'not after' '0,1\n2,1\n1,1\n'
	bad 2 'not after' '0,1\n0,1\n'
	bad 2 'not after' '0,1\n0.0000001,1\n'
	bad 2 'negative time' '0,1\n-1,1\n'
	bad 2 'negative bytes' '0,1\n1,-1\n'
	bad 1 'not a time' 'nan,1\n1,1\n'
	bad 1 'not a time' 'inf,1\n1,1\n'
	bad 2 'not a time' '0,1\nNaN,1\n'
	bad 2 'not a time' '0,1\n+1,1\n'
	bad 2 'not a time' '0,1\n1.,1\n'
	bad 2 'not a time' '0,1\n 1,1\n'
	bad 2 'not a number of bytes' '0,1\n1,nan\n'
	bad 2 'not a number of bytes' '0,1\n1,\n'
	bad 2 'not a number of bytes' '0,1\n1, 1\n'
	bad 2 'time with a unit' '0,1\n1ms,1\n'
	bad 2 'bytes with a unit' '0,1\n1,1MB\n'
	bad 2 'not a whole number' '0,1\n1,1862.0\n'
	bad 2 'with a unit' '0,1\n1,1e9\n'
	bad 1 'header of other columns' 'ms,bytes\n0,1\n1,1\n'
	bad 1 'header of other columns' 'seconds,MB\n0,1\n1,1\n'
	bad 3 'not a time' 'seconds,bytes\n0,1\nseconds,bytes\n1,1\n'
	bad 2 'more than 16 TiB' '0,1\n1,17592186044417\n'
	bad 2 'more than 16 TiB' '0,1\n1,99999999999999999999999\n'
	bad 2 'more than a million' '0,1\n1000001,1\n'
	bad 2 'more than a million' "0,1\\n${long:500},1\\n"
	bad 2 'only one column' '0,1\n1\n'
	bad 2 'no comma' '0,1\n1;1\n'
	bad 2 'more than a time and bytes' '0,1\n1,1,1\n'
	bad 2 'empty line' '0,1\n\n1,1\n'
	bad 2 'last line has no end' '0,1\n1,1'
	bad 3 'last line has no end' '0,1\n1,1\n#'
	bad 2 'thousand characters' "0,1\\n# $long\\n"
	bad 2 'NUL' '0,1\n1,1\0\n2,1\n'
	bad 1 'NUL' '\0'
	bad 1 'not a time' '\0357\0273\0277''0,1\n1,1\n'
}

test_too_many_samples()
{
	seq -f '%.0f,1' 0 1000000 >t.csv
	expect_status 2 "$tools/replay" --dry-run t.csv
	expect_error '^t\.csv:1000001: .*more than a million.*; '
}

test_bad_files()
{
	expect_status 2 "$tools/replay" missing.csv
	expect_error '^missing\.csv: .*No such file.*; '
	expect_status 2 "$tools/replay" /
	expect_error '^/:1: .*Is a directory.*; '
	cp "$tools/replay" t.csv
	expect_status 2 "$tools/replay" t.csv
	expect_error '^t\.csv:1: .*; '
}
