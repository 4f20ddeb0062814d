"""The monitor's client against a QEMU made up here: what it does when QEMU cannot answer at once."""
import json
import os
import socket
import sys
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import monitor                                                                  # noqa: E402


class Waking(unittest.TestCase):
    def setUp(self):
        self.client = monitor.Monitor(2)
        self.addCleanup(self.client.close)
        self.qemu = socket.socket(fileno=os.dup(self.client.descriptors()[0]))
        self.addCleanup(self.qemu.close)
        self.qemu.settimeout(2)
        self.say({"QMP": {}}, {"return": {}})                   # the greeting, and the answer to qmp_capabilities

    def say(self, *what):
        self.qemu.sendall(b"".join(json.dumps(one).encode() + b"\n" for one in what))

    def heard(self):
        return [json.loads(line)["execute"] for line in self.qemu.recv(65536).splitlines()]

    def test_it_does_not_wait_for_a_cpu_that_waits_for_us(self):
        self.client.wake()                                      # QEMU says nothing: its CPU stands in the plugin
        self.client.wake()
        self.assertEqual(self.heard(), ["qmp_capabilities"] + ["stop", "cont"] * 2)

    def test_late_answers_are_not_taken_for_the_next_ones(self):
        self.client.wake()
        self.say({"event": "STOP"}, {"return": {}}, {"event": "RESUME"}, {"return": {}}, {"return": "CPU#0\r\n PC=0"})
        self.assertEqual(self.client._human("info registers -a"), "CPU#0\r\n PC=0")
        self.client.wake()
        self.say({"return": {}}, {"return": {}})
        self.client.wake()                                      # reads what has come meanwhile
        self.say({"error": {}}, {"return": {}}, {"return": "here"})
        self.assertEqual(self.client._human("info status"), "here")


if __name__ == "__main__":
    unittest.main()
