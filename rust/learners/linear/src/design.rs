//! From frames to rows of inputs: the constant, trend, harmonics, earlier values, other channels, in this order.

use crate::params::{Params, Shape};
use hone_numeric::turn;
use serde::{Deserialize, Serialize};

/// No channel: what a target is where there is none.
pub(crate) const NOBODY: u16 = u16::MAX;

/// Largest magnitude of a scaled value; what is beyond counts as this.
const LARGEST: f32 = 1e6;

/// Which inputs there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Design {
    /// Channels of a frame, or features of a row.
    pub channels: u16,
    /// The channel predicted; [`NOBODY`] for classes.
    pub target: u16,
    /// Earlier values of the target.
    pub lags: u16,
    pub harmonics: u8,
    pub others: bool,
    pub trend: bool,
    /// Of the harmonics, microseconds.
    pub period: u64,
    /// From one frame to the next, microseconds.
    pub interval: u64,
    /// Inputs and the constant, as the other fields say.
    #[serde(skip)]
    pub columns: u16,
}

impl Design {
    pub fn regression(p: &Params, shape: &Shape) -> Self {
        Self {
            channels: shape.channels as u16,
            target: p.target,
            lags: p.lags,
            harmonics: p.harmonics,
            others: p.others,
            trend: p.trend,
            period: if p.harmonics > 0 { ((p.period * 1e3) as u64).saturating_mul(1000) } else { 0 },
            interval: shape.interval.max(1),
            columns: 0,
        }
        .counted()
    }

    #[cfg(feature = "set")]
    pub fn classes(shape: &Shape) -> Self {
        Self::of_classes(shape.channels as u16)
    }

    pub fn of_classes(channels: u16) -> Self {
        Self { channels, target: NOBODY, others: true, interval: 1, ..Self::default() }.counted()
    }

    pub fn is_for_classes(&self) -> bool {
        self.target == NOBODY
    }

    /// With `columns` as the other fields say.
    pub fn counted(self) -> Self {
        let others = if self.others { self.channels.saturating_sub((!self.is_for_classes()).into()) } else { 0 };
        let lags = self.lags.saturating_add(others);
        Self { columns: lags.saturating_add(self.before_lags() as u16), ..self }
    }

    /// Inputs but the constant.
    pub fn inputs(&self) -> usize {
        self.columns().saturating_sub(1)
    }

    /// Inputs and the constant.
    pub fn columns(&self) -> usize {
        self.columns.into()
    }

    /// Whether it asks for the time.
    pub fn is_timed(&self) -> bool {
        self.trend || self.harmonics > 0
    }

    /// Where earlier values begin.
    pub fn before_lags(&self) -> usize {
        1 + usize::from(self.trend) + 2 * usize::from(self.harmonics)
    }

    /// Writes the inputs of a frame. `recent` has the earlier values, the latest first; `scales` offset and factor of each
    /// channel; `behind` is the time since the trend's origin in intervals.
    pub fn fill(&self, row: &mut [f32], frame: &[f32], scales: &[f32], recent: &[f32], time: u64, behind: f32) {
        let Some((front, rest)) = row.split_at_mut_checked(self.before_lags()) else { return };
        let Some((constant, front)) = front.split_first_mut() else { return };
        *constant = 1.0;
        let Some((trend, harmonics)) = front.split_at_mut_checked(self.trend.into()) else { return };
        trend.fill(behind);
        if self.harmonics > 0 {
            let turns = time.checked_rem(self.period).unwrap_or(0) as f32 / self.period as f32;
            let (sine, cosine) = turn::sin_cos(turns);
            let (mut s, mut c) = (sine, cosine);
            for pair in harmonics.chunks_exact_mut(2) {
                pair.iter_mut().zip([c, s]).for_each(|(to, from)| *to = from);
                (s, c) = (s * cosine + c * sine, c * cosine - s * sine);
            }
        }
        let Some((lags, others)) = rest.split_at_mut_checked(recent.len()) else { return };
        lags.iter_mut().zip(recent).for_each(|(to, from)| *to = *from);
        if self.others {
            let channels = frame.iter().zip(scales.chunks_exact(2)).zip(0u16..).filter(|(_, c)| *c != self.target);
            others.iter_mut().zip(channels).for_each(|(to, ((value, scale), _))| *to = scaled(*value, scale));
        }
    }

    /// Offset and factor of the target.
    pub fn scale<'a>(&self, scales: &'a [f32]) -> &'a [f32] {
        scales.get(2 * usize::from(self.target)..).unwrap_or_default()
    }

    /// The target's value in a frame, scaled; none for classes.
    pub fn target(&self, frame: &[f32], scales: &[f32]) -> f32 {
        frame.get(usize::from(self.target)).map_or(0.0, |value| scaled(*value, self.scale(scales)))
    }
}

/// Takes in the latest of earlier values.
pub(crate) fn push(recent: &mut [f32], mut value: f32) {
    recent.iter_mut().for_each(|slot| core::mem::swap(slot, &mut value));
}

/// A value less its channel's offset, in deviations.
fn scaled(value: f32, scale: &[f32]) -> f32 {
    let &[offset, factor, ..] = scale else { return 0.0 };
    let x = (value - offset) * factor;
    // Written so that what is not a number does not pass.
    if x > LARGEST {
        LARGEST
    } else if x >= -LARGEST {
        x
    } else {
        -LARGEST
    }
}
