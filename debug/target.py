"""What hv8's commands for gdb are made of: a command's class, and the stopped kernel's registers, memory and variables.

Everything is asked of the selected thread, which is a CPU of QEMU's. Whatever goes wrong becomes one line, by gdb.GdbError.
"""
import contextlib
import functools
import inspect
import os

import gdb

import gdbremote
import regions
import registers
import symbols

NOT_ATTACHED = "no kernel is attached: run 'make qemu-gdb' in one terminal and 'make gdb' in another"
WAITING_SECONDS = 10                # how long gdb waits for a QEMU that is started at the same time
_deciding = False
RUNNING = "the kernel runs: stop it with Ctrl-C first"


class Command(gdb.Command):
    """`hv8 NAME`: a subclass sets `name`, its docstring is the help, and `run(arguments)` prints the answer. A mistake of the
    user's, or what cannot be done here, is raised as gdb.GdbError with one line that says what to do."""

    def __init__(self):
        super().__init__("hv8 " + self.name, gdb.COMMAND_DATA, gdb.COMPLETE_EXPRESSION)

    def __init_subclass__(cls):
        cls.__doc__ = inspect.cleandoc(cls.__doc__)

    def invoke(self, arguments, from_tty):
        try:
            self.run(arguments.strip())
        except (gdb.error, gdbremote.GdbError) as error:
            raise gdb.GdbError("hv8 %s: %s" % (self.name, " ".join(str(error).split())))


def attach(port):
    """Attach to the QEMU that `make qemu-gdb` starts, now or in a few seconds; without one gdb ends."""
    remote = "target remote 127.0.0.1:%d" % port
    gdb.execute("set tcp auto-retry off")
    try:
        return gdb.execute(remote)
    except gdb.error:
        print("  GDB   no QEMU listens on port %d: run 'make qemu-gdb' in another terminal; gdb waits %d s for it" % (
            port, WAITING_SECONDS), flush=True)
    gdb.execute("set tcp auto-retry on")
    gdb.execute("set tcp connect-timeout %d" % WAITING_SECONDS)
    try:
        gdb.execute(remote)
    except gdb.error:
        print("  GDB   no QEMU came: run 'make qemu-gdb' in another terminal, then 'make gdb' again", flush=True)
        gdb.execute("quit 1")


class Packets(gdbremote.GdbRemote):
    """The grader's client of QEMU's gdbstub, over gdb's own connection: for what gdb has no command for."""

    def __init__(self, connection, thread):
        self._connection, self._thread, self._numbers, self._lost = connection, thread, None, None

    def command(self, text):
        answer = self._connection.send_packet(text)
        if answer is None:
            raise gdbremote.GdbError("QEMU does not know the packet %s" % text)
        return answer.decode("latin-1")

    def current_thread(self):
        return self._thread


def packets():
    """Packets to the selected CPU; what they change gdb does not notice."""
    need_stopped()
    gdb.execute("maintenance flush register-cache", to_string=True)
    gdb.newest_frame().read_register("pc")          # gdb tells QEMU which CPU it asks
    process, thread, _ = gdb.selected_thread().ptid
    return Packets(gdb.selected_inferior().connection, "p%x.%x" % (process, thread))


@contextlib.contextmanager
def deciding():
    """In here a breakpoint decides whether to stop: gdb says that the CPU runs still, but it can be asked."""
    global _deciding
    _deciding = True
    try:
        yield
    finally:
        _deciding = False


def need_stopped():
    """GdbError unless the selected CPU can be asked."""
    thread = gdb.selected_thread()
    if thread is None or not isinstance(gdb.selected_inferior().connection, gdb.RemoteTargetConnection):
        raise gdb.GdbError(NOT_ATTACHED)
    if thread.is_running() and not _deciding:
        raise gdb.GdbError(RUNNING)


def register(name):
    """The value of a register by the manual's name, unsigned; those that QEMU's gdbstub does not know are in inside.py."""
    need_stopped()
    frame = gdb.newest_frame()
    for known in registers.gdb_names(name):
        try:
            value = frame.read_register(known)
        except ValueError:
            continue
        return int(value) & (1 << 8 * value.type.sizeof) - 1
    raise gdb.GdbError("this QEMU does not tell gdb of %s" % name)


def level():
    """The exception level of the selected CPU."""
    return register("cpsr") >> 2 & 3


def physical(address, length):
    """Bytes of physical memory. Reading a device's register has the device's effect."""
    need_stopped()
    connection = gdb.selected_inferior().connection
    connection.send_packet("Qqemu.PhyMemMode:1")
    try:
        return gdb.selected_inferior().read_memory(address, length).tobytes()
    except gdb.MemoryError:
        raise gdb.GdbError("there is no physical memory at 0x%x" % address)
    finally:
        connection.send_packet("Qqemu.PhyMemMode:0")


def address(expression):
    """The number that an expression of gdb's has: 0x1000, main, $FAR_EL2, tables + 1."""
    if "$" in expression:
        need_stopped()
    value = gdb.parse_and_eval(expression)
    if value.type.code == gdb.TYPE_CODE_VOID:
        raise gdb.GdbError("%s has no value here" % expression)
    if value.type.strip_typedefs().code in (gdb.TYPE_CODE_FUNC, gdb.TYPE_CODE_ARRAY, gdb.TYPE_CODE_STRUCT):
        value = value.address
    return int(value) & (1 << 64) - 1


def kernel():
    """gdb's objfile of kernel.elf."""
    for objfile in gdb.objfiles():
        if os.path.basename(objfile.filename or "") == "kernel.elf":
            return objfile
    raise gdb.GdbError("the kernel's symbols are not loaded: start gdb with 'make gdb'")


def symbol(name):
    """gdb's symbol of a variable or function of the kernel, whatever programs are loaded besides; None if there is none."""
    return kernel().lookup_global_symbol(name) or kernel().lookup_static_symbol(name)


def variable(name, lab, what):
    """The value of a variable of the kernel, read as physical memory is: at any exception level. If this stage has not got it,
    GdbError: `what` ("processes") comes with that lab."""
    found = symbol(name)
    if found is None:
        raise gdb.GdbError("this kernel has no %s: they come with lab %d" % (what, lab))
    return gdb.Value(bytes_of(name), found.value().type)


def bytes_of(name):
    """The bytes of a variable that the kernel has, at any exception level."""
    place = symbol(name).value()
    return physical(int(place.address), place.type.sizeof)


@functools.lru_cache(maxsize=4)
def _elf(path, modified):
    return symbols.Symbols(path, [])


def elf():
    """The kernel's symbols.Symbols (link addresses), and the address that it runs at."""
    path = kernel().filename
    found = _elf(path, os.path.getmtime(path))
    return found, int(symbol("main").value().address) - found.address("main")


class Code:
    """Where an address is, for grading/faults.py: by the symbols that gdb has, the kernel's and the program's."""

    def at(self, address, base):
        """(function, place) of an instruction, or None."""
        try:
            block = gdb.block_for_pc(address)
        except gdb.error:
            block = None
        while block is not None and block.function is None:
            block = block.superblock
        line = gdb.find_pc_line(address)
        place = "%s:%d" % (line.symtab.filename, line.line) if line.symtab else ""
        return (block.function.name, place) if block is not None else None


def space():
    """The regions.Regions of this machine, as `make gdb` was told it, like `make qemu-gdb`."""
    found, base = elf()
    machine, memory = (gdb.convenience_variable("hv8_" + name) for name in ("machine", "memory"))
    return regions.Regions(found, base, machine.string() if machine else "virt", memory.string() if memory else "1G")
