"""A course of three labs in a temporary directory, for test_labs.py.

Its grader passes a test when the hole named in the test's file is filled (`none`: always, `always`: never), so it needs no
compiler and no QEMU, and every promise of the tools in labs/ can be broken on purpose. All is written under build/.
"""
import json
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LABS = ROOT / "labs"
sys.path.insert(0, str(LABS))

import course   # noqa: E402
import split    # noqa: E402

TOY = {
    "Makefile": """\
-include lab.mk
all:
\t@echo building lab $(LAB_STAGE)
grade:
\t@python3 grading/grade.py $(or $(LAB),$(LAB_STAGE))
.PHONY: all grade
""",
    "grading/grade.py": """\
import glob, json, os, re, sys
lab, code = int(sys.argv[1]), ""
for path in glob.glob("kernel/**/*.[cS]", recursive=True):
    code += open(path).read()
tests = []
for path in sorted(glob.glob(f"grading/lab{lab}/*.test")):
    hole = open(path).read().strip()
    lost = hole == "always" or hole != "none" and re.search(rf'todo\\("{hole}"\\)|todo_asm {hole}', code)
    tests.append({"name": os.path.basename(path)[:-5], "status": "fail" if lost else "pass", "holes": [],
                  "why": f"reached todo {hole}" if lost else ""})
score = sum(test["status"] == "pass" for test in tests)
os.makedirs("build/grade", exist_ok=True)
result = {"lab": lab, "name": "toy", "score": score, "max": len(tests), "tests": tests}
json.dump({"labs": [result]}, open("build/grade/results.json", "w"))
sys.exit(score < len(tests))
""",
    "kernel/uart.c": """\
/* The toy UART. */
#include "uart.h"
#if LAB >= 2
#include "map.h"
#endif

void uart_putc(int c)
{
#if SOLUTION >= 1
	while (mmio_read32(UART_FR) & UART_FR_TXFF)
		continue;
	mmio_write32(UART_DR, (unsigned char)c);
#else
	/* LAB 1: wait until there is room. */
	todo("uart_putc");
#endif
}

#if LAB < 3
/* Until there are processes, the end is here. */
void idle(void) { }
#endif

void main_loop(void)
{
	uart_putc('a');
#if LAB >= 2
	map_everything();
#endif
}
""",
    "kernel/uart.h": "#pragma once\nvoid uart_putc(int c);\n",
    "kernel/enter.S": """\
// It's a start.
start:
	b	main_loop

#if LAB >= 3
enter:
#if SOLUTION >= 3
	msr	spsr_el2, x1 // the state of the process
	eret
#else
	/* LAB 3: go to EL1. */
	todo_asm enter
#endif
#endif
""",
    "kernel/map.c": """\
/* The toy map. */
void map_everything(void)
{
#if SOLUTION >= 2
	pte_store(&table[index], entry | PTE_VALID);
#else
	/* LAB 2: write the entry. */
	todo("map_everything");
#endif
}
""",
    "kernel/map.h": "#pragma once\nvoid map_everything(void);\n",
    "setup.sh": "#!/bin/sh\ntrue\n",
    "README.md": "The toy.\n", ".gitignore": "build/\n*.o\n", ".ci/run": "make\n", "grading/tests/test_x.py": "",
    "grading/lab1/puts.test": "uart_putc\n", "grading/lab1/boots.test": "none\n",
    "grading/lab2/maps.test": "map_everything\n", "grading/lab3/enters.test": "enter\n",
    "grading/guest/lab2.c": "int two;\n", "grading/guest/lab3.c": "int three;\n",
    "handouts/lab1-uart.md": "one\n", "handouts/lab2-mmu.md": "two\n", "handouts/lab3-process.md": "three\n",
    "labs/exclude": "labs/\n.ci/\ngrading/tests/\n",
    "labs/lab2-mmu/files": "# first in lab 2\nkernel/map.c\nkernel/map.h\n",
}
for number, name, edit, passes in ((1, "uart", "kernel/uart.c", ["boots"]), (2, "mmu", "kernel/map.c", []),
                                   (3, "process", "kernel/enter.S", [])):
    TOY[f"labs/lab{number}-{name}/lab.json"] = json.dumps(
        {"title": f"Toy {name}", "goal": f"Learn {name}.", "edit": [edit], "starter_passes": passes})


class ToyCourse(unittest.TestCase):
    """A fresh toy repository with one commit in self.root."""

    def setUp(self):
        (ROOT / "build").mkdir(exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix="test-labs-", dir=ROOT / "build")
        self.addCleanup(scratch.cleanup)
        self.scratch = Path(scratch.name).resolve()
        self.root = self.scratch / "toy"
        for path, text in TOY.items():
            self.write(path, text)
        (self.root / "setup.sh").chmod(0o755)
        for name in ("split.py", "course.py", "check.py", "proofs.py", "README.course.md"):
            shutil.copy(LABS / name, self.root / "labs" / name)
        self.git("init", "--quiet")
        self.save()

    def write(self, path, text):
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def replace(self, path, old, new):
        text = (self.root / path).read_text()
        self.assertIn(old, text)
        self.write(path, text.replace(old, new))

    def git(self, *args, cwd=None):
        env = dict(course.IDENTITY, GIT_AUTHOR_DATE="1700000000 +0100", GIT_COMMITTER_DATE="1700000000 +0100")
        return split.git(*args, cwd=cwd or self.root, env=env)

    def save(self):
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", "toy")

    def split(self, name, *args, **named):
        split.split(split.Source(self.root), self.scratch / name, *args, **named)
        return self.scratch / name

    def publish(self, name="course.git"):
        return {branch.name: tip for branch, tip, _ in course.publish(split.Source(self.root), self.scratch / name)}

    def clone(self, branch, name="student"):
        self.git("clone", "--quiet", "--branch", branch, str(self.scratch / "course.git"), name, cwd=self.scratch)
        return self.scratch / name

    def assert_refused(self, *parts):
        """Listing the holes fails with a message that has all these parts."""
        with self.assertRaises(split.LabError) as caught:
            split.holes(self.root)
        for part in parts:
            self.assertIn(part, str(caught.exception))
