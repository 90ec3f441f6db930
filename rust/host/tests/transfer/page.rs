//! `hone view` as a browser sees it: its page, what it answers, what it tells.

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// `hone view`, ended with the test.
pub(crate) struct View {
    pub(crate) child: Child,
    /// `127.0.0.1:PORT`, and the path that ends with the token.
    pub(crate) host: String,
    pub(crate) path: String,
}

impl Drop for View {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl View {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::of("--demo", folder)
    }

    pub(crate) fn of(which: &str, folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_hone"))
            .args(["view", which, "--port-number", "0", "--dir"])
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

    pub(crate) fn ask(&self, method: &str, path: &str, headers: &str, body: &str) -> Response {
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

    pub(crate) fn own(&self) -> String {
        format!("Host: {}\r\n", self.host)
    }

    pub(crate) fn get(&self, name: &str) -> Response {
        self.ask("GET", &format!("{}{name}", self.path), &self.own(), "")
    }

    /// What the server answers to a request of the page's with this body.
    pub(crate) fn send(&self, name: &str, body: &str) -> (u16, Value) {
        let headers = format!("{}Origin: http://{}\r\nSec-Fetch-Site: same-origin\r\n", self.own(), self.host);
        let response = self.ask("POST", &format!("{}{name}", self.path), &headers, body);
        (response.status, serde_json::from_slice(&response.body).unwrap())
    }

    #[track_caller]
    pub(crate) fn post(&self, name: &str, body: &Value) -> Value {
        let (status, value) = self.send(name, &body.to_string());
        assert_eq!(status, 200, "{name}");
        value
    }

    /// The lines that a command answers with.
    #[track_caller]
    pub(crate) fn command(&self, line: &str) -> Vec<String> {
        let got = self.post("command", &json!({ "line": line }));
        let lines = got["answer"].as_array().unwrap_or_else(|| panic!("{line}: {got}"));
        lines.iter().map(|l| l.as_str().unwrap().to_owned()).collect()
    }

    /// Whether another page may listen; it is closed at once.
    pub(crate) fn listens(&self) -> bool {
        let mut page = self.listen();
        page.line().contains(" 200 ")
    }

    pub(crate) fn listen(&self) -> Events {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        stream.write_all(format!("GET {}events HTTP/1.1\r\n{}\r\n", self.path, self.own()).as_bytes()).unwrap();
        Events { stream: BufReader::new(stream), text: String::new(), head: true }
    }
}

/// What the server tells a page.
pub(crate) struct Events {
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
    pub(crate) fn next(&mut self) -> (String, Value) {
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
    pub(crate) fn until(&mut self, kind: &str, holds: impl Fn(&Value) -> bool) -> Vec<(String, Value)> {
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
