"""Makes a timeline of a run from QEMU's log: who ran at which exception level when, what called, trapped and interrupted.

The log is that of `-d int,plugin,cpu` with the plugin trace.c, which tells the time, and with QEMU's trace events of
interrupt controller, timers and UART (OPTIONS). Times are nanoseconds of the virtual machine: an instruction takes one, and
where every CPU sleeps the time goes on to that of the timer that wakes one. A process is known by SP_EL2 at an exception from
it, which is its struct context.
"""
import collections
import re

import esr

EVENTS = ("gicv3_icc_iar1_read", "gicv3_icv_iar_read", "gicv3_icv_eoir_write", "gicv3_ich_lr_write", "gic_acknowledge_irq",
          "gic_hyp_write", "gic_cpu_write", "arm_gt_recalc", "arm_gt_recalc_disabled", "pl011_write")
OPTIONS = ",".join(["int", "plugin", "cpu"] + ["trace:" + event for event in EVENTS])
INTERRUPTS = {25: "maintenance", 26: "EL2 timer", 27: "EL1 virtual timer", 30: "EL1 timer"}    # PPIs, as BSA has them
WAITING = ("recv", "call", "reply_wait")                # what they return is stored by another process

Kernel = collections.namedtuple("Kernel", "contexts stride hypercalls errors result marks level tick")
# contexts, stride: of struct context, or None; hypercalls: {number: (name, [argument])}; errors: {value: name}; result: run
# address behind the handler's call; marks: {run address: milestone}; level: of the CPUs at first; tick: of the counter, in ns.
Span = collections.namedtuple("Span", "start end kind name detail")
Mark = collections.namedtuple("Mark", "at kind name detail")


class Row:
    """One line of the picture: spans that nest, in the order of their ends, and marks."""

    def __init__(self):
        self.spans, self.marks = [], []


class _Cpu:
    def __init__(self, level):
        self.level, self.since = level, 0
        self.pending = []                   # transitions that the next `b` line gives a time
        self.cause, self.detail, self.call = "boot", "", None       # of the stretch at EL2
        self.entered, self.lower = 0, []    # when it went to the process, and what happened there so far
        self.pid = None                     # the latest known


class _Call:
    def __init__(self, start, kind, name, detail, number=None):
        self.start, self.kind, self.name, self.detail, self.number = start, kind, name, detail, number
        self.result, self.left = None, None


class Timeline:
    """What `read` finds: cpus, runs and calls are {number: Row}, console is a Row, names is {pid: [name]}, end the last time."""

    def __init__(self, kernel, programs):
        self._kernel, self._programs = kernel, list(programs)
        self.cpus, self.runs, self.calls = (collections.defaultdict(Row) for _ in range(3))
        self.console, self.names = Row(), {}
        self._state = collections.defaultdict(lambda: _Cpu(kernel.level))
        self._open = collections.defaultdict(list)      # {pid: [_Call]}: what it is in, the innermost last
        self.now = self._skipped = self._due = 0
        self.instructions = self.idle = self.told = 0   # told: lines of the plugin
        self._timers, self._running, self._exception, self._registers = {}, 0, None, None
        self._line, self._line_start, self._passed = "", 0, set()

    # Lines of the log

    def read(self, lines):
        """Take the whole log; returns self."""
        take = {"@": self._time, " ": self._dump, "X": self._dump, "T": self._taking, ".": self._about, "E": self._eret,
                "p": self._uart, "a": self._timer, "g": self._gic}
        for line in lines:
            if line[0] in take:
                take[line[0]](line)
        return self._finish()

    def _time(self, line):
        words = line.split()
        if len(words) != 4:
            return                          # cut off where QEMU ended
        self.told += 1
        number, self.instructions = int(words[0][1:]), int(words[1])
        before = self.instructions + self._skipped
        if before < self._due:
            self._skipped += self._due - before
            self.idle += self._due - before
            self.cpus[self._running].spans.append(Span(before, self._due, "idle", "idle", "every CPU waits in WFI"))
        self.now, self._due, self._running = self.instructions + self._skipped, 0, number
        cpu, address = self._state[number], int(words[3], 16)
        if words[2] == "b":
            for change, values in cpu.pending:
                change(number, cpu, *values)
            cpu.pending = []
        elif words[2] == "m" and address in self._kernel.marks and address not in self._passed and cpu.level == 2:
            self._passed.add(address)
            self.cpus[number].marks.append(Mark(self.now, "boot", self._kernel.marks[address], "entered for the first time"))

    def _dump(self, line):
        """A line of the registers with which a block begins: PC is in the first, SP in the last."""
        if line.startswith(" PC="):
            self._registers = [line] if int(line[4:20], 16) in (self._kernel.result, (self._exception or {}).get("pc")) else None
        elif self._registers is not None:
            self._registers.append(line)
            if " SP=" in line:
                self._registered({name: int(value, 16) for name, value in
                                  re.findall(r"\b(PC|X\d\d|SP)=([0-9a-f]{16})", "".join(self._registers))})

    def _registered(self, registers):
        cpu, self._registers = self._state[self._running], None
        if registers["PC"] != self._kernel.result:
            self._exception.setdefault("registers", registers)
        elif cpu.call:
            cpu.call.result = _signed(registers["X00"])

    def _taking(self, line):
        found = re.match(r"Taking exception (\d+) \[(.*)\] on CPU (\d+)", line)
        if found:
            self._exception = {"number": int(found[1]), "name": found[2]}
            self._state[int(found[3])].pending.append((self._take, (self._exception,)))

    def _about(self, line):
        exception = self._exception or {}
        found = re.match(r"\.\.\.(?:from EL(\d) to EL(\d)|with ESR 0x[0-9a-f]+/0x([0-9a-f]+)|with (ELR|FAR) 0x([0-9a-f]+)|"
                         r"to EL\d PC 0x([0-9a-f]+)|(handled as PSCI))", line)
        if not found:
            return
        if found[1]:
            exception["from"], exception["to"] = int(found[1]), int(found[2])
        elif found[7]:
            exception["psci"] = True
        else:
            name, value = next((name, found[n]) for name, n in (("esr", 3), (found[4], 5), ("pc", 6)) if found[n])
            exception[name] = int(value, 16)

    def _eret(self, line):
        found = re.match(r"Exception return from AArch\d\d EL(\d) to AArch\d\d EL(\d)", line)
        if found:
            self._state[self._running].pending.append((self._return, (int(found[1]), int(found[2]))))

    def _uart(self, line):
        found = re.search(r"addr 0x0+ value 0x([0-9a-f]+)", line)
        if not found:
            return
        byte = int(found[1], 16) & 0xff
        if not self._line:
            self._line_start = self.now
        if byte != 10:
            self._line += chr(byte) if 32 <= byte < 127 else "" if byte == 13 else "\\x%02x" % byte
            return
        self._end_line()

    def _end_line(self):
        if self._line:
            self.console.spans.append(Span(self._line_start, self.now, "console", self._line, ""))
        died = re.match(r"hv8: process (\d+) \((.*)\) (killed: .*)", self._line)
        if died:
            self._dies(int(died[1]), died[3])
        refused = re.match(r"hv8: (\S+) refused: ", self._line)
        if refused and refused[1] in self._programs:
            self._programs.remove(refused[1])
        self._line = ""

    def _timer(self, line):
        """A timer that is raised was due at the time that it was last set to: so late is it now, at least."""
        found = re.search(r"timer (\d+)(?: irqstate (\d) next tick 0x([0-9a-f]+))?", line)
        if not found:
            return
        if found[2] == "1" and found[1] in self._timers:
            self._due = max(self._due, self._timers.pop(found[1]) * self._kernel.tick)
        elif found[2] == "0" and int(found[3], 16) < 1 << 62:
            self._timers[found[1]] = int(found[3], 16)
        else:
            self._timers.pop(found[1], None)

    def _gic(self, line):
        cpu, row, words = self._state[self._running], self.cpus[self._running], line.split()
        values = [int(word, 16) for word in re.findall(r"0x([0-9a-f]+)", line)]
        if words[0] == "gicv3_icc_iar1_read":
            self._acknowledged(cpu, row, values[-1])
        elif words[0] == "gicv3_icv_iar_read":
            cpu.lower.append(("ack", self.now, values[-1]))
        elif words[0] == "gicv3_icv_eoir_write":
            cpu.lower.append(("end", self.now, values[-1]))
        elif words[0] == "gicv3_ich_lr_write":
            index = re.search(r"LR(\d+)", line)
            self._listed(row, index[1] if index else "", values[-1] >> 62 & 3, values[-1] & 0xffffffff)
        elif words[0] == "gic_acknowledge_irq" and words[1] == "cpu":
            self._acknowledged(cpu, row, int(words[-1]))
        elif words[0] == "gic_acknowledge_irq":
            cpu.lower.append(("ack", self.now, int(words[-1])))
        elif words[0] == "gic_cpu_write" and words[1] == "vcpu" and values[0] == 0x10:         # GICV_EOIR
            cpu.lower.append(("end", self.now, values[1] & 0x3ff))
        elif words[0] == "gic_hyp_write" and 0x100 <= values[0] < 0x200:                        # GICH_LR<n>
            self._listed(row, str((values[0] - 0x100) // 4), values[1] >> 28 & 3, values[1] & 0x3ff)

    # What happens

    def _acknowledged(self, cpu, row, intid):
        if intid >= 1020:
            row.marks.append(Mark(self.now, "irq", "no interrupt is pending", "INTID %d" % intid))
            return
        name = _interrupt("IRQ", intid)
        row.marks.append(Mark(self.now, "irq", name, "acknowledged by the kernel"))
        if cpu.cause == "IRQ":
            cpu.cause = name

    def _listed(self, row, index, state, intid):
        if state:
            row.marks.append(Mark(self.now, "inject", _interrupt("virtual IRQ", intid),
                                  "list register %s: %s" % (index, ("", "pending", "active", "pending and active")[state])))

    def _take(self, number, cpu, exception):
        if exception.get("psci"):
            self.cpus[number].marks.append(Mark(self.now, "boot", "PSCI call", "to the firmware"))
        elif "to" in exception:
            self._close_stretch(number, cpu)
            (self._to_el2 if exception["to"] == 2 else self._to_el1)(number, cpu, exception)
            cpu.level, cpu.since = exception["to"], self.now

    def _close_stretch(self, number, cpu):
        if self.now == cpu.since:
            return
        if cpu.level == 2:
            self.cpus[number].spans.append(Span(cpu.since, self.now, "EL2", cpu.cause, cpu.detail))
        else:
            cpu.lower.append(("ran", cpu.since, self.now, "EL%d" % cpu.level))

    def _to_el1(self, number, cpu, exception):
        kind, name, detail = _described(exception)
        cpu.lower.append(("handler", self.now, kind, "virtual IRQ" if kind == "virq" else name, detail))

    def _to_el2(self, number, cpu, exception):
        registers, kernel = exception.get("registers", {}), self._kernel
        kind, cpu.cause, cpu.detail = _described(exception)
        cpu.call = None
        if exception.get("from", 2) == 2:
            self.cpus[number].marks.append(Mark(self.now, "fault", cpu.cause, "in the kernel; " + cpu.detail))
            return
        self._attribute(number, cpu, registers.get("SP"))
        if kernel.contexts is not None and kind == "fault" and exception.get("esr") == 0x5a000000:         # HVC #0
            code = registers.get("X08", -1)
            name, arguments = kernel.hypercalls.get(code, ("hypercall %d" % code, []))
            values = [registers.get("X%02d" % n, 0) for n in range(len(arguments))]
            cpu.detail = ", ".join("%s=%s" % (argument, _value(value)) for argument, value in zip(arguments, values))
            cpu.cause, cpu.call = name, _Call(self.now, "call", name, cpu.detail, code)
            cpu.call.values = values
        elif kind == "virq" or exception["number"] == 5:
            cpu.cause, cpu.detail = "IRQ", ""
        else:
            cpu.call = _Call(self.now, "trap", cpu.cause, cpu.detail)
        if cpu.call and cpu.pid is not None:
            self._open[cpu.pid].append(cpu.call)

    def _return(self, number, cpu, level_from, level_to):
        self._close_stretch(number, cpu)
        if level_from == 2:
            self._leave_kernel(cpu)
            cpu.entered, cpu.lower = self.now, []
        else:
            cpu.lower.append(("return", self.now))
        cpu.level, cpu.since = level_to, self.now

    def _leave_kernel(self, cpu):
        call, cpu.call = cpu.call, None
        if not call:
            return
        call.left = self.now
        if call.name == "exit" and cpu.pid is not None:
            self._dies(cpu.pid, "exit(%d)" % _signed(call.values[0]))
        elif call.kind == "call" and call.result == 0:
            if call.name == "kill":
                self._dies(call.values[0], "killed by process %s" % cpu.pid)
            elif call.name == "set_name":
                raw = b"".join(value.to_bytes(8, "little") for value in call.values[1:3])
                self._name(call.values[0], raw.split(b"\0")[0].decode("ascii", errors="replace"))

    def _name(self, pid, name):
        names = self.names.setdefault(pid, [])
        if name and name not in names:
            names.append(name)

    def _attribute(self, number, cpu, sp):
        """What happened below EL2 since the last return was in the process whose context `sp` is."""
        kernel, pid = self._kernel, None
        if kernel.contexts is not None and sp is not None:
            pid, rest = divmod(sp - kernel.contexts, kernel.stride)
            pid = pid if rest == 0 and 0 <= pid < 1 << 16 else None
        if pid is not None:
            for first, name in enumerate(self._programs, 1):
                self._name(first, name)
            self._programs = []
            if pid != cpu.pid:
                before = "process %d" % cpu.pid if cpu.pid is not None else "nobody"
                self.cpus[number].marks.append(Mark(cpu.entered, "switch", "switch to process %d" % pid, "from " + before))
        self._flush(number, cpu, pid)
        cpu.pid = pid

    def _flush(self, number, cpu, pid):
        row, stack = self.calls[pid], self._open[pid]
        if stack and stack[-1].left is not None:
            self._close(pid, cpu.entered)
        for what, at, *values in cpu.lower:
            if what == "ran":
                end, level = values
                self.runs[pid].spans.append(Span(at, end, level, level, ""))
                self.cpus[number].spans.append(Span(at, end, level, self.title(pid), level))
            elif what == "handler":
                stack.append(_Call(at, *values))
            elif what == "return":
                if stack:
                    self._close(pid, at)
            elif values[0] < 1020:
                if what == "ack" and stack and stack[-1].name == "virtual IRQ":
                    stack[-1].name = _interrupt("virtual IRQ", values[0])
                name = _interrupt("virtual IRQ", values[0])
                row.marks.append(Mark(at, "virq", name if what == "ack" else "end of " + name,
                                      "acknowledged by the process" if what == "ack" else "ended by the process"))
        cpu.lower = []

    def _close(self, pid, at):
        """The innermost thing that the process is in ends."""
        call = self._open[pid].pop()
        detail = call.detail
        if call.result is not None and call.name != "exit" and not (call.name in WAITING and call.left != at):
            detail += ("; " if detail else "") + "returned %s" % self._kernel.errors.get(-call.result, call.result)
        self.calls[pid].spans.append(Span(call.start, at, call.kind, call.name, detail))

    def _dies(self, pid, why):
        while self._open[pid]:
            self._close(pid, self.now)
        self.calls[pid].marks.append(Mark(self.now, "death", why, ""))

    def _finish(self):
        self._end_line()
        for number, cpu in self._state.items():
            for change, values in cpu.pending:
                change(number, cpu, *values)
            self._close_stretch(number, cpu)
            self._leave_kernel(cpu)             # an exit, behind which the power was off
            if cpu.lower:
                self._flush(number, cpu, cpu.pid)
        for pid in list(self._open):
            while self._open[pid]:
                self._close(pid, self.now)
        self.end = self.now
        for rows in (self.runs, self.calls):
            for pid in [pid for pid, row in rows.items() if not row.spans and not row.marks]:
                del rows[pid]
        return self

    def summary(self):
        """How often what happened, in words."""
        counts = collections.Counter(span.kind for row in self.calls.values() for span in row.spans)
        counts += collections.Counter(mark.kind for row in self.cpus.values() for mark in row.marks)
        counts["process"] = sum(pid is not None for pid in self.runs)
        words = (("process", "process", "processes"), ("call", "hypercall", "hypercalls"), ("trap", "trap", "traps"),
                 ("svc", "SVC", "SVCs"), ("fault", "fault", "faults"), ("irq", "interrupt", "interrupts"),
                 ("virq", "virtual interrupt", "virtual interrupts"), ("switch", "switch", "switches"))
        found = ["%s %s" % (format(counts[kind], ","), one if counts[kind] == 1 else more)
                 for kind, one, more in words if counts[kind]]
        return ", ".join(found) or "no exceptions"

    def title(self, pid):
        """The words for a process."""
        names = self.names.get(pid)
        return "EL1" if pid is None else " ".join(["%d" % pid] + names[:3]) if names else "process %d" % pid


def _signed(value):
    return value - (1 << 64) if value >> 63 else value


def _value(value):
    return "NONE" if value == 0xffffffff else "%d" % value if value < 10000 else "0x%x" % value


def _interrupt(kind, intid):
    return "%s %d%s" % (kind, intid, " (%s)" % INTERRUPTS[intid] if intid in INTERRUPTS else "")


def _described(exception):
    """(kind, name, detail) of an exception."""
    if "IRQ" in exception["name"] or "FIQ" in exception["name"]:
        return ("virq" if "irtual" in exception["name"] else "irq"), exception["name"], ""
    syndrome = exception.get("esr", 0)
    where = ["from 0x%x" % exception["ELR"]] if "ELR" in exception else []
    if "FAR" in exception and esr.has_address(syndrome):
        where.append("address 0x%x" % exception["FAR"])
    return ("svc" if syndrome >> 26 == 0x15 else "fault"), esr.decode(syndrome), ", ".join(where + ["ESR 0x%x" % syndrome])
