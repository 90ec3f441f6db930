//! All three loops in one thread, on a clock that is moved by hand: the device of the host and of the tests.
//!
//! Device time passes from one due reading to the next. After each the inference loop runs until it is idle, and the
//! training loop gets the work that a board would have time for until the next reading; so what happens depends on the
//! samples and orders alone, and repeats to the bit.

use crate::command::Console;
use crate::env::{Led, Sensor};
use crate::link::Links;
use crate::memory::{Memory, Parts};
use crate::persist::{NoFlash, Vault};
use crate::pipeline::Inference;
use crate::sampling::Sampling;
use crate::training::Training;
use core::sync::atomic::Ordering;
use hone_signal::Micros;

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
    links: &'static Links,
    sampling: Sampling,
    inference: Inference,
    training: Training,
    console: Console,
    now: Micros,
    due: Micros,
}

impl<S: Sensor, L: Led> Device<S, L> {
    /// A device at time 0 that keeps nothing.
    pub fn new(links: &'static Links, memory: &'static mut Memory, sensor: S, led: L) -> Self {
        Self::with_flash(links, memory, sensor, led, NoFlash)
    }
}

impl<S: Sensor, L: Led, V: Vault> Device<S, L, V> {
    /// A device at time 0 that has restored what is in its flash.
    pub fn with_flash(links: &'static Links, memory: &'static mut Memory, sensor: S, led: L, mut flash: V) -> Self {
        let Parts { sampling, inference, mut training, console } = memory.split(links);
        let now = Micros(0);
        training.restore(now, sensor.info(), &mut flash);
        let erase_time = Micros(1_000_000);
        Self { sensor, led, flash, erase_time, links, sampling, inference, training, console, now, due: now }
    }

    /// What the loops share.
    pub fn links(&self) -> &'static Links {
        self.links
    }

    /// What runs commands on it.
    pub fn console(&self) -> Console {
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
        while self.training.turn(now, work, &mut self.flash) && !self.links.train_windows.is_empty() {}
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
