"""Builds guest.c once and grades made-up labs on it: what the tests of the harness share."""
import atexit
import contextlib
import glob
import io
import json
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [os.path.dirname(HERE), os.path.join(os.path.dirname(HERE), "submissions")]
import grade                                                                   # noqa: E402

CROSS = os.environ.get("CROSS_COMPILE") or "aarch64-linux-gnu-"
QEMU = os.environ.get("QEMU") or "qemu-system-aarch64"
MISSING = [tool for tool in (CROSS + "gcc", QEMU) if not shutil.which(tool)]
LAYOUT = """
PHDRS { code PT_LOAD FLAGS(5); data PT_LOAD FLAGS(6); }
SECTIONS {
    . = 0;
    .text : { *(.head) *(.text*) } :code
    .rodata : { *(.rodata*) } :code
    .data : { *(.data*) } :data
    behind = .;
    .bss : { *(.bss*) } :data
}
"""
FLAGS = ("-g -O1 -Wall -Wextra -Werror -ffreestanding -nostdlib -static -pie -fpie -fvisibility=hidden -mgeneral-regs-only "
         "-mstrict-align -fno-stack-protector -fno-asynchronous-unwind-tables "
         "-Wl,--no-dynamic-linker,--build-id=none,-z,norelro,-z,noexecstack").split()

_scratch = None


def scratch():
    """A directory for this process, removed at its end; it holds the built guest as `build`."""
    global _scratch
    if _scratch is None:
        _scratch = tempfile.mkdtemp(prefix="hv8-grading-")
        atexit.register(shutil.rmtree, _scratch, ignore_errors=True)
        build_guest("guest.c", os.path.join(_scratch, "build"))
    return _scratch


def build_guest(source, build, *flags):
    """Make the directory `build` with the kernel.elf and the kernel.bin of a guest."""
    os.mkdir(build)
    script, elf = os.path.join(build, "guest.ld"), os.path.join(build, "kernel.elf")
    with open(script, "w", encoding="ascii") as file:
        file.write(LAYOUT)
    subprocess.run([CROSS + "gcc"] + FLAGS + list(flags) + ["-T", script, "-o", elf, os.path.join(HERE, source)], check=True)
    subprocess.run([CROSS + "objcopy", "-O", "binary", elf, os.path.join(build, "kernel.bin")], check=True)


class Graded:
    """The outcome of one grading of a made-up lab 1: exit status, what was printed, results.json, files."""

    def __init__(self, name, tests, *options):
        """`tests` maps test names to (arguments for the guest, extra header lines, body)."""
        top = os.path.join(scratch(), name)
        self.lab, self.out = os.path.join(top, "lab1"), os.path.join(top, "out")
        os.makedirs(self.lab, exist_ok=True)
        for old in glob.glob(os.path.join(self.lab, "*.test")):                 # of another grading by this name
            os.unlink(old)
        shutil.rmtree(self.out, ignore_errors=True)
        points = [100 // len(tests)] * len(tests)
        points[0] += 100 - sum(points)
        for (test, (arguments, header, body)), share in zip(tests.items(), points):
            args = "args: %s\n" % arguments if arguments else ""
            text = "title: %s\npoints: %d\n%s%s\n---\n%s\n" % (test, share, args, header, body)
            with open(os.path.join(self.lab, test + ".test"), "w", encoding="utf-8") as file:
                file.write(text)
        self.status, self.printed = run_grade("--tests", top, "--out", self.out, *options,
                                              "1:" + os.path.join(scratch(), "build"))
        if self.status == 2 and not os.path.exists(os.path.join(self.out, "results.json")):
            raise AssertionError("the grading did not run:\n" + self.printed)
        with open(os.path.join(self.out, "results.json"), encoding="utf-8") as file:
            self.results = json.load(file)
        self.tests = {test["name"]: test for test in self.results["labs"][0]["tests"]}

    def read(self, test, name):
        with open(os.path.join(self.out, "lab1", test, name), encoding="utf-8", errors="replace", newline="") as file:
            return file.read()


def run_grade(*arguments):
    """Call the grader in this process: (exit status, everything it printed)."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        status = grade.main(["--cross", CROSS, "--qemu", QEMU] + list(arguments))
    return status, printed.getvalue()
