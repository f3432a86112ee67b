#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: promises.py check|faults|markdown [TABLE]

Read the table of promises (by default that of this tree), whose first lines say
what is in it, and

  check      compare it with the tests in prog_tests: print what does not fit
             together, a line each, and exit with 1 if there is anything
  faults     print a line for each fault, with tabs: its name, the guarding test, the
             revision that alone has it or "-", the tests that cannot but fail, too,
             and the tests of other subjects that are to be seen to pass; if the
             kernel dies of it, "crash" stands for the revision
  markdown   print PROMISES.md
"""

import os
import re
import sys

import script

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
TABLE = os.path.join(TOP, "promises")
KEYS = ("promise", "question", "revisions", "source", "fault", "crash")
TEST = re.compile(r"^TEST(?:_F|_SIGNAL|_F_SIGNAL|_F_TIMEOUT)?\((.*?)\)", re.M | re.S)
BODY_END = re.compile(r"^}", re.M)
ANSWER = re.compile(r"\bANSWER\(")


class TableError(Exception):
    pass


class Fault:
    def __init__(self, name, also, crash):
        self.name, self.also, self.crash = name, also, crash


class Promise:
    """A promise, or a question: what the interface leaves open."""

    def __init__(self, ident, group, line):
        self.id, self.group, self.line = ident, group, line
        self.text, self.revisions, self.source, self.faults = "", [], [], []
        self.kinds = []         # of its sentences: promise or question

    @property
    def is_question(self):
        return "question" in self.kinds


class Group:
    def __init__(self, title):
        self.title, self.besides, self.promises = title, [], []


class Table:
    def __init__(self, path=TABLE):
        self.path = path
        self.sources = {}       # id: (message-id or document, title)
        self.groups = []
        self.promises = {}
        with open(path, encoding="utf-8") as file:
            for line, text in join_lines(file):
                self.parse(line, text)

    def is_question(self, ident):
        return ident in self.promises and self.promises[ident].is_question

    def wrong(self, line, what):
        raise TableError(f"{self.path}:{line}: {what}")

    def parse(self, line, text):
        if text.startswith("\t"):
            key, colon, value = text.strip().partition(":")
            if not self.groups or not self.groups[-1].promises:
                self.wrong(line, "a field before the first promise")
            if not colon or key not in KEYS:
                self.wrong(line, f"want one of {', '.join(KEYS)}, and a colon")
            self.field(line, self.groups[-1].promises[-1], key, value.strip())
        elif text.startswith("source "):
            words = text.split(None, 3)
            if len(words) < 3:
                self.wrong(line, "want: source ID PLACE [TITLE]")
            self.sources[words[1]] = (words[2], words[3] if len(words) > 3 else "")
        elif text.startswith("== "):
            self.groups.append(Group(text[3:].strip()))
        elif text.startswith("besides:"):
            if not self.groups:
                self.wrong(line, "besides: before the first group")
            self.groups[-1].besides = text.split()[1:]
        elif re.fullmatch(r"[a-z_]+\.[a-z0-9_]+", text):
            if not self.groups:
                self.wrong(line, "a promise before the first group")
            if text in self.promises:
                self.wrong(line, f"{text} is there twice")
            promise = Promise(text, self.groups[-1], line)
            self.promises[text] = promise
            self.groups[-1].promises.append(promise)
        else:
            self.wrong(line, f"neither a promise (PROGRAM.TEST) nor a group: {text}")

    def field(self, line, promise, key, value):
        if key in ("promise", "question"):
            promise.text = value
            promise.kinds.append(key)
        elif key == "revisions":
            promise.revisions = value.split()
        elif key == "source":
            promise.source = [part.strip() for part in value.split(";")]
        else:
            name, _, also = value.partition(", also ")
            if not re.fullmatch(r"[a-z0-9_]+", name):
                self.wrong(line, f"want: {key}: NAME[, also PROGRAM.TEST...]")
            promise.faults.append(Fault(name, also.split(), key == "crash"))


def join_lines(file):
    """Lines without comments, with those joined that two tabs continue."""
    number, text = 0, None
    for line, content in enumerate(file, 1):
        content = content.rstrip()
        if content.startswith("\t\t") and text is not None:
            text += " " + content.strip()
            continue
        if text:
            yield number, text
        number, text = line, content
        if content.lstrip().startswith("#"):
            text = None
    if text:
        yield number, text


def tests_of_tree(top):
    """PROGRAM.TEST of each test in prog_tests, and whether it may answer a question."""
    folder = os.path.join(top, "prog_tests")
    for name in sorted(os.listdir(folder)):
        if not name.endswith(".c"):
            continue
        with open(os.path.join(folder, name), encoding="utf-8") as file:
            source = file.read()
        for test in TEST.finditer(source):
            words = [word.strip() for word in test[1].split(",")]
            end = BODY_END.search(source, test.end())
            body = source[test.end():end.start() if end else len(source)]
            # TEST(name), TEST_F(fixture, name), TEST_F_TIMEOUT(fixture, name, s)
            yield (f"{name[:-2]}.{words[1] if len(words) > 1 else words[0]}",
                   bool(ANSWER.search(body)))


def check_promise(table, promise):
    if not promise.text:
        yield "has no sentence"
    elif len(promise.kinds) > 1:
        yield "has more than one sentence: want promise: or question:, and once"
    elif promise.is_question and not promise.text.endswith("?"):
        yield "its question has no question mark"
    elif not promise.is_question and not promise.text.endswith("."):
        yield "its sentence has no end"
    if promise.is_question and promise.faults:
        yield "is a question, and no fault can break one"
    if re.search(r'["\\]|[^\x20-\x7e]', promise.text):
        yield "its sentence has a character that no C string takes as it is"
    if not promise.revisions:
        yield "is of no revision"
    if not promise.source:
        yield "its sentence has no source"
    for source in promise.source:
        if source.split()[0] not in table.sources:
            yield f"{source.split()[0]}: no such source in the table"


def check_guards(table, group, tests):
    """Tests that are to fail or to pass with a fault: an answer is neither."""
    for promise in group.promises:
        for fault in promise.faults:
            for other in fault.also:
                if other not in tests or table.is_question(other):
                    yield (f"{table.path}:{promise.line}: {promise.id}: fault "
                           f"{fault.name}: no test of a promise {other}")
    for other in group.besides:
        if other not in tests or table.is_question(other):
            yield f"{table.path}: group {group.title}: no test of a promise {other}"


def check_answers(table, tests):
    """A test answers if the table has a question for it, and only then."""
    for ident, promise in table.promises.items():
        where = f"{table.path}:{promise.line}: {ident}"
        if promise.is_question and tests.get(ident) is False:
            yield f"{where}: is a question, and its test has no ANSWER()"
        elif not promise.is_question and tests.get(ident):
            yield f"{where}: is a promise, and its test has an ANSWER()"


def check(table, tests):
    """What does not fit together, a sentence each; tests is of tests_of_tree()."""
    tests = dict(tests)
    named, faults, texts = set(), {}, {}
    for promise in table.promises.values():
        where = f"{table.path}:{promise.line}: {promise.id}"
        for what in check_promise(table, promise):
            yield f"{where}: {what}"
        named.update(source.split()[0] for source in promise.source)
        if promise.id not in tests:
            yield (f"{where}: there is no such test to "
                   f"{'answer' if promise.is_question else 'guard'} it")
        if texts.setdefault(promise.text, promise.id) != promise.id:
            yield f"{where}: says what {texts[promise.text]} says"
        for fault in promise.faults:
            if faults.setdefault(fault.name, promise.id) != promise.id:
                yield f"{where}: fault {fault.name} is of {faults[fault.name]}"
    for group in table.groups:
        yield from check_guards(table, group, tests)
    yield from check_answers(table, tests)
    for test in sorted(set(tests) - set(table.promises)):
        yield (f"{test}: answers no question of {table.path}" if tests[test] else
               f"{test}: guards no promise of {table.path}")
    for source in table.sources:
        if source not in named:
            yield f"{table.path}: source {source}: no promise has it"


def print_faults(table):
    for promise in table.promises.values():
        only = promise.revisions[0] if len(promise.revisions) == 1 else "-"
        for fault in promise.faults:
            print(fault.name, promise.id, "crash" if fault.crash else only,
                  " ".join(fault.also) or "-",
                  " ".join(promise.group.besides) or "-", sep="\t")


def place(table, source):
    """A source as markdown; a mail is a reference, which PROMISES.md ends with."""
    ident, _, where = source.partition(" ")
    is_mail = table.sources[ident][0].startswith("<")
    return f"{f'[{ident}]' if is_mail else ident} {where}".strip()


def print_rows(table, promises, with_faults):
    for promise in promises:
        print("|", " | ".join((
            promise.text.replace("|", "\\|"), f"`{promise.id}`",
            ", ".join(promise.revisions),
            *([" ".join(f"`{fault.name}`" for fault in promise.faults)]
              if with_faults else []),
            "; ".join(place(table, source) for source in promise.source))), "|")
    print()


def print_markdown(table):
    questions = [promise for promise in table.promises.values() if promise.is_question]
    nr_faults = sum(len(promise.faults) for promise in table.promises.values())
    print(f"""<!-- made by `make PROMISES.md` from the table `promises`; change that -->
# What memcg_bpf_ops promises

{len(table.promises) - len(questions)} promises, each with the test that guards it, and {nr_faults} ways in which a
reference kernel can break one. `make vm` ends with the verdict: which of them the kernel under
test keeps. What the interface leaves open is in [Questions](#questions).

A test is called `PROGRAM.TEST`: `prog_tests/PROGRAM.c` has it, and `PROGRAM -t TEST` runs it alone. A
fault is a value of the parameter `memcg_bpf.fault` of a reference kernel; `ci/check-faults.sh FAULT`
injects it and sees that the test fails.
""")
    for group in table.groups:
        promises = [promise for promise in group.promises if not promise.is_question]
        if promises:
            print(f"## {group.title}\n")
            print("| promise | test | revisions | faults | source |")
            print("|---|---|---|---|---|")
            print_rows(table, promises, True)
    print("""## Questions

The interface does not say which way a kernel goes here. A test finds out which way it does, and the
verdict prints the answer; no answer is right or wrong.
""")
    print("| question | test | revisions | source |")
    print("|---|---|---|---|")
    print_rows(table, questions, False)
    print("""## Sources

Mails are named by revision and patch, as v7.06; with -re it is a review of that patch.
""")
    for ident, (where, title) in table.sources.items():
        mail = where.startswith("<")
        print(f"- {f'[{ident}]' if mail else ident}: {title if mail else where}")
    print()
    for ident, (where, _) in table.sources.items():
        if where.startswith("<"):
            print(f"[{ident}]: https://lore.kernel.org/r/{where.strip('<>')}")


def main():
    args = sys.argv[1:]
    if args in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(args) not in (1, 2) or args[0] not in ("check", "faults", "markdown"):
        print("promises.py: want check, faults or markdown; see --help", file=sys.stderr)
        return 2
    try:
        table = Table(*args[1:])
        if args[0] == "check":
            wrong = list(check(table, tests_of_tree(TOP)))
            print(*wrong, sep="\n", end="\n" if wrong else "")
            return 1 if wrong else 0
        if args[0] == "faults":
            print_faults(table)
        else:
            print_markdown(table)
    except (OSError, TableError) as error:
        print(f"promises.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    script.run(main)
