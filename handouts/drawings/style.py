"""One look for all drawings: colours for a light and a dark page, and the frame of an SVG file.

A drawing is drawn in the light colours; its style sheet exchanges each for the dark one where the page is dark. It brings a
background of its own, so that it can be read on whatever it is put. Text is dark on light or light on dark, on every fill.
"""
import html

FONT = "Helvetica,Arial,sans-serif"
TEXT, FAINT, LINE, PAPER = "#1a1a1a", "#555f6b", "#5b6673", "#fbfbf9"
# Light colour: dark colour.
TEXTS = {TEXT: "#e8e8e6", FAINT: "#a9b3bd"}
FILLS = {PAPER: "#1b1f24", "#f0f0ee": "#2a2f36",                                # paper; grey: nobody's, reserved, idle
         "#cfdff2": "#1e3c5c", "#eaf0f8": "#1d2733",                            # blue: hardware, and the ground behind it
         "#f3ddb3": "#54401a", "#fbf3e4": "#2a251b",                            # yellow: EL2, the kernel
         "#cfe8cf": "#1f4426", "#edf6ed": "#1d2a20",                            # green: EL1, processes
         "#f6d2cd": "#5c2620"}                                                  # red: wrong, or forbidden
LINES = {LINE: "#8b97a4", "#8a9bb0": "#5d7690", "#a8916a": "#8d7545", "#7da07d": "#5c8a5c"}

_RULES = (["[fill='%s']{fill:%s}" % pair for pair in {**FILLS, **TEXTS, **LINES}.items()] +
          ["[stroke='%s']{stroke:%s}" % pair for pair in {**LINES, **FILLS}.items()])
CSS = "@media (prefers-color-scheme:dark){%s}" % "".join(".hv8 " + rule for rule in _RULES)


def svg(title, source, width, height, body):
    """The whole file: `body` drawn in pixels from (0, 0); `source` is what the drawing was made from, as style.stamp() gives it."""
    return ('<?xml version="1.0" encoding="UTF-8"?>\n<!-- made by `make drawings` from %s -->\n'
            '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" class="hv8" role="img" width="%d" '
            'height="%d" viewBox="0 0 %d %d">\n<title>%s</title>\n<style>%s</style>\n'
            '<rect width="%d" height="%d" rx="6" fill="%s"/>\n%s\n</svg>\n'
            % (source, width, height, width, height, html.escape(title, False), CSS, width, height, PAPER, body.strip("\n")))
