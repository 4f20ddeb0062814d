#!/usr/bin/env python3
"""Look at the site that `make docs` has made: `look.py build/docs`, and with --browser in Chromium (`make docs-check`).

It promises: every link and anchor of every page, of the tree and of the search leads somewhere; every image, style and script is
a file of the site, and nothing is loaded from a network. With --browser each page is loaded and must leave no error on the
console; a few are photographed at a laptop's and a phone's width, light and dark, for build/docs/shots/, and no page may be
wider than the phone.
"""
import argparse
import base64
import re
import sys
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import browser

LAPTOP, PHONE = (1280, 900, False), (390, 844, True)
LOADED = {"img": "src", "script": "src", "link": "href", "iframe": "src", "object": "data", "embed": "src", "source": "src"}


class Page(HTMLParser):
    """The anchors of a page and what it links to: `links` are followed by a reader, `loaded` by the browser."""

    def __init__(self, text):
        super().__init__()
        self.anchors, self.links, self.loaded = set(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        self.anchors |= {names[key] for key in ("id", "name") if names.get(key)}
        if tag in ("a", "area") and names.get("href"):
            self.links.append(names["href"])
        elif tag in LOADED and names.get(LOADED[tag]):
            self.loaded.append(names[LOADED[tag]])


def scripted(text):
    """What Doxygen's data for the tree, the menu and the search leads to."""
    return re.findall(r"""['"]((?:\.\./)?[\w-]+\.html(?:#[\w-]*)?)['"]""", text)


def check_links(folder):
    """Dead links as `page: what`."""
    pages = {path.name: Page(path.read_text("utf-8")) for path in sorted(folder.glob("*.html"))}
    wrong = set()

    def follow(where, base, link):
        url = urlsplit(link)
        if url.scheme in ("http", "https", "mailto"):
            return url.scheme
        if url.scheme == "javascript":
            return None
        target = (base / unquote(url.path)).resolve() if url.path else folder / where
        if not target.is_file():
            wrong.add("%s: there is no %s" % (where, link))
        elif url.fragment and target.parent == folder and target.name in pages \
                and unquote(url.fragment) not in pages[target.name].anchors:
            wrong.add("%s: %s has no place %s" % (where, target.name, unquote(url.fragment)))
        return None

    for name, page in pages.items():
        for link in page.links:
            follow(name, folder, link)
        for link in page.loaded:
            if follow(name, folder, link):
                wrong.add("%s: loads %s from the network" % (name, link))
    for path in sorted(folder.glob("*.js")) + sorted(folder.glob("search/*.js")):
        for link in scripted(path.read_text("utf-8")):
            follow(path.name, path.parent if link.startswith("..") else folder, link)
    for path in sorted(folder.glob("*.svg")):
        for link in re.findall(r'xlink:href="([^"]*)"', path.read_text("utf-8")):
            follow(path.name, folder, link.replace("&#45;", "-"))
    for path in sorted(folder.glob("*.css")):
        for link in re.findall(r"(?:url\(|@import\s+)['\"]?([^'\")]+)", path.read_text("utf-8")):
            if not link.startswith("data:") and follow(path.name, folder, link.split("#")[0] or "tabs.css"):
                wrong.add("%s: loads %s from the network" % (path.name, link))
    return len(pages), sorted(wrong)


def shown(folder):
    """The pages to photograph: an index, a handout, a routine with its graphs, the hypercalls, a source, an index of names."""
    handouts = sorted(path.name for path in folder.glob("lab*.html"))
    graph = next((path.name for path in sorted(folder.glob("*_8c.html")) if "_cgraph" in path.read_text("utf-8")), None)
    names = ["index.html", handouts[-1] if handouts else None, graph, "hypercalls.html", "start_8S.html", "main_8c_source.html",
             "modules.html", "glossary.html"]
    return [name for name in names if name and (folder / name).exists()]


def photograph(page, folder, shots, name):
    """Save four pictures of a page; return what is wrong with it on a phone."""
    graph = "_cgraph" in (folder / name).read_text("utf-8")
    wrong = []
    for width, height, phone in (LAPTOP, PHONE):
        for dark in (False, True):
            page.screen(width, height, dark, phone)
            page.load("%s/%s" % (folder.as_uri(), name))
            if graph:
                page.evaluate("document.querySelector('iframe[src*=_cgraph]').closest('.memitem').scrollIntoView(true)")
            wide = page.evaluate("document.documentElement.scrollWidth")
            if wide > width:
                wrong.append("%s: is %d wide on a screen of %d" % (name, wide, width))
            picture = page.call("Page.captureScreenshot", format="png")["data"]
            path = shots / ("%s-%d-%s.png" % (name[:-len(".html")], width, "dark" if dark else "light"))
            path.write_bytes(base64.b64decode(picture))
    return wrong


def check_browser(folder, shots):
    """Load every page; return how many, and the complaints as `page: what`."""
    command = browser.find()
    if not command:
        sys.exit("docs-check: there is no Chromium: run `make setup-docs`, or name one with CHROMIUM=")
    shots.mkdir(parents=True, exist_ok=True)
    names = sorted(path.name for path in folder.glob("*.html"))

    def load(some):
        with browser.Browser(command) as page:
            page.screen(*PHONE[:2], False, True)
            for name in some:
                yield from ("%s: %s" % (name, complaint) for complaint in page.load("%s/%s" % (folder.as_uri(), name)))
                if page.evaluate("document.documentElement.scrollWidth") > PHONE[0]:
                    yield "%s: is wider than a phone" % name

    with ThreadPoolExecutor(2) as pool:
        halves = [pool.submit(lambda some: list(load(some)), names[part::2]) for part in (0, 1)]
        wrong = [line for half in halves for line in half.result()]
    with browser.Browser(command) as page:
        for name in shown(folder):
            wrong += photograph(page, folder, shots, name)
    return len(names), wrong


def main():
    parser = argparse.ArgumentParser(description="Check the site that make docs has made.")
    parser.add_argument("docs", type=Path, help="build/docs")
    parser.add_argument("--browser", action="store_true", help="load every page in Chromium too")
    args = parser.parse_args()
    folder = args.docs.resolve() / "html"
    if not (folder / "index.html").is_file():
        sys.exit("docs-check: there is no %s/index.html: run `make docs` first" % folder)
    count, wrong = check_links(folder)
    said = "%d pages, every link leads somewhere" % count
    if args.browser:
        count, more = check_browser(folder, args.docs / "shots")
        wrong += more
        said = "%d pages loaded without an error; look at %s" % (count, args.docs / "shots")
    if wrong:
        sys.exit("docs-check: " + "\ndocs-check: ".join(wrong))
    print("docs-check: " + said)


if __name__ == "__main__":
    main()
