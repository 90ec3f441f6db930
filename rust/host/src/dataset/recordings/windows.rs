//! Streams are cut into windows, each of one part.

use super::sink::{Mark, Stream};
use crate::dataset::cut::{self, Item};
use crate::dataset::manifest::FileSpec;
use crate::dataset::runs::Runs;
use crate::dataset::{Fault, LeftOut, Recording, Recordings, Source, UNFIT_TO_JUDGE, Window};
use hone_signal::{Faults, Micros};
use std::collections::BTreeMap;

/// At most this many windows are cut.
const MOST_WINDOWS: usize = 1 << 24;

/// Counts on from file to file.
#[derive(Debug, Default)]
pub struct Cutter {
    frames_before: usize,
    /// When the first stream with dates begins, and its first frame.
    dated: Option<(f64, usize)>,
    sequence: u32,
    windows: usize,
}

/// Where a window lies: recording, first frame, and that frame on the recording's clock.
type Cut = (usize, usize, usize);

impl Cutter {
    /// Cuts a file's streams into windows that begin `step` frames after one another, and gives each its part.
    pub fn cut(
        &mut self,
        source: &Source,
        set: &mut Recordings,
        (i, file): (usize, &FileSpec),
        streams: Vec<Stream>,
        step: usize,
    ) -> Result<Vec<Recording>, Fault> {
        let mut items: Vec<Item> = Vec::new();
        let mut cuts: Vec<Cut> = Vec::new();
        for (recording, stream) in streams.iter().enumerate() {
            let before = cuts.len();
            for (first, end) in segments(stream) {
                let stride = if stream.windowed { set.length } else { step };
                let frames = end - first;
                let count = if frames < set.length { 0 } else { (frames - set.length) / stride + 1 };
                if self.windows + cuts.len() + count > MOST_WINDOWS {
                    return Err(source.fault("window.step", "more than 2^24 windows; give a longer step".into()));
                }
                for w in 0..count {
                    let at = first + w * stride;
                    let mark = if stream.windowed {
                        stream.marks.get(w)
                    } else {
                        // A window that spans two groups belongs to neither.
                        common(stream.marks.range(at, at + set.length))
                    };
                    let Some(mark) = mark else {
                        set.left_out.add(LeftOut::TWO_GROUPS, 1);
                        continue;
                    };
                    items.push(Item { recording, class: mark.class, label: mark.label, group: mark.group });
                    let clock = if stream.windowed { w * step } else { at + stream.missing_before(at) };
                    cuts.push((recording, at, clock));
                }
            }
            if cuts.len() == before {
                set.left_out.short.push(stream.name.clone());
            }
        }
        if cuts.is_empty() {
            let longest = streams.iter().flat_map(segments).map(|(a, b)| b - a).max().unwrap_or(0);
            let problem = format!(
                "{} has no window of {} frames: there are at most {longest} in a row without a gap; give a shorter \
                 window.length",
                file.path, set.length
            );
            return Err(source.fault(&format!("file[{i}].path"), problem));
        }
        self.windows += cuts.len();
        let parts = cut::parts(source, i, file, &items)?;
        let mut recordings: Vec<Recording> = Vec::new();
        let mut starts = Vec::new();
        for stream in streams {
            let start = self.start(&stream, set.rate_hz);
            starts.push(start);
            let units = stream.marks.len();
            self.frames_before =
                start + if stream.windowed { units * step } else { units + stream.missing_before(units) };
            recordings.push(recorded(stream, set.length));
        }
        let mut clocks = vec![0; recordings.len()];
        for ((item, (recording, first_frame, clock)), part) in items.into_iter().zip(cuts).zip(parts) {
            let (Some(start), Some(r), Some(last_clock)) =
                (starts.get(recording), recordings.get_mut(recording), clocks.get_mut(recording))
            else {
                continue;
            };
            let Some(part) = part else {
                set.left_out.add(LeftOut::NO_PART, 1);
                continue;
            };
            let last = r.windows.last().copied();
            let regrouped = last.is_some_and(|l| l.group != item.group);
            let changed = regrouped || last.is_some_and(|l| l.part != part);
            // Windows that overlap must not have samples in two parts; those of another group are of another recording.
            if changed && !regrouped && clock < *last_clock + set.length {
                set.left_out.add(LeftOut::SHARED, 1);
                continue;
            }
            let stride = if r.windowed { set.length } else { step };
            let follows = last.is_some_and(|l| l.first_frame + stride == first_frame && !l.faults.any(UNFIT_TO_JUDGE));
            let frames = r.faults.range(first_frame, first_frame + set.length);
            let mut faults = frames.fold(Faults::NONE, |all, (f, _)| all.with(f));
            if !follows || changed {
                faults = faults.with(Faults::GAP);
            }
            let seconds = (start + clock) as f64 / set.rate_hz;
            r.windows.push(Window {
                first_frame,
                time: Micros((seconds * 1e6).round() as u64),
                sequence: self.sequence,
                class: item.class,
                part,
                faults,
                group: item.group,
            });
            *last_clock = clock;
            self.sequence = self.sequence.wrapping_add(1);
        }
        recordings.retain(|r| !r.windows.is_empty());
        set.step = set.step.min(step);
        Ok(recordings)
    }

    /// The frame at which a stream begins on the clock of all: as its dates say, where it is later than those before, else right behind them.
    fn start(&mut self, stream: &Stream, rate_hz: f64) -> usize {
        let Some(begins) = stream.begins else { return self.frames_before };
        let (first, frame) = *self.dated.get_or_insert((begins, self.frames_before));
        // Twenty years are not a gap in a recording.
        let later = (begins - first).clamp(0.0, 20.0 * 365.25 * 86_400.0) * rate_hz;
        self.frames_before.max(frame + later.round() as usize)
    }
}

/// Stretches of frames without a gap inside, first and end of each.
fn segments(stream: &Stream) -> Vec<(usize, usize)> {
    let end = stream.faults.len();
    if stream.windowed {
        return vec![(0, end)];
    }
    let mut starts = vec![0];
    let mut at = 0;
    for (faults, count) in stream.faults.range(0, end) {
        if faults.any(Faults::GAP) {
            starts.extend((at..at + count).filter(|f| *f > 0));
        }
        at += count;
    }
    let ends = starts.iter().skip(1).copied().chain([end]);
    starts.iter().copied().zip(ends).collect()
}

fn recorded(stream: Stream, length: usize) -> Recording {
    let mut classes = Runs::default();
    for (mark, count) in stream.marks.range(0, stream.marks.len()) {
        classes.push_many(mark.class, if stream.windowed { count * length } else { count });
    }
    Recording {
        name: stream.name,
        start: stream.start,
        faults: stream.faults,
        classes,
        ranges: stream.ranges,
        windowed: stream.windowed,
        windows: Vec::new(),
    }
}

/// What frames have in common: the class that most have (the lowest among equals), and the group; `None` when
/// they are of several groups.
fn common(frames: impl Iterator<Item = (Mark, usize)>) -> Option<Mark> {
    let mut counts: BTreeMap<usize, (usize, Mark)> = BTreeMap::new();
    let mut group = None;
    for (mark, count) in frames {
        if *group.get_or_insert(mark.group) != mark.group {
            return None;
        }
        counts.entry(mark.class).or_insert((0, mark)).0 += count;
    }
    let most = counts.values().map(|c| c.0).max()?;
    counts.values().find(|c| c.0 == most).map(|c| c.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_of_the_class_that_most_frames_have() {
        let mark = |class, group| (Mark { class, label: None, group: Some(group) }, 1);
        let common = |frames: &[(Mark, usize)]| common(frames.iter().copied()).map(|m| m.class);
        assert_eq!(common(&[mark(0, 1), mark(2, 1), mark(2, 1)]), Some(2));
        assert_eq!(common(&[mark(2, 1), mark(1, 1)]), Some(1));
        assert_eq!(common(&[mark(0, 1), mark(0, 2)]), None);
    }
}
