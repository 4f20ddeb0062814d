"""Runs gdb with hv8's commands on a kernel in QEMU: what the tests of debug/ share."""
import atexit
import functools
import os
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import machines                                                                 # noqa: E402

QEMU = os.environ.get("QEMU") or "qemu-system-aarch64"
GDB = subprocess.run(["sh", os.path.join(ROOT, "grading", "tools.sh"), "gdb"], stdout=subprocess.PIPE, text=True,
                     check=False).stdout.strip()
MISSING = [tool for tool, there in ((QEMU, shutil.which(QEMU)), ("gdb", GDB)) if not there]
SECONDS = 120
MARK = "@@ hv8 test @@"


@functools.lru_cache(maxsize=None)
def build(lab):
    """The folder with this stage's kernel, which is built if it must be."""
    subprocess.run(["make", "-s", "build", "LAB=%d" % lab], cwd=ROOT, check=True)
    return os.path.join(ROOT, "build", "lab%d" % lab)


@functools.lru_cache(maxsize=None)
def _scratch():
    folder = tempfile.mkdtemp(prefix="hv8-gdb-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


class Session:
    """One boot, debugged from the kernel's first instruction on. `answers[n]` is what gdb printed for `commands[n]`; `console`
    what the guest had printed by then; `printed` everything that gdb printed. The clock counts instructions, as in a graded boot,
    or with `real_time` it runs, as for `make qemu-gdb`: where it counts, a step does not end while a timer is due."""

    def __init__(self, lab, args, commands, machine="virt", smp=None, real_time=False):
        folder, place = build(lab), machines.places([machine], [machines.DEFAULT_CPU], None)[0]
        socket, console = (os.path.join(_scratch(), name) for name in ("gdb", "console"))
        line = machines.command(QEMU, place, smp, "1G", os.path.join(folder, "kernel.bin"), None, args,
                                os.path.join(folder, "initrd.cpio") if lab >= 3 else None)
        if real_time:
            at = line.index("-icount")
            del line[at:at + 2]
        load = machines.MACHINES[machine].base
        start = ["set confirm off", "set architecture aarch64", "set width 0", "set pagination off",
                 'set $hv8_machine = "%s"' % machine, 'set $hv8_memory = "1G"', "source debug/hv8.py", "target remote " + socket,
                 "add-symbol-file %s -o 0x%x" % (os.path.join(folder, "kernel.elf"), load), "hbreak *0x%x" % load, "continue",
                 "delete"]
        options = [part for command in start for part in ("-ex", command)]
        for command in commands:
            options += ["-ex", r"echo \n%s\n" % MARK, "-ex", command]
        options += ["-ex", r"echo \n%s\n" % MARK, "-ex", "kill"]         # or it would run on
        with open(console, "wb") as output, subprocess.Popen(
                line + ["-gdb", "unix:%s,server=on,wait=off" % socket, "-S"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT) as qemu:
            try:
                while qemu.poll() is None and not os.path.exists(socket):
                    pass                        # QEMU makes it before it would run the first instruction
                done = subprocess.run([GDB, "-nx", "-q", "-batch"] + options, cwd=ROOT, stdin=subprocess.DEVNULL,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                                      timeout=SECONDS, check=False)
            finally:
                qemu.kill()
                qemu.wait()
                if os.path.exists(socket):
                    os.unlink(socket)
        with open(console, encoding="utf-8", errors="replace") as file:
            self.console = file.read()
        self.printed = done.stdout
        parts = re.split(r"\n?%s\n" % re.escape(MARK), done.stdout)
        if len(parts) != 2 + len(commands):
            raise AssertionError("gdb did not get through the commands:\n" + done.stdout)
        self.answers = [part.strip("\n") for part in parts[1:-1]]
        if "Traceback" in done.stdout or "Python Exception" in done.stdout:
            raise AssertionError("a traceback:\n" + done.stdout)
