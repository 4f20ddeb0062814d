"""The clean trees in which submissions are built: a lab's starter, the earlier labs solved, compiled once and copied for each.

A base tree is in build/class/base-labN-KEY, or base-labN-private-KEY with code of private tests; KEY is a digest of all that it is
made of, so it is never stale. Whoever needs it first makes it; others wait. Tests are not in the tree: what a compiler may read
there, a submission may ask it to print.
"""
import collections
import contextlib
import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile

import objects
import sandbox
import submission

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "labs"))
import split                                                                    # noqa: E402

PLACE = "/hv8"                      # where a tree is in the sandbox, so that all trees look alike to make
UNSEEN = re.compile(r"(grading/(lab\d+/|(?!guest/|model/|tools\.sh)[^/]+$)|handouts/)")
ERROR = re.compile(r"(?i)\berror: |undefined reference|multiple definition|relocation truncated|size limit exceeded|"
                   r"cannot allocate|out of memory|memory exhausted|\*\*\* ")
Tools = collections.namedtuple("Tools", "cross qemu jobs")


class Trouble(Exception):
    """The course's own tree is not fit to grade with: lines to show."""


class Base:
    """A lab's base tree. `known`: {path: digests} of the course's files; `wanted`: the paths that a submission may bring, those of
    this lab last; `own`: those of this lab; `symbols`: see objects.py, None before there is a model."""

    def __init__(self, source, lab, box, tools, guest=None):
        """`guest`: a folder with more code for the guests of private tests, or None."""
        if not 1 <= lab <= len(source.labs):
            raise submission.Mistake("there is no lab %d: --lab is 1 to %d" % (lab, len(source.labs)))
        self._source, self.lab, self._box, self._tools, self._guest = source, lab, box, tools, guest
        wanted = [path for one in source.labs[:lab] for path in one.edit if source.stages[path] <= lab]
        self.own = set(source.labs[lab - 1].edit)
        self.wanted = list(dict.fromkeys(wanted))
        self._kind = "base-lab%d%s-" % (lab, "-private" if guest and os.path.isdir(guest) else "")
        self.folder = os.path.join(ROOT, "build", "class", self._kind + self._key())

    def copy(self, target=None):
        """Make the tree if it is not there, learn about it, and copy it to `target`, if there is one."""
        os.makedirs(os.path.dirname(self.folder), exist_ok=True)
        with open(os.path.join(os.path.dirname(self.folder), "base-lab%d.lock" % self.lab), "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH)
            if not os.path.exists(self.folder):
                fcntl.flock(lock, fcntl.LOCK_EX)
                if not os.path.exists(self.folder):
                    self._make()
            with open(os.path.join(self.folder, "about.json"), encoding="utf-8") as file:
                about = json.load(file)
            self.known, self.symbols = about["known"], about["symbols"] and objects.Symbols(**about["symbols"])
            self._preprocess = about["preprocess"]
            if target:
                subprocess.run(["cp", "-a", os.path.join(self.folder, "tree"), target], check=True)

    def build(self, tree):
        """Build a tree in the sandbox; the Done."""
        mounts = [(tree, PLACE, True)]
        command = ["make", "-j%d" % self._tools.jobs, "all", "CROSS_COMPILE=" + self._tools.cross]
        return self._box.run(command, sandbox.BUILD, mounts, PLACE)

    def refusal(self, tree, paths):
        """Why the model machine is not run with these files of a built tree, or None. Other tests need not care."""
        for path in [path for path in paths if path.endswith(".c")] if self.symbols else ():
            mounts = [(tree, PLACE, False)]
            done = self._box.run(self._preprocess + [path], sandbox.BUILD._replace(keep=sandbox.BUILD.output), mounts, PLACE)
            if done.status or done.end != "exit":
                return "%s cannot be preprocessed" % path
            built = os.path.join(self.products(tree), "host", path[:-1] + "o")
            why = objects.complaint(built, done.output.decode(errors="replace"), self.symbols)
            if why:
                return "%s %s" % (path, submission.show(why))
        why = self.symbols and objects.intrusion(os.path.join(self.products(tree), "model"), self.symbols)
        return "the kernel " + submission.show(why) if why else None

    def products(self, tree):
        """The folder of a tree that has its kernel."""
        return os.path.join(tree, "build", "lab%d" % self.lab)

    def _key(self):
        """A digest of all that has a part in the tree: sources, the course's definition, compilers, the sandbox's way."""
        key = hashlib.sha256()
        for path, stage in sorted(self._source.stages.items()):
            if stage <= self.lab:
                key.update(("%s\0%s\0" % (path, _digest(os.path.join(ROOT, path)))).encode())
        for path in [os.path.join(HERE, "basetree.py"), os.path.join(ROOT, "labs", "split.py")] + _files(self._guest):
            key.update(("%s\0%s\0" % (path, _digest(path))).encode())
        tools = self._box.run(["sh", "-c", "make --version; %sgcc --version; %sld --version; cc --version; python3 --version"
                               % (self._tools.cross, self._tools.cross)], sandbox.BUILD)
        key.update(tools.output + repr((self._box.note, self.own, self.wanted)).encode())
        return key.hexdigest()[:16]

    def _make(self):
        """Under the lock: the trees of earlier sources go, this one comes."""
        top = os.path.dirname(self.folder)
        for name in os.listdir(top):
            if re.fullmatch(r"\.?%s\w+" % self._kind, name):
                shutil.rmtree(os.path.join(top, name))
        fresh = tempfile.mkdtemp(prefix="." + self._kind, dir=top)
        os.chmod(fresh, 0o755)
        tree = os.path.join(fresh, "tree")
        with contextlib.ExitStack() as stack:
            stack.callback(shutil.rmtree, fresh, ignore_errors=True)
            self._write(os.path.join(fresh, "solved"), self.lab)
            self._write(os.path.join(fresh, "starter"), self.lab - 1)
            starter = os.path.join(fresh, "starter")
            known = {os.path.relpath(path, starter): submission.digests(_bytes(path)) for path in _files(starter)}
            os.rename(os.path.join(fresh, "solved"), tree)
            symbols = None
            if self._prepared(tree) and os.path.exists(os.path.join(self.products(tree), "model")):
                symbols = objects.allowed(tree, self.products(tree))
            for path in _files(starter):
                name = os.path.relpath(path, starter)
                if not UNSEEN.match(name) and _bytes(path) != _bytes(os.path.join(tree, name)):
                    shutil.copyfile(path, os.path.join(tree, name))
            self._prepared(tree)
            shutil.rmtree(starter)
            with open(os.path.join(fresh, "about.json"), "w", encoding="utf-8") as file:
                json.dump({"known": known, "symbols": symbols and symbols._asdict(), "preprocess": self._host_compiler(tree)},
                          file)
            os.rename(fresh, self.folder)

    def _host_compiler(self, tree):
        """The preprocessor that the model machine's files go through: at the end of the flags that the Makefile has noted."""
        with open(os.path.join(self.products(tree), "flags"), encoding="utf-8") as file:
            words = file.read().split()
        first = len(words) - 1 - words[::-1].index("-std=gnu11")
        return [words[first - 1], "-E", "-P"] + words[first:]

    def _write(self, target, solved):
        split.split(self._source, target, self.lab, solved)
        for path in _files(self._guest):
            to = os.path.join(target, "grading", "guest", os.path.relpath(path, self._guest))
            os.makedirs(os.path.dirname(to), exist_ok=True)
            shutil.copyfile(path, to)

    def _prepared(self, tree):
        """Build one of the course's own trees, without what a compiler must not see; True."""
        for path in _files(tree):
            if UNSEEN.match(os.path.relpath(path, tree)):
                os.unlink(path)
        self._box.give(tree)
        done = self.build(tree)
        if done.status or done.end != "exit":
            log = done.output.decode(errors="replace")
            raise Trouble("the course's own tree of lab %d does not compile:\n%s" % (self.lab, log))
        return True


def first_error(done):
    """What went wrong in a build, in a line."""
    if done.end == "time":
        return "the compilers were stopped after %d s" % sandbox.BUILD.wall
    if done.end == "output":
        return "the compilers were stopped after %d MiB of messages" % (sandbox.BUILD.output >> 20)
    lines = done.output.decode(errors="replace").splitlines()
    found = next((line for line in lines if ERROR.search(line)), lines[-1] if lines else "status %d" % done.status)
    return submission.show(re.sub(r"^\S*/ld: |^\S*/(?=(as|cc1|ld): )|^%s/" % PLACE, "", found).strip())


def _files(top):
    """Every file below a folder, links too."""
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names) if top else []


def _bytes(path):
    with open(path, "rb") as file:
        return file.read()


def _digest(path):
    return hashlib.sha256(os.readlink(path).encode() if os.path.islink(path) else _bytes(path)).hexdigest()
