#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""usage: merge-results.py OUT DIR...

Join the results that the shards of one run of a benchmark have measured, each in a folder
DIR as `make bench SHARD=1/2 SEED=5` makes it.  OUT is a new folder, with the rows in the
order in which one machine would have measured them.  It is as any other folder of results:
it does not say that it is of shards, and RESUME=OUT measures what is missing.

Exit status: 0 if all trials are there; 1 if some are missing, and a line says of which
shard; 2, and OUT is not there, for bad input: folders that are not of shards, a shard that
is there twice, or shards that were measured otherwise.  These may differ in the date, the
memory and when their kernel was built.
"""

import os
import re
import shlex
import shutil
import signal
import sys
import tempfile
from typing import NamedTuple

from merge import BadInput, check_numbers
import script

SHARD = re.compile(r"([1-9]\d{0,3})/([1-9]\d{0,3})$")
META = re.compile(r"# ([^:]+): ?(.*)$")
PARAMETER = re.compile(r"[A-Z_]+$")
RESUMED = re.compile(r"# resumed: .*TRIALS=(\d+)$")
# in the kernel's version, as of date(1)
BUILT = re.compile(r" ?[A-Z][a-z]{2} [A-Z][a-z]{2} +\d+ [\d:]{8} \S+ \d{4}")
# The parameters that RESUME takes from the results by itself.
RESUME_TAKES = {"SEED", "SHARD"}
# What RESUME lets differ; a note tells of what is compared anyway.
MAY_DIFFER = {"date", "memory", "note", "SHARD", "TRIALS"}
LOGS = ("command.txt", "kernel.log", "console.log")


class Row(NamedTuple):
    line: str
    config: tuple   # what was set: the factors that are parameters
    level: tuple    # of the factor that tells the rows of a trial from each other
    trial: int
    run: int        # how often the run was interrupted before it
    kernels: dict   # lines about kernels, of which it has the first trial, by key


class Table:
    """A file of results: what is before its rows, and these."""

    def __init__(self, path):
        self.path, self.meta, self.head = path, {}, []
        self.columns, self.rows = None, []
        self.trials = 0     # that RESUME was to go on to
        self.kernels = {}   # lines about them that no row has followed yet
        self.late = set()   # keys among the rows
        self.run = 0
        try:
            with open(path, encoding="utf-8", newline="\n") as file:
                text = file.read()
        except UnicodeDecodeError:
            raise BadInput(f"{path}: not a text file") from None
        if not text.endswith("\n"):
            self.refuse_end()
        for line in text[:-1].split("\n"):
            if line.startswith("#"):
                self.take_meta(line)
            elif self.columns is None:
                self.take_columns(line.split(","))
            else:
                self.take_row(line)
        if self.columns is None:
            raise BadInput(f"{path}: no header: not a file of results")

    def refuse_end(self):
        raise BadInput(f"{self.path}: its last trial is not complete: "
                       f"RESUME={os.path.dirname(self.path)} goes on with it")

    def take_meta(self, line):
        resumed, meta = RESUMED.match(line), META.match(line)
        if not meta:
            raise BadInput(f"{self.path}: \"{line}\": want \"# key: value\"")
        if resumed:
            self.trials, self.run = max(self.trials, int(resumed[1])), self.run + 1
            return
        self.meta.setdefault(meta[1], meta[2])
        if self.columns is None:
            self.head.append((meta[1], line))
        else:
            self.late.add(meta[1])
            self.kernels[meta[1]] = line

    def take_columns(self, columns):
        factors = [key.split()[1] for key in self.meta if key.startswith("factor ")]
        lacking = {*factors, "trial"} - set(columns)
        if lacking:
            raise BadInput(f"{self.path}: no column {', '.join(sorted(lacking))}")
        self.columns, self.at_trial = columns, columns.index("trial")
        self.at_config = [columns.index(name) for name in factors if name.upper() in self.meta]
        self.at_level = [columns.index(name) for name in factors
                         if name.upper() not in self.meta]

    def take_row(self, line):
        cells = line.split(",")
        if len(cells) != len(self.columns):
            raise BadInput(f"{self.path}: {line}: {len(cells)} fields, but "
                           f"{len(self.columns)} columns")
        if not cells[self.at_trial].isdecimal():
            raise BadInput(f"{self.path}: {line}: the trial is not a number")
        self.rows.append(Row(line, tuple(cells[at] for at in self.at_config),
                             tuple(cells[at] for at in self.at_level),
                             int(cells[self.at_trial]), self.run, self.kernels))
        self.kernels = {}


class Shard:
    """A folder of results: its path is that of the folder."""

    def __init__(self, folder):
        self.path = folder.rstrip("/") or folder
        names = sorted(name for name in os.listdir(folder)
                       if name.endswith(".csv") and not name.endswith("-timeline.csv"))
        if len(names) != 1:
            raise BadInput(f"{folder}: {', '.join(names) or 'no results in it'}: want a "
                           f"folder with the results of one benchmark")
        self.table = Table(os.path.join(self.path, names[0]))
        path = self.table.path.removesuffix(".csv") + "-timeline.csv"
        self.timeline = Table(path) if os.path.exists(path) else None
        shard = SHARD.match(self.table.meta.get("SHARD", ""))
        if not shard or int(shard[1]) > int(shard[2]):
            raise BadInput(f"{self.table.path}: no line \"# SHARD: I/N\": not of a shard")
        self.number, self.of = int(shard[1]), int(shard[2])
        trials = self.table.meta.get("TRIALS", "")
        if not trials.isdecimal():
            raise BadInput(f"{self.table.path}: no line \"# TRIALS: NUMBER\"")
        self.trials = max(self.table.trials, int(trials))
        self.check_trials()

    def check_trials(self):
        """Each is of this shard and has all of its rows: RESUME looks at one of them."""
        table, levels = self.table, {}
        for row in table.rows:
            if row.trial % self.of != self.number % self.of or not row.trial:
                raise BadInput(f"{table.path}: trial {row.trial} is not of shard "
                               f"{self.number}/{self.of}")
            there = levels.setdefault((row.config, row.trial), set())
            if row.level in there:
                raise BadInput(f"{table.path}: {row.line}: this row is there twice")
            there.add(row.level)
        if any(len(there) != len(set().union(*levels.values())) for there in levels.values()):
            table.refuse_end()
        self.measured = set(levels)


def same_kernel(key, value):
    return BUILT.sub("", value) if key.startswith("kernel") else value


def compare(table, first):
    """Refuse what was measured otherwise."""
    for key in [*first.meta, *table.meta]:
        was, found = first.meta.get(key), table.meta.get(key)
        if key in MAY_DIFFER:
            continue
        # One that was interrupted has not come to all kernels.
        if None in (was, found) and key in first.late | table.late:
            continue
        if None in (was, found) or same_kernel(key, was) != same_kernel(key, found):
            raise BadInput(f"{table.path}: {key}: {found or 'not there'}, and not "
                           f"{was or 'without it'} as in {first.path}")
    if table.columns != first.columns:
        raise BadInput(f"{table.path}: other columns than {first.path} has")


def check(shards):
    """Refuse what does not belong together.  Return the numbers of shards that are missing."""
    first = shards[0]
    for shard in shards:
        if os.path.basename(shard.table.path) != os.path.basename(first.table.path):
            raise BadInput(f"{shard.table.path}: another benchmark than {first.table.path}")
    missing = check_numbers(shards)
    for shard in shards:
        compare(shard.table, first.table)
        if shard.trials != first.trials:
            raise BadInput(f"{shard.table.path}: TRIALS: {shard.trials}, and not "
                           f"{first.trials} as in {first.table.path}")
    timelines = [shard.timeline for shard in shards if shard.timeline]
    for timeline in timelines:
        compare(timeline, timelines[0])
    return missing


def find_passes(shards):
    """A machine goes through rounds of some configurations and then, where kernels or
    numbers of processors are compared, through rounds of others.  Return the number of the
    pass of each configuration."""
    passes = []
    for number, shard in enumerate(shards):
        rounds = {}
        for row in shard.table.rows:
            rounds.setdefault((number, row.run, row.trial), set()).add(row.config)
        for configs in rounds.values():
            # A round that was interrupted is in parts.
            same = [known for known in passes if known & configs]
            if same:
                same[0].update(configs, *same[1:])
                passes = [known for known in passes if known not in same[1:]]
            else:
                passes.append(configs)
    return {config: i for i, configs in enumerate(passes) for config in configs}


def in_order(tables, passes):
    """The rows of all."""
    return sorted((row for table in tables for row in table.rows),
                  key=lambda row: (passes[row.config], row.trial))


def join_head(tables, trials):
    """As of the first, but of all shards."""
    for key, line in tables[0].head:
        if key == "date":
            line = "# date: " + min(table.meta.get("date", "") for table in tables)
        elif key == "TRIALS":
            line = f"# TRIALS: {trials}"
        if key != "SHARD":
            yield line
    yield ",".join(tables[0].columns)


def join_rows(tables, passes):
    """Where the trials of another kernel begin there is a line about it."""
    told = set()
    for row in in_order(tables, passes):
        for key, line in row.kernels.items():
            if key not in told:
                yield line
            told.add(key)
        yield row.line


def drop_interrupted(timeline, measured):
    """The time line of a trial is written first, and so may be there without its rows."""
    timeline.rows = [row for row in timeline.rows if (row.config, row.trial) in measured]


def write(folder, name, lines):
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.writelines(f"{line}\n" for line in lines)


def join_logs(folder, name, shards):
    with open(os.path.join(folder, name), "wb") as out:
        for shard in shards:
            path = os.path.join(shard.path, name)
            if os.path.exists(path):
                out.write(f"# shard {shard.number}/{shard.of}\n".encode())
                with open(path, "rb") as file:
                    shutil.copyfileobj(file, out)
        empty = not out.tell()
    if empty:
        os.unlink(os.path.join(folder, name))


def write_all(folder, shards):
    passes, trials = find_passes(shards), shards[0].trials
    tables = [shard.table for shard in shards]
    timelines = [shard.timeline for shard in shards if shard.timeline]
    write(folder, os.path.basename(tables[0].path),
          [*join_head(tables, trials), *join_rows(tables, passes)])
    for shard in shards:
        if shard.timeline:
            drop_interrupted(shard.timeline, shard.measured)
    if timelines:
        write(folder, os.path.basename(timelines[0].path),
              [*join_head(timelines, trials), *join_rows(timelines, passes)])
    for name in LOGS:
        join_logs(folder, name, shards)


def tell_missing(shards, missing):
    """Return whether all is there."""
    complete, of = not missing, shards[0].of
    for number in missing:
        print(f"merge-results.py: shard {number}/{of} is missing", file=sys.stderr)
    configs = {config for shard in shards for config, _ in shard.measured}
    for shard in shards:
        wanted = len(configs) * len(range(shard.number, shard.trials + 1, of))
        lacking = wanted - len(shard.measured)
        if lacking > 0 or not shard.measured:
            complete = False
            print(f"merge-results.py: shard {shard.number}/{of}, {shard.path}: {lacking} of "
                  f"{wanted} trials are missing", file=sys.stderr)
    return complete


def command_to_resume(out, shard):
    """Only with the parameters of the run does RESUME go on with it."""
    bench = os.path.basename(shard.table.path).removesuffix(".csv")
    meta = shard.table.meta | {"TRIALS": shard.trials}
    return " ".join([f"make bench BENCH={bench}",
                     *(f"{key}={shlex.quote(str(value))}" for key, value in meta.items()
                       if PARAMETER.match(key) and key not in RESUME_TAKES),
                     f"RESUME={shlex.quote(out)}"])


def merge(out, folders):
    """Make the whole folder, or nothing."""
    out = out.rstrip("/") or out
    if os.path.lexists(out):
        raise BadInput(f"{out} is there: name another folder")
    shards = sorted(map(Shard, folders), key=lambda shard: shard.number)
    missing = check(shards)
    parent = os.path.dirname(os.path.abspath(out))
    os.makedirs(parent, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".merge.", dir=parent) as tmp:
        folder = os.path.join(tmp, "results")
        os.mkdir(folder)
        write_all(folder, shards)
        os.rename(folder, out)
    complete = tell_missing(shards, missing)
    if not complete:
        print(f"merge-results.py: {command_to_resume(out, shards[0])} measures what is missing",
              file=sys.stderr)
    print(f"{out}: {sum(len(shard.measured) for shard in shards)} trials of "
          f"{', '.join(f'{shard.number}/{shard.of}' for shard in shards)}")
    return 0 if complete else 1


def main():
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(__doc__, end="")
        return 0
    if len(sys.argv) < 3:
        print("merge-results.py: want a new folder, and those of the shards; see --help",
              file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        return merge(sys.argv[1], sys.argv[2:])
    except BadInput as error:
        print(f"merge-results.py: {error}", file=sys.stderr)
    except OSError as error:
        print(f"merge-results.py: {error.filename}: {error.strerror}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    script.run(main)
