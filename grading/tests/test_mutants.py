"""Mutants: those of the labs are well formed and cover the hints; and what `make mutants` says of good and bad ones of a toy."""
import contextlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grading"))

import mutants   # noqa: E402
import split     # noqa: E402

# A lab of two tests; one passes when its name stands in kernel/code. Its grader shows the hint that kernel/hints names for a test.
TOY = {
    "Makefile": """\
build:
\t@if grep -q syntax kernel/code; then echo "kernel/code:1: error: not code"; exit 1; fi
\t@mkdir -p build/lab$(LAB) && cp kernel/code build/lab$(LAB)/
grade:
\t@$(PYTHON) grading/fake.py $(LAB)
PYTHON := python3
.PHONY: build grade
""",
    "grading/fake.py": """\
import json, os, signal, sys
code, hinted = open("build/lab%s/code" % sys.argv[1]).read().split(), json.load(open("kernel/hints"))
if "endless" in code:
    open("build/endless", "w").write(str(os.getpid()))
    signal.pause()
tests = []
for name in ("one", "two"):
    status = "error" if "slow" in code else "pass" if name in code else "fail"
    tests.append({"name": name, "status": status, "why": "", "hint": hinted.get(name) if status == "fail" else None})
os.makedirs("build/grade", exist_ok=True)
json.dump({"labs": [{"lab": int(sys.argv[1]), "tests": tests}]}, open("build/grade/results.json", "w"))
sys.exit(any(test["status"] != "pass" for test in tests))
""",
    "grading/lab1/one.test": "title: one\npoints: 60\n---\none\n",
    "grading/lab1/two.test": "title: two\npoints: 40\n---\ntwo\n",
    "grading/lab1/hints": "hint: first\ntest: one\nsay: Look.\nhint: second\ntest: two\nsay: Look.\n",
    "kernel/code": "one\ntwo\nthree\n",
    "kernel/hints": '{"one": "first"}\n',
    ".gitignore": "/build/\n",
}


def patch(old, new, lose, hint, file="kernel/code", more=""):
    """A mutant that puts the line `new` in the place of `old`."""
    before = TOY[file].split("\n")[:-1]
    after = [new if line == old else line for line in before]
    body = "".join("-%s\n+%s\n" % pair if pair[0] != pair[1] else " %s\n" % pair[0] for pair in zip(before, after))
    return "A mistake.\n\nlose: %s\nhint: %s\n%s---\ndiff --git a/%s b/%s\n--- a/%s\n+++ b/%s\n@@ -1,%d +1,%d @@\n%s" % (
        lose, hint, more, file, file, file, file, len(before), len(before), body)


GOOD = {"a": patch("one", "none", "one", "first"), "b": patch("two", "none", "two", "none", more="quick: yes\n")}


class Toy(unittest.TestCase):
    def setUp(self):
        (ROOT / "build").mkdir(exist_ok=True)
        self.root = Path(tempfile.mkdtemp(prefix="mutants-", dir=ROOT / "build"))
        self.addCleanup(shutil.rmtree, self.root)
        for name, text in TOY.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text, "utf-8")
        split.git("init", "--quiet", cwd=self.root)
        self.output = self.root / "build" / "mutants" / "results.json"

    def add(self, found):
        (self.root / "grading/lab1/mutants").mkdir(exist_ok=True)
        for name, text in found.items():
            (self.root / "grading/lab1/mutants" / (name + ".patch")).write_text(text, "utf-8")

    def run_on(self, found, *options):
        """Run on these mutants: the exit status and what was printed."""
        self.add(found)
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = mutants.main(["--root", str(self.root), *options])
        return status, printed.getvalue()

    def results(self):
        return json.loads(self.output.read_text("utf-8"))["mutants"]

    def test_killed_ones(self):
        status, printed = self.run_on(GOOD, "--jobs", "2")
        self.assertEqual(status, 0, printed)
        self.assertRegex(printed, r"(?m)^KILLED lab1  1 a +-60  one  hint first$")
        self.assertRegex(printed, r"(?m)^KILLED lab1  2 b +-40  two$")
        self.assertIn("\n2 mutants killed as they should be, 0 not\n", printed)
        self.assertEqual(self.results(), [
            {"name": "a", "lab": 1, "killed": True, "lost": ["one"], "expected_lost": ["one"], "hint": "first", "problem": None},
            {"name": "b", "lab": 1, "killed": True, "lost": ["two"], "expected_lost": ["two"], "hint": None, "problem": None}])

    def test_the_matrix_counts_killers(self):
        status, printed = self.run_on(dict(GOOD, c=GOOD["a"]), "--jobs", "1")
        self.assertEqual(status, 0, printed)
        self.assertRegex(printed, r"lab1 +1  2  3  killers\n  one +x  \.  x +2\n  two +\.  x  \. +1\n")
        _, printed = self.run_on({"b": GOOD["a"]})
        self.assertIn("  no mutant costs two\n", printed)

    def wrong(self, text, wanted):
        """This mutant fails the run, and `wanted` is said; what killed ones say is not touched by it."""
        status, printed = self.run_on(dict(GOOD, wrong=text), "--jobs", "1")
        self.assertEqual(status, 1, printed)
        self.assertRegex(printed, r"(?m)^WRONG  lab1  3 wrong .*\n       .*" + wanted)
        self.assertIn("\n2 mutants killed as they should be, 1 not\n", printed)
        self.assertIsNotNone(self.results()[2]["problem"])

    def test_a_survivor(self):
        self.wrong(patch("three", "four", "one", "none"), "survives: strengthen a test")
        self.assertFalse(self.results()[2]["killed"])

    def test_a_wrong_loss(self):
        self.wrong(patch("one", "none", "two", "first"), "does not lose two, loses also one: correct its lose: line")

    def test_too_small_a_loss(self):
        self.wrong(patch("one", "none", "one two", "first"), "does not lose two: correct")

    def test_a_loss_that_depends_on_the_host(self):
        status, printed = self.run_on({"a": patch("two", "none", "two", "none", more="may: one\n")})
        self.assertEqual(status, 0, printed)
        self.wrong(patch("one", "none", "two", "none", more="may: one\n"), r"does not lose two: correct its lose: line, or the test \(")

    def test_a_hint_that_is_not_shown(self):
        self.wrong(patch("two", "none", "two", "second"), "does not show hint second: correct its hint: line")

    def test_a_hint_that_misleads(self):
        self.wrong(patch("one", "none", "one", "none"), "shows hint first: correct its hint: line")

    def test_a_patch_that_does_not_apply(self):
        self.wrong(GOOD["a"].replace("-one", "-uno"), r"does not apply: make \S*lab1/mutants/wrong.patch anew \(error: patch failed: kernel/code:1\)")

    def test_a_corrupt_patch(self):
        self.wrong(GOOD["a"].replace("@@ -1,3 +1,3 @@", "@@ -1,9 +1,9 @@"),
                   r"does not apply: make \S*lab1/mutants/wrong.patch anew \(error: corrupt patch at .*\b14\)")

    def test_a_patch_that_does_not_compile(self):
        self.wrong(patch("one", "syntax", "one", "first"), "does not compile: .*kernel/code:1: error: not code")

    def test_an_error_is_no_kill(self):
        self.wrong(patch("three", "slow", "one", "none"), "could not be judged: try again .*one: ")

    def test_the_reference_must_have_full_marks(self):
        (self.root / "kernel/code").write_text("one\nthree\n", "utf-8")
        status, printed = self.run_on(GOOD, "--jobs", "1")
        self.assertEqual(status, 2, printed)
        self.assertRegex(printed, r"the reference itself does not have full marks in lab 1.*\n  two: ")
        self.assertFalse(self.output.exists())

    def test_malformed_files(self):
        for text, wanted in {
                GOOD["a"].replace("lose: one", "lose: uno"): ":3: lab 1 has no test uno",
                GOOD["a"].replace("hint: first", "hint: fist"): ":4: lab 1 has no hint fist",
                GOOD["a"].replace("hint: first\n", ""): ":1: no hint:",
                GOOD["a"].replace("lose:", "loose:"): ":3: must be lose: or may: TESTS, hint: NAMES or quick: yes",
                GOOD["a"].replace("lose: one", "quick: no\nlose: one"): ":3: must be lose: or may: TESTS",
                GOOD["a"].replace("A mistake.\n\n", ""): ":1: the first lines must say what was done wrong",
                GOOD["a"].replace("---\ndiff", "diff"): ":5: behind the header stand a line '---' and a patch",
                GOOD["a"].replace("diff --git", "diff"): ":5: behind the header stand a line '---' and a patch"}.items():
            with self.subTest(wanted):
                status, printed = self.run_on({"a": text})
                self.assertEqual(status, 2, printed)
                self.assertIn("grading/lab1/mutants/a.patch" + wanted, printed)

    def test_what_is_asked_for(self):
        self.run_on(GOOD, "--quick")
        self.assertEqual([one["name"] for one in self.results()], ["b"])
        self.run_on(GOOD, "--name", "[!b]", "--lab", "1")
        self.assertEqual([one["name"] for one in self.results()], ["a"])
        self.assertEqual(self.run_on(GOOD, "--name", "c"), (2, "no mutant is named c\n"))
        self.assertEqual(self.run_on(GOOD, "--lab", "7"), (2, "lab 7 has no mutants; there are labs 1\n"))

    def test_what_an_interrupted_run_left_is_put_right(self):
        self.run_on(GOOD, "--jobs", "1")
        tree = self.root / "build/mutants/tree0"
        (tree / "kernel/code").write_text("one\n", "utf-8")
        (tree / "kernel/stray").write_text("", "utf-8")
        status, printed = self.run_on(GOOD, "--jobs", "1")
        self.assertEqual(status, 0, printed)
        self.assertFalse((tree / "kernel/stray").exists())

    def test_an_interrupt_ends_everything(self):
        self.add({"a": patch("three", "endless", "one", "none")})
        command = [sys.executable, mutants.__file__, "--root", str(self.root), "--jobs", "1"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
            started, pid = self.root / "build/mutants/tree0/build/endless", ""
            while not pid and process.poll() is None:
                pid = started.exists() and started.read_text("utf-8")
            process.send_signal(signal.SIGINT)
            printed = process.communicate()[0]
        self.assertEqual((process.returncode, printed), (2, "\ninterrupted\n"))
        with self.assertRaises(ProcessLookupError):
            os.kill(int(pid), 0)


class Course(unittest.TestCase):
    """The mutants and hints of the labs."""

    @classmethod
    def setUpClass(cls):
        cls.numbers = [lab.number for lab in split.labs(ROOT)]
        loaded = [mutants.load(ROOT, number) for number in cls.numbers]
        cls.labs, cls.mistakes = [lab for lab, _ in loaded], [text for _, mistakes in loaded for text in mistakes]

    def test_all_are_well_formed(self):
        self.assertEqual(self.mistakes, [])

    def test_there_are_enough(self):
        for lab in self.labs:
            self.assertGreaterEqual(len(lab.mutants), 10, "mutants of lab %d" % lab.number)
            self.assertGreaterEqual(len(lab.hints), 5, "hints of lab %d" % lab.number)
        self.assertGreaterEqual(sum(len(lab.hints) for lab in self.labs), 30)

    def test_every_hint_is_shown_by_a_mutant(self):
        for lab in self.labs:
            shown = {name for mutant in lab.mutants for name in mutant.hints}
            self.assertEqual([hint.name for hint in lab.hints if hint.name not in shown], [], "lab %d" % lab.number)

    def test_every_patch_applies(self):
        for mutant in (mutant for lab in self.labs for mutant in lab.mutants):
            done = subprocess.run(["git", "apply", "--check", str(mutant.path.resolve())], cwd=ROOT, stdout=subprocess.PIPE,
                                  stderr=subprocess.STDOUT, text=True)
            self.assertEqual(done.stdout, "", mutant.path)

    def test_the_quick_ones_are_few_and_in_four_labs(self):
        for lab in self.labs:
            quick = sum(mutant.quick for mutant in lab.mutants)
            self.assertIn(quick, (1, 2) if lab.number <= 4 else (0,), "lab %d" % lab.number)

    def test_none_reaches_a_student(self):
        published = split.file_stages(ROOT, split.labs(ROOT))
        self.assertEqual([path for path in published if re.search(r"mutants", path)], [])
        self.assertTrue({"grading/hints.py", "grading/lab1/hints"} <= set(published))


if __name__ == "__main__":
    unittest.main()
