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
        found, owner = explain.find(address, cpu, code, base)
        line = found and code.source_line(found[1])
        where = "%s%s; %s" % (found[0], explain.of(owner), line) if line else explain.name_found(address, cpu, found, owner)
        waits = ""
        if code.is_wfi(address, base) or cpu and cpu.code.get(address) == explain.WFI:
            waits = "waits in WFI, "
        elif outcome.end == "stuck" and cpu and cpu.pc != address:
            waits = "cannot fetch 0x%x, " % cpu.pc
        shown.append("  CPU %-7d %s%sin %s" % (number, state(cpu.pstate) if cpu else "", waits, where))
        callers = _callers(cpu, found[0], owner, code, base) if cpu and found and owner != "" else []
        if callers:
            shown.append("  called by   " + ", ".join(callers))
    return shown


def state(pstate):
    """The words for PSTATE, with a comma behind."""
    if pstate >> 4 & 1:
        return "AArch32, "
    irqs = "masked" if pstate >> 7 & 1 else "taken"
    return "EL%d, IRQs %s (PSTATE.DAIF = 0b%s), " % (pstate >> 2 & 3, irqs, format(pstate >> 6 & 15, "04b"))


def _callers(cpu, function, owner, code, base):
    """The functions whose calls led here, the nearest first."""
    symbols, base = (code.program(owner), 0) if owner else (code.kernel, base)
    names = [function]
    for address in [cpu.link] + cpu.frames:
        if symbols.is_code(address - 4 - base):
            name = symbols.function(address - 4 - base)
            if name != names[-1]:
                names.append(name)
    return names[1:CALLERS + 1]
