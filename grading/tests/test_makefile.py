"""What the Makefile promises: two makes at once end well, and a target that comes too early says so."""
import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import toy_guest

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
SLOW = ("gcc", "objcopy")
# A tool whose output is HALF writes half of it first, says so, and waits until it may go on.
TOOL = """#!/bin/sh
for word; do
	case $before in -o) out=$word; esac
	before=$word
done
out=${out:-$before}
case $out in *"${HALF:=none}"|*"$HALF".[0-9]*)
	echo half >"$out"
	echo >"$SAID"
	read go <"$GO"
esac
exec %s "$@"
"""


def make(*words, **variables):
    """A make of lab 1 that has begun."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("MAKE") and key != "MFLAGS"}
    return subprocess.Popen(["make", "-s", "LAB=1"] + list(words), cwd=ROOT, env=dict(environment, **variables), text=True,
                            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


class Makefile(unittest.TestCase):
    def test_the_reference_comes_with_lab_3(self):
        said = make("reference").communicate(timeout=SECONDS)[0]
        self.assertRegex(said, r"^Makefile:\d+: \*\*\* there are no hypercalls before lab 3: .*\n$")

    @unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
    def test_two_at_once(self):
        """Each stands still for a while with half of a file written; another one does not take that for the file."""
        with tempfile.TemporaryDirectory(prefix="test-makefile-", dir=ROOT / "build") as scratch:
            folder, tools = Path(scratch).relative_to(ROOT), Path(scratch) / "tools"
            tools.mkdir()
            (tools / "slow-nm").symlink_to(shutil.which(toy_guest.CROSS + "nm"))
            for name in SLOW:
                (tools / ("slow-" + name)).write_text(TOOL % shutil.which(toy_guest.CROSS + name))
                (tools / ("slow-" + name)).chmod(0o755)
            words = ["B=%s" % folder, "CROSS_COMPILE=%s/slow-" % tools, "%s/kernel.bin" % folder]
            self.end(make(*words))
            whole = (ROOT / folder / "kernel.bin").read_bytes()
            fifos = {"SAID": str(tools / "said"), "GO": str(tools / "go")}
            for fifo in fifos.values():
                os.mkfifo(fifo)
            for name in ("kernel/boot/main.c.o", "symbols0.o", "pass1.elf", "symbols.o", "kernel.elf", "kernel.bin"):
                with self.subTest(file=name):
                    (ROOT / folder / name).unlink()
                    slow = make(*words, HALF=name, **fifos)
                    with open(fifos["SAID"], encoding="ascii") as said:
                        said.read()
                    try:
                        self.end(make(*words))
                        self.assertEqual((ROOT / folder / "kernel.bin").read_bytes(), whole)
                    finally:
                        with open(fifos["GO"], "w", encoding="ascii") as go:
                            go.write("\n")
                        self.end(slow)
                    self.assertEqual((ROOT / folder / "kernel.bin").read_bytes(), whole)

    def end(self, begun):
        said = begun.communicate(timeout=SECONDS)[0]
        self.assertEqual((begun.returncode, said), (0, ""))


if __name__ == "__main__":
    unittest.main()
