"""A headless Chromium, driven over the two pipes of its DevTools protocol: Python's own library is all that it takes."""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time


class Chromium:
    def __init__(self, program="chromium"):
        self.folder = tempfile.mkdtemp(prefix="hone-view-")
        (self.to_read, self.to), (self.back, self.back_write) = os.pipe(), os.pipe()
        # The program reads descriptor 3 and writes 4.
        command = (f'exec 3<&{self.to_read} 4>&{self.back_write}; exec {program} --headless=new --no-sandbox --disable-gpu '
                   f'--disable-dev-shm-usage --hide-scrollbars --no-first-run --remote-debugging-pipe --user-data-dir={self.folder} about:blank')
        self.child = subprocess.Popen(["bash", "-c", command], pass_fds=(self.to_read, self.back_write), stderr=subprocess.DEVNULL)
        os.close(self.to_read)
        os.close(self.back_write)
        self.number, self.received, self.events, self.session = 0, b"", [], None
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self.session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Network", "Runtime", "Log"):
            self.call(domain + ".enable")

    def message(self, patience):
        until = time.monotonic() + patience
        while b"\0" not in self.received:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.back], [], [], left)[0]:
                return None
            self.received += os.read(self.back, 1 << 20)
        text, self.received = self.received.split(b"\0", 1)
        return json.loads(text)

    def call(self, method, **params):
        self.number += 1
        message = {"id": self.number, "method": method, "params": params}
        if self.session:
            message["sessionId"] = self.session
        os.write(self.to, json.dumps(message).encode() + b"\0")
        while True:
            got = self.message(120)
            if got is None:
                raise TimeoutError(method)
            if got.get("id") == self.number:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]
            self.events.append(got)

    def listen(self, seconds):
        """Takes what the browser tells for so long."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            got = self.message(left)
            if got:
                self.events.append(got)

    def run(self, script):
        """What a script on the page gives; a promise is waited for."""
        got = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True)
        if "exceptionDetails" in got:
            raise RuntimeError(json.dumps(got["exceptionDetails"]))
        return got["result"].get("value")

    def wait(self, script, patience=60):
        """Waits until a script gives something true; how many seconds it took."""
        begun = time.monotonic()
        while not self.run(script):
            if time.monotonic() - begun > patience:
                raise TimeoutError(script)
            time.sleep(0.05)
        return time.monotonic() - begun

    def open(self, address, width=1280, height=900):
        self.size(width, height)
        self.call("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def size(self, width, height):
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def dark(self, dark):
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def picture(self, path, most=2400):
        height = min(most, self.run("document.documentElement.scrollHeight"))
        width = self.run("innerWidth")
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        data = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, clip=clip)["data"]
        with open(path, "wb") as file:
            file.write(base64.b64decode(data))

    def close(self):
        self.child.terminate()
        self.child.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
