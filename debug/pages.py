"""`hv8 pages`: who owns the memory of processes, as pages[] says (kernel/include/uapi/tables.h)."""
import collections
import itertools
import struct

import gdb

import tables
import target

PAGE = 4096
CODES = {1: "B", 2: "H", 4: "I", 8: "Q"}
PERMS = {1: "r--", 2: "rw-", 3: "r-x"}          # enum vm_perm without VM_EL0


class Memory:
    """All pages of processes: `rows`, a struct page each with its fields' values, and where they are."""

    def __init__(self):
        table, place = target.variable("pages", 3, "processes"), target.variable("page_memory", 3, "processes")
        self.base, self.count = int(place["base"]), int(place["count"])
        fields = table.type.target().fields()
        page = collections.namedtuple("Page", [field.name for field in fields])
        layout = struct.Struct("<" + "".join(CODES[field.type.sizeof] for field in fields))
        if layout.size != table.type.target().sizeof:
            raise gdb.GdbError("struct page has gaps between its fields: %s" % table.type.target())
        self.rows = list(itertools.starmap(page, layout.iter_unpack(target.bytes_of("pages"))))[:self.count]
        self.types = {int(field.enumval): field.name.replace("PAGE_", "").lower()
                      for field in gdb.lookup_type("enum page_type").fields() if field.name != "PAGE_NONE"}

    def number(self, address):
        """The page at a physical address, or None."""
        number = address - self.base >> 12
        return number if 0 <= number < self.count else None


class Pages(target.Command):
    """Say who owns the pages of process memory: hv8 pages [PID|TYPE]

    Without an argument: runs of pages with the same owner and type. PID: each page of this process. TYPE, which is frame, l0, l1,
    l2, l3 or free: the pages of this type.
    """
    name = "pages"

    def run(self, arguments):
        memory = Memory()
        if arguments.isdigit():
            self._of_process(memory, tables.process(arguments).pid)
            return
        chosen = [number for number, kind in memory.types.items() if kind == arguments.lower()]
        if arguments and not chosen:
            raise gdb.GdbError("hv8 pages: '%s' is neither a pid nor one of %s" % (arguments, ", ".join(memory.types.values())))
        counts = collections.Counter(memory.types[row.type] for row in memory.rows)
        print("%d pages from 0x%x: %s" % (memory.count, memory.base, ", ".join("%d %s" % (counts[kind], kind)
                                                                              for kind in memory.types.values() if counts[kind])))
        print("%-13s %6s  %-6s %s" % ("pages", "count", "type", "owner"))
        first = 0
        for (kind, owner), rows in itertools.groupby(memory.rows, lambda row: (row.type, row.owner)):
            count = len(list(rows))
            if not arguments or kind in chosen:
                pages = "%d" % first if count == 1 else "%d-%d" % (first, first + count - 1)
                print(("%-13s %6d  %-6s %s" % (pages, count, memory.types[kind],
                                               tables.Process(owner).title if owner else "")).rstrip())
            first += count

    def _of_process(self, memory, pid):
        rows = [(number, row) for number, row in enumerate(memory.rows) if row.owner == pid and memory.types[row.type] != "free"]
        print("%s: %d pages" % (tables.Process(pid).title, len(rows)))
        print("%5s  %-10s  %-5s  %-14s  %s" % ("page", "PA", "type", "VA", "what"))
        for number, row in rows:
            kind = memory.types[row.type]
            what = ("%s%s" % (PERMS.get(row.perm & 3, "---"), ", EL0 too" if row.perm & 4 else "") if kind == "frame"
                    else "%d of 512 entries used" % row.used)
            print("%5d  0x%-8x  %-5s  0x%-12x  %s" % (number, memory.base + number * PAGE, kind, row.va, what))
