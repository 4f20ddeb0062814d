"""Makes the HTML page of a class: scores and tests at a glance, then what page.py says of each student."""
import collections
import os
import re
import statistics

import page
from page import score_of, tests_of, text

LISTED = 6                              # names of missed tests beside a student


def columns(students):
    """The tests of all students in order: {(lab, name): test}."""
    found = {}
    for student in students:
        for lab, test in tests_of(student.data):
            found.setdefault((lab, test["name"]), test)
    return found


def distribution(students):
    """How many students have 0-9 %, 10-19 %, ..., 90-99 %, and all of the points."""
    bins = [0] * 11
    for student in students:
        points, most = score_of(student.data)
        bins[10 * points // most if most else 0] += 1
    return bins


def not_judged(student):
    """Could a test of this student not be judged?"""
    return any(test["status"] == "error" for _, test in tests_of(student.data))


def reason(test):
    """What a failed test is counted under: its hint, else its reason without what differs from run to run."""
    return test.get("hint") or re.sub(r"\b(0x)?[0-9a-f]{16}\b", "...", test["why"])


def show_distribution(students):
    bins = distribution(students)
    names = ["%d%%" % (10 * n) for n in range(11)]
    bars = []
    for n, count in enumerate(bins):
        top = 104 - 88 * count / max(bins)
        bars.append('<rect x="%d" y="%.1f" width="26" height="%.1f"/>' % (30 * n + 2, top, 104 - top))
        bars.append('<text x="%d" y="118">%s</text>' % (30 * n + 15, names[n]))
        bars.append('<text x="%d" y="%.1f">%s</text>' % (30 * n + 15, top - 4, count or ""))
    return ('<svg class="chart" width="336" height="124" viewBox="0 0 336 124" role="img" aria-label="Students by score: %s">%s'
            '<line x1="0" x2="330" y1="104.5" y2="104.5"/></svg>'
            % (", ".join("%s %d" % pair for pair in zip(names, bins)), "".join(bars)))


def show_missed(students):
    """The tests by how many missed them, with the commonest reasons."""
    missed = collections.defaultdict(list)
    for student in students:
        for lab, test in tests_of(student.data):
            if test["status"] != "pass":
                missed[lab, test["name"]].append(reason(test))
    known, rows = columns(students), []
    for key, reasons in sorted(missed.items(), key=lambda pair: -len(pair[1])):
        common = ['%s <span class="soft">×%d</span>' % (page.cut(why[:120]), count)
                  for why, count in collections.Counter(reasons).most_common(2)]
        bar = '<svg class="bar"><rect width="%d%%" height="100%%"/></svg>' % (100 * len(reasons) // len(students))
        rows.append('<tr><td><b>%s</b> <span class="soft">%d</span></td><td class="number">%d</td><td>%s</td><td>%s</td></tr>' % (
            text(key[1]), known[key]["max"], len(reasons), bar, "<br>".join(common)))
    if not rows:
        return "<p>None: everyone passed every test.</p>"
    return ('<table class="list"><thead><tr><th>Test, points</th><th class="number">Missed</th><th></th>'
            '<th>Commonest hints or reasons</th></tr></thead><tbody>%s</tbody></table>' % "\n".join(rows))


def show_matrix(students):
    """Students by tests."""
    known = columns(students)
    heads = "".join("<th><span>%s</span></th>" % text(name) for _, name in known)
    rows = []
    for place, student in enumerate(students):
        mine = {(lab, test["name"]): (n, test) for n, (lab, test) in enumerate(tests_of(student.data))}
        cells = ['<th class="who" scope="row"><a href="#s%d">%s</a></th><td class="number">%d</td>'
                 % (place, text(student.name), score_of(student.data)[0])]
        for number, test in (mine.get(key, (0, None)) for key in known):
            if test is None:
                cells.append("<td></td>")
            elif test["status"] == "pass":
                cells.append('<td class="pass">%d</td>' % test["points"])
            else:
                mark = {"fail": "0", "error": "!"}[test["status"]]
                cells.append('<td class="%s"><a href="#s%d-%d">%s</a></td>' % (test["status"], place, number, mark))
        rows.append("<tr>%s</tr>" % "".join(cells))
    return ('<div class="wide"><table class="matrix"><thead><tr><th class="who">Name</th><th>Score</th>%s</tr></thead><tbody>%s'
            "</tbody></table></div>" % (heads, "\n".join(rows)))


def show_student(shown, place, student):
    """A student, collapsed."""
    missed = [test["name"] for _, test in tests_of(student.data) if test["status"] != "pass"]
    more = " and %d more" % (len(missed) - LISTED) if len(missed) > LISTED else ""
    head = "<summary><b>%s</b><span class=\"score\">%d/%d</span><span class=\"note\">%s</span></summary>" % (
        (text(student.name),) + score_of(student.data) + (text(", ".join(missed[:LISTED]) + more if missed else "full marks"),))
    return '<details class="student%s" id="s%d">%s\n%s</details>' % (
        "" if missed else " full", place, head, shown.student("s%d" % place, student))


def show_class(shown, students):
    """The body of the page."""
    scores = [score_of(student.data) for student in students]
    points = [score for score, _ in scores]
    facts = [("submissions", len(students)), ("mean", "%.1f" % statistics.mean(points)),
             ("median", "%g" % statistics.median(points)), ("full marks", sum(score == most for score, most in scores))]
    errors = sum(map(not_judged, students))
    return "\n".join(
        [page.show_facts(facts + ([("not judged", errors)] if errors else [])), "<h2>Scores</h2>", show_distribution(students),
         "<h2>Tests most missed</h2>", show_missed(students), "<h2>Students and tests</h2>", show_matrix(students),
         '<h2 class="screen">Each student</h2>'] + [show_student(shown, place, student) for place, student in enumerate(students)])


def write(path, students):
    """Write the page of a class of at least one."""
    names = {lab["lab"]: lab["name"] for student in students for lab in student.data["labs"]}
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "class_page.js"), encoding="utf-8") as file:
        script = file.read()
    page.write_text(path, page.page(names, lambda shown: show_class(shown, students), script))
