"""A board behind a pseudo-terminal, at 115200 baud: samples of three channels at 1000 Hz in frames, a verdict for each window of 128.
It answers what 'hone view' asks for, and notes when it began to send each verdict."""

import math
import os
import struct
import threading
import time
import tty

BAUD = 115200
TABLE = []
for byte in range(256):
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    TABLE.append(byte)


def crc32c(data):
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF



def varint(n):
    out = b""
    while n > 127:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def frame(body):
    body += struct.pack("<I", crc32c(body))
    # Longer stretches without a zero have a code of 255 and go on.
    coded = b""
    for part in body.split(b"\0"):
        while len(part) >= 254:
            coded, part = coded + b"\xff" + part[:254], part[254:]
        coded += bytes([len(part) + 1]) + part
    return b"\0" + coded + b"\0"


def text(data):
    return varint(len(data)) + data


class Board:
    def __init__(self):
        self.master, slave = os.openpty()
        tty.setraw(slave)
        self.name, self.slave, self.sent, self.going = os.ttyname(slave), slave, {}, True
        self.streaming, self.typed, self.out = False, b"", []
        self.threads = [threading.Thread(target=self.listen, daemon=True), threading.Thread(target=self.play, daemon=True)]
        for thread in self.threads:
            thread.start()

    def listen(self):
        while self.going:
            self.typed += os.read(self.master, 4096)
            while b"\n" in self.typed:
                line, self.typed = self.typed.split(b"\n", 1)
                self.streaming |= line.startswith(b"record ") and line != b"record off"
                answer = {b"config get device.telemetry": b"json\r\n", b"model info": b"esn, 1 s old\r\nthreshold 0.5, MSE in calibration 0.1\r\n"}.get(line, b"")
                if line == b"stats --json":
                    answer = (b'{"stats":"inference","windows":1,"broken":0,"rejected":0}\r\n' * 8)
                self.out.append(line + b"\r\n" + answer + b"hone:~$ ")

    def write(self, data):
        """As fast as the line carries: ten bits a byte."""
        for at in range(0, len(data), 32):
            piece = data[at:at + 32]
            os.write(self.master, piece)
            self.due += len(piece) * 10 / BAUD
            time.sleep(max(0, self.due - time.monotonic()))

    def play(self):
        channel = struct.pack("<fB", 0.0012, 1)
        begun, number, window = time.monotonic(), 0, 0
        self.due = begun
        while self.going:
            self.due = max(self.due, time.monotonic())
            while self.out:
                self.write(self.out.pop(0))
            due = int((time.monotonic() - begun) * 1000)
            if number + 40 > due:
                time.sleep(0.002)
                continue
            if self.streaming:
                if number % 1000 < 40:
                    self.write(frame(b"\0\x01" + text(b"a board") + varint(1000) + varint(1) + varint(1) + varint(0) + text(channel * 3)))
                values = [int(900 * math.sin((number + k) * (0.28 + 0.1 * c)) + 8000 * (c == 2)) for k in range(40) for c in range(3)]
                data = struct.pack("<120h", *values)
                self.write(frame(b"\x01" + varint(number & 0xFFFFFFFF) + varint(number * 1000) + b"\0" + text(data)))
            number += 40
            if number // 128 > window:
                window = number // 128
                # The decision changes each second, and with it the word on the page.
                word = "anomalous" if window // 8 % 2 else "normal"
                line = f'{{"event":"verdict","time_us":{window * 128000},"window":{window},"decision":"{word}","score":0.{window % 90 + 10}}}\r\n'
                self.sent[window * 128000] = time.time()
                self.write(b"\x1b[8D\x1b[J" + line.encode() + b"hone:~$ ")

    def close(self):
        self.going = False
