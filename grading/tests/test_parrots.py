"""Proves that printing the right words earns nothing: on every test of every lab a guest that only talks, parrot.c, gets 0 points.

What it says: the expected lines with the nonces of another run; the reference kernel's own transcript of another run; the
expected lines with the digits that it finds in its boot arguments or is typed; verdicts. One that is told this run's nonce is the
control: it passes each test that makes no outside read and needs no code to run. PARROTS=deep (`make test-deep`) replays all
labs and tries every machine of each test.
"""
import copy
import os
import re
import shutil
import subprocess
import unittest

import toy_guest
import explain
import expect
import grade
import nonce as nonces
import plugin
import runner
import testfile

try:
    from re import _parser as regex_parser
except ImportError:                     # before Python 3.11
    import sre_parse as regex_parser

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
LABS = [1, 2, 3, 4, 5, 6]
DEEP = os.environ.get("PARROTS") == "deep"
RECORDED = LABS if DEEP else [1, 2]
SEED, ANOTHER = "this run", "another run"
KNOWN, TYPED = "\1", "\2"               # the bytes of parrot.c for digits
VERDICTS = """ok    lab1 boot 100  0.1 s
PASS
\033[2K\rLab 1 uart: 100/100
{"labs": [{"lab": 1, "score": 100, "max": 100, "tests": [{"status": "pass", "points": 100}]}]}
hv8 boots at EL2, image at 0x40200000
"""
PROGRAM = "#!/bin/sh\nexec sed \"s/$(printf '\\001')/$2/g\" %s\n"      # model SCENARIO NONCE


def example(regex):
    """A text that matches the regular expression of a test file."""
    def of(tree):
        return "".join(one(kind, value) for kind, value in tree)

    def one(kind, value):
        kind = str(kind)
        if kind == "LITERAL":
            return chr(value)
        if kind == "ANY":
            return "x"
        if kind == "IN":
            return one(*value[0])
        if kind == "RANGE":
            return chr(value[0])
        if kind == "CATEGORY":
            return "0"
        if kind == "MAX_REPEAT":
            return of(value[2]) * value[0]
        if kind == "BRANCH":
            return of(value[1][0])
        if kind == "SUBPATTERN":
            return of(value[3])
        raise ValueError("no example for %s of %r" % (kind, regex))
    return of(regex_parser.parse(regex))


def expected_lines(test, digits):
    """What the test waits for, as the text of a parrot. `digits` is the nonce for it, or None: what the parrot finds."""
    lines, fresh = [], False

    def line(pattern):
        nonlocal fresh
        text = re.sub(r"\$\{[^{}]*\}", KNOWN, pattern.source) if digits is None else pattern.text
        text = "".join(example(piece) if index % 2 else piece for index, piece in enumerate(re.split(r"\{\{(.*?)\}\}(?!\})", text)))
        if fresh and KNOWN in text:
            text, fresh = text.replace(KNOWN, TYPED, 1), False
        return text

    items = test.items(digits or nonces.EXAMPLE)
    for item, other in zip(items, test.items("f" * 16)):
        if item.kind == "send":
            fresh = digits is None and item.data != other.data
        elif item.kind in ("line", "next", "any"):
            lines += [line(pattern) for pattern in item.patterns]
    for item in items:
        if item.kind == "count":
            lines += [line(item.patterns[0])] * (item.data - sum(map(item.patterns[0].matches, lines)))
    return [text for text in lines if text != expect.POWER_OFF]


class Parrots:
    """Grades tests of the real labs on guests that talk."""

    def __init__(self, top, labs):
        """The faker is the talker with the names of all that the tests of `labs` want to see run."""
        self._top, self._talker, self._faker = top, os.path.join(top, "talker"), os.path.join(top, "faker")
        toy_guest.build_guest("parrot.c", self._talker)
        names = {name for tests in labs.values() for test in tests for name in re.findall(r"(?:^| )test=(\w+)", test.args)}
        toy_guest.build_guest("parrot.c", self._faker, "-DNEVER(X)=" + " ".join("X(ktest_%s)" % name for name in sorted(names)))
        os.symlink(build_reference(LABS[-1]) + "/programs", self._faker + "/programs")
        version = grade.qemu_version(toy_guest.QEMU)
        self._plugin = plugin.build(top, toy_guest.QEMU, version)[0]

    def _setup(self, kind, seed):
        return runner.Setup(toy_guest.QEMU, self._plugin, os.path.join(self._top, kind), seed, 0.1, os.cpu_count() or 1)

    def grade(self, kind, labs, text_of, fake=False):
        """The Results for `labs`, each test on a parrot (or the faker) that says text_of(lab number, test)."""
        entries, guest = [], self._faker if fake else self._talker
        code = explain.Code(guest, [toy_guest.CROSS + "addr2line"])
        for number, tests in labs.items():
            for test in tests:
                build = os.path.join(self._top, kind, "build", "lab%d" % number, test.name)
                os.makedirs(build)
                self._write_guest(guest, build, text_of(number, test).encode() + b"\0")
                entries.append(runner.Lab(number, "parrot", "", build, [test], code, []))
        return runner.run_all(self._setup(kind, SEED), entries, lambda result: None, lambda name, line: None)

    @staticmethod
    def _write_guest(guest, build, text):
        with open(os.path.join(guest, "kernel.bin"), "rb") as file:
            image = file.read()
        for name, data in (("kernel.bin", image + text), ("text", text[:-1]),
                           ("model", (PROGRAM % os.path.join(build, "text")).encode())):
            with open(os.path.join(build, name), "wb") as file:
                file.write(data)
        os.chmod(os.path.join(build, "model"), 0o755)

    def record(self, labs):
        """The reference's transcripts of another run: {(lab number, test name): text}."""
        entries = []
        for number, tests in labs.items():
            build = build_reference(number)
            code = explain.Code(build, [toy_guest.CROSS + "addr2line"])
            entries.append(runner.Lab(number, "reference", "", build, tests, code, []))
        results = runner.run_all(self._setup("reference", ANOTHER), entries, lambda result: None, lambda name, line: None)
        transcripts = {}
        for result in results:
            if result.status != "pass":
                raise AssertionError("the reference fails lab %d's %s: %s" % (result.lab, result.test.name, result.why))
            with open(result.log, encoding="utf-8", newline="") as file:
                transcripts[result.lab, result.test.name] = file.read()
        return transcripts


def build_reference(number):
    """Build a stage of the reference; the folder."""
    subprocess.run(["make", "-s", "build", "LAB=%d" % number], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    return os.path.join(ROOT, "build", "lab%d" % number)


def nonce_of(number, test, seed):
    """The nonce that a test on one machine has with a seed."""
    return nonces.fresh(seed, "%d %s" % (number, " ".join(map(str, (test.name,) + test.places()[0]))))


def on_one_place(test, place, alone):
    """The test on one of its places only."""
    one = copy.copy(test)
    one.machines, one.cpus, one.cntfrqs = [place.machine], [place.cpu], [place.cntfrq] if place.cntfrq else []
    one.name = test.name if alone else "%s-%s" % (test.name, "-".join(str(part) for part in place if part))
    return one


@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class EveryTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.labs = {}
        for number in LABS:
            tests, mistakes = testfile.load(os.path.join(ROOT, "grading", "lab%d" % number))
            if mistakes:
                raise AssertionError("\n".join(mistakes))
            places = [(test, place) for test in tests for place in (test.places() if DEEP else test.places()[:1])]
            cls.labs[number] = [on_one_place(test, place, not DEEP) for test, place in places]
        cls.top = os.path.join(toy_guest.scratch(), "parrots")
        os.mkdir(cls.top)
        cls.parrots = Parrots(cls.top, cls.labs)

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.top)

    def fooled(self, kind, text_of, labs=LABS, fake=False):
        """The tests that the parrots (or the faker) pass."""
        results = self.parrots.grade(kind, {number: self.labs[number] for number in labs}, text_of, fake)
        self.assertEqual(len(results), sum(len(self.labs[number]) for number in labs))
        self.assertEqual(["%s: %s" % (r.test.name, r.why) for r in results if r.status == "error"], [])
        return ["lab%d/%s" % (result.lab, result.test.name) for result in results if result.status == "pass"]

    @staticmethod
    def lines(test, digits):
        return "\n".join(expected_lines(test, digits) + [expect.POWER_OFF, ""])

    def test_expected_lines_with_the_nonces_of_another_run(self):
        self.assertEqual(self.fooled("expected", lambda number, test: self.lines(test, nonce_of(number, test, ANOTHER))), [])

    def test_expected_lines_with_the_digits_that_the_guest_sees(self):
        self.assertEqual(self.fooled("seen", lambda number, test: self.lines(test, None)), [])

    def test_the_references_transcript_of_another_run(self):
        transcripts = self.parrots.record({number: self.labs[number] for number in RECORDED})
        self.assertEqual(self.fooled("replayed", lambda number, test: transcripts[number, test.name], RECORDED), [])

    def test_verdicts(self):
        self.assertEqual(self.fooled("verdicts", lambda number, test: VERDICTS + expect.POWER_OFF + "\n"), [])
        self.assertEqual(self.fooled("ends", lambda number, test: self.lines(test, None) + (expect.POWER_OFF + "\n") * 99, [1]), [])

    def told(self, kind, fake):
        """What the parrots pass that are told this run's nonce, and (name, test) of all without an outside read."""
        known = self.fooled(kind, lambda number, test: self.lines(test, nonce_of(number, test, SEED)), fake=fake)
        return known, [("lab%d/%s" % (number, test.name), test) for number in LABS for test in self.labs[number] if not test.stop]

    def test_a_guest_that_is_told_the_nonce_passes_unless_something_is_read_from_outside(self):
        known, unread = self.told("told", False)
        self.assertEqual(known, [name for name, _ in unread])

    def test_nor_does_it_pass_where_code_must_run_that_never_ran(self):
        known, unread = self.told("faked", True)
        self.assertEqual(known, [name for name, test in unread if not re.search(r"(?:^| )(?:test|init)=", test.args)])

    def test_a_weak_test_is_found(self):
        weak = {"argument": "args: nonce=${nonce}\n---\nit is ${nonce}", "typed": "---\nready\nsend: ${nonce}\\n\nit is ${nonce}",
                "both": "args: salt=${rev(nonce)}\n---\n${rev(nonce)}\nsend: ${nonce}\\n\n${nonce}\nagain ${nonce}"}
        tests = []
        for name, text in weak.items():
            path = os.path.join(self.top, name + ".test")
            with open(path, "w", encoding="ascii") as file:
                file.write("title: %s\npoints: 1\n%s\n" % (name, text))
            tests.append(testfile.Test(path))
        results = self.parrots.grade("weak", {1: tests}, lambda number, test: self.lines(test, None))
        self.assertEqual([(r.test.name, r.why) for r in results], [(name, "") for name in weak])

    def test_examples_match(self):
        for regex in (r"[0-9a-f]{16}", r"9000000|ff000000", r"\d\d?|100", r" +", r".*", r"(read|write)", r"-1|0"):
            self.assertRegex(example(regex), "^(?:%s)$" % regex)
        self.assertRaises(ValueError, example, r"(?=a)b")


if __name__ == "__main__":
    unittest.main()
