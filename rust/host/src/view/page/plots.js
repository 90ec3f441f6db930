// Pictures: lines by uPlot, ribbon, waterfall and class map on canvases of their own.
"use strict";

const $ = id => document.getElementById(id);
const colour = name => getComputedStyle(document.documentElement).getPropertyValue("--" + name).trim();
const colours = () => Array.from({ length: 8 }, (_, k) => colour("c" + k));
const fmt = v => v == null || v !== v ? "–" : Math.abs(v) >= 1e5 || (v && Math.abs(v) < 1e-3) ? v.toExponential(2) : +v.toPrecision(4) + "";

/// A plot in its place: made anew where its series, its width or the colours change.
class Plot {
  constructor(place, options) {
    this.place = $(place);
    this.options = options;
    this.plot = null;
    new ResizeObserver(() => { if (this.plot) this.plot.setSize(this.size()); }).observe(this.place);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.drop());
  }
  size() {
    const legend = this.options.legend === false ? 0 : 26;
    return { width: this.place.clientWidth, height: this.place.clientHeight - legend };
  }
  drop() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
    this.place.classList.remove("full");
  }
  /// Lays a tint behind the stretches of x that `spans` gives, with a bar on top of it.
  shade(u) {
    const { left, top, width, height } = u.bbox, c = u.ctx;
    for (const [from, to] of this.options.spans ? this.options.spans() : []) {
      const a = Math.max(left, u.valToPos(from, "x", true)), b = Math.min(left + width, u.valToPos(to, "x", true));
      if (!(b > a)) continue;
      c.save();
      c.fillStyle = colour("ill");
      c.fillRect(a, top, b - a, 4);
      c.globalAlpha = 0.12;
      c.fillRect(a, top, b - a, height);
      c.restore();
    }
  }
  /// Data as uPlot has it: times, then a row a series. Series have a label, and may have a colour, an alpha, a width, points.
  show(data, series, scales) {
    const key = JSON.stringify(series);
    if (key !== this.key) this.drop();
    if (!data[0].length) return this.drop();
    if (!this.plot) {
      this.key = key;
      this.place.classList.add("full");
      const all = colours(), grid = { stroke: colour("grid"), width: 1 }, soft = colour("soft");
      const axis = { stroke: soft, grid, ticks: grid, font: "12px system-ui, sans-serif", labelFont: "12px system-ui, sans-serif", labelSize: 18, size: 34 };
      const { x, y, xValues, legend, range } = this.options;
      this.plot = new uPlot({
        ...this.size(), pxAlign: 0,
        cursor: { drag: { x: false, y: false }, points: { size: 6 } },
        legend: { show: legend !== false, live: true },
        // Names alone where no value is pointed at.
        hooks: { drawClear: [u => this.shade(u)], ready: [u => u.root.classList.add("idle")], setCursor: [u => u.root.classList.toggle("idle", u.cursor.idx == null)] },
        scales: { x: { time: false, ...(range ? { range } : {}) }, y: { auto: true, ...(this.options.y0 ? { range: (u, lo, hi) => [0, hi > 0 ? hi * 1.1 : 1] } : {}) } },
        axes: [
          { ...axis, label: x, ...(xValues ? { values: xValues } : {}) },
          { ...axis, size: 56, label: y(), values: (u, ticks) => ticks.map(fmt) },
        ],
        series: [
          { label: x, value: (u, v) => fmt(v) },
          ...series.map((s, k) => ({
            label: s.label, stroke: (s.colour ? colour(s.colour) : all[k % 8]) + (s.alpha || ""), width: s.width || 1.2, dash: s.dash || [],
            spanGaps: false, points: { show: !!s.points, size: 5 }, value: (u, v) => fmt(v),
          })),
        ],
      }, data, this.place);
      if (scales) this.plot.setScale("x", scales);
      return;
    }
    this.plot.batch(() => { this.plot.setData(data, !scales); if (scales) this.plot.setScale("x", scales); });
  }
}

/// A canvas as sharp as the screen: its context, width and height in CSS pixels. `data-tall` says how high it is.
function sharp(id) {
  const element = $(id), ratio = window.devicePixelRatio || 1, width = element.clientWidth, height = +element.dataset.tall;
  const wide = Math.round(width * ratio), tall = Math.round(height * ratio);
  if (element.width !== wide || element.height !== tall) {
    element.width = wide;
    element.height = tall;
    element.style.height = height + "px";
  }
  const context = element.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { context, width, height };
}

/// Verdicts by time: colour and a word in each stretch that has room for it.
function drawRibbon(stretches, alarms, now, seconds) {
  const { context: c, width, height } = sharp("ribbon"), strip = 30;
  c.clearRect(0, 0, width, height);
  c.font = "12px system-ui, sans-serif";
  c.textBaseline = "middle";
  const x = us => width * (1 - (now - us) / 1e6 / seconds);
  c.fillStyle = colour("grid");
  c.fillRect(0, 0, width, strip);
  for (const s of stretches) {
    const from = Math.max(0, x(s.from)), to = Math.min(width, x(s.to));
    if (to <= from) continue;
    c.fillStyle = colour(s.colour);
    c.fillRect(from, 0, Math.max(1, to - from), strip);
    if (s.colour === "ill") {
      // Told without colour, too.
      c.strokeStyle = colour("card"); c.globalAlpha = 0.5; c.lineWidth = 2;
      c.save(); c.beginPath(); c.rect(from, 0, to - from, strip); c.clip(); c.beginPath();
      for (let k = Math.floor(from / 9) * 9 - strip; k < to; k += 9) { c.moveTo(k, strip); c.lineTo(k + strip, 0); }
      c.stroke(); c.restore(); c.globalAlpha = 1;
    }
    if (c.measureText(s.word).width + 8 < to - from) {
      const w = c.measureText(s.word).width + 6;
      c.fillStyle = colour(s.colour); c.fillRect(from + 1, 6, w, 18);
      c.fillStyle = colour("card"); c.fillText(s.word, from + 4, strip / 2 + 1);
    }
  }
  c.fillStyle = colour("ink");
  for (const a of alarms) {
    const from = Math.max(0, x(a.from)), to = a.to == null ? width : x(a.to);
    if (to > 0) c.fillRect(from, strip + 1, Math.max(2, to - from), 4);
  }
  c.fillStyle = colour("soft");
  for (let s = 0; s <= seconds; s += 30) {
    const at = width * (1 - s / seconds), text = s ? "−" + s + " s" : "now";
    c.textAlign = s ? (s === seconds ? "left" : "center") : "right";
    c.fillText(text, at, strip + 13);
  }
  c.textAlign = "left";
}

/// A dark-to-light ramp of one hue, readable with any colour vision and in print.
function ramp(v) {
  const t = Math.max(0, Math.min(1, v)), stops = [[0, 9, 20, 46], [0.35, 24, 84, 140], [0.7, 86, 180, 233], [1, 255, 250, 205]];
  let k = 1;
  while (t > stops[k][0]) k++;
  const a = stops[k - 1], b = stops[k], f = (t - a[0]) / (b[0] - a[0]);
  return [1, 2, 3].map(i => Math.round(a[i] + f * (b[i] - a[i])));
}

/// Draws the newest spectrum as one column at the right edge, in decibels below the greatest of late.
class Waterfall {
  constructor() { this.top = 0; this.image = document.createElement("canvas"); this.image.width = 480; this.image.height = 128; this.context = this.image.getContext("2d"); }
  add(lines) {
    const { context, image } = this, n = lines.length;
    this.top = Math.max(this.top * 0.995, ...lines);
    context.drawImage(image, -2, 0);
    const column = context.createImageData(2, image.height);
    for (let y = 0; y < image.height; y++) {
      const from = Math.floor(y * n / image.height), v = Math.max(...lines.slice(from, Math.max(from + 1, Math.floor((y + 1) * n / image.height))));
      const [r, g, b] = ramp(1 + 20 * Math.log10(Math.max(v, 1e-12) / (this.top || 1)) / 60);
      for (let x = 0; x < 2; x++) column.data.set([r, g, b, 255], ((image.height - 1 - y) * 2 + x) * 4);
    }
    context.putImageData(column, image.width - 2, 0);
  }
  draw(seconds, hertz) {
    const { context: c, width, height } = sharp("fall"), left = 46, foot = 18;
    c.clearRect(0, 0, width, height);
    c.imageSmoothingEnabled = false;
    c.drawImage(this.image, left, 4, width - left, height - foot - 4);
    c.fillStyle = colour("soft");
    c.font = "12px system-ui, sans-serif";
    c.textAlign = "right"; c.textBaseline = "middle";
    for (let k = 0; k <= 2; k++) c.fillText(fmt(hertz * k / 2) + (k === 2 ? " Hz" : ""), left - 5, height - foot - 4 - k * (height - foot - 12) / 2);
    c.textBaseline = "alphabetic"; c.textAlign = "left"; c.fillText("−" + Math.round(seconds) + " s", left, height - 4);
    c.textAlign = "right"; c.fillText("now", width, height - 4);
    c.textAlign = "left";
  }
}

const SHAPES = ["●", "▲", "■", "◆", "✚", "★", "▼", "✖"];
/// Points by class: colour and shape. From `rows` on they are prototypes, which have a ring.
function drawMap(points, classes, shares, rows) {
  const { context: c, width, height } = sharp("scatter"), left = 24, foot = 22, all = colours();
  c.clearRect(0, 0, width, height);
  const xs = points.map(p => p[0]), ys = points.map(p => p[1]);
  const scale = (all, from, to) => { const lo = Math.min(...all), hi = Math.max(...all), w = hi - lo || 1; return v => from + (v - lo + w * .06) / (w * 1.12) * (to - from); };
  const x = scale(xs, left, width - 4), y = scale(ys, height - foot, 6);
  c.strokeStyle = colour("grid"); c.strokeRect(left + .5, 2.5, width - left - 4, height - foot);
  c.font = "13px system-ui, sans-serif"; c.textAlign = "center"; c.textBaseline = "middle";
  const names = [...new Set(classes)].sort((a, b) => a - b);
  points.forEach((p, k) => {
    const which = names.indexOf(classes[k]);
    c.fillStyle = all[which % 8];
    c.fillText(SHAPES[which % 8], x(p[0]), y(p[1]));
    if (k < rows) return;
    c.strokeStyle = all[which % 8]; c.lineWidth = 1.5;
    c.beginPath(); c.arc(x(p[0]), y(p[1]), 9, 0, 2 * Math.PI); c.stroke();
  });
  c.fillStyle = colour("soft"); c.font = "12px system-ui, sans-serif";
  c.fillText(`first component, ${Math.round(shares[0] * 100)} % of the variance`, (left + width) / 2, height - 8);
  c.save(); c.translate(10, (height - foot) / 2); c.rotate(-Math.PI / 2);
  c.fillText(`second, ${Math.round(shares[1] * 100)} %`, 0, 0); c.restore();
  return names;
}
