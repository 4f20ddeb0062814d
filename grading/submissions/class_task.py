#!/usr/bin/env python3
"""Grades one submission of a class in a process of its own, and remembers what of, so that nothing is graded twice.

    class_task.py LIST      as a task of a Slurm job array: grades entry SLURM_ARRAY_TASK_ID of the list
A grader that crashes, hangs or writes nonsense costs only its own submission: that gets a record which says so. In OUT:
submissions/NAME/ is the grader's own folder, records/NAME.json says what was graded and how it went, NAME.log what it printed.
"""
import collections
import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import page                                                                     # noqa: E402
from explain import visible                                                     # noqa: E402

ROOT = os.path.dirname(page.HERE)       # where a grader runs, on whatever machine
GRACE = 10                              # seconds that a grader has to end by itself
WHOLE = {"lab", "name", "score", "max", "tests"}
TEST = {"name": str, "title": str, "points": int, "max": int, "status": str, "why": str, "seconds": (int, float), "report": list,
        "log": (str, type(None)), "handout": (str, type(None))}

Task = collections.namedtuple("Task", "name path digest")
Record = collections.namedtuple("Record", "digest why seconds")         # why: empty, or why there are no results to rely on
Grader = collections.namedtuple("Grader", "command lab out tests timeout")


def digest(*paths, skip=()):
    """A digest of what is in files and folders: names, kinds and contents. `skip`: names that do not count."""
    total, waiting = hashlib.sha256(), [(os.path.realpath(path), "") for path in paths]
    while waiting:
        path, name = waiting.pop()
        kind, content = os.lstat(path).st_mode, hashlib.sha256()
        if stat.S_ISLNK(kind):
            content.update(os.fsencode(os.readlink(path)))
        elif stat.S_ISDIR(kind):
            waiting += [(os.path.join(path, inner), name + "/" + inner) for inner in sorted(set(os.listdir(path)) - set(skip))]
        elif stat.S_ISREG(kind):
            with open(path, "rb") as file:
                for block in iter(lambda: file.read(1 << 20), b""):
                    content.update(block)
        total.update(b"%d %d %s%s" % (stat.S_IFMT(kind), len(os.fsencode(name)), os.fsencode(name), content.digest()))
    return total.hexdigest()


def read_json(path):
    """What is in a JSON file; None if it is not there or not whole."""
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def record_path(out, name):
    return os.path.join(out, "records", name + ".json")


def record_of(out, task):
    """The Record of this very submission, or None."""
    found = read_json(record_path(out, task.name))
    return Record(**found) if isinstance(found, dict) and found.get("digest") == task.digest else None


def write_record(out, task, why, seconds):
    page.write_text(record_path(out, task.name), json.dumps(Record(task.digest, why, seconds)._asdict()) + "\n")


def forget(out, name):
    """Remove the record and the results of a submission, if there are any."""
    for path in (record_path(out, name), os.path.join(out, "submissions", name, "results.json")):
        if os.path.lexists(path):
            os.remove(path)


def results_of(out, name):
    """The results of a submission; None if they are not there or not what a grader writes."""
    data = read_json(os.path.join(out, "submissions", name, "results.json"))
    labs = data.get("labs") if isinstance(data, dict) else None
    if not isinstance(labs, list) or not labs or not all(isinstance(lab, dict) and WHOLE <= set(lab) for lab in labs):
        return None
    tests = [test for lab in labs for test in lab["tests"]]
    good = all(isinstance(test, dict) and test.get("status") in ("pass", "fail", "error")
               and all(isinstance(test.get(key), kind) for key, kind in TEST.items()) for test in tests)
    return data if good and tests else None


class Runner:
    """Runs graders, any number at a time, and can end them all."""

    def __init__(self, grader):
        self._grader, self._running, self._lock, self._stopped = grader, set(), threading.Lock(), False

    def run(self, task):
        """Grade one submission and write its record, which is returned; None if it was stopped before its end."""
        started = time.monotonic()
        log = os.path.join(self._grader.out, "records", task.name + ".log")
        try:
            why = self._run(task, log)
        except OSError as error:
            why = "the grader cannot be run: %s: %s" % (error.filename, error.strerror)
        if not why and results_of(self._grader.out, task.name) is None:
            why = "the grader wrote no results"
        with self._lock:
            if self._stopped:
                return None
        if not why:                                     # it can be made again, and a class's would take gigabytes
            shutil.rmtree(os.path.join(self._grader.out, "submissions", task.name, "tree"), ignore_errors=True)
        write_record(self._grader.out, task, why + (last_line(log) if why else ""), round(time.monotonic() - started, 1))
        return record_of(self._grader.out, task)

    def _run(self, task, log):
        """Run the grader; why it failed, or an empty string."""
        grader, own = self._grader, os.path.join(self._grader.out, "submissions", task.name)
        if os.path.lexists(own):
            shutil.rmtree(own)                          # never take an old result for a new one
        os.makedirs(own)
        tests = ["--tests", grader.tests] if grader.tests else []
        command = grader.command + ["--submission", task.path, "--lab", str(grader.lab), "--out", own, "--jobs", "1"] + tests
        with open(log, "wb") as file, self._lock:
            if self._stopped:
                return "stopped"
            process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                                       start_new_session=True)
            self._running.add(process)
        try:
            status = process.wait(grader.timeout)
        except subprocess.TimeoutExpired:
            end(process)
            return "the grader did not end within %d s" % grader.timeout
        except KeyboardInterrupt:
            end(process)
            raise
        finally:
            with self._lock:
                self._running.discard(process)
        if status in (0, 1):
            return ""
        return "the grader " + ("was ended by signal %d" % -status if status < 0 else "ended with status %d" % status)

    def stop(self):
        """End all graders and start no more."""
        with self._lock:
            self._stopped = True
            enders = [threading.Thread(target=end, args=[process]) for process in self._running]
        for ender in enders:
            ender.start()
        for ender in enders:
            ender.join()


def last_line(log):
    """The last line that a grader printed, to be added to a sentence."""
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip()]
    except OSError:
        return ""
    return ": " + visible(lines[-1][:200]) if lines else ""


def end(process):
    """End a grader: it is asked to, and if that does not help it is killed with all that it started."""
    process.send_signal(signal.SIGINT)
    try:
        process.wait(GRACE)
    except subprocess.TimeoutExpired:
        for pid in descendants(process.pid):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass                                    # it has just ended
        process.wait()


def descendants(pid):
    """This process and all below it, from the top."""
    children = collections.defaultdict(list)
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
                children[int(file.read().rpartition(")")[2].split()[1])].append(int(name))
        except (FileNotFoundError, ProcessLookupError):
            pass                                        # it has just ended
    found = [pid]
    for one in found:
        found += children[one]
    return found


def main():
    if len(sys.argv) != 2 or not os.environ.get("SLURM_ARRAY_TASK_ID", "").isdigit():
        print("usage, as a task of a Slurm job array: class_task.py LIST", file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, signal.default_int_handler)           # cancelled or requeued
    with open(sys.argv[1], encoding="utf-8") as file:
        listed = json.load(file)
    grader, task = Grader(**listed["grader"]), Task(**listed["tasks"][int(os.environ["SLURM_ARRAY_TASK_ID"])])
    try:
        if record_of(grader.out, task) is None:         # it may have been requeued at its very end
            Runner(grader).run(task)
    except KeyboardInterrupt:
        print("ended from outside", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
