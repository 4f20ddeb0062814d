"""hv8's commands for gdb, on kernels that run in QEMU: hv8 esr, sysregs, walk, map and pages.

What they say is compared with what QEMU's own page walk finds (monitor gva2gpa), with the linker's symbols, with what the kernel
prints of a fault, and with the kernel's source.
"""
import os
import re
import signal
import socket
import subprocess
import sys
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.dirname(HERE)]
import live_gdb                                                                 # noqa: E402
import registers                                                                # noqa: E402
import toy_guest                                                                # noqa: E402

BASE, END = 0x40200000, 0x80000000
NOBODY = "no kernel is attached: run 'make qemu-gdb' in one terminal and 'make gdb' in another"
WIDEST = 110
LINE = re.compile(r"0x([0-9a-f]+)-0x([0-9a-f]+) +(?:(= VA|0x[0-9a-f]+) +)?(not mapped|\S+(?: \S+)*)  +(.*)")
STEP = re.compile(r" +(\d)  0x([0-9a-f]+) +(\d+)  0x([0-9a-f]{16})  .+")
# Everything that reading a register of the GIC might change.
STATE = "printf \"%lx %lx %lx %lx %lx %lx %lx\\n\", $pc, $x0, $cpsr, $ESR_EL2, $ELR_EL2, $SPSR_EL2, $ESR_EL1"


def symbols(lab):
    """Where this stage's linker symbols are when it runs."""
    listed = subprocess.run([toy_guest.CROSS + "nm", os.path.join(live_gdb.build(lab), "kernel.elf")], stdout=subprocess.PIPE,
                            text=True, check=True).stdout
    return {name: BASE + int(value, 16) for value, _, name in re.findall(r"(?m)^([0-9a-f]+) (\w) (\S+)$", listed)}


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


@unittest.skipIf(live_gdb.MISSING, "there is no %s" % " and no ".join(live_gdb.MISSING))
class Gdb(unittest.TestCase):
    maxDiff = None

    def session(self, lab, args, commands, **options):
        """The answers of a session, none wider than a handout bears."""
        session = live_gdb.Session(lab, args, commands, **options)
        for command, answer in zip(commands, session.answers):
            for line in answer.splitlines() if command.startswith("hv8") else ():
                self.assertLessEqual(len(line), WIDEST, line)
        return session

    def follow(self, found, args, lab, until):
        """QEMU's walk must lead where the ranges say, in the same boot."""
        addresses = probes(found)
        self.assertGreater(len(addresses), 20)
        answers = self.session(lab, args, until + ["monitor gva2gpa 0x%x" % address for address in addresses]).answers
        for address, answer in zip(addresses, answers[len(until):]):
            self.assertEqual(physical(answer), expected(found, address), "0x%x" % address)


class Stage1(Gdb):
    def test_what_comes_later_is_said_in_a_line(self):
        processes = "this kernel has no processes: they come with lab 3"
        asked = {
            "hv8 walk main": "SCTLR_EL2.M is 0: the MMU is off; it comes with lab 2",
            "hv8 map": "SCTLR_EL2.M is 0: the MMU is off; it comes with lab 2",
            "hv8 map el1": "this kernel has no processes, so EL1 has no tables: they come with lab 3",
            "hv8 map 1": processes, "hv8 pages": processes, "hv8 pages 1": processes,
            "hv8 esr": "ESR_EL2 0x0: no exception was taken to EL2 yet\nESR_EL1 0x0: no exception was taken to EL1 yet",
            "hv8 esr 0x96000045": "0x96000045: data abort, write, translation fault, level 1",
            "hv8 sysregs": "VBAR_EL2 = 0x%016x, the kernel's text, vectors+0x0" % symbols(1)["vectors"],
        }
        answers = self.session(1, "", ["tbreak power_off", "continue"] + list(asked)).answers
        self.assertEqual(dict(zip(asked, answers[2:])), asked)

    def test_mistakes_are_said_in_a_line(self):
        asked = {
            "hv8 esr nosuch": 'hv8 esr: No symbol "nosuch" in current context.',
            "hv8 walk": "hv8 walk: which address? hv8 walk [el1|el2] VA",
            "hv8 map el3": "hv8 map: 'el3' is neither el1 nor el2 nor a pid",
            "hv8 sysregs nosuch": "hv8 sysregs: no register is named like 'nosuch'; try '*', '*_el1' or 'ich_*'",
            "hv8 walk $nosuch": "$nosuch has no value here",
        }
        over = {
            "hv8 walk $FAR_EL2": NOBODY, "hv8 esr $ESR_EL2": NOBODY, "hv8 esr": NOBODY, "hv8 map": NOBODY, "hv8 walk 0": NOBODY, "hv8 sysregs": NOBODY,
            "hv8 esr 0x5a000007": "0x5a000007: HVC #0x7",
        }
        answers = self.session(1, "", [*asked, "kill", *over]).answers
        self.assertEqual(dict(zip(asked, answers)), asked)
        self.assertEqual(dict(zip(over, answers[len(asked) + 1:])), over)

    def test_help_has_each_command_in_a_line(self):
        listed = self.session(1, "", ["help hv8"]).answers[0]
        for name in ("esr", "map", "pages", "sysregs", "walk"):
            self.assertRegex(listed, r"(?m)^hv8 %s -- \w.*: hv8 %s( [\[A-Z].*)?$" % (name, name))


class Stage2(Gdb):
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

    def test_a_fault_is_told_as_the_kernel_tells_it(self):
        for test, region in (("null_write", "page 0, where null pointers lead"),
                             ("stack_overflow", "the guard page below the kernel's stack: a stack overflow")):
            session = self.session(2, "test=%s nonce=7" % test, ["tbreak panic_exception", "continue", "hv8 esr", "continue"])
            esr, words = re.search(r"ESR_EL2 0x([0-9a-f]+)  (.*)", session.console).groups()
            far = int(re.search(r"FAR_EL2 0x([0-9a-f]+)", session.console).group(1), 16)
            told = session.answers[2].splitlines()
            self.assertEqual(told[0], "ESR_EL2 0x%s: %s" % (esr, words.replace("\r", "")))
            self.assertEqual(told[1], "FAR_EL2 0x%x: %s" % (far, region))
            self.assertRegex(told[2], r"^ELR_EL2 0x[0-9a-f]+: .*(ktest_null_write \(grading/guest/lab2.c:\d+\)|dig)")
            self.assertEqual(told[3], "ESR_EL1 0x0: no exception was taken to EL1 yet")


class Stage6(Gdb):
    NUMBERS = ["python import target; print(target.variable('%s', 3, '')%s)" % where
               for where in (("procs", "[1]['npages']"), ("page_memory", "['count']"))]
    IN_INIT = ["break *0x400000", "continue", "delete"]

    def test_a_process_is_mapped_where_qemu_walks(self):
        answers = self.session(6, "", self.IN_INIT + ["hv8 map", "hv8 map el1", "hv8 map 1"]).answers[3:]
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
        self.follow(found, "", 6, self.IN_INIT)

    def test_what_does_not_lie_together_is_not_merged(self):
        """0x7fff8000 is unmapped, and its frame mapped one page higher: a hole in VA alone, then one in PA alone."""
        move = ("python import target, pages, walk; "
                "tables = walk.regime('el1', target.register); "
                "last = list(walk.steps(tables, 0x7fff8000, target.physical))[-1]; "
                "packet = gdb.selected_inferior().connection.send_packet; packet('Qqemu.PhyMemMode:1'); "
                "gdb.selected_inferior().write_memory(last.table + last.index * 8, "
                "bytes(8) + last.descriptor.to_bytes(8, 'little')); packet('Qqemu.PhyMemMode:0')")
        before, _, after = self.session(6, "", self.IN_INIT + ["hv8 map", move, "hv8 map"]).answers[3:]
        start, end, pa, how, _ = ranges(before)[5]
        self.assertEqual((start, end), (0x7fff1000, 0x80000000))
        found = ranges(after)
        self.assertEqual([line[:4] for line in found[5:8]],
                         [(start, 0x7fff8000, pa, how), (0x7fff9000, 0x7fffa000, pa + 0x7fff8000 - start, how),
                          (0x7fffa000, end, pa + 0x7fffa000 - start, how)])
        self.assertEqual(found[:5] + found[8:], ranges(before)[:5] + ranges(before)[6:])

    def test_two_processes_have_pages_of_their_own(self):
        asked = ["hv8 pages 1", "hv8 pages 2", "hv8 pages", "hv8 map 2"]
        answers = self.session(6, "init=init,hello", self.IN_INIT + asked).answers[3:]
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
        answers = self.session(6, "", self.IN_INIT + ["hv8 map", "hv8 pages 1", "hv8 pages", "hv8 pages frame", "hv8 pages l3",
                                                      *self.NUMBERS, "hv8 pages 2", "hv8 pages x"]).answers[3:]
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

    def test_a_register_is_told_field_by_field(self):
        hcr = """HCR_EL2 = 0x0000000084782038
  FMO          3          1  physical FIQs come to EL2, virtual ones exist
  IMO          4          1  physical IRQs come to EL2, virtual ones exist
  AMO          5          1  physical SErrors come to EL2, virtual ones exist
  TWI          13         1  trap WFI
  TSC          19         1  trap SMC
  TIDCP        20         1  trap implementation-defined registers
  TACR         21         1  trap ACTLR_EL1
  TSW          22         1  trap cache maintenance by set and way
  TVM          26         1  trap writes of the translation registers
  RW           31         1  EL1 is AArch64
  0: VM SWIO PTW VF VI VSE FB BSU DC TWE TID0 TID1 TID2 TID3 TPCP TPU TTLB TGE TDZ HCD TRVM CD ID E2H TLOR
     TERR TEA MIOCNCE TME APK API NV NV1 AT NV2 FWB FIEN GPF TID4 TICAB AMVOFFEN TOCU EnSCXT TTLBIS TTLBOS
     ATA DCT TID5 TWEDEn TWEDEL"""
        cnthctl = """CNTHCTL_EL2 = 0x0000000000000001
  EL1PCTEN     0          1  not trapped
  EL1PCEN      1          0  trapped to EL2
  0: EVNTEN EVNTDIR EVNTI ECV EL1TVT EL1TVCT EL1NVPCT EL1NVVCT EVNTIS CNTVMASK CNTPMASK"""
        asked = ["p/x $HCR_EL2", "hv8 sysregs hcr_el2", "hv8 sysregs CNTH?TL_EL2", "hv8 sysregs", "p/x $TTBR0_EL1",
                 "hv8 sysregs ttbr0_el1", "hv8 esr"]
        answers = self.session(6, "", self.IN_INIT + asked).answers[3:]
        self.assertEqual(answers[0], "$1 = 0x84782038")
        self.assertEqual(answers[1:3], [hcr, cnthctl])
        self.assertIn(hcr + "\nCPTR_EL2 = ", answers[3])
        self.assertNotIn("ICH_HCR_EL2:", answers[3])
        ttbr0 = int(answers[4].split()[2], 16)
        self.assertEqual(answers[5], "TTBR0_EL1 = 0x%016x\n  BADDR        47:1   0x%x\n  ASID         63:48      1\n  0: CnP"
                         % (ttbr0, ttbr0 & 0xffffffffffff))
        self.assertRegex(answers[6], r"^ESR_EL2 0x0: no exception was taken to EL2 yet\nESR_EL1 0x0")

    def test_every_register_is_the_one_of_its_name(self):
        """QEMU has its own names for some: SCTLR_EL1 is $SCTLR."""
        names = [name for name in registers.REGISTERS if name not in registers.ENCODINGS]
        asked = ["p/x (unsigned long)$%s" % (registers.GDB_NAMES[name][0] if name in registers.GDB_NAMES else name) for name in names]
        answers = self.session(6, "", self.IN_INIT + asked + ["hv8 sysregs *"]).answers[3:]
        told = {name: int(value, 16) for name, value in re.findall(r"(?m)^(\w+) = 0x(\w{16})", answers[-1])}
        self.assertEqual({name: told.get(name) for name in names},
                         {name: int(answer.split()[2], 16) for name, answer in zip(names, answers)})
        self.assertEqual(set(registers.REGISTERS) - set(told), {"ICH_LR%d_EL2" % n for n in range(4, 16)})

    def test_registers_of_the_gic_are_read_and_nothing_changes(self):
        for until in (self.IN_INIT, ["tbreak trap_el1", "continue"]):
            asked = [STATE, "hv8 sysregs ich_lr*", "hv8 sysregs ich_hcr_el2", STATE, "x/2i $pc"]
            session = self.session(6, "", until + asked)
            before, lists, hcr, after, _ = session.answers[len(until):]
            self.assertEqual(before, after)
            self.assertEqual(lists.count("  State        63:62      0  inactive\n"), 4)
            self.assertTrue(" ".join(lists.split()).endswith("there are fewer list registers, as ICH_VTR_EL2.ListRegs says"), lists)
            # configure_newer() in kernel/proc/el1.c writes bits 10, 11 and 12: a process uses no interrupts yet
            self.assertEqual(hcr.splitlines()[:4], ["ICH_HCR_EL2 = 0x0000000000001c00", "  TC           10         1",
                                                    "  TALL0        11         1", "  TALL1        12         1"])

    def test_where_a_register_of_the_gic_cannot_be_read(self):
        answers = self.session(6, "", self.IN_INIT + ["hv8 sysregs ich_hcr_el2"], machine="virt-gicv2").answers
        self.assertEqual(answers[-1], "ICH_HCR_EL2: not on this machine: without a GICv3 the GIC's registers are memory")
        answers = self.session(6, "", self.IN_INIT + ["thread 2", "hv8 sysregs ich_hcr_el2", "hv8 map"], smp=2).answers
        self.assertEqual(answers[-2], "ICH_HCR_EL2: not while this CPU sleeps or is off: to read it takes an instruction")
        self.assertEqual(answers[-1], "SCTLR_EL2.M is 0: the MMU is off; mmu_enable() turns it on")

    def test_a_trap_is_told(self):
        answers = self.session(6, "", ["tbreak trap_el1", "continue", "hv8 esr", "p/x $ELR_EL2",
                                       "hv8 walk $ELR_EL2", "hv8 walk el1 $ELR_EL2"]).answers
        elr = int(answers[3].split()[2], 16)
        self.assertRegex(answers[2], r"^ESR_EL2 0x7e00000: trapped WFI\nELR_EL2 0x%x: .*\nESR_EL1 0x0: no exc" % elr)
        self.assertRegex(answers[4], r"\n0x%x: not mapped, " % elr)
        self.assertRegex(answers[5], r"\n0x%x -> physical 0x[0-9a-f]+: r-x el0:r-x normal inner nG$" % elr)
        answers = self.session(6, "", self.IN_INIT + ["tbreak print_decimal", "continue", "hv8 esr"]).answers
        self.assertEqual(answers[-1], "ESR_EL2 0x5a000000: HVC #0x0; over, as the CPU is at EL1\n"
                                      "ESR_EL1 0x0: no exception was taken to EL1 yet")

    def test_while_the_kernel_runs(self):
        running = "the kernel runs: stop it with Ctrl-C first"
        answers = self.session(6, "", ["continue &", "hv8 map", "hv8 sysregs", "hv8 esr"]).answers
        self.assertEqual(answers[1:], [running] * 3)


    def test_on_a_board_whose_devices_are_above_its_memory(self):
        answer = self.session(6, "", ["tbreak proc_start", "continue", "hv8 map"], machine="versal").answers[-1]
        where = {line.split("  ")[-1]: (start, end) for line, (start, end, _, _, _) in zip(answer.splitlines()[2:], ranges(answer))}
        self.assertEqual(where["memory outside the kernel's image"][1], 0x40000000)
        self.assertEqual(where["the UART"], (0xff000000, 0xff001000))
        self.assertNotIn("no memory and no device of this machine", where)


class Make(Gdb):
    def test_make_gdb_has_the_commands(self):
        """By the Makefile's own targets, on a port that nobody has. gdb tries again until QEMU listens."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = "GDB_PORT=%d" % probe.getsockname()[1]
        live_gdb.build(1)
        make = ["make", "-s", "-C", live_gdb.ROOT, "LAB=1", port]
        with subprocess.Popen(make + ["qemu-gdb"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              start_new_session=True) as qemu:
            try:
                script = "GDBFLAGS=-batch -ex 'hv8 sysregs' -ex 'hv8 map' -ex kill"
                done = subprocess.run(make + ["gdb", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=live_gdb.SECONDS, check=False)
            finally:
                os.killpg(qemu.pid, signal.SIGKILL)
        self.assertIn("VBAR_EL2 = 0x0000000000000000\nSCTLR_EL2.M is 0: the MMU is off; it comes with lab 2\n", done.stdout)


if __name__ == "__main__":
    unittest.main()
