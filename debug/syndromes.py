"""`hv8 esr`: what a syndrome says, and where it happened."""
import esr
import faults
import target


class Esr(target.Command):
    """Say what an exception syndrome means: hv8 esr [VALUE]

    VALUE is any expression, like 0x96000045 or $ESR_EL1. Without one: ESR_EL2 and ESR_EL1 of this CPU with FAR and ELR, as long
    as it has not returned from the exception. An interrupt sets ELR, and leaves ESR and FAR as they were.
    """
    name = "esr"

    def run(self, arguments):
        if arguments:
            value = target.address(arguments)
            print("0x%x: %s" % (value, esr.decode(value)))
            return
        level = target.level()
        for at in (2, 1):
            names = ["%s_EL%d" % (name, at) for name in ("ESR", "FAR", "ELR", "SPSR")]
            syndrome = target.register(names[0])
            if not syndrome:
                print("%s 0x0: no exception was taken to EL%d yet" % (names[0], at))
            elif level < at:
                print("%s 0x%x: %s; over, as the CPU is at EL%d" % (names[0], syndrome, esr.decode(syndrome), level))
            else:
                values = {name: target.register(name) for name in names}
                print("\n".join(faults.registers(values, target.Code(), target.elf()[1], target.space())))
