#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The motor's first readings from the description in the driver's comments, for the constant in src/main.c."""

import math

HEALTHY = [(420, 130, 60, 90), (310, 170, 40, 70), (180, 60, 50, 120)]
MULTIPLE = (1, 2, 3, 7)
OFFSET = [(0, 40, 90, 13), (64, 7, 150, 201), (130, 99, 20, 77)]
GRAVITY = (147, -98, 9804)
WORD = 0xFFFFFFFF


def noise(n, axis):
    x = (3 * n + axis) & WORD
    x = (x ^ x >> 16) * 0x85EBCA6B & WORD
    x = (x ^ x >> 13) * 0xC2B2AE35 & WORD
    x ^= x >> 16
    return math.trunc((sum(x.to_bytes(4, "little")) - 510) / 4)


def reading(n, axis):
    angle = n * ((24700 << 32) // 1_000_000) & WORD
    phases = [((angle * m & WORD) >> 24) + o & 255 for m, o in zip(MULTIPLE, OFFSET[axis])]
    sines = [round(16384 * math.sin(2 * math.pi * phase / 256)) for phase in phases]
    total = sum(a * s for a, s in zip(HEALTHY[axis], sines))
    return GRAVITY[axis] + math.trunc(total / 16384) + noise(n, axis)


if __name__ == "__main__":
    checksum = 0
    for n in range(256):
        for axis in range(3):
            checksum = checksum * 31 + (reading(n, axis) & WORD) & WORD
    print(f"0x{checksum:08x}")
