# SPDX-License-Identifier: GPL-2.0
"""What each.sh has found of each patch, and which patch has broken a promise."""

import json
import os


class Patch:
    """same is the number of the patch before whose kernel it has, or None; verdict that on
    its kernel, or None if the suite did not run."""

    def __init__(self, out, number, subject):
        self.number, self.subject, self.dir = number, subject, os.path.join(out, str(number))
        self.builds = self.read("state").strip() == "builds"
        self.error = self.read("error").strip().splitlines()
        self.same = int(self.read("same") or 0) or None
        self.verdict = json.loads(self.read("verdict.json") or "null")

    def read(self, name):
        try:
            with open(os.path.join(self.dir, name), encoding="utf-8",
                      errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    @property
    def states(self):
        """The verdict on each promise."""
        return {promise["id"]: promise["verdict"] for promise in self.verdict["promises"]}

    def count(self, state):
        return sum(verdict == state for verdict in self.states.values())


def load(out, subjects):
    """The patches that were tried, in their order."""
    return [Patch(out, number, subject) for number, subject in enumerate(subjects, 1)
            if os.path.isdir(os.path.join(out, str(number)))]


class Pin:
    """A promise that a patch has broken: before is what it was before it, and mended the
    patch that keeps it again, or None."""

    def __init__(self, ident, patch, before, mended):
        self.id, self.patch, self.before, self.mended = ident, patch, before, mended

    def as_json(self):
        return {"id": self.id, "patch": self.patch.number, "before": self.before,
                "mended": self.mended.number if self.mended else None}


def pins_of(ident, tested):
    """Each time that it went from something else to broken."""
    broken, before = None, "not tested"
    for patch in tested:
        state = patch.states.get(ident, "not asked")
        if state == "broken" and broken is None:
            broken = Pin(ident, patch, before, None)
            yield broken
        elif state == "kept" and broken is not None:
            broken.mended, broken = patch, None
        before = state if state != "not asked" or before == "not tested" else before


def pins(patches):
    """Of all promises, in the order of the patches."""
    tested = [patch for patch in patches if patch.verdict]
    idents = dict.fromkeys(ident for patch in tested for ident in patch.states)
    found = [pin for ident in idents for pin in pins_of(ident, tested)]
    return sorted(found, key=lambda pin: pin.patch.number)
