"""Runs one QEMU: collects what it prints, sends input when the matcher says so, does the outside reads, ends it in time.

One loop waits for the UART, the debugger's socket and the plugin's question at the same time. A run ends by itself, at the
instruction limit (plugin), at 1 MiB of output, when every CPU sleeps and nothing can wake one, when CPU time passes
without instructions or with too few, or, as a backstop that a slow host must not reach, by wall clock; the Outcome says which.
"""
import array
import collections
import contextlib
import fcntl
import os
import re
import selectors
import socket
import subprocess
import termios
import threading
import time

import expect
import gdbremote
import machines
import monitor
import plugin

OUTPUT_LIMIT = 1 << 20
GRACE = 2 * 1000 ** 2               # instructions that a panic may take until the power is off
TICK = 0.1                          # seconds between looks at a silent QEMU
ASLEEP_TICKS = 6                    # so many ticks without a running thread or any CPU time: the guest sleeps for ever,
STARTING = 4                        # or so many times that before its first instruction, when QEMU or a sandbox may still start
STUCK_SECONDS = 0.3                 # so much CPU time without one instruction: the CPU only takes exceptions
INPUT_PATIENCE = 3.0                # seconds in which input that QEMU took must show an effect, however fast the guest polls
CPU_SECONDS = 4.0                   # CPU time of a run, plus that of its instruction limit: only exceptions cost more
INSTRUCTIONS_PER_CPU_SECOND = 20e6
CPU_SECONDS_PER_BYTE = 1e-4         # and that of its input, which a UART takes byte by byte
TURN = 500 * 1000                   # instructions after which one that records looks for input
KEY_SECONDS = 0.004                 # between two bytes of input to a QEMU that records
ENDING_SECONDS = 10.0               # how long a QEMU that records may take to end, on an idle host,
STUCK_ENDING_SECONDS = 0.5          # and one whose CPU only takes exceptions, which gives QEMU no turn to hear of it
MONITOR_SECONDS = 0.3               # how long QEMU may take to say where its CPUs are, on an idle host
WALL_SECONDS = 20.0                 # backstop of a run on an idle host, more for long limits
INSTRUCTIONS_PER_SECOND = 5e6       # what the slowest host in use surely reaches

Request = collections.namedtuple("Request", "command directory matcher limit plugin mark ends steps stop reader reads slowness "
                                            "cpu_scale on_line prefix given recorded", defaults=((), b"", False))
# command: QEMU's argument list; prefix: what stands before it, a sandbox; given: its input from the start. plugin: its path or
# None; mark: run address of todo or None; ends: run addresses that a guest does not survive for long; steps: {symbol: run
# address} whose entries are noted. stop: run address for the outside reads or None; reader(gdb): makes their Reader.
# slowness: how much slower than an idle host, by wall clock; cpu_scale: by CPU time. on_line(text): called per line.
# recorded: QEMU writes a recording, which is whole only if QEMU is asked to end, not killed.
Outcome = collections.namedtuple("Outcome", "end status seconds raw report wrong_reads stopped cpus exception reached",
                                 defaults=([], {}, []))
# end: exit limit panicked nested flood asleep stuck slow wall; status: QEMU's; report: the plugin's or None; wrong_reads:
# sentences; stopped: was stop reached; cpus, exception: what the Monitor said at a forced end, the exception only when there
# were too many; reached: symbols of the steps, in order.

ENDS = {0: "exit", plugin.AT_LIMIT: "limit", plugin.AFTER_END: "panicked", plugin.IN_STORM: "nested"}

_live = set()
_live_lock = threading.Lock()


def end_all():
    """Kill every QEMU that is still running: the harness is interrupted."""
    with _live_lock:
        for process in _live:
            process.kill()


class _Run:
    def __init__(self, request):
        self.request, self.raw, self.partial = request, bytearray(), bytearray()
        self.end, self.wrong, self.stopped = None, [], False
        self.typed_at = 0.0                             # when the last byte was sent to one that records
        self.killed_at = 0.0                            # when one that was asked to end is killed
        self.monitor = monitor.Monitor(MONITOR_SECONDS * request.slowness)
        self.cpus, self.exception, self.last_report = [], {}, None      # as they were at a forced end
        self.gdb, self.input_at, self.granted = None, None, 0
        self.unsent = bytearray(request.given)          # input that the pipe has no room for
        self.untaken = 0                                # bytes that QEMU has yet to take
        self.input_seconds = 0.0                        # what the input so far may cost
        self.selector = selectors.DefaultSelector()

    def run(self):
        ask, plugin_end = socket.socketpair()
        debug, debug_end = socket.socketpair()
        self.report_path = os.path.join(self.request.directory, "plugin.bin")
        command, inherited = list(self.request.prefix) + list(self.request.command), []
        if self.request.plugin:
            arguments = [("limit", self.request.limit), ("grace", GRACE), ("out", self.report_path), ("ask", plugin_end.fileno())]
            arguments += [("mark", "0x%x" % self.request.mark)] if self.request.mark is not None else []
            arguments += [("turn", TURN)] if self.request.recorded else []
            arguments += [("end", "0x%x" % address) for address in self.request.ends]
            arguments += [("step", "0x%x" % address) for address in self.request.steps.values()]
            command += machines.plugin_option(self.request.plugin, arguments) + self.monitor.options()
            inherited += [plugin_end.fileno()] + self.monitor.descriptors()
        if self.request.reads:
            command += machines.gdb_option(debug_end.fileno())
            inherited.append(debug_end.fileno())
        started = time.monotonic()
        try:
            with open(os.path.join(self.request.directory, "qemu.log"), "wb") as log:
                self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log,
                                                bufsize=0, pass_fds=inherited)
            with _live_lock:
                _live.add(self.process)
            plugin_end.close()
            debug_end.close()
            self.monitor.started()
            self._loop(ask, debug, started)
        finally:
            for end in (ask, plugin_end, debug, debug_end, self.monitor):
                end.close()
            self.selector.close()
        report = self.last_report or (plugin.read_report(self.report_path) if self.request.plugin else None)
        status = self.process.returncode
        if self.end is None:
            self.end = ENDS[report.reason] if report and status == plugin.LIMIT_STATUS else "exit"
        symbols = list(self.request.steps)
        reached = [symbols[index] for index in report.steps] if report else []
        return Outcome(self.end, status, time.monotonic() - started, bytes(self.raw), report, self.wrong, self.stopped, self.cpus,
                       self.exception, reached)

    def _loop(self, ask, debug, started):
        output = self.process.stdout.fileno()
        os.set_blocking(output, False)
        os.set_blocking(self.process.stdin.fileno(), False)
        self.selector.register(output, selectors.EVENT_READ, self._read_output)
        self.selector.register(ask, selectors.EVENT_READ, lambda: self._answer(ask))
        self._send_due_input()
        self._write_input()
        try:
            if self.request.reads:
                self._set_stop(debug)
            deadline = started + (WALL_SECONDS + self.request.limit / INSTRUCTIONS_PER_SECOND) * self.request.slowness
            watch = _Watch(self.process.pid, self.report_path, self.request)
            while output in self.selector.get_map():
                typing = self.request.recorded and self.unsent
                events = self.selector.select(KEY_SECONDS if typing else TICK)
                if typing:
                    self._write_input()
                for key, _ in events:
                    if self.end is None or key.fd == output or self.request.recorded:
                        key.data()
                if self.end is not None and time.monotonic() > self.killed_at:
                    self.process.kill()
                if time.monotonic() > deadline + self.input_seconds * self.request.slowness:
                    self._stop_qemu("wall")
                else:
                    why = watch.look(bool(events), self.input_seconds * self.request.cpu_scale)
                    self._stop_qemu(why if is_end(why, self.request.matcher.lines) else None)
            self._finish_line()
        finally:
            self._reap()

    def _reap(self):
        """QEMU has closed its output, or is of no more use: let it end, by force if it does not."""
        try:
            self.process.wait(timeout=10 * self.request.slowness)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        with _live_lock:
            _live.discard(self.process)
        for pipe in (self.process.stdin, self.process.stdout):
            pipe.close()

    def _stop_qemu(self, why):
        """End the run for a reason of the harness. What the plugin knows is in its file already."""
        if self.end is None and why:
            self.end = why
            self._look_at_cpus()
            self._end_qemu()

    def _end_qemu(self):
        if self.request.recorded:
            patience = STUCK_ENDING_SECONDS if self.end == "stuck" else ENDING_SECONDS
            self.killed_at = time.monotonic() + patience * self.request.slowness
            self.process.terminate()
        else:
            self.process.kill()

    def _look_at_cpus(self, let_go=lambda: None):
        """The run is over: note where the CPUs are. `let_go` frees a guest that waits in the plugin."""
        if self.request.plugin:
            self.last_report = plugin.read_report(self.report_path)
            self.cpus = self.monitor.cpus()
            if self.end in ("stuck", "nested") and self.cpus and self.last_report:
                latest = next((n for n, address in enumerate(self.last_report.cpus) if address == self.last_report.last), 0)
                self.exception = self.monitor.exception(latest, let_go)

    # What the guest prints and reads

    def _read_output(self):
        try:
            data = os.read(self.process.stdout.fileno(), 65536)
        except BlockingIOError:
            return False
        if not data:
            if self.process.stdout.fileno() in self.selector.get_map():
                self.selector.unregister(self.process.stdout.fileno())
            return False
        if len(self.raw) >= OUTPUT_LIMIT:
            self._stop_qemu("flood")
            return True                     # drop the rest
        self.raw += data[:OUTPUT_LIMIT - len(self.raw)]
        *lines, rest = (bytes(self.partial) + data).split(b"\n")
        self.partial = bytearray(rest[:expect.LINE_LIMIT])
        for line in lines:
            self._feed(line)
        self._send_due_input()
        return True

    def _finish_line(self):
        if self.partial:
            self._feed(bytes(self.partial))

    def _feed(self, line):
        text = line[:expect.LINE_LIMIT].rstrip(b"\r").decode("utf-8", errors="backslashreplace")
        self.request.matcher.feed(text)
        self.request.on_line(text)

    def _send_due_input(self):
        data = self.request.matcher.take_input()
        if data:
            self.input_at, self.granted = time.monotonic(), 0
            self.input_seconds += len(data) * CPU_SECONDS_PER_BYTE
            self.unsent += data
            self._write_input()

    def _write_input(self):
        """Write as much as QEMU takes now, and wait for more room only while something is left."""
        pipe = self.process.stdin.fileno()
        if self.request.recorded:
            self._type(pipe)
            return
        try:
            del self.unsent[:os.write(pipe, self.unsent)]
        except BlockingIOError:
            pass
        except BrokenPipeError:             # QEMU has ended; its status tells why
            self.unsent.clear()
        waiting = pipe in self.selector.get_map()
        if self.unsent and not waiting:
            self.selector.register(pipe, selectors.EVENT_WRITE, self._write_input)
        elif waiting and not self.unsent:
            self.selector.unregister(pipe)

    def _type(self, pipe):
        """While QEMU records, it takes what there is, and drops what the UART has no room for: type like a human, but fast."""
        if self.unsent and time.monotonic() - self.typed_at >= KEY_SECONDS:
            with contextlib.suppress(BrokenPipeError):
                os.write(pipe, self.unsent[:1])
            del self.unsent[:1]
            self.monitor.wake()
            self.typed_at = time.monotonic()

    def _input_moves(self):
        """Has QEMU taken input since the last call? A UART takes a few bytes at a time, so long input is on its way for long."""
        in_pipe = array.array("i", [0])
        with contextlib.suppress(OSError):      # not every system tells it at this end
            fcntl.ioctl(self.process.stdin.fileno(), termios.FIONREAD, in_pipe)
        before, self.untaken = self.untaken, len(self.unsent) + in_pipe[0]
        return self.untaken < before

    def _answer(self, ask):
        """The plugin is about to end the run. At the limit it gets more while input that was sent may be still on its way."""
        try:
            reason = ask.recv(1)
            if not reason:
                self.selector.unregister(ask)
                return
            while self._read_output():
                pass
            if self._input_moves():
                self.input_at = time.monotonic()
            fresh = reason[0] == plugin.AT_LIMIT and self.input_at is not None and (
                not self.granted or time.monotonic() - self.input_at < INPUT_PATIENCE)
            self.granted += fresh
            if not fresh and self.request.recorded:
                self._stop_qemu(ENDS[reason[0]])
                ask.send(b"\1")                 # until QEMU has heard of it
            elif reason[0] == plugin.IN_STORM:
                self.end = "nested"
                self._look_at_cpus(lambda: ask.send(b"\1"))
                self.process.kill()
            elif not fresh:
                self._look_at_cpus()
                ask.send(b"\0")
            else:
                ask.send(b"\1")
        except OSError:
            self.selector.unregister(ask)

    # Outside reads

    def _set_stop(self, debug):
        try:
            self.gdb = gdbremote.GdbRemote(debug, timeout=20 * self.request.slowness)
            self.gdb.set_breakpoint(self.request.stop)
            self.gdb.resume()
            self.selector.register(debug, selectors.EVENT_READ, lambda: self._read_outside(debug))
        except gdbremote.GdbError as error:
            self.wrong.append("outside reads: %s" % error)

    def _read_outside(self, debug):
        stopped = self.gdb.stopped()
        if stopped is None:
            return
        self.selector.unregister(debug)
        if not stopped:
            return
        self.stopped = True
        try:
            self.gdb.clear_breakpoint(self.request.stop)
            reader = self.request.reader(self.gdb)
            self.wrong += [wrong for wrong in map(reader.check, self.request.reads) if wrong]
            self.gdb.detach()
        except gdbremote.GdbError as error:
            self.wrong.append("outside reads: %s" % error)


def is_end(why, lines):
    """Does what the watch says end a run that has printed these lines? A QEMU that powers off has no more instructions, and on a busy
    host it takes CPU time to end."""
    return not (why == "stuck" and lines[-1:] == [expect.POWER_OFF])


class _Watch:
    """Looks at how a QEMU spends its time, by what the system says of it (where it says nothing, the wall clock must do)."""

    def __init__(self, pid, report_path, request):
        self._pid, self._report_path, self._prefixed = pid, report_path, bool(request.prefix)
        self._cpu_limit = (CPU_SECONDS + request.limit / INSTRUCTIONS_PER_CPU_SECOND) * request.cpu_scale
        self._scale = request.cpu_scale
        self._patience = 5 if request.recorded else 1           # while QEMU records, sleeping takes its time
        self._looked, self._quiet, self._cpu_time, self._count, self._count_since = 0.0, 0, None, None, 0.0

    def look(self, sign, extra):
        """Called often; `sign` tells of output or the like since the last call, `extra` CPU seconds are allowed beyond the limit.
        Why the run cannot go on, or None."""
        if sign:
            self._quiet = 0
        if time.monotonic() - self._looked < TICK * 0.9:
            return None
        self._looked = time.monotonic()
        sleeping, used = self._threads()
        if used is None:
            return None
        self._quiet = self._quiet + 1 if sleeping and used == self._cpu_time else 0
        self._cpu_time = used
        report = plugin.read_report(self._report_path)
        count = report.instructions if report else 0
        if count != self._count:
            self._count, self._count_since = count, used
        if self._quiet >= ASLEEP_TICKS * (self._patience if count else STARTING):
            return "asleep"
        if count and used - self._count_since >= STUCK_SECONDS * self._scale:
            return "stuck"
        return "slow" if used > self._cpu_limit + extra else None

    def _threads(self):
        """Do all threads wait, and how many seconds of CPU time have they used?"""
        used, sleeping = 0, True
        try:
            pid = self._innermost() if self._prefixed else self._pid
            for thread in os.listdir("/proc/%d/task" % pid):
                with open("/proc/%d/task/%s/stat" % (pid, thread), encoding="ascii", errors="replace") as file:
                    fields = re.sub(r"^.*\)", "", file.read()).split()
                used += int(fields[11]) + int(fields[12])
                sleeping = sleeping and fields[0] == "S"
        except (OSError, ValueError, IndexError):
            return False, None
        return sleeping, used / os.sysconf("SC_CLK_TCK")

    def _innermost(self):
        """The process that a sandbox is around: it starts a child, and that perhaps another."""
        pid = self._pid
        while True:
            with open("/proc/%d/task/%d/children" % (pid, pid), encoding="ascii") as file:
                children = file.read().split()
            if not children:
                return pid
            pid = int(children[0])


def run(request):
    """Run one guest to its end and return the Outcome. OSError when QEMU cannot be started."""
    return _Run(request).run()
