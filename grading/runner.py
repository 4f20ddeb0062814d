"""Turns tests into runs, runs them in parallel, and gathers a Result for each test.

Every run has a directory of its own with transcript.txt, qemu.log, command.txt, nonce and, when it failed, report.txt. A run that
the host was too slow for is repeated alone at the end, once.
"""
import collections
import concurrent.futures
import functools
import glob
import os
import re
import shlex
import shutil
import threading

import expect
import guest
import hints
import machines
import milestones
import nonce as nonces
import outside
import regions
import verdict

ORDINARY_START = 0.2                # seconds an ordinary host takes at most to start QEMU for its version

HANDOUTS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "handouts")

Lab = collections.namedtuple("Lab", "number name directory build tests code hints")
Result = collections.namedtuple("Result", "lab test status why report seconds instructions holes log hint", defaults=[None])


class Setup:
    """What all runs of one grading share."""

    recorded = False                # does QEMU record the run? Then nothing is read from outside.

    def __init__(self, qemu, plugin, out, seed, start_seconds, jobs, patience=1, sandbox=None, earlier=None):
        """`sandbox`, if there is one, has run_prefix(build, directory, plugin): what to put before the command of a run; and
        model_refusal: why the model machine is not to be run, or None. `earlier`: where an earlier grading left its nonces."""
        self.qemu, self.plugin, self.out, self.seed, self.jobs, self.patience = qemu, plugin, out, seed, jobs, patience
        self.sandbox, self.earlier = sandbox, earlier
        self._start_seconds = start_seconds             # how long this host takes to start QEMU for its version

    def watched(self, command, lab, base, directory):
        """QEMU's command for who watches a run of the kernel at `base`: the same."""
        return command

    def slowness(self):
        """How much longer things may take here and now than on an idle, ordinary host."""
        load = os.getloadavg()[0] / (os.cpu_count() or 1)
        return max(1.0, load, self._start_seconds / ORDINARY_START) * max(1.0, self.jobs / (os.cpu_count() or 1))

    def cpu_scale(self):
        """How much more CPU time than on an ordinary host a run may take; load hardly changes that."""
        return min(3.0, max(1.0, self._start_seconds / ORDINARY_START))


def run_all(setup, labs, on_result, on_line, on_start=lambda lab, name: None):
    """Run every test of `labs`; call on_result(Result) as each is done. `on_line(test name, text)` sees the guests' output,
    on_start(lab number, test name) each run that begins."""
    results, lock, late = {}, threading.Lock(), []
    runs = [(lab, test, place) for lab in labs for test in lab.tests for place in test.places()]
    waiting = collections.Counter((lab.number, test.name) for lab, test, _ in runs)
    done = collections.defaultdict(list)

    def finish(lab, test, one):
        key = (lab.number, test.name)
        with lock:
            done[key].append(one)
            waiting[key] -= 1
            if waiting[key] == 0:
                results[key] = _combine(lab, test, sorted(done[key], key=lambda run: run.log))
                on_result(results[key])

    def work(run):
        on_start(run[0].number, run[1].name)
        one = _one_run(setup, *run, on_line=on_line)
        if one.status == "error" and setup.jobs > 1:
            with lock:
                late.append(run)
        else:
            finish(run[0], run[1], one)

    pool = concurrent.futures.ThreadPoolExecutor(setup.jobs)
    try:
        for future in [pool.submit(work, run) for run in runs]:
            future.result()
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        guest.end_all()
        raise
    pool.shutdown()
    for run in late:
        finish(run[0], run[1], _one_run(setup, *run, on_line=on_line))
    return [results[lab.number, test.name] for lab in labs for test in lab.tests]


def _one_run(setup, lab, test, place, on_line):
    """Boot one test on one machine and judge it; a Result for this run alone."""
    alone = len(test.places()) == 1
    directory = os.path.join(setup.out, "lab%d" % lab.number, machines.run_name(test.name, place, alone))
    shutil.rmtree(directory, ignore_errors=True)
    os.makedirs(directory)
    nonce = _nonce(setup, directory) or nonces.fresh(setup.seed, "%d %s" % (lab.number, " ".join(map(str, (test.name,) + place))))
    _write(directory, "nonce", nonce)
    if test.model and setup.sandbox and setup.sandbox.model_refusal:
        why = setup.sandbox.model_refusal
        return Result(lab.number, test, "fail", why, ["  " + why], 0.0, None, [], _write(directory, "transcript.txt", ""))
    if test.model:
        world = nonces.fresh(setup.seed, "world of %d %s" % (lab.number, test.name))
        command = [os.path.join(lab.build, "model"), test.model, world]
        return _judge(setup, lab, test, command, directory, nonce, 0, None, on_line, [])
    base = machines.MACHINES[place.machine].base
    entry = (test.entry_address or base) if test.raw_entry else None
    base = entry or base
    command = machines.command(setup.qemu, place, test.smp, test.mem, os.path.join(lab.build, "kernel.bin"), entry,
                               nonces.expand(test.args, nonce), _initrd(test, lab, directory))
    command = setup.watched(command, lab, base, directory)
    words = [place.machine, place.cpu and "with " + place.cpu, place.cntfrq and "at %d Hz" % place.cntfrq]
    where = ["  on " + " ".join(filter(None, words))] if not alone else []
    spaces = regions.Regions(lab.code.kernel, base, place.machine, test.mem)
    return _judge(setup, lab, test, command, directory, nonce, base, spaces, on_line, where)


def _judge(setup, lab, test, command, directory, nonce, base, spaces, on_line, where):
    """Run `command`, QEMU or a program of the model machine, for one test, and judge it.

    `spaces` are its Regions, `where` heads its report."""
    given = nonce + "\n" if test.model else ""              # the model machine reads it when the kernel has run
    _write(directory, "command.txt", ("echo %s | " % nonce if test.model else "") + " ".join(map(shlex.quote, command)) + "\n")
    plugin = None if test.model else setup.plugin
    prefix = setup.sandbox.run_prefix(lab.build, None if test.model else directory, plugin) if setup.sandbox else []

    def run_address(symbol):
        address = lab.code.kernel.address(symbol)
        return None if address is None else base + address

    def addresses(symbols):
        found = {symbol: run_address(symbol) for symbol in symbols}
        return {symbol: address for symbol, address in found.items() if address is not None}

    needed = {} if test.model else _needed(test, lab, run_address)
    matcher = expect.Matcher(test.items(nonce))
    stop, reads = test.stop and run_address(test.stop), [] if setup.recorded else test.reads(nonce)
    try:
        outcome = guest.run(guest.Request(
            command, directory, matcher, test.limit * setup.patience, plugin, run_address("todo"),
            addresses(("todo", "panic")).values(), dict(addresses(milestones.SYMBOLS), **needed), stop,
            lambda gdb: outside.Reader(gdb, run_address), reads if stop is not None else [], setup.slowness(),
            setup.cpu_scale(), lambda text: on_line(test.name, text), prefix, given.encode("ascii"), setup.recorded))
    except OSError as error:
        hint = ": it needs a native C compiler, see `make doctor`" if test.model else ""
        why = "cannot start %s: %s%s" % (command[0], error.strerror, hint)
        return Result(lab.number, test, "error", why, [], 0.0, None, [], directory)
    if reads and stop is None:
        missing = "the kernel has no symbol %s, where registers are read" % test.stop
        outcome = outcome._replace(stopped=True, wrong_reads=[missing])
    outcome = outcome._replace(stopped=outcome.stopped or setup.recorded)
    transcript = os.path.join(directory, "transcript.txt")
    with open(transcript, "wb") as file:
        file.write(outcome.raw)
    missed = [name for name in needed if name not in outcome.reached] if outcome.report else []
    outcome = outcome._replace(reached=[symbol for symbol in outcome.reached if symbol not in needed])
    judged = verdict.judge(test, matcher, outcome, lab.code, base, spaces, missed, os.path.join(directory, "qemu.log"))
    report, hint = judged.report, None
    if report:
        if judged.status == "fail" and not judged.holes:        # a hole says itself what is to be done
            hint = hints.find(lab.hints, test.name, where + report)
        report = where + report + (hints.shown(hint) if hint else []) + ["  transcript  %s" % os.path.relpath(transcript)]
        whole = headline(test, judged.status) + report + footer(lab.number, test, hint, judged.holes)
        _write(directory, "report.txt", "\n".join(whole) + "\n")
    instructions = outcome.report.instructions if outcome.report else None
    return Result(lab.number, test, judged.status, judged.why, report, outcome.seconds, instructions, judged.holes, transcript,
                  hint)


def _needed(test, lab, run_address):
    """{what: address} of the code that the boot arguments ask for: nobody passes who never ran it, whatever was printed."""
    found = {}
    for name in re.findall(r"(?:^| )test=(\w+)", test.args):
        found["the kernel's test " + name] = run_address("ktest_" + name)
    for name in re.findall(r"\w+", " ".join(re.findall(r"(?:^| )init=(\S+)", test.args))):
        found["the program " + name] = lab.code.program(name).address("main")
    return {what: address for what, address in found.items() if address is not None}


def _nonce(setup, directory):
    """The nonce that this run had in the earlier grading, or None."""
    path = os.path.join(setup.earlier or "", os.path.relpath(directory, setup.out), "nonce")
    if not setup.earlier or not os.path.exists(path):
        return None
    with open(path, encoding="ascii") as file:
        return file.read()


def _initrd(test, lab, directory):
    """Path of the initrd a test boots with, or None."""
    programs = os.path.join(lab.build, "initrd.cpio")
    if test.raw_entry or test.initrd == "none" or test.initrd is None and not os.path.exists(programs):
        return None
    if test.initrd == "nonce":
        return os.path.join(directory, "nonce")
    if test.initrd in (None, "programs"):
        return programs
    return os.path.join(lab.build, test.initrd.split(None, 1)[1])


def _write(directory, name, text):
    path = os.path.join(directory, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def headline(test, status):
    """The first lines of a report."""
    return ["%s %s (%d points): %s" % (status.upper(), test.name, test.points, test.title)]


def handout(test, hint, holes):
    """The place in a handout that a failed test is sent to: the step of the first hole that it reached, else the hint's, if it
    names one, else its own."""
    steps = [step for step in map(_step, holes) if step]
    return steps[0] if steps else hint.handout[0] if hint and hint.handout else test.handout


@functools.lru_cache(maxsize=None)
def _step(hole):
    """The step in which a handout has a hole written: "lab3-process.md, step 4"; None if none says *`hole` in `file`.*"""
    for path in sorted(glob.glob(os.path.join(HANDOUTS, "lab*.md"))):
        step = None
        with open(path, encoding="utf-8") as file:
            for line in file:
                title = re.match(r"#+ Step (\d+)\b", line)
                step = title.group(1) if title else step
                if step and line.startswith("*`") and "`%s`" % hole in line.split("` in `")[0] + "`":
                    return "%s, step %s" % (os.path.basename(path), step)
    return None


def footer(number, test, hint, holes):
    """The last lines of a report."""
    place = handout(test, hint, holes)
    return (["  handout     %s" % place] if place else []) + ["  again       make grade LAB=%d T=%s V=1" % (number, test.name)]


def _combine(lab, test, runs):
    """The Result of a test from those of its runs: it passes only if each does."""
    bad = [run for run in runs if run.status == "fail"] or [run for run in runs if run.status == "error"]
    first = (bad or runs)[0]
    report = headline(test, first.status) + [line for run in bad[:1] for line in run.report] if bad else []
    if len(bad) > 1:
        report.append("  also on     %s" % ", ".join(os.path.basename(os.path.dirname(run.log)) for run in bad[1:]))
    counts = [run.instructions for run in runs]
    return Result(lab.number, test, first.status, first.why, report + (footer(lab.number, test, first.hint, first.holes) if bad else []),
                  sum(run.seconds for run in runs), None if None in counts else sum(counts),
                  list(dict.fromkeys(hole for run in runs for hole in run.holes)), first.log, first.hint)
