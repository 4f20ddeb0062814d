#!/usr/bin/env python3
"""Tests of the handouts' checker, labs/handouts.py: every promise is broken on purpose, and the break must be reported.

They work on the toy course of toy_course.py with a page that is right. Its `make qemu` is a few lines of shell; its `make gdb` is the
real gdb, with no guest. What real QEMU does is shown by the real handouts, which `make check-handouts` runs.
"""
import contextlib
import io
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parent))

from toy_course import ROOT, ToyCourse   # noqa: E402 (it also makes labs/ importable)
import handouts                     # noqa: E402
import pagecheck                    # noqa: E402
import sessions                     # noqa: E402
import split                        # noqa: E402
import transcript                   # noqa: E402

CC = "toy-gcc 1.0"
GDB = subprocess.run(["sh", str(ROOT / "grading" / "tools.sh"), "gdb"], capture_output=True, text=True).stdout.strip()
MAKEFILE = f"""
qemu: all
\t@echo "  QEMU  leave with Ctrl-A x"
\t@grep -q 'todo("uart_putc")' kernel/uart.c && echo silent || {{ echo "hv8 boots at EL2"; read line; echo "typed: $$line, 0.3 s"; }}
qemu-gdb: all
\t@echo halted; exec sleep 1000
gdb: all
\t@exec {GDB} -nx -q -ex 'set confirm off' $(GDBFLAGS)
"""
PAGE = """\
# Lab 1: UART

## What you will be able to do

Write to a UART, see [the idea](#the-idea) and `kernel/uart.c`.

## The idea

- [its source](../kernel/uart.c#L3), [on the web](https://example.org/uart?a=1#b)

    a line of the list

## A tour of the code

## The tasks

### Step 1: characters

*`uart_putc` in
`kernel/uart.c`.* It writes.

<!-- run: start -->
```console
$ make qemu
building lab 1
  QEMU  leave with Ctrl-A x
silent
$ ls kernel
...
uart.c
...
```

<!-- run: solved type="hi\\x20\\"there\\"\\n" -->
```console
$ make qemu
...
typed: hi "there", 7.2 s
```

```gdb
(gdb) print/x 0x40201230 + 4
$1 = 0x40201234
(gdb) define twice
>print 2
>end
(gdb) twice
$2 = 2
(gdb) nonsense
Undefined command: "nonsense".  Try "help".
```

## How it is checked

| test | points | what it shows |
|---|---|---|
| `boots` | 40 | it boots |
| `puts` | 60 | it prints |

## How it goes wrong

## Questions

## Challenges

## Going on

```console
$ git commit -q -a -m 'Lab 1'
$ git fetch && git merge -q origin/lab2-mmu
$ git log -1 --format=%s
Merge remote-tracking branch 'origin/lab2-mmu' into lab1-uart
```
"""


class Handouts(ToyCourse):

    def setUp(self):
        super().setUp()
        self.write("Makefile", (self.root / "Makefile").read_text() + MAKEFILE)
        for name, points in (("boots", 40), ("puts", 60)):
            self.write(f"grading/lab1/{name}.test", f"title: {name}\npoints: {points}\nhandout: lab1-uart.md, step 1\n---\n")
        self.write("handouts/lab1-uart.md", PAGE)
        self.save()

    def page(self, *pairs, name="handouts/lab1-uart.md"):
        for old, new in pairs:
            self.replace(name, old, new)

    def check(self, *names, write=False, cc=CC):
        """Run the checker; return what it prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            one = handouts.Handouts(split.Source(self.root), self.scratch / "handouts", write, cc)
            one.run(one.chosen(names or ["lab1-uart"]), 1)
            one.closing()
        return out.getvalue()

    def fails(self, *parts, **named):
        """Exactly one check fails, and its line has these parts."""
        out = self.check(**named)
        failed = re.findall(r"(?m)^FAIL .*", out)
        self.assertEqual(len(failed), 1, out)
        for part in parts:
            self.assertIn(part, failed[0])
        return out

    def says(self, *parts):
        """The page's form or what it says of the tree has one fault, found without running anything."""
        with mock.patch.object(handouts.Handouts, "run_states"):
            self.fails(*parts)

    def test_a_right_page_passes(self):
        out = self.check()
        self.assertNotIn("FAIL", out)
        self.assertEqual(out.count("\nok   "), 15)
        self.assertIn("\nok   lab1-uart.md:42 (gdb) print/x 0x40201230 + 4\n", out)
        self.assertTrue(out.endswith("16 passed, 0 failed\n"), out)

    # What is run

    def test_a_wrong_output_is_shown_with_its_line(self):
        self.page(("silent\n$ ls", "loud\n$ ls"))
        out = self.fails("lab1-uart.md:24 $ make qemu: the output is another")
        self.assertRegex(out, r"--- handouts/lab1-uart.md:25\n.*\n.*@@\n      building lab 1\n.*\n     -loud\n     \+silent\n")

    def test_a_wrong_address_counts_unless_another_compiler_made_it(self):
        made = PAGE + f"\n<!-- outputs made with: {CC} -->\n"
        self.write("handouts/lab1-uart.md", made.replace("$1 = 0x40201234", "$1 = 0x40201238"))
        self.fails(":42 (gdb) print/x 0x40201230 + 4: the output is another")
        self.assertNotIn("FAIL", self.check(cc="toy-gcc 2.0"))
        self.write("handouts/lab1-uart.md", made.replace("$1 = 0x40201234", "$1 = 0x9000000"))
        self.fails(":42 (gdb) print/x", cc="toy-gcc 2.0")

    def test_a_command_that_fails(self):
        self.page(("$ ls kernel\n", "$ ls kernel nothing\n"))
        out = self.fails(":28 $ ls kernel nothing: it ends with status 2")
        self.assertIn("cannot access 'nothing'", out)
        self.page(("<!-- run: start -->", "<!-- run: start fails -->"), ("uart.c\n...\n```", "uart.c\n...\n```"))
        self.assertNotIn("FAIL", self.check())
        self.page(("$ ls kernel nothing\n", "$ ls kernel\n"))
        self.fails(":28 $ ls kernel: it ends with status 0, and should fail")

    def test_a_command_that_does_not_end(self):
        self.page(("$ ls kernel\n", "$ echo $$ >build/pid; exec sleep 1000\n"))
        with mock.patch.object(sessions, "LIMIT", 3):
            self.fails("sleep 1000: it takes more than 3 s")
        self.assert_gone(self.scratch / "handouts/lab1-start/build/pid")

    def test_a_gdb_session_that_hangs(self):
        self.page(("(gdb) twice\n", "(gdb) shell mkdir -p build; echo $$ >build/pid; exec sleep 1000\n"))
        with mock.patch.object(sessions, "GDB_LIMIT", 3):
            out = self.check()
        self.assertIn("exec sleep 1000: after 3 s gdb's prompt does not come back; is a breakpoint met?\n", out)
        self.assertIn("FAIL lab1-uart.md:49 (gdb) nonsense: not run\n", out)
        self.assertTrue(out.endswith("14 passed, 2 failed\n"), out)
        self.assert_gone(self.scratch / "handouts/lab1-solved/build/pid")

    def test_a_gdb_that_ends(self):
        self.page(("(gdb) twice\n", "(gdb) quit\n"))
        self.assertRegex(self.check(), r"FAIL .*\(gdb\) quit: gdb has ended: nothing\n")

    def test_a_qemu_that_does_not_start(self):
        self.replace("Makefile", "echo halted; exec sleep 1000", "echo no such machine; false")
        self.replace("Makefile", "-ex 'set confirm off'", "-ex 'target remote 127.0.0.1:1'")
        self.replace("Makefile", "-nx -q", "-nx -q -ex 'set tcp auto-retry off'")
        out = self.check()
        self.assertRegex(out, r"FAIL .*print/x.*: `make gdb` reaches no QEMU: .*Connection refused.*; `make qemu-gdb GDB_PORT=\d+` says: no such machine\n")

    def assert_gone(self, pid):
        """The process whose number is in this file has ended, though perhaps nobody has asked for its status."""
        with contextlib.suppress(FileNotFoundError):
            self.assertEqual(Path(f"/proc/{pid.read_text().strip()}/stat").read_text().rpartition(") ")[2][0], "Z")

    def test_a_state_that_does_not_build(self):
        self.replace("Makefile", "\t@echo building", "\t@grep -q '^LAB_STAGE' lab.mk && ! grep -q mmio_write32 kernel/uart.c\n\t@echo building")
        out = self.check()
        self.assertRegex(out, r"FAIL lab1-solved builds, for lab1-uart.md:35, .*: `make` fails   log: .*lab1-solved.log")

    def test_states_are_what_they_say_and_commands_leave_nothing(self):
        probe = '```console\n$ grep -c todo kernel/uart.c\n{}\n$ git status --short; git branch --show-current\n{}\n' \
            '$ git checkout -q -b other; git rm -q -f kernel/uart.h; echo >new; echo x >>kernel/uart.c; git commit -q -a -m other\n```\n'
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
        self.fails(":24 $ make qemu")

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

    # Form

    def test_form(self):
        for old, new, parts in (
                ("run: start -->", "run: begin -->", (":22 form: unknown state `begin`",)),
                ("run: start -->", "run: start + nothing -->", (":22 form: lab 1 has no hole nothing; there are: uart_putc",)),
                ("run: start -->", "run: solved + uart_putc -->", (":22 form: `+` stands between `start` and",)),
                ("run: start -->", "run: start lab=2 -->", (":22 form: unknown state `lab`",)),
                ("run: start -->", "run: start vars=\"A=1 -->", (":22 form: cannot read `vars=\"A=1`",)),
                ("run: start -->", "run: start vars=\"A=1\" -->", (":22 form: unknown state `vars`",)),
                ("\\x20", "\\z", ("unknown escape \\z",)),
                ("run: start -->\n", "run: start -->\n\n", (":22 form: the comment `run:` stands above no",)),
                ("```gdb\n", "```python\n", (":41 form: a block is ```console or", "not ```python")),
                ("```gdb\n", "```\n", ("form: a block is ```console or",)),
                ("```gdb\n(gdb) print/x", "```gdb\nprint/x", (":42 form: the block must begin with a command: `(gdb) ...`",)),
                ("## Challenges\n", "## Challenges\n\n```console\n```\n", ("form: the block has no command",)),
                ("lab1-uart\n```\n", "lab1-uart\n", (":68 form: this block has no end",)),
                ("## Challenges\n", "## Challenges\n\n  ```text\n  ```\n", ("form: begin the block at the begin of the line",)),
                ("## Challenges\n", "## Challenges\n\n    make qemu\n", ("form: an indented code block",)),
                ("    a line", "      a line", (":11 form: an indented code block",)),
                ("## Challenges\n", "## Challenge\n", ("`## Challenge`: a lab's page has only these",)),
                ("# Lab 1: UART", "# The UART", (":1 form: the first heading is `# Lab 1: title`",)),
                ("### Step 1: c", "### Step 2: c", ("`### Step 2: characters`: this is `### Step 1: title`",)),
                ("## Challenges\n", "## Challenges\n\n#### Deep\n", ("`#### Deep` stands below a heading of level 2",))):
            with self.subTest(new):
                self.write("handouts/lab1-uart.md", PAGE)
                self.page((old, new))
                out = io.StringIO()
                with contextlib.redirect_stdout(out), mock.patch.object(handouts.Handouts, "run_states"):
                    one = handouts.Handouts(split.Source(self.root), self.scratch / "handouts", False, CC)
                    one.run(one.chosen(["lab1-uart"]), 1)
                failed = "\n".join(re.findall(r"(?m)^FAIL lab1-uart.md.* form: .*", out.getvalue()))
                for part in parts:
                    self.assertIn(part, failed)

    def test_sections_in_order(self):
        self.page(("## Questions\n\n## Challenges\n", "## Challenges\n\n## Questions\n"))
        out = self.check_form()
        self.assertIn("`## Questions` is missing before `## Challenges`", out)
        self.assertIn("`## Questions` comes too late or twice", out)

    def check_form(self, name="lab1-uart"):
        with mock.patch.object(handouts.Handouts, "run_states"):
            return self.check(name)

    def test_a_page_of_no_lab(self):
        self.write("handouts/tools.md", "# Tools\n\n## Any title\n\n```console\n$ true\n```\n")
        self.assertIn("FAIL tools.md:5 form: this page is of no lab: say lab=N", self.check_form("tools"))
        self.page(("```console", "<!-- run: start lab=9 -->\n```console"), name="handouts/tools.md")
        self.assertIn("FAIL tools.md:5 form: there is no lab 9", self.check_form("tools"))
        self.page(("lab=9", "lab=2"), ("true", "grep STAGE lab.mk\nLAB_STAGE := 2"), name="handouts/tools.md")
        self.assertNotIn("FAIL", self.check("tools"))

    # Links and names

    def test_links(self):
        for target, parts in (
                ("../kernel/uart.h", ()), ("../kernel", ()), ("../kernel/", ()), ("lab1-uart.md#step-1-characters", ()),
                ("http://127.0.0.1:80/x", ()), ("../kernel/uart.c#L2-L4", ()), ("<../kernel/uart.h>", ()), ("../setup.sh", ()),
                ("../kernel/usart.c", ("lab1-uart.md:5 links: link to ../kernel/usart.c: there is no such file",)),
                ("../kernel/map.c", ("it first appears in lab 2",)), ("lab2-mmu.md", ("it first appears in lab 2",)),
                ("../grading/tests/test_x.py", ("it is never published to students",)),
                ("#the-idee", ("handouts/lab1-uart.md has no heading #the-idee: ", "the-idea")),
                ("../kernel/uart.c#L9999", ("kernel/uart.c has only",)), ("../kernel/uart.c#top", ("has no anchors but #L1",)),
                ("../../x", ("it leads out of the tree",)), ("/etc/passwd", ("give the path from this page",)),
                ("https://example", ("not an address on the web",)), ("mailto:a@example.org", ("not an address on the web",)),
                ("", ("it is empty",))):
            with self.subTest(target):
                self.write("handouts/lab1-uart.md", PAGE.replace("(#the-idea)", f"({target})"))
                if parts:
                    self.says(*parts)
                else:
                    self.assertNotIn("FAIL", self.check_form())

    def test_links_in_other_forms(self):
        for text in ('![a drawing](drawings/none.svg)', '[![a](drawings/none.svg)](#the-idea)', '[a]: drawings/none.svg',
                     '<img src="drawings/none.svg">', '[a](drawings/none.svg "title")', '[two\nlines](drawings/none.svg)'):
            with self.subTest(text):
                self.write("handouts/lab1-uart.md", PAGE.replace("## Questions\n", f"## Questions\n\n{text}\n"))
                self.says("links: link to drawings/none.svg: there is no such file")
        self.write("handouts/lab1-uart.md", PAGE.replace("## Questions\n", "## Questions\n\nWrite `[a](b)` so.\n"))
        self.assertNotIn("FAIL", self.check_form())

    def test_anchors(self):
        self.assertEqual(pagecheck.anchors("# A `b_c`, d!\n\n## Same\n\n```text\n## Not this\n```\n## Same\n"), {"a-b_c-d", "same", "same-1"})

    def test_holes(self):
        named = "*`uart_putc` in\n`kernel/uart.c`.*"
        for new, part in (
                ("It is.", "hole uart_putc is not named: write *`uart_putc` in `kernel/uart.c`.* in its step"),
                (named + "\n*`uart_getc` in `kernel/uart.c`.*", "lab 1 has no hole uart_getc; there are: uart_putc"),
                (named + "\n" + named, "hole uart_putc is named already in line 19"),
                ("*`uart_putc` in `kernel/uart.h`.*", "hole uart_putc is in kernel/uart.c, not in kernel/uart.h"),
                ("*`map_everything` and `uart_putc` in `kernel/uart.c`.*", "lab 1 has no hole map_everything")):
            with self.subTest(new):
                self.write("handouts/lab1-uart.md", PAGE.replace(named, new))
                self.says("holes: " + part)
        self.write("handouts/lab1-uart.md", PAGE.replace(named, "It is.").replace("## Questions\n", f"## Questions\n\n{named}\n"))
        self.says("holes: name hole uart_putc in a step")

    def test_tests_and_steps_and_files(self):
        for old, new, part in (
                ("| `puts` | 60 |", "| `puts` | 50 |", "lab1-uart.md:58 tests: test puts has 60 points, not 50"),
                ("| `puts` | 60 | it prints |\n", "", "tests: test puts is not in the table"),
                ("| `puts` | 60 |", "| `boots` | 40 | again |\n| `puts` | 60 |", "test boots stands already in line 57"),
                ("| `puts` | 60 |", "| `other` | 1 | |\n| `puts` | 60 |", "lab 1 has no test other"),
                ("`kernel/uart.c`.\n\n## The idea", "`kernel/usart.c:12`.\n\n## The idea",
                 "lab1-uart.md:5 files: `kernel/usart.c`: there is no such file"),
                ("`kernel/uart.c`.\n\n## The idea", "`kernel/map.c`.\n\n## The idea", "`kernel/map.c`: it first appears in lab 2")):
            with self.subTest(new):
                self.write("handouts/lab1-uart.md", PAGE)
                self.page((old, new))
                self.says(part)
        self.write("handouts/lab1-uart.md", PAGE)
        self.replace("grading/lab1/puts.test", "step 1", "steps 1 to 3")
        self.says("steps: grading/lab1/puts.test sends to step 3 of lab1-uart.md, which has 1 steps")

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
        for args, status, end in ((["lab1"], 0, "\n16 passed, 0 failed\n"), (["handouts/lab1-uart.md"], 0, "\n16 passed, 0 failed\n"),
                                  (["lab"], 1, "handouts: there is no page lab; there are: lab1-uart.md, lab2-mmu.md, lab3-process.md\n")):
            with self.program(*args) as run:
                out = run.communicate()[0]
                self.assertEqual((run.returncode, out[-len(end):]), (status, end), out)
        self.page(("silent\n", "loud\n"))
        with self.program("lab1-uart") as run:
            self.assertTrue(run.communicate()[0].endswith("15 passed, 1 failed\n"))
            self.assertEqual(run.returncode, 1)

    def test_two_at_a_time_and_an_interrupt(self):
        self.page(("$ ls kernel\n", "$ echo $$ >build/pid; exec sleep 1000\n"), ("\n$ make qemu\nb", "\n$ mkdir -p build; make qemu\nb"))
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


class Transcripts(unittest.TestCase):

    def test_fits(self):
        same = transcript.Comparison()
        for shown, actual, fits in (
                ("a b", "a b", True), ("a", "a b", False), ("a b", "a", False), ("...", "", True), ("... b", "a b", True),
                ("a ...", "a b c", True), ("a ... a", "a", False), ("a ... a", "a a", True), ("a ... c ... e", "a b c d e", True),
                ("a ... d ... b ... e", "a b c d e", False), ("... b c ...", "b x b c", True), ("... b", "b a", False)):
            with self.subTest((shown, actual)):
                self.assertEqual(same.fits(shown.split(), actual.split()), fits)

    def test_what_varies(self):
        same, moved = transcript.Comparison(), transcript.Comparison(moved=True)
        for one, other, equal in (
                ("done in 1.2 s", "done in 13.0 s", True), ("13 ticks", "14 ticks", False), ("a  ", "a", True), ("  a", "a", False),
                ("[lab1-uart cdc65a1] Lab 1", "[lab1-uart 0123456] Lab 1", True), ("Makefile:243: x", "Makefile:1: x", True),
                ("cdc65a1", "0123456", False)):
            self.assertEqual(same.key(one) == same.key(other), equal, one)
        for one, other, equal in (
                ("at 0x40201234 <main+4>", "at 0x40205678 <main+0x14>", True), ("pc 0000000040201234", "pc 0000000040205678", True),
                ("at 0x40201234 <main+4>", "at 0x40205678 <mean+4>", False), ("0x9000000", "0x9000004", False),
                ("0x203c5c", "0x203c60", True), ("0x40201234", "0x80201234", False)):
            self.assertEqual(moved.key(one) == moved.key(other), equal, one)
            self.assertFalse(same.key(one) == same.key(other), one)

    def test_rewritten_keeps_the_choice(self):
        same = transcript.Comparison()
        for shown, actual, new in (
                ("?", "a b", "a b"), ("alpha1 ... omega1", "alpha2 x y omega2", "alpha2 ... omega2"),
                ("alpha1 omega1", "alpha1 x omega1", "alpha1 x omega1"), ("alpha1 ... gone... omega1", "alpha1 x omega1", "alpha1 ... omega1"),
                ("... omega1", "x omega2 y", "... omega2 y"), ("alpha1 ...", "alpha2", "alpha2 ..."), ("alpha1", "", "")):
            with self.subTest(shown):
                result = same.rewritten(shown.split(), actual.split())
                self.assertEqual(result, new.split())
                self.assertTrue(same.fits(result, actual.split()))

    def test_clean(self):
        self.assertEqual(transcript.clean("\r\n\na \r\n\tb\x1b[0m\x04\n\n"), ["a", "\tb\\x1b[0m\\x04"])


if __name__ == "__main__":
    unittest.main()
