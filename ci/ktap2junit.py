#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: ktap2junit.py KTAP [JUNIT]

Read what the suite has printed.  With JUNIT, write it there as JUnit XML: a
testsuite for each program, a testcase for each of its tests, what a test said.
Without, print a line for each test: result, a blank, PROGRAM:TEST.

A test is what ci/ktap.sh counts as one.  (Debian's tap2junit knows TAP only, not
the kselftest runner: it takes each program for one test, a skipped one for one
that passed, and what the next program says for its output.)
"""

import re
import sys
import xml.etree.ElementTree as ET

import ktap
import script

NOT_XML = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(string):
    return NOT_XML.sub("?", string)


def junit(programs):
    top = ET.Element("testsuites")
    total = dict(tests=0, failures=0, skipped=0)
    for program in programs:
        suite = ET.SubElement(top, "testsuite", name=text("memcg_bpf." + program.name))
        count = dict(tests=len(program.tests), errors=0,
                     failures=program.count("fail"), skipped=program.count("skip"))
        for key, value in count.items():
            suite.set(key, str(value))
            if key in total:
                total[key] += value
        for test in program.tests:
            case = ET.SubElement(suite, "testcase", name=text(test.name),
                                 classname=text("memcg_bpf." + program.name))
            said = text("\n".join(test.log))
            if test.result == "fail":
                ET.SubElement(case, "failure",
                              message=text(test.reason or "not ok")).text = said
            elif test.result == "skip":
                ET.SubElement(case, "skipped",
                              message=text(re.sub("^SKIP ?", "", test.reason)))
            if test.result != "fail" and said:
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
            programs = ktap.read(file)
        if not programs:
            raise ValueError(f"{sys.argv[1]}: no results of the kselftest runner in it")
        if len(sys.argv) == 3:
            junit(programs).write(sys.argv[2], encoding="utf-8",
                                  xml_declaration=True)
    except (OSError, ValueError) as error:
        print(f"ktap2junit.py: {error}", file=sys.stderr)
        return 2
    if len(sys.argv) == 2:
        for program in programs:
            for test in program.tests:
                print(f"{test.result} {program.name}:{test.name}")
    return 0


script.run(main)
