"""Judges one run: pass, fail, or error when the host and not the guest is to blame; and says why, the likeliest cause first.

Causes in order: a hole was reached, a panic or another forbidden line, outside reads, the first line that differs, the end of
the run (limit, sleep, flood, status).
"""
import collections
import os

import cpus
import expect
import explain
import faults
import milestones

Verdict = collections.namedtuple("Verdict", "status why report holes")      # why: one line; report: a list of lines
MAX_DIFFS = 3


def judge(test, matcher, outcome, code, base, regions, missed, log):
    """The Verdict on a run. The kernel was at `base`; `missed`: what had to run, but did not; `log` is QEMU's own messages."""
    lines, failures = matcher.lines, matcher.failures(test.ends)
    holes = explain.holes(lines, outcome.report, code, base)
    names = [name for name, _ in holes]
    error = None if test.model else _host_error(outcome, log)
    if error:
        return Verdict("error", error, ["  " + error], names)
    causes = []                                             # (one line, lines of detail)
    if holes and not any("hv8: todo: " in lines[n] for n in matcher.consumed):
        causes = [("reached the hole %s, which is yours to write" % explain.name_place(hole), []) for hole in holes]
        failures = [f for f in failures if f.kind == "forbidden" and not explain.is_todo(f, lines)]     # the rest follows from it
    forbidden = [f for f in failures if f.kind == "forbidden"]
    if forbidden or outcome.end != "exit":
        failures = [f for f in failures if f.kind != "ending"]                                          # follows from it too
    unwanted = [f for f in failures if f.kind == "anywhere" and f.expected is None]                     # a `not:` of the test
    for failure in sorted(forbidden[:1] + unwanted[:1], key=lambda failure: failure.at):                # what follows may be due to it
        details = explain.diff(failure, lines, test.name) + ["  " + line for line in faults.printed(lines, code, base, regions)]
        causes.append((explain.first_line(failure, lines), details))
    handout = "; handout " + test.handout if test.handout else ""
    for wrong in outcome.wrong_reads:
        first, *fields = wrong.split("\n")
        causes.append((first + handout, ["  " + field for field in fields]))
    broken = test.model and forbidden                       # the machine stopped there: that more is missing says nothing
    for failure in [f for f in failures if f.kind != "forbidden" and f not in unwanted[:1] and not broken][:MAX_DIFFS]:
        causes.append((explain.first_line(failure, lines), explain.diff(failure, lines, test.name)))
    if test.stop and not outcome.stopped and not holes:
        causes.append(("%s was never reached, so nothing could be read from outside" % test.stop, []))
    if outcome.end != "exit":
        details = ["  " + line for line in faults.registers(outcome.exception, code, base, regions)]
        details += cpus.describe(outcome, code, base) + milestones.report(outcome.reached)
        causes.insert(len(causes) if lines else 0, (explain.hang(outcome, code, base), details))    # first, if it is all there is
    elif outcome.status and not (test.model and forbidden):
        program = "the model" if test.model else "QEMU"
        causes.append(("%s ended with status %d: %s" % (program, outcome.status, _last_line(log)), []))
    silent = causes and not holes and test.ends == "off" and not test.model and expect.POWER_OFF not in lines
    silence = milestones.silence(outcome.reached, lines) if silent else None
    if silence:
        details = milestones.report(outcome.reached) if outcome.end == "exit" else []
        causes.insert(len(causes) - 1 if lines and outcome.end != "exit" else 0, (silence, details))
    if missed and not causes:
        causes.append(("what was expected came, but %s never ran" % " and ".join(missed), []))
    if not causes:
        return Verdict("pass", "", [], names)
    why = causes[0][0]
    if outcome.end != "exit" and lines and len(causes) > 1:
        why += "; " + causes[-1][0]
    return Verdict("fail", why, ["  " + text for cause, details in causes for text in [cause] + details], names)


def _host_error(outcome, log):
    """Why the run says nothing about the guest, or None."""
    if outcome.end == "wall" and outcome.report:
        return ("this host was too slow: %.0f s of wall time for %s instructions; the guest is not judged, try again with fewer "
                "jobs" % (outcome.seconds, "{:,}".format(outcome.report.instructions)))
    if outcome.end == "exit" and outcome.status and not outcome.raw and not (outcome.report and outcome.report.instructions):
        return "QEMU could not run this (status %d): %s" % (outcome.status, _last_line(log))
    return None


def _last_line(log):
    """The last line QEMU wrote to its error output."""
    try:
        with open(log, encoding="utf-8", errors="replace") as file:
            lines = [line.strip() for line in file if line.strip() and ": warning: " not in line]
    except OSError:
        lines = []
    return lines[-1] if lines else "no message; see %s" % os.path.relpath(log)
