"""What is taken from a submission: the files that the lab lets a student edit, as bytes, and nothing else.

A submission is a folder, an archive (tar, also compressed; zip) or a commit of a git repository. It may be made to hurt: nothing
of it is unpacked, followed or run, what is read is bounded, and what cannot be taken becomes a line for a person. Refused: nothing
can be taken; its text is the reason. Mistake: of the one who called this.
"""
import base64
import collections
import functools
import hashlib
import json
import os
import re
import stat
import subprocess
import sys
import tempfile

import archive
import explain
import sandbox

HERE = os.path.dirname(os.path.abspath(__file__))
SHOWN = 20                          # ignored files that are listed
APART = (".git", "build", "__MACOSX")                   # folders in which nobody's work is
# No hook, monitor, pager, helper or fetch of a lazy object, whatever the repository's own configuration asks for.
GIT = ["git", "-c", "safe.directory=*", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null",
       "-c", "core.sshCommand=false", "-c", "core.attributesFile=/dev/null", "--no-pager", "--no-replace-objects"]
GIT_ENVIRONMENT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull, "GIT_ALLOW_PROTOCOL": "none",
                   "GIT_NO_LAZY_FETCH": "1", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "LC_ALL": "C", "HOME": "/"}
GIT_KINDS = {"120000": "symbolic link", "160000": "submodule", "040000": "directory"}
TOO_MUCH = {"time": "takes too long to read", "output": "has too much in it"}

Entry = collections.namedtuple("Entry", "path kind size digest load")
# path: as it stands there, by /; digest(): in hexadecimal, or None, load(): its bytes, OSError if it cannot be read.
Taken = collections.namedtuple("Taken", "files missing ignored notes")      # files: {path: bytes}; the others: lines


class Refused(Exception):
    """Why nothing can be taken from a submission."""


class Mistake(Exception):
    """What the one who called this must change."""


def plural(count, word):
    return "%d %s%s" % (count, word, "" if count == 1 else "s")


def show(text):
    """Text of a submission as it can be shown: in one line that is not too long."""
    text = explain.visible(text)
    return text if len(text) <= 300 else text[:300] + "..."


def entries(where, wanted, box):
    """The Entries of all that is in the submission `where`; `wanted` are the paths whose content may be asked for."""
    if os.path.isdir(where):
        return list(_folder(where))
    if os.path.isfile(where):
        return _archive(where, wanted, box)
    if os.path.exists(where):
        raise Mistake("%s is neither a folder nor an archive" % where)
    repository, mark, name = where.rpartition("#")
    if mark and not os.path.isdir(repository):
        raise Mistake("there is no repository %s" % repository)
    return _commit(repository or ".", name, wanted)


def name_of(where):
    """A short name of a submission."""
    if not os.path.exists(where):
        return where
    return re.sub(r"\.(zip|tar|tgz|tbz2?|txz|tar\.\w+)$", "", os.path.basename(os.path.abspath(where)))


# A folder

def _folder(top):
    found = 0
    waiting = [("", top)]
    while waiting:
        prefix, folder = waiting.pop()
        try:
            listed = sorted(os.scandir(folder), key=lambda entry: entry.name)
        except OSError as error:
            if not prefix:
                raise Refused("cannot be read (%s)" % error.strerror) from None
            yield Entry(prefix.rstrip("/"), "folder that cannot be read (%s)" % error.strerror, 0, lambda: None, None)
            continue
        for item in listed:
            if item.name == ".git":
                continue
            found += 1
            if found > archive.ENTRY_LIMIT:
                raise Refused("has more than %d files and folders" % archive.ENTRY_LIMIT)
            path, info = prefix + item.name, item.stat(follow_symlinks=False)
            kind = archive.KINDS[stat.S_IFMT(info.st_mode)]
            if kind == "directory":
                waiting.append((path + "/", item.path))
            read = functools.partial(_read, item.path)
            yield Entry(path, kind, info.st_size, lambda read=read: _sha256(read()), read)


def _read(path):
    """The content of a file, which is none that waits and no link even if it has become one since."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("is no file any more")
        return file.read(archive.FILE_LIMIT + 1)


def _sha256(data):
    return hashlib.sha256(data).hexdigest()


# An archive

def _archive(path, wanted, box):
    place = "/hv8/archive.py"
    mounts = [(os.path.join(HERE, "archive.py"), place, False)]
    with open(path, "rb") as file:
        done = box.run([sys.executable, "-I", box.place(mounts, place)] + list(wanted), sandbox.READ, mounts, stdin=file,
                       errors=subprocess.DEVNULL)
    if done.end != "exit":
        raise Refused(TOO_MUCH[done.end])
    try:
        listed = json.loads(done.output)
    except ValueError:
        raise Refused("cannot be read: its reader ended with status %d" % done.status) from None
    if listed["problem"]:
        raise Refused(listed["problem"])
    return [Entry(path, kind, size, lambda digest=digest: digest, lambda data=data: base64.b64decode(data or ""))
            for path, kind, size, digest, data in listed["entries"]]


# A commit

def _git(repository, *arguments):
    """What git prints. It reads objects only: no index, no work tree, no attributes."""
    environment = dict(GIT_ENVIRONMENT, PATH=os.environ.get("PATH", os.defpath))
    limits = ["prlimit", "--cpu=60", "--as=%d" % (2048 * sandbox.MiB), "--core=0", "--"]
    with tempfile.TemporaryFile() as errors:
        done = sandbox.bounded(limits + GIT + ["-C", repository, *arguments], sandbox.READ, errors=errors, environment=environment)
        errors.seek(0)
        lines = errors.read(1 << 16).decode(errors="replace").strip().splitlines() or ["status %s" % done.status]
    if done.end != "exit":
        raise Refused(TOO_MUCH[done.end])
    if done.status:
        raise Refused("cannot be read by git: %s" % show(lines[0]))
    return done.output


def _commit(repository, name, wanted):
    try:
        commit = _git(repository, "rev-parse", "--verify", "--end-of-options", name + "^{commit}").decode("ascii").strip()
    except Refused as error:
        raise Mistake("there is no file or folder %s, and no commit %s in the repository %s (%s)" % (
            name, name, os.path.abspath(repository), error)) from None
    listing = _git(repository, "ls-tree", "-r", "-z", "-l", "--full-tree", commit).split(b"\0")[:-1]
    if len(listing) > archive.ENTRY_LIMIT:
        raise Refused("has more than %d files" % archive.ENTRY_LIMIT)
    found = []
    for line in listing:
        words, _, path = line.partition(b"\t")
        mode, _, identity, size = words.decode("ascii").split()
        found.append(Entry(os.fsdecode(path), GIT_KINDS.get(mode, "file"), int(size) if size.isdigit() else 0,
                           lambda identity=identity: identity,
                           lambda identity=identity: _git(repository, "cat-file", "blob", identity)))
    return found


def digests(data):
    """Every digest() that an Entry with this content may have."""
    blob = b"blob %d\0" % len(data) + data
    return [_sha256(data), hashlib.sha1(blob).hexdigest(), _sha256(blob)]


# What is taken

def take(found, wanted, known):
    """The Taken of the entries `found`: the files `wanted`. `known`: {path: digests} of the course's own files."""
    paths, outside = collections.defaultdict(list), []
    for entry in found:
        parts = [part for part in entry.path.split("/") if part not in ("", ".")]
        if entry.path.startswith("/") or ".." in parts:
            outside.append("%s (a path that leads outside)" % show(entry.path))
        elif parts:
            paths["/".join(parts)].append(entry)
    root = _root(paths, wanted)
    files, missing, notes, endings = {}, [], [], []
    for name in wanted:
        here = paths.pop(root + name, [])
        if len(here) > 1:
            raise Refused("has %s %d times: send it once" % (name, len(here)))
        data, why = _content(here[0]) if here else (None, None)
        if any(path.startswith(root + name + "/") for path in paths):
            data, why = None, "is a folder"
        if why:
            notes.append("%s %s: not taken" % (name, why))
        if data is None:
            missing.append(name)
            continue
        files[name] = data
        if b"\r\n" in data:
            endings.append(name)
    if endings:
        notes.append("CRLF line ends, taken as they are: %s" % ", ".join(endings))
    lower = {name.lower(): name for name in missing}
    for path in paths:
        if path.startswith(root) and path[len(root):].lower() in lower:
            notes.append("%s is not %s: upper and lower case count" % (show(path[len(root):]), lower[path[len(root):].lower()]))
    return Taken(files, missing, _ignored(paths, root, known, outside), notes)


def _root(paths, wanted):
    """The folder, empty or with a / at its end, that has most of the files that are wanted."""
    counts = collections.Counter()
    for path in paths:
        for name in wanted:
            if path == name or path.endswith("/" + name):
                root = path[:len(path) - len(name)]
                if not set(APART) & set(root.split("/")):
                    counts[root] += 1
    best = [root for root, count in counts.items() if count == max(counts.values())]
    if len(best) > 1:
        raise Refused("has %s that hold equally many of the lab's files (%s): send one" % (
            plural(len(best), "folder"), ", ".join(show(root or "the top") for root in sorted(best)[:4])))
    if best:
        return best[0]
    folded = [path for path in paths if any(("/" + path).lower().endswith("/" + name.lower()) for name in wanted)]
    raise Refused("is empty" if not paths else "holds none of the files that this lab lets a student edit (%s)%s" % (
        ", ".join(wanted), "; there is %s, but upper and lower case count" % show(folded[0]) if folded else ""))


def _content(entry):
    """(the bytes of a file, None), or (None, why it is not taken)."""
    if entry.kind != "file":
        return None, "is %s %s, not a file" % ("an" if entry.kind[0] in "aeiou" else "a", entry.kind)
    if entry.size > archive.FILE_LIMIT:
        return None, "has %d bytes, and 1 MiB is the most" % entry.size
    try:
        data = entry.load()
    except (OSError, Refused) as error:
        return None, "cannot be read (%s)" % (getattr(error, "strerror", None) or error)
    return (data, None) if len(data) <= archive.FILE_LIMIT else (None, "grows while it is read")


def _ignored(paths, root, known, outside):
    """Lines about the files that are not taken, but for those that are the course's."""
    differs, new, apart, budget = [], [], collections.Counter(), archive.TOTAL_LIMIT
    for path, (entry, *_) in sorted(paths.items()):
        name = path[len(root):] if path.startswith(root) else path
        folder = next((part for part in name.split("/")[:-1] if part in APART), None)
        if entry.kind == "directory":
            continue
        if folder:
            apart[folder] += 1
        elif entry.kind != "file":
            new.append("%s (%s)" % (show(name), entry.kind))
        elif not path.startswith(root) or name not in known:
            new.append("%s (new)" % show(name))
        elif entry.size > archive.FILE_LIMIT or entry.size > budget or not _is_known(entry, known[name]):
            differs.append("%s (differs from the course's)" % show(name))
        budget -= entry.size if entry.kind == "file" and name in known else 0
    lines = outside + differs + new + ["%s/ (%s)" % (folder, plural(count, "file")) for folder, count in sorted(apart.items())]
    return lines[:SHOWN] + (["and %d more" % (len(lines) - SHOWN)] if len(lines) > SHOWN else [])


def _is_known(entry, digests_of_it):
    try:
        return entry.digest() in digests_of_it
    except OSError:
        return False
