"""A small gdb remote protocol client: just what outside reads need of QEMU's gdbstub, over a connected socket.

All calls block until the answer is there, except that the stop reply after `resume` is left to the caller, who may wait for
the socket (`fileno`) together with other things and then asks `stopped`.
"""
import contextlib
import re


class GdbError(Exception):
    """The stub went away, or refused something."""


def mrs_x0(encoding):
    """The instruction that reads a system register, (op0, op1, CRn, CRm, op2), to X0."""
    op0, op1, crn, crm, op2 = encoding
    return 0xd5300000 | (op0 & 1) << 19 | op1 << 16 | crn << 12 | crm << 8 | op2 << 5


class GdbRemote:
    """One connection to a stub whose guest is stopped."""

    def __init__(self, connection, timeout=60):
        """`connection` is a connected socket; nothing on it may take longer than `timeout` seconds."""
        self._socket, self._buffer, self._numbers, self._lost = connection, b"", None, None
        connection.settimeout(timeout)
        answer = self.command("qSupported:qXfer:features:read+")
        while answer[:1] in ("T", "S"):         # of a guest that stops because we come, and ran for a debugger before
            answer = self._receive()

    def fileno(self):
        return self._socket.fileno()

    def close(self):
        self._socket.close()

    def command(self, text):
        """Send a packet and return the answer's text."""
        self._send(text)
        return self._receive()

    def _send(self, text):
        data = text.encode("ascii")
        if self._lost:
            raise GdbError(self._lost)      # nothing that is asked now could get its answer; do not wait again
        try:
            self._socket.sendall(b"$%s#%02x" % (data, sum(data) & 0xff))
        except OSError as error:
            raise GdbError("the gdbstub went away: %s" % error)

    def _packet(self):
        """The first whole packet that has come, acknowledged, or None."""
        packet = re.search(rb"\$([^#]*)#..", self._buffer, re.DOTALL)
        if not packet:
            return None
        self._buffer = self._buffer[packet.end():]
        with contextlib.suppress(OSError):          # after its last answer QEMU may be gone already
            self._socket.sendall(b"+")
        return packet.group(1).decode("latin-1")

    def _receive(self):
        while True:
            packet = self._packet()
            if packet is not None:
                return packet
            try:
                data = self._socket.recv(65536)
            except OSError as error:
                self._lost = "the gdbstub does not answer: %s" % error
                raise GdbError(self._lost)
            if not data:
                raise GdbError("the gdbstub closed the connection")
            self._buffer += data

    def _expect_ok(self, text):
        answer = self.command(text)
        if answer != "OK":
            raise GdbError("gdbstub: %s gave %r" % (text, answer))

    def set_breakpoint(self, address):
        self._expect_ok("Z1,%x,4" % address)

    def clear_breakpoint(self, address):
        self._expect_ok("z1,%x,4" % address)

    def resume(self):
        """Let the guest run; the socket becomes readable when it stops or ends."""
        self._send("c")

    def stopped(self):
        """After resume, when the socket is readable: True, the guest stopped; False, it ended; None, it still runs."""
        try:
            data = self._socket.recv(65536)
        except OSError:
            return False
        self._buffer += data
        packet = self._packet()
        if packet is None:
            return None if data else False          # QEMU acknowledges `resume` long before the guest stops
        return packet[:1] in ("T", "S")

    def detach(self):
        """Let the guest run on its own; it may have ended before the answer is read."""
        with contextlib.suppress(GdbError):
            self.command("D")

    def select(self, cpu):
        """Ask this CPU from now on; the first is 0."""
        self._expect_ok("Hg%x" % (cpu + 1))

    def register(self, names):
        """The value of the register that has one of `names`, in the stopped CPU."""
        if self._numbers is None:
            self._numbers = self._register_numbers()
        for name in names:
            if name in self._numbers:
                answer = self.command("p%x" % self._numbers[name])
                if re.fullmatch(r"([0-9a-f]{2})+", answer):
                    return int.from_bytes(bytes.fromhex(answer), "little")
                raise GdbError("gdbstub: reading %s gave %r" % (name, answer))
        raise GdbError("this QEMU's gdbstub has no register %s" % " or ".join(names))

    def set_register(self, name, value, length=8):
        self._expect_ok("P%x=%s" % (self._numbers[name], value.to_bytes(length, "little").hex()))

    def _set_code(self, address, code):
        self._expect_ok("M%x,%x:%s" % (address, len(code), code.hex()))

    def system_register(self, encoding):
        """The value of a register that the stub does not know: its (op0, op1, CRn, CRm, op2) goes into an MRS that the stopped
        CPU runs, at EL2. The guest goes on as if nothing had been."""
        cpsr = self.register(("cpsr",))
        if cpsr >> 2 & 3 != 2:
            raise GdbError("it can be read at EL2 only, and here the CPU is at EL%d" % (cpsr >> 2 & 3))
        return self.execute(mrs_x0(encoding))

    def execute(self, instruction, x0=None):
        """X0 after `instruction`, which the stopped CPU runs in place of its next, with X0 = `x0` if given. X0, PC and the code are
        put back."""
        pc, old_x0, cpsr = (self.register((name,)) for name in ("pc", "x0", "cpsr"))
        if x0 is not None:
            self.set_register("x0", x0)
        self.step(instruction)
        value, after = self.register(("x0",)), self.register(("pc",))
        self.set_register("x0", old_x0)
        self.set_register("pc", pc)
        if after != pc + 4:
            self.set_register("cpsr", cpsr, 4)
            raise GdbError("reading it is undefined on this machine")
        return value

    def step(self, instruction, physical=None):
        """Let the stopped CPU run one instruction in place of its next, which is put back. Takes no interrupt. `physical`: where
        the next one is in physical memory, needed if the CPU gets to another exception level by it."""
        pc, thread = self.register(("pc",)), self.current_thread()
        with self._memory(physical is not None):
            place = pc if physical is None else physical
            code = self.read(place, 4)
            self._set_code(place, instruction.to_bytes(4, "little"))
        try:
            self.command("vCont;s:" + thread)
        except GdbError as error:
            self._lost = "the CPU runs no further (is a timer with ENABLE = 1 ages away? QEMU's clock went there): %s" % error
            raise GdbError(self._lost)
        with self._memory(physical is not None):
            self._set_code(place, code)

    def current_thread(self):
        """The stub's name of the CPU that is asked."""
        return self.command("qC")[2:]

    def _register_numbers(self):
        """Register numbers from the target description: counted on from the last one, unless regnum is given."""
        numbers, number = {}, 0
        for annex in re.findall(r'xi:include href="([^"]+)"', self._transfer("target.xml")):
            for attributes in re.findall(r"<reg ([^>]*)>", self._transfer(annex)):
                values = dict(re.findall(r'(\w+)="([^"]*)"', attributes))
                number = int(values.get("regnum", number))
                numbers.setdefault(values["name"], number)
                number += 1
        return numbers

    def _transfer(self, annex):
        text = ""
        while True:
            answer = self.command("qXfer:features:read:%s:%x,7f0" % (annex, len(text)))
            if answer[:1] not in ("l", "m"):
                raise GdbError("gdbstub: no target description %s" % annex)
            text += answer[1:]
            if answer[0] == "l":
                return text

    def physical_memory(self, on):
        """Make `read` use physical addresses; reading a device register has the device's effect."""
        self._expect_ok("Qqemu.PhyMemMode:%d" % on)

    @contextlib.contextmanager
    def _memory(self, physical):
        """`read` uses physical addresses in here, if so."""
        if physical:
            self.physical_memory(True)
        try:
            yield
        finally:
            if physical:
                self.physical_memory(False)

    def read(self, address, length):
        answer = self.command("m%x,%x" % (address, length))
        if not re.fullmatch(r"([0-9a-f]{2})+", answer):
            raise GdbError("memory at 0x%x cannot be read" % address)
        return bytes.fromhex(answer)
