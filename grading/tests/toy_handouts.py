"""The toy course with a handout that is right, for the tests of labs/handouts.py.

Its `make qemu` is a few lines of shell; its `make gdb` is the real gdb, with no guest. What real QEMU does is shown by the real
handouts, which `make check-handouts` runs.
"""
import contextlib
import io
import re
import subprocess

from toy_course import ROOT, ToyCourse   # (it also makes labs/ importable)
import handouts
import split

CC = "toy-gcc 1.0"
GDB = subprocess.run(["sh", str(ROOT / "grading" / "tools.sh"), "gdb"], capture_output=True, text=True).stdout.strip()
MAKEFILE = f"""
qemu: all
\t@echo "  QEMU  leave with Ctrl-A x"
\t@if grep -q 'todo("uart_putc")' kernel/uart.c; then echo silent; \\
\telse echo "hv8 boots at EL2"; read line; echo "typed: $$line, 0.3 s"; fi
qemu-gdb: all
\t@echo halted; exec sleep 1000
gdb: all
\t@exec {GDB} -nx -q -ex 'set confirm off' $(GDBFLAGS)
"""
PAGE = """\
# Lab 1: UART

## What you will be able to do

Write to a UART, see [the idea](#the-idea) and `kernel/uart.c`.

## The idea

- [its source](../kernel/uart.c#L3), [on the web](https://example.org/uart?a=1#b)

    a line of the list

## A tour of the code

The stage is in `lab.mk`, the tests are in `grading/labN/NAME.test`.

## The tasks

### Step 1: characters

*`uart_putc` in
`kernel/uart.c`.* It writes.

<!-- run: start -->
```console
$ make qemu
building lab 1
  QEMU  leave with Ctrl-A x
silent
$ ls kernel
...
uart.c
...
$ pwd
~/lab1-start
```

<!-- run: solved type="hi\\x20\\"there\\"\\n" -->
```console
$ make qemu
...
typed: hi "there", 7.2 s
```

```gdb
(gdb) print/x 0x40201230 + 4
$1 = 0x40201234
(gdb) define twice
>print 2
>end
(gdb) twice
$2 = 2
(gdb) nonsense
Undefined command: "nonsense".  Try "help".
```

## How it is checked

| test | points | what it shows |
|---|---|---|
| `boots` | 40 | it boots |
| `puts` | 60 | it prints |

## How it goes wrong

## Questions

## Challenges

## Going on

```console
$ git commit -q -a -m 'Lab 1'
$ git fetch && git merge -q origin/lab2-mmu
$ git log -1 --format=%s
Merge remote-tracking branch 'origin/lab2-mmu' into lab1-uart
```
"""


class ToyHandouts(ToyCourse):

    def setUp(self):
        super().setUp()
        self.write("Makefile", (self.root / "Makefile").read_text() + MAKEFILE)
        for name, points in (("boots", 40), ("puts", 60)):
            self.write(f"grading/lab1/{name}.test", f"title: {name}\npoints: {points}\nhandout: lab1-uart.md, step 1\n---\n")
        self.write("handouts/lab1-uart.md", PAGE)
        self.save()

    def page(self, *pairs, name="handouts/lab1-uart.md"):
        for old, new in pairs:
            self.replace(name, old, new)

    def check(self, *names, write=False, cc=CC, read=False):
        """Run the checker; return what it prints."""
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            one = handouts.Handouts(split.Source(self.root), self.scratch / "handouts", write, cc)
            one.run(one.chosen(names or ["lab1-uart"]), 1, read)
            one.closing()
        return out.getvalue()

    def fails(self, *parts, **named):
        """Exactly one check fails, and its line has these parts."""
        out = self.check(**named)
        failed = re.findall(r"(?m)^FAIL .*", out)
        self.assertEqual(len(failed), 1, out)
        for part in parts:
            self.assertIn(part, failed[0])
        return out

    def says(self, *parts):
        """The page's form or what it says of the tree has one fault, found without running anything."""
        self.fails(*parts, read=True)

    def check_form(self, name="lab1-uart"):
        return self.check(name, read=True)
