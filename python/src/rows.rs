//! What comes from arrays: rows of features or windows of samples, and the training set that rows go into.

use hone_learn::learner::Input;
use hone_learn::set::{Counts, Feature, MOST_ROWS};
use hone_learn::{ClassId, Faults, Format, Micros, SetError, SetMut, WindowView};
use std::borrow::Cow;

/// A matrix, row by row.
#[derive(Debug)]
pub enum Matrix<'m> {
    /// Rows of features.
    Rows {
        /// All of them.
        data: Cow<'m, [f32]>,
        /// Features of each.
        width: usize,
    },
    /// Windows of samples, in LSB, one a row, frame by frame.
    Windows {
        /// All of them.
        data: Cow<'m, [i16]>,
        /// Frames of each.
        frames: usize,
        /// Channels of each frame.
        channels: usize,
    },
}

impl Matrix<'_> {
    /// Rows or windows.
    pub fn len(&self) -> usize {
        match self {
            Self::Rows { data, width } => data.len().checked_div(*width).unwrap_or(0),
            Self::Windows { data, frames, channels } => data.len().checked_div(frames * channels).unwrap_or(0),
        }
    }

    /// What learners see of each, in order; `labels` are of as many, or none.
    pub fn inputs<'a>(&'a self, labels: &'a [u16]) -> impl Iterator<Item = Input<'a>> {
        (0..self.len()).map(move |i| {
            let label = labels.get(i).map(|class| ClassId(*class));
            let (samples, channels, row): (&[i16], usize, &[f32]) = match self {
                Self::Rows { data, width } => (&[], 1, &data[i * width..(i + 1) * width]),
                Self::Windows { data, frames, channels } => {
                    let length = frames * channels;
                    (&data[i * length..(i + 1) * length], *channels, &[])
                }
            };
            let faults = if i == 0 { Faults::GAP } else { Faults::NONE };
            let window = WindowView { samples, channels, time: Micros(0), sequence: i as u32, faults, label };
            Input { window, row, beside: None }
        })
    }
}

/// A training set of any size.
#[derive(Debug)]
pub struct Set {
    words: Vec<u32>,
    labels: Vec<u16>,
    features: Vec<Feature>,
    counts: Counts,
}

impl Set {
    /// Rows as the device takes them in: classes share the room of a full set, and rows without a class then find none.
    ///
    /// # Errors
    /// Text for people.
    pub fn of(data: &[f32], width: usize, labels: &[u16], format: Format, room: usize) -> Result<Self, String> {
        let room = room.min(MOST_ROWS);
        let mut set = Self {
            words: vec![0; format.row_words(width) * room],
            labels: vec![0; room],
            features: vec![Feature::default(); width],
            counts: Counts::EMPTY,
        };
        let mut edit = set.edit();
        edit.clear(format, width).map_err(|e| format!("{} features are none, or more than fit", e.features))?;
        for (i, (row, offered)) in data.chunks_exact(width).zip(1..).enumerate() {
            let label = labels.get(i).map(|class| ClassId(*class));
            let mut pushed = edit.push(row, label);
            if let (Err(SetError::Full { .. }), Some(class)) = (pushed, label)
                && edit.make_room(class, offered).is_some()
            {
                pushed = edit.push(row, label);
            }
            match pushed {
                Ok(()) | Err(SetError::Full { .. }) => {}
                Err(SetError::NotUsable { feature }) => {
                    return Err(format!("row {i}, feature {feature}: not a number, or beyond 1e18; scale it"));
                }
                Err(SetError::Width { expected, found }) => {
                    return Err(format!("row {i} has {found} features, not {expected}"));
                }
            }
        }
        Ok(set)
    }

    /// To read or change.
    pub fn edit(&mut self) -> SetMut<'_> {
        SetMut::over(&mut self.words, &mut self.labels, &mut self.features, &mut self.counts)
    }
}
