#!/usr/bin/env python3
"""Lists an archive that somebody has sent, and reads files of it: `archive.py NAME... <ARCHIVE` prints one JSON object.

    entries: [path as it stands there, kind, size, SHA-256 or null, content in base64 or null]    problem: null, or one line
The content is that of each file whose path is a NAME or ends in /NAME. Nothing is ever unpacked to a disk. tar, also compressed by
gzip, bzip2 or xz, and zip. It bounds what it reads, and is itself run in a sandbox: an archive may be made to break its reader.
"""
import base64
import bz2
import gzip
import hashlib
import json
import lzma
import stat
import struct
import sys
import tarfile
import zlib

FILE_LIMIT = 1 << 20
TOTAL_LIMIT = 256 << 20
ENTRY_LIMIT = 50000
EOCD, CENTRAL, LOCAL = struct.Struct("<4s4H2LH"), struct.Struct("<4s6H3L5H2L"), struct.Struct("<4s5H3L2H")
KINDS = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symbolic link", stat.S_IFIFO: "FIFO", 0: "file",
         stat.S_IFCHR: "device", stat.S_IFBLK: "device", stat.S_IFSOCK: "socket"}


class Broken(Exception):
    """Why an archive cannot be read: the end of a sentence that begins with it."""


class Listing:
    """What is found, within the limits."""

    def __init__(self, wanted):
        self._wanted = wanted
        self.entries, self.total = [], 0

    def spend(self, size):
        self.total += size
        if self.total > TOTAL_LIMIT:
            raise Broken("unpacks to more than %d MiB" % (TOTAL_LIMIT >> 20))

    def add(self, path, kind, size, data=None):
        if len(self.entries) == ENTRY_LIMIT:
            raise Broken("has more than %d entries" % ENTRY_LIMIT)
        digest = content = None
        if data is not None:
            digest = hashlib.sha256(data).hexdigest()
            if any(path == name or path.endswith("/" + name) for name in self._wanted):
                content = base64.b64encode(data).decode("ascii")
        self.entries.append([path, kind, size, digest, content])


class Counted:
    """A stream as tarfile reads it, which ends with an error when it gives too much."""

    def __init__(self, stream, listing):
        self._stream, self._listing, self.last = stream, listing, b""

    def read(self, size):
        data = self._stream.read(size)
        self._listing.spend(len(data))
        self.last = (self.last + data)[-tarfile.BLOCKSIZE:]
        return data


def read_tar(stream, listing):
    counted = Counted(stream, listing)
    with tarfile.open(fileobj=counted, mode="r|") as archive:
        for member in archive:
            kind = ("sparse file" if member.issparse() else "file" if member.isreg() else "directory" if member.isdir() else
                    "symbolic link" if member.issym() else "hard link" if member.islnk() else "FIFO" if member.isfifo() else
                    "device")
            data = None
            if kind == "file" and member.size <= FILE_LIMIT:
                data = archive.extractfile(member).read()
                if len(data) < member.size:
                    raise Broken("is cut off")
            listing.add(member.name, kind, member.size, data)
            archive.members = []                # it would keep all of them
    while counted.read(1 << 16):
        pass
    if counted.last.strip(b"\0"):
        raise Broken("is cut off: a tar archive ends in zeros")


def read_zip(file, listing):
    size = file.seek(0, 2)
    file.seek(max(0, size - 0xffff - EOCD.size))
    tail = file.read()
    at = tail.rfind(b"PK\5\6")
    if at < 0 or len(tail) - at < EOCD.size:
        raise Broken("is cut off: it has no list of its entries")
    _, _, _, _, count, length, offset, _ = EOCD.unpack_from(tail, at)
    if count == 0xffff or offset == 0xffffffff:
        raise Broken("is a zip64 archive, which no source code needs")
    file.seek(offset)
    table, at = file.read(length), 0
    for _ in range(count):
        (magic, by, _, flags, method, _, _, crc, packed, full, name_size, extra_size, comment_size, _, _, attributes,
         where) = CENTRAL.unpack_from(table, at)
        if magic != b"PK\1\2":
            raise Broken("is damaged: its list of entries is")
        at += CENTRAL.size
        name = table[at:at + name_size].decode("utf-8" if flags & 1 << 11 else "cp437", "surrogateescape").replace("\\", "/")
        at += name_size + extra_size + comment_size
        kind = KINDS.get(stat.S_IFMT(attributes >> 16) if by >> 8 == 3 else 0, "device")
        if name.endswith("/"):
            kind = "directory"
        data = None
        if kind == "file" and full <= FILE_LIMIT and flags & 1:
            kind = "encrypted file"
        elif kind == "file" and full <= FILE_LIMIT:
            data = unpack(file, where, method, packed, full, crc)
            listing.spend(full)
            kind = kind if data is not None else "damaged file"
        listing.add(name, kind, full, data)


def unpack(file, where, method, packed, full, crc):
    """The content of the zip entry whose local header is at `where`, or None if it is not what the list of entries says."""
    file.seek(where)
    header = file.read(LOCAL.size)
    if len(header) < LOCAL.size or header[:4] != b"PK\3\4":
        return None
    file.seek(sum(LOCAL.unpack(header)[-2:]), 1)
    data = file.read(min(packed, 2 * FILE_LIMIT))
    if method == 8:
        try:
            data = zlib.decompressobj(-15).decompress(data, full + 1)
        except zlib.error:
            return None
    elif method:
        return None
    return data if len(data) == full and zlib.crc32(data) == crc else None


def read(file, listing):
    start = file.read(6)
    file.seek(0)
    if start[:4] in (b"PK\3\4", b"PK\5\6"):
        read_zip(file, listing)
    elif start[:2] == b"\x1f\x8b":
        read_tar(gzip.GzipFile(fileobj=file), listing)
    elif start[:3] == b"BZh":
        read_tar(bz2.BZ2File(file), listing)
    elif start == b"\xfd7zXZ\0":
        read_tar(lzma.LZMAFile(file), listing)
    else:
        read_tar(file, listing)


def main():
    listing, problem = Listing(sys.argv[1:]), None
    try:
        read(sys.stdin.buffer, listing)
    except Broken as error:
        problem = str(error)
    except EOFError:
        problem = "is cut off"
    except tarfile.ReadError as error:
        problem = "is cut off" if "end of data" in str(error) else "is not a tar or zip archive, or is damaged (%s)" % error
    except (tarfile.TarError, zlib.error, lzma.LZMAError, OSError, ValueError, IndexError, struct.error, UnicodeError) as error:
        problem = "is damaged (%s)" % error
    except MemoryError:
        problem = "needs too much memory"
    json.dump({"entries": listing.entries if problem is None else [], "problem": problem}, sys.stdout)


if __name__ == "__main__":
    main()
