"""Builds QEMU plugins, above all limit.c, which bounds a run in guest instructions, and reads the report that that leaves.

Without a native compiler, or with a QEMU that has no plugins, `build` returns None and the one line to show; grading goes on with
wall-clock limits only.
"""
import collections
import hashlib
import os
import platform
import shutil
import struct
import subprocess
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SOURCE, HEADER = os.path.join(HERE, "limit.c"), os.path.join(HERE, "blocks.h")
LIMIT_STATUS = 124

Report = collections.namedtuple("Report", "instructions last marks blocks reason steps cpus", defaults=(0, [], []))
# last: address of the last instruction; marks: where mark= was entered from; blocks: addresses, the latest first; reason: of the
# plugin's own end; steps: indexes of the step= that were entered, in order; cpus: address of each CPU's last instruction, or 0.
AT_LIMIT, AFTER_END, IN_STORM = 1, 2, 3                     # enum reason of limit.c
STEPS, _RING, _MARKS, _CPUS = 48, 64, 8, 64                 # its array sizes
_REPORT = struct.Struct("=%dQ" % (4 + _RING + 1 + _MARKS + 1 + STEPS + _CPUS))


def _compiler():
    """The native compiler as a list of words, or None; HOSTCC and CC in the environment come first, as in the Makefile."""
    for words in (os.environ.get("HOSTCC", ""), os.environ.get("CC", ""), "cc", "gcc", "clang"):
        if words.strip() and shutil.which(words.split()[0]):
            return words.split()
    return None


def build(out, qemu, qemu_version, source=SOURCE, without="hangs end by wall clock only and holes may go unnamed"):
    """(path of the plugin, None) or (None, warning). Built once per source, plugin interface and directory `out`.
    `without` says in the warning what follows."""
    cc = _compiler()
    if cc is None:
        return None, "no native C compiler: %s; install gcc" % without
    interface = 2 if qemu_version >= (9, 0) else 1
    key = hashlib.sha256(b"%d %s" % (interface, platform.machine().encode()))
    for path in (source, HEADER):
        with open(path, "rb") as file:
            key.update(file.read())
    path = os.path.join(out, "%s-%s.so" % (os.path.splitext(os.path.basename(source))[0], key.hexdigest()[:12]))
    if not os.path.exists(path):
        os.makedirs(out, exist_ok=True)
        handle, fresh = tempfile.mkstemp(dir=out)
        os.close(handle)
        command = cc + ["-O2", "-shared", "-fPIC", "-fvisibility=hidden", "-DPLUGIN_VERSION=%d" % interface, "-I", HERE,
                        "-o", fresh, source]
        if platform.system() == "Darwin":
            command += ["-undefined", "dynamic_lookup"]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            os.unlink(fresh)
            return None, "%s cannot build %s (%s): %s; install gcc and libc6-dev" % (
                cc[0], os.path.relpath(source, os.path.dirname(HERE)),
                (done.stdout.decode(errors="replace").strip().splitlines() or ["no message"])[0], without)
        os.chmod(fresh, 0o755)              # mkstemp made it for its owner only
        os.replace(fresh, path)
    probe = subprocess.run([qemu, "-M", "none", "-nodefaults", "-display", "none", "-monitor", "stdio", "-plugin", path],
                           input=b"quit\n", stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
    if probe.returncode:
        return None, "this QEMU takes no plugins (%s): %s; install your system's qemu-system-arm" % (
            (probe.stderr.decode(errors="replace").strip().splitlines() or ["status %d" % probe.returncode])[0], without)
    return path, None


def read_report(path):
    """The plugin's Report, as it is now or was when QEMU ended, or None when there is none."""
    try:
        with open(path, "rb") as file:
            values = list(_REPORT.unpack(file.read(_REPORT.size)))
    except (OSError, struct.error):
        return None

    def take(count):
        taken = values[:count]
        del values[:count]
        return taken

    count, last, reason, used = take(4)
    ring, (marks,), marked, (steps,), step = take(_RING), take(1), take(_MARKS), take(1), take(STEPS)
    return Report(count, last, marked[:marks], [ring[(used - n) % _RING] for n in range(1, min(used, _RING) + 1)], reason,
                  step[:steps], values)
