"""Decodes the syndrome register ESR_ELx (Arm ARM D19.2.37) into one line that says what happened.

`decode` never fails: an exception class without a name of its own is shown by number.
"""
CLASSES = {
    0x00: "unknown reason (undefined instruction)", 0x01: "trapped WFI or WFE", 0x07: "trapped FP or SIMD",
    0x0e: "illegal execution state",
    0x11: "SVC (AArch32)", 0x15: "SVC", 0x12: "HVC (AArch32)", 0x16: "HVC", 0x17: "SMC", 0x18: "trapped system register",
    0x19: "trapped SVE", 0x20: "instruction abort from a lower level", 0x21: "instruction abort", 0x22: "PC alignment fault",
    0x24: "data abort from a lower level", 0x25: "data abort", 0x26: "SP alignment fault", 0x2c: "FP exception", 0x2f: "SError",
    0x30: "breakpoint from a lower level", 0x31: "breakpoint", 0x32: "software step from a lower level", 0x33: "software step",
    0x34: "watchpoint from a lower level", 0x35: "watchpoint", 0x3c: "BRK",
}
FAULTS = {0x00: "address size fault", 0x04: "translation fault", 0x08: "access flag fault", 0x0c: "permission fault"}
OTHER_FAULTS = {0x10: "synchronous external abort", 0x11: "tag check fault", 0x21: "alignment fault", 0x30: "TLB conflict abort"}
TRAPPED = {(3, 0, 1, 0, 0): "SCTLR_EL1", (3, 0, 1, 0, 1): "ACTLR_EL1", (3, 0, 1, 0, 2): "CPACR_EL1",
           (3, 0, 2, 0, 0): "TTBR0_EL1", (3, 0, 2, 0, 1): "TTBR1_EL1", (3, 0, 2, 0, 2): "TCR_EL1",
           (3, 0, 10, 2, 0): "MAIR_EL1", (3, 0, 13, 0, 1): "CONTEXTIDR_EL1",
           (3, 0, 12, 12, 5): "ICC_SRE_EL1", (3, 0, 12, 11, 5): "ICC_SGI1R_EL1", (2, 0, 0, 2, 2): "MDSCR_EL1"}


def decode(value):
    """One line for a value of ESR_EL1 or ESR_EL2."""
    ec, iss = value >> 26 & 0x3f, value & 0x1ffffff
    text = CLASSES.get(ec, "exception class 0x%02x" % ec)
    if ec in (0x20, 0x21, 0x24, 0x25):
        if ec >= 0x24:
            text += ", " + ("write" if iss >> 6 & 1 else "read")
        return text + ", " + fault_status(iss & 0x3f)
    if ec in (0x15, 0x16, 0x17, 0x3c):
        return text + " #0x%x" % (iss & 0xffff)
    if ec == 0x18:
        register = (iss >> 20 & 3, iss >> 14 & 7, iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7)     # op0 op1 CRn CRm op2
        return "%s, %s of %s, x%d" % (text, "read" if iss & 1 else "write", TRAPPED.get(register, "S%d_%d_C%d_C%d_%d" % register),
                                      iss >> 5 & 31)
    return text


def fault_status(status):
    """The words for a DFSC or IFSC."""
    if status < 0x10:
        return "%s, level %d" % (FAULTS[status & 0x3c], status & 3)
    if 0x14 <= status < 0x18:
        return "external abort on a table walk, level %d" % (status & 3)
    return OTHER_FAULTS.get(status, "fault status 0x%02x" % status)
