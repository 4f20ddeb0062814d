"""Says in words where and why a run went wrong: holes reached, the place of a hang, a diff with context.

Every function turns what was observed (transcript lines, the plugin's addresses) and the symbols into lines of text. Text from
the guest is shown with control characters escaped, so a transcript cannot drive the terminal.
"""
import itertools
import os
import re

import expect
from symbols import Symbols

BEFORE, AFTER = 5, 2                # lines of context in a diff
ALIKE = 3                           # a line that begins as another for at least one in so many of its characters was meant
LONGEST = 200                       # characters of a line in a report
WFI = 0xd503207f


class Code:
    """Where run addresses are: the kernel at its base, and the programs of the initrd where they are linked."""

    def __init__(self, directory, addr2line, top=".", tree="."):
        """`addr2line`: the command, a list of words, which finds the source in `top`; that is the folder `tree` here."""
        self._directory, self._addr2line, self._top, self._tree, self._programs = directory, addr2line, top, tree, {}
        self.kernel = Symbols(os.path.join(directory, "kernel.elf"), addr2line, top)

    def is_wfi(self, address, base):
        """Is there a WFI at this run address in the kernel?"""
        try:
            with open(os.path.join(self._directory, "kernel.bin"), "rb") as file:
                file.seek(max(0, address - base))
                return address >= base and int.from_bytes(file.read(4), "little") == WFI
        except OSError:
            return False

    def at(self, address, base):
        """(function, place) of a run address in the kernel, or None outside of it."""
        return self.kernel.locate(address - base) if self.kernel.is_code(address - base) else None

    def place(self, address, base):
        """The same, but of the function that uses what a header has inlined there."""
        return _not_inlined(self.kernel.frames(address - base)) if self.kernel.is_code(address - base) else None

    def source_line(self, place):
        """`file:line: text` of a place "file:line", or None when that is no source file of this tree: #line can name any file."""
        path, _, number = place.rpartition(":")
        top = os.path.realpath(self._tree)
        real = os.path.realpath(os.path.join(top, path))
        if not real.startswith(os.path.join(top, "")) or not real.endswith((".c", ".h", ".S")):
            return None
        try:
            with open(real, encoding="utf-8", errors="replace") as file:
                text = next(itertools.islice(file, int(number) - 1, None), "")
        except (OSError, ValueError):
            return None
        return "%s: %s" % (place, visible(" ".join(text.split()))) if text.strip() else None

    def program(self, name):
        """The Symbols of a program."""
        if name not in self._programs:
            path = os.path.join(self._directory, "programs", os.path.basename(name))
            self._programs[name] = Symbols(path, self._addr2line, self._top)
        return self._programs[name]

    def in_program(self, name, address):
        """(function, place) of an address in a program, or None."""
        symbols = self.program(name)
        return symbols.locate(address) if symbols.is_code(address) else None

    def place_in_program(self, name, address):
        """The same, but of the function that uses what a header has inlined there."""
        symbols = self.program(name)
        return _not_inlined(symbols.frames(address)) if symbols.is_code(address) else None

    def in_programs(self, address, words):
        """{program: (function, place)} of those programs that have these instructions, {address: word}, around an address."""
        try:
            names = sorted(os.listdir(os.path.join(self._directory, "programs")))
        except OSError:
            return {}
        candidates = {name: self.program(name) for name in names}
        return {name: _not_inlined(symbols.frames(address)) for name, symbols in candidates.items()
                if words and symbols.is_code(address) and symbols.has_code(words)}


def _not_inlined(frames):
    """The innermost of Symbols.frames that is not in a header or hypercall.def, or the innermost."""
    return next((frame for frame in frames if not re.search(r"\.(h|def):\d+$", frame[1])), frames[0])


def visible(line):
    """A line as it can be shown: control characters escaped, blanks at the end made visible."""
    text = "".join(c if c.isprintable() else "\\t" if c == "\t" else ("\\x%02x" if ord(c) < 256 else "\\u%04x") % ord(c)
                   for c in line)
    stripped = text.rstrip(" ")
    return stripped + "\\x20" * (len(text) - len(stripped))


def shown_line(line):
    """`visible`, but not longer than a report bears."""
    text = visible(line)
    return text if len(text) <= LONGEST else "%s... (%d characters)" % (text[:LONGEST], len(line))


def name_place(found):
    """`function (file:line)` of what Code.at found."""
    function, place = found
    return "%s (%s)" % (function, place) if place else str(function)


def holes(lines, report, code, base):
    """The unfilled holes a run reached, in order, as (name, place): from outside by the plugin, and as the guest printed them."""
    found = {}
    for address in report.marks if report else ():
        name, place = code.at(address, base) or ("0x%x" % address, "")
        found.setdefault(name, place)
    for line in lines:
        printed = re.search(r"hv8: todo: (\S+)(?: \((.*)\))?", line)
        if printed:
            found[printed.group(1)] = found.get(printed.group(1)) or visible(printed.group(2) or "")
    return list(found.items())


def hang(outcome, code, base):
    """Where the CPU was when the run had to be ended, in one line."""
    report = outcome.report
    count = " after %s instructions" % "{:,}".format(report.instructions) if report else ""
    end = outcome.end
    if end == "stuck" and report and code.is_wfi(report.last, base):
        end = "timer"       # QEMU's clock has run away to the end of time and takes the CPU time that nobody else needs
    sort = {"limit": "no progress:%s the CPU was in ", "asleep": "every CPU sleeps and nothing can wake one:%s WFI in ",
            "stuck": "exceptions without end:%s neither the next instruction nor the exception vectors can be fetched; the last "
                     "instructions were in ", "flood": "more than 1 MiB of output:%s the CPU was in ",
            "nested": "exceptions without end:%s, none of which returned, the CPU was in ",
            "panicked": "no power-off after a panic:%s the CPU was in ",
            "timer": "every CPU sleeps, and a timer with ENABLE = 1 wakes none (it is masked, not enabled in the GIC, or ages "
                     "away):%s WFI in ",
            "slow": "no progress:%s, nearly all of them exceptions or wake-ups from WFI, the CPU was in ",
            "wall": "no end within %.0f s:%%s the CPU was in " % outcome.seconds}[end] % count
    if not report or not report.blocks:
        return re.sub(r"[:;][^:;]*$", "", sort)
    cpu = next((cpu for cpu, last in zip(outcome.cpus, report.cpus) if last == report.last), None)
    where, owner = find(report.blocks[0], cpu, code, base)
    if where is None or owner is not None:
        return sort + name_found(report.blocks[0], cpu, where, owner)
    others = []
    for address in report.blocks:
        function = (code.place(address, base) or (None, ""))[0]
        if function and function != where[0] and function not in others:
            others.append(function)
    return sort + name_place(where) + (", just before in " + ", ".join(others[:4]) if others else "")


def find(address, cpu, code, base):
    """((function, place), None) of an address in the kernel, with the program's name or "" where a monitor.Cpu is in a process,
    (None, None) where nobody knows."""
    found = code.place(address, base)
    if found or cpu is None or cpu.pstate >> 2 & 3 >= 2:
        return found, None
    matches = code.in_programs(address, cpu.code)
    if len(set(matches.values())) != 1:
        return None, None
    return next(iter(matches.values())), next(iter(matches)) if len(matches) == 1 else ""


def of(owner):
    """The words for the program that `find` found."""
    return "" if owner is None else " of " + (owner or "a process")


def name_found(address, cpu, found, owner):
    """The words for what `find` found."""
    level = cpu.pstate >> 2 & 3 if cpu else 2
    if found:
        return name_place(found) + of(owner)
    if address < 0x800 and address % 0x80 == 0:
        return "the exception vector at 0x%x: exceptions are taken with VBAR_EL%d = 0" % (address, level)
    return "a process, at 0x%x" % address if level < 2 else "0x%x, which is outside the kernel's image" % address


def diff(failure, lines, test_name):
    """The place of a failure in the transcript: context, what was expected, what came, and where in the line it departs."""
    shown = []
    at, expected = failure.at, failure.expected
    for n in range(max(0, at - BEFORE), min(at, len(lines))):
        shown.append("    %4d  %s" % (n + 1, shown_line(lines[n])))
    if expected:
        source = "   (%s.test:%d)" % (test_name, failure.test_line) if failure.test_line else ""
        shown.append("  - expected  %s%s" % (shown_line(expected.text), source))
    shown.append("  + %4d  %s" % (at + 1, shown_line(lines[at])) if at < len(lines) else "  + end of output")
    if expected and at < len(lines) and not expected.matches(lines[at]):
        shown += _caret(expected, lines[at])
    for n in range(at + 1, min(at + 1 + AFTER, len(lines))):
        shown.append("    %4d  %s" % (n + 1, shown_line(lines[n])))
    return shown


def _caret(expected, line):
    """A line under one that begins as expected: where it first differs."""
    index, due = expected.departure(line)
    if due and index * ALIKE < len(line):
        return []                               # another line altogether
    came = '"%s"' % visible(line[index]).replace("\\x20", " ") if index < len(line) else "the end of the line"
    words = "column %d: expected %s, got %s" % (index + 1, '"%s"' % due if due else "the end of the line", came)
    column = len(visible(line[:index] + "|")) - 1
    return [" " * (10 + column) + "^ " + words if column <= LONGEST else " " * 10 + words]


def alike(results):
    """Results with a report, those of one reason and one hint together: a list of (the first one, names of the others)."""
    groups = {}
    for result in results:
        if result.report:
            groups.setdefault((result.lab, result.why, result.hint and result.hint.name), []).append(result)
    return [(group[0], [result.test.name for result in group[1:]]) for group in groups.values()]


def first_line(failure, lines):
    """One line of a failure for the list of tests."""
    if failure.kind == "forbidden" or failure.expected is None:
        got = ": " + visible(lines[failure.at]) if failure.at < len(lines) else ""
        return failure.why + got
    return "%s: expected %s" % (failure.why, shown_line(failure.expected.text))


def is_todo(failure, lines):
    """Is this failure only the line of an unfilled hole?"""
    return failure.kind == "forbidden" and re.search(expect.FORBIDDEN[1][1], lines[failure.at]) is not None
