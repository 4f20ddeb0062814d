"""`hv8 walk` and `hv8 map`: what translation tables say about one address, descriptor by descriptor, and about all.

The tables are read as physical memory, so that it matters not which level the CPU is at, nor whether its MMU is on.
"""
import collections
import os
import re

import gdb

import pages
import registers
import symbols
import tables
import target
import walk

SHARES = {"non": "non-shareable", "inner": "inner shareable", "outer": "outer shareable", "reserved": "reserved"}
RIGHTS = {0: "read, write", 1: "read, write; EL0 too", 2: "read-only", 3: "read-only; EL0 too"}       # AP[2:1] at EL1 and EL0
Line = collections.namedtuple("Line", "va pa size leaves mapping words")
# One of hv8 map: a range that maps alike; leaves: a Counter of their sizes; mapping: the first; words: what is there.


def regime(name, root=None):
    """The walk.Regime "el1" or "el2", or GdbError saying why there is none."""
    if name == "el1" and target.symbol("el1_configure") is None:
        raise gdb.GdbError("this kernel has no processes, so EL1 has no tables: they come with lab 3")
    try:
        return walk.regime(name, target.register, root)
    except walk.WalkError as error:
        where = ("mmu_enable() turns it on" if target.symbol("mmu_enable") else "it comes with lab 2") if name == "el2" else \
            "el1_configure() turns it on"
        raise gdb.GdbError("%s%s" % (error, "; " + where if "is off" in str(error) else ""))


def title(regime, whose):
    return "%s: %d bits of address, the level %d table is at 0x%x (%s)" % (
        regime.name.upper(), regime.bits, walk.first_level(regime), regime.root, whose)


class Walk(target.Command):
    """Walk the translation tables for an address: hv8 walk [el1|el2] VA

    VA is any expression: 0x400000, main, $FAR_EL2. Without el1 or el2: the tables of the level that this CPU is at. Shown are each
    level's table, index and descriptor, the fields of the last one, and what they make of the address.
    """
    name = "walk"

    def run(self, arguments):
        name, expression = re.fullmatch(r"(?:(el[12])\b)?\s*(.*)", arguments).groups()
        if not expression:
            raise gdb.GdbError("hv8 walk: which address? hv8 walk [el1|el2] VA")
        va = target.address(expression)
        walked, space = regime(name or ("el2" if target.level() == 2 else "el1")), target.space()
        print(title(walked, "TTBR0_" + walked.name.upper()))
        if va >> walked.bits:
            print("0x%x: not mapped, the address has more than %d bits" % (va, walked.bits))
            return
        print("level  table       index  descriptor          what it is")
        for step in walk.steps(walked, va, target.physical):
            print("%5d  0x%-8x  %5d  0x%016x  %s" % (step.level, step.table, step.index, step.descriptor, _what(step, space)))
        found, where = walk.mapping(walked, step, va), ", " + space.name(va) if walked.name == "el2" else ""
        if found is None:
            print("0x%x: not mapped%s" % (va, where))
            return
        for line in _fields(walked, step):
            print(" " * 22 + line)
        print("0x%x -> physical 0x%x: %s%s" % (va, found.pa, _rights(walked, found), where))


def _what(step, space):
    address = step.descriptor & walk.ADDRESS_MASK & -1 << walk.shift(step.level)
    if step.kind == "table":
        address = step.descriptor & walk.ADDRESS_MASK
        limits = [name for bit, name in ((63, "NSTable"), (60, "UXNTable"), (59, "PXNTable")) if step.descriptor >> bit & 1]
        limits += ["APTable %d" % (step.descriptor >> 61 & 3)] if step.descriptor >> 61 & 3 else []
        return "table at 0x%x%s%s" % (address, ", " + ", ".join(limits) if limits else "",
                                      "" if space.is_memory(address) else ", where there is no memory")
    if step.kind in ("block", "page"):
        return "%s of %s at 0x%x" % (step.kind, walk.SIZES[step.level], address)
    return {"invalid": "bit 0 is 0: invalid", "reserved": "bits 1:0 are 0b01: reserved at level %d" % step.level}[step.kind]


def _fields(walked, step):
    """What each field of a block or page says, as the manual names them (D8.3.1)."""
    d, el1 = step.descriptor, walked.name == "el1"
    index, rights = d >> 2 & 7, d >> 6 & 3
    attribute = registers.value_text("MAIR_EL1", "Attr0", walked.mair >> 8 * index & 0xff)
    yield "AttrIndx = %d: MAIR_%s.Attr%d = %s" % (index, walked.name.upper(), index, attribute)
    yield "AP[2:1] = %d: %s" % (rights, RIGHTS[rights] if el1 else RIGHTS[rights & 2] + ("" if rights & 1 else "; AP[1] must be 1"))
    yield "SH = %d: %s" % (d >> 8 & 3, SHARES[walk.SHARES[d >> 8 & 3]])
    yield "AF = %d%s" % (d >> 10 & 1, "" if d >> 10 & 1 else ": an access faults")
    if el1:
        yield "nG = %d: %s" % (d >> 11 & 1, "belongs to one ASID" if d >> 11 & 1 else "belongs to every ASID")
        yield "PXN = %d%s" % (d >> 53 & 1, ": EL1 cannot execute" if d >> 53 & 1 else "")
    never, level = ("UXN", "EL0") if el1 else ("XN", "EL2")
    yield "%s = %d%s" % (never, d >> 54 & 1, ": %s cannot execute" % level if d >> 54 & 1 else "")


def _rights(walked, mapping):
    """A mapping's properties in the words of test files."""
    kind = "normal" if mapping.kind == "writeback" else mapping.kind
    el0 = ["el0:" + mapping.el0] if walked.name == "el1" else []
    ng = ["nG" if mapping.ng else "global"] if walked.name == "el1" else []
    return " ".join([mapping.perm] + el0 + [kind, mapping.share] + ng + ([] if mapping.accessed else ["AF=0"]))


class Map(target.Command):
    """Show all mappings of an address space: hv8 map [el1|el2|PID]

    One line for neighbours that map alike. el1: the address space in TTBR0_EL1; PID: that of this process, running or not.
    Without an argument: that of the level that this CPU is at.
    """
    name = "map"

    def run(self, arguments):
        if arguments.isdigit():
            walked, whose = regime("el1", tables.process(arguments).ttbr0), "the tables"
        elif arguments in ("", "el1", "el2"):
            walked = regime(arguments or ("el2" if target.level() == 2 else "el1"))
            whose = "TTBR0_" + walked.name.upper()
        else:
            raise gdb.GdbError("hv8 map: '%s' is neither el1 nor el2 nor a pid" % arguments)
        areas = Kernel() if walked.name == "el2" else Process(walked)
        print(title(walked, whose + areas.whose))
        lines, failure = [], None
        try:
            for va, mapping in walk.mappings(walked, target.physical):
                _add(lines, va, mapping, _rights(walked, mapping), areas.words(va, mapping))
        except walk.WalkError as error:
            failure = error
        _print(sorted(lines + areas.holes(lines)), areas)
        if failure:
            raise gdb.GdbError("hv8 map: %s" % failure)


SIZE = {"4K": 1 << 12, "2M": 1 << 21, "1G": 1 << 30}


def _add(lines, va, mapping, rights, words):
    """One leaf more; it continues the last line if it maps alike."""
    size, last = SIZE[mapping.size], lines[-1] if lines else None
    if last and last.va + last.size == va and last.pa + last.size == mapping.pa and (last.mapping, last.words) == (rights, words):
        last.leaves[mapping.size] += 1
        lines[-1] = last._replace(size=last.size + size)
    else:
        lines.append(Line(va, mapping.pa, size, collections.Counter([mapping.size]), rights, words))


def _print(lines, areas):
    if not lines:
        print("nothing is mapped")
        return
    rows = [("VA", "PA", "mapped as", "leaves", "what is there")]
    for line in lines:
        leaves = " ".join("%dx%s" % (line.leaves[size], size) for size in SIZE if line.leaves[size])
        pa = "" if line.pa is None else "= VA" if line.pa == line.va else "0x%x" % line.pa
        rows.append(("0x%x-0x%x" % (line.va, line.va + line.size), pa, line.mapping, leaves, areas.tail(line)))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        print("  ".join(text.ljust(width) for text, width in zip(row, widths + [0])).rstrip())


class Kernel:
    """What is at EL2's addresses: parts of the image and of the machine, and process memory."""
    whose = ""

    def __init__(self):
        self._parts, self._process = target.space().parts(), None
        if target.symbol("page_memory"):
            place = target.variable("page_memory", 3, "processes")
            base, count = int(place["base"]), int(place["count"])
            self._process = (base, base + count * pages.PAGE, "memory of processes") if count else None
        self._holes = [part for part in self._parts if re.search("page 0|header|guard", part[2])]

    def words(self, va, mapping):
        """The parts that a leaf maps."""
        start, end = mapping.pa, mapping.pa + SIZE[mapping.size]
        found = [words for first, behind, words in self._parts if first < end and start < behind]
        if self._process and self._process[0] < end and start < self._process[1]:
            found = [words for words in found if not words.startswith("memory")] + [self._process[2]]
        return "; ".join(found) or "no memory and no device of this machine"

    def holes(self, lines):
        """Lines for what should not be mapped, and is not."""
        return [Line(start, None, end - start, collections.Counter(), "not mapped", words) for start, end, words in self._holes
                if not any(line.va < end and start < line.va + line.size for line in lines)]

    def tail(self, line):
        return line.words


class Process:
    """What is at a process's addresses: its program's sections and other frames of its own, and tables of the kernel."""

    def __init__(self, walked):
        self._memory, (self._kernel, self._base), self._space = pages.Memory(), target.elf(), target.space()
        self._image = [part for part in self._space.parts() if "kernel" in part[2] and part[0] >= self._base]
        root = self._memory.number(walked.root)
        self._pid = self._memory.rows[root].owner if root is not None else 0
        process = tables.Process(self._pid)
        self._name, self.whose = process.name or process.title, " of " + process.title if self._pid else ""
        self._program = symbols.Symbols(os.path.join(os.path.dirname(target.kernel().filename), "programs", self._name), [])

    def words(self, va, mapping):
        number = self._memory.number(mapping.pa)
        if number is None:
            inside = any(start <= mapping.pa < end for start, end, _ in self._image)
            return "the kernel's %s" % self._kernel.function(mapping.pa - self._base) if inside else self._space.name(mapping.pa)
        row = self._memory.rows[number]
        if row.owner != self._pid or self._memory.types[row.type] != "frame":
            return "%s of %s" % (self._memory.types[row.type], tables.Process(row.owner).title if row.owner else "nobody")
        section = self._program.section(va)
        return "%s's %s" % (self._name, section) if section else "memory of %s" % self._name

    def holes(self, lines):
        return []

    def tail(self, line):
        first = self._memory.number(line.pa)
        if first is None:
            return line.words
        last = first + line.size // pages.PAGE - 1
        return "%s, page %d" % (line.words, first) + ("-%d" % last if last > first else "")
