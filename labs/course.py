#!/usr/bin/env python3
"""Make or update the course repository that students clone: `make labs`.

For each lab N its branches labN-name (nothing solved), labN-start (earlier labs solved) and labN-solution; at the end
`final`. labN-name is a child of the lab before it, so students merge it into their work. It promises: the same source gives the
same hashes; an existing repository only ever gets new commits on top, so what a student has pulled stays valid; every
branch contains its predecessor, so a fix in an early lab reaches all later ones without a conflict.
"""
import argparse
import os
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

import split
from split import LabError

IDENTITY = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "hv8", "GIT_AUTHOR_EMAIL": "hv8@localhost",
            "GIT_COMMITTER_NAME": "hv8", "GIT_COMMITTER_EMAIL": "hv8@localhost"}


class Branch(NamedTuple):
    """One branch to publish: how to split its tree, and the branch that it must contain."""
    name: str
    parent: str
    subject: str
    lab: int
    solved: int
    final: bool


def branches(labs):
    """All branches, each after its parent."""
    plan, before = [], None
    for lab in labs:
        number, name = lab.number, lab.branch
        start, solution = f"lab{number}-start", f"lab{number}-solution"
        plan += [Branch(name, before, f"Lab {number}: {lab.title}", number, 0, False),
                 Branch(start, name, f"Lab {number}, with the labs before it solved", number, number - 1, False),
                 Branch(solution, start, f"Lab {number}, solved", number, number, False)]
        before = name
    newest = labs[-1].number
    return plan + [Branch("final", f"lab{newest}-solution", "The complete kernel", newest, newest, True)]


def publish(source, out):
    """Bring the bare repository `out` up to date; return a list of (branch, commit, what happened to it)."""
    seconds = split.git("log", "-1", "--format=%ct", cwd=source.root, check=False)
    if not seconds:
        raise LabError(f"{source.root} has no commit yet, and the course takes its date from the last one: commit first")
    date = f"{seconds.strip()} +0000"
    env = dict(IDENTITY, GIT_DIR=str(open_repository(out)), GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    refs = split.git("for-each-ref", "--format=%(refname:lstrip=2) %(objectname) %(tree)", "refs/heads", env=env)
    published = {name: (tip, tree) for name, tip, tree in map(str.split, refs.splitlines())}
    tips, rows = {}, []
    build = source.root / "build"
    build.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="labs-", dir=build) as scratch:
        for branch in branches(source.labs):
            work = Path(scratch) / branch.name
            split.split(source, work, branch.lab, branch.solved, final=branch.final)
            tree = write_tree(work, Path(scratch) / f"{branch.name}.index", env)
            old, old_tree = published.get(branch.name, (None, None))
            tips[branch.name], what = commit(branch, tree, tips.get(branch.parent), old, old_tree, env)
            rows.append((branch, tips[branch.name], what))
    updates = [f"update refs/heads/{branch.name} {tip}\n" for branch, tip, _ in rows]
    split.git("update-ref", "--stdin", env=env, text="".join(updates))  # all or none, and nothing if a step above failed
    split.git("symbolic-ref", "HEAD", f"refs/heads/{source.labs[0].branch}", env=env)
    return rows


def open_repository(out):
    """The absolute path of the bare repository `out`, made if it is missing."""
    out = Path(out).resolve()
    if not out.exists() or (out.is_dir() and not any(out.iterdir())):
        split.git("init", "--quiet", "--bare", "--template=", str(out), env=IDENTITY)
    elif not (out / "HEAD").is_file() or not (out / "objects").is_dir():
        raise LabError(f"{out} exists and is not a bare git repository: remove it or give another --out")
    return out


def write_tree(work, index, env):
    """Store the folder `work` in the repository, whatever its .gitignore says; return the tree's hash."""
    env = dict(env, GIT_WORK_TREE=str(work), GIT_INDEX_FILE=str(index))
    split.git("-c", "core.fileMode=true", "-c", "core.autocrlf=false", "add", "--all", "--force", ".", cwd=work, env=env)
    return split.git("write-tree", env=env).strip()


def commit(branch, tree, parent, old, old_tree, env):
    """The new tip of `branch` over its old one, if any, and what happened: new, updated or unchanged."""
    contains = not parent or old and split.git("merge-base", "--is-ancestor", parent, old, env=env, check=False) is not None
    if tree == old_tree and contains:
        return old, "unchanged"
    parents = [old] if old else []
    if not contains:
        parents.append(parent)
    flags = [flag for one in parents for flag in ("-p", one)]
    subject = f"{branch.subject}: update" if old else branch.subject
    return split.git("commit-tree", tree, *flags, "-m", subject, env=env).strip(), "updated" if old else "new"


def main():
    parser = argparse.ArgumentParser(description="Make or update the course repository that students clone.")
    parser.add_argument("--out", default=str(split.ROOT / "build" / "course.git"), metavar="DIR",
                        help="the bare repository (default: build/course.git)")
    out = parser.parse_args().out
    try:
        rows = publish(split.Source(), out)
    except LabError as error:
        sys.exit(f"labs: {error}".replace("\n", "\nlabs: "))
    width = max(len(branch.name) for branch, _, _ in rows)
    for branch, tip, what in rows:
        print(f"{branch.name:{width}}  {tip[:10]}  {what:9}  {branch.subject}")
    print(f"\nA student begins with:  git clone {os.path.relpath(out)} hv8 && cd hv8")


if __name__ == "__main__":
    main()
