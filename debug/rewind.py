"""gdb's side of `make gdb-replay`: attaches to the recording in the folder HV8_RECORDING, and adds `rewind` and `writer`.

It begins where the cause is to be looked for: at the instruction that faulted, at the call of panic() or of a hole, where the test
reads from outside, or at the end of the run. Behind its end a recording cannot go on: gdb says so and goes back to that place.
"""
import json
import os

import gdb

VECTORS = 0x800                     # bytes of an exception vector table
BEHIND_END = "SIGQUIT"              # what QEMU's stub calls a guest that is powered off
PLACES = {
    "exception": "the instruction that faulted",
    "panic": "where panic() is called", "hole": "where todo() is called: a hole was reached",
    "stop": "where the test reads from outside, for the first time", "end": "the last instruction of the run"}
HELP = """What now:
  bt                            how it came here
  writer NAME                   back to the instruction that wrote NAME last
  reverse-stepi, reverse-step   one instruction or line back
  break FUNCTION                then reverse-continue: back to its last call; continue: to the next
  rewind                        to this place again"""


def address(expression):
    """The value of an expression of gdb's."""
    return int(gdb.parse_and_eval(expression)) & (1 << 64) - 1


class Recording:
    """The recording, and where in it to begin."""

    def __init__(self, about):
        self.about, self.ended = about, False
        gdb.execute("set confirm off")
        gdb.execute("set remotetimeout 300")            # a step back may run through the whole recording
        gdb.execute("set architecture aarch64", to_string=True)
        gdb.execute('set $hv8_machine = "%s"' % about["machine"])
        gdb.execute('set $hv8_memory = "%s"' % about["memory"])
        gdb.execute("source " + about["commands"])
        gdb.execute("symbol-file %s -o 0x%x" % (about["elf"], about["base"]), to_string=True)
        gdb.events.stop.connect(self.on_stop)
        gdb.events.before_prompt.connect(self.before_prompt)

    def rewind(self):
        """Go to the place to begin with, from wherever QEMU is or is not, and show it."""
        self.ended = False
        others = [point for point in gdb.breakpoints() if point.enabled]
        gdb.events.stop.disconnect(self.on_stop)
        gdb.execute("set suppress-cli-notifications on")
        for point in others:
            point.enabled = False
        try:
            gdb.execute("target remote | " + self.about["server"], to_string=True)
            self.go(self.about["kind"], self.about["symbol"])
        finally:
            for point in others:
                point.enabled = True
            gdb.execute("set suppress-cli-notifications off")
            gdb.events.stop.connect(self.on_stop)
        print("This is %s." % PLACES[self.about["kind"]])
        gdb.execute("frame")
        gdb.execute("x/i $pc")

    def go(self, kind, symbol):
        """From the end to what `kind` is about."""
        if kind == "stop":
            gdb.execute("reverse-continue", to_string=True)         # to the start
            self.run("continue", "*(long)&" + symbol)
        elif kind != "end":
            self.run("reverse-continue", "*(long)&" + symbol)
        if kind == "exception":
            self.go_before_exception()

    def go_before_exception(self):
        """From fatal_entry to the instruction that faulted, or, if none was fetched, to the one that went there."""
        start, fault = address("(long)&vectors"), address("$ELR_EL2")
        fetched = " in section .text" in gdb.execute("info symbol 0x%x" % fault, to_string=True)
        if fetched:
            self.run("reverse-continue", "*0x%x" % fault)
        else:
            gdb.execute("reverse-stepi", to_string=True)        # out of fatal_entry
        while start <= address("(long)$pc") < start + VECTORS:  # the exception itself is no instruction that QEMU counts
            gdb.execute("reverse-stepi", to_string=True)
        if fetched and address("(long)$pc") != fault:
            gdb.execute("stepi", to_string=True)

    def run(self, command, place):
        """Go on by `command` to `place`."""
        point = gdb.Breakpoint(place, gdb.BP_HARDWARE_BREAKPOINT, internal=True, temporary=True)
        point.silent = True
        gdb.execute(command, to_string=True)
        if point.is_valid():
            point.delete()

    def on_stop(self, event):
        if isinstance(event, gdb.SignalEvent) and event.stop_signal == BEHIND_END:
            print("The recording ends here. Back, for QEMU cannot go on, in neither direction:")
            self.ended = True

    def before_prompt(self):
        """Commands cannot be run while gdb reports a stop, so the way back begins here."""
        if self.ended:
            self.rewind()


class Rewind(gdb.Command):
    """Go to the place where `make gdb-replay` began."""

    def __init__(self, recording):
        super().__init__("rewind", gdb.COMMAND_RUNNING)
        self.recording = recording

    def invoke(self, argument, from_tty):
        self.recording.rewind()


class Writer(gdb.Command):
    """Go back to the instruction that wrote EXPRESSION last, and is about to: writer EXPRESSION."""

    def __init__(self):
        super().__init__("writer", gdb.COMMAND_RUNNING, gdb.COMPLETE_EXPRESSION)

    def invoke(self, argument, from_tty):
        if not argument:
            raise gdb.GdbError("writer needs what was written, such as writer board.uart.start")
        known = set(gdb.breakpoints())
        gdb.execute("watch -l " + argument, to_string=True)
        watch, = set(gdb.breakpoints()) - known
        gdb.execute("set suppress-cli-notifications on")
        try:
            gdb.execute("reverse-continue", to_string=True)         # QEMU stops behind the write
            gdb.execute("reverse-stepi", to_string=True)
        finally:
            gdb.execute("set suppress-cli-notifications off")
            watch.delete()
        gdb.execute("frame")
        gdb.execute("x/i $pc")


def main():
    with open(os.path.join(os.environ["HV8_RECORDING"], "recording.json"), encoding="utf-8") as file:
        recording = Recording(json.load(file))
    Rewind(recording)
    Writer()
    recording.rewind()
    print(HELP)


main()
