#!/usr/bin/env python3
"""Prove the course on real clones: `make check-labs`.

Makes a fresh course repository under build/check-labs/ and does there what students do: build and grade the starters, copy
in the solutions, merge the next lab. It promises that a starter leaks no answer and fails exactly the tests it should, that
each solution has full marks for its lab and all before it, that merges have no conflict whatever was written into the holes,
and that every hole is missed by a test that names it. One line a proof; exit status 1 if one failed.
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import course
import split
from proofs import Fail, Tally, environment
from split import LabError

DISTINCTIVE = 25                    # a shorter line of a reference body may be in a starter by chance
TIMEOUT = 900                       # seconds for one make, far above what any takes


# What a tree must not contain

def sources(tree):
    """Map the paths of a tree's source files to their text."""
    found = {}
    for folder, folders, names in os.walk(tree):
        folders[:] = [name for name in folders if name not in (".git", "build")]
        for name in names:
            file = Path(folder) / name
            if name.endswith(split.KINDS) and not file.is_symlink():
                found[str(file.relative_to(tree))] = split.read_text(file) or ""
    return found


def markers(tree):
    """Conditions of the splitter that are left in a tree, as `path: line`."""
    return [f"{path}: {match.group(0).strip()}" for path, text in sources(tree).items()
            for match in split.MARKER.finditer(text)]


def todos(tree):
    """The holes open in a tree, in code: a set of (path, name)."""
    return {(path, quoted or plain) for path, text in sources(tree).items()
            for quoted, plain in split.TODO.findall(split.strip_comments(text))}


def lines_of(text):
    """The lines of a text, each with single spaces."""
    return [" ".join(line.split()) for line in text.split("\n")]


def leaks(tree, source, is_open):
    """Lines of open holes' reference bodies that stand in a tree, be it in a comment, as `path: hole: line`.

    A line counts if it is long and occurs nowhere in the code that this tree is meant to have.
    """
    texts = {path: "\n".join(lines_of(text)) for path, text in sources(tree).items()}
    meant = []
    for path in texts:
        file = source.root / path
        lines = (split.read_text(file) or "").split("\n") if file.exists() else []
        for hole in sorted((hole for hole in source.holes if hole.path == path), key=lambda hole: -hole.line):
            lines[hole.line - 1:hole.end] = [] if is_open(hole) else hole.solved
        meant += lines_of(split.strip_comments("\n".join(lines)))
    meant = "\n".join(meant)
    return [f"{path}: {hole.name}: {line}" for hole in source.holes if is_open(hole)
            for line in lines_of(split.strip_comments("\n".join(hole.solved)))
            if len(line) >= DISTINCTIVE and line not in meant
            for path, text in texts.items() if line in text]


def starter_faults(tree, source, lab, solved):
    """Everything wrong with the text of a starter: stage `lab` with the holes of labs <= `solved` filled."""

    def is_open(hole):
        return solved < hole.lab <= lab
    paths = [str(file.relative_to(tree)) for file in Path(tree).rglob("*") if ".git" not in file.parts]
    faults = [f"a condition is left: {text}" for text in markers(tree)]
    faults += [f"file of a later lab: {path}" for path in paths if source.stages.get(path, 0) > lab
               or any(int(number) > lab for number in re.findall(r"(?:^|/)lab(\d+)[-./]", path))]
    faults += [f"part of an answer: {text}" for text in leaks(tree, source, is_open)]
    wanted, there = {(hole.path, hole.name) for hole in source.holes if is_open(hole)}, todos(tree)
    faults += [f"{path}: hole {name} is not open" for path, name in sorted(wanted - there)]
    faults += [f"{path}: hole {name} is open" for path, name in sorted(there - wanted)]
    return faults


def fill(tree, hole):
    """Put unlike lines where a student would write: the worst that a merge can meet."""
    file = Path(tree) / hole.path
    lines, wanted = file.read_text("utf-8").split("\n"), list(hole.open)
    while wanted and not wanted[0].strip():
        wanted.pop(0)
    while wanted and not wanted[-1].strip():
        wanted.pop()
    for at in range(len(lines)):
        if lines[at:at + len(wanted)] == wanted:
            lines[at:at + len(wanted)] = [f"answer {hole.name} {number}" for number in range(len(wanted) + 3)]
            file.write_text("\n".join(lines), "utf-8")
            return
    raise Fail(f"{hole.path}: cannot find the open hole {hole.name}")


def names_hole(test, names):
    """Whether a test's result names one of these holes."""
    return bool(set(test["holes"]) & set(names)) or any(re.search(rf"\b{name}\b", test["why"] or "") for name in names)


class Check(Tally):
    """One run: the scratch folder with its clones and logs, and the proofs' results."""

    def __init__(self, source, scratch):
        super().__init__()
        self.source, self.scratch = source, Path(scratch)
        self.labs, self.holes = source.labs, source.holes
        self.repository = self.scratch / "course.git"
        shutil.rmtree(self.scratch, ignore_errors=True)
        (self.scratch / "logs").mkdir(parents=True)
        course.publish(source, self.repository)

    def prove(self, name, step, *args):
        """Run step(log, *args); it raises Fail. Print the outcome and return whether it holds."""
        log = self.scratch / "logs" / (re.sub(r"[^\w.-]+", "-", name) + ".log")
        reason = None
        try:
            step(log, *args)
        except (Fail, LabError) as error:
            reason = str(error)
        return self.report(name, reason, log)

    def git(self, tree, *args, check=True):
        return split.git(*args, cwd=tree, env=course.IDENTITY, check=check)

    def clone(self, branch, folder):
        self.git(self.scratch, "clone", "--quiet", "--shared", "--branch", branch, str(self.repository), folder)
        return self.scratch / folder

    def make(self, log, tree, *args):
        """Run make in a tree; return whether it succeeded, and its output."""
        command = ["make", *args]
        with open(log, "ab") as out:
            out.write(f"$ {' '.join(command)}    (in {tree})\n".encode())
            out.flush()
            begin = out.tell()
            try:
                done = subprocess.run(command, cwd=tree, env=environment(), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                      timeout=TIMEOUT)
            except subprocess.TimeoutExpired:
                raise Fail(f"`{' '.join(command)}` takes more than {TIMEOUT} s") from None
        return done.returncode == 0, log.read_bytes()[begin:].decode(errors="replace")

    def build(self, log, tree):
        good, output = self.make(log, tree, "WERROR=1")
        if not good or "warning:" in output:
            raise Fail("`make WERROR=1` fails" if not good else "`make WERROR=1` warns")

    def grade(self, log, tree, *args, lab):
        """Grade one lab in a tree; return whether make succeeded, and the lab's results."""
        results = tree / "build" / "grade" / "results.json"
        results.unlink(missing_ok=True)
        good, _ = self.make(log, tree, "grade", "JOBS=1", *args)
        if not results.exists():
            raise Fail("`make grade` wrote no results")
        graded = [one for one in json.loads(results.read_text("utf-8"))["labs"] if one["lab"] == lab]
        if len(graded) != 1 or not graded[0]["tests"]:
            raise Fail(f"the results have no tests of lab {lab}")
        for test in graded[0]["tests"]:
            if test["status"] == "error":
                raise Fail(f"test {test['name']} could not run: {test['why']}")
        return good, graded[0]

    def full_marks(self, log, tree, lab):
        good, graded = self.grade(log, tree, "WERROR=1", f"LAB={lab}", lab=lab)
        lost = [f"{test['name']}: {test['why']}" for test in graded["tests"] if test["status"] != "pass"]
        if lost or not good or graded["score"] != graded["max"]:
            raise Fail("; ".join(lost) or f"{graded['score']} of {graded['max']} points, "
                       f"and `make grade` {'succeeds' if good else 'fails'}")

    # The proofs of one lab's branches

    def starter(self, log, tree, lab, solved):
        faults = starter_faults(tree, self.source, lab.number, solved)
        missing = [hole.path for hole in self.holes if hole.lab == lab.number and hole.path not in lab.edit]
        faults += [f"labs/{lab.branch}/lab.json: `edit` lacks {path}, which has a hole" for path in sorted(set(missing))]
        if not (Path(tree) / "handouts" / f"{lab.branch}.md").exists():
            faults.append(f"handouts/{lab.branch}.md, to which the README sends the student, is missing")
        if faults:
            log.write_text("\n".join(faults) + "\n", "utf-8")
            raise Fail(faults[0] + (f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""))

    def fails_as_it_should(self, log, tree, lab):
        good, graded = self.grade(log, tree, lab=lab.number)
        if good:
            raise Fail("`make grade` succeeds")
        names = [hole.name for hole in self.holes if hole.lab == lab.number]
        wanted, wrong = set(lab.starter_passes), []
        for test in graded["tests"]:
            if test["status"] == "pass" and test["name"] not in wanted:
                wrong.append(f"{test['name']} passes, but is not in lab.json's starter_passes")
            elif test["status"] != "pass" and test["name"] in wanted:
                wrong.append(f"{test['name']} should pass: {test['why']}")
            elif test["status"] != "pass" and not names_hole(test, names):
                wrong.append(f"{test['name']} fails without naming a hole of lab {lab.number}: {test['why']}")
        wrong += [f"starter_passes names {name}, which is no test" for name in wanted - {t["name"] for t in graded["tests"]}]
        if wrong:
            raise Fail("; ".join(wrong))

    def student_branches(self, lab):
        self.prove(f"{lab.branch}: text", self.starter, self.clone(lab.branch, lab.branch), lab, 0)
        start = f"lab{lab.number}-start"
        tree = self.clone(start, start)
        self.prove(f"{start}: text", self.starter, tree, lab, lab.number - 1)
        self.prove(f"{start}: builds", self.build, tree)
        self.prove(f"{start}: fails as it should", self.fails_as_it_should, tree, lab)

    def solution(self, lab, alone):
        name = f"lab{lab.number}-solution"
        tree = self.clone(name, name)
        if self.prove(f"{name}: builds", self.build, tree):
            for number in [lab.number] if alone else range(lab.number, 0, -1):
                self.prove(f"{name}: full marks for lab {number}", self.full_marks, tree, number)

    def final(self):
        tree = self.clone("final", "final")

        def unmarked(_):
            left = markers(tree) + [f"{path}: todo {name}" for path, name in sorted(todos(tree))]
            if left:
                raise Fail("; ".join(left))
        self.prove("final: no marker left", unmarked)
        self.prove("final: builds", self.build, tree)

    def missed(self, hole):
        """With only this hole open, a test of its lab fails and says so."""
        def step(log):
            tree = self.scratch / f"open-{hole.name}"
            split.split(self.source, tree, hole.lab, hole.lab, keep_open=[hole.name])
            _, graded = self.grade(log, tree, lab=hole.lab)
            lost = [test for test in graded["tests"] if test["status"] != "pass"]
            if not any(names_hole(test, [hole.name]) for test in lost):
                raise Fail(f"{len(lost)} tests of lab {hole.lab} fail, none names {hole.name}" if lost
                           else f"no test of lab {hole.lab} misses it")
        self.prove(f"hole {hole.name} alone is missed", step)

    # The student who goes from lab to lab

    def merge(self, log, tree, branch):
        if self.git(tree, "merge", "--quiet", "--no-edit", f"origin/{branch}", check=False) is None:
            paths = self.git(tree, "diff", "--name-only", "--diff-filter=U").split()
            log.write_text(self.git(tree, "diff"), "utf-8")
            raise Fail(f"conflict in {', '.join(paths) or 'no file'}: keep two unchanged lines between a hole "
                       "and what a later lab changes")

    def commit(self, tree, message):
        self.git(tree, "commit", "--quiet", "--all", "--allow-empty", "-m", message)

    def same(self, _, tree, branch, hint):
        other = self.git(tree, "diff", "--name-only", "HEAD", f"origin/{branch}").split()
        if other:
            raise Fail(f"{', '.join(other)}: {hint}")

    def solve(self, log, tree, lab):
        self.git(tree, "checkout", f"origin/lab{lab.number}-solution", "--", *lab.edit)
        self.commit(tree, f"lab {lab.number} solved")
        self.same(log, tree, f"lab{lab.number}-solution", "unlike the solution; lab.json's `edit` is not complete")

    def journey(self, only):
        """Solve each lab by its reference, merge the next, grade all labs so far on the merged tree."""
        tree = self.clone(self.labs[0].branch, "student")
        for lab, following in zip(self.labs, self.labs[1:] + [None]):
            solved = self.prove(f"{lab.branch}: its `edit` files make the solution", self.solve, tree, lab)
            if not solved or not following or only and lab.number > only:
                return
            step = f"merge {following.branch} into solved {lab.branch}"
            if not self.prove(step, self.merge, tree, following.branch):
                return
            self.prove(f"{step}: as lab{following.number}-start", self.same, tree, f"lab{following.number}-start",
                       "the merged text is not the starter's")
            for number in range(lab.number if only in (None, lab.number) else 0, 0, -1):
                self.prove(f"{step}: full marks for lab {number}", self.full_marks, tree, number)

    def any_answer(self):
        """The same journey with other text in every hole; nothing is built."""
        tree = self.clone(self.labs[0].branch, "scribbler")
        for lab, following in zip(self.labs, self.labs[1:]):
            def step(log):
                for hole in self.holes:
                    if hole.lab == lab.number:
                        fill(tree, hole)
                self.commit(tree, f"lab {lab.number} answered")
                self.merge(log, tree, following.branch)
            if not self.prove(f"merge {following.branch} into any answer to {lab.branch}", step):
                return

    def run(self, only, jobs, quick):
        chosen = [lab for lab in self.labs if only in (None, lab.number)]
        if not chosen:
            raise LabError(f"there is no lab {only}; choose 1 to {len(self.labs)}")
        tasks = [(self.any_answer,), (self.journey, only)]
        tasks += [(self.student_branches, lab) for lab in chosen] + [(self.solution, lab, only is not None) for lab in chosen]
        tasks += [(self.final,)]
        tasks += [(self.missed, hole) for hole in self.holes if not quick and hole.lab in [lab.number for lab in chosen]]
        with ThreadPoolExecutor(jobs) as pool:
            for future in [pool.submit(*task) for task in tasks]:
                future.result()


def main():
    parser = argparse.ArgumentParser(description="Prove the course on real clones.")
    parser.add_argument("--lab", type=int, metavar="N", help="only this lab, and no tests of labs before it on its solution")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="work on so many trees at once (default 2)")
    parser.add_argument("--quick", action="store_true", help="do not open each hole alone")
    args = parser.parse_args()
    try:
        check = Check(split.Source(), split.ROOT / "build" / "check-labs")
        check.run(args.lab, max(1, args.jobs), args.quick)
    except LabError as error:
        sys.exit(f"check-labs: {error}".replace("\n", "\ncheck-labs: "))
    sys.exit(check.closing())


if __name__ == "__main__":
    main()
