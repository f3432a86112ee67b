#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: compare.py A B

Compare two verdicts, as `make vm` and `make review` leave them (verdict.json): which
promises one kernel keeps and the other breaks, and what only one of them was asked.

Exit status: 0 if they keep and break the same of what both were asked, 1 if not, 2 for
bad input.
"""

import sys
import textwrap

import saved
import script

WIDTH = 90


def load(path):
    verdict = saved.read(path)
    return verdict["kernel"] or path, {p["id"]: p for p in verdict["promises"]}


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
        raise saved.BadVerdict(f"{path_a} and {path_b}: no promise is in both")
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
    except saved.BadVerdict as error:
        print(f"compare.py: {error}", file=sys.stderr)
        return 2


script.run(main)
