#!/usr/bin/env python3
"""`make test`: every test of this repository, in six layers, and one closing line `N passed, N failed`.

    host      unit tests over the model machine, under ASan and UBSan        grading/host
    boots     QEMU boots of every stage, graded by our own harness           grading/labN
    grader    the grader's, splitter's and setup's own tests                 grading/tests
    mutants   a few students' mistakes, which must lose their tests          grading/tests/mutants.py, grading/labN/mutants
    labs      proofs on real clones of the course repository                 labs/check.py
    handouts  their form, links and names, and every command they show       labs/handouts.py

A layer whose output cannot be counted has failed. Output goes to build/test/LAYER.log; `run.py LAYER...` runs some of them. The grader's
tests build in this tree and keep one CPU busy: the layers behind it, which have trees of their own, run beside it.
`make test-deep` is one more, `deep`: what takes minutes and seldom breaks, parrots on every machine of every test.
"""
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import bubblewrap

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LOGS = os.path.join(ROOT, "build", "test")
RESULTS = os.path.join(ROOT, "build", "grade", "results.json")
GRADE = ["make", "-s", "grade", "WERROR=1"]
# Each stage with its own tests; every stage as a board would run it; and a kernel that checks its invariants (not by clock, dead,
# nobody: they map a device into a process, which no hypercall does; nor by cores). Earlier labs' tests on later stages are
# graded by the layer labs, in the trees that students get.
BOOTS = [GRADE, GRADE + ["O=-O2"], GRADE + ["TESTS=4:6", "CHECKED=1"], GRADE + ["TESTS=5:6", "T=[!cdn]*", "CHECKED=1"]]


def run(layer, command, log, **variables):
    """Run `command`, its output to `log` and, line by line, to the terminal; return the exit status and the output."""
    lines = []
    environment = dict(os.environ, PYTHONUNBUFFERED="1", **variables)
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", env=environment) as process:
        for line in process.stdout:
            log.write(line)
            lines.append(line)
            print("%-8s %s" % (layer, line.rstrip("\n")), flush=True)
    return process.returncode, "".join(lines)


def numbers(pattern, text):
    return sum(int(number) for number in re.findall(pattern, text, re.MULTILINE))


def host(log):
    status, output = run("host", ["make", "-s", "-C", "grading/host"], log)
    return numbers(r"^\[  PASSED  \] (\d+) test", output), numbers(r"^\[  FAILED  \] (\d+) test", output), status


def boots(log):
    passed, failed, worst = 0, 0, 0
    for command in BOOTS:
        if os.path.exists(RESULTS):
            os.remove(RESULTS)                  # never count an old run
        status, _ = run("boots", command, log)
        worst = max(worst, status)
        if not os.path.exists(RESULTS):
            continue
        with open(RESULTS, encoding="utf-8") as file:
            tests = [test for lab in json.load(file)["labs"] for test in lab["tests"]]
        passed += sum(test["status"] == "pass" for test in tests)
        failed += sum(test["status"] != "pass" for test in tests)
    return passed, failed, worst


def unittests(layer, log, pattern, **variables):
    command = [sys.executable, "-m", "unittest", "discover", "-v", "-s", "grading/tests", "-p", pattern]
    status, output = run(layer, command, log, **variables)
    passed, failed, excused = counted(output, bubblewrap.WHY_NOT)
    if excused:
        print("%-8s %d tests of submissions are skipped: %s" % (layer, excused, bubblewrap.WHY_NOT))
    return passed, failed, status


def counted(output, excuse):
    """(passed, failed, skipped for the reason `excuse`) of what `unittest -v` printed. A test that was skipped for another reason has
    failed: what did not run shows nothing."""
    failed, skipped = numbers(r"(?:failures|errors)=(\d+)", output), numbers(r"skipped=(\d+)", output)
    excused = len(re.findall(r"skipped %s$" % re.escape(repr(excuse)), output, re.MULTILINE)) if excuse else 0
    return numbers(r"^Ran (\d+) test", output) - failed - skipped, failed + skipped - excused, excused


def grader(log):
    return unittests("grader", log, "test_*.py")


def deep(log):
    return unittests("deep", log, "test_parrots.py", PARROTS="deep")


def mutants(log):
    status, output = run("mutants", ["make", "-s", "mutants", "QUICK=1"], log)
    return (numbers(r"^(\d+) mutants killed as they should be", output),
            numbers(r"^\d+ mutants killed as they should be, (\d+) not$", output), status)


def proofs(layer, program, log):
    status, output = run(layer, [sys.executable, program], log)
    return numbers(r"^(\d+) passed", output), numbers(r"^\d+ passed, (\d+) failed", output), status


def labs(log):
    return proofs("labs", "labs/check.py", log)


def handouts(log):
    return proofs("handouts", "labs/handouts.py", log)


LAYERS = {"host": host, "boots": boots, "grader": grader, "mutants": mutants, "labs": labs,
          "handouts": handouts, "deep": deep}
USUAL = [layer for layer in LAYERS if layer != "deep"]
BESIDE = ("mutants", "labs", "handouts")        # the grader's tests


def measure(layer):
    """Run a layer; how many of its tests passed and failed, and a line that says so."""
    start = time.monotonic()
    with open(os.path.join(LOGS, layer + ".log"), "w", encoding="utf-8") as log:
        passed, failed, status = LAYERS[layer](log)
    if failed == 0 and (status or passed == 0):
        failed = 1                              # it broke before or outside its tests
    return passed, failed, "%-8s %4d passed, %d failed, %.0f s" % (layer, passed, failed, time.monotonic() - start)


def main():
    chosen = sys.argv[1:] or USUAL
    if not set(chosen) <= set(LAYERS):
        sys.exit("run.py: the layers are " + ", ".join(LAYERS))
    os.makedirs(LOGS, exist_ok=True)
    with ThreadPoolExecutor(1) as lane:
        results, beside = [], []
        for layer in chosen:
            if layer in BESIDE and "grader" in chosen:
                continue
            if layer == "grader":
                beside = [lane.submit(measure, other) for other in chosen if other in BESIDE]
            results.append(measure(layer))
        results += [future.result() for future in beside]
    passed, failed = sum(result[0] for result in results), sum(result[1] for result in results)
    print("\n".join([""] + [result[2] for result in results]))
    print("%d passed, %d failed" % (passed, failed))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
