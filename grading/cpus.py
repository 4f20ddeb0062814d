"""Says of each CPU of a hanging guest where it is, at which exception level, and by the line of the source what it waits for.

The place comes from the plugin, registers and the calls that led there from QEMU's monitor; without the monitor's answer the
level and the callers are left out.
"""
import explain

CALLERS = 6


def describe(outcome, code, base):
    """The report's lines about the CPUs; the kernel's image starts at `base`."""
    ran = list(outcome.report.cpus) if outcome.report else []
    started = 1 + max((n for n, address in enumerate(ran) if address), default=-1)
    shown = []
    for number in range(max(len(outcome.cpus), started)):
        cpu = outcome.cpus[number] if number < len(outcome.cpus) else None
        address = ran[number] if number < len(ran) else None
        if outcome.report and not address:
            shown += ["  CPU %-7d never started" % number] if cpu else []
            continue
        address = address or cpu.pc
        where, source = _place(address, cpu, code, base)
        waits = "waits in WFI, " if code.is_wfi(address, base) else "cannot fetch 0x%x, " % cpu.pc if cpu and (
            outcome.end == "stuck" and cpu.pc != address) else ""
        shown.append("  CPU %-7d %s%sin %s" % (number, _state(cpu.pstate) if cpu else "", waits, source or where))
        callers = _callers(cpu, where, code, base) if cpu else []
        if callers:
            shown.append("  called by   " + ", ".join(callers))
    return shown


def _state(pstate):
    """The words for PSTATE."""
    if pstate >> 4 & 1:
        return "AArch32, "
    irqs = "masked" if pstate >> 7 & 1 else "taken"
    return "EL%d, IRQs %s (PSTATE.DAIF = 0b%s), " % (pstate >> 2 & 3, irqs, format(pstate >> 6 & 15, "04b"))


def _place(address, cpu, code, base):
    """Where an address is, as a function and its place; and with the text of the source line, or None."""
    found, owner = code.place(address, base), ""
    if not found:
        if cpu is None or cpu.pstate >> 2 & 3 >= 2:
            return explain.outside(address), None
        matches = code.in_programs(address, cpu.code)
        if len(set(matches.values())) != 1:
            return "a process, at 0x%x" % address, None
        found = next(iter(matches.values()))
        owner = " of " + next(iter(matches)) if len(matches) == 1 else " of a process"
    line = code.source_line(found[1])
    return explain.name_place(found) + owner, line and "%s%s; %s" % (found[0], owner, line)


def _callers(cpu, where, code, base):
    """The kernel functions whose calls led here, the nearest first."""
    names = [where.split(" ")[0]]
    for address in [cpu.link] + cpu.frames if cpu.pstate >> 2 & 3 == 2 else ():
        if code.kernel.is_code(address - 4 - base):
            name = code.kernel.function(address - 4 - base)
            if name != names[-1]:
                names.append(name)
    return names[1:CALLERS + 1]
