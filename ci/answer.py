#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: answer.py VERDICT...

Say in a line for each kernel what the suite's verdict on it (verdict.json) comes to.  Of
several on one kernel the first counts.

Exit status: 0, or 2 for bad input.
"""

import collections
import sys

import saved
import script


def counted(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def load(path):
    """The name of a kernel, and the verdict on it."""
    verdict = saved.read(path)
    return verdict["kernel"] or "This kernel", verdict["promises"]


def answer(kernel, verdict):
    states = collections.Counter(p["verdict"] for p in verdict)
    broken = [p["id"] for p in verdict if p["verdict"] == "broken"]
    text = (f"{kernel} keeps {counted(states['kept'], 'promise')}, "
            f"breaks {states['broken']}")
    if broken:
        text += f" ({', '.join(broken)})"
    return f"{text}, and was not asked about {states['not asked']}."


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) < 2:
        print("answer.py: want a verdict; see --help", file=sys.stderr)
        return 2
    verdicts = {}
    for path in sys.argv[1:]:
        try:
            kernel, verdict = load(path)
            verdicts.setdefault(kernel, answer(kernel, verdict))
        except saved.BadVerdict as error:
            print(f"answer.py: {error}", file=sys.stderr)
            return 2
    for kernel in sorted(verdicts):
        print(verdicts[kernel])
    return 0


script.run(main)
