#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: review.py OUT

Write OUT/review.txt, a reply to a series in lines of 72 columns, and review.json, of
what review.sh has left in OUT.  There is nothing in it that was not measured: a part
that did not run is named as such.

Exit status: 0 if nothing speaks against the series, 1 if something does, 2 if there
is nothing to tell.
"""

import json
import os
import re
import sys
import textwrap

WIDTH = 72
SEEN_LINES = 4      # of a broken promise
FUNCTIONS = 10      # of the code's size


def wrap(text, first="", rest=None):
    return textwrap.fill(text, WIDTH, initial_indent=first,
                         subsequent_indent=" " * len(first) if rest is None else rest,
                         break_long_words=False, break_on_hyphens=False)


def read(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return default


class Review:
    """What was left in a folder, and the lines about it; against: what speaks against."""

    def __init__(self, out):
        self.out = out
        self.lines, self.json, self.against = [], {}, []

    def read(self, name):
        return read(os.path.join(self.out, name))

    def title(self, text):
        self.lines += ["", text, "-" * len(text)]

    def say(self, text, first=""):
        self.lines.append(wrap(text, first))

    def about(self):
        about = dict(line.split(": ", 1) for line in self.read("about").splitlines())
        self.json["about"] = about
        self.say(f"{about['series']}, on {about['base']}. {len(self.against)} "
                 "things speak against it:" if self.against else
                 f"{about['series']}, on {about['base']}. Nothing that was tried "
                 "speaks against it.")
        for text in self.against:
            self.say(text, "- ")

    def verdict(self):
        self.title("Promises")
        text = self.read("verdict.json")
        if text is None:
            self.say("The suite was not run.")
            return
        verdict = json.loads(text)
        by_state = {}
        for promise in verdict["promises"]:
            by_state.setdefault(promise["verdict"], []).append(promise)
        broken = by_state.get("broken", [])
        self.json["verdict"] = verdict
        self.say(f"{verdict['kernel']}: {len(by_state.get('kept', []))} promises kept, "
                 f"{len(broken)} broken, {len(by_state.get('not asked', []))} not asked "
                 "about.")
        for promise in broken:
            self.lines.append("")
            self.lines.append(promise["id"])
            self.say(promise["promise"] or "", "  promised: ")
            for seen in promise.get("seen", [])[:SEEN_LINES]:
                self.say(seen, "  seen:     ")
        if broken:
            self.against.append(f"{len(broken)} of {len(verdict['promises'])} promises "
                                "are broken")
        reasons = {}
        for promise in by_state.get("not asked", []):
            reasons.setdefault(promise.get("reason", ""), []).append(promise["id"])
        for reason, idents in reasons.items():
            self.lines.append("")
            self.say(f"Not asked, {reason}: {', '.join(idents)}")
        for question in verdict.get("questions", []):
            for answer in question.get("answers", []):
                self.lines.append("")
                self.say(question["question"], "asked:  ")
                self.say(answer, "answer: ")

    def selftests(self):
        self.title("The kernel's own tests (selftests/cgroup)")
        texts = [self.read("selftests-base"), self.read("selftests-patched")]
        if None in texts:
            self.say("They were not run.")
            return
        base, patched = (dict(reversed(line.split(" ", 1)) for line in text.splitlines())
                         for text in texts)
        passed = [name for name, result in base.items() if result == "ok"]
        worse = [name for name in passed if patched.get(name) != "ok"]
        self.json["selftests"] = {"base": base, "patched": patched, "worse": worse}
        self.say(f"{len(base)} tests: {len(passed)} pass on the base, and "
                 f"{len(passed) - len(worse)} of these with the series.")
        if base and not passed:
            self.say("None passes on the base, so they tell nothing.")
        for name in worse:
            self.say(f"{name}: ok on the base, {patched.get(name, 'no result')} with the "
                     "series", "  ")
            self.against.append(f"{name} of selftests/cgroup passes without it, and does "
                                "not with it")

    def cost(self):
        self.title("Cost")
        findings = self.read("cost/findings")
        if findings is None:
            self.say("It was not measured.")
            return
        self.json["cost"] = findings.splitlines()
        self.say("Instructions, counted by an emulated processor. \"none\" is the kernel "
                 "with the series and nothing attached, \"unpatched\" the one without. "
                 "Ratios with intervals of 95 %.")
        for line in findings.splitlines():
            self.say(line, "- ")

    def size(self):
        self.title("Size")
        text = self.read("size.txt")
        if text is None:
            self.say("It was not measured.")
            return
        total = re.search(r"^Total: Before=(\d+), After=(\d+), chg (.*)$", text, re.M)
        functions = re.findall(r"^(\S+) +(\S+) +(\S+) +([+-]\d+)$", text, re.M)
        self.json["size"] = {"before": int(total[1]), "after": int(total[2])}
        self.say(f"vmlinux: {int(total[2]) - int(total[1]):+d} bytes of code and data "
                 f"({total[3]}). Most of it:")
        functions.sort(key=lambda f: -abs(int(f[3])))
        for name, was, now, delta in functions[:FUNCTIONS]:
            self.lines.append(f"  {delta:>7} {name[:50]} ({was} -> {now})")

    def write(self):
        for part in (self.verdict, self.selftests, self.cost, self.size):
            part()
        body, self.lines = self.lines, []
        self.about()
        self.title("To repeat it")
        self.lines.append(f"  {self.json['about']['command']}")
        end, self.lines = self.lines, []
        # The head comes first, and how to repeat it last.
        cut = end.index("To repeat it") - 1
        lines = end[:cut] + body + end[cut:]
        self.json["against"] = self.against
        for name, text in (("review.txt", "\n".join(lines) + "\n"),
                           ("review.json", json.dumps(self.json, indent=1) + "\n")):
            with open(os.path.join(self.out, name), "w", encoding="utf-8") as file:
                file.write(text)
        print("\n".join(lines))
        return 1 if self.against else 0


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) != 2 or read(os.path.join(sys.argv[1], "about")) is None:
        print("review.py: want the folder that review.sh has filled; see --help",
              file=sys.stderr)
        return 2
    try:
        return Review(sys.argv[1]).write()
    except (OSError, ValueError, TypeError) as error:
        print(f"review.py: {sys.argv[1]}: {error}", file=sys.stderr)
        return 2


sys.exit(main())
