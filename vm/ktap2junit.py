#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: ktap2junit.py KTAP [JUNIT]

Read what the suite has printed.  With JUNIT, write it there as JUnit XML: a
testsuite for each program, a testcase for each of its tests, what a test said.
Without, print a line for each test: result, a blank, PROGRAM:TEST.

A test is what vm/ktap.sh counts as one.  (Debian's tap2junit knows TAP only, not
the kselftest runner: it takes each program for one test, a skipped one for one
that passed, and what the next program says for its output.)
"""

import re
import sys
import xml.etree.ElementTree as ET

RESULT = re.compile(r"(# )?(not ok|ok) \d+ ?(?:- )?(.*?)(?: # (.*))?$")
BEGIN = re.compile(r"# selftests: \S+: (\S+)$")
NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def verdict(ok, directive):
    if directive.upper().startswith("SKIP"):
        return "skip"
    return "pass" if ok == "ok" else "fail"


def read(lines):
    """Return [(program, [(test, result, reason, log)])]."""
    programs = []
    program, tests, log = None, [], []
    for line in lines:
        line = line.rstrip("\r\n")
        begin = BEGIN.match(line)
        result = RESULT.match(line)
        if begin:
            program, tests, log = begin[1], [], []
        elif not result:
            log.append(line.removeprefix("# "))
        elif result[1]:
            tests.append((result[3], verdict(result[2], result[4] or ""),
                          result[4] or "", log))
            log = []
        else:
            # The runner's own line: a program that died may not have said so.
            name = result[3].split(": ")[-1]
            outcome = verdict(result[2], result[4] or "")
            if not tests or (outcome == "fail" and
                             all(test[1] != "fail" for test in tests)):
                tests.append((name, outcome, result[4] or "", log))
            programs.append((name, tests))
            program, tests, log = None, [], []
    if program:
        tests.append((program, "fail", "no end of it", log))
        programs.append((program, tests))
    return programs


def text(string):
    return NOT_XML.sub("?", string)


def junit(programs):
    top = ET.Element("testsuites")
    total = dict(tests=0, failures=0, skipped=0)
    for program, tests in programs:
        suite = ET.SubElement(top, "testsuite", name="memcg_bpf." + program)
        count = dict(tests=len(tests), errors=0,
                     failures=sum(test[1] == "fail" for test in tests),
                     skipped=sum(test[1] == "skip" for test in tests))
        for key, value in count.items():
            suite.set(key, str(value))
            if key in total:
                total[key] += value
        for name, result, reason, log in tests:
            case = ET.SubElement(suite, "testcase", name=text(name),
                                 classname="memcg_bpf." + program)
            said = text("\n".join(log))
            if result == "fail":
                ET.SubElement(case, "failure",
                              message=text(reason or "not ok")).text = said
            elif result == "skip":
                ET.SubElement(case, "skipped",
                              message=text(re.sub("^SKIP ?", "", reason)))
            if result != "fail" and said:
                ET.SubElement(case, "system-out").text = said
    for key, value in total.items():
        top.set(key, str(value))
    ET.indent(top)
    return ET.ElementTree(top)


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        print("ktap2junit.py: want KTAP [JUNIT]; see --help", file=sys.stderr)
        return 2
    try:
        with open(sys.argv[1], encoding="utf-8", errors="replace") as file:
            programs = read(file)
        if not programs:
            raise ValueError(f"{sys.argv[1]}: no results of the kselftest runner in it")
        if len(sys.argv) == 3:
            junit(programs).write(sys.argv[2], encoding="utf-8",
                                  xml_declaration=True)
    except (OSError, ValueError) as error:
        print(f"ktap2junit.py: {error}", file=sys.stderr)
        return 2
    if len(sys.argv) == 2:
        for program, tests in programs:
            for name, result, _, _ in tests:
                print(f"{result} {program}:{name}")
    return 0


sys.exit(main())
