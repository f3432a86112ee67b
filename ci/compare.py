#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: compare.py A B

Compare two verdicts, as `make vm` and `make review` leave them (verdict.json): which
promises one kernel keeps and the other breaks, and what only one of them was asked.

Exit status: 0 if they keep and break the same of what both were asked, 1 if not, 2 for
bad input.
"""

import json
import sys
import textwrap

import script

WIDTH = 90


STATES = ("kept", "broken", "not asked")


class BadInput(Exception):
    """A sentence with the path."""


def is_promise(entry):
    return (isinstance(entry["id"], str) and entry["verdict"] in STATES and
            isinstance(entry["promise"], (str, type(None))))


def load(path):
    """The name of a kernel, and the verdict on each promise."""
    try:
        with open(path, encoding="utf-8") as file:
            verdict = json.load(file)
        kernel, promises = verdict["kernel"] or path, verdict["promises"]
        if not isinstance(kernel, str) or not all(map(is_promise, promises)):
            raise ValueError
        return kernel, {promise["id"]: promise for promise in promises}
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadInput(f"{path}: not a verdict of the suite, verdict.json") from error


def sentence(promise):
    text = promise["promise"] or ""
    return textwrap.fill(text, WIDTH, initial_indent="    ", subsequent_indent="    ")


def section(title, idents, of):
    print(f"{len(idents)} {title}{':' if idents else ''}")
    for ident in idents:
        print(f"  {ident}")
        if of:
            print(sentence(of[ident]))


def compare(path_a, path_b):
    (name_a, a), (name_b, b) = load(path_a), load(path_b)
    if not a.keys() & b.keys():
        raise BadInput(f"{path_a} and {path_b}: no promise is in both")
    print(f"A: {name_a}\nB: {name_b}\n")
    state = lambda of, ident: of[ident]["verdict"] if ident in of else "not asked"
    pairs = {ident: (state(a, ident), state(b, ident)) for ident in {**a, **b}}
    pick = lambda *wanted: [ident for ident, pair in pairs.items() if pair in wanted]
    both = pick(("kept", "kept"))
    print(f"{len(both)} kept by both")
    section("broken by both", pick(("broken", "broken")), {**a, **b})
    worse, better = pick(("kept", "broken")), pick(("broken", "kept"))
    section("kept by A, broken by B", worse, b)
    section("broken by A, kept by B", better, a)
    only_a = pick(("kept", "not asked"), ("broken", "not asked"))
    only_b = pick(("not asked", "kept"), ("not asked", "broken"))
    section("asked of A only", only_a, None)
    section("asked of B only", only_b, None)
    return 1 if worse or better else 0


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) != 3:
        print("compare.py: want two verdicts; see --help", file=sys.stderr)
        return 2
    try:
        return compare(*sys.argv[1:])
    except BadInput as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2


script.run(main)
