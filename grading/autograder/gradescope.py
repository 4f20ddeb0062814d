#!/usr/bin/env python3
"""Grades one submission for Gradescope: gradescope.py --lab N --work DIR SUBMISSION RESULTS.json

Whatever happens to the grader, RESULTS.json is written, in Gradescope's format; exit status 2 if it could not be graded.
"""
import argparse
import os
import sys
from pathlib import Path

GRADING = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(GRADING / "submissions"), str(GRADING)]
import class_task                                                               # noqa: E402
import grade                                                                    # noqa: E402
import grade_class                                                              # noqa: E402
import page                                                                     # noqa: E402
import reports                                                                  # noqa: E402
import testfile                                                                 # noqa: E402

TIMEOUT = 540                           # seconds: Gradescope ends everything after 10 minutes, unless told otherwise
NAME = "submission"


def main():
    parser = argparse.ArgumentParser(description="Grade one submission for Gradescope.")
    parser.add_argument("--lab", type=int, required=True, metavar="N")
    parser.add_argument("--work", required=True, metavar="DIR", help="where the grader works")
    parser.add_argument("submission")
    parser.add_argument("results")
    options = parser.parse_args()
    work = os.path.abspath(options.work)
    os.makedirs(os.path.join(work, "records"), exist_ok=True)
    grader = class_task.Grader([sys.executable, os.path.join(grade.HERE, "grade")], options.lab, work, None, TIMEOUT)
    record = class_task.Runner(grader).run(class_task.Task(NAME, os.path.abspath(options.submission), ""))
    data = class_task.results_of(work, NAME)
    if data is None:
        tests, _ = testfile.load(os.path.relpath(os.path.join(grade.HERE, "lab%d" % options.lab)))
        data = grade_class.no_results(tests, options.lab, record.why)
    page.write_text(options.results, reports.as_gradescope(data))
    print("%d/%d points" % page.score_of(data) + (": %s" % record.why if record.why else ""))
    return 2 if record.why else 0


if __name__ == "__main__":
    sys.exit(main())
