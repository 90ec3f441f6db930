#!/usr/bin/env python3
"""What `hone view` costs in a browser, and how it looks: python3 rust/host/benches/view/measure.py [--figures DIR] [--hone PROGRAM]

Needs Python 3.9 and Chromium (Debian: apt-get install chromium), nothing else. Takes three minutes. Prints page weight, first paint, clicks
to a class that is recognised, frames a second with 60 s of 3 x 1 kHz shown, and the time from an event's first byte at 115200 baud to the
frame in which the page shows it. Fails where the page asks another machine for anything, or shows a figure that the device does not
say."""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from board import Board
from chromium import Chromium

options = argparse.ArgumentParser()
options.add_argument("--hone", default="target/release/hone")
options.add_argument("--figures")
options.add_argument("--quick", action="store_true", help="pictures and clicks alone")
options = options.parse_args()


class View:
    """`hone view` on a port of its own, and its address."""

    def __init__(self, *which):
        self.folder = tempfile.TemporaryDirectory()
        command = [options.hone, "view", *which, "--port-number", "0", "--dir", self.folder.name]
        self.child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.address = self.child.stdout.readline().strip()

    def close(self):
        self.child.terminate()
        self.child.wait()
        self.folder.cleanup()


def clicks(browser):
    """From the page to a class that is recognised; every click counts."""
    count, begun = 0, time.monotonic()
    for button, seconds in [("#learn-classes", 1), ("#label", 6), ("[data-rig=imbalance]", 1), ("#label", 6), ("#unlabel", 0.5), ("[data-rig=normal]", 0)]:
        browser.wait(f"document.querySelector('{button}') && !document.querySelector('{button}').disabled")
        browser.run(f"document.querySelector('{button}').click()")
        count += 1
        browser.listen(seconds)
    for condition in ("normal", "imbalance"):
        browser.run(f"document.querySelector('[data-rig={condition}]').click()") if condition == "imbalance" else None
        browser.wait(f"document.querySelector('#decision').textContent === '{condition}'", 20)
    print(f"clicks to two classes that are recognised: {count} ({time.monotonic() - begun:.0f} s)")
    return count


def figures_agree(browser):
    """Each figure on the page is the one that `stats --json` gives."""
    script = """(async () => {
      const cells = [...document.querySelectorAll("[data-stat]")], shown = [], old = figures;
      figures = () => { old(); shown.push(cells.map(c => c.dataset.value)); };
      const lines = (await post("command", { line: "stats --json" })).answer.map(l => JSON.parse(l));
      await new Promise(r => setTimeout(r, 500));
      figures = old;
      const of = Object.fromEntries(lines.map(l => [l.stats, l]));
      const wrong = values => cells.filter((c, k) => { const [o, f] = c.dataset.stat.split("."); return of[o] && values[k] !== JSON.stringify(of[o][f]); });
      // The page asks by itself, too, and shows what comes then in its place.
      const least = shown.map(wrong).sort((a, b) => a.length - b.length)[0];
      return [cells.length, least.map(c => c.dataset.stat)];
    })()"""
    count, wrong = browser.run(script)
    assert not wrong, wrong
    print(f"figures on the page that agree with stats --json: {count}")


def pictures(browser, when):
    if not options.figures:
        return
    for width, name in [(1280, "wide"), (400, "narrow")]:
        browser.size(width, 900)
        for dark in (False, True):
            browser.dark(dark)
            browser.listen(1)
            # Nothing stands beyond the edge.
            browser.wait("document.documentElement.scrollWidth <= innerWidth", 10)
            browser.picture(os.path.join(options.figures, f"view-{when}-{name}-{'dark' if dark else 'light'}.png"), 2400 if width > 400 else 1500)
    browser.size(1280, 900)
    browser.dark(False)


def latency(browser, board, seconds):
    """Milliseconds from a verdict's first byte to the second frame behind the change of the page."""
    browser.run("""window.seen = [];
      new MutationObserver(() => { const us = +$("decision").dataset.time;
        requestAnimationFrame(() => requestAnimationFrame(() => seen.push([us, performance.timeOrigin + performance.now()]))); })
        .observe($("decision"), { attributes: true, attributeFilter: ["data-time"] }); 0""")
    browser.listen(seconds)
    seen = browser.run("seen")
    delays = sorted(at - board.sent[us] * 1000 for us, at in seen if us in board.sent)
    assert len(delays) > 3 * seconds, len(delays)
    print(f"event to pixel at 115200 baud: median {statistics.median(delays):.0f} ms, 99 % within {delays[int(len(delays) * 0.99)]:.0f} ms, most {delays[-1]:.0f} ms ({len(delays)} events)")


def main():
    view, browser = View("--demo"), Chromium()
    try:
        browser.open(view.address)
        browser.listen(3)
        kinds = [e for e in browser.events if e.get("method") == "Network.loadingFinished"]
        print(f"page: {sum(e['params']['encodedDataLength'] for e in kinds)} bytes in {len(kinds)} requests")
        paint = browser.run("performance.getEntriesByName('first-contentful-paint')[0].startTime")
        print(f"first paint: {paint:.0f} ms after the address was opened")
        pictures(browser, "empty")
        assert clicks(browser) <= 8
        figures_agree(browser)
        # Without rows the map has prototypes alone.
        browser.run("document.querySelector('#draw-map').click()")
        browser.wait("state.map", 20)
        made = browser.run("[state.map.points.length, state.map.rows, state.stats.online.units]")
        assert made[0] == made[2] and made[1] == 0, made
        print(f"class map of TinyRCE: {made[0]} prototypes")
        pictures(browser, "classes")
        # Rows of two classes, which are kept where no TinyRCE learns them at once.
        browser.run("command('model erase').then(() => 0)")
        browser.wait("document.querySelector('#decision').textContent === 'no model yet' && !document.querySelector('#score-plot .uplot')", 10)
        for condition in ("normal", "imbalance"):
            browser.run(f"document.querySelector('[data-rig={condition}]').click()")
            browser.listen(1)
            browser.run("document.querySelector('#label').click()")
            browser.listen(3)
        browser.run("document.querySelector('#unlabel').click(); document.querySelector('[data-rig=normal]').click()")
        browser.run("document.querySelector('#draw-map').click()")
        browser.listen(2)
        browser.run("document.querySelector('#learn-normal').click()")
        browser.wait("state.model.threshold != null", 60)
        browser.run("document.querySelector('[data-rig=supply-drop]').click()")
        browser.wait("/^alarm 1 since/.test(document.querySelector('#alarm').textContent)", 20)
        browser.listen(5)
        browser.run("document.querySelector('[data-rig=normal]').click()")
        browser.wait("/^alarm 1 is over/.test(document.querySelector('#alarm').textContent)", 20)
        browser.listen(4)
        browser.wait("state.stats.alarm.end_us != null", 10)
        one, counted = browser.run("[state.alarms.at(-1), state.stats.alarm]")
        assert (one["from"], one["to"], one["peak"]) == (counted["begin_us"], counted["end_us"], counted["peak"]), (one, counted)
        print("alarm: shown as it began and ended, as stats --json has it")
        browser.run("[...document.querySelectorAll('#span button')].pop().click(); document.querySelector('#waterfall').click()")
        browser.listen(4)
        pictures(browser, "taught")
        figures_agree(browser)
        browser.run("command('infer off').then(() => 0)")
        old = browser.wait("/^was normal/.test(document.querySelector('#decision').textContent)", 20)
        browser.run("command('infer on').then(() => 0)")
        browser.wait("document.querySelector('#decision').textContent === 'normal'", 20)
        print(f"a verdict is old {old:.1f} s after windows are judged no more")
        if not options.quick:
            browser.wait("state.ring.count >= 60000", 90)
            before = browser.run("[frames, performance.now()]")
            browser.listen(10)
            after = browser.run("[frames, performance.now()]")
            print(f"60 s of 3 x 1 kHz: {(after[0] - before[0]) * 1000 / (after[1] - before[1]):.1f} frames a second")
        wrong = [e for e in browser.events if e.get("method") in ("Runtime.exceptionThrown", "Log.entryAdded")]
        assert not wrong, json.dumps(wrong)[:2000]
        asked = [e["params"]["request"]["url"] for e in browser.events if e.get("method") == "Network.requestWillBeSent"]
        away = [u for u in asked if not u.startswith((view.address, "data:"))]
        assert not away, away
        print(f"requests: {len(asked)}, none to another machine")
        view.close()
        if not options.quick:
            board = Board()
            view = View(board.name)
            browser.open(view.address)
            browser.wait("state.ring && state.ring.count > 2000 && state.last", 60)
            latency(browser, board, 30)
            board.close()
    finally:
        view.close()
        browser.close()


main()
