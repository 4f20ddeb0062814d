"""Writes a Timeline for two viewers: as JSON in Chrome's Trace Event Format, and as a page of our own, trace.html with trace.js
and the data in it.

Both have the same rows: the CPUs, for each process when it ran and what it was in, and the console.
"""
import html
import json
import os

HERE = os.path.dirname(os.path.abspath(__file__))
KINDS = ("EL2", "EL1", "EL0", "idle", "call", "trap", "fault", "svc", "virq", "console", "irq", "inject", "switch", "boot", "death")


def rows(found):
    """(process or 0, line, its name, Row) of each line, from top to bottom."""
    for number in sorted(found.cpus):
        yield 0, number + 1, "CPU %d" % number, found.cpus[number]
    yield 0, 1000, "console", found.console
    for pid in sorted(set(found.runs) | set(found.calls), key=lambda pid: (pid is None, pid)):
        yield _number(pid), 1, "runs", found.runs[pid]
        yield _number(pid), 2, "is in", found.calls[pid]


def _number(pid):
    return 9999 if pid is None else pid


def write_json(path, found, name):
    """Times in microseconds, as the format wants them; an instruction is 0.001."""
    events = [{"ph": "M", "name": "process_name", "pid": 0, "tid": 0, "args": {"name": "hv8"}}]
    for pid in set(found.runs) | set(found.calls):
        events.append({"ph": "M", "name": "process_name", "pid": _number(pid), "tid": 0, "args": {"name": found.title(pid)}})
    for process, line, title, row in rows(found):
        events.append({"ph": "M", "name": "thread_name", "pid": process, "tid": line, "args": {"name": title}})
        place = {"pid": process, "tid": line}
        shown = [dict(place, ph="X", name=span.name, cat=span.kind, ts=span.start / 1000, dur=(span.end - span.start) / 1000,
                      args={"detail": span.detail}) for span in row.spans]
        shown += [dict(place, ph="i", s="t", name=mark.name, cat=mark.kind, ts=mark.at / 1000, args={"detail": mark.detail})
                  for mark in row.marks]
        events += sorted(shown, key=lambda event: (event["ts"], -event.get("dur", 0)))
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"displayTimeUnit": "ns", "otherData": {"run": name}, "traceEvents": events}, file, separators=(",", ":"))


def _depths(spans):
    """The spans in the order of their starts, each with how many are around it."""
    around = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        while around and around[-1] <= span.start and around[-1] < span.end:
            around.pop()
        yield span, len(around)
        around.append(span.end)


def _text(name):
    with open(os.path.join(HERE, name), encoding="utf-8") as file:
        return file.read()


def write_html(path, found, name, about):
    """The page: rows of numbers, texts by their place in a list."""
    texts = {}

    def text(words):
        return texts.setdefault(words, len(texts))

    lines = []
    for process, line, title, row in rows(found):
        spans = [[span.start, span.end - span.start, depth, KINDS.index(span.kind), text(span.name), text(span.detail)]
                 for span, depth in _depths(row.spans)]
        marks = [[mark.at, 0, 0, KINDS.index(mark.kind), text(mark.name), text(mark.detail)]
                 for mark in sorted(row.marks, key=lambda mark: mark.at)]
        title = title if not process else found.title(None if process == 9999 else process) if line == 1 else ""
        lines.append({"title": title, "spans": spans, "marks": marks})
    data = {"end": max(found.end, 1), "kinds": KINDS, "texts": list(texts), "rows": lines}
    page, script = (_text(file) for file in ("trace.html", "trace.js"))
    for word, value in (("SCRIPT", script), ("NAME", html.escape(name)), ("ABOUT", html.escape(about)),
                        ("SUMMARY", html.escape(found.summary())),
                        ("DATA", json.dumps(data, separators=(",", ":")).replace("<", "\\u003c"))):
        page = page.replace("{{%s}}" % word, value)
    with open(path, "w", encoding="utf-8") as file:
        file.write(page)
