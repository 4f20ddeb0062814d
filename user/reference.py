#!/usr/bin/env python3
"""Write the reference page of the hypercalls from kernel/include/uapi/hypercall.def: `make reference`.

A comment `/** ... */` describes the HYPERCALL line behind it: sentences, `@param name  what`, `@return what`. A call whose
comment does not name exactly its arguments, or that has none, is an error with its line.
"""
import re
import sys


def calls(path, lab):
    """Yield (line, number, name, [(type, argument)], [comment line]) of each call of stage `lab`."""
    comment, inside, shown, statement = [], False, [True], ""
    with open(path, encoding="utf-8") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            condition = re.fullmatch(r"#if LAB >= (\d+)", text)
            if condition:
                shown.append(lab >= int(condition[1]))
            elif re.match(r"#if", text):
                shown.append(shown[-1])
            elif re.match(r"#endif", text):
                shown.pop()
            elif text.startswith("/**"):
                inside, comment = True, []
            elif inside and text.endswith("*/"):
                inside = False
            elif inside:
                comment.append(text[1:].strip())
            elif statement or re.match(r"HYPERCALL\w*\(", text):
                statement += text
                if not statement.endswith(")"):
                    continue
                words = [word.strip() for word in re.fullmatch(r"HYPERCALL\w*\((.*)\)", statement)[1].split(",")]
                statement = ""
                if all(shown):
                    yield number, int(words[0]), words[1], list(zip(words[3::2], words[4::2])), comment
                comment = []


def sections(comment):
    """Split a comment's lines into the text, {argument: text} and the text of @return, each one line."""
    text, arguments, result, current = [], {}, [], None
    for line in comment:
        tag = re.match(r"@(param (\w+)|return)\s+(.*)", line)
        if tag:
            current = result if tag[1] == "return" else arguments.setdefault(tag[2], [])
            line = tag[3]
        (text if current is None else current).append(line)
    return " ".join(text).strip(), {name: " ".join(words) for name, words in arguments.items()}, " ".join(result)


def prose(text):
    """Doxygen's marks as Markdown."""
    return re.sub(r"@p (\w+)", r"`\1`", text)


def page(path, lab):
    """The page as lines; exits with the place of the first call that is not described as it is."""
    table, details = [], []
    for line, number, name, arguments, comment in calls(path, lab):
        text, described, result = sections(comment)
        names = [argument for _, argument in arguments]
        if not text or not result or list(described) != names:
            sys.exit("%s:%d: the comment of %s must describe it, @param %s in this order, and @return"
                     % (path, line, name, ", ".join(names) or "(none)"))
        table.append("| %d | [%s](#%s) | %s |" % (number, name, name, ", ".join(names)))
        details += ["", "## %s" % name, "", "`x8 = %d`: `i64 hv8_%s(%s)`" % (
            number, name, ", ".join("%s %s" % pair for pair in arguments) or "void"), "", prose(text), ""]
        details += ["- `x%d` %s: %s" % (n, argument, prose(described[argument])) for n, argument in enumerate(names)]
        details += ["- returns %s" % prose(result)]
    return ["# Hypercalls", "", "`hvc #0`; x8 = number, x0 to x5 = arguments, x0 = result or -errno; all other registers stay, but recv,",
            "call and reply_wait also bring a word in x1 and flags in x2. On an error nothing has changed.",
            "\"Yours\" is a process that is the caller itself, or an embryo that the caller has cloned. \"Your child\" is a process",
            "whose parent is the caller, or nobody's child if the caller is init; init is nobody's child, but not its own.", "",
            "| number | call | arguments |", "|---|---|---|"] + table + details


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: reference.py FILE.def LAB")
    print("\n".join(page(sys.argv[1], int(sys.argv[2]))))
