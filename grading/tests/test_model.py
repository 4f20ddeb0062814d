"""Tests with `model:` run a program on the host instead of QEMU, and `make reference` describes each hypercall."""
import os
import subprocess
import sys
import tempfile
import unittest

import toy_guest
import testfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PROGRAM = """#!/bin/sh
read -r nonce
case $1 in
good) echo "nonce $nonce"; echo "hv8: power off";;
broken) echo "model: entry (ASID 3, VA 0x400000) survived"; exit 1;;
said) echo "nonce $2"; echo "hv8: power off";;
hole) echo "hv8: todo: asid_assign (kernel/mm/asid.c:41)"; echo "hv8: power off";;
status) echo "nonce $nonce"; echo "hv8: power off"; exit 3;;
forever) while :; do :; done;;
esac
"""
TESTS = {name: ("", "model: " + name, "nonce ${nonce}") for name in ("good", "broken", "said", "hole", "status", "forever")}


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Model(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        path = os.path.join(toy_guest.scratch(), "build", "model")
        with open(path, "w", encoding="ascii") as file:
            file.write(PROGRAM)
        os.chmod(path, 0o755)
        cls.graded = toy_guest.Graded("model", TESTS)
        cls.tests = cls.graded.tests
        os.unlink(path)
        cls.without = toy_guest.Graded("no-model", {"good": TESTS["good"]})

    def test_only_the_good_one_passes(self):
        self.assertEqual({name: test["status"] for name, test in self.tests.items()},
                         {name: "pass" if name == "good" else "fail" for name in TESTS})

    def test_a_broken_rule_is_quoted(self):
        self.assertIn("entry (ASID 3, VA 0x400000) survived", self.tests["broken"]["why"])
        report = self.graded.read("broken", "report.txt")
        self.assertNotIn("ended with status", report)       # what follows from it is not said
        self.assertNotIn("a line is missing", report)

    def test_a_hole_is_named(self):
        self.assertEqual(self.tests["hole"]["holes"], ["asid_assign"])

    def test_a_status_is_told(self):
        self.assertIn("the model ended with status 3", self.tests["status"]["why"])

    def test_without_the_program_nothing_is_judged(self):
        self.assertEqual(self.without.status, 2)
        self.assertIn("native C compiler", self.without.tests["good"]["why"])

    def test_options_of_qemu_have_no_place(self):
        with tempfile.NamedTemporaryFile("w", suffix=".test", encoding="ascii") as file:
            file.write("title: t\npoints: 1\nmodel: good\ncpu: max\nargs: a=b\n---\nx\n")
            file.flush()
            problems = [problem.text for problem in testfile.Test(file.name).problems]
        self.assertEqual(len([text for text in problems if "is for QEMU" in text]), 2, problems)


class Reference(unittest.TestCase):
    def page(self, text, lab="99"):
        with tempfile.NamedTemporaryFile("w", suffix=".def", encoding="ascii") as file:
            file.write(text)
            file.flush()
            return subprocess.run([sys.executable, os.path.join(ROOT, "user", "reference.py"), file.name, lab],
                                  capture_output=True, text=True, check=False)

    def test_the_kernels_list(self):
        path = os.path.join(ROOT, "kernel", "include", "uapi", "hypercall.def")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        done = self.page(text)
        self.assertEqual(done.stderr, "")
        self.assertEqual(done.stdout.count("\n## "), text.count("\nHYPERCALL"))
        self.assertIn("`x8 = 26`: `i64 hv8_call(u64 to, u64 word, u64 page, u64 fd, u64 into_page, u64 into_fd)`", done.stdout)
        self.assertEqual(self.page(text, "3").stdout.count("\n## "), 5)

    def test_an_argument_that_is_not_described(self):
        done = self.page("/**\n * Does.\n *\n * @param a  it\n * @return 0\n */\nHYPERCALL(0, does, 2, u64, a, u64, b)\n")
        self.assertEqual(done.returncode, 1)
        self.assertIn(":7: the comment of does must describe it, @param a, b in this order", done.stderr)

    def test_no_comment(self):
        self.assertIn(":1: the comment of does", self.page("HYPERCALL(0, does, 0)\n").stderr)


if __name__ == "__main__":
    unittest.main()
