"""Decodes exceptions: what the guest printed of one that ended it, or what its registers say when it cannot print any more.

Each register gets a line: the syndrome in words, the region of the faulting address, the function and line of the instruction.
"""
import re

import esr
from explain import name_place

MAX_PLACES = 8
BEFORE, BEHIND = 4, 100             # lines around a panic that may show registers
ENDS = r"hv8: (panic|process \d+ \((?P<program>.*)\) killed): "


def printed(lines, code, base, regions):
    """What the registers mean that a panic or a killed process printed."""
    first = next((n for n, line in enumerate(lines) if re.search(ENDS, line)), None)
    if first is None:
        return []
    program = re.search(ENDS, lines[first]).group("program")
    found, places, syndrome = [], set(), None
    start = next((n for n in range(max(0, first - BEFORE), first) if re.search(r"\bESR_EL[12]\b", lines[n])), first)
    for line in lines[start:first + BEHIND]:
        for register, digits in re.findall(r"\b((?:ESR|ELR|FAR)_EL[12])\W+0x([0-9a-fA-F]{1,16})\b", line):
            value = int(digits, 16)
            if register.startswith("ESR"):
                syndrome = value
                found.append("%s 0x%x: %s" % (register, value, esr.decode(value)))
            elif register.startswith("FAR") and _has_address(syndrome):
                found.append("%s 0x%x: %s" % (register, value, _region(value, program, code, regions)))
        for digits in re.findall(r"\bat 0x([0-9a-fA-F]{1,16})$", line) if program and "killed: " in line else ():
            found.append("0x%s: %s" % (digits, _region(int(digits, 16), program, code, regions)))
        for digits in re.findall(r"\b0x([0-9a-fA-F]{1,16})\b", line):
            value = int(digits, 16)
            where = code.at(value, base) or (program and code.in_program(program, value))
            if where and "ESR" not in line and where not in places and len(places) < MAX_PLACES:
                places.add(where)
                found.append("0x%x is in %s" % (value, name_place(where)))
    return list(dict.fromkeys(found))


def _has_address(syndrome):
    """Does FAR hold an address for this ESR? Yes, if nobody knows."""
    return syndrome is None or esr.has_address(syndrome)


def _region(address, program, code, regions):
    return regions.name_in_process(address, program, code.program(program)) if program else regions.name(address)


def registers(values, code, base, regions):
    """What the registers of the latest exception mean, {name: value} as monitor.SYNDROME names them. With SPSR_EL2, which says
    who was interrupted, addresses are a process's where it was one."""
    found, process = [], values.get("SPSR_EL2", 8) >> 2 & 3 < 2
    for name, value in values.items():
        if name.startswith("ESR"):
            syndrome = value
            found.append("%s 0x%x: %s" % (name, value, esr.decode(value)))
        elif name.startswith("ELR"):
            where = code.at(value, base)
            found.append("%s 0x%x: %s" % (name, value, name_place(where) if where else _where(name, value, regions, process)))
        elif name.startswith("FAR") and _has_address(syndrome) or name.startswith("VBAR"):
            found.append("%s 0x%x: %s" % (name, value, _where(name, value, regions, process and name[0] == "F")))
    return found


def _where(register, value, regions, process):
    return regions.name(value) if register.endswith("2") and not process else "an address of the process"
