"""What grading/grade takes from broken and hostile submissions of lab 1, and what it says of them."""
import bz2
import functools
import gzip
import io
import lzma
import os
import shutil
import struct
import subprocess
import tarfile
import zipfile
from unittest import mock

from toy_submission import FORMAT, Case, solution, special, tar, zipped
import sandbox
import submission


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


if __name__ == "__main__":
    unittest.main()
