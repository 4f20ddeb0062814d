#!/usr/bin/env python3
"""Writes what grades a lab elsewhere: `make autograder LAB=n`.

    build/autograder/labN.zip             for Gradescope: setup.sh, run_autograder, and in hv8/ this tree as the trusted one
    build/autograder/labN/classroom.yml   for GitHub Classroom: .github/workflows/ of the assignment's template repository
COURSE=owner/name is the repository on GitHub that has this tree; the workflow checks out the commit that is here now.
"""
import argparse
import os
import re
import sys
import zipfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT / "labs"))
import split                                                                    # noqa: E402

SINCE = (1980, 1, 1, 0, 0, 0)           # the same files give the same zip


def template(name, **values):
    """A file of this folder with each @NAME@ in it replaced."""
    return re.sub(r"@([A-Z]+)@", lambda match: values[match.group(1)], (HERE / name).read_text("utf-8"))


def add(archive, name, data, executable):
    entry = zipfile.ZipInfo(name, SINCE)
    entry.external_attr = (0o100755 if executable else 0o100644) << 16
    entry.compress_type = zipfile.ZIP_DEFLATED
    archive.writestr(entry, data)


def write_zip(path, lab):
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("setup.sh", "run_autograder"):
            add(archive, name, template(name, LAB=str(lab)), True)
        for name in split.source_files():
            add(archive, "hv8/" + name, (ROOT / name).read_bytes(), os.access(ROOT / name, os.X_OK))


def course():
    """owner/name of this tree on GitHub, as git knows it; None if it does not."""
    address = split.git("remote", "get-url", "origin", cwd=ROOT, check=False) or ""
    found = re.search(r"github\.com[:/]([\w.-]+/[\w.-]+?)(?:\.git)?/?\s*$", address)
    return found and found.group(1)


def main():
    parser = argparse.ArgumentParser(description="Write what grades a lab on Gradescope and in GitHub Classroom.")
    parser.add_argument("--lab", type=int, required=True, metavar="N")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "autograder", metavar="DIR")
    parser.add_argument("--course", metavar="OWNER/NAME", help="the repository on GitHub that has this tree (that of origin)")
    options = parser.parse_args()
    where = options.course or course()
    if where and not re.fullmatch(r"[\w.-]+/[\w.-]+", where):
        parser.error("--course %s is not OWNER/NAME" % where)
    try:
        if options.lab not in [lab.number for lab in split.labs()]:
            parser.error("there is no lab %d" % options.lab)
        target, archive = options.out / ("lab%d" % options.lab), options.out / ("lab%d.zip" % options.lab)
        target.mkdir(parents=True, exist_ok=True)
        write_zip(archive, options.lab)
        (target / "classroom.yml").write_text(template(
            "classroom.yml", LAB=str(options.lab), COURSE=where or "OWNER/NAME",
            COMMIT=split.git("rev-parse", "HEAD", cwd=ROOT).strip()), "utf-8")
    except (split.LabError, OSError) as error:
        print("autograder: %s" % error, file=sys.stderr)
        return 2
    print("%s: upload it as the assignment's autograder, on an image with QEMU 7.2 or newer, such as Ubuntu 24.04" % os.path.relpath(archive))
    print("%s: .github/workflows/ of the assignment's template" % os.path.relpath(target / "classroom.yml"))
    if not where:
        print("  set COURSE=owner/name of this tree on GitHub, or put it in the place of OWNER/NAME there")
    if split.git("status", "--porcelain", cwd=ROOT):
        print("  this tree has changes that are not committed: the zip has them, the workflow's commit has not")
    return 0


if __name__ == "__main__":
    sys.exit(main())
