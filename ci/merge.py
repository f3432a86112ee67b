#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: merge.py KTAP...

Join what the shards of one run have printed, and print what one machine would have:
`make vm V=1 SHARD=1/2`, `make check SHARD=1/2` and so on, each in a file of its own, or
the out/suite.ktap of `make vm`.  A line "# shard: I/N" in each says which it is.  Results
are numbered anew.  Shards that are missing, and those whose output is cut short, are named
in the end.

Exit status: 0 if all shards are there, each with all its results, and no test failed; 1 if
not; 2 for bad input: no shard, one that is there twice, or shards of different runs or
kernels.
"""

import re
import sys

import script

SHARD = re.compile(r"(?:# )?# shard: (\d+)/(\d+)$")
KERNEL = re.compile(r"(?:# )*kernel: (.*)$")
RESULT = re.compile(r"(ok|not ok) \d+(.*)$")
NESTED = re.compile(r"# (ok|not ok) \d+ ")
COUNTS = re.compile(r"(?:# )?(\d+) passed, (\d+) failed, (\d+) skipped$")
PLAN = re.compile(r"1\.\.(\d+)")
INNER_PLAN = re.compile(r"# 1\.\.(\d+)")
# of the whole output, which the merged one has of its own
FRAME = re.compile(r"TAP version |KTAP version |1\.\.\d")
MOST = 9999     # shards, as of suite.sh


class BadInput(Exception):
    pass


class Shard:
    """The output of one shard: its lines without head, plan and the last count; lacking is
    how many results it was to have besides."""

    def __init__(self, path):
        self.path, self.number, self.of = path, None, None
        self.lines, self.kernels = [], set()
        self.lacking, self.begins = 0, False    # begins: the line before was a head
        with open(path, encoding="utf-8", errors="replace") as file:
            for line in file:
                self.take(line.rstrip("\r\n"))
        if self.number is None:
            raise BadInput(f"{path}: no line \"# shard: I/N\": not the output of a shard")

    def take(self, line):
        shard, kernel = SHARD.match(line), KERNEL.match(line)
        if shard:
            self.take_number(int(shard[1]), int(shard[2]))
        elif not FRAME.match(line) and not COUNTS.match(line):
            self.lines.append(line)
        if kernel:
            self.kernels.add(kernel[1])
        self.take_plan(line)

    def take_number(self, number, of):
        if not 1 <= number <= of <= MOST:
            raise BadInput(f"{self.path}: shard {number}/{of}: there is no such shard")
        if self.number is not None and (number, of) != (self.number, self.of):
            raise BadInput(f"{self.path}: shards {self.number}/{self.of} and {number}/{of} in "
                           "one file: want one for each")
        self.number, self.of = number, of

    def take_plan(self, line):
        """A plan behind the head is of the results that follow, and one at the end of those
        that are there."""
        plan = PLAN.match(line)
        if plan and self.begins:
            self.lacking += int(plan[1])
        elif RESULT.match(line):
            self.lacking = max(self.lacking - 1, 0)
        self.begins = line.startswith(("TAP version ", "KTAP version "))


def count(lines):
    """Passed, failed and skipped, as ktap.sh counts: a program by its own tests."""
    counts = {"passed": 0, "failed": 0, "skipped": 0}

    def add(line):
        counts["failed" if line.startswith("not ok") else
               "skipped" if "# SKIP" in line else "passed"] += 1

    inner, inner_failed, planned = 0, 0, 0
    for line in lines:
        plan = INNER_PLAN.match(line)
        if plan:
            planned = planned or int(plan[1])
        if NESTED.match(line):
            add(line.removeprefix("# "))
            inner, inner_failed = inner + 1, inner_failed + line.startswith("# not")
        elif RESULT.match(line):
            if not inner or (line.startswith("not") and not inner_failed):
                add(line)
            elif inner < planned and not inner_failed:
                counts["failed"] += 1
            inner, inner_failed, planned = 0, 0, 0
    return counts


def check_numbers(shards):
    """Refuse those of different runs, and one that is there twice.  Return what is missing."""
    seen = {}
    for shard in shards:
        if shard.of != shards[0].of:
            raise BadInput(f"{shard.path}: shard of {shard.of}, and {shards[0].path} is "
                           f"of {shards[0].of}: of different runs")
        if shard.number in seen:
            raise BadInput(f"{shard.path}: shard {shard.number}/{shard.of}, as "
                           f"{seen[shard.number]} is")
        seen[shard.number] = shard.path
    return [n for n in range(1, shards[0].of + 1) if n not in seen]


def check_kernels(shards):
    for shard in shards:
        both = shard.kernels and shards[0].kernels
        if both and shard.kernels != shards[0].kernels:
            raise BadInput(f"{shard.path}: kernel {', '.join(sorted(shard.kernels))}, and "
                           f"not {', '.join(sorted(shards[0].kernels))} as in "
                           f"{shards[0].path}")


def merge(paths):
    shards = [Shard(path) for path in paths]
    missing = check_numbers(shards)
    check_kernels(shards)
    shards.sort(key=lambda shard: shard.number)
    lines, number = [], 0
    for shard in shards:
        for line in shard.lines:
            result = RESULT.match(line)
            if result:
                number += 1
                line = f"{result[1]} {number}{result[2]}"
            lines.append(line)
    lacking = sum(shard.lacking for shard in shards)
    print("\n".join(["TAP version 13", f"1..{number + lacking}", *lines]))
    counts = count(lines)
    counts["failed"] += bool(lacking)
    for shard in shards:
        if shard.lacking:
            said = f"{shard.lacking} of the results of shard {shard.number}/{shard.of}"
            print(f"# missing: {said}")
            print(f"merge.py: {shard.path}: cut short, {said} are missing", file=sys.stderr)
    for shard in missing:
        print(f"# missing: shard {shard}/{shards[0].of}")
        print(f"merge.py: shard {shard}/{shards[0].of} is missing", file=sys.stderr)
    print(", ".join(f"{n} {word}" for word, n in counts.items()))
    return 1 if missing or counts["failed"] or not number else 0


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) < 2:
        print("merge.py: want the output of the shards; see --help", file=sys.stderr)
        return 2
    try:
        return merge(sys.argv[1:])
    except BadInput as error:
        print(f"merge.py: {error}", file=sys.stderr)
    except IsADirectoryError as error:
        print(f"merge.py: {error.filename}: a folder: OUT= names one for the results of all "
              f"shards", file=sys.stderr)
    except OSError as error:
        print(f"merge.py: {error.filename}: {error.strerror}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    script.run(main)
