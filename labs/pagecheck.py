"""Checks what a handout page says of the tree: its links, the holes and tests that it names, the files that it mentions.

A page may link to and mention only what its readers have: the files of its lab's stage, or for an instructor's page the whole tree.
Every check returns a list of (line, what to do). Addresses on the web are read, not visited.
"""
import re
import sys
from urllib.parse import unquote, urlsplit

import split
from check import DISTINCTIVE, lines_of

sys.path.insert(0, str(split.ROOT / "grading"))

import testfile                     # noqa: E402

INLINE_CODE = re.compile(r"(`+)(.+?)\1", re.S)
LINK = re.compile(r"!?\[(?:[^\[\]]|!\[[^\]]*\]\([^)]*\))*\]"                       # the text, perhaps with an image in it
                  r"\(\s*<?([^()\s<>]*(?:\([^()\s]*\)[^()\s<>]*)*)>?(?:\s+\"[^\"]*\")?\s*\)", re.S)
INNER = re.compile(r"!\[[^\]]*\]\(([^()\s]*)\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s+<?(\S+?)>?(?:\s|$)", re.M)
HTML = re.compile(r"<(?:a|img)\s[^>]*?(?:href|src)=\"([^\"]*)\"", re.S)
NAMED = re.compile(r"\*(`\w+`[^*]*?\bin\s+`[^`*]+`[^*]*?)\.?\*")
TOKEN = re.compile(r"(\bin\s+)?`([^`]+)`")
MENTION = re.compile(r"`(?:(?:kernel|user|grading|labs|handouts|debug|bench)/[\w./-]*|Makefile|lab\.mk)(?::\d+)?`")
ROW = re.compile(r"\| *`(\w+)` *\| *(\d+) *\|")
PLACE = re.compile(r"^handout: *(\S+\.md), steps? (\d+)(?: (?:to|and) (\d+))? *$", re.M)


def slug(title):
    """The anchor of a heading, as web sites for git make it."""
    title = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", title)
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


def anchors(text):
    """All anchors of a Markdown text."""
    found, seen = set(), {}
    text = re.sub(r"^(`{3,}|~{3,}).*?^\1[ \t]*$", "", text, flags=re.M | re.S)
    for title in re.findall(r"^#{1,6} +(.*?)(?: +#+)?$", text, re.M):
        name = slug(title)
        found.add(f"{name}-{seen[name]}" if name in seen else name)
        seen[name] = seen.get(name, 0) + 1
    return found | set(re.findall(r"<a\s[^>]*?(?:id|name)=\"([^\"]+)\"", text))


def among(files, path):
    """Whether this file or folder is one of these files or holds one; the top folder is always there."""
    path = path.rstrip("/")
    return not path or path in files or any(file.startswith(path + "/") for file in files)


class Checker:
    """What all pages are held against, read once."""

    def __init__(self, source, pages):
        self.source, self.pages = source, {page.name: page for page in pages}
        self.everything = set(split.source_files(source.root))
        self.secrets = self._secrets()

    def reachable(self, page):
        """The files that the readers of a page have."""
        stage = self.source.stages.get(f"handouts/{page.name}")
        if stage is None:
            return self.everything
        stage = max(stage, page.number or 1)
        return {path for path, first in self.source.stages.items() if first <= stage}

    def missing(self, page, path):
        """Why the readers of a page do not have this file or folder, or None."""
        path = path.rstrip("/")
        if among(self.reachable(page), path):
            return None
        if not among(self.everything, path):
            return "there is no such file"
        first = min((stage for file, stage in self.source.stages.items() if (file + "/").startswith(path + "/")), default=None)
        return f"it first appears in lab {first}" if first else "it is never published to students"

    def _secrets(self):
        """The lines of holes' reference bodies that stand nowhere else in the code: {line: hole}."""
        given = []
        for path in self.source.stages:
            if path.endswith(split.KINDS):
                lines = (split.read_text(self.source.root / path) or "").split("\n")
                for hole in sorted((hole for hole in self.source.holes if hole.path == path), key=lambda hole: -hole.line):
                    lines[hole.line - 1:hole.end] = hole.open
                given += lines
        given = "\n".join(lines_of("\n".join(given)))
        return {line: hole for hole in self.source.holes for line in lines_of(split.strip_comments("\n".join(hole.solved)))
                if len(line) >= DISTINCTIVE and line not in given}

    def answers(self, page):
        """No line of a hole's answer stands in a page for students; gdb shows one where it stops in a solved hole."""
        if f"handouts/{page.name}" not in self.source.stages:
            return []
        return [(number, f"shows a line of the answer to {hole.name}: `{secret}`") for number, line in enumerate(page.lines, 1)
                for secret, hole in self.secrets.items() if hole.lab >= (page.number or 1) and secret in " ".join(line.split())]

    # Links

    def links(self, page):
        problems, prose = [], "\n".join(page.prose)
        text = INLINE_CODE.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), prose)
        places = [(match.start(1), match.group(1))
                  for pattern in (LINK, INNER, DEFINITION, HTML) for match in pattern.finditer(text)]
        for place, target in sorted(set(places)):
            why = self.dead(page, target)
            if why:
                problems.append((text.count("\n", 0, place) + 1, f"link to {target or 'nothing'}: {why}"))
        return problems

    def dead(self, page, target):
        """Why a link leads nowhere, or None."""
        parts = urlsplit(target)
        if parts.scheme:
            good = parts.scheme in ("http", "https") and re.fullmatch(r"[\w-]+(\.[\w-]+)+(:\d+)?", parts.netloc)
            return None if good else "not an address on the web, such as https://example.org/page"
        if parts.netloc or target.startswith("/"):
            return "give the path from this page"
        folder = ("handouts/" + page.name).split("/")[:-1]
        path = unquote(parts.path)
        for step in path.split("/") if path else []:
            if step == ".." and not folder:
                return "it leads out of the tree"
            if step == "..":
                folder.pop()
            elif step not in ("", "."):
                folder.append(step)
        path = "/".join(folder) if path else "handouts/" + page.name
        why = self.missing(page, path) or (None if parts.path or parts.fragment else "it is empty")
        if why or not parts.fragment:
            return why
        file = self.source.root / path
        text = split.read_text(file) if file.is_file() else None
        lines = re.fullmatch(r"L(\d+)(?:-L(\d+))?", parts.fragment)
        if text is not None and lines and not path.endswith(".md"):
            last = int(lines.group(2) or lines.group(1))
            return None if last <= text.count("\n") + 1 else f"{path} has only {text.count(chr(10))} lines"
        if text is None or not path.endswith(".md"):
            return f"{path} has no anchors but #L1"
        there = anchors(text)
        return None if unquote(parts.fragment) in there else f"{path} has no heading #{parts.fragment}: {', '.join(sorted(there))}"

    # Names

    def holes(self, page):
        """Each hole of the lab is named once, in a step, as *`hole` in `path`.*, and no other is."""
        if not page.is_lab:
            return []
        problems, named = [], {}
        holes = {hole.name: hole for hole in self.source.holes if hole.lab == page.number}
        steps = page.section(3, "Step ")
        text = "\n".join(page.prose)
        for match in NAMED.finditer(text):
            waiting = []
            for token in TOKEN.finditer(match.group(1)):
                line = text.count("\n", 0, match.start(1) + token.start(2)) + 1
                if not token.group(1):
                    waiting.append((line, token.group(2)))
                    continue
                for line, name in waiting:
                    hole = holes.get(name)
                    if not hole:
                        problems.append((line, f"lab {page.number} has no hole {name}; there are: {', '.join(sorted(holes))}"))
                    elif hole.path != token.group(2):
                        problems.append((line, f"hole {name} is in {hole.path}, not in {token.group(2)}"))
                    if name in named:
                        problems.append((line, f"hole {name} is named already in line {named[name]}"))
                    elif not any(first <= line <= last for first, last in steps):
                        problems.append((line, f"name hole {name} in a step"))
                    named.setdefault(name, line)
                waiting = []
        end = steps[-1][1] if steps else len(page.lines)
        return problems + [(end, f"hole {name} is not named: write *`{name}` in `{hole.path}`.* in its step")
                           for name, hole in holes.items() if name not in named]

    def tests(self, page):
        """The table of tests has each test of the lab with its points, and no other."""
        if not page.is_lab:
            return []
        problems, shown = [], {}
        for first, last in page.section(2, "How it is checked"):
            for line in range(first, last + 1):
                match = ROW.match(page.prose[line - 1])
                if match and match.group(1) in shown:
                    problems.append((line, f"test {match.group(1)} stands already in line {shown[match.group(1)][0]}"))
                elif match:
                    shown[match.group(1)] = (line, int(match.group(2)))
        files = {file.stem: file for file in sorted((self.source.root / "grading" / f"lab{page.number}").glob("*.test"))}
        for name, (line, points) in shown.items():
            if name not in files:
                problems.append((line, f"lab {page.number} has no test {name}"))
            elif points != testfile.Test(str(files[name])).points:
                problems.append((line, f"test {name} has {testfile.Test(str(files[name])).points} points, not {points}"))
        end = next((last for _, last in page.section(2, "How it is checked")), len(page.lines))
        return problems + [(end, f"test {name} is not in the table") for name in files if name not in shown]

    def places(self, page):
        """The steps to which the lab's tests and hints send a student are there."""
        steps, problems = len(page.section(3, "Step ")), []
        if not page.is_lab or not steps:
            return []
        folder = self.source.root / "grading" / f"lab{page.number}"
        for file in sorted(path for path in folder.glob("*") if path.is_file()):
            for name, first, last in PLACE.findall(split.read_text(file) or ""):
                there = self.pages.get(name)
                count = steps if name == page.name else len(there.section(3, "Step ")) if there else 0
                if int(last or first) > count:
                    problems.append((1, f"grading/lab{page.number}/{file.name} sends to step {last or first} of {name}, "
                                     + (f"which has {count} steps" if count else "which is not there")))
        return sorted(set(problems))

    def mentions(self, page):
        """The files named in the prose are there; a page of no lab may name those of any lab."""
        problems = []
        for number, text in enumerate(page.prose, 1):
            for match in MENTION.finditer(text):
                path = match.group(0).strip("`").split(":")[0]
                if path == "lab.mk" or "/labN" in path:         # what each branch has, and this tree has not; a name for many
                    continue
                why = self.missing(page, path)
                if why and (page.number or not among(self.source.stages, path)):
                    problems.append((number, f"`{path}`: {why}"))
        return problems
