"""hv8's commands for processes, interrupts and timers in gdb, on live kernels: what they print against what else is known."""
import os
import re
import subprocess
import unittest

import live_gdb

NONCE = 0x9123456789abcdef            # waits.c withdraws SGI 0 first: no digit of it is lost
MASK = (1 << 64) - 1
STEP_TO = "python exec(\"while %s: gdb.execute('stepi', to_string=True)\")"
SLEEP = ("python exec(\"import threading\\nwhile 'halted' not in gdb.execute('info threads', to_string=True):\\n"
         " threading.Timer(0.3, lambda: gdb.post_event(lambda: gdb.execute('interrupt'))).start()\\n"
         " gdb.execute('continue', to_string=True)\")")         # until the CPU is found in WFI
WORD = "int(gdb.parse_and_eval('*(unsigned int *)$pc'))"
HVC0, ERET = 0xd4000002, 0xd69f03e0
PHYSICAL = "maintenance packet Qqemu.PhyMemMode:%d"       # so that gdb itself sees the kernel's variables while a process runs


def ran(lab, args, *commands, **options):
    """The answers to these commands."""
    return live_gdb.Session(lab, args, commands, real_time=True, **options).answers


def addr2line(lab, program, address):
    """(function, "file.c:line") as binutils say it."""
    cross = subprocess.run(["sh", os.path.join(live_gdb.ROOT, "grading", "tools.sh"), "cross"], stdout=subprocess.PIPE, text=True,
                           check=True).stdout.strip()
    lines = subprocess.run([cross + "addr2line", "-fe", os.path.join(live_gdb.build(lab), "programs", program), hex(address)],
                           stdout=subprocess.PIPE, text=True, check=True).stdout.split("\n")
    return lines[0], re.sub(r".*/| \(disc.*", "", lines[1])


def number(answer):
    """What `print/x` has answered."""
    return int(answer.split(" = ")[1].split()[0], 0)


def table(answer):
    """The rows of a table, the first without its title: lists of cells that two blanks part."""
    return [re.split(r" {2,}", line.strip()) for line in answer.split("\n")]


@unittest.skipIf(live_gdb.MISSING, "needs " + ", ".join(live_gdb.MISSING))
class Processes(unittest.TestCase):
    def test_procs_of_two_programs(self):
        early, _, _, procs, elr, name = ran(
            3, "init=pair,hello nonce=%x" % NONCE, "hv8 procs", "hbreak hc_console_write", "continue", "hv8 procs",
            "print/x contexts[1].frame.elr", "print procs[2].name")
        self.assertEqual(early, "there are no processes yet: they are made at the end of boot, in proc_start()")
        rows = table(procs)
        self.assertEqual(rows[0], ["PID", "NAME", "STATE", "PARENT", "PAGES", "WHERE", "WAITS FOR"])
        where = "%s, %s" % addr2line(3, "pair", number(elr))
        self.assertEqual([rows[1][:4], rows[1][5:]], [["1", "pair", "ready", "-"], [where, "its turn, number 1"]])
        self.assertEqual(rows[2][:4], ["2", "hello", "running", "-"])
        self.assertTrue(rows[2][5].startswith("print, lib.c:"), rows[2])
        self.assertIn('"hello', name)

    def test_states(self):
        """A program that forks, and whose child is an embryo, ready, asleep and dead in turn: what PROCS says to the parent."""
        answers = ran(6, "init=waits nonce=%x tick=off" % NONCE, "hbreak hc_raise_irq if pid == 2", "continue", "hv8 procs",
                      "continue 2", "hv8 procs", "continue 6", "hv8 procs", "delete", "hbreak hc_reap", "continue", "hv8 procs")
        child = [table(answers[n])[2] for n in (2, 4, 6, 10)]
        self.assertEqual([row[1] for row in child], ["embryo", "ready", "sleeping", "zombie"])
        self.assertEqual([row[2] for row in child], ["1"] * 4)
        self.assertEqual([row[-1] for row in child],
                         ["set_runnable by process 1", "its turn, number 1", "an interrupt", "reap by process 1"])
        self.assertIn("space.c:", child[0][4])
        self.assertTrue(child[2][4].startswith("child, waits.c:"), child)
        self.assertEqual(child[3][4], "-")

    def test_a_process_that_waits_for_a_message(self):
        answers = ran(4, "init=mail nonce=%x" % NONCE, "hbreak hc_call", "continue", "hv8 procs", "print procs[2].state",
                      "print procs[2].wait_from", "hbreak context_switch", "continue", "hv8 procs")
        self.assertEqual([number(answers[3]), number(answers[4])], [4, 0])                  # PROC_WAITING, for anyone
        self.assertEqual(table(answers[2])[2][-1], "a message of anyone")
        row = table(answers[7])[1]
        self.assertEqual([row[2], row[-1]], ["waiting", "a message of process 2"])          # the answer to its call

    def test_proc_shows_what_the_program_has_put_into_its_registers(self):
        """pair.c gives TPIDR, SP, ELR, FAR values of its own, keeps its sum in x19 to x28, and yields."""
        answers = ran(3, "init=pair,pair nonce=%x" % NONCE, "hbreak hc_console_write", "continue", "hv8 proc 2",
                      "print", "hv8 proc 1", "print/x procs[2].root", "print/x page_memory.base",
                      *["print/x contexts[2].frame.x[%d]" % n for n in (0, 19, 20, 21, 28, 29, 30)],
                      "print/x contexts[2].frame.elr")
        mine, shown = NONCE ^ 2, answers[2]
        for text in ("TPIDR_EL0   0x%x," % (mine + 2), "TPIDR_EL1 0x%x" % (mine + 3), "SP_EL0 0x%x" % (mine + 4),
                     "ELR_EL1     0x%x," % (mine + 5), "FAR_EL1     0x%x" % (mine + 6)):
            self.assertIn(text, shown)
        cells = dict(re.findall(r"(x\d+|pc) ([0-9a-f]{16})\b", shown))
        for name, answer in zip(("x0", "x19", "x20", "x21", "x28", "x29", "x30", "pc"), answers[7:]):
            self.assertEqual(int(cells[name], 16), number(answer), name)
        root = number(answers[6]) + (number(answers[5]) << 12)
        self.assertIn("TTBR0_EL1   0x%x: table at 0x%x, ASID 0" % (root, root), shown)
        self.assertIn("  0x000400000-0x000401000    4 KiB  r-x el0:r-x normal\n", shown)
        self.assertIn("  0x07fff0000-0x080000000   64 KiB  rw- el0:rw- normal", shown)
        self.assertIn("it is in the kernel, which may have x20 to x29 elsewhere", answers[4])
        self.assertNotIn("elsewhere", shown)

    def test_proc_of_the_process_that_runs_shows_the_cpu(self):
        answers = ran(3, "init=pair,pair nonce=%x" % NONCE, "hv8 break pair print_decimal", "continue", "hv8 proc 1", "print/x $x0",
                      "print/x $pc", "print/x $x29")
        cells = dict(re.findall(r"(x\d+|pc) ([0-9a-f]{16})\b", answers[2]))
        self.assertEqual([int(cells[name], 16) for name in ("x0", "pc", "x29")], [number(answers[n]) for n in (3, 4, 5)])
        self.assertEqual(int(cells["x0"], 16), 1)                       # print_decimal(pid)
        self.assertIn("print_decimal", answers[2].split("registers:")[0])

    def test_descriptors(self):
        answers = ran(4, "init=mail nonce=%x" % NONCE, "hbreak hc_close", "continue", "hv8 proc 1", "print procs[1].nfiles",
                      "print files[procs[1].fd[2]]", "print 2", "print procs[1].fd[2]")
        self.assertGreater(number(answers[3]), 0)
        found = re.findall(r"(?m)^ +(\d+)  file (\d+): type (\d+), (\d+) references, value 0x([0-9a-f]+)", answers[2])
        self.assertEqual(len(found), number(answers[3]))
        mine = next(row for row in found if int(row[0]) == number(answers[5]))
        fields = dict(re.findall(r"(\w+) = (\d+)", answers[4]))
        self.assertEqual([mine[1], mine[2], mine[3], str(int(mine[4], 16))],
                         [str(number(answers[6])), fields["type"], fields["refs"], fields["value"]])

    def test_wrong_pids(self):
        answers = ran(3, "init=pair,pair", "hbreak hc_getpid", "continue", "hv8 proc 3", "hv8 proc 0", "hv8 proc 64", "hv8 proc x",
                      "hv8 proc", "hv8 proc -1", "hv8 proc 1 2")
        self.assertEqual(answers[2:5], ["there is no process %d; 'hv8 procs' lists them" % n for n in (3, 0, 64)])
        self.assertEqual(answers[5:], ["a process's number is wanted, 1 to 63; 'hv8 procs' lists them"] * 4)


class Labs(unittest.TestCase):
    def test_what_a_stage_has_not_got_is_said_in_one_line(self):
        processes = "this kernel has no processes: they come with lab 3"
        for lab in (1, 2):
            answers = ran(lab, "", "hv8 procs", "hv8 proc 1", "hv8 irq", "hv8 timers", "hv8 program", "hv8 program pair",
                          "hv8 break pair", "hv8 return")
            self.assertEqual(answers[:4], [processes, processes, "this kernel has no interrupts: they come with lab 5",
                                           "this kernel has no timers: they come with lab 6"])
            self.assertEqual(answers[4], "no program's symbols are loaded")
            self.assertRegex(answers[5], r"^there is no program pair in [^\n]*programs/$")
            self.assertRegex(answers[6], r"^there is no program pair in [^\n]*programs/$")
            self.assertEqual(answers[7], "the kernel was not called from a process")

    def test_irq_off_and_tick_off(self):
        off = "there are no interrupts: this boot has irq=off, or irq_init() has not set them up (yet)"
        early, *_ = ran(6, "init=hello", "hv8 irq")
        self.assertEqual(early, off)
        self.assertEqual(ran(6, "init=hello irq=off", "hbreak hc_getpid", "continue", "hv8 irq", "hv8 timers")[2:], [off, off])
        answers = ran(6, "init=hello tick=off", "hbreak hc_getpid", "continue", "hv8 timers")
        self.assertIn("slice: there is no preemption; sleepers' first deadline: never", answers[2])

    def test_where_in_a_kernel_without_processes(self):
        answers = ran(1, "", "hbreak printk", "continue", "hv8 where", "print/x $pc", "info line *$pc", machine="virt", smp=2)
        lines = answers[2].split("\n")
        self.assertEqual(lines[0], "CPU 0: EL2, IRQs masked (PSTATE.DAIF = 0b1111), in the kernel")
        self.assertRegex(lines[1], r"^  0x%x  printk +kernel/dev/console\.c:\d+: " % number(answers[3]))
        self.assertIn("kernel/dev/console.c", answers[4])
        self.assertTrue(any(re.match(r"  0x\w+  main +kernel/boot/main\.c:\d+: ", line) for line in lines), lines)
        self.assertEqual(lines[-1], "CPU 1: has not been started")


class Stepping(unittest.TestCase):
    def test_through_hvc_and_back(self):
        answers = ran(3, "init=pair,pair nonce=%x" % NONCE, "hv8 break pair", "continue", "delete",
                      STEP_TO % (WORD + " != %d" % HVC0), "info symbol $pc", "print/x $pc", "hv8 where",      # 4, 5, 6
                      "stepi", "info symbol $pc", "hv8 program",                                              # 7, 8, 9
                      STEP_TO % ("gdb.selected_frame().name() != 'hc_getpid'"), "finish",                     # 10, 11
                      STEP_TO % (WORD + " != %d" % ERET), "info symbol $pc", "stepi", "print/x $pc",          # 12, 13, 14, 15
                      "info symbol $pc", "print $x0", "bt")                                                   # 16, 17, 18
        self.assertTrue(answers[4].startswith("main + "), answers[4])
        self.assertTrue(answers[6].startswith("CPU 0: EL1, IRQs masked (PSTATE.DAIF = 0b1111), process 1 (pair)\n"), answers[6])
        self.assertRegex(answers[8], "^(el1_sync|vectors)")
        self.assertEqual(answers[9], "symbols of pair are loaded")
        self.assertIn("hypercall_entry () at kernel/trap/el1.S", answers[11])
        self.assertIn("hypercall_entry", answers[13])
        self.assertIn("user/lib/hv8.h", answers[14])
        self.assertEqual(number(answers[15]), number(answers[5]) + 4)
        self.assertTrue(answers[16].startswith("main + "), answers[16])
        self.assertEqual(number(answers[17]), 1)
        self.assertRegex(answers[18], r"(?s)main \(arguments=.*at grading/guest/user/pair.c:.*_start \(\) at user/lib/start.S")

    def test_return_waits_for_the_process_that_called(self):
        """At its second proc_yield() process 1 lets process 2 run, which goes on at the same WFI; then process 1 does."""
        answers = ran(3, "init=pair,pair nonce=%x" % NONCE, "hv8 return", "hbreak proc_yield", "continue", "continue", "continue",
                      "delete", "hv8 return", "hv8 where", "hv8 return", "info breakpoints")
        self.assertEqual(answers[0], "the kernel was not called from a process")
        self.assertIn("grading/guest/user/pair.c:", answers[6])
        self.assertIn("process 1 (pair)\n", answers[7])
        self.assertEqual(answers[8], "the CPU is in a process already")
        self.assertEqual(answers[9], "No breakpoints or watchpoints.")

    def test_where_says_for_whom_the_kernel_works(self):
        answers = ran(3, "init=pair,hello", "hbreak context_switch", "continue", "continue", "hv8 where",
                      "print/x contexts[1].frame.elr")
        lines = answers[3].split("\n")
        self.assertEqual(lines[0], "CPU 0: EL2, IRQs masked (PSTATE.DAIF = 0b1111), in the kernel; process 2 (hello) runs next")
        self.assertRegex(lines[2], r"^  0x\w+  proc_switch +kernel/proc/sched\.c:\d+: context_switch\(")
        at = next(n for n, line in enumerate(lines) if line.startswith("process 1 (pair), at EL1"))
        function, place = addr2line(3, "pair", number(answers[4]))
        self.assertRegex(lines[at + 1], r"^  0x%08x  %s +grading/guest/user/%s: "
                         % (number(answers[4]), function, re.escape(place)))


class Symbols(unittest.TestCase):
    def test_follow_the_process_that_runs(self):
        answers = ran(3, "init=pair,hello", "hbreak hc_getpid", "continue", "hv8 program", "info address fp_set", "delete",
                      "hbreak hc_console_write", "continue", "hv8 program", "info address fp_set", "info line main")
        self.assertIn("[now process 1 (pair): symbols of pair]", answers[1])
        self.assertEqual(answers[2], "symbols of pair are loaded")
        self.assertIn('Symbol "fp_set" is a function at address 0x', answers[3])
        self.assertIn("[now process 2 (hello): symbols of hello]", answers[6])
        self.assertEqual(answers[7], "symbols of hello are loaded")
        self.assertIn('No symbol "fp_set"', answers[8])
        self.assertNotIn("pair.c", answers[9])

    def test_a_breakpoint_stops_in_its_program_alone(self):
        """print() is at the same address in both programs, and hello calls it first."""
        places = ["%s, %s" % addr2line(3, program, 0x400048) for program in ("hello", "pair")]
        self.assertEqual([place.split(",")[0] for place in places], ["print", "print"])
        answers = ran(3, "init=pair,hello nonce=%x" % NONCE, "hv8 break pair print", "hv8 program", "hv8 program hello", "continue",
                      "hv8 program", PHYSICAL % 1, "print procs[2].state", PHYSICAL % 0, "delete",
                      "hv8 break hello nonsense", "hv8 break hello hello.c:9999",
                      "hv8 break hello fp_set", "hv8 break", "hv8 break nobody main", "hv8 program nobody")
        self.assertEqual(answers[1:3], ["symbols of pair are loaded", "symbols of hello are loaded"])
        self.assertIn("[now process 1 (pair): symbols of pair]", answers[3])
        self.assertEqual(answers[4], "symbols of pair are loaded")
        self.assertEqual(number(answers[6]), 5)                         # hello has printed all that it had to say
        self.assertEqual(answers[9:12], ['hv8 break: Function "nonsense" not defined.',
                                         'hv8 break: No line 9999 in file "hello.c".',
                                         'hv8 break: Function "fp_set" not defined.'])
        self.assertEqual(answers[12], "write hv8 break PROGRAM [FUNCTION or FILE:LINE]")
        self.assertRegex("\n".join(answers[13:]), r"^there is no program nobody in \S+\nthere is no program nobody in \S+$")

    def test_main_of_the_program_that_runs(self):
        answers = ran(3, "init=pair,pair", "hv8 break pair", "continue", "delete", "break fp_set", "continue",
                      "info symbol $pc", "up")
        self.assertIn("fp_set", answers[5])
        self.assertIn("pair.c", answers[6])


class Interrupts(unittest.TestCase):
    ORDER = (11, 2, 14, 7, 0, 9, 4, 13, 6, 1, 15, 8, 3, 12, 5, 10)      # order.c, first[]: INTIDs, the most urgent first

    def test_list_registers_and_the_pending_set(self):
        """order.c has raised sixteen SGIs, the most urgent last, and has four list registers."""
        for machine, smp in (("virt", None), ("virt-gicv2", None), ("virt-gicv2", 2), ("virt-secure", None)):
            with self.subTest(machine=machine, smp=smp):
                session = live_gdb.Session(5, "init=order nonce=%x" % NONCE, [
                    "hv8 break order handler", "continue", "hv8 irq", "print $x0", PHYSICAL % 1, "print/x vgics[1].pending[0]",
                    PHYSICAL % 0, "delete", "continue"], machine, smp, True)
                answers = session.answers
                lines = dict(re.findall(r"  LR(\d)  INTID +(\d+  .*)", answers[2]))
                found = {int(line.split()[0]): re.split(r" {2,}", line.strip())[1:] for line in lines.values()}
                self.assertEqual(found, {intid: ["pending" if n else "active", "priority 0x%02x" % (16 * n), "virtual only"]
                                         for n, intid in enumerate(self.ORDER[:4])})
                self.assertEqual(number(answers[3]), self.ORDER[0])
                pending = ", ".join(str(intid) for intid in sorted(self.ORDER[4:]))
                self.assertIn("process 1 (order): pending, in no list register: %s" % pending, answers[2])
                self.assertEqual(number(answers[5]), sum(1 << intid for intid in self.ORDER[4:]))
                self.assertIn("calls the kernel when none is pending (NPIE)", answers[2])
                self.assertIn("the most urgent last: 16, came: %016x" % NONCE, session.console)     # nothing was disturbed

    def test_a_device_of_a_process(self):
        """device.c owns an SPI; while it handles that, it is active in the GIC, and in a list register."""
        for machine, version in (("virt", 3), ("virt-gicv2", 2)):
            with self.subTest(machine=machine):
                answers = ran(5, "init=device nonce=%x" % NONCE, "hv8 break device handler", "continue", "hv8 irq", "print $x0",
                              PHYSICAL % 1, "print gic.lines", machine=machine)
                intid, lines = number(answers[3]), answers[2].split("\n")
                self.assertEqual(lines[0], "GICv%d, INTIDs below %d" % (version, number(answers[5])))
                row = next(line.split() for line in lines if line.split()[0] == str(intid))
                self.assertEqual(row, [str(intid), "process", "1", "(device)", "yes", "-", "yes", "0xa0", "0x80"])
                self.assertRegex(answers[2], r"\n  LR\d  INTID +%d  active +priority 0x80  ends physical %d\n" % (intid, intid))
                console = next(line for line in lines if "the console" in line)
                self.assertEqual(console.split()[-5:], ["yes", "-", "-", "0x80", "0x80"])

    def test_saved_list_registers_of_a_process_that_does_not_run(self):
        answers = ran(5, "init=waits nonce=%x" % NONCE, "hbreak hc_raise_irq if pid == 2", "continue", "finish", "hv8 irq",
                      "hv8 proc 2",
                      "print/x vgics[2].pending[0]", "print $x0")
        intid = number(answers[5]).bit_length() - 1
        for answer in answers[3:5]:
            self.assertIn("process 2: pending, in no list register: %d" % intid, answer)

    def test_asking_at_el0_changes_nothing(self):
        """own.c runs code at EL0, from where no instruction leads to EL2 at once."""
        changed = re.compile(r"(?m)^(?:ELR_EL2|SPSR_EL2|SP_EL0) .*\n")  # an eret goes by the first two; the third is SP at EL0
        session = live_gdb.Session(6, "init=own nonce=%x" % NONCE,
                                   ["hv8 program own", "hbreak *svc_at_el0 + 32", "continue", "info registers general", "hv8 irq",
                                    "hv8 timers", "hv8 where", "maintenance flush register-cache", "info registers general",
                                    "delete", "continue"], real_time=True)
        answers = session.answers
        self.assertTrue(answers[4].startswith("GICv3, INTIDs below"), answers[4])
        self.assertTrue(answers[6].startswith("CPU 0: EL0, IRQs taken"), answers[6])
        self.assertIn("x30 ", answers[3])
        self.assertEqual(changed.sub("", answers[3]), changed.sub("", answers[8]))
        self.assertRegex(answers[3], r"ESR_EL1 +0x56000011 ")            # of the SVC before: asking makes one more
        self.assertIn("svc at EL0: %016x, class 0000000000000015 number 0000000000000022" % (NONCE + 2 & MASK), session.console)

    def test_while_the_cpu_sleeps(self):
        """In the kernel's WFI no instruction can be run: what can be read from outside is shown all the same."""

    def test_while_the_cpu_sleeps(self):
        """In WFI the CPU can run no instruction for the debugger: what can be read from outside is shown all the same."""
        why = "not while this CPU sleeps or is off: to read it takes an instruction"
        for machine in ("virt", "virt-gicv2"):
            with self.subTest(machine=machine):
                answers = ran(6, "init=init", "hbreak irq_idle", "continue", "delete", SLEEP, "hv8 irq", "hv8 timers", "hv8 where",
                              "hv8 proc 1", machine=machine)
                console = next(line.split() for line in answers[4].split("\n") if "the console" in line)
                self.assertEqual(console, "33 kernel: the console, tells process 1 yes - - 0x80 0x80".split())
                self.assertIn(why if machine == "virt" else "\n  LR0  empty\n", answers[4])
                self.assertIn("counter: %s; 62500000 Hz\n" % why, answers[5])
                self.assertIn("in the kernel, which waits in WFI\n", answers[6])
                self.assertIn("registers (it is in the kernel", answers[7])


class Timers(unittest.TestCase):
    SLEEPERS = "init=sleepers,sleepers,sleepers,sleepers,sleepers,sleepers,sleepers tick=100 nonce=%x" % NONCE

    def relative(self, answer, value):
        """What `hv8 timers` must say of a value of the counter: it has told the counter and its frequency."""
        told = re.match(r"counter (0x\w+), (\d+) Hz", answer)
        self.assertTrue(told, answer)
        now, hz = (int(text, 0) for text in told.groups())
        us = (value - now) * 1e6 / hz
        return "in %.1f us" % us if us >= 0 else "%.1f us ago" % -us

    def test_of_the_process_that_runs_and_of_the_kernel(self):
        words = {1: "on", 5: "on, due: interrupts"}
        for machine in ("virt", "virt-gicv2"):
            answers = ran(6, self.SLEEPERS, "hbreak hc_wait", "continue", "hv8 timers", "print/x $CNTHP_CVAL_EL2",
                          "print/x $CNTP_CVAL_EL0", "print current == &contexts[timer_owner]", "print/x slice_end",
                          "print current->pid", "print $CNTHP_CTL_EL2", "print $CNTP_CTL_EL0", machine=machine)
            shown, pid, kernels, its = answers[2], number(answers[7]), number(answers[8]), number(answers[9])
            self.assertEqual([number(answers[3]), number(answers[5])], [number(answers[6]), 1])
            self.assertIn("\nEL2 timer: CNTHP_CTL_EL2 0x%x: %s, CVAL %s (kernel)\n"
                          % (kernels, words[kernels], self.relative(shown, number(answers[3]))), shown)
            mine = "%s, CVAL %s" % (words[its], self.relative(shown, number(answers[4])))
            self.assertIn("\nEL1 timer: CNTP_CTL_EL0 0x%x: %s (process %d (sleepers))\n" % (its, mine, pid), shown)
            self.assertIn("\n  %d  sleepers    running   in the CPU: %s" % (pid, mine), shown)
            self.assertIn("slice: over " + self.relative(shown, number(answers[6])), shown)

    def test_sleepers(self):
        """The kernel wakes the first of those that sleep. On a busy host none may have got to sleep in time: then once more."""
        for _ in range(8):
            answers = ran(6, self.SLEEPERS, "hbreak wake_sleepers", "continue", "hv8 timers", "print/x first_deadline",
                          *["print/x contexts[%d].timer_cval" % pid for pid in range(2, 8)],
                          *["print contexts[%d].uses & 2" % pid for pid in range(2, 8)], "hv8 procs", "hv8 proc 2")
            if "sleeping" in answers[2]:
                break
        shown, deadlines, uses = answers[2], list(map(number, answers[4:10])), list(map(number, answers[10:16]))
        self.assertIn("sleepers' first deadline: " + self.relative(shown, number(answers[3])), shown)
        rows = {row[0]: row for row in table(shown)[5:]}
        sleeping = [pid for pid in range(2, 8) if rows[str(pid)][2] == "sleeping"]
        self.assertTrue(sleeping)
        for pid, deadline, used in zip(range(2, 8), deadlines, uses):
            if pid in sleeping:
                self.assertEqual(rows[str(pid)][3], "on, CVAL " + self.relative(shown, deadline))
                self.assertRegex(answers[16], r"(?m)^ +%d  sleepers +sleeping .* an interrupt$" % pid)
            self.assertEqual("never used" in rows[str(pid)][3], not used)
        self.assertLessEqual(number(answers[3]), min(deadlines[pid - 2] for pid in sleeping))


if __name__ == "__main__":
    unittest.main()
