"""What is read from outside and how it is put: register fields, table walks over made-up memory, syndromes."""
import contextlib
import os
import re
import socket
import sys
import threading
import time
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import esr                                                                      # noqa: E402
import gdbremote                                                                # noqa: E402
import outside                                                                  # noqa: E402
import registers                                                                # noqa: E402
import walk                                                                     # noqa: E402

VALID, TABLE, AF, NG = 1, 2, 1 << 10, 1 << 11
PAGE, RO, EL0, PXN, XN, INNER, DEVICE, AP1 = VALID | TABLE | AF, 1 << 7, 1 << 6, 1 << 53, 1 << 54, 3 << 8, 1 << 2, 1 << 6


class Machine:
    """Registers and memory for a walk, and the same as a gdbstub."""

    def __init__(self, regime, entries, t0sz=16, mmu=1):
        suffix = regime.upper()
        self.registers = {"SCTLR_" + suffix: mmu, "TCR_" + suffix: t0sz, "TTBR0_" + suffix: 0x1000, "MAIR_" + suffix: 0x4404ff}
        self.memory = entries

    def register(self, names):
        return next(self.registers[name] for name in names if name in self.registers)

    def system_register(self, encoding):
        return self.registers[encoding]

    def physical_memory(self, on):
        self.physical = on

    def read(self, address, length):
        assert self.physical
        return self.memory.get(address, 0).to_bytes(8, "little")[:length]

    def check(self, kind, text):
        return outside.Reader(self, {"main": 0x200000}.get).check(outside.parse(kind, text))


def el1(leaf, flags=0, regime="el1"):
    """A machine whose page at 0x200000 has this level 3 descriptor; flags go into the level 1 table entry."""
    return Machine(regime, {0x1000: 0x2003, 0x2000: 0x3003 | flags, 0x3008: 0x4003, 0x4000: leaf})


def el2(leaf, flags=0):
    """The same of EL2, where AP[1] is reserved, one."""
    return el1(leaf | AP1 if leaf else 0, flags, "el2")


class Walks(unittest.TestCase):
    def test_permissions_at_el2(self):
        for leaf, words in ((PAGE | RO, "r-x"), (PAGE | XN, "rw-"), (PAGE | RO | XN, "r--"), (PAGE, "rwx")):
            self.assertIsNone(el2(leaf).check("map", "el2 main = %s normal 4K" % words))
            for other in ("r-x", "rw-", "r--", "rwx", "none"):
                if other != words:
                    self.assertIn("got " + words, el2(leaf).check("map", "el2 0x200000 = " + other))

    def test_tables_restrict(self):
        self.assertIsNone(el2(PAGE, 1 << 62 | 1 << 60).check("map", "el2 main = r--"))
        self.assertIsNone(el1(PAGE | EL0 | NG, 1 << 61).check("map", "el1 main = rwx el0:--x"))

    def test_types(self):
        self.assertIsNone(el2(PAGE | XN | DEVICE).check("map", "el2 main = rw- device"))
        self.assertIsNone(el2(PAGE | XN | DEVICE).check("map", "el2 main = rw- nGnRE"))
        self.assertIn("got rw- nGnRE", el2(PAGE | XN | DEVICE).check("map", "el2 main = rw- normal"))
        self.assertIn("got rw- noncacheable", el2(PAGE | XN | 2 << 2).check("map", "el2 main = rw- normal"))

    def test_el0_access_is_never_left_open(self):
        self.assertIsNone(el1(PAGE | XN | PXN | NG).check("map", "el1 main = rw- nG"))
        self.assertIn("el0:--x", el1(PAGE | PXN | NG).check("map", "el1 main = rw- nG"))
        self.assertIn("got rw- el0:rw-", el1(PAGE | XN | EL0 | NG).check("map", "el1 main = rw-"))
        self.assertIsNone(el1(PAGE | RO | EL0 | PXN | NG).check("map", "el1 main = r-- el0:r-x nG"))
        self.assertIsNone(el1(PAGE | EL0 | XN | NG).check("map", "el1 main = rw- el0:rw-"))      # EL0 can write: EL1 cannot execute

    def test_global_pages_are_seen(self):
        self.assertIn(" global", el1(PAGE | XN | PXN).check("map", "el1 main = rw- nG"))

    def test_the_access_flag_is_needed(self):
        self.assertIn("access flag clear", el2(PAGE & ~AF).check("map", "el2 main = rwx"))

    def test_ap1_is_needed_at_el2_alone(self):
        machine = el1(PAGE | XN, 0, "el2")
        self.assertEqual(machine.check("map", "el2 main = rw- 4K"),
                         "map el2 main: expected rw- 4K, got rw- normal 4K non with AP[1] clear (pa 0x0)")
        self.assertIn("with the access flag clear and AP[1] clear", el1(PAGE & ~AF, 0, "el2").check("map", "el2 main = rwx"))
        self.assertIsNone(el1(PAGE | XN | PXN | NG).check("map", "el1 main = rw- nG"))

    def test_blocks_and_start_levels(self):
        block = Machine("el2", {0x1000: 0x2003, 0x2000: 0x3003, 0x3008: 0x40200000 | VALID | AF | XN | INNER | AP1})
        self.assertIsNone(block.check("map", "el2 0x200000 = rw- 2M inner"))
        self.assertIn("pa 0x40201234", block.check("map", "el2 0x201234 = r-x"))
        three = Machine("el2", {0x1000: 0x3003, 0x3008: 0x200000 | VALID | AF | AP1}, t0sz=25)
        self.assertIsNone(three.check("map", "el2 0x200000 = rwx 2M"))
        self.assertIsNone(three.check("map", "el2 0x8000000000 = none"))

    def test_nothing_there(self):
        self.assertIsNone(el2(0).check("map", "el2 main = none"))
        self.assertIn("got none (level 3 entry at 0x4000 is 0x0: invalid)", el2(0).check("map", "el2 main = r-x"))
        self.assertIn("reserved encoding", el2(VALID | AF).check("map", "el2 main = r-x"))

    def test_no_walk(self):
        self.assertIn("the MMU is off", Machine("el2", {}, mmu=0).check("map", "el2 0 = none"))
        self.assertIn("granule", Machine("el2", {}, t0sz=16 | 1 << 14).check("map", "el2 0 = none"))
        self.assertIn("no symbol nosuch", el2(0).check("map", "el2 nosuch = none"))


    def test_all_mappings_are_listed(self):
        machine = Machine("el2", {}, t0sz=25)
        page = PAGE | XN | INNER
        tables = {0x1000: {0: 0x2003, 2: 0x80000000 | VALID | AF}, 0x2000: {1: 0x3003, 511: 0x600000 | VALID | AF},
                  0x3000: {0: 0x7000 | page, 1: 0x8000 | page, 2: 0x9000 | VALID, 511: 0xa000 | page}}
        reads = []

        def read(address, length):
            reads.append((address, length))
            return b"".join(tables[address].get(n, 0).to_bytes(8, "little") for n in range(length // 8))

        regime = walk.regime("el2", lambda name: machine.register([name]))
        found = [(va, mapping.pa, mapping.size, mapping.perm) for va, mapping in walk.mappings(regime, read)]
        self.assertEqual(found, [(0x200000, 0x7000, "4K", "rw-"), (0x201000, 0x8000, "4K", "rw-"), (0x3ff000, 0xa000, "4K", "rw-"),
                                 (0x3fe00000, 0x600000, "2M", "rwx"), (0x80000000, 0x80000000, "1G", "rwx")])
        self.assertEqual(reads, [(0x1000, 4096), (0x2000, 4096), (0x3000, 4096)])
        tables[0x1000] = dict.fromkeys(range(64), 0x1003)
        self.assertRaisesRegex(walk.WalkError, "what is read there are no tables", list, walk.mappings(regime, read))

    def test_a_small_space_has_a_small_table(self):
        machine = Machine("el2", {}, t0sz=64 - 32)              # 32 bits: level 1 has 4 entries
        regime = walk.regime("el2", lambda name: machine.register([name]), root=0x5000)
        reads = []
        self.assertEqual(list(walk.mappings(regime, lambda *read: reads.append(read) or bytes(read[1]))), [])
        self.assertEqual(reads, [(0x5000, 32)])

    def test_steps(self):
        machine = el1(PAGE | EL0, 1 << 61)
        regime = walk.regime("el1", lambda name: machine.register([name]))
        machine.physical = True
        found = list(walk.steps(regime, 0x200abc, machine.read))
        self.assertEqual([(s.level, s.table, s.index, s.kind) for s in found],
                         [(0, 0x1000, 0, "table"), (1, 0x2000, 0, "table"), (2, 0x3000, 1, "table"), (3, 0x4000, 0, "page")])
        self.assertEqual(found[3].inherited, 0x2003 | 0x3003 | 1 << 61 | 0x4003)
        self.assertEqual(walk.mapping(regime, found[3], 0x200abc), walk.translate(
            "el1", 0x200abc, lambda name: machine.register([name]), machine.read))


class Registers(unittest.TestCase):
    def test_fields_do_not_overlap(self):
        for register, fields in registers.REGISTERS.items():
            used = 0
            for name, (high, low) in fields.items():
                bits = ((1 << high - low + 1) - 1) << low
                self.assertFalse(used & bits, "%s.%s" % (register, name))
                self.assertLess(high, 64)
                used |= bits

    def test_every_meaning_is_of_some_field(self):
        fields = [register + "." + name for register, names in registers.REGISTERS.items() for name in names]
        for pattern, _ in registers.MEANINGS:
            self.assertTrue(any(re.fullmatch(pattern, field) for field in fields), pattern)

    def test_values(self):
        self.assertEqual(registers.field("TCR_EL2", "PS", 5 << 16), 5)
        self.assertEqual(registers.field("HCR_EL2", "RW", 0x80000000), 1)
        self.assertEqual(registers.differences("HCR_EL2", 0x80000010, 0x80000002),
                         ["HCR_EL2.SWIO: expected 0, got 1", "HCR_EL2.IMO: expected 1, got 0"])
        self.assertEqual(registers.differences("CPTR_EL2", 0, 1 << 63), ["CPTR_EL2 bit 63: expected 0, got 1"])

    def test_reads(self):
        machine = el2(0)
        self.assertIsNone(machine.check("reg", "TTBR0_EL2 = 0x1000"))
        self.assertIsNone(machine.check("mem", "0x2000+0 = 0x3003"))
        self.assertIsNone(machine.check("phys", "0x3008 = 0x4003"))
        self.assertEqual(machine.check("reg", "SCTLR_EL2.C = 1"), "SCTLR_EL2.C: expected 1, got 0")
        self.assertEqual(machine.check("reg", "SCTLR_EL2.RES1 = 0x30c50830"), "SCTLR_EL2.RES1: expected 0x30c50830, got 0")
        machine.registers["TCR_EL2"] = 0x80802010
        self.assertIsNone(machine.check("reg", "TCR_EL2.RES1 = 0x80800000"))
        self.assertEqual(machine.check("phys", "0x09000038 = 1"), "phys 0x09000038 (PL011 IMSC): expected 0x1, got 0x0")
        self.assertEqual(machine.check("phys", "0xff00002c = 1"), "phys 0xff00002c (PL011 LCR_H): expected 0x1, got 0x0")
        self.assertEqual(machine.check("phys", "0x0800002c = 1"), "phys 0x0800002c: expected 0x1, got 0x0")
        machine.registers = {"SCTLR": 5, "CNTKCTL": 0x302, (3, 4, 12, 12, 1): 0x50a0000000000021}
        self.assertIsNone(machine.check("reg", "SCTLR_EL1.C = 1"))       # QEMU's name for it
        self.assertIsNone(machine.check("reg", "CNTKCTL_EL1.EL0PTEN = 1"))
        self.assertIsNone(machine.check("reg", "ICH_LR1_EL2.vINTID = 33"))
        self.assertEqual(machine.check("reg", "ICH_LR1_EL2.State = 2"), "ICH_LR1_EL2.State: expected 2 (active), got 1 (pending)")

    def test_read_by_instruction(self):
        encodings = registers.ENCODINGS
        self.assertEqual(len(set(encodings.values())), len(encodings))
        self.assertLess(set(encodings), set(registers.REGISTERS))
        self.assertEqual(encodings["ICH_LR15_EL2"], (3, 4, 12, 13, 7))


class Stub(threading.Thread):
    """A gdbstub with three registers and a word of memory, whose CPU runs an MRS (or does not) when it is stepped."""

    def __init__(self, cpsr=0x3c9, steps_to=0x1004):
        super().__init__(daemon=True)
        self.end, self._mine = socket.socketpair()
        self.registers, self.steps_to = [7, 0x1000, cpsr], steps_to         # x0, pc, cpsr
        self.code, self.ran = b"\1\2\3\4", None
        self.start()

    def run(self):
        data = b""
        with self._mine, contextlib.suppress(OSError):
            while True:
                fresh = self._mine.recv(4096)
                if not fresh:
                    return
                data += fresh
                while (packet := re.search(rb"\$([^#]*)#..", data)):
                    data = data[packet.end():]
                    answer = self.answer(packet.group(1).decode())
                    if answer is not None:
                        self._mine.sendall(b"+$%s#00" % answer.encode())

    def answer(self, text):
        if text.startswith("qXfer:features:read:target.xml"):
            return 'l<xi:include href="core.xml"/>'
        if text.startswith("qXfer"):
            return 'l<reg name="x0"/><reg name="pc"/><reg name="cpsr"/>'
        if text[0] == "p":
            return self.registers[int(text[1:], 16)].to_bytes(8, "little").hex()
        if text[0] == "P":
            number, value = text[1:].split("=")
            self.registers[int(number, 16)] = int.from_bytes(bytes.fromhex(value), "little")
        if text[0] == "m":
            return self.code.hex()
        if text[0] == "M":
            self.code = bytes.fromhex(text.split(":")[1])
        if text == "qC":
            return "QC01"
        if text.startswith("vCont;s:01"):
            self.ran = self.code
            self.registers[:2] = [0x1234, self.steps_to]
            return "T05thread:01;" if self.steps_to else None
        return "OK"


class Remote(unittest.TestCase):
    def read(self, stub):
        with stub.end:
            gdb = gdbremote.GdbRemote(stub.end, timeout=0.5)
            try:
                return gdb.system_register((3, 4, 12, 11, 0))
            except gdbremote.GdbError as error:
                started = time.monotonic()
                if not stub.steps_to:
                    self.assertRaises(gdbremote.GdbError, gdb.register, ("pc",))
                self.assertLess(time.monotonic() - started, 0.3)            # what is lost is not waited for again
                return str(error)

    def test_a_register_is_read_by_an_instruction_that_leaves_no_trace(self):
        stub = Stub()
        self.assertEqual(self.read(stub), 0x1234)
        self.assertEqual(stub.ran, 0xd53ccb00.to_bytes(4, "little"))        # mrs x0, ich_hcr_el2
        self.assertEqual((stub.registers, stub.code), ([7, 0x1000, 0x3c9], b"\1\2\3\4"))

    def test_an_undefined_register_leaves_no_trace_either(self):
        stub = Stub(steps_to=0x40200200)
        self.assertEqual(self.read(stub), "reading it is undefined on this machine")
        self.assertEqual((stub.registers, stub.code), ([7, 0x1000, 0x3c9], b"\1\2\3\4"))

    def test_only_el2_is_asked(self):
        stub = Stub(cpsr=0x3c5)
        self.assertIn("at EL2 only, and here the CPU is at EL1", self.read(stub))
        self.assertIsNone(stub.ran)

    def test_a_cpu_that_does_not_run_is_not_waited_for_twice(self):
        self.assertIn("runs no further", self.read(Stub(steps_to=0)))


class Syndromes(unittest.TestCase):
    def test_decode(self):
        for value, text in ((0x96000045, "data abort, write, translation fault, level 1"),
                            (0x8600000f, "instruction abort, permission fault, level 3"),
                            (0x92000021, "data abort from a lower level, read, alignment fault"), (0x5a000007, "HVC #0x7"),
                            (0x62300100 | 8 << 5 & 0, "trapped system register"), (0x02000000, "unknown reason"),
                            (0xfc000000, "exception class 0x3f")):
            self.assertIn(text, esr.decode(value))
        for value, text in ((0x07e00000, "trapped WFI"), (0x06000001, "trapped WFE"),
                            (0x62300145, "trapped system register, read of S3_0_C0_C2_0, x10"),
                            (0x623a3019, "trapped system register, read of ICC_SRE_EL1, x0"),
                            (0x62141c7c, "trapped system instruction, DC CISW, x3"),
                            (0x92000446, "data abort from a lower level, write, translation fault, level 2, no address known"),
                            (0x92000147, "data abort from a lower level, cache maintenance, translation fault, level 3"),
                            (0xd2000042, "watchpoint from a lower level, write"), (0xf2000007, "BRK #0x7")):
            self.assertEqual(esr.decode(value), text)
        ttbr0 = 0x18 << 26 | 1 << 25 | 3 << 20 | 0 << 17 | 0 << 14 | 2 << 10 | 5 << 5 | 0 << 1
        self.assertEqual(esr.decode(ttbr0), "trapped system register, write of TTBR0_EL1, x5")

    def test_where_far_holds_an_address(self):
        for value in (0x96000045, 0x82000006, 0x8a000000, 0xd2000000):
            self.assertTrue(esr.has_address(value), hex(value))
        for value in (0x96000445, 0x5a000000, 0x07e00000, 0x02000000, 0xbe000000, 0xf2000000):
            self.assertFalse(esr.has_address(value), hex(value))

    def test_every_value_has_words(self):
        for high in range(0, 1 << 32, 1 << 26):
            for low in range(0, 0x80):
                self.assertTrue(esr.decode(high | low))


if __name__ == "__main__":
    unittest.main()
