"""Writes what other programs read, from results.json: a CSV file and JUnit XML of a class, Gradescope's file of a submission.

Text of guests and students is made visible first, so every file stays well formed: no control character reaches XML, no cell of
the CSV file is a formula to a spreadsheet.
"""
import csv
import io
import json
import os
import xml.etree.ElementTree as xml

import class_page
import page
from explain import visible
from page import score_of, tests_of

FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")         # how a cell begins that a spreadsheet computes


def cell(value):
    """A cell of a CSV file that is text to a spreadsheet."""
    shown = visible(value)
    return "'" + shown if shown.startswith(FORMULA) else shown


def as_csv(students):
    """Name, score, max, then the points of each test."""
    known = class_page.columns(students)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["name", "score", "max"] + [cell(name) for _, name in known])
    for student in students:
        mine = {(lab, test["name"]): test["points"] for lab, test in tests_of(student.data)}
        writer.writerow([cell(student.name), *score_of(student.data)] + [mine.get(key, "") for key in known])
    return out.getvalue()


def explained(test):
    """All that is known of a failed test, as text."""
    return "\n".join(visible(line) for line in test["report"] or [test["why"]] if not line.startswith("  transcript  "))


def as_gradescope(data):
    """Gradescope's results.json of one submission."""
    tests = []
    for lab, test in tests_of(data):
        passed = test["status"] == "pass"
        tests.append({"name": visible("%s: %s" % (page.name_of(data, lab, test), test["title"])), "score": test["points"],
                      "max_score": test["max"], "status": "passed" if passed else "failed", "visibility": "visible",
                      "output": "" if passed else explained(test), "output_format": "text"})
    score, most = score_of(data)
    output = []
    submission = data.get("submission")
    if submission:
        output = [word + ", ".join(map(visible, submission[key])) for key, word in (
            ("notes", ""), ("ignored", "not taken: ")) if submission[key]]
        if not submission["build"]["ok"] and submission["build"]["log"]:
            output += ["it could not be built:"] + [visible(line) for line in submission["build"]["log"].split("\n")]
    seconds = sum(test["seconds"] for _, test in tests_of(data))
    return json.dumps({"score": score, "max_score": most, "execution_time": round(seconds), "visibility": "visible",
                       "output": "\n".join(output), "output_format": "text", "tests": tests}, indent=1) + "\n"


def as_junit(students):
    """JUnit XML: a testsuite a student."""
    suites = xml.Element("testsuites")
    for student in students:
        tests = tests_of(student.data)
        failures, errors = (str(sum(test["status"] == status for _, test in tests)) for status in ("fail", "error"))
        suite = xml.SubElement(suites, "testsuite", name=visible(student.name), tests=str(len(tests)), failures=failures,
                               errors=errors, time="%.3f" % sum(test["seconds"] for _, test in tests))
        for lab, test in tests:
            case = xml.SubElement(suite, "testcase", name=visible(test["name"]), classname="lab%d" % lab,
                                  time="%.3f" % test["seconds"])
            if test["status"] != "pass":
                word = {"fail": "failure", "error": "error"}[test["status"]]
                xml.SubElement(case, word, message=visible(test["why"])).text = explained(test)
    return xml.tostring(suites, encoding="unicode", xml_declaration=True) + "\n"


def write_class(out, students):
    """All of them and the page: OUT/grades.csv, junit.xml, index.html, gradescope/NAME.json."""
    page.write_text(os.path.join(out, "grades.csv"), as_csv(students))
    page.write_text(os.path.join(out, "junit.xml"), as_junit(students))
    class_page.write(os.path.join(out, "index.html"), students)
    os.makedirs(os.path.join(out, "gradescope"), exist_ok=True)
    for student in students:
        page.write_text(os.path.join(out, "gradescope", student.name + ".json"), as_gradescope(student.data))
