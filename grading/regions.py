"""Says what an address is: a part of the kernel's image, of the machine, or of a program; for the report of a fault.

The kernel runs with VA = PA, so the same words serve both. Of a process only the program's own sections are known.
"""
import machines

PAGE = 4096
SIZES = {"M": 1 << 20, "G": 1 << 30}
STACKS = (                          # (first symbol, the symbol behind it, what lies between)
    ("_guard", "_stack", "the guard page below the kernel's stack: a stack overflow"),
    ("_stack", "_stack_top", "the kernel's stack"),
    ("_panic_guard", "_panic_stack", "the guard page below the panic stack"),
    ("_panic_stack", "_panic_stack_top", "the panic stack"),
)
IMAGE = (("_start", "_text", "the image's header"), ("_text", "_etext", "the kernel's text"),
         ("_rodata", "_erodata", "the kernel's read-only data"), ("_data", "_edata", "the kernel's data"))
SECTIONS = {".head": "header", ".text": "text", ".rodata": "read-only data", ".data": "data", ".bss": "data"}


class Regions:
    """The address space of one run: `kernel` its Symbols, at `base`, on `machine` with so much memory, like 1G."""

    def __init__(self, kernel, base, machine, memory):
        data = machines.MACHINES[machine]
        self._kernel, self._base, self._devices = kernel, base, data.devices
        self._ram = (data.ram, data.ram + int(memory[:-1]) * SIZES[memory[-1]])

    def name(self, address):
        """The words for an address at EL2."""
        if address < PAGE:
            return "page 0, where null pointers lead"
        if address >> 48:
            return "beyond the 48 bits of an address of EL2"
        part = _in_stacks(self._kernel, address - self._base) or _in_sections(self._kernel, "the kernel's", address - self._base)
        if part:
            return part
        for start, end, name in self._devices:
            if start <= address < end:
                return name
        start, end = self._ram
        if start <= address < end:
            return "memory outside the kernel's image"
        return "beyond the end of memory (0x%x)" % end if address >= end else "no memory and no device of this machine"

    def parts(self):
        """All of them as a list of (start, end, words), by address: page 0, the image's parts, the devices, other memory."""
        image = [(self._base + self._kernel.address(first), self._base + self._kernel.address(behind), words.partition(":")[0])
                 for first, behind, words in IMAGE + STACKS
                 if self._kernel.address(first) is not None and self._kernel.address(behind) is not None]
        found, at = sorted([(0, PAGE, self.name(0))] + image + [d for d in self._devices if d[0]]), self._ram[0]
        for start, end, _ in sorted(found + [(self._ram[1], self._ram[1], "")]):
            if self._ram[0] <= at < start <= self._ram[1]:
                found.append((at, start, "memory outside the kernel's image"))
            at = max(at, end)
        return sorted(found)

    def is_memory(self, address):
        """Is there memory at this physical address?"""
        return self._ram[0] <= address < self._ram[1]

    def name_in_process(self, address, name, program):
        """The words for an address of a process that runs the program of this name, whose Symbols are `program`."""
        if address < PAGE:
            return "page 0, where null pointers lead"
        if address >> 48:
            return "the upper half, which has no tables"
        return _in_sections(program, "its", address) or "no part of %s" % name


def _in_stacks(kernel, address):
    for first, behind, words in STACKS:
        start, end = kernel.address(first), kernel.address(behind)
        if start is not None and end is not None and start <= address < end:
            return words
    return None


def _in_sections(symbols, whose, address):
    section = symbols.section(address)
    if section is None:
        return None
    name = symbols.function(address)
    offset = address - (symbols.address(name) or address) if name else 0
    words = SECTIONS.get(section, section)
    return "%s %s" % (whose, words) + (", %s+0x%x" % (name, offset) if name else "")
