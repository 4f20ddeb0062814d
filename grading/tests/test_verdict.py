"""Judges made-up runs: what QEMU's own end means, and whose fault it is."""
import os
import sys
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import expect                                                                   # noqa: E402
import explain                                                                  # noqa: E402
import guest                                                                    # noqa: E402
import plugin                                                                   # noqa: E402
import regions                                                                  # noqa: E402
import runner                                                                   # noqa: E402
import verdict                                                                  # noqa: E402

CODE = explain.Code("/nowhere", ["no-addr2line"])
REGIONS = regions.Regions(CODE.kernel, 0x40200000, "virt", "1G")
TEST = types.SimpleNamespace(name="t", ends="off", handout="", stop=None, model=None)


def judge(end="exit", status=0, lines=("OK", "hv8: power off"), instructions=5, body=("OK",), missed=()):
    """The Verdict on a run that printed these lines; instructions is None without the plugin."""
    problems = []
    matcher = expect.Matcher(expect.parse_body(list(body), 1, "1" * 16, problems))
    for line in lines:
        matcher.feed(line)
    report = None if instructions is None else plugin.Report(instructions, 0, [], [])
    outcome = guest.Outcome(end, status, 1.0, "\n".join(lines).encode(), report, [], False)
    return verdict.judge(TEST, matcher, outcome, CODE, 0x40200000, REGIONS, missed, "/nowhere/qemu.log")


class Judging(unittest.TestCase):
    def test_a_good_run(self):
        self.assertEqual(judge().status, "pass")
        self.assertEqual(judge(missed=["the program hello", "the program pair"]).why,
                         "what was expected came, but the program hello and the program pair never ran")
        self.assertNotIn("never ran", judge(missed=["the program hello"], lines=("hv8: power off",)).why)

    def test_a_status_of_qemu_fails_whatever_was_printed(self):
        for status in (1, 3, -6):
            found = judge(status=status)
            self.assertEqual(found.status, "fail")
            self.assertIn("QEMU ended with status %d" % status, found.why)

    def test_every_forced_end_fails_whatever_was_printed(self):
        for end in ("limit", "flood", "asleep", "stuck", "slow"):
            self.assertEqual(judge(end=end, status=124).status, "fail")
            self.assertTrue(judge(end=end, status=124).why)

    def test_a_qemu_that_powers_off_is_not_stuck(self):
        self.assertFalse(guest.is_end("stuck", ["OK", "hv8: power off"]))
        self.assertTrue(guest.is_end("stuck", ["hv8: power off", "OK"]))
        self.assertTrue(guest.is_end("stuck", []))
        self.assertTrue(guest.is_end("slow", ["hv8: power off"]))           # but not for ever

    def test_the_host_is_to_blame(self):
        self.assertEqual(judge(status=1, lines=(), instructions=None).status, "error")
        found = judge(end="wall")
        self.assertEqual(found.status, "error")
        self.assertIn("host was too slow", found.why)

    def test_without_the_plugin_the_wall_clock_ends_hangs(self):
        found = judge(end="wall", instructions=None)
        self.assertEqual((found.status, found.why), ("fail", "no end within 1 s"))

    def test_a_test_passes_only_if_each_run_does(self):
        test = types.SimpleNamespace(name="t", points=10, title="t", handout="")
        lab = types.SimpleNamespace(number=1)

        def combined(*statuses):
            runs = [runner.Result(1, test, status, status, [], 1.0, 5, [], "a/%d/t" % n) for n, status in enumerate(statuses)]
            return runner._combine(lab, test, runs).status
        self.assertEqual(combined("pass", "pass"), "pass")
        self.assertEqual(combined("pass", "fail"), "fail")
        self.assertEqual(combined("pass", "error"), "error")
        self.assertEqual(combined("error", "fail"), "fail")

    def test_a_panic_comes_before_the_difference_it_causes(self):
        found = judge(lines=("hv8: panic: x", "hv8: power off"))
        self.assertIn("hv8: panic: x", found.why)
        self.assertEqual([line for line in found.report if "expected  OK" in line][:1], ["    - expected  OK   (t.test:1)"])

    def test_the_first_line_that_must_not_come_is_the_cause(self):
        body = ("OK", "not: not denied")
        killed, denied = "hv8: process 2 (x) killed: y", "not denied"
        self.assertIn(denied, judge(body=body, lines=("OK", denied, killed, "hv8: power off")).why)
        self.assertIn(killed, judge(body=body, lines=("OK", killed, denied, "hv8: power off")).why)

    def test_a_hole_sends_to_the_step_in_which_it_is_written(self):
        test = types.SimpleNamespace(handout="lab3-process.md, step 6")
        hint = types.SimpleNamespace(handout=["lab3-process.md, step 5"])
        self.assertEqual(runner.handout(test, None, []), "lab3-process.md, step 6")
        self.assertEqual(runner.handout(test, hint, []), "lab3-process.md, step 5")
        self.assertEqual(runner.handout(test, hint, ["hypercall_entry"]), "lab3-process.md, step 4")
        self.assertEqual(runner.handout(test, None, ["hc_alloc_table"]), "lab4-asid.md, step 3")
        self.assertEqual(runner.handout(test, None, ["no_hole"]), "lab3-process.md, step 6")


if __name__ == "__main__":
    unittest.main()
