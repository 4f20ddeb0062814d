"""Bit-field diagrams of registers, from registers.txt; names and bits of fields are those of grading/registers.py.

registers.txt has a section for each drawing, and says of which fields something is told:

    [FILE] WIDTH TITLE          or [FILE = NAME IN registers.py]
    FIELD FIELD ...             told in the words of the constant's comment in kernel/include/hv8/sysreg.h
    FIELD: words
    FIELD = VALUE: words        what hv8 always writes, where no hole asks for it; first comes registers.py's name of the value
    ! words                     a remark below all fields

and a section [none] of registers that the kernel writes and that have no drawing, with the reason. A field of which something is
told is drawn in colour; a bit that no field has is grey, with its value if sysreg.h knows it as reserved, one.
"""
import re
import sys
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "grading"))
import registers                                                                # noqa: E402
import style                                                                    # noqa: E402

TABLE = Path(__file__).with_name("registers.txt")
SYSREG = ROOT / "kernel" / "include" / "hv8" / "sysreg.h"
CELL, MARGIN, SIZE, SMALL = 23, 12, 12, 10                                       # pixels: a bit, around all, letters, bit numbers
NAME_AT, WORDS_AT, LEADING = 56, 168, 18                                        # the list of fields: columns, and a line's height
_WIDTHS = {".": 278, ",": 278, ":": 278, " ": 278, "-": 333, "(": 333, ")": 333, "/": 278, "[": 278, "]": 278, ";": 278, "'": 191}
_WIDTHS.update(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", (667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
                                                  722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611)))
_WIDTHS.update(zip("fijklmrstw", (278, 222, 222, 500, 222, 833, 333, 500, 278, 722)))
_WIDTHS.update(dict.fromkeys("cvxyz", 500))


class DrawingError(Exception):
    """What is wrong with a source, for people."""


class Register(NamedTuple):
    """One drawing: `told` maps a field to (value or None, words)."""
    name: str
    width: int
    title: str
    fields: dict
    told: dict
    remarks: list
    ones: int


def text_width(text, size):
    """Pixels that Helvetica takes, or any font of its measures."""
    return sum(_WIDTHS.get(letter, 556) for letter in text) * size / 1000


def constants():
    """{constant: comment}, {register: its reserved ones}, of sysreg.h."""
    text = SYSREG.read_text(encoding="utf-8").replace("\\\n", " ")
    comments, ones = {}, {}
    for name, value, comment in re.findall(r"^#define (\w+)[ \t]+(.*?)[ \t]*(?:/\* (.*?) \*/)?$", text, re.M):
        comments[name] = comment
        if name.endswith("_RES1"):
            bits = [1 << int(bit) for bit in re.findall(r"BIT\((\d+)\)", value)]
            ones[name[:-5]] = sum(bits) if bits else int(value.split()[0], 16)
    return comments, ones


def read(table=TABLE):
    """All registers of registers.txt, and {system register without a drawing: why}."""
    comments, ones = constants()
    found, none, section = [], {}, None
    for number, line in enumerate(table.read_text(encoding="utf-8").splitlines(), 1):
        try:
            head = re.fullmatch(r"\[(\w+)(?: = (\w+))?\](?: (\d+) (.+))?", line)
            if head and head.group(1) == "none":
                section = None
            elif head:
                name, key, width, title = head.groups()
                fields = {**registers.REGISTERS, **registers.FORMATS}[key or name]
                section = Register(name, int(width), title, fields, {}, [], ones.get(name, 0))
                found.append(section)
            elif line.startswith("! "):
                section.remarks.append(line[2:])
            elif line and not line.startswith("#"):
                names, _, words = line.partition(": ")
                if section is None:
                    none.update(dict.fromkeys(names.split(), words))
                else:
                    section.told.update(_told(section, names, words, comments))
        except (KeyError, ValueError, AttributeError, TypeError) as error:
            raise DrawingError("%s:%d: %s (%s): see bits.py for the format, and grading/registers.py for the fields"
                               % (table.name, number, line, error)) from None
    return found, none


def _told(register, names, words, comments):
    names, _, value = names.partition(" = ")
    told = {}
    for name in names.split():
        high, low = register.fields[name]
        meaning = words or comments.get(register.name + "_" + name) or comments.get(register.name[:-1] + "x_" + name)
        if value:
            number = int(value, 0)
            if number >> (high - low + 1):
                raise ValueError("%s has %d bits" % (name, high - low + 1))
            named = registers.meaning(register.name, name, number)
            meaning = ", ".join(part for part in (named, words) if part)
        if not meaning:
            raise ValueError("no words for " + name)
        told[name] = value or None, meaning
    return told


def draw(register):
    """The SVG file of a register."""
    rows = [row for row in range((register.width - 1) // 32, -1, -1) if any(low < 32 * row + 32 and high >= 32 * row
                                                                          for high, low in register.fields.values())]
    columns = min(register.width, 32)
    cell = CELL if columns == 32 else 2 * CELL
    width = columns * cell + 2 * MARGIN
    body, y = [_text(MARGIN, 26, register.title, 14, weight="bold")], 44
    for row in rows:
        part, y = _row(register, row * 32, columns, cell, y)
        body += part
    part, y = _list(register, rows, y, width)
    return style.svg(register.title, "registers.txt and grading/registers.py", width, y, "\n".join(body + part))


def _row(register, base, columns, cell, top):
    """The cells of bits base..base + columns - 1, from the left."""
    cells = []                                                                  # (name or None, high, low), of this row alone
    for name, (high, low) in register.fields.items():
        if low < base + columns and high >= base:
            cells.append((name, min(high, base + columns - 1), max(low, base)))
    taken = {bit for _, high, low in cells for bit in range(low, high + 1)}
    cells += [(None, bit, bit) for bit in range(base, base + columns) if bit not in taken]
    upright = [name for name, high, low in cells if name and not _fits(name, high, low, cell)]
    height = max([28] + [text_width(name, SIZE) + 14 for name in upright])
    out, end = [], base + columns
    for name, high, low in sorted(cells, key=lambda c: -c[1]):
        x, wide = MARGIN + (end - 1 - high) * cell, (high - low + 1) * cell
        fill = "#f0f0ee" if name is None else "#f3ddb3" if name in register.told else style.PAPER
        out.append('<rect x="%g" y="%g" width="%g" height="%g" fill="%s" stroke="%s"/>'
                   % (x, top + 14, wide, height, fill, style.LINE))
        label = name or str(register.ones >> high & 1 or "")
        middle = x + wide / 2, top + 14 + height / 2
        if name in upright:
            out.append(_text(middle[0] + SIZE * .35, middle[1], label, turned=True, anchor="middle"))
        elif label:
            out.append(_text(middle[0], middle[1] + SIZE * .35, label, anchor="middle", fill=style.TEXT if name else style.FAINT))
        if name and high > low:
            out += [_text(x + 3, top + 10, str(high), SMALL, fill=style.FAINT),
                    _text(x + wide - 3, top + 10, str(low), SMALL, anchor="end", fill=style.FAINT)]
        elif name:
            out.append(_text(middle[0], top + 10, str(high), SMALL, anchor="middle", fill=style.FAINT))
    return out, top + 14 + height + 14


def _fits(name, high, low, cell):
    return text_width(name, SIZE) + 4 <= (high - low + 1) * cell


def _list(register, rows, top, width):
    """What is told of the fields, the lowest first."""
    out, y = [], top + 8
    for name, (high, low) in sorted(register.fields.items(), key=lambda f: f[1][1]):
        if name in register.told:
            value, words = register.told[name]
            bits = str(low) if high == low else "%d:%d" % (high, low)
            for i, line in enumerate(wrap(words, width - MARGIN - WORDS_AT)):
                if i == 0:
                    out += [_text(NAME_AT - 10, y, bits, anchor="end", fill=style.FAINT),
                            _text(NAME_AT, y, name + (" = " + value if value else ""), weight="bold")]
                out.append(_text(WORDS_AT, y, line))
                y += LEADING
    remarks = list(register.remarks)
    if rows != list(range((register.width - 1) // 32, -1, -1)):
        remarks.append("Bits 63:32 are not shown: nothing in them concerns hv8.")
    for remark in remarks:
        for line in wrap(remark, width - 2 * MARGIN):
            out.append(_text(MARGIN, y, line, fill=style.FAINT))
            y += LEADING
    return out, y


def wrap(words, width):
    """Lines of at most `width` pixels."""
    lines = [""]
    for word in words.split():
        longer = (lines[-1] + " " + word).strip()
        if text_width(longer, SIZE) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _text(x, y, text, size=SIZE, anchor="start", weight=None, fill=style.TEXT, turned=False):
    return '<text x="%g" y="%g" font-family="%s" font-size="%d"%s%s%s fill="%s">%s</text>' % (
        x, y, style.FONT, size, ' text-anchor="%s"' % anchor if anchor != "start" else "",
        ' font-weight="%s"' % weight if weight else "",
        ' transform="rotate(-90 %g %g)"' % (x, y) if turned else "", fill, escape(text, False))
