"""The handouts' drawings: each is what its source says, can be read on a light and on a dark page, and is listed with the lab that
first shows it; every register that the kernel writes is drawn, or a reason is given."""
import contextlib
import io
import re
import sys
import tempfile
import unittest
from pathlib import Path
from xml.etree import ElementTree

ROOT = Path(__file__).resolve().parents[2]
DRAWINGS = ROOT / "handouts" / "drawings"
sys.path[:0] = [str(DRAWINGS), str(ROOT / "grading"), str(ROOT / "labs")]
import bits                                                                     # noqa: E402
import draw                                                                     # noqa: E402
import registers                                                                # noqa: E402
import split                                                                    # noqa: E402
import style                                                                    # noqa: E402

COLUMN, SMALLEST = 760, 10                                                      # pixels: a page's text column, letters in it
SVG = "{http://www.w3.org/2000/svg}"
FILES = sorted(DRAWINGS.glob("*.svg"))
README = (DRAWINGS / "README.md").read_text(encoding="utf-8")


def listed():
    """{drawing: the lab in which it first appears}, as the README's tables say."""
    labs = {name: int(lab) for name, lab in re.findall(r"^\| ([\w-]+) \| (\d) \|", README, re.M)}
    for lab, names in re.findall(r"^\| (\d) \| ([\w ]+) \|$", README, re.M):
        labs.update(dict.fromkeys(names.split(), int(lab)))
    return labs


def stages():
    """{path: the lab in which it first appears}, of what students get."""
    return split.file_stages(ROOT, split.labs(ROOT))


def code():
    """(lab, line) for each line of the kernel: the lab whose code it is."""
    first = stages()
    for path in sorted((ROOT / "kernel").rglob("*.[chS]")):
        inside = [first[str(path.relative_to(ROOT))]]
        for line in path.read_text(encoding="utf-8").splitlines():
            condition = re.match(r"#if(?: (?:LAB|SOLUTION) >= (\d)|)", line)
            if condition:
                inside.append(int(condition.group(1) or 1))
            elif line.startswith("#else"):
                inside[-1] = 1
            elif line.startswith("#endif"):
                inside.pop()
            yield max(inside), line


def written():
    """{register that the kernel writes: the first lab whose code does}."""
    names = {}
    encodings = {"S%d_%d_C%d_C%d_%d" % numbers: name for name, numbers in registers.ENCODINGS.items()}

    def note(name, lab):
        name = encodings.get(name.upper(), name.upper())
        names[name] = min(lab, names.get(name, lab))

    for lab, line in code():
        for name in re.findall(r"write_sysreg\(([\w#]+)|^\s+msr\s+(\w+),", line):
            name = re.sub(r"##\w+##", "", name[0] or name[1])
            if name not in ("a", "b", "reg"):                                   # macros' parameters
                note(name, lab)
        for pair in re.findall(r"^\tX\((\w+), (\w+)\)", line):                    # EL1_REGISTERS
            for name in pair:
                note(name, lab)
        for first, bit in re.findall(r"mmio_write32\(([^,]*)|write_bit\((GICD_\w+)", line):
            for name in re.findall(r"\bGIC[DRCH]_(?!SGI_BASE)\w+", first + bit) + ["PL011_" + name for name in re.findall(
                    r"uart \+ (\w+)", first)]:
                note(name, lab)
    return names


class Sources(unittest.TestCase):
    def test_every_drawing_is_what_its_source_says(self):
        drawn, _ = bits.read()
        for register in drawn:
            with self.subTest(register=register.name):
                self.assertEqual((DRAWINGS / (register.name + ".svg")).read_text(encoding="utf-8"), bits.draw(register),
                                 "run `make drawings`")
        for source in DRAWINGS.glob("*.dot"):
            with self.subTest(source=source.name):
                self.assertIn("<!-- made by `make drawings` from %s -->" % draw.stamp(source),
                              source.with_suffix(".svg").read_text(encoding="utf-8"), "run `make drawings`")
        self.assertEqual({path.stem for path in FILES}, {register.name for register in drawn} | {
            source.stem for source in DRAWINGS.glob("*.dot")}, "an SVG without a source")

    def test_a_drawing_is_listed_with_the_lab_that_shows_it_first(self):
        labs = listed()
        self.assertEqual(sorted(labs), [path.stem for path in FILES])
        first = stages()
        for name, lab in labs.items():
            for path in (DRAWINGS / (name + suffix) for suffix in (".svg", ".dot")):
                if path.exists():
                    self.assertEqual(first[str(path.relative_to(ROOT))], lab, "%s: README.md and labs/lab*/files" % path.name)

    def test_a_handout_shows_no_later_drawing(self):
        labs, first, shown = listed(), stages(), 0
        for page in set((ROOT / "handouts").rglob("*.md")) - {DRAWINGS / "README.md"}:
            number = first.get(str(page.relative_to(ROOT)), 9)                  # not for students: any
            for name in re.findall(r"\]\((?:\.\./)?drawings/([\w-]+)\.svg\)", page.read_text(encoding="utf-8")):
                shown += 1
                self.assertLessEqual(labs.get(name, 99), number, "%s shows drawings/%s.svg" % (page.name, name))
        self.assertGreater(shown, 1)

    def test_mistakes_in_registers_txt_are_named(self):
        for text, told in (("[NOBODY] 64 x", "NOBODY"), ("[HCR_EL2] 64 x\nTVMM", "TVMM"), ("[HCR_EL2] 64 x\nTWEDEL", "TWEDEL"), 
                           ("[HCR_EL2] 64 x\nTVM = 2", "1 bits"), ("! a", "! a")):
            with tempfile.NamedTemporaryFile("w", suffix=".txt") as table:
                table.write(text)
                table.flush()
                with self.assertRaisesRegex(bits.DrawingError, r"^[\w.]+:\d: .*" + told):
                    bits.read(Path(table.name))

    def test_an_unknown_name_is_refused(self):
        with self.assertRaisesRegex(bits.DrawingError, "no drawing nothing"), contextlib.redirect_stdout(io.StringIO()):
            draw.main(["nothing"])


class Registers(unittest.TestCase):
    def test_every_register_that_is_written_is_drawn_or_there_is_a_reason(self):
        drawn, none = bits.read()
        names, labs, found = {register.name for register in drawn}, listed(), written()
        for name, lab in sorted(found.items()):
            with self.subTest(register=name):
                self.assertIn(name, names | set(none), "draw it in registers.txt, or give a reason in its [none]")
                self.assertLessEqual(labs.get(name, 0), lab, "lab %d writes it already" % lab)
        self.assertEqual(set(none) & names, set(), "drawn, and a reason why not")
        self.assertEqual(set(none) - set(found), set(), "a reason for what is never written")
        self.assertGreater(len(found), 100)

    def test_bits_are_where_the_kernel_has_them(self):
        layouts, compared = {**registers.REGISTERS, **registers.FORMATS}, 0
        defined = "".join((ROOT / path).read_text(encoding="utf-8") for path in (
            "kernel/include/hv8/sysreg.h", "kernel/include/hv8/gic.h", "kernel/irq/gicv2.c", "kernel/irq/gicv3.c"))
        uart = re.sub("(?m)^#define ", "#define PL011_", (ROOT / "kernel/dev/pl011.c").read_text(encoding="utf-8"))
        for name, bit in re.findall(r"#define (\w+) +\(?(?:BIT\(|1U?L? << )(\d+)\)", defined + uart):
            for register, layout in layouts.items():
                for field, (_, low) in layout.items():
                    if name in (register + "_" + field, register[:-1] + "x_" + field, "PTE_" + field if "_PAGE" in register else 0,
                                register.replace("ICH_HCR_EL2", "ICH_HCR") + "_" + field.upper()):
                        compared += 1
                        self.assertEqual(low, int(bit), "%s, %s.%s" % (name, register, field))
        self.assertGreater(compared, 60)

    def test_names_stay_in_their_cells_and_lines_in_the_drawing(self):
        for register in bits.read()[0]:
            picture = ElementTree.fromstring(bits.draw(register))
            width = float(picture.get("width"))
            boxes = [[float(rect.get(key)) for key in ("x", "y", "width", "height")] for rect in picture.iter(SVG + "rect")
                     if rect.get("x")]
            for text in picture.iter(SVG + "text"):
                x, y, long = float(text.get("x")), float(text.get("y")), bits.text_width(text.text, float(text.get("font-size")))
                if text.get("transform"):
                    fits = any(left < x < left + wide and top + 2 <= y - long / 2 and y + long / 2 <= top + high - 2
                               for left, top, wide, high in boxes)
                else:
                    start = x - long * {"middle": .5, "end": 1, None: 0}[text.get("text-anchor")]
                    cells = [box for box in boxes if box[1] < y < box[1] + box[3]] or [[0, 0, width, 0]]
                    fits = any(left <= start and start + long <= left + wide for left, _, wide, _ in cells)
                self.assertTrue(fits, "%s: %s" % (register.name, text.text))

    def test_names_at_most_as_wide_as_a_cell_lie(self):
        """A cell of one bit has its name upright if it is longer than the cell is wide."""
        picture = ElementTree.fromstring(bits.draw(next(register for register in bits.read()[0] if register.name == "HCR_EL2")))
        turned = {text.text for text in picture.iter(SVG + "text") if text.get("transform")}
        self.assertLess({"TVM", "AMVOFFEN", "MIOCNCE"}, turned)
        self.assertFalse({"TWEDEL", "VM", "CD"} & turned)


class Looks(unittest.TestCase):
    def test_every_file_is_an_image_with_a_title(self):
        for path in FILES:
            root = ElementTree.parse(path).getroot()
            with self.subTest(drawing=path.name):
                self.assertEqual((root.tag, root[0].tag), (SVG + "svg", SVG + "title"))
                self.assertGreater(len(root[0].text), 8)
                self.assertEqual(len(list(root.iter(SVG + "title"))), 1)
                self.assertFalse([element.tag for element in root.iter() if element.tag in (SVG + "script", SVG + "image")
                                  or element.get("id")])                        # ids would be there twice in a page

    def test_every_colour_has_a_dark_one(self):
        for path in FILES:
            root = ElementTree.parse(path).getroot()
            sheet = "".join(element.text for element in root.iter(SVG + "style"))
            for kind in ("fill", "stroke"):
                used = {element.get(kind) for element in root.iter()} - {None, "none", "transparent"}
                dark = set(re.findall(r"\[%s='(#[0-9a-f]{6})'\]" % kind, sheet))
                self.assertEqual(used - dark, set(), "%s: %s without a colour for dark pages, see style.py" % (path.name, kind))
            ground = root.find(SVG + "rect")
            self.assertEqual([ground.get(key) for key in ("width", "height", "fill")],
                             [root.get("width"), root.get("height"), style.PAPER])

    def test_text_stands_out_on_every_fill(self):
        def light(colour):
            parts = [int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)]
            parts = [part / 12.92 if part <= .04045 else ((part + .055) / 1.055) ** 2.4 for part in parts]
            return .2126 * parts[0] + .7152 * parts[1] + .0722 * parts[2]

        for ink in style.TEXTS:
            for ground in style.FILLS if ink == style.TEXT else (style.PAPER, "#f0f0ee"):
                for one, other in ((ink, ground), (style.TEXTS[ink], style.FILLS[ground])):
                    high, low = sorted((light(one), light(other)), reverse=True)
                    self.assertGreaterEqual((high + .05) / (low + .05), 4.5, "%s on %s" % (one, other))          # WCAG 2.1, 1.4.3

    def test_no_text_lies_on_another(self):
        for path in FILES:
            boxes = []
            for text in ElementTree.parse(path).getroot().iter(SVG + "text"):
                x, y, size = (float(text.get(key)) for key in ("x", "y", "font-size"))
                long = bits.text_width(text.text, size) * (1.06 if text.get("font-weight") else 1)
                start = x - long * {"middle": .5, "end": 1}.get(text.get("text-anchor"), 0)
                upright = (x - size * .7, y - long / 2, x, y + long / 2)
                boxes.append((upright if text.get("transform") else (start, y - size * .7, start + long, y), text.text))
            for at, (one, text) in enumerate(boxes):
                for other, beneath in boxes[:at]:
                    apart = one[0] >= other[2] or other[0] >= one[2] or one[1] >= other[3] or other[1] >= one[3]
                    self.assertTrue(apart or not (text.strip() and beneath.strip()), "%s: %s, %s" % (path.name, text, beneath))

    def test_letters_are_large_enough_in_a_page(self):
        for path in FILES:
            root = ElementTree.parse(path).getroot()
            scale = min(1, COLUMN / float(root.get("width"))) * (4 / 3 if root.find(SVG + "g") is not None else 1)
            small = min(float(text.get("font-size")) for text in root.iter(SVG + "text"))
            self.assertGreaterEqual(small * scale, SMALLEST, "%s, %s wide" % (path.name, root.get("width")))


if __name__ == "__main__":
    unittest.main()
