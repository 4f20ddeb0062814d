"""`hv8 sysregs`: system registers field by field, in the manual's names and the words of grading/registers.py; what a bit does
when it is 1 is taken from kernel/include/hv8/sysreg.h, where it has a comment."""
import fnmatch
import functools
import os
import re
import textwrap

import gdb

import gdbremote
import inside
import registers
import target

HEADER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "kernel", "include", "hv8", "sysreg.h")
SET = (                                 # (a function of the kernel that sets them, the registers)
    ("trap_init", "VBAR_EL2"),
    ("mmu_enable", "SCTLR_EL2 TCR_EL2 MAIR_EL2 TTBR0_EL2"),
    ("el1_configure", "HCR_EL2 CPTR_EL2 MDCR_EL2 CNTHCTL_EL2 VTTBR_EL2 CNTVOFF_EL2 SCTLR_EL1 TCR_EL1 MAIR_EL1 TTBR0_EL1 VBAR_EL1"),
    ("irq_handle", "ICC_SRE_EL2 ICC_CTLR_EL1 ICC_PMR_EL1 ICC_IGRPEN1_EL1 ICH_HCR_EL2 ICH_VMCR_EL2"),
    ("timer_init", "CNTHP_CTL_EL2 CNTHP_CVAL_EL2 CNTP_CTL_EL0 CNTP_CVAL_EL0"),
)
ADDRESSES = ("VBAR_EL2", "TTBR0_EL2")                       # of the kernel


class Sysregs(target.Command):
    """Show system registers field by field: hv8 sysregs [PATTERN]

    PATTERN is like hcr_el2, *_el1 or ich_*, or a part of names, such as mair. Without one: the registers that this kernel sets.
    Fields that are 0 stand together, unless 0 has a meaning. Registers of the GIC (ICC_, ICH_) can be read unless the CPU sleeps
    in WFI.
    """
    name = "sysregs"

    def run(self, arguments):
        target.need_stopped()
        if arguments:
            chosen = named(arguments) or named("*%s*" % arguments)
            if not chosen:
                raise gdb.GdbError("hv8 sysregs: no register is named like '%s'; try '*', '*_el1' or 'ich_*'" % arguments)
        else:
            chosen = [name for function, names in SET if target.symbol(function) for name in names.split()]
        gic, values, unread = [name for name in chosen if name in registers.ENCODINGS], {}, {}

        def read(names, source):
            for name in names:
                try:
                    values[name] = source(name)
                except (gdb.GdbError, gdbremote.GdbError) as error:
                    unread[name] = str(error)

        read([name for name in chosen if name not in gic], target.register)
        try:
            if gic:
                with inside.el2() as cpu:
                    read(gic, cpu.gic_register)
        except gdb.GdbError as error:
            unread.update(dict.fromkeys(gic, str(error)))
        for name in chosen:
            if name in values:
                print("\n".join(describe(name, values[name])))
        for error in dict.fromkeys(unread.values()):
            names = " ".join(name for name in chosen if unread.get(name) == error)
            print("\n".join(textwrap.wrap("%s: %s" % (names, error), 108, subsequent_indent="  ")))


def named(pattern):
    """The registers that a pattern is for, in capitals or not."""
    return [name for name in registers.REGISTERS if fnmatch.fnmatchcase(name, pattern.upper())]


def describe(name, value):
    """The lines for a register's value."""
    lines, zero, known = ["%s = 0x%016x%s" % (name, value, _where(name, value))], [], 0
    for field, (high, low) in registers.REGISTERS[name].items():
        known |= ((1 << high - low + 1) - 1) << low
        part = registers.field(name, field, value)
        text, _, meaning = registers.value_text(name, field, part).partition(" ")
        meaning = meaning.strip("()") if meaning else comments().get((name, field), "") if part and high == low else ""
        if part == 0 and (not meaning or field.startswith(("Attr", "BADDR"))):
            zero.append(field)
        else:
            bits = "%d" % low if high == low else "%d:%d" % (high, low)
            text, meaning = (meaning, "") if field == "BADDR" else (text, meaning)
            lines.append(("  %-12s %-5s  %5s  %s" % (field, bits, text, meaning)).rstrip())
    if value & ~known and known:
        lines.append("  reserved, 1: bits " + " ".join(str(bit) for bit in range(64) if value & ~known & 1 << bit))
    return lines + (textwrap.wrap("0: " + " ".join(zero), 108, initial_indent="  ", subsequent_indent="     ") if zero else [])


def _where(name, value):
    return ", " + target.space().name(value) if value and name in ADDRESSES else ""


@functools.lru_cache(maxsize=None)
def comments():
    """What the kernel's header says of bits, as {(register, field): words}."""
    with open(HEADER, encoding="utf-8") as file:
        found = re.findall(r"(?m)^#define (\w+_EL[12x])_(\w+)\s+BIT\(\d+\)[ \t]*/\* (.*) \*/$", file.read())
    return {(register.replace("ELx", "EL" + level), field): words for register, field, words in found for level in "12"}
