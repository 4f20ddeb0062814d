"""What grading/grade takes from good, broken and hostile submissions of lab 1, and what it says of them."""
import bz2
import contextlib
import functools
import gzip
import io
import json
import lzma
import os
import shutil
import struct
import subprocess
import sys
import tarfile
import tempfile
import unittest
import zipfile
from unittest import mock

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
    """A folder under build/, removed at the end of the class that is the last to use it."""
    os.makedirs(os.path.join(ROOT, "build"), exist_ok=True)
    folder = tempfile.TemporaryDirectory(prefix="test-submission-", dir=os.path.join(ROOT, "build"))
    unittest.addModuleCleanup(folder.cleanup)
    os.chmod(folder.name, 0o755)
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


class Forms(Case):
    def test_folder(self):
        self.complete(self.sent())
        self.complete(self.sent("a/hv8-main") and os.path.join(self.folder, "a"))

    def test_archives(self):
        data = tar(self.files.items(), "hv8-main/")
        for name, packed in (("a.tar", data), ("a.tgz", gzip.compress(data)), ("a.tar.bz2", bz2.compress(data)),
                             ("a.tar.xz", lzma.compress(data)), ("a.zip", zipped(self.files.items()))):
            with self.subTest(name):
                self.complete(self.archived(packed, name))

    def test_windows_zip_has_backslashes(self):
        names = [(path, path.replace("/", "\\")) for path in self.files]
        data = zipped(self.files.items())
        for path, name in names:
            data = data.replace(path.encode(), name.encode())
        self.complete(self.archived(data))

    def test_commit(self):
        repository = self.sent()
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "mine"], ["branch", "-M", "mine"]):
            subprocess.run(["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@b", *command], check=True)
        self.file("sent/" + FORMAT, b"not committed")
        self.complete(repository + "#mine")

    def test_crlf_and_bytes_that_are_no_text_are_accepted(self):
        self.files[FORMAT] = b"/* \xff\xfe */\r\n" + self.files[FORMAT]
        self.assertIn("CRLF line ends, taken as they are: " + FORMAT, self.complete(self.sent()).notes)


class Roots(Case):
    def test_the_folder_with_most_files_is_it(self):
        self.file("sent/old/" + FORMAT, b"old")
        self.complete(self.sent("sent/new") and os.path.join(self.folder, "sent"))

    def test_two_that_are_equally_good(self):
        self.sent("sent/a")
        self.sent("sent/b")
        self.refused(os.path.join(self.folder, "sent"), "equally many", "a/, b/")

    def test_copies_in_build_do_not_count(self):
        self.sent("sent/build/x")
        self.assertEqual(self.complete(self.sent()).ignored, ["build/ (4 files)"])

    def test_nothing(self):
        os.mkdir(os.path.join(self.folder, "sent"))
        self.refused(os.path.join(self.folder, "sent"), "is empty")
        self.refused(self.archived(tar([("x.c", b"")])), "holds none of the files", FORMAT)

    def test_upper_case(self):
        self.refused(self.archived(tar([(FORMAT.upper(), b"x")])), "KERNEL/DEV/FORMAT.C", "upper and lower case")
        content = self.files.pop(FORMAT)
        sent = self.archived(tar([*self.files.items(), ("kernel/DEV/format.c", content)]))
        self.not_taken(sent, "kernel/DEV/format.c is not " + FORMAT)

    def test_what_else_there_is(self):
        more = {"Makefile": b"all:\n\trm -rf /\n", "README.md": b"", "notes\x1b[31m.txt": b"x", "grading/grade.py": b""}
        more.update({"z%02d" % n: b"" for n in range(30)})
        ignored = self.complete(self.archived(tar([*self.files.items(), *more.items()]))).ignored
        differs = [name + " (differs from the course's)" for name in ("Makefile", "README.md", "grading/grade.py")]
        self.assertEqual(ignored[:3], differs)
        self.assertEqual(ignored[3], "notes\\x1b[31m.txt (new)")
        self.assertEqual(ignored[submission.SHOWN:], ["and 14 more"])

    def test_the_courses_own_files_are_not_mentioned(self):
        folder = os.path.join(self.folder, "whole")
        basetree.split.split(basetree.split.Source(), folder, 1, 1)
        self.assertEqual(self.complete(folder).ignored, [])


class Hostile(Case):
    """Nothing of these is taken; what can be is, and the rest is said."""

    def without(self, entry):
        """An archive in which `entry` stands for format.c."""
        del self.files[FORMAT]
        return self.archived(tar([*self.files.items(), entry]))

    def test_links(self):
        content = self.files.pop(FORMAT)
        for target in ("/etc/passwd", "../../../secret.c", "pl011.c"):
            with self.subTest(target):
                sent = self.sent()
                self.file("secret.c", content)
                os.symlink(target, os.path.join(sent, FORMAT))
                self.not_taken(sent, "is a symbolic link, not a file")
                shutil.rmtree(sent)

    def test_linked_folder(self):
        folder = self.sent("elsewhere")
        sent = self.sent("sent", {path: self.files[path] for path in self.files if "/boot/" in path})
        os.symlink(os.path.join(folder, "kernel/dev"), os.path.join(sent, "kernel/dev"))
        taken = self.take(sent)
        self.assertEqual(len(taken.missing), 2)
        self.assertIn("kernel/dev (symbolic link)", taken.ignored)

    def test_links_in_an_archive(self):
        self.not_taken(self.without(special(FORMAT, tarfile.SYMTYPE, "/etc/passwd")), "is a symbolic link")
        self.files = dict(solution())
        self.not_taken(self.without(special(FORMAT, tarfile.LNKTYPE, "/etc/passwd")), "is a hard link")
        self.files = dict(solution())
        data = zipped(self.files.items())
        link = zipfile.ZipInfo(FORMAT)
        link.create_system, link.external_attr = 3, 0o120777 << 16
        del self.files[FORMAT]
        data = zipped([*self.files.items(), (link, b"/etc/passwd")])
        self.not_taken(self.archived(data), "is a symbolic link")

    def test_devices_and_fifos(self):
        for kind, name in ((tarfile.CHRTYPE, "device"), (tarfile.FIFOTYPE, "FIFO")):
            self.files = dict(solution())
            self.not_taken(self.without(special(FORMAT, kind)), "is a " + name)
        del self.files["kernel/dev/pl011.c"], self.files["kernel/boot/fdt.c"]
        sent = self.sent()
        os.mkdir(os.path.join(sent, "kernel/dev"))
        os.mkfifo(os.path.join(sent, "kernel/dev/pl011.c"))
        os.mkfifo(os.path.join(sent, "other"))
        taken = self.take(sent)
        self.assertIn("kernel/dev/pl011.c is a FIFO, not a file: not taken", taken.notes)
        self.assertIn("other (FIFO)", taken.ignored)

    def test_folder_where_a_file_should_be(self):
        del self.files[FORMAT]
        self.file("sent/" + FORMAT + "/x.c")
        self.not_taken(self.sent(), "is a")
        self.not_taken(self.archived(tar([*self.files.items(), (FORMAT + "/x.c", b"")])), "is a folder")

    def test_paths_that_lead_outside(self):
        outside = os.path.join(self.folder, "outside")
        more = [("../../outside", b"x"), (outside, b"x"), ("kernel/../../" + FORMAT, b"x")]
        ignored = self.complete(self.archived(tar([*self.files.items(), *more]))).ignored
        self.assertEqual([line for line in ignored if "leads outside" in line], ignored)
        self.assertEqual(len(ignored), 3)
        self.assertFalse(os.path.exists(outside))
        self.refused(self.archived(tar(self.files.items(), "/hv8/")), "is empty")

    def test_twice(self):
        for data in (tar([*self.files.items(), ("./" + FORMAT, b"x")]),
                     zipped([*self.files.items(), (FORMAT.replace("dev/", "dev//"), b"x")])):
            self.refused(self.archived(data), FORMAT + " 2 times")

    def test_huge_files(self):
        del self.files[FORMAT]
        sent = self.sent()
        os.truncate(self.file("sent/" + FORMAT), 4 << 30)
        self.not_taken(sent, "has 4294967296 bytes, and 1 MiB is the most")
        subprocess.run(["tar", "-cSf", os.path.join(self.folder, "a.tar"), "-C", sent, "."], check=True)
        self.not_taken(os.path.join(self.folder, "a.tar"), "is a sparse file")
        self.refused(os.path.join(sent, FORMAT), "unpacks to more than 256 MiB")

    def test_bombs(self):
        zeros = bytes(1 << 20)
        packer = bz2.BZ2Compressor(9)
        bomb = b"".join(packer.compress(part) for part in [tar([(special("x", tarfile.REGTYPE), b"")])[:512]] + [zeros] * 300)
        self.refused(self.archived(bomb + packer.flush()), "unpacks to more than 256 MiB")
        packer = zlib_of(zeros, 300)
        with mock.patch("submission.sandbox.READ", sandbox.READ._replace(memory=200 << 20)):        # an entry that says it is small
            data = bytearray(zipped([(FORMAT, b"x" * 5000), *[(path, self.files[path]) for path in self.files if path != FORMAT]]))
            self.not_taken(self.archived(lie(data, packer)), "is a damaged file")
        entries = [("%d" % n, zeros) for n in range(300)]
        self.refused(self.archived(zipped(entries)), "unpacks to more than 256 MiB")

    def test_many_entries(self):
        with mock.patch("archive.ENTRY_LIMIT", 50):
            for n in range(51):
                self.file("sent/%d" % n)
            self.refused(self.sent(), "more than 50 files")
        self.refused(self.archived(zipped([("%d" % n, b"") for n in range(50001)])), "more than 50000 entries")
        self.refused(self.archived(gzip.compress(tarfile.TarInfo("x").tobuf() * 50001, 1)), "more than 50000 entries")

    def test_encrypted(self):
        data = bytearray(zipped(self.files.items()))
        at = data.index(b"PK\1\2")
        data[at + 8] |= 1
        self.not_taken(self.archived(bytes(data)), "is an encrypted file", next(iter(self.files)))

    def test_cut_off_or_damaged(self):
        data = tar(self.files.items())
        for name, packed in (("tar", data), ("gz", gzip.compress(data)), ("bz2", bz2.compress(data)), ("xz", lzma.compress(data)),
                             ("zip", zipped(self.files.items()))):
            for size in (len(packed) // 2, len(packed) // 3 & ~511, 600):
                with self.subTest(name, size=size):
                    self.refused(self.archived(packed[:size]), "is cut off")
        first = self.files["kernel/boot/start.S"]
        self.refused(self.archived(data[:512 + (len(first) + 511 & ~511)]), "is cut off: a tar archive ends in zeros")
        broken = bytearray(gzip.compress(data))
        broken[len(broken) // 2] ^= 0xff
        self.refused(self.archived(bytes(broken)), "is damaged")
        for junk in (b"\x7fELF" + bytes(range(256)) * 20, b"hello", b"7z\xbc\xaf\x27\x1c" + b"\1" * 1000):
            self.refused(self.archived(junk), "is not a tar or zip archive, or is damaged")
        self.refused(self.archived(b""), "is")

    def test_a_reader_that_is_broken_is_no_traceback(self):
        with mock.patch("submission.sandbox.READ", sandbox.READ._replace(memory=64 << 20, cpu=1)):
            size = "%d" % (200 << 20)
            record = special("x", b"x")
            record.size = int(size)
            self.refused(self.archived(record.tobuf() + bytes(200 << 20)), "memory")

    def test_unreadable(self):
        sent = self.sent()
        with mock.patch("submission._read", side_effect=PermissionError(13, "Permission denied")):
            taken = self.take(sent)
        self.assertEqual(len(taken.missing), 4)
        self.assertIn(FORMAT + " cannot be read (Permission denied): not taken", taken.notes)
        with mock.patch("os.scandir", side_effect=PermissionError(13, "Permission denied")):
            self.refused(sent, "cannot be read (Permission denied)")

    def test_repository_that_wants_to_run_something(self):
        repository, ran = self.sent(), os.path.join(self.folder, "ran")
        run = functools.partial(subprocess.run, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        git = ["git", "-C", repository, "-c", "user.name=a", "-c", "user.email=a@b"]
        for command in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "mine"]):
            run(git + command)
        trap = self.file("trap", b"#!/bin/sh\ntouch %s\n" % ran.encode())
        os.chmod(trap, 0o755)
        for key in ("core.fsmonitor", "core.pager", "filter.x.smudge", "filter.x.clean", "diff.x.textconv", "core.sshCommand",
                    "core.alternateRefsCommand", "gpg.program", "credential.helper", "remote.o.uploadpack"):
            run(git + ["config", key, trap])
        self.file("sent/.git/info/attributes", b"* filter=x diff=x\n")
        for hook in ("post-checkout", "reference-transaction", "post-index-change", "pre-commit"):
            shutil.copy(trap, os.path.join(repository, ".git/hooks", hook))
        run(git + ["status"])
        self.assertTrue(os.path.exists(ran), "the trap is none")
        os.unlink(ran)
        self.complete(repository + "#HEAD")
        self.complete(repository)
        # A blob that is not there, and would be fetched from a remote that is a command.
        blob = subprocess.run(git + ["rev-parse", "HEAD:" + FORMAT], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
        for key, value in (("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "o"), ("remote.o.promisor", "true"),
                           ("remote.o.url", "ext::" + trap), ("protocol.ext.allow", "always")):
            run(git + ["config", key, value])
        os.unlink(os.path.join(repository, ".git/objects", blob[:2], blob[2:]))
        del self.files[FORMAT]
        self.not_taken(repository + "#HEAD", FORMAT + " cannot be read (cannot be read by git: ")
        self.assertFalse(os.path.exists(ran))
        run(git + ["cat-file", "blob", blob])
        self.assertTrue(os.path.exists(ran), "the trap is none")


def zlib_of(part, times):
    """Deflated data, `times` times `part`."""
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("x", "w") as file:
            for _ in range(times):
                file.write(part)
    packed = data.getvalue()
    return packed[31:packed.index(b"PK\1\2")]


def lie(data, packed):
    """The zip archive, its first entry's data replaced; its list of entries still tells of the old."""
    at = data.index(b"PK\3\4", 4)
    header = bytes(data[:30 + struct.unpack_from("<H", data, 26)[0]])
    moved = len(header) + len(packed) - at
    first = data.index(b"PK\1\2")
    end = data.rindex(b"PK\5\6")
    table, at_table = bytearray(data[first:end]), 0
    number = 0
    while at_table < len(table):
        if number == 0:
            struct.pack_into("<L", table, 20, len(packed))
        else:
            where, = struct.unpack_from("<L", table, at_table + 42)
            struct.pack_into("<L", table, at_table + 42, where + moved)
        at_table += 46 + sum(struct.unpack_from("<3H", table, at_table + 28))
        number += 1
    tail = bytearray(data[end:])
    struct.pack_into("<L", tail, 16, first + moved)
    return header + packed + bytes(data[at:first]) + bytes(table) + bytes(tail)


class Graded(Case):
    def all_failed(self, graded, *parts):
        status, printed, results = graded
        lab, = results["labs"]
        self.assertEqual((status, lab["score"], lab["max"]), (1, 0, 100), printed)
        self.assertGreater(len(lab["tests"]), 10)
        for test in lab["tests"]:
            self.assertEqual((test["points"], test["status"]), (0, "fail"))
            for part in parts:
                self.assertIn(part, test["why"])
        self.assertIn("0/100", printed)
        return results

    def test_a_solution(self):
        sent = self.archived(tar([*self.files.items(), ("Makefile", b"all:; exit 1")], "hv8-main/"), "ada.tar")
        self.file("out/results.json", b"old")
        status, printed, results = self.grade(sent, "--lab", "1", "--test", "numbers")
        self.assertEqual((status, results["labs"][0]["score"]), (0, 10), printed)
        about = results["submission"]
        self.assertEqual((about["name"], about["files"], about["build"]["ok"]), ("ada", base().wanted, True))
        self.assertEqual(about["ignored"], ["Makefile (differs from the course's)"])
        self.assertIn("ignored  Makefile", printed)

    def test_a_missing_file_is_the_starters(self):
        del self.files[FORMAT]
        status, printed, results = self.grade(self.sent(), "--lab", "1", "--test", "numbers")
        test, = results["labs"][0]["tests"]
        self.assertEqual((status, test["status"]), (1, "fail"))
        self.assertIn("reached the hole", test["why"])
        self.assertEqual(results["submission"]["missing"], [FORMAT])
        self.assertIn(FORMAT + " is not there: the starter's stands in, its holes open", printed)

    def test_it_does_not_compile(self):
        self.files[FORMAT] += b"\nint f(void) { return undeclared; }\n"
        results = self.all_failed(self.grade(self.sent(), "--lab", "1"), "does not compile: %s:" % FORMAT, "error: ‘undeclared’")
        self.assertIn("undeclared", results["submission"]["build"]["log"])
        self.assertFalse(results["submission"]["build"]["ok"])

    def test_a_compiler_sees_no_file_of_this_machine(self):
        secret = self.file("secret", b"secret")
        os.chmod(secret, 0o644)
        start = self.files["kernel/boot/start.S"]
        for path in ("/etc/passwd", secret, os.path.join(ROOT, "grading/lab1/boot.test"), "grading/lab1/boot.test"):
            self.files["kernel/boot/start.S"] = start + b'\n.incbin "%s"\n' % path.encode()
            why = "does not compile: kernel/boot/start.S:", "file not found: " + path
            self.all_failed(self.grade(self.sent(), "--lab", "1"), *why)

    def test_an_include_without_end(self):
        self.files[FORMAT] = b'#include "/dev/zero"\n'
        with mock.patch("basetree.sandbox.BUILD", sandbox.BUILD._replace(cpu=4)):
            self.all_failed(self.grade(self.sent(), "--lab", "1"), "does not compile: ")

    def test_refused(self):
        results = self.all_failed(self.grade(self.archived(b"PK\3\4 and no more"), "--lab", "1"), "the submission is cut off")
        self.assertFalse(results["submission"]["build"]["ok"])

    def test_mistakes_of_the_instructor(self):
        sent = self.sent()
        self.file("out/results.json", b"old")
        status, printed, results = self.grade(sent, "--lab", "1", "--test", "no-such")
        self.assertEqual((status, results), (2, None), printed)
        self.assertIn("no test is named no-such", printed)
        for arguments, part in (((sent, "--lab", "77"), "there is no lab 77"), ((sent, "--lab", "0"), "there is no lab 0"),
                                (("/nowhere", "--lab", "1"), "there is no file or folder /nowhere"),
                                ((ROOT + "#no-such", "--lab", "1"), "no commit no-such in the repository"),
                                (("/nowhere#x", "--lab", "1"), "there is no repository /nowhere"),
                                (("/dev/null", "--lab", "1"), "neither a folder nor an archive"),
                                ((sent, "--lab", "1", "--tests", self.folder), "there is no *.test file here")):
            with self.subTest(part):
                status, printed, results = self.grade(*arguments)
                self.assertEqual((status, results), (2, None), printed)
                self.assertIn(part, printed)
                self.assertEqual(len(printed.splitlines()), 1, printed)

    def test_private_tests_with_code_of_their_own(self):
        own = os.path.join(self.folder, "private")
        with open(os.path.join(ROOT, "grading/guest/lab1.c"), encoding="utf-8") as file:
            text = file.read()
        self.file("private/guest/lab1.c", (text + '\nKTEST(1, private)\n{\n\tprintk("private %016lx\\n", nonce);\n}\n').encode())
        self.file("private/lab1/private.test", b"title: t\npoints: 100\nargs: test=private nonce=${nonce}\n---\nprivate ${nonce}\n")
        status, printed, results = self.grade(self.sent(), "--lab", "1", "--tests", own)
        self.assertEqual((status, results["labs"][0]["score"]), (0, 100), printed)


if __name__ == "__main__":
    unittest.main()
