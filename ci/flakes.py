#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: flakes.py [NUMBER-]CONDITION.ktap...

Read the KTAP of several runs of the suite on one kernel, and name each test that was not
the same every time: passed in some and failed in others; or passed or failed in some and
skipped in others of the same condition, as a condition can lack what a test needs.

Exit status: 0 if each was the same, 1 if not, 2 for bad input.
"""

import collections
import os
import sys

import ktap
import script

WORDS = {"pass": "passed", "fail": "failed", "skip": "skipped", None: "without a result"}


class RunError(Exception):
    """A file that is no run of the suite."""


class Run:
    """A run: its condition, and results by PROGRAM:TEST."""

    def __init__(self, path):
        self.name = os.path.basename(path).removesuffix(".ktap")
        self.condition = self.name.split("-", 1)[-1]
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.readlines()
        programs = ktap.read(lines)
        if not programs:
            raise RunError(f"{path}: there is no result of a test in it; "
                           "remove it to have it run again")
        self.results = {f"{program.name}:{test.name}": test.result
                        for program in programs for test in program.tests}


def is_same(runs, test):
    """The same in all runs, but for skips that a condition decides."""
    results = {run.results.get(test) for run in runs}
    if not results <= {"pass", "skip"} and not results <= {"fail", "skip"}:
        return False
    by_condition = collections.defaultdict(set)
    for run in runs:
        by_condition[run.condition].add(run.results.get(test))
    return all(len(results) == 1 for results in by_condition.values())


def report(runs):
    tests = list(dict.fromkeys(test for run in runs for test in run.results))
    flaky = [test for test in tests if not is_same(runs, test)]
    for test in flaky:
        print(f"{test}:")
        by_result = collections.defaultdict(list)
        for run in runs:
            by_result[run.results.get(test)].append(run.name)
        for result, names in by_result.items():
            print(f"  {WORDS[result]} in {len(names)}: {', '.join(names)}")
    print(f"{len(flaky)} of {len(tests)} tests were not the same in {len(runs)} "
          f"run{'' if len(runs) == 1 else 's'}")
    return 1 if flaky else 0


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if not sys.argv[1:]:
        print("flakes.py: want the KTAP of runs; see --help", file=sys.stderr)
        return 2
    try:
        return report([Run(path) for path in sys.argv[1:]])
    except (OSError, RunError) as error:
        print(f"flakes.py: {error}", file=sys.stderr)
        return 2


script.run(main)
