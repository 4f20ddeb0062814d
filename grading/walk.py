"""Walks translation tables from outside the guest, with the 4 KiB granule, for EL2 (no VHE) and for EL1's TTBR0 half.

`translate` tells what the tables say about one address, in the words that test files use: permissions, memory type, size,
nG or global, shareability. It reads descriptors only and keeps no state.
"""
import collections

import registers

Mapping = collections.namedtuple("Mapping", "pa perm el0 type kind size ng share accessed")
# pa of the address; perm "r-x"; el0 the same for EL0 ("---" in the EL2 regime); type "normal" or "device"; kind the attribute's
# name; size "4K" "2M" "1G"; ng True when not global; share "non" "outer" "inner"; accessed the access flag.

ATTRIBUTES = {0x00: "nGnRnE", 0x04: "nGnRE", 0x08: "nGRE", 0x0c: "GRE", 0xff: "writeback", 0x44: "noncacheable"}
SHARES = {0: "non", 1: "reserved", 2: "outer", 3: "inner"}
SIZES = {1: "1G", 2: "2M", 3: "4K"}
ADDRESS_MASK = 0xfffffffff000
VALID, TABLE, AF, NG, XN_TABLE = 1, 2, 1 << 10, 1 << 11, 60


class WalkError(Exception):
    """The tables cannot be walked at all; the text says why."""


def translate(regime, va, read_register, read_physical):
    """The Mapping of `va`, or a text saying at which level there is none. `regime` is "el1" or "el2"."""
    suffix = regime.upper()
    sctlr, tcr = read_register("SCTLR_" + suffix), read_register("TCR_" + suffix)
    if not registers.field("SCTLR_" + suffix, "M", sctlr):
        raise WalkError("SCTLR_%s.M is 0: the MMU is off" % suffix)
    if registers.field("TCR_" + suffix, "TG0", tcr):
        raise WalkError("TCR_%s.TG0 is %d: the granule is not 4 KiB" % (suffix, registers.field("TCR_" + suffix, "TG0", tcr)))
    bits = 64 - registers.field("TCR_" + suffix, "T0SZ", tcr)
    if not 25 <= bits <= 48:
        raise WalkError("TCR_%s.T0SZ is %d: not a size of an address space" % (suffix, 64 - bits))
    if va >> bits:
        return "address above the %d bits of TCR_%s.T0SZ" % (bits, suffix)
    table = read_register("TTBR0_" + suffix) & ADDRESS_MASK
    inherited = 0
    for level in range(4 - -(-(bits - 12) // 9), 4):
        shift = 12 + 9 * (3 - level)
        entry = table + (va >> shift & 511) * 8
        descriptor = int.from_bytes(read_physical(entry, 8), "little")
        if not descriptor & VALID:
            return "level %d entry at 0x%x is 0x%x: invalid" % (level, entry, descriptor)
        if level < 3 and descriptor & TABLE:
            table = descriptor & ADDRESS_MASK
            inherited |= descriptor
        elif level == 0 or level == 3 and not descriptor & TABLE:
            return "level %d entry at 0x%x is 0x%x: reserved encoding" % (level, entry, descriptor)
        else:
            mair = read_register("MAIR_" + suffix)
            return _leaf(regime, descriptor, inherited, mair, level, va & (1 << shift) - 1)
    raise AssertionError("level 3 always ends a walk")


def _leaf(regime, descriptor, inherited, mair, level, offset):
    """Decode a block or page; `inherited` is all table descriptors above it ORed (APTable, XNTable, PXNTable)."""
    read_only = descriptor >> 7 & 1 or inherited >> 62 & 1
    attribute = mair >> 8 * (descriptor >> 2 & 7) & 0xff
    execute_never = descriptor >> 54 & 1 or inherited >> XN_TABLE & 1
    el0 = "---"
    if regime == "el1":
        reachable = descriptor >> 6 & 1 and not inherited >> 61 & 1
        el0 = _perm(reachable, reachable and not read_only, not execute_never)
        execute_never = descriptor >> 53 & 1 or inherited >> 59 & 1 or "w" in el0
    return Mapping(pa=(descriptor & ADDRESS_MASK & -1 << 12 + 9 * (3 - level)) + offset,
                   perm=_perm(True, not read_only, not execute_never), el0=el0,
                   type="device" if attribute >> 4 == 0 else "normal",
                   kind=ATTRIBUTES.get(attribute, "attribute-0x%02x" % attribute), size=SIZES[level],
                   ng=bool(descriptor & NG), share=SHARES[descriptor >> 8 & 3], accessed=bool(descriptor & AF))


def _perm(read, write, execute):
    return ("r" if read else "-") + ("w" if write else "-") + ("x" if execute else "-")
