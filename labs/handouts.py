#!/usr/bin/env python3
"""Prove the handouts: `make check-handouts [PAGE=lab1-uart] [WRITE=1]`.

Reads handouts/*.md and handouts/instructor/*.md, checks their form (pagetext.py) and what they say of the tree (pagecheck.py), and
runs every command that they show, in students' clones (sessions.py), comparing what it prints with what is shown (transcript.py).
With --write the pages get what the commands print now. One line a check, a diff below each that fails; exit status 1 if one failed.
"""
import argparse
import difflib
import fcntl
import re
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import course
import split
from pagecheck import Checker
from pagetext import RUN, Page
from proofs import Fail, Tally
from sessions import Clone, Program, name as clone_name
from split import LabError
from transcript import DOTS, Comparison, clean


def compiler():
    """The cross compiler in a line: with another one, addresses in the image are others."""
    cross = subprocess.run(["sh", str(split.ROOT / "grading" / "tools.sh"), "cross"], capture_output=True, text=True).stdout.strip()
    if not cross:
        raise LabError("no AArch64 compiler found: run `make setup`")
    return subprocess.run([f"{cross}gcc", "--version"], capture_output=True, text=True, check=True).stdout.split("\n")[0]


class Handouts(Tally):
    """One run over some pages; `scratch` keeps the clones for the next one."""

    def __init__(self, source, scratch, write, cc):
        super().__init__()
        self.source, self.scratch, self.write, self.cc = source, Path(scratch), write, cc
        self.folder = source.root / "handouts"
        self.pages = [Page(str(file.relative_to(self.folder)), file.read_text("utf-8"), source)
                      for file in sorted(self.folder.glob("*.md")) + sorted(self.folder.glob("instructor/*.md"))]
        self.outcomes = {page.name: [] for page in self.pages}      # (command, what it should show) of each that ran well

    def chosen(self, names):
        """The pages named on the command line, as path, name, or name's begin before a dash; all if none is."""
        found = []
        for name in names:
            stem = re.sub(r"^(\./)?handouts/|\.md$", "", name)
            pages = [page for page in self.pages if page.name == f"{stem}.md" or page.name.startswith(f"{stem}-")]
            if not pages:
                raise LabError(f"there is no page {name}; there are: {', '.join(page.name for page in self.pages)}")
            found += [page for page in pages if page not in found]
        return found or self.pages

    def run(self, pages, jobs, read=False):
        """Check pages; `read`: run nothing of what they show."""
        checker, states = Checker(self.source, self.pages), {}
        for page in pages:
            for what, problems in (("form", page.problems), ("links", checker.links(page)), ("holes", checker.holes(page)),
                                   ("tests", checker.tests(page)), ("steps", checker.places(page)),
                                   ("files", checker.mentions(page)), ("answers", checker.answers(page))):
                for line, message in sorted(problems):
                    self.report(f"{page.name}:{line} {what}", message)
                if not problems:
                    self.report(f"{page.name} {what}")
            for block in page.blocks:
                states.setdefault(block.state, []).append((page, block))
        if states and not read:
            self.run_states(states, jobs)
        for page in pages:
            if self.write and self.outcomes[page.name]:
                self.rewrite(page)

    def run_states(self, states, jobs):
        """Run the blocks of all states, so many states at once."""
        shutil.rmtree(self.scratch / "course.git", ignore_errors=True)
        course.publish(self.source, self.scratch / "course.git")
        with ThreadPoolExecutor(jobs) as pool:
            try:
                for future in [pool.submit(self.run_state, state, blocks) for state, blocks in states.items()]:
                    future.result()
            except BaseException:
                Program.stop()
                raise

    def run_state(self, state, blocks):
        """Run the blocks of one state in its clone, in order."""
        title = clone_name(self.source, state)
        log = self.scratch / f"{title}.log"
        log.unlink(missing_ok=True)
        try:
            clone = Clone(self.source, self.scratch / "course.git", self.scratch, state)
            clone.build(log)
        except (Fail, LabError) as error:
            self.report(f"{title} builds, for {', '.join(f'{page.name}:{block.line}' for page, block in blocks)}", str(error), log)
            return
        for page, block in blocks:
            results, why = [], "not run"
            try:
                for result in clone.console(block) if block.kind == "console" else clone.gdb(block):
                    self.judge(page, block, block.commands[len(results)], result)
                    results.append(result)
            except (Fail, LabError) as error:
                why = str(error)
            for command in block.commands[len(results):]:
                self.report(self.title(page, block, command), why)
                why = "not run"
            clone.restore()

    @staticmethod
    def title(page, block, command):
        text = command.text.replace("\n", " ")
        return f"{page.name}:{command.line} {RUN[block.kind]}{text}"

    def judge(self, page, block, command, result):
        """Report one command's result."""
        title, actual = self.title(page, block, command), clean(result.output.replace(str(self.scratch), "~"))
        if result.why:
            self.report(title, result.why, more=["     " + line for line in actual[-20:]])
            return
        comparison = Comparison(moved=not self.write and page.made_with and page.made_with[1] != self.cc)
        shown = clean("\n".join(command.shown))
        new = comparison.rewritten(shown, actual) if shown else []
        if self.write:
            bad = [line for line in new if line.startswith((RUN[block.kind], "```")) or line == DOTS and line not in shown]
            if bad:
                self.report(title, f"it prints `{bad[0]}`, which a block cannot show: put `...` there")
                return
            self.outcomes[page.name].append((command, new))
            self.report(title + ("" if new == shown else "   (rewritten)"))
        elif comparison.fits(shown, actual) or not shown:
            self.report(title)
        else:
            diff = difflib.unified_diff(shown, new, f"handouts/{page.name}:{command.at + 1}", "what it prints", lineterm="")
            self.report(title, "the output is another", more=["     " + line for line in diff])

    def rewrite(self, page):
        """Put the outputs into the page, and which compiler made them if all of it ran."""
        file, lines = self.folder / page.name, list(page.lines)
        if file.read_text("utf-8") != "\n".join(lines):
            self.report(f"{page.name} is written", "somebody has changed it meanwhile: run this again")
            return
        made = f"<!-- outputs made with: {self.cc} -->"
        if len(self.outcomes[page.name]) == sum(len(block.commands) for block in page.blocks):
            if page.made_with:
                lines[page.made_with[0] - 1] = made
            else:
                lines = "\n".join(lines).rstrip("\n").split("\n") + ["", made, ""]
        for command, new in sorted(self.outcomes[page.name], key=lambda outcome: -outcome[0].at):
            if clean("\n".join(command.shown)) != new:
                lines[command.at:command.at + len(command.shown)] = new
        file.write_text("\n".join(lines), "utf-8")


def interrupt(*_):
    raise KeyboardInterrupt


def main():
    parser = argparse.ArgumentParser(description="Check the handouts, and run the commands that they show.")
    parser.add_argument("pages", nargs="*", metavar="PAGE", help="only these, such as lab1-uart, setup or instructor/lab1")
    parser.add_argument("--write", action="store_true", help="put what the commands print into the pages")
    parser.add_argument("--read", action="store_true", help="read the pages only, run nothing")
    parser.add_argument("--jobs", type=int, default=2, metavar="N", help="work in so many clones at once (default 2)")
    args = parser.parse_args()
    scratch = split.ROOT / "build" / "handouts"
    scratch.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, interrupt)
    with open(scratch / "lock", "w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            handouts = Handouts(split.Source(), scratch, args.write, compiler())
            handouts.run(handouts.chosen(args.pages), max(1, args.jobs), args.read)
        except BlockingIOError:
            sys.exit(f"handouts: another check uses {scratch}: wait for its end")
        except LabError as error:
            sys.exit(f"handouts: {error}".replace("\n", "\nhandouts: "))
        except KeyboardInterrupt:
            sys.exit("handouts: interrupted")
    sys.exit(handouts.closing())


if __name__ == "__main__":
    main()
