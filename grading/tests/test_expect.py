"""The expectation language without any guest: patterns, matching, the rules for every transcript, nonces, and the linter."""
import os
import sys
import tempfile
import unittest
import zlib

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import expect                                                                   # noqa: E402
import lint                                                                     # noqa: E402
import nonce as nonces                                                          # noqa: E402
import testfile                                                                 # noqa: E402

NONCE = "123456789abcdef0"


def failures(body, transcript, ends="off", off=True):
    """Kinds and reasons of all failures of a transcript (without its power-off line, unless off is False)."""
    problems = []
    matcher = expect.Matcher(expect.parse_body(body.split("\n"), 1, NONCE, problems))
    assert not problems, problems
    for line in transcript.split("\n") + [expect.POWER_OFF] * off:
        matcher.feed(line)
    return [(failure.kind, failure.why) for failure in matcher.failures(ends)]


def problems_of(body):
    problems = []
    lint.check(expect.parse_body(body.split("\n"), 1, NONCE, problems), problems)
    return [(problem.line, problem.text) for problem in problems]


class Matching(unittest.TestCase):
    def passes(self, body, transcript):
        self.assertEqual(failures(body, transcript), [])

    def fails(self, body, transcript, text="", kind="order"):
        found = failures(body, transcript)
        self.assertEqual([k for k, _ in found], [kind], found)
        self.assertIn(text, found[0][1])

    def test_order_and_gaps(self):
        self.passes("a\nc", "x\na\nb\nc\nd")
        self.fails("a\nb", "b\na", "too early, as line 1")

    def test_each_expectation_needs_a_line_of_its_own(self):
        self.passes("tick\ntick", "tick\nx\ntick")
        self.fails("tick\ntick", "tick", "counted for an earlier expectation")

    def test_both_ends_are_anchored(self):
        self.fails("5", "5999")
        self.fails("5", "15")
        self.fails("{{5|6}}", "56")
        self.fails("a{{x|y}}b", "axb and more")

    def test_literals_are_literal(self):
        self.passes("a.b*[c] (d)", "a.b*[c] (d)")
        self.fails("a.b", "axb")

    def test_regex_pieces(self):
        self.passes("x {{[0-9]{2}}} y {{a|b}}", "x 42 y b")
        self.passes("{{0x0*}}${nonce}", "0x00" + NONCE)

    def test_next_is_the_very_next_line(self):
        self.passes("a\nnext: b\nnext: c", "a\nb\nc")
        self.fails("a\nnext: b", "a\nx\nb", "must follow directly")

    def test_any_order(self):
        self.passes("any-order {\n    a\n    b\n}\nc", "b\nx\na\nc")
        self.fails("any-order {\n    a\n    a\n}", "a\nb", "1 of 2 lines")
        self.fails("any-order {\n    a\n    b\n}\nc", "a\nc\nb")

    def test_any_order_finds_an_assignment_if_there_is_one(self):
        self.passes("any-order {\n    cpu {{\\d}}\n    cpu 1\n}", "cpu 1\ncpu 2")
        self.passes("any-order {\n    {{[abc]}}\n    {{[ab]}}\n    a\n}", "a\nb\nc")

    def test_not_and_count_hold_anywhere(self):
        self.passes("count: 2 tick\nx", "tick\nx\ntick")
        self.fails("count: 2 tick", "tick\ntick\ntick", "2 lines expected, 3 came", "anywhere")
        self.fails("count: 2 tick", "tick", "2 lines expected, 1 came", "anywhere")
        self.fails("a\nnot: bad {{.}}", "bad 1\na", "must not come", "anywhere")

    def test_white_space_counts_but_indentation_in_blocks_does_not(self):
        self.fails("a", "a ")
        self.fails("a", " a")
        self.passes("  a\nany-order {\n      b\n}", "  a\n  b")

    def test_input_waits_for_all_above_it(self):
        problems = []
        matcher = expect.Matcher(expect.parse_body(["a", "send: x\\n\\x01\\\\", "b", "send: ${rev(nonce)}"], 1, NONCE, problems))
        self.assertEqual((matcher.take_input(), matcher.sends()), (b"", True))
        matcher.feed("a")
        self.assertEqual((matcher.take_input(), matcher.take_input()), (b"x\n\x01\\", b""))
        matcher.feed("b")
        self.assertEqual(matcher.take_input(), NONCE[::-1].encode())
        self.assertFalse(expect.Matcher(expect.parse_body(["a"], 1, NONCE, problems)).sends())


class EveryTranscript(unittest.TestCase):
    def test_forbidden_lines(self):
        for line in ("hv8: panic: x", "junk hv8: panic: x", "hv8: todo: f (a.c:1)", "hv8: process 12 (a b) killed: x"):
            self.assertEqual([kind for kind, _ in failures("OK", "OK\n" + line)], ["forbidden"], line)
            self.assertEqual(failures("OK\n" + line, "OK\n" + line), [])
            self.assertEqual(failures("OK\ncount: 1 " + line, "OK\n" + line), [])

    def test_an_expectation_excuses_one_line_only(self):
        self.assertEqual(failures("hv8: panic: {{.}}", "hv8: panic: a\nhv8: panic: b")[0][0], "forbidden")

    def test_banner_once(self):
        banner = "hv8 boots at EL2, image at 0x40200000"
        self.assertEqual(failures("x", banner + "\nx"), [])
        self.assertEqual(failures(banner, banner + "\n" + banner)[0], ("forbidden", "the kernel booted a second time"))

    def test_power_off_is_the_last_line_and_there_once(self):
        self.assertEqual(failures("x", "x", off=False), [("ending", "the power-off line is missing")])
        self.assertEqual(failures("x", "x\nhv8: power off\ny", off=False), [("ending", "output after the power-off line")])
        self.assertEqual(failures("x", "x\nhv8: power off"), [("ending", "more than one power-off line")])
        self.assertEqual(failures("x", "x\nso hv8: power off", off=False), [("ending", "the power-off line is missing")])

    def test_silent_means_silent(self):
        self.assertEqual(failures("", "x", "silent", off=False)[0][0], "ending")


class Nonces(unittest.TestCase):
    def test_functions(self):
        for text, value in (("${nonce}", NONCE), ("<${rev(nonce)}>", "<0fedcba987654321>"), ("${upper(nonce)}", "123456789ABCDEF0"),
                            ("${dec(nonce)}", "1311768467463790320"), ("${add(nonce,0x10)}", "123456789abcdf00"),
                            ("${add(nonce, -1)}", "123456789abcdeef"), ("${xor(nonce,0xf)}", "123456789abcdeff"),
                            ("${crc32(nonce)}", "%08x" % zlib.crc32(NONCE.encode())), ("${upper(rev(nonce))}", "0FEDCBA987654321"),
                            ("${repeat(rev(nonce),3)}", 3 * "0fedcba987654321"), ("${repeat(nonce,0x1000)}", 4096 * NONCE),
                            ("${crc32(repeat(nonce,4096))}", "%08x" % zlib.crc32(4096 * NONCE.encode()))):
            self.assertEqual(nonces.expand(text, NONCE), value)
        self.assertEqual(nonces.expand("${add(nonce,1)}", "f" * 16), "0" * 16)

    def test_mistakes(self):
        for text in ("${nonse}", "${rev}", "${rev(nonce}", "${rev(nonce,1)}", "${add(nonce)}", "${nonce x}", "${repeat(nonce)}",
                     "${repeat(nonce,0)}", "${repeat(nonce,-1)}", "${repeat(nonce,8193)}", "${repeat(nonce,10000000000)}", "${", "${}"):
            with self.assertRaises(ValueError, msg=text):
                nonces.expand(text, NONCE)

    def test_fresh(self):
        self.assertNotEqual(nonces.fresh(), nonces.fresh())
        self.assertEqual(nonces.fresh("1", "a"), nonces.fresh("1", "a"))
        self.assertNotEqual(nonces.fresh("1", "a"), nonces.fresh("1", "b"))
        for n in range(200):
            self.assertRegex(nonces.fresh(str(n), "x"), r"^[1-9a-f][0-9a-f]{15}$")


class Linter(unittest.TestCase):
    def mistakes(self, *texts):
        """What is wrong with a lab of these files, as (file, line, text)."""
        with tempfile.TemporaryDirectory() as directory:
            for number, text in enumerate(texts):
                with open(os.path.join(directory, "t%d.test" % number), "w", encoding="utf-8") as file:
                    file.write(text)
            return [m[len(directory):] for m in testfile.load(directory)[1]]

    def one(self, header, body="a", expected=None):
        found = self.mistakes("title: t\npoints: 100\n%s---\n%s\n" % (header, body))
        if expected is None:
            self.assertEqual(found, [])
        else:
            self.assertEqual(len(found), 1, found)
            self.assertRegex(found[0], expected)

    def test_good_files(self):
        self.one("# a comment\n\nmachine: virt virt-gicv2 versal\ncpu: max cortex-a72\nmem: 512M\nlimit: 2M\ninitrd: file a/b\nentry: image\n"
                 "stop: here\nreg: HCR_EL2 = 0x80000000\nreg: SCTLR_EL2.WXN = 1\nmap: el1 0x400000+8 = r-x el0:r-x nG 4K\n"
                 "mem: secret = 0x${nonce}\nphys: 0x9000000 = 1\nargs: nonce=${nonce}\nends: off\nhandout: lab1-uart.md, step 4\n")
        self.one("ends: silent\n", "")

    def test_headers(self):
        self.one("machines: virt\n", expected=r"/t0\.test:3: unknown key 'machines'")
        self.one("args: a\nargs: b\n", expected=r":4: args: is given twice")
        self.one("machine: pc\n", expected=r":3: unknown machine 'pc'")
        self.one("cpu: cortex-a9\n", expected=r":3: unknown cpu")
        self.one("machine: virt virt\n", expected=r":3: machine: names one twice")
        self.one("cntfrq: 62500000 1200000\n")
        self.one("cntfrq: fast\n", expected=r":3: cntfrq: must be a list of frequencies in Hz")
        self.one("cntfrq: 1 1\n", expected=r":3: cntfrq: names one twice")
        self.one("cntfrq: 1000000001\n", expected=r":3: cntfrq: at most")
        self.one("machine: virt versal\ncntfrq: 1200000\n", expected=r":4: cntfrq: .*machine versal has CPUs of its own")
        self.one("model: x\ncntfrq: 1200000\n", expected=r":4: cntfrq: is for QEMU")
        self.one("limit: lots\n", expected=r":3: limit: must be")
        self.one("machine: versal\nsmp: 2\n", expected=r":4: machine versal cannot have 2 CPUs")
        self.one("machine: virt-gicv2\nsmp: 9\n", expected=r":4: machine virt-gicv2 cannot have 9 CPUs")
        self.one("machine: virt virt-secure\nentry: raw\n", expected=r":4: entry: raw starts machine virt-secure at EL3")
        self.one("machine: virt-secure-gicv2\nsmp: 9\n", expected=r":4: machine virt-secure-gicv2 cannot have 9 CPUs")
        self.one("args: ${nonse}\n", expected=r":3: .*nonse")
        self.one("entry: raw\nargs: a\n", expected=r":3: entry: raw passes neither")
        self.one("stop: here\n", expected=r":3: stop: without")

    def test_outside_reads(self):
        for line, text in (("reg: SCTLR_EL9.M = 1", "unknown register"), ("reg: SCTLR_EL2.WNX = 1", "no field 'WNX'"),
                           ("reg: SCTLR_EL2.M", "write WHAT = VALUE"), ("map: el3 0 = none", "regime"), ("map: el2 0 = rx", "no property"),
                           ("map: el2 0 = normal", "permissions are missing"), ("map: el2 0 = r-x el0:r--", "no meaning at el2"),
                           ("map: el2 0 = r-x 4K 2M", "contradict"), ("phys: x = 1", "must be a number"),
                           ("mem: a = ${x}", "'x'"), ("reg: SCTLR_EL2.M = 1 2", "neither a number nor")):
            self.one("stop: here\n%s\n" % line, expected=r"/t0\.test:4: .*" + text)
        self.one("machine: virt-gicv2\nstop: here\nreg: ICH_HCR_EL2.En = 1\n", expected=":5: machine virt-gicv2 has no ICH_HCR_EL2")
        self.one("machine: virt virt-secure-gicv2\nsmp: 2\nstop: here\nphys: 0x08000104 = 1\n", expected=":6: QEMU crashes")
        self.one("machine: virt virt-gicv2\nsmp: 1\nstop: here\nphys: 0x08000104 = 1\nphys: 0x09000000 = 1\n")
        self.one("smp: 2\nstop: here\nphys: 0x08000104 = 1\nreg: ICH_HCR_EL2.En = 1\n")
        self.one("reg: SCTLR_EL2.M = 1\n", expected="needs stop: SYMBOL")

    def test_bodies(self):
        self.one("", "", r"expects nothing")
        self.one("", "send: x\\n", r"expects nothing")
        self.one("ends: silent\n", "a", "can never match")
        for body, line, text in (("{{(}}", 1, "invalid regex"), ("{{.*}}", 1, "empty line"), ("{{.+}}", 1, "every line"),
                                 ("{{a*}}", 1, "empty line"), ("{{a", 1, "without '}}'"), ("a\nnot: a", 2, "cannot pass"),
                                 ("a\nnot: hv8: panic: {{.+}}", 2, "always forbidden"), ("count: 0 a", 1, "at least 1"),
                                 ("any-order {\na", 1, "without }"), ("any-order {\n}", 1, "empty any-order"),
                                 ("next: a", 1, "line before it"), ("send: \\q", 1, "unknown escape"), ("a\nsend:", 2, "1 to")):
            found = problems_of(body)
            self.assertEqual([number for number, _ in found], [line], (body, found))
            self.assertIn(text, found[0][1])

    def mistake(self, body, text, line=1):
        """The body has exactly one mistake, in this line, with this text."""
        found = problems_of(body)
        self.assertEqual([number for number, _ in found], [line], (body, found))
        self.assertIn(text, found[0][1])

    def test_anchors_are_dead(self):
        for body in ("{{^a}}", "a{{b$}}", "{{a|b$}}", r"{{\Aa}}", r"x {{\d+\Z}}", "a\nnot: {{^b}}", "any-order {\n    {{^a}}\n}"):
            self.mistake(body, "are dead", body.count("\n", 0, body.index("{{")) + 1)
        for body in (r"{{\^a\$}}", "{{[^a]b[$]}}", "{{[]^$]x}}", "cost: $5 ^ 2"):
            self.assertEqual(problems_of(body), [])

    def test_an_alternation_that_is_not_one(self):
        self.mistake("x {{a|}}", "empty or there twice")
        self.mistake("x {{a|b|a}}", "empty or there twice")
        self.assertEqual(problems_of("x {{a|b}} {{[a|]|c}} {{(a|)}}"), [])

    def test_an_open_end(self):
        for body in ("5{{.*}}", "{{.+}}5", "any-order {\n    x{{.*}}\n}", "count: 1 5{{.*?}}"):
            self.mistake(body, "5{{.*}}` takes 5999", 2 if "any" in body else 1)
        self.assertEqual(problems_of("5 {{.*}}\nnot: 5{{.*}}\n{{.*}}: masked"), [])

    def test_no_pattern_switches_a_rule_off(self):
        for body in ("hv8: panic: {{.*}}", "hv8: {{.+}}", "{{.*}}: {{.*}}", "hv8: todo: {{.*}} ({{.*}})", "count: 1 hv8: panic: {{.+}}",
                     r"hv8: process {{\d+}} ({{.*}}) killed: {{.+}}", "model: {{.*}}", "any-order {\n    hv8: panic: {{.*}}\n}"):
            self.mistake(body, "must fail the test", 2 if "any" in body else 1)
        self.assertEqual(problems_of("hv8: panic: no {{.*}}\nhv8: process 1 (x) killed: {{.*}}"), [])

    def test_lines_that_no_kernel_may_print(self):
        self.mistake("a\nhv8: power off\nb", "after the power-off line of line 2", 3)
        self.mistake("hv8: power off\nsend: x", "after the power-off line", 2)
        self.mistake("a\nnext: hv8: power off\nany-order {\n    b\n}", "after the power-off line", 3)
        self.mistake(4097 * "x", "it can never match")
        self.assertEqual(problems_of(4096 * "x" + "\nhv8: power off\ncount: 2 a\nnot: b"), [])

    def test_not_and_count_that_never_decide(self):
        self.mistake("a\nnot: {{.*}} off", "cannot pass", 2)
        self.mistake("tick 5\nnot: tick {{\\d}}", "forbids what line 1 expects", 2)
        self.mistake("a\nnot: b\nnot: b", "stands in line 2 already", 3)
        self.mistake("a\ncount: 1 b\ncount: 2 b", "stands in line 2 already", 3)
        self.mistake("a\ncount: 1 hv8: power off", "can never decide", 2)
        self.mistake("tick\ntick\ncount: 1 tick", "2 lines like it are expected", 3)
        self.assertEqual(problems_of("tick\ntick\ncount: 2 tick\nnot: tock"), [])

    def test_names_that_differ_by_capitals_only(self):
        with tempfile.TemporaryDirectory() as directory:
            for name, title in (("boot", "t"), ("Boot", "u")):
                with open(os.path.join(directory, name + ".test"), "w", encoding="utf-8") as file:
                    file.write("title: %s\npoints: 50\n---\na\n" % title)
            names = len(os.listdir(directory))
            mistakes = testfile.load(directory)[1]
        if names == 2:                                      # else this system has the two names for one file
            self.assertEqual(len(mistakes), 1, mistakes)
            self.assertIn("by capitals only", mistakes[0])

    def test_labs(self):
        good = "title: %s\npoints: %d\n---\na\n"
        self.assertEqual(self.mistakes(good % ("t", 40), good % ("u", 60)), [])
        self.assertRegex(self.mistakes(good % ("t", 40), good % ("u", 50))[0], "add up to 90, not 100")
        self.assertRegex(self.mistakes(good % ("t", 40), good % ("t", 60))[0], r"/t1\.test:1: the title is also that of .*t0\.test")
        self.assertRegex(self.mistakes("points: 100\n---\na\n")[0], "no title:")
        self.assertRegex(self.mistakes("title: t\n---\na\n")[0], "no points:")
        self.assertRegex(self.mistakes("title: t\npoints: 100\na\n")[-1], "no line '---'|unknown key")
        self.assertRegex(self.mistakes()[0], "no \\*.test file")


if __name__ == "__main__":
    unittest.main()
