"""How the kernel comes up where firmware hands it what no test file of a lab can: here gdb sets the registers at the entry."""
import os
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import live_gdb                                                                 # noqa: E402


@unittest.skipIf(live_gdb.MISSING, "missing: %s" % ", ".join(live_gdb.MISSING))
class Entry(unittest.TestCase):
    def test_no_device_tree_with_the_mmu_on(self):
        """The test `reenter` jumps to the entry with the MMU and caches on; x0 is 0 there."""
        session = live_gdb.Session(2, "test=reenter nonce=5", [
            "hbreak *boot", "continue", "continue", "p $SCTLR_EL2 & 1", "set var $x0 = 0", "hbreak psci_system_off",
            "continue", "printf \"%s\\n\", boot_failure"])
        self.assertEqual(session.answers[3], "$1 = 1")
        self.assertEqual(session.answers[7], "no device tree: x0 is 0 at entry")
        self.assertEqual(session.console.count("hv8 boots at EL2"), 1)


if __name__ == "__main__":
    unittest.main()
