//! A device and a shell on it: commands in, text and events out.
//!
//! In a script the session itself lets device time pass, as fast as it can, so that what comes out depends on what went in
//! alone. Interactively another thread lets it pass, at the pace of the clock on the wall.

use super::flash::HostFlash;
use super::replay;
use super::rig::Condition;
use super::source::{Control, Source};
use super::{hints, own};
use crate::output;
use hone_engine::command::{self, Console, Failed, Outcome};
use hone_engine::data::config::{Config, Style};
use hone_engine::data::env::{Io, ThreadInfo, Typed};
use hone_engine::data::event::Event;
use hone_engine::data::stats::Phase;
use hone_engine::device::Device;
use hone_engine::learners::Learner;
use hone_engine::say::{record, telemetry};
use hone_engine::text::{Out, Write};
use hone_engine::{Flash, Led, Links, Memory};
use hone_model::frame::{self, Sender};
use hone_signal::Micros;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The light, as a flag that others may look at.
#[derive(Clone, Debug, Default)]
pub struct Light(Arc<AtomicBool>);

impl Light {
    /// Whether it is on.
    pub fn on(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

impl Led for Light {
    fn set(&mut self, on: bool) {
        self.0.store(on, Ordering::Relaxed);
    }
}

/// The device of the host.
pub type HostDevice = Device<Source, Light, Flash<HostFlash>>;

/// Makes a device, which restores what is in its flash. Its memory lives as long as the program, as on a board.
pub fn device(source: Source, flash: HostFlash) -> HostDevice {
    let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
    let mut device = Device::with_flash(links, memory, source, Light::default(), Flash::open(Some(flash)));
    // A board has read its sensor before its shell answers.
    device.advance(Micros(0));
    device
}

/// Longest line that a shell takes.
pub const LINE: usize = 256;

/// What the loop around the session does after a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Read another line.
    Go(Outcome),
    /// Leave.
    Quit,
}

/// Lets time pass for a shell's commands.
pub trait Time {
    /// The device's time.
    fn now(&self) -> Micros;
    /// Lets time pass, telling of events; false when the user broke it off.
    fn pause(&mut self, span: Micros, out: &mut dyn Out) -> bool;
}

/// Where the lines come from that a command reads itself.
pub trait Input {
    /// The next line, waiting at most `patience`.
    fn line(&mut self, patience: Micros) -> Answer;
    /// Whether a person is there to answer questions.
    fn interactive(&self) -> bool;
}

/// What came of asking for a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A line.
    Line(Vec<u8>),
    /// None yet.
    Silence,
    /// There will be none.
    End,
}

/// No lines.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoInput;

impl Input for NoInput {
    fn line(&mut self, _: Micros) -> Answer {
        Answer::End
    }

    fn interactive(&self) -> bool {
        false
    }
}

/// The lines that follow in a script.
pub struct Following<'a, I>(pub &'a mut I);

impl<I: Iterator<Item = std::io::Result<Vec<u8>>>> Input for Following<'_, I> {
    fn line(&mut self, _: Micros) -> Answer {
        match self.0.next() {
            Some(Ok(line)) => Answer::Line(line),
            Some(Err(_)) | None => Answer::End,
        }
    }

    fn interactive(&self) -> bool {
        false
    }
}

/// What the shell's own commands reach for.
#[derive(Clone, Debug)]
pub struct Handles {
    /// Runs the engine's commands.
    pub console: &'static Console,
    /// What the loops share.
    pub links: &'static Links,
    /// The sensor's handle.
    pub sensor: Control,
    /// The light.
    pub light: Light,
}

impl Handles {
    /// The handles of a device.
    pub fn of(device: &HostDevice) -> Self {
        Self {
            console: device.console(),
            links: device.links(),
            sensor: device.sensor.control(),
            light: device.led.clone(),
        }
    }

    /// Runs one line.
    pub fn line(&self, line: &str, time: &mut dyn Time, input: &mut dyn Input, out: &mut dyn Out) -> Next {
        let line = line.trim();
        if line.starts_with('#') {
            return Next::Go(Ok(()));
        }
        let words = match command::split::<16>(line) {
            Ok(words) if line.len() <= LINE => words,
            _ => {
                out.str("error: too long; a line has at most 256 characters and 16 words\n");
                return Next::Go(Err(Failed));
            }
        };
        match words.as_slice() {
            ["quit" | "exit"] => return Next::Quit,
            ["rig", rest @ ..] => {
                return Next::Go(match &self.sensor {
                    Control::Rig(control) => own::set_rig(control, rest, out),
                    Control::Replay(_) | Control::Room(_) => {
                        out.str("error: recordings play, so there is no motor to change; start without --replay\n");
                        Err(Failed)
                    }
                });
            }
            ["replay", rest @ ..] => {
                return Next::Go(match &self.sensor {
                    Control::Replay(control) => own::replay(control, rest, out),
                    Control::Rig(_) | Control::Room(_) => {
                        out.str(
                            "error: no recordings play; start with --replay MANIFEST, or change the motor by 'rig'\n",
                        );
                        Err(Failed)
                    }
                });
            }
            ["button", rest @ ..] | ["led", rest @ ..] if !rest.is_empty() => {
                out.str(&format!("error: {} stands alone; leave out what follows it\n", words[0]));
                return Next::Go(Err(Failed));
            }
            ["button"] => self.links.press_button(),
            ["led"] => out.str(if self.light.on() { "on\n" } else { "off\n" }),
            ["help"] => {
                let _ = command::help(&[], &mut Shell { time, input, out });
                out.str("on the host only:\n");
                for command in &own::COMMANDS {
                    command::entry(command, "", out);
                }
            }
            ["help", name] if own::COMMANDS.iter().any(|c| c.name == *name) => {
                for command in own::COMMANDS.iter().filter(|c| c.name == *name) {
                    command::entry(command, "", out);
                }
                if *name == "rig" {
                    own::conditions(None, out);
                }
            }
            ["help", rest @ ..] => return Next::Go(command::help(rest, &mut Shell { time, input, out })),
            ["config", "list"] => hints::main_settings(&self.all_settings(time), out),
            ["config", "list", "--all"] => {
                return Next::Go(self.console.run(&["config", "list"], &mut Shell { time, input, out }));
            }
            ["config", "set" | "reset", key, ..] if Config::find(key).is_some() => {
                let before = self.value(key, time);
                let outcome = self.console.run(&words, &mut Shell { time, input, out });
                if outcome.is_ok() {
                    hints::changed(key, &before, &self.value(key, time), out);
                }
                return Next::Go(outcome);
            }
            words => {
                if let Some(slip) = hints::slip(words) {
                    out.str(&slip);
                    return Next::Go(Err(Failed));
                }
                return Next::Go(self.console.run(words, &mut Shell { time, input, out }));
            }
        }
        Next::Go(Ok(()))
    }

    fn all_settings(&self, time: &mut dyn Time) -> String {
        let mut all = Said::default();
        let _ = self.console.run(&["config", "list"], &mut Shell { time, input: &mut NoInput, out: &mut all });
        all.0
    }

    /// A setting's value, as `config get` says it.
    fn value(&self, key: &str, time: &mut dyn Time) -> String {
        let mut text = Said::default();
        let _ = self.console.run(&["config", "get", key], &mut Shell { time, input: &mut NoInput, out: &mut text });
        text.0.trim_end().to_owned()
    }

    /// Keeps what was learnt since the last time, as a device does by itself when it has been quiet.
    pub fn keep(&self, time: &mut dyn Time) {
        struct Unsaid;
        impl Out for Unsaid {
            fn str(&mut self, _: &str) {}
        }
        if self.links.config.get().device.autosave {
            self.line("model save", time, &mut NoInput, &mut Unsaid);
        }
    }

    /// Every word that may come next after `words` and begins with `start`.
    pub fn complete(&self, words: &[&str], start: &str) -> Vec<String> {
        let mut found = Vec::new();
        command::complete(words, start, &mut |word| found.push(word.to_owned()));
        match words {
            [] | ["help"] => {
                found.extend(own::COMMANDS.iter().filter(|c| c.name.starts_with(start)).map(|c| c.name.to_owned()));
            }
            ["config", "list"] if "--all".starts_with(start) => found.push("--all".into()),
            ["rig"] => {
                found = Condition::ALL.iter().filter(|c| c.1.starts_with(start)).map(|c| c.1.to_owned()).collect()
            }
            _ => {}
        }
        found
    }
}

/// Text gathered.
#[derive(Default)]
struct Said(String);

impl Out for Said {
    fn str(&mut self, text: &str) {
        self.0.push_str(text);
    }
}

/// Has a device use a model, as one that is pushed to it.
///
/// # Errors
/// Why it does not take it, in the device's words.
pub fn give(model: &[u8], device: &mut HostDevice) -> Result<(), String> {
    let sender = Sender::new(model).ok_or("it is too long to send")?;
    let mut memory = [0; frame::LINE];
    let lines: Vec<_> =
        (0..sender.lines()).filter_map(|n| sender.line(n, &mut memory).map(|l| Ok(l.as_bytes().to_vec()))).collect();
    let handles = Handles::of(device);
    let mut time = Script { device, watch: &mut |_| false, pace: None };
    let mut said = Said::default();
    match handles.line("model import", &mut time, &mut Following(&mut lines.into_iter()), &mut said) {
        Next::Go(Ok(())) => Ok(()),
        _ => Err(said.0.lines().find_map(|l| l.strip_prefix("error: ")).unwrap_or("it was not taken").to_owned()),
    }
}

/// Time and text as the engine's commands want them.
struct Shell<'a> {
    time: &'a mut dyn Time,
    input: &'a mut dyn Input,
    out: &'a mut dyn Out,
}

impl Out for Shell<'_> {
    fn str(&mut self, text: &str) {
        self.out.str(text);
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        self.out.bytes(bytes)
    }
}

impl Io for Shell<'_> {
    fn now(&self) -> Micros {
        self.time.now()
    }

    fn pause(&mut self, span: Micros) -> bool {
        self.time.pause(span, self.out)
    }

    fn threads(&mut self, _see: &mut dyn FnMut(&mut dyn Out, ThreadInfo<'_>)) {
        // The host's loops share one thread of no fixed stack; there is nothing to tell.
    }

    fn read_line(&mut self, memory: &mut [u8], patience: Micros) -> Typed {
        match self.input.line(patience) {
            Answer::Line(line) => {
                let length = line.len().min(memory.len());
                memory[..length].copy_from_slice(&line[..length]);
                // As typing takes time.
                if self.time.pause(Micros(1000), self.out) { Typed::Line(length) } else { Typed::End }
            }
            Answer::Silence => Typed::Silence,
            Answer::End => Typed::End,
        }
    }

    fn interactive(&self) -> bool {
        self.input.interactive()
    }
}

/// Text to standard output.
#[derive(Debug, Default)]
pub struct Stdout;

impl Out for Stdout {
    fn str(&mut self, text: &str) {
        output::print(text);
    }

    fn bytes(&mut self, bytes: &[u8]) -> bool {
        output::bytes(bytes);
        true
    }
}

/// Device time that passes as fast as it can, only when a command lets it.
pub struct Script<'a> {
    /// The device.
    pub device: &'a mut HostDevice,
    /// Sees each event as it happens, and says whether it is printed.
    pub watch: &'a mut dyn FnMut(&Event) -> bool,
    /// Device seconds that pass per second on the wall, for people to watch; `None` as fast as it can.
    pub pace: Option<f64>,
}

impl Time for Script<'_> {
    fn now(&self) -> Micros {
        self.device.now()
    }

    fn pause(&mut self, span: Micros, out: &mut dyn Out) -> bool {
        let start = self.device.now();
        let end = Micros(start.0.saturating_add(span.0));
        let wall = std::time::Instant::now();
        while self.device.now() < end {
            self.device.advance(Micros(end.0 - self.device.now().0));
            if let Control::Replay(control) = self.device.sensor.control() {
                played(&control, self.device.links(), out);
            }
            record::write(self.device.links(), &self.device.recorded, self.device.now(), out);
            drain(self.device, self.watch, out);
            if let Some(pace) = self.pace {
                let passed = (self.device.now().0 - start.0) as f64 / 1e6 / pace;
                let ahead = passed - wall.elapsed().as_secs_f64();
                if ahead > 0.01 {
                    std::thread::sleep(std::time::Duration::from_secs_f64(ahead));
                }
            }
        }
        true
    }
}

/// Whether a training takes in what plays as normal.
fn learns_as_normal(links: &Links) -> bool {
    let training = links.training.get();
    let normal = match training.learner {
        Learner::Esn => true,
        _ => links.request.get().label.is_none(),
    };
    normal && matches!(training.phase, Phase::Collecting)
}

/// Tells of another recording or class, and of what the manifest calls anomalous where it is being learnt as normal.
fn played(control: &replay::Control, links: &Links, out: &mut dyn Out) {
    let style = links.config.get().device.telemetry;
    while let Some(news) = control.news() {
        match style {
            Style::Off => {}
            Style::Text => {
                let seconds = news.time.0 as f64 / 1e6;
                out.str(&format!("[{seconds:.3}] playing recording {}, {}: {}\n", news.number, news.name, news.class));
            }
            Style::Json => {
                let object = serde_json::json!({
                    "event": "playing", "time_us": news.time.0, "recording": news.number, "name": news.name,
                    "class": news.class, "anomalous": news.anomalous,
                });
                out.str(&format!("{object}\n"));
            }
        }
    }
    if let Some(class) = control.unwarned(learns_as_normal(links)) {
        warn(&class, out);
    }
}

/// Says that a training takes in what is not normal.
fn warn(class: &str, out: &mut dyn Out) {
    out.str("note: a training learns this as normal, and the manifest calls it anomalous (");
    out.str(class);
    out.str("); 'train cancel' stops it, 'replay NUMBER' plays another\n");
}

/// Prints what happened.
pub fn drain(device: &HostDevice, watch: &mut dyn FnMut(&Event) -> bool, out: &mut dyn Out) {
    let links = device.links();
    while let Some(event) = device.events.receive() {
        let wanted = watch(&event);
        let style = links.config.get().device.telemetry;
        if wanted && style != Style::Off {
            telemetry::write(&event, style, &links.names.get(), out);
        }
    }
}

/// How a script ran.
#[derive(Clone, Copy, Debug, Default)]
pub struct Done {
    /// Lines that there were.
    pub lines: u32,
    /// Commands that failed.
    pub failed: u32,
}

/// Runs a script to its end. Each line takes 10 ms of device time, as typing takes time. With `echo` each is printed as if
/// typed, but for empty ones.
pub fn run_script(
    mut lines: impl Iterator<Item = std::io::Result<Vec<u8>>>,
    device: &mut HostDevice,
    out: &mut dyn Out,
    echo: bool,
) -> Done {
    let handles = Handles::of(device);
    let mut failed = 0u32;
    let mut time = Script { device, watch: &mut |_| true, pace: None };
    let mut number = 0;
    while let Some(line) = lines.next() {
        number += 1;
        let text = match &line {
            Ok(bytes) => std::str::from_utf8(bytes).ok(),
            Err(_) => None,
        };
        let Some(text) = text else {
            out.str("error: line ");
            out.size(number);
            out.str(" is not UTF-8 text\n");
            failed += 1;
            continue;
        };
        if echo && !text.trim().is_empty() {
            let shown: String = text.trim().chars().filter(|c| !c.is_control()).take(LINE).collect();
            out.str(&format!("hone> {shown}\n"));
        }
        match handles.line(text, &mut time, &mut Following(&mut lines), out) {
            Next::Quit => break,
            Next::Go(Ok(())) => {}
            Next::Go(Err(Failed)) => failed += 1,
        }
        time.pause(Micros(10_000), out);
    }
    handles.keep(&mut time);
    Done { lines: number as u32, failed }
}
