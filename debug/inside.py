"""Lets the stopped CPU itself read what QEMU tells no debugger: the GIC's registers and the counter.

At EL2 the CPU runs the one instruction that reads it in place of its next. From a process it goes to EL2 by an HVC first (at EL0
by an SVC before), and returns by an ERET; the registers that this changes get their values back, but for ELR_EL2 and SPSR_EL2,
which hold nothing while a process runs. No interrupt is taken meanwhile and no instruction of the kernel's or the process's runs:
the guest goes on as if nothing had been, but for the time that has passed.
"""
import contextlib
import re

import gdb

import gdbremote
import registers
import target
import walk

SVC0, HVC0, ERET = 0xd4000001, 0xd4000002, 0xd69f03e0
LDR_W0, MRS_TO_MSR = 0xb9400000, 1 << 21
AT_EL1 = {"ESR_EL1": (3, 0, 5, 2, 0), "ELR_EL1": (3, 0, 4, 0, 1), "SPSR_EL1": (3, 0, 4, 0, 0)}
AT_EL2 = {"ESR_EL2": (3, 4, 5, 2, 0), "ELR_EL2": (3, 4, 4, 0, 1), "SPSR_EL2": (3, 4, 4, 0, 0)}
FROM_EL0 = 0x400                                                            # the vector: D1.3.1.5
COUNTER = (3, 3, 14, 0, 1)                                                  # CNTPCT_EL0
ID_AA64PFR0_EL1 = (3, 0, 0, 4, 0)


class Inside:
    """The selected CPU, at EL2."""

    def __init__(self, packets):
        self._packets = packets

    def system_register(self, encoding):
        return self._packets.system_register(encoding)

    def gic_register(self, name):
        """A register of registers.ENCODINGS, but none that is undefined here: that exception would change ESR_EL2 and others."""
        if not self.system_register(ID_AA64PFR0_EL1) >> 24 & 15:
            raise gdb.GdbError("not on this machine: without a GICv3 the GIC's registers are memory")
        index = re.match(r"ICH_LR(\d+)_", name)
        if index and int(index.group(1)) > self.system_register(registers.ENCODINGS["ICH_VTR_EL2"]) & 31:
            raise gdb.GdbError("there are fewer list registers, as ICH_VTR_EL2.ListRegs says")
        return self.system_register(registers.ENCODINGS[name])

    def counter(self):
        return self._packets.system_register(COUNTER)

    def device(self, address):
        """32 bits of a device, which the kernel must have mapped."""
        return self._packets.execute(LDR_W0, address)

    def write(self, encoding, value):
        self._packets.execute(gdbremote.mrs_x0(encoding) ^ MRS_TO_MSR, value)


@contextlib.contextmanager
def el2():
    """The selected CPU as Inside; in here it is at EL2."""
    packets = target.packets()
    if _hex(packets.command("qRcmd," + b"info replay".hex())[1:]).startswith("Replaying"):
        raise gdb.GdbError("not in a replay: to read it takes an instruction that was not recorded")
    if "halted" in _hex(packets.command("qThreadExtraInfo," + packets.current_thread())):
        raise gdb.GdbError("not while this CPU sleeps or is off: to read it takes an instruction")
    before = {name: packets.register(registers.gdb_names(name)) for name in ("pc", "cpsr", "x0", *AT_EL1, *AT_EL2)}
    level = before["cpsr"] >> 2 & 3
    inside = Inside(packets)
    if level > 2:
        raise gdb.GdbError("the CPU is at EL3, in firmware")
    if level == 2:
        yield inside
        return
    calls = [(_place(before["pc"]), HVC0)]
    if level == 0:
        calls = [(_place(before["pc"]), SVC0), (_place(target.register("VBAR_EL1") + FROM_EL0), HVC0)]
    for place, instruction in calls:
        packets.step(instruction, place)
    if packets.register(("cpsr",)) >> 2 & 3 != 2:
        raise gdb.GdbError("an HVC does not take the CPU to EL2: look at HCR_EL2.HCD and VBAR_EL1")
    try:
        yield inside
    finally:
        for name, encoding in AT_EL1.items() if level == 0 else ():
            inside.write(encoding, before[name])
        inside.write(AT_EL2["ESR_EL2"], before["ESR_EL2"])
        inside.write(AT_EL2["ELR_EL2"], before["pc"])
        inside.write(AT_EL2["SPSR_EL2"], before["cpsr"])
        packets.step(ERET, packets.register(("pc",)))


def _hex(text):
    return bytes.fromhex(text).decode("ascii")


def _place(va):
    """Where in physical memory the process's next instruction is."""
    try:
        found = walk.translate("el1", va, target.register, target.physical)
    except walk.WalkError as error:
        found = str(error)
    if isinstance(found, str):
        raise gdb.GdbError("the CPU cannot be taken to EL2 from here: the process cannot fetch at 0x%x (%s)" % (va, found))
    return found.pa
