"""Hints: what is wrong in a hints file, which hint is found, and where it is shown."""
import os
import shutil
import tempfile
import unittest

import toy_guest
import hints

GOOD = """\
# a comment
hint: first
test: tlb_* unmap
when: expected \\d+
when: (?m)^  second line$
say: Look at this.
say: And at that.

hint: second
when: expected
say: Look there.
handout: lab4-asid.md, step 4
"""
TESTS = ["unmap", "tlb_unmap", "build"]
REPORT = ["  phys 0x0: expected 70", "  second line"]


def load(text):
    """hints.load of a lab whose file is `text`; mistakes without their path."""
    with tempfile.TemporaryDirectory() as top:
        with open(os.path.join(top, "hints"), "w", encoding="utf-8") as file:
            file.write(text)
        found, mistakes = hints.load(top, TESTS)
        return found, [mistake[len(top) + len("/hints:"):] for mistake in mistakes]


class Files(unittest.TestCase):
    def test_a_lab_without_hints_is_fine(self):
        with tempfile.TemporaryDirectory() as top:
            self.assertEqual(hints.load(top, TESTS), ([], []))

    def test_a_file_that_is_no_text(self):
        with tempfile.TemporaryDirectory() as top:
            with open(os.path.join(top, "hints"), "wb") as file:
                file.write(b"hint: \xff\n")
            self.assertIn("hints:1: is not UTF-8 text", hints.load(top, TESTS)[1][0])

    def test_a_good_file(self):
        found, mistakes = load(GOOD)
        self.assertEqual(([hint.name for hint in found], mistakes), (["first", "second"], []))
        self.assertEqual(found[0].say, ["Look at this.", "And at that."])

    def test_each_mistake_is_named_with_its_line(self):
        for text, wanted in {
                "hint: a\nwhen: x\nsya: b\nsay: b": "3: unknown key 'sya'",
                "hint: a\nwhen: x\nsay b\nsay: b": "3: unknown key",
                "hint: a\nwhen: x\nsay: b\nhint: a\nwhen: y\nsay: c": "4: hint: a has the name of the one in line 1",
                "hint: A b\nwhen: x\nsay: b": "1: hint: must be a name",
                "hint: a\nwhen: (x\nsay: b": "2: when: is not a regular expression",
                "hint: a\nwhen: x*\nsay: b": "2: when: 'x*' fits every report",
                "hint: a\ntest: unmap tbl_*\nsay: b": "2: test: no test of this lab is named tbl_*",
                "hint: a\nwhen: x": "1: hint a has no say: line",
                "hint: a\nsay: b": "1: hint a has neither test: nor when:",
                "when: x\nhint: a\nwhen: x\nsay: b": "1: when: stands before the first hint:",
                "hint: a\nwhen:\nwhen: x\nsay: b": "2: when: says nothing",
                "hint: a\nwhen: x\nsay: b\nhandout: c\nhandout: d": "5: handout: is given twice"}.items():
            with self.subTest(text):
                mistakes = load(text)[1]
                self.assertEqual(len(mistakes), 1, mistakes)
                self.assertTrue(mistakes[0].startswith(wanted), mistakes)


class Finding(unittest.TestCase):
    def setUp(self):
        self.hints = load(GOOD)[0]

    def name(self, test, report):
        hint = hints.find(self.hints, test, report)
        return hint and hint.name

    def test_the_first_that_fits(self):
        self.assertEqual(self.name("tlb_unmap", REPORT), "first")
        self.assertEqual(self.name("build", REPORT), "second")

    def test_every_condition_counts(self):
        self.assertEqual(self.name("unmap", REPORT[:1]), "second")
        self.assertIsNone(self.name("unmap", REPORT[1:]))

    def test_wrapped_and_aligned(self):
        lines = hints.shown(self.hints[0]._replace(say=["word " * 40]))
        self.assertEqual([line[:14] for line in lines], ["  hint        "] + [" " * 14] * (len(lines) - 1))
        self.assertTrue(len(lines) > 1 and max(map(len, lines)) <= 100)


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Shown(unittest.TestCase):
    """Where a hint goes when real runs fail."""

    SHOWN = {"told": ("test=once", "handout: lab1-uart.md, step 1", "tock"),
             "alike": ("test=once", "", "tock"),
             "untold": ("test=once", "", "tuck"),
             "other": ("test=once", "handout: lab1-uart.md, step 2", "tack"),
             "hole": ("test=loud-hole", "", "tock"),
             "host": ("test=once", "mem: 99999999G", "tock"),
             "fine": ("test=once", "", "tick")}
    HINTS = ("hint: clock\nwhen: expected t[oa]ck\ntest: told\nsay: It ticks.\nhandout: lab1-uart.md, step 7\n"
             "hint: any\ntest: other hole host fine alike\nsay: Whatever it is.\n")

    @classmethod
    def setUpClass(cls):
        lab = os.path.join(toy_guest.scratch(), "hinted", "lab1")
        os.makedirs(lab)
        with open(os.path.join(lab, "hints"), "w", encoding="utf-8") as file:
            file.write(cls.HINTS)
        cls.graded = toy_guest.Graded("hinted", cls.SHOWN)

    def test_only_failures_that_fit_have_one(self):
        self.assertEqual({name: test["hint"] for name, test in self.graded.tests.items()},
                         {"told": "clock", "alike": "any", "other": "any", "untold": None, "hole": None, "host": None, "fine": None})
        self.assertEqual([self.graded.tests[name]["status"] for name in ("hole", "host", "fine")], ["fail", "error", "pass"])

    def test_it_stands_before_the_transcript(self):
        report = self.graded.tests["told"]["report"]
        at = report.index("  hint        It ticks.")
        self.assertTrue(report[at + 1].startswith("  transcript  "), report)
        self.assertIn("  hint        It ticks.\n  transcript", self.graded.read("told", "report.txt"))

    def test_its_handout_replaces_the_tests(self):
        self.assertIn("  handout     lab1-uart.md, step 7", self.graded.tests["told"]["report"])
        self.assertEqual(self.graded.tests["told"]["handout"], "lab1-uart.md, step 7")
        self.assertEqual(self.graded.tests["other"]["handout"], "lab1-uart.md, step 2")
        self.assertNotIn("step 1\n", self.graded.read("told", "report.txt"))

    def test_tests_of_one_reason_and_two_hints_are_reported_apart(self):
        self.assertEqual(self.graded.tests["told"]["why"], self.graded.tests["alike"]["why"])
        self.assertIn("  hint        It ticks.", self.graded.printed)
        self.assertIn("  hint        Whatever it is.", self.graded.printed)

    def test_a_mistake_in_the_hints_stops_the_grading(self):
        top = os.path.join(toy_guest.scratch(), "hinted-wrongly")
        shutil.copytree(os.path.dirname(self.graded.lab), top)
        with open(os.path.join(top, "lab1", "hints"), "a", encoding="utf-8") as file:
            file.write("test: nobody\n")
        for arguments in (["--lint", "1"], ["1:" + os.path.join(toy_guest.scratch(), "build")]):
            status, printed = toy_guest.run_grade("--tests", top, "--out", os.path.join(top, "out"), *arguments)
            self.assertEqual(status, 2)
            self.assertRegex(printed, r"lab1/hints:9: test: no test of this lab is named nobody")


if __name__ == "__main__":
    unittest.main()
