"""The handouts as pages for Doxygen: its Markdown differs from the one that everybody reads, and names become links.

Names of functions, files and hypercalls in backticks lead to their documentation; links between handouts lead to pages, links
to what the site does not show become plain text. Fenced and indented blocks stay as they are.
"""
import html
import posixpath
import re

FENCE = re.compile(r"\s*(```+)\s*(\w*)\s*$")
HEADING = re.compile(r"(#{1,4}) (.*)")
TASK = re.compile(r"\*(`.+?)\*(?=[\s,;]|$)", re.S)
CODE = re.compile(r"(`+)(.+?)\1(?!`)", re.S)
TOKEN = re.compile(r"(!?)\[((?:`[^`]*`|[^\[\]])*)\]\(([^()\s]+)\)|(`+)(.+?)\4(?!`)", re.S)
TAGS = r"/?(?:br|sub|sup|em|kbd|details|summary)\b"


def slug(text):
    """The anchor that code forges give a heading."""
    return re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-")


def anchor(page, text):
    """The same for Doxygen, where anchors of all pages must differ."""
    return "%s-%s" % (page, slug(text))


def blocks(text):
    """Split a page into (kind, lines): fence, code (indented), heading, or text (a paragraph, list or table)."""
    found, kind = [], "text"

    def add(new, line):
        if not found or found[-1][0] != new or new == "heading":
            found.append((new, []))
        found[-1][1].append(line)

    blank, listed = True, False
    for line in re.sub(r"<!--.*?-->", "", text, flags=re.S).split("\n"):
        mark = FENCE.match(line)
        if kind == "fence":
            add(kind, line)
            kind = "text" if mark and not mark[2] else kind
        elif mark:
            kind = "fence"
            found.append((kind, [line]))
        elif not line.strip():
            add("code" if kind == "code" else "text", line)
        else:
            listed = bool(re.match(r"([-*+]|\d+\.) ", line)) or (listed and line.startswith(" "))
            indented = line.startswith("      " if listed else "    ")
            kind = "code" if indented and (blank or kind == "code") else "text"
            add("heading" if HEADING.match(line) else kind, line)
        blank = not line.strip()
    return found


def holes(page, text):
    """Yield (path or None, function, anchor, words) for each step's line *`hole` in `path`.* of a lab's handout."""
    number, step = re.match(r"lab(\d+)", page)[1], None
    for kind, lines in blocks(text):
        if kind == "heading":
            title = HEADING.match(lines[0])[2]
            found = re.match(r"Step (\d+)", title)
            step = (anchor(page, title), "lab %s, step %s" % (number, found[1])) if found else None
        elif kind == "text" and step:
            for task in TASK.findall("\n".join(lines)):
                path = None
                for span in reversed([found[1] for found in CODE.findall(task)]):
                    if re.fullmatch(r"[\w/]+\.\w+", span):
                        path = span
                    elif re.fullmatch(r"\w+", span):
                        yield (path, span) + step


class Page:
    """One page: `name` is that of its HTML file, `path` where its text is from. `site` knows what names and files lead to."""

    def __init__(self, site, name, path, text):
        self.site, self.name, self.path, self.text = site, name, path, text
        self.images = []
        first = next((lines[0] for kind, lines in blocks(text) if kind == "heading"), "# " + name)
        self.title = HEADING.match(first)[2].replace("`", "")

    def convert(self):
        """The page in Doxygen's Markdown."""
        result, titled, above = [], False, []
        for kind, lines in blocks(self.text):
            if kind == "heading":
                level, words = HEADING.match(lines[0]).groups()
                label = anchor(self.name, words) if titled else self.name
                words = re.sub(r"`([^`]*)`", r"\1", words)
                while above and above[-1] >= len(level):
                    above.pop()
                above.append(len(level))                # Doxygen wants no level left out
                result.append("%s %s {#%s}" % ("#" * len(above), self.escape(words), label))
                if not titled and self.name != "index":
                    result += ["", "[TOC]", ""]
                titled = True
            elif kind == "fence":
                language = FENCE.match(lines[0])[2]
                result += ["```{.%s}" % ("c" if language == "c" else "unparsed")] + lines[1:-1] + ["```"]
            elif kind == "code":
                result += lines
            else:
                parts = [part.strip("\n") for part in re.split(r"\n\s*\n", "\n".join(lines))]
                result += ["", "\n\n".join(self.prose(part) for part in parts if part), ""]
        return "\n".join(result) + "\n"

    def prose(self, text):
        """A paragraph, list or table."""
        text = TASK.sub(lambda task: "<em>%s</em>" % task[1], text) if text.startswith("*`") else text
        rows = text.startswith("|")
        result, at = [], 0
        for token in TOKEN.finditer(text):
            result.append(self.escape(text[at:token.start()]))
            at = token.end()
            image, words, target, _, code = token.groups()
            first_cell = rows and text[:token.start()].rsplit("\n", 1)[-1].strip() == "|"
            if code:
                place = re.match(r"(?:(?:,|,? and| or)?\s+`\w+`)*\s+in\s+`([\w/]+\.\w+)`", text[token.end():])
                url = None if first_cell else self.site.name_url(code, place[1] if place else None)
                result.append(self.code(code, url))
            elif image:
                result.append(self.image(words, target))
            else:
                shown, url = self.words(words), self.target(target)
                result.append('<a href="%s">%s</a>' % (html.escape(url), shown) if url else shown)
        return "".join(result) + self.escape(text[at:])

    def words(self, text):
        """What a link or a caption says."""
        return "".join(self.code(part[1:-1]) if part[:1] == "`" else self.escape(part) for part in re.split(r"(`[^`]*`)", text))

    @staticmethod
    def code(text, url=None):
        """Code in a line. Two backticks, since Doxygen takes `it's` for something else."""
        shown = "``%s``" % re.sub(r"\s*\n\s*", " ", text)
        return '<a class="el" href="%s">%s</a>' % (url, shown) if url else shown

    @staticmethod
    def escape(text):
        """Prose without what Doxygen takes for commands, tags or references."""
        text = re.sub(r"<(?!%s)" % TAGS, "&lt;", text)
        text = re.sub(r"\\(?![*_`|\\\[\]#])", r"\\\\", text)
        return re.sub(r"(?<!\\)(@|%(?=\w)|#(?=\w))", r"\\\1", text)

    def target(self, target):
        """Where a link of this page leads on the site; None if what it names is not there."""
        path, _, part = target.partition("#")
        if re.match(r"[a-z]+:", target):
            return target
        if not path:
            return "#" + anchor(self.name, part)
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), path))
        page = self.site.page_names.get(path)
        if page and part:
            return "%s.html#%s-%s" % (page, page, part)
        return page + ".html" if page else self.site.file_url(path)

    def image(self, words, target):
        """A drawing with its caption."""
        path = posixpath.normpath(posixpath.join(posixpath.dirname(self.path), target))
        self.images.append(path)
        caption = html.escape(words.replace("`", "").replace("\n", " "))
        return '<div class="drawing"><img src="%s" alt="%s"/><p>%s</p></div>' % (
            posixpath.basename(path), caption, self.words(words.replace("\n", " ")))
