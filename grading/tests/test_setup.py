#!/usr/bin/env python3
"""Tests of setup.sh, doctor.sh and tools.sh on machines made of fake tools.

A `Machine` is a temporary directory with a copy of the scripts and a bin/ that is the whole PATH: small shell scripts that
answer as the tools would, and an apt-get that writes down how it was called and "installs" by copying from a store.
So a fresh machine, a missing sudo or an old QEMU is set up in a line, and the machine under the tests is never changed.
"""

import pathlib
import shutil
import subprocess
import tempfile
import textwrap
import unittest

GRADING = pathlib.Path(__file__).resolve().parent.parent

# What the scripts use of the base system; everything else on a machine is fake.
BASE_SYSTEM = ["sh", "sed", "cat", "cp", "rm", "mktemp", "tr", "grep", "env", "chmod", "dirname"]

# A compiler: finds the headers in $FAKE/include, and what it "links" prints what a sanitizer prints.
COMPILER = """
    case "$*" in
    *--version*) echo "gcc (Debian 12.2.0-14) 12.2.0" ;;
    *-E*)
        read -r line
        header=${line#*<}
        header=$FAKE/include/${header%>}
        [ -e "$header" ] && echo "# 1 \\"$header\\" 1 3 4"
        ;;
    *)
        while [ "$1" != -o ]; do shift; done
        printf '#!/bin/sh\\necho AddressSanitizer\\n' >"$2"
        chmod +x "$2"
        ;;
    esac
"""

QEMU = """
    case "$*" in
    *-version*) echo "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7)" ;;
    *"-M help"*) printf 'Supported machines are:\\nvirt    a board\\nxlnx-versal-virt    another\\n' ;;
    *-plugin*) exit 0 ;;
    esac
"""

GDB = """
    case "$*" in
    *--version*) echo "GNU gdb (Debian 13.1-3) 13.1" ;;
    *) echo 'The target architecture is set to "aarch64".' ;;
    esac
"""

UNIFDEF = """
    case "$*" in
    -V) echo "Version: unifdef-2.10" ;;
    *) echo mmu ;;
    esac
"""

# What apt-get can install: package -> {file below the machine's directory: script}
STORE = {
    "gcc-aarch64-linux-gnu": {"bin/aarch64-linux-gnu-gcc": COMPILER, "bin/aarch64-linux-gnu-objcopy": "exit 0"},
    "gcc": {"bin/gcc": COMPILER, "bin/cc": COMPILER},
    "libc6-dev": {"include/stdio.h": ""},
    "qemu-system-arm": {"bin/qemu-system-aarch64": QEMU},
    "gdb-multiarch": {"bin/gdb-multiarch": GDB},
    "python3": {"bin/python3": "echo Python 3.11.2"},
    "git": {"bin/git": "echo git version 2.39.5"}, "make": {"bin/make": "echo GNU Make 4.3"},
    "unifdef": {"bin/unifdef": UNIFDEF},
    "device-tree-compiler": {"bin/dtc": "echo Version: DTC 1.6.1"},
    "libfdt-dev": {"include/libfdt.h": ""},
    "libcmocka-dev": {"include/cmocka.h": ""},
    "clang-format": {"bin/clang-format": "echo Debian clang-format version 14.0.6"},
    "tmux": {"bin/tmux": "echo tmux 3.3a"},
    "bubblewrap": {"bin/bwrap": "echo bubblewrap 0.8.0"},
    "slurm-wlm": {"bin/slurmctld": "[ \"$1\" = -V ] && echo slurm-wlm 22.05.8"}, "munge": {"bin/munged": "echo munge-0.5.15"},
    "doxygen": {"bin/doxygen": "echo 1.9.4"}, "graphviz": {"bin/dot": "[ \"$1\" = -V ] && echo dot - graphviz version 2.43.0"},
    "doxygen-awesome-css": {"theme/doxygen-awesome.css": ""}, "chromium": {"bin/chromium": "echo Chromium 156.0.8078.108"},
}
STUDENT = ["gcc-aarch64-linux-gnu", "gcc", "libc6-dev", "qemu-system-arm", "gdb-multiarch", "python3"]
SITE = ["doxygen", "graphviz", "doxygen-awesome-css"]
COURSE = ["unifdef", "device-tree-compiler", "libfdt-dev", "libcmocka-dev", "clang-format", "tmux", "bubblewrap"]

APT = """
    echo "apt-get $*" >>"$FAKE/log"
    case "$*" in
    *update) exit ${APT_UPDATE_STATUS:-0} ;;
    esac
    for word in "$@"; do
        [ -d "$FAKE/store/$word" ] && cp -R "$FAKE/store/$word/." "$FAKE"
    done
    exit ${APT_INSTALL_STATUS:-0}
"""
SUDO = 'echo "sudo $*" >>"$FAKE/log"; exec "$@"'


class Machine:
    """A machine with make, git, apt-get and root; remove and add tools to make it another."""

    def __init__(self, path, packages=()):
        self.path = path
        self.environment = {"FAKE": str(path), "PATH": str(path / "bin"), "FAKE_UID": "0", "TMPDIR": str(path / "tmp"),
                            "SBIN": str(path / "sbin"), "THEME": str(path / "theme")}
        for directory in ("bin", "include", "tmp", "store", "hv8/grading"):
            (path / directory).mkdir(parents=True)
        for script in ("setup.sh", "doctor.sh", "tools.sh"):
            shutil.copy(GRADING / script, path / "hv8/grading")
        (path / "hv8/.clang-format").write_text("BasedOnStyle: LLVM\n")
        for command in BASE_SYSTEM:
            (path / "bin" / command).symlink_to(shutil.which(command))
        for package, files in STORE.items():
            for name, text in files.items():
                self.add("store/%s/%s" % (package, name), text)
        self.add("bin/id", 'echo "$FAKE_UID"')
        self.add("bin/uname", "echo x86_64")
        self.add("bin/apt-get", APT)
        self.have("make", "git", *packages)

    def add(self, name, text):
        """A file with this script in it, below the machine's directory."""
        file = self.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("#!/bin/sh\n" + textwrap.dedent(text).strip() + "\n")
        file.chmod(0o755)

    def have(self, *packages):
        for package in packages:
            shutil.copytree(self.path / "store" / package, self.path, dirs_exist_ok=True)

    def remove(self, *commands):
        for command in commands:
            (self.path / "bin" / command).unlink()

    def is_course(self):
        (self.path / "hv8/labs").mkdir()

    def run(self, script, *arguments, **environment):
        return subprocess.run(
            ["/bin/sh", "grading/" + script] + list(arguments),
            cwd=self.path / "hv8",
            env=dict(self.environment, **environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            universal_newlines=True,
            timeout=60,
        )

    def log(self):
        """The calls of apt-get and sudo, one a line."""
        file = self.path / "log"
        return file.read_text().splitlines() if file.exists() else []

    def installed(self):
        """The packages asked of apt-get, call by call."""
        lines = [line for line in self.log() if line.startswith("apt-get") and " install " in line]
        return [[word for word in line.split() if word in STORE] for line in lines]


class TestCase(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory(prefix="hv8-setup-")
        self.addCleanup(directory.cleanup)
        self.directory = pathlib.Path(directory.name)

    def machine(self, *packages):
        return Machine(self.directory / "machine", packages)

    def assertStatus(self, expected, result):
        self.assertEqual(expected, result.returncode, result.stdout + result.stderr)


class Setup(TestCase):
    def test_fresh_machine_gets_every_student_tool_in_one_install(self):
        machine = self.machine()
        machine.add("bin/sudo", SUDO)
        result = machine.run("setup.sh")
        self.assertStatus(0, result)
        self.assertEqual([STUDENT], machine.installed())
        update, install = machine.log()  # and no sudo, since this is root
        self.assertTrue(update.endswith("update"), update)
        for option in ("-y", "--no-install-recommends", "DPkg::Lock::Timeout=120"):
            self.assertIn(option, install.split())
        for package in STUDENT:
            self.assertRegex(result.stdout, r"(?m)^  %s - to \w" % package)

    def test_second_run_does_nothing_and_says_so_in_one_line(self):
        machine = self.machine()
        machine.run("setup.sh")
        before = machine.log()
        result = machine.run("setup.sh")
        self.assertEqual("setup: nothing to do\n", result.stdout + result.stderr)
        self.assertEqual(before, machine.log())

    def test_course_tools_are_added_only_where_labs_is(self):
        machine = self.machine()
        machine.is_course()
        self.assertStatus(0, machine.run("setup.sh"))
        self.assertEqual([STUDENT + COURSE], machine.installed())
        self.assertEqual("setup: nothing to do\n", machine.run("setup.sh").stdout)

    def test_a_class_needs_more_when_asked_for(self):
        machine = self.machine()
        machine.is_course()
        self.assertStatus(0, machine.run("setup.sh", "class"))
        self.assertEqual([STUDENT + COURSE + ["slurm-wlm", "munge"]], machine.installed())
        self.assertEqual("setup: nothing to do\n", machine.run("setup.sh", "class").stdout)

    def test_the_site_needs_more_when_asked_for(self):
        machine = self.machine(*STUDENT)
        self.assertStatus(0, machine.run("setup.sh", "docs"))
        self.assertEqual([SITE], machine.installed())
        self.assertEqual("setup: nothing to do\n", machine.run("setup.sh", "docs").stdout)

    def test_where_the_labs_are_the_site_is_looked_at(self):
        machine = self.machine(*STUDENT, *COURSE, *SITE)
        machine.is_course()
        self.assertStatus(0, machine.run("setup.sh", "docs"))
        ubuntu = "ID=ubuntu" in pathlib.Path("/etc/os-release").read_text()         # Chromium is no package there
        self.assertEqual([] if ubuntu else [["chromium"]], machine.installed())

    def test_an_old_doxygen_is_named(self):
        machine = self.machine(*STUDENT, *SITE)
        machine.add("bin/doxygen", "echo 1.8.17")
        machine.add("store/doxygen/bin/doxygen", "echo 1.8.17")
        self.assertStatus(1, machine.run("setup.sh", "docs"))
        self.assertIn("Doxygen is too old: 1.9 or newer is needed", machine.run("setup.sh", "docs").stderr)

    def test_a_machine_that_only_grades_needs_less(self):
        machine = self.machine()
        machine.is_course()
        self.assertStatus(0, machine.run("setup.sh", "grader"))
        self.assertEqual([[name for name in STUDENT if name != "gdb-multiarch"] + ["unifdef", "bubblewrap"]], machine.installed())

    def test_only_what_is_missing_is_installed(self):
        machine = self.machine(*STUDENT)
        machine.remove("gdb-multiarch")
        self.assertStatus(0, machine.run("setup.sh"))
        self.assertEqual([["gdb-multiarch"]], machine.installed())

    def test_compiler_without_c_library_headers_gets_them(self):
        machine = self.machine(*STUDENT)
        (machine.path / "include/stdio.h").unlink()
        self.assertStatus(0, machine.run("setup.sh"))
        self.assertEqual([["libc6-dev"]], machine.installed())

    def test_tools_from_elsewhere_count(self):
        machine = self.machine(*STUDENT)
        machine.remove("qemu-system-aarch64", "aarch64-linux-gnu-gcc", "aarch64-linux-gnu-objcopy", "gdb-multiarch")
        machine.add("own/qemu", QEMU)
        machine.add("bin/aarch64-none-elf-gcc", COMPILER)
        machine.add("bin/aarch64-none-elf-objcopy", "exit 0")
        machine.add("bin/aarch64-none-elf-gdb", GDB)
        result = machine.run("setup.sh", QEMU=str(machine.path / "own/qemu"))
        self.assertEqual("setup: nothing to do\n", result.stdout + result.stderr)

    def test_arm_machine_uses_its_own_compiler(self):
        machine = self.machine(*STUDENT)
        machine.add("bin/uname", "echo aarch64")
        machine.remove("aarch64-linux-gnu-gcc")
        machine.add("store/gcc/bin/aarch64-linux-gnu-gcc", COMPILER)
        self.assertStatus(0, machine.run("setup.sh"))
        self.assertEqual([["gcc"]], machine.installed())

    def test_user_goes_through_sudo(self):
        machine = self.machine()
        machine.add("bin/sudo", SUDO)
        self.assertStatus(0, machine.run("setup.sh", FAKE_UID="1000"))
        self.assertEqual([STUDENT], machine.installed())
        calls = [line for line in machine.log() if line.startswith("sudo")]
        self.assertEqual(2, len(calls))
        for call in calls:
            self.assertIn("DEBIAN_FRONTEND=noninteractive apt-get", call)

    def test_user_without_sudo_is_told_the_command(self):
        machine = self.machine(*STUDENT)
        self.assertStatus(0, machine.run("setup.sh", FAKE_UID="1000"))  # nothing missing
        machine.remove("gdb-multiarch", "python3")
        result = machine.run("setup.sh", FAKE_UID="1000")
        self.assertStatus(1, result)
        command = "apt-get update && apt-get install -y --no-install-recommends gdb-multiarch python3\n"
        self.assertIn(command, result.stderr)
        self.assertEqual([], machine.log())

    def test_other_system_gets_the_names_and_goes_on(self):
        machine = self.machine("git", "gcc", "libc6-dev")
        machine.remove("apt-get")
        result = machine.run("setup.sh")
        self.assertStatus(0, result)
        for name in ("dnf install qemu-system-aarch64", "pacman -S aarch64-linux-gnu-gcc", "brew install aarch64-elf-gdb"):
            self.assertIn(name, result.stdout)
        self.assertIn("QEMU for AArch64 7.2 or newer", result.stdout)
        self.assertNotIn("install git", result.stdout)

    def test_failing_install_ends_with_status_1(self):
        result = self.machine().run("setup.sh", APT_INSTALL_STATUS="100")
        self.assertStatus(1, result)
        self.assertIn("setup: apt-get could not install everything", result.stderr)
        self.assertNotIn("setup: done", result.stdout)

    def test_failing_update_still_tries_to_install(self):
        machine = self.machine()
        result = machine.run("setup.sh", APT_UPDATE_STATUS="100")
        self.assertStatus(0, result)
        self.assertIn("apt-get update failed", result.stderr)
        self.assertEqual([STUDENT], machine.installed())

    def test_old_qemu_is_replaced(self):
        machine = self.machine(*STUDENT)
        machine.add("bin/qemu-system-aarch64", QEMU.replace("7.2.22", "5.2.0"))
        result = machine.run("setup.sh")
        self.assertStatus(0, result)
        self.assertIn("5.2.0 is too old: 7.2 or newer is needed", result.stdout)
        self.assertEqual([["qemu-system-arm"]], machine.installed())

    def test_old_tool_that_the_package_does_not_replace_ends_with_status_1(self):
        old_qemu = QEMU.replace("7.2.22", "7.1.9")
        old = {"qemu-system-aarch64": old_qemu, "python3": "echo Python 3.8.10", "make": "echo GNU Make 3.81"}
        for tool, text in old.items():
            with self.subTest(tool=tool):
                machine = Machine(self.directory / tool, STUDENT)
                machine.add("bin/" + tool, text)
                result = machine.run("setup.sh", FAKE=str(self.directory / "nowhere"))
                self.assertStatus(1, result)
                self.assertIn("is too old", result.stderr)
                self.assertNotIn("setup: done", result.stdout)

    def test_python_without_its_library_counts_as_missing(self):
        machine = self.machine(*STUDENT)
        machine.add("bin/python3", 'case "$1" in -c) exit 1 ;; esac; echo Python 3.11.2')
        self.assertStatus(0, machine.run("setup.sh"))
        self.assertEqual([["python3"]], machine.installed())


class Doctor(TestCase):
    def broken(self, state, name, fix, **environment):
        """Exactly one problem is seen: its line, and the fix on the line below."""
        result = self.sick.run("doctor.sh", **environment)
        self.assertStatus(1, result)
        self.assertRegex(result.stdout, r"(?m)^%s +%s.*\n +fix: .*%s" % (state, name, fix))
        self.assertEqual("doctor: 1 problem(s), see the fixes above", result.stdout.splitlines()[-1])
        self.assertEqual("", result.stderr)
        return result.stdout

    def setUp(self):
        super().setUp()
        self.sick = self.machine(*STUDENT)

    def test_healthy_machine(self):
        self.sick.have(*COURSE)
        self.sick.is_course()
        result = self.sick.run("doctor.sh")
        self.assertStatus(0, result)
        lines = result.stdout.splitlines()
        self.assertEqual("doctor: everything is here", lines[-1])
        self.assertEqual(len(STUDENT + COURSE) + 4, len(lines), result.stdout)  # git, make, sanitizers, the last line
        self.assertRegex(result.stdout, r"(?m)^ok +QEMU for AArch64 +7\.2\.22 +%s/bin/qemu" % self.sick.path)
        self.assertEqual([], list((self.sick.path / "tmp").iterdir()))

    def test_missing_tool_is_installed_as_root_or_by_sudo_or_su(self):
        self.sick.remove("gdb-multiarch")
        install = "apt-get install -y --no-install-recommends gdb-multiarch"
        self.broken("missing", "gdb", "apt-get update && %s$" % install)
        self.broken("missing", "gdb", "apt-get update && %s$" % install, GDB="gdb-multiarch")  # the Makefile's default
        self.broken("missing", "gdb", "su -c 'apt-get update && %s'$" % install, FAKE_UID="1000")
        self.sick.add("bin/sudo", SUDO)
        self.broken("missing", "gdb", "sudo apt-get update && sudo %s$" % install, FAKE_UID="1000")
        self.assertEqual([], self.sick.log())
        self.sick.remove("python3")
        self.assertIn("doctor: 2 problem(s)", self.sick.run("doctor.sh").stdout)

    def test_fix_on_another_system_is_the_names(self):
        self.sick.remove("gdb-multiarch", "apt-get")
        self.broken("missing", "gdb", "Fedora: dnf install gdb; Arch: .*; macOS: brew install aarch64-elf-gdb")

    def test_old_qemu(self):
        self.sick.add("bin/qemu-system-aarch64", QEMU.replace("7.2.22", "6.2.0"))
        text = self.broken("too old", "QEMU", "qemu-system-arm; or name a better one with QEMU=")
        self.assertRegex(text, r"QEMU for AArch64 +6\.2\.0 +/.*: 7\.2 or newer is needed")

    def test_qemu_without_a_machine_or_plugins(self):
        self.sick.add("bin/qemu-system-aarch64", QEMU.replace("xlnx-versal-virt", "versal"))
        self.assertIn("has no machine xlnx-versal-virt", self.broken("broken", "QEMU", "--reinstall qemu-system-arm"))
        self.sick.add("bin/qemu-system-aarch64", QEMU.replace("exit 0", "echo invalid option >&2; exit 1"))
        self.assertIn("invalid option", self.broken("broken", "QEMU", "--reinstall qemu-system-arm"))

    def test_cross_compiler_that_cannot_link_or_start(self):
        self.sick.add("bin/aarch64-linux-gnu-gcc", COMPILER.replace("while", "echo no linker; exit 1; while"))
        self.assertIn("no linker", self.broken("broken", "AArch64 gcc", "--reinstall gcc-aarch64-linux-gnu"))
        self.sick.add("bin/aarch64-linux-gnu-gcc", "echo libisl.so.23: cannot open >&2; exit 127")
        self.assertIn("libisl.so.23", self.broken("broken", "AArch64 gcc", "gcc-aarch64-linux-gnu"))

    def test_gdb_without_aarch64(self):
        self.sick.add("bin/gdb-multiarch", GDB.replace("set to", "Undefined item:"))
        self.assertIn("does not know AArch64", self.broken("broken", "gdb", "--reinstall gdb-multiarch"))

    def test_wrong_name_in_the_environment(self):
        names = {"CROSS_COMPILE": "AArch64 gcc", "QEMU": "QEMU", "PYTHON": "Python", "GDB": "gdb", "MAKE": "GNU make"}
        for variable, name in names.items():
            with self.subTest(variable=variable):
                text = self.broken("missing", name, "do not set %s" % variable, **{variable: "nowhere-"})
                self.assertIn("there is no nowhere-", text)

    def test_compiler_of_two_words(self):
        self.sick.add("bin/ccache", 'exec "$@"')
        self.assertStatus(0, self.sick.run("doctor.sh", CC="ccache gcc", CROSS_COMPILE="ccache aarch64-linux-gnu-"))


class Tools(TestCase):
    def answer(self, machine, question, **environment):
        result = machine.run("tools.sh", question, **environment)
        self.assertEqual(result.returncode == 0, result.stdout != "", "status 1 exactly if nothing is printed")
        self.assertEqual("", result.stderr)
        return result.stdout.strip()

    def test_cross_prefixes_are_tried_in_order(self):
        machine = self.machine()
        self.assertEqual("", self.answer(machine, "cross"))
        for prefix in ("aarch64-elf-", "aarch64-none-elf-", "aarch64-linux-gnu-"):
            machine.add("bin/%sgcc" % prefix, COMPILER)
            self.assertEqual(prefix, self.answer(machine, "cross"))
        self.assertEqual("other-", self.answer(machine, "cross", CROSS_COMPILE="other-"))
        self.assertEqual("aarch64-linux-gnu-", self.answer(machine, "cross", CROSS_COMPILE=""))

    def test_gdbs_are_tried_in_order(self):
        machine = self.machine()
        self.assertEqual("", self.answer(machine, "gdb"))
        machine.add("bin/gdb", GDB.replace("set to", "Undefined item:"))
        self.assertEqual("", self.answer(machine, "gdb"), "a gdb for another processor is no use")
        machine.add("bin/gdb", GDB)
        for gdb in ("gdb", "aarch64-elf-gdb", "aarch64-none-elf-gdb", "aarch64-linux-gnu-gdb", "gdb-multiarch"):
            machine.add("bin/" + gdb, GDB)
            self.assertEqual(gdb, self.answer(machine, "gdb"))
        self.assertEqual("other", self.answer(machine, "gdb", GDB="other"))


if __name__ == "__main__":
    unittest.main()
