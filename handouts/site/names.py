"""What Doxygen's XML says: where each name is documented, and which public declarations lack a description."""
import re
import xml.etree.ElementTree as ET
from pathlib import Path


class Names:
    """`files` maps paths to pages, `hypercalls` is the set of their names."""

    def __init__(self, folder, texts):
        self.files, self.symbols, self.hypercalls, self.members = {}, {}, set(), []
        self.linked, self.private = set(), set()
        self.helpers = {(path, name) for path, text in texts.items() for name in re.findall(r"(?m)^#undef (\w+)", text)}
        index = ET.parse(str(Path(folder) / "index.xml")).getroot()
        for entry in index.findall("compound"):
            compound = ET.parse(str(Path(folder) / (entry.get("refid") + ".xml"))).getroot().find("compounddef")
            self.compound(compound)

    def compound(self, compound):
        kind, page = compound.get("kind"), compound.get("id") + ".html"
        location = compound.find("location")
        path = location.get("file").rstrip("/") if location is not None else ""
        if kind == "file":
            self.files[path] = page
        elif kind == "dir":
            self.files[path] = page
            return
        elif kind in ("struct", "union"):
            name = compound.findtext("compoundname")
            self.symbols.setdefault(name, {})[path] = page
            if "@" not in name and "::" not in name:
                self.members.append((path, location.get("line"), "struct " + name, [], compound))
        else:
            return
        for member in compound.iter("memberdef"):
            self.member(path, member, kind)

    def member(self, path, member, kind):
        name, where = member.findtext("name"), member.get("id")
        page, _, anchor = where.rpartition("_1")
        url = "%s.html#%s" % (page, anchor)
        line = member.find("location").get("line")
        place = member.find("location").get("file")
        if kind == "file":
            self.symbols.setdefault(name, {})[path] = url
            if member.get("kind") == "variable" and path.endswith(".c"):
                self.private.add(url)
            for value in member.findall("enumvalue"):
                self.symbols.setdefault(value.findtext("name"), {})[path] = url
                self.members.append((place, line, value.findtext("name"), [], value))
        if path.endswith("hypercall.def") and name.startswith("hc_"):
            self.hypercalls.add(name[3:])
        for link in member.iter("ulink"):
            self.linked.add((name, link.get("url")))
        parameters = [parameter.findtext("declname") or parameter.findtext("defname") or ""
                      for parameter in member.findall("param")]
        if name and (path, name) not in self.helpers and "@" not in name:
            self.members.append((place, line, name, parameters if member.get("kind") == "function" else [], member))

    def symbol(self, name, path):
        """Where `name` is documented, in file `path` if it is there; in a source file rather than in a header.

        A file's own variable, as `used`, only if the file is given: elsewhere the same word may be another's.
        """
        places = self.symbols.get(name, {})
        if path in places:
            return places[path]
        places = {place: url for place, url in places.items() if url not in self.private}
        ranked = sorted(places, key=lambda place: (place.startswith("user/"), place.endswith((".h", ".def")), place))
        return places[ranked[0]] if ranked else None

    def has_link(self, name, url):
        return (name, url) in self.linked

    def undocumented(self, public):
        """What lacks a description, or a parameter in it, as `path:line: what`."""
        wrong = set()
        for path, line, name, parameters, element in self.members:
            if not public(path):
                continue
            texts = [element.find(part) for part in ("briefdescription", "detaileddescription")]
            words = " ".join("".join(text.itertext()) for text in texts if text is not None).strip()
            named = {word for text in texts if text is not None for mark in ("parametername", "computeroutput")
                     for found in text.iter(mark) for word in re.findall(r"\w+", found.text or "")}
            if not words:
                wrong.add("%s:%s: %s has no description" % (path, line, name))
            else:
                wrong |= {"%s:%s: %s does not describe its parameter %s (@param %s, or @p %s in a sentence)"
                          % (path, line, name, one, one, one) for one in parameters if one and one not in named}
        return sorted(wrong, key=lambda text: [int(part) if part.isdigit() else part for part in re.split(r"(\d+)", text)])
