#!/usr/bin/env python3
"""Replays a recorded run of a guest: finds its end, and serves it to gdb, halted there.

    target remote | python3 debug/recording.py FOLDER     the recording in FOLDER, by gdb's protocol on the standard input

QEMU goes backwards by loading the snapshot of the start and running forwards again, so all of a run can be reached, and each
step back takes as long as the run up to there. It lives as long as gdb's connection, or until gdb ends it.
"""
import contextlib
import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [path for path in (os.path.join(os.path.dirname(FOLDER), "grading"),) if path not in sys.path]
import machines                                                                # noqa: E402

RECORDING, DISK, ABOUT = "recording.bin", "start.qcow2", "recording.json"      # the files of a folder
PATIENCE = 60.0                     # seconds that QEMU may take to answer
NUDGE_SECONDS = 0.02                # between two looks at how far a replay is
KEPT = 16                           # bytes of the last event, over and over, more than one event has
HEAD, TAIL = 4, 2                   # bytes of a recording that QEMU writes when it ends: its version; "shut down" and "end"
BUFFER = 4096                       # bytes that QEMU writes at a time
ASLEEP_SECONDS = 2.0                # so long without an instruction: the guest sleeps, and nothing more is recorded


class ReplayError(Exception):
    """Why this run cannot be replayed, in a line."""


def make_disk(path, size=1 << 26):
    """An empty disk of `size` bytes in the format qcow2, version 2, for QEMU's snapshots."""
    bits = 16
    cluster = 1 << bits
    entries = -(-size // (cluster * (cluster // 8)))            # of the table L1: each stands for an L2 table of one cluster
    header = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 2, 0, 0, bits, size, 0, entries, 3 * cluster, cluster, 1, 0, 0)
    with open(path, "wb") as file:          # a cluster each: header, table of reference counts, those of these four, L1
        for part in (header, struct.pack(">Q", 2 * cluster), struct.pack(">4H", 1, 1, 1, 1), bytes(8 * entries)):
            file.write(part.ljust(cluster, b"\0"))


def record(command, directory):
    """The command that runs QEMU like `command` and records the run in `directory`."""
    disk = os.path.join(directory, DISK)
    make_disk(disk)
    return machines.recorded(command, os.path.join(directory, RECORDING), disk)


def finish(qemu, directory):
    """Complete the recording of a CPU that took one exception after the other without an instruction between. That gives QEMU
    no turn to end, so it was killed, and its file has no head, and at the end only that event, a byte, over and over. Both
    are as in a recording that this QEMU makes of no machine."""
    path = os.path.join(directory, RECORDING)
    with open(path, "rb") as file:
        recorded = file.read()
    rest = recorded.rstrip(recorded[-1:])
    if any(recorded[:HEAD]) or len(recorded) - len(rest) < BUFFER:
        return
    empty = os.path.join(directory, "empty.bin")
    count = "shift=0,rr=record,rrfile=" + empty.replace(",", ",,")
    done = subprocess.run([qemu, "-M", "none", "-nodefaults", "-display", "none", "-monitor", "stdio", "-icount", count],
                          input=b"quit\n", stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise ReplayError("QEMU cannot record: %s ended with status %d" % (qemu, done.returncode))
    with open(empty, "rb") as file:
        whole = file.read()
    with open(path, "wb") as file:
        file.write(whole[:HEAD] + recorded[HEAD:len(rest) + KEPT] + whole[-TAIL:])


class Replay:
    """A QEMU that replays, halted at the start, and its monitor; leave it by `with`."""

    def __init__(self, command, directory, options=(), inherited=()):
        self._socket, theirs = socket.socketpair()
        self._socket.settimeout(PATIENCE)
        self._log = os.path.join(directory, "replay.log")
        with open(os.path.join(directory, "replay.txt"), "wb") as output, open(self._log, "wb") as log:
            self.process = subprocess.Popen(
                command + ["-chardev", "socket,id=monitor,fd=%d" % theirs.fileno(), "-mon", "chardev=monitor,mode=control"] +
                list(options), stdin=subprocess.DEVNULL, stdout=output, stderr=log, pass_fds=[theirs.fileno()] + list(inherited))
        theirs.close()
        self._lines, self._events = self._socket.makefile("r", encoding="utf-8"), []
        self._read()
        self.ask("qmp_capabilities")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self._lines.close()
        self._socket.close()

    def fileno(self):
        return self._socket.fileno()

    def _read(self):
        try:
            line = self._lines.readline()
        except socket.timeout:
            raise ReplayError("QEMU's monitor does not answer in %d s" % PATIENCE) from None
        except OSError:
            line = ""
        if not line:
            with open(self._log, encoding="utf-8", errors="replace") as log:
                said = log.read().strip().split("\n")[-1]
            raise ReplayError("QEMU cannot replay this run: %s" % (said or "it ended without a message"))
        return json.loads(line)

    def ask(self, command, **arguments):
        """The answer to a command of the monitor."""
        self._socket.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        while True:
            answer = self._read()
            if "event" in answer:
                self._events.append(answer["event"])
            elif "return" in answer:
                return answer["return"]
            else:
                raise ReplayError("QEMU's monitor refuses %s: %s" % (command, answer["error"]["desc"]))

    def nudge(self):
        """Make QEMU look for recorded input, which does not wake a CPU that sleeps; the answer is of no interest."""
        self._socket.sendall(b'{"execute": "query-replay"}\n')

    def run(self):
        """Run until QEMU stops by itself, or sleeps for ever; the number of instructions until there."""
        self._events.clear()
        self.ask("cont")
        count, since = -1, time.monotonic()
        while "STOP" not in self._events and time.monotonic() - since < ASLEEP_SECONDS:
            if select.select([self._socket], [], [], NUDGE_SECONDS)[0]:
                self._events.append(self._read().get("event"))
            before, count = count, self.ask("query-replay")["icount"]
            since = time.monotonic() if count != before else since
        return count


def last_instruction(command, directory):
    """How many instructions lie before the last one of the recording."""
    with Replay(command, directory) as machine:
        return machine.run() - 1


def serve(directory):
    """Replay up to the last instruction, then let gdb, at the standard input, have it until it goes."""
    with open(os.path.join(directory, ABOUT), encoding="utf-8") as file:
        about = json.load(file)
    debugger = os.dup(0)
    with Replay(about["command"], directory, ["-chardev", "socket,id=gdb,fd=%d" % debugger], [debugger]) as machine:
        os.close(debugger)
        machine.ask("replay-break", icount=about["last"])
        machine.run()
        machine.ask("human-monitor-command", **{"command-line": "gdbserver chardev:gdb"})
        waiting = select.poll()
        waiting.register(0, 0)                          # told only when gdb has closed its end
        waiting.register(machine.fileno(), select.POLLIN)
        while not any(descriptor == 0 or not os.read(descriptor, 65536) for descriptor, _ in waiting.poll(1000 * NUDGE_SECONDS)):
            machine.nudge()


def main():
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))       # so that QEMU ends with us
    with contextlib.suppress(ConnectionResetError):             # gdb or QEMU has gone
        try:
            serve(sys.argv[1])
        except ReplayError as error:
            print(error, file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
