"""hv8's commands for gdb, on kernels that run in QEMU: hv8 esr and sysregs, mistakes, and what `make gdb` loads.

What they say is compared with gdb's own registers, with what the kernel prints of a fault, and with the kernel's source.
"""
import contextlib
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

BASE = 0x40200000
NOBODY = "no kernel is attached: run 'make qemu-gdb' in one terminal and 'make gdb' in another"
WIDEST = 110
IN_INIT = ["break *0x400000", "continue", "delete"]      # the first instruction of a process
# Everything that reading a register of the GIC might change.
STATE = "printf \"%lx %lx %lx %lx %lx %lx %lx\\n\", $pc, $x0, $cpsr, $ESR_EL2, $ELR_EL2, $SPSR_EL2, $ESR_EL1"


def symbols(lab):
    """Where this stage's linker symbols are when it runs."""
    listed = subprocess.run([toy_guest.CROSS + "nm", os.path.join(live_gdb.build(lab), "kernel.elf")], stdout=subprocess.PIPE,
                            text=True, check=True).stdout
    return {name: BASE + int(value, 16) for value, _, name in re.findall(r"(?m)^([0-9a-f]+) (\w) (\S+)$", listed)}


@unittest.skipIf(live_gdb.MISSING, "there is no %s" % " and no ".join(live_gdb.MISSING))
class Gdb(unittest.TestCase):
    maxDiff = None

    def session(self, lab, args, commands, **options):
        """A session; none of hv8's answers is wider than a handout bears."""
        session = live_gdb.Session(lab, args, commands, **options)
        for command, answer in zip(commands, session.answers):
            for line in answer.splitlines() if command.startswith("hv8") else ():
                self.assertLessEqual(len(line), WIDEST, line)
        return session


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
            "hv8 walk $FAR_EL2": NOBODY, "hv8 esr $ESR_EL2": NOBODY, "hv8 esr": NOBODY, "hv8 map": NOBODY,
            "hv8 walk 0": NOBODY, "hv8 sysregs": NOBODY, "hv8 esr 0x5a000007": "0x5a000007: HVC #0x7",
        }
        answers = self.session(1, "", [*asked, "kill", *over]).answers
        self.assertEqual(dict(zip(asked, answers)), asked)
        self.assertEqual(dict(zip(over, answers[len(asked) + 1:])), over)

    def test_help_has_each_command_in_a_line(self):
        listed, same, walk, none = live_gdb.Session(1, "", ["help hv8", "hv8 help", "hv8 help walk", "hv8 help nosuch"]).answers
        for name in ("esr", "help", "map", "pages", "sysregs", "walk"):
            self.assertRegex(listed, r"(?m)^hv8 %s -- \w.*: hv8 %s( [\[A-Z].*)?$" % (name, name))
        self.assertEqual(same, listed)
        self.assertRegex(walk, r"^\w.*: hv8 walk \[el1\|el2\] VA\n")
        self.assertRegex(none, r'^Undefined hv8 command: "nosuch"\.')

    def test_a_part_of_a_name_will_do(self):
        session = self.session(1, "", ["hv8 sysregs sctlr", "hv8 sysregs Mair_", "hv8 sysregs *SCTLR*", "hv8 sysregs sctlr_el2"])
        sctlr, mair, pattern, exact = (re.findall(r"(?m)^(\w+) = ", answer) for answer in session.answers)
        self.assertEqual(mair, ["MAIR_EL1", "MAIR_EL2"])
        self.assertEqual((sorted(sctlr), exact), (["SCTLR_EL1", "SCTLR_EL2"], ["SCTLR_EL2"]))
        self.assertEqual(sctlr, pattern)


class Stage2(Gdb):
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
        answers = self.session(6, "", IN_INIT + asked).answers[3:]
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
        asked = ["p/x (unsigned long)$%s" % registers.GDB_NAMES.get(name, (name,))[0] for name in names]
        answers = self.session(6, "", IN_INIT + asked + ["hv8 sysregs *"]).answers[3:]
        told = {name: int(value, 16) for name, value in re.findall(r"(?m)^(\w+) = 0x(\w{16})", answers[-1])}
        self.assertEqual({name: told.get(name) for name in names},
                         {name: int(answer.split()[2], 16) for name, answer in zip(names, answers)})
        self.assertEqual(set(registers.REGISTERS) - set(told), {"ICH_LR%d_EL2" % n for n in range(4, 16)})

    def test_registers_of_the_gic_are_read_and_nothing_changes(self):
        for until in (IN_INIT, ["tbreak trap_el1", "continue"]):
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
        answers = self.session(6, "", IN_INIT + ["hv8 sysregs ich_hcr_el2"], machine="virt-gicv2").answers
        self.assertEqual(answers[-1], "ICH_HCR_EL2: not on this machine: without a GICv3 the GIC's registers are memory")
        answers = self.session(6, "", IN_INIT + ["thread 2", "hv8 sysregs ich_hcr_el2", "hv8 map"], smp=2).answers
        self.assertEqual(answers[-2], "ICH_HCR_EL2: not while this CPU sleeps or is off: to read it takes an instruction")
        self.assertEqual(answers[-1], "SCTLR_EL2.M is 0: the MMU is off; mmu_enable() turns it on")

    def test_a_trap_is_told(self):
        answers = self.session(6, "", ["tbreak trap_el1", "continue", "hv8 esr", "p/x $ELR_EL2",
                                       "hv8 walk $ELR_EL2", "hv8 walk el1 $ELR_EL2"]).answers
        elr = int(answers[3].split()[2], 16)
        self.assertRegex(answers[2], r"^ESR_EL2 0x7e00000: trapped WFI\nELR_EL2 0x%x: .*\nESR_EL1 0x0: no exc" % elr)
        self.assertRegex(answers[4], r"\n0x%x: not mapped, " % elr)
        self.assertRegex(answers[5], r"\n0x%x -> physical 0x[0-9a-f]+: r-x el0:r-x normal inner nG$" % elr)
        answers = self.session(6, "", IN_INIT + ["tbreak print_decimal", "continue", "hv8 esr"]).answers
        self.assertEqual(answers[-1], "ESR_EL2 0x5a000000: HVC #0x0; over, as the CPU is at EL1\n"
                                      "ESR_EL1 0x0: no exception was taken to EL1 yet")

    def test_while_the_kernel_runs(self):
        running = "the kernel runs: stop it with Ctrl-C first"
        answers = self.session(6, "", ["continue &", "hv8 map", "hv8 sysregs", "hv8 esr"]).answers
        self.assertEqual(answers[1:], [running] * 3)


class Make(Gdb):
    """The Makefile's own targets, on a port that nobody has."""

    def setUp(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        live_gdb.build(1)

    def make(self, *words):
        begun = subprocess.Popen(["make", "-s", "-C", live_gdb.ROOT, "LAB=1", "GDB_PORT=%d" % self.port] + list(words),
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 start_new_session=True)
        self.addCleanup(self.end, begun)
        return begun

    @staticmethod
    def end(begun):
        with contextlib.suppress(ProcessLookupError):           # it has ended by itself
            os.killpg(begun.pid, signal.SIGKILL)
        begun.wait()
        begun.stdout.close()

    def test_make_gdb_has_the_commands(self):
        """gdb says at once that QEMU does not listen, and goes on when it does."""
        gdb = self.make("gdb", "GDBFLAGS=-batch -ex 'hv8 sysregs' -ex 'hv8 map' -ex kill")
        self.assertIn("  GDB   attaches to port %d, " % self.port, gdb.stdout.readline())
        self.assertIn("The target architecture ", gdb.stdout.readline())
        self.assertEqual("  GDB   no QEMU listens on port %d: run 'make qemu-gdb' in another terminal; gdb waits 10 s for it\n" %
                         self.port, gdb.stdout.readline())
        self.make("qemu-gdb")
        self.assertIn("VBAR_EL2 = 0x0000000000000000\nSCTLR_EL2.M is 0: the MMU is off; it comes with lab 2\n",
                      gdb.communicate(timeout=live_gdb.SECONDS)[0])
        self.assertEqual(gdb.returncode, 0)

    def test_make_gdb_without_qemu_ends(self):
        gdb = self.make("gdb")
        *_, last, failed = gdb.communicate(timeout=live_gdb.SECONDS)[0].strip().split("\n")
        self.assertEqual(last, "  GDB   no QEMU came: run 'make qemu-gdb' in another terminal, then 'make gdb' again")
        self.assertRegex(failed, r"^make(\[\d+\])?: \*\*\* .*: gdb\] Error 1$")


if __name__ == "__main__":
    unittest.main()
