"""Good and odd submissions of lab 1, for test_submission.py and test_hostile.py: what a student sends, in each form, and what
becomes of it."""
import contextlib
import functools
import io
import json
import os
import tarfile
import tempfile
import unittest
import zipfile

import bubblewrap
import toy_guest
import basetree
import clean
import sandbox
import submission

ROOT = basetree.ROOT
FORMAT = "kernel/dev/format.c"


@functools.lru_cache(maxsize=None)
def scratch():
    """A folder under build/, removed at the end of the module that uses it."""
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    folder = tempfile.TemporaryDirectory(prefix="test-submission-", dir=os.path.join(ROOT, "build"))
    os.chmod(folder.name, 0o755)

    def forget():
        folder.cleanup()
        for made in (scratch, base, solution):          # the next module makes its own
            made.cache_clear()
    unittest.addModuleCleanup(forget)
    return folder.name


@functools.lru_cache(maxsize=None)
def base():
    tools = basetree.Tools(toy_guest.CROSS, toy_guest.QEMU, 1)
    made = basetree.Base(basetree.split.Source(), 1, box(), tools)
    made.copy()
    return made


@functools.lru_cache(maxsize=None)
def solution():
    """{path: content} of what a student with a complete lab 1 sends."""
    folder = os.path.join(scratch(), "solution")
    basetree.split.split(basetree.split.Source(), folder, 1, 1)
    found = {}
    for path in base().wanted:
        with open(os.path.join(folder, path), "rb") as file:
            found[path] = file.read()
    return found


def box():
    return sandbox.here(toy_guest.CROSS + "gcc", toy_guest.QEMU, "make", "cc")


def tar(entries, prefix="", **mode):
    """A tar archive. An entry is (path, content) or a TarInfo, or (TarInfo, content)."""
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w", **mode) as archive:
        for entry in entries:
            if isinstance(entry, tarfile.TarInfo):
                archive.addfile(entry)
                continue
            info, content = entry
            if isinstance(info, str):
                info = tarfile.TarInfo(prefix + info)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return data.getvalue()


def special(path, kind, link=""):
    info = tarfile.TarInfo(path)
    info.type, info.linkname = kind, link
    return info


def zipped(entries):
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in entries:
            archive.writestr(path, content)
    return data.getvalue()


@unittest.skipIf(bubblewrap.WHY_NOT, bubblewrap.WHY_NOT)
@unittest.skipIf(toy_guest.MISSING, "missing: %s" % ", ".join(toy_guest.MISSING))
class Case(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(dir=scratch())
        self.files = dict(solution())

    def file(self, name, content=b""):
        path = os.path.join(self.folder, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def sent(self, name="sent", files=None):
        """A folder with these files."""
        for path, content in (self.files if files is None else files).items():
            self.file(os.path.join(name, path), content)
        return os.path.join(self.folder, name)

    def take(self, what):
        return submission.take(submission.entries(what, base().wanted, box()), base().wanted, base().known)

    def complete(self, what):
        """All four files are taken, as they were sent; the Taken."""
        taken = self.take(what)
        self.assertEqual(taken.files, self.files)
        self.assertEqual(taken.missing, [])
        return taken

    def archived(self, data, name="a.tar"):
        return self.file(name, data)

    def refused(self, what, *parts):
        with self.assertRaises(submission.Refused) as caught:
            self.take(what)
        for part in parts:
            self.assertIn(part, str(caught.exception))
        self.assertEqual(len(str(caught.exception).splitlines()), 1)

    def not_taken(self, what, note, path=FORMAT):
        """One file is not, for this reason; the others are."""
        taken = self.take(what)
        self.assertEqual(taken.missing, [path])
        self.assertNotIn(path, taken.files)
        self.assertEqual(len(taken.files), 3)
        self.assertIn(note, "\n".join(taken.notes))

    def grade(self, *arguments):
        """(exit status, what was printed, results.json or None)."""
        out, printed = os.path.join(self.folder, "out"), io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            status = clean.main(["--cross", toy_guest.CROSS, "--qemu", toy_guest.QEMU, "--jobs", "1", "--out", out,
                                 "--submission", *arguments])
        self.assertNotIn("Traceback", printed.getvalue())
        path = os.path.join(out, "results.json")
        if not os.path.exists(path):
            return status, printed.getvalue(), None
        with open(path, encoding="utf-8") as file:
            return status, printed.getvalue(), json.load(file)
