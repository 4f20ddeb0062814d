#!/usr/bin/env python3
"""Tests of how labs/handouts.py runs the commands of a handout: what is wrong with a command or its output must be reported."""
import contextlib
import os
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from toy_course import ROOT         # noqa: E402
from toy_handouts import CC, PAGE, ToyHandouts      # noqa: E402 (it also makes labs/ importable)
import sessions                     # noqa: E402


class Running(ToyHandouts):

    def test_a_right_page_passes(self):
        out = self.check()
        self.assertNotIn("FAIL", out)
        self.assertEqual(out.count("\nok   "), 17)
        self.assertIn("\nok   lab1-uart.md:46 (gdb) print/x 0x40201230 + 4\n", out)
        self.assertTrue(out.endswith("18 passed, 0 failed\n"), out)

    # What is run

    def test_a_wrong_output_is_shown_with_its_line(self):
        self.page(("silent\n$ ls", "loud\n$ ls"))
        out = self.fails("lab1-uart.md:26 $ make qemu: the output is another")
        self.assertRegex(out, r"--- handouts/lab1-uart.md:27\n.*\n.*@@\n      building lab 1\n.*\n     -loud\n     \+silent\n")

    def test_a_wrong_address_counts_unless_another_compiler_made_it(self):
        made = PAGE + f"\n<!-- outputs made with: {CC} -->\n"
        self.write("handouts/lab1-uart.md", made.replace("$1 = 0x40201234", "$1 = 0x40201238"))
        self.fails(":46 (gdb) print/x 0x40201230 + 4: the output is another")
        self.assertNotIn("FAIL", self.check(cc="toy-gcc 2.0"))
        self.write("handouts/lab1-uart.md", made.replace("$1 = 0x40201234", "$1 = 0x9000000"))
        self.fails(":46 (gdb) print/x", cc="toy-gcc 2.0")

    def test_a_command_that_fails(self):
        self.page(("$ ls kernel\n", "$ ls kernel nothing\n"))
        out = self.fails(":30 $ ls kernel nothing: it ends with status 2")
        self.assertIn("cannot access 'nothing'", out)
        self.page(("<!-- run: start -->", "<!-- run: start fails -->"), ("$ pwd\n~/lab1-start\n", ""))
        self.assertNotIn("FAIL", self.check())
        self.page(("$ ls kernel nothing\n", "$ ls kernel\n"))
        self.fails(":30 $ ls kernel: it ends with status 0, and should fail")

    def test_a_command_that_does_not_end(self):
        for silent in ("", ">/dev/null 2>&1"):          # where it prints is open to its end, or not
            with self.subTest(silent):
                self.write("handouts/lab1-uart.md", PAGE.replace(
                    "$ ls kernel\n", f"$ mkdir -p build; echo $$ >build/pid; exec sleep 1000 {silent}\n"))
                with mock.patch.object(sessions, "LIMIT", 6):
                    self.fails(f"sleep 1000 {silent}: it takes more than 6 s")
                self.assert_gone(self.scratch / "handouts/lab1-start/build/pid")

    def test_a_gdb_session_that_hangs(self):
        self.page(("(gdb) twice\n", "(gdb) shell mkdir -p build; echo $$ >build/pid; exec sleep 1000\n"))
        with mock.patch.object(sessions, "GDB_LIMIT", 6):
            out = self.check()
        self.assertIn("exec sleep 1000: after 6 s gdb's prompt does not come back; is a breakpoint met?\n", out)
        self.assertIn("FAIL lab1-uart.md:53 (gdb) nonsense: not run\n", out)
        self.assertTrue(out.endswith("16 passed, 2 failed\n"), out)
        self.assert_gone(self.scratch / "handouts/lab1-solved/build/pid")

    def test_a_gdb_that_ends(self):
        self.page(("(gdb) twice\n", "(gdb) quit\n"))
        self.assertRegex(self.check(), r"FAIL .*\(gdb\) quit: gdb has ended: nothing\n")

    def test_a_qemu_that_does_not_start(self):
        self.replace("Makefile", "echo halted; exec sleep 1000", "echo no such machine; false")
        self.replace("Makefile", "-ex 'set confirm off'", "-ex 'target remote 127.0.0.1:1'")
        self.replace("Makefile", "-nx -q", "-nx -q -ex 'set tcp auto-retry off'")
        out = self.check()
        self.assertRegex(out, r"FAIL .*print/x.*: `make gdb` reaches no QEMU: .*Connection refused.*; "
                              r"`make qemu-gdb GDB_PORT=\d+` says: no such machine\n")

    def assert_gone(self, pid):
        """The process whose number is in this file has ended, though perhaps nobody has asked for its status."""
        with contextlib.suppress(FileNotFoundError):
            self.assertEqual(Path(f"/proc/{pid.read_text().strip()}/stat").read_text().rpartition(") ")[2][0], "Z")

    def test_a_state_that_does_not_build(self):
        self.replace("Makefile", "\t@echo building", "\t@! grep -q mmio_write32 kernel/uart.c\n\t@echo building")
        out = self.check()
        self.assertRegex(out, r"FAIL lab1-solved builds, for lab1-uart.md:39, .*: `make` fails   log: .*lab1-solved.log")

    def test_states_are_what_they_say_and_commands_leave_nothing(self):
        probe = '```console\n$ grep -c todo kernel/uart.c\n{}\n$ git status --short; git branch --show-current\n{}\n' \
            '$ git checkout -q -b other; git rm -q -f kernel/uart.h; echo >new; echo x >>kernel/uart.c\n' \
            '$ git commit -q -a -m other\n```\n'
        dirty, clean = " M kernel/uart.c\nlab1-uart", "lab1-uart"
        for state, todos, status in (("start fails", 1, clean), ("solved", 0, dirty), ("start + uart_putc", 0, dirty)):
            block = f"<!-- run: {state.replace(' fails', '')} -->\n" + probe.format(todos, status)
            block = block.replace("$ grep -c", "$ ! grep -c") if not todos else block
            self.page(("## Questions\n", f"## Questions\n\n{block}\n{block}"))
        self.assertNotIn("FAIL", self.check())

    def test_what_is_built_is_kept_and_what_has_changed_is_seen(self):
        self.check()
        kept = self.scratch / "handouts/lab1-start/build/kept"
        kept.parent.mkdir(exist_ok=True)
        kept.write_text("")
        uart = self.scratch / "handouts/lab1-start/kernel/uart.c"
        before = uart.stat().st_mtime_ns
        self.assertNotIn("FAIL", self.check())
        self.assertTrue(kept.exists())
        self.assertEqual(uart.stat().st_mtime_ns, before)
        self.replace("Makefile", "echo silent", "echo quite silent")
        self.fails(":26 $ make qemu")

    # --write

    def test_written_pages_pass(self):
        self.page(("building lab 1\n  QEMU  leave with Ctrl-A x\nsilent\n", "?\n"), ("$1 = 0x40201234", "$1 = 0x5"),
                  ("...\ntyped: hi", "gone\n...\nlost\ntyped: ho"), ("$2 = 2\n", "?\n"))
        out = self.check(write=True)
        self.assertNotIn("FAIL", out)
        self.assertEqual(out.count("(rewritten)"), 4)
        self.assertEqual((self.root / "handouts/lab1-uart.md").read_text(),
                         PAGE.replace("7.2 s", "0.3 s") + f"\n<!-- outputs made with: {CC} -->\n")
        self.assertNotIn("FAIL", self.check())
        self.assertNotIn("rewritten", self.check(write=True))
        self.check(write=True, cc="toy-gcc 2.0")
        self.assertTrue((self.root / "handouts/lab1-uart.md").read_text().endswith("\n<!-- outputs made with: toy-gcc 2.0 -->\n"))

    def test_nothing_is_written_of_a_command_that_fails(self):
        self.page(("$ ls kernel\n", "$ ls nothing\n"), ("silent\n", "?\n"))
        self.fails("$ ls nothing", write=True)
        text = (self.root / "handouts/lab1-uart.md").read_text()
        self.assertIn("silent\n$ ls nothing\n...\nuart.c\n...\n", text)
        self.assertNotIn("outputs made with", text)

    def test_a_page_that_has_changed_is_not_overwritten(self):
        self.page(("silent\n", "?\n"), ("$ ls kernel\n", f"$ ls kernel; echo >>{self.root}/handouts/lab1-uart.md\n"))
        self.fails("lab1-uart.md is written: somebody has changed it meanwhile", write=True)
        self.assertIn("?\n", (self.root / "handouts/lab1-uart.md").read_text())

    def test_an_output_that_would_be_read_as_a_command(self):
        self.page(("$ ls kernel\n...\nuart.c\n...", "$ echo '$ ls'\n?"))
        self.fails("it prints `$ ls`, which a block cannot show", write=True)

    # As a program

    def program(self, *args):
        for name in ("handouts", "pagecheck", "pagetext", "sessions", "transcript"):
            self.write(f"labs/{name}.py", (ROOT / "labs" / f"{name}.py").read_text())
        for name in ("tools.sh", "testfile.py"):
            self.write(f"grading/{name}", (ROOT / "grading" / name).read_text())
        env = dict(os.environ, PYTHONPATH=str(ROOT / "grading"), CROSS_COMPILE=f"{self.scratch}/toy-")
        self.write("../toy-gcc", f"#!/bin/sh\necho {CC}\n")
        (self.scratch / "toy-gcc").chmod(0o755)
        return subprocess.Popen([sys.executable, "labs/handouts.py", *args], cwd=self.root, env=env, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

    def test_exit_status_and_names(self):
        pages = "lab1-uart.md, lab2-mmu.md, lab3-process.md"
        for args, status, end in ((["lab1"], 0, "\n18 passed, 0 failed\n"),
                                  (["handouts/lab1-uart.md"], 0, "\n18 passed, 0 failed\n"),
                                  (["lab"], 1, f"handouts: there is no page lab; there are: {pages}\n")):
            with self.program(*args) as run:
                out = run.communicate()[0]
                self.assertEqual((run.returncode, out[-len(end):]), (status, end), out)
        self.page(("silent\n", "loud\n"))
        with self.program("lab1-uart") as run:
            self.assertTrue(run.communicate()[0].endswith("17 passed, 1 failed\n"))
            self.assertEqual(run.returncode, 1)

    def test_two_at_a_time_and_an_interrupt(self):
        self.page(("$ ls kernel\n", "$ mkdir -p build; echo $$ >build/pid; exec sleep 1000\n"))
        pid = self.root / "build/handouts/lab1-start/build/pid"
        with self.program("--jobs", "1", "lab1") as run:
            end = time.monotonic() + 60
            while not (pid.exists() and pid.read_text()) and time.monotonic() < end:
                time.sleep(0.05)
            with self.program() as other:
                self.assertRegex(other.communicate()[0], "^handouts: another check uses .*: wait for its end\n$")
            run.send_signal(signal.SIGTERM)
            self.assertTrue(run.communicate(timeout=30)[0].endswith("handouts: interrupted\n"))
        self.assert_gone(pid)


if __name__ == "__main__":
    unittest.main()
