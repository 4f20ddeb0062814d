#!/usr/bin/env python3
"""Grades a class: every entry of a folder is a submission, named after its file. `make grade-class` calls this.

    grade_class.py --lab N [options] FOLDER
It may be interrupted, or fall over, at any time: the same command goes on where it was, since a submission whose content, lab,
tests and harness have not changed is not graded again. In OUT: index.html, grades.csv, junit.xml, gradescope/NAME.json, and what
class_task.py leaves there. Exit status: 0 every submission was graded, whatever its score; 2 some could not be, or nothing could.
"""
import argparse
import concurrent.futures
import fcntl
import hashlib
import os
import re
import shlex
import signal
import statistics
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import class_page                                                               # noqa: E402
import class_slurm                                                              # noqa: E402
import class_task                                                               # noqa: E402
import grade                                                                    # noqa: E402
import page                                                                     # noqa: E402
import reports                                                                  # noqa: E402
import testfile                                                                 # noqa: E402
from explain import visible                                                     # noqa: E402

ARCHIVE = re.compile(r"(.+?)\.(tar|tar\.[A-Za-z0-9]+|tgz|tbz|tbz2|txz|zip)", re.IGNORECASE | re.DOTALL)
HARNESS = ("Makefile", "grading", "kernel", "labs", "user")
NOT_HARNESS = ("__pycache__", "tests", "host", "mutants")       # folders of it that no grade depends on
TIMEOUT = 1800                          # seconds for one submission, on any host
MAX_NAME = 200                          # bytes of a name: files are called after it
MAX_COLUMN = 40                         # characters of a name before what is said of it


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Grade every submission in a folder.")
    parser.add_argument("folder", help="a folder, .tar, .tar.* or .zip for each submission")
    parser.add_argument("--lab", type=int, required=True, metavar="N")
    parser.add_argument("--out", metavar="DIR", help="where everything goes (build/class/labN)")
    parser.add_argument("--tests", metavar="DIR", help="where the folders labN with the tests are (grading)")
    parser.add_argument("--jobs", type=int, metavar="N", help="submissions at a time (one a CPU; with Slurm as many as it allows)")
    parser.add_argument("--engine", choices=["local", "slurm"], default="local", help="here, or as a Slurm job array")
    parser.add_argument("--sbatch-flags", default="", metavar="FLAGS", help="more options for sbatch, such as a partition")
    parser.add_argument("--timeout", type=int, default=TIMEOUT, metavar="S", help="seconds a grader may take (%(default)s)")
    parser.add_argument("--grader", metavar="COMMAND", help="what grades one submission (grading/grade)")
    options = parser.parse_args(arguments)
    if options.jobs is not None and options.jobs < 1 or options.timeout < 1:
        parser.error("--jobs and --timeout must be at least 1")
    return options


def find_submissions(folder):
    """({name: paths of the entries that claim it}, lines about the entries that are none)."""
    found, skipped = {}, []
    try:
        entries = sorted(os.listdir(folder))
    except OSError as error:
        raise grade.Trouble("cannot read the submissions: %s: %s" % (folder, error.strerror)) from None
    for entry in entries:
        path = os.path.join(folder, entry)
        archive = ARCHIVE.fullmatch(entry)
        if entry.startswith("."):
            skipped.append("%s: hidden" % visible(entry))
        elif os.path.isdir(path):
            found.setdefault(entry, []).append(path)
        elif archive and os.path.isfile(path):
            found.setdefault(archive.group(1), []).append(path)
        else:
            skipped.append("%s: neither a folder nor an archive (.tar, .tar.*, .zip)" % visible(entry))
    long = [visible(name) for name in found if len(os.fsencode(name)) > MAX_NAME]
    if long:
        raise grade.Trouble("\n".join("%s: too long a name, rename it" % name for name in long))
    return found, skipped


class Screen(grade.Screen):
    """A line for each submission, and on a terminal below them how many are done and how long the rest may take."""

    def __init__(self, stream, names):
        self._started, self._graded = time.monotonic(), 0
        self._width = min(MAX_COLUMN, max(len(visible(name)) for name in names))
        super().__init__(stream, len(names), False)

    def say(self, word, color, name, what, graded=True):
        """Show what became of a submission; `graded`: just now."""
        self._done += 1
        self._graded += graded
        self.line("%s %-*s  %s" % (self.paint("%-7s" % word, color), self._width, visible(name), what))

    def _status(self):
        if self._tty:
            left = ""
            if self._graded:
                seconds = (time.monotonic() - self._started) / self._graded * (self._total - self._done)
                left = ", about %d:%02d min left" % divmod(round(seconds), 60)
            self._stream.write("%d of %d submissions done%s" % (self._done, self._total, left))
            self._stream.flush()


def no_results(tests, lab, why):
    """The contents of results.json for a submission that could not be graded."""
    return {"labs": [{"lab": lab, "name": grade.lab_name(lab), "score": 0, "max": sum(test.points for test in tests), "tests": [
        {"name": test.name, "title": test.title, "points": 0, "max": test.points, "status": "error", "why": why, "seconds": 0,
         "guest_instructions": None, "holes": [], "handout": None, "report": [], "hint": None, "log": None} for test in tests]}]}


def grade_locally(grader, tasks, jobs, on_done):
    """Grade them, `jobs` at a time; on_done(task, record) as each is done."""
    runner = class_task.Runner(grader)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        waiting = {pool.submit(runner.run, task): task for task in tasks}
        try:
            for future in concurrent.futures.as_completed(waiting):
                on_done(waiting[future], future.result())
        except BaseException:
            for future in waiting:
                future.cancel()
            runner.stop()
            raise


def show_summary(students, failed, out):
    scores = [page.score_of(student.data) for student in students]
    points = [score for score, _ in scores]
    print("\n%d submissions: mean %.1f, median %g, of %d points" % (
        len(students), statistics.mean(points), statistics.median(points), max(most for _, most in scores)))
    for n, count in enumerate(class_page.distribution(students)):
        print("  %4d %%  %3d  %s" % (10 * n, count, "#" * (count * 50 // len(students))))
    if failed:
        print("%d could not be graded:" % len(failed))
        for name, why in failed.items():
            print("  %s: %s" % (visible(name), why))
    print("%s: index.html, grades.csv, junit.xml, gradescope/" % os.path.relpath(out))


def grade_class(options):
    """Grade the class; the exit status."""
    out = os.path.abspath(options.out or os.path.join(class_task.ROOT, "build", "class", "lab%d" % options.lab))
    tests, mistakes = testfile.load(os.path.relpath(os.path.join(options.tests or grade.HERE, "lab%d" % options.lab)))
    if mistakes:
        raise grade.Trouble("\n".join(mistakes))
    found, skipped = find_submissions(options.folder)
    if not found:
        raise grade.Trouble("there are no submissions in %s: put a folder or an archive for each there" % options.folder)
    if os.path.commonpath([out, os.path.realpath(options.folder)]) == os.path.realpath(options.folder):
        raise grade.Trouble("OUT is inside the folder of the submissions: choose another")
    for line in skipped:
        print("skipped " + line)
    os.makedirs(os.path.join(out, "records"), exist_ok=True)
    command = shlex.split(options.grader) if options.grader else [sys.executable, os.path.join(grade.HERE, "grade")]
    grader = class_task.Grader(command, options.lab, out, options.tests and os.path.abspath(options.tests), options.timeout)
    trees = [os.path.join(class_task.ROOT, name) for name in HARNESS] + ([options.tests] if options.tests else [])
    harness = "%s %d %s" % (class_task.digest(*trees, skip=NOT_HARNESS), options.lab, " ".join(grader.command))
    with open(os.path.join(out, ".lock"), "w", encoding="ascii") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise grade.Trouble("another grading is running in %s: wait for it, or give this one its own OUT" % out) from None
        failed = run(options, grader, found, harness)
        students = [page.Student(name, class_task.results_of(out, name) or no_results(tests, options.lab, failed.get(name, "")),
                                 os.path.join(out, "submissions", name)) for name in sorted(found)]
        reports.write_class(out, students)
    show_summary(students, failed, out)
    return 2 if failed else 0


def run(options, grader, found, harness):
    """Grade what must be graded; {name: why} of those that could not be."""
    failed, tasks = {}, []
    screen = Screen(sys.stdout, found)

    def refuse(name, why):
        class_task.forget(grader.out, name)
        failed[name] = why
        screen.say("ERROR", "33", name, why, False)

    def done(task, record):
        if record.why:
            failed[task.name] = record.why
            screen.say("ERROR", "33", task.name, record.why)
        else:
            score = page.score_of(class_task.results_of(grader.out, task.name))
            screen.say("graded", "32", task.name, "%3d/%d  %.1f s" % (score + (record.seconds,)))

    try:
        for name, paths in sorted(found.items()):
            if len(paths) > 1:
                refuse(name, "submitted twice: %s; leave one" % ", ".join(visible(os.path.basename(path)) for path in paths))
                continue
            try:
                content = class_task.digest(os.path.abspath(paths[0]))
            except OSError as error:
                refuse(name, "cannot be read: %s: %s" % (visible(error.filename), error.strerror))
                continue
            task = class_task.Task(name, os.path.abspath(paths[0]), hashlib.sha256((content + harness).encode()).hexdigest())
            record, data = class_task.record_of(grader.out, task), class_task.results_of(grader.out, name)
            if record and not record.why and data:
                screen.say("kept", "32", name, "%3d/%d" % page.score_of(data), False)
            else:
                class_task.forget(grader.out, name)
                tasks.append(task)
        if options.engine == "slurm":
            class_slurm.grade(grader, tasks, options.jobs, shlex.split(options.sbatch_flags), done, screen.line)
        else:
            grade_locally(grader, tasks, options.jobs or os.cpu_count() or 1, done)
    finally:
        screen.finish()
    return failed


def main(arguments=None):
    options = parse_arguments(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        return grade_class(options)
    except grade.Trouble as trouble:
        print(trouble, file=sys.stderr)
    except KeyboardInterrupt:
        print("\ninterrupted: the same command goes on from here", file=sys.stderr)
    except OSError as error:
        print("%s: %s" % (error.filename, error.strerror), file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
