//! All memory of the device, in one all-zero static, how it is dealt out to the loops, and the device of the host and of the
//! tests: all three loops in one thread, on a clock that is moved by hand.
//!
//! Device time passes from one due reading to the next. After each the inference loop runs until it is idle, and the
//! background loop gets the work that a board would have time for until the next reading; so what happens depends on the
//! samples and orders alone, and repeats to the bit.

use crate::background::Background;
use crate::capacity::{MODELS, WINDOW_POOL, WORKSPACE_BYTES};
use crate::command::Console;
use crate::data::buffers::{RowSet, WindowBuf};
use crate::data::env::{Led, Sensor};
use crate::data::preprocessing::Bench;
use crate::data::storage::{NoFlash, Storage};
use crate::learners::Scratch;
use crate::link::{Ends, Events, Links, Recorded};
use crate::loops::inference::Inference;
use crate::loops::online::OnlineMemory;
use crate::loops::sampling::Sampling;
use crate::pool::{Pool, Slot};
use atomic_refcell::AtomicRefCell;
use core::sync::atomic::Ordering;
use hone_signal::Micros;

/// Everything that the engine needs. All zero, so that it costs no flash.
#[derive(Debug)]
pub struct Memory {
    /// The window pool.
    pub windows: [WindowBuf; WINDOW_POOL],
    /// The model pool.
    pub slots: [AtomicRefCell<Slot>; MODELS],
    /// The training set.
    pub set: RowSet,
    /// Where the features of a window are computed.
    pub features: Bench,
    /// What the model in use carries from window to window.
    pub scratch: Scratch,
    /// What the two models of a conversion do, or that of an evaluation.
    pub compared: [Scratch; 2],
    /// What the model works in that learns in place.
    pub online: OnlineMemory,
    /// Lent to the training under way.
    pub workspace: [u32; WORKSPACE_BYTES / 4],
    /// What runs the shell's commands, once there is a device.
    console: Option<Console>,
}

/// All static memory of the engine, in bytes: pools, queues, and the loops themselves.
pub const USED: usize =
    size_of::<Memory>() + size_of::<Links>() + size_of::<Sampling>() + size_of::<Inference>() + size_of::<Background>();

/// The loops, each ready for a thread of its own, with the ends of queues that are its own.
#[derive(Debug)]
pub struct Parts {
    /// What they share.
    pub links: &'static Links,
    /// Reads the sensor.
    pub sampling: Sampling,
    /// Windows, verdicts, light.
    pub inference: Inference,
    /// Trains, converts, keeps.
    pub background: Background,
    /// Runs the shell's commands.
    pub console: &'static Console,
    /// What is to be told, for who prints it.
    pub events: Events,
    /// What is recorded, for the same.
    pub recorded: Recorded,
}

impl Memory {
    /// All zero.
    #[allow(clippy::declare_interior_mutable_const, reason = "initializes a static, once")]
    pub const ZERO: Self = Self {
        windows: [const { WindowBuf::ZERO }; WINDOW_POOL],
        slots: [const { AtomicRefCell::new(Slot::EMPTY) }; MODELS],
        set: RowSet::new(),
        features: Bench::ZERO,
        scratch: Scratch::Empty,
        compared: [Scratch::Empty, Scratch::Empty],
        online: OnlineMemory::ZERO,
        workspace: [0; WORKSPACE_BYTES / 4],
        console: None,
    };

    /// Deals the memory and the ends of the queues out to the loops, which share `links` from now on.
    pub fn split(&'static mut self, links: &'static mut Links) -> Parts {
        let Self { windows, slots, set, features, scratch, compared, online, workspace, console } = self;
        let (links, Ends { blocks, record, inference, background, shell, events, recorded }) = links.split();
        let pool = Pool::new(slots);
        for window in windows {
            let _ = background.free_windows.send(window);
        }
        let _ = background.set_home.send(set);
        Parts {
            links,
            sampling: Sampling::new(links, blocks, record),
            inference: Inference::new(links, inference, pool, features, scratch, online),
            background: Background::new(links, background, pool, workspace, compared),
            console: console.insert(Console::new(links, shell, pool, USED as u32)),
            events,
            recorded,
        }
    }
}

/// Work units (multiply-accumulates) per microsecond left over for training; a Cortex-M4F at 84 MHz does about this.
pub const WORK_PER_MICRO: u32 = 15;

/// A device that runs when told.
#[derive(Debug)]
pub struct Device<S, L, V = NoFlash> {
    /// What it samples.
    pub sensor: S,
    /// Its light.
    pub led: L,
    /// Its flash.
    pub flash: V,
    /// How long the erase of a page stops everything.
    pub erase_time: Micros,
    /// What it has to tell.
    pub events: Events,
    /// What it has to send.
    pub recorded: Recorded,
    links: &'static Links,
    sampling: Sampling,
    inference: Inference,
    background: Background,
    console: &'static Console,
    now: Micros,
    due: Micros,
}

impl<S: Sensor, L: Led> Device<S, L> {
    /// A device at time 0 that keeps nothing.
    pub fn new(links: &'static mut Links, memory: &'static mut Memory, sensor: S, led: L) -> Self {
        Self::with_flash(links, memory, sensor, led, NoFlash)
    }
}

impl<S: Sensor, L: Led, V: Storage> Device<S, L, V> {
    /// A device at time 0 that has restored what is in its flash.
    pub fn with_flash(links: &'static mut Links, memory: &'static mut Memory, sensor: S, led: L, mut flash: V) -> Self {
        let Parts { links, sampling, inference, mut background, console, events, recorded } = memory.split(links);
        let now = Micros(0);
        background.restore(now, sensor.info(), &mut flash);
        let erase_time = Micros(1_000_000);
        Self {
            sensor,
            led,
            flash,
            erase_time,
            events,
            recorded,
            links,
            sampling,
            inference,
            background,
            console,
            now,
            due: now,
        }
    }

    /// What the loops share.
    pub fn links(&self) -> &'static Links {
        self.links
    }

    /// What runs commands on it.
    pub fn console(&self) -> &'static Console {
        self.console
    }

    /// The device's time.
    pub fn now(&self) -> Micros {
        self.now
    }

    /// Lets time pass up to the next due reading, but at most `span`; how much passed. Takes the reading if it is due.
    pub fn advance(&mut self, span: Micros) -> Micros {
        let end = Micros(self.now.0.saturating_add(span.0));
        let next = Micros(self.due.0.clamp(self.now.0, end.0));
        let passed = Micros(next.0 - self.now.0);
        self.now = next;
        if self.due <= self.now {
            self.due = self.sampling.turn(self.now, &mut self.sensor);
        }
        let now = self.now;
        while self.inference.turn(&|| now, &mut self.led) {}
        let work = (passed.0.min(100_000) as u32).saturating_mul(WORK_PER_MICRO).max(1);
        // One turn takes in at most one window or does at most this work; windows come far less often.
        let erases = self.links.erases.load(Ordering::Relaxed);
        while self.background.turn(now, work, &mut self.flash) && self.background.window_waits() {}
        // Two for each.
        let erased = u64::from(self.links.erases.load(Ordering::Relaxed).wrapping_sub(erases) / 2);
        self.now = Micros(self.now.0.saturating_add(self.erase_time.0.saturating_mul(erased)));
        passed
    }

    /// Lets `span` pass.
    pub fn run(&mut self, span: Micros) {
        let end = Micros(self.now.0.saturating_add(span.0));
        while self.now < end {
            self.advance(Micros(end.0 - self.now.0));
        }
    }
}
