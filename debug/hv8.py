"""hv8's commands for gdb; `make gdb` sources this file, and `help hv8` lists the commands.

A command is a subclass of target.Command in a module of this folder, named for what it shows, that MODULES lists.
"""
import importlib
import os
import sys

import gdb

MODULES = ("syndromes", "sysregs", "mappings", "pages", "places", "programs", "processes", "interrupts", "timers")

FOLDER = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [path for path in (FOLDER, os.path.join(os.path.dirname(FOLDER), "grading")) if path not in sys.path]


class Hv8(gdb.Command):
    """What the hypervisor and its processes are doing: hv8 COMMAND."""

    def __init__(self):
        super().__init__("hv8", gdb.COMMAND_DATA, gdb.COMPLETE_COMMAND, True)


class Help(gdb.Command):
    """The same as `help hv8`: hv8 help [COMMAND]"""

    def __init__(self):
        super().__init__("hv8 help", gdb.COMMAND_DATA)

    def invoke(self, argument, from_tty):
        try:
            gdb.execute("help hv8 " + argument)
        except gdb.error as error:
            raise gdb.GdbError(str(error))


Hv8()
Help()
gdb.execute("set remotetimeout 60")                 # seconds; after gdb's 2 a busy host's answer would be taken for lost
gdb.execute("set max-value-size unlimited")         # the table of pages is larger than gdb's limit
for module in MODULES:
    importlib.import_module(module)
for command in importlib.import_module("target").Command.__subclasses__():
    command()
