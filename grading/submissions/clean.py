"""Grades one submission, in a clean tree, by the course's own Makefile and tests, in a sandbox: `grading/grade --submission`.

What cannot be opened or does not compile gets a results.json too, with every test failed and the reason. Exit status: 0 full
marks, 1 points are missing, 2 it could not be graded, by a mistake in the command or of this machine.
"""
import argparse
import contextlib
import fcntl
import json
import os
import shutil
import subprocess
import sys
import traceback

import basetree
import grade
import runner
import sandbox
import submission
import testfile


class Runs:
    """What grade.py asks about the sandbox: see runner.Setup."""

    def __init__(self, box, tree, model_refusal):
        self._box, self.tree, self.model_refusal = box, tree, model_refusal
        self.top = box.place([(tree, basetree.PLACE, False)], basetree.PLACE)

    def run_prefix(self, build, directory=None, plugin=None):
        """A run sees the products of the build, its own directory, and may write the plugin's report there."""
        mounts = [(build, build, False)]
        if directory:
            report = os.path.join(directory, "plugin.bin")
            with open(report, "wb"):
                pass
            self._box.give(report)
            mounts += [(directory, directory, False), (report, report, True)]
        if plugin:
            mounts.append((plugin, os.path.abspath(plugin), False))
        return self._box.prefix(sandbox.RUN, mounts)


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(prog="grading/grade", description="Grade one submission in a clean tree and a sandbox.")
    parser.add_argument("--submission", required=True, metavar="WHAT",
                        help="a folder, an archive (tar, tar.gz, .bz2, .xz, zip), a commit of this repository, REPOSITORY#COMMIT")
    parser.add_argument("--lab", required=True, type=int, metavar="N")
    parser.add_argument("--out", metavar="DIR", help="where results and transcripts go (build/class/NAME)")
    parser.add_argument("--tests", metavar="DIR", help="private tests: DIR/labN/*.test, and for them DIR/guest/labN.c in the place "
                        "of grading/guest/labN.c, DIR/guest/user/*.c beside grading/guest/user/*.c")
    parser.add_argument("--test", metavar="NAME", help="only the tests of this name; * and ? as in the shell")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="runs at a time (one a CPU)")
    parser.add_argument("--cross", default=os.environ.get("CROSS_COMPILE"), help="prefix of the cross compiler")
    parser.add_argument("--qemu", default=os.environ.get("QEMU") or "qemu-system-aarch64")
    options = parser.parse_args(arguments)
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    return options


def cross_compiler(named):
    """The prefix of the cross tools."""
    done = subprocess.run(["sh", os.path.join(grade.HERE, "tools.sh"), "cross"], stdout=subprocess.PIPE, check=False, text=True,
                          env=dict(os.environ, CROSS_COMPILE=named or ""))
    if done.returncode:
        raise submission.Mistake("no AArch64 compiler found: run `make setup`, or name one with --cross prefix-")
    return done.stdout.strip()


def load_tests(directory, number):
    tests, mistakes = testfile.load(os.path.join(directory, "lab%d" % number))
    if mistakes:
        raise submission.Mistake("\n".join(mistakes))
    return tests


class Grading:
    """One submission on its way: `record` is what results.json will say of it."""

    def __init__(self, options):
        self.options = options
        self.out = os.path.abspath(options.out or os.path.join(
            basetree.ROOT, "build", "class", submission.name_of(options.submission).strip("/").replace("/", "-")))
        self.record = {"name": submission.name_of(options.submission), "files": [], "missing": [], "ignored": [], "notes": [],
                       "build": {"ok": False, "log": ""}}

    def run(self):
        """Do all of it; the exit status."""
        options = self.options
        options.cross = cross_compiler(options.cross)
        box = sandbox.here(options.cross + "gcc", options.qemu, "make", "cc")
        source = basetree.split.Source()
        guest = options.tests and os.path.join(options.tests, "guest")
        base = basetree.Base(source, options.lab, box, basetree.Tools(options.cross, options.qemu, options.jobs), guest)
        self.tests_folder = os.path.abspath(options.tests or grade.HERE)
        self.tests = load_tests(self.tests_folder, options.lab)
        os.makedirs(self.out, exist_ok=True)
        with open(os.path.join(self.out, ".submission.lock"), "w", encoding="ascii") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise submission.Mistake("another grading is running in %s: wait for it, or give this one its own --out"
                                         % self.out) from None
            with contextlib.suppress(FileNotFoundError):
                os.unlink(os.path.join(self.out, "results.json"))
            return self.judge(base, box)

    def judge(self, base, box):
        """From the submission to its results."""
        if box.note:
            self.record["notes"].append(box.note)
            print("warning: " + box.note, file=sys.stderr)
        tree = os.path.join(self.out, "tree")
        with contextlib.suppress(FileNotFoundError):
            shutil.rmtree(tree)
        try:
            found = submission.entries(self.options.submission, base.wanted, box)
            base.copy()
            taken = submission.take(found, base.wanted, base.known)
        except submission.Refused as error:
            return self.fail("the submission %s" % error)
        self.tell(taken, base)
        base.copy(tree)
        changed = [path for path, data in taken.files.items() if self.put(os.path.join(tree, path), data)]
        box.give(tree)
        done = base.build(tree)
        self.record["build"] = {"ok": done.end == "exit" and done.status == 0, "log": done.output.decode(errors="replace")}
        if not self.record["build"]["ok"]:
            return self.fail("does not compile: " + basetree.first_error(done))
        return self.grade(base, tree, Runs(box, tree, base.refusal(tree, changed)))

    def put(self, path, data):
        """Make a file of the tree the submission's; False if it is already, and need not be compiled again."""
        with open(path, "rb") as file:
            if file.read() == data:
                return False
        with open(path, "wb") as file:
            file.write(data)
        return True

    def tell(self, taken, base):
        """Say, and note, what was taken and what not."""
        self.record.update(files=list(taken.files), missing=taken.missing, ignored=taken.ignored)
        self.record["notes"] += taken.notes
        for path in taken.missing:
            self.record["notes"].append("%s is not there: %s" % (path, "the starter's stands in, its holes open" if path in base.own
                                                                   else "the reference's stands in"))
        print("submission %s, lab %d" % (submission.show(self.record["name"]), self.options.lab))
        for word, lines in (("taken", taken.files), ("note", self.record["notes"]), ("ignored", taken.ignored)):
            for line in lines:
                print("  %-8s %s" % (word, line))
        sys.stdout.flush()

    def grade(self, base, tree, runs):
        """Run the tests; grade.py prints and writes the results, to which the record is added."""
        options, build = self.options, base.products(tree)
        arguments = grade.parse_arguments(
            ["--out", self.out, "--cross", options.cross, "--qemu", options.qemu, "--jobs", str(options.jobs), "--tests",
             self.tests_folder, "%d:%s" % (options.lab, build)] + (["--test", options.test] if options.test else []))
        arguments.sandbox = runs
        status = grade.grade(arguments)
        path = os.path.join(self.out, "results.json")
        for name in ("grading", "host", "kernel", "programs", "user"):       # what runs may be repeated with is kept
            shutil.rmtree(os.path.join(build, name), ignore_errors=True)
        with open(path, encoding="utf-8") as file:
            results = json.load(file)
        results["submission"] = self.record
        grade.write_atomically(path, results)
        return status

    def fail(self, why):
        """Nothing can be run: every test has failed, for this reason."""
        log = os.path.join(self.out, "build.log")
        with open(log, "w", encoding="utf-8") as file:
            file.write(self.record["build"]["log"] or why + "\n")
        tests = [{"name": test.name, "title": test.title, "points": 0, "max": test.points, "status": "fail", "why": why,
                  "seconds": 0.0, "guest_instructions": None, "holes": [], "handout": test.handout,
                  "report": runner.headline(test, "fail") + ["  " + why], "hint": None, "log": os.path.relpath(log)}
                 for test in self.tests]
        lab = {"lab": self.options.lab, "name": grade.lab_name(self.options.lab), "score": 0,
               "max": sum(test["max"] for test in tests), "tests": tests}
        grade.write_atomically(os.path.join(self.out, "results.json"), {"labs": [lab], "submission": self.record})
        print("%s\n\nLab %d %s: 0/%d" % (why, lab["lab"], lab["name"], lab["max"]))
        return 1


def main(arguments=None):
    try:
        return Grading(parse_arguments(arguments)).run()
    except (submission.Mistake, sandbox.Unusable, basetree.Trouble, basetree.split.LabError, grade.Trouble) as trouble:
        print("grade: %s" % trouble, file=sys.stderr)
    except OSError as error:
        print("grade: %s" % error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
    except Exception:                       # a defect of the harness must not look like missing points, which is status 1
        traceback.print_exc()
    return 2
