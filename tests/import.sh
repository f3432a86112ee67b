# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash disable=SC2154,SC2317
#
# import-trace: recordings in JSON become traces.

import=$tools/import-trace

# recording SAMPLE... - of "EPOCH USAGE" each, on a line each
recording()
{
	local sample sep='' nr=1

	echo '{"samples": ['
	for sample in "$@"; do
		printf '%s{"epoch": %s, "mem_usage": "%s", "cpu_percent": "1.5%%"}\n' \
			"$sep" "${sample%% *}" "${sample#* }"
		sep=,
		nr=$((nr + 1))
	done
	echo ']}'
}

# expect_samples LINE... - the trace in stdout has these
expect_samples()
{
	diff <(printf '%s\n' "$@") <(grep '^[0-9]' stdout) ||
		die "not these samples"
}

# powers of ten where podman stats and docker stats print them, else of two
test_units()
{
	recording '10 12B / 1GB' '11 1.5kB / 1GB' '12 1.5KiB / 1GB' \
		'13 11.96MB / 134.5GB' '14 2.5MiB / 2GiB' '15 1.862GB / 134.5GB' \
		'16 1.5GiB / 18.45EB' '17 1TB / 1PB' '18 1TiB / 1TiB' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,12 1.000000,1500 2.000000,1536 \
		3.000000,11960000 4.000000,2621440 5.000000,1862000000 \
		6.000000,1610612736 7.000000,1000000000000 8.000000,1099511627776
}

# which inflates the peak of the largest recording to 1907 MB, as was published
test_binary_units()
{
	recording '10 1kB / 1GB' '11 1KiB / 1GB' '12 1.862GB / 134.5GB' >r.json
	expect_status 0 "$import" --binary-units r.json
	expect_samples 0.000000,1024 1.000000,1024 2.000000,1999307276
	grep -q 'peak 1906.7 MiB' stderr || die "$(cat stderr)"
}

test_epochs_of_any_kind()
{
	recording '1770428831.545477 1MB / 1GB' '1770428832 2MB / 1GB' \
		'1.770428833e9 3MB / 1GB' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1000000 0.454523,2000000 1.454523,3000000
}

# a container that is gone is not one that uses nothing
test_gone_container_is_left_out()
{
	recording '10 1MB / 1GB' '11 0B / 1GB' '12.5 3MB / 1GB' '13 0B / 0B' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1000000 1.000000,0 2.500000,3000000
	grep -q 'recorded 4 samples, 3.0 s; left out 1;' stderr ||
		die "$(cat stderr)"
}

# podman's "0B / 0B" and docker's "-- / --" are the same
test_gone_before_and_after()
{
	recording '10 -- / --' '11 12.5MiB / 7GiB' '12 14MiB / 7GiB' '13 --/--' '14 0B / 0B' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,13107200 1.000000,14680064
}

# A recorder that was not there, or a container that it did not ask about, left nothing
# behind: not a line from one sample to the other.
test_silence_is_no_line()
{
	local silent=('1 1MB / 1GB' '2 1MB / 1GB' '3 900MB / 1GB' '63 1MB / 1GB' '64 1MB / 1GB')

	recording "${silent[@]}" >r.json
	bad 5 'samples\[3\]: long after the sample before'
	grep -q -e '--max-gap=SECONDS' stderr || die "$(cat stderr)"
	expect_status 0 "$import" --max-gap=60 r.json
	expect_samples 0.000000,1000000 1.000000,1000000 2.000000,900000000 62.000000,1000000 \
		63.000000,1000000
	expect_status 2 "$import" --max-gap=59.9 r.json
	expect_status 2 "$import" --max-gap=0 r.json

	# one value a line, and the logs
	printf '{"epoch": %s, "mem_usage": "1MB / 9GB"}\n' 1 2 3 4 40 41 >r.json
	bad 5 'samples\[4\]: long after'
	echo '# Elapsed time' >r.json
	printf '%s 0 1 2\n' 0 1 2 3 30 31 >>r.json
	bad 6 'samples\[4\]: long after'

	# a recorder that asks every minute, and one that was late
	recording '0 1MB / 1GB' '60 2MB / 1GB' '120 1MB / 1GB' '480 1MB / 1GB' >r.json
	expect_status 0 "$import" r.json
	recording '1 1MB / 1GB' '2 1MB / 1GB' '3 2MB / 1GB' '12.9 1MB / 1GB' '14 1MB / 1GB' >r.json
	expect_status 0 "$import" r.json
}

# docker prints four digits
test_exponents()
{
	recording '1 1.024e+03kB / 8.39GB' '2 1.2e+03MB / 8GB' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1024000 1.000000,1200000000
}

# what loops around the commands write: a value a line, or an array each time
test_one_after_the_other()
{
	local usage='"Name": "web", "MemUsage"'

	printf '{"epoch": %s, %s: "%s / 9GiB"}\n' 10 "$usage" 1MiB 11 "$usage" 2MiB >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1048576 1.000000,2097152
	printf '[\n{"epoch": %s, "name": "a", "mem_usage": "%s / 9GB"}\n]\n' 10 1MB 11.5 2MB >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1000000 1.500000,2000000

	printf '{"Name": "%s", "MemUsage": "%s / 9GB"}\n' web 1MB web 2MB web 3MB >r.json
	expect_status 0 "$import" --interval=0.5 r.json
	expect_samples 0.000000,1000000 0.500000,2000000 1.000000,3000000
	bad 1 'samples\[0\]\.epoch: missing'
	grep -q -e '--interval=SECONDS' stderr || die "$(cat stderr)"
	expect_status 2 "$import" --interval=0 r.json
	sed -i '3s/web/db/' r.json
	expect_status 2 "$import" --interval=1 r.json
	expect_error '^r\.json:3: samples\[2\]: of another container.*; '
	truncate -s -5 r.json
	expect_status 2 "$import" --interval=1 r.json
	expect_error '^r\.json:3: not JSON'
}

test_encodings()
{
	recording '1 1MB / 8GB' '2 2MB / 8GB' >plain
	expect_status 0 "$import" plain
	cp stdout want
	printf '\xef\xbb\xbf' | cat - plain >r.json
	expect_status 0 "$import" r.json
	diff <(grep '^[0-9]' want) <(grep '^[0-9]' stdout)
	for order in LE BE; do
		printf '\xef\xbb\xbf' | cat - plain | iconv -f UTF-8 -t "UTF-16$order" >r.json
		expect_status 0 "$import" r.json
		diff <(grep '^[0-9]' want) <(grep '^[0-9]' stdout)
	done
	truncate -s -7 r.json
	bad 3 'not JSON'
}

# docker stats moves the cursor between values, if nobody asks for --no-stream
test_escapes()
{
	local usage='"Name": "web", "MemUsage"' cut

	printf '\033[2J\033[H{%s: "%s / 9GiB"}\n' "$usage" 1MiB "$usage" 2MiB >r.json
	expect_status 0 "$import" --interval=1 r.json
	expect_samples 0.000000,1048576 1.000000,2097152
	printf '\033[H{%s: "%s / 9GiB"}\033[K\n\033[J' "$usage" 1MiB "$usage" 2MiB >r.json
	expect_status 0 "$import" --interval=1 r.json
	expect_samples 0.000000,1048576 1.000000,2097152
	for cut in '\033' '\033['; do
		printf "{%s: \"1MiB / 9GiB\"}\n$cut" "$usage" >r.json
		expect_status 2 "$import" --interval=1 r.json
		expect_error '^r\.json:2: not JSON'
	done
}

test_compressed()
{
	recording '1 1MB / 8GB' '2 2MB / 8GB' | gzip >r.json
	bad 1 'compressed by gzip'
	zcat r.json | expect_status 0 "$import" -
}

test_psrecord()
{
	printf '# Elapsed time   CPU (%%)     Real (MB)   Virtual (MB)\n' >r.json
	printf '  %s  0.000  %s  90.1\n' 0.000 1.5 1.004 2 10.044 3.25 >>r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1572864 1.004000,2097152 10.044000,3407872
	truncate -s -3 r.json
	bad 4 'cut short'
	printf '# Elapsed time\n1 0 2\n1 0 3\n' >r.json
	bad 3 'not after'
	printf '# Elapsed time\n1 0 x\n' >r.json
	bad 2 'not a sample of psrecord'
	printf '# Elapsed time\n1 0 2\n' >r.json
	bad 1 '1 samples'

	# the ends of lines of any system
	printf '# Elapsed time\r10 0 1.5\r11 0 2\r' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1572864 1.000000,2097152
	printf '# Elapsed time\r\n\r\n10 0 1.5\r\n11 0 2\r\n' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1572864 1.000000,2097152
}

# What is left of a line may be another number.
test_damaged_logs()
{
	printf '# Elapsed time\n1 0 2\n2 0 25\00060\n3 0 2\n' >r.json
	bad 3 'NUL byte'
	printf 'MEM 1.5 10.5\nMEM 2.25 11.5\n\0\0\0' >r.json
	bad 3 'NUL byte'
	printf '# Elapsed time\n1 0 2\n2 0 %0990d\n3 0 2\n' 1 >r.json
	expect_status 0 "$import" r.json
	printf '# Elapsed time\n1 0 2\n2 0 %0996d\n3 0 2\n' 1 >r.json
	bad 3 'a thousand characters'
	printf '# Elapsed time\n1 0 2\n%1000s2 0 25\n3 0 2\n' ' ' >r.json
	bad 3 'a thousand characters'
}

test_mprof()
{
	printf 'CMDLINE /usr/bin/python a.py\nMEM 1.5 1547322141.5060\nFUNC f 1 2 3 4\nMEM 2.25 1547322141.6064\n' >r.json
	expect_status 0 "$import" r.json
	expect_samples 0.000000,1572864 0.100400,2359296
	sed -i 's/^MEM 2.25/MEM -1/' r.json
	bad 4 'not a sample of mprof'
	# of mprof run --multiprocess
	printf 'MEM 1.5 10.5\nCHLD 7 100 10.5\nMEM 2.25 11.5\nCHLD 7 100 11.5\n' >r.json
	bad 2 'memory of a child'
}

test_output_is_a_trace()
{
	recording '10 1MB / 1GB' '11 2MB / 1GB' >r.json
	expect_status 0 "$import" --output=r.csv r.json
	expect_eq "size of stdout" 0 "$(stat -c %s stdout)"
	expect_status 0 "$tools/replay" --dry-run r.csv
	expect_status 0 "$import" - <r.json
	diff <(grep -v '^#' r.csv) <(grep -v '^#' stdout)
}

# bad LINE PATTERN - r.json is refused: where, and what
bad()
{
	expect_status 2 "$import" r.json
	expect_error "^r\.json:$1: .*$2.*; "
	expect_eq "size of stdout" 0 "$(stat -c %s stdout)"
}

test_bad_recordings()
{
	: >r.json
	bad 1 'not JSON'
	recording '10 1MB / 1GB' '11 2MB / 1GB' | head -c 90 >r.json
	bad 3 'not JSON'
	head -c 1000 /dev/zero >r.json
	bad 1 'not JSON'
	head -c 1000 "$import" >r.json
	bad 1 'not JSON'
	echo '[]' >r.json
	bad 1 'no array "samples"'
	echo '{"samples": {}}' >r.json
	bad 1 'no array "samples"'
	recording >r.json
	bad 1 'with a measurement'
	recording '10 1MB / 1GB' '11 0B / 0B' >r.json
	bad 2 'with a measurement'
	recording '10 1MB / 1GB' '12 1MB / 1GB' '11 1MB / 1GB' >r.json
	bad 4 'samples\[2\]\.epoch: not after'
	recording '10 1MB / 1GB' '10 1MB / 1GB' >r.json
	bad 3 'samples\[1\]\.epoch: not after'
	recording '10 1MB / 1GB' '10.0000001 1MB / 1GB' >r.json
	bad 3 'samples\[1\]\.epoch: within a microsecond'
	recording '-1 1MB / 1GB' '10 1MB / 1GB' >r.json
	bad 2 'samples\[0\]\.epoch: negative'
	recording '1700000000123 1MB / 1GB' '1700000001123 1MB / 1GB' >r.json
	bad 2 'samples\[0\]\.epoch: not a time in seconds'
	recording '1 1MB / 1GB' '2 -- / --' '3 0B / 0B' '60 1MB / 1GB' >r.json
	bad 3 'samples\[1\]: the container was gone, and came back'
	recording '1 1MB / 1GB' 'NaN 1MB / 1GB' >r.json
	bad 3 'not JSON'
	recording '1 1MB / 1GB' '"2" 1MB / 1GB' >r.json
	bad 3 'samples\[1\]\.epoch: not a number'
	recording '1 1MB / 1GB' '9000000 1MB / 1GB' >r.json
	bad 3 'samples\[1\]: more than a million'
	printf '{"x": "samples",\n"samples": [\n{"epoch": 1},\n{}]}' >r.json
	bad 3 'samples\[0\]\.mem_usage: missing'
	printf '{"samples": [\n{"mem_usage": "1B / 1B"}]}' >r.json
	bad 2 'samples\[0\]\.epoch: missing'
	printf '{"samples": [\n{"epoch": 1, "mem_usage": 5}]}' >r.json
	bad 2 'samples\[0\]\.mem_usage: not a string'
	printf '{"samples": [{"epoch": 1, "mem_usage": "1B / 1B"},\n\n[1, 2]]}' >r.json
	bad 3 'samples\[1\]: not an object'
}

test_bad_sizes()
{
	local usage

	for usage in '' 'MB / 1GB' '1 / 1GB' '-1MB / 1GB' '+1MB / 1GB' '1mb / 1GB' \
		'1.MB / 1GB' '1.2.3MB / 1GB' '1e3MB / 1GB' '0x10MB / 1GB' \
		'nanB / 1GB' 'infB / 1GB' ' 1MB / 1GB' '1 MB / 1GB' '17TiB / 1GB' \
		'1MB' '1MB / ' '1MB / 1' '1MB 1GB' '1MB / 1GB / 1GB' '1MB / 1GBx' \
		'--'; do
		recording '1 1MB / 1GB' "2 $usage" >r.json
		bad 3 'samples\[1\]\.mem_usage: '
	done
}

test_bad_files_and_options()
{
	expect_status 2 "$import" missing.json
	expect_error '^missing\.json: .*No such file.*; '
	expect_status 2 "$import" /
	expect_error '^/: .*Is a directory.*; '
	expect_status 2 "$import"
	expect_status 2 "$import" --no-such-option
	recording '10 1MB / 1GB' '11 2MB / 1GB' >r.json
	expect_status 2 "$import" r.json r.json
	expect_status 1 "$import" --output=missing/r.csv r.json
	expect_error '^--output=missing/r\.csv: .*No such file'
	[ ! -c /dev/full ] || expect_status 1 "$import" --output=/dev/full r.json
	# what is written before the disk is full is no trace
	printf '{"epoch": %d, "mem_usage": "1MB / 9GB"}\n' {1..2000} >r.json
	if (ulimit -f 8; trap '' XFSZ; "$import" --output=r.csv r.json 2>stderr); then
		die "it has written more than it may"
	fi
	expect_error '^r\.csv: cannot write the trace: .*; '
	[ ! -e r.csv ] || die "half of the trace is left"
}

# the recordings whose figures were published, where they are at hand
test_published_figures()
{
	local traces=${TRACES-$top/../shared/traces} name want path n=0

	while read -r name want; do
		path=$traces/$name.resources.json
		[ -e "$path" ] || skip_test "no recordings in $traces; set TRACES to a directory that has $name.resources.json"
		expect_status 0 "$import" "$path"
		expect_eq "$name" "$want" \
			"$(sed -E 's/.*: recorded ([0-9]+) samples, ([0-9.]+) s;.*mean ([0-9.]+) MB, peak ([0-9.]+) MB.*/\1 \2 \3 \4/' stderr)"
		# as the trace itself has them
		expect_eq "$name" "${want#* * }" "$(figures stdout | cut -d' ' -f3-)"
		n=$((n + 1))
	done <<-END
		pre-commit__pre-commit-2524 315 327.3 306.1 1862.0
		dask__dask-11628 95 98.3 197.9 320.9
		joke2k__faker-1520 119 123.2 189.7 272.8
		sigmavirus24__github3.py-673 100 102.7 213.4 305.5
	END
	expect_eq "recordings" 4 $n
}
