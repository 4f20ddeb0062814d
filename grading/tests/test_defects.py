"""The defects that graders commonly have, one by one: ours has none of them. Each test is named for its defect.

All guests boot in one batch; the tests look at what came of it.
"""
import os
import re
import subprocess
import sys
import unittest
from unittest import mock

import toy_guest
import expect
import guest
import machines

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
READS = "stop: stop_here\nreg: SCTLR_EL2.M = 1"
TESTS = {                           # name: (guest's arguments, header, body)
    "pass": ("test=pass nonce=${nonce}", "machine: virt virt-gicv2", "${nonce}"),
    "wrong-order": ("test=wrong-order", "", "first\nsecond"),
    "any-order": ("test=wrong-order", "", "any-order {\n    first\n    second\n}"),
    "once": ("test=once", "", "tick\ntick"),
    "once-counted": ("test=once", "", "count: 2 tick"),
    "prefix": ("test=prefix", "", "5"),
    "panic-after-ok": ("test=panic-after-ok", "", "OK"),
    "twice": ("test=twice", "", "OK"),
    "twice-counted": ("test=twice", "", "count: 1 OK"),
    "panic-spin": ("test=panic-spin", "limit: 1G", "never"),
    "forged": ("test=forged nonce=${nonce}", "", "${nonce}"),
    "read-here": ("test=registers nonce=${nonce}", READS, "done"),
    "read-there": ("test=registers nonce=${nonce}", READS, "done"),
}
PASS = {"pass", "any-order", "twice", "read-here", "read-there"}


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class WeDoNotHave(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.graded = toy_guest.Graded("defects", TESTS, "--jobs", "2")

    def fails(self, name, pattern):
        test = self.graded.tests[name]
        self.assertEqual((test["status"], test["points"]), ("fail", 0), test)
        self.assertRegex(test["why"], pattern)

    def passes(self, name):
        self.assertEqual(self.graded.tests[name]["why"], "")
        self.assertEqual(self.graded.tests[name]["points"], self.graded.tests[name]["max"])

    def make(self, *arguments):
        """The commands that make would run."""
        return subprocess.run(["make", "-n", "-C", ROOT] + list(arguments), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              check=True, timeout=120, env=self.plain()).stdout.decode()

    @staticmethod
    def plain():
        """The environment without what a make or a terminal around the tests put there."""
        return {key: value for key, value in os.environ.items()
                if not key.startswith("MAKE") and key not in ("MFLAGS", "TERM", "LAB")}

    def test_01_a_match_that_ignores_order(self):
        self.fails("wrong-order", r"missing or wrong \(.*came too early.*order matters\)|came before")
        self.passes("any-order")

    def test_02_repeated_expectations_that_collapse_into_one(self):
        self.fails("once", "came before, and counted for an earlier expectation")
        self.fails("once-counted", "2 lines expected, 1 came")

    def test_03_an_unanchored_pattern(self):
        self.fails("prefix", "expected 5$")
        report = self.graded.read("prefix", "report.txt")
        self.assertIn('    +    2  5999\n             ^ column 2: expected the end of the line, got "9"\n', report)

    def test_04_a_panic_after_the_ok_line_that_still_passes(self):
        self.fails("panic-after-ok", "hv8: panic: too late")

    def test_05_a_forbidden_pattern_that_can_never_match(self):
        """Each of ours is a text that the kernel or the model machine prints as it stands."""
        sources = ""
        for folder in ("kernel", os.path.join("grading", "model")):
            for directory, _, names in os.walk(os.path.join(ROOT, folder)):
                for name in names:
                    with open(os.path.join(directory, name), encoding="utf-8") as file:
                        sources += file.read()
        printed = {"a panic": "hv8: panic: ", "an unfilled hole": "hv8: todo: ", "a broken rule": "model: ",
                   "a killed process": "hv8: process %d (%s) killed: "}
        self.assertEqual(set(printed), {name for name, _ in expect.FORBIDDEN})
        for name, regex in expect.FORBIDDEN:
            self.assertIn('"' + printed[name], sources)
            self.assertRegex(printed[name].replace("%d", "3").replace("%s", "init"), regex)
        self.assertIn('"' + expect.BANNER.replace("EL2", "EL%lu"), sources)
        self.assertIn(expect.POWER_OFF, sources)

    def test_06_one_ok_line_printed_twice_that_scores_twice(self):
        self.passes("twice")                                # once its points, and no more:
        self.assertEqual(self.graded.results["labs"][0]["score"], sum(self.graded.tests[name]["max"] for name in PASS))
        self.fails("twice-counted", "1 lines expected, 2 came")

    def test_07_a_score_used_as_exit_status(self):
        self.assertNotIn(self.graded.results["labs"][0]["score"], (0, 1, 100))
        self.assertEqual(self.graded.status, 1)
        self.assertEqual(toy_guest.Graded("all", {"pass": TESTS["pass"]}).status, 0)

    def test_08_exit_0_at_score_0(self):
        self.assertEqual(toy_guest.Graded("nothing", {"prefix": TESTS["prefix"]}).status, 1)

    def test_09_a_crash_without_a_tty(self):
        top = toy_guest.Graded("dumb", {"pass": TESTS["pass"]})
        done = subprocess.run([sys.executable, os.path.join(ROOT, "grading", "grade.py"), "--cross", toy_guest.CROSS, "--qemu",
                               toy_guest.QEMU, "--tests", os.path.dirname(top.lab), "--out", top.out,
                               "1:" + os.path.join(toy_guest.scratch(), "build")], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=120, start_new_session=True,
                              env=self.plain(), check=False)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout.decode(), r"^ok    lab1 pass [ \d.s]*\n\nLab 1 \w+: 100/100\n$")

    def test_10_a_fixed_30_s_timeout_that_a_slow_laptop_misses(self):
        """Limits are guest instructions. A host that does not get that far in time is an error of the host, with status 2."""
        with mock.patch.object(guest, "WALL_SECONDS", 0.0), mock.patch.object(guest, "INSTRUCTIONS_PER_SECOND", 1e12):
            slow = toy_guest.Graded("slow", {"hang": ("test=hang", "limit: 1G", "never")}, "--jobs", "1")
        self.assertEqual((slow.status, slow.tests["hang"]["status"]), (2, "error"))
        self.assertIn("this host was too slow", slow.tests["hang"]["why"])
        hang = {"hang": ("test=hang", "limit: 1M", "never")}
        counts = {toy_guest.Graded("same", hang).tests["hang"]["guest_instructions"] for _ in range(2)}
        self.assertEqual(len(counts), 1, counts)

    def test_11_a_failed_assertion_that_spins_until_the_timeout(self):
        self.fails("panic-spin", "^a panic, which the test does not expect: hv8: panic: asked to; "
                                 "no power-off after a panic: .* spin_here")
        self.assertLess(self.graded.tests["panic-spin"]["guest_instructions"], 1.1 * guest.GRACE)

    def test_12_a_token_the_students_code_can_simply_print(self):
        self.fails("forged", "expected [1-9a-f][0-9a-f]{15}$")

    def test_13_saved_logs_that_overwrite_each_other(self):
        texts = [self.graded.read(run, "transcript.txt") for run in
                 ("pass.virt.cortex-a53", "pass.virt-gicv2.cortex-a53", "read-here", "read-there")]
        nonces = [re.findall(r"\b[1-9a-f][0-9a-f]{15}\b", text) for text in texts[:2]]
        self.assertEqual([len(found) for found in nonces], [1, 1])
        self.assertNotEqual(*nonces)
        self.assertEqual([text.count("done") for text in texts], [0, 0, 1, 1])

    def test_14_a_fixed_gdb_port_that_collides_on_a_shared_host(self):
        self.passes("read-here")                            # both at the same time
        self.passes("read-there")
        self.assertEqual(machines.gdb_option(7), ["-chardev", "socket,id=gdb,fd=7", "-gdb", "chardev:gdb", "-S"])
        self.assertIn("-gdb tcp:127.0.0.1:%d" % (25000 + os.getuid() % 5000), self.make("LAB=1", "qemu-gdb"))

    def test_15_reliance_on_gdb_auto_load(self):
        self.assertRegex(self.make("LAB=1", "GDB=a-gdb", "gdb"), r"(?m)^a-gdb -nx .*-x \S+/gdb\.cmd")

    def test_16_werror_on_a_students_newer_compiler(self):
        self.assertNotIn("-Werror", self.make("-B", "LAB=1"))
        self.assertIn(" -Werror ", self.make("-B", "LAB=1", "WERROR=1"))

    def test_17_o2_that_hides_variables(self):
        compiled = re.findall(r"(?m)^\S*gcc .* -c -o \S+kernel/.*$", self.make("-B", "LAB=1"))
        self.assertGreater(len(compiled), 10)
        for command in compiled:
            self.assertEqual(re.findall(r" -O\w*| -g\w*", command), [" -g", " -Og"], command)


if __name__ == "__main__":
    unittest.main()
