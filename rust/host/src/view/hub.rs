//! What the page is told, and what one that opens late is told first.

use super::take::Take;
use crate::monitor::reader::{Heard, Object};
use crate::monitor::station::News;
use crate::record::receive::Recording;
use hone_model::stream::{Data, Frame, Head, LONGEST, decode};
use serde_json::{Value, json};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::broadcast;

/// Events, and lines of the console, that a page which opens late is told.
const KEPT: usize = 500;
/// Messages that a page may be behind; one that is slower is told so.
const BEHIND: usize = 4096;

/// A message to the page: what it is, and JSON.
pub type Message = (&'static str, Arc<str>);

/// What is known of the device.
#[derive(Default)]
pub struct State {
    /// The newest message of each kind of which one is enough.
    last: BTreeMap<String, Message>,
    events: VecDeque<Message>,
    console: VecDeque<Message>,
    /// The last head of the samples.
    head: Option<Vec<u8>>,
    /// Of the samples as they come: where the next are to begin.
    live: Option<Recording>,
    /// The recording that is being made, or is to be kept.
    pub take: Option<Take>,
    /// The training under way.
    pub training: Option<u64>,
    /// The device has another model, so that its figures are to be asked for.
    pub changed: bool,
    /// The command that has the device.
    pub busy: Option<String>,
    /// The device's time, in microseconds.
    pub clock: u64,
}

/// What feed and pages share.
pub struct Hub {
    sender: broadcast::Sender<Message>,
    state: Mutex<State>,
}

impl Hub {
    /// Nothing is known.
    pub fn new() -> Self {
        Self { sender: broadcast::channel(BEHIND).0, state: Mutex::new(State { changed: true, ..State::default() }) }
    }

    /// What is known.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What to tell a page first, and what follows.
    pub fn listen(&self) -> (Vec<Message>, broadcast::Receiver<Message>) {
        let state = self.state();
        let first = state.last.values().chain(&state.console).chain(&state.events).cloned().collect();
        (first, self.sender.subscribe())
    }

    fn send(&self, message: Message) {
        // Without a page nobody listens.
        let _ = self.sender.send(message);
    }

    /// Tells pages, and those to come the newest of this `kind` (and `of`, where there are several).
    pub fn tell(&self, kind: &'static str, of: &str, value: &Value) {
        let message: Message = (kind, value.to_string().into());
        self.state().last.insert(format!("{kind} {of}"), message.clone());
        self.send(message);
    }

    /// A line of the console.
    pub fn print(&self, kind: &str, text: &str) {
        let message: Message = ("console", json!({ "kind": kind, "text": text }).to_string().into());
        keep(&mut self.state().console, message.clone());
        self.send(message);
    }

    /// Takes a piece of news.
    pub fn see(&self, news: News) {
        match news {
            News::Open => self.tell("link", "", &json!({ "open": true })),
            News::Lost(why) => {
                self.forget();
                self.tell("link", "", &json!({ "open": false, "why": why }));
            }
            News::Reset => {
                self.forget();
                self.print("note", "the device has started anew");
                self.send(("reset", "{}".into()));
            }
            News::Own(text) => self.print("answer", &text),
            News::Heard(Heard::Text(text)) => self.print("text", &text),
            News::Heard(Heard::Garbage(bytes, shown)) => {
                self.print("note", &format!("garbage, {bytes} bytes: {shown}"))
            }
            News::Heard(Heard::Object(object)) => self.object(&object),
            News::Heard(Heard::Frame(bytes)) => self.frame(&bytes),
        }
    }

    /// What a device that started anew, or another one, does not know.
    fn forget(&self) {
        let mut state = self.state();
        (state.live, state.training, state.changed) = (None, None, true);
        state.events.clear();
        state.last.retain(|kind, _| kind.starts_with("link"));
    }

    fn object(&self, object: &Object) {
        if let Some(which) = object.stats() {
            let id = object.fields.get("id").or(object.fields.get("name")).map(Value::to_string).unwrap_or_default();
            let message: Message = ("stats", object.text.as_str().into());
            self.state().last.insert(format!("stats {which} {id}"), message.clone());
            return self.send(message);
        }
        let message: Message = ("event", object.text.as_str().into());
        {
            let mut state = self.state();
            state.clock = object.time().unwrap_or(state.clock);
            match object.event().unwrap_or("") {
                "training_started" => state.training = object.fields.get("training").and_then(Value::as_u64),
                "training_done" => (state.training, state.changed) = (None, true),
                "training_failed" => state.training = None,
                "model_saved" | "model_restored" => state.changed = true,
                _ => {}
            }
            keep(&mut state.events, message.clone());
        }
        self.send(message);
    }

    fn frame(&self, bytes: &[u8]) {
        match decode(bytes, &mut [0; LONGEST]) {
            Some(Frame::Head(head)) => self.head(&head, bytes),
            Some(Frame::Data(data)) => self.data(&data),
            Some(Frame::End(_)) | None => {}
        }
    }

    fn head(&self, head: &Head<'_>, bytes: &[u8]) {
        let told = match Recording::new(head) {
            Ok(told) => told,
            Err(error) => return self.print("note", &error),
        };
        let mut state = self.state();
        if state.live.as_ref().is_some_and(|l| l.channels == told.channels && l.rate == told.rate) {
            state.head = Some(bytes.to_vec());
            return;
        }
        let channels: Vec<Value> =
            told.channels.iter().map(|(scale, unit)| json!({ "scale": scale, "unit": unit.name() })).collect();
        let every = told.rate.2;
        let value = json!({ "sensor": told.sensor, "rate_hz": told.rate_hz(), "every": every, "channels": channels });
        (state.live, state.head) = (Some(told), Some(bytes.to_vec()));
        drop(state);
        self.tell("head", "", &value);
    }

    fn data(&self, data: &Data<'_>) {
        let mut state = self.state();
        let State { live: Some(live), take, clock, .. } = &mut *state else { return };
        *clock = data.micros;
        let mut problem = None;
        if live.take(data).is_err() {
            // A device that was reset tells its head anew.
            live.pieces.clear();
            live.samples.clear();
            problem = live.take(data).err();
        }
        if let Some(take) = take.as_mut().filter(|take| take.running) {
            problem = take.recording.take(data).err().or(problem);
            take.running = problem.is_none();
        }
        let missing = live.pieces.last().map_or(0, |p| p.missing);
        let (micros, faults) = (data.micros, data.faults);
        let value = json!({ "us": micros, "missing": missing, "faults": faults, "values": live.samples });
        live.samples.clear();
        let keep = live.pieces.len().saturating_sub(1);
        live.pieces.drain(..keep);
        drop(state);
        self.send(("samples", value.to_string().into()));
        if let Some(problem) = problem {
            self.print("note", &problem);
        }
    }

    /// A recording of nothing yet, of what is sampled now.
    ///
    /// # Errors
    /// Nothing is.
    pub fn blank(&self) -> Result<Recording, String> {
        let head = self.state().head.clone().ok_or("nothing is sampled yet; look at 'sensor info'")?;
        match decode(&head, &mut [0; LONGEST]) {
            Some(Frame::Head(head)) => Recording::new(&head),
            _ => Err("nothing is sampled yet; look at 'sensor info'".into()),
        }
    }
}

fn keep(all: &mut VecDeque<Message>, message: Message) {
    if all.len() == KEPT {
        all.pop_front();
    }
    all.push_back(message);
}
