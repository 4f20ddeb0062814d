#!/usr/bin/env python3
"""`make grade-cost [LAB=n]`: what the harness costs on top of QEMU.

For each lab `make grade` of its reference, already built, is timed in an empty directory (so the plugin is built, too), then each
of its runs bare, one after another on one CPU: the command of its command.txt without plugin or debugger, so without -S either.
Input that the test would type waits on stdin from the start, in a file. A bare boot that does not end by itself (it lost that early
input, and waits for more) counts as nothing, which only raises the ratio; it is named. The grade may take at most 3 times the bare
boots' time divided by the number of CPUs, which is how many run at once. Ends with status 1 when a lab is above that.
"""
import os
import resource
import shlex
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.dirname(HERE))
import nonce as nonces                                                         # noqa: E402
import testfile                                                                # noqa: E402

BAR = 3.0
PATIENCE = 20.0                     # seconds, on an idle host; the longest bare boot takes 3
USAGE = "usage: cost.py LAB..., such as: cost.py 1 2"


def cpu_seconds():
    """CPU time of all children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def timed(action):
    """(what `action` returns, wall seconds, its children's CPU seconds)."""
    wall, cpu = time.monotonic(), cpu_seconds()
    result = action()
    return result, time.monotonic() - wall, cpu_seconds() - cpu


def grade(lab, out):
    """Grade the reference of a lab; nothing may fail."""
    done = subprocess.run(["make", "-s", "grade", "LAB=%d" % lab, "OUT=" + out, "JOBS=%d" % os.cpu_count()], cwd=ROOT,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        sys.exit("cost.py: the reference of lab %d does not have full marks:\n%s" % (lab, done.stdout))


def boot(command, typed):
    """Run a command on the first CPU. Whether it ended by itself."""
    process = subprocess.Popen(["taskset", "-c", "0"] + command, cwd=ROOT, stdin=typed, stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL)
    try:
        process.wait(PATIENCE * max(1.0, os.getloadavg()[0] / os.cpu_count()))
        return True
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return False


def bare(lab, out):
    """The sums of wall and CPU seconds of all bare boots, their number, and the names of those that did not end."""
    tests, _ = testfile.load(os.path.join(ROOT, "grading", "lab%d" % lab))
    tests = {test.name: test for test in tests}
    top, typed = os.path.join(ROOT, out, "lab%d" % lab), os.path.join(ROOT, out, "typed")
    walls, cpus, endless, runs = 0.0, 0.0, [], sorted(os.listdir(top))
    for run in runs:
        with open(os.path.join(top, run, "command.txt"), encoding="utf-8") as file:
            command = shlex.split(file.read())
        items = tests[run.split(".")[0]].items(nonces.EXAMPLE)
        with open(typed, "wb") as file:
            file.write(b"".join(item.data for item in items if item.kind == "send"))
        with open(typed, "rb") as file:
            ended, wall, cpu = timed(lambda command=command, file=file: boot(command, file))
        if ended:
            walls, cpus = walls + wall, cpus + cpu
        else:
            endless.append(run)
    return walls, cpus, len(runs), endless


def main():
    labs = sys.argv[1:]
    if not labs or not all(lab in "123456" for lab in labs):
        sys.exit(USAGE)
    above, cpus = 0, os.cpu_count()
    for lab in map(int, labs):
        out = os.path.join("build", "cost", "lab%d" % lab)
        if subprocess.run(["make", "-s", "build", "LAB=%d" % lab], cwd=ROOT, check=False).returncode:
            sys.exit("cost.py: lab %d cannot be built" % lab)
        shutil.rmtree(os.path.join(ROOT, out), ignore_errors=True)
        _, graded, graded_cpu = timed(lambda lab=lab, out=out: grade(lab, out))
        boots, boots_cpu, number, endless = bare(lab, out)
        ratio = graded / (boots / cpus)
        above += ratio > BAR
        print("%s lab %d: graded in %.1f s, %d bare boots %.1f s on one CPU, %d CPUs: ratio %.2f, at most %.1f (CPU time %.1f s "
              "and %.1f s: %.2f)" % ("FAIL" if ratio > BAR else "ok  ", lab, graded, number, boots, cpus, ratio, BAR, graded_cpu,
                                 boots_cpu, graded_cpu / boots_cpu), flush=True)
        if endless:
            print("     counted as nothing, since without the harness they do not end: %s" % ", ".join(endless))
    return 1 if above else 0


if __name__ == "__main__":
    sys.exit(main())
