"""`hv8 esr`: what a syndrome says."""
import gdb

import esr
import target


class Esr(target.Command):
    """Say what a syndrome means: hv8 esr [VALUE]

    VALUE is any expression, like 0x96000045 or $ESR_EL1. Without one: the syndromes of EL2 and EL1 in this CPU.
    """
    name = "esr"

    def run(self, arguments):
        if arguments:
            value = target.address(arguments)
            print("0x%x: %s" % (value, esr.decode(value)))
            return
        for register in ("ESR_EL2", "ESR_EL1"):
            value = target.register(register)
            print("%s 0x%08x: %s" % (register, value, esr.decode(value)))
