"""Symbols of the program that runs: at each stop gdb has those of the process whose address space the CPU has, and no others.

All programs are linked at the same addresses, so the symbols of two would hide each other. `hv8 program` loads a program's by hand,
`hv8 break` stops in one program alone, `hv8 return` goes from the kernel back to the process that called it.
"""
import os

import gdb

import gdbremote
import places
import tables
import target
import walk

_loaded = None                                          # whose symbols gdb has: a program's name


def path(name):
    return os.path.join(os.path.dirname(target.kernel().filename), "programs", name)


def use(name):
    """Have the symbols of this program, and of no other. Returns whether that changes anything."""
    global _loaded
    if name == _loaded:
        return False
    if _loaded:
        gdb.execute("with confirm off -- remove-symbol-file " + path(_loaded), to_string=True)
        _loaded = None
    if name:
        gdb.execute("with confirm off -- add-symbol-file " + path(name), to_string=True)
        _loaded = name
    return True


def running():
    """The Process whose address space the CPU has and its program's name; None for what is not known."""
    pid = tables.in_cpu()
    if not pid:
        return None, None
    process = tables.Process(pid)
    return process, places.program(process, target.register("pc" if target.level() < 2 else "ELR_EL2"))


def _stopped(_):
    """gdb's event: the guest has stopped."""
    if not gdb.objfiles():
        return                                          # gdb attaches; the kernel's symbols come next
    try:
        process, name = running()
        if process is None or not use(name):
            return
        print("[now %s: %s]" % (process.title, "symbols of " + name if name else "none of the programs has this code, no symbols"))
        if target.level() < 2:                          # gdb has told the place before it tells us, by the symbols of then
            gdb.execute("frame")
    except (gdb.error, gdb.GdbError, gdbremote.GdbError, walk.WalkError) as error:
        print("[which process runs is not known: %s]" % error)


gdb.events.stop.connect(_stopped)


class Program(target.Command):
    """Say whose symbols are loaded beside the kernel's, or load those of a program by hand: hv8 program [NAME]

    By itself gdb has the symbols of the process whose address space the CPU has. By hand you get those of a
    program that does not run yet, to look at it or to set breakpoints; they go when another runs at a stop.
    """
    name = "program"

    def run(self, arguments):
        if arguments:
            _must_be_program(arguments)
            use(arguments)
        print("symbols of %s are loaded" % _loaded if _loaded else "no program's symbols are loaded")


def _must_be_program(name):
    if name not in places.program_names():
        raise gdb.GdbError("there is no program %s in %s" % (name, path("")))


class Only(gdb.Breakpoint):
    """A breakpoint at an address in processes for which `fits` is true; any other process at this address goes on."""

    def __init__(self, address, fits, temporary=False):
        super().__init__("*0x%x" % address, type=gdb.BP_HARDWARE_BREAKPOINT, temporary=temporary)
        self._fits = fits

    def stop(self):
        with target.deciding():
            return target.level() < 2 and self._fits(*running())


class Break(target.Command):
    """Stop where a program is, whether it runs already or not, and no other: hv8 break PROGRAM [LOCATION]

    LOCATION is a function or FILE:LINE of the program, main without one. It is an ordinary breakpoint for
    'info breakpoints', 'disable' and 'delete'. The program's symbols are loaded, as by 'hv8 program'.
    """
    name = "break"

    def run(self, arguments):
        name, _, location = arguments.partition(" ")
        if not name:
            raise gdb.GdbError("write hv8 break PROGRAM [FUNCTION or FILE:LINE]")
        _must_be_program(name)
        use(name)
        found = [sal.pc for sal in gdb.decode_line(location.strip() or "main")[1] or ()
                 if sal.symtab and os.path.basename(sal.symtab.objfile.filename) == name]
        if not found:
            raise gdb.GdbError("%s has no code at %s" % (name, location.strip() or "main"))
        for address in found:
            Only(address, lambda process, program: program == name)


class Return(target.Command):
    """From the kernel back to the process that it was called from: hv8 return

    Runs until that process goes on, however many others run before. 'stepi' at an eret goes to the one that runs
    next.
    """
    name = "return"

    def run(self, arguments):
        if target.level() < 2:
            raise gdb.GdbError("the CPU is in a process already")
        pid = tables.in_cpu()
        if not pid:
            raise gdb.GdbError("the kernel was not called from a process")
        Only(places.Stand(tables.Process(pid)).pc, lambda process, program: process is not None and process.pid == pid, True)
        gdb.execute("continue")
