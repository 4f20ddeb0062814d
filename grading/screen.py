"""What a grading shows while it runs, and its reports: plain lines for a file or a pipe, on a terminal a live line and colours.

NO_COLOR (no-color.org) takes the colours away, TERM=dumb also the live line. Nothing here needs a terminal.
"""
import collections
import os
import re
import textwrap
import threading

from explain import visible

WORDS = {"pass": ("ok   ", "32"), "fail": ("FAIL ", "31"), "error": ("ERROR", "33")}
LABEL = re.compile(r" +\w[\w ]{0,10}  +")           # of a line of a report: what follows is wrapped behind it
VERBATIM = re.compile(r" *(\d+  |[-+] |\^)")        # lines of a diff stay as they are
NARROWEST = 40


class Screen:
    """A line a test as it is done, and below them on a terminal how many are done and which run."""

    def __init__(self, stream, total, verbose):
        self._stream, self._total, self._verbose, self._done = stream, total, verbose, 0
        self._tty = stream.isatty() and os.environ.get("TERM") != "dumb"
        self._color = self._tty and not os.environ.get("NO_COLOR")
        self._lock = threading.Lock()
        self._running = collections.OrderedDict()
        self._wrapped = self._tty
        self._status()

    def paint(self, text, code):
        return "\033[%sm%s\033[0m" % (code, text) if self._color else text

    def line(self, text):
        with self._lock:
            self._clear()
            print(text, file=self._stream, flush=True)
            self._status()

    def start(self, lab, name):
        """A run of a test begins."""
        with self._lock:
            self._running[lab, name] = True
            self._clear()
            self._status()

    def result(self, result):
        self._done += 1
        self._running.pop((result.lab, result.test.name), None)
        word, color = WORDS[result.status]
        text = " lab%d %-28s %3d  %.1f s" % (result.lab, result.test.name, result.test.points, result.seconds)
        text += "  %s" % result.why if result.why else ""
        self.line(self.paint(word, color) + (clip(text, self.width() - len(word)) if self._wrapped else text))

    def guest_line(self, name, text):
        if self._verbose:
            self.line("  %s| %s" % (name, visible(text)))

    def report(self, report, others):
        """The report of a failed test; `others` failed for the same reason."""
        print("\n" + self.paint(report[0], "31"), file=self._stream)
        for line in report[1:] + (["  the same    %s" % ", ".join(others)] if others else []):
            print("\n".join(wrap(line, self.width())) if self._wrapped else line, file=self._stream)

    def finish(self):
        with self._lock:
            self._clear()
            self._tty = False

    def width(self):
        """Columns of the terminal, as wide as it is now."""
        try:
            return max(NARROWEST, os.get_terminal_size(self._stream.fileno()).columns or 80)
        except (OSError, ValueError):
            return 80

    def _clear(self):
        if self._tty:
            self._stream.write("\r\033[K")

    def _status(self):
        if self._tty:
            text = "%d of %d tests done" % (self._done, self._total)
            names = list(dict.fromkeys(name for _, name in self._running))
            text += ", now %s" % ", ".join(names) if names else ""
            self._stream.write(clip(text, self.width() - 1))
            self._stream.flush()


def clip(text, width):
    """The text on one line of a terminal."""
    return text if len(text) <= width else text[:width - 3] + "..."


def wrap(line, width):
    """A line of a report as lines that the terminal does not break."""
    if len(line) <= width or VERBATIM.match(line):
        return [line]
    label = LABEL.match(line)
    indent = label.end() if label else len(line) - len(line.lstrip()) + 2
    return textwrap.wrap(line, width, subsequent_indent=" " * indent, break_on_hyphens=False, break_long_words=False)
