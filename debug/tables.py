"""The kernel's tables of processes as the debugger sees them: who exists, whose address space the CPU has, where each stands.

Everything is read from physical memory, so it is the same whether the CPU is in the kernel or in a process.
"""
import functools
import re

import gdb

import target
import walk

STATES = {"PROC_FREE": "free", "PROC_EMBRYO": "embryo", "PROC_RUNNABLE": "ready", "PROC_RUNNING": "running",
          "PROC_WAITING": "waiting", "PROC_ZOMBIE": "zombie", "PROC_SLEEPING": "sleeping"}
NONE = 0xffffffff                                       # uapi/tables.h: no page, no descriptor
# Functions that run only when current->frame is complete; in others the CPU's ELR_EL2 says where the process was.
SAVED = {"trap_el1", "proc_switch", "el1_return", "proc_start"}


def lazy(name, lab=3, what="processes"):
    """gdb's value of a variable of the kernel, not read yet: fetch() it, or a part of it."""
    found = target.symbol(name)
    if found is None:
        raise gdb.GdbError("this kernel has no %s: they come with lab %d" % (what, lab))
    return found.value()


def fetch(value):
    """The value, read."""
    return gdb.Value(target.physical(int(value.address), value.type.sizeof), value.type)


def count(array):
    """How many elements an array has."""
    return array.type.range()[1] + 1


class Process:
    """One process, as it stands in the tables."""

    def __init__(self, pid):
        self.pid, self.proc = pid, fetch(lazy("procs")[pid])
        self.state = STATES.get(str(self.proc["state"].cast(gdb.lookup_type("enum proc_state"))), "state %d" % self.proc["state"])
        self.name = text(self.proc["name"])
        self.title = "process %d" % pid + (" (%s)" % self.name if self.name else "")

    @functools.cached_property
    def context(self):
        return fetch(lazy("contexts")[self.pid])

    @functools.cached_property
    def ttbr0(self):
        return int(self.context["el1"]["ttbr0_el1"])

    def translate(self, va):
        """walk.translate in this process's address space."""
        return walk.translate("el1", va, lambda name: self.ttbr0 if name == "TTBR0_EL1" else target.register(name), target.physical)

    def memory(self, va, length):
        """Bytes of its memory, which lie in one page; empty if that is not mapped, or its tables cannot be walked."""
        try:
            place = self.translate(va)
        except walk.WalkError:
            return b""
        return b"" if isinstance(place, str) else target.physical(place.pa, length)


def text(array):
    """The characters of a C string."""
    return "".join(map(chr, (int(array[n]) & 0xff for n in range(count(array))))).partition("\0")[0]


def process(argument):
    """The Process whose pid the user has typed."""
    pids = count(lazy("procs"))
    if not re.fullmatch(r"\d+", argument):
        raise gdb.GdbError("a process's number is wanted, 1 to %d; 'hv8 procs' lists them" % (pids - 1))
    found = Process(int(argument)) if 0 < int(argument) < pids else None
    if found is None or found.state == "free":
        raise gdb.GdbError("there is no process %s; 'hv8 procs' lists them" % argument)
    return found


def processes():
    """Every Process that exists, in order."""
    procs = fetch(lazy("procs"))
    return [Process(pid) for pid in range(1, count(procs)) if int(procs[pid]["state"])]


def current():
    """The pid that the kernel runs, or will run; 0: nobody."""
    pointer, contexts = int(fetch(lazy("current"))), lazy("contexts")
    return (pointer - int(contexts.address)) // contexts[0].type.sizeof if pointer else 0


def in_cpu():
    """The pid of the process whose address space the selected CPU has; 0: nobody's, or there are no processes yet."""
    root = target.register("TTBR0_EL1") & walk.ADDRESS_MASK
    if not root or target.symbol("contexts") is None:
        return 0

    def has_it(pid):
        return int(fetch(lazy("contexts")[pid]["el1"]["ttbr0_el1"])) & walk.ADDRESS_MASK == root

    first = current()
    if first and has_it(first):
        return first
    found = [one for one in processes() if has_it(one.pid)]
    return next((one.pid for one in sorted(found, key=lambda one: one.state == "zombie")), 0)
