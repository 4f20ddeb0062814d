"""Checks a test's body: patterns that prove nothing, expectations that can never decide, and lines that no kernel may print.

Every transcript is under the rules of expect.py as well; what contradicts them, or is decided by them already, is a mistake, and so
is a pattern that would take any panic's line and so switch the rule off.
"""
import re

from expect import BANNER, FORBIDDEN, LINE_LIMIT, POWER_OFF, Problem

PROBES = ("x", "hv8: panic: a", "  0x17 \t{~")      # a pattern that matches all of these matches anything
FATAL = ("hv8: panic: qZ;", "hv8: todo: qZ (q/Z.c:7)", "model: qZ;", "hv8: process 77 (qZ) killed: qZ;")
REGEX = r"\{\{(.*?)\}\}(?!\})"
MATCHED = ("line", "next", "any", "count")          # kinds that take lines


def check(items, problems):
    """Report what is wrong with the items of a body."""
    for item in items:
        for pattern in item.patterns:
            for text in _pattern_problems(pattern, item.kind):
                problems.append(Problem(pattern.line or item.line, text))
    _check_contradictions(items, problems)
    _check_order(items, problems)


def _pattern_problems(pattern, kind):
    """What is wrong with one pattern by itself; the first thing only."""
    if pattern.matches(""):
        return ["the pattern matches an empty line, so it proves nothing"]
    if all(pattern.matches(probe) for probe in PROBES):
        return ["the pattern matches every line, so it proves nothing"]
    fatal = [line for line in FATAL if pattern.matches(line)]
    if fatal and kind in MATCHED:
        return ["the pattern takes any line like %r, which must fail the test: write out the reason that is expected" % fatal[0]]
    for piece in re.findall(REGEX, pattern.source):
        bare = re.sub(r"\\.|\[\^?\]?[^]]*\]", "", piece)            # without escapes and sets
        if "^" in bare or "$" in bare or re.search(r"\\[AZ]", piece):
            return ["{{%s}}: a pattern always stands for a whole line, so ^, $, \\A and \\Z are dead" % piece]
        if "(" not in bare and "|" in bare:
            choices = re.sub(r"\\.|\[\^?\]?[^]]*\]", lambda found: found.group().replace("|", "\0"), piece).split("|")
            if "" in choices or len(set(choices)) < len(choices):
                return ["{{%s}}: one of these alternatives is empty or there twice" % piece]
    if kind in MATCHED and re.search(r"\w\{\{\.[*+]\??\}\}|\{\{\.[*+]\??\}\}\w", pattern.source):
        return ["the pattern has an open end: `5{{.*}}` takes 5999 too; put a separator between, or say what may come"]
    if re.search(REGEX, pattern.source) is None and len(pattern.text) > LINE_LIMIT:
        return ["longer than %d characters, where lines are cut: it can never match" % LINE_LIMIT]
    return []


def _literal(pattern):
    """The line that a pattern without regular expressions stands for, or None."""
    return None if "{{" in pattern.source else pattern.text


def _check_contradictions(items, problems):
    """not: and count: against the other expectations, and against the rules for every transcript."""
    expected = [(item, pattern) for item in items if item.kind in MATCHED for pattern in item.patterns]
    seen = {}
    for item in items:
        if item.kind not in ("not", "count") or not item.patterns:
            continue
        pattern, source = item.patterns[0], item.patterns[0].source
        if source in seen:
            problems.append(Problem(item.line, "not: or count: of this pattern stands in line %d already" % seen[source]))
        seen.setdefault(source, item.line)
        literals = [other for other, p in expected if other is not item and _literal(p) and pattern.matches(_literal(p))]
        if item.kind == "count":
            needed = sum(1 for other in literals if other.kind != "count")
            if pattern.matches(POWER_OFF):
                problems.append(Problem(item.line, "count: can never decide, every transcript has this line once, as its last"))
            elif needed > item.data:
                problems.append(Problem(item.line, "count: %d can never hold, %d lines like it are expected" % (item.data, needed)))
            continue
        same = [other for other, p in expected if p.source == source]
        if pattern.matches(POWER_OFF):
            problems.append(Problem(item.line, "not: forbids the power-off line, so the test cannot pass"))
        elif literals or same:
            line = (literals or same)[0].line
            problems.append(Problem(item.line, "not: forbids what line %d expects, so the test cannot pass" % line))
        if any(re.match(regex, source) for _, regex in FORBIDDEN) or source.startswith(BANNER):
            problems.append(Problem(item.line, "not: can never decide anything, this line is always forbidden"))


def _check_order(items, problems):
    """What can come after what."""
    over, any_line = None, False
    for item in items:
        if item.kind not in ("line", "next", "any", "send"):
            continue
        if over is not None:
            problems.append(Problem(item.line, "nothing can come after the power-off line of line %d" % over))
            return
        if item.kind == "next" and not any_line:
            problems.append(Problem(item.line, "next: needs a line before it to be next to"))
        any_line = any_line or item.kind != "send"
        if POWER_OFF in (_literal(pattern) for pattern in item.patterns):
            over = item.line
