"""Runs a handout's commands as a student does: in clones of the course repository, in a shell or in gdb before a halted QEMU.

A clone is a lab's starter with some holes filled by the reference, as uncommitted changes, on the branch that a student has. It is
built once and brought up to date in place, so that the next run builds what has changed and no more. Each program runs in a
process group of its own, which is killed at the block's end, at a time limit, and when this program is interrupted.
"""
import codecs
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import NamedTuple

import course
import split
from proofs import Fail, environment

LIMIT, GDB_LIMIT = 300, 60          # seconds for a shell command and for a gdb command, far above what any takes
SURROUNDINGS = {"TERM": "dumb", "PAGER": "cat", "LC_ALL": "C.UTF-8", "JOBS": "1"}       # JOBS: tests end in the same order
PROMPT = "<<hv8: a command is done>>"
GUEST = re.compile(r"^hv8 .*\n", re.M)          # the guest's first line: from here on its UART keeps what is typed
NO_GDB = re.compile(r"^.*(?:Connection (?:refused|timed out)|could not connect).*$", re.M)


class Result(NamedTuple):
    """What a command printed, and why it counts as failed, or None."""
    output: str
    why: str = None


def name(source, state):
    """What the clone in this state is called."""
    solved = len(state.filled) == sum(hole.lab == state.lab for hole in source.holes)
    return f"lab{state.lab}-" + ("solved" if solved else "+".join(["start", *sorted(state.filled)]))


class Clone:
    """A clone of the course in the folder `tree`, in one state."""

    def __init__(self, source, repository, scratch, state):
        lab = source.labs[state.lab - 1]
        holes = [hole for hole in source.holes if hole.lab == state.lab]
        self.tree = Path(scratch) / name(source, state)
        self.branch = f"refs/heads/{source.labs[0].branch}"         # what `git clone` gave the student
        if not (self.tree / ".git" / "HEAD").exists():
            shutil.rmtree(self.tree, ignore_errors=True)
            split.git("clone", "--quiet", str(repository), str(self.tree), env=course.IDENTITY)
        self.git("fetch", "--quiet", "--prune", "origin", "+refs/heads/*:refs/remotes/origin/*")
        self.base = self.git("rev-parse", f"origin/lab{lab.number}-start")
        self.work = self.filled(source, state, holes)
        self.restore()

    def git(self, *args, **more):
        return split.git(*args, cwd=self.tree, env=dict(course.IDENTITY, **more)).strip()

    def filled(self, source, state, holes):
        """The hash of the tree with the holes filled."""
        with tempfile.TemporaryDirectory(prefix="filled-", dir=self.tree.parent) as scratch:
            index, solved = {"GIT_INDEX_FILE": str(Path(scratch) / "index")}, Path(scratch) / "solved"
            split.split(source, solved, state.lab, state.lab,
                        keep_open=[hole.name for hole in holes if hole.name not in state.filled])
            self.git("read-tree", self.base, **index)
            for path in sorted({hole.path for hole in holes}):
                blob = self.git("hash-object", "-w", str(solved / path))
                mode = self.git("ls-files", "--stage", path, **index).split()[0]
                self.git("update-index", "--cacheinfo", f"{mode},{blob},{path}", **index)
            return self.git("write-tree", **index)

    def restore(self):
        """Undo whatever a command did to files and branches; what is built stays, and so do files that need no change."""
        shutil.rmtree(self.tree / ".git" / "rebase-merge", ignore_errors=True)
        (self.tree / ".git" / "MERGE_HEAD").unlink(missing_ok=True)
        self.git("add", "--all")
        self.git("read-tree", "--reset", "-u", self.work)
        self.git("symbolic-ref", "HEAD", self.branch)
        self.git("update-ref", "HEAD", self.base)
        self.git("reset", "--quiet")

    def build(self, log):
        with Program("make", self.tree) as program:
            log.write_text(program.rest(LIMIT), "utf-8")
            if program.status:
                raise Fail("`make` fails")

    # Blocks

    def console(self, block):
        """Yield the Result of each command of a console block."""
        for command in block.commands:
            fails = block.fails and command is block.commands[-1]
            with Program(command.text, self.tree, block.typed) as program:
                try:
                    output, why = program.rest(LIMIT), None
                except Fail as error:
                    output, why = program.text, str(error)
                if not why and bool(program.status) != fails:
                    why = "it ends with status 0, and should fail" if fails else \
                        f"it ends with status {program.status}; if its block ends so, say <!-- run: ... fails -->"
            yield Result(output, why)

    def gdb(self, block):
        """Yield the Result of each command of a gdb block; after one that hangs or ends gdb no other."""
        port = free_port()
        variables = f"{block.variables} GDB_PORT={port}".strip()
        flags = " ".join("-ex " + shlex.quote(text) for text in ("set pagination off", "set width 0", f"set prompt {PROMPT}\\n"))
        with Program(f"make all {variables}", self.tree) as program:
            output = program.rest(LIMIT)
            if program.status:
                raise Fail(f"`make {variables}` fails: {last_line(output)}")
        with Program(f"exec make qemu-gdb {variables}", self.tree, block.typed) as qemu, \
                Program(f"exec make gdb {variables} GDBFLAGS={shlex.quote(flags)}", self.tree, "") as gdb:
            begin = gdb.until(PROMPT, GDB_LIMIT, "`make gdb` shows no prompt")
            if NO_GDB.search(begin):
                raise Fail(f"`make gdb` reaches no QEMU: {NO_GDB.search(begin).group(0)}; "
                           f"`make qemu-gdb {variables}` says: {last_line(qemu.text)}")
            for command in block.commands:
                gdb.type(command.text + "\n")
                try:
                    output = gdb.until(PROMPT, GDB_LIMIT, "gdb's prompt does not come back; is a breakpoint met?")
                except Fail as error:
                    yield Result(gdb.text, str(error))
                    return
                more = command.text.count("\n")             # gdb asks for each further line with a >
                yield Result(re.sub(rf"^\n?>{{0,{more}}}", "", output))


class Program:
    """A shell command in a process group of its own. A thread collects what it prints, and types `typed` when the guest prints."""

    running, stopped, lock = set(), False, threading.Lock()

    @classmethod
    def stop(cls):
        """Kill all that run, and start no other."""
        with cls.lock:
            cls.stopped = True
            for program in cls.running:
                program.kill()

    def __init__(self, command, tree, typed=None):
        env = dict(environment(), **course.IDENTITY, **SURROUNDINGS)
        self.text, self.status, self._typed, self._ended = "", None, typed, False
        self._change = threading.Condition()
        with self.lock:
            if self.stopped:
                raise Fail("interrupted")
            self._process = subprocess.Popen(["/bin/sh", "-c", command], cwd=tree, env=env, start_new_session=True,
                                             stdin=subprocess.DEVNULL if typed is None else subprocess.PIPE,
                                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, bufsize=0)
            self.running.add(self)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def kill(self):
        os.killpg(self._process.pid, signal.SIGKILL)        # the group is there: its leader is not waited for before __exit__

    def __exit__(self, *_):
        with self.lock:
            self.running.remove(self)
        self.kill()
        self._reader.join()
        self._process.wait()
        self._process.stdout.close()
        if self._process.stdin:
            self._process.stdin.close()

    def _read(self):
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while True:
            data = os.read(self._process.stdout.fileno(), 65536)
            if not data:                        # it remains a zombie, so that its group's number is not given to another
                self.status = os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOWAIT).si_status
            with self._change:
                self.text += decoder.decode(data, final=not data)
                self._ended = not data
                self._change.notify_all()
            if not data:
                return
            if self._typed and GUEST.search(self.text.replace("\r", "")):
                self.type(self._typed)
                self._typed = None

    def type(self, text):
        try:
            self._process.stdin.write(text.encode())
        except BrokenPipeError:
            pass                                # it has ended, which its output and status show

    def rest(self, limit):
        """All that it prints, to its end."""
        with self._change:
            if not self._change.wait_for(lambda: self._ended, limit):
                raise Fail(f"it takes more than {limit} s" + ("; the guest has not printed `hv8 ...`, so nothing was typed"
                                                             if self._typed else ""))
        return self.text

    def until(self, mark, limit, why):
        """What it prints up to the next `mark`."""
        with self._change:
            if not self._change.wait_for(lambda: mark in self.text or self._ended, limit):
                raise Fail(f"after {limit} s {why}")
            before, found, self.text = self.text.partition(mark)
            if not found:
                raise Fail(f"gdb has ended: {last_line(before)}")
            return before


def last_line(text):
    """The last line that a program, not make, has printed."""
    return next((line.strip() for line in reversed(text.split("\n")) if line.strip() and not line.startswith("make:")), "nothing")


def free_port():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return server.getsockname()[1]
