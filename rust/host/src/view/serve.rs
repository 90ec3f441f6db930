//! The page, and what it asks for, over HTTP on the loopback interface. Everything is below a path that nobody can guess; requests that
//! another site, or a name that leads here, makes are refused.

use super::feed::Job;
use super::hub::{Hub, Message};
use super::take::{Take, plain_name};
use crate::output;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use tokio::sync::oneshot;
use tokio_stream::StreamExt;
use tokio_stream::wrappers::BroadcastStream;

/// What the page is made of: name, type, content.
pub const PAGE: [(&str, &str, &str); 8] = [
    ("", "text/html; charset=utf-8", include_str!("page/index.html")),
    ("view.css", "text/css; charset=utf-8", include_str!("page/view.css")),
    ("uplot.css", "text/css; charset=utf-8", include_str!("page/uplot.css")),
    ("uplot.js", "text/javascript; charset=utf-8", include_str!("page/uplot.js")),
    ("plots.js", "text/javascript; charset=utf-8", include_str!("page/plots.js")),
    ("maths.js", "text/javascript; charset=utf-8", include_str!("page/maths.js")),
    ("view.js", "text/javascript; charset=utf-8", include_str!("page/view.js")),
    ("licence", "text/plain; charset=utf-8", include_str!("page/UPLOT-LICENSE")),
];

/// What a page may do: nothing but with this server.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// Bytes of a request at most.
const LARGEST: usize = 64 * 1024;

/// What a request is served with.
struct Shared {
    token: String,
    address: SocketAddr,
    folder: PathBuf,
    hub: Arc<Hub>,
    jobs: Sender<Job>,
    interrupt: Arc<AtomicBool>,
}

/// The server.
pub struct Server {
    shared: Arc<Shared>,
    listener: TcpListener,
}

impl Server {
    /// Takes the port.
    ///
    /// # Errors
    /// It is in use.
    pub fn bind(
        number: u16,
        folder: PathBuf,
        hub: Arc<Hub>,
        jobs: Sender<Job>,
        interrupt: Arc<AtomicBool>,
    ) -> Result<Self, String> {
        let taken = |e| format!("port {number} of this machine: {e}; give another one by --port-number, or 0 for any");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, number)).map_err(taken)?;
        listener.set_nonblocking(true).map_err(taken)?;
        let address = listener.local_addr().map_err(taken)?;
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|e| format!("the system gives no random numbers: {e}"))?;
        let mut token = String::new();
        for byte in random {
            let _ = write!(token, "{byte:02x}");
        }
        Ok(Self { shared: Arc::new(Shared { token, address, folder, hub, jobs, interrupt }), listener })
    }

    /// Where the page is.
    pub fn address(&self) -> String {
        format!("http://{}/{}/", self.shared.address, self.shared.token)
    }

    /// Serves.
    ///
    /// # Errors
    /// The system's.
    pub fn run(self) -> Result<(), String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
        runtime
            .block_on(async {
                let listener = tokio::net::TcpListener::from_std(self.listener)?;
                axum::serve(listener, Router::new().fallback(answer).with_state(self.shared)).await
            })
            .map_err(|e: std::io::Error| e.to_string())
    }
}

async fn answer(State(shared): State<Arc<Shared>>, request: Request) -> Response {
    let mut response = match refused(&shared, request.method(), request.headers()) {
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
        None => route(&shared, request).await,
    };
    let headers = response.headers_mut();
    for (name, value) in [
        ("content-security-policy", POLICY),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Why a request is not of the page itself: another name that leads here, or another site's.
fn refused(shared: &Shared, method: &Method, headers: &HeaderMap) -> Option<&'static str> {
    let port = shared.address.port();
    let names = [format!("127.0.0.1:{port}"), format!("localhost:{port}")];
    let text = |name| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    if !text(HOST).is_some_and(|host| names.iter().any(|n| n == host)) {
        return Some("this page is at 127.0.0.1 and has no other name\n");
    }
    let own = |origin: &str| names.iter().any(|n| origin.strip_prefix("http://") == Some(n));
    if text(ORIGIN).is_some_and(|origin| !own(origin)) {
        return Some("another site may not ask for this\n");
    }
    let site = headers.get("sec-fetch-site").map(|v| v.to_str().unwrap_or("?"));
    if method == Method::POST && site.is_some_and(|site| site != "same-origin") {
        return Some("another site may not ask for this\n");
    }
    None
}

/// Whether two texts are equal, in a time that does not tell where they differ.
fn equal(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |sum, (a, b)| sum | (a ^ b)) == 0
}

async fn route(shared: &Arc<Shared>, request: Request) -> Response {
    let unknown = || {
        (StatusCode::NOT_FOUND, "there is no such page; look at the address that 'hone view' printed\n").into_response()
    };
    let path = request.uri().path().to_owned();
    let Some((token, name)) = path.strip_prefix('/').and_then(|p| p.split_once('/')) else { return unknown() };
    if !equal(token, &shared.token) {
        return unknown();
    }
    if request.method() == Method::GET {
        if name == "events" {
            return events(shared).into_response();
        }
        return match PAGE.iter().find(|(page, ..)| *page == name) {
            Some((_, kind, text)) => ([(CONTENT_TYPE, *kind)], *text).into_response(),
            None => unknown(),
        };
    }
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let asked = match to_bytes(request.into_body(), LARGEST).await.map(|bytes| serde_json::from_slice::<Value>(&bytes))
    {
        Ok(Ok(asked)) => asked,
        _ => return reply(StatusCode::BAD_REQUEST, &json!({ "error": "the request is no JSON" })),
    };
    let text = |key: &str| asked[key].as_str().unwrap_or("").to_owned();
    let result = match name {
        "command" => command(shared, &text("line"), asked["unseen"] != true).await,
        "interrupt" => {
            shared.interrupt.store(true, Ordering::Release);
            Ok(json!({}))
        }
        "record" => record(shared, &text("file")),
        "mark" => mark(shared, &asked),
        "recording" => Ok(shared.hub.state().take.as_ref().map_or(Value::Null, Take::state)),
        "stop" => stop(shared),
        "discard" => {
            shared.hub.state().take = None;
            shared.hub.tell("recording", "", &Value::Null);
            Ok(json!({}))
        }
        "check" => program(shared, vec!["check".into(), text("manifest")]).await,
        "evaluate" => evaluate(shared, &text("manifest"), &text("learner")).await,
        "push" => push(shared, &text("model")).await,
        _ => return unknown(),
    };
    match result {
        Ok(value) => reply(StatusCode::OK, &value),
        Err(error) => reply(StatusCode::OK, &json!({ "error": error })),
    }
}

fn reply(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], Body::from(value.to_string())).into_response()
}

/// What is told, and goes on being told.
fn events(shared: &Shared) -> Sse<impl tokio_stream::Stream<Item = Result<Event, Infallible>> + use<>> {
    let (first, receiver) = shared.hub.listen();
    let of = |(kind, data): Message| Ok(Event::default().event(kind).data(data));
    let behind = |n| (("behind"), Arc::<str>::from(json!({ "messages": n }).to_string()));
    let rest = BroadcastStream::new(receiver).map(move |message| match message {
        Ok(message) => of(message),
        Err(tokio_stream::wrappers::errors::BroadcastStreamRecvError::Lagged(n)) => of(behind(n)),
    });
    let ready = (("ready"), Arc::<str>::from("{}"));
    Sse::new(tokio_stream::iter(first.into_iter().chain([ready])).map(of).chain(rest)).keep_alive(KeepAlive::default())
}

async fn command(shared: &Shared, line: &str, seen: bool) -> Result<Value, String> {
    if line.contains(['\n', '\r', '\0', '\u{3}']) || line.len() > crate::device::session::LINE {
        return Err("a command is one line of at most 256 characters".into());
    }
    let first = line.split_whitespace().next().unwrap_or("");
    if first == "record" || line.starts_with("config set device.telemetry") || matches!(first, "quit" | "exit") {
        return Err(format!("the page itself needs this ('{line}'); end 'hone view' first"));
    }
    let (sender, answer) = oneshot::channel();
    shared.jobs.send(Job::Command(line.to_owned(), seen, sender)).map_err(|_| gone())?;
    let answer = answer.await.map_err(|_| gone())??;
    let well = !answer.iter().any(|line| line.starts_with("error:"));
    Ok(json!({ "ok": well, "answer": answer }))
}

fn gone() -> String {
    "the device's line has ended; start 'hone view' again".into()
}

fn told(shared: &Shared) -> Value {
    let state = shared.hub.state().take.as_ref().map_or(Value::Null, Take::state);
    shared.hub.tell("recording", "", &state);
    state
}

fn record(shared: &Shared, file: &str) -> Result<Value, String> {
    let take = Take::begin(&shared.folder, file, shared.hub.blank()?)?;
    {
        let mut state = shared.hub.state();
        if state.take.as_ref().is_some_and(|take| take.running) {
            return Err("a recording is under way; stop it first".into());
        }
        state.take = Some(take);
    }
    Ok(told(shared))
}

fn mark(shared: &Shared, asked: &Value) -> Result<Value, String> {
    let anomalous = asked["anomalous"].as_bool().unwrap_or(false);
    let class = asked["class"].as_str().map(str::trim);
    if class.is_some_and(|c| c.is_empty() || c.len() > 40 || c.contains(char::is_control)) {
        return Err("a class has a name of at most 40 characters".into());
    }
    {
        let mut state = shared.hub.state();
        let now = state.clock;
        let take = state.take.as_mut().filter(|take| take.running).ok_or("nothing is recorded; press Record first")?;
        take.mark(now, class.map(|class| (class, anomalous)));
    }
    Ok(told(shared))
}

fn stop(shared: &Shared) -> Result<Value, String> {
    let take = {
        let mut state = shared.hub.state();
        let now = state.clock;
        let mut take = state.take.take().ok_or("nothing is recorded; press Record first")?;
        take.running = false;
        take.mark(now, None);
        take
    };
    let saved = take.save();
    if saved.is_err() {
        // It can be tried again, or discarded.
        shared.hub.state().take = Some(take);
    }
    told(shared);
    let (manifest, text) = saved?;
    let name = manifest.file_name().and_then(|n| n.to_str()).unwrap_or("").to_owned();
    Ok(json!({ "manifest": name, "text": text }))
}

/// What this program says to these arguments, about a manifest in the folder.
async fn program(shared: &Arc<Shared>, args: Vec<String>) -> Result<Value, String> {
    let manifest = plain_name(args.get(1).map_or("", String::as_str))?.to_owned();
    let folder = shared.folder.clone();
    if !folder.join(&manifest).is_file() {
        return Err(format!("there is no {manifest}; record first"));
    }
    let run = move || -> Result<Value, String> {
        let program = std::env::current_exe().map_err(|e| e.to_string())?;
        let output = Command::new(program).args(&args).args(["--root", "."]).current_dir(folder).output();
        let output = output.map_err(|e| e.to_string())?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        Ok(json!({ "ok": output.status.success(), "text": text }))
    };
    tokio::task::spawn_blocking(run).await.map_err(|e| e.to_string())?
}

async fn evaluate(shared: &Arc<Shared>, manifest: &str, learner: &str) -> Result<Value, String> {
    if !learner.bytes().all(|b| b.is_ascii_lowercase()) || learner.is_empty() {
        return Err("choose a learner".into());
    }
    let model = format!("{}.hone", manifest.strip_suffix(".toml").unwrap_or(manifest));
    let args = ["eval", manifest, "--learner", learner, "--save", &model].map(str::to_owned).to_vec();
    let mut value = program(shared, args).await?;
    if value["ok"] == true {
        value["model"] = model.into();
    }
    Ok(value)
}

async fn push(shared: &Shared, model: &str) -> Result<Value, String> {
    let path = shared.folder.join(plain_name(model)?);
    let bytes = output::read_file(&path, 4 << 20).map_err(|e| format!("{model}: {e}"))?;
    hone_model::Container::read(&bytes).map_err(|e| format!("{model}: {}", crate::model::why(&e)))?;
    let (sender, answer) = oneshot::channel();
    shared.jobs.send(Job::Push(bytes, sender)).map_err(|_| gone())?;
    let text = answer.await.map_err(|_| gone())??;
    Ok(json!({ "text": text }))
}
