"""`make gdb-replay` on real kernels: from a fault back to the write that caused it; every test of every lab, or why it cannot.

REPLAY="1 2" in the environment replays every test of these labs, REPLAY=all of all; without it a few that differ most do.
"""
import glob
import os
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import toy_guest
import machines
import testfile

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("kernel", "user", "labs", "grading", "debug", "handouts", "Makefile")
GDB = shutil.which(os.environ.get("GDB") or "gdb-multiarch")
# Fault, panic, read from outside, input to a kernel that polls and to a process that sleeps, versal besides, a hang, timers.
FEW = ((2, "null_write"), (1, "panic"), (2, "registers"), (1, "typed"), (5, "typed"), (3, "hello"), (6, "fair"))
TIMED = tuple((6, name) for name in ("edge", "interrupted", "sleep", "sleepers", "twins"))  # asleep, the host's time counts
EVERY = [(lab, Path(path).stem) for lab in range(1, 7) for path in sorted(glob.glob(str(ROOT / ("grading/lab%d/*.test" % lab))))]
LABS = range(1, 7) if os.environ.get("REPLAY") == "all" else [int(word) for word in os.environ.get("REPLAY", "").split()]
SAY = "printf \"at %#lx\\n\", $pc"
STRAY = """
static struct { u64 counts[4]; const char *name; } tally = { { 0 }, "tally" };

__attribute__((noinline)) static void count(u64 at)
{
	tally.counts[at] += 0xbad0bad0bad0; /* the stray write */
}

static void banner(u64 level)"""


def replay(tree, lab, test, *commands, typed=None):
    """`make gdb-replay` in `tree` with these commands of gdb, by option, or typed at its prompt: (status, output)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    flags = " ".join(["-batch"] + ["-ex '%s'" % command.replace("$", "$$") for command in commands]) if typed is None else ""
    done = subprocess.run(["make", "-s", "gdb-replay", "LAB=%d" % lab, "T=" + test, "GDBFLAGS=" + flags, "JOBS=1",
                           "CROSS_COMPILE=" + toy_guest.CROSS, "QEMU=" + toy_guest.QEMU], cwd=tree, env=environment,
                          input=typed or "", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                          timeout=600, check=False)
    return done.returncode, done.stdout


@unittest.skipIf(toy_guest.MISSING or not GDB, "missing: %s" % ", ".join(toy_guest.MISSING or ["gdb-multiarch"]))
class Replay(unittest.TestCase):
    def test_every_test_or_why_not(self):
        chosen = [(lab, test) for lab, test in EVERY if lab in LABS] if LABS else FEW
        for lab, name in chosen:
            test = testfile.Test(str(ROOT / ("grading/lab%d" % lab) / (name + ".test")))
            with self.subTest(lab=lab, test=name):
                status, output = replay(ROOT, lab, name, SAY, "reverse-stepi", SAY)
                alone = test.model is None and any((test.smp or machines.MACHINES[name].smp) == 1 for name in test.machines)
                if not alone:
                    self.assertEqual(status, 2, output)
                    self.assertRegex(output, r"runs on (the model machine, which|several CPUs, and QEMU records one only)")
                    continue
                self.assertEqual(status, 0, output)
                self.assertRegex(output, r"(?m)^  %s %s\b" % ("(PASS|FAIL)" if (lab, name) in TIMED else "PASS", name))
                where = re.findall(r"^at (0x\w+)$", output, re.MULTILINE)
                self.assertEqual(len(set(where)), 2, output)

    def test_begins_at_the_cause(self):
        for lab, test, what in ((2, "null_write", r"the instruction that faulted\.\n#0 .* in ktest_null_write "),
                                (1, "panic", r"This is where panic\(\) is called\.\n#0  panic \(text="),
                                (2, "registers", r"where the test reads from outside, for the first time\.\n#0  ktest_stop "),
                                (1, "again", r"the last instruction of the run\.\n(?:.*\n)*=> 0x\w+ <psci_system_off\+\d+>:\tsmc")):
            with self.subTest(test=test):
                self.assertRegex(replay(ROOT, lab, test)[1], what)

    def test_behind_the_end_it_goes_back(self):
        status, output = replay(ROOT, 1, "panic", typed="continue\nreverse-stepi\nbt 1\nreverse-continue\nrewind\nquit\n")
        self.assertEqual(status, 0, output)
        self.assertIn("The recording ends here.", output)
        self.assertEqual(output.count("This is where panic() is called."), 3, output)

    def test_unknown_test(self):
        status, output = replay(ROOT, 1, "nonesuch")
        self.assertEqual(status, 2)
        self.assertRegex(output, r"\Ano test is named nonesuch; there are again board [a-z0-9_ ]+ uart_virt\n"
                                 r"make: \*\*\* \[Makefile:%d: gdb-replay\] Error 2\n\Z" % self.line())

    @staticmethod
    def line():
        lines = (ROOT / "Makefile").read_text().split("\n")
        return next(number for number, line in enumerate(lines, 1) if "debug/replay.py --gdb" in line)


@unittest.skipIf(toy_guest.MISSING or not GDB, "missing: %s" % ", ".join(toy_guest.MISSING or ["gdb-multiarch"]))
class Broken(unittest.TestCase):
    """A lab 2 kernel that is broken on purpose, in a copy of the tree."""

    def setUp(self):
        scratch = tempfile.TemporaryDirectory(prefix="test-replay-", dir=ROOT / "build")
        self.addCleanup(scratch.cleanup)
        self.tree = Path(scratch.name)
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, self.tree / name)

    def apply(self, *what):
        outside = dict(os.environ, GIT_CEILING_DIRECTORIES=str(self.tree.parent))      # this is no part of the repository around it
        subprocess.run(["git", "apply", *what], cwd=self.tree, env=outside, check=True)

    def test_exceptions_without_end(self):
        """The first fetch through the tables faults, and the vector's does: QEMU cannot be asked to end, and is killed."""
        for mutant, fault in (("leaf_no_af", "msr\tsctlr_el2, x1"), ("mmu_link_lost", "msr\ttcr_el2, x2")):
            patch = self.tree / ("grading/lab2/mutants/%s.patch" % mutant)
            with self.subTest(mutant=mutant):
                self.apply(patch)
                status, output = replay(self.tree, 2, "registers", typed="continue\nstepi\nstepi\np $ESR_EL2 >> 26\nquit\n")
                self.apply("--reverse", patch)
                self.assertEqual(status, 0, output)
                self.assertRegex(output, r"(?m)^  FAIL registers: .*; exceptions without end: after \d\d\d,\d\d\d instructions ")
                begun = r"This is the last instruction of the run\.\n#0  mmu_enable \(\) at .*\n.*\n=> .*:\t%s\n" % fault
                self.assertRegex(output, begun + r"(?:.*\n)*.*The recording ends here.*\n(?:.*\n)*" + begun)
                self.assertIn("vectors () at ", output)
                self.assertIn("$1 = 33", output)                # an instruction abort at EL2

    def test_from_the_fault_back_to_the_stray_write(self):
        source = self.tree / "kernel/boot/main.c"
        text = source.read_text().replace("\nstatic void banner(u64 level)", STRAY, 1)
        text = text.replace("\tmap_kernel();\n", "\tfor (u64 i = 0; i <= 4; i++)\n\t\tcount(i);\n\tmap_kernel();\n", 1)
        text = text.replace("\tmmu_enable();\n", "\tmmu_enable();\n\tprintk(\"%s\\n\", tally.name);\n", 1)
        source.write_text(text)
        status, output = replay(self.tree, 2, "registers", "bt 2", "echo back\\n", "writer tally.name", "bt 2", "p at")
        self.assertEqual(status, 0, output)
        self.assertIn("  FAIL registers: ", output)
        self.assertIn("This is the instruction that faulted.\n", output)
        fault, found = output.split("\nback\n", 1)
        self.assertRegex(fault, r"#\d .* format \(")
        self.assertIn("/* the stray write */", found)
        self.assertRegex(found, r"#0 .*count \(at=.*4\) at kernel/boot/main\.c:\d+")
        self.assertIn("$1 = 4", found)


if __name__ == "__main__":
    unittest.main()
