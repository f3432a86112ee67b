# SPDX-License-Identifier: GPL-2.0
"""How long each test program took, and how long it took the time before.

They are kept in a file beside the results.  One that is not there, or cannot be read or
written, is no more than a first time.
"""

import contextlib
import json
import os
import time


class Durations:
    """last: seconds by program, of earlier runs; now: those of this one."""

    def __init__(self, path):
        self.path, self.last, self.now, self.begun = path, {}, {}, None
        try:
            with open(path, encoding="utf-8") as file:
                self.last = {name: float(seconds)
                             for name, seconds in json.load(file).items()}
        except (OSError, ValueError, TypeError, AttributeError, RecursionError):
            pass

    def begin(self):
        self.begun = time.monotonic()

    def end(self, name, complete):
        """The seconds since begin(); kept for the next time if the program is complete."""
        if self.begun is None:
            return 0
        seconds, self.begun = time.monotonic() - self.begun, None
        if complete:
            self.now[name] = round(seconds, 1)
        return seconds

    def save(self):
        """What this run did not run keeps what it took before."""
        if not self.now:
            return
        try:
            with open(self.path + ".new", "w", encoding="utf-8") as file:
                json.dump({**self.last, **self.now}, file, indent=1)
                file.write("\n")
            os.replace(self.path + ".new", self.path)
        except OSError:
            with contextlib.suppress(OSError):
                os.unlink(self.path + ".new")
