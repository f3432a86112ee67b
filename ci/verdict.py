#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: verdict.py [--verbose] [--ktap=FILE] [--json=FILE] [--durations=FILE]
                  [--promises=TABLE] <KTAP

Read what the suite prints while it runs, and say which promises of memcg_bpf_ops the
kernel keeps, which it breaks and what was seen instead, and which it was not asked
about and why; and what it answers to the questions that the interface leaves open.
What is broken stands last, before a line that counts the results of all tests:
`N passed, N failed, N skipped`.  To that, and to KTAP, an answer is a skip.

  --verbose         pass on what is read, and the verdict behind "# "; without it
                    there is a line for each test program: its number of all, how
                    long it took last time, how long it took now, and its results
  --ktap=FILE       keep what is read
  --json=FILE       write the verdict for other programs
  --durations=FILE  where the durations of the last time are, and this time's go
  --promises=TABLE  the table of promises, if not that of this tree

Exit status: 0 if no test failed and one was run, 1 if not, 2 for bad usage.
"""

import argparse
import collections
import contextlib
import json
import os
import re
import sys
import textwrap

import durations
import ktap
import promises
import script

KERNEL = re.compile(r"# kernel: (.*)$")
# Of a test, and of boots.py about the kernel that it took down.
SAID = re.compile(r"# (?:[^ ]+:\d+:[^:]+:|crash: )(.*)$")
# The directive of a test that has an answer to its question.
ANSWER = re.compile(r"SKIP +answer: *(.*)$")
WIDTH = 90
SEEN_LINES = 8      # of a failed test; the KTAP has all


class Verdict:
    """On one promise: kept, broken (seen: lines of the test) or not asked (reason).

    A question is answered (by each variant of its test), not asked, or broken if its
    test failed.
    """

    def __init__(self, ident, promise):
        self.id, self.promise = ident, promise
        self.state, self.seen, self.reason = "not asked", [], "its program was not run"
        self.answers = []

    @property
    def is_question(self):
        return self.promise is not None and self.promise.is_question

    def take(self, test):
        """A result of its test, or of a variant of that."""
        answer = ANSWER.match(test.reason) if self.is_question else None
        if test.result == "fail":
            self.state = "broken"
            self.seen += what_was_seen(test)
        elif self.state == "broken":
            return
        elif answer and test.result == "skip":
            self.state = "answered"
            self.answers.append(answer[1])
        elif self.is_question and test.result == "pass":
            self.reason = "its test passed without an answer"
        elif test.result == "pass":
            self.state = "kept"
        elif self.state == "not asked":
            self.reason = re.sub("^SKIP *", "", test.reason)


def what_was_seen(test):
    seen = [match[1].strip() for match in map(SAID.match, test.log) if match]
    if any(line.startswith("# crash: ") for line in test.log):
        seen.insert(0, test.reason)
    if not seen:
        seen = [test.reason or "the test ended without a word"]
    return seen[:SEEN_LINES]


def why_not_reached(program):
    """Why a program has no result for one of its tests."""
    whole = [test for test in program.tests if test.name == program.name]
    if whole and whole[0].result == "skip":
        said = [line.strip("# ") for line in whole[0].log]
        return f"its program was skipped: {(said or ['it does not say why'])[-1]}"
    if not program.complete:
        return "the run ended before it"
    return "its program ended before it"


def judge(table, programs):
    """A verdict for each promise, and for failures that no promise knows."""
    verdicts = {ident: Verdict(ident, promise)
                for ident, promise in table.promises.items()}
    for program in programs:
        for ident, verdict in verdicts.items():
            if ident.split(".")[0] == program.name:
                verdict.reason = why_not_reached(program)
        for test in program.tests:
            whole = test.name == program.name
            if whole and test.result != "fail":
                continue
            # FIXTURE[.VARIANT].TEST
            ident = program.name if whole else \
                f"{program.name}.{test.name.split('.')[-1]}"
            verdicts.setdefault(ident, Verdict(ident, None)).take(test)
    return verdicts


def wrap(text, indent):
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent,
                         break_long_words=False, break_on_hyphens=False)


def count(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def shorten(idents, sizes):
    """The names of idents, and of a program alone if it has no others of their kind."""
    programs = {}
    for ident in idents:
        programs.setdefault(ident.split(".")[0], []).append(ident)
    for program, its in programs.items():
        if len(its) == sizes[program]:
            yield f"{program} (all {len(its)})" if len(its) > 1 else its[0]
        else:
            yield from its


def not_asked_lines(verdicts, everything):
    """By reason; everything: those of the same kind, promises or questions."""
    sizes = collections.Counter(verdict.id.split(".")[0] for verdict in everything)
    reasons = {}
    for verdict in verdicts:
        reasons.setdefault(verdict.reason, []).append(verdict.id)
    for reason, idents in reasons.items():
        yield wrap(f"{reason}:", "  ")
        yield wrap(", ".join(shorten(idents, sizes)), "    ")


def said_lines(word, text):
    """Text behind a word, in a column of its own."""
    first = f"    {word + ':':10}"
    yield wrap(text, first).replace(f"\n{first}", "\n" + " " * len(first))


def entry_lines(verdict):
    yield f"  {verdict.id}"
    if verdict.promise:
        yield from said_lines("asked" if verdict.is_question else "promised",
                              verdict.promise.text)
    for answer in verdict.answers if verdict.state == "answered" else ():
        yield from said_lines("answer", answer)
    for line in verdict.seen:
        yield from said_lines("seen", line)


def section(verdicts, noun, state):
    """Nothing if there are none."""
    if verdicts:
        yield f"{count(len(verdicts), noun)} {state}:"
        for verdict in verdicts:
            yield from entry_lines(verdict)


def verdict_lines(kernel, verdicts):
    promised = collections.defaultdict(list)
    asked = collections.defaultdict(list)
    for verdict in verdicts.values():
        (asked if verdict.is_question else promised)[verdict.state].append(verdict)
    yield ""
    yield f"Verdict on {kernel or 'this kernel'}:"
    yield f"{count(len(promised['kept']), 'promise')} kept"
    if promised["not asked"]:
        yield f"{count(len(promised['not asked']), 'promise')} not asked about:"
        yield from not_asked_lines(promised["not asked"], sum(promised.values(), []))
    yield from section(asked["answered"], "question", "answered")
    if asked["not asked"]:
        yield f"{count(len(asked['not asked']), 'question')} not answered:"
        yield from not_asked_lines(asked["not asked"], sum(asked.values(), []))
    if not promised["broken"]:
        yield "no promise broken"
    # A test that failed to answer says less of the interface than a broken promise.
    yield from section(asked["broken"], "question", "failed")
    yield from section(promised["broken"], "promise", "broken")


def entry_as_json(verdict):
    states = {"broken": "failed", "not asked": "not answered"} if verdict.is_question else {}
    return {
        "id": verdict.id,
        "question" if verdict.is_question else "promise":
            verdict.promise.text if verdict.promise else None,
        "revisions": verdict.promise.revisions if verdict.promise else [],
        "source": verdict.promise.source if verdict.promise else [],
        "verdict": states.get(verdict.state, verdict.state),
        **({"answers": verdict.answers} if verdict.state == "answered" else {}),
        **({"seen": verdict.seen} if verdict.state == "broken" else {}),
        **({"reason": verdict.reason} if verdict.state == "not asked" else {}),
    }


def as_json(kernel, verdicts, counts):
    """skipped has the questions that were answered, as KTAP has."""
    entries = verdicts.values()
    return {
        "kernel": kernel,
        "passed": counts["pass"], "failed": counts["fail"], "skipped": counts["skip"],
        "answered": sum(verdict.state == "answered" for verdict in entries),
        "promises": [entry_as_json(verdict) for verdict in entries
                     if not verdict.is_question],
        "questions": [entry_as_json(verdict) for verdict in entries if verdict.is_question],
    }


class Progress:
    """A line for each program, or all that is read."""

    def __init__(self, verbose, took):
        self.verbose, self.took, self.open = verbose, took, False

    def line(self, line, reader):
        begins = ktap.BEGIN.match(line.rstrip())
        if begins:
            self.took.begin()
        if self.verbose:
            sys.stdout.write(line)
        elif begins:
            self.begin(reader)
        elif not line.startswith(("#", "ok ", "not ok ", "TAP version ", "1..", "KTAP ")):
            self.program(None)
            sys.stdout.write(line)
        sys.stdout.flush()

    def begin(self, reader):
        """What runs, which of how many, and how long it took last time."""
        name, planned = reader.current.name, reader.planned or 0
        number = f"{len(reader.programs)}/{planned}" if planned else ""
        last = f"{self.took.last[name]:.0f} s" if name in self.took.last else ""
        print(f"{number:6}{name:16}{last:>6} ", end="")
        self.open = True

    def program(self, program):
        seconds = self.took.end(program.name, program.complete) if program else 0
        if self.verbose or not self.open:
            return
        if program:
            print(f"... {f'{seconds:.0f} s':>6}  ", end="")
            print(", ".join(f"{program.count(result)} {word}" for result, word in
                            (("pass", "passed"), ("fail", "failed"), ("skip", "skipped"))
                            if program.count(result)), end="")
        print(flush=True)
        self.open = False


class Copy:
    """What is read, kept in a file.  A disk that gets full ends the copy and not the run:
    wrong is the line about it, or None."""

    def __init__(self, path):
        self.path, self.wrong = path, None
        self.file = open(path, "w", encoding="utf-8") if path else None

    def write(self, line):
        if not self.file or self.wrong:
            return
        try:
            self.file.write(line)
            self.file.flush()
            # A kernel that dies under us is to leave what had run on the disk.
            if ktap.RESULT.match(line.rstrip()):
                os.fsync(self.file.fileno())
        except OSError as error:
            self.wrong = f"{self.path}: cut short: {error.strerror}"

    def close(self):
        """The file is closed, also if what it has not written yet cannot be."""
        if self.file:
            with contextlib.suppress(OSError):
                self.file.close()


def read_all(options, copy):
    """Return the reader and what the kernel under test calls itself."""
    took = durations.Durations(options.durations)
    reader, kernel, progress = ktap.Reader(), None, Progress(options.verbose, took)
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for line in sys.stdin:
        copy.write(line)
        ended = reader.feed(line)
        progress.line(line, reader)
        if ended:
            progress.program(ended)
        said = KERNEL.match(line.rstrip().removeprefix("# "))
        kernel = said[1] if said else kernel
    progress.program(reader.close())
    if options.durations:
        took.save()
    copy.close()
    return reader, kernel


def write_json(path, verdict):
    """Return the line that says why it is not there, or None."""
    try:
        with open(path, "w", encoding="utf-8") as file:
            json.dump(verdict, file, indent=1)
            file.write("\n")
    except OSError as error:
        # Half of it is none.
        if os.path.isfile(path):
            os.unlink(path)
        return f"{path}: cannot be written: {error.strerror}"
    return None


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--ktap")
    parser.add_argument("--json")
    parser.add_argument("--durations", default="")
    parser.add_argument("--promises", default=promises.TABLE)
    options = parser.parse_args()
    if sys.stdin is None:
        print("verdict.py: stdin is closed: want the KTAP there", file=sys.stderr)
        return 2
    try:
        table = promises.Table(options.promises)
        copy = Copy(options.ktap)
    except (OSError, promises.TableError) as error:
        print(f"verdict.py: {error}", file=sys.stderr)
        return 2
    reader, kernel = read_all(options, copy)
    verdicts = judge(table, reader.programs)
    counts = {result: sum(program.count(result) for program in reader.programs)
              for result in ("pass", "fail", "skip")}
    wrong = [copy.wrong]
    if options.json:
        wrong.append(write_json(options.json, as_json(kernel, verdicts, counts)))
    if reader.programs:
        for lines in verdict_lines(kernel, verdicts):
            for line in lines.split("\n"):
                print(f"# {line}".rstrip() if options.verbose else line)
    print(f"{counts['pass']} passed, {counts['fail']} failed, {counts['skip']} skipped")
    sys.stdout.flush()
    for line in filter(None, wrong):
        print(f"verdict.py: {line}", file=sys.stderr)
    if any(wrong):
        return 2
    return 0 if counts["fail"] == 0 and reader.programs else 1


if __name__ == "__main__":
    script.run(main)
