"""What a grading shows: on a terminal of a certain width, on one without colours, and in a file."""
import fcntl
import os
import re
import struct
import sys
import termios
import types
import unittest
from unittest import mock

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import screen                                                                   # noqa: E402

REPORT = ["FAIL boot (10 points): the kernel boots", "  a line is missing or wrong: expected " + "x " * 40,
          "    reached     " + ", ".join(["boot"] * 30), "    +    3  " + "y" * 100, "  transcript  a/b"]


def result(status="pass", why=""):
    return types.SimpleNamespace(lab=1, test=types.SimpleNamespace(name="boot", points=10), status=status, seconds=0.25, why=why)


def shown(columns, environment, use):
    """What a terminal of so many columns (None: a file) receives when `use` gets a Screen on it."""
    master, slave = os.openpty() if columns else os.pipe()
    if columns:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        attributes = termios.tcgetattr(slave)
        attributes[1] &= ~termios.OPOST                     # a line end stays one
        termios.tcsetattr(slave, termios.TCSANOW, attributes)
    plain = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM", "COLUMNS")}
    with mock.patch.dict(os.environ, dict(plain, **environment), clear=True), os.fdopen(slave, "w") as stream:
        use(screen.Screen(stream, 2, False))
    data = [b"x"]
    while data[-1]:
        try:
            data.append(os.read(master, 65536))
        except OSError:                                     # a terminal that nobody has open
            data.append(b"")
    os.close(master)
    return b"".join(data[1:]).decode()


def grading(one):
    one.start(1, "boot")
    one.result(result("fail", "a line is missing or wrong: expected hv8 boots at EL2, image at 0x40200000"))
    one.finish()
    one.report(REPORT, ["cores"])


class Screens(unittest.TestCase):
    def test_a_file_gets_whole_lines_and_no_escapes(self):
        text = shown(None, {}, grading)
        self.assertEqual(text, "FAIL  lab1 boot                          10  0.2 s  "
                               "a line is missing or wrong: expected hv8 boots at EL2, image at 0x40200000\n\n"
                               + "\n".join(REPORT) + "\n  the same    cores\n")

    def test_a_terminal_sees_what_runs(self):
        text = shown(80, {"TERM": "xterm"}, grading)
        self.assertTrue(text.startswith("0 of 2 tests done\r\033[K0 of 2 tests done, now boot\r\033[K"
                                        "\033[31mFAIL \033[0m lab1 boot"), text)
        self.assertIn("\r\033[K", text[text.index("1 of 2 tests done"):])           # and the last line goes away

    def test_colors_only_where_they_are_wanted(self):
        for environment in ({"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}):
            self.assertNotIn("\033[3", shown(80, environment, grading))
        self.assertIn("\033[31m", shown(80, {"TERM": "xterm", "NO_COLOR": ""}, grading))
        self.assertNotIn("\033", shown(80, {"TERM": "dumb"}, grading))

    def test_nothing_is_wider_than_the_terminal(self):
        for columns in (60, 100):
            lines = re.sub(r"\033\[\d*\w", "", shown(columns, {"TERM": "xterm"}, grading)).replace("\r", "\n").split("\n")
            wide = [line for line in lines if len(line) > columns]
            self.assertEqual(wide, [line for line in REPORT if "yyy" in line and len(line) > columns])
            self.assertEqual(sum(line.count("boot,") for line in lines), 29)        # wrapped, not cut
            self.assertIn("  transcript  a/b", lines)

    def test_a_wrapped_line_goes_on_behind_its_label(self):
        first, second = screen.wrap(REPORT[2], 120)
        self.assertTrue(first.startswith("    reached     boot, "))
        self.assertTrue(second.startswith(" " * 16 + "boot"))
        self.assertTrue(screen.wrap(REPORT[1], 60)[1].startswith("    x"))


if __name__ == "__main__":
    unittest.main()
