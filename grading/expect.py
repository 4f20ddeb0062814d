"""The expectation language: what a test's body means, and matching it against a transcript line by line.

A pattern stands for one whole line: literal text with {{regex}} pieces. Expectations match in order, each consumes a line of its
own, and other lines may stand between them. Matching is incremental, because a `send:` waits for all that stands above it.
Some lines fail every test (panics, kills, a second banner, ...) unless an expectation consumed exactly that line.
"""
import collections
import re

import nonce as nonces

BANNER = "hv8 boots at EL2"
POWER_OFF = "hv8: power off"
FORBIDDEN = (                       # (what it is called, regex searched for in every line that no expectation consumed)
    ("a panic", r"hv8: panic: "),
    ("an unfilled hole", r"hv8: todo: "),
    ("a broken rule", r"^model: "),
    ("a killed process", r"hv8: process \d+ \(.*\) killed: "),
)
LINE_LIMIT = 4096                   # a longer line of a transcript is cut
SEND_LIMIT = (1 << 17) + 4096

Item = collections.namedtuple("Item", "kind line patterns data")     # kind: line next any count not send
Problem = collections.namedtuple("Problem", "line text")             # a line number in the test file, what is wrong there
Failure = collections.namedtuple("Failure", "kind why expected at test_line")
# Failure: kind is "forbidden", "order", "anywhere" or "ending"; why a sentence; expected the Pattern or None; at the index
# of the transcript line it is about (the number of lines: the end); test_line in the test file, or 0.


class Pattern:
    """One pattern with its nonce filled in, from a line of the test file; ValueError when it is malformed."""

    def __init__(self, source, nonce, line=0):
        self.source, self.line = source, line
        self.text = nonces.expand(source, nonce)
        self._units = []                # what stands for a piece of a line: (regex, how it is written)
        for index, piece in enumerate(re.split(r"\{\{(.*?)\}\}(?!\})", self.text)):
            if index % 2 == 0 and "{{" in piece:
                raise ValueError("'{{' without '}}'")
            if index % 2:
                try:
                    re.compile(piece)
                except re.error as error:
                    raise ValueError("invalid regex {{%s}}: %s" % (piece, error))
            if index % 2:
                self._units.append(("(?:%s)" % piece, "{{%s}}" % piece))
            else:
                self._units += [(re.escape(letter), letter) for letter in piece]
        try:
            self.regex = re.compile("".join(regex for regex, _ in self._units))
        except re.error as error:
            raise ValueError("invalid regex: %s" % error)

    def matches(self, line):
        """Does the pattern match the whole line?"""
        return self.regex.fullmatch(line) is not None

    def departure(self, line):
        """(index, expected): where a line first departs from the pattern, and the piece of it that is due there ("": none)."""
        low, high, end = 0, len(self._units), 0         # so many pieces match a beginning of the line; more than so many do not
        while low < high:
            middle = (low + high + 1) // 2
            found = re.match("".join(regex for regex, _ in self._units[:middle]), line)
            low, high, end = (middle, high, found.end()) if found else (low, middle - 1, end)
        return end, self._units[low][1] if low < len(self._units) else ""


def parse_body(lines, first_line, nonce, problems):
    """The items of a body. `lines` are its text lines, `first_line` their first line number; what is wrong goes to `problems`."""
    items, block, block_line = [], None, 0

    def pattern(text, number):
        try:
            made = Pattern(text, nonce, number)
        except ValueError as error:
            problems.append(Problem(number, str(error)))
            return []
        return [made]

    for number, raw in enumerate(lines, first_line):
        text = raw.rstrip()
        if not text or text.lstrip().startswith("#"):
            continue
        keyword, _, rest = text.partition(":")
        rest = rest.strip()
        if text.strip() == "any-order {":
            if block is not None:
                problems.append(Problem(number, "any-order inside any-order (opened in line %d)" % block_line))
            block, block_line = [], number
        elif text.strip() == "}" and block is not None:
            if not block:
                problems.append(Problem(block_line, "an empty any-order block"))
            items.append(Item("any", block_line, block, None))
            block = None
        elif block is not None:
            block += pattern(re.sub(r"^(    |\t)", "", text), number)
        elif keyword in ("not", "next"):
            items.append(Item(keyword, number, pattern(rest, number), None))
        elif keyword == "count":
            count = re.fullmatch(r"([1-9]\d*) +(.*)", rest)
            if not count:
                problems.append(Problem(number, "write count: N PATTERN with N at least 1 (not: for none)"))
            else:
                items.append(Item("count", number, pattern(count.group(2), number), int(count.group(1))))
        elif keyword == "send":
            try:
                data = unescape(nonces.expand(rest, nonce))
            except ValueError as error:
                problems.append(Problem(number, str(error)))
                continue
            if not 0 < len(data) <= SEND_LIMIT:
                problems.append(Problem(number, "send: takes 1 to %d bytes" % SEND_LIMIT))
            items.append(Item("send", number, [], data))
        else:
            items.append(Item("line", number, pattern(text, number), None))
    if block is not None:
        problems.append(Problem(block_line, "any-order { without }"))
    return items


def unescape(text):
    """The bytes of a send: text; escapes as in C: \\n \\r \\t \\\\ \\xNN."""
    def replace(match):
        escape = match.group(1)
        if escape[:1] == b"x" and len(escape) == 3:
            return bytes([int(escape[1:], 16)])
        simple = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"\\": b"\\"}
        if escape not in simple:
            raise ValueError("unknown escape \\%s" % escape.decode(errors="replace"))
        return simple[escape]
    return re.sub(rb"\\(x[0-9a-fA-F]{2}|.|$)", replace, text.encode())


class Matcher:
    """Matches lines as they come. `feed` each whole line, write what `take_input` returns to the UART, then ask `failures`."""

    def __init__(self, items):
        self.items = [item for item in items if item.kind in ("line", "next", "any", "send")]
        self.anywhere = [item for item in items if item.kind in ("not", "count")]
        self.lines, self.consumed = [], set()
        self.position, self.last = 0, -1            # the item waited for; index of the last line that matched in order
        self.taken = {}                             # within any-order: pattern index -> line index
        self.candidates = {}                        # within any-order: line index -> pattern indexes it matches
        self.broken = False                         # a next: failed; nothing behind it can match any more
        self.input = b""
        self._pass_sends()

    def sends(self):
        """Is there any input?"""
        return any(item.kind == "send" for item in self.items)

    def take_input(self):
        """The bytes that are due now; each is returned once."""
        data, self.input = self.input, b""
        return data

    def feed(self, line):
        """The next whole line of the transcript, without its line end."""
        index = len(self.lines)
        self.lines.append(line)
        for item in self.anywhere:
            if item.kind == "count" and item.patterns[0].matches(line):
                self.consumed.add(index)
        if self.broken or self.position == len(self.items):
            return
        item = self.items[self.position]
        if item.kind == "any":
            self._feed_any(item, index, line)
        elif item.patterns[0].matches(line):
            self._matched([index])
        elif item.kind == "next":
            self.broken = True

    def _feed_any(self, item, index, line):
        """Keep a largest assignment of lines to patterns: a line may match several patterns, each pattern needs its own line."""
        self.candidates[index] = [n for n, pattern in enumerate(item.patterns) if pattern.matches(line)]
        self._assign(index, set())
        if len(self.taken) == len(item.patterns):
            self._matched(sorted(self.taken.values()))

    def _assign(self, index, tried):
        for n in self.candidates[index]:
            if n in tried:
                continue
            tried.add(n)
            if n not in self.taken or self._assign(self.taken[n], tried):
                self.taken[n] = index
                return True
        return False

    def _matched(self, indexes):
        self.consumed.update(indexes)
        self.last = indexes[-1]
        self.taken, self.candidates = {}, {}
        self.position += 1
        self._pass_sends()

    def _pass_sends(self):
        while self.position < len(self.items) and self.items[self.position].kind == "send":
            self.input += self.items[self.position].data
            self.position += 1

    def failures(self, ends):
        """What is wrong with the whole transcript, the line that explains most first; `ends` is "off" or "silent"."""
        self.consumed.update(self.taken.values())
        found = self._forbidden() + self._in_order() + self._anywhere()
        if ends == "silent":
            if self.lines:
                found.append(Failure("ending", "the guest must power off without any output", None, 0, 0))
            return found
        return found + self._ending()

    def _forbidden(self):
        found, banner_seen = [], False
        for index, line in enumerate(self.lines):
            banner = BANNER in line
            if index not in self.consumed:
                for name, regex in FORBIDDEN:
                    if re.search(regex, line):
                        found.append(Failure("forbidden", "%s, which the test does not expect" % name, None, index, 0))
                if banner and banner_seen:
                    found.append(Failure("forbidden", "the kernel booted a second time", None, index, 0))
            banner_seen = banner_seen or banner
        return found

    def _in_order(self):
        if self.position == len(self.items):
            return []
        item = self.items[self.position]
        missing = [p for n, p in enumerate(item.patterns) if n not in self.taken]
        pattern = missing[0]
        why = "a line is missing or wrong"
        if item.kind == "any":
            why = "%d of %d lines of the any-order block are missing" % (len(missing), len(item.patterns))
        elif item.kind == "next":
            why = "a line must follow directly, but does not"
        early = [n for n, line in enumerate(self.lines[:self.last + 1]) if pattern.matches(line) and n not in self.consumed]
        if early:
            why += " (it came too early, as line %d: order matters)" % (early[0] + 1)
        elif any(pattern.matches(line) for line in self.lines[:self.last + 1]):
            why += " (the same line came before, and counted for an earlier expectation)"
        at = self.last + 1 if item.kind == "next" else self._nearest(pattern)
        return [Failure("order", why, pattern, at, item.line)]

    def _nearest(self, pattern):
        """The line that was probably meant: the one with the longest common beginning behind the last match, else the next."""
        words = re.sub(r"\{\{.*?\}\}+", "\0", pattern.text)
        best, best_length = min(self.last + 1, len(self.lines)), min(2, len(words) - 1)
        for index in range(self.last + 1, len(self.lines)):
            length = 0
            while length < min(len(words), len(self.lines[index])) and words[length] == self.lines[index][length]:
                length += 1
            if length > best_length:
                best, best_length = index, length
        return best

    def _anywhere(self):
        found = []
        for item in self.anywhere:
            pattern = item.patterns[0]
            hits = [n for n, line in enumerate(self.lines) if pattern.matches(line)]
            if item.kind == "not" and hits:
                found.append(Failure("anywhere", "a line that must not come", None, hits[0], item.line))
            if item.kind == "count" and len(hits) != item.data:
                at = hits[item.data] if len(hits) > item.data else len(self.lines)
                why = "%d lines expected, %d came" % (item.data, len(hits))
                found.append(Failure("anywhere", why, pattern, at, item.line))
        return found

    def _ending(self):
        ends = [n for n, line in enumerate(self.lines) if line == POWER_OFF]
        if not ends:
            return [Failure("ending", "the power-off line is missing", Pattern(POWER_OFF, nonces.EXAMPLE), len(self.lines), 0)]
        if len(ends) > 1:
            return [Failure("ending", "more than one power-off line", None, ends[1], 0)]
        if ends[0] + 1 < len(self.lines):
            return [Failure("ending", "output after the power-off line", None, ends[0] + 1, 0)]
        return []
