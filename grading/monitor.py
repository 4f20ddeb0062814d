"""Asks QEMU what every CPU is doing, by its monitor on an inherited socket that the guest cannot reach.

For the end of a run only: the CPUs may stand in the plugin or sleep. QEMU may be too busy to answer, so nothing here waits for
long, and nothing raises: what is not known is left out. System registers need the gdbstub, which the monitor starts, and it
stops the guest for good.
"""
import collections
import json
import re
import select
import socket

import gdbremote
import registers

MAX_FRAMES = 12
SYNDROME = ("ESR", "ELR", "FAR", "VBAR")

Cpu = collections.namedtuple("Cpu", "pc pstate link frames code")
# What one CPU is at: pc and pstate; link: X30; frames: return addresses that its frame pointer leads to, the innermost first;
# code: a few words before and behind pc, as {address: word}.


class _Silent(Exception):
    """QEMU does not answer, or not what it should."""


def _is_answer(said):
    return "return" in said or "error" in said


class Monitor:
    """The harness's ends of one QEMU's monitor and stub; `close` must be called, and `started` when QEMU has its own ends."""

    def __init__(self, timeout):
        """No answer may take longer than `timeout` seconds."""
        self._timeout, self._buffer, self._greeted, self._lost, self._unread = timeout, b"", False, False, 0
        self._monitor, monitor_end = socket.socketpair()
        self._stub, stub_end = socket.socketpair()
        self._theirs = [monitor_end, stub_end]
        self._monitor.settimeout(timeout)

    def options(self):
        """QEMU's options for a monitor, and for a gdbstub that may be started."""
        return ["-chardev", "socket,id=monitor,fd=%d" % self._theirs[0].fileno(), "-mon", "chardev=monitor,mode=control",
                "-chardev", "socket,id=stub,fd=%d" % self._theirs[1].fileno()]

    def descriptors(self):
        """What QEMU must inherit."""
        return [end.fileno() for end in self._theirs]

    def started(self):
        for end in self._theirs:
            end.close()

    def close(self):
        for end in [self._monitor, self._stub] + self._theirs:
            end.close()

    def cpus(self):
        """The Cpu of every CPU in order (None for one that is not AArch64), or [] when QEMU does not say."""
        try:
            texts = re.split(r"(?m)^CPU#\d+\s*$", self._human("info registers -a"))[1:]
            return [self._cpu(number, text) for number, text in enumerate(texts)]
        except _Silent:
            return []

    def wake(self):
        """Make a CPU that sleeps look for input: while QEMU records, that alone wakes none. Does not wait: QEMU stops a CPU only
        when it is not in the plugin, where it may wait for us."""
        try:
            self._greet()
            for command in ("stop", "cont"):
                self._send(command, {})
                self._unread += 1
            while self._unread and (b"\n" in self._buffer or select.select([self._monitor], [], [], 0)[0]):
                self._unread -= _is_answer(self._next())
        except _Silent:
            pass

    def exception(self, cpu, let_go):
        """{register: value} of a CPU's latest exception, as of SYNDROME, at the level it is at; {} when QEMU does not say.

        The guest is stopped for it and cannot go on; `let_go()` is called to free one that waits in the plugin."""
        try:
            self._send("human-monitor-command", _line("gdbserver chardev:stub"))      # answers when the guest has stopped
            let_go()
            gdb = gdbremote.GdbRemote(self._stub, self._timeout)
            gdb.select(cpu)
            level = gdb.register(("cpsr",)) >> 2 & 3
            names = ["%s_EL%d" % (name, level) for name in SYNDROME] if level in (1, 2) else []
            return {name: gdb.register(registers.gdb_names(name)) for name in names}
        except (_Silent, gdbremote.GdbError):
            return {}

    def _send(self, command, arguments):
        if self._lost:
            raise _Silent
        try:
            self._monitor.sendall(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        except OSError:
            self._lost = True
            raise _Silent from None

    def _greet(self):
        if not self._greeted:
            self._greeted = True
            self._execute("qmp_capabilities", {})

    def _execute(self, command, arguments):
        self._greet()
        self._send(command, arguments)
        while True:
            answer = self._next()
            if not _is_answer(answer):
                continue
            if not self._unread:
                break
            self._unread -= 1
        if "error" in answer:
            raise _Silent
        return answer["return"]

    def _next(self):
        """The next that QEMU says: a greeting, an event, or an answer, those of wake() in the order in which it asked."""
        try:
            while b"\n" not in self._buffer:
                data = self._monitor.recv(65536)
                if not data:
                    raise _Silent
                self._buffer += data
            line, _, self._buffer = self._buffer.partition(b"\n")
            return json.loads(line)
        except (OSError, ValueError):
            self._lost = True           # a late answer would be taken for the next one's
            raise _Silent from None

    def _human(self, line, cpu=0):
        """The text that a command of the human monitor prints."""
        return self._execute("human-monitor-command", _line(line, cpu))

    def _words(self, address, count, size, cpu):
        """{address: word} of the memory that this CPU sees there; empty where it sees none."""
        text = self._human("x /%d%sx 0x%x" % (count, {4: "w", 8: "g"}[size], address), cpu)
        words = [int(word, 16) for row in re.findall(r"(?m)^[0-9a-f]+:((?: 0x[0-9a-f]+)+)\s*$", text) for word in row.split()]
        return {address + size * n: word for n, word in enumerate(words)}

    def _cpu(self, number, text):
        """The Cpu that `info registers` shows as this text, or None for one that is not AArch64."""
        values = {name: int(value, 16) for name, value in re.findall(r"\b(PC|PSTATE|X\d\d)=([0-9a-f]+)", text)}
        if not {"PC", "PSTATE", "X29", "X30"} <= set(values):
            return None
        frames, pointer = [], values["X29"]
        while len(frames) < MAX_FRAMES and pointer and pointer % 8 == 0:
            record = self._words(pointer, 2, 8, number)
            if not record.get(pointer + 8):
                break
            frames.append(record[pointer + 8])
            if record[pointer] <= pointer:
                break
            pointer = record[pointer]
        start = max(0, values["PC"] - 64) & ~3
        return Cpu(values["PC"], values["PSTATE"], values["X30"], frames, self._words(start, 32, 4, number))


def _line(line, cpu=0):
    """The arguments of human-monitor-command."""
    return {"command-line": line, "cpu-index": cpu}
