//! `hone monitor`: what a device says, as JSON lines, as CSV or to an MQTT broker, for as long as it is wanted.

pub mod hosted;
#[cfg(unix)]
pub mod pty;
pub mod reader;
pub mod sink;
pub mod station;
#[cfg(test)]
mod tests;

use crate::output;
use crate::record::receive::Recording;
use crate::run::RunArgs;
use crate::transfer::console::Serial;
use hone_model::stream::{Frame, LONGEST, decode};
use reader::{Heard, Object};
use serde_json::Value;
use sink::Mqtt;
use station::{News, Open, Station, Wish};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Which device.
#[derive(Clone, Debug, clap::Args)]
#[group(required = true, multiple = false, id = "device")]
pub struct Which {
    /// The serial port of the device's console, such as /dev/ttyACM0, or a pseudo-terminal
    #[arg(value_name = "PORT")]
    pub port: Option<PathBuf>,
    /// A simulated motor on this PC in place of a board
    #[arg(long)]
    pub demo: bool,
    /// Recordings as the sensor of a device on this PC: the path of a manifest, or the name of one of the project's data sets
    #[arg(long, value_name = "MANIFEST")]
    pub replay: Option<String>,
}

impl Which {
    /// The way to its console. A device on this PC is made at once, so that what is wrong with it is known; one that has ended does not
    /// come back.
    ///
    /// # Errors
    /// A sentence that says what to do.
    pub fn open(&self, baud: u32, args: RunArgs) -> Result<Open, String> {
        if let Some(port) = self.port.clone() {
            return Ok(Box::new(move || Ok(Box::new(Serial::open(&port, baud)?))));
        }
        let mut device = Some(RunArgs { replay: self.replay.clone(), ..args }.device()?);
        Ok(Box::new(move || {
            device.take().map(hosted::start).ok_or_else(|| io::Error::other("the device on this PC has ended"))
        }))
    }
}

/// Formats of standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// A JSON object a line, as the device says it
    Json,
    /// A row for each event
    Csv,
}

/// What `hone monitor` is told.
#[derive(Clone, Debug, clap::Args)]
pub struct MonitorArgs {
    #[command(flatten)]
    which: Which,
    /// How events are printed
    #[arg(long, value_enum, default_value = "json", conflicts_with = "mqtt")]
    format: Format,
    /// Publish to this MQTT broker in place of printing (without TLS; port 1883 unless given)
    #[arg(long, value_name = "HOST[:PORT]")]
    mqtt: Option<String>,
    /// What the topics of messages begin with
    #[arg(long, value_name = "TOPIC", default_value = "hone")]
    topic: String,
    /// The name to log in to the broker with; its password is read from HONE_MQTT_PASSWORD
    #[arg(long, value_name = "NAME", requires = "mqtt")]
    user: Option<String>,
    /// The verdict of every window, and not changes alone
    #[arg(long)]
    every: bool,
    /// Also what is sampled, in units; for files there is 'hone record'
    #[arg(long)]
    samples: bool,
    /// Type this command once the device answers; may be given several times
    #[arg(long = "command", short = 'c', value_name = "COMMAND")]
    commands: Vec<String>,
    /// End so many seconds after these commands
    #[arg(long, value_name = "S")]
    seconds: Option<f64>,
    /// No notes on standard error, and no summary
    #[arg(long, short)]
    quiet: bool,
    /// Bits per second of the port
    #[arg(long, default_value_t = 115_200, value_name = "RATE")]
    baud: u32,
}

static INTERRUPTED: AtomicBool = AtomicBool::new(false);

/// What came, and what did not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Events.
    pub events: u64,
    /// Verdicts among them.
    pub verdicts: u64,
    /// Windows between two verdicts of every window of which none came.
    pub without: u64,
    /// Frames of samples, and how many were missing between them.
    pub frames: u64,
    /// See `frames`.
    pub missing: u64,
    /// Lines of garbage, and lines of text that nobody asked for.
    pub garbage: u64,
    /// See `garbage`.
    pub text: u64,
    /// Times that the device started anew.
    pub resets: u64,
    /// Times that the port went away.
    pub lost: u64,
    /// Events that found the device's queue full, as far as it told.
    pub dropped: u64,
}

/// Counts what comes, and says what is to be given on.
pub struct Monitor {
    every: bool,
    /// What has been counted.
    pub tally: Tally,
    window: Option<u64>,
    samples: Option<Recording>,
    note: Box<dyn FnMut(&str)>,
}

/// What is given on.
pub enum Out {
    /// An event.
    Event(Object),
    /// Samples.
    Samples(Value),
}

impl Monitor {
    /// `note` is told what a person wants to know.
    pub fn new(every: bool, note: Box<dyn FnMut(&str)>) -> Self {
        Self { every, tally: Tally::default(), window: None, samples: None, note }
    }

    /// Takes a piece of news.
    pub fn see(&mut self, news: News) -> Option<Out> {
        match news {
            News::Open => {
                (self.note)(if self.tally.lost == 0 { "the port is open" } else { "the port is back" });
                None
            }
            News::Lost(why) => {
                self.tally.lost += 1;
                (self.window, self.samples) = (None, None);
                (self.note)(&format!("the port went away ({why}); it is opened again as soon as it is back"));
                None
            }
            News::Reset => {
                self.tally.resets += 1;
                (self.window, self.samples) = (None, None);
                (self.note)("the device has started anew");
                None
            }
            News::Own(text) => {
                if let Some(error) = text.strip_prefix("error: ") {
                    (self.note)(&format!("the device refused: {error}"));
                }
                None
            }
            News::Heard(Heard::Text(text)) => {
                self.tally.text += 1;
                (self.note)(&format!("no event: {text}"));
                None
            }
            News::Heard(Heard::Garbage(bytes, shown)) => {
                self.tally.garbage += 1;
                (self.note)(&format!("garbage, {bytes} bytes: {shown}"));
                None
            }
            News::Heard(Heard::Object(object)) => self.object(object),
            News::Heard(Heard::Frame(bytes)) => self.frame(&bytes).map(Out::Samples),
        }
    }

    fn object(&mut self, object: Object) -> Option<Out> {
        if object.event().is_none() {
            let lost = object.fields.get("events_lost").and_then(Value::as_u64);
            self.tally.dropped = lost.unwrap_or(self.tally.dropped);
            return None;
        }
        self.tally.events += 1;
        if object.event() == Some("verdict") {
            self.tally.verdicts += 1;
            let window = object.fields.get("window").and_then(Value::as_u64);
            if let (true, Some(last), Some(window)) = (self.every, self.window, window) {
                self.tally.without += window.saturating_sub(last + 1);
            }
            self.window = window;
        }
        Some(Out::Event(object))
    }

    fn frame(&mut self, bytes: &[u8]) -> Option<Value> {
        match decode(bytes, &mut [0; LONGEST])? {
            Frame::Head(head) => {
                let told = Recording::new(&head);
                let same = |r: &Recording| told.as_ref().is_ok_and(|t| t.channels == r.channels && t.rate == r.rate);
                if !self.samples.as_ref().is_some_and(same) {
                    self.samples = told.map_err(|e| (self.note)(&e)).ok();
                }
                None
            }
            Frame::Data(data) => {
                let recording = self.samples.as_mut()?;
                if let Err(error) = recording.take(&data) {
                    self.samples = None;
                    (self.note)(&error);
                    return None;
                }
                let piece = recording.pieces.last()?.clone();
                self.tally.frames += piece.frames as u64;
                self.tally.missing += piece.missing;
                let width = recording.channels.len();
                let value = |(v, c): (&i16, &(f32, hone_learn::Unit))| f32::from(*v) * c.0;
                let frame = |f: &[i16]| f.iter().zip(&recording.channels).map(value).collect();
                let frames: Vec<Vec<f32>> = recording.samples.chunks_exact(width).map(frame).collect();
                // What has been given on is not kept, but for the place from which to go on.
                recording.samples.clear();
                recording.pieces.drain(..recording.pieces.len() - 1);
                Some(sink::samples(data.first, data.micros, recording.rate_hz(), data.faults, &frames))
            }
            Frame::End(_) => None,
        }
    }

    /// What came, in a few lines.
    pub fn summary(&self) -> String {
        let t = &self.tally;
        let some = |count: u64, what: &str| if count == 0 { String::new() } else { format!("; {count} {what}") };
        let mut text = format!("{} events, {} of them verdicts", t.events, t.verdicts);
        text += &some(t.without, "windows without a verdict");
        text += &some(t.frames, "frames of samples");
        text += &some(t.missing, "frames missing");
        text += &some(t.garbage, "lines of garbage");
        text += &some(t.text, "other lines");
        text += &some(t.resets, "resets of the device");
        text += &some(t.lost, "losses of the port");
        text + &some(t.dropped, "events that found the device's queue full")
    }
}

/// `hone monitor`.
///
/// # Errors
/// A sentence that says what to do.
pub fn run(args: &MonitorArgs) -> Result<(), String> {
    let wish = Wish { every: args.every, samples: args.samples };
    if args.samples && args.format == Format::Csv {
        return Err("samples and events do not go into one table; 'hone record PORT FILE.csv' writes samples".into());
    }
    let named = args.which.port.as_ref().map_or("the device".into(), |p| p.display().to_string());
    let mut station = Station::new(args.which.open(args.baud, RunArgs { seed: 1, ..RunArgs::default() })?, wish);
    let quiet = args.quiet;
    let note = move |text: &str| {
        if !quiet {
            output::note(text);
        }
    };
    let password = std::env::var("HONE_MQTT_PASSWORD").unwrap_or_default();
    let login = args.user.as_deref().map(|user| (user, password.as_str()));
    let mut broker = args.mqtt.as_deref().map(|place| Mqtt::new(place, &args.topic, login, note)).transpose()?;
    // Without a handler Ctrl-C ends the program without its summary: no harm.
    let _ = ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::Release));
    let mut monitor = Monitor::new(args.every, Box::new(note));
    let format = args.format;
    if broker.is_none() && format == Format::Csv {
        output::print(&sink::csv_head());
    }
    let mut see = |news: News| match (monitor.see(news), &mut broker) {
        (Some(Out::Event(event)), Some(broker)) => broker.send(event.event().unwrap_or("event"), &event.text),
        (Some(Out::Samples(samples)), Some(broker)) => broker.send("samples", &samples.to_string()),
        (Some(Out::Event(event)), None) if format == Format::Csv => output::print(&sink::csv(&event)),
        (Some(Out::Event(event)), None) => output::print(&format!("{}\n", event.text)),
        (Some(Out::Samples(samples)), None) => output::print(&format!("{samples}\n")),
        (None, _) => {}
    };
    station
        .begin(&mut see)
        .map_err(|e| format!("{named}: {e}; check that the port is right and that no other program has it open"))?;
    station.hear(Duration::from_millis(100), &mut see);
    let mut stop = || INTERRUPTED.load(Ordering::Acquire);
    for command in &args.commands {
        let answer = station.ask(command, Duration::from_secs(3600), &mut stop, &mut see);
        answer.map_err(|e| format!("{command}: {e}"))?;
    }
    let begun = Instant::now();
    while !stop() && args.seconds.is_none_or(|s| begun.elapsed().as_secs_f64() < s) {
        station.hear(Duration::from_millis(100), &mut see);
        output::flush();
    }
    let _ = station.ask("stats --json", Duration::from_secs(2), &mut || false, &mut see);
    station.leave(&mut see);
    let unsent = broker.as_mut().map_or(0, |b| b.finish(Duration::from_secs(3)));
    if !quiet {
        output::note(&monitor.summary());
    }
    match unsent {
        0 if broker.is_some_and(|b| !b.met()) => {
            Err("there was no connection to the broker; check --mqtt and that it runs".into())
        }
        0 => Ok(()),
        n => Err(format!("{n} messages did not reach the broker")),
    }
}
