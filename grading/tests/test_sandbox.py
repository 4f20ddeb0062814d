"""What commands in the sandbox can reach and use up, which object files may run on this host, and when the nonce comes there."""
import contextlib
import functools
import glob
import os
import shutil
import socket
import subprocess
import tempfile
import time
import unittest
from unittest import mock

import bubblewrap
import toy_guest
import clean
import grade
import objects
import sandbox

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LIMITS = sandbox.BUILD._replace(wall=20)


def box():
    return sandbox.here(toy_guest.CROSS + "gcc", toy_guest.QEMU, "make", "cc")


class Folder(unittest.TestCase):
    """Each test has a folder, which nobody can reach."""

    def setUp(self):
        os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix="test-sandbox-", dir=os.path.join(ROOT, "build"))
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


@unittest.skipIf(bubblewrap.WHY_NOT, bubblewrap.WHY_NOT)
class Sandboxed(Folder):
    def setUp(self):
        super().setUp()
        self.tree = os.path.join(self.folder, "tree")
        os.mkdir(self.tree)
        box().give(self.tree)
        self.mounts = [(self.tree, "/hv8", True)]

    def run_in(self, command, limits=LIMITS, sandbox_here=None):
        return (sandbox_here or box()).run(["sh", "-c", command], limits, self.mounts, "/hv8")

    def test_this_machine_has_one(self):
        self.assertEqual(box().note, "", "install bubblewrap, or test where it works")

    def test_network(self):
        with socket.create_server(("127.0.0.1", 0)) as server:
            call = "import socket; socket.create_connection(('127.0.0.1', %d), 5)" % server.getsockname()[1]
            self.assertEqual(subprocess.run(["python3", "-c", call], check=False).returncode, 0)
            done = self.run_in('python3 -c "%s"' % call)
        self.assertIn(b"Connection refused", done.output)

    def test_files(self):
        secret = self.file("secret", "secret")
        os.chmod(secret, 0o644)
        done = self.run_in("cat %s /etc/shadow /etc/passwd; ls /home /work /var %s; cat /proc/1/environ; echo end"
                           % (secret, os.path.join(ROOT, "grading")))
        self.assertEqual(done.output.count(b"No such file"), 7, done.output)
        self.assertNotIn(b"lab1", done.output)

    def test_nothing_can_be_written_but_what_is_given(self):
        os.mkdir(os.path.join(self.folder, "seen"))
        box().give(os.path.join(self.folder, "seen"))
        self.mounts.append((os.path.join(self.folder, "seen"), "/seen", False))
        in_tmp = "/tmp/" + os.path.basename(self.folder) + "-x"             # not the name of anybody's file
        done = self.run_in("for x in /usr/x /x /proc/sys/kernel/hostname /seen/x /hv8/x %s; do echo 1 >$x && echo wrote $x; done"
                           % in_tmp)
        wrote = [line for line in done.output.splitlines() if line.startswith(b"wrote")]
        self.assertEqual(wrote, [b"wrote /hv8/x", b"wrote " + in_tmp.encode()])
        self.assertEqual(os.listdir(self.tree), ["x"])
        self.assertFalse(os.path.exists(in_tmp))

    def test_rights_processes_and_environment(self):
        with mock.patch.dict(os.environ, SECRET_TOKEN="x"):
            done = self.run_in("id -u; grep CapEff /proc/self/status; ls -d /proc/[0-9]* | wc -l; env")
        lines = done.output.decode().splitlines()
        self.assertNotEqual(lines[0], "0")
        self.assertEqual(lines[1].split()[1].strip("0"), "")
        self.assertLess(int(lines[2]), 10)
        self.assertNotIn("SECRET_TOKEN", done.output.decode())

    def test_fork_bomb(self):
        mark = "bomb-%d" % os.getpid()
        limits = LIMITS._replace(wall=2, processes=50 + self.processes_of_nobody())
        done = self.run_in("f() { f %s & f %s & sleep 100 %s; }; exec 2>/dev/null; f" % (mark, mark, mark), limits)
        self.assertIn(done.end, ("time", "exit"))               # the shell gives up when it cannot fork
        self.assertEqual([path for path in glob.glob("/proc/[0-9]*/cmdline") if mark in self.command_line(path)], [])
        count = "import os\nn = 0\ntry:\n while n < 99:\n  if not os.fork(): os.read(0, 1)\n  n += 1\nfinally: print(n, flush=True)"
        with open(os.path.join(self.tree, "fork.py"), "w", encoding="ascii") as file:
            file.write(count)
        done = self.run_in("sleep 100 | python3 fork.py", limits)
        self.assertIn(b"Resource temporarily unavailable", done.output)
        self.assertLess(int(done.output.split()[0]), 90)

    @staticmethod
    def processes_of_nobody():
        """They count too, where root becomes nobody."""
        count = 0
        for path in glob.glob("/proc/[0-9]*") if os.getuid() == 0 else ():
            with contextlib.suppress(FileNotFoundError):
                count += os.stat(path).st_uid == sandbox.NOBODY
        return count

    @staticmethod
    def command_line(path):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:                         # it has ended
            return ""

    def test_limits(self):
        for command, limits, sign in (
                ("python3 -c 'x = bytes(300 << 20)'", {"memory": 256 << 20}, "MemoryError"),
                ("while :; do :; done", {"cpu": 1}, "Killed"), ("sleep 100", {"wall": 1}, None),
                ("head -c 2000000 /dev/zero >x; wc -c <x", {"file": 1 << 20}, "1048576")):
            for name, one in (("bubblewrap", box()), ("without", self.without_bubblewrap())):
                with self.subTest(command, way=name):
                    started = time.monotonic()
                    done = self.run_in("(%s)" % command, LIMITS._replace(**limits), one)
                    self.assertEqual(done.end, "exit" if sign else "time")
                    self.assertLess(time.monotonic() - started, 15)
                    self.assertIn((sign or "").encode(), done.output)

    def test_output(self):
        done = self.run_in("echo first; yes", LIMITS._replace(output=1 << 20, keep=1000))
        self.assertEqual(done.end, "output")
        self.assertLess(len(done.output), 1100)
        self.assertTrue(done.output.startswith(b"first\ny\n"))
        self.assertIn(b" bytes ...", done.output)

    def without_bubblewrap(self):
        found = shutil.which
        with mock.patch("sandbox.shutil.which", lambda name: None if name == "bwrap" else found(name)):
            one = sandbox.Sandbox()
        os.chmod(self.folder, 0o755)
        return one

    def test_without_bubblewrap_it_says_so(self):
        one = self.without_bubblewrap()
        self.assertEqual(one.note, "not sandboxed: install bubblewrap")
        done = self.run_in("pwd; id -u; echo x >y", sandbox_here=one)
        self.assertEqual(done.output.split(), [self.tree.encode(), str(os.getuid() or sandbox.NOBODY).encode()])
        with mock.patch("sandbox._failure", lambda command: "no namespaces" if "--die-with-parent" in command else None):
            self.assertIn("bubblewrap does not work here (no namespaces)", sandbox.Sandbox().note)

    @unittest.skipIf(os.getuid(), "only root becomes nobody")
    def test_a_folder_that_nobody_can_reach(self):
        one = self.without_bubblewrap()
        os.chmod(self.folder, 0o700)
        with self.assertRaisesRegex(sandbox.Unusable, "nobody.* cannot reach %s" % self.tree):
            one.give(self.tree)


@unittest.skipIf(bubblewrap.WHY_NOT, bubblewrap.WHY_NOT)
@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Guests(unittest.TestCase):
    """QEMU in the sandbox: descriptors go through, and how it spends its time is seen."""

    TESTS = {"echo": ("test=echo", "limit: 66K", "ready\nsend: 1\\x32\\n\n12"),
             "read": ("test=stuck", "stop: stop_here\nreg: SCTLR_EL2.M = 1", "x"),
             "sleep": ("test=sleep", "", "x"), "stuck": ("test=stuck", "", "x"), "hang": ("test=hang", "limit: 1M", "x"),
             "hole": ("test=silent-hole", "", "x"), "flood": ("test=flood", "limit: 1G", "x")}

    def test_verdicts_are_the_same(self):
        outside = toy_guest.Graded("bare", self.TESTS)
        parse = grade.parse_arguments

        def sandboxed(arguments):
            options = parse(arguments)
            options.builds = [(number, os.path.abspath(build)) for number, build in options.builds]
            options.sandbox = clean.Runs(box(), ".", None)
            options.sandbox.top = os.getcwd()
            return options

        with mock.patch("grade.parse_arguments", sandboxed):
            inside = toy_guest.Graded("boxed", self.TESTS)
        for name in set(self.TESTS) - {"flood"}:        # whose instructions are counted until the harness has read enough
            self.assertEqual(inside.tests[name]["why"], outside.tests[name]["why"])
        self.assertEqual(inside.tests["echo"]["status"], "pass")
        self.assertIn("\n    CPU 0       EL2, IRQs masked", inside.read("hang", "report.txt"))      # QEMU's monitor is reached
        self.assertIn("\n    ESR_EL2 0x86000006: ", inside.read("stuck", "report.txt"))
        self.assertIn("every CPU sleeps", inside.tests["sleep"]["why"])
        self.assertIn("more than 1 MiB of output", inside.tests["flood"]["why"])
        self.assertEqual(sorted(os.listdir(os.path.join(inside.out, "lab1", "echo"))),
                         ["command.txt", "nonce", "plugin.bin", "qemu.log", "transcript.txt"])


class Objects(Folder):
    KERNEL = "int helper(int); int board; int api(int x) { __asm__ volatile(\"\" ::: \"memory\"); return helper(x) + board; }"

    def object(self, text, name="x"):
        source = self.file(name + ".c", text)
        subprocess.run(["cc", "-O1", "-w", "-c", "-o", source[:-1] + "o", source], check=True)
        return source[:-1] + "o"

    def complaint(self, text):
        """About a file that has this beside what the course's has."""
        model = self.object("int printf(const char *, ...); int mmio(int x) { return printf(\"%d\", x); }", "model")
        names = functools.partial(objects._names, [self.object(self.KERNEL, "kernel")])
        symbols = objects.Symbols(sorted(names(True) | names(False)), ["mmio"], sorted(objects._names([model], False)), [])
        return objects.complaint(self.object(self.KERNEL + "\n" + text), self.KERNEL + text, symbols)

    def test_what_kernel_c_does(self):
        self.assertIsNone(self.complaint(
            "struct s { long x[20]; }; int mmio(int); static int table[] = { 1, 2 }; const char *name = \"asm(fork)\";"
            "struct s copy(struct s *p) { p->x[0] += table[mmio(1)]; return *p; } int fresh;"
            "static __attribute__((used)) int mine(void) { return 5; }"))

    def test_what_it_does_not(self):
        for text, part in (
                ("int fork(void); int f(void) { return fork(); }", "calls fork,"),
                ("extern void *environ; void *f(void) { return environ; }", "calls environ,"),
                ("__attribute__((constructor)) void f(void) { board = 1; }", "has a section .init_array"),
                ("__attribute__((destructor)) void f(void) { board = 1; }", "has a section .fini_array"),
                ("__attribute__((section(\".preinit_array\"))) void *p;", "has a section .preinit_array"),
                ("__attribute__((section(\"scenarios\"))) void *p;", "has a section scenarios"),
                ("__attribute__((section(\".init\"))) void f(void) { }", "has a section .init"),
                ("__attribute__((section(\".data.x\"))) void f(void) { }", "has instructions in its section .data.x"),
                ("void *g(void) { return 0; } void f(void) __attribute__((ifunc(\"g\")));", "has f chosen when the program starts"),
                ("int printf(const char *f, ...) { return 0; }", "defines printf,"),
                ("int mmio(int x) { return 0; }", "defines mmio,"),
                ("void f(void) { __asm__(\"nop\"); }", "has inline assembly"),
                ("void f(void) { __asm__ volatile (\"\" \"nop\" : : ); }", "has inline assembly"),
                ("int f(void) { register long x __asm__(\"%s\"); return x; }" % {"x86_64": "rbx"}.get(os.uname().machine, "x19"),
                 "has inline assembly")):
            with self.subTest(text):
                self.assertIn(part, self.complaint(text) or "nothing")

    def test_system_calls(self):
        for machine, code, at in ((objects.X86_64, b"\x90\x90\x0f\x05", 2), (objects.X86_64, b"\xcd\x80", 0),
                                  (objects.X86_64, b"\x0f\x34", 0), (objects.X86_64, b"\x0f\x06\x05", None),
                                  (objects.AARCH64, b"\0\0\0\0\x01\0\0\xd4", 4), (objects.AARCH64, b"\xe1\xff\x1f\xd4\0", 0),
                                  (objects.AARCH64, b"\x02\0\0\xd4", None)):                    # hvc
            self.assertEqual(objects._system_call(code, machine), at)
        if os.uname().machine == "x86_64":
            self.assertIn("has the bytes of a system call at .text+", self.complaint("int f(int x) { return x + 0x050f; }"))

    def test_damaged_objects(self):
        path = self.object(self.KERNEL)
        with open(path, "rb") as file:
            data = file.read()
        for broken in (b"", data[:100], data[:len(data) // 2], b"!<arch>\n" + data):
            with open(path, "wb") as file:
                file.write(broken)
            with self.assertRaises(ValueError):
                objects.read(path)

    def test_what_the_c_library_would_find(self):
        program = os.path.join(self.folder, "program")
        self.file("main.c", "int main(void) { return 0; }")
        taken = "void *malloc(unsigned long n) { return 0; }"
        for more, found in (("", None), (taken, "defines malloc, which is the C library's")):
            subprocess.run(["cc", "-w", "-o", program, os.path.join(self.folder, "main.c"), self.object(more, "more")], check=True)
            if not more:
                symbols = objects.Symbols([], [], [], sorted(objects._exported(program)))
            self.assertEqual(objects.intrusion(program, symbols), found)


class Nonce(Folder):
    """The model machine's nonce, on the newest lab's kernel."""

    FORGER = """
#include "scenario.h"
#include <hv8/console.h>
static void forge(void) { printk("read-only: %016lx\\n", (unsigned long)number); power_off(); }
static void honest(void) { tell(number + 1, "found"); printk("behind\\n"); }
SCENARIO(forge, forge, NULL)
SCENARIO(honest, honest, NULL)
"""

    @classmethod
    def setUpClass(cls):
        lab = max(int(path.rsplit("lab", 1)[1].split("-")[0]) for path in glob.glob(os.path.join(ROOT, "labs", "lab*-*")))
        cls.products = os.path.join(ROOT, "build", "lab%d" % lab)
        subprocess.run(["make", "-s", "-C", ROOT, "LAB=%d" % lab, "build/lab%d/model" % lab], check=True)
        cls.lab = lab

    def model(self, scenario, number, nonce):
        source, program = self.file("forge.c", self.FORGER), os.path.join(self.folder, "model")
        found = [os.path.join(top, name) for top, _, names in os.walk(os.path.join(self.products, "host")) for name in names
                 if name.endswith(".o")]
        flags = ["-w", "-fno-common", "-DLAB=%d" % self.lab, "-DSOLUTION=%d" % self.lab]
        flags += ["-I" + os.path.join(ROOT, folder) for folder in ("grading/model", "kernel/include")]
        subprocess.run(["cc", *flags, "-o", program, source, *found], check=True)
        return subprocess.run([program, scenario, number], input=nonce, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              check=False, timeout=60)

    def test_it_is_told_where_it_was_found(self):
        done = self.model("honest", "1000", "1234567890abcdef\n")
        lines = done.stdout.splitlines()
        self.assertEqual((done.returncode, lines[-3:]), (0, ["found 1234567890abcdf0", "behind", "hv8: power off"]), done.stdout)

    def test_a_kernel_cannot_say_it(self):
        done = self.model("forge", "1000", "1234567890abcdef\n")
        self.assertEqual(done.returncode, 1)
        self.assertNotIn("1234567890abcdef", done.stdout)
        self.assertIn("model: the kernel has powered off before the scenario's end", done.stdout)

    def test_without_it_there_is_no_result(self):
        done = self.model("honest", "1000", "")
        self.assertEqual((done.returncode, done.stdout), (2, "model: no nonce on the standard input\n"))


if __name__ == "__main__":
    unittest.main()
