#!/usr/bin/env python3
"""Write a cpio archive ("newc" format) of programs: mkinitrd.py ARCHIVE FILE...

The files stand in it under their own names without folders, in the order given. The same files give the same archive, bit for bit:
no time, owner or inode of this machine gets in. Needs nothing but Python.
"""
import os
import sys


def padded(data):
    return data + b"\0" * (-len(data) % 4)


def entry(number, name, data, mode=0o100755):
    fields = [number, mode, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
    header = b"070701" + b"".join(b"%08x" % field for field in fields)
    return padded(header + name.encode() + b"\0") + padded(data)


def main():
    if len(sys.argv) < 2:
        sys.exit("usage: mkinitrd.py ARCHIVE FILE...")
    archive, files = sys.argv[1], sys.argv[2:]
    with open(archive, "wb") as out:
        for number, path in enumerate(files, 1):
            with open(path, "rb") as file:
                out.write(entry(number, os.path.basename(path), file.read()))
        out.write(entry(0, "TRAILER!!!", b"", mode=0))


if __name__ == "__main__":
    main()
