#!/usr/bin/env python3
"""Grades the graders: builds each mutant, a student's mistake as a patch over the reference, and checks what it costs.

    mutants.py [--lab N] [--name GLOB] [--quick] [--jobs N]         `make mutants` calls this
A mutant, `labN/mutants/NAME.patch`, says which tests of lab N it loses and which hints these must show (`hint: none`: none); and
which it may lose, when that is a race, with input, say. It is killed when exactly that happens. Each job works in a tree of its
own, build/mutants/treeN, where the reference must have full marks first. Results go to build/mutants/results.json, what make said of
a mutant to build/mutants/labN-NAME.log. Exit status: 0 all are killed as they should be, 1 some are not, 2 nothing can be said.
"""
import argparse
import collections
import concurrent.futures
import filecmp
import fcntl
import fnmatch
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "grading"), str(ROOT / "labs")]
import grade                                                                   # noqa: E402
import hints                                                                   # noqa: E402
import split                                                                   # noqa: E402
import testfile                                                                # noqa: E402
from check import TIMEOUT                                                      # noqa: E402
from proofs import environment                                                 # noqa: E402

KEYS = {"lose": r".+", "may": r".+", "hint": r".+", "quick": r"yes"}      # and what their value must match
SHOWN = 60                          # columns for the tests that a mutant loses

Lab = collections.namedtuple("Lab", "number points hints mutants")             # points: of each test, by its name
Outcome = collections.namedtuple("Outcome", "mutant lost hints problem")       # problem: a line that says what to do, or None


class Mutant:
    """One patch file. `problems` lists what is wrong with it as FILE:LINE: text."""

    def __init__(self, path, lab, number, tests, known):
        self.path, self.name, self.lab, self.number = path, path.stem, lab, number
        self.problems = []
        lines = path.read_text("utf-8", "replace").split("\n")
        end = next((n for n, line in enumerate(lines) if line == "---" or line.startswith("diff --git ")), len(lines))
        head = next((n for n, line in enumerate(lines) if not line.strip()), end)
        if head == 0 or head > end:
            self._problem(1, "the first lines must say what was done wrong, and a blank one must follow")
        given = {}
        for number, line in enumerate(lines[head:end], head + 1):
            key, _, value = (part.strip() for part in line.partition(":"))
            if not line.strip():
                continue
            if not re.fullmatch(KEYS.get(key, "(?!)"), value) or key in given:
                self._problem(number, "must be lose: or may: TESTS, hint: NAMES or quick: yes, each at most once, not %r" % line)
            given[key] = value.split(), number
        for key in ("lose", "hint"):
            if key not in given:
                self._problem(1, "no %s:" % key)
        self.lose, line = given.get("lose", ([], 1))
        self._known(line, self.lose, tests, "test")
        self.may, line = given.get("may", ([], 1))
        self._known(line, self.may, tests, "test")
        self.hints, line = given.get("hint", ([], 1))
        self.hints = [] if self.hints == ["none"] else self.hints
        self._known(line, self.hints, known, "hint")
        self.quick = "quick" in given
        if lines[end:end + 1] != ["---"] or not lines[end + 1].startswith("diff --git "):
            self._problem(end + 1, "behind the header stand a line '---' and a patch as `git diff` writes it")

    def _known(self, line, names, known, what):
        for name in names:
            if name not in known:
                self._problem(line, "lab %d has no %s %s" % (self.lab, what, name))

    def _problem(self, line, text):
        self.problems.append("%s:%d: %s" % (os.path.relpath(self.path), line, text))


def load(root, number):
    """The Lab of this number with its mutants in the order of their names, and the list of mistakes as FILE:LINE: text."""
    directory = Path(os.path.relpath(root)) / "grading" / ("lab%d" % number)
    tests, mistakes = testfile.load(str(directory))
    hinted, wrong = hints.load(str(directory), [test.name for test in tests])
    points = {test.name: test.points for test in tests}
    paths = sorted((directory / "mutants").glob("*.patch"))
    mutants = [Mutant(path, number, n, points, [hint.name for hint in hinted]) for n, path in enumerate(paths, 1)]
    return Lab(number, points, hinted, mutants), mistakes + wrong + [text for mutant in mutants for text in mutant.problems]


def labs(root):
    """The numbers of the labs that have mutants."""
    return sorted(int(path.parent.name[3:]) for path in root.glob("grading/lab[0-9]*/mutants"))


class Stopped(Exception):
    """The whole run ends: this job must not go on."""


class Jobs:
    """The makes that run, so that all can be ended at once."""

    def __init__(self):
        self._lock, self._live, self._stopping = threading.Lock(), set(), False

    def make(self, tree, log, *arguments):
        """Run make in a tree, its output behind what is in `log`; the exit status and the output."""
        env = environment()
        with open(log, "ab") as out:
            begin = out.tell()
            with self._lock:
                if self._stopping:
                    raise Stopped
                process = subprocess.Popen(["make", "-s", *arguments], cwd=tree, env=env, stdin=subprocess.DEVNULL, stdout=out,
                                           stderr=out, start_new_session=True)
                self._live.add(process)
            try:
                status = process.wait(TIMEOUT)
            except subprocess.TimeoutExpired:
                end(process)
                raise grade.Trouble("`make %s` in %s takes more than %d s" % (" ".join(arguments), tree, TIMEOUT)) from None
            finally:
                with self._lock:
                    self._live.discard(process)
        if self._stopping:
            raise Stopped
        return status, log.read_bytes()[begin:].decode(errors="replace")

    def stop(self):
        with self._lock:
            self._stopping = True
            for process in self._live:
                end(process)


def end(process):
    """End a make and all below it: politely, so that the grader ends its guests, then not."""
    for number in (signal.SIGINT, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(10)
            return
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


class Tree:
    """A copy of the source files in which one job builds and grades."""

    def __init__(self, root, number, jobs):
        self.root, self.top = root, root / "build" / "mutants" / ("tree%d" % number)
        self._jobs, self._checked = jobs, set()

    def restore(self):
        """Make the sources those of the reference; a file that is the same already keeps its time, and make its object."""
        wanted = split.source_files(self.root)
        for name in wanted:
            here = self.top / name
            if not here.exists() or not filecmp.cmp(self.root / name, here, shallow=False):
                here.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(self.root / name, here)
        known = set(wanted)
        for folder, folders, names in os.walk(self.top):
            if Path(folder) == self.top and "build" in folders:
                folders.remove("build")
            for path in (Path(folder) / name for name in names):
                if str(path.relative_to(self.top)) not in known:
                    path.unlink()

    def grade(self, lab, log):
        """Build and grade the lab: its tests in results.json, or None when the build fails; and make's output."""
        results = self.top / "build" / "grade" / "results.json"
        results.unlink(missing_ok=True)
        status, output = self._jobs.make(self.top, log, "build", "LAB=%d" % lab)
        if status:
            return None, output
        _, output = self._jobs.make(self.top, log, "grade", "LAB=%d" % lab, "JOBS=1", "SEED=mutants")    # nor may a race decide
        if not results.exists():
            raise grade.Trouble("grading in %s does not work, see %s" % (os.path.relpath(self.top), os.path.relpath(log)))
        return json.loads(results.read_text("utf-8"))["labs"][0]["tests"], output

    def check(self, lab):
        """The reference must have full marks here, or nothing that a mutant loses means anything; once a lab."""
        if lab in self._checked:
            return
        self.restore()
        log = self.top.parent / ("%s-lab%d.log" % (self.top.name, lab))
        log.write_bytes(b"")
        tests, output = self.grade(lab, log)
        wrong = [errors(output)] if tests is None else ["%s: %s" % (t["name"], t["why"]) for t in tests if t["status"] != "pass"]
        if wrong:
            raise grade.Trouble("the reference itself does not have full marks in lab %d, so no mutant is judged: correct it first "
                                "(%s)\n  %s" % (lab, os.path.relpath(log), "\n  ".join(wrong)))
        self._checked.add(lab)

    def run(self, mutant):
        """The Outcome of one mutant."""
        self.check(mutant.lab)
        self.restore()
        log = self.top.parent / ("lab%d-%s.log" % (mutant.lab, mutant.name))
        log.write_bytes(b"")
        # Git must not see the checkout around the tree, or it would silently apply nothing.
        env = dict(os.environ, GIT_CEILING_DIRECTORIES=str(self.top.parent))
        done = subprocess.run(["git", "apply", "--whitespace=nowarn", str(mutant.path.resolve())], cwd=self.top, env=env,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode:
            return Outcome(mutant, [], [], "does not apply: make %s anew (%s)" % (mutant.path, done.stdout.split("\n")[0]))
        tests, output = self.grade(mutant.lab, log)
        if tests is None:
            return Outcome(mutant, [], [], "does not compile: correct its patch (%s; %s)" %
                           (errors(output), os.path.relpath(log)))
        return judge(mutant, tests, log)


def errors(output):
    """The line of make's output that says best why it failed."""
    lines = [line for line in output.split("\n") if line.strip()]
    return next((line for line in lines if re.search(r"\berror\b|undefined reference|Error:", line)), (lines or ["no message"])[-1])


def judge(mutant, tests, log):
    """The Outcome of a mutant with these results of its lab."""
    lost = [test["name"] for test in tests if test["status"] == "fail"]
    shown = list(dict.fromkeys(test["hint"] for test in tests if test["hint"] and test["name"] not in mutant.may))
    unjudged = ["%s: %s" % (test["name"], test["why"]) for test in tests if test["status"] == "error"]
    if unjudged:
        problem = "could not be judged: try again on a host with less to do (%s)" % "; ".join(unjudged)
    elif not lost:
        problem = "survives: strengthen a test, or take it off the list if it changes nothing that a test could see"
    else:
        certain = [name for name in lost if name not in mutant.may]
        losses = differences(mutant.lose, certain, "does not lose ", "loses also ", ": correct its lose: line, or the test")
        hinted = differences(mutant.hints, shown, "does not show hint ", "shows hint ",
                             ": correct its hint: line, or the hint's conditions")
        problem = "; ".join(losses + hinted)
    return Outcome(mutant, lost, shown, "%s (%s)" % (problem, os.path.relpath(log)) if problem else None)


def differences(expected, found, less, more, remedy):
    """A sentence on what is missing in `found` and what is too much, with the remedy; in a list that is empty if there is none."""
    missing, extra = [name for name in expected if name not in found], [name for name in found if name not in expected]
    parts = ([less + " ".join(missing)] if missing else []) + ([more + " ".join(extra)] if extra else [])
    return [", ".join(parts) + remedy] if parts else []


class Queue:
    """Hands out mutants so that a tree builds few stages: a job stays with its lab, then takes the one with the fewest others."""

    def __init__(self, mutants):
        self._lock, self._waiting, self._jobs = threading.Lock(), collections.defaultdict(list), collections.Counter()
        for mutant in mutants:
            self._waiting[mutant.lab].append(mutant)

    def next(self, lab):
        """The next mutant for a job that worked on `lab` so far, or None."""
        with self._lock:
            if not self._waiting.get(lab):
                left = [number for number, mutants in self._waiting.items()
                        if mutants and (not self._jobs[number] or len(mutants) > 2 * self._jobs[number])]
                if not left:
                    return None
                lab = min(left, key=lambda number: (self._jobs[number], number))
                self._jobs[lab] += 1
            return self._waiting[lab].pop(0)


class Board(grade.Screen):
    """A line a mutant, and on a terminal a live count."""

    def outcome(self, lab, outcome):
        mutant, problem = outcome.mutant, outcome.problem
        word = self.paint("WRONG ", "31") if problem else self.paint("KILLED", "32")
        names = list(outcome.lost)
        while len(" ".join(names)) > SHOWN:
            names.pop()
        names += ["+%d" % (len(outcome.lost) - len(names))] if len(names) < len(outcome.lost) else []
        self._done += 1
        text = "%s lab%d %2d %-20s %4d  %s" % (word, lab.number, mutant.number, mutant.name,
                                               -sum(lab.points[name] for name in outcome.lost), " ".join(names))
        text += "".join("  hint " + name for name in outcome.hints)
        self.line(text + ("\n       %s" % problem if problem else ""))

    def _status(self):
        if self._tty:
            self._stream.write("%d of %d mutants done" % (self._done, self._total))
            self._stream.flush()


def matrix(lab, outcomes):
    """Which mutant costs which test: a line a test, a column a mutant under the number of its line above."""
    lines = ["", "lab%d %-24s %s  killers" % (lab.number, "", " ".join("%2d" % one.mutant.number for one in outcomes))]
    for test in lab.points:
        kills = [test in one.lost for one in outcomes]
        lines.append("  %-27s %s  %4d" % (test, " ".join(" x" if kill else " ." for kill in kills), sum(kills)))
    spared = [test for test in lab.points if not any(test in one.lost for one in outcomes)]
    return lines + (["  no mutant costs %s" % " ".join(spared)] if spared else [])


def work(queue, tree, report):
    """What one job does."""
    lab, mutant = None, queue.next(None)
    while mutant:
        report(tree.run(mutant))
        lab = mutant.lab
        mutant = queue.next(lab)


def run_all(root, found, mutants, count):
    """Run the mutants in `count` trees, with a line for each as it is done; their Outcomes in stable order."""
    jobs, queue, board, done, lock = Jobs(), Queue(mutants), Board(sys.stdout, len(mutants), False), [], threading.Lock()

    def report(outcome):
        with lock:
            done.append(outcome)
            board.outcome(found[outcome.mutant.lab], outcome)

    pool = concurrent.futures.ThreadPoolExecutor(count)
    try:
        futures = [pool.submit(work, queue, Tree(root, number, jobs), report) for number in range(count)]
        concurrent.futures.wait(futures, return_when=concurrent.futures.FIRST_EXCEPTION)
        for future in futures:
            if future.done():
                future.result()
    finally:
        jobs.stop()                         # of interest only when something went wrong: else none is running
        pool.shutdown()
        board.finish()
    return sorted(done, key=lambda one: (one.mutant.lab, one.mutant.number))


def choose(root, options):
    """The labs by number, and the mutants to run."""
    numbers = labs(root)
    if options.lab is not None and options.lab not in numbers:
        raise grade.Trouble("lab %d has no mutants; there are labs %s" % (options.lab, " ".join(map(str, numbers))))
    found, mistakes = {}, []
    for number in [options.lab] if options.lab is not None else numbers:
        found[number], wrong = load(root, number)
        mistakes += wrong
    if mistakes:
        raise grade.Trouble("\n".join(mistakes))
    mutants = [mutant for lab in found.values() for mutant in lab.mutants
               if fnmatch.fnmatchcase(mutant.name, options.name) and (mutant.quick or not options.quick)]
    if not mutants:
        raise grade.Trouble("no mutant is named %s%s" % (options.name, " and is quick" if options.quick else ""))
    return found, mutants


def run(options):
    """Run what is asked for; the exit status."""
    root = Path(options.root).resolve()
    found, mutants = choose(root, options)
    out = root / "build" / "mutants"
    out.mkdir(parents=True, exist_ok=True)
    with open(out / ".lock", "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise grade.Trouble("other mutants are being run in %s: wait for them" % os.path.relpath(out)) from None
        (out / "results.json").unlink(missing_ok=True)
        outcomes = run_all(root, found, mutants, min(options.jobs, len(mutants)))
        grade.write_atomically(str(out / "results.json"), {"mutants": [
            {"name": one.mutant.name, "lab": one.mutant.lab, "killed": bool(one.lost), "lost": one.lost,
             "expected_lost": one.mutant.lose, "hint": next(iter(one.hints), None), "problem": one.problem} for one in outcomes]})
    for number, lab in found.items():
        ran = [one for one in outcomes if one.mutant.lab == number]
        if len(ran) == len(lab.mutants):
            print("\n".join(matrix(lab, ran)))
    wrong = sum(one.problem is not None for one in outcomes)
    print("\n%d mutants killed as they should be, %d not" % (len(outcomes) - wrong, wrong))
    return 1 if wrong else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description="Build and grade mutants of the reference.")
    parser.add_argument("--lab", type=int, metavar="N", help="only those of this lab")
    parser.add_argument("--name", default="*", metavar="GLOB", help="only those of this name; * and ? as in the shell")
    parser.add_argument("--quick", action="store_true", help="only those that say quick: yes")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="trees to work in (one a CPU)")
    parser.add_argument("--root", default=str(ROOT), metavar="DIR", help="the source tree (this one)")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    try:
        return run(options)
    except (grade.Trouble, split.LabError) as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
