"""Runs commands that somebody's submission has a say in: a compiler on its source, QEMU on its kernel, the model machine.

A command gets no network, a system that it can only read, no file but those it is given, processes and /tmp of its own, an empty
environment, and limits. That is bubblewrap's work; where it is missing or may not work (in most containers) `note` says so, and the
limits and, for root, the user nobody are all there is. Needs Linux: prlimit and setpriv of util-linux.
"""
import collections
import functools
import os
import selectors
import shutil
import signal
import subprocess
import sys
import time

NOBODY = 65534
MiB = 1 << 20
SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/alternatives", "/etc/ld.so.cache")
AS_NOBODY = ["setpriv", "--reuid", str(NOBODY), "--regid", str(NOBODY), "--clear-groups", "--inh-caps=-all", "--no-new-privs"]
# For root: mounts that root may make, so that no folder above must be open to nobody, and then the user nobody.
BY_ROOT = ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL",
           "--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID", "--cap-add", "CAP_SETPCAP"]

Limits = collections.namedtuple("Limits", "wall cpu memory file processes output keep")
# wall: seconds for all, cpu: for each process; memory: bytes of address space, of each process; file: bytes of each; processes: of
# the user nobody, in all sandboxes of this machine together; output: bytes after which the command is killed; keep: so many of
# these, from both ends, are kept.
BUILD = Limits(300, 60, 2048 * MiB, 64 * MiB, 1024, 8 * MiB, 64 << 10)
READ = Limits(120, 60, 1024 * MiB, MiB, 1024, 128 * MiB, 128 * MiB)
RUN = Limits(None, 600, 12288 * MiB, 16 * MiB, 1024, None, None)        # guest.py has limits of time and output

Done = collections.namedtuple("Done", "status output end")      # end: exit, time, or output when too much came


class Unusable(Exception):
    """Why no command can be run: one line."""


class Sandbox:
    """How commands are run on this machine; `note` is empty, or what is missing from a sandbox here."""

    def __init__(self, tools=()):
        """`tools` are programs that must be there in the sandbox, wherever they are installed."""
        for tool in ("prlimit", "setpriv", "env"):
            if not shutil.which(tool):
                raise Unusable("there is no %s, which limits what a submission can use up: install util-linux and coreutils" % tool)
        self._root = os.geteuid() == 0
        self._homes = _homes(tools)
        self._way, self.note = "none", ""
        self._bwrap = shutil.which("bwrap")
        ways = (["root", "user"] if self._root else ["user"]) if self._bwrap else []
        for self._way in ways + ["none"]:
            why = _failure(self.prefix(RUN, cwd="/") + ["true"])
            if not why:
                break
            if self._way == "none":
                raise Unusable("commands cannot be run with limits here: %s" % why)
            self.note = "not sandboxed: bubblewrap does not work here (%s)" % why
        if self._way != "none":
            self.note = ""
        elif not self.note:
            self.note = "not sandboxed: install bubblewrap"

    def prefix(self, limits, mounts=(), cwd="/"):
        """What to put before a command. `mounts` are (path here, path there, may it be written).

        Without bubblewrap there are no other paths than those here: `place` tells which one a command must be given.
        """
        environment = ["PATH=" + self._path(), "LC_ALL=C.UTF-8", "HOME=/tmp"]
        limit = ["prlimit", "--core=0", "--cpu=%d" % limits.cpu, "--as=%d" % limits.memory, "--fsize=%d" % limits.file]
        if self._root or self._way != "none":           # else the user's other processes count too
            limit.append("--nproc=%d" % limits.processes)
        limit.append("--")
        if self._way == "none":
            return ["env", "-i", "--chdir=" + self.place(mounts, cwd)] + environment + limit + (AS_NOBODY if self._root else [])
        line = ["env", "-i"] + environment
        if self._way == "user":
            line += AS_NOBODY if self._root else []
        line += [self._bwrap, "--die-with-parent"] + (BY_ROOT if self._way == "root" else ["--unshare-all"])
        line += ["--proc", "/proc", "--dev", "/dev", "--perms", "1777", "--tmpfs", "/tmp"]
        system = [(path, path, False) for path in SYSTEM + tuple(self._homes) if os.path.exists(path)]
        above = {folder for _, there, _ in system + list(mounts) for folder in _above(there)}
        for folder in sorted(above - {"/tmp"}):         # bubblewrap would let only root look into these
            line += ["--perms", "0755", "--dir", folder]
        for here, there, write in system + list(mounts):
            if here in SYSTEM and os.path.islink(here):
                line += ["--symlink", os.readlink(here), there]
            else:
                line += ["--bind" if write else "--ro-bind", os.path.realpath(here), there]
        return line + ["--chdir", cwd, "--"] + limit + (AS_NOBODY + ["--bounding-set=-all"] if self._way == "root" else [])

    def place(self, mounts, path):
        """Where `path`, a place in the sandbox, is for a command."""
        for here, there, _ in mounts if self._way == "none" else ():
            if path == there or path.startswith(there + "/"):
                return os.path.abspath(here) + path[len(there):]
        return path

    def give(self, top):
        """Let commands write to `top`, a file or a folder with all in it."""
        if self._root:
            os.chown(top, NOBODY, NOBODY)
            for folder, folders, files in os.walk(top):
                for name in folders + files:
                    os.chown(os.path.join(folder, name), NOBODY, NOBODY, follow_symlinks=False)
        if os.path.isdir(top) and self._root and self._way != "root":
            why = _failure(AS_NOBODY + ["test", "-w", top])
            if why:
                raise Unusable("the user nobody, as whom commands run, cannot reach %s: open the folders above it (chmod o+x), or "
                               "keep this elsewhere" % top)

    def run(self, command, limits, mounts=(), cwd="/", stdin=subprocess.DEVNULL, errors=subprocess.STDOUT):
        """Run a command to its end, or kill it at a limit; a Done."""
        return bounded(self.prefix(limits, mounts, cwd) + command, limits, stdin, errors)

    def _path(self):
        found = [os.path.join(home, "bin") for home in self._homes] + ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        return ":".join(found)


def bounded(command, limits, stdin=subprocess.DEVNULL, errors=subprocess.STDOUT, environment=None):
    """Run a command for `limits.wall` seconds and `limits.output` bytes of output at most; a Done."""
    with subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=errors, start_new_session=True, bufsize=0,
                          env=environment) as process:
        output = bytearray()
        try:
            end = _collect(process, limits, output)
        finally:
            _kill(process)
    return Done(process.returncode, bytes(output), end)


def _collect(process, limits, output):
    """Read what a process prints until it ends, into `output`; how it ended."""
    deadline, total, tail = time.monotonic() + limits.wall, 0, bytearray()
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            if time.monotonic() > deadline:
                end = "time"
                break
            if selector.select(0.25):
                data = os.read(process.stdout.fileno(), 1 << 16)
                total += len(data)
                room = max(0, limits.keep // 2 - len(output))
                output += data[:room]
                tail += data[room:]
                del tail[:-(limits.keep // 2)]
                if total > limits.output:
                    end = "output"
                    break
                if not data:
                    end = "exit"
                    break
            elif process.poll() is not None:            # what it left behind keeps the pipe
                end = "exit"
                break
    cut = total - len(output) - len(tail)
    output += (b"\n... %d bytes ...\n" % cut if cut else b"") + tail
    try:
        process.wait(max(0.1, deadline - time.monotonic()) if end == "exit" else 0)
    except subprocess.TimeoutExpired:
        return "time" if end == "exit" else end
    return end


def _kill(process):
    """End what is left of a command. With bubblewrap that is all of it, whatever it did to its sessions and groups."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):       # it has ended
        pass


def _failure(command):
    """Why this command fails, or None."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False)
    except (OSError, subprocess.SubprocessError) as error:
        return str(error)
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return (lines[-1] if lines else "status %d" % done.returncode) if done.returncode else None


def _above(path):
    """The folders above `path`, without the root."""
    names = path.strip("/").split("/")[:-1]
    return ["/" + "/".join(names[:n]) for n in range(1, len(names) + 1)]


def _homes(tools):
    """The folders that hold programs which are not where the system keeps its own: /opt/qemu of /opt/qemu/bin/qemu."""
    found = []
    for tool in list(tools) + [sys.executable]:
        path = shutil.which(tool)
        for name in (path, os.path.realpath(path)) if path else ():
            home = os.path.dirname(os.path.dirname(os.path.abspath(name)))
            if home not in ("/", os.path.expanduser("~")) and not home.startswith(SYSTEM) and home not in found:
                found.append(home)
    return found


@functools.lru_cache(maxsize=None)
def here(*tools):
    """The Sandbox of this machine."""
    return Sandbox(tools)
