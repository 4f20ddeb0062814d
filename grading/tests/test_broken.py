"""Real kernels with a mistake that leaves them silent or hanging: the report must say what still worked, and what went wrong."""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import toy_guest

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("kernel", "user", "labs", "grading", "Makefile")


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Kernels(unittest.TestCase):
    """Each builds lab 2's kernel with one change, in a copy of the tree that all share, and grades one test."""

    @classmethod
    def setUpClass(cls):
        (ROOT / "build").mkdir(exist_ok=True)
        cls.scratch = tempfile.TemporaryDirectory(prefix="test-broken-", dir=ROOT / "build")
        cls.addClassCleanup(cls.scratch.cleanup)
        cls.tree = Path(cls.scratch.name)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, cls.tree / name, symlinks=True)
            else:
                shutil.copy(ROOT / name, cls.tree / name)

    def report(self, path, old, new, test="nested", lab=2):
        """The report of this test of a lab when `old` in the source is `new`."""
        source = self.tree / path
        text = source.read_text()
        self.assertEqual(text.count(old), 1, path)
        source.write_text(text.replace(old, new))
        self.addCleanup(source.write_text, text)
        environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
        built = subprocess.run(["make", "-s", "LAB=2", "CROSS_COMPILE=" + toy_guest.CROSS], cwd=self.tree, env=environment,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        self.assertEqual(built.returncode, 0, built.stdout.decode())
        done = subprocess.run([sys.executable, "grading/grade.py", "--cross", toy_guest.CROSS, "--qemu", toy_guest.QEMU,
                               "--jobs", "1", "--test", test, "%d:build/lab2" % lab], cwd=self.tree, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, check=False)
        self.assertEqual(done.returncode, 1, done.stdout.decode())
        return (self.tree / ("build/grade/lab%d" % lab) / test / "report.txt").read_text()

    def test_a_uart_that_waits_the_wrong_way_round(self):
        report = self.report("kernel/dev/pl011.c", "while (mmio_read32(uart + FR) & FR_TXFF)",
                             "while (!(mmio_read32(uart + FR) & FR_TXFF))")
        self.assertIn("  printk came as far as the UART's driver, then no output: is `uart` the base, and does pl011_putc ", report)
        self.assertRegex(report, r"CPU 0       EL2, IRQs masked \(PSTATE.DAIF = 0b1111\), in pl011_putc; kernel/dev/pl011\.c:\d+: "
                                 r"while \(!\(mmio_read32\(uart \+ FR\) & FR_TXFF\)\)\n"
                                 r"    called by   console_putc, format, printk, banner")

    def test_a_stack_where_no_memory_is(self):
        report = self.report("kernel/boot/start.S", "	adr_l	x0, _stack_top\n	mov	sp, x0", "	mov	x0, #64\n	mov	sp, x0")
        self.assertIn("  the vectors are set, then power-off and no output: main powers off in silence when board_read finds no "
                      "console: are x0, the pointers and the stack right in start.S?\n    reached     boot, machine_", report)

    def test_an_exception_before_there_are_vectors(self):
        report = self.report("kernel/boot/main.c", "	if (level == 2)\n		trap_init();", "	__builtin_trap();\n	trap_init();")
        self.assertIn("  C code runs, then no output: is the stack below _stack_top, and are the pointers ", report)
        self.assertIn("none of which returned, the CPU was in the exception vector at 0x200: "
                      "exceptions are taken with VBAR_EL2 = 0\n", report)
        self.assertIn("\n    VBAR_EL2 0x0: page 0, where null pointers lead\n", report)

    def test_el2_registers_used_at_el1(self):
        report = self.report("kernel/boot/main.c", "	if (level == 2)\n		trap_init();", "	trap_init();", "el1", 1)
        self.assertIn("  main runs, then no output: is this EL2, and is VBAR_EL2 set", report)
        self.assertIn("the CPU was in the exception vector at 0x200: exceptions are taken with VBAR_EL1 = 0\n", report)
        self.assertIn("\n    ESR_EL1 0x2000000: unknown reason (undefined instruction)\n", report)

    def test_a_uart_that_is_not_mapped(self):
        report = self.report("kernel/mm/layout.c", 'map_or_panic("UART", ROUND_DOWN',
                             'if (!board.uart.start) map_or_panic("UART", ROUND_DOWN')
        self.assertIn("  the MMU is on and code runs, then power-off and no more output: was the UART mapped as device", report)

    def test_a_map_without_the_access_flag(self):
        report = self.report("kernel/mm/map.c", "pa | PTE_VALID | PTE_AF | PTE_AP1", "pa | PTE_VALID | PTE_AP1")
        self.assertIn("  the kernel's map is built, then no more output: when SCTLR_EL2.M is set the next fetch ", report)
        self.assertRegex(report, r"\n    ESR_EL2 0x8600000b: instruction abort, access flag fault, level 3\n"
                                 r"    ELR_EL2 0x\w+: vectors \(.*\)\n    FAR_EL2 0x\w+: the kernel's text, vectors\+0x200\n")

    def test_a_fault_loop_ends_soon(self):
        report = self.report("kernel/trap/vectors.S", "	adr_l	x0, _panic_stack_top - FRAME_SIZE\n",
                             "	adr_l	x0, _guard + 8\n", "null_write")
        self.assertRegex(report, r"exceptions without end: after [\d,]{7,9} instructions, none of which returned, the CPU was in "
                                 r"\w*(fatal_entry|vectors)")
        self.assertRegex(report, r"\n    FAR_EL2 0x\w+: the guard page below the kernel's stack: a stack overflow\n")


if __name__ == "__main__":
    unittest.main()
