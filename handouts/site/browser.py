"""Chromium, driven through its debugging pipe: JSON messages that end in a zero byte, on descriptors 3 (in) and 4 (out)."""
import json
import os
import shutil
import subprocess
import tempfile

NAMES = ["chromium", "chromium-browser", "google-chrome"]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-extensions",
         "--no-first-run", "--hide-scrollbars", "--allow-file-access-from-files", "--remote-debugging-pipe"]


def find():
    """The command, or None."""
    return next((name for name in [os.environ.get("CHROMIUM", "")] + NAMES if name and shutil.which(name)), None)


class Browser:
    """One browser with one page, for a `with`."""

    def __init__(self, command):
        self.command, self.number, self.events, self.session = command, 0, [], None

    def __enter__(self):
        self.profile = tempfile.mkdtemp(prefix="hv8-browser-")
        to_read, self.out = os.pipe()
        self.into, to_write = os.pipe()
        shell = 'exec 3<&%d 4>&%d; exec "$0" "$@"' % (to_read, to_write)
        self.process = subprocess.Popen(["bash", "-c", shell, self.command, *FLAGS, "--user-data-dir=" + self.profile],
                                        pass_fds=(to_read, to_write), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL)
        os.close(to_read)
        os.close(to_write)
        self.rest = b""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(domain + ".enable")
        return self

    def __exit__(self, *_):
        os.close(self.out)
        os.close(self.into)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.profile, ignore_errors=True)

    def message(self):
        """The next message; waits for it."""
        while b"\0" not in self.rest:
            part = os.read(self.into, 1 << 20)
            if not part:
                raise OSError("%s ended early" % self.command)
            self.rest += part
        text, self.rest = self.rest.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **parameters):
        """Call a method of the protocol; events that come before its answer are kept."""
        self.number += 1
        request = {"id": self.number, "method": method, "params": parameters}
        if self.session:
            request["sessionId"] = self.session
        data = json.dumps(request).encode() + b"\0"
        while data:
            data = data[os.write(self.out, data):]
        while True:
            answer = self.message()
            if answer.get("id") == self.number:
                if "error" in answer:
                    raise OSError("%s: %s" % (method, answer["error"]["message"]))
                return answer["result"]
            self.events.append(answer)

    def load(self, url):
        """Load a page and let it settle; return what went wrong there, in words."""
        self.events = []
        failed = self.call("Page.navigate", url=url).get("errorText")
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self.events.append(self.message())
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
        return ([failed] if failed else []) + [text for text in map(complaint, self.events) if text]

    def evaluate(self, expression):
        answer = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        return answer["result"].get("value")

    def screen(self, width, height, dark, phone):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=phone)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])


def complaint(event):
    """What an event says went wrong, or None."""
    method, parameters = event.get("method"), event.get("params", {})
    if method == "Runtime.exceptionThrown":
        details = parameters["exceptionDetails"]
        return "%s (%s)" % (details.get("exception", {}).get("description", details["text"]).split("\n")[0],
                            details.get("url", "").rsplit("/", 1)[-1])
    if method == "Runtime.consoleAPICalled" and parameters["type"] in ("error", "assert"):
        return " ".join(str(one.get("value", one.get("description"))) for one in parameters["args"])
    if method == "Log.entryAdded" and parameters["entry"]["level"] == "error":
        return parameters["entry"]["text"]
    if method == "Network.requestWillBeSent":
        url = parameters["request"]["url"]
        return None if url.startswith(("file:", "data:", "about:", "blob:")) else "it asks the network for " + url
    return None
