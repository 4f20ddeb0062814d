"""What the programs that prove the course share: how a proof fails, the line printed for each, and what make inherits."""
import os
import threading

NOT_INHERITED = ("MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "LAB", "SOLUTION", "T", "V", "WERROR", "JOBS",
                 "PAGE", "WRITE", "DEBUGINFOD_URLS")


class Fail(Exception):
    """Why a proof failed."""


def environment():
    """The environment of a student's command: nothing of a make, a git hook or a grading around this program."""
    return {key: value for key, value in os.environ.items() if key not in NOT_INHERITED and not key.startswith("GIT_")}


class Tally:
    """Counts proofs and prints a line for each; several threads may."""

    def __init__(self):
        self.passed = self.failed = 0
        self.lock = threading.Lock()

    def report(self, name, reason=None, log=None, more=()):
        """One proof's outcome: it holds unless there is a `reason`. `more`: lines that explain it. Returns whether it holds."""
        with self.lock:
            self.passed += reason is None
            self.failed += reason is not None
            shown = f"   log: {os.path.relpath(log)}" if log and log.exists() else ""
            print("\n".join([f"ok   {name}" if reason is None else f"FAIL {name}: {reason}{shown}", *more]), flush=True)
        return reason is None

    def closing(self):
        """Print the closing line; return the exit status."""
        print(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed else 0
