//! A device on a settable clock, with a sensor that does as told, and a shell whose text is kept.
#![allow(dead_code)] // Each test program uses its own part.

use hone_engine::capacity::CHANNELS;
use hone_engine::command::{self, Console, Outcome};
use hone_engine::data::env::{Io, ThreadInfo, Typed};
use hone_engine::data::event::Event;
use hone_engine::data::storage::Flash;
use hone_engine::device::Device;
use hone_engine::learners::LABELS;
use hone_engine::say::record;
use hone_engine::text::Out;
use hone_engine::{Led, Links, Memory, Pace, Reading, Sensor, SensorError, SensorInfo};
use hone_learn::Decision;
use hone_numeric::rng::Rng;
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};
use hone_store::ram::RamFlash;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

/// What the sensor does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Act {
    /// A hum with noise.
    Hum,
    /// The same hum, four times as loud.
    Loud,
    /// One reading, for ever.
    Constant,
    /// Alternates between two readings: not stuck, but one channel never changes.
    FlatChannel,
    Nan,
    Saturated,
    Missing,
    Broken,
}

/// The sensor.
#[derive(Debug)]
pub struct Scripted {
    pub act: Act,
    pub channels: u8,
    pub rate: Rate,
    pub pace: Pace,
    /// Times of the frames that wait, of one that sets the pace.
    pub waiting: VecDeque<Micros>,
    /// How often it was begun anew.
    pub restarts: u32,
    pub meaning: [Channel; CHANNELS],
    pub reads: u32,
    rng: Rng,
}

/// As an accelerometer gives.
pub const ACCELERATION: Channel = Channel { scale: 0.001, unit: Unit::MetresPerSecondSquared };

impl Sensor for Scripted {
    fn info(&self) -> SensorInfo {
        SensorInfo {
            name: "scripted",
            rate: self.rate,
            pace: self.pace,
            channels: self.channels,
            meaning: self.meaning,
        }
    }

    fn waits(&mut self) -> bool {
        !self.waiting.is_empty()
    }

    fn restart(&mut self) {
        self.restarts += 1;
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        self.reads += 1;
        let t = self.reads as f64 / 1000.0;
        let gain = if self.act == Act::Loud { 4.0 } else { 1.0 };
        let mut faults = Faults::NONE;
        for (c, sample) in frame.iter_mut().enumerate() {
            let hum = (t * 45.0 * std::f64::consts::TAU + c as f64).sin() * 800.0;
            *sample = (gain * (hum + 100.0 * f64::from(self.rng.next_normal()))) as Sample;
        }
        match self.act {
            Act::Hum | Act::Loud => {}
            Act::Constant => frame.fill(7),
            Act::FlatChannel => frame[0] = 7,
            Act::Nan => faults = Faults::NOT_A_NUMBER,
            Act::Saturated => {
                frame.fill(i16::MAX);
                frame[0] -= (self.reads % 2) as i16;
                faults = Faults::SATURATED;
            }
            Act::Missing => return Err(SensorError::Missing),
            Act::Broken => return Err(SensorError::Bus(-5)),
        }
        Ok(Reading::new(self.waiting.pop_front().unwrap_or(now), faults))
    }
}

/// The light's changes.
#[derive(Clone, Debug, Default)]
pub struct Lamp(pub Rc<RefCell<Vec<bool>>>);

impl Led for Lamp {
    fn set(&mut self, on: bool) {
        self.0.borrow_mut().push(on);
    }
}

impl Scripted {
    /// Back to the beginning of a stream.
    pub fn restart(&mut self, seed: u64) {
        (self.reads, self.rng) = (0, Rng::new(seed));
    }
}

/// Two pages, smaller than the F401's.
pub type TestFlash = RamFlash<4, 32768>;

/// Device, shell and what they said.
pub struct Bench {
    pub device: Device<Scripted, Lamp, Flash<TestFlash>>,
    /// Lines that a command reads.
    pub typed: VecDeque<String>,
    /// Whether a person types them.
    pub interactive: bool,
    /// What the console's line carries, in bits a second, and what was sent over it beside text.
    pub line: Option<u32>,
    pub sent: Vec<u8>,
    pub links: &'static Links,
    pub lamp: Lamp,
    pub events: Vec<Event>,
    pub text: String,
    /// What the command before that wrote.
    pub said: String,
    console: &'static Console,
}

impl Bench {
    pub fn new() -> Self {
        Self::on(TestFlash::new(2))
    }

    /// A device on this flash, with the tests' configuration.
    pub fn on(flash: TestFlash) -> Self {
        // What is tested here is the device, not how tight the default threshold is.
        Self::start(flash, |_links| {
            #[cfg(feature = "esn")]
            _links.config.update(|c| c.learners.esn.k = 8.0);
        })
    }

    /// The power goes and comes again.
    pub fn reboot(self) -> Self {
        Self::on(self.flash())
    }

    pub fn reboot_with(self, configure: impl Fn(&Links)) -> Self {
        Self::start(self.flash(), configure)
    }

    fn flash(self) -> TestFlash {
        self.device.flash.close().expect("there is flash")
    }

    pub fn flash_copy(&mut self) -> TestFlash {
        let flash = std::mem::replace(&mut self.device.flash, Flash::Unusable(None)).close().expect("there is flash");
        let copy = flash.clone();
        self.device.flash = Flash::open(Some(flash));
        copy
    }

    pub fn set_flash(&mut self, flash: TestFlash) {
        self.device.flash = Flash::open(Some(flash));
    }

    fn start(flash: TestFlash, configure: impl Fn(&Links)) -> Self {
        Self::with(flash, |_| (), configure)
    }

    /// A device on this flash with another sensor.
    pub fn sampling(flash: TestFlash, adjust: impl Fn(&mut Scripted)) -> Self {
        Self::with(flash, adjust, |_| ())
    }

    fn with(flash: TestFlash, adjust: impl Fn(&mut Scripted), configure: impl Fn(&Links)) -> Self {
        let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
        let lamp = Lamp::default();
        let mut sensor = Scripted {
            act: Act::Hum,
            channels: CHANNELS as u8,
            rate: Rate::new(1000, 1),
            pace: Pace::Clock,
            waiting: VecDeque::new(),
            restarts: 0,
            meaning: [ACCELERATION; CHANNELS],
            reads: 0,
            rng: Rng::new(1),
        };
        adjust(&mut sensor);
        let device = Device::with_flash(links, memory, sensor, lamp.clone(), Flash::open(Some(flash)));
        let (console, links) = (device.console(), device.links());
        configure(links);
        let mut device = device;
        // Only where it is what is tested does an erase take time.
        device.erase_time = Micros(0);
        let mut bench = Self {
            device,
            links,
            lamp,
            typed: VecDeque::new(),
            interactive: false,
            line: None,
            sent: Vec::new(),
            events: Vec::new(),
            text: String::new(),
            said: String::new(),
            console,
        };
        // What is told of the start.
        bench.events.extend(core::iter::from_fn(|| bench.device.events.receive()));
        bench
    }

    /// A device that has trained on the hum.
    pub fn trained() -> Self {
        let mut bench = Self::new();
        bench.run(0.1);
        bench.command("train esn --wait").expect("the hum can be learnt");
        bench.run(1.0);
        bench
    }

    pub fn run(&mut self, seconds: f64) {
        let end = Micros(self.device.now().0 + (seconds * 1e6) as u64);
        while self.device.now() < end {
            self.device.advance(Micros(end.0 - self.device.now().0));
            self.send();
            while let Some(event) = self.device.events.receive() {
                self.events.push(event);
            }
        }
    }

    /// Sends what is recorded.
    pub fn send(&mut self) {
        struct Sent<'a>(&'a mut Vec<u8>, &'a mut String);
        impl Out for Sent<'_> {
            fn str(&mut self, text: &str) {
                self.1.push_str(text);
            }
            fn bytes(&mut self, bytes: &[u8]) -> bool {
                self.0.extend_from_slice(bytes);
                true
            }
        }
        let mut out = Sent(&mut self.sent, &mut self.text);
        record::write(self.links, &self.device.recorded, self.device.now(), &mut out);
    }

    /// Runs a command line; what it wrote is in `text`.
    pub fn command(&mut self, line: &str) -> Outcome {
        self.said = std::mem::take(&mut self.text);
        let console = self.console;
        let words = command::split::<16>(line)?;
        match words.as_slice() {
            ["help", rest @ ..] => command::help(rest, self),
            words => console.run(words, self),
        }
    }

    pub fn has(&self, wanted: impl Fn(&Event) -> bool) -> bool {
        self.events.iter().any(wanted)
    }
}

impl Out for Bench {
    fn str(&mut self, text: &str) {
        self.text.push_str(text);
    }
}

impl Io for Bench {
    fn now(&self) -> Micros {
        self.device.now()
    }

    fn pause(&mut self, span: Micros) -> bool {
        self.run(span.0 as f64 / 1e6);
        true
    }

    fn threads(&mut self, see: &mut dyn FnMut(&mut dyn Out, ThreadInfo<'_>)) {
        see(self, ThreadInfo { name: "sampling", stack_bytes: 1024, stack_used: 400, cpu_permille: 15 });
    }

    fn read_line(&mut self, memory: &mut [u8], _: Micros) -> Typed {
        self.run(0.005);
        let Some(line) = self.typed.pop_front() else { return Typed::End };
        let length = line.len().min(memory.len());
        memory[..length].copy_from_slice(&line.as_bytes()[..length]);
        Typed::Line(length)
    }

    fn interactive(&self) -> bool {
        self.interactive
    }

    fn bits_a_second(&self) -> Option<u32> {
        self.line
    }
}

/// Verdicts of the next windows, bit by bit, of a device whose sensor starts anew.
pub fn verdicts(b: &mut Bench) -> Vec<(Decision, u32)> {
    // Whatever was half collected is given up, and the stream begins anew.
    b.device.sensor.restart(77);
    b.device.sensor.act = Act::Broken;
    b.run(0.5);
    b.device.sensor.restart(77);
    b.device.sensor.act = Act::Hum;
    b.command("infer on -v").unwrap();
    b.events.clear();
    // By readings, not by time: the windows are then the same whatever came before.
    while b.device.sensor.reads < 2000 {
        b.run(0.001);
    }
    b.device.sensor.act = Act::Loud;
    while b.device.sensor.reads < 3000 {
        b.run(0.001);
    }
    let verdict = |e: &Event| match e {
        Event::Verdict { answer, .. } => Some((answer.verdict.decision, answer.verdict.score.to_bits())),
        _ => None,
    };
    b.events.iter().filter_map(verdict).collect()
}

/// A device that has learnt the hum from the loud hum.
pub fn taught(command: &str) -> Bench {
    taught_by(command, &|_| ())
}

/// The same with other settings.
pub fn taught_by(command: &str, configure: &dyn Fn(&mut Bench)) -> Bench {
    let mut b = Bench::new();
    b.run(0.1);
    configure(&mut b);
    if command.contains("rce") {
        b.command("train rce").unwrap();
        b.run(0.2);
    }
    if LABELS && !command.contains("esn") {
        for (act, label) in [(Act::Hum, "label 1 quiet"), (Act::Loud, "label 2 loud")] {
            b.device.sensor.act = act;
            b.run(0.3);
            b.command(label).unwrap();
            b.run(2.0);
            b.command("label none").unwrap();
        }
    }
    b.device.sensor.act = Act::Hum;
    if !command.contains("rce") {
        b.command(command).expect("it can be learnt");
    }
    b.run(1.0);
    b
}
