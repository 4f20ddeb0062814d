"""Compares what a handout shows of a command's output with what the command prints, and rewrites what is shown.

A shown line `...` stands for any number of lines. Wall times, hashes of git's commits, the Makefile's line numbers and the
seeds in QEMU's device trees are equal whatever they are, and so are addresses in the image when the page's outputs were made with
another compiler. Spaces at the ends of lines do not matter.
"""
import difflib
import re

DOTS = "..."
ALIKE = 0.6                         # lines with so much in common are one line that has changed
TIME = re.compile(r"(?<![\w.])\d+(?:\.\d+)? (?:s|ms|seconds)\b")
RULE = re.compile(r"\bMakefile:\d+:")
COMMIT = re.compile(r"^(\[[\w/-]+ |Updating )[0-9a-f.]{7,}\b")
SEED = re.compile(r"\b(rng-seed|kaslr-seed) = <[^>]*>")
ADDRESS = re.compile(r"\b(0x)?0*([0-9a-f]{6,8})\b")
OFFSET = re.compile(r"(?<=\w)\+(?:0x[0-9a-f]+|\d+)(?=>|\b)")
IMAGES = ((0x200000, 0x600000), (0x40200000, 0x40600000))       # where an image may be, on versal and on virt
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def clean(output):
    """The lines of what a command printed: control characters as \\xNN, no empty lines at the ends."""
    text = CONTROL.sub(lambda match: f"\\x{ord(match.group(0)):02x}", output.replace("\r", ""))
    lines = [line.rstrip() for line in text.split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return lines


class Comparison:
    """How two outputs are compared; `moved`: the image may be another than the one that was shown."""

    def __init__(self, moved=False):
        self.moved = moved

    def key(self, line):
        """What of a line must be equal."""
        line = COMMIT.sub(r"\1COMMIT", TIME.sub("TIME s", line.rstrip()))
        line = RULE.sub("Makefile:N:", SEED.sub(r"\1", line))
        if not self.moved:
            return line
        return OFFSET.sub("+OFFSET", ADDRESS.sub(lambda match: "IN_IMAGE" if in_image(match.group(2)) else match.group(0), line))

    def fits(self, shown, actual):
        """Whether `shown`, which may have lines `...`, is what `actual` prints."""
        pieces, wanted = [[]], [self.key(line) for line in actual]
        for line in shown:
            if line.strip() == DOTS:
                pieces.append([])
            else:
                pieces[-1].append(self.key(line))
        if len(pieces) == 1:
            return pieces[0] == wanted
        first, last = pieces[0], pieces[-1]
        if len(first) + len(last) > len(wanted) or wanted[:len(first)] != first or wanted[len(wanted) - len(last):] != last:
            return False
        at, end = len(first), len(wanted) - len(last)
        for piece in pieces[1:-1]:
            found = next((n for n in range(at, end - len(piece) + 1) if wanted[n:n + len(piece)] == piece), None)
            if found is None:
                return False
            at = found + len(piece)
        return True

    def rewritten(self, shown, actual):
        """What should be shown: `actual`, left out where the author has put `...` between lines that are still there."""
        if self.fits(shown, actual):
            return list(shown)
        lines, dots = [], set()                 # dots: numbers of shown lines before which there is a `...`
        for line in shown:
            if line.strip() == DOTS:
                dots.add(len(lines))
            else:
                lines.append(line)
        result, before, at = [], 0, 0
        for mine, theirs in self.pairs(lines, actual) + [(len(lines), len(actual))]:
            if any(before <= number <= mine for number in dots):
                result.append(DOTS)
            else:
                result += actual[at:theirs]
            if mine < len(lines):
                same = self.key(lines[mine]) == self.key(actual[theirs])
                result.append(lines[mine] if same else actual[theirs])
            before, at = mine + 1, theirs + 1
        return result

    def pairs(self, mine, theirs):
        """The lines that are the same, or one that has changed, in the order of both: a list of (index in mine, in theirs)."""
        best = [[0.0] * (len(theirs) + 1) for _ in range(len(mine) + 1)]
        alike = [[self.alike(one, other) for other in theirs] for one in mine]
        for i in reversed(range(len(mine))):
            for j in reversed(range(len(theirs))):
                take = alike[i][j] + best[i + 1][j + 1] if alike[i][j] else 0
                best[i][j] = max(take, best[i + 1][j], best[i][j + 1])
        found, i, j = [], 0, 0
        while i < len(mine) and j < len(theirs):
            if alike[i][j] and best[i][j] == alike[i][j] + best[i + 1][j + 1]:
                found.append((i, j))
                i, j = i + 1, j + 1
            elif best[i][j] == best[i + 1][j]:
                i += 1
            else:
                j += 1
        return found

    def alike(self, one, other):
        """2 for equal lines, less for similar ones, 0 for others."""
        one, other = self.key(one), self.key(other)
        if one == other:
            return 2.0
        matcher = difflib.SequenceMatcher(None, one, other, autojunk=False)
        if matcher.real_quick_ratio() < ALIKE or matcher.quick_ratio() < ALIKE:
            return 0.0
        ratio = matcher.ratio()
        return ratio if ratio >= ALIKE else 0.0


def in_image(digits):
    return any(low <= int(digits, 16) < high for low, high in IMAGES)
