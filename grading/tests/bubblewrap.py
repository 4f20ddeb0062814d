"""Does bubblewrap itself work here? In a chroot and in most containers it does not; what its sandbox keeps off cannot be tested there.

Only bubblewrap is asked, not our use of it: that must not be able to switch its own tests off.
"""
import subprocess


def _failure():
    """Why it does not work, or an empty text."""
    try:
        done = subprocess.run(["bwrap", "--ro-bind", "/", "/", "true"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)
    except OSError as error:
        return "bwrap cannot be run (%s): make setup" % error.strerror
    return "bubblewrap does not work here: %s" % done.stdout.strip().splitlines()[-1] if done.returncode else ""


WHY_NOT = _failure()
