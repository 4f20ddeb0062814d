#!/usr/bin/env python3
"""Tests of what labs/handouts.py reads: a page's form, links and names, and how outputs are compared."""
import re
import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from toy_handouts import PAGE, ToyHandouts      # noqa: E402 (it also makes labs/ importable)
import pagecheck                    # noqa: E402
import transcript                   # noqa: E402


class Pages(ToyHandouts):

    # Form

    def test_form(self):
        for old, new, parts in (
                ("run: start -->", "run: begin -->", (":24 form: unknown state `begin`",)),
                ("run: start -->", "run: start + nothing -->", (":24 form: lab 1 has no hole nothing; there are: uart_putc",)),
                ("run: start -->", "run: solved + uart_putc -->", (":24 form: unknown state `+`",)),
                ("run: start -->", "run: start + fails -->", (":24 form: names of holes follow `+`",)),
                ("run: start -->", "run: start solved -->", (":24 form: unknown state `solved`",)),
                ("run: start -->", "run: start lab=2 -->", (":24 form: unknown state `lab`",)),
                ("run: start -->", "run: start vars=\"A=1 -->", (":24 form: cannot read `vars=\"A=1`",)),
                ("run: start -->", "run: start vars=\"A=1\" -->", (":24 form: unknown state `vars`",)),
                ("\\x20", "\\z", ("unknown escape \\z",)),
                ("run: start -->\n", "run: start -->\n\n", (":24 form: the comment `run:` stands above no",)),
                ("```gdb\n", "```python\n", (":45 form: a block is ```console or", "not ```python")),
                ("```gdb\n", "```\n", ("form: a block is ```console or",)),
                ("```gdb\n(gdb) print/x", "```gdb\nprint/x", (":46 form: the block must begin with a command: `(gdb) ...`",)),
                ("## Challenges\n", "## Challenges\n\n```console\n```\n", ("form: the block has no command",)),
                ("lab1-uart\n```\n", "lab1-uart\n", (":72 form: this block has no end",)),
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
                failed = "\n".join(re.findall(r"(?m)^FAIL lab1-uart.md.* form: .*", self.check_form()))
                for part in parts:
                    self.assertIn(part, failed)

    def test_sections_in_order(self):
        self.page(("## Questions\n\n## Challenges\n", "## Challenges\n\n## Questions\n"))
        out = self.check_form()
        self.assertIn("`## Questions` is missing before `## Challenges`", out)
        self.assertIn("`## Questions` comes too late or twice", out)

    def test_a_page_of_no_lab(self):
        self.write("handouts/tools.md",
                   "# Tools\n\nSee `kernel/map.c` and `Makefile:3`.\n\n## Any title\n\n```console\n$ true\n```\n")
        self.assertIn("FAIL tools.md:7 form: this page is of no lab: say lab=N", self.check_form("tools"))
        self.page(("```console", "<!-- run: start lab=9 -->\n```console"), name="handouts/tools.md")
        self.assertIn("FAIL tools.md:7 form: there is no lab 9", self.check_form("tools"))
        self.page(("start lab=9", "lab=2 start + map_everything"), ("true", "grep STAGE lab.mk\nLAB_STAGE := 2"),
                  name="handouts/tools.md")
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
        self.assertEqual(pagecheck.anchors("# A `b_c`, d!\n\n## Same\n\n```text\n## Not this\n```\n## Same\n"),
                         {"a-b_c-d", "same", "same-1"})

    def test_holes(self):
        named = "*`uart_putc` in\n`kernel/uart.c`.*"
        for new, part in (
                ("It is.", "hole uart_putc is not named: write *`uart_putc` in `kernel/uart.c`.* in its step"),
                (named + "\n*`uart_getc` in `kernel/uart.c`.*", "lab 1 has no hole uart_getc; there are: uart_putc"),
                (named + "\n" + named, "hole uart_putc is named already in line 21"),
                ("*`uart_putc` in `kernel/uart.h`.*", "hole uart_putc is in kernel/uart.c, not in kernel/uart.h"),
                ("*`map_everything` and `uart_putc` in `kernel/uart.c`.*", "lab 1 has no hole map_everything")):
            with self.subTest(new):
                self.write("handouts/lab1-uart.md", PAGE.replace(named, new))
                self.says("holes: " + part)
        self.write("handouts/lab1-uart.md", PAGE.replace(named, "It is.").replace("## Questions\n", f"## Questions\n\n{named}\n"))
        self.says("holes: name hole uart_putc in a step")

    def test_tests_and_steps_and_files(self):
        for old, new, part in (
                ("| `puts` | 60 |", "| `puts` | 50 |", "lab1-uart.md:62 tests: test puts has 60 points, not 50"),
                ("| `puts` | 60 | it prints |\n", "", "tests: test puts is not in the table"),
                ("| `puts` | 60 |", "| `boots` | 40 | again |\n| `puts` | 60 |", "test boots stands already in line 61"),
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

    def test_answers(self):
        for line in ("The answer: while (mmio_read32(UART_FR) & UART_FR_TXFF)",
                     "4\t  pte_store(&table[index],  entry | PTE_VALID);"):
            with self.subTest(line):
                self.write("handouts/lab1-uart.md", PAGE.replace("## Questions\n", f"## Questions\n\n{line}\n"))
                self.says("answers: shows a line of the answer to ")
        self.write("handouts/instructor/lab1.md", "# Answers\n\npte_store(&table[index], entry | PTE_VALID);\n")
        self.replace("labs/exclude", "labs/\n", "labs/\nhandouts/instructor/\n")
        self.assertNotIn("FAIL", self.check_form("instructor/lab1"))
        self.write("handouts/tools.md", "# Tools\n\npte_store(&table[index], entry | PTE_VALID);\n")
        self.assertIn("answers: shows a line of the answer to map_everything: `pte_store(", self.check_form("tools"))
        self.write("handouts/lab3-process.md", "pte_store(&table[index], entry | PTE_VALID);\n")
        self.assertNotIn("answers:", self.check_form("lab3-process"))


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
                ("cdc65a1", "0123456", False), ("\trng-seed = <0x1 0x2>;", "\trng-seed = <0x3 0x4>;", True),
                ("reg = <0x1 0x2>;", "reg = <0x3 0x4>;", False)):
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
                ("alpha1 omega1", "alpha1 x omega1", "alpha1 x omega1"),
                ("alpha1 ... gone... omega1", "alpha1 x omega1", "alpha1 ... omega1"),
                ("... omega1", "x omega2 y", "... omega2 y"), ("alpha1 ...", "alpha2", "alpha2 ..."), ("alpha1", "", "")):
            with self.subTest(shown):
                result = same.rewritten(shown.split(), actual.split())
                self.assertEqual(result, new.split())
                self.assertTrue(same.fits(result, actual.split()))

    def test_clean(self):
        self.assertEqual(transcript.clean("\r\n\na \r\n\tb\x1b[0m\x04\n\n"), ["a", "\tb\\x1b[0m\\x04"])


if __name__ == "__main__":
    unittest.main()
