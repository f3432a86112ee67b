#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: boots.py [OPTION-OF-VMTEST...] -- RUNNER [ARG...]

Run the suite in a virtual machine, in as many boots as it takes.  RUNNER is the
run_kselftest.sh of the installed suite.

When the kernel dies or hangs, the test that was running has failed.  Lines that begin with
"crash: " come before its result, with what the kernel said.  The other tests run in the
next boot.  The output is the KTAP of a single run.  The console of a boot that ended with
a crash is kept as crash-N.log beside console.log.

Exit status: that of the last boot; if the kernel died before or after all tests, 122
to 124 as of vmtest.sh.
"""

import os
import re
import subprocess
import sys

import ktap
import script

TOP = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
VMTEST = os.path.join(TOP, "vm/vmtest.sh")
EXIT_USAGE = 2
# exit statuses of vmtest.sh: see vm/common.sh
CRASHES = {122: "the kernel crashed", 123: "the machine went down", 124: "the kernel hangs"}

# options of the runner that name a program to run
TEST_OPTIONS = ("-t", "--test")

# lines of the runner itself; the programs' own lines are behind "# "
RUNNER_RESULT = re.compile(r"(ok|not ok) \d+ (selftests: \S+: (\S+).*)$", re.S)
RUNNER_HEAD = re.compile(r"TAP version |KTAP version |1\.\.\d")
TIMESTAMP = re.compile(r"^\[ *\d+\.\d+\] ?(\[ *[TC]\d+\] )?")
# Lines of the console that tell how and where the kernel failed.
FAILURE = re.compile(r"BUG:|Oops|general protection fault|WARNING:|Kernel panic|RIP: 0010|"
                   r"Unable to handle kernel|pc : |"
                   r"INFO: task |watchdog:")
# Of a test that begins: see lib/harness.h.
RUN = re.compile(r".*memcg_bpf: RUN (\S+)$")
MAX_CONSOLE_LINES = 8


def read_console(console):
    try:
        with open(console, encoding="utf-8", errors="replace") as file:
            return [TIMESTAMP.sub("", line.rstrip()) for line in file]
    except OSError:
        return []


def last_test(lines):
    """The test that began last, as the console says, or None."""
    tests = [match[1] for match in map(RUN.match, lines) if match]
    return tests[-1] if tests else None


def what_the_kernel_said(lines):
    """The lines of its console that tell of the crash, or its last ones."""
    said = list(dict.fromkeys(line for line in lines if FAILURE.search(line)))
    return (said or lines[-3:])[:MAX_CONSOLE_LINES]


class Suite:
    """The run of the suite, over all boots.

    A program "has ended" when its result has been printed, and is not run again.  done has
    the tests that have a result, of the programs that a crash has cut off.
    """

    def __init__(self, options, runner):
        self.options, self.runner, self.args = options, runner[0], runner[1:]
        self.output = self.output_of(options)
        self.reader = ktap.Reader()
        self.done = {}
        self.ended = set()
        self.crashed = set()    # programs
        self.number = 0         # of results of programs: KTAP numbers them
        self.boots = 0          # that crashed

    @staticmethod
    def output_of(options):
        output = os.path.join(TOP, "out/vm")
        for option, value in zip(options, options[1:] + [""]):
            if option in ("-o", "--output"):
                output = value
            elif option.startswith("--output="):
                output = option.removeprefix("--output=")
        return output

    def programs(self):
        """The programs to run, as COLLECTION:PROGRAM: those named by -t, or all."""
        named = [value for option, value in zip(self.args, self.args[1:])
                 if option in TEST_OPTIONS]
        if named:
            return named
        with open(os.path.join(os.path.dirname(self.runner), "kselftest-list.txt"),
                  encoding="utf-8") as file:
            return file.read().split()

    def command(self):
        """The command for the guest.

        The first boot gets the arguments as they are.  The others get a -t for each program
        that has not ended, and, in the environment, the options -T TEST that make a program
        leave out the tests which have a result.
        """
        if not self.boots:
            return [self.runner, *self.args]
        env = [f"KSELFTEST_{re.sub('[^A-Za-z0-9]', '_', program).upper()}_ARGS="
               + " ".join(f"-T {test}" for test in sorted(tests))
               for program, tests in self.done.items() if program not in self.ended]
        args = [arg for previous, arg in zip(["", *self.args], self.args)
                if arg not in TEST_OPTIONS and previous not in TEST_OPTIONS]
        for program in self.left():
            args += ["-t", program]
        return ["env", *env, self.runner, *args]

    def left(self):
        return [program for program in self.programs()
                if program.split(":")[-1] not in self.ended]

    def put(self, text):
        sys.stdout.write(text)
        sys.stdout.flush()
        self.reader.feed(text)

    def take(self, line):
        """Print a line of the guest's so that it continues the KTAP of the boots before."""
        result, begin = RUNNER_RESULT.match(line), ktap.BEGIN.match(line.rstrip())
        if self.boots and RUNNER_HEAD.match(line):
            return
        # A program that goes on after a crash has begun already.
        if begin and self.reader.current and begin[1] == self.reader.current.name:
            return
        if result:
            self.end(result[3], result[1], result[2])
        else:
            self.put(line)

    def end(self, program, result, text):
        """Print the result of a program.  One in which the kernel died has failed."""
        self.number += 1
        self.ended.add(program)
        if program in self.crashed:
            result, text = "not ok", f"{text.partition(' #')[0].rstrip()} # crashed\n"
        self.put(f"{result} {self.number} {text}")

    def run(self):
        """Boot once; return the status of vmtest.sh."""
        guest = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", VMTEST, *self.options,
                                  "--", *self.command()],
                                 stdout=subprocess.PIPE, encoding="utf-8",
                                 errors="replace")
        line = ""
        for line in guest.stdout:
            self.take(line)
        # The guest may have died in the middle of a line.
        if line and not line.endswith("\n"):
            self.put("\n")
        return guest.wait()

    def fail_running_test(self, status):
        """Print the failure of the test that was running; return False if no program was."""
        program = self.reader.current
        if not program:
            return False
        console = os.path.join(self.output, "console.log")
        log = os.path.join(self.output, f"crash-{self.boots + 1}.log")
        lines = read_console(console)
        for said in what_the_kernel_said(lines):
            self.put(f"# # crash: {said}\n")
        if os.path.exists(console):
            os.replace(console, log)
        # None between two tests.  That a test has begun may not have come here before the
        # kernel died, but the console has it.
        started = last_test(lines)
        if not started or started in (test.name for test in program.tests):
            started = program.started
        self.crashed.add(program.name)
        self.put(f"# not ok {len(program.tests) + 1} {started or program.name} # "
                 f"{CRASHES[status]}: {log}\n")
        # -T takes the name of a test without its variant (FIXTURE.VARIANT.TEST), so all
        # variants are left out.
        self.done[program.name] = {test.name.split(".")[-1] for test in program.tests}
        if not started:
            # No test can be blamed and left out, and the next boot might die the same way.
            self.end(program.name, "not ok", f"selftests: memcg_bpf: {program.name}\n")
        return True

    def run_all(self):
        while True:
            status = self.run()
            if status not in CRASHES or not self.fail_running_test(status):
                return status
            self.boots += 1
            if not self.left():
                return 0


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if "--" not in sys.argv or sys.argv[-1] == "--":
        print("boots.py: want -- and the runner of the suite; see --help", file=sys.stderr)
        return EXIT_USAGE
    at = sys.argv.index("--")
    try:
        return Suite(sys.argv[1:at], sys.argv[at + 1:]).run_all()
    except OSError as error:
        print(f"boots.py: {error}", file=sys.stderr)
        return EXIT_USAGE
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    script.run(main)
