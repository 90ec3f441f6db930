//! What is sampled, gathered for the console: each frame, or the mean of some.

use crate::capacity::CHANNELS;
use crate::data::buffers::{RECORD, RecordBuf};
use crate::link::queue::Sender;
use crate::link::{Links, RECORD_QUEUE};
use core::sync::atomic::Ordering;
use hone_signal::{Faults, Micros, Rate, Sample};

/// Frames that take longer than this go one by one.
const SLOW: Micros = Micros(125_000);

/// Held by the sampling loop.
#[derive(Debug)]
pub(super) struct Recorder {
    links: &'static Links,
    out: Sender<RecordBuf, RECORD_QUEUE>,
    /// So many frames make one; 0 while nothing is recorded.
    every: u32,
    /// The frame that comes next if nothing is missing.
    next: u32,
    sums: [i32; CHANNELS],
    /// Frames in the sums, what was wrong with them, and when the first of them was read.
    summed: u32,
    faults: Faults,
    since: Micros,
    buf: RecordBuf,
}

impl Recorder {
    pub(super) const fn new(links: &'static Links, out: Sender<RecordBuf, RECORD_QUEUE>) -> Self {
        Self {
            links,
            out,
            every: 0,
            next: 0,
            sums: [0; CHANNELS],
            summed: 0,
            faults: Faults::NONE,
            since: Micros(0),
            buf: RecordBuf::EMPTY,
        }
    }

    /// Begins or ends as the shell wants it.
    pub(super) fn turn(&mut self) {
        if !RECORD {
            return;
        }
        let every = self.links.recording.load(Ordering::Relaxed);
        if every != self.every {
            if self.every > 0 {
                self.buf.last = true;
                self.flush();
            }
            (self.every, self.summed) = (every, 0);
        }
    }

    /// Takes frame `number`.
    pub(super) fn take(&mut self, time: Micros, number: u32, frame: &[Sample], faults: Faults, rate: Rate) {
        if !RECORD || self.every == 0 {
            return;
        }
        if number != self.next {
            self.flush();
            self.summed = 0;
        }
        self.next = number.wrapping_add(1);
        if self.summed == 0 {
            (self.sums, self.faults, self.since) = ([0; CHANNELS], Faults::NONE, time);
        }
        self.sums.iter_mut().zip(frame).for_each(|(sum, sample)| *sum += i32::from(*sample));
        self.faults = self.faults.with(faults);
        self.summed += 1;
        if self.summed >= self.every {
            self.append(frame.len(), rate);
        }
    }

    fn append(&mut self, channels: usize, rate: Rate) {
        let (count, numbers) = (self.summed as i32, |f: Faults| f.any(Faults::NOT_A_NUMBER));
        self.summed = 0;
        if usize::from(self.buf.len) + channels > self.buf.samples.len()
            || numbers(self.buf.faults) != numbers(self.faults)
        {
            self.flush();
        }
        let buf = &mut self.buf;
        if buf.len == 0 {
            (buf.time, buf.first) = (self.since, self.next.wrapping_sub(count as u32));
        }
        let places = buf.samples.iter_mut().skip(buf.len.into());
        for (place, sum) in places.zip(self.sums.iter().take(channels)) {
            // Halves away from zero.
            let half = if *sum < 0 { -count / 2 } else { count / 2 };
            *place = ((sum + half) / count.max(1)) as Sample;
        }
        buf.len += channels as u8;
        buf.faults = buf.faults.with(self.faults);
        if rate.span(self.every) >= SLOW {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let buf = core::mem::replace(&mut self.buf, RecordBuf::EMPTY);
        if (buf.len > 0 || buf.last) && self.out.send(buf).is_err() {
            self.links.record_lost.fetch_add(buf.len.into(), Ordering::Relaxed);
        }
    }
}
