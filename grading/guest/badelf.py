#!/usr/bin/env python3
"""Make malformed programs from a good one: badelf.py PROGRAM DIRECTORY writes DIRECTORY/bad_NAME for each defect.

Each file has exactly one defect, so a loader that misses its check either runs the program or fails somewhere else; both show.
Field offsets are those of ELF64: the header is 64 bytes, a program header 56.
"""
import os
import struct
import sys

PHDR = 64                                   # ours follow the header directly
OFFSET, VADDR, FILESZ, MEMSZ, FLAGS = 8, 16, 32, 40, 4


def patched(image, at, fmt, value):
    return image[:at] + struct.pack(fmt, value) + image[at + struct.calcsize(fmt):]


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: badelf.py PROGRAM DIRECTORY")
    with open(sys.argv[1], "rb") as file:
        good = file.read()
    if struct.unpack_from("<Q", good, 32)[0] != PHDR:
        sys.exit("badelf.py: %s: program headers are not at offset 64" % sys.argv[1])
    text, data = PHDR, PHDR + 2 * 56        # user.ld: text, rodata, data
    bad = {
        "magic": patched(good, 0, "B", 0x7e),
        "machine": patched(good, 18, "<H", 62),
        "type": patched(good, 16, "<H", 3),
        "short": good[:100],
        "outside": patched(good, text + OFFSET, "<Q", len(good)),
        "overflow": patched(good, text + OFFSET, "<Q", 2 ** 64 - 4096),
        "larger": patched(good, text + MEMSZ, "<Q", 16),
        "unaligned": patched(good, text + VADDR, "<Q", 0x400008),
        "low": patched(good, text + VADDR, "<Q", 0x3ff000),
        "high": patched(good, data + VADDR, "<Q", 0x7fff0000),
        "huge": patched(good, data + MEMSZ, "<Q", 2 ** 63),
        "unreadable": patched(good, text + FLAGS, "<I", 1),
        "wx": patched(good, text + FLAGS, "<I", 7),
        "overlap": patched(good, data + VADDR, "<Q", 0x400000),
        "entry": patched(good, 24, "<Q", 0x10000),
    }
    os.makedirs(sys.argv[2], exist_ok=True)
    for name, image in bad.items():
        with open(os.path.join(sys.argv[2], "bad_" + name), "wb") as file:
            file.write(image)


if __name__ == "__main__":
    main()
