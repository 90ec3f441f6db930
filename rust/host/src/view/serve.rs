//! The page, and what it asks for, over HTTP on the loopback interface. Everything is below a path that nobody can guess; requests that
//! another site, or a name that leads here, makes are refused.

use super::feed::Job;
use super::hub::{Hub, Message};
use super::prototypes;
use super::take::{Take, plain_name};
use crate::eval::Budget;
use crate::output;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::time::Duration;
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
/// Pages that listen at once: each is told all that the device says.
const PAGES: usize = 16;
/// A request waits so long for its turn before it is told which command has the device.
const TURN: Duration = Duration::from_millis(300);

/// What a request is served with.
struct Shared {
    token: String,
    address: SocketAddr,
    folder: PathBuf,
    hub: Arc<Hub>,
    jobs: Sender<Job>,
    interrupt: Arc<AtomicBool>,
    /// One for each page that listens.
    pages: Arc<()>,
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
        let pages = Arc::default();
        Ok(Self { shared: Arc::new(Shared { token, address, folder, hub, jobs, interrupt, pages }), listener })
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
            return match Arc::strong_count(&shared.pages) {
                open if open > PAGES => {
                    let why = format!("{PAGES} pages listen already; close one\n");
                    (StatusCode::SERVICE_UNAVAILABLE, why).into_response()
                }
                _ => events(shared).into_response(),
            };
        }
        return match PAGE.iter().find(|(page, ..)| *page == name) {
            Some((_, kind, text)) => ([(CONTENT_TYPE, *kind)], *text).into_response(),
            None => unknown(),
        };
    }
    if request.method() != Method::POST {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    // More than is taken is read, so that who sends it hears the answer.
    let bytes = match to_bytes(request.into_body(), 16 * LARGEST).await {
        Ok(bytes) if bytes.len() <= LARGEST => bytes,
        _ => {
            let error = format!("the request is larger than {LARGEST} bytes");
            return reply(StatusCode::PAYLOAD_TOO_LARGE, &json!({ "error": error }));
        }
    };
    match obey(shared, name, &bytes).await {
        Ok(Ok(value)) => reply(StatusCode::OK, &value),
        Ok(Err(error)) => reply(StatusCode::OK, &json!({ "error": error })),
        Err(Wrong::Name) => unknown(),
        Err(Wrong::Shape(why)) => {
            let error = format!("this is no JSON that '{name}' takes: {why}");
            reply(StatusCode::BAD_REQUEST, &json!({ "error": error }))
        }
    }
}

/// What a request may say; each takes some of these.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Asked {
    line: Option<String>,
    unseen: bool,
    file: Option<String>,
    class: Option<String>,
    anomalous: bool,
    manifest: Option<String>,
    learner: Option<String>,
    model: Option<String>,
    budget: Budget,
}

impl Asked {
    fn read(bytes: &[u8]) -> Result<Self, String> {
        match serde_json::from_slice(bytes).map_err(|e| e.to_string())? {
            object @ Value::Object(_) => serde_json::from_value(object).map_err(|e| e.to_string()),
            _ => Err("it is no object".into()),
        }
    }
}

/// Why a request is none.
enum Wrong {
    Name,
    Shape(String),
}

/// Does what is asked: what came of it, or why it is no request.
async fn obey(shared: &Arc<Shared>, name: &str, bytes: &[u8]) -> Result<Result<Value, String>, Wrong> {
    let asked = Asked::read(bytes).map_err(Wrong::Shape)?;
    let need =
        |key: &str, value: &Option<String>| value.clone().ok_or_else(|| Wrong::Shape(format!("'{key}' is missing")));
    Ok(match name {
        "command" => command(shared, &need("line", &asked.line)?, !asked.unseen).await,
        "interrupt" => {
            shared.interrupt.store(true, Ordering::Release);
            Ok(json!({}))
        }
        "record" => record(shared, &need("file", &asked.file)?),
        "mark" => mark(shared, &asked),
        "recording" => Ok(shared.hub.state().take.as_ref().map_or(Value::Null, Take::state)),
        "stop" => stop(shared),
        "discard" => {
            shared.hub.state().take = None;
            shared.hub.tell("recording", "", &Value::Null);
            Ok(json!({}))
        }
        "prototypes" => typed(shared, "model export", false).await.and_then(|answer| prototypes::read(&answer)),
        "check" => program(shared, vec!["check".into(), need("manifest", &asked.manifest)?]).await,
        "evaluate" => {
            let (manifest, learner) = (need("manifest", &asked.manifest)?, need("learner", &asked.learner)?);
            evaluate(shared, &manifest, &learner, asked.budget).await
        }
        "push" => push(shared, &need("model", &asked.model)?).await,
        _ => return Err(Wrong::Name),
    })
}

fn reply(status: StatusCode, value: &Value) -> Response {
    (status, [(CONTENT_TYPE, "application/json")], Body::from(value.to_string())).into_response()
}

/// What is told, and goes on being told.
fn events(shared: &Shared) -> Sse<impl tokio_stream::Stream<Item = Result<Event, Infallible>> + use<>> {
    let (first, receiver) = shared.hub.listen();
    let of = |(kind, data): Message| Ok(Event::default().event(kind).data(data));
    let behind = |n| (("behind"), Arc::<str>::from(json!({ "messages": n }).to_string()));
    let page = Arc::clone(&shared.pages);
    let rest = BroadcastStream::new(receiver).map(move |message| {
        // Held as long as the page listens.
        let _ = &page;
        match message {
            Ok(message) => of(message),
            Err(tokio_stream::wrappers::errors::BroadcastStreamRecvError::Lagged(n)) => of(behind(n)),
        }
    });
    let ready = (("ready"), Arc::<str>::from("{}"));
    Sse::new(tokio_stream::iter(first.into_iter().chain([ready])).map(of).chain(rest)).keep_alive(KeepAlive::default())
}

async fn command(shared: &Shared, line: &str, seen: bool) -> Result<Value, String> {
    // The device answers nothing to blanks, so that an answer would be waited for.
    let line = line.trim_matches([' ', '\t']);
    if line.contains(['\n', '\r', '\0', '\u{3}']) || line.len() > crate::device::session::LINE {
        return Err("a command is one line of at most 256 characters".into());
    }
    if of_the_page(line) {
        return Err(format!("the page itself needs this ('{line}'); end 'hone view' first"));
    }
    let answer = typed(shared, line, seen).await?;
    let well = !answer.iter().any(|line| line.starts_with("error:"));
    Ok(json!({ "ok": well, "answer": answer }))
}

/// The lines that answer a command.
async fn typed(shared: &Shared, line: &str, seen: bool) -> Result<Vec<String>, String> {
    let ((sender, answer), taken) = (oneshot::channel(), Arc::default());
    shared.jobs.send(Job::Command(line.to_owned(), seen, Arc::clone(&taken), sender)).map_err(|_| gone())?;
    turn(shared, &taken, answer).await
}

/// Whether the page could not go on after this command. A board's shell takes words in quotes, too.
fn of_the_page(line: &str) -> bool {
    let line = line.replace(['"', '\'', '\\'], "");
    let words: Vec<&str> = line.split_whitespace().collect();
    matches!(words.as_slice(), ["record" | "quit" | "exit", ..] | ["config", "set" | "reset", "device.telemetry", ..])
}

/// What came of a job. One whose turn does not come is taken back, and who asked is told which command has the device.
async fn turn<T>(
    shared: &Shared,
    taken: &AtomicBool,
    mut answer: oneshot::Receiver<Result<T, String>>,
) -> Result<T, String> {
    loop {
        if let Ok(answer) = tokio::time::timeout(TURN, &mut answer).await {
            return answer.map_err(|_| gone())?;
        }
        let under_way = shared.hub.state().busy.clone();
        if let Some(command) = under_way
            && !taken.swap(true, Ordering::AcqRel)
        {
            return Err(format!("the device is busy with '{command}'; wait, or press Ctrl-C to end it"));
        }
    }
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

fn mark(shared: &Shared, asked: &Asked) -> Result<Value, String> {
    let anomalous = asked.anomalous;
    let class = asked.class.as_deref().map(str::trim);
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
    shared.hub.tell("manifest", "", &json!({ "manifest": name }));
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

async fn evaluate(shared: &Arc<Shared>, manifest: &str, learner: &str, budget: Budget) -> Result<Value, String> {
    if !learner.bytes().all(|b| b.is_ascii_lowercase()) || learner.is_empty() {
        return Err("choose a learner".into());
    }
    let model = format!("{}.hone", manifest.strip_suffix(".toml").unwrap_or(manifest));
    let args = ["eval", manifest, "--learner", learner, "--budget", budget.name(), "--save", &model];
    let mut value = program(shared, args.map(str::to_owned).to_vec()).await?;
    if value["ok"] == true {
        // Pages that are open, and those to come, may send it.
        shared.hub.tell("model_file", "", &json!({ "model": model }));
        value["model"] = model.into();
    }
    Ok(value)
}

async fn push(shared: &Shared, model: &str) -> Result<Value, String> {
    let path = shared.folder.join(plain_name(model)?);
    let bytes = output::read_file(&path, 4 << 20).map_err(|e| format!("{model}: {e}"))?;
    hone_model::Container::read(&bytes).map_err(|e| format!("{model}: {}", crate::model::why(&e)))?;
    let ((sender, answer), taken) = (oneshot::channel(), Arc::default());
    shared.jobs.send(Job::Push(bytes, Arc::clone(&taken), sender)).map_err(|_| gone())?;
    let text = turn(shared, &taken, answer).await?;
    Ok(json!({ "text": text }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_blind_the_page_is_known_however_it_is_spelt() {
        for line in [
            "config set device.telemetry off",
            "config  set device.telemetry off",
            " config\tset  device.telemetry",
            "config set \"device.telemetry\" off",
            "'config' set device\\.telemetry off",
            "config reset device.telemetry",
            "  quit",
            "record off",
        ] {
            assert!(of_the_page(line), "{line}");
        }
        for line in ["config get device.telemetry", "config list device", "config reset", "help record", "led", ""] {
            assert!(!of_the_page(line), "{line}");
        }
    }

    #[test]
    fn a_request_is_an_object_of_the_right_types() {
        for wrong in
            ["", "[]", "null", "5", "\"line\"", "{\"line\":5}", "{\"class\":5}", "{\"anomalous\":\"yes\"}", "{"]
        {
            assert!(Asked::read(wrong.as_bytes()).is_err(), "{wrong}");
        }
        assert_eq!(Asked::read(b"{\"line\":\"led\",\"unseen\":true}").unwrap().line.as_deref(), Some("led"));
        assert!(Asked::read(b"{\"class\":null}").unwrap().class.is_none());
    }
}
