# SPDX-License-Identifier: GPL-2.0
"""Read the KTAP of the kselftest runner, line by line.

Each test program is one result of the runner.  The results of the program's own
tests come before it, behind "# ".  Counted are the latter, and the former where a
program died or timed out without a word about it.  What was planned and has no result
has failed: the output is cut short.
"""

import re

RESULT = re.compile(r"(# )?(not ok|ok) \d+ ?(?:- )?(.*?)(?: # (.*))?$")
BEGIN = re.compile(r"# selftests: \S+: (\S+)$")
PLAN = re.compile(r"(# )?1\.\.(\d+)")
RUN = re.compile(r"# #  RUN +(\S+) \.\.\.$")


class Test:
    """A result: pass, fail or skip; reason is the text behind it, log what came before."""

    def __init__(self, name, result, reason, log):
        self.name, self.result, self.reason, self.log = name, result, reason, log


class Program:
    """A test program; end is None, or the runner's directive (as "TIMEOUT 45 seconds")."""

    def __init__(self, name):
        self.name, self.tests, self.end, self.complete = name, [], None, False
        self.started = None     # the test that has begun, and not ended
        self.planned = None     # so many results it is to have

    def count(self, result):
        return sum(test.result == result for test in self.tests)


def outcome(ok, directive):
    if directive.upper().startswith("SKIP"):
        return "skip"
    return "pass" if ok == "ok" else "fail"


class Reader:
    """programs: those that have begun, in their order; outside: lines of no program."""

    def __init__(self):
        self.programs = []
        self.log = []
        self.current = None
        self.planned = None     # so many programs

    def feed(self, line):
        """Take a line; return the program that it ends, or None."""
        line = line.rstrip("\r\n")
        begin, result, run = BEGIN.match(line), RESULT.match(line), RUN.match(line)
        self.plan(PLAN.match(line))
        if begin:
            self.current = Program(begin[1])
            self.programs.append(self.current)
            self.log = []
        elif not result:
            if run and self.current:
                self.current.started = run[1]
            self.log.append(line.removeprefix("# "))
        elif result[1]:
            self.add(result[3], result[2], result[4] or "")
            if self.current:
                self.current.started = None
        else:
            return self.finish(result[3].split(": ")[-1], result[2], result[4] or "")
        return None

    def plan(self, plan):
        """The first counts: a program that a crash has cut in two goes on with another."""
        if not plan:
            return
        of = self.current if plan[1] else self
        if of and of.planned is None:
            of.planned = int(plan[2])

    def add(self, name, ok, directive):
        if self.current is None:
            self.current = Program("?")
            self.programs.append(self.current)
        self.current.tests.append(
            Test(name, outcome(ok, directive), directive, self.log))
        self.log = []

    def finish(self, name, ok, directive):
        program = self.current
        if program is None:
            program = self.current = Program(name)
            self.programs.append(program)
        program.name, program.end, program.complete = name, directive, True
        # One that died or timed out may not have said so itself.
        if not program.tests or (outcome(ok, directive) == "fail" and
                                 not program.count("fail")):
            self.add(program.started or name, ok, directive)
        elif len(program.tests) < (program.planned or 0) and not program.count("fail"):
            self.add(program.started or name, "not ok",
                     f"{len(program.tests)} of {program.planned} results are there")
        self.current, self.log = None, []
        return program

    def close(self):
        """Nothing more comes; return the program that has no end, or None."""
        program, ended = self.current, sum(p.complete for p in self.programs)
        if program:
            self.add(program.started or program.name, "not ok", "no end of it")
            self.current = None
        elif ended < (self.planned or 0):
            program = self.current = Program("runner")
            self.programs.append(program)
            self.add("runner", "not ok",
                     f"{ended} of {self.planned} programs have a result")
            self.current = None
        return program


def read(lines):
    """The programs in lines."""
    reader = Reader()
    for line in lines:
        reader.feed(line)
    reader.close()
    return reader.programs
