"""Reads a handout page: its headings, its prose, and its fenced blocks with the commands to run and the outputs they show.

A block of kind `console` has lines `$ command`, one of kind `gdb` lines `(gdb) command` (`>more` for the lines of a definition);
the lines behind each are its output. `<!-- run: WORDS -->` in the line above says in which state of the lab: `start`, `solved`
(the default) or `start + hole hole`; `fails`, `type="text\\n"`, `vars="MACHINE=versal"` and `lab=2` may follow. Whatever is wrong
with the form is in `problems`, as (line, what to do); nothing here runs anything.
"""
import re
from typing import NamedTuple

RUN = {"console": "$ ", "gdb": "(gdb) "}
KINDS = tuple(RUN) + ("c", "text", "asm")
SECTIONS = ("What you will be able to do", "The idea", "A tour of the code", "The tasks", "How it is checked", "How it goes wrong",
            "Questions", "Challenges", "Going on")
FENCE = re.compile(r"( *)(`{3,}|~{3,})(.*)$")
HEADING = re.compile(r"(#{1,6}) +(.*?)(?: +#+)?$")
ITEM = re.compile(r"( *)([-*+]|\d+[.)])( +)\S")
COMMENT = re.compile(r"<!-- *run:(.*?)-->\s*$")
MADE_WITH = re.compile(r"<!-- outputs made with: (.*) -->$")
WORD = re.compile(r'\s*(?:(\w+)="((?:\\.|[^"\\])*)"|([^\s"]+))(?=\s|$)')
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "\\": "\\", '"': '"'}


class State(NamedTuple):
    """A lab's starter with these holes of the lab filled."""
    lab: int
    filled: frozenset


class Command(NamedTuple):
    """One command: its line (from 1), its text, and the lines of its output with the index of the first of them."""
    line: int
    text: str
    shown: list
    at: int


class Block:
    """A block that is run."""

    def __init__(self, kind, line):
        self.kind, self.line, self.commands = kind, line, []
        self.state, self.fails, self.typed, self.variables = None, False, None, ""


class Page:
    """One page. `number` is its lab, None if it is of no lab; `is_lab`: it must have a lab page's headings."""

    def __init__(self, name, text, source):
        self.name, self.source, self.lines = name, source, text.split("\n")
        match = re.search(r"(?:^|/)lab(\d+)(-[\w-]+)?\.md$", name)
        self.number, self.is_lab = (int(match.group(1)), bool(match.group(2))) if match else (None, False)
        self.problems, self.headings, self.blocks, self.made_with = [], [], [], None
        self.prose = list(self.lines)           # without blocks and comments: those lines are empty
        self._read()
        self._check_headings()

    def problem(self, line, message):
        self.problems.append((line, message))

    def _read(self):
        number, column, blank, comment = 0, 0, True, None
        while number < len(self.lines):
            text, number = self.lines[number], number + 1
            fence, item = FENCE.match(text), ITEM.match(text)
            indent = len(text) - len(text.lstrip())
            if text.startswith("<!--"):
                if comment:
                    self.problem(comment[0], "the comment `run:` stands above no console or gdb block")
                comment = self._comment(number, text)
                continue
            if fence:
                number = self._block(number, fence, comment)
                comment = None
            elif comment:
                self.problem(comment[0], "the comment `run:` stands above no console or gdb block")
                comment = None
            if fence or HEADING.match(text):
                column = 0
                if not fence:
                    self.headings.append((number, *self._heading(text)))
            elif "\t" in text[:indent] or text.strip() and blank and indent >= column + 4:
                self.problem(number, "an indented code block: use a fenced one")
            elif item:
                column = item.end() - 1
            elif text.strip() and indent < column and blank:
                column = 0
            blank = not text.strip() or bool(fence)
        if comment:
            self.problem(comment[0], "the comment `run:` stands above no console or gdb block")

    @staticmethod
    def _heading(text):
        match = HEADING.match(text)
        return len(match.group(1)), match.group(2)

    def _comment(self, number, text):
        """Take the words of a `run:` comment: (line, words), or None if it is another comment."""
        self.prose[number - 1] = ""
        made = MADE_WITH.match(text)
        if made:
            self.made_with = (number, made.group(1))
        match = COMMENT.match(text)
        if not match:
            if re.match(r"<!-- *run\b", text):
                self.problem(number, "write the comment in one line, as <!-- run: start -->")
            return None
        words, at, line = [], 0, match.group(1).strip()
        while at < len(line):
            word = WORD.match(line, at)
            if not word:
                self.problem(number, f"cannot read `{line[at:].strip()}`: words, or name=\"text\"")
                break
            words.append((word.group(1), word.group(2)) if word.group(1) else tuple((word.group(3).split("=", 1) + [None])[:2]))
            at = word.end()
        return number, words

    def _block(self, number, fence, comment):
        """Read the block that begins in line `number`; return the number of its last line."""
        indent, ticks, info = fence.group(1), fence.group(2), fence.group(3).strip()
        end = next((n for n in range(number, len(self.lines)) if self.lines[n].strip() == ticks), None)
        if end is None:
            self.problem(number, "this block has no end")
            end = len(self.lines) - 1
        for n in range(number - 1, end + 1):
            self.prose[n] = ""
        if info not in KINDS or ticks[0] == "~":
            self.problem(number, f"a block is ```{' or ```'.join(KINDS)}, not {ticks}{info}")
        elif indent:
            self.problem(number, "begin the block at the begin of the line")
        elif info in RUN:
            block = Block(info, number)
            known = self._state(block, *(comment or (number, [])))
            self._commands(block, number, end)
            if known and block.commands:
                self.blocks.append(block)
        elif comment:
            self.problem(comment[0], f"a {info} block is not run")
        return end + 1

    def _commands(self, block, first, end):
        prompt, at = RUN[block.kind], first
        while at < end:
            line, text = at + 1, self.lines[at]
            if not (text + " ").startswith(prompt):
                self.problem(line, f"the block must begin with a command: `{prompt}...`")
                return
            parts, at = [text[len(prompt):]], at + 1
            while at < end and (parts[-1].endswith("\\") if block.kind == "console" else self.lines[at].startswith(">")):
                parts.append(self.lines[at] if block.kind == "console" else self.lines[at].lstrip(">"))
                at += 1
            begin = at
            while at < end and not (self.lines[at] + " ").startswith(prompt):
                at += 1
            block.commands.append(Command(line, "\n".join(parts), self.lines[begin:at], begin))
        if not block.commands:
            self.problem(first, "the block has no command")

    def _state(self, block, line, words):
        """Set what the words say; return whether all are known."""
        before, lab, start, filled = len(self.problems), self.number, None, []
        words = list(words)
        while words:
            name, value = words.pop(0)
            if name in ("start", "solved") and value is None and start is None:
                start = name == "start"
            elif name == "+" and value is None and start and not filled:
                while words and words[0][1] is None and words[0][0] != "fails":
                    filled.append(words.pop(0)[0])
                if not filled:
                    self.problem(line, "names of holes follow `+`")
            elif name == "fails" and value is None:
                block.fails = True
            elif name == "type" and value:
                block.typed = self._unescape(line, value)
            elif name == "vars" and value and block.kind == "gdb":
                block.variables = value
            elif name == "lab" and value and value.isdigit() and self.number is None:
                lab = int(value)
            else:
                self.problem(line, f"unknown state `{name}`: there are start, solved, start + HOLE..., fails (console), "
                             'type="text", vars="A=1" (gdb), lab=N (in a page of no lab)')
        if block.kind == "gdb" and block.fails:
            self.problem(line, "`fails` is for console blocks")
        holes = {hole.name for hole in self.source.holes if hole.lab == lab}
        if lab is None:
            self.problem(line, "this page is of no lab: say lab=N in <!-- run: ... -->")
        elif not 1 <= lab <= len(self.source.labs):
            self.problem(line, f"there is no lab {lab}")
        for name in filled:
            if name not in holes:
                self.problem(line, f"lab {lab} has no hole {name}; there are: {', '.join(sorted(holes))}")
        block.state = State(lab, frozenset(filled if start else holes))
        return len(self.problems) == before

    def _unescape(self, line, text):
        def character(match):
            code, letter = match.groups()
            if letter and letter not in ESCAPES:
                self.problem(line, f"unknown escape {match.group(0)}: there are \\n \\r \\t \\\\ \\\" and \\x04")
            return chr(int(code, 16)) if code else ESCAPES.get(letter, "")
        return re.sub(r"\\(?:x([0-9a-f]{2})|(.))", character, text)

    def _check_headings(self):
        titles = [(line, title) for line, level, title in self.headings if level == 1]
        if not self.headings or self.headings[0][1] != 1 or len(titles) != 1:
            self.problem(titles[1][0] if len(titles) > 1 else 1, "a page has one heading `# Title`, and it comes first")
        for (_, before, _), (line, level, title) in zip(self.headings, self.headings[1:]):
            if level > before + 1:
                self.problem(line, f"`{'#' * level} {title}` stands below a heading of level {before}")
        if not self.is_lab:
            return
        if not titles or not re.match(rf"Lab {self.number}: \S", titles[0][1]):
            self.problem(1, f"the first heading is `# Lab {self.number}: title`")
        wanted = list(SECTIONS)
        for line, title in [(line, title) for line, level, title in self.headings if level == 2]:
            if title not in SECTIONS:
                self.problem(line, f"`## {title}`: a lab's page has only these: {', '.join(SECTIONS)}")
            elif title not in wanted:
                self.problem(line, f"`## {title}` comes too late or twice; the order is: {', '.join(SECTIONS)}")
            else:
                for missing in wanted[:wanted.index(title)]:
                    self.problem(line, f"`## {missing}` is missing before `## {title}`")
                wanted = wanted[wanted.index(title) + 1:]
        for missing in wanted:
            self.problem(len(self.lines), f"`## {missing}` is missing")
        steps = [(line, title) for line, level, title in self.headings if level == 3 and title.startswith("Step ")]
        for number, (line, title) in enumerate(steps, 1):
            if not re.match(rf"Step {number}: \S", title):
                self.problem(line, f"`### {title}`: this is `### Step {number}: title`")
        if not steps:
            self.problem(len(self.lines), "`## The tasks` has no `### Step 1: title`")

    def section(self, level, start):
        """The lines (first, last), from 1, of each section of this level whose title begins so, behind its heading."""
        found = []
        for number, (line, at, title) in enumerate(self.headings):
            if at == level and title.startswith(start):
                end = next((other for other, above, _ in self.headings[number + 1:] if above <= level), len(self.lines) + 1)
                found.append((line + 1, end - 1))
        return found
