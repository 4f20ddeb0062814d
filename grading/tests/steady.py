#!/usr/bin/env python3
"""`make steady RUNS=20 [LABS="1 2-start"]`: a grade does not depend on how busy the host is.

Grades the reference of each lab, and the starters of lab 1 and 2 (`2-start`), RUNS times with the same nonces while as many busy
loops as there are CPUs compete with it. Each time every test must have the same verdict and the same points and must have taken the
same number of guest instructions; only when typed input comes is for the host to say, so tests that `send:` may take another
number. The reference must have full marks, too. Ends with `N passed, N failed`, a check for each grading.
"""
import contextlib
import json
import os
import re
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import nonce as nonces                                                         # noqa: E402
import testfile                                                                # noqa: E402

LOOP = "import os\nparent = os.getppid()\nwhile os.getppid() == parent: pass"   # ends with this program, however that ends
USAGE = "usage: steady.py RUNS LAB..., such as: steady.py 20 1 2-start"


@contextlib.contextmanager
def busy_host():
    """Keep every CPU busy meanwhile."""
    loops = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
        if any(loop.poll() is not None for loop in loops):
            raise RuntimeError("a busy loop has ended by itself: the host was not busy")
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


def build_directory(lab, solution):
    return "build/lab%d%s" % (lab, "" if solution else "-start")


def typed(lab):
    """The names of a lab's tests with input."""
    tests, _ = testfile.load(os.path.join(ROOT, "grading", "lab%d" % lab))
    return {test.name for test in tests if any(item.kind == "send" for item in test.items(nonces.EXAMPLE))}


def graded(lab, solution, untimed):
    """What must be the same each time, {test: (status, points, why, instructions)}; or the reason why there is none."""
    out = os.path.join("build", "steady", os.path.basename(build_directory(lab, solution)))
    results = os.path.join(ROOT, out, "results.json")
    with contextlib.suppress(FileNotFoundError):
        os.remove(results)
    done = subprocess.run([sys.executable, "grading/grade.py", "--out", out, "--seed", "steady",
                           "--cross", os.environ.get("CROSS_COMPILE") or "aarch64-linux-gnu-",
                           "--qemu", os.environ.get("QEMU") or "qemu-system-aarch64",
                           "%d:%s" % (lab, build_directory(lab, solution))],
                          cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    if not os.path.exists(results):
        return done.stdout.strip().split("\n")[-1]
    with open(results, encoding="utf-8") as file:
        tests = json.load(file)["labs"][0]["tests"]
    return {test["name"]: (test["status"], test["points"], test["why"],
                           None if test["name"] in untimed else test["guest_instructions"]) for test in tests}


def differences(first, now):
    """In words: what is not as it was the first time."""
    if isinstance(now, str) or isinstance(first, str):
        return [now if isinstance(now, str) else "the first grading did not work"]
    return ["%s: %s, but the first time %s" % (name, now.get(name), was) for name, was in first.items() if now.get(name) != was]


def steady(lab, solution, runs):
    """Grade one build `runs` times: (gradings as they should be, others)."""
    untimed, first, passed = typed(lab), None, 0
    for run in range(1, runs + 1):
        started = time.monotonic()
        now = graded(lab, solution, untimed)
        first = now if first is None else first
        wrong = differences(first, now)
        if not wrong and solution:
            wrong = ["%s: %s" % (name, why) for name, (status, _, why, _) in now.items() if status != "pass"]
        passed += not wrong
        score = "no score" if isinstance(now, str) else "%d of 100" % sum(points for _, points, _, _ in now.values())
        print("%s %s %2d: %s, %.1f s" % ("FAIL" if wrong else "ok  ", build_directory(lab, solution), run, score,
                                         time.monotonic() - started), flush=True)
        for line in wrong:
            print("     " + line)
    return passed, runs - passed


def main():
    words = sys.argv[1:]
    if len(words) < 2 or not re.fullmatch(r"[1-9]\d*( [1-6](-start)?)+", " ".join(words)):
        sys.exit(USAGE)
    runs, passed, failed = int(words[0]), 0, 0
    builds = [(int(word[0]), len(word) == 1) for word in words[1:]]
    for lab, solution in builds:
        if subprocess.run(["make", "-s", "build", "LAB=%d" % lab, "SOLUTION=%d" % solution], cwd=ROOT, check=False).returncode:
            sys.exit("steady.py: %s cannot be built" % build_directory(lab, solution))
    with busy_host():
        for lab, solution in builds:
            good, bad = steady(lab, solution, runs)
            passed, failed = passed + good, failed + bad
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
