#!/usr/bin/env python3
"""The site, build/docs/html/: `make docs`. The handouts as pages, the code's documentation and source, and links between them.

Doxygen runs twice. The first time, for a second, it says in XML what is documented where: then names in the handouts can
become links, and every public declaration (kernel/include, user/lib) must be described with each of its parameters. The
second time it writes the pages. It promises: no warning of Doxygen's, and nothing of a later lab, as files and handouts of this
stage are all that it reads. In the instructor's tree a warning is an error; in a student's it is shown.
"""
import argparse
import html
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path[:0] = [str(ROOT / "user"), str(Path(__file__).resolve().parent)]

import handout              # noqa: E402
import source               # noqa: E402
from names import Names     # noqa: E402

THEME = Path(os.environ.get("THEME", "/usr/share/doxygen-awesome-css"))
STYLES = ["doxygen-awesome.css", "doxygen-awesome-sidebar-only.css", "doxygen-awesome-sidebar-only-darkmode-toggle.css"]
SCRIPTS = ["doxygen-awesome-darkmode-toggle.js", "doxygen-awesome-fragment-copy-button.js"]
START = """<script>
DoxygenAwesomeDarkModeToggle.init();
DoxygenAwesomeFragmentCopyButton.init();
</script>
"""

# Pages in the order of the tree: file, name of the page, what it is for in a line.
PAGES = [("handouts/setup.md", "setup", "the tools, installed and tried"),
         ("handouts/tools.md", "tools", "make, QEMU, gdb and the grader, as you will use them"),
         ("handouts/el2.md", "el2", "exception levels, translation and interrupts, before lab 1"),
         ("handouts/lab*.md", None, None),
         ("handouts/glossary.md", "glossary", "every term and abbreviation"),
         ("kernel/include/uapi/hypercall.def", "hypercalls", "what a process may ask of the kernel"),
         ("grading/README.md", "grader", "how tests are written and what they compare"),
         ("handouts/instructor/README.md", "instructor", "for instructors")]

# Groups of the code: name, folder, parent, title, what is in it.
FOLDERS = [("kernel", "", "", "The kernel", "The EL2 kernel, one idea a file. Read kernel/boot/main.c first."),
           ("kernel_boot", "kernel/boot", "kernel", "boot", "Entry, relocation, device tree, boot order, firmware calls."),
           ("kernel_dev", "kernel/dev", "kernel", "dev", "The console: UART, printk, panic."),
           ("kernel_mm", "kernel/mm", "kernel", "mm", "Memory: EL2's own map, and the address spaces of processes."),
           ("kernel_irq", "kernel/irq", "kernel", "irq", "Interrupts: owners, controllers, virtual interrupts, timers."),
           ("kernel_trap", "kernel/trap", "kernel", "trap", "Exceptions: vectors, entry and exit, syndromes in words."),
           ("kernel_proc", "kernel/proc", "kernel", "proc", "Processes: who runs, context switch, program files."),
           ("kernel_include", "kernel/include", "kernel", "include", "The contracts: what each file promises to the others."),
           ("kernel_uapi", "kernel/include/uapi", "kernel", "uapi", "What kernel and programs agree on."),
           ("user", "", "", "User programs", "What runs at EL1 above the kernel."),
           ("user_lib", "user/lib", "user", "lib", "What a program is linked with."),
           ("user_init", "user/init", "user", "init", "The first program.")]


class Failure(Exception):
    """What to do about it, in a line or a few."""


class Site:
    """The input of one build: which pages and files there are, and where names lead."""

    def __init__(self, root, lab, later, out):
        self.root, self.lab, self.out = root, lab, out
        self.later = later
        self.texts = {path: (root / path).read_text("utf-8") for path in self.sources()}
        self.pages = list(self.find_pages())
        self.page_names = {path: name for path, name, _ in self.pages}
        self.holes = self.find_holes()
        self.names = None

    def exists(self, path):
        """Whether a file is of this stage; in the instructor's tree `later` lists what is not."""
        return not any(path == entry or entry.endswith("/") and path.startswith(entry) for entry in self.later)

    def sources(self):
        found = [file for folder in ("kernel", "user") for file in (self.root / folder).rglob("*")
                 if file.suffix in (".c", ".h", ".S", ".def") and not file.is_symlink()]
        paths = sorted(file.relative_to(self.root).as_posix() for file in found)
        return [path for path in paths if self.exists(path)]

    def find_pages(self):
        """(file, page, what it is for) in the tree's order."""
        for pattern, name, words in PAGES:
            for file in sorted(self.root.glob(pattern)):
                path = file.relative_to(self.root).as_posix()
                lab = re.match(r"handouts/lab(\d+)-", path)
                if self.exists(path) and not (lab and int(lab[1]) > self.lab):
                    yield path, name or file.stem, words
        if (self.root / "labs").is_dir():
            for file in sorted(self.root.glob("handouts/instructor/lab*.md")):
                if int(re.match(r"lab(\d+)", file.name)[1]) <= self.lab:
                    yield file.relative_to(self.root).as_posix(), "instructor-" + file.stem, None

    def find_holes(self):
        """(path, function) to [(url, words)]: the steps of the labs that ask for it."""
        found = {}
        for path, name, _ in self.pages:
            if re.match(r"handouts/lab\d", path):
                for file, hole, anchor, words in handout.holes(name, (self.root / path).read_text("utf-8")):
                    found.setdefault((self.whole(file), hole), []).append(("%s.html#%s" % (name, anchor), words))
        return found

    def whole(self, file):
        """The path of a source file that a handout calls by its path or its last part."""
        return next((path for path in self.texts if file and (path == file or path.endswith("/" + file))), file)

    def file_url(self, path):
        return self.names.files.get(path.rstrip("/"))

    def name_url(self, text, place):
        """Where code in a handout's text leads: a hypercall, a function (of file `place`), a file; None if nowhere."""
        name = re.fullmatch(r"(?:struct |enum )?(\w+)(?:\(\))?", text)
        if name:
            call = re.sub(r"^hv8_", "", name[1])
            if not place and call in self.names.hypercalls and (call != name[1] or not text.endswith("()")):
                return "hypercalls.html#hypercalls-" + call
            return self.names.symbol(name[1], self.whole(place))
        if re.fullmatch(r"[\w./-]+\.\w+|[\w-]+/[\w./-]*", text):
            return self.page_url(text) or self.file_url(self.whole(text))
        return None

    def page_url(self, text):
        """The page of a handout that is called by its file's name or path."""
        return next((name + ".html" for path, name, _ in self.pages if path == text or path == "handouts/" + text), None)

    # What Doxygen reads

    def groups(self):
        """Map each source file to the group of its folder."""
        def of(path):
            return max((folder for folder in FOLDERS if folder[1] and path.startswith(folder[1] + "/")),
                       key=lambda folder: len(folder[1]))[0]
        return {path: of(path) for path in self.texts}

    def write_sources(self):
        groups = self.groups()
        for path, text in source.prepare(self.texts, groups, self.holes).items():
            write(self.out / "source" / path, text)
        used = set(groups.values())
        used |= {parent for name, _, parent, _, _ in FOLDERS if name in used}
        write(self.out / "pages" / "folders.dox", "\n".join(
            "/** @defgroup %s %s\n%s * %s\n */\n" % (name, title, " * @ingroup %s\n *\n" % parent if parent else " *\n", words)
            for name, folder, parent, title, words in FOLDERS if name in used))

    def page_text(self, path, name):
        if name != "hypercalls":
            return (self.root / path).read_text("utf-8")
        import reference
        text = "\n".join(reference.page(str(self.root / path), self.lab))
        return re.sub(r"(?m)^(`x8 = \d+`: `i64 hv8_(\w+)\(.*?\)`)$", r"\1; in the kernel `hc_\2`", text)

    def write_pages(self):
        """All pages, with their drawings; returns the titles of those in the tree."""
        made = [handout.Page(self, name, path, self.page_text(path, name)) for path, name, _ in self.pages]
        texts = {page.name: page.convert() for page in made}
        first = handout.Page(self, "index", "handouts/site/index.md",
                           (self.root / "handouts/site/index.md").read_text("utf-8"))
        listed = ["- @ref %s %s" % (page.name, "- " + words if words else "") for page, (_, _, words) in zip(made, self.pages)
                  if not page.name.startswith("instructor")]
        texts["index"] = first.convert().replace("\\@contents\\@", "\n".join(listed)).replace("{#index}", "{#mainpage}")
        for name, text in texts.items():
            write(self.out / "pages" / (name + "-page.md"), text)     # no file that a text would name
        self.images = {image for page in made for image in page.images}
        return [(page.name, page.title) for page in made]

    # Running Doxygen

    def doxygen(self, **settings):
        """Run it with the settings of Doxyfile and these; return its warnings."""
        lines = ["@INCLUDE = handouts/site/Doxyfile"]
        lines += ['%s = %s' % (key, " ".join('"%s"' % one for one in value) if isinstance(value, list) else value)
                  for key, value in settings.items()]
        config = self.out / "Doxyfile"
        config.write_text("\n".join(lines) + "\n", "utf-8")
        done = subprocess.run(["doxygen", str(config)], cwd=self.root, capture_output=True, text=True)
        if done.returncode:
            raise Failure("doxygen failed:\n" + done.stderr.strip())
        return done.stderr.replace(str(self.root) + "/", "").strip().splitlines()

    def settings(self, solved, inputs):
        return {"INPUT": inputs, "OUTPUT_DIRECTORY": str(self.out), "STRIP_FROM_PATH": [str(self.out / "pages"), str(self.root)],
                "INCLUDE_PATH": [path for path in ("kernel/include", "user/lib") if (self.root / path).is_dir()],
                "PREDEFINED": ["LAB=%d" % self.lab, "SOLUTION=%d" % solved, "USED_BY_HOLES=", "INLINE=static inline",
                               "__attribute__(x)=", "_Noreturn=", "_Alignas(x)="],
                "INPUT_FILTER": '"sh handouts/site/filter.sh %s"' % self.out, "PROJECT_NUMBER": '"lab %d"' % self.lab}

    def build(self, solved, graphs=True):
        """Make the site; return what is wrong with it, one line a defect."""
        for name in ("source", "pages", "xml"):
            shutil.rmtree(self.out / name, ignore_errors=True)
        self.write_sources()
        code = sorted(self.texts) + [str(self.out / "pages" / "folders.dox")]
        self.doxygen(**self.settings(solved, code), GENERATE_HTML="NO", GENERATE_XML="YES", XML_PROGRAMLISTING="NO",
                     HAVE_DOT="NO")
        self.names = Names(self.out / "xml", self.texts)
        wrong = self.names.undocumented(lambda path: path.startswith("kernel/include/") and not path.endswith(".c") or
                                        path.startswith("user/lib/") and path.endswith(".h"))
        wrong += ["%s: %s has no comment above it that could lead to %s" % (path or "handouts", hole, steps[0][1])
                  for (path, hole), steps in self.holes.items() if not self.names.has_link(hole, steps[0][0])]
        shown = self.write_pages()
        inputs = [str(self.out / "pages" / (name + "-page.md")) for name in ["index"] + [name for name, _ in shown]]
        html_folder = self.out / "html"
        for old in [*html_folder.glob("*.html"), *html_folder.glob("*.js"), *html_folder.glob("search/*")]:
            old.unlink()                                # graphs stay: Doxygen draws those that have changed
        wrong += self.doxygen(**self.settings(solved, inputs + code), GENERATE_HTML="YES", HTML_HEADER=self.header(),
                              LAYOUT_FILE=self.layout(shown),
                              HTML_EXTRA_STYLESHEET=[str(THEME / name) for name in STYLES] + ["handouts/site/site.css"],
                              HTML_EXTRA_FILES=[str(THEME / name) for name in SCRIPTS],
                              HAVE_DOT="YES" if graphs else "NO", DOT_NUM_THREADS=os.cpu_count() or 1)
        tidy(html_folder)
        for image in sorted(self.images):
            if (self.root / image).is_file():
                shutil.copy(self.root / image, html_folder)
            else:
                wrong.append("%s: there is no such drawing" % image)
        return wrong

    def header(self):
        """Doxygen's own header with the theme's scripts."""
        path = self.out / "header.html"
        subprocess.run(["doxygen", "-w", "html", str(path), str(self.out / "footer.html"), str(self.out / "style.css")],
                       cwd=self.root, check=True, capture_output=True)
        text = path.read_text("utf-8")
        scripts = "".join('<script type="text/javascript" src="$relpath^%s"></script>\n' % name for name in SCRIPTS) + START
        write(path, text.replace("</head>", scripts + "</head>"))
        return str(path)

    def layout(self, shown):
        """Doxygen's layout, with the handouts as entries of the tree."""
        def tab(name, title):
            return '<tab type="user" visible="yes" url="@ref %s" title="%s"/>' % (
                name, html.escape(title, False).replace('"', "&quot;"))
        tabs = [tab(*one) for one in shown if not one[0].startswith("instructor")]
        notes = [tab(*one) for one in shown if one[0].startswith("instructor")]
        if notes:
            tabs += ['<tab type="usergroup" visible="yes" title="For instructors">', *notes, "</tab>"]
        text = (self.root / "handouts/site/layout.xml").read_text("utf-8")
        write(self.out / "layout.xml", text.replace("<!-- handouts -->", "\n".join(tabs)))
        return str(self.out / "layout.xml")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def tidy(folder):
    """Remove the pages about pages' files, with what leads to them, and graphs of what is gone; a source is where its file is in
    the tree."""
    for page in [*folder.glob("*-page_8md.html"), *folder.glob("*_8dox.html")]:
        page.unlink()
    for found in folder.glob("search/*.js"):
        found.write_text(re.sub(r"(?m)^.*_8(?:md|dox)\.html.*\n", "", found.read_text("utf-8")), "utf-8")
    for page in folder.glob("*_source.html"):
        shown = page.name.replace("_source.html", ".html")
        page.write_text(page.read_text("utf-8").replace("initNavTree('%s'" % page.name, "initNavTree('%s'" % shown), "utf-8")
    used = {name for page in folder.glob("*.html") for name in re.findall(r'src="(\w+\.svg)"', page.read_text("utf-8"))}
    for graph in folder.glob("*.svg"):
        if graph.name not in used:
            graph.unlink()
            graph.with_suffix(".md5").unlink(missing_ok=True)


def need_tools():
    missing = [tool for tool in ("doxygen", "dot") if not shutil.which(tool)]
    missing += [] if (THEME / STYLES[0]).exists() else ["doxygen-awesome-css"]
    if missing:
        raise Failure("make docs needs %s: run `make setup-docs`" % " and ".join(missing))


def main():
    parser = argparse.ArgumentParser(description="Make the site of this tree.")
    parser.add_argument("--lab", type=int, required=True, help="the stage")
    parser.add_argument("--solved", type=int, required=True, help="up to which lab the holes are filled")
    parser.add_argument("--later", default="", help="files of later labs, which are not shown")
    parser.add_argument("--no-graphs", action="store_true", help="without call and include graphs, which take most of the time")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "docs")
    args = parser.parse_args()
    try:
        need_tools()
        args.out.mkdir(parents=True, exist_ok=True)
        site = Site(ROOT, args.lab, args.later.split(), args.out.resolve())
        wrong = site.build(args.solved, not args.no_graphs)
    except Failure as failure:
        sys.exit("docs: %s" % failure)
    for line in wrong:
        print(line, file=sys.stderr)
    print("docs: %s" % os.path.relpath(args.out / "html" / "index.html"))
    if wrong and (ROOT / "labs").is_dir():
        sys.exit("docs: %d lines of complaint, above" % len(wrong))


if __name__ == "__main__":
    main()
