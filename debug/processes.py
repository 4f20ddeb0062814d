"""`hv8 procs` lists the processes, `hv8 proc N` shows everything of one."""
import cpus
import esr
import interrupts
import places
import tables
import target
import timers
import walk

LIST = "%3s  %-11s %-8s %6s %6s  %-34s %s"
BYTES = {"4K": 1 << 12, "2M": 1 << 21, "1G": 1 << 30}
FPEN = ("trap at EL0 and EL1", "trap at EL0", "trap at EL0 and EL1", "do not trap")
KILLED = -128                                           # uapi/tables.h: STATUS_KILLED


class Procs(target.Command):
    """List the processes: hv8 procs

    WHERE is where each goes on when it runs; PAGES counts its memory and its translation tables.
    """
    name = "procs"

    def run(self, arguments):
        found = tables.processes()
        if not found:
            print("there are no processes yet: they are made at the end of boot, in proc_start()")
            return
        print((LIST % ("PID", "NAME", "STATE", "PARENT", "PAGES", "WHERE", "WAITS FOR")).rstrip())
        for one in found:
            where = "-" if one.state == "zombie" else places.Stand(one).short()
            parent = int(one.proc["parent"]) or "-"
            line = LIST % (one.pid, one.name, one.state, parent, one.proc["npages"], where, _waits_for(one))
            print(line.rstrip())


def _waits_for(one):
    """What must happen before it runs."""
    if one.state == "embryo":
        return "set_runnable by process %d" % one.proc["parent"]
    if one.state == "ready":
        return "its turn, number %d" % (_ready_list().index(one.pid) + 1) if one.pid in _ready_list() else "no list has it!"
    if one.state == "waiting":
        sender = int(one.proc["wait_from"])
        return "a message of process %d" % sender if sender else "a message of anyone"
    if one.state == "sleeping":
        return "an interrupt"
    if one.state == "zombie":
        parent = int(one.proc["parent"])
        return "reap by process %d" % parent if parent else ""
    return ""


def _ready_list():
    """The pids of the ready list, in order."""
    procs, found = tables.fetch(tables.lazy("procs")), []
    pid = int(procs[0]["next"])
    while 0 < pid < tables.count(procs) and pid not in found:
        found.append(pid)
        pid = int(procs[pid]["next"])
    return found


class Proc(target.Command):
    """Show everything of one process: hv8 proc PID

    Where it is, its registers, what of EL1 belongs to it, its timer, memory, descriptors and interrupts. Of the
    process that runs, registers are the CPU's; while it is in the kernel, some may not be saved yet.
    """
    name = "proc"

    def run(self, arguments):
        one = tables.process(arguments)
        print("\n".join(self._summary(one)))
        alive, title = one.state != "zombie", "registers"
        if one.pid == tables.in_cpu() and target.level() == 2:
            title += " (it is in the kernel, which may have x20 to x29 elsewhere)"
        for title, lines in ((title, alive and _frame(one)), ("EL1 registers", alive and _el1(one)),
                             ("EL1 timer", alive and _timer(one)), ("memory", alive and _memory(one)),
                             ("descriptors", _descriptors(one)), ("interrupts", _interrupts(one))):
            if lines:
                print("\n  ".join([title + ":"] + lines))

    def _summary(self, one):
        parent = int(one.proc["parent"])
        shown = ["%s: %s" % (one.title, one.state)]
        shown.append(tables.Process(parent).title + " is its parent" if parent else "nobody's child")
        if int(one.proc["nchildren"]):
            shown.append("children: %d" % one.proc["nchildren"])
        waits = _waits_for(one)
        lines = [", ".join(shown)] + ([("  waits for " + waits)] if waits else [])
        if one.state == "zombie":
            status = int(one.proc["status"])
            lines.append("  ended with status %d%s" % (status, " (killed)" if status == KILLED else ""))
            return lines
        stand = places.Stand(one)
        return lines + ["  at %s, is at" % _state(stand.pstate)] + ["  " + line for line in stand.lines()]


def _frame(one):
    stand, frame = places.Stand(one), one.context["frame"]
    mine = one.pid == tables.in_cpu() and target.level() < 2
    values = [target.register("x%d" % n) if mine else int(frame["x"][n]) for n in range(31)]
    cells = ["%4s %016x" % ("x%d" % n, value) for n, value in enumerate(values)] + ["  pc %016x" % stand.pc]
    return ["  ".join(cells[n:n + 4]) for n in range(0, 32, 4)] + ["PSTATE 0x%x" % stand.pstate]


def _el1(one):
    """The EL1 registers in words."""
    mine = one.pid == tables.in_cpu()

    def value(name):
        return target.register(name) if mine else int(one.context["el1"][name.lower()])

    ttbr0, vbar, syndrome = value("TTBR0_EL1"), value("VBAR_EL1"), value("ESR_EL1")
    shown = ["TTBR0_EL1   0x%x: table at 0x%x, ASID %d" % (ttbr0, ttbr0 & walk.ADDRESS_MASK, ttbr0 >> 48),
             "VBAR_EL1    0x%x: %s" % (vbar, "the kernel's vector page" if vbar in places.UVA_VECTORS else "vectors of its own"),
             "SP_EL1      0x%x, SP_EL0 0x%x" % (value("SP_EL1"), value("SP_EL0")),
             "ESR_EL1     0x%x: %s" % (syndrome, esr.decode(syndrome) if syndrome else "no exception was taken to EL1"),
             "FAR_EL1     0x%x" % value("FAR_EL1"),
             "ELR_EL1     0x%x, SPSR_EL1 0x%x: %s" % (value("ELR_EL1"), value("SPSR_EL1"), _state(value("SPSR_EL1"))),
             "CPACR_EL1   FPEN %d: FP and SIMD %s" % (value("CPACR_EL1") >> 20 & 3, FPEN[value("CPACR_EL1") >> 20 & 3]),
             "CNTKCTL_EL1 0x%x" % value("CNTKCTL_EL1")]
    own = tuple(map(value, ("TPIDR_EL0", "TPIDRRO_EL0", "TPIDR_EL1")))
    return shown + ["TPIDR_EL0   0x%x, TPIDRRO_EL0 0x%x, TPIDR_EL1 0x%x" % own]


def _state(pstate):
    """The words for PSTATE."""
    return cpus.state(pstate).rstrip(", ")


def _memory(one):
    """What its tables map: neighbours with the same permissions are one line."""
    runs = []
    try:
        found = list(walk.mappings(walk.regime("el1", target.register, one.ttbr0), target.physical))
    except walk.WalkError as error:
        return [str(error)]
    for va, mapping in found:
        words = "%s el0:%s %s" % (mapping.perm, mapping.el0, "device" if mapping.type == "device" else "normal")
        if runs and runs[-1][1] == va and runs[-1][2] == words:
            runs[-1][1] += BYTES[mapping.size]
        else:
            runs.append([va, va + BYTES[mapping.size], words])
    shown = ["0x%09x-0x%09x %8s  %s" % (start, end, _size(end - start), words) for start, end, words in runs]
    return shown or ["nothing is mapped"]


def _size(length):
    return "%d KiB" % (length >> 10) if length < 1 << 20 or length >> 10 & 1023 else "%d MiB" % (length >> 20)


def _descriptors(one):
    """Its descriptors and the files that they lead to."""
    if target.symbol("files") is None or not int(one.proc["nfiles"]):
        return []
    files, shown = tables.fetch(tables.lazy("files", 4, "files")), []
    for fd in range(tables.count(one.proc["fd"])):
        number = int(one.proc["fd"][fd])
        if number:
            values = tuple(int(files[number][name]) for name in ("type", "refs", "value", "offset", "mode"))
            shown.append("%2d  file %d: type %d, %d references, value 0x%x, offset %d, mode 0x%x" % ((fd, number) + values))
    return shown


def _interrupts(one):
    """Its interrupts, wherever they are (lab 5)."""
    if target.symbol("vgics") is None or not int(tables.fetch(interrupts.lazy("irq_on"))):
        return []
    with interrupts.gic() as controller:
        return interrupts.of_process(one, controller)


def _timer(one):
    """Its EL1 timer (lab 6)."""
    if target.symbol("timer_owner") is None:
        return []
    words = timers.of_process(one, timers.Clock())
    return [words] if words else []
