#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: review.py OUT

Write OUT/review.txt, a reply to a series in lines of 72 columns, review.html, the same
with figures, and review.json, of what review.sh has left in OUT.  There is nothing in it
that was not measured: a part that did not run is named as such.  review.json has the
results of the tests as KCIDB has them, too: version, checkouts, builds and tests.

Exit status: 0 if nothing speaks against the series, 1 if something does, 2 if there
is nothing to tell.
"""

import csv
import json
import os
import re
import shlex
import sys

import blocks
import boots
import kcidb
import ktap
import pin
import script
import selftests

STYLE = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(__file__))),
                     "plots/page.css")
SEEN_LINES = 4      # of a broken promise
CRASHED = boots.CRASHES[122]
FUNCTIONS = 10      # of the code's size
# What finds bugs in a debug kernel, as config options are called there.
DEBUG = {"PROVE_LOCKING": "lockdep", "DEBUG_KMEMLEAK": "kmemleak",
         "DEBUG_ATOMIC_SLEEP": "checks of sleeping in atomic context"}

# What an instruction is counted for, by CHARGE of bench/overhead.c.
CHARGES = {"anon": "anonymous page", "file": "page of a file", "kmem": "pipe",
           "reclaim": "page of a file,", "unmap": "page unmapped", "fork": "fork and exit"}
CHARGES_MORE = {"reclaim": "  reclaiming"}
# Why a part has no result: exit statuses of vm/common.sh.
FAILURES = boots.CRASHES | {120: "a tool is missing", 121: "a kernel does not build",
                            124: "it came to no end"}


def read(path, default=None):
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read()
    except OSError:
        return default


def counted(number, noun, plural=None):
    return f"{number} {noun if number == 1 else plural or noun + 's'}"


def what_was_seen(promise):
    """Of a crash the line of the oops first: the file that has it stays here."""
    seen = promise.get("seen", [])
    oops = [line for line in seen if boots.FAILURE.search(line)]
    if oops and seen[0].startswith(CRASHED):
        seen = [f"{CRASHED}: {oops[0]}"] + [line for line in seen[1:] if line not in oops]
    return seen[:SEEN_LINES]


def without_prefix(subject):
    return re.sub(r"^(\[[^]]*\]\s*)+", "", subject)


def by_state(verdict):
    states = {}
    for promise in verdict["promises"]:
        states.setdefault(promise["verdict"], []).append(promise)
    return states


def is_different(row):
    return bool(row) and row["verdict"] in ("more", "less")


def difference(row, sure):
    """In instructions, from the first level of a table."""
    if not row or not row["diff"]:
        return "-"
    return f"{float(row['diff']):+.1f}" + ("" if sure and is_different(row) else "?")


class About:
    """What was tested on what, as review.sh has noted it."""

    def __init__(self, text):
        self.fields = {}
        for line in text.splitlines():
            key, _, value = line.partition(": ")
            if value:
                self.fields.setdefault(key, []).append(value)
        self.command = self.one("command")
        self.patches = [line.split(" ", 1) for line in self.fields.get("patch", [])]

    def one(self, key):
        return self.fields.get(key, [""])[0]

    @property
    def series(self):
        patches = f", {counted(len(self.patches), 'patch', 'patches')}" if self.patches else ""
        return self.one("series") + patches

    @property
    def base(self):
        """The version and, of a git tree, its commit."""
        version, *commit = self.fields.get("base", [""])
        return version + (f" ({commit[0]})" if commit else "")

    def numbers(self, state):
        """Of the patches that were applied so."""
        return ", ".join(str(number) for number, (how, _) in enumerate(self.patches, 1)
                         if how == state)


class Review:
    """What was left in a folder, and the text about it; against: what speaks against."""

    def __init__(self, out):
        self.out = out
        self.about = About(self.read("about"))
        self.text, self.json, self.against = blocks.Text(), {}, []
        run = re.sub(r"\W", "", self.about.one("date")) + self.about.one("patchset")[:12]
        self.kcidb = kcidb.Document(run or "0")
        self.build = {}
        self.failed = dict(line.split() for line in (self.read("failed") or "").splitlines())

    def read(self, name):
        return read(os.path.join(self.out, name))

    def build_of(self, name):
        """The id of the kernel of a tree: base, series or patch N."""
        if name not in self.build:
            base = name == "base"
            self.build[name] = self.kcidb.build(
                name.replace(" ", "-"),
                self.about.base if base else f"{self.about.one('series')} on {self.about.base}",
                patchset_hash="" if base else
                self.about.one("patchset") or None if name == "series" else None,
                compiler=self.about.one("compiler") or None)
        return self.build[name]

    def head(self, text):
        series = re.sub("^the ", "The ", f"{self.about.series}, on {self.about.base}")
        if self.against:
            number = len(self.against)
            text.say(f"{series}. {counted(number, 'thing')} "
                     f"speak{'s' if number == 1 else ''} against it:")
            for said in self.against:
                text.item(said)
        else:
            text.say(f"{series}. Nothing that was tried speaks against it.")
        if self.failed:
            text.say(f"Tried, and without a result: {', '.join(self.failed)}.")
        self.how(text)

    def how(self, text):
        notes = list(self.about.fields.get("note", []))
        for state, what in (("merged", "3-way merge, of patch"),
                            ("present", "in the tree already, and left out: patch")):
            if self.about.numbers(state):
                notes.append(f"{what} {self.about.numbers(state)}")
        debug = (self.read("debug") or "").split()
        if debug:
            notes.append("the kernel has " + ", ".join(DEBUG.get(name, name) for name in debug))
        for name, what in (("suite", "suite: memcg-bpf"), ("compiler", "compiler:")):
            if self.about.one(name):
                notes.append(f"{what} {self.about.one(name)}")
        if notes:
            text.add("", "")
            text.entry("How it was tested", [("", note) for note in notes])

    def absent(self, part, said):
        """Say why there is nothing of a part."""
        if part in self.failed:
            status = int(self.failed[part])
            said = ("It was tried, and has no result: " +
                    FAILURES.get(status, f"it ended with status {status}") + ".")
        self.text.say(said)

    def broken(self, promises):
        for promise in promises:
            self.text.entry(promise["id"], [("promised", promise["promise"] or "")] + [
                ("seen", seen) for seen in what_was_seen(promise)])

    def results(self, name, run, verdict):
        text = self.read(f"{name}.ktap")
        if text:
            self.kcidb.suite(self.build_of("series"), run, ktap.read(text.splitlines(True)))
            self.kcidb.not_reached(self.build_of("series"), run, verdict)

    def verdict(self):
        self.text.title("Promises")
        text = self.read("verdict.json")
        if text is None:
            self.absent("suite", "The suite was not run.")
            return
        verdict = self.json["verdict"] = json.loads(text)
        states = by_state(verdict)
        broken = states.get("broken", [])
        if not verdict["passed"] + verdict["failed"] + verdict["skipped"]:
            self.against.append("the suite has no result on the kernel with it")
        self.text.say(f"{verdict['kernel'] or 'The kernel with the series'}: {counted(len(states.get('kept', [])), 'promise')} "
                      f"kept, {len(broken)} broken, {len(states.get('not asked', []))} not "
                      "asked about.")
        self.broken(broken)
        if broken:
            self.against.append(f"{len(broken)} of {len(verdict['promises'])} promises "
                                f"{'is' if len(broken) == 1 else 'are'} broken")
        reasons = {}
        for promise in states.get("not asked", []):
            reasons.setdefault(promise.get("reason", ""), []).append(promise["id"])
        for reason, idents in reasons.items():
            self.text.entry("Not asked", [("why", reason), ("promises", ", ".join(idents))])
        for question in verdict.get("questions", []):
            for answer in question.get("answers", []):
                self.text.entry(question["id"], [("asked", question["question"]),
                                                 ("answer", answer)])
        self.results("suite", "suite", verdict)

    def stress(self):
        text = self.read("stress.json")
        if text is None and "stress" not in self.failed:
            return
        self.text.title("Stress")
        if text is None:
            self.absent("stress", "")
            return
        verdict = self.json["stress"] = json.loads(text)
        promises = [promise for promise in verdict["promises"]
                    if promise["id"].startswith("stress.")]
        states = by_state({"promises": promises})
        broken = by_state(verdict).get("broken", [])
        self.text.say(f"Each test for {(self.read('stress.seconds') or '?').strip()} s: "
                      f"{counted(len(states.get('kept', [])), 'promise')} kept, {len(broken)} "
                      f"broken, {len(states.get('not asked', []))} not asked about.")
        self.broken(broken)
        for promise in states.get("not asked", []):
            self.text.entry("Not asked", [("why", promise.get("reason", "")),
                                          ("promise", promise["id"])])
        if broken:
            self.against.append(f"{counted(len(broken), 'promise')} broken under stress")
        elif not states.get("kept"):
            self.against.append("stress has no result")
        self.results("stress", "stress", verdict)

    def each(self):
        patches = pin.load(os.path.join(self.out, "each"),
                           [subject for _, subject in self.about.patches])
        if not patches:
            return
        self.text.title("Patch by patch")
        count = len(self.about.patches)
        ran = any(patch.verdict for patch in patches)
        self.text.say("Each patch was built on those before it." + (
            " The suite ran on each kernel with memcg_bpf_ops that a patch has changed."
            if ran else " The suite was not run on them."))
        if len(patches) < count:
            self.text.say(f"Patches {len(patches) + 1} to {count} were not tried.")
        for patch in patches:
            self.patch(patch, count)
        self.json["each"] = {
            "patches": [{"number": patch.number, "subject": patch.subject,
                         "builds": patch.builds, "error": patch.error,
                         "same_kernel_as": patch.same,
                         "verdict": patch.states if patch.verdict else None}
                        for patch in patches],
            "broken": [found.as_json() for found in pin.pins(patches)]}
        for found in pin.pins(patches):
            said = (f"broken by patch {found.patch.number}, {found.before} before it" +
                    (f"; kept from patch {found.mended.number} on" if found.mended else ""))
            self.text.entry(found.id, [("", said)])

    def patch(self, patch, count):
        rows = [("", patch.error[0] if patch.error else "")] if patch.error else []
        if patch.same:
            rows.append(("", f"the same kernel as that of patch {patch.same}"))
        elif patch.verdict:
            rows.append(("", f"{counted(patch.count('kept'), 'promise')} kept, "
                         f"{patch.count('broken')} broken, {patch.count('not asked')} not "
                         "asked about"))
        self.text.entry(f"{patch.number}/{count} {'builds' if patch.builds else 'DOES NOT BUILD'}:"
                        f" {without_prefix(patch.subject)}"[:blocks.WIDTH].rstrip(), rows)
        if not patch.builds:
            self.against.append(f"patch {patch.number} of {count} does not build by itself")
        name = f"patch-{patch.number}"
        build = self.kcidb.build(name, patch.subject, patch.builds,
                                 log_excerpt="\n".join(patch.error) or None,
                                 compiler=self.about.one("compiler") or None)
        if patch.verdict:
            self.kcidb.suite(build, name, ktap.read(patch.read("suite.ktap").splitlines(True)))
            self.kcidb.not_reached(build, name, patch.verdict)

    def selftests(self):
        self.text.title("The kernel's own tests (selftests/cgroup)")
        rounds = selftests.rounds(self.out)
        if not rounds or "selftests" in self.failed:
            self.absent("selftests", "They were not run.")
            return
        base, patched = rounds[0]
        worse, by_chance = selftests.compare(rounds)
        passed = [name for name, result in base.results.items() if result == "ok"]
        kept = [name for name in passed if patched.results.get(name) == "ok"]
        self.json["selftests"] = {"base": base.results, "patched": patched.results,
                                  "worse": worse, "by chance": by_chance,
                                  "crashes": [patched.crashes for _, patched in rounds]}
        self.text.say(f"{len(base.results)} tests: {len(passed)} pass on the base, and "
                      f"{len(kept)} of these with the series.")
        if not passed:
            self.text.say("None passes on the base, so they tell nothing.")
        unbuilt = (self.read("selftests/unbuilt") or "").split()
        if unbuilt:
            self.text.say(f"Not built, and not run: {', '.join(unbuilt)}.")
        for names, what in ((worse, ""), (by_chance, ", and not so when it ran again")):
            for name in names:
                self.text.item(f"{name}: ok on the base, "
                               f"{patched.results.get(name, 'no result')} with the series{what}")
        self.crashes(rounds)
        for name in worse:
            self.against.append(f"{name} of selftests/cgroup passes without the series, and "
                                "not with it")
        self.kcidb.selftests(self.build_of("base"), "base", base.results)
        self.kcidb.selftests(self.build_of("series"), "series", patched.results)

    def crashes(self, rounds):
        """What the kernels did not survive."""
        for number, pair in enumerate(rounds, 1):
            for which, of in zip(("on the base", "with the series"), pair):
                for program, said in of.crashes.items():
                    self.text.item(f"{program} {which}, run {number}: {said}")
        found = {program for _, patched in rounds for program in patched.crashes}
        found -= {program for base, _ in rounds for program in base.crashes}
        for program in sorted(found):
            self.against.append(f"{program} of selftests/cgroup crashes or hangs with the "
                                "series only")

    def cost(self):
        self.text.title("Cost")
        findings = self.read("cost/findings")
        if findings is None:
            self.absent("cost", "It was not measured.")
            return
        self.json["cost"] = {"findings": findings.splitlines()}
        self.text.say("Instructions, counted by an emulated processor. \"none\" is the kernel "
                      "with the series and nothing attached, \"unpatched\" the one without, "
                      "and \"unpatched_again\" another boot of that.")
        for note in (self.read("cost/notes") or "").splitlines():
            self.text.say(note)
        self.instructions()
        self.text.say("Ratios with intervals of 95 %:")
        for line in findings.splitlines():
            self.text.item(line)
        figure = os.path.join(self.out, "cost/overhead.svg")
        if os.path.exists(figure):
            self.text.figure(figure, "cost of a charge, as a ratio to that without the series")

    def instructions(self):
        """A table: a line for each kind of charge, a column for what is attached."""
        rows = list(csv.DictReader((self.read("cost/statistics") or "").splitlines()))
        rows = [row for row in rows if row["tasks"] == rows[0]["tasks"]]
        levels = list(dict.fromkeys(row["ops"] for row in rows))
        if not rows:
            return
        table = {}
        for row in rows:
            table.setdefault(row["charge"], {})[row["ops"]] = row
        self.json["cost"]["instructions"] = table
        width = 68 - 16 - 10
        width //= max(len(levels) - 1, 1)
        lines = ["".ljust(16) + levels[0].rjust(10) + "".join(
            level.replace("unpatched_", "").rjust(width) for level in levels[1:])]
        for charge, cells in table.items():
            # a control that differs makes all of its line uncertain
            sure = not is_different(cells.get(f"{levels[0]}_again"))
            lines.append(CHARGES.get(charge, charge).ljust(16) +
                         f"{float(cells[levels[0]]['median']):10.1f}" +
                         "".join(" " + difference(cells.get(level), sure).rjust(width - 1)
                                 for level in levels[1:]))
            if charge in CHARGES_MORE:
                lines.append(CHARGES_MORE[charge])
        self.text.lines(["", *(f"  {line}" for line in lines), ""])
        if any("?" in line for line in lines):
            self.text.say("Numbers with a ? cannot be told from 0.")

    def size(self):
        self.text.title("Size")
        text = self.read("size.txt")
        if text is None:
            self.absent("size", "It was not measured.")
            return
        total = re.search(r"^Total: Before=(\d+), After=(\d+), chg (.*)$", text, re.M)
        functions = re.findall(r"^(\S+) +(\S+) +(\S+) +([+-]\d+)$", text, re.M)
        self.json["size"] = {"before": int(total[1]), "after": int(total[2])}
        self.text.say(f"vmlinux: {int(total[2]) - int(total[1]):+d} bytes of code and data "
                      f"({total[3]}). Most of it:")
        functions.sort(key=lambda f: -abs(int(f[3])))
        self.text.lines([f"  {delta:>7} {name[:44]} ({was} -> {now})"
                         for name, was, now, delta in functions[:FUNCTIONS]])

    def whole(self):
        """The head, which counts what the parts say, comes first."""
        if self.read("unbuilt") is not None:
            self.against.append("the kernel with the series does not build")
        for part in (self.verdict, self.each, self.stress, self.selftests, self.cost,
                     self.size):
            part()
        text = blocks.Text()
        self.head(text)
        text.extend(self.text)
        text.title("To repeat it")
        text.command(shlex_words(self.about.command))
        return text

    def write(self):
        text = self.whole()
        about = {key: values if key in ("note", "patch", "base") else values[0]
                 for key, values in self.about.fields.items()}
        answer = {**self.kcidb.json, "about": {**about, "base": self.about.base}, **self.json,
                  "against": self.against}
        title = f"memcg_bpf_ops: {self.about.one('series')} on {self.about.base}"
        for name, said in (("review.json", json.dumps(answer, indent=1) + "\n"),
                           ("review.html", text.as_page(title, read(STYLE, ""))),
                           ("review.txt", text.as_mail())):
            path = os.path.join(self.out, name)
            with open(f"{path}.part", "w", encoding="utf-8") as file:
                file.write(said)
            os.replace(f"{path}.part", path)
        print(text.as_mail(), end="")
        return 1 if self.against else 0


def shlex_words(command):
    """The words of a command, still quoted."""
    lexer = shlex.shlex(command, posix=False, punctuation_chars=False)
    lexer.whitespace_split, lexer.commenters = True, ""
    return list(lexer)


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


script.run(main)
