"""The words of a report, without a guest: faults and their regions, milestones, the place in a line where it departs."""
import os
import re
import sys
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import cpus                                                                     # noqa: E402
import expect                                                                   # noqa: E402
import explain                                                                  # noqa: E402
import faults                                                                   # noqa: E402
import machines                                                                 # noqa: E402
import milestones                                                               # noqa: E402
import monitor                                                                  # noqa: E402
import plugin                                                                   # noqa: E402
import regions                                                                  # noqa: E402
import toy_guest                                                                # noqa: E402

BASE = 0x40200000
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


class Symbols:
    """A made-up image: text, data, a guard page and a stack."""

    ADDRESSES = {"main": 0x1000, "table": 0x3000, "_guard": 0x5000, "_stack": 0x6000, "_stack_top": 0x8000}
    SECTIONS = ((0x1000, 0x2000, ".text"), (0x3000, 0x5000, ".bss"), (0x5000, 0x8000, ".stacks"))

    def address(self, name):
        return self.ADDRESSES.get(name)

    def section(self, address):
        return next((name for start, end, name in self.SECTIONS if start <= address < end), None)

    def function(self, address):
        return max((value, name) for name, value in self.ADDRESSES.items() if value <= address)[1]


class Regions(unittest.TestCase):
    def test_of_the_kernel_and_the_machine(self):
        space = regions.Regions(Symbols(), BASE, "virt", "1G")
        for address, words in ((8, "page 0, where null pointers lead"), (BASE + 0x1010, "the kernel's text, main+0x10"),
                               (BASE + 0x3000, "the kernel's data, table+0x0"),
                               (BASE + 0x6000 - 8, "the guard page below the kernel's stack: a stack overflow"),
                               (BASE + 0x7ff0, "the kernel's stack"), (0x9000018, "the UART"),
                               (0x8000100, "the GIC's distributor (GICD)"), (0x80a0014, "the GIC's redistributors (GICR)"),
                               (0x40000000, "memory outside the kernel's image"),
                               (0x80000000, "beyond the end of memory (0x80000000)"),
                               (1 << 48, "beyond the 48 bits of an address of EL2"),
                               (0x9f00000, "no memory and no device of this machine")):
            self.assertEqual(space.name(address), words, hex(address))

    def test_of_each_machine(self):
        for name in machines.MACHINES:
            space = regions.Regions(Symbols(), machines.MACHINES[name].base, name, "512M")
            self.assertEqual(space.name({"versal": 0xff000000}.get(name, 0x9000000)), "the UART")
            self.assertIn("beyond the end", space.name(machines.MACHINES[name].ram + (512 << 20)))
        self.assertIn("GICH", regions.Regions(Symbols(), BASE, "virt-gicv2", "1G").name(0x8030004))

    def test_parts_lie_side_by_side(self):
        class Image(Symbols):
            names = {"_start": 0, "_text": 0x1000, "_etext": 0x3000, "_guard": 0x5000, "_stack": 0x6000, "_stack_top": 0x8000}

            def address(self, name):
                return self.names.get(name)

        parts = regions.Regions(Image(), BASE, "virt", "1G").parts()
        self.assertEqual([part for part in parts if part[0] >= 0x40000000],
                         [(0x40000000, BASE, "memory outside the kernel's image"), (BASE, BASE + 0x1000, "the image's header"),
                          (BASE + 0x1000, BASE + 0x3000, "the kernel's text"),
                          (BASE + 0x3000, BASE + 0x5000, "memory outside the kernel's image"),
                          (BASE + 0x5000, BASE + 0x6000, "the guard page below the kernel's stack"),
                          (BASE + 0x6000, BASE + 0x8000, "the kernel's stack"),
                          (BASE + 0x8000, 0x80000000, "memory outside the kernel's image")])
        self.assertEqual(parts[0], (0, 0x1000, "page 0, where null pointers lead"))
        self.assertIn((0x9000000, 0x9001000, "the UART"), parts)
        parts = regions.Regions(Image(), 0x200000, "versal", "1G").parts()          # its devices are above its memory
        self.assertEqual([part[:2] for part in parts if part[2].startswith("memory")],
                         [(0x1000, 0x200000), (0x203000, 0x205000), (0x208000, 0x40000000)])

    def test_of_a_process(self):
        space = regions.Regions(Symbols(), BASE, "virt", "1G")
        self.assertEqual(space.name_in_process(0x1004, "init", Symbols()), "its text, main+0x4")
        self.assertEqual(space.name_in_process(0x9000, "init", Symbols()), "no part of init")
        self.assertEqual(space.name_in_process(0xffff << 48, "init", Symbols()), "the upper half, which has no tables")


class Faults(unittest.TestCase):
    CODE = explain.Code("/nowhere", ["no-addr2line"])
    SPACE = regions.Regions(Symbols(), BASE, "virt", "1G")

    def printed(self, *lines):
        return faults.printed(lines, self.CODE, BASE, self.SPACE)

    def test_of_the_kernel(self):
        self.assertEqual(self.printed("hv8: panic: synchronous exception at EL2: data abort, write",
                                      "  ESR_EL2 0x96000047  data abort", "  FAR_EL2 0x0000000040205ff8"),
                         ["ESR_EL2 0x96000047: data abort, write, translation fault, level 3",
                          "FAR_EL2 0x40205ff8: the guard page below the kernel's stack: a stack overflow"])

    def test_far_holds_nothing_for_other_classes(self):
        self.assertEqual(self.printed("hv8: panic: BRK", "  ESR_EL2 0xf2000007", "  FAR_EL2 0x1234"),
                         ["ESR_EL2 0xf2000007: BRK #0x7"])

    def test_of_a_process(self):
        self.assertEqual(self.printed("ESR_EL1 0x92000004", "hv8: process 1 (wild) killed: data abort, at 0xdead0"),
                         ["ESR_EL1 0x92000004: data abort from a lower level, read, translation fault, level 0",
                          "0xdead0: no part of wild"])

    def test_nothing_ended(self):
        self.assertEqual(self.printed("ESR_EL2 0x96000047"), [])

    def test_from_outside(self):
        self.assertEqual(faults.registers({"ESR_EL2": 0x8600000b, "ELR_EL2": BASE + 0x1200, "FAR_EL2": 0x9000000, "VBAR_EL2": 0},
                                          self.CODE, BASE, self.SPACE),
                         ["ESR_EL2 0x8600000b: instruction abort, access flag fault, level 3",
                          "ELR_EL2 0x40201200: the kernel's text, main+0x200", "FAR_EL2 0x9000000: the UART",
                          "VBAR_EL2 0x0: page 0, where null pointers lead"])


    def test_an_exception_from_a_process(self):
        self.assertEqual(faults.registers({"ESR_EL2": 0x92000004, "FAR_EL2": 0x10, "ELR_EL2": 0x400000, "SPSR_EL2": 0x3c5},
                                          self.CODE, BASE, self.SPACE),
                         ["ESR_EL2 0x92000004: data abort from a lower level, read, translation fault, level 0",
                          "FAR_EL2 0x10: an address of the process", "ELR_EL2 0x400000: an address of the process"])


class Milestones(unittest.TestCase):
    BOOT = "hv8 boots at EL2, image at 0x40200000"

    def test_the_kernel_has_each(self):
        names = ""
        for directory, _, files in os.walk(os.path.join(ROOT, "kernel")):
            for name in files:
                with open(os.path.join(directory, name), encoding="utf-8") as file:
                    names += file.read()
        for symbol in milestones.SYMBOLS:
            self.assertTrue(re.search(r"(?m)^(FUNC\(%s\)|\w[\w *]*\b%s\()" % (symbol, symbol), names), symbol)
        self.assertLessEqual(len(milestones.SYMBOLS), plugin.STEPS)
        for milestone in milestones.TABLE:
            self.assertTrue(milestone.question.endswith("?"), milestone.symbol)

    def test_silence(self):
        self.assertRegex(milestones.silence(["boot", "main", "pl011_init"], []),
                         "^the device tree was read .*, then no output: does pl011")
        self.assertRegex(milestones.silence(["main", "banner", "mmu_enable", "map_table_count"], [self.BOOT]),
                         "^the MMU is on and code runs, then no more output: was the UART mapped as device memory")
        self.assertRegex(milestones.silence(["main", "board_read", "psci_system_off"], []),
                         "^the vectors are set, then power-off and no output:")
        self.assertRegex(milestones.silence(["main", "banner", "panic", "psci_system_off"], []),
                         "^the UART is set up, then a panic and no")
        self.assertRegex(milestones.silence([], []), "first instructions were never reached")

    def test_what_was_said_is_not_silence(self):
        self.assertIsNone(milestones.silence(["main", "banner"], [self.BOOT]))
        self.assertIsNone(milestones.silence(["main", "map_table_count"], [self.BOOT, "hv8: MMU and caches are on, 7 table pages"]))
        self.assertIsNone(milestones.silence(["main", "mmu_enable", "panic"], [self.BOOT, "hv8: panic: x"]))
        self.assertIsNone(milestones.silence(["main", "proc_start"], [self.BOOT]))
        self.assertIsNone(milestones.silence([], [self.BOOT]))


class Differences(unittest.TestCase):
    def departure(self, pattern, line):
        return expect.Pattern(pattern, "1" * 16).departure(line)

    def test_where_a_line_departs(self):
        self.assertEqual(self.departure("abc def", "abc dXf"), (5, "e"))
        self.assertEqual(self.departure("abc", "ab"), (2, "c"))
        self.assertEqual(self.departure("abc", "abcd"), (3, ""))
        self.assertEqual(self.departure(r"n: {{\d+}} us", "n: x us"), (3, r"{{\d+}}"))
        self.assertEqual(self.departure(r"n: {{\d+}} us", "n: 42 ms"), (6, "u"))
        self.assertEqual(self.departure("abc", "xyz"), (0, "a"))

    def shown(self, pattern, *lines):
        failure = expect.Failure("order", "why", expect.Pattern(pattern, "1" * 16), len(lines) - 1, 7)
        return explain.diff(failure, lines, "t")

    def test_a_caret_stands_below_it(self):
        self.assertEqual(self.shown("value: 5", "value: 6"), ["  - expected  value: 5   (t.test:7)", "  +    1  value: 6",
                                                              '                 ^ column 8: expected "5", got "6"'])
        self.assertEqual(self.shown("a\tb c", "a\tb d")[-1], '               ^ column 5: expected "c", got "d"')

    def test_control_characters_are_visible(self):
        self.assertEqual(self.shown("value: 5", "value: 5\x1b ")[-2:],
                         ["  +    1  value: 5\\x1b\\x20",
                          '                  ^ column 9: expected the end of the line, got "\\x1b"'])
        self.assertEqual(explain.visible("a\tb\r\u200b "), "a\\tb\\x0d\\u200b\\x20")

    def test_another_line_has_no_caret(self):
        self.assertEqual(len(self.shown("value: 5", "hv8: power off")), 2)
        self.assertEqual(len(self.shown("hv8: panic: x", "hv8: console at 0x9000000")), 2)

    def test_a_long_line_is_cut(self):
        shown = self.shown("x" * 4000 + "y", "x" * 4000 + "z")
        self.assertTrue(all(len(line) < 260 for line in shown), shown)
        self.assertEqual(shown[-1], '          column 4001: expected "y", got "z"')


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Processes(unittest.TestCase):
    """A CPU at EL1 is found in a program by the instructions around it."""

    def setUp(self):
        self.directory = os.path.join(toy_guest.scratch(), "with-programs")
        os.makedirs(os.path.join(self.directory, "programs"), exist_ok=True)
        for name in ("toy", "other"):
            with open(os.path.join(toy_guest.scratch(), "build", "kernel.elf"), "rb") as file:
                data = file.read()
            with open(os.path.join(self.directory, "programs", name), "wb") as file:
                file.write(data if name == "toy" else data.replace(b"\x1f\x20\x03\xd5", b"\x3f\x20\x03\xd5"))   # NOP, YIELD
        self.code = explain.Code(self.directory, [toy_guest.CROSS + "addr2line"])
        symbols = self.code.program("toy")
        self.address = symbols.address("spin_here") + 4              # no vector is there
        with open(os.path.join(toy_guest.scratch(), "build", "kernel.bin"), "rb") as file:
            image = file.read()
        self.words = {address: int.from_bytes(image[address:address + 4], "little")
                      for address in range(self.address - 64, self.address + 64, 4)}

    def described(self, words):
        cpu = monitor.Cpu(self.address, 0x3c5, 0, [], words)
        outcome = types.SimpleNamespace(end="limit", cpus=[cpu], report=plugin.Report(9, self.address, [], [self.address], 0, [],
                                                                                      [self.address] + [0] * 63), seconds=1.0)
        return cpus.describe(outcome, self.code, BASE)[0], explain.hang(outcome, self.code, BASE)

    def test_the_program_with_these_instructions(self):
        line, why = self.described(self.words)
        self.assertRegex(line, r"^  CPU 0       EL1, IRQs masked \(PSTATE.DAIF = 0b1111\), in spin_here of toy; \S*guest\.c:\d+: ")
        self.assertRegex(why, r"the CPU was in spin_here \(.*guest\.c:\d+\) of toy$")

    def test_a_process_that_waits(self):
        self.assertIn("PSTATE.DAIF = 0b1111), waits in WFI, in ", self.described({**self.words, self.address: 0xd503207f})[0])
        self.assertNotIn("waits in", self.described(self.words)[0])

    def test_only_source_of_this_tree_is_quoted(self):
        top = os.path.join(toy_guest.scratch(), "top")
        os.makedirs(top, exist_ok=True)
        for name in ("a.c", "a.txt", os.path.join("..", "out.c")):
            with open(os.path.join(top, name), "w", encoding="utf-8") as file:
                file.write("one\n\ttwo  words\n\n")
        if not os.path.lexists(os.path.join(top, "link.c")):
            os.symlink("../out.c", os.path.join(top, "link.c"))
        code = explain.Code(self.directory, ["no-addr2line"], "/where/it/was/built", top)
        self.assertEqual(code.source_line("a.c:2"), "a.c:2: two words")
        for place in ("a.c:3", "a.c:9", "a.c:0", "a.c:x", "a.txt:1", "../out.c:1", "link.c:1", "/etc/passwd:1", "", "b.c:1"):
            self.assertIsNone(code.source_line(place), place)

    def test_no_program_has_them(self):
        line, why = self.described({**self.words, self.address: 0})
        self.assertIn("in a process, at 0x%x" % self.address, line)
        self.assertTrue(why.endswith("the CPU was in a process, at 0x%x" % self.address), why)


if __name__ == "__main__":
    unittest.main()
