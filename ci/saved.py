# SPDX-License-Identifier: GPL-2.0
"""Read a verdict.json of the suite."""

import json

STATES = ("kept", "broken", "not asked")


class BadVerdict(Exception):
    """One line, with the path."""


def is_verdict(verdict):
    """As far as it is looked at."""
    return (isinstance(verdict, dict)
            and isinstance(verdict.get("kernel"), (str, type(None)))
            and isinstance(verdict.get("promises"), list)
            and all(isinstance(promise, dict) and isinstance(promise.get("id"), str)
                    and promise.get("verdict") in STATES
                    and isinstance(promise.get("promise"), (str, type(None)))
                    for promise in verdict["promises"]))


def read(path):
    """The verdict, whose kernel may be None."""
    try:
        with open(path, encoding="utf-8") as file:
            verdict = json.load(file)
    except OSError as error:
        raise BadVerdict(f"{path}: {error.strerror}") from None
    except (ValueError, RecursionError):
        verdict = None
    if not is_verdict(verdict):
        raise BadVerdict(f"{path}: not a verdict of the suite: name a verdict.json of make vm, "
                         "run_tests or nightly")
    return verdict
