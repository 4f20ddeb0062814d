"""Grades a tiny guest that behaves well or badly in QEMU, and checks each verdict, its reason, and what is written."""
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
import unittest
from unittest import mock

import toy_guest
import explain
import grade
import guest
import plugin

BANNER = "hv8 boots at EL2, image at 0x40200000\n"

TIMERS = ("stop: stop_here\nreg: CNTFRQ_EL0 = 1200000\nreg: CNTHP_CVAL_EL2 = 0x123456789\nreg: CNTHP_CTL_EL2.ENABLE = 1\n"
          "reg: CNTP_CTL_EL0 = 2\nreg: CNTP_CVAL_EL0 = 0x${nonce}\nreg: CNTKCTL_EL1.EL0PTEN = 1\nphys: 0x08000104 = 2\n"
          "phys: 0x08000420 = 0xa000\n")
TESTS = {                           # name: (guest's arguments, header, body)
    "pass": ("test=pass nonce=${nonce}", "smp: 2", BANNER + "first\nsecond\nnext: ${nonce}\nnot: third\ncount: 1 {{f.*t}}"),
    "pass-v2": ("test=pass nonce=${xor(nonce,0x123)}", "machine: virt-gicv2 virt\ncpu: cortex-a57 max", "${xor(nonce,0x123)}"),
    "one-state": ("test=security", "machine: virt virt-gicv2", "one security state at EL2"),
    "two-states": ("test=security", "machine: virt-secure virt-secure-gicv2\nsmp: 2", "two security states at EL2"),
    "hang": ("test=hang", "limit: 1M", BANNER + "never"),
    "sleep": ("test=sleep", "", BANNER + "never"),
    "at-el1": ("test=at-el1", "limit: 1M", BANNER + "never"),
    "two-cpus": ("test=two-cpus", "smp: 3\nlimit: 1M", BANNER + "never"),
    "silent": ("test=silent", "limit: 1M", BANNER + "never"),
    "panic-spin": ("test=panic-spin", "limit: 1G", BANNER),
    "nap": ("test=nap", "machine: virt virt-gicv2 virt-secure virt-secure-gicv2\nlimit: 1M", "{{.*}} slept"),
    "nap-slow-counter": ("test=nap", "cntfrq: 1200000", "{{0*}}124f80 slept"),
    "frequencies": ("test=nap", "cntfrq: 62500000 1200000\ncpu: cortex-a53 max", "{{0*(3b9aca0|124f80)}} slept"),
    "one-frequency": ("test=nap", "cntfrq: 62500000 1200000", "{{0*}}3b9aca0 slept"),
    "ticks": ("test=ticks", "limit: 1M", "ticked"),
    "wake-to-read": ("test=wake-to-read", "machine: virt virt-gicv2 virt-secure virt-secure-gicv2", "ready\nsend: ${nonce}\\n\nnext: ${nonce}"),
    "tick-to-read": ("test=tick-to-read", "", "ready\nsend: ${nonce}\\n\nnext: ${nonce}"),
    "ticks-for-ever": ("test=ticks-for-ever", "limit: 5M", BANNER + "never"),
    "no-line": ("test=no-line", "", BANNER + "never"),
    "never": ("test=never", "machine: virt-gicv2", BANNER + "never"),
    "stuck": ("test=stuck", "", BANNER + "never"),
    "stuck-with-stop": ("test=stuck", "stop: stop_here\nreg: SCTLR_EL2.M = 1", BANNER + "never"),
    "no-vectors": ("test=no-vectors", "limit: 1G", BANNER + "never"),
    "killed": ("test=killed", "", "OK"),
    "killed-expected": ("test=killed", "", "OK\nhv8: process {{\\d+}} (init) killed: it wrote TCR_EL1"),
    "wrong-order": ("test=wrong-order", "", "first\nsecond"),
    "prefix": ("test=prefix", "", "5"),
    "two-banners": ("test=two-banners", "", BANNER),
    "late-output": ("test=late-output", "", BANNER),
    "no-off-line": ("test=no-off-line", "", BANNER),
    "forged": ("test=forged nonce=${nonce}", "", "${nonce}"),
    "echo": ("test=echo", "handout: lab1-uart.md, step 4", "ready\nsend: ${nonce}\\n\nnext: ${nonce}"),
    "echo-slow": ("test=echo", "limit: 66K", "ready\nsend: 1\\x32\\n\n12"),
    "long-input": ("test=crc", "limit: 2M", "ready\nsend: ${repeat(nonce,4096)}\\n\nnext: ${crc32(repeat(nonce,4096))}"),
    "deaf": ("test=hang", "limit: 1M", "send: ${repeat(nonce,8192)}\n" + BANNER + "never"),
    "deaf-asleep": ("test=sleep", "", "send: ${repeat(nonce,8192)}\n" + BANNER + "never"),
    "deaf-flood": ("test=flood", "limit: 1G", BANNER + "send: ${repeat(nonce,8192)}"),
    "deaf-end": ("test=pass", "", BANNER + "send: ${repeat(nonce,8192)}"),
    "flood": ("test=flood", "limit: 1G", BANNER),
    "silent-hole": ("test=silent-hole", "", BANNER + "never"),
    "loud-hole": ("test=loud-hole", "", BANNER),
    "fault": ("test=fault", "", BANNER),
    "mute": ("test=mute", "ends: silent", ""),
    "not-mute": ("test=once", "ends: silent", ""),
    "raw": ("", "entry: raw\ninitrd: none", BANNER),
    "registers": ("test=registers nonce=${nonce}", "stop: stop_here\nreg: SCTLR_EL2.M = 1\nreg: MAIR_EL2 = 0x4ff\nreg: VBAR_EL2 = _start\nreg: SCTLR_EL1.M = 0\nreg: VBAR_EL1 = 0\n"
                  "map: el2 stop_here+8 = rwx normal 2M inner\nmap: el2 0x40400000 = rw- normal\nmap: el2 0x09000000 = rw- nGnRE 1G\n"
                  "map: el2 0x40000000 = none\nmap: el2 0x80000000 = none\nmem: secret = 0x${nonce}\nphys: 0x09000018 = 0x90", "done"),
    "gicv3": ("test=gic nonce=${nonce}", "machine: virt virt-secure\ncpu: cortex-a53 max\ncntfrq: 1200000\nsmp: 2\n" + TIMERS +
              "reg: ICC_PMR_EL1 = 0xf0\nreg: ICC_SRE_EL2.Enable = 1\nreg: ICC_IGRPEN1_EL1.Enable = 1\nreg: ICH_HCR_EL2 = 5\n"
              "reg: ICH_VMCR_EL2.VPMR = 0xf0\nreg: ICH_VMCR_EL2.VENG1 = 1\nreg: ICH_VTR_EL2.ListRegs = 3\nreg: ICH_LR0_EL2 = 0\n"
              "reg: ICH_LR3_EL2.vINTID = 33\nreg: ICH_LR3_EL2.State = 1\nreg: ICH_ELRSR_EL2 = 7\nphys: 0x080b0418 = 0xb00000\n"
              "phys: 0x08006108 = 0\nphys: 0x080a0014 = 0", "done"),
    "gicv2": ("test=gic nonce=${nonce}", "machine: virt-gicv2 virt-secure-gicv2\ncntfrq: 1200000\n" + TIMERS + "phys: 0x08000000 = 1\n"
              "phys: 0x08000418 = 0xb00000\nphys: 0x08010004 = 0xf0\nphys: 0x08030000 = 5\nphys: 0x08030100 = 0x1a000021", "done"),
    "group-seen": ("test=gic nonce=${nonce}", "stop: stop_here\nphys: 0x08000084 = 0xffffffff\nphys: 0x08000000 = 0x52", "done"),
    "group-hidden": ("test=gic nonce=${nonce}", "machine: virt-secure\nstop: stop_here\nphys: 0x08000084 = 0\nphys: 0x08000000 = 0x12", "done"),
    "no-register": ("test=gic nonce=${nonce}", "stop: stop_here\nreg: ICH_LR4_EL2 = 0\nreg: ICH_HCR_EL2.En = 0", "done"),
    "wrong-field": ("test=registers nonce=${nonce}", "stop: stop_here\nreg: SCTLR_EL2.WXN = 1\nreg: HCR_EL2 = 0x80000000\nreg: TCR_EL2 = 0\nreg: MAIR_EL2.Attr1 = 0\n"
                    "map: el2 0x40400000 = r-x device\nmap: el2 0 = none\nmem: secret = 0x1\nhandout: lab2-mmu.md, step 5", "done"),
    "no-stop": ("test=once", "stop: stop_here\nreg: SCTLR_EL2.M = 0", "tick"),
    "no-stop-and-wrong": ("test=wrong-order", "stop: stop_here\nreg: SCTLR_EL2.M = 0", "first\nsecond"),
    "no-symbol": ("test=once", "stop: nowhere\nreg: SCTLR_EL2.M = 0", "tick"),
}
PASS = {"pass", "pass-v2", "one-state", "two-states", "killed-expected", "echo", "echo-slow", "mute", "raw", "registers", "nap",
        "nap-slow-counter", "frequencies", "ticks", "long-input", "deaf-end", "gicv3", "gicv2", "group-seen", "group-hidden", "wake-to-read", "tick-to-read"}


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Verdicts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graded = toy_guest.Graded("verdicts", TESTS)

    def why(self, name):
        return self.graded.tests[name]["why"]

    def test_exactly_the_good_guests_pass(self):
        status = {name: test["status"] for name, test in self.graded.tests.items()}
        self.assertEqual(status, {name: "pass" if name in PASS else "fail" for name in TESTS})

    def test_score_and_exit_status_agree(self):
        lab = self.graded.results["labs"][0]
        self.assertEqual(lab["score"], sum(test["max"] for test in lab["tests"] if test["name"] in PASS))
        self.assertEqual((lab["max"], self.graded.status), (100, 1))
        self.assertRegex(self.graded.printed, r"(?m)^Lab 1 \w+: %d/100$" % lab["score"])

    def test_what_was_not_reached_is_said_last(self):
        self.assertRegex(self.why("no-stop"), "^stop_here was never reached")
        self.assertRegex(self.why("no-stop-and-wrong"), "^a line is .*second")
        self.assertIn("stop_here was never reached", self.graded.read("no-stop-and-wrong", "report.txt"))

    def test_a_hang_is_located(self):
        self.assertRegex(self.why("hang"), r"no progress: after 1,\d+,\d+ instructions the CPU was in spin_here \(.*guest\.c:\d+\)")

    def test_a_hang_says_what_each_cpu_does(self):
        report = self.graded.read("two-cpus", "report.txt")
        self.assertRegex(report, r"\n    CPU 0       EL2, IRQs masked \(PSTATE.DAIF = 0b1111\), in take_lock; "
                                 r"\S*guest\.c:\d+: while \(lock\)\n    called by   guest_main, _start\n"
                                 r"    CPU 1       EL2, IRQs masked \(PSTATE.DAIF = 0b1111\), waits in WFI, in sleep_here; "
                                 r"\S*guest\.c:\d+: __asm__ volatile\(\"wfi\"\);\n    CPU 2       never started\n")
        self.assertRegex(self.graded.read("at-el1", "report.txt"),
                         r"\n    CPU 0       EL1, IRQs taken \(PSTATE.DAIF = 0b1101\), in spin_here; \S*guest\.c:\d+: for \(;;\)\n")

    def test_a_cpu_that_cannot_be_asked_is_still_located(self):
        report = self.graded.read("no-line", "report.txt")                      # QEMU is too busy with the end of time
        self.assertRegex(report, r"\n    CPU 0       (EL2, .*)?waits in WFI, in sleep_here; ")

    def test_a_silent_kernel_says_what_worked(self):
        self.assertRegex(self.why("silent"), "^the device tree was read and names a console, then no output: does pl011_init wait ")
        self.assertIn("\n    reached     board_read, pl011_init\n", self.graded.read("silent", "report.txt"))
        self.assertNotIn("then no", self.why("hang"))                           # a toy has no milestone there

    def test_after_a_panic_there_is_little_time(self):
        self.assertRegex(self.why("panic-spin"), "^a panic, .*: hv8: panic: asked to; no power-off after a panic: .* in spin_here ")
        self.assertIn("\n    called by   panic, guest_main, _start\n", self.graded.read("panic-spin", "report.txt"))
        self.assertLess(self.graded.tests["panic-spin"]["guest_instructions"], 1.1 * guest.GRACE)

    def test_the_last_exception_is_decoded_from_outside(self):
        report = self.graded.read("stuck", "report.txt")
        self.assertIn("\n    ESR_EL2 0x86000006: instruction abort, translation fault, level 2\n", report)
        self.assertRegex(report, r"\n    FAR_EL2 0x40200200: the kernel's text, \w+\+0x[0-9a-f]+\n")
        self.assertIn("cannot fetch 0x40200200, in mmu_on;", report)
        report = self.graded.read("no-vectors", "report.txt")
        self.assertIn("\n    ESR_EL2 0x2000000: unknown reason (undefined instruction)\n", report)
        self.assertIn("\n    VBAR_EL2 0x0: page 0, where null pointers lead\n", report)
        self.assertNotIn("FAR_EL2", report)                                     # it holds nothing for an undefined instruction

    def test_exceptions_that_never_return_end_soon(self):
        self.assertRegex(self.why("no-vectors"), "exceptions without end: after 1[67].,... instructions, none of which returned, ")

    def test_endless_sleep_is_located(self):
        self.assertRegex(self.why("sleep"), r"every CPU sleeps .* WFI in sleep_here \(.*guest\.c:\d+\)")

    def test_a_guest_that_does_not_read_is_judged_as_any_other(self):
        self.assertIn("the CPU was in spin_here", self.why("deaf"))
        self.assertIn("every CPU sleeps and nothing", self.why("deaf-asleep"))
        self.assertIn("more than 1 MiB of output", self.why("deaf-flood"))

    def test_idling_is_quick(self):
        self.assertLess(self.graded.tests["nap"]["seconds"], 4 * 5)            # 100 s of guest time, on four machines

    def test_a_timer_that_wakes_nobody_is_named(self):
        for name in ("no-line", "never"):
            self.assertRegex(self.why(name), r"every CPU sleeps, and a timer with ENABLE = 1 wakes none .* after 6\d,\d+ instructions "
                             r"WFI in sleep_here \(.*guest\.c:\d+\)")
            self.assertLess(self.graded.tests[name]["seconds"], 3 * self.graded.tests["sleep"]["seconds"] + 5)

    def test_waking_up_without_end_is_said(self):
        self.assertRegex(self.why("ticks-for-ever"), r"nearly all of them exceptions or wake-ups from WFI, the CPU was in sleep_until")

    def test_endless_exceptions_are_located(self):
        self.assertRegex(self.why("stuck"), r"exceptions without end.* mmu_on \(.*guest\.c:\d+\)")

    def test_waiting_for_a_stop_that_never_comes_ends_as_soon(self):
        self.assertIn("exceptions without end", self.why("stuck-with-stop"))
        self.assertLess(self.graded.tests["stuck-with-stop"]["seconds"], 3 * self.graded.tests["stuck"]["seconds"] + 5)

    def test_missing_vectors_are_named(self):
        self.assertIn("the exception vector at 0x200: exceptions are taken with VBAR_EL2 = 0", self.why("no-vectors"))

    def test_functions_are_known_without_addr2line(self):
        kernel = explain.Code(os.path.join(toy_guest.scratch(), "build"), ["no-addr2line"]).kernel
        self.assertEqual(kernel.locate(kernel.address("spin_here") + 4), ("spin_here", ""))
        self.assertFalse(kernel.is_code(kernel.address("secret")))

    def test_a_killed_process_fails_unless_expected(self):
        self.assertIn("hv8: process 3 (init) killed", self.why("killed"))

    def test_rules_on_begin_and_end(self):
        self.assertIn("booted a second time", self.why("two-banners"))
        self.assertIn("output after the power-off line: one more thing", self.why("late-output"))
        self.assertIn("power-off line is missing", self.why("no-off-line"))
        self.assertIn("without any output", self.why("not-mute"))

    def test_a_guest_cannot_print_its_verdict(self):
        self.assertEqual(self.graded.tests["forged"]["points"], 0)
        self.assertNotIn("\033", self.graded.printed)
        self.assertNotIn("\033", self.graded.read("forged", "report.txt"))
        self.assertIn("\\x1b[31mred", self.graded.printed)

    def test_a_flood_ends(self):
        self.assertIn("more than 1 MiB of output", self.why("flood"))
        self.assertLessEqual(len(self.graded.read("flood", "transcript.txt")), 1 << 20)

    def test_holes_are_named_even_when_the_guest_is_silent(self):
        self.assertRegex(self.why("silent-hole"), r"^reached the hole silent_hole \(.*guest\.c:\d+\), which is yours to write$")
        self.assertEqual(self.graded.tests["silent-hole"]["holes"], ["silent_hole"])
        self.assertRegex(self.why("loud-hole"), r"^reached the hole loud_hole \(")
        self.assertEqual(self.graded.tests["loud-hole"]["holes"], ["loud_hole"])
        self.assertEqual(self.graded.tests["pass"]["holes"], [])

    def test_a_fault_is_decoded(self):
        report = self.graded.read("fault", "report.txt")
        self.assertIn("ESR_EL2 0x96000045: data abort, write, translation fault, level 1", report)
        self.assertIn("FAR_EL2 0x1234: the flash\n", report)
        self.assertRegex(report, r"0x[0-9a-f]+ is in fault_here \(.*guest\.c:\d+\)")

    def test_outside_reads_name_field_and_handout(self):
        report = self.graded.read("wrong-field", "report.txt")
        self.assertIn("  SCTLR_EL2.WXN: expected 1, got 0; handout lab2-mmu.md, step 5\n", report)
        self.assertIn("  HCR_EL2.RW: expected 1, got 0 (all of HCR_EL2: expected 0x80000000, got 0x0); handout lab2-", report)
        self.assertIn("  TCR_EL2: expected 0x0, got 0x80823510; handout lab2-mmu.md, step 5\n"
                      "    TCR_EL2.T0SZ: expected 0 (addresses of 64 bits), got 0x10 (addresses of 48 bits)\n", report)
        self.assertIn("    TCR_EL2.SH0: expected 0 (non-shareable), got 3 (inner shareable)\n", report)
        self.assertIn("  MAIR_EL2.Attr1: expected 0 (Device-nGnRnE), got 4 (Device-nGnRE); handout", report)
        self.assertIn("map el2 0x40400000: expected r-x device, got rw- normal 2M inner (pa 0x40400000)", report)
        self.assertIn("map el2 0: expected none, got rw- nGnRE 1G", report)
        self.assertIn("mem secret: expected 0x1, got 0x", report)
        self.assertIn("lab2-mmu.md, step 5", report)
        self.assertIn("stop_here was never reached", self.why("no-stop"))
        self.assertIn("no symbol nowhere", self.why("no-symbol"))

    def test_a_register_that_is_not_there_disturbs_nothing(self):
        report = self.graded.read("no-register", "report.txt")
        self.assertIn("ICH_LR4_EL2: reading it is undefined on this machine\n", report)
        self.assertIn("ICH_HCR_EL2.En: expected 0, got 1\n", report)
        self.assertTrue(self.graded.read("no-register", "transcript.txt").endswith("done\nhv8: power off\n"))

    def test_reports_show_the_difference_and_the_way_back(self):
        report = self.graded.read("prefix", "report.txt")
        self.assertRegex(report, r"(?m)^  +- expected  5   \(prefix\.test:\d+\)\n  +\+ +\d+  ")
        self.assertIn("again       make grade LAB=1 T=prefix V=1", report)
        self.assertIn(report.split("\n")[1], self.graded.printed)

    def test_each_run_has_its_own_files(self):
        runs = sorted(name for name in os.listdir(os.path.join(self.graded.out, "lab1")) if name.startswith("pass-v2"))
        self.assertEqual(runs, ["pass-v2.%s.%s" % (m, c) for m in ("virt-gicv2", "virt") for c in ("cortex-a57", "max")])
        for cpu in ("cortex-a53", "max"):
            for cntfrq in ("62500000", "1200000"):
                self.assertIn(" -cpu %s,cntfrq=%s " % (cpu, cntfrq), self.graded.read("frequencies.virt.%s.%sHz" % (cpu, cntfrq), "command.txt"))
        self.assertIn("on virt with cortex-a53 at 1200000 Hz", self.graded.printed)
        for name in ("transcript.txt", "qemu.log", "command.txt"):
            self.assertTrue(os.path.exists(os.path.join(self.graded.out, "lab1", "pass", name)))

    def test_the_command_reproduces_the_run(self):
        command = self.graded.read("pass", "command.txt")
        done = subprocess.run(command, shell=True, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              check=True, timeout=60)
        self.assertEqual(done.stdout.decode(), self.graded.read("pass", "transcript.txt"))

    def test_no_way_out_of_the_guest(self):
        for name in ("pass", "raw", "registers"):
            command = self.graded.read(name, "command.txt")
            self.assertIn("-net none", command)
            self.assertNotRegex(command, r"semihosting|hostfwd|virtfs|-monitor stdio")


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Gradings(unittest.TestCase):
    """Whole gradings: exit status, selection, repeatability, trouble."""

    def test_full_marks_are_status_0_and_a_seed_repeats(self):
        one = toy_guest.Graded("full", {"pass": TESTS["pass"]}, "--seed", "7")
        first = one.read("pass", "transcript.txt")
        two = toy_guest.Graded("full", {"pass": TESTS["pass"]}, "--seed", "7")
        second = two.read("pass", "transcript.txt")
        other = toy_guest.Graded("full", {"pass": TESTS["pass"]})
        self.assertEqual((one.status, two.status, other.status), (0, 0, 0))
        self.assertEqual(first, second)
        self.assertNotEqual(first, other.read("pass", "transcript.txt"))
        self.assertEqual(one.tests["pass"]["guest_instructions"], two.tests["pass"]["guest_instructions"])
        self.assertNotIn("\033", other.printed)

    def test_each_run_has_a_nonce_of_its_own(self):
        graded = toy_guest.Graded("nonces", {"pass": TESTS["pass"], "again": TESTS["pass"]}, "--seed", "7")
        self.assertNotEqual(graded.read("pass", "transcript.txt"), graded.read("again", "transcript.txt"))

    def test_a_selection_says_so(self):
        graded = toy_guest.Graded("some", {name: TESTS[name] for name in ("pass", "prefix", "mute")}, "--test", "[pm][au]*",
                                  "--verbose")
        self.assertEqual((graded.status, sorted(graded.tests)), (0, ["mute", "pass"]))
        self.assertIn("partial", graded.printed)
        self.assertIn("pass| second", graded.printed)

    def test_several_names(self):
        tests = {name: TESTS[name] for name in ("pass", "prefix", "mute")}
        graded = toy_guest.Graded("several", tests, "--test", "pass mute")
        self.assertEqual((graded.status, sorted(graded.tests)), (0, ["mute", "pass"]))
        top = os.path.dirname(graded.lab)
        status, printed = toy_guest.run_grade("--tests", top, "--out", graded.out, "--test", "pass nix* mute no",
                                              "1:" + os.path.join(toy_guest.scratch(), "build"))
        self.assertEqual((status, printed), (2, "no test is named nix* or no; there are mute pass prefix\n"))

    def test_input_that_a_guest_takes_slowly_extends_its_limit(self):
        test = ("test=crc-slow", "limit: 20M", "ready\nsend: ${repeat(nonce,256)}\\n\nnext: ${crc32(repeat(nonce,256))}")
        with mock.patch.object(guest, "INPUT_PATIENCE", 0.2):
            graded = toy_guest.Graded("slow-reader", {"crc": test})
        self.assertEqual(graded.tests["crc"]["why"], "")
        self.assertGreater(graded.tests["crc"]["guest_instructions"], 400e6)

    def test_long_input_may_cost_time(self):
        test = ("test=crc-by-interrupt", "", "ready\nsend: ${repeat(nonce,8192)}\\n\nnext: ${crc32(repeat(nonce,8192))}")
        with mock.patch.object(guest, "CPU_SECONDS", 0.0):
            self.assertEqual(toy_guest.Graded("pasted", {"crc": test}).tests["crc"]["why"], "")

    def test_without_a_compiler_grading_goes_on(self):
        with mock.patch.dict(os.environ, {"PATH": os.path.dirname(shutil.which(toy_guest.QEMU) or "") + "-none", "HOSTCC": "", "CC": ""}):
            plugin_path, warning = plugin.build("/nowhere", "qemu", (7, 2))
        self.assertIsNone(plugin_path)
        self.assertIn("install gcc", warning)
        with mock.patch.object(plugin, "build", return_value=(None, warning)):
            graded = toy_guest.Graded("bare", {name: TESTS[name] for name in ("pass", "hang", "loud-hole")})
        self.assertEqual((graded.tests["pass"]["status"], graded.tests["pass"]["guest_instructions"]), ("pass", None))
        self.assertEqual(graded.tests["hang"]["status"], "fail")
        self.assertIn("; no progress", graded.tests["hang"]["why"])
        self.assertEqual(graded.tests["loud-hole"]["holes"], ["loud_hole"])
        self.assertIn("warning: no native C compiler", graded.printed)

    def test_trouble_is_status_2(self):
        build = "1:" + os.path.join(toy_guest.scratch(), "build")
        top = toy_guest.Graded("trouble", {"pass": TESTS["pass"]}).lab[:-len("/lab1")]
        for arguments, text in (([build, "--tests", top, "--qemu", "no-such-qemu"], "make setup"),
                                (["1:/nowhere", "--tests", top], "run `make LAB=1` first"),
                                ([build, "--tests", "/nowhere"], "no *.test file"),
                                ([build, "--tests", top, "--test", "nothing"], "no test is named")):
            status, printed = toy_guest.run_grade("--out", top + "/out", *arguments)
            self.assertEqual(status, 2)
            self.assertIn(text, printed)

    def test_a_qemu_that_cannot_run_is_an_error_of_the_host(self):
        graded = toy_guest.Graded("host", {"pass": ("test=pass nonce=${nonce}", "mem: 9999999G", "first")})
        self.assertEqual((graded.status, graded.tests["pass"]["status"]), (2, "error"))

    def test_a_grading_does_not_disturb_another(self):
        graded = toy_guest.Graded("busy", {"mute": TESTS["mute"]})
        with open(os.path.join(graded.out, ".lock"), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            status, printed = toy_guest.run_grade("--tests", graded.lab[:-len("/lab1")], "--out", graded.out,
                                                  "1:" + os.path.join(toy_guest.scratch(), "build"))
        self.assertEqual(status, 2)
        self.assertIn("another grading", printed)

    @unittest.skipUnless(sys.platform == "linux", "elsewhere only the instruction limit ends it")
    def test_no_guest_outlives_a_harness_that_is_killed(self):
        graded = toy_guest.Graded("killed", {"mute": TESTS["mute"]})
        os.rename(os.path.join(graded.lab, "mute.test"), os.path.join(graded.lab, "never.test"))
        with open(os.path.join(graded.lab, "never.test"), "w", encoding="utf-8") as file:
            file.write("title: never\npoints: 100\nargs: test=hang\nlimit: 100G\n---\nnever\n")
        command = [sys.executable, os.path.join(os.path.dirname(grade.__file__), "grade.py"), "--out", graded.out, "--qemu", toy_guest.QEMU,
                   "--tests", os.path.dirname(graded.lab), "1:" + os.path.join(toy_guest.scratch(), "build")]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL) as harness:
            report = os.path.join(graded.out, "lab1", "never", "plugin.bin")
            until(lambda: harness.poll() is None and os.path.exists(report) and plugin.read_report(report))
            guests = children(harness.pid)
            harness.kill()
        self.assertEqual(len(guests), 1)
        self.addCleanup(end, guests[0])
        until(lambda: not os.path.exists("/proc/%d" % guests[0]))


def children(pid):
    """The processes that a process has started and not yet waited for."""
    found = []
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open("/proc/%s/stat" % name, encoding="utf-8", errors="replace") as file:
                state, parent = file.read().rpartition(")")[2].split()[:2]
        except OSError:                     # it has ended meanwhile
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(name))
    return found


def end(pid):
    """Kill a process, if it is still there."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def until(condition):
    """Wait for a condition that comes soon if it comes at all."""
    deadline = time.monotonic() + 60
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError("nothing of that sort happened in 60 s")
        time.sleep(0.02)


if __name__ == "__main__":
    sys.exit(unittest.main())
