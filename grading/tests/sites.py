#!/usr/bin/env python3
"""`make docs-check` in the instructor's tree: each lab's site is made as a student makes it, in a starter's tree.

It must have its own handouts and code, no word of a warning, no dead link, no file or handout of a later lab and no line of an
open hole's answer. Then headers and handouts are spoilt, to see that `make docs` says so. Needs Doxygen; graphs are left out.
"""
import html
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "labs"), str(ROOT / "handouts" / "site")]

import look                             # noqa: E402
import split                            # noqa: E402

DISTINCTIVE = 25                        # a shorter line of an answer may be in a starter by chance


def make(tree, lab):
    """Make the site of a tree; return the exit status and its complaints."""
    done = subprocess.run([sys.executable, "handouts/site/docs.py", "--lab", str(lab), "--solved", str(lab), "--no-graphs"],
                          cwd=tree, capture_output=True, text=True)
    return done.returncode, done.stderr.splitlines()


def words(page):
    """What a reader sees of a page, each run of blanks one blank."""
    text = re.sub(r'<(?:span class="lineno"|a id="l\d+").*?</(?:span|a)>', "", page.read_text("utf-8"))
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


class Sites(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.source = split.Source()
        (ROOT / "build").mkdir(exist_ok=True)
        cls.folder = Path(tempfile.mkdtemp(prefix="sites-", dir=ROOT / "build"))

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def tree(self, name, lab, solved=0):
        split.split(self.source, self.folder / name, lab, solved)
        return self.folder / name

    def site(self, lab):
        tree = self.tree("lab%d" % lab, lab)
        self.assertEqual(make(tree, lab), (0, []))
        pages = tree / "build/docs/html"
        self.assertEqual(look.check_links(pages)[1], [])
        names = {path.name for path in pages.iterdir()}
        text = "\n".join(words(page) for page in sorted(pages.glob("*.html")))
        for other in self.source.labs:
            self.assertEqual("%s.html" % other.branch in names, other.number <= lab, other.branch)
        self.assertEqual("hypercalls.html" in names, lab >= 3)
        self.assertEqual([name for name in names if name.startswith("instructor")], [])
        later = [path for path, stage in self.source.stages.items() if stage > lab and path.startswith(("kernel/", "user/"))]
        self.assertEqual([path for path in later if Path(path).name.replace("_", "__").replace(".", "_8") + ".html" in names
                          and not any(Path(known).name == Path(path).name for known, stage in self.source.stages.items()
                                      if stage <= lab)], [])
        self.assertEqual(self.answers(text), [])
        for hole in self.source.holes:
            if hole.lab <= lab:
                self.assertRegex(text, r"\b%s\b.{0,1500}?Written in ?lab %d, step" % (hole.name, hole.lab))

    def answers(self, text):
        """Lines of holes' answers that a site shows, be it of a later lab, and that are nowhere else in the sources."""
        elsewhere = []
        for path in self.source.stages:
            if path.endswith(split.KINDS):
                lines = (ROOT / path).read_text("utf-8").split("\n")
                for hole in sorted((hole for hole in self.source.holes if hole.path == path), key=lambda hole: -hole.line):
                    lines[hole.line - 1:hole.end] = hole.open
                elsewhere += lines
        elsewhere = " ".join(" ".join(elsewhere).split())
        lines = [(hole.name, " ".join(line.split())) for hole in self.source.holes for line in hole.solved]
        return [(name, line) for name, line in lines if len(line) >= DISTINCTIVE and line in text and line not in elsewhere]


    def test_an_answer_would_be_seen(self):
        tree = self.tree("solved", 2, solved=1)
        make(tree, 2)
        text = "\n".join(words(page) for page in sorted((tree / "build/docs/html").glob("*.html")))
        short = {"relocate", "fdt_cells"}                       # whose lines are too short to count
        self.assertEqual({name for name, _ in self.answers(text)} - short,
                         {hole.name for hole in self.source.holes if hole.lab == 1} - short)


for number in range(1, len(split.labs()) + 1):
    setattr(Sites, "test_lab_%d" % number, lambda self, lab=number: self.site(lab))


class Spoilt(Sites):
    """What `make docs` must complain of, in lab 2's tree."""

    def complaints(self, path, old, new):
        tree = self.folder / "spoilt"
        if not tree.exists():
            self.tree("spoilt", 2)
        text = (tree / path).read_text("utf-8")
        self.assertIn(old, text)
        (tree / path).write_text(text.replace(old, new, 1), "utf-8")
        try:
            return "\n".join(make(tree, 2)[1])
        finally:
            (tree / path).write_text(text, "utf-8")

    def test_a_function_without_a_description(self):
        self.assertIn("map_root has no description", self.complaints(
            "kernel/include/hv8/map.h", "/** The root (level 0) table, for TTBR0_EL2. */\n", ""))

    def test_a_parameter_without_one(self):
        self.assertIn("map_leaf does not describe its parameter kind", self.complaints(
            "kernel/include/hv8/map.h", " * @param kind ", " * The "))

    def test_a_parameter_that_is_none(self):
        self.assertIn("warning: argument 'sort' of command @param is not found", self.complaints(
            "kernel/include/hv8/map.h", " * @param kind ", " * @param sort "))

    def test_a_field_without_one(self):
        self.assertIn("MAP_RODATA has no description", self.complaints(
            "kernel/include/hv8/map.h", "MAP_RODATA, /* read */", "MAP_RODATA,"))

    def test_a_hole_that_nothing_leads_to(self):
        self.assertIn("next_tables has no comment above it that could lead to lab 2, step 2", self.complaints(
            "handouts/lab2-mmu.md", "*`next_table`", "*`next_tables`"))

    def test_a_drawing_that_is_not_there(self):
        self.assertIn("handouts/drawings/gone.svg: there is no such drawing", self.complaints(
            "handouts/lab2-mmu.md", "## Going on", "![gone](drawings/gone.svg)\n\n## Going on"))


for name in [name for name in dir(Sites) if name.startswith("test_")]:
    setattr(Spoilt, name, None)


class Looked(unittest.TestCase):
    """What Chromium must complain of: a page each."""

    def test_each_defect_is_named(self):
        spoilt = {"throws": ("<script>throw new Error('no way')</script>", "Error: no way"),
                  "says": ("<script>console.error('so it', 'says')</script>", "so it says"),
                  "lacks": ("<img src='gone.png'>", "Failed to load resource: net::ERR_FILE_NOT_FOUND"),
                  "asks": ("<script src='http://127.0.0.1:9/a.js'></script>", "it asks the network for http://127.0.0.1:9/a.js"),
                  "wide": ("<div style='width: 900px'>x</div>", "is wider than a phone")}
        with tempfile.TemporaryDirectory() as folder:
            pages = Path(folder).resolve() / "html"
            pages.mkdir()
            head = "<!DOCTYPE html><meta name=viewport content='width=device-width, initial-scale=1'>"
            (pages / "index.html").write_text(head + "<p>good</p>")
            for name, (text, _) in spoilt.items():
                (pages / (name + ".html")).write_text(head + text)
            count, wrong = look.check_browser(pages, Path(folder) / "shots")
            self.assertEqual(len(list((Path(folder) / "shots").glob("index-*.png"))), 4)
        self.assertEqual(count, 6)
        for name, (_, complaint) in spoilt.items():
            self.assertTrue(any(line.startswith("%s.html: %s" % (name, complaint)) for line in wrong), (name, wrong))
        self.assertEqual([line for line in wrong if line.startswith("index")], [])


if __name__ == "__main__":
    unittest.main()
