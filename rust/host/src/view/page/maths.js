// Spectra, principal components, and samples of the last minute. No part of the page is touched here.
"use strict";

/// Samples of each channel on a common clock; what is missing is not a number.
class Ring {
  constructor(channels, rate, seconds) {
    this.rate = rate;
    this.size = Math.max(64, Math.min(Math.ceil(rate * seconds), 400000));
    this.values = Array.from({ length: channels }, () => new Float32Array(this.size).fill(NaN));
    this.count = 0;
    this.end = 0; // microseconds of the newest frame
  }
  /// Frames, one behind the other, and what is missing before them.
  push(flat, scales, micros, missing) {
    const channels = this.values.length;
    for (let k = Math.min(missing, this.size); k > 0; k--) this.one(() => NaN);
    for (let at = 0; at < flat.length; at += channels) this.one(c => flat[at + c] * scales[c]);
    this.end = micros + (flat.length / channels - 1) * 1e6 / this.rate;
  }
  one(value) {
    const at = this.count % this.size;
    for (let c = 0; c < this.values.length; c++) this.values[c][at] = value(c);
    this.count++;
  }
  /// The newest so many values of a channel, oldest first.
  newest(channel, length) {
    const out = new Float32Array(length).fill(NaN), from = this.count - length;
    for (let k = Math.max(0, -from); k < length; k++) out[k] = this.values[channel][(from + k) % this.size];
    return out;
  }
  /// The last `seconds`, as least and greatest value of each column: times before now, and a row a channel.
  columns(seconds, columns) {
    const frames = Math.min(this.size, Math.ceil(seconds * this.rate)), per = Math.max(1, frames / columns);
    // Columns begin at multiples of their length, so that the picture does not shimmer as it moves.
    const step = per > 1 ? Math.ceil(per) : 1, first = Math.max(0, Math.floor((this.count - frames) / step) * step);
    const times = [], rows = this.values.map(() => []), have = Math.max(0, this.count - this.size);
    for (let at = Math.max(first, have); at < this.count; at += step) {
      const to = Math.min(at + step, this.count), time = (at - this.count + 1) / this.rate;
      times.push(time);
      if (step > 1) times.push(time + (to - at) / 2 / this.rate);
      for (let c = 0; c < rows.length; c++) {
        let low = Infinity, high = -Infinity, gap = false;
        for (let k = at; k < to; k++) {
          const v = this.values[c][k % this.size];
          if (v !== v) gap = true; else { if (v < low) low = v; if (v > high) high = v; }
        }
        const none = gap || low === Infinity;
        rows[c].push(none ? null : low);
        if (step > 1) rows[c].push(none ? null : high);
      }
    }
    return [times, ...rows];
  }
}

/// Amplitudes of a real signal by frequency: its mean is taken off, a Hann window laid on. Its length is a power of two; null with gaps.
function spectrum(signal) {
  const n = signal.length, re = new Float64Array(n), im = new Float64Array(n);
  let mean = 0;
  for (const v of signal) mean += v / n;
  if (mean !== mean) return null;
  for (let k = 0; k < n; k++) re[k] = (signal[k] - mean) * (0.5 - 0.5 * Math.cos(2 * Math.PI * k / n));
  for (let i = 1, j = 0; i < n; i++) {
    let bit = n >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j |= bit;
    if (i < j) [re[i], re[j]] = [re[j], re[i]];
  }
  for (let size = 2; size <= n; size *= 2) {
    const angle = -2 * Math.PI / size, half = size / 2;
    for (let k = 0; k < half; k++) {
      const c = Math.cos(angle * k), s = Math.sin(angle * k);
      for (let i = k; i < n; i += size) {
        const j = i + half, x = re[j] * c - im[j] * s, y = re[j] * s + im[j] * c;
        re[j] = re[i] - x; im[j] = im[i] - y; re[i] += x; im[i] += y;
      }
    }
  }
  // Of a sine of amplitude 1 the line is 1: the window's mean is a half, and half of the line is at the negative frequency.
  return Array.from({ length: n / 2 }, (_, k) => Math.hypot(re[k], im[k]) * 4 / n);
}

/// Each row by the two principal components of all, standardised; and the share of the variance that each explains.
function components(rows) {
  const n = rows.length, d = rows[0].length;
  const mean = new Array(d).fill(0), dev = new Array(d).fill(0);
  for (const row of rows) row.forEach((v, k) => mean[k] += v / n);
  for (const row of rows) row.forEach((v, k) => dev[k] += (v - mean[k]) ** 2 / n);
  const data = rows.map(row => row.map((v, k) => dev[k] > 1e-12 ? (v - mean[k]) / Math.sqrt(dev[k]) : 0));
  const total = dev.filter(v => v > 1e-12).length || 1;
  const found = [];
  for (let which = 0; which < 2; which++) {
    let axis = Array.from({ length: d }, (_, k) => Math.sin(1 + k * (which + 1)));
    let size = 0;
    for (let turn = 0; turn < 200; turn++) {
      for (const other of found) {
        const dot = axis.reduce((sum, v, k) => sum + v * other.axis[k], 0);
        axis = axis.map((v, k) => v - dot * other.axis[k]);
      }
      const next = new Array(d).fill(0);
      for (const row of data) {
        const dot = row.reduce((sum, v, k) => sum + v * axis[k], 0);
        row.forEach((v, k) => next[k] += dot * v / n);
      }
      size = Math.hypot(...next);
      if (size < 1e-12) break;
      axis = next.map(v => v / size);
    }
    found.push({ axis, share: size / total });
  }
  const at = (row, axis) => row.reduce((sum, v, k) => sum + v * axis[k], 0);
  return { points: data.map(row => found.map(f => at(row, f.axis))), shares: found.map(f => f.share) };
}
