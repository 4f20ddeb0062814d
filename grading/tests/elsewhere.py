"""Runs what grades on Gradescope and in GitHub Classroom as these would, on this machine: a part of fifty.py.

The zip is unpacked into a scratch /autograder (AUTOGRADER names it), set up, and given submissions, once more where bubblewrap does
not work. The workflow's steps are read from its file and run by the shell that GitHub uses.
"""
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STEP = re.compile(r"(?m)^      - name: (.+)\n(?:        if: (.+)\n)?        run: \|\n((?:          .+\n)+)")
ALLOWED = {"actions/checkout@v4", "actions/upload-artifact@v4"}


def run(command, check=False, **options):
    """Run a command to its end; what it printed is its stdout."""
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=check, **options)


def unpack(archive, target):
    with zipfile.ZipFile(archive) as source:
        for entry in source.infolist():
            path = Path(source.extract(entry, target))
            path.chmod(entry.external_attr >> 16)


def gradescope(tally, top, environment, submissions):
    """Grade {name: (folder, {test: points})} as Gradescope does."""
    for name, (folder, expected) in submissions.items():
        shutil.rmtree(top / "submission", ignore_errors=True)
        shutil.copytree(folder, top / "submission")
        results = top / "results" / "results.json"
        results.unlink(missing_ok=True)
        done = run([str(top / "source" / "run_autograder")], env=environment)
        tally.check("Gradescope, %s: status of %s" % (name, done.stdout), done.returncode, 0)
        if results.exists():
            data = json.loads(results.read_text())
            tally.check("Gradescope, %s: tests" % name, {test["name"].partition(":")[0]: test["score"] for test in data["tests"]},
                        expected)
            tally.check("Gradescope, %s: score" % name, (data["score"], data["max_score"]), (sum(expected.values()), 100))


def classroom(tally, text, top, submission, expected):
    """Run the steps of the workflow on a submission that has not full marks."""
    tally.check("the workflow may only read", re.findall(r"(?m)^ *(?:permissions|contents|.*write|.*secrets).*$", text),
                ["permissions:", "  contents: read"])
    tally.check("the workflow's actions", set(re.findall(r"uses: (\S+)", text)), ALLOWED)
    tally.check("checkouts keep no token", text.count("persist-credentials: false"), text.count("actions/checkout"))
    shutil.copytree(submission, top / "submission")
    steps = STEP.findall(text)
    tally.check("the workflow's steps", [name for name, _, _ in steps], ["Install", "Grade", "Report"])
    tally.check("the workflow has no other commands", text.count("run: |"), len(steps))
    failed = False
    for name, condition, script in steps:
        if failed and condition != "always()":
            continue
        done = run(["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", re.sub(r"(?m)^ {10}", "", script)], cwd=top)
        failed = failed or done.returncode != 0
        tally.check("step %s: status of %s" % (name, done.stdout), done.returncode, 1 if name == "Grade" else 0)
    results = json.loads((top / "results" / "results.json").read_text())
    tally.check("the workflow's results", {test["name"]: test["points"] for test in results["labs"][0]["tests"]}, expected)
    tally.check("the workflow's page", (top / "results" / "index.html").exists(), True)


def check(tally, lab, submissions):
    """Grade {name: (folder, {test: points})} in each way; the last one has not full marks."""
    with tempfile.TemporaryDirectory(prefix="hv8-elsewhere-") as scratch:
        top = Path(scratch)
        top.chmod(0o755)                # the user nobody must get in
        run([sys.executable, str(ROOT / "grading" / "autograder" / "pack.py"), "--lab", str(lab), "--course", "someone/hv8",
             "--out", str(top)], check=True)
        root = top / "autograder"
        unpack(top / ("lab%d.zip" % lab), root / "source")
        environment = dict(os.environ, AUTOGRADER=str(root))
        done = run([str(root / "source" / "setup.sh")], env=environment)
        tally.check("Gradescope: status of setup.sh: " + done.stdout[-2000:], done.returncode, 0)
        gradescope(tally, root, environment, submissions)
        fake = top / "bin" / "bwrap"
        fake.parent.mkdir()
        fake.write_text("#!/bin/sh\necho 'bwrap: No permissions to create new namespace' >&2\nexit 1\n")
        fake.chmod(0o755)
        last = list(submissions)[-1:]
        gradescope(tally, root, dict(environment, PATH="%s:%s" % (fake.parent, environment["PATH"])),
                   {"%s without a sandbox" % name: submissions[name] for name in last})
        (top / "work").mkdir()
        (top / "work" / "hv8").symlink_to(root / "source" / "hv8")
        classroom(tally, (top / ("lab%d" % lab) / "classroom.yml").read_text("utf-8"), top / "work", *submissions[last[0]])
