//! `hone view` over HTTP: the page and its guards, buttons against the shell, panels against `stats --json`, the way from a recording to
//! a model in the device.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const PAGE: &str = include_str!("../../src/view/page/index.html");

/// `hone view --demo`, ended with the test.
struct View {
    child: Child,
    /// `127.0.0.1:PORT`, and the path that ends with the token.
    host: String,
    path: String,
}

impl Drop for View {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Response {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl View {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hone"))
            .args(["view", "--demo", "--port-number", "0", "--dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (host, path) = line.trim().strip_prefix("http://").unwrap().split_once('/').unwrap();
        Self { child, host: host.to_owned(), path: format!("/{path}") }
    }

    fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Response {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        let length = body.len();
        let text =
            format!("{method} {path} HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}");
        stream.write_all(text.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|w| w == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Response { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn own(&self) -> String {
        format!("Host: {}\r\n", self.host)
    }

    fn get(&self, name: &str) -> Response {
        self.ask("GET", &format!("{}{name}", self.path), &self.own(), "")
    }

    /// What the server answers to a request of the page's with this body.
    fn send(&self, name: &str, body: &str) -> (u16, Value) {
        let headers = format!("{}Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", self.own(), self.host);
        let response = self.ask("POST", &format!("{}{name}", self.path), &headers, body);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    #[track_caller]
    fn post(&self, name: &str, body: &Value) -> Value {
        let (status, value) = self.send(name, &body.to_string());
        assert_eq!(status, 200, "{name}");
        value
    }

    /// The lines that a command answers with.
    #[track_caller]
    fn command(&self, line: &str) -> Vec<String> {
        let got = self.post("command", &json!({ "line": line }));
        let lines = got["answer"].as_array().unwrap_or_else(|| panic!("{line}: {got}"));
        lines.iter().map(|l| l.as_str().unwrap().to_owned()).collect()
    }

    fn listen(&self) -> Events {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(format!("GET {}events HTTP/1.1\r\n{}\r\n", self.path, self.own()).as_bytes()).unwrap();
        Events { stream: BufReader::new(stream), text: String::new(), head: true }
    }
}

/// What the server tells a page.
struct Events {
    stream: BufReader<TcpStream>,
    text: String,
    head: bool,
}

impl Events {
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line
    }

    /// The next message: what it is, and what it says.
    fn next(&mut self) -> (String, Value) {
        while std::mem::take(&mut self.head) {
            while self.line().trim() != "" {}
        }
        loop {
            if let Some((message, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| message.lines().find_map(|l| l.strip_prefix(name)).map(str::to_owned);
                let found = field("event: ").zip(field("data: "));
                self.text = rest.to_owned();
                match found {
                    Some((kind, data)) => return (kind, serde_json::from_str(&data).unwrap()),
                    None => continue,
                }
            }
            // A piece of a body whose length was not known.
            let size = usize::from_str_radix(self.line().trim(), 16).unwrap();
            let mut bytes = vec![0; size + 2];
            self.stream.read_exact(&mut bytes).unwrap();
            self.text += std::str::from_utf8(&bytes[..size]).unwrap();
        }
    }

    /// Messages up to one of this kind for which it holds; that is the last one.
    fn until(&mut self, kind: &str, holds: impl Fn(&Value) -> bool) -> Vec<(String, Value)> {
        let (mut all, begun) = (Vec::new(), Instant::now());
        loop {
            let message = self.next();
            let last = message.0 == kind && holds(&message.1);
            all.push(message);
            if last {
                return all;
            }
            assert!(begun.elapsed() < Duration::from_secs(90), "no {kind}");
        }
    }
}

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
    assert_eq!(view.command("led"), ["off"]);
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
    // It judges: the motor is shaken still.
    view.listen().until("event", |e| e["event"] == "verdict" && e["decision"] == "anomalous");
}
