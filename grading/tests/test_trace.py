"""Tests `make trace`: timelines compared with what the guests themselves counted and printed, and both files with their formats."""
import collections
import contextlib
import functools
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "debug"))
import trace as tracing                                                         # noqa: E402
import timeline                                                                 # noqa: E402

OUT = tempfile.mkdtemp(prefix="trace-")
Traced = collections.namedtuple("Traced", "events rows printed transcript page")
Event = collections.namedtuple("Event", "row start end kind name detail")      # row: (process, line); times in ns


def tearDownModule():
    shutil.rmtree(OUT)


def make(*words):
    """The output of make, which must succeed."""
    environment = {key: value for key, value in os.environ.items() if key not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL")}
    done = subprocess.run(["make", "-s", *words], cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise AssertionError("make %s: %s" % (" ".join(words), done.stdout))
    return done.stdout


@functools.lru_cache(maxsize=None)
def build(stage):
    make("build", "LAB=%d" % stage, "WERROR=1")
    return "build/lab%d" % stage


def run(*arguments):
    """Exit status and output of trace.py, called from the top of the tree as make does."""
    output = io.StringIO()
    before = os.getcwd()
    os.chdir(ROOT)
    try:
        with mock.patch("sys.argv", ["trace.py", "--out", OUT, "--seed", "1", *arguments]), contextlib.redirect_stdout(output), \
                contextlib.redirect_stderr(output):
            try:
                status = tracing.main()
            except SystemExit as end:
                status = end.code
    finally:
        os.chdir(before)
    return status, output.getvalue()


def load(name):
    """A timeline's events in the order of the file, and the names of its rows."""
    with open(os.path.join(OUT, name + ".json"), encoding="utf-8") as file:
        raw = json.load(file)["traceEvents"]
    events = [Event((event["pid"], event["tid"]), round(event["ts"] * 1000), round((event["ts"] + event.get("dur", 0)) * 1000),
                    event["cat"], event["name"], event["args"]["detail"]) for event in raw if event["ph"] in "Xi"]
    rows = {(event["pid"], event["tid"] if event["name"] == "thread_name" else 0): event["args"]["name"]
            for event in raw if event["ph"] == "M"}
    return events, rows


@functools.lru_cache(maxsize=None)
def traced(lab, name, stage=6):
    """The timeline of a lab's test on a stage's kernel."""
    status, printed = run("--test", name, "%d:%s" % (lab, build(stage)))
    if status:
        raise AssertionError(printed)
    with open(os.path.join(OUT, "lab%d" % lab, name, "transcript.txt"), encoding="utf-8") as file:
        transcript = file.read().replace("\r", "")
    with open(os.path.join(OUT, name + ".html"), encoding="utf-8") as file:
        page = file.read()
    return Traced(*load(name), printed, transcript, page)


def chosen(found, kind, name=".*", row=None):
    return [event for event in found.events if event.kind == kind and re.fullmatch(name, event.name) and row in (None, event.row)]


class WhatTheGuestsKnow(unittest.TestCase):
    def test_a_null_hypercall_takes_what_its_program_measured(self):
        found = traced(3, "cost")
        measured = int(re.search(r"null hypercall: (\d+) instructions", found.transcript)[1])
        lengths = collections.Counter(call.end - call.start for call in chosen(found, "call", "getpid"))
        length, count = lengths.most_common(1)[0]
        self.assertEqual(len(lengths), 1)
        self.assertGreater(count, 10000)
        self.assertIn(measured - (1 + length), (0, 1, 2))       # the HVC is the process's; a loop around it costs one or two more

    def test_switches_are_those_that_the_kernel_counted(self):
        found = traced(4, "pingpong")
        calls = chosen(found, "call", "switch")
        self.assertEqual([int(n) for n in re.findall(r"switches: (\d+)", found.transcript)], [1000, 1000])
        self.assertLessEqual(1000, len(calls))
        self.assertLessEqual(len(calls), 1010)
        self.assertEqual({call.row[0] for call in calls}, {1, 2})
        self.assertEqual({call.detail for call in calls if call.row[0] == 1}, {"pid=2; returned 0"})
        self.assertLessEqual(1000, len(chosen(found, "switch")))

    def test_every_virtual_interrupt_that_arrived_is_there(self):
        found = traced(6, "alarm")
        self.assertRegex(found.transcript, r"\nbeside a spinner: 60 alarms")             # the 20 alone are among them
        taken = [event for event in chosen(found, "virq", r"virtual IRQ 30 \(EL1 timer\)") if event.end > event.start]
        self.assertEqual(collections.Counter(event.row[0] for event in taken), {1: 60})
        self.assertEqual(len(chosen(found, "irq", r"IRQ 30 \(EL1 timer\)")), 60)
        self.assertEqual(len(chosen(found, "inject", r"virtual IRQ 30 \(EL1 timer\)")), 60)

    def test_interrupts_come_in_the_order_that_the_process_was_to_see(self):
        found = traced(5, "order")
        pended = [int(event.detail.split("intid=")[1].split(";")[0]) for event in chosen(found, "call", "raise_irq")]
        taken = [int(event.name.split()[-1]) for event in chosen(found, "virq", r"virtual IRQ \d+") if event.end > event.start]
        self.assertEqual(len(taken), 97)
        self.assertEqual(taken[:16], pended[:16][::-1])         # "the most urgent last"
        self.assertEqual(taken[16:32], pended[16:32])           # "the most urgent first"
        self.assertTrue({int(event.name.split()[-1]) for event in chosen(found, "inject")} <= set(range(16)))

    def test_a_slice_is_as_long_as_the_boot_argument_says(self):
        found = traced(6, "fair")
        ticks = [event.start for event in chosen(found, "irq", r"IRQ 26 \(EL2 timer\)")]
        gaps = [after - before for before, after in zip(ticks, ticks[1:])]
        self.assertGreaterEqual(len(gaps), 70)
        self.assertTrue(all(99000 < gap < 103000 for gap in gaps[5:70]), gaps)          # tick=100, in microseconds
        ran = [event for event in chosen(found, "EL1", ".*", (0, 1)) if event.start > ticks[5] and event.end < ticks[70]]
        self.assertEqual({event.name for event in ran}, {"1 fair", "2 fair"})

    def test_sleep_is_as_long_as_the_program_says(self):
        found = traced(6, "sleep")
        self.assertIn("a long one: 10 s, 1 us late", found.transcript)
        longest = max(chosen(found, "call", "wait", (1, 2)), key=lambda call: call.end - call.start)
        self.assertLess(abs(longest.end - longest.start - 10 * 10 ** 9), 10000)
        dozed = max(chosen(found, "trap", "trapped WFI.*"), key=lambda trap: trap.end - trap.start)
        self.assertLess(abs(dozed.end - dozed.start - 10 ** 9), 10000)
        idle = sum(event.end - event.start for event in chosen(found, "idle"))
        self.assertLess(abs(idle - 11 * 10 ** 9), 10 ** 7)

    def test_faults_are_those_that_the_program_counted(self):
        found = traced(5, "mmio")
        faults = chosen(found, "fault")
        self.assertIn("where a read faults: 14\nwhere a write faults: 14\n", found.transcript)
        kinds = ["write" if "write" in fault.name else "read" for fault in faults]
        self.assertEqual(kinds, ["read", "write"] * 14 + ["read", "write", "read"])
        self.assertEqual([fault.name.split(", ", 2)[2] for fault in faults[-3:]],
                         ["translation fault, level 3", "permission fault, level 3", "translation fault, level 3"])
        self.assertIn("address 0x8000000,", faults[0].detail)

    def test_svcs_from_both_levels_and_what_ran_at_el0(self):
        found = traced(3, "own_vectors")
        first, second = chosen(found, "svc")
        self.assertEqual((first.name, second.name), ("SVC #0x11", "SVC #0x22"))         # as the transcript has them, too
        self.assertRegex(found.transcript, r"at EL1: .*number 0+11\n(.*\n)*svc at EL0: .*number 0+22\n")
        before = [event for event in chosen(found, "EL0", ".*", (1, 1)) if event.end == second.start]
        self.assertEqual(len(before), 1)

    def test_a_fault_that_nobody_handles_and_the_end_of_its_process(self):
        found = traced(3, "fault_wild")
        fault, = chosen(found, "fault")
        death, = chosen(found, "death", "killed: .*")
        self.assertEqual((fault.row[0], death.row[0]), (1, 1))
        self.assertIn(death.name.replace("killed: ", "hv8: process 1 (wild) killed: ") + "\n", found.transcript)
        self.assertIn("address 0xdead0, ESR 0x96000047", fault.detail)
        self.assertIn("process 2 (hello) exited with 7\n", found.transcript)
        self.assertEqual([event.name for event in chosen(found, "death", ".*", (2, 2))], ["exit(7)"])

    def test_names_and_results(self):
        found = traced(4, "family")
        self.assertEqual(found.rows[(1, 0)], "1 family")
        self.assertRegex(found.transcript, r"\nstatus 5 ")
        self.assertEqual([event.name for event in chosen(found, "death", ".*", (2, 2))], ["exit(5)"])
        refused = traced(4, "refused")
        self.assertTrue({"returned -EPERM", "returned -EINVAL", "returned -EBUSY"} <=
                        {event.detail.split("; ")[-1] for event in chosen(refused, "call")})

    def test_the_console_is_the_transcript(self):
        for lab, name in ((3, "fault_wild"), (6, "alarm"), (4, "pingpong")):
            found = traced(lab, name)
            self.assertEqual([line.name for line in chosen(found, "console")],
                             [line for line in found.transcript.split("\n") if line])

    def test_a_gicv2_too(self):
        found = traced(5, "lists_gicv2")
        taken = [event for event in chosen(found, "virq", r"virtual IRQ \d+") if event.end > event.start]
        acknowledged = [event for event in chosen(found, "virq") if event.detail == "acknowledged by the process"]
        self.assertGreater(len(taken), 5)
        self.assertEqual([event.name for event in taken], [event.name for event in acknowledged])
        ended = [event.name for event in chosen(found, "virq", "end of .*")]
        self.assertEqual(sorted("end of " + event.name for event in taken), sorted(ended))
        self.assertTrue(chosen(found, "inject", r"virtual IRQ \d+"))


class Files(unittest.TestCase):
    RUNS = ((6, "alarm"), (6, "sleep"), (3, "own_vectors"), (4, "family"), (5, "order"))

    def test_spans_nest_and_times_never_go_back(self):
        for lab, name in self.RUNS:
            latest, around = collections.defaultdict(int), collections.defaultdict(list)
            for event in traced(lab, name).events:
                self.assertLessEqual(latest[event.row], event.start, (name, event))
                latest[event.row] = event.start
                while around[event.row] and around[event.row][-1] <= event.start:
                    around[event.row].pop()
                if event.end > event.start:
                    self.assertLessEqual(event.end, min(around[event.row], default=event.end), (name, event))
                    around[event.row].append(event.end)

    def test_a_cpu_is_always_somewhere(self):
        for lab, name in self.RUNS:
            levels = [event for event in traced(lab, name).events if event.row == (0, 1) and event.kind in ("EL0", "EL1", "EL2")]
            self.assertEqual(levels[0].start, 0)
            for before, after in zip(levels, levels[1:]):
                self.assertEqual(before.end, after.start)

    def test_a_process_runs_when_its_cpu_does(self):
        for lab, name in self.RUNS:
            found = traced(lab, name)
            on_cpu = [(event.start, event.end) for event in found.events if event.row == (0, 1) and event.kind in ("EL0", "EL1")]
            ran = sorted((event.start, event.end) for event in found.events if event.row[0] and event.row[1] == 1)
            self.assertEqual(on_cpu, ran)

    def test_a_call_ends_where_its_process_goes_on(self):
        for lab, name in self.RUNS:
            found = traced(lab, name)
            interrupted = {event.start for event in chosen(found, "EL2", "IRQ.*")}           # before its first instruction
            for pid in {row[0] for row in found.rows} - {0}:
                goes_on = {event.start for event in found.events if event.row == (pid, 1)}
                ends = [event.end for event in found.events if event.row == (pid, 2) and event.kind in ("call", "trap")]
                self.assertLess(0, len(goes_on.intersection(ends)))
                last = max([event.start for event in found.events if event.row == (pid, 1)])
                self.assertLessEqual({end for end in ends if end <= last}, goes_on | interrupted)

    def test_every_row_has_a_name(self):
        for lab, name in self.RUNS:
            found = traced(lab, name)
            self.assertTrue({event.row for event in found.events} <= set(found.rows))
            self.assertTrue({(event.row[0], 0) for event in found.events} <= set(found.rows))

    def test_the_page_needs_nothing_else(self):
        page = traced(6, "alarm").page
        self.assertNotRegex(page, r"(?i)https?:|//[a-z]+\.|@import|url\(|<link[^>]*href=\"(?!data:,)|\bsrc=")
        self.assertNotIn("{{", page)

    def test_the_page_has_the_same_events(self):
        found = traced(5, "order")
        data = json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', found.page, re.DOTALL)[1])
        shown = [(event[0], event[0] + event[1], data["kinds"][event[3]], data["texts"][event[4]], data["texts"][event[5]])
                 for row in data["rows"] for event in row["spans"] + row["marks"]]
        self.assertEqual(sorted(shown), sorted(event[1:] for event in found.events))


class Running(unittest.TestCase):
    def test_the_guest_cannot_tell(self):
        for lab, name in ((3, "cost"), (6, "sleep")):
            make("grade", "LAB=%d" % lab, "T=" + name, "SEED=1", "OUT=" + os.path.join(OUT, "grade"))
            found = traced(lab, name, lab)
            directory = next(entry for entry in sorted(os.listdir(os.path.join(OUT, "grade", "lab%d" % lab)), key=len)
                             if entry.split(".")[:2] in ([name], [name, "virt"]))
            with open(os.path.join(OUT, "grade", "lab%d" % lab, directory, "transcript.txt"), encoding="utf-8") as file:
                self.assertEqual(file.read().replace("\r", ""), found.transcript)

    def test_before_processes(self):
        found = traced(1, "exception", 2)
        self.assertIn("before lab 3 there are no processes", found.printed)
        fault, = chosen(found, "fault")
        self.assertEqual(fault.row, (0, 1))
        self.assertRegex(found.transcript, r"hv8: panic: ")
        passed = [event.name for event in chosen(found, "boot")]
        self.assertEqual(passed[:4], ["boot", "machine_plain", "relocate", "main"])

    def test_what_make_qemu_boots(self):
        name = os.path.join(ROOT, "build", "trace", "qemu")
        printed = make("trace", "LAB=6", "ARGS=init=hello tick=off", "SMP=2")
        self.assertIn("hello from process 1", printed)
        for ending in (".json", ".html"):
            shutil.copy(name + ending, OUT)
        events, rows = load("qemu")
        self.assertEqual(rows[(1, 0)], "1 hello")
        self.assertEqual((rows[(0, 1)], rows[(0, 2)]), ("CPU 0", "CPU 1"))
        self.assertEqual([event.name for event in events if event.kind == "death"], ["exit(7)"])

    def test_a_long_run_is_cut_off(self):
        with mock.patch.object(tracing, "LINES", 12000):
            status, printed = run("--test", "greedy", "6:" + build(6))
        self.assertEqual(status, 0)
        self.assertIn("cut off after 12,000 events: what follows is not shown", printed)
        self.assertNotIn("fails", printed)
        self.assertGreater(len(load("greedy")[0]), 1000)

    def test_several_runs_of_a_test(self):
        self.assertIn("sleep has 3 runs; this is the first, on virt\n", traced(6, "sleep").printed)

    def test_what_cannot_be_traced(self):
        for test, text in (("nonesuch", "no test is named nonesuch; there are active "), ("s*", "make trace takes one test: s* are "),
                           ("model_sleep", "model_sleep runs on the model machine, which has no timeline")):
            status, printed = run("--test", test, "6:" + build(6))
            self.assertEqual((status, printed.count("\n")), (2, 1), printed)
            self.assertIn(text, printed)
        arguments = ("--test", "fair", "6:" + build(6))
        with mock.patch.object(tracing.plugin, "_compiler", return_value=None):
            self.assertEqual(run(*arguments), (2, "no native C compiler: there can be no trace; install gcc\n"))
        false = shutil.which("false")
        with mock.patch.object(tracing.grade, "qemu_version", return_value=(7, 2)):
            status, printed = run(*arguments, "--qemu", false)
        self.assertEqual((status, printed), (2, "this QEMU takes no plugins (status 1): there can be no trace; "
                                                "install your system's qemu-system-arm\n"))


class TwoCpus(unittest.TestCase):
    """A log as QEMU would write it with two CPUs that run processes."""

    def test_each_has_its_own(self):
        kernel = timeline.Kernel(0x1000, 0x400, {0: ("getpid", [])}, {}, None, {}, 2, 16)

        def hvc(cpu, pid, at):
            return ("Taking exception 11 [Hypervisor Call] on CPU %d\n...from EL1 to EL2\n...with ESR 0x16/0x5a000000\n"
                    "...to EL2 PC 0x400 PSTATE 0x3c9\n PC=%016x X00=%016x X01=%016x\nX29=%016x X30=%016x  SP=%016x\n@%d %d b 400\n"
                    % (cpu, 0x400, 0, 0, 0, 0, 0x1000 + 0x400 * pid, cpu, at)).replace("X29=", "X08=%016x X29=" % 0)

        def eret(cpu, at):
            return "Exception return from AArch64 EL2 to AArch64 EL1 PC 0x8000\n@%d %d b 8000\n" % (cpu, at)

        log = "@0 0 b 0\n" + eret(0, 100) + "@1 110 b 0\n" + eret(1, 150) + hvc(1, 2, 170) + "@0 180 b 8000\n" + hvc(0, 1, 200) + \
            eret(0, 230) + "@1 240 b 404\n" + eret(1, 260)
        found = timeline.Timeline(kernel, ["one", "two"]).read(io.StringIO(log))
        self.assertEqual([(span.start, span.end) for span in found.runs[1].spans if span.end < 230], [(100, 200)])
        self.assertEqual([(span.start, span.end) for span in found.runs[2].spans], [(150, 170)])
        self.assertEqual([(span.start, span.end, span.name) for span in found.calls[2].spans], [(170, 260, "getpid")])
        self.assertEqual([(span.start, span.end, span.name) for span in found.calls[1].spans], [(200, 230, "getpid")])


if __name__ == "__main__":
    unittest.main()
