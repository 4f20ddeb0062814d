"""How `make test` counts what unittest says: a test that did not run has failed, unless bubblewrap cannot work."""
import unittest

import run

WHY = "bubblewrap does not work here: bwrap: it's a chroot"
PRINTED = """test_a (test_x.X.test_a) ... ok
test_b (test_x.X.test_b) ... skipped %r
test_c (test_x.X.test_c)
What it is about. ... skipped %r
test_d (test_x.X.test_d) ... skipped 'missing: tmux'
test_e (test_x.X.test_e) ... FAIL

Ran 5 tests in 0.001s

FAILED (failures=1, skipped=3)
""" % (WHY, WHY)


class Counting(unittest.TestCase):
    def test_skipped_for_another_reason_is_failed(self):
        self.assertEqual(run.counted(PRINTED, WHY), (1, 2, 2))

    def test_where_bubblewrap_works_nothing_is_excused(self):
        self.assertEqual(run.counted(PRINTED, ""), (1, 4, 0))


if __name__ == "__main__":
    unittest.main()
