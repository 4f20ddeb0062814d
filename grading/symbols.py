"""Symbols of a kernel: names to addresses from the ELF symbol table, addresses to functions and lines by addr2line.

The kernel is linked at 0 and runs at a base; all addresses here are link addresses. Works without addr2line: then there are
function names, but no lines.
"""
import bisect
import functools
import os
import re
import struct
import subprocess

_SHT_SYMTAB, _SHF_EXECINSTR, _STT_FUNC = 2, 4, 2
Place = re.compile(r"(?P<file>[^:]+):(?P<line>\d+)")


class Symbols:
    """The symbols of one ELF file; an absent or odd file has none."""

    def __init__(self, path, addr2line, top="."):
        """`addr2line`: the command, a list of words; `top`: the folder that places in the source are shown from."""
        self._path, self._addr2line, self._top, self._addresses = path, addr2line, top, {}
        code, self._code_ranges = [], []
        sections, symbols = _read_elf(path)
        for flags, address, size in sections:
            if flags & _SHF_EXECINSTR:
                self._code_ranges.append((address, address + size))
        for name, kind, address, section in symbols:
            if name.startswith("$") or not 0 < section < len(sections):
                continue                            # mapping symbols, undefined ones, constants
            self._addresses.setdefault(name, address)
            code.append((address, kind != _STT_FUNC, name))
        self._code = sorted(code, key=lambda entry: (entry[0], not entry[1]))     # at one address functions come last, and win
        self._starts = [entry[0] for entry in self._code]
        self.locate = functools.lru_cache(maxsize=None)(self._locate)

    def address(self, name):
        """Link address of a symbol, or None."""
        return self._addresses.get(name)

    def is_code(self, address):
        """Is this link address inside the instructions?"""
        return any(start <= address < end for start, end in self._code_ranges)

    def function(self, address):
        """Name of the symbol at or before a link address; a local label of assembly is passed over for the routine."""
        index = bisect.bisect_right(self._starts, address) - 1
        while index >= 0 and self._code[index][2].startswith((".", "L")):
            index -= 1
        return self._code[index][2] if index >= 0 else None

    def _locate(self, address):
        """(function, "file:line" or "") of a link address: the innermost inlined function where there are several."""
        name = self.function(address)
        try:
            output = subprocess.run(self._addr2line + ["-fie", self._path, "0x%x" % address], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, timeout=20, check=True).stdout.decode(errors="replace")
        except (OSError, subprocess.SubprocessError):
            return name, ""
        function, place = (output.splitlines() + ["??", "??:0"])[:2]
        found = Place.match(place)
        if function not in ("??", ""):
            name = function
        return name, "%s:%s" % (_short_path(found.group("file"), self._top), found.group("line")) if found else ""


def _short_path(path, top):
    """The path from the top of the tree on, when the file is under it."""
    relative = os.path.relpath(path, top)
    return path if relative.startswith("..") else relative


def _read_elf(path):
    """Sections as (flags, address, size) and symbols as (name, type, value, section index) of a little-endian ELF64 file."""
    sections, symbols = [], []
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data[:6] != b"\x7fELF\x02\x01":
            return [], []
        table, = struct.unpack_from("<Q", data, 0x28)
        entry_size, count = struct.unpack_from("<HH", data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, table + n * entry_size) for n in range(count)]
        sections = [(header[2], header[3], header[5]) for header in headers]
        for header in (h for h in headers if h[1] == _SHT_SYMTAB):
            strings = headers[header[6]][4]
            for offset in range(header[4], header[4] + header[5], 24):
                name, info, _, section, value, _ = struct.unpack_from("<IBBHQQ", data, offset)
                end = data.index(b"\0", strings + name)
                symbols.append((data[strings + name:end].decode(errors="replace"), info & 15, value, section))
    except (OSError, struct.error, IndexError, ValueError):
        pass
    return sections, symbols
