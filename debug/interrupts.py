"""`hv8 irq`: whose each interrupt is, what the GIC says of it, the list registers of this CPU, what is pending for each process.

The GIC's registers are read by the CPU itself (inside.py): QEMU dies when a debugger reads a GICv2 with several CPUs, and a list
register of a GICv3 is no memory. Only registers that reading does not change are read.
"""
import contextlib
import functools

import gdb

import inside
import registers
import tables
import target

# Distributor and redistributor (IHI 0069 12.9, IHI 0048 4.3); GICH (IHI 0048 5.3)
ISENABLER, ISPENDR, ISACTIVER, IPRIORITYR, GICR_SGI_BASE = 0x100, 0x200, 0x300, 0x400, 0x10000
GICH_HCR, GICH_VMCR, GICH_LR = 0x000, 0x008, 0x100
LIST = "%5s  %-42s %-7s %-7s %-6s %8s %7s"
STATES = ("empty", "pending", "active", "pending and active")
EOI_MAINTENANCE = 1 << 9                                # of pINTID, HW = 0


def lazy(name):
    return tables.lazy(name, 5, "interrupts")


class Gic:
    """The interrupt controller, read by `cpu`, an inside.Inside; or from outside if that is None, and `unread` says why."""

    def __init__(self, cpu, unread=""):
        self._cpu, self._gic, self.unread = cpu, tables.fetch(lazy("gic")), unread
        self.version, self.lines, self.nlr = (int(self._gic[name]) for name in ("version", "lines", "nlr"))
        self.lists = cpu is not None or self.version == 2       # can list registers be read?
        self.bits = functools.lru_cache(maxsize=None)(self._bits)

    def _frame(self, intid):
        return int(self._gic["redist"]) + GICR_SGI_BASE if self.version == 3 and intid < 32 else int(self._gic["dist"])

    def _device(self, address):
        """32 bits of the GIC."""
        if self._cpu:
            return self._cpu.device(address)
        if self.version == 2 and len(gdb.selected_inferior().threads()) > 1:
            raise gdb.GdbError(self.unread)
        return int.from_bytes(target.physical(address, 4), "little")

    def _bits(self, base, first):
        return self._device(self._frame(first) + base + first // 8)

    def has(self, base, intid):
        return bool(self.bits(base, intid & ~31) >> intid % 32 & 1)

    def priority(self, intid):
        return self._device(self._frame(intid) + IPRIORITYR + (intid & ~3)) >> 8 * (intid & 3) & 0xff

    def list_register(self, n):
        """As a GICv3 has it, {field: value}."""
        if self.version == 3:
            return _fields(n, self._cpu.system_register(registers.ENCODINGS["ICH_LR%d_EL2" % n]))
        value = self._device(int(self._gic["hyp"]) + GICH_LR + 4 * n)
        return {"vINTID": value & 0x3ff, "pINTID": value >> 10 & 0x3ff, "Priority": (value >> 23 & 0x1f) << 3,
                "State": value >> 28 & 3, "HW": value >> 31}

    def interface(self):
        """What the process's CPU interface lets through, and when it calls the kernel, in words."""
        if self.version == 3:
            hcr, vmcr = (self._cpu.system_register(registers.ENCODINGS[name]) for name in ("ICH_HCR_EL2", "ICH_VMCR_EL2"))
            mask, enabled = vmcr >> 24, vmcr >> 1 & 1
        else:
            hcr, vmcr = (self._device(int(self._gic["hyp"]) + at) for at in (GICH_HCR, GICH_VMCR))
            mask, enabled = vmcr >> 27 << 3, vmcr & 1
        if not hcr & 1:
            return "closed (En 0): nothing of the GIC reaches EL1"
        calls = [words for bit, words in ((1, "at most one is valid (UIE)"), (3, "none is pending (NPIE)")) if hcr >> bit & 1]
        return ("open: the process %s; mask 0x%02x" % ("lets interrupts in" if enabled else "has its group disabled", mask)
                + "".join("; calls the kernel when " + words for words in calls))


@contextlib.contextmanager
def gic():
    """The Gic, read by the selected CPU if it can run an instruction."""
    with contextlib.ExitStack() as stack:
        try:
            found = Gic(stack.enter_context(inside.el2()))
        except gdb.GdbError as error:
            found = Gic(None, str(error))
        yield found


def is_on():
    """GdbError, unless the kernel uses interrupts."""
    if not int(tables.fetch(lazy("irq_on"))):
        raise gdb.GdbError("there are no interrupts: this boot has irq=off, or irq_init() has not set them up (yet)")


def title(pid):
    return tables.Process(pid).title


class Irq(target.Command):
    """Show whose each interrupt is, and where it is: hv8 irq

    ENABLED, PENDING, ACTIVE and PRIORITY are the GIC's; VIRTUAL is the priority that the process gets it
    with. Then the list registers of this CPU, and what is pending for each process outside of these.
    """
    name = "irq"

    def run(self, arguments):
        is_on()
        with gic() as controller:
            self._physical(controller)
            self._virtual(controller)
        waiting = [line for one in tables.processes() for line in of_process(one)]
        print("\n".join(waiting or ["nothing is pending outside of these"]))

    def _physical(self, controller):
        irqs = tables.fetch(lazy("irqs"))
        print("GICv%d, INTIDs below %d" % (controller.version, controller.lines))
        print(LIST % ("INTID", "OWNER", "ENABLED", "PENDING", "ACTIVE", "PRIORITY", "VIRTUAL"))
        for intid in range(controller.lines):
            kind = str(irqs[intid]["type"].cast(gdb.lookup_type("enum irq_type")))
            owned = kind in ("IRQ_OWNED", "IRQ_KERNEL")
            state = [controller.has(base, intid) for base in (ISENABLER, ISPENDR, ISACTIVER)]
            if owned or any(state[1:]) or state[0] and intid >= 16:         # SGIs may be enabled always
                virtual = "0x%02x" % irqs[intid]["priority"] if int(irqs[intid]["owner"]) else "-"
                print(LIST % ((intid, _owner(intid, kind, int(irqs[intid]["owner"])))
                              + tuple("yes" if yes else "-" for yes in state) + ("0x%02x" % controller.priority(intid), virtual)))

    def _virtual(self, controller):
        loaded = int(tables.fetch(lazy("loaded")))
        print("list registers of this CPU: " + (title(loaded) if loaded else "nobody's"))
        if not controller.lists:
            print("  " + controller.unread)
            return
        for n in range(controller.nlr):
            print("  LR%d  %s" % (n, _list_register(controller.list_register(n))))
        print("  interface " + controller.interface())


def _owner(intid, kind, owner):
    board = tables.fetch(lazy("board"))["gic"]
    for name, words in (("maintenance", "kernel: list registers are free"), ("uart", "kernel: the console"),
                        ("el1_timer", "kernel: EL1 timer of the running process"), ("el2_timer", "kernel: EL2 timer")):
        if int(board[name]) == intid and kind == "IRQ_KERNEL":
            return words + (", tells process %d" % owner if owner else "")
    return title(owner) if owner else "nobody"


def _list_register(lr):
    """A list register's fields in words."""
    if not lr["State"]:
        return "empty"
    ends = "ends physical %d" % lr["pINTID"] if lr["HW"] else "virtual only"
    if not lr["HW"] and lr["pINTID"] & EOI_MAINTENANCE:
        ends += ", its end calls the kernel"
    return "INTID %4d  %-18s  priority 0x%02x  %s" % (lr["vINTID"], STATES[lr["State"]], lr["Priority"], ends)


def of_process(one, controller=None):
    """Lines for what is pending for a process: in its set, and in its list registers; if those are in the CPU, only with a Gic."""
    vgic, shown = tables.fetch(lazy("vgics")[one.pid]), []
    pending = [64 * word + bit for word in range(tables.count(vgic["pending"])) for bit in range(64)
               if int(vgic["pending"][word]) >> bit & 1]
    if pending:
        shown.append("%s: pending, in no list register: %s" % (one.title, ", ".join(map(str, pending))))
    if one.pid == int(tables.fetch(lazy("loaded"))):
        found = [controller.list_register(n) for n in range(controller.nlr)] if controller and controller.lists else []
    else:
        used = [n for n in range(tables.count(vgic["lr"])) if int(vgic["used"]) >> n & 1]
        found = [_fields(n, int(vgic["lr"][n])) for n in used]
    return shown + ["%s: in a list register: %s" % (one.title, _list_register(lr)) for lr in found if lr["State"]]


def _fields(n, value):
    name = "ICH_LR%d_EL2" % n
    return {field: registers.field(name, field, value) for field in registers.REGISTERS[name]}
