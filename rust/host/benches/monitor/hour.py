#!/usr/bin/env python3
"""`hone monitor --every` for an hour of the emulated board's time, with resets, losses of the port and garbage on the line:

    west build -b hone_m4f -d build-fast -- -DCONFIG_QEMU_ICOUNT_SLEEP=n
    python3 rust/host/benches/monitor/hour.py --image build-fast/zephyr/zephyr.elf --hone target/debug/hone

The image runs in QEMU with the flags of its board, but for the console, which is a socket. Between it and a pseudo-terminal stands this script:
it notes each event that the board sent whole, puts noise between and into the ends of lines, resets the board each minute or two of its
time wherever it is in a line, and takes the port away each five minutes, once all that was sent has been read. At the end what `hone monitor`
printed is to be what was noted, in its order. Python's own library is all that it takes; QEMU and Linux."""

import argparse
import array
import fcntl
import json
import os
import random
import re
import select
import signal
import socket
import subprocess
import tempfile
import termios
import time
import tty

options = argparse.ArgumentParser()
options.add_argument("--hone", default="target/release/hone")
options.add_argument("--image", required=True)
options.add_argument("--seconds", type=float, default=3600, help="of the board's time")
options.add_argument("--seed", type=int, default=24)
options = options.parse_args()
chance = random.Random(options.seed)
folder = tempfile.TemporaryDirectory()
place = lambda name: os.path.join(folder.name, name)
TERMINAL = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
BEGUN = [b'{"event":"verd', b"\0\x01\x01\x02", b'{"', b"\r\n", b"\0\x05\x01\x20\x30"]


def connect(name):
    for _ in range(200):
        try:
            end = socket.socket(socket.AF_UNIX)
            end.connect(place(name))
            return end
        except OSError:
            time.sleep(0.05)
    raise SystemExit("QEMU did not start")


class Board:
    """QEMU: its console, and its reset button."""

    def __init__(self):
        flags = ["-cpu", "cortex-m4", "-machine", "mps2-an386", "-nographic", "-vga", "none", "-monitor", "none",
                 "-icount", "shift=4,align=off,sleep=off", "-rtc", "clock=vm", "-kernel", options.image]
        sockets = ["-chardev", f"socket,id=con,path={place('con')},server=on,wait=on", "-serial", "chardev:con",
                   "-qmp", f"unix:{place('qmp')},server=on,wait=off"]
        self.child = subprocess.Popen(["qemu-system-arm", *flags, *sockets], start_new_session=True, stderr=subprocess.DEVNULL)
        self.console = connect("con")
        self.control = connect("qmp")
        self.control.sendall(b'{"execute":"qmp_capabilities"}\n')

    def reset(self):
        self.control.sendall(b'{"execute":"system_reset"}\n')
        while select.select([self.control], [], [], 0)[0]:
            self.control.recv(65536)


class Port:
    """The pseudo-terminal, behind a name that stays."""

    def __init__(self):
        self.plug()

    def plug(self):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        os.symlink(os.ttyname(self.slave), place("new"))
        os.replace(place("new"), place("board"))

    def unread(self):
        count = array.array("i", [0])
        fcntl.ioctl(self.slave, termios.FIONREAD, count)
        return count[0]

    def pull(self):
        # The kernel passes on what was written a moment later, so that nothing to read is to hold for a while.
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            time.sleep(0.01)
            if self.unread():
                until = time.monotonic() + 0.5
        os.close(self.slave)
        os.close(self.master)
        os.unlink(place("board"))


sent, garbage, resets, losses, halves = [], 0, 0, 0, 0


def noise():
    global garbage
    garbage += 1
    return bytes(chance.randrange(256) for _ in range(chance.randint(1, 40))) + chance.choice(BEGUN + [b""] * 3)


def line(text):
    """A line as the board sent it: noted if it is an event, and given on with noise now and then."""
    global halves
    ending = b"\r\n" if text.endswith(b"\r\n") else b"\n"
    body = text[:-len(ending)]
    at = body.rfind(b'{"event"')
    if at < 0:
        return text
    plain = TERMINAL.sub(b"", body[at:])
    try:
        json.loads(plain)
        sent.append(plain.decode())
    except ValueError:
        halves += 1
    before = noise() if chance.random() < 1 / 20 else b""
    behind = noise() if chance.random() < 1 / 40 else b""
    return before + body + behind + ending


def enough(*_):
    """Ctrl-C: what came until now is compared."""
    options.seconds = 0


board, port = Board(), Port()
signal.signal(signal.SIGINT, enough)
said = open(place("said"), "wb")
monitor = subprocess.Popen([options.hone, "monitor", place("board"), "--every", "-c", "train esn --wait", "-c", "model save"],
                           start_new_session=True, stdout=said, stderr=open(place("notes"), "wb"))
begun, passed, clock, next_reset, next_loss = time.monotonic(), 0, 0, 100e6, 150e6
rest, away, ending, heard = b"", None, False, time.monotonic()
while True:
    now = time.monotonic()
    if away and now > away:
        port.plug()
        away = None
    ends = [] if away else [board.console, port.master]
    ready = select.select(ends, [], [], 0.02)[0] if ends else time.sleep(0.02) or []
    if port.master in ready and not away:
        try:
            board.console.sendall(os.read(port.master, 4096))
        except OSError:
            pass
    if board.console in ready:
        heard = now
        *lines, rest = (rest + board.console.recv(4096)).split(b"\n")
        given = b""
        for text in lines:
            text += b"\n"
            for time_us in re.findall(rb'"time_us":(\d+)[,}]', text):
                if (behind := clock - int(time_us)) < 3e6:
                    passed, clock = passed + max(0, -behind), max(clock, int(time_us))
                else:
                    passed, clock = passed + int(time_us), int(time_us)
            given += line(text)
        os.write(port.master, given)
    if rest and b"{" not in rest and now - heard > 0.01 and not away:
        os.write(port.master, rest)
        rest = b""
    if monitor.poll() is not None:
        break
    if ending:
        continue
    if passed >= options.seconds * 1e6:
        monitor.send_signal(signal.SIGINT)
        ending = True
    elif passed >= next_reset:
        # A moment that has nothing to do with what is being sent.
        time.sleep(chance.random() * 0.05)
        board.reset()
        resets, next_reset = resets + 1, next_reset + chance.uniform(60e6, 120e6)
    elif passed >= next_loss and not rest:
        port.pull()
        losses, next_loss, away = losses + 1, next_loss + 300e6, now + chance.uniform(0.1, 1.5)
board.child.terminate()
board.child.wait()
said.close()
with open(place("said")) as file:
    came = file.read().splitlines()
with open(place("notes"), errors="replace") as file:
    notes = file.read().splitlines()
first = next((n for n, (a, b) in enumerate(zip(came, sent)) if a != b), None)
print(f"{passed / 1e6:.0f} s of the board's time in {time.monotonic() - begun:.0f} s: {resets} resets, {losses} losses of the port, {garbage} pieces of "
      f"garbage, {halves} events cut off; {len(came)} events of {len(sent)} that were sent whole, {'in their order' if first is None else 'not in their order'}")
print("hone monitor:", notes[-1] if notes else "nothing")
if first is not None or len(came) != len(sent):
    raise SystemExit(f"first difference at {first}: came {came[first or -1]!r}, sent {sent[first or -1]!r}")
