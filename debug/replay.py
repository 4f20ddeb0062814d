#!/usr/bin/env python3
"""`make gdb-replay T=test`: records the runs of one test as the grader boots them, and opens the one that failed in gdb.

    replay.py --gdb GDB [options of grading/grade.py] --test NAME LAB:BUILDDIR -- [GDB'S OPTIONS]

A test with several runs is recorded on each of its machines; the first that fails is opened, else the first. Each run gets the
nonce that it had when `make grade` was last run. Nothing is read from outside while QEMU records. What gdb does is rewind.py's.
"""
import argparse
import fcntl
import json
import os
import re
import shlex
import sys
import time

import recording
import grade
import machines
import plugin
import runner

REWIND = os.path.join(recording.FOLDER, "rewind.py")


class Recorded(runner.Setup):
    """A setup whose runs leave a recording."""

    recorded = True

    def watched(self, command, lab, base, directory):
        return recording.record(command, directory)


def choose(options):
    """The one Lab with the one test that is to be recorded."""
    lab, = grade.load_labs(options)
    test = lab.tests[0]
    if len(lab.tests) > 1:
        raise grade.Trouble("T must name one test, not %s" % ", ".join(other.name for other in lab.tests))
    if test.model:
        raise grade.Trouble("%s runs on the model machine, which is a program of this host: there is no QEMU to record" % test.name)
    test.machines = [machine for machine in test.machines if (test.smp or machines.MACHINES[machine].smp) == 1]
    if not test.machines:
        raise grade.Trouble("%s runs on several CPUs, and QEMU records one only" % test.name)
    return lab, test


def record(options, lab):
    """Record all runs of the lab's only test; its Result."""
    started = time.monotonic()
    version = grade.qemu_version(options.qemu)
    limiter, warning = plugin.build(options.out, options.qemu, version)
    if warning:
        raise grade.Trouble("cannot record: %s" % warning)
    setup = Recorded(options.qemu, limiter, options.out, options.seed, time.monotonic() - started, options.jobs,
                     options.patience, earlier=None if options.seed else options.earlier)
    print("  recording %s; a kernel that hangs is ended after %s instructions, which may take minutes" % (
        lab.tests[0].name, "{:,}".format(lab.tests[0].limit * options.patience)), flush=True)
    result, = runner.run_all(setup, [lab], lambda result: None, lambda test, text: None)
    return result


def origin(test, result, transcript):
    """(kind, symbol): where the cause of what happened is to be looked for, for rewind.py."""
    panics = re.findall(r"^hv8: panic: (.*)$", transcript, re.MULTILINE)
    if result.holes:
        return "hole", "todo"
    if panics and " at EL2: " in panics[-1]:
        return "exception", "fatal_entry"
    if panics:
        return "panic", "panic"
    if test.stop and result.status == "pass":                   # what is left to go wrong is what is read there
        return "stop", test.stop
    return "end", None


def describe(lab, test, place, result, directory):
    """What rewind.py needs to know of the recording in `directory`, written there."""
    with open(os.path.join(directory, "command.txt"), encoding="utf-8") as file:
        command = machines.replayed(shlex.split(file.read()))
    with open(os.path.join(directory, "transcript.txt"), encoding="utf-8", errors="replace") as file:
        kind, symbol = origin(test, result, file.read().replace("\r", ""))
    recording.finish(command[0], directory)
    base = machines.MACHINES[place.machine].base
    about = {"command": command, "last": recording.last_instruction(command, directory),
             "elf": os.path.join(lab.build, "kernel.elf"), "base": (test.entry_address or base) if test.raw_entry else base,
             "server": " ".join(map(shlex.quote, (sys.executable, recording.__file__, directory))), "kind": kind, "symbol": symbol,
             "machine": place.machine, "memory": test.mem, "commands": os.path.join(recording.FOLDER, "hv8.py")}
    with open(os.path.join(directory, recording.ABOUT), "w", encoding="utf-8") as file:
        json.dump(about, file, indent=1)


def run(arguments):
    """Record, then become gdb; returns only when there is nothing to debug, by an exception."""
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(description="Record a test's run and open it in gdb.", epilog="and the options of grade.py")
    parser.add_argument("--gdb", required=True)
    parser.add_argument("--earlier", metavar="DIR", required=True, help="where the grading is whose nonces are taken")
    mine, words = parser.parse_known_args(arguments[:cut])
    options = grade.parse_arguments(words)
    options.earlier = mine.earlier
    lab, test = choose(options)
    os.makedirs(options.out, exist_ok=True)
    lock = os.open(os.path.join(options.out, ".lock"), os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise grade.Trouble("another recording is open in %s: leave its gdb first" % options.out) from None
    os.set_inheritable(lock, True)                              # gdb keeps it
    result = record(options, lab)
    if result.status == "error" and not os.path.exists(os.path.join(os.path.dirname(result.log), recording.RECORDING)):
        raise grade.Trouble(result.why)
    runs = {machines.run_name(test.name, place, len(test.places()) == 1): place for place in test.places()}
    name = next(iter(runs)) if result.status == "pass" else os.path.basename(os.path.dirname(result.log))
    directory = os.path.relpath(os.path.join(options.out, "lab%d" % lab.number, name))
    describe(lab, test, runs[name], result, directory)
    print("  %s %s%s" % (result.status.upper(), name, result.why and ": " + result.why))
    print("  what it printed: %s" % os.path.join(directory, "transcript.txt"), flush=True)
    os.environ["HV8_RECORDING"] = directory
    os.execvp(mine.gdb, [mine.gdb, "-nx", "-q", "-x", REWIND] + arguments[cut + 1:])


def main():
    try:
        run(sys.argv[1:])
    except (grade.Trouble, recording.ReplayError) as trouble:
        print(trouble, file=sys.stderr)
    except OSError as error:
        print("cannot start gdb: %s" % error, file=sys.stderr)
    except KeyboardInterrupt:
        print("\ninterrupted", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
