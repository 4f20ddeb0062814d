"""Tests `make bench`: it measures every row, the same in each run, and no bar is missed."""
import contextlib
import glob
import io
import json
import os
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "bench"))
import bench                                                                    # noqa: E402

RESULTS = os.path.join(ROOT, "build", "bench", "results.json")
ROWS = ["null_hypercall", "fault_to_handler", "fault_round_trip", "protect_page", "demand_zero_page", "appel1_per_page",
        "appel2_per_page", "switch_to_named", "ipc_round_trip", "virq_self_round_trip", "irq_to_process", "tick_stolen", "process_switch_preempted",
        "hvc_el1_to_el2", "svc_el0_to_el1"]


def run(*arguments):
    """The exit status and the output of bench.py's main."""
    output = io.StringIO()
    with mock.patch("sys.argv", ["bench.py", *arguments]), contextlib.redirect_stdout(output), \
            contextlib.redirect_stderr(output):
        return bench.main(), output.getvalue()


class Bench(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
        cls.made = subprocess.run(["make", "-s", "bench", "WERROR=1"], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if cls.made.returncode:
            raise AssertionError(cls.made.stdout)
        with open(RESULTS, "rb") as file:
            cls.written = file.read()
        cls.build = max(glob.glob(os.path.join(glob.escape(ROOT), "build", "lab*-O2-bench")), key=os.path.getmtime)

    def test_results(self):
        results = json.loads(self.written)
        self.assertEqual(list(results), ["unit", "cpu", "rows", "floor"])
        self.assertEqual((results["unit"], results["cpu"]), ("guest instructions", "cortex-a53"))
        self.assertEqual(list(results["rows"]), ROWS)
        self.assertTrue(all(type(number) is int and number > 0 for number in results["rows"].values()))

    def test_the_table_has_what_the_results_have(self):
        results = json.loads(self.written)
        table = {line.split()[0]: line.split() for line in self.made.stdout.splitlines() if line.split()[0] in ROWS}
        self.assertEqual({name: int(words[1]) for name, words in table.items()}, results["rows"])
        self.assertIn("median of 1001", self.made.stdout)

    def test_the_floor_is_one_hvc_and_one_eret(self):
        self.assertEqual(json.loads(self.written)["floor"], 2)

    def test_levels_cost_the_same_instructions(self):
        rows = json.loads(self.written)["rows"]
        self.assertEqual(rows["hvc_el1_to_el2"], rows["svc_el0_to_el1"])

    def test_two_runs_write_the_same_bytes(self):
        with tempfile.TemporaryDirectory() as out:
            status, output = run("--out", out, self.build)
            self.assertEqual(status, 0, output)
            with open(os.path.join(out, "results.json"), "rb") as file:
                self.assertEqual(file.read(), self.written)

    def test_a_missed_bar_is_said_and_fails(self):
        found = {name: (bar or 1, 1, 1) for name, bar in bench.BARS.items()}
        found.update(floor=(2, 2, 2), protect_page=(bench.BARS["protect_page"] + 1, 1, 1))
        with tempfile.TemporaryDirectory() as out, mock.patch("bench.measure", return_value=found):
            status, output = run("--out", out, self.build)
        self.assertEqual(status, 1)
        self.assertEqual([line.split()[0] for line in output.splitlines() if "MISSED" in line], ["protect_page"])

    def test_a_run_without_numbers_writes_nothing(self):
        with tempfile.TemporaryDirectory() as out, tempfile.TemporaryDirectory() as guests:
            for printed in ("hv8: panic", "bench: null_hypercall 53 53 53\\nbench: broken\\n"):
                qemu = os.path.join(guests, "qemu")
                with open(qemu, "w", encoding="utf-8") as file:
                    file.write("#!/bin/sh\nprintf '%s'\n" % printed)
                os.chmod(qemu, 0o755)
                self.assertEqual(run("--out", out, "--qemu", qemu, self.build)[0], 2)
            self.assertEqual(os.listdir(out), [])


if __name__ == "__main__":
    unittest.main()
