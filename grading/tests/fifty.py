#!/usr/bin/env python3
"""Grades fifty submissions, here and as job arrays of a one-node Slurm cluster: `make test-class` (installs: `make setup-class`).

A class for each of labs 1 to 4: starter, reference, one that does not compile, a broken archive, and mistakes: mutants of the lab,
alone or two of different files, as folders and archives. What each must lose is known: a mutant names its tests. On the way a
Slurm task is cancelled and one is requeued. Each score of each test must be as expected, by either way, and so on Gradescope and in
GitHub Classroom (elsewhere.py). `fifty.py LAB...` does some of the labs. Ends with `N passed, N failed`.
"""
import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import time
import zipfile
from pathlib import Path

import bubblewrap
import elsewhere
import one_node_slurm

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "grading"), str(ROOT / "labs")]
import split                        # noqa: E402
import testfile                     # noqa: E402

WORK = ROOT / "build" / "fifty"
SIZES = {1: 14, 2: 14, 3: 13, 4: 9}
PAIRS = {       # of mutants that touch different files, and cost together what each costs alone
    1: ["baud_cut_off+cells_u32", "baud_cut_off+relocate_adds", "baud_fixed_clock+number_zero", "baud_overflow+number_u32"],
    2: ["image_guards+leaf_block_as_table", "image_guards+range_block_too_long", "image_header+leaf_block_as_table"],
    3: [],
    4: ["asid_8_bits+check_owner_is_caller", "asid_8_bits+table_entered_first", "check_owner_is_caller+flush_of_the_pid"]}
FORMATS = ("folder", "tar.gz", "zip")
PATIENCE = 300                          # seconds for what must happen on the way


def cost(patch):
    """The tests that a mutant says it costs."""
    return re.search(r"(?m)^lose:(.*)$", patch.read_text("utf-8")).group(1).split()


class Tally:
    """Counts what was checked; says what is wrong."""

    def __init__(self):
        self.passed = self.failed = 0

    def check(self, what, got, expected):
        if got == expected:
            self.passed += 1
            return
        self.failed += 1
        if isinstance(got, dict) and isinstance(expected, dict):
            got, expected = ({key: one.get(key) for key in sorted({**got, **expected}) if got.get(key) != expected.get(key)}
                             for one in (got, expected))
        print("FAIL %s: expected %s, got %s" % (what, expected, got), flush=True)


class Course:
    """A copy of the source, in which patches are tried and from which submissions are cut."""

    def __init__(self):
        self.root = WORK / "source"
        names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
        for name in filter(None, names):
            target = self.root / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, target, follow_symlinks=False)
        self.labs = {lab.number: lab for lab in split.labs(self.root)}

    def apply(self, patches, *flags):
        """Patch the copy with all of them, or with none: False if they do not fit together."""
        command = ["git", "apply", *flags, *map(str, patches)]
        environment = dict(os.environ, GIT_CEILING_DIRECTORIES=str(WORK))      # the copy is no part of a repository
        return subprocess.run(command, cwd=self.root, env=environment, stderr=subprocess.DEVNULL, check=False).returncode == 0

    def student(self, target, lab, solved):
        """What a student of a lab hands in: the files that the labs up to it have them edit."""
        paths = list(dict.fromkeys(path for number in range(1, lab + 1) for path in self.labs[number].edit))
        for path in paths:
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self.root / path, target / path)
        split.resolve(target, [path for path in paths if split.MARKER.search((target / path).read_text("utf-8"))], lab, solved)


def pack(folder, kind):
    """Make an archive of a folder, in its place."""
    if kind == "folder":
        return
    if kind == "zip":
        with zipfile.ZipFile(str(folder) + ".zip", "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, Path("hv8") / path.relative_to(folder))
    else:
        with tarfile.open(str(folder) + ".tar.gz", "w:gz") as archive:
            archive.add(folder, "hv8")
    shutil.rmtree(folder)


def make_class(course, lab, size):
    """Write the submissions of a lab; {name: {test: points}}, what each must get."""
    tests, mistakes = testfile.load(str(ROOT / "grading" / ("lab%d" % lab)))
    if mistakes:
        raise SystemExit("\n".join(mistakes))
    full = {test.name: test.points for test in tests}
    nothing = dict.fromkeys(full, 0)
    top = WORK / "submissions" / ("lab%d" % lab)
    expected = {"reference": full, "does-not-compile": nothing, "broken-archive": nothing}
    course.student(top / "reference", lab, lab)
    starter_passes = course.labs[lab].starter_passes
    course.student(top / "starter", lab, lab - 1)
    expected["starter"] = {name: points if name in starter_passes else 0 for name, points in full.items()}
    course.student(top / "does-not-compile", lab, lab)
    with open(top / "does-not-compile" / next(path for path in course.labs[lab].edit if path.endswith(".c")), "a") as file:
        file.write("int broken(void) { return nothing; }\n")
    mutants = {path.stem: path for path in sorted((ROOT / "grading" / ("lab%d" % lab) / "mutants").glob("*.patch"))}
    singles = size - len(expected) - len(PAIRS[lab])
    for name in PAIRS[lab] + list(mutants)[::max(1, len(mutants) // singles)][:singles]:
        chosen = [mutants[one] for one in name.split("+") if one in mutants]
        if len(chosen) != name.count("+") + 1 or not course.apply(chosen):
            raise SystemExit("fifty: lab %d: the mutants %s are not all there or do not fit together: correct PAIRS" % (lab, name))
        course.student(top / name, lab, lab)
        course.apply(chosen, "-R")
        lost = set().union(*map(cost, chosen))
        expected[name] = {test: 0 if test in lost else points for test, points in full.items()}
    for number, name in enumerate(sorted(set(expected) - {"broken-archive"})):
        pack(top / name, FORMATS[number % len(FORMATS)])
    whole = top / "reference.tar.gz"
    data = whole.read_bytes() if whole.exists() else next(top.glob("*.tar.gz")).read_bytes()
    (top / "broken-archive.tar.gz").write_bytes(data[:len(data) // 2])
    return expected


def grade(lab, way, *arguments, environment=None):
    """Start grading the class of a lab, its output to a file; the process."""
    out = WORK / way / ("lab%d" % lab)
    out.mkdir(parents=True)
    command = [sys.executable, str(ROOT / "grading" / "submissions" / "grade_class.py"), "--lab", str(lab), "--out", str(out), "--engine", way,
               *arguments, str(WORK / "submissions" / ("lab%d" % lab))]
    with open(out / "printed", "wb") as printed:
        return subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed)


def scores(lab, way):
    """{name: {test: points}} of the CSV file."""
    with open(WORK / way / ("lab%d" % lab) / "grades.csv", newline="", encoding="utf-8") as file:
        return {row.pop("name"): {test: int(points) for test, points in row.items() if test not in ("score", "max")}
                for row in csv.DictReader(file)}


def check_class(tally, lab, way, status, expected):
    """Is every score of a class as it must be?"""
    out = WORK / way / ("lab%d" % lab)
    where = "lab %d, %s" % (lab, way)
    tally.check(where + ": status", status, 0)
    if status:
        print((out / "printed").read_text(errors="replace"), flush=True)
        return
    got = scores(lab, way)
    for name, points in expected.items():
        tally.check("%s: %s" % (where, name), got.get(name), points)
    tally.check(where + ": submissions", sorted(got), sorted(expected))
    tally.check(where + ": Gradescope", {name: json.loads((out / "gradescope" / (name + ".json")).read_text())["score"]
                                         for name in expected}, {name: sum(points.values()) for name, points in expected.items()})


def running(cluster):
    """The tasks that run now."""
    return cluster.ask("squeue", "--noheader", "--array", "--states=RUNNING", "--format=%F_%K").split()


def disturb(cluster, process, done):
    """Cancel a task that runs and requeue one, as soon as there are any; their names to `done`."""
    deadline = time.monotonic() + PATIENCE
    for action in (["scancel"], ["scontrol", "requeue"]):
        while action[-1] not in done and process.poll() is None and time.monotonic() < deadline:
            for task in set(running(cluster)) - set(done.values()):
                if not cluster.ask(*action, task):      # silent when it could: the task had not just ended
                    done[action[-1]] = task
                    break
            time.sleep(0.1)


def by_slurm(tally, expected):
    """Grade all classes on a cluster of this machine."""
    with one_node_slurm.Cluster(WORK / "cluster") as cluster:
        for lab in expected:
            done = {}
            process = grade(lab, "slurm", environment=cluster.environment)
            if lab == min(expected):
                disturb(cluster, process, done)
            check_class(tally, lab, "slurm", process.wait(), expected[lab])
            if lab == min(expected):
                printed = (WORK / "slurm" / ("lab%d" % lab) / "printed").read_text()
                tally.check("a task was cancelled and one requeued", sorted(done), ["requeue", "scancel"])
                tally.check("the cancelled one was submitted again", re.findall(r"(?m)^lost .*task (\S+)\)", printed),
                            [done.get("scancel")])


def by_others(tally, course, expected):
    """Grade the reference and the starter of the first lab as Gradescope and GitHub Classroom would."""
    lab, folder = min(expected), WORK / "elsewhere"
    course.student(folder / "reference", lab, lab)
    course.student(folder / "starter", lab, lab - 1)
    elsewhere.check(tally, lab, {name: (folder / name, expected[lab][name]) for name in ("reference", "starter")})


def main():
    if bubblewrap.WHY_NOT:
        print("test-class tests nothing: " + bubblewrap.WHY_NOT)
        return 0
    missing = one_node_slurm.missing()
    if missing:
        raise SystemExit("fifty: there is no %s: run `make setup-class`" % ", ".join(missing))
    shutil.rmtree(WORK, ignore_errors=True)
    started, tally, course = time.monotonic(), Tally(), Course()
    sizes = {lab: SIZES[lab] for lab in map(int, sys.argv[1:] or SIZES)}
    expected = {lab: make_class(course, lab, size) for lab, size in sizes.items()}
    made = sum(map(len, expected.values()))
    tally.check("submissions", made, sum(sizes.values()))
    print("%d submissions made, %.0f s" % (made, time.monotonic() - started), flush=True)
    for lab in expected:
        check_class(tally, lab, "local", grade(lab, "local", "--jobs", "2").wait(), expected[lab])
    print("graded here, %.0f s" % (time.monotonic() - started), flush=True)
    by_slurm(tally, expected)
    print("graded by Slurm, %.0f s" % (time.monotonic() - started), flush=True)
    by_others(tally, course, expected)
    print("graded as elsewhere, %.0f s" % (time.monotonic() - started), flush=True)
    for lab in expected:
        tally.check("lab %d: the same by either way" % lab, scores(lab, "slurm"), scores(lab, "local"))
    print("%d passed, %d failed" % (tally.passed, tally.failed))
    return 1 if tally.failed else 0


if __name__ == "__main__":
    sys.exit(main())
