#!/usr/bin/env python3
"""Tests of the site's parts: handouts to pages, sources to what Doxygen reads, the checker of links. No Doxygen is needed;
grading/tests/sites.py makes real sites."""
import os
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "handouts" / "site"))

import handout                  # noqa: E402
import look                     # noqa: E402
import source                   # noqa: E402

HANDOUT = """# Lab 2: maps

<!-- run: start
fails -->
```c
map_leaf(`x`) @p <b> #if
```

## Step 1: the `leaf`

*`map_leaf` and
`next_table` in `kernel/mm/map.c`.* Uses `map.h`, see [the walk](#the-walk), [lab 1](lab1-uart.md#goal) or
[nothing](nowhere.md). `used` is not `map_leaf` at 100%x @home #tag <tag>.

    indented `map_leaf`

## The walk

| test | shows |
|---|---|
| `boot` | `boot` |

### Deep

![A `leaf`](drawings/leaf.svg)
"""


class Site:
    """What names lead to."""
    page_names = {"handouts/lab1-uart.md": "lab1-uart", "handouts/lab2-mmu.md": "lab2-mmu"}
    names = {"map_leaf": "map_8c.html#a1", "next_table": "map_8c.html#a2", "map.h": "map_8h.html",
             "kernel/mm/map.c": "map_8c.html", "boot": "start_8S.html#a3"}
    asked = []

    def name_url(self, text, place):
        self.asked.append((text, place))
        return self.names.get(text)

    def file_url(self, path):
        return self.names.get(path)


class Pages(unittest.TestCase):

    def setUp(self):
        Site.asked = []
        self.page = handout.Page(Site(), "lab2-mmu", "handouts/lab2-mmu.md", HANDOUT)
        self.text = self.page.convert()

    def test_names_become_links(self):
        self.assertIn('<em><a class="el" href="map_8c.html#a1">``map_leaf``</a> and\n', self.text)
        self.assertIn('in <a class="el" href="map_8c.html">``kernel/mm/map.c``</a>.</em>', self.text)
        self.assertIn(("map_leaf", "kernel/mm/map.c"), Site.asked)
        self.assertIn(("next_table", "kernel/mm/map.c"), Site.asked)
        self.assertIn("``used`` is not", self.text)

    def test_blocks_stay_as_they_are(self):
        self.assertIn("```{.c}\nmap_leaf(`x`) @p <b> #if\n```", self.text)
        self.assertIn("    indented `map_leaf`\n", self.text)

    def test_states_of_blocks_are_not_shown(self):
        self.assertNotIn("run: start", self.text)
        self.assertNotIn("fails", self.text)

    def test_links(self):
        self.assertIn('<a href="#lab2-mmu-the-walk">the walk</a>', self.text)
        self.assertIn('<a href="lab1-uart.html#lab1-uart-goal">lab 1</a>', self.text)
        self.assertIn("nothing. ``used``", self.text)

    def test_prose_is_no_command(self):
        self.assertIn(r"at 100\%x \@home \#tag &lt;tag>.", self.text)

    def test_headings_have_anchors_of_their_own(self):
        self.assertIn("# Lab 2: maps {#lab2-mmu}", self.text)
        self.assertIn("## Step 1: the leaf {#lab2-mmu-step-1-the-leaf}", self.text)

    def test_no_level_of_headings_is_left_out(self):
        text = handout.Page(Site(), "words", "handouts/words.md", "# Words\n### A\n### B\n").convert()
        self.assertIn("\n## A {#words-a}", text)
        self.assertIn("\n## B {#words-b}", text)

    def test_a_tests_name_in_a_table_is_no_function(self):
        self.assertIn('| ``boot`` | <a class="el" href="start_8S.html#a3">``boot``</a> |', self.text)

    def test_drawings(self):
        self.assertIn('<img src="leaf.svg" alt="A leaf"/>', self.text)
        self.assertEqual(self.page.images, ["handouts/drawings/leaf.svg"])

    def test_holes(self):
        self.assertEqual(list(handout.holes("lab2-mmu", HANDOUT)),
                         [("kernel/mm/map.c", name, "lab2-mmu-step-1-the-leaf", "lab 2, step 1")
                          for name in ("next_table", "map_leaf")])

    def test_every_real_hole_is_named_by_its_handout(self):
        sys.path.insert(0, str(ROOT / "labs"))
        import split
        found = {name for path in (ROOT / "handouts").glob("lab*.md")
                 for _, name, _, _ in handout.holes(path.stem, path.read_text("utf-8"))}
        self.assertEqual(set(), {hole.name for hole in split.Source().holes} - found)


HEADER = """/* What it is. See #define. */
#pragma once

/* Bits of A_EL1 */
#define A_ONE 1 /* the first */
#define A_TWO 2
#define A_BOTH(x) \\
	(x)

struct range {
	u64 start, end; /* both */
};

/** The leaf at @p pa. */
u64 map_leaf(u64 pa);

/* Set. */
extern int count; /* of them */
"""
ROUTINES = """/*
 * Routines.
 */
	.text
/*
 * u64 add(u64 a x0, u64 b x1): their sum.
 */
FUNC(add)
	add	x0, x0, x1	/* the sum */
	ret
END(add)

/* No prototype. */
FUNC(entry)
	b	add
END(entry)
"""
CALLS = """/*
 * The calls.
 */
#ifndef HYPERCALL_SAVED
#define HYPERCALL_SAVED HYPERCALL
#endif

/** Send. */
HYPERCALL(0, send, 2, u64, to,
          u64, word)

#if LAB >= 4
/** Nothing. */
HYPERCALL_SAVED(1, none, 0)
#endif
"""


class Sources(unittest.TestCase):

    def made(self, path, text, holes=None):
        made = source.prepare({path: text}, {path: "group"}, holes or {})[path]
        self.assertEqual(text.count("\n"), made.count("\n"), "lines keep their numbers")
        return made.split("\n")

    def test_declarations(self):
        lines = self.made("kernel/include/a.h", HEADER)
        self.assertEqual(lines[0], r"/** @here What it is. See \#define. @inside{group} */")
        self.assertEqual(lines[3:6], ["/** @name Bits of A_EL1 */ /** @{ */", "#define A_ONE 1 /**< the first */",
                                      "#define A_TWO 2 /**< Bits of A_EL1 */"])
        self.assertEqual(lines[8], "/** @} */ /** @macro{A_BOTH} Bits of A_EL1 */")
        self.assertEqual(lines[10], "\tu64 start; /**< both */\tu64 end; /**< both */")
        self.assertEqual(lines[16:18], ["/** Set. */", "extern int count; /**< of them */"])

    def test_inside_functions_comments_stay(self):
        text = "/* A. */\n\n/* Does. */\nstatic int f(void)\n{\n\tint a; /* b */\n}\nint g; /* c */\n"
        self.assertEqual(self.made("kernel/mm/a.c", text)[2:8],
                         ["/** Does. */", "static int f(void)", "{", "\tint a; /* b */", "}", "int g; /**< c */"])

    def test_a_hole_leads_to_its_step(self):
        holes = {("kernel/mm/map.c", "map_leaf"): [("lab2.html#step", "lab 2, step 1")]}
        self.assertIn(r"/** The leaf at @p pa.  @writtenin{lab2.html#step,lab 2\, step 1} */",
                      self.made("kernel/include/a.h", HEADER, holes))

    def test_routines(self):
        lines = self.made("kernel/mm/add.S", ROUTINES)
        self.assertEqual(lines[7:11], ["u64 add(u64 a, u64 b) {", "", "", "}"])
        self.assertEqual(lines[4], "/**")
        self.assertEqual(lines[12:14], ["/** No prototype. */", "void entry(void) {"])

    def test_hypercalls(self):
        lines = self.made("kernel/include/uapi/hypercall.def", CALLS)
        self.assertEqual(lines[3:6], ["", "", ""])
        self.assertEqual(lines[8:10], ["", "i64 hc_send(u64 to, u64 word);"])
        self.assertEqual(lines[11:15], ["#if LAB >= 4", "/** Nothing. */", "i64 hc_none(void);", "#endif"])


class Links(unittest.TestCase):

    GOOD = '<html><body><a id="top" href="#top">a</a><a href="b.html#here">b</a><img src="c.svg"></body></html>'

    def check(self, **files):
        with tempfile.TemporaryDirectory() as folder:
            folder = Path(folder).resolve()
            known = {"index.html": self.GOOD, "b.html": '<p id="here"><a href="https://example.org">x</a>', "c.svg": "<svg/>"}
            for name, text in dict(known, **{name.replace("_", "."): text for name, text in files.items()}).items():
                (folder / name).write_text(text)
            return look.check_links(folder)

    def test_all_is_well(self):
        self.assertEqual(self.check(), (2, []))

    def test_each_defect_is_named(self):
        for files, complaint in (
                ({"b_html": "<p>"}, "index.html: b.html has no place here"),
                ({"d_html": '<a href="gone.html">'}, "d.html: there is no gone.html"),
                ({"d_html": '<img src="gone.svg">'}, "d.html: there is no gone.svg"),
                ({"d_html": '<script src="https://example.org/a.js"></script>'},
                 "d.html: loads https://example.org/a.js from the network"),
                ({"d_css": "@import 'http://example.org/a.css';"}, "d.css: loads http://example.org/a.css from the network"),
                ({"d_css": "a { background: url(gone.png) }"}, "d.css: there is no gone.png"),
                ({"d_js": 'var NAVTREE = [ [ "x", "gone.html", null ] ]'}, "d.js: there is no gone.html"),
                ({"c_svg": '<svg><a xlink:href="b.html#gone"/></svg>'}, "c.svg: b.html has no place gone")):
            self.assertEqual(self.check(**files)[1], [complaint])


class Program(unittest.TestCase):

    def test_without_the_tools(self):
        done = subprocess.run([sys.executable, str(ROOT / "handouts/site/docs.py"), "--lab", "1", "--solved", "1"],
                              env=dict(os.environ, PATH="/nonexistent", THEME="/nonexistent"), capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stdout, done.stderr),
                         (1, "", "docs: make docs needs doxygen and dot and doxygen-awesome-css: run `make setup-docs`\n"))


if __name__ == "__main__":
    unittest.main()
