//! Two detectors of change: one of the score, for what is slow, one of the rate of flags, for what is sudden.

mod adwin;

pub use adwin::Adwin;

/// How much a detector is sure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sign {
    /// Nothing has changed that could be told from chance.
    #[default]
    None,
    /// Something may have: half of what makes an alarm.
    Warning,
    /// Something has.
    Alarm,
}

/// What the two detectors say after a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    /// Of the score: Page-Hinkley.
    pub slow: Sign,
    /// Of the rate of flags, that it has risen: ADWIN.
    pub sudden: Sign,
}

/// What the detectors are set to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Params {
    /// Windows of which mean and deviation of the score are taken before it is watched; at least 2.
    pub settle: u16,
    /// Change of the score that is let pass, in its deviations over those windows.
    pub tolerance: f32,
    /// Sum of what exceeds it that is an alarm, in the same unit; half of it is a warning.
    pub limit: f32,
    /// Chance that ADWIN is to take as one of its cuts for change where there is none.
    pub delta: f32,
}

impl Params {
    /// For scores of one window each, whose own correlation is short against `settle` windows.
    pub const DEFAULT: Self = Self { settle: 256, tolerance: 0.5, limit: 30.0, delta: 0.002 };
}

/// The most deviations that one window counts for, so that no single outlier is taken for drift.
const MOST: f32 = 4.0;

/// Both detectors.
#[derive(Clone, Debug, PartialEq)]
pub struct Drift {
    params: Params,
    seen: u16,
    mean: f32,
    /// Sum of squares about the mean while it is found, the deviation afterwards.
    spread: f32,
    /// What the score exceeded, and fell short of, its mean by.
    above: f32,
    below: f32,
    flags: Adwin,
    /// The rate has risen and not fallen since.
    risen: bool,
}

impl Drift {
    /// Nothing seen yet.
    pub const fn new(params: Params) -> Self {
        Self { params, seen: 0, mean: 0.0, spread: 0.0, above: 0.0, below: 0.0, flags: Adwin::NEW, risen: false }
    }

    /// Takes in one window: its score, in any unit, and whether it was flagged. A score that is not finite counts as far above.
    pub fn see(&mut self, score: f32, flagged: bool) -> Signs {
        let slow = self.score(score);
        if let Some(rose) = self.flags.see(flagged, self.params.delta) {
            self.risen = rose;
        }
        let sudden = if self.risen {
            Sign::Alarm
        } else if self.flags.suspects() {
            Sign::Warning
        } else {
            Sign::None
        };
        Signs { slow, sudden }
    }

    /// The sum of what the score exceeded its mean by and that of what it fell short, in deviations: an alarm at `limit`.
    pub const fn sums(&self) -> (f32, f32) {
        (self.above, self.below)
    }

    /// The rate of flags since the last change.
    pub fn rate(&self) -> f32 {
        self.flags.rate()
    }

    /// Whether mean and deviation of the score are known.
    pub const fn settled(&self) -> bool {
        self.seen >= self.params.settle
    }

    /// Begins anew at what is seen next, and takes it for usual: after a slow change was absorbed. The rate of flags goes on.
    pub fn settle(&mut self) {
        let flags = core::mem::replace(&mut self.flags, Adwin::NEW);
        *self = Self { flags, risen: self.risen, ..Self::new(self.params) };
    }

    /// Forgets all: after another model, or another regime, took over.
    pub fn reset(&mut self) {
        *self = Self::new(self.params);
    }

    fn score(&mut self, score: f32) -> Sign {
        if !self.settled() {
            if score.is_finite() {
                self.seen += 1;
                let off = score - self.mean;
                self.mean += off / f32::from(self.seen);
                self.spread += off * (score - self.mean);
                if self.settled() {
                    let variance = self.spread / f32::from(self.seen.max(2) - 1);
                    // Of scores that never changed, any change is much.
                    self.spread = libm::sqrtf(variance).max(self.mean.abs() * 1e-3).max(f32::MIN_POSITIVE);
                }
            }
            return Sign::None;
        }
        let off = (score - self.mean) / self.spread;
        let off = if off.is_finite() { off.clamp(-MOST, MOST) } else { MOST };
        let (most, tolerance) = (2.0 * self.params.limit, self.params.tolerance);
        self.above = (self.above + off - tolerance).clamp(0.0, most);
        self.below = (self.below - off - tolerance).clamp(0.0, most);
        let sum = self.above.max(self.below);
        if sum >= self.params.limit {
            Sign::Alarm
        } else if sum >= 0.5 * self.params.limit {
            Sign::Warning
        } else {
            Sign::None
        }
    }
}

#[cfg(test)]
mod tests;
