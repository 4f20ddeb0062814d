#!/usr/bin/env python3
"""Make the drawings: `make drawings`. A .dot file by Graphviz, a register of registers.txt by bits.py; NAME...: only these.

An SVG of Graphviz carries the hash of what it was made from, so that one can see without Graphviz whether it is up to date; a
register's is made anew to see that. The first comment of a .dot file is the drawing's title.
"""
import hashlib
import re
import subprocess
import sys
from pathlib import Path

import bits
import style

HERE = Path(__file__).resolve().parent
SMALLER = 0.96                                                                  # letters, than dot measures: a browser's are wider
_ALL = 'fontname="%s", fontcolor="%s"' % (style.FONT, style.TEXT)
DEFAULTS = ('graph [bgcolor=transparent, pad=0.15, fontsize=13, %s]; edge [fontsize=11, arrowsize=0.8, color="%s", %s]; '
            'node [fontsize=12, shape=box, style="filled,rounded", margin="0.14,0.07", fillcolor="#f0f0ee", color="%s", %s];'
            % (_ALL, style.LINE, _ALL, style.LINE, _ALL))


def stamp(source):
    """How an SVG says what it was made from: the .dot file's text and the style."""
    made_from = source.read_text(encoding="utf-8") + DEFAULTS + str(SMALLER) + style.svg("", "", 0, 0, "")
    return "%s, %s" % (source.name, hashlib.sha256(made_from.encode()).hexdigest()[:16])


def from_dot(source):
    """The SVG file of a .dot file, as a text."""
    text = source.read_text(encoding="utf-8")
    title = text.splitlines()[0]
    if not title.startswith("// "):
        raise bits.DrawingError("%s: the first line is not a comment that says what the drawing shows" % source.name)
    try:
        with_defaults = re.sub(r"^(digraph .*\{)$", lambda head: head[0] + DEFAULTS, text, count=1, flags=re.M)
        drawn = subprocess.run(["dot", "-Tsvg"], input=with_defaults, check=True, capture_output=True, encoding="utf-8")
    except FileNotFoundError:
        raise bits.DrawingError("there is no dot: install the package graphviz") from None
    except subprocess.CalledProcessError as error:
        raise bits.DrawingError("%s: %s" % (source.name, error.stderr.strip())) from None
    if drawn.stderr:
        raise bits.DrawingError("%s: %s" % (source.name, drawn.stderr.strip()))
    width, height = (float(size) * 4 / 3 for size in re.search(r'<svg width="(\d+)pt" height="(\d+)pt"', drawn.stdout).groups())
    body = re.search(r"<svg.*?>\n(.*)</svg>", drawn.stdout, re.S).group(1)
    body = re.sub(r"<!--.*?-->\n?|<title>.*?</title>\n?| (?:id|class)=\"[^\"]*\"", "", body, flags=re.S)
    body = re.sub(r'<polygon fill="none" stroke="none" points="[^"]*"/>\n', "", body)
    body = re.sub(r'<a xlink:title="[^"]*">|</a>', "", body)
    body = re.sub(r'font-size="([\d.]+)"', lambda m: 'font-size="%.2f"' % (float(m[1]) * SMALLER), body)
    return style.svg(title[3:], stamp(source), round(width), round(height), '<g transform="scale(1.3333)">\n%s</g>' % body)


def main(names):
    registers, _ = bits.read()
    made = {register.name: lambda register=register: bits.draw(register) for register in registers}
    made.update({source.stem: lambda source=source: from_dot(source) for source in sorted(HERE.glob("*.dot"))})
    unknown = sorted(set(names) - set(made))
    if unknown:
        raise bits.DrawingError("no drawing %s: there is neither %s.dot nor a section of registers.txt" % (unknown[0], unknown[0]))
    for name in names or made:
        (HERE / (name + ".svg")).write_text(made[name](), encoding="utf-8")
    print("%d drawings" % len(names or made))


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except bits.DrawingError as error:
        sys.exit("draw.py: %s" % error)
