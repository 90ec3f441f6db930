//! When frames come: intervals, the rate that they tell of, and what is missing between them.

use crate::data::stats::Intervals;
use hone_signal::{Micros, Rate};

/// The measured rate is told when it is off by more than one part in this.
const OFF: u64 = 20;
/// Frames and microseconds over which the rate is measured at least.
const FRAMES: u32 = 32;
const SPAN: u64 = 1_000_000;
/// Frames at the beginning from which the sensor's own pace is learnt; nothing is missed among them.
const LEARN: u32 = 16;
/// Frames of one burst.
const BURST: f32 = 16.0;
/// Intervals are even that differ from the pace by less than one part in this, on average.
const EVEN: f32 = 8.0;

/// What a frame's time tells.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Beat {
    /// Frames that were due before it and did not come.
    pub missed: u32,
    /// The measured rate, where it has just been found to differ by more than 5 %, or no more to.
    pub rate: Option<(f32, bool)>,
}

/// The times of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rhythm {
    last: Option<u64>,
    /// Frames since the stream began.
    count: u32,
    /// The sensor's own interval, in microseconds.
    pace: f32,
    /// How far intervals are from it, on average.
    rough: f32,
    /// How far frames are ahead of that pace, in microseconds: those of a burst come early, and a pause follows.
    ahead: f32,
    /// They were too far behind at the frame before.
    behind: bool,
    /// Since when the rate is measured, and frames since.
    from: u64,
    frames: u32,
    off: bool,
}

impl Rhythm {
    /// The stream was broken: the next frame continues nothing.
    pub fn restart(&mut self) {
        *self = Self { off: self.off, ..Self::default() };
    }

    /// Takes a frame's time. Where the sensor sets the pace, what is missing is told by the times alone.
    pub fn frame(&mut self, time: Micros, rate: Rate, sensors_own: bool, intervals: &mut Intervals) -> Beat {
        let mut beat = Beat::default();
        let Some(last) = self.last.replace(time.0) else {
            (self.from, self.frames, self.pace) = (time.0, 0, rate.span(1).0 as f32);
            return beat;
        };
        let interval = time.0.saturating_sub(last);
        self.count = self.count.saturating_add(1);
        if sensors_own {
            beat.missed = self.missing(interval as f32);
        }
        if beat.missed > 0 {
            self.restart();
            return beat;
        }
        intervals.add(interval, rate);
        self.frames = self.frames.saturating_add(1);
        let passed = time.0.saturating_sub(self.from);
        if self.frames >= FRAMES && passed >= SPAN {
            let due = rate.span(self.frames).0;
            let off = due.abs_diff(passed) > due / OFF;
            if off != self.off {
                self.off = off;
                beat.rate = Some((self.frames as f32 * 1e6 / passed as f32, off));
            }
            (self.from, self.frames) = (time.0, 0);
        }
        beat
    }

    /// Frames missing, by the pace of those before. After a long interval the next frame decides: those of a burst come late and
    /// all at once, and none of them is missing.
    fn missing(&mut self, interval: f32) -> u32 {
        if self.count <= LEARN {
            self.pace += (interval - self.pace) / self.count as f32;
            self.rough += ((interval - self.pace).abs() - self.rough) / self.count as f32;
            return 0;
        }
        self.ahead = (self.ahead + self.pace - interval).min(BURST * self.pace);
        // One frame that is missing shows where intervals are even, and not where frames come in bursts.
        let room = if self.rough < self.pace / EVEN { 0.75 } else { 2.5 };
        if self.ahead < -room * self.pace {
            let decided = core::mem::replace(&mut self.behind, true) && interval >= 0.5 * self.pace;
            return if decided { (0.5 - self.ahead / self.pace) as u32 } else { 0 };
        }
        self.behind = false;
        self.pace += (interval - self.pace) * (1.0 / 256.0);
        self.rough += ((interval - self.pace).abs() - self.rough) * (1.0 / 256.0);
        // What a pace that was learnt a little wrong adds up to is forgotten by and by.
        self.ahead *= if self.ahead < 0.0 { 31.0 / 32.0 } else { 511.0 / 512.0 };
        0
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::vec::Vec;

    /// Frames at these times in microseconds, from a sensor of 1600 Hz.
    fn heard(times: impl IntoIterator<Item = f64>) -> (u32, Vec<bool>, Intervals) {
        let (mut rhythm, mut intervals) = (Rhythm::default(), Intervals::ZERO);
        let (mut missed, mut told) = (0, Vec::new());
        for time in times {
            let beat = rhythm.frame(Micros(time as u64), Rate::new(1600, 1), true, &mut intervals);
            missed += beat.missed;
            told.extend(beat.rate.map(|(_, off)| off));
        }
        (missed, told, intervals)
    }

    fn jitter(n: u32) -> f64 {
        f64::from(n.wrapping_mul(2_654_435_761) >> 16) / 32_768.0 - 1.0
    }

    #[test]
    fn a_jitter_of_two_percent_for_ten_minutes_misses_nothing() {
        let times = (0..960_000).map(|n| 625.0 * (f64::from(n) + 0.02 * jitter(n)));
        let (missed, told, i) = heard(times);
        assert_eq!((missed, told.as_slice(), i.count), (0, &[][..], 959_999));
        assert!((i.hertz() - 1600.0).abs() < 0.001 * 1600.0, "{}", i.hertz());
        assert!(i.min >= 599 && i.max <= 651, "{i:?}");
        let step = |n| 625.0 + 12.5 * (jitter(n + 1) - jitter(n));
        let deviation = ((0..959_999).map(|n| (step(n) - 625.0).powi(2)).sum::<f64>() / 959_999.0).sqrt();
        assert!((f64::from(i.deviation()) - deviation).abs() < 0.1, "{} for {deviation}", i.deviation());
    }

    #[test]
    fn what_is_missing_is_counted_and_a_burst_is_not() {
        for lost in [1, 2, 3, 7, 40] {
            let gap = |n: u32| f64::from(if n >= 500 { n + lost } else { n }) + 0.02 * jitter(n);
            assert_eq!(heard((0..1000).map(|n| 625.0 * gap(n))).0, lost);
            assert_eq!(heard((0..1000).map(|n| 656.0 * gap(n))).0, lost);
        }
        // One that is only late, and each fourth.
        let late = |n: u32| 625.0 * (f64::from(n) + if n == 500 || n % 4 == 1 { 0.9 } else { 0.0 });
        assert_eq!(heard((0..1000).map(late)).0, 0);
        let burst = |n: u32| 625.0 * f64::from(n / 8 * 8 + 8) + f64::from(n % 8) * 20.0;
        assert_eq!(heard((0..4000).map(burst)).0, 0);
        let once = |n: u32| 625.0 * f64::from(if (400..408).contains(&n) { 408 } else { n });
        assert_eq!(heard((0..1000).map(once)).0, 0);
    }

    #[test]
    fn a_rate_that_is_off_is_measured_and_told_from_five_percent_on() {
        for (factor, told) in [(1.03, false), (0.97, false), (1.07, true), (0.5, true), (0.93, true)] {
            let (missed, off, i) = heard((0..8000).map(|n| 625.0 / factor * f64::from(n)));
            assert_eq!(
                (missed, off.first().copied().unwrap_or(false), off.len()),
                (0, told, usize::from(told)),
                "{factor}"
            );
            assert!((f64::from(i.hertz()) - 1600.0 * factor).abs() < 2.0, "{factor}: {}", i.hertz());
        }
    }
}
