#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: selftests.py run DIR OUTPUT PROGRAM...
       selftests.py again OUT

run: run these programs of the kernel's own tests, which are in DIR, on the kernel of
vmtest.sh, whose --output is OUTPUT.  After a crash the programs behind the one that was
running are run in the next boot.  A line is printed for each result: ok, fail or skip, and
PROGRAM.TEST; or crash or hang, PROGRAM, and what the kernel said.  The log of all boots is
OUTPUT.log.

again: print the programs that have a test which was worse with a series in all rounds in
OUT: files selftests-base and selftests-patched of the first, with .2 of the second, and so on.

Exit status: 0, or that of vmtest.sh if a kernel does not boot.
"""

import os
import re
import subprocess
import sys

import boots
import script

PROGRAM_TIMEOUT = 600
BOOT_TIMEOUT = 120
# "ok 1 # SKIP NAME" is what kselftest.h prints, and others "ok 1 NAME # SKIP why".
RESULT = re.compile(r"(not ok|ok) \d+ (?:- )?(?:# *(\w+) +)?(\w+)(?: *# *(\w+).*)?$")
# A file that is removed when it is closed cannot be on the guest's root, and page cache
# that is to be reclaimed not in its /tmp.
SCRIPT = f"""\
dir=$PWD; cd /var/tmp
for name in "$@"; do
	echo "# program $name"
	timeout {PROGRAM_TIMEOUT} "$dir/$name" 2>&1
	echo "# status $?"
done"""


class Round:
    """The results by PROGRAM.TEST, and what the kernel said by the PROGRAM that it did not
    survive."""

    def __init__(self, lines):
        self.results, self.crashes = {}, {}
        for line in lines:
            result, name, *said = line.rstrip("\n").split(" ", 2)
            if result in ("crash", "hang"):
                self.crashes[name] = said[0] if said else ""
            else:
                self.results[name] = result


def read_round(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return Round(file)


def rounds(out):
    """Pairs of that on the base and that with the series."""
    found, suffix = [], ""
    while os.path.exists(os.path.join(out, f"selftests-patched{suffix}")):
        found.append(tuple(read_round(os.path.join(out, f"selftests-{which}{suffix}"))
                           for which in ("base", "patched")))
        suffix = f".{len(found) + 1}"
    return found


def changed(base, patched):
    """Tests that pass on the base, and not with the series."""
    return [name for name, result in base.results.items()
            if result == "ok" and patched.results.get(name) != "ok"]


def compare(all_rounds):
    """Two lists: what was worse in each round, and what in the first only."""
    first = changed(*all_rounds[0])
    again = [changed(*later) for later in all_rounds[1:]]
    worse = [name for name in first if all(name in names for names in again)]
    return worse, [name for name in first if name not in worse]


def program_of(name):
    return name.split(".")[0]


class Boot:
    """A boot of the kernel: running is the program that has begun last, if it has not ended."""

    def __init__(self):
        self.program = self.running = None

    def take(self, line):
        """Print the result that a line of the output is."""
        line = line.rstrip()
        if line.startswith("# program "):
            self.program = self.running = line.split()[2]
        elif line.startswith("# status ") and self.program:
            self.running = None
            if line.split()[2] == "124":
                print(f"hang {self.program} no end after {PROGRAM_TIMEOUT} s", flush=True)
        elif (match := RESULT.match(line)) and self.program:
            skipped = (match[2] or match[4] or "").upper() in ("SKIP", "XFAIL")
            result = "fail" if match[1] == "not ok" else "skip" if skipped else "ok"
            print(f"{result} {self.program}.{match[3]}", flush=True)

    def run(self, directory, output, programs, log):
        """Return the status of vmtest.sh."""
        timeout = BOOT_TIMEOUT + PROGRAM_TIMEOUT * len(programs)
        with subprocess.Popen(["setpriv", "--pdeathsig", "TERM", boots.VMTEST,
                               f"--output={output}", f"--timeout={timeout}", "--", "sh", "-c",
                               SCRIPT, "sh", *programs],
                              cwd=directory, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              encoding="utf-8", errors="replace") as guest:
            for line in guest.stdout:
                log.write(line)
                log.flush()
                self.take(line)
        return guest.returncode


def run(directory, output, programs):
    left = list(programs)
    with open(f"{output}.log", "w", encoding="utf-8") as log:
        while left:
            boot = Boot()
            status = boot.run(directory, output, left, log)
            if status not in boots.CRASHES or boot.running is None:
                return status
            said = boots.what_the_kernel_said(boots.read_console(
                os.path.join(output, "console.log")))
            print(f"crash {boot.running} {said[0] if said else boots.CRASHES[status]}", flush=True)
            left = left[left.index(boot.running) + 1:]
    return 0


def main():
    args = sys.argv[1:]
    if args in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if args[:1] == ["run"] and len(args) > 3:
        return run(args[1], os.path.realpath(args[2]), args[3:])
    if args[:1] == ["again"] and len(args) == 2:
        print(*dict.fromkeys(map(program_of, compare(rounds(args[1]))[0])))
        return 0
    print("selftests.py: want run DIR OUTPUT PROGRAM... or again OUT; see --help",
          file=sys.stderr)
    return 2


if __name__ == "__main__":
    script.run(main)
