# SPDX-License-Identifier: GPL-2.0
"""Results as the objects of KCIDB's schema, version 5.0: checkouts, builds and tests.

A document of these passes `kcidb-validate`.  The path of a test is memcg_bpf.PROGRAM.TEST,
with a variant of the test before its name; that of a test of selftests/cgroup is
kselftest.cgroup.PROGRAM.TEST.
"""

import re

ORIGIN = "memcg_bpf"
VERSION = {"major": 5, "minor": 0}
MAX_EXCERPT = 16384
# Of a test that has no result: the output ends before it.
CUT_SHORT = re.compile(r"no end of it$|\d+ of \d+ (results|programs) ")
STATUS = {"pass": "PASS", "ok": "PASS", "fail": "FAIL", "skip": "SKIP"}


def node(name):
    """As it can be in a path."""
    return re.sub("[^a-zA-Z0-9_-]+", "_", name).strip("_") or "_"


class Document:
    """run: what tells this run from all others."""

    def __init__(self, run):
        self.run = run
        self.json = {"version": VERSION, "checkouts": [], "builds": [], "tests": []}

    def ident(self, name):
        return f"{ORIGIN}:{self.run}:{name}"

    def add(self, kind, name, **fields):
        """Return the id.  What is None is left out: nothing can be null."""
        fields = {key: value for key, value in fields.items() if value is not None}
        self.json[kind].append({"id": self.ident(name), "origin": ORIGIN, **fields})
        return self.ident(name)

    def build(self, name, comment, valid=True, **fields):
        """A kernel of a tree, by a name such as "series"; return its id."""
        checkout = self.add("checkouts", name, comment=comment, valid=True,
                            patchset_hash=fields.pop("patchset_hash", None))
        return self.add("builds", name, checkout_id=checkout,
                        status="PASS" if valid else "FAIL", **fields)

    def test(self, build, run, path, status, **fields):
        excerpt = fields.pop("log_excerpt", None)
        name = f"{run}:{path}"
        # A run that goes on after a crash may have a test twice.
        same = sum(test["id"].split("#")[0] == self.ident(name) for test in self.json["tests"])
        self.add("tests", name + (f"#{same + 1}" if same else ""), build_id=build, path=path,
                 status=status, log_excerpt=excerpt[-MAX_EXCERPT:] if excerpt else None,
                 **fields)

    def suite(self, build, run, programs):
        """What the suite printed, as of ktap.py."""
        for program in programs:
            for test in program.tests:
                names = test.name.split(".")
                if names[0] == program.name:
                    del names[0]
                path = ".".join(["memcg_bpf", node(program.name), *map(node, names)])
                status = STATUS[test.result]
                if status == "FAIL" and CUT_SHORT.match(test.reason):
                    status = "ERROR"
                said = "\n".join(test.log).replace("\0", "?") if status != "PASS" else None
                self.test(build, run, path, status, log_excerpt=said,
                          comment=re.sub("^SKIP *", "", test.reason).replace("\0", "?") or None)

    def not_reached(self, build, run, verdict):
        """Tests that the suite has, and did not come to."""
        for promise in verdict["promises"]:
            if re.search("ended before it$", promise.get("reason", "")):
                self.test(build, run, f"memcg_bpf.{promise['id']}", "ERROR",
                          comment=promise["reason"])

    def selftests(self, build, run, results):
        """Of selftests/cgroup: the result by PROGRAM.TEST."""
        for name, result in results.items():
            program, _, test = name.partition(".")
            self.test(build, run, f"kselftest.cgroup.{node(program)}.{node(test)}",
                      STATUS[result])
