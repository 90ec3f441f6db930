//! Every portable crate in one program: a device that trains and answers commands, a model container there and back, a
//! store. What it links is what `cargo xtask bench --panics` looks through; that it runs shows that nothing was left out.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m::singleton;
use embedded_storage::nor_flash::{ErrorType, NorFlash, NorFlashError, NorFlashErrorKind, ReadNorFlash};
use hone_engine::capacity::CHANNELS;
use hone_engine::command;
use hone_engine::data::env::ThreadInfo;
use hone_engine::device::Device;
use hone_engine::text::Out;
use hone_engine::{Io, Led, Links, Memory, Pace, Reading, Sensor, SensorError, SensorInfo};
use hone_model::frame::{Receiver, Sender};
use hone_model::{Container, Contents, Learner, SliceSink, write_raw};
use hone_numeric::rng::Rng;
use hone_signal::{Channel, Faults, Micros, Rate, Sample, Unit};
use hone_store::Store;
use hone_target_bench::{entry, exit, value};

struct Noise(Rng);

impl Sensor for Noise {
    fn info(&self) -> SensorInfo {
        let meaning = [Channel { scale: 0.001, unit: Unit::None }; CHANNELS];
        SensorInfo { name: "noise", rate: Rate::new(1000, 1), pace: Pace::Clock, channels: 3, meaning }
    }

    fn read(&mut self, now: Micros, frame: &mut [Sample]) -> Result<Reading, SensorError> {
        frame.iter_mut().for_each(|s| *s = (self.0.next_normal() * 300.0) as Sample);
        Ok(Reading::new(now, Faults::NONE))
    }
}

struct Dark;

impl Led for Dark {
    fn set(&mut self, _: bool) {}
}

struct Shell {
    device: Device<Noise, Dark>,
    written: u32,
}

impl Out for Shell {
    fn str(&mut self, text: &str) {
        self.written = self.written.wrapping_add(text.len() as u32);
    }
}

impl Io for Shell {
    fn now(&self) -> Micros {
        self.device.now()
    }

    fn pause(&mut self, span: Micros) -> bool {
        self.device.run(span);
        while self.device.events.receive().is_some() {}
        true
    }

    fn threads(&mut self, _: &mut dyn FnMut(&mut dyn Out, ThreadInfo<'_>)) {}
}

/// Runs commands; the bytes that they wrote.
fn engine() -> u32 {
    let (Some(links), Some(memory)) = (singleton!(: Links = Links::new()), singleton!(: Memory = Memory::ZERO)) else {
        return 0;
    };
    let device = Device::new(links, memory, Noise(Rng::new(1)), Dark);
    let console = device.console();
    let mut shell = Shell { device, written: 0 };
    shell.pause(Micros(100_000));
    let mut trained = false;
    for line in ["help", "train status", "train esn --wait", "stats", "config", "model show", "config set esn.k 5"] {
        let Ok(words) = command::split::<16>(black_box(line)) else { return 0 };
        let done = console.run(&words, &mut shell).is_ok();
        trained |= line.starts_with("train esn") && done;
        shell.pause(Micros(1_000_000));
    }
    if trained && shell.device.links().published.get().is_some_and(|p| console.pool().get(p.slot).is_some()) {
        shell.written
    } else {
        0
    }
}

#[derive(Debug)]
struct Outside;

impl NorFlashError for Outside {
    fn kind(&self) -> NorFlashErrorKind {
        NorFlashErrorKind::OutOfBounds
    }
}

struct Flash([u8; 8192]);

impl Flash {
    fn part(&mut self, from: u32, length: usize) -> Result<&mut [u8], Outside> {
        self.0.get_mut(from as usize..).and_then(|m| m.get_mut(..length)).ok_or(Outside)
    }
}

impl ErrorType for Flash {
    type Error = Outside;
}

impl ReadNorFlash for Flash {
    const READ_SIZE: usize = 1;

    fn read(&mut self, offset: u32, bytes: &mut [u8]) -> Result<(), Outside> {
        let from = self.part(offset, bytes.len())?;
        bytes.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        Ok(())
    }

    fn capacity(&self) -> usize {
        self.0.len()
    }
}

impl NorFlash for Flash {
    const WRITE_SIZE: usize = 4;
    const ERASE_SIZE: usize = 2048;

    fn erase(&mut self, from: u32, to: u32) -> Result<(), Outside> {
        self.part(from, to.wrapping_sub(from) as usize)?.fill(0xff);
        Ok(())
    }

    fn write(&mut self, offset: u32, bytes: &[u8]) -> Result<(), Outside> {
        self.part(offset, bytes.len())?.iter_mut().zip(bytes).for_each(|(to, from)| *to &= *from);
        Ok(())
    }
}

/// A container is written, sent in lines, stored, loaded and read; the bytes of its payload.
fn container() -> Option<usize> {
    let contents = Contents {
        learner: Learner(2),
        layout: 1,
        parameters: &|_| (),
        pipeline: &|_| (),
        channels: &[Channel { scale: 0.001, unit: Unit::None }],
        scaling: &|each| [(0.5, 1.0), (1.0, 2.0)].iter().for_each(|(o, f)| each(*o, *f)),
        classes: &|see| see(hone_learn::ClassId(0), "well"),
        report: None,
    };
    let (mut memory, mut received, mut loaded) = ([0; 512], [0; 512], [0; 512]);
    let mut sink = SliceSink::new(&mut memory);
    write_raw(black_box(&contents), &[1, 2, 3, 4, 5], &mut sink).ok()?;
    let bytes = sink.filled();
    let sender = Sender::new(bytes)?;
    let mut receiver = Receiver::new();
    for number in 0..sender.lines() {
        let mut text = [0; hone_model::frame::LINE];
        receiver.line(sender.line(number, &mut text)?, &mut received);
    }
    let received = received.get(..bytes.len())?;
    let mut store = Store::<Flash, 4>::open(Flash([0xff; 8192])).ok()?;
    for _ in 0..60 {
        store.save(1, black_box(received), &mut |_| ()).ok()?;
    }
    store.remove(2, &mut |_| ()).ok()?;
    let mut store = Store::<Flash, 4>::open(store.close()).ok()?;
    let loaded = store.load(1, &mut loaded).ok()??;
    let container = Container::read(loaded).ok()?;
    let classes = container.classes().count() + container.channels().count() + container.scaling().count();
    (classes == 4).then(|| container.payload().len())
}

#[entry]
fn main() -> ! {
    let written = engine();
    let payload = container();
    value("written", written);
    value("payload", payload.unwrap_or(0) as u32);
    value("image", u32::from(written > 0 && payload == Some(5)));
    exit(true)
}
