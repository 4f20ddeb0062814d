"""Looks at a submission's object files before the model machine is run with them on this host.

The kernel's C files need nothing of the host: no name that the course's own kernel does not use, no section that runs by itself, no
inline assembly. `allowed` learns from the course's solution what they do need; `complaint` says in a line what an object has
beyond that.
"""
import collections
import os
import re
import struct

Symbols = collections.namedtuple("Symbols", "kernel seam others")
# kernel: names that the kernel's own files define or need; seam: names of the machine that kernel code may need;
# others: names that everything else needs, so that a definition of one would put itself in its place.
SECTIONS = (".text", ".data", ".rodata", ".bss", ".debug_", ".rel", ".note", ".comment", ".symtab", ".strtab", ".shstrtab",
            ".eh_frame", ".group", ".llvm_addrsig")
COMPILERS = re.compile(r"mem(cpy|set|move|cmp)|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__u?(div|mod)[dt]i3|__aarch64_\w+")
SELF_STARTING = (14, 15, 16)        # SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY
IFUNC, EXECUTABLE, LOCAL, UNDEFINED, COMMON = 10, 4, 0, 0, 0xfff2
ASSEMBLY = re.compile(r'\b(?:asm|__asm|__asm__)\b(?!\s*(?:volatile|__volatile__)?\s*\(\s*""\s*[:)])')

Object = collections.namedtuple("Object", "sections symbols")       # [(name, type, flags)], [(name, type, bind, section)]


def read(path):
    """The Object in a file; ValueError if it is no relocatable ELF64 file in order."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("%s is no ELF64 file" % path)
        table, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, table + n * size) for n in range(count)]
        sections = [(_text(data, headers[names][4] + header[0]), header[1], header[2]) for header in headers]
        symbols = []
        for header in (header for header in headers if header[1] == 2):
            for offset in range(header[4], header[4] + header[5], 24):
                name, info, _, section = struct.unpack_from("<IBBH", data, offset)
                symbols.append((_text(data, headers[header[6]][4] + name), info & 15, info >> 4, section))
    except (struct.error, IndexError):
        raise ValueError("%s is damaged" % path) from None
    return Object(sections, symbols)


def _text(data, start):
    return data[start:data.index(b"\0", start)].decode(errors="replace")


def _names(paths, defined):
    """The global names that object files define, or need."""
    return {name for path in paths for name, _, bind, section in read(path).symbols
            if name and bind != LOCAL and (section != UNDEFINED) == defined}


def _under(*folder):
    return [os.path.join(top, name) for top, _, names in os.walk(os.path.join(*folder)) for name in names if name.endswith(".o")]


def allowed(tree, products):
    """The Symbols of the course's solution, built in `tree`."""
    kernel, model = _under(products, "host", "kernel"), _under(products, "host", "grading")
    with open(os.path.join(tree, "grading", "model", "machine.h"), encoding="utf-8") as file:
        seam = set(re.findall(r"\w+", file.read())) & _names(model, True)
    own = _names(kernel, True) | _names(kernel, False) | _names(_under(products, "kernel"), True)
    return Symbols(sorted(own), sorted(seam), sorted(_names(model, False)))


def complaint(path, preprocessed, symbols):
    """What an object file has that a kernel's has not: the end of a sentence, or None. `preprocessed`: its source, as text."""
    try:
        found = read(path)
    except (OSError, ValueError) as error:
        return "gives no object file in order (%s)" % error
    known = set(symbols.kernel) | set(symbols.seam)
    for name, kind, flags in found.sections:
        if kind in SELF_STARTING or name and not name.startswith(SECTIONS):
            return "has a section %s, which is not the kernel's" % name
        if flags & EXECUTABLE and not name.startswith(".text"):
            return "has instructions in its section %s" % name
    for name, kind, bind, section in found.symbols:
        if kind == IFUNC:
            return "has %s chosen when the program starts (ifunc)" % name
        if bind == LOCAL or not name:
            continue
        if section == UNDEFINED and name not in known and not COMPILERS.fullmatch(name):
            return "calls %s, which is not the kernel's" % name
        if section != UNDEFINED and name not in symbols.kernel and name in set(symbols.others) | set(symbols.seam):
            return "defines %s, which is not the kernel's" % name
    text = re.sub(r'"(?:\\.|[^"\\\n])+"', '"."', preprocessed)
    return "has inline assembly, which kernel C has not" if ASSEMBLY.search(text) else None
