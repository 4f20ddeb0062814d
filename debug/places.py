"""Where code runs: the function and the source line of an address, the calls that led there; `hv8 where`.

The kernel's calls are followed through its stack, a process's through its own, by the frame records of AAPCS64 6.2.3. No symbols
need to be loaded in gdb for it: kernel.elf and build/labN/programs/ are read here.
"""
import functools
import os
import re
import subprocess

import gdb

import cpus
import explain
import tables
import target

TREE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WIDTH, DEEPEST = 108, 8                                 # columns; callers that are shown
AROUND = 16                                             # words on each side of a PC that tell programs apart
UVA_VECTORS = range(0x10000, 0x11000)                   # uapi/hypercall.h


@functools.lru_cache(maxsize=None)
def _code(folder):
    tools = os.path.join(TREE, "grading", "tools.sh")
    found = subprocess.run(["sh", tools, "cross"], stdout=subprocess.PIPE, text=True, check=False)
    return explain.Code(folder, [found.stdout.strip() + "addr2line"], TREE, TREE)


def code():
    """The explain.Code of the kernel that is debugged and its programs."""
    return _code(os.path.dirname(os.path.realpath(target.kernel().filename)))


def base():
    return target.elf()[1]


def in_kernel(address):
    return code().kernel.is_code(address - base())


def program_names():
    """The programs that were built."""
    try:
        return sorted(os.listdir(os.path.join(os.path.dirname(target.kernel().filename), "programs")))
    except OSError:
        return []


def program(process, pc):
    """The name of the program that runs in a process, or None: by its name or its parent's program, if the instructions around its
    PC are that one's; otherwise by those, and if several programs have them by all of the page."""
    words, names = _words(process, max(pc & -4096, pc - 4 * AROUND), 8 * AROUND), program_names()
    parent = int(process.proc["parent"])

    def fits(name):
        symbols = code().program(name)
        return symbols.has_code(words) if words and symbols.is_code(pc) else None

    if process.name in names and fits(process.name) is not False:
        return process.name             # a PC outside of it does not contradict: a process may make code
    inherited = program(tables.Process(parent), pc) if parent and not process.name else None
    if inherited and fits(inherited):
        return inherited
    found = [name for name in names if fits(name)]
    if len(found) > 1:
        whole = _words(process, pc & -4096, 4096)
        found = [name for name in found if code().program(name).has_code(whole)]
    return found[0] if len(found) == 1 else None


def _words(process, start, length):
    """{address: word} of a process's memory, as far as it lies in one page."""
    data = process.memory(start, min(length, (start | 4095) + 1 - start)) if start % 4 == 0 else b""
    return {start + n: int.from_bytes(data[n:n + 4], "little") for n in range(0, len(data), 4)}


class Stand:
    """Where a process stands: pc and pstate as it left them, or has them; and the calls that led there, the innermost first."""

    def __init__(self, process):
        self.process = process
        frame = process.context["frame"]
        self.pc, self.pstate = int(frame["elr"]), int(frame["spsr"])
        link, pointer = int(frame["x"][30]), int(frame["x"][29])
        if process.pid == tables.in_cpu():
            if target.level() < 2:
                self.pc, self.pstate, link, pointer = (target.register(name) for name in ("pc", "cpsr", "x30", "x29"))
            else:
                calls, its_pointer = kernel_calls()
                if not tables.SAVED & {function for function, _ in map(kernel_place, calls)}:
                    self.pc, self.pstate, pointer = target.register("ELR_EL2"), target.register("SPSR_EL2"), its_pointer
        self.program = program(process, self.pc)
        self.calls = [self.pc] + _callers(link, pointer, lambda at: process.memory(at, 16))

    def place(self, address=None):
        """(function, "file:line") of its PC, or of an address behind a call of its."""
        at = self.pc if address is None else address - 4
        found = self.program and code().place_in_program(self.program, at)
        if not found and at in UVA_VECTORS:
            return "the vector page that the kernel gives each process", ""
        return found or ("0x%x" % at, "")

    def short(self):
        """Its place in a few words."""
        function, place = self.place()
        return function + (", " + os.path.basename(place) if place else "")

    def lines(self):
        shown, last = [], None
        for address in self.calls:
            found = self.place(None if not shown else address)
            if shown and (not self.program or not code().program(self.program).is_code(address - 4) or found[0] == last):
                continue
            last = found[0]
            shown.append(_line(address, found))
        return shown[:DEEPEST]


def _callers(link, pointer, read):
    """Return addresses: X30, then those of the frame records that X29 leads to."""
    found = [link]
    while pointer and pointer % 16 == 0 and len(found) < 4 * DEEPEST:
        record = read(pointer)
        if len(record) < 16:
            break
        above, back = int.from_bytes(record[:8], "little"), int.from_bytes(record[8:], "little")
        found.append(back)
        if above <= pointer:
            break
        pointer = above
    return [address for address in found if address]


def kernel_calls():
    """Of a CPU at EL2: the addresses that its PC and its stack show, the innermost first; and X29 of the process that called."""
    pointer, found = target.register("x29"), [target.register("pc"), target.register("x30")]
    stacks = [_range("_stack", "_stack_top"), _range("_panic_stack", "_panic_stack_top")]
    while any(pointer in stack for stack in stacks) and pointer % 16 == 0 and len(found) < 4 * DEEPEST:
        record = target.physical(pointer, 16)
        found.append(int.from_bytes(record[8:], "little"))
        pointer = int.from_bytes(record[:8], "little")
    return [found[0]] + [address for address in found[1:] if in_kernel(address - 4)], pointer


def _range(first, behind):
    symbols, at = target.elf()
    return range(*((symbols.address(name) or 0) + at for name in (first, behind)))


def kernel_place(address):
    return code().place(address, base()) or ("0x%x" % address, "")


def _line(address, found):
    function, place = found
    line = code().source_line(place)
    text = "  0x%08x  %-18s %s" % (address, function, line or place)
    return (text if len(text) <= WIDTH else text[:WIDTH - 3] + "...").rstrip()


def _kernel_lines():
    shown, last = [], None
    for n, address in enumerate(kernel_calls()[0]):
        found = kernel_place(address - 4 if n else address)
        if found[0] != last:
            shown.append(_line(address, found))
        last = found[0]
    return shown[:DEEPEST]


class Where(target.Command):
    """Say where every CPU is, and the calls that led there: hv8 where

    Exception level and PSTATE, the process whose address space the CPU has, functions and source lines; of a CPU in the
    kernel also where that process stands.
    """
    name = "where"

    def run(self, arguments):
        target.need_stopped()
        selected = gdb.selected_thread()
        try:
            for thread in sorted(gdb.selected_inferior().threads(), key=lambda thread: thread.num):
                thread.switch()
                print("\n".join(self._cpu(thread.num - 1, target.packets())))
        finally:
            selected.switch()

    def _cpu(self, number, packets):
        state = bytes.fromhex(packets.command("qThreadExtraInfo," + packets.current_thread())).decode("latin-1")
        pc, pstate = target.register("pc"), target.register("cpsr")
        title, level = "CPU %d: " % number, pstate >> 2 & 3
        if pc == 0 and "halted" in state:
            return [title + "has not been started"]
        pid = tables.in_cpu()
        stand = Stand(tables.Process(pid)) if pid else None
        title += cpus.state(pstate)
        if level < 2:
            if stand is None:
                return [title + "at 0x%x; no process has this address space" % pc]
            return [title + stand.process.title] + stand.lines()
        running = tables.current() if stand else 0
        title += "in the kernel" + (", which waits in WFI" if "halted" in state else "")
        if stand and running != pid:
            title += "; %s runs next" % tables.Process(running).title if running else "; nobody runs"
        shown = [title] + (_kernel_lines() if in_kernel(pc) else [_line(pc, ("0x%x, outside of the kernel" % pc, ""))])
        if stand:
            level = re.sub(", $", "", cpus.state(stand.pstate))
            shown += ["%s, at %s, is at" % (stand.process.title, level)] + stand.lines()
        return shown
