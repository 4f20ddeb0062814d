"""`hv8 timers`: the EL2 and the EL1 timer now, what is due when, the deadline of each process."""
import gdb

import inside
import interrupts
import registers
import tables
import target

LIST = "%3s  %-11s %-8s  %s"
USES_TIMER = 2                                          # hv8/irq.h
NEVER = (1 << 64) - 1
SLICES = {"SLICE_NEVER": "there is no preemption", "SLICE_NONE": "none runs, for nobody else is ready", "SLICE_RUNS": "over"}


def lazy(name):
    return tables.lazy(name, 6, "timers")


class Clock:
    """The counter, read now, and its frequency; `now` is None where the CPU cannot read it, and `unread` says why."""

    def __init__(self):
        self.now, self.unread = None, ""
        try:
            with inside.el2() as cpu:
                self.now = cpu.counter()
        except gdb.GdbError as error:
            self.unread = str(error)
        self.hz = int(tables.fetch(lazy("board")["timer_clock"])) or target.register("CNTFRQ_EL0")

    def relative(self, value):
        """A value of the counter in words: "in 12.5 us", "3.0 us ago"; "0x1234" where it is not known what it is now."""
        if value == NEVER:
            return "never"
        if self.now is None:
            return "0x%x" % value
        us = (value - self.now) * 1000000 / self.hz if self.hz else 0
        shown = "%.1f us" % abs(us) if abs(us) < 1e7 else "%.0f s" % (abs(us) / 1e6)
        return "in " + shown if us >= 0 else shown + " ago"


def control(value):
    """The words for CNTHP_CTL_EL2 or CNTP_CTL_EL0; ISTATUS means nothing while ENABLE is 0."""
    enable, imask, istatus = (registers.field("CNTP_CTL_EL0", name, value) for name in ("ENABLE", "IMASK", "ISTATUS"))
    if not enable:
        return "off"
    return "on" + (", masked" if imask else "") + (", due: interrupts" if istatus and not imask else ", due" if istatus else "")


def of_process(one, clock):
    """The words for a process's EL1 timer; "" if it has never used it."""
    if not int(one.context["uses"]) & USES_TIMER:
        return ""
    if one.pid == int(tables.fetch(lazy("timer_owner"))):
        value, when = target.register("CNTP_CTL_EL0"), target.register("CNTP_CVAL_EL0")
        return "in the CPU: %s, CVAL %s" % (control(value), clock.relative(when))
    value, when = int(one.context["timer_ctl"]), int(one.context["timer_cval"])
    return "%s, CVAL %s" % (control(value & 3), clock.relative(when))


class Timers(target.Command):
    """Show the timers as they are now: hv8 timers

    The EL2 timer is the kernel's: slices and sleepers' deadlines. The EL1 timer is that of the process that runs;
    the others' values are kept by the kernel. Times are relative to the counter as it is now.
    """
    name = "timers"

    def run(self, arguments):
        lazy("timer_owner")
        interrupts.is_on()
        clock = Clock()
        if clock.now is None:
            print("counter: %s; %d Hz" % (clock.unread, clock.hz))
        else:
            print("counter 0x%x, %d Hz: %.6f s since it started" % (clock.now, clock.hz, clock.now / clock.hz))
        for level, name, suffix in (("EL2", "CNTHP", "EL2"), ("EL1", "CNTP", "EL0")):
            value, when = (target.register("%s_%s_%s" % (name, part, suffix)) for part in ("CTL", "CVAL"))
            owner = int(tables.fetch(lazy("timer_owner")))
            whose = "kernel" if level == "EL2" else tables.Process(owner).title if owner else "nobody"
            print("%s timer: %s_CTL_%s 0x%x: %s%s (%s)" % (level, name, suffix, value, control(value),
                                                          ", CVAL " + clock.relative(when) if value & 1 else "", whose))
        self._due(clock)
        self._processes(clock)

    def _due(self, clock):
        kind = str(tables.fetch(lazy("slice")))
        ends = " " + clock.relative(int(tables.fetch(lazy("slice_end")))) if kind == "SLICE_RUNS" else ""
        print("slice: %s%s; sleepers' first deadline: %s" % (SLICES[kind], ends,
                                                             clock.relative(int(tables.fetch(lazy("first_deadline"))))))

    def _processes(self, clock):
        rows = [(one.pid, one.name, one.state, of_process(one, clock)) for one in tables.processes() if one.state != "zombie"]
        print((LIST % ("PID", "NAME", "STATE", "EL1 TIMER")).rstrip())
        for row in rows:
            print(LIST % (row[:3] + (row[3] or "never used",)))
