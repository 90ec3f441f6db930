//! `hone view` over HTTP: the page and its guards, buttons against the shell, panels against `stats --json`, the way from a recording to
//! a model in the device.

use crate::page::View;
use serde_json::{Value, json};
#[cfg(unix)]
use std::io::{BufRead as _, BufReader};
use std::process::Command;
#[cfg(unix)]
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("../../src/view/page/index.html");

#[test]
fn the_page_is_whole_light_and_asks_no_other_machine() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    let (mut bytes, mut text) = (0, String::new());
    for name in ["", "view.css", "uplot.css", "uplot.js", "maths.js", "plots.js", "view.js", "licence"] {
        let response = view.get(name);
        assert_eq!(response.status, 200, "{name}");
        let policy = "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:;";
        assert!(response.head.contains(policy) && !response.head.contains("unsafe"), "{}", response.head);
        bytes += response.head.len() + response.body.len();
        text += &String::from_utf8(response.body).unwrap();
    }
    assert!(bytes < 150_000, "{bytes}");
    // The banner of uPlot's licence names its home.
    let others = text.replace("/*! https://github.com/leeoniya/uPlot (v1.6.32) */", "");
    assert!(!others.contains("://") && !others.contains("src=\"//") && !others.contains("url("));
    for line in PAGE.lines() {
        let inline = line.contains("<script>")
            || line.contains("<style")
            || line.contains(" style=")
            || line.contains(" onclick");
        assert!(!inline, "the policy forbids this: {line}");
    }
}

#[test]
fn only_the_page_itself_is_served() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    let (own, path) = (view.own(), view.path.clone());
    let status = |method: &str, path: &str, headers: &str| view.ask(method, path, headers, "{\"line\":\"led\"}").status;
    let page = format!("{path}command");
    assert_eq!(status("POST", &page, &own), 200);
    let local = own.replace("127.0.0.1", "localhost");
    assert_eq!(status("POST", &page, &local), 200);
    // Another name that leads here, none, and other sites.
    for headers in ["", "Host: evil.example\r\n", "Host: 127.0.0.1\r\n", "Host: 127.0.0.1:1\r\n"] {
        assert!(matches!(status("POST", &page, headers), 400 | 403), "{headers}");
        assert!(matches!(status("GET", &path, headers), 400 | 403), "{headers}");
    }
    for more in [
        "Origin: http://evil.example\r\n",
        "Origin: null\r\n",
        "Origin: http://127.0.0.1:1\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
    ] {
        assert_eq!(status("POST", &page, &format!("{own}{more}")), 403, "{more}");
    }
    // Without the token nothing is told.
    let other = format!("/{}/", "0".repeat(path.len() - 2));
    for path in ["/", "/command", "//command", &other, &format!("{other}command"), path.trim_end_matches('/')] {
        assert_eq!(status("POST", path, &own), 404, "{path}");
        assert_eq!(status("GET", path, &own), 404, "{path}");
    }
    assert_eq!(status("DELETE", &page, &own), 405);
    // Files stay in the folder, and the page keeps what it needs.
    for (name, body) in [
        ("record", json!({ "file": "../motor.csv" })),
        ("record", json!({ "file": ".csv" })),
        ("record", json!({ "file": "motor.mp3" })),
        ("record", json!({ "file": "-motor.csv" })),
        ("record", json!({ "file": "CON.csv" })),
        ("record", json!({ "file": "lpt1.old.csv" })),
        ("check", json!({ "manifest": "/etc/passwd" })),
        ("check", json!({ "manifest": "--help" })),
        ("push", json!({ "model": "../model.hone" })),
        ("evaluate", json!({ "manifest": "motor.toml", "learner": "--help" })),
        ("mark", json!({ "class": "well" })),
        ("stop", json!({})),
        ("command", json!({ "line": "led\nquit" })),
        ("command", json!({ "line": "config set device.telemetry off" })),
        ("command", json!({ "line": "config  set device.telemetry off" })),
        ("command", json!({ "line": "config reset device.telemetry" })),
        ("command", json!({ "line": "record 1" })),
        ("command", json!({ "line": "quit" })),
    ] {
        assert!(view.post(name, &body)["error"].is_string(), "{name} {body}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // What is no request is told, and does nothing.
    for (name, body) in [
        ("command", "[]"),
        ("command", "null"),
        ("command", "{}"),
        ("command", "{\"line\":5}"),
        ("command", "line"),
        ("mark", "{\"class\":5}"),
        ("record", "{}"),
    ] {
        let (status, value) = view.send(name, body);
        assert!(status == 400 && value["error"].as_str().unwrap().contains(name), "{name} {body}: {status} {value}");
    }
    let (status, value) = view.send("command", &json!({ "line": "x".repeat(70_000) }).to_string());
    assert!(status == 413 && value["error"].as_str().unwrap().contains("larger than 65536"), "{status} {value}");
    // Blanks are a line without a command, and blanks around one are none of it.
    for blank in ["", "   ", "\t"] {
        assert_eq!(view.command(blank), [""; 0], "{blank:?}");
    }
    assert_eq!(view.command("  led "), ["off"]);
    // So many pages are told all; one more is told why it is not, and the place of one that was closed is free.
    let mut pages: Vec<_> = (0..16).map(|_| view.listen()).collect();
    for page in &mut pages {
        page.until("ready", |_| true);
    }
    let events = format!("{path}events");
    let refused = view.ask("GET", &events, &own, "");
    assert!(
        refused.status == 503 && String::from_utf8_lossy(&refused.body).contains("close one"),
        "{}",
        refused.status
    );
    assert_eq!(view.command("led"), ["off"]);
    drop(pages);
    let begun = Instant::now();
    while !view.listens() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no place became free");
    }
}

#[test]
fn no_command_blinds_the_page_and_a_busy_device_says_with_what() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    let mut events = view.listen();
    events.until("samples", |_| true);
    // Both put events back to text or fewer; the page is told of all of them still.
    view.command("config set esn.leak 0.5");
    view.command("config reset");
    assert_eq!(view.command("config get esn.leak"), ["1.000"]);
    assert_eq!(view.command("config get device.telemetry"), ["json"]);
    view.command("train esn --windows 30");
    events.until("event", |e| e["event"] == "training_done");
    view.command("infer on");
    // Without a change of the verdict only a device that tells each window goes on.
    events.until("event", |e| e["event"] == "verdict");
    let next = events.until("event", |e| e["event"] == "verdict").pop().unwrap().1["window"].as_u64();
    events.until("event", |e| e["window"].as_u64() > next.map(|n| n + 5));
    // A command that waits has the device, and ends by Ctrl-C; what came behind it was not typed later.
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| view.command("wait 60"));
        events.until("console", |c| c["text"] == "wait 60");
        let begun = Instant::now();
        let refused = view.post("command", &json!({ "line": "label 7 late" }));
        assert!(refused["error"].as_str().is_some_and(|e| e.contains("busy with 'wait 60'")), "{refused}");
        assert!(begun.elapsed() < Duration::from_secs(20), "it waited for the command");
        view.post("interrupt", &json!({}));
        waiting.join().unwrap();
    });
    assert!(!view.command("label list").iter().any(|l| l.contains("late")));
}

#[test]
fn every_button_gives_the_shells_answer() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    let values = |mark: &str| -> Vec<String> {
        PAGE.split(mark).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()).collect()
    };
    let mut lines = values("data-command=\"");
    assert!(lines.len() >= 6, "{lines:?}");
    for line in
        ["data export", "led", "trian", "rig imbalance", "rig", "rig flood", "label 1 calm", "label list", "label none"]
    {
        lines.push(line.into());
    }
    // Last, for what is learnt at once answers a label otherwise.
    lines.extend(values("data-train=\"").iter().flat_map(|l| [format!("train {l}"), "train cancel".into()]));
    for line in lines {
        let shell = crate::common::script(&if line == "rig" { "rig imbalance\nrig".into() } else { line.clone() });
        // Events, and what differs with the time that a page has been open, apart.
        let of_time =
            |l: &str| l.starts_with('[') || l.contains("took") || l.contains("training 1") || l.contains("training 2");
        let said: Vec<&str> = shell.out.lines().map(str::trim).filter(|l| !of_time(l) && !l.is_empty()).collect();
        let got: Vec<String> = view.command(&line);
        let got: Vec<&str> = got.iter().map(|l| l.trim()).filter(|l| !of_time(l)).collect();
        match line.as_str() {
            // A training was begun by the button before; the script has none.
            "train cancel" => assert!(got.is_empty() || got == said, "{line}: {got:?}"),
            "label list" => assert_eq!(got, ["class 1 (calm)"]),
            _ => assert_eq!(got, said, "{line}"),
        }
    }
}

#[test]
fn panels_agree_with_the_counters_of_the_same_run() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    let mut events = view.listen();
    events.until("ready", |_| true);
    assert!(view.command("train esn --windows 30")[0].starts_with("training 1 begins"));
    let mut all = events.until("event", |e| e["event"] == "training_done");
    let done = all.last().unwrap().1.clone();
    all.extend(events.until("model", |m| m["threshold"].is_number()));
    let threshold = all.last().unwrap().1["threshold"].as_f64().unwrap();
    view.post("command", &json!({ "line": "rig imbalance" }));
    all.extend(events.until("event", |e| e["decision"] == "anomalous"));
    let lines = view.command("stats --json");
    let counters: Vec<Value> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let of = |what: &str| counters.iter().find(|c| c["stats"] == what).unwrap_or_else(|| panic!("no {what}"));
    // What the page is told is what the shell says, object for object.
    let told = events.until("stats", |s| s == counters.last().unwrap());
    for object in &counters {
        assert!(told.iter().any(|(kind, value)| kind == "stats" && value == object), "{object}");
    }
    // And every figure of the page is one of these, or of an object that has nothing to tell yet.
    for name in PAGE.split("data-stat=\"").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        let (object, field) = name.split_once('.').unwrap();
        let known = counters.iter().find(|c| c["stats"] == object);
        assert!(object == "online" || known.is_some_and(|c| c.get(field).is_some()), "{name}");
    }
    // Verdicts, as ribbon and score draw them: as many as were counted, the last one the same.
    let place = told.iter().position(|(kind, value)| kind == "stats" && value == of("inference")).unwrap();
    all.extend(told.into_iter().take(place));
    let verdicts: Vec<&Value> = all.iter().map(|(_, v)| v).filter(|v| v["event"] == "verdict").collect();
    let count = |word: &str| verdicts.iter().filter(|v| v["decision"] == word).count() as u64;
    for word in ["normal", "anomalous", "unknown"] {
        assert_eq!(of("inference")[word], count(word), "{word}");
    }
    assert_eq!(verdicts.last().unwrap()["score"], of("inference")["last_score"]);
    assert!(verdicts.last().unwrap()["score"].as_f64().unwrap() > threshold);
    assert_eq!(of("training")["quality"], done["quality"]);
    assert!(all.iter().any(|(kind, p)| kind == "progress" && p["all"] == 30));
    // The signal: as many frames as were read in the time, of the sensor that the counters name.
    let head = &all
        .iter()
        .rfind(|(kind, _)| kind == "head")
        .map_or_else(|| view.listen().until("head", |_| true).pop().unwrap().1, |h| h.1.clone());
    assert_eq!(head["sensor"], of("sampling")["sensor"]);
    assert_eq!(head["rate_hz"], of("sampling")["rate_hz"]);
    let samples: Vec<&Value> = all.iter().filter(|(kind, _)| kind == "samples").map(|(_, v)| v).collect();
    let frames: usize = samples.iter().map(|s| s["values"].as_array().unwrap().len() / 3).sum();
    let span = samples.last().unwrap()["us"].as_u64().unwrap() - samples[0]["us"].as_u64().unwrap();
    let missing: u64 = samples.iter().skip(1).map(|s| s["missing"].as_u64().unwrap()).sum();
    assert!((frames as u64 + missing).abs_diff(span / 1000) <= 40, "{frames} and {missing} in {span}");
}

#[test]
fn a_recording_becomes_a_model_in_the_device() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    view.listen().until("samples", |_| true);
    let wait = |seconds: f64| std::thread::sleep(Duration::from_secs_f64(seconds));
    assert_eq!(view.post("record", &json!({ "file": "motor.csv" }))["running"], true);
    assert!(view.post("record", &json!({ "file": "other.csv" }))["error"].is_string());
    view.post("mark", &json!({ "class": "well" }));
    wait(8.0);
    view.post("mark", &json!({}));
    view.command("rig imbalance");
    wait(0.5);
    view.post("mark", &json!({ "class": "shaken", "anomalous": true }));
    wait(2.0);
    let frames = view.post("recording", &json!({}))["frames"].as_u64().unwrap();
    assert!(frames > 6000, "{frames}");
    // A folder that is not there: the file that was asked for is named, and it can be saved when the folder is back.
    let aside = folder.path().with_extension("aside");
    std::fs::rename(folder.path(), &aside).unwrap();
    let failed = view.post("stop", &json!({}));
    std::fs::rename(&aside, folder.path()).unwrap();
    let error = failed["error"].as_str().unwrap();
    assert!(error.contains("motor-1-well.csv") && error.contains("save again") && !error.contains(".hone-"), "{error}");
    let saved = view.post("stop", &json!({}));
    assert_eq!(saved["manifest"], "motor.toml", "{saved}");
    let mut names: Vec<String> =
        std::fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    assert_eq!(names, ["motor-1-well.csv", "motor-2-shaken.csv", "motor.toml"]);
    let check = view.post("check", &json!({ "manifest": "motor.toml" }));
    assert_eq!(check["ok"], true, "{check}");
    let shell = Command::new(env!("CARGO_BIN_EXE_hone"))
        .args(["check", "motor.toml", "--root", "."])
        .current_dir(folder.path())
        .output()
        .unwrap();
    let shell = String::from_utf8(shell.stdout).unwrap() + &String::from_utf8(shell.stderr).unwrap();
    assert_eq!(check["text"], shell);
    let evaluated = view.post("evaluate", &json!({ "manifest": "motor.toml", "learner": "esn" }));
    assert_eq!((&evaluated["ok"], &evaluated["model"]), (&json!(true), &json!("motor.hone")), "{evaluated}");
    assert!(view.command("model info")[0].starts_with("error: there is no model"));
    let pushed = view.post("push", &json!({ "model": "motor.hone" }));
    assert!(pushed["text"].as_str().is_some_and(|t| t.starts_with("imported: esn, ")), "{pushed}");
    assert!(view.command("model info")[0].starts_with("esn, "));
    // Another page, opened late, knows both files, and a board's memory is that which is chosen.
    let told = view.listen().until("ready", |_| true);
    for (kind, value) in
        [("manifest", json!({ "manifest": "motor.toml" })), ("model_file", json!({ "model": "motor.hone" }))]
    {
        assert!(told.iter().any(|(k, v)| k == kind && *v == value), "{kind}");
    }
    let board =
        |budget: &str| view.post("evaluate", &json!({ "manifest": "motor.toml", "learner": "esn", "budget": budget }));
    let text = |value: &Value| value["text"].as_str().unwrap_or_default().to_owned();
    assert!(text(&evaluated).contains("budget f401"), "{evaluated}");
    let large = board("h743");
    assert!(text(&large).contains("budget h743"), "{large}");
    let (status, none) = view.send("evaluate", "{\"budget\":\"pdp11\"}");
    assert!(status == 400 && none["error"].as_str().unwrap().contains("f401"), "{none}");
    // It judges: the motor is shaken still.
    view.listen().until("event", |e| e["event"] == "verdict" && e["decision"] == "anomalous");
}

/// A program, ended with the test.
#[cfg(unix)]
struct Running(Child);

#[cfg(unix)]
impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Sends Ctrl-C, and waits for the end; whether it was a good one.
#[cfg(unix)]
fn interrupted(child: &mut Child) -> bool {
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    child.wait().unwrap().success()
}

#[cfg(unix)]
#[test]
fn a_running_device_is_seen_by_one_after_the_other_and_its_alarms_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let (link, flash) = (folder.path().join("device"), folder.path().join("flash"));
    let port = link.to_str().unwrap().to_owned();
    let mut command = Command::new(env!("CARGO_BIN_EXE_hone"));
    command.args(["run", "--pty", &port, "--flash"]).arg(&flash).stdin(Stdio::null()).stdout(Stdio::null());
    let mut device = Running(command.stderr(Stdio::piped()).spawn().unwrap());
    let mut said = String::new();
    BufReader::new(device.0.stderr.as_mut().unwrap()).read_line(&mut said).unwrap();
    assert!(said.contains(&format!("'hone view {port}'")), "{said}");
    // One link is one device's.
    let refused = crate::common::hone(&["run", "--pty", &port], b"");
    assert!(refused.status == Some(1) && refused.err.contains("something of this name"), "{}", refused.err);
    let mut view = View::of(&port, folder.path());
    let mut events = view.listen();
    events.until("samples", |_| true);
    // What a page asks of a port, to show the conditions.
    assert!(view.command("rig").iter().any(|line| line.starts_with("* normal: ")));
    view.command("train esn --windows 30");
    events.until("event", |e| e["event"] == "training_done");
    view.command("rig imbalance");
    let begin = events.until("event", |e| e["event"] == "alarm_begin").pop().unwrap().1;
    let seen = events.until("event", |e| e["event"] == "verdict").pop().unwrap().1;
    assert_eq!(seen["decision"], "anomalous");
    let counters = |view: &View| -> Value {
        let lines = view.command("stats --json");
        lines.iter().map(|l| serde_json::from_str::<Value>(l).unwrap()).find(|c| c["stats"] == "alarm").unwrap()
    };
    let lasting = counters(&view);
    assert_eq!((&lasting["active"], &lasting["count"]), (&json!(true), &begin["alarm"]));
    view.command("rig normal");
    let end = events.until("event", |e| e["event"] == "alarm_end").pop().unwrap().1;
    let over = counters(&view);
    assert_eq!((&over["active"], &over["end_us"]), (&json!(false), &end["time_us"]));
    for field in ["begin_us", "peak", "score", "peak_us"] {
        assert_eq!(over[field], end[field], "{field}");
    }
    assert_eq!((&begin["alarm"], &begin["begin_us"]), (&end["alarm"], &end["begin_us"]));
    // A page that opens late is told of both.
    view.listen().until("event", |e| *e == end);
    assert!(interrupted(&mut view.child));
    // What a program that was killed has left running is ended by the next one.
    let mut monitor = Command::new(env!("CARGO_BIN_EXE_hone"));
    monitor.args(["monitor", &port, "--samples", "--quiet"]).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut killed = Running(monitor.spawn().unwrap());
    let said = BufReader::new(killed.0.stdout.as_mut().unwrap()).lines().map(Result::unwrap);
    assert!(said.into_iter().any(|line| line.contains("\"samples\"")));
    drop(killed);
    // The model stays with the device, for the next one.
    let monitor =
        crate::common::hone(&["monitor", &port, "--every", "--seconds", "2", "-c", "rig imbalance"], b"").well();
    let objects: Vec<Value> = monitor.out.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert!(objects.iter().any(|o| o["event"] == "alarm_begin"), "{}", monitor.err);
    assert!(objects.iter().any(|o| o["decision"] == "anomalous"), "{}", monitor.err);
    let quiet = crate::common::hone(&["monitor", &port, "--seconds", "1"], b"").well();
    assert!(!quiet.err.contains("frames") && !quiet.out.contains("\"samples\""), "{}", quiet.err);
    assert!(interrupted(&mut device.0) && !link.exists());
    // And in its flash.
    let info = crate::common::hone(&["run", "--flash", flash.to_str().unwrap()], b"model info\n").well();
    assert!(info.out.contains("esn, "), "{}", info.out);
}

#[test]
fn prototypes_are_the_models_and_lie_among_the_rows() {
    let folder = tempfile::tempdir().unwrap();
    let view = View::start(folder.path());
    assert!(view.post("prototypes", &json!({}))["error"].as_str().unwrap().starts_with("there is no model"));
    let teach = || {
        for (condition, label) in [("normal", 1), ("imbalance", 2)] {
            view.command(&format!("rig {condition}"));
            view.command("wait 0.5");
            view.command(&format!("label {label}"));
            view.command("wait 2");
            view.command("label none");
        }
    };
    // Rows first, which TinyRCE does not keep.
    teach();
    view.command("train rce");
    teach();
    let rows: Vec<(u64, Vec<f64>)> = view
        .command("data export")
        .iter()
        .filter_map(|line| line.split_once(','))
        .map(|(class, row)| (class.parse().unwrap(), row.split(',').map(|v| v.parse().unwrap()).collect()))
        .collect();
    let got = view.post("prototypes", &json!({}));
    let prototypes = got["prototypes"].as_array().unwrap_or_else(|| panic!("{got}"));
    let lines = view.command("stats --json");
    let online: Vec<Value> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
    let online = online.iter().find(|c| c["stats"] == "online").unwrap();
    assert_eq!(online["units"], prototypes.len());
    // Each is of a class that was labelled, and its features are where those of the rows are.
    let width = rows[0].1.len();
    let (mut inside, mut all) = (0, 0);
    for (index, prototype) in prototypes.iter().enumerate() {
        assert!(prototype["class"] == 1 || prototype["class"] == 2, "{prototype}");
        let centre = prototype["centre"].as_array().unwrap();
        assert_eq!(centre.len(), width, "{index}");
        for (k, value) in centre.iter().enumerate() {
            let column = || rows.iter().map(|r| r.1[k]);
            let mean = column().sum::<f64>() / rows.len() as f64;
            let spread = (column().map(|v| (v - mean).powi(2)).sum::<f64>() / rows.len() as f64).sqrt();
            inside += usize::from((value.as_f64().unwrap() - mean).abs() <= 4.0 * spread);
            all += 1;
        }
    }
    assert!(rows.len() > 20 && prototypes.len() >= 2, "{} rows, {} prototypes", rows.len(), prototypes.len());
    assert!(inside * 10 >= all * 9, "{inside} of {all} features within four deviations of the rows'");
}
