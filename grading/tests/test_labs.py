#!/usr/bin/env python3
"""Tests of the course's tools in labs/: the splitter, the course repository, the proofs.

Each works on a small course of three labs in a temporary directory, whose grader passes a test when its hole is filled; so
every promise can be broken on purpose, and the break must be reported. Nothing here needs a compiler or QEMU.
"""
import contextlib
import io
import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from toy_course import ToyCourse    # noqa: E402 (it also makes labs/ importable)
import check                        # noqa: E402
import course                       # noqa: E402
import split                        # noqa: E402


class Splitting(ToyCourse):

    def test_holes_are_listed_with_their_places(self):
        run = subprocess.run([sys.executable, "labs/split.py", "--holes"], cwd=self.root, capture_output=True, text=True)
        self.assertEqual(run.stdout, "1 uart_putc kernel/uart.c:9\n2 map_everything kernel/map.c:4\n3 enter kernel/enter.S:7\n")

    def test_stage_has_its_files_and_no_later_ones(self):
        tree = self.split("out", 2, 0)
        have = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
        self.assertEqual(have, {
            "Makefile", "README.md", ".gitignore", "setup.sh", "lab.mk", "grading/grade.py", "grading/lab1/puts.test",
            "grading/lab1/boots.test", "grading/lab2/maps.test", "grading/guest/lab2.c", "handouts/lab1-uart.md",
            "handouts/lab2-mmu.md", "kernel/uart.c", "kernel/uart.h", "kernel/enter.S", "kernel/map.c", "kernel/map.h"})
        self.assertTrue(os.access(tree / "setup.sh", os.X_OK))
        self.assertIn("LAB_STAGE := 2\nLAB_NAME := mmu\n", (tree / "lab.mk").read_text())

    def test_conditions_are_resolved(self):
        first, second = self.split("first", 1, 0), self.split("second", 3, 2)
        for tree in first, second:
            self.assertEqual(check.markers(tree), [])
        text = (first / "kernel/uart.c").read_text()
        self.assertIn('todo("uart_putc");', text)
        self.assertIn("}\n\n/* Until there are processes, the end is here. */\nvoid idle(void) { }\n\nvoid main_loop", text)
        self.assertNotIn("mmio_write32", text)
        self.assertNotIn("map", text)
        text = (second / "kernel/uart.c").read_text()
        self.assertIn("mmio_write32", text)
        self.assertIn("map_everything();", text)
        self.assertIn("}\n\nvoid main_loop", text)
        self.assertEqual(check.todos(second), {("kernel/enter.S", "enter")})
        self.assertEqual((first / "kernel/enter.S").read_text(), "// It's a start.\nstart:\n\tb\tmain_loop\n\n")

    def test_one_hole_is_left_open(self):
        tree = self.split("out", 3, 3, keep_open=["map_everything"])
        self.assertEqual(check.todos(tree), {("kernel/map.c", "map_everything")})
        with self.assertRaisesRegex(split.LabError, "no hole nothing at lab 3; there are: uart_putc, map_everything, enter"):
            self.split("other", 3, 3, keep_open=["nothing"])
        with self.assertRaisesRegex(split.LabError, "no hole enter at lab 2"):
            self.split("other", 2, 2, keep_open=["enter"])

    def test_readme_names_holes_files_and_the_next_lab(self):
        text = (self.split("first", 1, 0) / "README.md").read_text()
        for part in ("# hv8, lab 1: Toy uart", "Learn uart.", "| `uart_putc` | `kernel/uart.c` |", "handouts/lab1-uart.md",
                     "git merge --no-edit origin/lab2-mmu"):
            self.assertIn(part, text)
        self.assertNotIn("last lab", text)
        text = (self.split("last", 3, 0) / "README.md").read_text()
        self.assertIn("last lab", text)
        self.assertNotRegex(text, r"@\w")

    def test_final_keeps_the_own_readme(self):
        run = subprocess.run([sys.executable, "labs/split.py", "--final", str(self.scratch / "out")], cwd=self.root, check=True)
        self.assertEqual(run.returncode, 0)
        self.assertEqual((self.scratch / "out/README.md").read_text(), "The toy.\n")
        self.assertEqual(check.todos(self.scratch / "out"), set())
        self.assertFalse((self.scratch / "out/labs").exists())

    def test_new_files_count_and_ignored_ones_do_not(self):
        self.write("kernel/new.c", "int new;\n")
        self.write("build/x.c", "int built;\n")
        self.write("kernel/new.o", "built\n")
        tree = self.split("out", 1, 0)
        self.assertTrue((tree / "kernel/new.c").exists())
        self.assertFalse((tree / "kernel/new.o").exists())
        self.assertFalse((tree / "build").exists())

    def test_works_inside_a_git_hook(self):
        os.environ["GIT_DIR"] = "/nonexistent"
        self.addCleanup(os.environ.pop, "GIT_DIR")
        self.assertTrue((self.split("out", 1, 0) / "lab.mk").exists())

    def test_unknown_condition_is_refused(self):
        for number, condition in enumerate(("#ifdef LAB", "#if LAB == 2", "#if LAB >= 2 && X", "#if defined(SOLUTION)",
                                            "#if SOLUTION < 2", "#if SOLUTION", "#if X || \\\n  LAB >= 2")):
            self.write("kernel/bad.c", f"int x;\n{condition}\nint y;\n#endif\n")
            with self.subTest(condition):
                self.assert_refused("kernel/bad.c:2: ", "cannot be split")
        self.write("kernel/bad.c", "#if LAB >= 2\nint y;\n#elif X\n#endif\n")
        self.assert_refused("kernel/bad.c:3: #elif cannot be split")
        self.write("kernel/bad.c", "int y;\n#if LAB >= 4\n#endif\n")
        self.assert_refused("kernel/bad.c:2: there is no lab 4")

    def test_marker_in_another_kind_of_file_is_refused(self):
        self.write("kernel/bad.txt", "x\n#if LAB >= 2\ny\n#endif\n")
        self.assert_refused("kernel/bad.txt:2: a marker in a kind of file that is not split")

    def test_malformed_hole_is_refused(self):
        hole = "#if SOLUTION >= 1\nx\n#else\n{}\n#endif\n"
        for text, parts in (
                (hole.format("y"), ("bad.c:1: ", "has no todo")),
                ("#if SOLUTION >= 1\nx\n#endif\n", ("bad.c:1: ", "has no todo")),
                (hole.format('todo("a"); todo("b");'), ("bad.c:1: ", "has 2 todos (a, b)")),
                (hole.format('todo("uart_putc");'), ("kernel/bad.c:1", "kernel/uart.c:9", "rename one")),
                ("#if SOLUTION >= 1\n" + hole.format('todo("a");'), ("bad.c:2: a hole inside the hole at line 1",)),
                (hole.format('todo("a");').replace("x", "#if LAB >= 2\n#endif"), ("bad.c:2: ", "inside the hole at line 1")),
                (hole.format('todo("a");').replace("x", 'todo("b");'), ("bad.c:1: ", "reference body of hole a contains")),
                ("x\n#if SOLUTION >= 1\n", ("bad.c:2: this #if has no #endif",)),
                ("x\n#endif\n", ("bad.c:2: #endif without #if",)),
                (hole.format('todo("a");').replace("1", "2"), ("bad.c:1: ", "of lab 2, but", "first appears in lab 1")),
                ("#if LAB < 2\n" + hole.format('todo("a");') + "#endif\n", ("bad.c:2: ", "code that lab 2 removes"))):
            self.write("kernel/bad.c", text)
            with self.subTest(text):
                self.assert_refused(*parts)

    def test_all_mistakes_are_reported_at_once(self):
        self.write("kernel/bad.c", "#if LAB\n#endif\n#if SOLUTION\n#endif\n")
        self.assert_refused("kernel/bad.c:1: ", "kernel/bad.c:3: ")

    def test_emptied_file_is_refused(self):
        self.write("kernel/late.c", "/* Late. */\n#include \"uart.h\"\n#if LAB >= 2\nint x;\n#endif\n")
        with self.assertRaisesRegex(split.LabError, "kernel/late.c: nothing is left of it in lab 1"):
            self.split("out", 1, 0)
        self.split("second", 2, 0)

    def test_stale_and_double_list_entries_are_refused(self):
        self.write("labs/lab3-process/files", "kernel/gone.c\n")
        self.assert_refused("labs/lab3-process/files: kernel/gone.c: there is no such file")
        self.write("labs/lab3-process/files", "kernel/map.c\n")
        self.assert_refused("kernel/map.c is listed in labs/lab2-mmu/files too")

    def test_full_destination_and_foreign_folder_are_refused(self):
        with self.assertRaisesRegex(split.LabError, "is not empty"):
            self.split("toy", 1, 0)
        shutil.rmtree(self.root / ".git")
        with self.assertRaisesRegex(split.LabError, "is not the top of a git checkout"):
            self.split("out", 1, 0)
        with self.assertRaisesRegex(split.LabError, "is not the top of a git checkout"):
            self.publish()


class Publishing(ToyCourse):

    def parents(self, commit):
        return self.git("show", "-s", "--format=%P", commit, cwd=self.scratch / "course.git").split()

    def contains(self, new, old):
        self.git("merge-base", "--is-ancestor", old, new, cwd=self.scratch / "course.git")

    def test_branches_form_the_chain(self):
        tips = self.publish()
        self.assertEqual(self.parents(tips["lab1-uart"]), [])
        for child, parent in (("lab2-mmu", "lab1-uart"), ("lab3-process", "lab2-mmu"), ("lab2-start", "lab2-mmu"),
                              ("lab2-solution", "lab2-start"), ("final", "lab3-solution")):
            self.assertEqual(self.parents(tips[child]), [tips[parent]])
        self.assertTrue((self.clone("lab3-start") / "lab.mk").exists())
        head = self.git("symbolic-ref", "HEAD", cwd=self.scratch / "course.git")
        self.assertEqual(head.strip(), "refs/heads/lab1-uart")

    def test_same_source_gives_same_hashes(self):
        tips = self.publish()
        dates = self.git("show", "-s", "--format=%at %ct", tips["final"], cwd=self.scratch / "course.git")
        self.assertEqual(dates, "1700000000 1700000000\n")
        self.git("clone", "--quiet", "toy", "clone", cwd=self.scratch)
        os.environ["GIT_AUTHOR_NAME"] = "somebody"
        self.addCleanup(os.environ.pop, "GIT_AUTHOR_NAME")
        rows = course.publish(split.Source(self.scratch / "clone"), self.scratch / "third.git")
        self.assertEqual({branch.name: tip for branch, tip, _ in rows}, tips)
        self.assertEqual(self.publish(), tips)

    def test_program_prints_branches_and_clone_command(self):
        run = subprocess.run([sys.executable, "labs/course.py"], cwd=self.root, capture_output=True, text=True,
                             env={"PATH": os.environ["PATH"], "HOME": "/nonexistent"})
        self.assertEqual(run.stderr, "")
        self.assertIn("lab2-solution", run.stdout)
        self.assertIn("git clone build/course.git hv8 && cd hv8", run.stdout)
        self.assertTrue((self.root / "build/course.git/HEAD").exists())

    def test_other_folder_is_not_overwritten(self):
        with self.assertRaisesRegex(split.LabError, "is not a bare git repository"):
            course.publish(split.Source(self.root), self.root / "kernel")

    def test_fix_keeps_history_and_merges(self):
        old = self.publish()
        tree = self.clone("lab1-uart")
        for hole in split.holes(self.root):
            if hole.lab == 1:
                check.fill(tree, hole)
        self.git("commit", "--quiet", "--all", "-m", "mine", cwd=tree)
        self.replace("kernel/uart.h", "#pragma once", "#pragma once\n/* fixed */")
        self.replace("labs/lab1-uart/lab.json", "Learn uart.", "Learn the uart.")
        self.save()
        new = self.publish()
        for name, tip in new.items():
            self.assertNotEqual(tip, old[name])
            self.contains(tip, old[name])
        self.contains(new["lab2-mmu"], new["lab1-uart"])
        self.contains(new["lab2-start"], new["lab2-mmu"])
        self.git("pull", "--quiet", "--no-rebase", "--no-edit", cwd=tree)
        self.assertIn("fixed", (tree / "kernel/uart.h").read_text())
        self.assertIn("the uart", (tree / "README.md").read_text())
        self.git("merge", "--quiet", "--no-edit", "origin/lab2-mmu", cwd=tree)
        self.git("merge", "--quiet", "--no-edit", "origin/lab3-process", cwd=tree)
        text = (tree / "kernel/uart.c").read_text()
        self.assertIn("answer uart_putc 0", text)
        self.assertIn("map_everything();", text)

    def test_fix_of_one_lab_reaches_unchanged_later_ones(self):
        old = self.publish()
        self.replace("labs/lab1-uart/lab.json", "Learn uart.", "Learn the uart.")
        new = self.publish()
        self.assertEqual(self.parents(new["lab2-mmu"]), [old["lab2-mmu"], new["lab1-uart"]])

    def test_tracked_file_that_is_ignored_is_published(self):
        self.write("kernel/blob.o", "kept\n")
        self.git("add", "--force", "kernel/blob.o")
        self.publish()
        self.assertTrue((self.clone("lab1-uart") / "kernel/blob.o").exists())

    def test_fix_of_a_late_lab_leaves_the_early_ones(self):
        old = self.publish()
        self.replace("kernel/map.h", "#pragma once", "#pragma once\n/* fixed */")
        self.save()
        new = self.publish()
        for name in ("lab1-uart", "lab1-start", "lab1-solution"):
            self.assertEqual(new[name], old[name])
        self.assertEqual(self.parents(new["lab2-mmu"]), [old["lab2-mmu"]])
        self.assertEqual(self.parents(new["lab2-start"]), [old["lab2-start"], new["lab2-mmu"]])


class Proving(ToyCourse):

    def check(self, only=None, quick=False):
        """Run all proofs; return the lines that say FAIL, and the number of the others."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            one = check.Check(split.Source(self.root), self.scratch / "check")
            one.run(only, 2, quick)
        lines = out.getvalue().splitlines()
        failed = [line for line in lines if line.startswith("FAIL")]
        self.assertEqual((one.failed, one.passed), (len(failed), len(lines) - len(failed)))
        return failed, one.passed

    def assert_one(self, failed, *parts):
        """Some line has all these parts."""
        self.assertTrue(any(all(part in line for part in parts) for line in failed), failed)

    def test_a_good_course_passes(self):
        failed, passed = self.check()
        self.assertEqual(failed, [])
        self.assertGreater(passed, 30)

    def test_leaked_answer_is_found(self):
        source = split.Source(self.root)
        tree = self.split("out", 1, 0)
        self.assertEqual(check.leaks(tree, source, lambda hole: True), [])
        with open(tree / "kernel/uart.c", "a") as file:
            file.write("// as in  mmio_write32(UART_DR, (unsigned char)c);\n")
        self.assertEqual(check.leaks(tree, source, lambda hole: True),
                         ["kernel/uart.c: uart_putc: mmio_write32(UART_DR, (unsigned char)c);"])
        self.assertEqual(check.leaks(tree, source, lambda hole: False), [])

    def test_hole_open_or_filled_by_mistake_is_found(self):
        source = split.Source(self.root)
        faults = check.starter_faults(self.split("out", 2, 1), source, 2, 0)
        self.assertEqual(faults[-1], "kernel/uart.c: hole uart_putc is not open")
        faults = check.starter_faults(self.split("other", 2, 0), source, 2, 1)
        self.assertEqual(faults, ["kernel/uart.c: hole uart_putc is open"])

    def test_file_of_a_later_lab_is_found(self):
        tree = self.split("out", 1, 0)
        for path in "kernel/map.h", "grading/lab2-notes":
            (tree / path).write_text("x\n")
        faults = check.starter_faults(tree, split.Source(self.root), 1, 0)
        self.assertEqual(sorted(faults), ["file of a later lab: grading/lab2-notes", "file of a later lab: kernel/map.h"])

    def test_solution_without_full_marks_is_found(self):
        self.write("grading/lab2/unfair.test", "always\n")
        self.replace("labs/lab1-uart/lab.json", '["boots"]', '["boots", "puts", "gone"]')
        self.write("kernel/stray.c", 'void stray(void) { todo("stray"); }\n')
        self.save()
        failed, _ = self.check(quick=True)
        self.assert_one(failed, "lab2-solution: full marks for lab 2", "unfair")
        self.assert_one(failed, "merge lab3-process into solved lab2-mmu: full marks for lab 2", "unfair")
        self.assert_one(failed, "lab2-start: fails as it should", "unfair fails without naming a hole of lab 2")
        self.assert_one(failed, "lab1-start: fails as it should", "puts should pass", "names gone, which is no test")
        self.assert_one(failed, "final: no marker left", "kernel/stray.c: todo stray")

    def test_every_kind_of_break_is_found(self):
        self.replace("kernel/uart.c", "wait until", "while (mmio_read32(UART_FR) & UART_FR_TXFF) until")
        self.write("grading/lab2/maps.test", "none\n")
        self.write("grading/lab3/other.test", "uart_putc\n")
        self.replace("labs/lab3-process/lab.json", "kernel/enter.S", "kernel/map.c")
        (self.root / "handouts/lab2-mmu.md").unlink()
        self.save()
        failed, _ = self.check()
        self.assert_one(failed, "lab1-uart: text", "part of an answer: kernel/uart.c: uart_putc")
        self.assert_one(failed, "lab2-start: fails as it should", "`make grade` succeeds")
        self.assert_one(failed, "hole map_everything alone is missed", "no test of lab 2")
        self.assert_one(failed, "lab3-start: text", "`edit` lacks kernel/enter.S")
        self.assert_one(failed, "lab3-process: its `edit` files", "kernel/enter.S")
        self.assert_one(failed, "lab3-start: fails as it should", "other passes, but is not in lab.json")
        self.assert_one(failed, "lab2-start: text", "handouts/lab2-mmu.md", "missing")

    def test_conflict_names_the_file(self):
        self.replace("kernel/uart.c", "#endif\n}\n\n#if LAB < 3",
                     "#endif\n#if LAB >= 2\n\tmap_everything();\n#endif\n}\n\n#if LAB < 3")
        self.save()
        failed, _ = self.check(quick=True)
        self.assert_one(failed, "merge lab2-mmu into any answer to lab1-uart", "conflict in kernel/uart.c")

    def test_build_that_fails_or_warns_is_found(self):
        one = check.Check(split.Source(self.root), self.scratch / "check")
        tree, log = self.split("out", 1, 0), self.scratch / "log"
        one.build(log, tree)
        for recipe, reason in (("@echo x.c:1: warning: unused", "warns"), ("@false", "fails")):
            (tree / "Makefile").write_text(f"all:\n\t{recipe}\n")
            with self.assertRaisesRegex(check.Fail, f"`make WERROR=1` {reason}"):
                one.build(log, tree)
        self.assertIn("warning: unused", log.read_text())


if __name__ == "__main__":
    unittest.main()
