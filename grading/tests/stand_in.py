#!/usr/bin/env python3
"""Stands in for grading/grade in tests: does what the file `do` of a submission says, and notes each call beside the tests."""
import argparse
import json
import os
import signal
import subprocess
import sys


def results(points, lab=1, log=None, **more):
    """results.json of a lab of two tests, first (60) and second (40); `points` are those of each."""
    tests = [{"name": name, "title": "the %s of two" % name, "points": got, "max": most, "status": "pass" if got else "fail",
              "why": "" if got else "a line is missing", "seconds": 0.5, "guest_instructions": 9, "holes": [], "handout": None,
              "report": [] if got else ["FAIL %s" % name, "  a line is missing: expected x", "    - expected  x", "    +    2  y",
                                        "  transcript  somewhere"], "hint": None, "log": log}
             for name, got, most in zip(("first", "second"), points, (60, 40))]
    for test in tests:
        test.update({key: value for key, value in more.items() if test["status"] != "pass"})
    return {"labs": [{"lab": lab, "name": "toy", "score": sum(points), "max": 100, "tests": tests}]}


def main():
    parser = argparse.ArgumentParser()
    for option in ("submission", "lab", "out", "jobs", "tests"):
        parser.add_argument("--" + option, required=True)
    options = parser.parse_args()
    signal.alarm(100)                                   # nobody waits longer, not even after a test that failed
    with open(os.path.join(os.path.dirname(options.tests), "calls"), "a", encoding="utf-8") as calls:
        calls.write(os.path.basename(options.submission) + "\n")
    with open(os.path.join(options.submission, "do"), encoding="utf-8") as file:
        what, *words = file.read().split()
    if what == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if what == "wait":                                  # tells on a FIFO that it runs, and waits to be ended
        with open(words[0], "w", encoding="ascii") as fifo:
            fifo.write("%d" % os.getpid())
        signal.pause()
    if what == "hang":                                  # so does a child of its own session, which holds the FIFO open
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        with open(words[0], "wb") as fifo:
            subprocess.run(["sleep", "100"], stdout=fifo, start_new_session=True, check=False)
    if what == "trouble":
        print("no compiler\nis here")
        return 2
    path = os.path.join(options.out, "results.json")
    with open(path, "w", encoding="ascii") as file:
        if what == "garbage":
            file.write(" ".join(words))
        elif what in ("score", "doubt"):
            json.dump(results([int(word) for word in words]), file)
    return 2 if what == "doubt" else 1


if __name__ == "__main__":
    sys.exit(main())
