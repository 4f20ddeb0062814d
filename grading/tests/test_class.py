#!/usr/bin/env python3
"""Tests of grading a class: its reports from results made by hand, and the runner over a grader that stands in for the real one."""
import base64
import collections
import contextlib
import csv
import hashlib
import html.parser
import io
import json
import os
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as xml
from pathlib import Path
from unittest import mock

GRADING = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(GRADING / "submissions"), str(GRADING)]

import class_page                   # noqa: E402
import class_slurm                  # noqa: E402
import class_task                   # noqa: E402
import grade_class                  # noqa: E402
import page                         # noqa: E402
import reports                      # noqa: E402
from stand_in import results        # noqa: E402

HOSTILE = "</pre></details><script>alert(1)</script><img src=x onerror=alert(2)>\"'&\x1b[2J\x00\u202e]]>"
EMPTY = {"meta", "rect", "line", "br"}


class Tags(html.parser.HTMLParser):
    """Checks that every element is closed in order; counts them and gathers the text."""

    def __init__(self, text):
        super().__init__()
        self.count, self.attributes, self.text, self._open = collections.Counter(), set(), [], []
        self.feed(text)
        self.close()
        self.balanced = not self._open

    def handle_starttag(self, tag, attrs):
        self.count[tag] += 1
        self.attributes |= {name for name, _ in attrs}
        if tag not in EMPTY:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.count[tag] += 1

    def handle_endtag(self, tag):
        if tag not in EMPTY:
            if not self._open or self._open.pop() != tag:
                raise AssertionError("</%s> closes nothing" % tag)

    def handle_data(self, data):
        self.text.append(data)


class Reports(unittest.TestCase):

    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def student(self, name, points, lines=None, **more):
        """A student with these points; `lines` is the transcript of what failed."""
        log = None
        if lines is not None:
            log = os.path.join(self.folder, "%d.txt" % len(os.listdir(self.folder)))
            with open(log, "w", encoding="utf-8") as file:
                file.write("".join(line + "\n" for line in lines))
        return page.Student(name, results(points, log=log, **more), self.folder)

    def page(self, students):
        path = os.path.join(self.folder, "index.html")
        class_page.write(path, students)
        with open(path, encoding="utf-8") as file:
            return file.read()

    def hostile(self, built=False):
        report = ["FAIL", "  " + HOSTILE, "    - expected  " + HOSTILE, "    +    1  " + HOSTILE, "  hint        " + HOSTILE]
        student = self.student(HOSTILE, [0, 0], [HOSTILE] * 9, why=HOSTILE, title=HOSTILE, report=report, handout=HOSTILE,
                               hint=HOSTILE)
        student.data["labs"][0]["name"] = HOSTILE
        student.data["submission"] = {"name": HOSTILE, "files": [], "missing": [HOSTILE], "ignored": [HOSTILE] * 50,
                                      "notes": [HOSTILE], "build": {"ok": built, "log": (HOSTILE + "\n") * 99}}
        return student

    def test_nothing_hostile_gets_into_a_page(self):
        student = self.hostile()
        own = os.path.join(self.folder, "own.html")
        page.write_one(own, student.data)
        with open(own, encoding="utf-8") as file:
            pages = [file.read(), self.page([student, self.hostile(built=True), self.student("b", [60, 40])])]
        self.assertEqual([text.count("<summary>Transcript") for text in pages], [0, 1])         # only of what has run
        for text in pages:
            tags = Tags(text)
            self.assertTrue(tags.balanced)
            self.assertEqual((tags.count["script"], tags.count["img"], tags.count["style"]), (1, 0, 1))
            self.assertFalse(any(name.startswith("on") for name in tags.attributes), tags.attributes)
            self.assertNotRegex(text, "[\x00-\x08\x0b-\x1f\u202e]")
            self.assertIn("\\x1b[2J\\x00\\u202e", text)
            self.assertNotRegex(text, r"(src|href)=\"(?!#)")

    def test_the_policy_names_the_script_and_the_style(self):
        text = self.page([self.student("a", [60, 40])])
        for tag in ("script", "style"):
            inside = re.search("<%s>(.*?)</%s>" % (tag, tag), text, re.DOTALL).group(1)
            digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
            self.assertIn("%s-src 'sha256-%s'" % (tag, digest), text)
        self.assertIn("default-src 'none'", text)

    def test_a_transcript_is_cut_around_the_first_wrong_line(self):
        lines = ["line %d." % n for n in range(1, 1001)]
        report = ["FAIL", "  wrong", "    - expected  x", "    +  700  line 700.", "    +  900  line 900."]
        text = self.page([self.student("a", [0, 40], lines, report=report)])
        self.assertIn("Transcript, lines 600 to 799 of 1000", text)
        self.assertIn('<span class="got"> 700  line 700.</span>', text)
        self.assertNotIn("line 599.", text)
        self.assertNotIn("line 800.", text)
        ended = self.page([self.student("a", [0, 40], lines, report=["FAIL", "  wrong", "    + end of output"])])
        self.assertIn("lines 801 to 1000 of 1000", ended)
        self.assertIn("The guest printed nothing", self.page([self.student("a", [0, 40], [])]))

    def test_a_large_class_stays_below_the_limit_and_keeps_the_reports(self):
        students = [self.student("s%d" % n, [0, 0], ["%d of %d" % (line, n) for line in range(200)], report=[
            "FAIL", "  student %d is wrong" % n, "    +  100  x"]) for n in range(40)]
        whole = self.page(students)
        self.assertIn("cut to 200 lines", whole)
        with mock.patch.object(page, "MAX_BYTES", len(whole) // 2):
            cut = self.page(students)
        self.assertLess(len(cut.encode()), len(whole) // 2)
        self.assertIn("lines 90 to 109 of 200" if "cut to 20 lines" in cut else "lines 75 to 124 of 200", cut)
        for n in range(40):
            self.assertIn("student %d is wrong" % n, cut)

    def test_equal_transcripts_are_there_once(self):
        lines = ["the same line"] + ["and many more"] * 100
        text = self.page([self.student("s%d" % n, [0, 40], lines) for n in range(9)])
        self.assertEqual(text.count("the same line"), 1)
        self.assertEqual(text.count('<a href="#s0-0">The same transcript'), 8)

    def test_tests_of_one_reason_are_told_together(self):
        text = self.page([self.student("a", [0, 0])])
        self.assertEqual(text.count("<article"), 1)
        self.assertIn('For the same reason: <span id="s0-1">second (40)</span>', text)

    def test_the_class_at_a_glance(self):
        students = [self.student("a", [60, 40]), self.student("b", [60, 0], hint="tlb"), self.student("c", [60, 0], hint="tlb"),
                    self.student("d", [0, 0], why="read 0123456789abcdef"), self.student("e", [0, 0], why="read fedcba9876543210")]
        self.assertEqual(class_page.distribution(students), [2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1])
        text = self.page(students)
        self.assertLess(text.index("<b>second</b>"), text.index("<b>first</b>"))        # missed by 4 and by 2
        self.assertIn("tlb <span class=\"soft\">×2</span><br>read ... <span class=\"soft\">×2</span>", text)
        for fact in ("<dt>mean</dt><dd>44.0</dd>", "<dt>median</dt><dd>60</dd>", "<dt>full marks</dt><dd>1</dd>"):
            self.assertIn(fact, text)
        self.assertNotIn("not judged", text)
        self.assertEqual(Tags(text).count["tr"], 3 + 6)

    def test_csv(self):
        names = ["=1+1", "-2", "@x", "+3", "a,\"b\"\n", "Zoë"]
        rows = list(csv.reader(io.StringIO(reports.as_csv([self.student(name, [60, 0]) for name in names]))))
        self.assertEqual(rows[0], ["name", "score", "max", "first", "second"])
        self.assertEqual([row[0] for row in rows[1:]], ["'=1+1", "'-2", "'@x", "'+3", 'a,"b"\\x0a', "Zoë"])
        self.assertEqual(rows[1][1:], ["60", "100", "60", "0"])

    def test_junit(self):
        students = [self.hostile(), self.student("b", [60, 0]),
                    self.student("c", [60, 0], status="error", why="no QEMU", report=[])]
        suites = xml.fromstring(reports.as_junit(students))
        self.assertEqual([(one.get("tests"), one.get("failures"), one.get("errors")) for one in suites],
                         [("2", "2", "0"), ("2", "1", "0"), ("2", "0", "1")])
        self.assertIn("<script>alert(1)</script>", suites[0].get("name"))
        self.assertEqual(suites[2].find("testcase/error").text, "no QEMU")
        self.assertIn("- expected  x", suites[1].find("testcase/failure").text)

    def test_gradescope(self):
        data = json.loads(reports.as_gradescope(self.student("b", [60, 0]).data))
        self.assertEqual((data["score"], data["max_score"]), (60, 100))
        fields = ("name", "score", "max_score", "status", "output_format", "visibility")
        self.assertEqual([tuple(test[field] for field in fields) for test in data["tests"]],
                         [("first: the first of two", 60, 60, "passed", "text", "visible"),
                          ("second: the second of two", 0, 40, "failed", "text", "visible")])
        self.assertEqual(data["tests"][0]["output"], "")
        self.assertIn("- expected  x", data["tests"][1]["output"])
        self.assertIn("it could not be built:\n</pre>", json.loads(reports.as_gradescope(self.hostile().data))["output"])

    def test_a_page_of_no_results_is_refused_in_one_line(self):
        for content in (None, "{", "[]", '{"labs": [{}]}'):
            path = os.path.join(self.folder, "results.json")
            if content is not None:
                Path(path).write_text(content)
            run = subprocess.run([sys.executable, str(GRADING / "page.py"), path], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True)
            self.assertEqual((run.returncode, run.stdout, run.stderr.count("\n")), (2, "", 1), run.stderr)
            self.assertIn("make grade", run.stderr)


class Class(unittest.TestCase):
    """The runner, over stand_in.py."""

    def setUp(self):
        self.folder = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, str(self.folder))
        self.tests, self.subs, self.out = (self.folder / name for name in ("tests", "subs", "out"))
        (self.tests / "lab1").mkdir(parents=True)
        for name, points in (("first", 60), ("second", 40)):
            (self.tests / "lab1" / (name + ".test")).write_text("title: the %s of two\npoints: %d\n---\nx\n" % (name, points))
        (self.folder / "calls").touch()

    def submit(self, **what):
        for name, do in what.items():
            (self.subs / name).mkdir(parents=True, exist_ok=True)
            (self.subs / name / "do").write_text(do)

    def arguments(self, *more):
        return ["--lab", "1", "--out", str(self.out), "--tests", str(self.tests), "--jobs", "2", "--grader",
                "%s %s" % (sys.executable, GRADING / "tests" / "stand_in.py"), *more, str(self.subs)]

    def grade(self, *more):
        """Grade; (exit status, what was printed, {name: score} of the CSV file)."""
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = grade_class.main(self.arguments(*more))
        table = self.out / "grades.csv"
        rows = list(csv.reader(io.StringIO(table.read_text()))) if table.exists() else [[]]
        return status, printed.getvalue(), {row[0]: int(row[1]) for row in rows[1:]}

    def calls(self):
        """How often each was graded since the last time this was asked."""
        calls = collections.Counter((self.folder / "calls").read_text().split())
        (self.folder / "calls").write_text("")
        return calls

    def test_every_submission_is_graded_and_reported(self):
        self.submit(ana="score 60 40", bo="score 0 40", cy="score 0 0")
        status, printed, scores = self.grade()
        self.assertEqual((status, scores), (0, {"ana": 100, "bo": 40, "cy": 0}))
        self.assertIn("3 submissions: mean 46.7, median 40, of 100 points", printed)
        self.assertEqual(self.calls(), {"ana": 1, "bo": 1, "cy": 1})
        self.assertEqual(len(xml.parse(self.out / "junit.xml").getroot()), 3)
        self.assertEqual(json.loads((self.out / "gradescope" / "bo.json").read_text())["score"], 40)
        self.assertIn("<b>cy</b>", (self.out / "index.html").read_text())

    def test_one_that_goes_wrong_costs_only_itself(self):
        lab = '{"lab": 1, "name": "", "score": 9, "max": 9, "tests": [%s]}'
        self.submit(ana="score 60 40", bo="crash", cy='garbage {"labs": [{"lab": 1}]}', dan="silent", eve="trouble",
                    fay="score 60 0", gus='garbage {"labs": [%s]}' % lab % '{"name": "first", "status": "pass"}',
                    hal='garbage {"labs": [%s]}' % lab % "")
        status, printed, scores = self.grade()
        self.assertEqual(status, 2)
        self.assertEqual(scores, {"ana": 100, "bo": 0, "cy": 0, "dan": 0, "eve": 0, "fay": 60, "gus": 0, "hal": 0})
        for line in ("bo: the grader was ended by signal 11", "cy: the grader wrote no results", "dan: the grader wrote no results",
                     "gus: the grader wrote no results", "hal: the grader wrote no results",
                     "eve: the grader ended with status 2: is here"):
            self.assertIn("\n  %s\n" % line, printed)
        self.assertIn("6 could not be graded", printed)
        suites = {suite.get("name"): suite for suite in xml.parse(self.out / "junit.xml").getroot()}
        self.assertEqual((suites["bo"].get("errors"), suites["fay"].get("errors")), ("2", "0"))

    def test_a_hang_is_ended_with_all_its_children(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        self.submit(ana="score 60 40", bo="hang %s" % fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        with mock.patch.object(class_task, "GRACE", 0.2):
            status, printed, scores = self.grade("--timeout", "2")
        self.assertEqual((status, scores), (2, {"ana": 100, "bo": 0}))
        self.assertIn("bo: the grader did not end within 2 s", printed)
        self.addCleanup(os.close, reader)
        self.assertTrue(select.select([reader], [], [], 20)[0], "somebody holds the other side open still")

    def test_only_what_has_changed_is_graded_again(self):
        self.submit(ana="score 60 40", bo="score 0 40", cy="doubt 60 0")
        self.assertEqual(self.grade()[2], {"ana": 100, "bo": 40, "cy": 60})
        self.assertEqual(self.calls(), {"ana": 1, "bo": 1, "cy": 1})
        status, printed, scores = self.grade()
        self.assertEqual((status, scores), (2, {"ana": 100, "bo": 40, "cy": 60}))
        self.assertEqual(self.calls(), {"cy": 1})       # what its grader has doubts about is not kept
        self.assertRegex(printed, r"(?m)^kept +ana +100/100$")
        self.submit(bo="score 60 40", cy="score 60 0", dan="score 0 0")
        self.assertEqual(self.grade()[2], {"ana": 100, "bo": 100, "cy": 60, "dan": 0})
        self.assertEqual(self.calls(), {"bo": 1, "cy": 1, "dan": 1})
        (self.tests / "lab1" / "first.test").write_text("title: another\npoints: 60\n---\nx\n")
        self.grade()
        self.assertEqual(set(self.calls()), {"ana", "bo", "cy", "dan"})
        (self.out / "submissions" / "ana" / "results.json").write_text("{")
        shutil.rmtree(self.subs / "dan")
        self.assertEqual(self.grade()[2], {"ana": 100, "bo": 100, "cy": 60})
        self.assertEqual(self.calls(), {"ana": 1})

    def test_an_interrupted_class_goes_on_where_it_was(self):
        fifo = self.folder / "fifo"
        os.mkfifo(fifo)
        self.submit(ana="score 60 40", bo="score 0 40", cy="wait %s" % fifo, dan="score 60 0")
        command = [sys.executable, str(GRADING / "submissions" / "grade_class.py")] + self.arguments("--jobs", "1")
        reader = os.open(fifo, os.O_RDWR)
        self.addCleanup(os.close, reader)
        for number in (signal.SIGINT, signal.SIGTERM):
            with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
                runs = select.select([reader], [], [], 60)[0]           # ana and bo are done, cy runs
                process.send_signal(number)
                try:
                    printed = process.communicate(timeout=60)[0]
                finally:
                    process.kill()
            self.assertTrue(runs, printed)
            pid = int(os.read(reader, 100))
            self.assertEqual(process.returncode, 2)
            self.assertIn("interrupted: the same command goes on from here", printed)
            self.assertNotIn("Traceback", printed)
            self.assertFalse(Path("/proc/%d" % pid).exists())
        self.assertEqual(self.calls(), {"ana": 1, "bo": 1, "cy": 2})
        self.submit(cy="score 0 0")
        status, _, scores = self.grade()
        self.assertEqual((status, scores), (0, {"ana": 100, "bo": 40, "cy": 0, "dan": 60}))
        self.assertEqual(self.calls(), {"cy": 1, "dan": 1})

    def test_what_is_no_submission_is_named(self):
        self.submit(ana="score 60 40", bo="score 60 40")
        for name in (".DS_Store", "notes.txt", "bo.tar.gz", "bo.zip"):
            (self.subs / name).touch()
        status, printed, scores = self.grade()
        self.assertEqual((status, scores), (2, {"ana": 100, "bo": 0}))
        self.assertIn("skipped .DS_Store: hidden\nskipped notes.txt: neither a folder nor an archive", printed)
        self.assertIn("bo: submitted twice: bo, bo.tar.gz, bo.zip; leave one", printed)
        self.assertEqual(self.calls(), {"ana": 1})

    def test_a_change_anywhere_is_seen(self):
        self.submit(ana="score 60 40")
        top = self.subs / "ana"
        seen = [class_task.digest(str(top))]
        for change in ((top / "a").mkdir, (top / "a" / "b").touch, lambda: (top / "a" / "b").rename(top / "b"),
                       lambda: (top / "b").write_text("x"), lambda: (top / "c").symlink_to("b"), (top / "c").unlink,
                       lambda: (top / "c").symlink_to("a")):
            change()
            seen.append(class_task.digest(str(top)))
        again = seen.pop(6)                             # without the link all is as it was
        self.assertEqual(again, seen[4])
        self.assertEqual(len(set(seen)), len(seen))
        self.assertNotEqual(seen[0], class_task.digest(str(top), skip=["do", "a", "b", "c"]))
        deep = str(top)
        self.addCleanup(subprocess.run, ["rm", "-rf", deep], check=True)
        for _ in range(1500):
            deep += "/d"
            os.mkdir(deep)
        self.assertNotIn(class_task.digest(str(top)), seen)

    def test_names_of_archives(self):
        for name in ("a.tar", "b.tar.gz", "c.TGZ", "d.zip", "e f.tar.xz", "g.tar.zip"):
            self.subs.mkdir(exist_ok=True)
            (self.subs / name).touch()
        self.assertEqual(sorted(grade_class.find_submissions(str(self.subs))[0]), ["a", "b", "c", "d", "e f", "g"])

    def test_what_cannot_be_done_is_said_in_a_line(self):
        self.assertIn("cannot read the submissions", self.grade()[1])
        self.subs.mkdir()
        self.assertIn("there are no submissions in", self.grade()[1])
        self.submit(ana="score 60 40", **{"x" * 201: "score 60 40"})
        self.assertEqual(self.grade()[:2], (2, "x" * 201 + ": too long a name, rename it\n"))
        shutil.rmtree(self.subs / ("x" * 201))
        self.assertEqual(self.grade("--out", str(self.subs / "out"))[:2],
                         (2, "OUT is inside the folder of the submissions: choose another\n"))
        self.assertIn("no-such-grader", self.grade("--grader", "no-such-grader")[1])
        with mock.patch.dict(os.environ, PATH=str(self.folder)):
            status, printed, _ = self.grade("--engine", "slurm")
        self.assertEqual((status, printed.count("\n")), (2, 1), printed)
        self.assertIn("there is no scancel here: ENGINE=slurm", printed)
        self.assertNotIn("Traceback", printed)

    def test_tasks_that_slurm_loses_are_submitted_again_twice(self):
        self.submit(ana="score 60 40", bo="score 0 40", cy="score 60 0")
        # Runs the first task of the first and of the third array, and forgets all others.
        sbatch = """
            echo >>"$0.count"
            number=$(wc -l <"$0.count")
            echo "$number"
            [ "$number" -eq 2 ] || SLURM_ARRAY_TASK_ID=0 sh"""
        for name, script in (("sbatch", sbatch), ("squeue", ""), ("scancel", "")):
            path = self.folder / name
            path.write_text("#!/bin/sh\n" + script + "\n")
            path.chmod(0o755)
        path = "%s:%s" % (self.folder, os.environ["PATH"])
        with mock.patch.dict(os.environ, PATH=path), mock.patch.object(class_slurm, "POLL", 0):
            status, printed, scores = self.grade("--engine", "slurm")
        self.assertEqual((status, scores), (2, {"ana": 100, "bo": 40, "cy": 0}), printed)
        self.assertEqual(re.findall(r"(?m)^lost +(\w+)", printed), ["bo", "cy", "bo", "cy"])
        self.assertIn("cy: Slurm lost it 3 times", printed)
        self.assertEqual(self.calls(), {"ana": 1, "bo": 1})


if __name__ == "__main__":
    unittest.main()
