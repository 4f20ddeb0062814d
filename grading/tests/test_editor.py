"""What editors and terminals are given: .vscode/, .devcontainer/ and `make tmux`. Commands that they name are tried, gdb's too."""
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest
from pathlib import Path

import toy_guest

ROOT = Path(__file__).resolve().parents[2]
GDB = shutil.which(os.environ.get("GDB") or "gdb-multiarch")
ENVIRONMENT = dict({key: value for key, value in os.environ.items()
                    if not key.startswith("MAKE") and key not in ("MFLAGS", "TMUX")}, CROSS_COMPILE=toy_guest.CROSS, QEMU=toy_guest.QEMU)
SECONDS = 120


def read(path):
    """A file of JSON with comments: whole lines or behind a comma."""
    text = re.sub(r"(?m)^\s*//.*$|(?<=,) //.*$", "", (ROOT / path).read_text())
    return json.loads(text)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Files(unittest.TestCase):
    def setUp(self):
        self.tasks = {task["label"]: task for task in read(".vscode/tasks.json")["tasks"]}
        self.settings = read(".vscode/settings.json")

    def command(self, label, port=None):
        """A task's command with VS Code's variables replaced."""
        values = {"config:hv8.gdbPort": port or self.settings["hv8.gdbPort"], "config:hv8.args": self.settings["hv8.args"],
                  "input:test": "boot"}
        return re.sub(r"\$\{([^}]+)\}", lambda match: str(values[match.group(1)]), self.tasks[label]["command"])

    def test_every_task_is_a_target_with_variables_that_it_has(self):
        for label in self.tasks:
            with self.subTest(task=label):
                done = subprocess.run(self.command(label) + " --dry-run", shell=True, cwd=ROOT, env=ENVIRONMENT, text=True,
                                      stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
                self.assertEqual(done.returncode, 0, done.stdout)

    def test_the_configuration_starts_a_task_that_there_is(self):
        for configuration in read(".vscode/launch.json")["configurations"]:
            self.assertIn(configuration["preLaunchTask"], self.tasks)

    def test_extensions(self):
        wanted = read(".vscode/extensions.json")["recommendations"]
        for name in wanted + read(".devcontainer/devcontainer.json")["customizations"]["vscode"]["extensions"]:
            self.assertRegex(name, r"^[a-z0-9-]+\.[a-z0-9-]+$")

    def test_devcontainer(self):
        container = read(".devcontainer/devcontainer.json")
        self.assertRegex(container["image"], r"^mcr\.microsoft\.com/devcontainers/base:bookworm$")
        done = subprocess.run(container["postCreateCommand"].split("&&")[-1].strip() + " --dry-run", shell=True, cwd=ROOT,
                              env=ENVIRONMENT, stdout=subprocess.PIPE, text=True, check=False)
        self.assertEqual((done.returncode, done.stdout.strip()), (0, "sh grading/setup.sh"))
        self.assertIn("apt-get install -y --no-install-recommends make", container["postCreateCommand"])

    @unittest.skipIf(toy_guest.MISSING or not GDB, "missing: %s" % ", ".join(toy_guest.MISSING or ["gdb-multiarch"]))
    def test_gdb_does_what_the_configuration_says(self):
        port = free_port()
        configuration, = read(".vscode/launch.json")["configurations"]
        words = [word["text"].replace("${workspaceFolder}", str(ROOT)) for word in configuration["customLaunchSetupCommands"]]
        ends = self.tasks["qemu-gdb"]["problemMatcher"]["background"]["endsPattern"]
        with subprocess.Popen(self.command("qemu-gdb", port), shell=True, cwd=ROOT, env=ENVIRONMENT, stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True) as qemu:
            try:
                self.assertTrue(any(re.search(ends, line) for line in qemu.stdout))
                self.assertTrue(Path(configuration["program"].replace("${workspaceFolder}", str(ROOT))).exists())
                done = subprocess.run([GDB] + configuration["miDebuggerArgs"].split() + ["-batch"] +
                                      [word for text in words + ["bt", "hv8 esr 0x96000045", "printf \"EL%d\\n\", ($cpsr >> 2) & 3"]
                                       for word in ("-ex", text)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, text=True, timeout=SECONDS, check=False)
            finally:
                os.killpg(qemu.pid, signal.SIGKILL)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertRegex(done.stdout, r"#0  (?:0x\w+ in )?_start|#0 .* kernel/boot/start\.S")
        self.assertIn("data abort", done.stdout.lower())
        self.assertIn("EL2", done.stdout)


@unittest.skipIf(toy_guest.MISSING or not GDB or not shutil.which("tmux"), "missing: a cross compiler, QEMU, gdb or tmux")
class Tmux(unittest.TestCase):
    def setUp(self):
        self.port = free_port()

    def make(self, *words, path=None):
        environment = dict(ENVIRONMENT, PATH=path or ENVIRONMENT["PATH"], TERM="xterm")
        command = ["make", "-s", "tmux", "GDB_PORT=%d" % self.port, "TMUX_FLAGS=-d -x 200 -y 50"] + list(words)
        return subprocess.run(command, cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, timeout=SECONDS, check=False)

    def tmux(self, *words):
        return subprocess.run(["tmux", "-L", "hv8-%d" % self.port] + list(words), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              text=True, check=False, timeout=SECONDS)

    def test_side_by_side_and_both_end_with_gdb(self):
        self.addCleanup(self.tmux, "kill-server")
        with tempfile.TemporaryDirectory() as scratch:
            ready, said = os.path.join(scratch, "ready"), os.path.join(scratch, "said")
            os.mkfifo(ready)
            commands = os.path.join(scratch, "commands")
            Path(commands).write_text("set logging file %s\nset logging enabled on\nbt 1\nhbreak banner\ncontinue\n"
                                      "set logging enabled off\nshell echo there >%s\n" % (said, ready))
            done = self.make("ARGS=test=hello", "LAB=2", "GDBFLAGS=-x " + commands)
            self.assertEqual((done.returncode, done.stdout), (0, ""))
            with open(ready, encoding="ascii") as fifo:
                self.assertEqual(fifo.read(), "there\n")
            self.assertRegex(Path(said).read_text(), r"Breakpoint \d+, banner \(level=.*2\)")
            self.assertIn("it is open already: tmux -L hv8-%d attach" % self.port, self.make("LAB=2").stdout)
            panes = [int(pid) for pid in self.tmux("list-panes", "-F", "#{pane_pid}").stdout.split()]
            self.assertEqual(len(panes), 2)
            server = int(self.tmux("display-message", "-p", "#{pid}").stdout)
            waiting = [os.pidfd_open(pid) for pid in panes + [server]]
            self.tmux("send-keys", "-t", ":.1", "quit", "Enter")
            for handle in waiting:                      # readable when the process has ended
                self.assertTrue(select.select([handle], [], [], SECONDS)[0])
                os.close(handle)

    def test_without_tmux(self):
        with tempfile.TemporaryDirectory() as scratch:
            for folder in ENVIRONMENT["PATH"].split(os.pathsep):
                for tool in (os.listdir(folder) if os.path.isdir(folder) else ()):
                    if tool != "tmux" and not os.path.lexists(os.path.join(scratch, tool)):
                        os.symlink(os.path.join(folder, tool), os.path.join(scratch, tool))
            done = self.make("LAB=2", path=scratch)
        self.assertEqual(done.returncode, 2, done.stdout)
        self.assertIn("there is no tmux: install the package tmux, or run 'make qemu-gdb' and 'make gdb' in two terminals",
                      done.stdout)


if __name__ == "__main__":
    unittest.main()
