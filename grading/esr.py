"""Decodes the syndrome register ESR_ELx (Arm ARM D19.2.37) into one line that says what happened.

`decode` never fails: an exception class without a name of its own is shown by number.
"""
import registers

FAULTS = {0x00: "address size fault", 0x04: "translation fault", 0x08: "access flag fault", 0x0c: "permission fault"}
OTHER_FAULTS = {0x10: "synchronous external abort", 0x11: "tag check fault", 0x18: "parity or ECC error", 0x21: "alignment fault",
                0x30: "TLB conflict abort", 0x31: "unsupported atomic hardware update",
                0x35: "unsupported exclusive or atomic access"}
WAITS = ("WFI", "WFE", "WFIT", "WFET")
NO_FAR = (0x00, 0x01, 0x07, 0x0e, 0x15, 0x16, 0x17, 0x18, 0x19, 0x2c, 0x2f, 0x30, 0x31, 0x32, 0x33, 0x3c)    # classes; D19.2.41
FNV = 1 << 10                           # of an abort: FAR_ELx holds nothing either
# Registers and instructions that hv8 or its graders trap, beside those of registers.ENCODINGS: op0, op1, CRn, CRm, op2.
TRAPPED = {(3, 0, 1, 0, 0): "SCTLR_EL1", (3, 0, 1, 0, 1): "ACTLR_EL1", (3, 0, 1, 0, 2): "CPACR_EL1",
           (3, 0, 2, 0, 0): "TTBR0_EL1", (3, 0, 2, 0, 1): "TTBR1_EL1", (3, 0, 2, 0, 2): "TCR_EL1",
           (3, 0, 5, 1, 0): "AFSR0_EL1", (3, 0, 5, 1, 1): "AFSR1_EL1", (3, 0, 5, 2, 0): "ESR_EL1", (3, 0, 6, 0, 0): "FAR_EL1",
           (3, 0, 10, 2, 0): "MAIR_EL1", (3, 0, 10, 3, 0): "AMAIR_EL1", (3, 0, 13, 0, 1): "CONTEXTIDR_EL1",
           (3, 0, 12, 11, 5): "ICC_SGI1R_EL1", (3, 0, 12, 12, 0): "ICC_IAR1_EL1", (3, 0, 12, 12, 1): "ICC_EOIR1_EL1",
           (3, 0, 12, 11, 1): "ICC_DIR_EL1",
           (3, 3, 14, 0, 1): "CNTPCT_EL0", (3, 3, 14, 2, 0): "CNTP_TVAL_EL0", (3, 3, 14, 2, 1): "CNTP_CTL_EL0",
           (3, 3, 14, 2, 2): "CNTP_CVAL_EL0", (3, 3, 9, 12, 0): "PMCR_EL0", (3, 3, 9, 13, 0): "PMCCNTR_EL0",
           (2, 0, 0, 2, 2): "MDSCR_EL1", (2, 0, 1, 0, 0): "MDRAR_EL1", (2, 0, 1, 0, 4): "OSLAR_EL1", (2, 0, 1, 1, 4): "OSLSR_EL1",
           (2, 0, 1, 3, 4): "OSDLR_EL1", (2, 0, 0, 0, 4): "DBGBVR0_EL1", (2, 0, 0, 0, 5): "DBGBCR0_EL1",
           (2, 0, 0, 0, 6): "DBGWVR0_EL1", (2, 0, 0, 0, 7): "DBGWCR0_EL1",
           (1, 0, 7, 6, 2): "DC ISW", (1, 0, 7, 10, 2): "DC CSW", (1, 0, 7, 14, 2): "DC CISW",
           **{encoding: name for name, encoding in registers.ENCODINGS.items()}}


def decode(value):
    """One line for a value of ESR_EL1 or ESR_EL2."""
    ec, iss = value >> 26 & 0x3f, value & 0x1ffffff
    text = registers.CLASSES.get(ec, "exception class 0x%02x" % ec)
    if ec == 0x01:
        return "trapped " + WAITS[iss & 3]
    if ec in (0x20, 0x21, 0x24, 0x25):
        if ec >= 0x24:
            text += ", cache maintenance" if iss >> 8 & 1 else ", write" if iss >> 6 & 1 else ", read"
        return text + ", " + fault_status(iss & 0x3f) + (", no address known" if iss & FNV else "")
    if ec in (0x34, 0x35):
        return text + (", write" if iss >> 6 & 1 else ", read")
    if ec in (0x15, 0x16, 0x17, 0x3c):
        return text + " #0x%x" % (iss & 0xffff)
    if ec == 0x18:
        encoding = (iss >> 20 & 3, iss >> 14 & 7, iss >> 10 & 15, iss >> 1 & 15, iss >> 17 & 7)     # op0 op1 CRn CRm op2
        name = TRAPPED.get(encoding, "S%d_%d_C%d_C%d_%d" % encoding)
        if encoding[0] == 1:
            return "trapped system instruction, %s, x%d" % (name, iss >> 5 & 31)
        return "%s, %s of %s, x%d" % (text, "read" if iss & 1 else "write", name, iss >> 5 & 31)
    return text


def has_address(value):
    """Does FAR_ELx hold an address for this syndrome?"""
    ec = value >> 26 & 0x3f
    return ec not in NO_FAR and not (ec in (0x20, 0x21, 0x24, 0x25) and value & FNV)


def fault_status(status):
    """The words for a DFSC or IFSC."""
    if status < 0x10:
        return "%s, level %d" % (FAULTS[status & 0x3c], status & 3)
    if 0x14 <= status < 0x18:
        return "external abort on a table walk, level %d" % (status & 3)
    return OTHER_FAULTS.get(status, "fault status 0x%02x" % status)
