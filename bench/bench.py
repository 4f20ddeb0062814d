#!/usr/bin/env python3
"""Measures what the kernel's operations cost, in guest instructions, and holds them against the bars: `make bench`.

    bench.py [options] BUILDDIR    a kernel and programs built with BENCH=1
Boots QEMU four times: the processes of user/bench.c and user/interrupts.c, and kernel/crossing.c. Guest instructions compare software paths; they
say nothing of caches or TLBs. Everything runs under -icount, so that two runs write the same bytes to OUT/results.json.
Exit status: 0 every bar is met, 1 one is missed, 2 something did not work.
"""
import argparse
import json
import os
import re
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(os.path.dirname(HERE), "grading"))
import machines                                                                 # noqa: E402

CPU = machines.DEFAULT_CPU
SECONDS = 60                        # a boot takes some
REACHES_ITS_LOOP = 0.02             # CPU seconds in which a guest goes on by a million instructions
TAIL = 12                           # lines of a guest that tell why it failed
# Each row with its bar; None: it is there to be compared with the row beside it.
BARS = {"null_hypercall": 60, "fault_to_handler": 20, "fault_round_trip": 100, "protect_page": 200, "demand_zero_page": 700,
        "appel1_per_page": 700, "appel2_per_page": 400, "switch_to_named": None, "ipc_round_trip": 500,
        "virq_self_round_trip": 300, "irq_to_process": None, "tick_stolen": 350, "process_switch_preempted": None,
        "hvc_el1_to_el2": None, "svc_el0_to_el1": None}
# Slices too long to end; short ones, since the counter is slow to read in QEMU; and none.
BOOTS = ("test=bench_processes init=bench,bench tick=1000000", "test=bench_processes init=interrupts,interrupts tick=20",
         "test=bench_processes init=interrupts typed=1", "test=bench_crossing")
ROW = re.compile(r"^bench: (\w+) (\d+) (\d+) (\d+)\r?$", re.MULTILINE)


class Trouble(Exception):
    """Why nothing could be measured."""


def cpu_seconds(pid):
    """What process `pid` has used, or the time of day where the system does not tell."""
    try:
        with open("/proc/%d/stat" % pid, encoding="ascii", errors="replace") as file:
            fields = re.sub(r"^.*\)", "", file.read()).split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return time.monotonic()


def type_a_byte(guest):
    """The guest has just asked for it: let it run until it surely does nothing but wait."""
    started = cpu_seconds(guest.pid)
    while guest.poll() is None and cpu_seconds(guest.pid) < started + REACHES_ITS_LOOP:
        time.sleep(0.001)
    guest.stdin.write(b"x")
    guest.stdin.flush()


def boot(qemu, build, arguments):
    """What the guest prints. It gets a byte for each line "bench: type"."""
    command = machines.command(qemu, machines.Place("virt", CPU, None), None, "1G", os.path.join(build, "kernel.bin"), None,
                               arguments, os.path.join(build, "initrd.cpio"))
    lines, timer = [], None
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as guest:
            timer = threading.Timer(SECONDS, guest.kill)
            timer.start()
            for line in guest.stdout:
                lines.append(line.decode("utf-8", "replace"))
                if lines[-1].strip() == "bench: type":
                    type_a_byte(guest)
    except OSError as error:
        raise Trouble("%s" % error) from None
    finally:
        if timer:
            timer.cancel()
    output = "".join(lines)
    if guest.returncode or "bench: broken" in output:
        raise Trouble("%s: QEMU ended with status %d\n%s" % (arguments, guest.returncode, "".join(lines[-TAIL:])))
    return output


def measure(qemu, build):
    """{row: (median, low, high)} of all rows and the floor."""
    output = "".join(boot(qemu, build, arguments) for arguments in BOOTS)
    found = {name: tuple(map(int, numbers)) for name, *numbers in ROW.findall(output)}
    missing = [name for name in (*BARS, "floor") if name not in found]
    if missing:
        raise Trouble("no number for %s\n%s" % (", ".join(missing), output))
    return found


def samples():
    """How many samples a row is the median of: the guest's constant."""
    with open(os.path.join(HERE, "sample.h"), encoding="utf-8") as file:
        return int(re.search(r"^#define SAMPLES\s+(\d+)", file.read(), re.MULTILINE).group(1))


def table(found):
    yield "guest instructions, %s, median of %d" % (CPU, samples())
    yield "%-24s %6s %6s %6s  %s" % ("row", "hv8", "bar", "floor", "lowest-highest")
    for name, bar in BARS.items():
        median, low, high = found[name]
        yield "%-24s %6d %6s %6d  %d-%d%s" % (name, median, bar or "", found["floor"][0], low, high,
                                            "  MISSED" if bar and median > bar else "")


def main():
    parser = argparse.ArgumentParser(description="Measure what the kernel's operations cost.")
    parser.add_argument("build", metavar="BUILDDIR", help="where kernel.bin and initrd.cpio are")
    parser.add_argument("--out", default="build/bench", help="where results.json goes (build/bench)")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    options = parser.parse_args()
    try:
        found = measure(options.qemu, options.build)
    except Trouble as trouble:
        print("bench: %s" % trouble, file=sys.stderr)
        return 2
    results = {"unit": "guest instructions", "cpu": CPU, "rows": {name: found[name][0] for name in BARS},
               "floor": found["floor"][0]}
    os.makedirs(options.out, exist_ok=True)
    with open(os.path.join(options.out, "results.json"), "w", encoding="utf-8") as file:
        json.dump(results, file, indent=1)
        file.write("\n")
    print("\n".join(table(found)))
    return 1 if any(bar and found[name][0] > bar for name, bar in BARS.items()) else 0


if __name__ == "__main__":
    sys.exit(main())
