//! The sampling loop: readings as the sensor gives them, or by the clock where it says nothing, gathered into blocks. It waits for
//! nobody and touches no model.

use super::record::Recorder;
use super::rhythm::Rhythm;
use crate::capacity::{BLOCK_FRAMES, BLOCK_QUEUE, CHANNELS};
use crate::data::buffers::{BLOCK_SAMPLES, BlockBuf, RecordBuf};
use crate::data::env::{Pace, Reading, Sensor, SensorError, SensorInfo};
use crate::data::event::Event;
use crate::data::stats::{SamplingStats, SensorHealth, count};
use crate::link::queue::Sender;
use crate::link::{Links, RECORD_QUEUE};
use core::sync::atomic::Ordering;
use hone_signal::{Faults, Micros, Sample};

/// A sensor that failed is asked again after this long.
const RETRY: Micros = Micros(100_000);

/// A sensor that sets the pace has fallen silent after this long, or as long as so many frames take.
const PATIENCE: Micros = Micros(100_000);
const PATIENT_FRAMES: u32 = 8;
/// A block that is older goes as it is, so that a slow sensor's frames do not wait for others.
const BLOCK_SPAN: Micros = Micros(250_000);

/// The loop's own state.
#[derive(Debug)]
pub struct Sampling {
    links: &'static Links,
    blocks: Sender<BlockBuf, BLOCK_QUEUE>,
    block: BlockBuf,
    due: Option<Micros>,
    /// What is left over of dividing a second by the rate, so that the pace holds in the long run.
    remainder: u64,
    frame: u32,
    previous: [Sample; CHANNELS],
    repeats: u32,
    /// Read from the configuration at each block's start.
    stuck_frames: u32,
    /// What is wrong, as told.
    suspect: Faults,
    /// What was wrong with a frame since the last block began.
    seen: Faults,
    /// Of [`Links::erases`], at the last reading.
    erases: u32,
    rhythm: Rhythm,
    recorder: Recorder,
    /// What is counted; others see a copy.
    stats: SamplingStats,
}

impl Sampling {
    pub(crate) fn new(
        links: &'static Links,
        blocks: Sender<BlockBuf, BLOCK_QUEUE>,
        record: Sender<RecordBuf, RECORD_QUEUE>,
    ) -> Self {
        Self {
            links,
            blocks,
            block: EMPTY,
            due: None,
            remainder: 0,
            frame: 0,
            previous: [0; CHANNELS],
            repeats: 0,
            stuck_frames: u32::MAX,
            suspect: Faults::NONE,
            seen: Faults::NONE,
            erases: 0,
            rhythm: Rhythm::default(),
            recorder: Recorder::new(links, record),
            stats: SamplingStats::ZERO,
        }
    }

    /// Reads one frame if it is due, and says when to come again.
    pub fn turn(&mut self, now: Micros, sensor: &mut impl Sensor) -> Micros {
        let due = self.due.unwrap_or(now);
        self.recorder.turn();
        let info = sensor.info();
        let next = match info.pace {
            Pace::Clock if now < due => return due,
            Pace::Clock => self.by_the_clock(now, due, &info, sensor),
            Pace::Trigger | Pace::Stream => self.as_they_come(now, due, &info, sensor),
        };
        self.stats.sensor = Some(info);
        self.links.sampling.set(self.stats);
        self.due = Some(next);
        next
    }

    /// Takes all that the sensor has ready; when to see whether it has fallen silent.
    fn as_they_come(&mut self, now: Micros, due: Micros, info: &SensorInfo, sensor: &mut impl Sensor) -> Micros {
        let mut came = self.due.is_none();
        while sensor.waits() {
            let mut frame = [0; CHANNELS];
            match sensor.read(now, &mut frame) {
                Ok(reading) => self.take(reading, info, frame),
                Err(error) => {
                    self.lost(now, error);
                    return Micros(now.0 + RETRY.0);
                }
            }
            came = true;
        }
        let patience = Micros(now.0 + PATIENCE.0.max(info.rate.span(PATIENT_FRAMES).0));
        if came {
            return patience;
        }
        if now < due {
            return due;
        }
        // Silent, or it did not answer a while ago.
        if !matches!(self.stats.health, SensorHealth::Lost(_)) {
            self.lost(now, SensorError::Silent);
        }
        sensor.restart();
        patience
    }

    /// Reads the frame that is due; when the next one is.
    fn by_the_clock(&mut self, now: Micros, due: Micros, info: &SensorInfo, sensor: &mut impl Sensor) -> Micros {
        // A frame takes `span / frames` microseconds; what the division leaves over is carried on, so that the pace holds.
        let (span, frames) = (u64::from(info.rate.seconds()) * 1_000_000, u64::from(info.rate.frames()));
        let period = span / frames;
        let late = ((now.0 - due.0) / period.max(1)) as u32;
        if late > 0 && matches!(self.stats.health, SensorHealth::Well | SensorHealth::Suspect(_)) {
            self.overrun(now, late);
        }
        let mut frame = [0; CHANNELS];
        match sensor.read(now, &mut frame) {
            Ok(reading) => {
                self.take(reading, info, frame);
                self.remainder += span % frames;
                let carry = u64::from(self.remainder >= frames);
                self.remainder %= frames;
                Micros(due.0 + period * (u64::from(late) + 1) + carry)
            }
            Err(error) => {
                self.lost(now, error);
                Micros(now.0 + RETRY.0)
            }
        }
    }

    fn overrun(&mut self, now: Micros, frames: u32) {
        let erases = self.links.erases.load(Ordering::Relaxed);
        let erased = erases % 2 == 1 || erases != self.erases;
        self.flush();
        self.rhythm.restart();
        self.frame = self.frame.wrapping_add(frames);
        if erased {
            // The processor stood still while flash was erased, as was told.
            self.stats.flash_gaps = self.stats.flash_gaps.saturating_add(frames);
            self.links.tell(Event::FlashGap { time: now, frames });
            return;
        }
        self.stats.overruns = self.stats.overruns.saturating_add(frames);
        self.links.tell(Event::Overrun { time: now, frames });
    }

    fn lost(&mut self, now: Micros, error: SensorError) {
        self.flush();
        self.rhythm.restart();
        // Whatever comes next does not continue what came before.
        self.frame = self.frame.wrapping_add(1);
        self.repeats = 0;
        if !matches!(self.stats.health, SensorHealth::Lost(_)) {
            self.links.tell(Event::SensorLost { time: now, error });
        }
        self.stats.health = SensorHealth::Lost(error);
        count(&mut self.stats.errors);
    }

    fn take(&mut self, reading: Reading, info: &SensorInfo, frame: [Sample; CHANNELS]) {
        let Reading { time: now, missed, mut faults } = reading;
        let channels = usize::from(info.channels).clamp(1, CHANNELS);
        if faults.any(Faults::GAP) {
            self.flush();
            self.frame = self.frame.wrapping_add(1);
            faults = Faults(faults.0 & !Faults::GAP.0);
        }
        let beat = self.rhythm.frame(now, info.rate, info.pace != Pace::Clock, &mut self.stats.intervals);
        if missed.max(beat.missed) > 0 {
            self.overrun(now, missed.max(beat.missed));
        }
        self.erases = self.links.erases.load(Ordering::Relaxed);
        if let Some((measured, off)) = beat.rate {
            self.links.tell(Event::SensorRate { time: now, nominal: info.rate.hertz(), measured, off });
        }
        self.repeats = if frame == self.previous { self.repeats.saturating_add(1) } else { 0 };
        if self.repeats > 0 {
            count(&mut self.stats.repeated);
        }
        self.previous = frame;
        if self.repeats >= self.stuck_frames {
            faults = faults.with(Faults::STUCK);
        }
        self.report(now, faults);
        let s = &mut self.stats;
        count(&mut s.frames);
        for (flag, counter) in [
            (Faults::NOT_A_NUMBER, &mut s.not_a_number),
            (Faults::SATURATED, &mut s.saturated),
            (Faults::STUCK, &mut s.stuck),
        ] {
            if faults.any(flag) {
                count(counter);
            }
        }
        s.last = frame;
        s.last_time = now;
        let frame = frame.get(..channels).unwrap_or(&frame);
        self.recorder.take(now, self.frame, frame, faults, info.rate);
        self.append(now, frame, faults);
    }

    /// Tells of a change for the worse at once, and of one for the better after a block without it, so that a sensor that
    /// flickers does not flood the console.
    fn report(&mut self, now: Micros, faults: Faults) {
        let lost = matches!(self.stats.health, SensorHealth::Lost(_));
        self.seen = self.seen.with(faults);
        let wrong = if lost {
            faults
        } else if self.block.len == 0 {
            core::mem::replace(&mut self.seen, faults)
        } else {
            self.suspect.with(faults)
        };
        if lost || wrong != self.suspect {
            self.suspect = wrong;
            self.links.tell(match wrong {
                Faults::NONE => Event::SensorBack { time: now },
                faults => Event::SensorSuspect { time: now, faults },
            });
        }
        self.stats.health = match wrong {
            Faults::NONE => SensorHealth::Well,
            faults => SensorHealth::Suspect(faults),
        };
    }

    fn append(&mut self, now: Micros, frame: &[Sample], faults: Faults) {
        if usize::from(self.block.channels) != frame.len() {
            // The first block, or another sensor.
            self.flush();
        }
        if self.block.len == 0 {
            self.stuck_frames = self.links.config.get().device.stuck_frames;
        }
        let block = &mut self.block;
        if block.len == 0 {
            block.time = now;
            block.first_frame = self.frame;
            block.channels = frame.len() as u8;
        }
        let start = usize::from(block.len);
        if let Some(place) = block.samples.get_mut(start..start + frame.len()) {
            place.iter_mut().zip(frame).for_each(|(to, from)| *to = *from);
        }
        block.len += frame.len() as u16;
        block.faults = block.faults.with(faults);
        self.frame = self.frame.wrapping_add(1);
        let old = now.0.saturating_sub(block.time.0) >= BLOCK_SPAN.0;
        if old || usize::from(block.len) >= BLOCK_FRAMES * frame.len() {
            self.flush();
        }
    }

    fn flush(&mut self) {
        if self.block.len == 0 {
            return;
        }
        let sent = self.blocks.send(self.block).is_ok();
        let waiting = self.blocks.len() as u16;
        self.stats.queue_high = self.stats.queue_high.max(waiting);
        if !sent {
            count(&mut self.stats.blocks_lost);
        }
        self.block = EMPTY;
    }
}

const EMPTY: BlockBuf = BlockBuf {
    time: Micros(0),
    first_frame: 0,
    channels: 1,
    len: 0,
    faults: Faults::NONE,
    samples: [0; BLOCK_SAMPLES],
};
