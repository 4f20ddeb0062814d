"""Walks translation tables from outside the guest, with the 4 KiB granule, for EL2 (no VHE) and for EL1's TTBR0 half.

`translate` tells what the tables say about one address, in the words that test files use: permissions, memory type, size,
nG or global, shareability; `steps` how they come to say it, a descriptor at a time; `mappings` what they say about all
addresses. They read descriptors only and keep no state.
"""
import collections
import struct

import registers

Mapping = collections.namedtuple("Mapping", "pa perm el0 type kind size ng share accessed ap1")
# pa of the address; perm "r-x"; el0 the same for EL0 ("---" in the EL2 regime); type "normal" or "device"; kind the attribute's
# name; size "4K" "2M" "1G"; ng True when not global; share "non" "outer" "inner"; accessed the access flag; ap1
# False where AP[1] is clear though the regime reserves it, one.
Regime = collections.namedtuple("Regime", "name bits root mair")
# name "el1" or "el2"; bits of an address that it translates; root: the first table's address; mair: MAIR_ELx.
Step = collections.namedtuple("Step", "level table index descriptor kind inherited")
# One entry that a walk reads. kind: "invalid", "reserved", "table", "block" or "page"; inherited: the descriptors of all tables
# above it ORed.

ATTRIBUTES = {0x00: "nGnRnE", 0x04: "nGnRE", 0x08: "nGRE", 0x0c: "GRE", 0xff: "writeback", 0x44: "noncacheable"}
SHARES = {0: "non", 1: "reserved", 2: "outer", 3: "inner"}
SIZES = {1: "1G", 2: "2M", 3: "4K"}
ADDRESS_MASK = 0xfffffffff000
VALID, TABLE, AP1, AF, NG, XN_TABLE = 1, 2, 1 << 6, 1 << 10, 1 << 11, 60
MOST_TABLES = 2048                  # that `mappings` reads: damaged tables can lead to many more


class WalkError(Exception):
    """The tables cannot be walked at all; the text says why."""


def regime(name, read_register, root=None):
    """The Regime "el1" or "el2" as its registers say; with `root`, as if TTBR0 held this."""
    suffix = name.upper()
    sctlr, tcr = read_register("SCTLR_" + suffix), read_register("TCR_" + suffix)
    if not registers.field("SCTLR_" + suffix, "M", sctlr):
        raise WalkError("SCTLR_%s.M is 0: the MMU is off" % suffix)
    if registers.field("TCR_" + suffix, "TG0", tcr):
        raise WalkError("TCR_%s.TG0 is %d: the granule is not 4 KiB" % (suffix, registers.field("TCR_" + suffix, "TG0", tcr)))
    bits = 64 - registers.field("TCR_" + suffix, "T0SZ", tcr)
    if not 25 <= bits <= 48:
        raise WalkError("TCR_%s.T0SZ is %d: not a size of an address space" % (suffix, 64 - bits))
    root = read_register("TTBR0_" + suffix) if root is None else root
    return Regime(name, bits, root & ADDRESS_MASK, read_register("MAIR_" + suffix))


def first_level(regime):
    """The level of the first table."""
    return 4 - -(-(regime.bits - 12) // 9)


def shift(level):
    """An entry of a table of this level translates 1 << shift bytes."""
    return 12 + 9 * (3 - level)


def steps(regime, va, read_physical):
    """The Steps of the walk for `va`, which must be below 1 << bits; the last one is no table."""
    table, inherited = regime.root, 0
    for level in range(first_level(regime), 4):
        index = va >> shift(level) & 511
        descriptor = int.from_bytes(read_physical(table + index * 8, 8), "little")
        step = Step(level, table, index, descriptor, kind(descriptor, level), inherited)
        yield step
        if step.kind != "table":
            return
        table, inherited = descriptor & ADDRESS_MASK, inherited | descriptor


def kind(descriptor, level):
    """What a descriptor is, as a Step says it."""
    if not descriptor & VALID:
        return "invalid"
    if level < 3 and descriptor & TABLE:
        return "table"
    if level == 0 or level == 3 and not descriptor & TABLE:
        return "reserved"
    return "page" if level == 3 else "block"


def translate(name, va, read_register, read_physical):
    """The Mapping of `va`, or a text saying at which level there is none. The regime's name is "el1" or "el2"."""
    walked = regime(name, read_register)
    if va >> walked.bits:
        return "address above the %d bits of TCR_%s.T0SZ" % (walked.bits, name.upper())
    for step in steps(walked, va, read_physical):
        pass
    return mapping(walked, step, va) or no_mapping(step)


def no_mapping(step):
    """The words for a walk that ends at a Step without a mapping."""
    return "level %d entry at 0x%x is 0x%x: %s" % (step.level, step.table + step.index * 8, step.descriptor,
                                                   "invalid" if step.kind == "invalid" else "reserved encoding")


def mapping(regime, step, va):
    """The Mapping of `va` by the Step that ends its walk, or None."""
    if step.kind not in ("block", "page"):
        return None
    return _leaf(regime.name, step.descriptor, step.inherited, regime.mair, step.level, va & (1 << shift(step.level)) - 1)


def mappings(regime, read_physical):
    """Each (va, Mapping) of the regime in the order of addresses; tables are read whole. WalkError where they lead to more
    tables than there can be."""
    count = 0

    def below(level, table, va, inherited):
        nonlocal count
        count += 1
        if count > MOST_TABLES:
            raise WalkError("more than %d tables: what is read there are no tables" % MOST_TABLES)
        entries = min(512, 1 << regime.bits - shift(level))
        for index, descriptor in enumerate(struct.unpack("<%dQ" % entries, read_physical(table, entries * 8))):
            step = Step(level, table, index, descriptor, kind(descriptor, level), inherited)
            start = va + (index << shift(level))
            if step.kind == "table":
                yield from below(level + 1, descriptor & ADDRESS_MASK, start, inherited | descriptor)
            elif step.kind in ("block", "page"):
                yield start, mapping(regime, step, start)

    return below(first_level(regime), regime.root, 0, 0)


def _leaf(regime, descriptor, inherited, mair, level, offset):
    """Decode a block or page; `inherited` is all table descriptors above it ORed (APTable, XNTable, PXNTable)."""
    read_only = descriptor >> 7 & 1 or inherited >> 62 & 1
    attribute = mair >> 8 * (descriptor >> 2 & 7) & 0xff
    execute_never = descriptor >> 54 & 1 or inherited >> XN_TABLE & 1
    el0 = "---"
    if regime == "el1":
        reachable = descriptor & AP1 and not inherited >> 61 & 1
        el0 = _perm(reachable, reachable and not read_only, not execute_never)
        execute_never = descriptor >> 53 & 1 or inherited >> 59 & 1 or "w" in el0
    return Mapping(pa=(descriptor & ADDRESS_MASK & -1 << shift(level)) + offset,
                   perm=_perm(True, not read_only, not execute_never), el0=el0,
                   type="device" if attribute >> 4 == 0 else "normal",
                   kind=ATTRIBUTES.get(attribute, "attribute-0x%02x" % attribute), size=SIZES[level],
                   ng=bool(descriptor & NG), share=SHARES[descriptor >> 8 & 3], accessed=bool(descriptor & AF),
                   ap1=regime == "el1" or bool(descriptor & AP1))


def _perm(read, write, execute):
    return ("r" if read else "-") + ("w" if write else "-") + ("x" if execute else "-")
