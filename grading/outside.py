"""Outside reads: what a stopped guest's registers, translation tables and memory must be, read by gdbstub.

What a kernel prints about itself proves nothing, so these are read behind its back, at the first entry of a symbol. The four
forms, as test files write them (an ADDRESS is 0x..., a symbol, either with +OFFSET):
    reg: SCTLR_EL2.WXN = 1            reg: VBAR_EL2 = vectors        a field, a whole register,
    reg: TCR_EL2.RES1 = 0x80800000                                   or the bits of it that are reserved, one
    map: el2 ADDRESS = r-x normal 2M  map: el1 0x400000 = rw- el0:rw- nG        map: el2 0 = none
    mem: ADDRESS = 0x1234             phys: 0x09000024 = 0xd         64 bits of memory; 32 bits of a device
"""
import collections
import re

import machines
import registers
import walk
from gdbremote import GdbError

Read = collections.namedtuple("Read", "kind subject expected")
_PERM = "r[w-][x-]"
_WORDS = {"perm": (_PERM,), "el0": ("el0:[r-][w-][x-]",), "type": ("normal", "device") + tuple(walk.ATTRIBUTES.values()),
          "size": ("4K", "2M", "1G"), "ng": ("nG", "global"), "share": ("inner", "outer", "non")}
_UARTS = {start >> 12 for data in machines.MACHINES.values() for start, _, name in data.devices if name == "the UART"}
_ADDRESS = r"(0x[0-9a-fA-F]+|\d+|[A-Za-z_.]\w*)(?:\s*\+\s*(0x[0-9a-fA-F]+|\d+))?"


class Unresolved(Exception):
    """A symbol the kernel does not have."""


def parse(kind, text):
    """The Read that a header line asks for; ValueError says what is wrong with it."""
    left, equals, right = (part.strip() for part in text.partition("="))
    if not equals or not left or not right:
        raise ValueError("write WHAT = VALUE")
    if kind == "reg":
        register, _, name = left.partition(".")
        if register not in registers.REGISTERS:
            raise ValueError("unknown register %r; there are %s" % (register, ", ".join(registers.REGISTERS)))
        known = list(registers.REGISTERS[register]) + ["RES1"] * (register in registers.RES1)
        if name and name not in known:
            fields = ", ".join(known) or "none"
            raise ValueError("%s has no field %r; it has %s" % (register, name, fields))
        _check_address(right)
        return Read(kind, (register, name), right)
    if kind == "map":
        regime, _, address = left.partition(" ")
        if regime not in ("el1", "el2"):
            raise ValueError("the regime is el1 or el2, not %r" % regime)
        _check_address(address.strip())
        return Read(kind, (regime, address.strip()), _mapping_words(right, regime))
    _check_address(left)
    _check_address(right)
    if kind == "phys" and not left[0].isdigit():
        raise ValueError("the address must be a number")
    return Read(kind, left, right)


def _check_address(text):
    if not re.fullmatch(_ADDRESS, text):
        raise ValueError("%r is neither a number nor a symbol, with or without +OFFSET" % text)


def _mapping_words(text, regime):
    words = text.split()
    if words == ["none"]:
        return {}
    found = {}
    for word in words:
        category = next((c for c, forms in _WORDS.items() if any(re.fullmatch(form, word) for form in forms)), None)
        if category is None:
            raise ValueError("%r is no property of a mapping; write none, or like r-x, el0:r--, normal, device, nGnRE, 4K, 2M, "
                             "nG, global, inner" % word)
        if category in found:
            raise ValueError("%s and %s contradict each other" % (found[category], word))
        if regime == "el2" and category in ("el0", "ng"):
            raise ValueError("%s has no meaning at el2" % word)
        found[category] = word
    if "perm" not in found:
        raise ValueError("the permissions are missing, like r-x")
    return found


class Reader:
    """Carries out Reads on a stopped guest. `address_of(symbol)` gives run addresses or None."""

    def __init__(self, gdb, address_of):
        self._gdb, self._address_of, self._cache = gdb, address_of, {}

    def check(self, read):
        """None, or what was expected and what is there: a line, and one more for each of several fields that differ."""
        try:
            return getattr(self, "_check_" + read.kind)(read)
        except (GdbError, walk.WalkError, Unresolved) as error:
            return "%s: %s" % (_title(read), error)

    def _value(self, text):
        base, offset = re.fullmatch(_ADDRESS, text).groups()
        if base[0].isdigit():
            return int(base, 0) + int(offset or "0", 0)
        address = self._address_of(base)
        if address is None:
            raise Unresolved("the kernel has no symbol %s" % base)
        return address + int(offset or "0", 0)

    def _register(self, name):
        if name not in self._cache:
            encoding = registers.ENCODINGS.get(name)
            self._cache[name] = (self._gdb.system_register(encoding) if encoding else
                                 self._gdb.register(registers.gdb_names(name)))
        return self._cache[name]

    def _physical(self, address, length):
        self._gdb.physical_memory(True)
        try:
            return self._gdb.read(address, length)
        finally:
            self._gdb.physical_memory(False)

    def _check_reg(self, read):
        register, name = read.subject
        value, expected = self._register(register), self._value(read.expected)
        if name:
            value = registers.field(register, name, value)
        if value == expected:
            return None
        if name:
            return registers.difference(register, name, expected, value)
        fields, whole = registers.differences(register, expected, value), "expected 0x%x, got 0x%x" % (expected, value)
        if len(fields) == 1:
            return "%s (all of %s: %s)" % (fields[0], register, whole)
        return "\n".join(["%s: %s" % (register, whole)] + fields)

    def _check_map(self, read):
        regime, address = read.subject
        va = self._value(address)
        mapping = walk.translate(regime, va, self._register, self._physical)
        if isinstance(mapping, str):
            return None if not read.expected else "%s: expected %s, got none (%s)" % (_title(read), _words(read), mapping)
        kind = "normal" if mapping.kind == "writeback" else mapping.kind        # the word alone means write-back
        facts = {"perm": [mapping.perm], "el0": ["el0:" + mapping.el0], "type": [kind, mapping.kind],
                 "size": [mapping.size], "ng": ["nG" if mapping.ng else "global"], "share": [mapping.share]}
        if mapping.type == "device":
            facts["type"].append("device")
        wanted = dict(read.expected)
        if regime == "el1":
            wanted.setdefault("el0", "el0:---")         # what EL0 may do is never left open
        if read.expected and mapping.accessed and mapping.ap1 and all(word in facts[category] for category, word in wanted.items()):
            return None
        flags = [] if mapping.accessed else ["the access flag clear"]
        flags += [] if mapping.ap1 else ["AP[1] clear"]
        shown = [mapping.perm] + (["el0:" + mapping.el0] if regime == "el1" else []) + [kind, mapping.size, mapping.share]
        shown += [facts["ng"][0]] if regime == "el1" else []
        shown += ["with " + " and ".join(flags)] if flags else []
        return "%s: expected %s, got %s (pa 0x%x)" % (_title(read), _words(read), " ".join(shown), mapping.pa)

    def _check_mem(self, read, length=8, what=""):
        value = int.from_bytes(self._physical(self._value(read.subject), length), "little")
        expected = self._value(read.expected)
        return None if value == expected else "%s%s: expected 0x%x, got 0x%x" % (_title(read), what, expected, value)

    def _check_phys(self, read):
        page, offset = divmod(self._value(read.subject), 0x1000)
        name = registers.PL011.get(offset) if page in _UARTS else None
        return self._check_mem(read, 4, " (PL011 %s)" % name if name else "")


def _title(read):
    if read.kind == "reg":
        return ".".join(part for part in read.subject if part)
    return "%s %s" % (read.kind, " ".join(read.subject) if read.kind == "map" else read.subject)


def _words(read):
    return " ".join(read.expected.values()) or "none"
