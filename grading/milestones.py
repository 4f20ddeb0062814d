"""How far a kernel came, for one that hangs or says nothing: the last thing that worked, and the question that follows.

A milestone is a function that the boot enters on its way; the plugin notes the order of their first entries, so nothing depends
on what the kernel prints. A kernel that lacks a function lacks that milestone.
"""
import collections
import re

Milestone = collections.namedtuple("Milestone", "symbol worked line question")
# symbol: the function; worked: what its entry shows; line: a pattern of the line that the kernel prints next on its way, or None
# when none is due before the next milestone; question: what to look at when it is the last.

BOOTED, MMU = r"hv8 boots at EL", r"hv8: MMU and caches are on"
TABLE = (
    Milestone("boot", "the image was entered", None,
              "does the code before the stack is set find the exception level, and return from machine_plain?"),
    Milestone("machine_plain", "the CPU is at EL2", None,
              "does machine_plain come back with the MMU off, and keep x30?"),
    Milestone("relocate", "the stack is set", None,
              "does relocate stop at the end of the table (24 bytes an entry), and write to load address + r_offset only?"),
    Milestone("main", "C code runs", None,
              "is the stack below _stack_top, and are the pointers in initialised data relocated?"),
    Milestone("trap_init", "main runs", None, "is this EL2, and is VBAR_EL2 set to the vectors?"),
    Milestone("board_read", "the vectors are set", BOOTED,
              "main powers off in silence when board_read finds no console: are x0, the pointers and the stack right in start.S?"),
    Milestone("pl011_init", "the device tree was read and names a console", None,
              "does pl011_init wait for a bit of FR that never changes, or use another base than its argument?"),
    Milestone("banner", "the UART is set up", BOOTED,
              "is CR left with UARTEN and TXE set, and does pl011_putc write to DR?"),
    Milestone("pl011_putc", "printk came as far as the UART's driver", BOOTED,
              "is `uart` the base, and does pl011_putc wait while FR.TXFF is 1, the FIFO being full, and then write DR?"),
    Milestone("map_kernel", "the kernel has booted without the MMU", None,
              "does each level of the map take the right nine bits, and does the loop over a range move on?"),
    Milestone("mmu_enable", "the kernel's map is built", MMU,
              "when SCTLR_EL2.M is set the next fetch goes through the map: is the code mapped at its own address, readable, "
              "executable, with AF; are TTBR0_EL2, TCR_EL2.T0SZ and MAIR_EL2 complete before?"),
    Milestone("map_table_count", "the MMU is on and code runs", MMU,
              "was the UART mapped as device memory, at its own address, and the stack and the data writable?"),
    Milestone("proc_init", "the kernel runs with the MMU on", None, "are the page tables' pages and the initrd mapped?"),
    Milestone("proc_start", "processes can be made", None, "does the loader come to an end for the program of init=?"),
    Milestone("el1_return", "a process is loaded, and its registers are", None,
              "are ELR_EL2, SPSR_EL2 and TTBR0_EL1 those of the process, and its pages mapped with the right permissions?"),
    Milestone("hypercall_entry", "a process has run and called the kernel", None,
              "does the call return to the instruction behind the HVC, with the process's registers?"),
    Milestone("trap_el1", "a process has run and trapped", None,
              "does the handler deal with the exception, or return to the same instruction for ever?"),
)
GIVES_UP = {"todo": "a hole", "panic": "a panic", "psci_system_off": "power-off"}      # entered on no way to a milestone
SYMBOLS = [milestone.symbol for milestone in TABLE] + list(GIVES_UP)
_BY_SYMBOL = {milestone.symbol: milestone for milestone in TABLE}


def silence(reached, lines):
    """One sentence for a kernel that said nothing more after its last milestone, or None. `reached`: symbols in order."""
    passed = [symbol for symbol in reached if symbol not in GIVES_UP]
    if not passed:
        return None if lines else "no output, and the kernel's first instructions were never reached"
    last = _BY_SYMBOL[passed[-1]]
    told = last.line is None or any(re.search(last.line, line) for line in lines)
    if lines and (told or any(re.search(r"hv8: (panic|todo): ", line) for line in lines)):
        return None
    gave_up = next((words for symbol, words in GIVES_UP.items() if symbol in reached), None)
    then = (gave_up + " and " if gave_up else "") + ("no more output" if lines else "no output")
    return "%s, then %s: %s" % (last.worked, then, last.question)


def report(reached):
    """Lines that say how far the kernel came."""
    return ["  reached     " + ", ".join(reached)] if reached else []
