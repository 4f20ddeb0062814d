#!/usr/bin/env python3
"""Makes an HTML page of a student's results.json: what failed, why, and what the guest printed. `make grade-html` calls this.

    page.py [--out FILE] RESULTS.json     default: index.html beside the results
The page stands alone: no network, and no script needed. Whatever a guest or a student wrote is escaped, control characters made
visible, and a policy in the page lets no other script or style run. It stays below MAX_BYTES: reports and transcripts are cut,
around the first wrong line, as far as that takes, and the page says so.
"""
import argparse
import base64
import collections
import hashlib
import html
import json
import os
import re
import sys

import explain

HERE = os.path.dirname(os.path.abspath(__file__))
MAX_BYTES = 18 << 20
LIMITS = [(60, 200), (60, 100), (60, 50), (40, 20), (20, 8), (10, 0), (4, 0)]      # lines of a report, of a transcript
MAX_WIDTH = 300                         # characters of a line
MAX_NAMES = 40                          # files in a list
WORTH_SHARING = 1000                    # characters of a transcript
FOOTER = re.compile(r"  (transcript|handout|again) {2,}")
HINT = re.compile(r"  hint {2,}| {14}(?=\S)")
WRONG = re.compile(r"\s+\+ (?: *(\d+)  |end of output)")
STYLES = [(re.compile(r"\s+- expected  "), "want"), (WRONG, "got"), (re.compile(r"    +\d+  "), "context"),
          (re.compile(r"  \S"), "say")]

Student = collections.namedtuple("Student", "name data folder")     # folder: where the paths of transcripts may start
Excerpt = collections.namedtuple("Excerpt", "lines first total wrong")      # lines, the number of the first, of all


def text(string):
    """Text that may be hostile, as HTML."""
    return html.escape(explain.visible(str(string)))


def cut(line):
    """A line at a length that a page can hold, as HTML."""
    return text(line if len(line) <= MAX_WIDTH else line[:MAX_WIDTH] + "... (%d more)" % (len(line) - MAX_WIDTH))


def tests_of(data):
    """Every (lab number, test) of results.json."""
    return [(lab["lab"], test) for lab in data["labs"] for test in lab["tests"]]


def name_of(data, lab, test):
    """The name of a test, with its lab if there are several."""
    return "lab%d %s" % (lab, test["name"]) if len(data["labs"]) > 1 else test["name"]


def score_of(data):
    """(points, how many there are) of results.json."""
    return tuple(sum(lab[key] for lab in data["labs"]) for key in ("score", "max"))


class Transcripts:
    """The transcripts that results name, each read once and kept cut to the widest excerpt."""

    def __init__(self):
        self._cache = {}

    def excerpt(self, student, test, limit):
        """At most `limit` lines around the first wrong one, or None without a transcript."""
        key = (student.folder, test["log"])
        if key not in self._cache:
            found = [path for path in (os.path.join(*key), key[1]) if os.path.isfile(path)] if key[1] else []
            self._cache[key] = self._read(found[0], test["report"]) if found else None
        whole = self._cache[key]
        if whole is None or not limit:
            return None
        start = self._start(len(whole.lines), whole.wrong - whole.first, limit)
        return whole._replace(lines=whole.lines[start:start + limit], first=whole.first + start)

    def _read(self, path, report):
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
        if not lines[-1]:
            lines.pop()
        mark = next((match.group(1) for match in map(WRONG.match, report) if match), None)
        wrong = int(mark) - 1 if mark else len(lines)           # else its end is what is wrong
        start = self._start(len(lines), wrong, LIMITS[0][1])
        return Excerpt([cut(line) for line in lines[start:start + LIMITS[0][1]]], start, len(lines), wrong)

    @staticmethod
    def _start(total, wrong, limit):
        return max(0, min(wrong - limit // 2, total - limit))


class Shown:
    """A page in the making: how much of each report and transcript it shows, and which transcripts are in it already."""

    def __init__(self, transcripts, report_limit, transcript_limit):
        self.transcripts, self.report_limit, self.transcript_limit = transcripts, report_limit, transcript_limit
        self.places = {}

    def student(self, place, student):
        """All there is to say of one student; ids in it begin with `place`."""
        groups, passed = {}, []
        for number, (lab, test) in enumerate(tests_of(student.data)):
            name = text(name_of(student.data, lab, test))
            if test["status"] == "pass":
                passed.append("%s (%d)" % (name, test["max"]))
            else:
                groups.setdefault((lab, test["why"], test.get("hint")), []).append(("%s-%d" % (place, number), name, test))
        parts = [show_submission(student.data["submission"])] if "submission" in student.data else []
        parts += [self._case(student, group) for group in groups.values()]
        if passed:
            parts.append('<p class="note"><b class="pass">Passed</b> %s</p>' % ", ".join(passed))
        return "\n".join(parts)

    def _case(self, student, group):
        """Failed tests of one reason: the first in full, the others by name."""
        place, name, test = group[0]
        parts = ['<article class="case %s" id="%s"><header><span class="tag">%s</span><h3>%s</h3>'
                 % (test["status"], place, {"fail": "failed", "error": "not judged"}[test["status"]], name),
                 '<span class="title">%s</span><span class="points">%d points</span></header>' % (text(test["title"]), test["max"]),
                 self._report(test)]
        hint = " ".join(HINT.sub("", line) for line in test["report"] if HINT.match(line))
        if hint:
            parts.append('<p class="hint"><b>Hint</b> %s</p>' % text(hint))
        if test["handout"]:
            parts.append('<p class="note">Handout: %s</p>' % text(test["handout"]))
        ran = "submission" not in student.data or student.data["submission"]["build"]["ok"]
        excerpt = self.transcripts.excerpt(student, test, self.transcript_limit) if ran else None
        if excerpt:
            whole = show_transcript(excerpt)
            first = self.places.setdefault(whole, place) if len(whole) >= WORTH_SHARING else place
            parts.append(whole if first == place else '<p class="note"><a href="#%s">The same transcript as here</a></p>' % first)
        if len(group) > 1:
            parts.append('<p class="note">For the same reason: %s</p>' % ", ".join(
                '<span id="%s">%s (%d)</span>' % (where, other, its["max"]) for where, other, its in group[1:]))
        return "\n".join(parts) + "</article>"

    def _report(self, test):
        """The lines of a report between its head and its foot, the diff in colours."""
        lines = [line for line in test["report"][1:] if not FOOTER.match(line) and not HINT.match(line)] or ["  " + test["why"]]
        shown = []
        for line in lines[:self.report_limit]:
            style = next((name for pattern, name in STYLES if pattern.match(line)), "context")
            shown.append('<span class="%s">%s</span>' % (style, cut(line[2:] if line.startswith("  ") else line)))
        if len(lines) > self.report_limit:
            shown.append('<span class="context">... and %d lines more</span>' % (len(lines) - self.report_limit))
        return "<pre>%s</pre>" % "\n".join(shown)


def show_transcript(excerpt):
    """A transcript, collapsed."""
    if not excerpt.lines:
        return '<p class="note">The guest printed nothing.</p>'
    shown = []
    for number, line in enumerate(excerpt.lines, excerpt.first):
        line = "%4d  %s" % (number + 1, line)
        shown.append('<span class="got">%s</span>' % line if number == excerpt.wrong else line)
    part = "1 line" if excerpt.total == 1 else "all %d lines" % excerpt.total
    if len(excerpt.lines) < excerpt.total:
        part = "lines %d to %d of %d" % (excerpt.first + 1, excerpt.first + len(excerpt.lines), excerpt.total)
    return '<details class="transcript"><summary>Transcript, %s</summary><pre>%s</pre></details>' % (part, "\n".join(shown))


def show_submission(submission):
    """What came with the grading of a submission: notes, what was ignored, and why it was not built."""
    parts = []
    for key, word in (("notes", ""), ("ignored", "Not taken: ")):
        names = submission[key]
        if names:
            more = ["and %d more" % (len(names) - MAX_NAMES)] if len(names) > MAX_NAMES else []
            listed = (", " if word else "<br>").join([cut(one) for one in names[:MAX_NAMES]] + more)
            parts.append('<p class="note">%s%s</p>' % (word, listed))
    if not submission["build"]["ok"] and submission["build"]["log"]:
        lines = submission["build"]["log"].rstrip("\n").split("\n")
        more = ["... and %d lines more" % (len(lines) - MAX_NAMES)] if len(lines) > MAX_NAMES else []
        shown = "\n".join([cut(line) for line in lines[:MAX_NAMES]] + more)
        parts.append("<p><b>It could not be built.</b></p><pre>%s</pre>" % shown)
    return "\n".join(parts)


def show_facts(facts):
    """Numbers with their names, in a row."""
    return '<dl class="facts">%s</dl>' % "".join("<div><dt>%s</dt><dd>%s</dd></div>" % fact for fact in facts)


def show_one(shown, student):
    """The body of one student's page."""
    tests = [test for _, test in tests_of(student.data)]
    passed = sum(test["status"] == "pass" for test in tests)
    return show_facts([("points", "%d/%d" % score_of(student.data)), ("tests passed", "%d/%d" % (passed, len(tests)))]) + \
        shown.student("s0", student)


def page(names, render, script=""):
    """A whole page: `names` are those of its labs by number, render(Shown) gives its body within Shown's limits."""
    title = ", ".join("Lab %d %s" % pair for pair in sorted(names.items()))
    with open(os.path.join(HERE, "page.css"), encoding="utf-8") as file:
        style = file.read()
    policy = "default-src 'none'; style-src '%s'; script-src '%s'" % tuple(
        "sha256-" + base64.b64encode(hashlib.sha256(part.encode()).digest()).decode() for part in (style, script))
    transcripts = Transcripts()
    for limits in LIMITS:
        foot = "A transcript is cut to %d lines around the first wrong one" % limits[1] if limits[1] else "Transcripts are left out"
        if limits != LIMITS[0]:
            foot += ", a report to %d, to keep this page below %d MB" % (limits[0], MAX_BYTES >> 20)
        whole = "\n".join([
            '<!DOCTYPE html>', '<html lang="en"><head><meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" content="%s">' % policy,
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            "<title>%s</title>" % text(title), "<style>%s</style></head>" % style,
            "<body><h1>%s</h1>" % text(title), render(Shown(transcripts, *limits)),
            '<p class="note">%s. Whole ones are beside the results.</p>' % foot,
            "<script>%s</script></body></html>\n" % script])
        if len(whole.encode()) <= MAX_BYTES:
            break
    return whole


def write_text(path, content):
    """Replace a file at once, so that a reader never sees half of it."""
    fresh = "%s.%d" % (path, os.getpid())
    with open(fresh, "w", encoding="utf-8", newline="") as file:
        file.write(content)
    os.replace(fresh, path)


def write_one(path, data, folder=""):
    """Write the page of one student; the paths of transcripts start at `folder` or where we are."""
    names = {lab["lab"]: lab["name"] for lab in data["labs"]}
    write_text(path, page(names, lambda shown: show_one(shown, Student("", data, folder))))


def main():
    parser = argparse.ArgumentParser(description="Make a page of a student's results.json.")
    parser.add_argument("results", metavar="RESULTS.json")
    parser.add_argument("--out", metavar="FILE", help="default: index.html beside the results")
    options = parser.parse_args()
    folder = os.path.dirname(options.results)
    out = options.out or os.path.join(folder, "index.html")
    try:
        with open(options.results, encoding="utf-8") as file:
            data = json.load(file)
        write_one(out, data, folder)
    except OSError as error:
        print("page.py: %s: %s: run `make grade` first" % (error.filename, error.strerror), file=sys.stderr)
        return 2
    except (ValueError, LookupError, TypeError):
        print("page.py: %s is not what grading writes: run `make grade` again" % options.results, file=sys.stderr)
        return 2
    print("  page  %s" % os.path.relpath(out))
    return 0


if __name__ == "__main__":
    sys.exit(main())
