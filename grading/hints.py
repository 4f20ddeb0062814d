"""Hints of a lab, `labN/hints`: what the likely cause is of a report that looks like this. Reading and checking them, finding one.

The first hint whose conditions all hold is the one that is shown: `test:` patterns of which one must match the test's name, and
`when:` regular expressions that must all be found in the report's lines. A hint points at a cause; it gives no answer away.
"""
import collections
import fnmatch
import os
import re
import textwrap

Hint = collections.namedtuple("Hint", "name tests when say handout line")

KEYS = ("hint", "test", "when", "say", "handout")
WIDTH = 100                         # columns of a report's line


def load(directory, tests):
    """The hints of a lab's directory, whose tests have the names `tests`, and the list of mistakes as FILE:LINE: text."""
    path = os.path.join(directory, "hints")
    if not os.path.exists(path):
        return [], []
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read().split("\n")
    except UnicodeDecodeError:
        return [], ["%s:1: is not UTF-8 text: save it as such" % path]
    found, mistakes = [], []
    for number, line in enumerate(lines, 1):
        key, colon, value = (part.strip() for part in line.partition(":"))
        if not line.strip() or line.startswith("#"):
            continue
        wrong = _wrong(key, colon, value, found, tests)
        if wrong:
            mistakes.append("%s:%d: %s" % (path, number, wrong))
        if key == "hint":
            found.append(Hint(value, [], [], [], [], number))
        elif found and key in KEYS:
            {"test": found[-1].tests, "when": found[-1].when, "say": found[-1].say, "handout": found[-1].handout}[key].append(value)
    for hint in found:
        if not hint.say:
            mistakes.append("%s:%d: hint %s has no say: line" % (path, hint.line, hint.name))
        if not hint.tests and not hint.when:
            mistakes.append("%s:%d: hint %s has neither test: nor when:, so it would be shown for everything"
                            % (path, hint.line, hint.name))
    return found, mistakes


def _wrong(key, colon, value, before, tests):
    """What is wrong with one line that stands behind the hints `before`, or None."""
    if not colon or key not in KEYS:
        return "unknown key %r; there are %s" % (key, ", ".join(KEYS))
    if key == "hint":
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", value):
            return "hint: must be a name of small letters, digits and -, not %r" % value
        twice = next((hint for hint in before if hint.name == value), None)
        return "hint: %s has the name of the one in line %d" % (value, twice.line) if twice else None
    if not before:
        return "%s: stands before the first hint:" % key
    if not value:
        return "%s: says nothing" % key
    if key == "when":
        try:
            return "when: %r fits every report" % value if re.compile(value).search("") else None
        except re.error as error:
            return "when: is not a regular expression: %s" % error
    if key == "test":
        unknown = [pattern for pattern in value.split() if not fnmatch.filter(tests, pattern)]
        return "test: no test of this lab is named %s" % unknown[0] if unknown else None
    return "handout: is given twice" if key == "handout" and before[-1].handout else None


def find(hints, test, report):
    """The first hint that fits the report (a list of lines) of the test of this name, or None."""
    text = "\n".join(report)
    for hint in hints:
        patterns = " ".join(hint.tests).split()
        if (not patterns or any(fnmatch.fnmatchcase(test, pattern) for pattern in patterns)) and \
                all(re.search(regex, text) for regex in hint.when):
            return hint
    return None


def shown(hint):
    """A hint as lines of a report."""
    return textwrap.wrap(" ".join(hint.say), WIDTH, initial_indent="  hint        ", subsequent_indent=" " * 14,
                         break_long_words=False, break_on_hyphens=False)
