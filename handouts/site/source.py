"""What Doxygen reads in the place of the sources: C as it is, but with comments that document what stands beside them.

The sources write `/* ... */` behind a field, a macro or a variable and at the top of a file; only contracts of functions are
`/** ... */`. Here each of these becomes a comment that Doxygen attaches. Assembly routines and the lines of hypercall.def
become C declarations with the same comments, and the function of a hole gets a link to the step of the lab that asks for it.
Lines keep their numbers, so that documentation leads to the right line of the source, which is shown untouched.
"""
import re

NAME = re.compile(r"\b(\w+)\s*\(")
DECLARES = re.compile(r"\w+[ *]+\w")
ROUTINE = re.compile(r"FUNC\((\w+)\)")
PROTOTYPE = r"(?:\w+ )+\**%s\((.*?)\)"


def prepare(texts, groups, holes):
    """What Doxygen reads for each file of `texts` (path to text), as path to text.

    `groups` maps a path to the name of its folder's group, `holes` maps (path, function) to [(url, words)], the steps of labs.
    """
    done = {path: file_comment(convert(path, text.split("\n")), groups[path]) for path, text in texts.items()}
    headers = [path for path in done if path.endswith((".h", ".def"))]
    for (path, name), steps in holes.items():
        if not any(link_hole(done[header], name, steps) for header in headers):
            for place in [path] if path in done else list(done) if path is None else []:
                link_hole(done[place], name, steps)
    return {path: "\n".join(lines) for path, lines in done.items()}


def convert(path, lines):
    if path.endswith(".def"):
        return hypercalls(lines)
    return assembly(lines) if path.endswith(".S") else declarations(lines, path.endswith(".h"))


def file_comment(lines, group):
    """The comment at the top describes the file, which is in the group of its folder."""
    end = comment_end(lines, 0)
    top = [re.sub(r"(?<!\\)#(?=[a-z])", r"\\#", line) for line in lines[:end + 1]]
    top[0] = "/** @here " + top[0][2:].strip()
    top[end] = top[end].replace("*/", "@inside{%s} */" % group)
    return top + lines[end + 1:]


def declarations(lines, header):
    """C: comments above and behind declarations, and groups of macros below a heading."""
    result, at, body, grouped, closing = [], 0, False, "", ""
    while at < len(lines):
        line = lines[at]
        if body:                                    # of a function: its comments are its own
            body = not line.startswith("}")
            result.append(line)
            at += 1
            continue
        if grouped and not line.strip():
            result.append(closing)
            grouped, at = "", at + 1
            continue
        body = line == "{"
        if grouped and line.startswith("#define"):
            end = at
            while lines[end].endswith("\\"):
                end += 1
            described = any("/*" in part for part in lines[at:end + 1])
            result += lines[at:end] + [behind(lines[end])]
            if not described and end == at:
                result[-1] += " /**< %s */" % grouped
            elif not described:                     # a comment behind several lines would count as one
                closing += " /** @macro{%s} %s */" % (re.match(r"#define (\w+)", line)[1], grouped)
            at = end + 1
            continue
        if line.startswith("/*") and at:
            end = comment_end(lines, at)
            below = lines[end + 1] if end + 1 < len(lines) else ""
            comment = lines[at:end + 1]
            if header and heads_macros(lines, end + 1) and not line.startswith("/**"):
                closed = closing + " " if grouped else ""
                closing = "/** @} */"
                grouped = " ".join(part.strip().strip("/*").strip() for part in comment).strip()
                comment = [closed + "/** @name " + grouped + " */ /** @{ */"] + [""] * (len(comment) - 1)
            elif not line.startswith("/**") and (DECLARES.match(below) or below.startswith("#define")):
                comment[0] = "/**" + line[2:]
            result += comment
            at = end + 1
            continue
        result.append(behind(line))
        at += 1
    if grouped:
        result[-1] += closing
    return result


def behind(line):
    """A line whose comment behind a declaration documents it, and each of `u32 next, prev;`; macros that declare, resolved."""
    backend = re.fullmatch(r"GIC_BACKEND\((.*?), (\w+), (\(.*\)), \(.*\)\)", line)
    if backend:
        return "%s gic_%s%s;" % backend.groups()
    if re.fullmatch(r"\s*\w+\(X\)", line):
        return ""
    if re.match(r"\s*(/\*|#\s*(if|el|endif|include))", line):
        return line
    several = re.fullmatch(r"(\s+(?:struct )?\w+ )(\w+(?:\[\w+\])?(?:, \w+(?:\[\w+\])?)+);\s*(/\*.*\*/)", line)
    if several:
        return "".join("%s%s; /**<%s" % (several[1], name, several[3][2:]) for name in several[2].split(", "))
    return re.sub(r"(\S.*)/\*(?!\*)", r"\1/**<", line)


def comment_end(lines, at):
    while "*/" not in lines[at]:
        at += 1
    return at


def heads_macros(lines, at):
    """Whether lines[at] begins at least two macros in a row, up to a blank line of the same #if."""
    count = depth = 0
    while at < len(lines) and lines[at].strip():
        count += lines[at].startswith("#define")
        depth += lines[at].startswith("#if") - lines[at].startswith("#endif")
        if not count or depth < 0:
            return False
        at += 1
    return count > 1


def assembly(lines):
    """Each FUNC(name) as a C function, by the prototype that its comment begins with; the rest is blank but for comments."""
    result = ["" for _ in lines]
    at, start, prototype = 0, None, None
    while at < len(lines):
        line = lines[at]
        routine = ROUTINE.match(line)
        if line.startswith("/*"):
            end = comment_end(lines, at)
            result[at:end + 1] = lines[at:end + 1]
            start, at = at, end
        elif routine:
            prototype = "void %s(void)" % routine[1]
            if start is not None:
                text = " ".join(part.strip(" \t/*") for part in lines[start:at])
                found = re.match(r"\s*(" + PROTOTYPE % routine[1] + r")", text)
                if found:
                    prototype = re.sub(r" x\d\b", "", found[1])
                if start:
                    result[start] = "/**" + result[start][2:]
            result[at] = prototype + " {"
        elif line.startswith("END(") and prototype:
            result[at], prototype = "}", None
        elif line.strip() and not line.startswith("#") and prototype is None:
            start = None
        at += 1
    return result


def hypercalls(lines):
    """hypercall.def as prototypes of the handlers."""
    result, statement, inside = [], "", False
    for line in lines:
        inside = inside or line.startswith("/*")
        if inside:
            result.append(line)
            inside = "*/" not in line
            continue
        if statement or re.match(r"HYPERCALL\w*\(", line):
            statement += line.strip()
            if statement.endswith(")"):
                words = [word.strip() for word in re.fullmatch(r"HYPERCALL\w*\((.*)\)", statement)[1].split(",")]
                pairs = ["%s %s" % pair for pair in zip(words[3::2], words[4::2])]
                result.append("i64 hc_%s(%s);" % (words[1], ", ".join(pairs) or "void"))
                statement = ""
            else:
                result.append("")
        else:
            result.append(line if re.match(r"#\s*(if|endif)\b.*LAB|#endif", line) else "")
    return balanced(result)


def balanced(lines):
    """Without the #endif whose #if is gone."""
    depth = 0
    for at, line in enumerate(lines):
        if line.startswith("#if"):
            depth += 1
        elif line.startswith("#endif"):
            if depth:
                depth -= 1
            else:
                lines[at] = ""
    return lines


def link_hole(lines, name, steps):
    """Put the steps that ask for function `name` at the end of the comment above it; return whether there is one."""
    at = 0
    while at < len(lines):
        if lines[at].startswith("/**"):
            end = comment_end(lines, at)
            declared = NAME.search(" ".join(lines[end + 1:end + 4]).split(";")[0].split("{")[0])
            if declared and declared[1] == name:
                mark = "".join(" @writtenin{%s,%s}" % (url, words.replace(",", "\\,")) for url, words in steps)
                lines[end] = lines[end].replace("*/", mark + " */")
                return True
            at = end
        at += 1
    return False
