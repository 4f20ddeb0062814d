#!/usr/bin/env python3
"""The pages of `make trace` in Chromium, as a part of `make docs-check`, for which `make setup-docs` installs it."""
import os
import re
import subprocess
import sys
import unittest

import test_trace
from test_trace import OUT, traced

sys.path.insert(0, os.path.join(test_trace.ROOT, "handouts", "site"))
import browser                                                                  # noqa: E402

CHROMIUM = browser.find()


def tearDownModule():
    test_trace.tearDownModule()


class InABrowser(unittest.TestCase):
    def dom(self, page, script):
        """The document after `script` has run in it; no line may have come from the console."""
        path = os.path.join(OUT, "tried.html")
        with open(path, "w", encoding="utf-8") as file:
            file.write(page.replace("</body>", "<script>%s</script></body>" % script))
        done = subprocess.run([CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking",
                               "--user-data-dir=" + os.path.join(OUT, "chromium"), "--enable-logging=stderr",
                               "--virtual-time-budget=2000", "--dump-dom", "file://" + path],
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=True, timeout=120)
        self.assertNotIn("CONSOLE", done.stderr)
        return done.stdout

    def test_the_page_works_in_a_browser(self):
        script = """search.value = "exit("; search.dispatchEvent(new Event("input"));
                    dispatchEvent(new KeyboardEvent("keydown", {key: "n"}));
                    dispatchEvent(new KeyboardEvent("keydown", {key: "f"}));"""
        shown = self.dom(traced(3, "fault_wild").page, script)
        self.assertRegex(shown, r'<output id="matches">1 of 1</output>')
        self.assertRegex(shown, r"<b>exit\(7\)</b><div>end of a process, at [\d,]+ ns</div>")
        self.assertIn("CONSOLE", subprocess.run(
            [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--user-data-dir=" + os.path.join(OUT, "chromium"),
             "--enable-logging=stderr", "--dump-dom", "data:text/html,<script>nothing()</script>"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True, timeout=120).stderr)

    def test_idle_time_is_left_out(self):
        shown = self.dom(traced(6, "sleep").page, 'squeeze(); document.title = "end " + end + " of " + data.end;')
        end, whole = map(int, re.search(r"<title>end (\d+) of (\d+)</title>", shown).groups())
        self.assertGreater(whole, 11 * 10 ** 9)
        self.assertLess(end, 3 * 10 ** 6)


if __name__ == "__main__":
    unittest.main()
