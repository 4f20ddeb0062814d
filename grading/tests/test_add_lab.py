"""The recipe of handouts/instructor/README.md, "Adding a lab", followed to the letter in a copy of this repository.

A block under `<!-- file: PATH -->` is written, one under `<!-- append: PATH -->` appended, one under `<!-- before: LINE in PATH -->` put
above that line, with the number behind the newest lab in the place of N. What comes out must be proved by labs/check.py as every other lab is, and its mutant must be killed.
"""
import os
import re
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "labs"))

import split   # noqa: E402

NOTES = "handouts/instructor/README.md"
BLOCK = re.compile(r"^<!-- (file|append|before): (?:([^\n]+) in )?(\S+) -->\n```\w+\n(.*?)^```$", re.M | re.S)
NUMBER = re.compile(r"(?<=lab)N\b|(?<=LAB=)N\b|(?<=[lL]ab )N\b|(?<=LAB )N\b|(?<=>= )N\b|(?<=KTEST\()N\b|(?<=ktest_run\()N\b")
INHERITED = {key: value for key, value in os.environ.items()
             if not key.startswith(("GIT_", "MAKE", "MFLAGS")) and key not in ("LAB", "SOLUTION", "T", "V", "JOBS")}


class AddingALab(unittest.TestCase):
    def setUp(self):
        (ROOT / "build").mkdir(exist_ok=True)
        scratch = tempfile.TemporaryDirectory(prefix="test-add-lab-", dir=ROOT / "build")
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name).resolve() / "hv8"
        self.number = max(lab.number for lab in split.labs(ROOT)) + 1
        for path in split.git("ls-files", "--cached", "--others", "--exclude-standard", cwd=ROOT).splitlines():
            source, target = ROOT / path, self.root / path
            if source.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(source.read_bytes())
                target.chmod(source.stat().st_mode)

    def follow(self):
        """Do what the recipe says; return the paths of the files that it writes or changes."""
        paths = []
        for kind, line, path, text in BLOCK.findall((ROOT / NOTES).read_text("utf-8")):
            path, text = (NUMBER.sub(str(self.number), part) for part in (path, text))
            target = self.root / path
            self.assertEqual(target.exists(), kind != "file", "%s: %s" % (kind, path))
            target.parent.mkdir(parents=True, exist_ok=True)
            before, behind = target.read_text("utf-8") if kind != "file" else "", ""
            if kind == "before":
                self.assertEqual(before.count("\t" + line + "\n"), 1, "%s in %s" % (line, path))
                before, _, behind = before.partition("\t" + line + "\n")
                behind = "\t" + line + "\n" + behind
            target.write_text(before + text + behind, "utf-8")
            paths.append(path)
        split.git("init", "--quiet", cwd=self.root)
        split.git("add", "--all", cwd=self.root)
        split.git("-c", "user.name=toy", "-c", "user.email=toy@localhost", "commit", "--quiet", "-m", "A toy", cwd=self.root)
        return paths

    def run_here(self, *command):
        done = subprocess.run(command, cwd=self.root, env=INHERITED, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        return done.returncode, done.stdout

    def test_the_recipe_makes_a_lab_that_is_proved(self):
        paths = self.follow()
        self.assertIn("labs/lab%d-toy/lab.json" % self.number, paths)
        status, output = self.run_here(sys.executable, "labs/check.py", "--lab", str(self.number))
        self.assertEqual(status, 0, output)
        for proof in ("lab%d-toy: text", "lab%d-start: fails as it should", "lab%d-solution: full marks for lab %d",
                      "lab%d-toy: its `edit` files make the solution"):
            self.assertIn("ok   " + proof.replace("%d", str(self.number)), output)
        self.assertIn("ok   hole toy_mix alone is missed", output)
        status, output = self.run_here("make", "mutants", "LAB=%d" % self.number)
        self.assertEqual(status, 0, output)
        self.assertIn("1 mutants killed as they should be", output)


if __name__ == "__main__":
    unittest.main()
