# SPDX-License-Identifier: GPL-2.0
"""How the programs here print and end, whatever the terminal, locale and disk are.

They print UTF-8, since what they quote is of kernels, mails and tests that may have any
character.  Who reads what they print may stop early, as head(1) does, and a disk may be
full: neither is an error in what they read.
"""

import io
import os
import sys

EXIT_BAD = 2
EXIT_INTERRUPTED = 128 + 2      # as a shell says it of SIGINT
EXIT_NO_READER = 128 + 13       # and of SIGPIPE


class OutputError(Exception):
    """Not an OSError: programs catch those as something that they cannot read."""


class Output(io.FileIO):
    def write(self, data):
        try:
            return super().write(data)
        except OSError as error:
            raise OutputError(error.errno, error.strerror,
                              isinstance(error, BrokenPipeError)) from None


def open_output():
    """stdout anew; nothing is printed where there is none."""
    if sys.stdout is None:
        return open(os.devnull, "w", encoding="utf-8")
    return io.TextIOWrapper(io.BufferedWriter(Output(sys.stdout.fileno(), "w", closefd=False)),
                            encoding="utf-8", errors="replace",
                            line_buffering=sys.stdout.isatty())


def drop_output():
    """What is still to be printed at the end goes nowhere."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)


def run(main):
    """End with the status that main() returns."""
    if sys.stderr is not None:
        sys.stderr.reconfigure(encoding="utf-8", errors="replace")
    sys.stdout = open_output()
    try:
        status = main()
        sys.stdout.flush()
    except OutputError as error:
        _, why, has_no_reader = error.args
        drop_output()
        status = EXIT_NO_READER
        if not has_no_reader:
            status = EXIT_BAD
            print(f"{os.path.basename(sys.argv[0])}: stdout: cannot write there: {why}; "
                  "name another file or disk for it", file=sys.stderr)
    except KeyboardInterrupt:
        drop_output()
        status = EXIT_INTERRUPTED
    sys.exit(status)
