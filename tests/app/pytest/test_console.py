# SPDX-License-Identifier: Apache-2.0
"""The console: keys, completion, pasted lines, and that no line runs of which a part is missing."""

import re

from twister_harness.exceptions import TwisterHarnessTimeoutException

COMMAND = "config get esn.k\n"
ANSWER = "2.000"


def paste(device, text):
    """The lines that come of this text, written in one go."""
    device.dut.write(text.encode())
    lines = []
    for _ in range(20):
        # A mark that comes too early is lost like any other line.
        device.marks += 1
        mark = f"mark{device.marks}: command not found"
        device.dut.write(f"\nmark{device.marks}\n".encode())
        try:
            while mark not in lines:
                lines.append(device.clean(device.dut.readline(timeout=10)))
            return [line for line in lines if "mark" not in line]
        except TwisterHarnessTimeoutException:
            pass
    raise AssertionError(f"no answer; there was {lines[-20:]}")


def refused(lines):
    """Lines that were told not to have been run, and the reasons."""
    found = [re.search(r"error: lines not run: (\d+) \((.*)\)", line) for line in lines]
    return sum(int(f[1]) for f in found if f), {reason for f in found if f for reason in f[2].split(", ")}


def test_a_page_of_commands_may_be_pasted(device):
    lines = paste(device, COMMAND * 60)
    assert lines.count(ANSWER) == 60 and refused(lines) == (0, set())


def test_what_is_lost_is_told_and_never_run_in_part(device):
    sent = 900
    # While a command runs what is typed waits in a buffer, which is too small for all of it.
    lines = paste(device, "wait 3\n" + COMMAND * sent) + device.run("wait 0.2")
    count, reasons = refused(lines)
    # Marks that were lost are among them.
    answered = lines.count(ANSWER)
    assert reasons == {"typed faster than they are read"} and count > 0
    assert answered > 50 and sent <= answered + count <= sent + 20
    wrong = [line for line in lines if re.search("error: (?!lines)|usage|: command not found", line)]
    assert wrong == []


def test_a_line_that_is_too_long_is_not_run(device):
    lines = paste(device, "config set esn.k 3" + " " * 300 + "\n") + device.run("wait 0.2")
    assert refused(lines) == (1, {"more than 255 characters"})
    assert device.text("config get esn.k") == ANSWER


def test_a_line_that_is_not_ascii_is_not_run(device):
    lines = paste(device, "config set esn.k \u00e43\n") + device.run("wait 0.2")
    assert refused(lines) == (1, {"a character that is not ASCII"})
    assert device.text("config get esn.k") == ANSWER


def test_keys_of_a_terminal(device):
    # Ctrl-U takes back the line, Ctrl-W a word, Ctrl-K what is right of the cursor. (Ctrl-A is the emulator's own.)
    assert ANSWER in paste(device, "nonsense\x15" + COMMAND)
    assert ANSWER in paste(device, COMMAND.strip() + " more\x17\n")
    assert ANSWER in paste(device, COMMAND.strip() + " xy\x1b[D\x1b[D\x1b[D\x0b\n")


def test_tab_completes_values(device):
    device.run("config set device.autosave of\t")
    assert device.text("config get device.autosave") == "off"
    device.run("config set device.autosave on\t")
    assert device.text("config get device.autosave") == "on"
    # Columns are set by moving the cursor, so the words stand side by side here.
    listed = device.text("config set device.telemetry \t\x15")
    assert all(word in listed for word in ["off", "text", "json"]), listed


def test_the_kernels_commands_are_there(device):
    assert "training" in device.text("kernel stacks")
    device.dut.write(b"kernel reboot cold\n")
    device.read_until("Booting Zephyr", 60)
    device.run("")
