"""Looks at a submission's object files before the model machine is run with them on this host.

The kernel's C files need nothing of the host: no name that the course's own kernel does not use, no section that runs by itself, no
inline assembly, no system call. `allowed` learns from the course's solution what they do need; `complaint` and `intrusion` say in
a line what is beyond that.
"""
import collections
import os
import re
import struct

Symbols = collections.namedtuple("Symbols", "kernel seam others exported")
# kernel: names that the kernel's own files define or need; seam: names of the machine that kernel code may need;
# others: names that everything else needs, so that a definition of one would put itself in its place; exported: names that the
# whole program offers to the C library.
SECTIONS = (".text", ".data", ".rodata", ".bss", ".debug_", ".rel", ".note", ".comment", ".symtab", ".strtab", ".shstrtab",
            ".eh_frame", ".group", ".llvm_addrsig")
COMPILERS = re.compile(r"mem(cpy|set|move|cmp)|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_|__u?(div|mod)[dt]i3|__aarch64_\w+")
SELF_STARTING = (14, 15, 16)        # SHT_INIT_ARRAY, SHT_FINI_ARRAY, SHT_PREINIT_ARRAY
IFUNC, EXECUTABLE, LOCAL, UNDEFINED = 10, 4, 0, 0
STRING = re.compile(r'"(?:\\.|[^"\\\n])*"|' + r"'(?:\\.|[^'\\\n])*'")
ASSEMBLY = re.compile(r'\b(?:asm|__asm|__asm__)\b(?!\s*(?:volatile|__volatile__)?\s*\(\s*""\s*[:)])')

SYMTAB, DYNSYM, X86_64, AARCH64 = 2, 11, 62, 183

Object = collections.namedtuple("Object", "machine sections symbols")
# sections: [(name, type, flags, content)], symbols: [(name, type, bind, section)]


def read(path, table_type=SYMTAB):
    """The Object in a file, with the symbols of its tables of one type; ValueError if it is no ELF64 file in order."""
    with open(path, "rb") as file:
        data = file.read()
    try:
        if data[:6] != b"\x7fELF\x02\x01":
            raise ValueError("%s is no ELF64 file" % path)
        machine, = struct.unpack_from("<H", data, 0x12)
        table, = struct.unpack_from("<Q", data, 0x28)
        size, count, names = struct.unpack_from("<HHH", data, 0x3a)
        headers = [struct.unpack_from("<IIQQQQIIQQ", data, table + n * size) for n in range(count)]
        sections = [(_text(data, headers[names][4] + header[0]), header[1], header[2], data[header[4]:header[4] + header[5]])
                    for header in headers]
        symbols = []
        for header in (header for header in headers if header[1] == table_type):
            for offset in range(header[4], header[4] + header[5], 24):
                name, info, _, section = struct.unpack_from("<IBBH", data, offset)
                symbols.append((_text(data, headers[header[6]][4] + name), info & 15, info >> 4, section))
    except (struct.error, IndexError):
        raise ValueError("%s is damaged" % path) from None
    return Object(machine, sections, symbols)


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
    program = os.path.join(products, "model")
    others = {name.split("@")[0] for name in _names(model + [program], False)}      # also what the compiler's start files look for
    return Symbols(sorted(own), sorted(seam), sorted(others), sorted(_exported(program)))


def _exported(program):
    return {name for name, _, _, section in read(program, DYNSYM).symbols if section != UNDEFINED}


def complaint(path, preprocessed, symbols):
    """What an object file has that a kernel's has not: the end of a sentence, or None. `preprocessed`: its source, as text."""
    try:
        found = read(path)
    except (OSError, ValueError) as error:
        return "gives no object file in order (%s)" % error
    known = set(symbols.kernel) | set(symbols.seam)
    for name, kind, flags, content in found.sections:
        if kind in SELF_STARTING or name and not name.startswith(SECTIONS):
            return "has a section %s, which is not the kernel's" % name
        if flags & EXECUTABLE and not name.startswith(".text"):
            return "has instructions in its section %s" % name
        at = _system_call(content, found.machine) if flags & EXECUTABLE else None
        if at is not None:
            return "has the bytes of a system call at %s+0x%x" % (name, at)
    for name, kind, bind, section in found.symbols:
        if kind == IFUNC:
            return "has %s chosen when the program starts (ifunc)" % name
        if bind == LOCAL or not name:
            continue
        if section == UNDEFINED and name not in known and not COMPILERS.fullmatch(name):
            return "calls %s, which is not the kernel's" % name
        if section != UNDEFINED and name not in symbols.kernel and name in set(symbols.others) | set(symbols.seam):
            return "defines %s, which is not the kernel's" % name
    text = STRING.sub(lambda match: '""' if match.group() == '""' else '"."', preprocessed)
    return "has inline assembly, which kernel C has not" if ASSEMBLY.search(text) else None


def intrusion(program, symbols):
    """What the linked program offers to the C library beyond what the course's does: the end of a sentence, or None."""
    more = _exported(program) - set(symbols.exported)
    return "defines %s, which is the C library's" % min(more) if more else None


def _system_call(code, machine):
    """Where in the bytes `code` an instruction for the host's kernel is, or None."""
    if machine == X86_64:                   # syscall, sysenter, int 0x80; at any byte, since one can jump there
        return min((code.find(one) for one in (b"\x0f\x05", b"\x0f\x34", b"\xcd\x80") if one in code), default=None)
    if machine == AARCH64:                  # svc
        words = struct.iter_unpack("<I", code[:len(code) & ~3])
        return next((4 * n for n, (word,) in enumerate(words) if word & 0xffe0001f == 0xd4000001), None)
    return None
