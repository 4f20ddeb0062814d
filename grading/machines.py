"""The QEMU command line of every machine a test can run on, as data.

A machine says where the kernel image lands (`base`: run address = base + link address), which CPUs it takes and what must
always be there, where its memory begins (`ram`) and where its devices are. Every command is deterministic (-icount), has no
network, no semihosting, no display, and its only way out is the UART on stdio.
"""
import collections
import os

Machine = collections.namedtuple("Machine", "options base smp cpus max_cpus ram devices")
_RAM = 0x40000000
_COMMON = ((0, 0x8000000, "the flash"), (0x9000000, 0x9001000, "the UART"), (0x9010000, 0x9011000, "the real-time clock"),
           (0xa000000, 0xa004000, "virtio devices"), (0x10000000, _RAM, "PCIe"))
_V2 = _COMMON + ((0x8000000, 0x8010000, "the GIC's distributor (GICD)"), (0x8010000, 0x8020000, "the GIC's CPU interface (GICC)"),
                 (0x8030000, 0x8040000, "the GIC's virtual interface control (GICH)"),
                 (0x8040000, 0x8050000, "the GIC's virtual CPU interface (GICV)"))
_V3 = _COMMON + ((0x8000000, 0x8010000, "the GIC's distributor (GICD)"), (0x80a0000, 0x9000000, "the GIC's redistributors (GICR)"))
_VERSAL = ((0xff000000, 0xff010000, "the UART"), (0xff010000, 0xff020000, "the second UART"),
           (0xf9000000, 0xf9010000, "the GIC's distributor (GICD)"), (0xf9080000, 0xf9100000, "the GIC's redistributors (GICR)"))
_SECURE = "virt,secure=on,virtualization=on,dtb-randomness=off,gic-version="

MACHINES = {
    "virt": Machine(["-M", "virt,virtualization=on,gic-version=3,dtb-randomness=off"], 0x40200000, 1, True, 512, _RAM, _V3),
    "virt-gicv2": Machine(["-M", "virt,virtualization=on,gic-version=2,dtb-randomness=off"], 0x40200000, 1, True, 8, _RAM, _V2),
    # The GIC with both security states (GICD_CTLR.DS = 0), as on boards; the kernel sees its non-secure side.
    "virt-secure": Machine(["-M", _SECURE + "3"], 0x40200000, 1, True, 512, _RAM, _V3),
    "virt-secure-gicv2": Machine(["-M", _SECURE + "2"], 0x40200000, 1, True, 8, _RAM, _V2),
    "virt-el1": Machine(["-M", "virt,gic-version=3,dtb-randomness=off"], 0x40200000, 1, True, 512, _RAM, _V3),
    "versal": Machine(["-M", "xlnx-versal-virt"], 0x200000, 4, False, 4, 0, _VERSAL),   # works with exactly -smp 4, its own CPUs
}
GICV2 = ("virt-gicv2", "virt-secure-gicv2")
GICV2_DEVICES = range(0x08000000, 0x08050000)          # their GICD, GICC, GICH and GICV
RAW_AT_EL3 = ("virt-secure", "virt-secure-gicv2")      # without the boot protocol nothing takes the CPU from EL3 to EL2
CPUS = ("cortex-a53", "cortex-a57", "cortex-a72", "max")
DEFAULT_CPU = "cortex-a53"
MAX_CNTFRQ = 1000 ** 3              # QEMU's counter knows no less than a nanosecond


Place = collections.namedtuple("Place", "machine cpu cntfrq")     # where a test runs; cpu or cntfrq None: the machine's own


def places(machines, cpus, cntfrqs):
    """The Places a test runs on: each machine with each CPU and each counter frequency, where it lets one choose."""
    found = []
    for machine in machines:
        choices = [(cpu, cntfrq) for cpu in cpus for cntfrq in cntfrqs or [None]] if MACHINES[machine].cpus else [(None, None)]
        found += [Place(machine, cpu, cntfrq) for cpu, cntfrq in choices]
    return found


def run_name(test, place, alone):
    """Name of a run's directory: the test's name, with the place when the test has several runs."""
    frequency = place.cntfrq and "%dHz" % place.cntfrq
    return test if alone else ".".join(part for part in (test, place.machine, place.cpu, frequency) if part)


def command(qemu, place, smp, mem, kernel, entry, args, initrd):
    """The argument list that boots `kernel` (the Image file) on `place`.

    `entry` is None for the boot protocol of the arm64 Image (x0 = device tree) or the address of a raw copy that CPU 0 starts at
    with x0 = 0; there `args` and `initrd` have no meaning.
    """
    data = MACHINES[place.machine]
    line = [qemu] + data.options
    if place.cpu:
        line += ["-cpu", place.cpu + (",cntfrq=%d" % place.cntfrq if place.cntfrq else "")]
    line += ["-smp", str(smp or data.smp), "-m", mem, "-icount", "shift=0,sleep=off", "-nodefaults", "-display", "none",
             "-net", "none", "-monitor", "none", "-serial", "stdio", "-no-reboot"]
    if entry is not None:
        return line + ["-device", "loader,file=%s,addr=0x%x,force-raw=on,cpu-num=0" % (_escape(kernel), entry)]
    line += ["-kernel", kernel]
    if args:
        line += ["-append", args]
    if initrd:
        line += ["-initrd", initrd]
    return line


def recorded(command, recording, disk):
    """The same command, which writes the run to the file `recording`; replayed() repeats it from there. `disk` is a qcow2 image for
    the snapshot that going backwards starts from, and no device of the guest. With sleep=off no input would arrive."""
    at = command.index("-icount") + 1
    count = command[at].replace(",sleep=off", "") + ",rr=record,rrfile=%s,rrsnapshot=start" % _escape(recording)
    return command[:at] + [count] + command[at + 1:] + ["-drive", "file=%s,format=qcow2,if=none,id=snapshots" % _escape(disk)]


def replayed(command):
    """The command that replays what recorded()'s has recorded; it waits at first, and again instead of the power off."""
    at = command.index("-icount") + 1
    return command[:at] + [command[at].replace(",rr=record,", ",rr=replay,")] + command[at + 1:] + ["-no-shutdown", "-S"]


def plugin_option(plugin, arguments):
    """The -plugin option with its arguments, an ordered list of (key, value)."""
    return ["-plugin", ",".join([_escape(os.path.abspath(plugin))] + ["%s=%s" % (k, _escape(str(v))) for k, v in arguments])]


def gdb_option(descriptor):
    """Wait at the first instruction for a debugger on an inherited socket: no port or path that runs could fight about."""
    return ["-chardev", "socket,id=gdb,fd=%d" % descriptor, "-gdb", "chardev:gdb", "-S"]


def _escape(path):
    """QEMU's option syntax writes a comma inside a value twice."""
    return path.replace(",", ",,")
