#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: hunks.py --files PATCH...
       hunks.py TREE PATCH [FILE...]

--files prints the paths that patches touch, a line each.

Else say which hunks of a patch do not fit a tree, what they want there, and what the tree
has instead.  A hunk fits if its old lines are in the file.  The first line of the output
is a summary.  FILE: only those of these files.

Exit status: 0 if all hunks fit, 1 if not, 2 with a line that says so if the patch is
corrupt.
"""

import collections
import difflib
import os
import re
import sys

import script

HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@ ?(.*)$")
GIT = re.compile(r"diff --git (\S+) (\S+)$")
NOTHING = "/dev/null"
# Less than this of a hunk's lines in one place is not where it belongs.
LEAST_ALIKE = 0.4
SLACK = 8       # lines that a place may be off by, for what was inserted
NAMED = 5       # files in the summary


class CorruptError(Exception):
    """A patch that a mail program or an editor has changed."""


class Hunk:
    """old and new are its lines before and after; start is the line in the old file."""

    def __init__(self, match):
        self.start, self.title = int(match[1]), match[0]
        self.left = [int(match[2] or 1), int(match[4] or 1)]
        self.old, self.new = [], []

    @property
    def is_complete(self):
        return self.left == [0, 0]

    def take(self, line):
        """Return False if such a line cannot be in it."""
        kind, text = line[:1] or " ", line[1:]
        if kind not in " +-" or (kind != "+" and not self.left[0]) or \
                (kind != "-" and not self.left[1]):
            return False
        if kind != "+":
            self.left[0] -= 1
            self.old.append(text)
        if kind != "-":
            self.left[1] -= 1
            self.new.append(text)
        return True


class Change:
    """Of one file: its path before and after, None where there is none.

    has_names is False until the lines --- and +++ of a patch by git have come.
    """

    def __init__(self, old, new, has_names=True):
        self.old, self.new, self.hunks, self.is_binary = old, new, [], False
        self.has_names = has_names

    @property
    def path(self):
        return self.new or self.old


def path_of(name, line, where):
    """Without the first folder, as patch -p1; None for no file."""
    name = name.split("\t")[0].strip().strip('"')
    if name == NOTHING:
        return None
    path = name.partition("/")[2]
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise CorruptError(f"{where}: not a path in a tree: {line}")
    return path


def read_lines(path):
    with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
        return file.read().split("\n")


def parse(path):
    """The changes of a patch, which may have a mail around it."""
    changes, hunk, previous = [], None, ""
    lines = read_lines(path)
    if not lines[-1]:
        del lines[-1]
    for number, line in enumerate(lines, 1):
        where = f"line {number}"
        if hunk and not hunk.is_complete:
            if line.startswith("\\"):
                continue
            if not hunk.take(line):
                raise CorruptError(f"{where}: cannot be in the hunk {hunk.title}: "
                                   f"{line[:60]!r}")
            previous = line
            continue
        git, begin = GIT.match(line), HUNK.match(line)
        if git and git[1] == git[2]:
            raise CorruptError(f"{where}: want a/ and b/ before its paths (diff.noPrefix=false): "
                               f"{line}")
        if git:
            changes.append(Change(path_of(git[1], line, where), path_of(git[2], line, where),
                                  has_names=False))
        elif line.startswith("+++ ") and previous.startswith("--- "):
            names = [path_of(text[4:], text, where) for text in (previous, line)]
            if not changes or changes[-1].has_names:
                changes.append(Change(*names))
            changes[-1].old, changes[-1].new = names
            changes[-1].has_names = True
        elif begin and changes:
            hunk = Hunk(begin)
            changes[-1].hunks.append(hunk)
        elif changes and not changes[-1].hunks:
            change = changes[-1]
            change.is_binary |= line.startswith(("GIT binary patch", "Binary files "))
            if line.startswith("new file mode"):
                change.old = None
            elif line.startswith("deleted file mode"):
                change.new = None
        previous = line
    if hunk and not hunk.is_complete:
        raise CorruptError(f"ends in the middle of the hunk {hunk.title}")
    return changes


def find(lines, wanted, near):
    """Where wanted is in lines, nearest to an index; None if it is not there."""
    if not wanted:
        return 0
    places = [at for at, line in enumerate(lines)
              if line == wanted[0] and lines[at:at + len(wanted)] == wanted]
    return min(places, key=lambda at: abs(at - near), default=None)


def find_alike(lines, wanted, near):
    """The place most like wanted: where it begins and ends, or None."""
    at_of = collections.defaultdict(list)
    for at, line in enumerate(lines):
        at_of[line].append(at)
    votes = collections.Counter()
    for index, line in enumerate(wanted):
        for at in at_of[line] if line.strip() else ():
            votes[at - index] += 1 / len(at_of[line])
    best, score = None, 0
    for start in votes:
        sum_of = sum(votes[start + off] for off in range(-SLACK, SLACK + 1))
        if (sum_of, -abs(start - near)) > (score, -abs((best or 0) - near)):
            best, score = start, sum_of
    if best is None:
        return None
    first = max(0, best - SLACK)
    window = lines[first:best + len(wanted) + SLACK]
    blocks = difflib.SequenceMatcher(None, window, wanted, autojunk=False)
    blocks = [block for block in blocks.get_matching_blocks() if block.size]
    if sum(block.size for block in blocks) < LEAST_ALIKE * len(wanted):
        return None
    begin = first + max(0, blocks[0].a - blocks[0].b)
    end = first + blocks[-1].a + len(wanted) - blocks[-1].b
    return begin, min(end, len(lines))


def explain(hunk, lines):
    """What a hunk that does not fit wants, as lines; lines: of the file."""
    there = find(lines, hunk.new, hunk.start - 1) if hunk.new else None
    if there is not None and hunk.new != hunk.old:
        yield f"  what it makes is there already, at line {there + 1}"
        return
    alike = find_alike(lines, hunk.old, hunk.start - 1)
    if alike is None:
        yield "  nothing in the file is like the lines that it wants:"
        yield from (f"    {line}" for line in hunk.old)
        return
    begin, end = alike
    yield f"  it wants (-), and at line {begin + 1} there is (+):"
    diff = difflib.ndiff(hunk.old, lines[begin:end])
    yield from (f"    {line[0]}{line[2:]}" for line in diff if line[0] != "?")


def missing(change, path):
    """Why no hunk of it can fit, or None."""
    if change.old is None:
        return "the patch makes it, and it is there already" if os.path.lexists(path) else None
    return None if os.path.isfile(path) else "there is no such file"


def check(change, tree):
    """A summary of what does not fit, or None, and lines that explain it."""
    path = os.path.join(tree, change.old or change.new)
    why = missing(change, path)
    if why:
        return why, []
    if change.old is None or change.is_binary:
        return None, []
    lines, bad, details = read_lines(path), [], []
    for number, hunk in enumerate(change.hunks, 1):
        if find(lines, hunk.old, hunk.start - 1) is None:
            bad.append(str(number))
            details.append(f"{change.old}, hunk {number} of {len(change.hunks)}: {hunk.title}")
            details += explain(hunk, lines)
    if not bad:
        return None, []
    return f"hunk{'s' if len(bad) > 1 else ''} {', '.join(bad)} of {len(change.hunks)}", details


def report(tree, patch, files):
    summary, details = [], []
    for change in parse(patch):
        if files and change.path not in files:
            continue
        bad, lines = check(change, tree)
        if bad:
            summary.append(f"{change.path}: {bad}")
            details += lines
    if not summary:
        return 0
    more = len(summary) - NAMED
    print("; ".join(summary[:NAMED]) + (f"; and {more} more files" if more > 0 else ""))
    for line in details:
        print(line)
    return 1


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) < 3 or sys.argv[1].startswith("-") and sys.argv[1] != "--files":
        print("hunks.py: want TREE and PATCH, or --files; see --help", file=sys.stderr)
        return 2
    sys.stdout.reconfigure(errors="surrogateescape")
    patch = sys.argv[2]
    try:
        if sys.argv[1] != "--files":
            return report(sys.argv[1], patch, sys.argv[3:])
        paths = {}
        for patch in sys.argv[2:]:
            for change in parse(patch):
                paths.update(dict.fromkeys(filter(None, (change.old, change.new))))
        print("\n".join(paths))
        return 0
    except CorruptError as error:
        print(f"hunks.py: {patch}: corrupt, {error}", file=sys.stderr)
    except OSError as error:
        print(f"hunks.py: {error.filename}: {error.strerror}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    script.run(main)
