#!/usr/bin/env python3
"""Writes a timeline of a run, `make trace`: as OUT/NAME.json for Perfetto and Chrome's trace viewer, as OUT/NAME.html to look at.

    trace.py [options] --test NAME LAB:BUILDDIR...      the test, booted as the grader boots it; the newest lab's of this name
    trace.py [options] LAB:BUILDDIR -- QEMU...          this QEMU command, with the console on the terminal
The guest is not changed and cannot tell. Exit status: 0 when both files are written, whatever the guest did, 2 otherwise.
"""
import argparse
import collections
import os
import re
import shlex
import subprocess
import sys
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path += [os.path.join(TOP, "grading"), os.path.join(TOP, "user")]

import explain
import grade
import machines
import plugin
import runner
import timeline
import traceview

try:
    import reference
except ImportError:
    reference = None                # before lab 3 there are no hypercalls

SOURCE = os.path.join(TOP, "debug", "trace.c")
LINES = 150000                      # that the plugin tells, at most; QEMU logs up to 20 of its own beside each
INSTRUCTIONS = 1000 ** 3            # of a run that no test bounds
BLR, BLR_MASK = 0xd63f0000, 0xfffffc1f
CNTFRQ = 62500000                   # QEMU's, where a test does not choose one
NO_MILESTONES = ("pl011_putc", "hypercall_entry", "trap_el1", "el1_return")       # entered often, or shown as what they do

Run = collections.namedtuple("Run", "directory kernel command name title verdict")


class Traced(runner.Setup):
    """A setup whose runs leave a log for timeline.py."""

    def __init__(self, tracer, *arguments):
        super().__init__(*arguments)
        self._tracer = tracer

    def watched(self, command, lab, base, directory):
        return command + options(self._tracer, lab.code.kernel, base, directory)

    def cpu_scale(self):
        return 10 * super().cpu_scale()                 # the log costs more than the guest

    def slowness(self):
        return 10 * super().slowness()


def log_path(directory):
    return os.path.join(directory, "trace.log")


def milestones_of(symbols, base):
    """{run address: name} of the functions whose first entry is marked."""
    names = [name for name in runner.milestones.SYMBOLS if name not in NO_MILESTONES]
    return {base + symbols.address(name): name for name in names if symbols.address(name) is not None}


def result_address(symbols, base):
    """Run address behind the call of a hypercall's handler, where x0 is its result; None where there is none."""
    start, size = symbols.address("hypercall_entry"), symbols.size("hypercall_entry")
    for address in range(start, start + size, 4) if start is not None else ():
        if (symbols.word(address) or 0) & BLR_MASK == BLR:
            return base + address + 4
    return None


def options(tracer, symbols, base, directory, limit=0):
    """The options that make QEMU write the log. Registers come with the blocks of the vectors for a lower level and
    with that behind a hypercall's handler."""
    marks = list(milestones_of(symbols, base))
    marks += [base + symbols.address(name) for name in ("pl011_putc", "printk") if symbols.address(name) is not None]
    arguments = [("mark", "0x%x" % mark) for mark in marks] + [("lines", LINES), ("limit", limit)]
    vectors, result = symbols.address("vectors"), result_address(symbols, base)
    if vectors is not None:
        arguments += [("kernel", "0x%x" % base), ("kernel_end", "0x%x" % (base + symbols.address("_end"))),
                      ("vectors", "0x%x" % (base + vectors))]
    ranges = ["0x%x+0x3ff" % (base + vectors + 0x400)] if vectors is not None else ["0+0"]
    ranges += ["0x%x+3" % result] if result is not None else []
    return (machines.plugin_option(tracer, arguments) +
            ["-D", log_path(directory), "-d", timeline.OPTIONS, "-dfilter", ",".join(ranges)])


def kernel_of(symbols, base, stage, level, tick):
    """What timeline.py must know of the kernel."""
    contexts, size = symbols.address("contexts"), symbols.size("contexts")
    includes = os.path.join(TOP, "kernel", "include", "uapi")
    calls, errors, processes = {}, {}, None
    if contexts is not None:
        calls = {number: (name, [argument for _, argument in arguments]) for _, number, name, arguments, _
                 in reference.calls(os.path.join(includes, "hypercall.def"), stage)}
        errors = {int(value): "-" + name for name, value in _defines(os.path.join(includes, "errno.h"))}
        processes = int(dict(_defines(os.path.join(includes, "limits.h")))["NPROC"])
    return timeline.Kernel(None if contexts is None else base + contexts, processes and size // processes, calls, errors,
                           result_address(symbols, base), milestones_of(symbols, base), level, tick)


def _defines(path):
    with open(path, encoding="utf-8") as file:
        return re.findall(r"#define (\w+)\s+\\?\s*(\d+)", file.read())


def programs_of(command):
    """The names of init= in a QEMU command's boot arguments."""
    arguments = command[command.index("-append") + 1] if "-append" in command else ""
    found = re.search(r"(?:^| )init=(\S+)", arguments)
    return found[1].split(",") if found else ["init"]


def run_test(tools, labs, wanted, seed):
    """Boot the test's first run; the timeline's inputs and what to say of it."""
    lab = next(lab for lab in reversed(labs) if lab.tests)
    test = lab.tests[0]
    if len(lab.tests) > 1:
        raise grade.Trouble("make trace takes one test: %s are %d" % (wanted, len(lab.tests)))
    if test.model:
        raise grade.Trouble("%s runs on the model machine, which has no timeline: its report says what happened" % test.name)
    if len(test.places()) > 1:
        place = test.places()[0]
        print("%s has %d runs; this is the first, on %s" % (test.name, len(test.places()), place.machine))
        test.machines, test.cpus, test.cntfrqs = test.machines[:1], test.cpus[:1], test.cntfrqs[:1]
    place = test.places()[0]
    setup = Traced(tools.tracer, tools.qemu, tools.limiter, tools.out, seed, tools.start_seconds, 1)
    result, = runner.run_all(setup, [lab._replace(tests=[test])], lambda result: None, lambda name, text: None)
    directory = os.path.dirname(result.log)
    if result.status == "error":
        raise grade.Trouble(result.why)
    base = test.entry_address or machines.MACHINES[place.machine].base
    with open(os.path.join(directory, "command.txt"), encoding="utf-8") as file:
        command = shlex.split(file.read())
    level = 1 if place.machine == "virt-el1" else 2
    kernel = kernel_of(lab.code.kernel, base, lab_stage(lab.build), level, 1e9 / (place.cntfrq or CNTFRQ))
    verdict = "passes" if result.status == "pass" else "fails: " + result.why
    return Run(directory, kernel, command, test.name, "lab %d: %s" % (lab.number, test.title), verdict)


def run_command(tools, lab, command, base):
    """Boot what `make qemu` boots, with the terminal as its console."""
    directory = os.path.join(tools.out, "qemu")
    os.makedirs(directory, exist_ok=True)
    symbols = lab.code.kernel
    whole = command + ["-icount", "shift=0,sleep=off"] + options(tools.tracer, symbols, base, directory, INSTRUCTIONS)
    try:
        status = subprocess.call(whole)
    except KeyboardInterrupt:
        status = 0
    if status not in (0, plugin.LIMIT_STATUS):
        raise grade.Trouble("QEMU ended with status %d" % status)
    kernel = kernel_of(symbols, base, lab_stage(lab.build), 2, 1e9 / CNTFRQ)
    return Run(directory, kernel, command, "qemu", "what make qemu boots", "")


def lab_stage(build):
    """The stage that a build directory was built as, from its flags."""
    with open(os.path.join(build, "flags"), encoding="utf-8") as file:
        return int(re.search(r"-DLAB=(\d+)", file.read())[1])


class Tools:
    """What is built and checked before a run."""

    def __init__(self, options):
        started = time.monotonic()
        self.qemu, self.out = options.qemu, options.out
        version = grade.qemu_version(options.qemu)
        self.start_seconds = time.monotonic() - started
        os.makedirs(options.out, exist_ok=True)
        self.tracer, warning = plugin.build(options.out, options.qemu, version, SOURCE, "there can be no trace")
        if warning is None:
            self.limiter, warning = plugin.build(options.out, options.qemu, version)
        if warning:
            raise grade.Trouble(warning)


def parse_arguments(arguments):
    parser = argparse.ArgumentParser(description="Write a timeline of a run.")
    parser.add_argument("builds", nargs="+", metavar="LAB:BUILDDIR")
    parser.add_argument("--test", metavar="NAME", help="a test; without it the command behind --")
    parser.add_argument("--out", default="build/trace")
    parser.add_argument("--cross", default="aarch64-linux-gnu-")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    parser.add_argument("--load", type=lambda word: int(word, 0), help="where the command's machine puts the image")
    parser.add_argument("--seed", help="the same nonce each time")
    arguments, _, command = _split(arguments)
    options = parser.parse_args(arguments)
    options.command = command
    if bool(options.test) == bool(command) or command and options.load is None:
        parser.error("either --test NAME, or --load ADDRESS and -- QEMU...")
    return options


def _split(arguments):
    at = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:at], arguments[at:at + 1], arguments[at + 1:]


def trace(options):
    if options.test:
        labs = grade.load_labs(grade.parse_arguments(options.builds + ["--cross", options.cross, "--test", options.test]))
        run = run_test(Tools(options), labs, options.test, options.seed)
    else:
        number, _, build = options.builds[-1].partition(":")
        lab = runner.Lab(int(number), "", "", build, [], explain.Code(build, [options.cross + "addr2line"]), [])
        run = run_command(Tools(options), lab, options.command, options.load)
    found = timeline.Timeline(run.kernel, programs_of(run.command) if run.kernel.contexts is not None else [])
    with open(log_path(run.directory), encoding="ascii", errors="replace") as file:
        found.read(file)
    for number in range(int(run.command[run.command.index("-smp") + 1])):
        found.cpus[number]                      # a row also for one that never ran
    os.unlink(log_path(run.directory))          # large, and the two files say the same
    cut = "cut off after %s events: what follows is not shown" % format(LINES, ",") if found.told >= LINES else ""
    about = "; ".join(filter(None, [run.title, cut or run.verdict]))
    path = os.path.join(options.out, run.name)
    traceview.write_json(path + ".json", found, run.name)
    traceview.write_html(path + ".html", found, run.name, about)
    print("%s, %s\n%s instructions, %s" % (run.name, about, format(found.instructions, ","), found.summary()))
    if run.kernel.contexts is None:
        print("before lab 3 there are no processes: only EL2 and its exceptions are shown")
    for suffix in (".html", ".json"):
        print("%9s KB  %s" % (format(os.path.getsize(path + suffix) // 1000, ","), os.path.relpath(path + suffix)))
    return 0


def main():
    try:
        return trace(parse_arguments(sys.argv[1:]))
    except grade.Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
