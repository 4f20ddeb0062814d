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

_SHT_SYMTAB, _SHF_ALLOC, _SHF_EXECINSTR, _STT_FUNC = 2, 2, 4, 2
Place = re.compile(r"(?P<file>[^:]+):(?P<line>\d+)")


class Symbols:
    """The symbols of one ELF file; an absent or odd file has none."""

    def __init__(self, path, addr2line, top="."):
        """`addr2line`: the command, a list of words; `top`: the folder that places in the source are shown from."""
        self._path, self._addr2line, self._top = path, addr2line, top
        self._addresses, self._sizes, self._code_offsets = {}, {}, []
        code, self._code_ranges, self._sections = [], [], []
        sections, symbols = _read_elf(path)
        for section, flags, address, offset, size in sections:
            if flags & _SHF_ALLOC and size:
                self._sections.append((address, address + size, section))
            if flags & _SHF_EXECINSTR:
                self._code_offsets.append((address, address + size, offset))
                self._code_ranges.append((address, address + size))
        for name, kind, address, section, size in symbols:
            if name.startswith("$") or not 0 < section < len(sections):
                continue                            # mapping symbols, undefined ones, constants
            self._addresses.setdefault(name, address)
            self._sizes.setdefault(name, size)
            code.append((address, kind != _STT_FUNC, name))
        self._code = sorted(code, key=lambda entry: (entry[0], not entry[1]))     # at one address functions come last, and win
        self._starts = [entry[0] for entry in self._code]
        self.frames = functools.lru_cache(maxsize=None)(self._frames)

    def address(self, name):
        """Link address of a symbol, or None."""
        return self._addresses.get(name)

    def size(self, name):
        """How many bytes a symbol's object or function has, or None."""
        return self._sizes.get(name)

    def is_code(self, address):
        """Is this link address inside the instructions?"""
        return any(start <= address < end for start, end in self._code_ranges)

    def section(self, address):
        """Name of the section that a link address is in, or None."""
        return next((name for start, end, name in self._sections if start <= address < end), None)

    def function(self, address):
        """Name of the symbol at or before a link address; a local label of assembly is passed over for the routine."""
        index = bisect.bisect_right(self._starts, address) - 1
        while index >= 0 and self._code[index][2].startswith((".", "L")):
            index -= 1
        return self._code[index][2] if index >= 0 else None

    def locate(self, address):
        """(function, "file:line" or "") of a link address: the innermost inlined function where there are several."""
        return self.frames(address)[0]

    def _frames(self, address):
        """What locate returns of the innermost function at a link address, then of each that it is inlined in."""
        name = self.function(address)
        try:
            output = subprocess.run(self._addr2line + ["-fie", self._path, "0x%x" % address], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, timeout=20, check=True).stdout.decode(errors="replace")
        except (OSError, subprocess.SubprocessError):
            return [(name, "")]
        rows, frames = output.splitlines(), []
        for function, place in zip(rows[::2], rows[1::2]):
            found = Place.match(place)
            frames.append((name if function in ("??", "") else function,
                           "%s:%s" % (_short_path(found.group("file"), self._top), found.group("line")) if found else ""))
        return frames or [(name, "")]

    def has_code(self, words):
        """Are these, as {link address: word}, the instructions here, as far as they lie in one section?"""
        found = [(self.word(address), word) for address, word in words.items() if self.is_code(address)]
        return bool(found) and all(here == word for here, word in found)

    def word(self, address):
        """The instruction at a link address, or None."""
        try:
            with open(self._path, "rb") as file:
                for start, end, offset in self._code_offsets:
                    if start <= address < end:
                        file.seek(offset + address - start)
                        return int.from_bytes(file.read(4), "little")
        except OSError:
            pass
        return None


def _short_path(path, top):
    """The path from the top of the tree on, when the file is under it."""
    relative = os.path.relpath(path, top)
    return path if relative.startswith("..") else relative


def _read_elf(path):
    """Sections as (name, flags, address, offset, size), symbols as (name, type, value, section index, size) of a little-endian ELF64."""
    sections, symbols = [], []
    try:
        with open(path, "rb") as file:
            data = file.read()
        if data[:6] != b"\x7fELF\x02\x01":
            return [], []
        table, = struct.unpack_from("<Q", data, 0x28)
        entry_size, count = struct.unpack_from("<HH", data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, table + n * entry_size) for n in range(count)]
        names = headers[struct.unpack_from("<H", data, 0x3e)[0]][4]
        sections = [(_string(data, names + header[0]),) + header[2:6] for header in headers]
        for header in (h for h in headers if h[1] == _SHT_SYMTAB):
            strings = headers[header[6]][4]
            for offset in range(header[4], header[4] + header[5], 24):
                name, info, _, section, value, size = struct.unpack_from("<IBBHQQ", data, offset)
                symbols.append((_string(data, strings + name), info & 15, value, section, size))
    except (OSError, struct.error, IndexError, ValueError):
        pass
    return sections, symbols


def _string(data, start):
    return data[start:data.index(b"\0", start)].decode(errors="replace")
