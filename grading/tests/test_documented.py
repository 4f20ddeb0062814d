#!/usr/bin/env python3
"""Tests of grading/host/documented.py: every gap between documentation and tests must be named."""
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

HOST = Path(__file__).resolve().parent.parent / "host"
sys.path.insert(0, str(HOST))

import documented                   # noqa: E402

ERRNO = "#define EPERM  1  /* not yours */\n#define EAGAIN 11\n#define EBUSY  16\n#define EINVAL 22 /* malformed */\n"
DEFINITION = """/* The list: HYPERCALL(number, name...) */
/**
 * Text with -EBUSY, which is no result.
 *
 * @param to  whom
 * @return 0, or -EINVAL (to out of
 * range), -EPERM (no)
 */
HYPERCALL(0, send, 1, u64, to)

/**
 * @return the word; or -EINVAL (from), -EAGAIN (nothing)
 */
HYPERCALL_SAVED(1, recv, 0)

/** @return as recv, but never -EAGAIN, or an error of send or recv */
HYPERCALL(2, call, 0)

/** @return never */
HYPERCALL(3, exit, 0)
"""
CALLS = "send 0\nsend 1\nsend 22\nrecv 0\nrecv 11\nrecv 22\ncall 0\ncall 1\ncall 22\nexit 0\n"


class Documented(unittest.TestCase):

    def wrong(self, calls, definition=DEFINITION):
        return documented.check(definition, ERRNO, calls)

    def test_all_is_shown(self):
        self.assertEqual(self.wrong([CALLS]), [])
        lines = CALLS.splitlines()
        self.assertEqual(self.wrong(["\n".join(lines[:6]), "\n".join(lines[4:])]), [])    # of two programs

    def test_each_missing_result_is_named(self):
        for line, complaint in (
                ("send 0", "send: no test has seen it succeed"), ("send 1", "send: -EPERM is documented, and no test has seen it"),
                ("recv 11", "recv: -EAGAIN is documented, and no test has seen it"),
                ("call 1", "call: -EPERM is documented, and no test has seen it"),
                ("call 22", "call: -EINVAL is documented, and no test has seen it"),
                ("exit 0", "exit: no test has seen it succeed")):
            self.assertEqual(self.wrong([CALLS.replace(line + "\n", "")]), [complaint])

    def test_what_is_not_documented_is_named(self):
        self.assertEqual(self.wrong([CALLS + "send 16\nexit 99\ncall 11\n"]),
                         ["send: gave EBUSY, which is not documented", "call: gave EAGAIN, which is not documented",
                          "exit: gave error 99, which is not documented"])

    def test_a_hypercall_without_documentation(self):
        self.assertEqual(self.wrong([CALLS], DEFINITION + "HYPERCALL(4, new, 0)\n"),
                         ["hypercall.def: a hypercall has no documentation"])

    def test_the_real_list(self):
        root = HOST.parent.parent / "kernel/include/uapi"
        calls = documented.documented((root / "hypercall.def").read_text())
        self.assertGreaterEqual(len(calls), 38)
        self.assertEqual(calls["alloc_table"], {"EINVAL", "EPERM", "EBUSY"})
        self.assertEqual(calls["call"], {"EINVAL", "EPERM", "EAGAIN", "EBUSY", "ESRCH"})
        self.assertEqual(calls["getpid"], set())

    def test_as_a_program(self):
        with tempfile.TemporaryDirectory() as directory:
            paths = [Path(directory, name) for name in ("def", "errno", "calls")]
            for path, text in zip(paths, (DEFINITION, ERRNO, CALLS)):
                path.write_text(text)
            command = [sys.executable, str(HOST / "documented.py")] + [str(path) for path in paths]
            run = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual((run.returncode, run.stdout), (0, "[  PASSED  ] 1 test(s). documented\n"))
            paths[2].write_text(CALLS.replace("send 1\n", ""))
            run = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(run.returncode, 1)
            self.assertIn("[  FAILED  ] 1 test(s)", run.stdout)


if __name__ == "__main__":
    unittest.main()
