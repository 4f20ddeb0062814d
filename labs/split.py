#!/usr/bin/env python3
"""Write one stage of the kernel: the files a student of lab N sees, with the holes of labs <= M solved.

The source marks what belongs where by `#if LAB >= n`, `#if LAB < n` and `#if SOLUTION >= n` (a hole). This file lists the
holes, checks their form, and has unifdef resolve the conditions. It promises: a published tree has no such condition left
and no file of a later lab; a marker in any other form is an error with its file and line, never a silent leak.
The other programs here import it: Source, holes(), split(), git().
"""
import argparse
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
KINDS = (".c", ".h", ".S", ".ld", ".def")       # the files that may contain markers
NEVER = 1000                                    # a SOLUTION that no lab reaches

DIRECTIVE = re.compile(r"^[ \t]*#[ \t]*(if|ifdef|ifndef|elif|else|endif)\b(.*)")
SYMBOL = re.compile(r"\b(LAB|SOLUTION)\b")
FORM = re.compile(r"^(?:(LAB)\s*(>=|<)|(SOLUTION)\s*>=)\s*(\d+)$")
MARKER = re.compile(r"^[ \t]*#[ \t]*(?:if|elif|ifdef|ifndef)\b.*\b(?:LAB|SOLUTION)\b", re.M)
TODO = re.compile(r'\btodo\(\s*"(\w+)"\s*\)|^[ \t]*todo_asm[ \t]+(\w+)', re.M)
COMMENT = re.compile(r'("(?:\\.|[^"\\\n])*")|/\*.*?\*/|//[^\n]*', re.S)


class LabError(Exception):
    """What the author of the course must change, one line a mistake."""


class Hole(NamedTuple):
    """One hole: its place (`line`..`end` are the lines of #if and #endif), the reference body and what a student sees."""
    lab: int
    name: str
    path: str
    line: int
    end: int
    solved: tuple
    open: tuple


class Lab(NamedTuple):
    """One folder labs/labN-name: `files` first appear in this lab, `edit` is what its students change."""
    number: int
    name: str
    title: str
    goal: str
    edit: list
    starter_passes: list
    files: list

    @property
    def branch(self):
        return f"lab{self.number}-{self.name}"


# The course definition

def labs(root=ROOT):
    """All labs in order; the numbers must be 1, 2, 3... without a gap."""
    found = []
    for folder in (Path(root) / "labs").glob("lab*-*/"):
        match = re.match(r"lab(\d+)-([\w-]+)$", folder.name)
        if not match:
            raise LabError(f"labs/{folder.name}: a lab's folder is called labN-name")
        where = f"labs/{folder.name}/lab.json"
        try:
            info = json.loads((folder / "lab.json").read_text("utf-8"))
            found.append(Lab(int(match.group(1)), match.group(2), info["title"], info["goal"], info["edit"],
                             info["starter_passes"], read_list(folder / "files")))
        except FileNotFoundError:
            raise LabError(f"{where}: missing; it holds title, goal, edit and starter_passes") from None
        except json.JSONDecodeError as error:
            raise LabError(f"{where}:{error.lineno}: not JSON: {error.msg}") from None
        except KeyError as error:
            raise LabError(f"{where}: has no {error}") from None
    found.sort()
    if not found or [lab.number for lab in found] != list(range(1, len(found) + 1)):
        raise LabError(f"labs/: the labs must be numbered 1, 2, 3..., found {[lab.number for lab in found]}")
    return found


def read_list(path):
    """The entries of a `files` or `exclude` list: a path, or a folder ending in /, a line."""
    if not path.exists():
        return []
    lines = (line.split("#")[0].strip() for line in path.read_text("utf-8").splitlines())
    return [line for line in lines if line]


def covers(entry, path):
    return path.startswith(entry) if entry.endswith("/") else path == entry


def git(*args, cwd=None, env=None, check=True, text=""):
    """Run git on the input `text`, free of the caller's repository variables (a hook sets them).

    Return its output, or None if it failed and `check` is off.
    """
    clean = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    clean.update(env or {})
    try:
        done = subprocess.run(["git", *args], cwd=cwd, env=clean, input=text, capture_output=True, text=True)
    except FileNotFoundError:
        raise LabError("git is not installed: run `make setup`") from None
    if done.returncode == 0:
        return done.stdout
    if check:
        raise LabError(f"git {args[0]} failed: {(done.stderr or done.stdout).strip()}")
    return None


def source_files(root=ROOT):
    """Tracked files and new ones that are not ignored, of a git checkout whose top is `root`."""
    top = git("rev-parse", "--show-toplevel", cwd=root, check=False)
    if top is None or Path(top.strip()).resolve() != Path(root).resolve():
        raise LabError(f"{root} is not the top of a git checkout; labs are made from one: clone the repository with git")
    listed = git("ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=root).split("\0")
    return sorted({name for name in listed
                   if name and not name.startswith("build/") and os.path.lexists(Path(root) / name)})


def file_stages(root, course):
    """Map each file that may be published to the lab in which it first appears."""
    lists = [("labs/exclude", None, read_list(Path(root) / "labs" / "exclude"))]
    lists += [(f"labs/{lab.branch}/files", lab.number, lab.files) for lab in course]
    paths = source_files(root)
    errors = [f"{where}: {entry}: there is no such file; correct or remove the line"
              for where, _, entries in lists for entry in entries if not any(covers(entry, path) for path in paths)]
    stages = {}
    for path in paths:
        by = [(where, number) for where, number, entries in lists if any(covers(entry, path) for entry in entries)]
        rule = re.match(r"(?:handouts/lab(\d+)-[^/]*\.md$|grading/lab(\d+)/|grading/guest/lab(\d+)\.)", path)
        if len(by) > 1:
            errors.append(f"{by[1][0]}: {path} is listed in {by[0][0]} too; keep one of them")
        elif by:
            number = by[0][1]
            if number is not None:
                stages[path] = number
        else:
            stages[path] = int(next(filter(None, rule.groups()))) if rule else 1
    if errors:
        raise LabError("\n".join(errors))
    return stages


# The holes

def strip_comments(text):
    """`text` without its C comments; line breaks inside them go too."""
    return COMMENT.sub(lambda match: match.group(1) or " ", text)


class Source:
    """A source tree, read once: its labs, the lab in which each file first appears, and every hole, by lab and place."""

    def __init__(self, root=ROOT):
        self.root = Path(root)
        self.labs = labs(root)
        self.stages = file_stages(root, self.labs)
        self.holes = find_holes(self.root, self.stages, len(self.labs))


def holes(root=ROOT):
    """Every hole of a source tree. Raises LabError with all mistakes found."""
    return Source(root).holes


def find_holes(root, stages, newest):
    found, errors = [], []
    for path, stage in stages.items():
        file = root / path
        if file.is_symlink() or not (text := read_text(file)):
            continue
        if not path.endswith(KINDS):
            match = re.search(r"^[ \t]*#[ \t]*if[ \t]+(?:LAB|SOLUTION)[ \t]*[<>=]", text, re.M)
            if match:
                line = text.count("\n", 0, match.start()) + 1
                errors.append(f"{path}:{line}: a marker in a kind of file that is not split "
                              f"(known: {' '.join(KINDS)}); list whole files in labs/labN-name/files instead")
            continue
        found += FileScan(path, text, stage, newest, errors).holes
    first = {}
    for hole in found:
        other = first.setdefault(hole.name, hole)
        if other is not hole:
            errors.append(f"{hole.path}:{hole.line}: hole {hole.name} is also at {other.path}:{other.line}; rename one")
    if errors:
        raise LabError("\n".join(errors))
    return sorted(found)


def read_text(file):
    """The file's text, or None if it is not text."""
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


class FileScan:
    """One walk over a file's preprocessor lines; `holes` has what was found, mistakes are added to `errors`."""

    def __init__(self, path, text, stage, newest, errors):
        self.path, self.stage, self.newest, self.errors = path, stage, newest, errors
        self.lines = text.split("\n")
        self.holes = []
        self.stack = []                                 # of [symbol or None, operator, number, line, line of #else]
        number = 0
        while number < len(self.lines):
            number += 1
            match = DIRECTIVE.match(self.lines[number - 1])
            if match:
                start, rest = number, match.group(2)
                while rest.endswith("\\") and number < len(self.lines):
                    rest = rest[:-1] + self.lines[number]
                    number += 1
                self.directive(start, match.group(1), strip_comments(rest).strip())
        for frame in self.stack:
            self.error(frame[3], "this #if has no #endif")

    def error(self, line, message):
        self.errors.append(f"{self.path}:{line}: {message}")

    def directive(self, line, word, condition):
        if word in ("if", "ifdef", "ifndef"):
            self.stack.append(self.opened(line, word, condition))
        elif not self.stack:
            self.error(line, f"#{word} without #if")
        elif word == "endif":
            frame = self.stack.pop()
            if frame[0] == "SOLUTION":
                self.hole(frame, line)
        else:
            frame = self.stack[-1]
            if word == "elif" and (frame[0] or SYMBOL.search(condition)):
                self.error(line, "#elif cannot be split: write separate #if LAB ... #endif blocks")
            elif word == "else" and frame[0]:
                if frame[4]:
                    self.error(line, "a second #else")
                frame[4] = line

    def opened(self, line, word, condition):
        """The stack frame of an #if, #ifdef or #ifndef."""
        other = [None, None, None, line, None]
        match = FORM.match(condition)
        if word != "if" or not match:
            if SYMBOL.search(condition):
                self.error(line, f"`#{word} {condition}` cannot be split: "
                                 "use `#if LAB >= n`, `#if LAB < n` or `#if SOLUTION >= n`")
            return other
        symbol, operator, number = match.group(1) or match.group(3), match.group(2) or ">=", int(match.group(4))
        if not 1 <= number <= self.newest:
            self.error(line, f"there is no lab {number}; the newest is {self.newest}")
        inside = [frame for frame in self.stack if frame[0] == "SOLUTION"]
        if inside and symbol == "SOLUTION":
            self.error(line, f"a hole inside the hole at line {inside[0][3]}: close that one first")
            return other
        if inside:
            self.error(line, f"`#if LAB` inside the hole at line {inside[0][3]}: a student who filled the hole would never "
                             "get the new code by a merge; call a function outside the hole")
        return [symbol, operator, number, line, None]

    def hole(self, frame, end):
        _, _, lab, line, middle = frame
        solved = self.lines[line:(middle or end) - 1]
        hidden = self.lines[middle:end - 1] if middle else []
        names = [a or b for a, b in TODO.findall("\n".join(hidden))]
        if len(names) != 1:
            what = f"has {len(names)} todos ({', '.join(names)})" if names else "has no todo"
            self.error(line, f'the hole {what}: its #else branch needs exactly one todo("name") or todo_asm name')
            return
        if TODO.search("\n".join(solved)):
            self.error(line, f"the reference body of hole {names[0]} contains a todo")
        first = self.stage
        for symbol, operator, number, _, other in self.stack:
            if symbol == "LAB" and (operator == ">=") != bool(other):
                first = max(first, number)
            elif symbol == "LAB":
                self.error(line, f"hole {names[0]} is in code that lab {number} removes: "
                                 "a student who filled it could not merge that lab")
        if first != lab:
            self.error(line, f"hole {names[0]} is of lab {lab}, but the code around it first appears in lab {first}")
        self.holes.append(Hole(lab, names[0], self.path, line, end, tuple(solved), tuple(hidden)))


# Writing a stage

def split(source, dest, number, solved, keep_open=(), final=False):
    """Write stage `number` into `dest`, holes of labs <= `solved` filled but for those named in `keep_open`."""
    dest = Path(dest)
    if not 1 <= number <= len(source.labs):
        raise LabError(f"there is no lab {number}; choose 1 to {len(source.labs)}")
    known = {hole.name: hole for hole in source.holes if hole.lab <= number}
    for name in keep_open:
        if name not in known:
            raise LabError(f"no hole {name} at lab {number}; there are: {', '.join(known)}")
    if dest.exists() and (not dest.is_dir() or any(dest.iterdir())):
        raise LabError(f"{dest} exists and is not empty: name a new folder")
    marked = []
    for path in [path for path, stage in source.stages.items() if stage <= number]:
        target = dest / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source.root / path, target, follow_symlinks=False)
        if path.endswith(KINDS) and not target.is_symlink() and MARKER.search(read_text(target) or ""):
            marked.append(path)
    for name in keep_open:
        hole = known[name]
        lines = (dest / hole.path).read_text("utf-8").split("\n")
        lines[hole.line - 1] = f"#if SOLUTION >= {NEVER}"
        (dest / hole.path).write_text("\n".join(lines), "utf-8")
    resolve(dest, marked, number, solved)
    name = "final" if final else source.labs[number - 1].name
    (dest / "lab.mk").write_text("# Written by the course's splitter: which stage this branch is.\n"
                                 f"LAB_STAGE := {number}\nLAB_NAME := {name}\n", "utf-8")
    final_readme = source.root / "labs" / "README.final.md"
    if not final:
        (dest / "README.md").write_text(readme(source, number), "utf-8")
    elif final_readme.exists():
        shutil.copy2(final_readme, dest / "README.md")


def resolve(dest, marked, number, solved):
    """Resolve the conditions of the `marked` files in place."""
    if not marked:
        return
    command = ["unifdef", "-B", "-m", f"-DLAB={number}", f"-DSOLUTION={solved}", *marked]
    try:
        done = subprocess.run(command, cwd=dest, capture_output=True, text=True)
    except FileNotFoundError:
        raise LabError("unifdef is not installed: run `make setup`") from None
    if done.returncode > 1:
        raise LabError(done.stderr.strip())
    for path in marked:
        text = (dest / path).read_text("utf-8")
        if MARKER.search(text):
            raise LabError(f"{path}: unifdef left a condition: {MARKER.search(text).group(0).strip()}")
        if is_empty(path, text):
            raise LabError(f"{path}: nothing is left of it in lab {number}; list it in the `files` of the lab that begins it")


def is_empty(path, text):
    """Whether only comments, blank lines and the frame of a header or of includes remain."""
    frame = r"^#\s*(ifndef \w+|define \w+|endif|pragma once)$" if path.endswith(".h") else r"^#\s*include\b"
    lines = (line.strip() for line in strip_comments(text).split("\n"))
    return all(not line or re.match(frame, line) for line in lines)


def readme(source, number):
    """The README of a lab's branches. A line beginning `@next` stays if there is a next lab, `@last` if there is none."""
    lab = source.labs[number - 1]
    following = source.labs[number] if number < len(source.labs) else None
    table = [f"| `{hole.name}` | `{hole.path}` |" for hole in source.holes if hole.lab == number]
    values = {"LAB": str(number), "NAME": lab.name, "TITLE": lab.title, "GOAL": lab.goal, "BRANCH": lab.branch,
              "HOLES": "\n".join(table), "NEXT": following.branch if following else ""}
    kept = []
    for line in (source.root / "labs" / "README.course.md").read_text("utf-8").split("\n"):
        tag, _, rest = line.partition(" ")
        if tag not in ("@next", "@last"):
            kept.append(line)
        elif (tag == "@next") == bool(following):
            kept.append(rest)
    try:
        return re.sub(r"@([A-Z]+)@", lambda match: values[match.group(1)], "\n".join(kept))
    except KeyError as error:
        raise LabError(f"labs/README.course.md: @{error.args[0]}@ means nothing; known: {', '.join(values)}") from None


def main():
    parser = argparse.ArgumentParser(description="Write one stage of the kernel, or list the holes.")
    parser.add_argument("dest", nargs="?", metavar="DEST", help="a folder that does not exist or is empty")
    parser.add_argument("--lab", type=int, metavar="N", help="the stage")
    parser.add_argument("--solved", type=int, metavar="M", help="solve the holes of labs <= M (default: none)", default=0)
    parser.add_argument("--open", action="append", default=[], metavar="HOLE", help="leave this hole open all the same")
    parser.add_argument("--final", action="store_true", help="the newest stage, everything solved, with labs/README.final.md")
    parser.add_argument("--holes", action="store_true", help="print LAB HOLE FILE:LINE for every hole")
    args = parser.parse_args()
    if not args.holes and (not args.dest or (args.lab is None) != args.final):
        parser.error("give DEST and either --lab N or --final, or give --holes alone")
    try:
        source = Source()
        newest = len(source.labs)
        if args.holes:
            for hole in source.holes:
                print(hole.lab, hole.name, f"{hole.path}:{hole.line}")
        elif args.final:
            split(source, args.dest, newest, newest, keep_open=args.open, final=True)
        else:
            split(source, args.dest, args.lab, args.solved, keep_open=args.open)
    except LabError as error:
        sys.exit(f"split: {error}".replace("\n", "\nsplit: "))


if __name__ == "__main__":
    main()
