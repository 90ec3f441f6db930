// What the device says, on the page; what is pressed, to the device as a command of its shell.
"use strict";

const state = {
  head: null, ring: null, model: {}, names: [], verdicts: [], stretches: [], alarms: [], causes: [], passes: [], stats: {}, trainings: {}, threads: {},
  training: null, clock: 0, span: 10, dirty: true, recording: null, last: null,
  // Whether the server and the device's line are there; when the page heard last of the device; microseconds from verdict to verdict.
  served: true, open: true, heard: performance.now(), every: 0, unlabelled: false,
};
const RIBBON = 120, VERDICTS = 6000;

// Commands.

/// Asks the server; its answer, or an error that is told in the console.
async function post(path, body) {
  try {
    const response = await fetch(path, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body || {}) });
    return await response.json();
  } catch {
    return { error: "hone view has ended; start it again and open the address that it prints" };
  }
}
/// Types a command; whether the device obeyed.
async function command(line, button) {
  if (button) button.classList.add("busy");
  const got = await post("command", { line });
  if (button) button.classList.remove("busy");
  if (got.error) print("error", got.error);
  const refusal = got.error || (got.answer || []).find(l => l.startsWith("error:"));
  say(refusal || (got.answer || [])[0] || line, !!refusal);
  return got;
}
function say(text, wrong) {
  $("outcome").textContent = text;
  $("outcome").style.color = wrong ? "var(--ill)" : "";
}
function print(kind, text) {
  const log = $("log"), low = log.scrollTop + log.clientHeight > log.scrollHeight - 30, line = document.createElement("div");
  line.className = text.startsWith("error:") ? "error" : kind;
  line.textContent = kind === "typed" ? "hone> " + text : text;
  log.append(line);
  while (log.childElementCount > 600) log.firstChild.remove();
  if (low) log.scrollTop = log.scrollHeight;
}

// What the device says.

const on = {
  what(w) {
    $("what").textContent = w.kind === "board" ? "board at " + w.name : w.kind === "replay" ? "recordings of " + w.name : w.name;
    state.board = w.kind === "board";
    $("rig").hidden = w.kind !== "demo";
    $("replay").hidden = w.kind !== "replay";
    // What is at a port may be a 'hone run', which has one of the two; a board says that it knows neither.
    if (w.kind !== "replay") command_quietly("rig").then(conditions);
    if (w.kind !== "demo") command_quietly("replay").then(recordings);
  },
  link(l) {
    $("link").textContent = l.open ? "connected" : "port gone, looking for it";
    $("link").classList.toggle("on", l.open);
    state.open = l.open;
    verdict();
  },
  head(h) {
    state.head = h;
    state.ring = new Ring(h.channels.length, h.rate_hz, 62);
    h.label = h.channels.map((_, k) => name(k));
    $("signal-unit").textContent = `${h.channels.length} channel${h.channels.length > 1 ? "s" : ""} at ${fmt(h.rate_hz)} Hz${h.every > 1 ? `, the mean of each ${h.every} readings` : ""}`;
  },
  samples(s) {
    if (!state.ring) return;
    state.heard = performance.now();
    state.ring.push(s.values, state.head.channels.map(c => c.scale), s.us, s.missing);
    state.clock = state.ring.end;
  },
  stats(o) {
    state.heard = performance.now();
    if (o.stats === "training") state.trainings[o.id] = o;
    else if (o.stats === "thread") state.threads[o.name] = o;
    else state.stats[o.stats] = o;
    const open = state.alarms.at(-1);
    // An alarm whose end was not told, as the device's queue was full or the model was erased.
    if (o.stats === "alarm" && !o.active && open && open.to == null && o.count >= open.number) { open.to = o.end_us ?? state.clock; alarm(); }
    if (o.stats === "device") state.clock = Math.max(state.clock, o.time_us);
    figures();
  },
  model(m) {
    state.model = m;
    if (!learner()) forget();
    verdict();
    figures();
  },
  labels(lines) {
    state.names = lines.map(l => /^class (\d+) \((.*)\)$/.exec(l)).filter(Boolean).map(m => ({ id: +m[1], name: m[2] }));
    $("names").replaceChildren(...state.names.map(n => new Option(n.name)));
  },
  learners(all) {
    for (const id of ["learner", "eval-learner"]) {
      const chosen = $(id).value;
      $(id).replaceChildren(...all.map(l => new Option(l)));
      $(id).value = all.includes(chosen) ? chosen : id === "learner" && all.includes("svm") ? "svm" : all[0];
    }
    // The default detector, where the build has it.
    if (!all.includes("knn")) $("learn-normal").dataset.train = "esn";
    for (const button of document.querySelectorAll("[data-train]")) button.hidden = !all.includes(button.dataset.train);
  },
  progress(p) {
    if (state.training == null) return;
    $("progress").hidden = false;
    $("bar").value = p.percent;
    $("phase").textContent = `${p.phase} ${p.percent} % (${p.done} of ${p.all})`;
    verdict();
  },
  recording(r) { state.recording = r; recorder(); },
  // Of another page, or of one that was closed.
  manifest(m) { $("manifest").value = m.manifest; },
  model_file(m) { model = m.model; $("push").disabled = false; },
  console(c) { print(c.kind, c.text); },
  behind(b) { print("note", `this page was too slow for ${b.messages} messages`); },
  reset() { Object.assign(state, { stretches: [], alarms: [], passes: [], trainings: {}, training: null, every: 0, unlabelled: false }); forget(); ended(); alarm(); verdict(); },
  // What was told of the past may be of a model that is no more.
  ready() { if (!learner()) forget(); verdict(); },
  event(e) { state.heard = performance.now(); state.clock = Math.max(state.clock, e.time_us || 0); (events[e.event] || other)(e); },
};

const events = {
  verdict(e) {
    const stretch = { from: state.last ? state.last.time_us : e.time_us - 1e5, to: e.time_us, word: word(e), colour: tone(e) };
    const before = state.stretches.at(-1);
    // Windows that were not judged are a hole.
    if (state.last && e.window > state.last.window + 3) stretch.from = e.time_us - 1e5;
    if (state.last && e.window === state.last.window + 1) state.every = e.time_us - state.last.time_us;
    if (before && before.word === stretch.word && before.to === stretch.from) before.to = stretch.to; else state.stretches.push(stretch);
    if (state.stretches.length > 2000) state.stretches.shift();
    const changed = !state.last || state.last.decision !== e.decision || state.last.class !== e.class;
    state.last = e;
    if (e.score != null) { state.verdicts.push([e.time_us, e.score]); if (state.verdicts.length > VERDICTS) state.verdicts.shift(); }
    if (e.cause_channel != null) state.causes.push([e.time_us, e.cause_channel, e.cause_feature]);
    if (state.causes.length > 500) state.causes.shift();
    if (changed) other(e);
    verdict();
  },
  training_started(e) {
    state.training = e.training; state.passes = [];
    $("cancel").disabled = false; $("progress").hidden = false; $("bar").value = 0;
    $("phase").textContent = `${e.learner} begins`;
    plots.curve.drop();
    verdict();
    other(e);
  },
  training_pass(e) { state.passes.push([e.pass, e.loss, e.held_back]); other(e); },
  training_done(e) { say(`training ${e.training} done: ${e.learner}, ${e.stop}, ${e.rows} windows, ${fmt(e.quality)}`); state.verdicts = []; plots.score.drop(); ended(); verdict(); other(e); },
  training_failed(e) { say(`training ${e.training} ended without a model: ${e.reason}`, true); ended(); verdict(); other(e); },
  playing(e) { $("playing").textContent = `plays ${e.name}${e.class ? ", " + e.class : ""}${e.anomalous ? " (anomalous)" : ""}`; $("recordings").value = e.recording; other(e); },
  label_wanted(e) { $("labelling").textContent = `Window ${e.window} is of no class known${e.name || e.class ? ", most like " + (e.name || e.class) : ""}: name it and press Label.`; if (!(e.time_us - state.wanted < 5e6)) other(e); state.wanted = e.time_us; },
};
function other(e) {
  if (e.event.startsWith("alarm")) {
    const from = e.begin_us ?? e.time_us, last = state.alarms.at(-1), known = last && last.number === e.alarm;
    const one = known ? last : { number: e.alarm, from, to: null, peak: null };
    if (!known) state.alarms.push(one);
    if (state.alarms.length > 200) state.alarms.shift();
    one.peak = e.peak;
    if (e.event === "alarm_end") one.to = e.time_us;
    alarm();
  }
  print("event", `[${(e.time_us / 1e6).toFixed(3)}] ${e.event.replaceAll("_", " ")}${rest(e) ? ": " + rest(e) : ""}`);
}
/// The newest alarm, in words.
function alarm() {
  const one = state.alarms.at(-1);
  $("alarm").hidden = !one;
  if (!one) return;
  $("alarm").classList.toggle("over", one.to != null);
  put("alarm", `alarm ${one.number} ` + (one.to == null ? `since ${(one.from / 1e6).toFixed(1)} s` : `is over, ${((one.to - one.from) / 1e6).toFixed(1)} s`)
    + `; at most ${fmt(one.peak)} times the threshold`);
}
/// The fields of an event, but for its name and time.
const rest = e => Object.entries(e).filter(([k]) => k !== "event" && k !== "time_us").map(([k, v]) => k.endsWith("_us") ? `${k.slice(0, -3)} ${(v / 1e6).toFixed(3)} s` : `${k.replaceAll("_", " ")} ${typeof v === "number" ? fmt(v) : v}`).join(", ");
function ended() {
  state.training = null;
  $("cancel").disabled = true;
  $("progress").hidden = true;
}
const named = e => e.name || (e.class != null ? "class " + e.class : "");
const word = e => e.decision === "class" ? named(e) : e.decision;
const tone = e => e.decision === "normal" ? "well" : e.decision === "anomalous" ? "ill" : e.decision === "class" ? "c" + [0, 2, 3, 5, 6][(e.class || 0) % 5] : "none";
/// A channel's name.
function name(k) {
  const h = state.head, motion = h && h.channels.length <= 3 && h.channels.every(c => c.unit === "m/s2");
  return motion ? "xyz"[k] : "channel " + k;
}

/// The learner of the model in use; empty without one.
const learner = () => (/^[a-z]+(?=,|$)/.exec((state.model.lines || [])[0] || "") || [""])[0];
/// What was of a model that is no more.
function forget() {
  Object.assign(state, { verdicts: [], causes: [], last: null, every: 0 });
  plots.score.drop();
  put("score-unit", "");
  put("cause", "No verdict has named a channel yet.");
}
/// Sets a text where it is another.
function put(id, text) { if ($(id).textContent !== text) $(id).textContent = text; }
/// Seconds without a word that are too many: samples come often, counters every five.
const silence = () => state.head && state.head.rate_hz >= 1 ? 4 : 12;
/// Why what is shown is not of now; null where it is.
function stale() {
  if (!state.served) return "hone view has ended";
  if (!state.open) return "the device is gone, and is looked for";
  const quiet = (performance.now() - state.heard) / 1e3, age = state.last ? (state.clock - state.last.time_us) / 1e6 : 0;
  if (quiet > silence()) return `nothing came from the device for ${Math.round(quiet)} s`;
  return age > Math.max(3, 4 * state.every / 1e6) ? `no window was judged for ${Math.round(age)} s` : null;
}

function verdict() {
  const e = state.last, why = stale(), training = state.training != null, phase = $("phase").textContent;
  const START = "Press Learn what is normal while the machine runs well, or Learn classes and name what it does.";
  put("score-empty", training ? "training …" : learner() ? "No verdict has told a score yet." : "No model judges yet. Press Learn what is normal.");
  put("curve-empty", training ? `Training ${state.training}: ${phase}. Networks tell of their passes.`
    : "No training has told of passes yet; networks do (Train net or vae, where the build has them).");
  labelling();
  $("verdict").dataset.state = why ? "stale" : !e ? "none" : e.decision === "normal" ? "well" : e.decision === "anomalous" ? "ill" : "none";
  if (!e || why && training) {
    put("decision", training ? "training …" : learner() ? "no verdict yet" : "no model yet");
    return put("detail", !state.open || !state.served ? why : training ? phase : why || (learner() ? "" : START));
  }
  put("decision", (why ? "was " : "") + word(e));
  if ($("decision").dataset.time !== e.time_us + "") $("decision").dataset.time = e.time_us;
  if (why) return put("detail", `${why}; the last verdict is of ${(e.time_us / 1e6).toFixed(1)} s`);
  const limit = state.model.threshold != null ? ` of ${fmt(state.model.threshold)} allowed` : "";
  put("detail", (e.score != null ? `score ${fmt(e.score)}${limit}, ` : "") + `window ${e.window}`
    + (e.value != null ? `; expected ${fmt(e.value)} (${fmt(e.lower)} to ${fmt(e.upper)}), seen ${fmt(e.seen)}` : ""));
  const of = new Map();
  for (const [us, c] of state.causes) if (us > e.time_us - 6e7) of.set(c, (of.get(c) || 0) + 1);
  if (of.size) {
    const last = state.causes.at(-1), all = [...of].sort((a, b) => b[1] - a[1]);
    $("cause").textContent = `Contributed most: ${name(last[1])}, band ${last[2]}. In the last minute: ` + all.map(([c, n]) => `${name(c)} in ${n}`).join(", ");
  }
}

/// What to do when nothing is labelled any more.
function labelling() {
  if (!state.unlabelled) return;
  const rows = (state.stats.data || {}).rows || 0;
  put("labelling", "Windows have no label now. " + (learner() === "rce" ? "TinyRCE has learnt what was labelled."
    : rows ? `The training set has ${rows} rows: press Train for an SVM or a network.` : "Name what the machine does now; its windows are then of that class."));
}

function figures() {
  for (const cell of document.querySelectorAll("[data-stat]")) {
    const [object, field] = cell.dataset.stat.split("."), value = (state.stats[object] || {})[field];
    cell.dataset.value = value === undefined ? "" : JSON.stringify(value);
    const still = field.startsWith("latency") && value === 0 && !state.board;
    cell.textContent = value == null ? "–" : still ? "none: its clock stands while it computes" : (typeof value === "number" && !Number.isInteger(value) ? fmt(value) : value) + (cell.dataset.unit ? " " + cell.dataset.unit : "");
  }
  for (const figure of document.querySelectorAll("[data-of]")) figure.hidden = !figure.dataset.of.split(" ").includes(learner());
  const d = state.stats.device;
  if (d && d.memory_budget_bytes) {
    $("memory").value = d.memory_bytes / d.memory_budget_bytes;
    $("memory-text").textContent = `${d.memory_bytes} of ${d.memory_budget_bytes} bytes`;
  }
  const cells = texts => { const row = document.createElement("tr"); for (const t of texts) { const td = document.createElement("td"); td.textContent = t; row.append(td); } return row; };
  const all = Object.values(state.trainings).sort((a, b) => b.id - a.id).slice(0, 6);
  $("trainings").hidden = !all.length;
  $("trainings").tBodies[0].replaceChildren(...all.map(t => cells([t.id, t.learner, t.done ? "with a model" : "without one", t.rows || "–", t.rows ? fmt(t.quality) : "–", t.took_us < 1e6 ? fmt(t.took_us / 1e3) + " ms" : fmt(t.took_us / 1e6) + " s"])));
  const threads = Object.values(state.threads);
  $("threads").hidden = !threads.length;
  $("threads").tBodies[0].replaceChildren(...threads.map(t => cells([t.name, t.stack_used + " B", t.stack_bytes + " B", fmt(t.cpu_permille / 10) + " %"])));
}

// Pictures, as often as the screen shows them, and a second when nothing comes.

const plots = {
  signal: new Plot("signal-plot", { x: "seconds before now", y: () => state.head ? state.head.channels[0].unit || "LSB" : "", range: () => [-state.span, 0] }),
  score: new Plot("score-plot", { x: "seconds before now", y: () => "score", y0: true,
    spans: () => state.alarms.map(a => [(a.from - state.clock) / 1e6, a.to == null ? 0 : (a.to - state.clock) / 1e6]) }),
  spectrum: new Plot("spectrum-plot", { x: "Hz", y: () => "amplitude, " + (state.head ? state.head.channels[0].unit || "LSB" : ""), y0: true }),
  curve: new Plot("curve-plot", { x: "pass", y: () => "loss" }),
};
const fall = new Waterfall();
let drawn = 0, spectra = 0, frames = 0;

function draw(now) {
  requestAnimationFrame(draw);
  if (now - drawn < 30 || document.hidden) return;
  drawn = now;
  frames++;
  $("clock").textContent = (state.clock / 1e6).toFixed(1) + " s";
  drawRibbon(state.stretches, state.alarms, state.clock, RIBBON);
  const r = state.ring;
  if (r && r.count) {
    plots.signal.show(r.columns(state.span, Math.max(200, $("signal-plot").clientWidth - 60)), state.head.label.map(label => ({ label, alpha: "b0" })));
    if (now - spectra > 120 && r.count >= 256) { spectra = now; spectrumNow(r); }
  }
  if (state.verdicts.length && frames % 3 === 0) scores();
  if (state.map && frames % 15 === 0) map();
  if (state.passes.length && frames % 10 === 0) {
    const held = state.passes.some(p => p[2] != null), columns = [0, 1].concat(held ? [2] : []).map(k => state.passes.map(p => p[k] ?? null));
    plots.curve.show(columns, [{ label: "loss" }].concat(held ? [{ label: "on what is held back", dash: [6, 3] }] : []));
  }
}
function spectrumNow(r) {
  let n = 256;
  while (n < 1024 && n * 2 <= r.count && n / r.rate < 0.5) n *= 2;
  const all = r.values.map((_, c) => spectrum(r.newest(c, n)));
  if (all.some(s => !s)) return;
  const hz = Array.from(all[0], (_, k) => k * r.rate / n);
  $("spectrum-unit").textContent = `of the last ${n} readings, ${fmt(r.rate / n)} Hz apart`;
  plots.spectrum.show([hz, ...all], state.head.label.map(label => ({ label })));
  fall.add(all[0].map((_, k) => Math.max(...all.map(s => s[k]))));
  if (!$("falls").hidden) fall.draw(240 * 0.12, r.rate / 2);
}
function scores() {
  const t = state.model.threshold, from = state.clock - RIBBON * 1e6, some = state.verdicts.filter(v => v[0] >= from);
  const rows = [some.map(v => (v[0] - state.clock) / 1e6), some.map(v => v[1])], series = [{ label: "score", colour: "c0", points: some.length < 40 }];
  if (t != null) { rows.push(some.map(() => t)); series.push({ label: "threshold", colour: "c1", dash: [6, 4], width: 1.6 }); }
  $("score-unit").textContent = t != null ? `anomalous above ${fmt(t)}` : "";
  plots.score.show(rows, series);
}

const map = () => drawMap(state.map.points, state.map.classes, state.map.shares, state.map.rows);

// What is pressed.

/// The answer to a command that nobody typed, as soon as the device is free.
async function command_quietly(line) {
  for (;;) {
    const got = await post("command", { line, unseen: true });
    if (got.answer || !/ is busy /.test(got.error)) return got.answer || [];
    await new Promise(done => setTimeout(done, 1000));
  }
}
function conditions(lines) {
  if (!lines.some(l => l.startsWith("* "))) return;
  const all = lines.map(l => /^([* ]) ?([\w-]+): (.*)$/.exec(l.startsWith("*") ? l : "  " + l)).filter(Boolean);
  $("rig").hidden = false;
  $("rig").querySelector(".segments").replaceChildren(...all.map(([, mark, condition, meaning]) => {
    const button = document.createElement("button");
    Object.assign(button, { textContent: condition, title: meaning });
    button.dataset.rig = condition;
    button.setAttribute("aria-pressed", mark === "*");
    button.onclick = async () => {
      if ((await command("rig " + condition, button)).ok) {
        for (const b of button.parentNode.children) b.setAttribute("aria-pressed", b === button);
        $("name").value = $("class").value = condition;
        if (!state.ticked) $("anomalous").checked = condition !== "normal";
      }
    };
    return button;
  }));
  const now = all.find(c => c[1] === "*");
  if (now && !$("name").value) $("name").value = $("class").value = now[2];
}
function recordings(lines) {
  const all = lines.map(l => /^\*? *(\d+) (.*)$/.exec(l)).filter(Boolean);
  if (!lines.some(l => /^\* *\d/.test(l))) return;
  $("replay").hidden = false;
  $("recordings").replaceChildren(...all.map(m => new Option(m[2], m[1])));
}
for (const button of document.querySelectorAll("[data-command]")) button.onclick = () => command(button.dataset.command, button);
for (const button of document.querySelectorAll("[data-train]")) button.onclick = () => command("train " + button.dataset.train, button);
$("train-other").onclick = e => command("train " + $("learner").value, e.target);
$("play").onclick = e => command("replay " + $("recordings").value, e.target);
$("label").onclick = async e => {
  const name = $("name").value.trim().replace(/[^\w.-]+/g, "-");
  if (!name) return say("Type a name first, such as calm.", true);
  const known = state.names.find(n => n.name === name), id = known ? known.id : 1 + Math.max(0, ...state.names.map(n => n.id));
  const got = await command(`label ${id} ${name}`, e.target);
  if (!got.ok) return;
  if (!known) state.names.push({ id, name });
  $("unlabel").disabled = state.unlabelled = false;
  $("labelling").textContent = `Windows are now of class ${id} (${name}). Give it a few seconds; then change what the machine does and label that.`;
};
$("unlabel").addEventListener("click", () => { $("unlabel").disabled = state.unlabelled = true; labelling(); });
for (const button of $("span").children) button.onclick = () => {
  state.span = +button.dataset.span;
  for (const b of $("span").children) b.setAttribute("aria-pressed", b === button);
};
$("waterfall").onclick = e => {
  $("falls").hidden = !$("falls").hidden;
  e.target.setAttribute("aria-pressed", !$("falls").hidden);
  $("fall-key").textContent = "Light is strong: 60 dB from dark to light, the strongest channel of each frequency.";
};
$("draw-map").onclick = async e => {
  const key = text => put("map-key", text), refused = text => { print("error", text); say(text, true); };
  e.target.classList.add("busy");
  // Rows and prototypes are what is drawn; in the console they would leave room for nothing else.
  const got = await post("command", { line: "data export", unseen: true }), refusal = got.error || got.answer.find(l => l.startsWith("error:"));
  const made = learner() === "rce" ? await post("prototypes") : { prototypes: [] };
  e.target.classList.remove("busy");
  if (refusal) return refused(refusal);
  if (made.error) refused(made.error);
  const lines = got.answer.filter(l => /^\d+(,[-\d.e]+)+$/i.test(l)).map(l => l.split(",").map(Number)), width = lines.length ? lines[0].length - 1 : 0;
  const prototypes = (made.prototypes || []).filter(p => !width || p.centre.length === width);
  const all = lines.map(l => l.slice(1)).concat(prototypes.map(p => p.centre)), classes = lines.map(l => l[0]).concat(prototypes.map(p => p.class));
  print("note", `data export, model export: ${lines.length} rows and ${prototypes.length} prototypes, drawn as the class map`);
  $("map-plot").classList.toggle("full", all.length > 2);
  state.map = null;
  if (all.length < 3) return key(`There are ${lines.length} rows and ${prototypes.length} prototypes, too few to draw. Label windows of two classes.`);
  state.map = { ...components(all), classes, rows: lines.length };
  const count = (id, from, to) => classes.slice(from, to).filter(c => c === id).length;
  const word = (n, what) => n ? [`${n} ${what}${n > 1 ? "s" : ""}`] : [];
  const names = map().map((id, k) => `${SHAPES[k % 8]} ${(state.names.find(n => n.id === id) || { name: "class " + id }).name} (`
    + [...word(count(id, 0, lines.length), "row"), ...word(count(id, lines.length), "prototype")].join(", ") + ")");
  key(`${all[0].length} features: ` + names.join(", ") + (prototypes.length ? "; prototypes are in rings" : ""));
};
$("typing").onsubmit = e => {
  e.preventDefault();
  const line = $("line").value;
  $("line").value = "";
  if (line.trim()) { past.push(line); at = past.length; command(line); }
};
const past = [];
let at = 0;
$("line").onkeydown = e => {
  if (e.key !== "ArrowUp" && e.key !== "ArrowDown") return;
  e.preventDefault();
  at = Math.max(0, Math.min(past.length, at + (e.key === "ArrowUp" ? -1 : 1)));
  $("line").value = past[at] || "";
};
$("interrupt").onclick = () => post("interrupt");

// Recordings.

async function tell(path, body, button) {
  button.classList.add("busy");
  const got = await post(path, body);
  button.classList.remove("busy");
  if (got.error) { $("taking").textContent = got.error; $("taking").style.color = "var(--ill)"; } else $("taking").style.color = "";
  return got;
}
function recorder() {
  const r = state.recording, running = !!r && r.running;
  $("record").disabled = $("file").disabled = !!r;
  $("stop").disabled = !r;
  $("discard").hidden = !r;
  $("mark").disabled = $("unmark").disabled = !running;
  if (r) $("taking").textContent = `${r.file}: ${r.seconds.toFixed(1)} s, ${r.frames} frames, ${r.missing} missing`;
  if (r) $("marks").replaceChildren(...r.marks.map(m => Object.assign(document.createElement("li"), { textContent: `${m.class}: from ${(m.from / 1e6).toFixed(1)} s to ${m.to ? (m.to / 1e6).toFixed(1) + " s" : "now"}` })));
}
setInterval(async () => { if (state.recording && state.recording.running) { state.recording = await post("recording"); if (state.recording && !state.recording.error) recorder(); } }, 1000);
$("record").onclick = e => tell("record", { file: $("file").value.trim() }, e.target);
$("discard").onclick = e => tell("discard", {}, e.target).then(() => { $("taking").textContent = "Discarded."; $("marks").replaceChildren(); });
$("mark").onclick = e => tell("mark", { class: $("class").value || "normal", anomalous: $("anomalous").checked }, e.target);
$("unmark").onclick = e => tell("mark", {}, e.target);
$("stop").onclick = async e => {
  const got = await tell("stop", {}, e.target);
  if (got.error) return;
  $("taking").textContent = got.text;
  $("manifest").value = got.manifest;
};
$("anomalous").onchange = () => { state.ticked = true; };
async function report(path, body, button) {
  const got = await post(path, body, button);
  $("report").hidden = false;
  $("report").textContent = got.error || got.text;
  return got;
}
$("check").onclick = e => report("check", { manifest: $("manifest").value.trim() });
let model = null;
$("evaluate").onclick = async e => {
  $("report").hidden = false;
  $("report").textContent = "trains and tests …";
  const got = await report("evaluate", { manifest: $("manifest").value.trim(), learner: $("eval-learner").value, budget: $("budget").value });
  if (got.error) return;
  model = got.model || null;
  $("push").disabled = !model;
};
$("push").onclick = e => { $("report").textContent = "sends " + model + " …"; report("push", { model }); };

// The line from the server.

const source = new EventSource("events");
for (const [kind, act] of Object.entries(on)) source.addEventListener(kind, e => act(JSON.parse(e.data)));
source.onopen = () => { state.served = true; $("log").replaceChildren(); on.reset(); };
source.onerror = () => { state.served = false; $("link").textContent = "hone view has ended"; $("link").classList.remove("on"); verdict(); };
figures();
// Time alone makes a verdict old.
setInterval(verdict, 500);
requestAnimationFrame(draw);
