"""hv8 walk, map and pages on kernels that run in QEMU, compared with where QEMU's own page walk leads (monitor gva2gpa), with
memory as its monitor shows it, and with the linker's symbols.
"""
import os
import re
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import test_gdb                                                                 # noqa: E402
from test_gdb import BASE, IN_INIT, symbols                                     # noqa: E402

END = 0x80000000                                        # of memory
LINE = re.compile(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(?:(= VA|0x[0-9a-f]+) +)?(not mapped|\S+(?: \S+)*)  +(.*)")
STEP = re.compile(r" +(\d)  0x([0-9a-f]+) +(\d+)  0x([0-9a-f]{16})  .+")


def physical(answer):
    """What `monitor gva2gpa` has answered: an address, or None."""
    found = re.fullmatch(r"gpa: 0x([0-9a-f]+)|gpa: (0)|Unmapped", answer.strip())
    if not found:
        raise AssertionError("gva2gpa said " + answer)
    return None if answer.startswith("Unmapped") else int(found.group(1) or "0", 16)


def ranges(answer):
    """The lines of `hv8 map` as (start, end, physical or None, how, leaves and what is there)."""
    found = []
    for line in answer.splitlines()[2:]:
        start, end, pa, how, rest = LINE.fullmatch(line).groups()
        found.append((int(start, 16), int(end, 16), None if not pa else int(start, 16) if pa == "= VA" else int(pa, 16), how, rest))
    return found


def probes(found):
    """Addresses that tell whether the ranges are right: their ends, and what is next to them."""
    edges = {edge for start, end, _, _, _ in found for edge in (start, end)}
    return sorted({address for edge in edges for address in (edge - 1, edge, edge + 0x1ff) if address >= 0})


def expected(found, address):
    """Where the ranges say that an address leads."""
    for start, end, pa, how, _ in found:
        if start <= address < end and how != "not mapped":
            return pa + address - start
    return None


class Tables(test_gdb.Gdb):
    def follow(self, found, args, lab, until):
        """QEMU's walk must lead where the ranges say, in the same boot."""
        addresses = probes(found)
        self.assertGreater(len(addresses), 20)
        answers = self.session(lab, args, until + ["monitor gva2gpa 0x%x" % address for address in addresses]).answers
        for address, answer in zip(addresses, answers[len(until):]):
            self.assertEqual(physical(answer), expected(found, address), "0x%x" % address)


class Stage2(Tables):
    MAPPED = ["tbreak map_table_count", "continue"]          # called when the MMU is on

    def test_the_map_is_the_linkers(self):
        s = symbols(2)

        def line(start, end, how, leaves, words):
            return ("0x%x-0x%x" % (start, end), "" if how == "not mapped" else "= VA", how, leaves, words)

        def pages(start, end):
            return "%dx4K" % ((end - start) // 4096)

        rest = -s["_end"] % (2 << 20) // 4096
        rows = [("VA", "PA", "mapped as", "leaves", "what is there"),
                line(0, 0x1000, "not mapped", "", "page 0, where null pointers lead"),
                line(0x9000000, 0x9001000, "rw- nGnRE non", "1x4K", "the UART"),
                line(0x40000000, BASE, "rw- normal inner", "1x2M", "memory outside the kernel's image"),
                line(BASE, s["_text"], "not mapped", "", "the image's header"),
                line(s["_text"], s["_etext"], "r-x normal inner", pages(s["_text"], s["_etext"]), "the kernel's text"),
                line(s["_rodata"], s["_erodata"], "r-- normal inner", pages(s["_rodata"], s["_erodata"]),
                     "the kernel's read-only data"),
                line(s["_data"], s["_edata"], "rw- normal inner", pages(s["_data"], s["_edata"]), "the kernel's data"),
                line(s["_guard"], s["_stack"], "not mapped", "", "the guard page below the kernel's stack"),
                line(s["_stack"], s["_stack_top"], "rw- normal inner", "4x4K", "the kernel's stack"),
                line(s["_panic_guard"], s["_panic_stack"], "not mapped", "", "the guard page below the panic stack"),
                line(s["_panic_stack"], s["_end"], "rw- normal inner", "2x4K", "the panic stack"),
                line(s["_end"], END, "rw- normal inner", "%dx4K %dx2M" % (rest, (END - s["_end"]) >> 21),
                     "memory outside the kernel's image")]
        widths = [max(len(row[n]) for row in rows) for n in range(4)] + [0]
        table = ["  ".join(text.ljust(width) for text, width in zip(row, widths)).rstrip() for row in rows]
        title = "EL2: 48 bits of address, the level 0 table is at 0x%x (TTBR0_EL2)" % s["tables"]
        self.assertEqual(self.session(2, "", self.MAPPED + ["hv8 map"]).answers[-1].splitlines(), [title] + table)

    def test_qemu_walks_where_the_map_says(self):
        self.follow(ranges(self.session(2, "", self.MAPPED + ["hv8 map el2"]).answers[-1]), "", 2, self.MAPPED)

    def test_a_walk_reads_what_is_in_memory(self):
        addresses = {"main": "r-x normal inner", "&tables": "rw- normal inner", "0x9000024": "rw- nGnRE non",
                     "0x7fe12345": "rw- normal inner", "&_guard": None, "0": None, "0x8000000000": None}
        answers = self.session(2, "", self.MAPPED + ["hv8 walk " + address for address in addresses]).answers[2:]
        walks = [[STEP.fullmatch(line).groups() for line in answer.splitlines() if STEP.fullmatch(line)] for answer in answers]
        asked = [command for walk in walks for _, table, index, _ in walk
                 for command in ("monitor xp /1gx 0x%x" % (int(table, 16) + 8 * int(index)),)]
        asked += ["printf \"%%#lx\\n\", %s" % address for address in addresses]
        asked += ["python gdb.execute('monitor gva2gpa 0x%%x' %% (int(gdb.parse_and_eval('(unsigned long)(%s)'))))" % address
                  for address in addresses]
        told = self.session(2, "", self.MAPPED + asked).answers[2:]
        memory = [int(answer.split(": 0x")[1], 16) for answer in told[:-2 * len(addresses)]]
        self.assertEqual([int(step[3], 16) for walk in walks for step in walk], memory)
        for walk in walks:
            self.assertEqual([int(step[0]) for step in walk], list(range(len(walk))))
        self.assertEqual([len(walk) for walk in walks], [4, 4, 4, 3, 4, 3, 1])
        values = [int(answer, 0) for answer in told[-2 * len(addresses):-len(addresses)]]
        for answer, value, where, how in zip(answers, values, told[-len(addresses):], addresses.values()):
            last = answer.splitlines()[-1]
            if how is None:
                self.assertRegex(last, r"^0x%x: not mapped, [a-z]" % value)
                self.assertIsNone(physical(where))
            else:
                self.assertRegex(last, r"^0x%x -> physical 0x%x: %s, [a-z]" % (value, physical(where), how))

    def test_a_walk_says_what_each_field_is(self):
        root, text = symbols(2)["tables"], symbols(2)["_text"]
        answer = self.session(2, "", self.MAPPED + ["hv8 walk &_text"]).answers[-1].splitlines()
        self.assertEqual(answer[0], "EL2: 48 bits of address, the level 0 table is at 0x%x (TTBR0_EL2)" % root)
        self.assertEqual(answer[1], "level  table       index  descriptor          what it is")
        # Valid, a page, AttrIndx 0, AP 0b11, inner shareable, AF: 1 | 1 << 1 | 3 << 6 | 3 << 8 | 1 << 10 (Arm ARM D8.3.1)
        self.assertRegex(answer[5], r"^    3  0x[0-9a-f]{8}      1  0x%016x  page of 4K at 0x%x$" % (text | 0x7c3, text))
        self.assertEqual([line.strip() for line in answer[6:]],
                         ["AttrIndx = 0: MAIR_EL2.Attr0 = 0xff (Normal, write-back)", "AP[2:1] = 3: read-only",
                          "SH = 3: inner shareable", "AF = 1", "XN = 0",
                          "0x%x -> physical 0x%x: r-x normal inner, the kernel's text, vectors+0x0" % (text, text)])

    def test_before_the_mmu_is_on(self):
        answers = self.session(2, "", ["hv8 map", "hv8 walk 0", "hv8 walk el1 0"]).answers
        off = "SCTLR_EL2.M is 0: the MMU is off; mmu_enable() turns it on"
        self.assertEqual(answers, [off, off, "this kernel has no processes, so EL1 has no tables: they come with lab 3"])

    def test_tables_that_are_none(self):
        spoil = ("python import target; "
                 "packet = gdb.selected_inferior().connection.send_packet; root = target.register('TTBR0_EL2'); "
                 "packet('Qqemu.PhyMemMode:1'); "
                 "gdb.selected_inferior().write_memory(root, %s); packet('Qqemu.PhyMemMode:0')")
        around = spoil % "(root | 3).to_bytes(8, 'little') * 16"
        nowhere = spoil % "(0xffff00000003).to_bytes(8, 'little')"
        answers = self.session(2, "", self.MAPPED + [around, "hv8 map", "hv8 walk 0x1000", nowhere, "hv8 walk 0x1000"]).answers
        self.assertEqual(answers[3].splitlines()[-1], "hv8 map: more than 2048 tables: what is read there are no tables")
        self.assertRegex(answers[4], r"(?m)^0x1000 -> physical 0x%x: " % symbols(2)["tables"])
        self.assertRegex(answers[6], r"(?m)^    0  .* table at 0xffff00000000, where there is no memory$")


class Stage6(Tables):
    NUMBERS = ["python import target; print(target.variable('%s', 3, '')%s)" % where
               for where in (("procs", "[1]['npages']"), ("page_memory", "['count']"))]

    def test_a_process_is_mapped_where_qemu_walks(self):
        answers = self.session(6, "", IN_INIT + ["hv8 map", "hv8 map el1", "hv8 map 1"]).answers[3:]
        self.assertEqual(answers[0], answers[1])
        self.assertEqual(answers[0].splitlines()[1:], answers[2].splitlines()[1:])
        self.assertRegex(answers[0], r"^EL1: 48 bits of address, the level 0 table is at 0x[0-9a-f]+ "
                                     r"\(TTBR0_EL1 of process 1 \(init\)\)\n")
        found = ranges(answers[0])
        s = symbols(6)
        parts = [(0x10000, s["user_vectors"], "r-x el0:--- normal inner nG", "1x4K    the kernel's user_vectors"),
                 (0x80200000, s["pages"], "r-- el0:r-- normal inner nG", "256x4K  the kernel's pages"),
                 (0x80300000, s["procs"], "r-- el0:r-- normal inner nG", "2x4K    the kernel's procs"),
                 (0x80310000, s["files"], "r-- el0:r-- normal inner nG", "1x4K    the kernel's files"),
                 (0x80320000, s["irqs"], "r-- el0:r-- normal inner nG", "1x4K    the kernel's irqs")]
        self.assertEqual([(start, pa, how, rest) for start, _, pa, how, rest in found if "the kernel's" in rest], parts)
        own = [(start, how, re.sub(r", page .*", "", rest)) for start, _, _, how, rest in found if "init" in rest]
        self.assertEqual(own[:3], [(0x400000, "r-x el0:r-x normal inner nG", "1x4K    init's .text"),
                                   (0x401000, "r-- el0:r-- normal inner nG", "1x4K    init's .rodata"),
                                   (0x402000, "rw- el0:rw- normal inner nG", "1x4K    init's .data")])
        self.assertEqual({what for what in own[3:]}, {(start, "rw- el0:rw- normal inner nG", rest) for start, _, rest in own[3:]})
        self.follow(found, "", 6, IN_INIT)

    def test_what_does_not_lie_together_is_not_merged(self):
        """0x7fff8000 is unmapped, and its frame mapped one page higher: a hole in VA alone, then one in PA alone."""
        move = ("python import target, pages, walk; "
                "tables = walk.regime('el1', target.register); "
                "last = list(walk.steps(tables, 0x7fff8000, target.physical))[-1]; "
                "packet = gdb.selected_inferior().connection.send_packet; packet('Qqemu.PhyMemMode:1'); "
                "gdb.selected_inferior().write_memory(last.table + last.index * 8, "
                "bytes(8) + last.descriptor.to_bytes(8, 'little')); packet('Qqemu.PhyMemMode:0')")
        before, _, after = self.session(6, "", IN_INIT + ["hv8 map", move, "hv8 map"]).answers[3:]
        start, end, pa, how, _ = ranges(before)[5]
        self.assertEqual((start, end), (0x7fff1000, 0x80000000))
        found = ranges(after)
        self.assertEqual([line[:4] for line in found[5:8]],
                         [(start, 0x7fff8000, pa, how), (0x7fff9000, 0x7fffa000, pa + 0x7fff8000 - start, how),
                          (0x7fffa000, end, pa + 0x7fffa000 - start, how)])
        self.assertEqual(found[:5] + found[8:], ranges(before)[:5] + ranges(before)[6:])

    def test_two_processes_have_pages_of_their_own(self):
        asked = ["hv8 pages 1", "hv8 pages 2", "hv8 pages", "hv8 map 2"]
        answers = self.session(6, "init=init,hello", IN_INIT + asked).answers[3:]
        pages = [[int(number) for number in re.findall(r"(?m)^ +(\d+)  0x", answer)] for answer in answers[:2]]
        for title, numbers, answer in zip(("process 1 (init)", "process 2 (hello)"), pages, answers):
            self.assertEqual(answer.splitlines()[0], "%s: %d pages" % (title, len(numbers)))
            runs = re.findall(r"(?m)^(\d+)(?:-(\d+))? .* %s$" % re.escape(title), answers[2])
            self.assertEqual([n for first, last in runs for n in range(int(first), int(last or first) + 1)], numbers)
        self.assertFalse(set(pages[0]) & set(pages[1]))
        self.assertRegex(answers[3], r"\(the tables of process 2 \(hello\)\)\n")
        self.assertRegex(answers[3], r"\n0x400000-0x\w+ .* hello's \.text, page \d+\n")

    def test_pages_are_those_that_the_tables_map(self):
        """pages[] is what the kernel believes, the tables are what is so."""
        asked = ["hv8 map", "hv8 pages 1", "hv8 pages", "hv8 pages frame", "hv8 pages l3", *self.NUMBERS,
                 "hv8 pages 2", "hv8 pages x"]
        answers = self.session(6, "", IN_INIT + asked).answers[3:]
        mapped = {}
        for start, end, pa, how, rest in ranges(answers[0]):
            for at in range(0, end - start if "init" in rest else 0, 4096):
                mapped[start + at] = (pa + at, how.split()[0])
        listed = re.findall(r"(?m)^ +(\d+)  0x(\w+) +(\w+) +0x(\w+) +(.*)$", answers[1])
        frames = {int(va, 16): (int(pa, 16), what.split(",")[0]) for _, pa, kind, va, what in listed if kind == "frame"}
        self.assertEqual(frames, mapped)
        self.assertEqual(int(answers[5]), len(listed))
        count = int(answers[6])
        kinds = [kind for _, _, kind, _, _ in listed]
        title = "%d pages from 0x%x: %d free, %d frame, 1 l0, 1 l1, %d l2, %d l3" % (
            count, int(listed[0][1], 16), count - len(listed), len(frames), kinds.count("l2"), kinds.count("l3"))
        runs = [(int(first), int(last or first), int(number), kind, owner) for first, last, number, kind, owner in
                re.findall(r"(?m)^(\d+)(?:-(\d+))? +(\d+)  (\w+) *(.*)$", answers[2])]
        self.assertEqual([line.splitlines()[0] for line in answers[2:5]], [title] * 3)
        self.assertEqual([first for first, _, _, _, _ in runs], [0] + [last + 1 for _, last, _, _, _ in runs[:-1]])
        self.assertEqual(runs[-1], (len(listed), count - 1, count - len(listed), "free", ""))
        self.assertEqual([kind for first, last, number, kind, owner in runs[:-1] for _ in range(first, last + 1)], kinds)
        self.assertEqual({owner for _, _, _, _, owner in runs[:-1]}, {"process 1 (init)"})
        self.assertEqual(len(answers[4].splitlines()), 2 + kinds.count("l3"))
        self.assertEqual(answers[7:], ["there is no process 2; 'hv8 procs' lists them",
                                       "hv8 pages: 'x' is neither a pid nor one of free, frame, l0, l1, l2, l3"])

    def test_on_a_board_whose_devices_are_above_its_memory(self):
        answer = self.session(6, "", ["tbreak proc_start", "continue", "hv8 map"], machine="versal").answers[-1]
        where = {line.split("  ")[-1]: (start, end) for line, (start, end, _, _, _) in zip(answer.splitlines()[2:], ranges(answer))}
        self.assertEqual(where["memory outside the kernel's image"][1], 0x40000000)
        self.assertEqual(where["the UART"], (0xff000000, 0xff001000))
        self.assertNotIn("no memory and no device of this machine", where)


if __name__ == "__main__":
    unittest.main()
