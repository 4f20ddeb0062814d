"""Test files: `key: value` lines, `---`, then the body (expect.py). Reading one, and checking all of a lab's.

A file with anything wrong in it is never run: each mistake is a `FILE:LINE: what is wrong` and grading stops before it starts.
"""
import glob
import os
import re

import expect
import lint
import machines
import nonce as nonces
import outside
import registers

LAB_POINTS = 100
ONCE = {                            # key: (default, regex its value must match, what it must be)
    "title": (None, r".+", "a sentence"),
    "points": (None, r"[1-9]\d*", "a number of at least 1"),
    "machine": ("virt", r".+", "a list of machines"),
    "cpu": (machines.DEFAULT_CPU, r".+", "a list of CPUs"),
    "cntfrq": (None, r"[1-9]\d*( +[1-9]\d*)*", "a list of frequencies in Hz"),
    "smp": (None, r"[1-9]\d*", "a number of CPUs"),
    "mem": ("1G", r"\d+[MG]", "a size like 512M or 1G"),
    "args": ("", r".*", "bootargs"),
    "limit": ("30M", r"\d+[KMG]?", "a number of instructions like 30M"),
    "handout": ("", r".+", "a place in a handout"),
    "initrd": (None, r"none|programs|nonce|file \S+", "none, programs, nonce or file PATH"),
    "entry": ("image", r"image|raw( 0x[0-9a-f]+)?", "image, raw or raw 0xADDRESS"),
    "model": (None, r"[a-z]\w*", "a scenario of the model machine"),
    "stop": (None, r"[A-Za-z_]\w*", "a symbol"),
    "ends": ("off", r"off|silent", "off or silent"),
}
REPEATED = ("reg", "map", "mem", "phys")


class Test:
    """One test file. `problems` lists what is wrong with it; `items(nonce)` and `reads(nonce)` are what a run checks."""

    def __init__(self, path):
        self.path, self.name = path, os.path.splitext(os.path.basename(path))[0]
        self.problems, self._lines, self._reads = [], {}, []
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
        split = next((n for n, line in enumerate(lines) if line.strip() == "---"), len(lines))
        self._read_header(lines[:split])
        self._body, self._body_line = lines[split + 1:], split + 2
        self._check(split == len(lines))

    def _read_header(self, lines):
        given = {}
        for number, line in enumerate(lines, 1):
            if not line.strip() or line.startswith("#"):
                continue
            key, colon, value = line.partition(":")
            key, value = key.strip(), value.strip()
            if not colon or key not in ONCE and key not in REPEATED:
                self._problem(number, "unknown key %r; there are %s" % (key, ", ".join(sorted(set(ONCE) | set(REPEATED)))))
            elif key in REPEATED and (key != "mem" or "=" in value):        # mem: 1G is the size of the memory
                self._reads.append((number, key, value))
            elif key in given:
                self._problem(number, "%s: is given twice" % key)
            elif not re.fullmatch(ONCE[key][1], value):
                self._problem(number, "%s: must be %s, not %r" % (key, ONCE[key][2], value))
            else:
                given[key], self._lines[key] = value, number
        values = {key: given.get(key, default[0]) for key, default in ONCE.items()}
        for key in ("title", "points"):
            if values[key] is None:
                self._problem(1, "no %s:" % key)
        self.title = values["title"] or self.name
        self.points = int(values["points"] or 0)
        self.machines = self._choices("machine", values["machine"], machines.MACHINES)
        self.cpus = self._choices("cpu", values["cpu"], machines.CPUS)
        self.cntfrqs = [int(word) for word in (values["cntfrq"] or "").split()]
        if len(set(self.cntfrqs)) < len(self.cntfrqs):
            self._problem(self._lines["cntfrq"], "cntfrq: names one twice")
        self.smp = int(values["smp"]) if values["smp"] else None
        self.mem, self.args, self.handout = values["mem"], values["args"], values["handout"]
        scale = {"K": 1000, "M": 1000 ** 2, "G": 1000 ** 3}.get(values["limit"][-1])
        self.limit = int(values["limit"][:-1]) * scale if scale else int(values["limit"])
        self.initrd, self.stop, self.ends = values["initrd"], values["stop"], values["ends"]
        self.model = values["model"]
        for key in ("machine", "cpu", "cntfrq", "smp", "mem", "args", "initrd", "entry", "stop", "limit") if self.model else ():
            if key in given:
                self._problem(self._lines[key], "%s: is for QEMU, but model: runs on the host" % key)
        self.raw_entry, self.entry_address = values["entry"] != "image", None
        if values["entry"].startswith("raw 0x"):
            self.entry_address = int(values["entry"].split()[1], 16)

    def _choices(self, key, value, known):
        words = value.split()
        for word in words:
            if word not in known:
                self._problem(self._lines.get(key, 1), "unknown %s %r; there are %s" % (key, word, ", ".join(known)))
        if len(set(words)) < len(words):
            self._problem(self._lines.get(key, 1), "%s: names one twice" % key)
        return [word for word in words if word in known]

    def _check(self, no_body):
        if no_body:
            self._problem(1, "no line '---' between header and body")
        items = self.items(nonces.EXAMPLE, self.problems)
        lint.check(items, self.problems)
        reads = self.reads(nonces.EXAMPLE, self.problems)
        line = self._lines.get
        expects = [item for item in items if item.kind != "send"]
        if self.ends == "silent" and items:
            self._problem(items[0].line, "ends: silent allows no output, so a body can never match")
        if not expects and not reads and self.ends != "silent" and not no_body:
            self._problem(self._body_line - 1, "the test expects nothing: no pattern and no outside read")
        if reads and not self.stop:
            self._problem(self._reads[0][0], "an outside read needs stop: SYMBOL, the place where it happens")
        if self.stop and not self._reads:
            self._problem(line("stop"), "stop: without reg:, map:, mem: or phys: has no effect")
        if any(cntfrq > machines.MAX_CNTFRQ for cntfrq in self.cntfrqs):
            self._problem(line("cntfrq"), "cntfrq: at most %d" % machines.MAX_CNTFRQ)
        if self.raw_entry and (self.args or self.initrd not in (None, "none")):
            self._problem(line("entry"), "entry: raw passes neither args: nor initrd:")
        for name in self.machines:
            if self.smp and self.smp > machines.MACHINES[name].max_cpus or name == "versal" and self.smp not in (None, 4):
                self._problem(line("smp"), "machine %s cannot have %d CPUs" % (name, self.smp))
            if self.cntfrqs and not machines.MACHINES[name].cpus:
                self._problem(line("cntfrq"), "cntfrq: is a property of the CPU, and machine %s has CPUs of its own" % name)
            for number, key, value in self._reads if name in machines.GICV2 else ():
                self._check_gicv2(name, number, key, value.split("=")[0].split(".")[0].strip())
            if self.raw_entry and name in machines.RAW_AT_EL3:
                self._problem(line("entry"), "entry: raw starts machine %s at EL3" % name)
        if self.args:
            try:
                nonces.expand(self.args, nonces.EXAMPLE)
            except ValueError as error:
                self._problem(line("args"), str(error))

    def _check_gicv2(self, name, number, key, subject):
        if key == "reg" and subject in registers.ENCODINGS:
            self._problem(number, "machine %s has no %s" % (name, subject))
        if key == "phys" and self.smp not in (None, 1) and subject.startswith("0x") and int(subject, 16) in machines.GICV2_DEVICES:
            self._problem(number, "QEMU crashes when a GICv2 with several CPUs is read from outside (machine %s)" % name)

    def _problem(self, line, text):
        self.problems.append(expect.Problem(line or 1, text))

    def places(self):
        """The machines.Places to run on."""
        return machines.places(self.machines, self.cpus, self.cntfrqs)

    def items(self, nonce, problems=None):
        """The body's expectations with this run's nonce."""
        return expect.parse_body(self._body, self._body_line, nonce, [] if problems is None else problems)

    def reads(self, nonce, problems=None):
        """The outside reads with this run's nonce, in the order of the file."""
        found = []
        for number, key, value in self._reads:
            try:
                found.append(outside.parse(key, nonces.expand(value, nonce)))
            except ValueError as error:
                if problems is not None:
                    problems.append(expect.Problem(number, "%s: %s" % (key, error)))
        return found


def load(directory):
    """All tests of a lab's directory in the order of their names, and the list of mistakes as FILE:LINE: text."""
    tests = [Test(path) for path in sorted(glob.glob(os.path.join(glob.escape(directory), "*.test")))]
    mistakes = ["%s:%d: %s" % (test.path, problem.line, problem.text)
                for test in tests for problem in sorted(test.problems)]
    titles, names = {}, {}
    for test in tests:
        other = names.setdefault(test.name.lower(), test.name)
        if other != test.name:
            mistakes.append("%s:1: the name differs from %s by capitals only: where file names do not, one would replace the other"
                            % (test.path, other))
        if test.title in titles:
            mistakes.append("%s:1: the title is also that of %s" % (test.path, titles[test.title]))
        titles.setdefault(test.title, test.path)
        if not re.fullmatch(r"[A-Za-z0-9_-]+", test.name):
            mistakes.append("%s:1: a test's name is letters, digits, _ and -" % test.path)
    if not tests:
        mistakes.append("%s:1: there is no *.test file here" % directory)
    elif sum(test.points for test in tests) != LAB_POINTS:
        mistakes.append("%s:1: the points of this lab add up to %d, not %d"
                        % (directory, sum(test.points for test in tests), LAB_POINTS))
    return tests, mistakes
