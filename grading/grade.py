#!/usr/bin/env python3
"""Grades kernels: boots every test of each lab in QEMU and scores what comes out. `make grade` calls this.

    grade.py [options] LAB:BUILDDIR...    the tests of grading/labLAB/ on the kernel in BUILDDIR
    grade.py --lint LAB...                only check the test files
Exit status: 0 every test that was run has full marks, 1 points are missing, 2 the harness could not do its work.
Results go to OUT/results.json, each run's transcript and report to OUT/labN/TEST/. Works without a terminal.
"""
import argparse
import fcntl
import fnmatch
import glob
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import traceback

import explain
import hints
import page
import plugin
import runner
import testfile
from screen import Screen

HERE = os.path.dirname(os.path.abspath(__file__))


class Trouble(Exception):
    """Why the harness cannot do its work: lines to show."""


def lab_name(number):
    """The NAME of handouts/labN-NAME.md, else of labs/labN-NAME, else labN."""
    top = os.path.dirname(HERE)
    for pattern in ("handouts/lab%d-*.md", "labs/lab%d-*"):
        for path in sorted(glob.glob(os.path.join(glob.escape(top), pattern % number))):
            return re.sub(r"^lab\d+-|\.md$", "", os.path.basename(path))
    return "lab%d" % number


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Boot every test of each lab in QEMU and score it.")
    parser.add_argument("labs", nargs="+", metavar="LAB[:BUILDDIR]", help="lab number and the directory of its kernel.bin")
    parser.add_argument("--out", default="build/grade", help="where results and transcripts go (build/grade)")
    parser.add_argument("--cross", default="aarch64-linux-gnu-", help="prefix of addr2line (aarch64-linux-gnu-)")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="runs at a time (one a CPU)")
    parser.add_argument("--test", metavar="NAME", help="only the tests of this name, or of several; * and ? as in the shell")
    parser.add_argument("--verbose", action="store_true", help="show what the guests print while they run")
    parser.add_argument("--note-holes", action="store_true", help="list the holes that were reached, and in which tests")
    parser.add_argument("--patience", type=int, default=1, metavar="N",
                        help="allow N times the instructions, for kernels that check themselves")
    parser.add_argument("--seed", help="the same nonces each time")
    parser.add_argument("--page", action="store_true", help="also write the results as a page, OUT/index.html")
    parser.add_argument("--lint", action="store_true", help="only check the test files")
    parser.add_argument("--tests", default=HERE, metavar="DIR", help="where the folders labN with the tests are")
    options = parser.parse_args(arguments)
    options.sandbox = None
    if options.jobs < 1:
        parser.error("--jobs must be at least 1")
    options.builds = []
    for word in options.labs:
        number, colon, build = word.partition(":")
        if not number.isdigit() or not options.lint and not (colon and build):
            parser.error("%r is not LAB:BUILDDIR, such as 1:build/lab1" % word)
        options.builds.append((int(number), build))
    if len({number for number, _ in options.builds}) < len(options.builds):
        parser.error("a lab is given twice; its results would overwrite each other")
    return options


def load_labs(options):
    """The labs with their tests, all checked; Trouble with every mistake that is in them."""
    labs, names, mistakes, wanted = [], [], [], (options.test or "").split()
    for number, build in options.builds:
        directory = os.path.join(options.tests, "lab%d" % number)
        tests, wrong = testfile.load(os.path.relpath(directory))
        here = [test.name for test in tests]
        hinted, unfit = hints.load(os.path.relpath(directory), here)
        names, mistakes = names + here, mistakes + wrong + unfit
        if not options.lint and not os.path.exists(os.path.join(build, "kernel.bin")):
            mistakes.append("%s is missing: run `make LAB=%d` first" % (os.path.join(build, "kernel.bin"), number))
        chosen = [test for test in tests if not options.test or any(fnmatch.fnmatchcase(test.name, name) for name in wanted)]
        addr2line = [options.cross + "addr2line"]
        if options.sandbox and build:
            code = explain.Code(build, options.sandbox.run_prefix(build) + addr2line, options.sandbox.top, options.sandbox.tree)
        else:
            code = explain.Code(build, addr2line) if build else None
        labs.append(runner.Lab(number, lab_name(number), directory, build, chosen, code, hinted))
    if mistakes:
        raise Trouble("\n".join(mistakes))
    missing = [name for name in wanted if not any(fnmatch.fnmatchcase(test.name, name) for lab in labs for test in lab.tests)]
    if missing or options.test and not wanted:
        raise Trouble("no test is named %s; there are %s" % (" or ".join(missing), " ".join(dict.fromkeys(names))))
    return labs


def qemu_version(qemu):
    """QEMU's version as a tuple."""
    try:
        output = subprocess.run([qemu, "--version"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=True,
                                timeout=60).stdout
    except (OSError, subprocess.SubprocessError) as error:
        raise Trouble("cannot run %s (%s): run `make setup`, or name another with QEMU=path" % (qemu, error)) from None
    found = re.search(rb"version (\d+)\.(\d+)", output)
    if not found:
        raise Trouble("%s does not say its version: is it QEMU?" % qemu)
    return int(found.group(1)), int(found.group(2))


def results_of(labs, results):
    """The contents of results.json."""
    found = []
    for lab in labs:
        tests = [{"name": r.test.name, "title": r.test.title, "points": r.test.points if r.status == "pass" else 0,
                  "max": r.test.points, "status": r.status, "why": r.why, "seconds": round(r.seconds, 3),
                  "guest_instructions": r.instructions, "holes": r.holes, "handout": runner.handout(r.test, r.hint, r.holes),
                  "report": r.report, "hint": r.hint and r.hint.name, "log": os.path.relpath(r.log)}
                 for r in results if r.lab == lab.number]
        found.append({"lab": lab.number, "name": lab.name, "score": sum(test["points"] for test in tests),
                      "max": sum(test["max"] for test in tests), "tests": tests})
    return {"labs": found}


def write_atomically(path, data):
    """Replace the file at once, so that a reader never sees half of it."""
    handle, fresh = tempfile.mkstemp(dir=os.path.dirname(path))
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(data, file, indent=1)
        file.write("\n")
    os.chmod(fresh, 0o644)
    os.replace(fresh, path)


def show_score(screen, data, results, options):
    """The reports of failed tests, then the score of each lab and of all."""
    for result, others in explain.alike(results):
        screen.report(result.report, others)
    if options.note_holes:
        for hole in dict.fromkeys(hole for result in results for hole in result.holes):
            print("hole %s: %s" % (hole, ", ".join(result.test.name for result in results if hole in result.holes)))
    print()
    for lab in data["labs"]:
        print("Lab %d %s: %d/%d" % (lab["lab"], lab["name"], lab["score"], lab["max"]))
    if len(data["labs"]) > 1:
        print("Total: %d/%d" % tuple(sum(lab[key] for lab in data["labs"]) for key in ("score", "max")))
    if options.test:
        print("(partial: only tests named %s were run)" % options.test)


def grade(options):
    """Run everything; the exit status."""
    labs = load_labs(options)
    if options.lint:
        print("%d test files are well formed" % sum(len(lab.tests) for lab in labs))
        return 0
    labs = [lab for lab in labs if lab.tests]
    started = time.monotonic()
    version = qemu_version(options.qemu)
    start_seconds = time.monotonic() - started
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, ".lock"), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise Trouble("another grading is running in %s: wait for it, or give this one its own --out"
                          % options.out) from None
        limiter, warning = plugin.build(options.out, options.qemu, version)
        if warning:
            print("warning: " + warning, file=sys.stderr)
        setup = runner.Setup(options.qemu, limiter, options.out, options.seed, start_seconds, options.jobs,
                             options.patience, options.sandbox)
        screen = Screen(sys.stdout, sum(len(lab.tests) for lab in labs), options.verbose)
        try:
            results = runner.run_all(setup, labs, screen.result, screen.guest_line, screen.start)
        finally:
            screen.finish()
        data = results_of(labs, results)
        write_atomically(os.path.join(options.out, "results.json"), data)
        show_score(screen, data, results, options)
        if options.page:
            page.write_one(os.path.join(options.out, "index.html"), data)
            print("Page: %s" % os.path.relpath(os.path.join(options.out, "index.html")))
    if any(result.status == "error" for result in results):
        print("some tests could not be judged; this is not the kernel's fault", file=sys.stderr)
        return 2
    return 0 if all(result.status == "pass" for result in results) else 1


def main(arguments=None):
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")       # a guest prints what it likes, in whatever the locale is
    try:
        return grade(parse_arguments(arguments))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 2
    except Exception:                       # a defect of the harness must not look like missing points, which is status 1
        traceback.print_exc()
        return 2


if __name__ == "__main__":
    sys.exit(main())
