"""What grading/grade takes from submissions of lab 1 in their many forms, how it grades them, and what it says of them."""
import bz2
import gzip
import lzma
import os
import subprocess
from unittest import mock

from toy_submission import FORMAT, ROOT, Case, base, tar, zipped
import basetree
import sandbox
import submission


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
