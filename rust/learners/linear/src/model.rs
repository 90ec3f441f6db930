//! The model: what a prediction needs, and for numbers what learning on needs, in one slice of numbers of fixed capacity.
//!
//! Numbers: offset and factor of each channel, then the coefficients and, with a matrix, what rounding took from each of
//! them, D, and U packed ([`hone_numeric::ud`]). Classes: their numbers (as bits), offset and factor of each feature, then a
//! vector of coefficients for each class, or one for two. The first coefficient of a vector is the constant.

use crate::design::Design;
use crate::noise::Noise;
use crate::params::{Checked, Params, outputs};
use hone_learn::{ClassId, Shortage};
use hone_numeric::ud;
use serde::{Deserialize, Serialize};

/// What a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// Nothing yet: every verdict is unknown.
    #[default]
    Untrained,
    /// A number and its interval.
    Regression,
    /// Which class.
    Classes,
}

/// What of the parameters is still needed when the model is in use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Rule {
    pub forgetting: f32,
    pub ridge: f32,
    /// Share of values outside the interval.
    pub outside: f32,
    pub in_a_row: u16,
    pub adapt: bool,
    pub frames: u32,
}

impl Rule {
    pub fn of(p: &Params) -> Self {
        Self {
            forgetting: p.forgetting,
            ridge: p.ridge,
            outside: 1.0 - p.level,
            in_a_row: p.in_a_row,
            adapt: p.adapt,
            frames: p.frames,
        }
    }
}

/// A model's scalars.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Head {
    pub kind: Kind,
    /// Whether there is a matrix; without it leverages are rough and nothing is learnt on.
    pub matrix: bool,
    pub classes: u16,
    pub design: Design,
    pub rule: Rule,
    /// Frames learnt, those that set the scale among them.
    pub seen: u32,
    /// When the trend is 0, microseconds.
    pub origin: u64,
    pub noise: Noise,
}

impl Head {
    pub const EMPTY: Self = Self {
        kind: Kind::Untrained,
        matrix: false,
        classes: 0,
        design: Design {
            channels: 0,
            target: 0,
            lags: 0,
            harmonics: 0,
            others: false,
            trend: false,
            period: 0,
            interval: 0,
            columns: 0,
        },
        rule: Rule { forgetting: 0.0, ridge: 0.0, outside: 0.0, in_a_row: 0, adapt: false, frames: 0 },
        seen: 0,
        origin: 0,
        noise: Noise::EMPTY,
    };

    /// Words in use.
    pub fn used(&self) -> usize {
        let (channels, n) = (usize::from(self.design.channels), self.design.columns());
        let classes = usize::from(self.classes);
        match self.kind {
            Kind::Untrained => 0,
            Kind::Regression => crate::model_words(channels, self.design.inputs(), self.matrix),
            Kind::Classes => classes + 2 * channels + outputs(classes) * n,
        }
    }
}

/// A model in `WORDS` words; [`crate::model_words`] and [`crate::class_words`] say how many a use needs. All zero bytes are the
/// untrained model.
#[derive(Clone, Debug)]
pub struct Model<const WORDS: usize> {
    pub(crate) head: Head,
    pub(crate) words: [f32; WORDS],
}

impl<const WORDS: usize> Default for Model<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// The untrained model.
    pub const fn new() -> Self {
        Self { head: Head::EMPTY, words: [0.0; WORDS] }
    }

    /// To read, without the capacity in its type.
    pub fn view(&self) -> ModelView<'_> {
        ModelView { head: &self.head, words: &self.words }
    }

    /// To train into.
    pub fn edit(&mut self) -> ModelMut<'_> {
        ModelMut { head: &mut self.head, words: &mut self.words }
    }
}

/// A model to read, whatever owns it.
#[derive(Clone, Copy, Debug)]
pub struct ModelView<'a> {
    pub(crate) head: &'a Head,
    pub(crate) words: &'a [f32],
}

/// A model to train into, whatever owns it.
#[derive(Debug)]
pub struct ModelMut<'a> {
    pub(crate) head: &'a mut Head,
    pub(crate) words: &'a mut [f32],
}

/// The parts of a regression's numbers.
#[derive(Clone, Copy)]
pub(crate) struct Parts<'a> {
    pub scales: &'a [f32],
    pub coefficients: &'a [f32],
    /// Empty without a matrix.
    pub d: &'a [f32],
    pub u: &'a [f32],
}

/// The parts of a regression's numbers, to change.
pub(crate) struct PartsMut<'a> {
    pub scales: &'a mut [f32],
    pub coefficients: &'a mut [f32],
    /// What rounding took from the coefficients.
    pub rest: &'a mut [f32],
    pub d: &'a mut [f32],
    pub u: &'a mut [f32],
}

impl<'a> Parts<'a> {
    pub fn of(head: &Head, words: &'a [f32]) -> Option<Self> {
        let n = head.design.columns();
        let (scales, words) = words.split_at_checked(2 * usize::from(head.design.channels))?;
        let (coefficients, words) = words.split_at_checked(n)?;
        if !head.matrix {
            return Some(Self { scales, coefficients, d: &[], u: &[] });
        }
        let (d, u) = words.get(n..)?.split_at_checked(n)?;
        Some(Self { scales, coefficients, d, u: u.get(..ud::packed_len(n))? })
    }
}

impl<'a> PartsMut<'a> {
    pub fn of(head: &Head, words: &'a mut [f32]) -> Option<Self> {
        let n = head.design.columns();
        let (scales, words) = words.split_at_mut_checked(2 * usize::from(head.design.channels))?;
        let (coefficients, words) = words.split_at_mut_checked(n)?;
        if !head.matrix {
            return Some(Self { scales, coefficients, rest: &mut [], d: &mut [], u: &mut [] });
        }
        let (rest, words) = words.split_at_mut_checked(n)?;
        let (d, u) = words.split_at_mut_checked(n)?;
        Some(Self { scales, coefficients, rest, d, u: u.get_mut(..ud::packed_len(n))? })
    }

    /// To read.
    pub fn view(&self) -> Parts<'_> {
        Parts { scales: self.scales, coefficients: self.coefficients, d: self.d, u: self.u }
    }

    /// Forgets the coefficients and all that is known of them.
    pub fn forget(&mut self, ridge: f32) {
        self.coefficients.fill(0.0);
        self.rest.fill(0.0);
        self.d.fill(1.0 / ridge);
        self.u.fill(0.0);
    }
}

impl<'a> ModelView<'a> {
    /// What it gives.
    pub fn kind(&self) -> Kind {
        self.head.kind
    }

    /// Channels of a frame, or features of a row.
    pub fn channels(&self) -> usize {
        usize::from(self.head.design.channels)
    }

    /// Inputs, the constant not among them.
    pub fn inputs(&self) -> usize {
        self.head.design.inputs()
    }

    /// Whether frames are still learnt and not yet judged.
    pub fn is_learning(&self) -> bool {
        self.head.kind == Kind::Regression && self.head.seen < self.head.rule.frames
    }

    /// Frames or rows learnt, those that set the scale among them.
    pub fn seen(&self) -> u32 {
        self.head.seen
    }

    /// Its classes in ascending order; none for numbers.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + 'a {
        self.words.iter().take(usize::from(self.head.classes)).map(|w| ClassId(w.to_bits() as u16))
    }

    /// The coefficients, the constant first, in deviations of the target for one deviation of an input. For classes the vectors
    /// one after another.
    pub fn coefficients(&self) -> &'a [f32] {
        match self.head.kind {
            Kind::Untrained => &[],
            Kind::Regression => Parts::of(self.head, self.words).map_or(&[], |parts| parts.coefficients),
            Kind::Classes => self.vectors().map_or(&[], |(_, vectors)| vectors),
        }
    }

    /// Offset, and the factor that makes deviations, of each channel one after another; a factor of 0 is that of one which
    /// never varied in a set, and which is left out.
    pub fn scales(&self) -> &'a [f32] {
        self.words.get(usize::from(self.head.classes)..).and_then(|w| w.get(..2 * self.channels())).unwrap_or_default()
    }

    /// Standard deviation of a residual, in deviations of the target; 0 before there is one.
    pub fn deviation(&self) -> f32 {
        hone_numeric::kernel::sqrt_f32(self.head.noise.variance)
    }

    /// Correlation of residuals from one row to the next, as far as it widens the interval.
    pub fn correlation(&self) -> f32 {
        let k = self.head.noise.inflation;
        (k - 1.0) / (k + 1.0)
    }

    /// Degrees of freedom of the deviation.
    pub fn freedom(&self) -> f32 {
        self.head.noise.freedom
    }

    /// Words in use.
    pub fn used(&self) -> usize {
        self.head.used()
    }

    /// The numbers of the classes, and their vectors.
    pub(crate) fn vectors(&self) -> Option<(&'a [f32], &'a [f32])> {
        let classes = usize::from(self.head.classes);
        let (ids, rest) = self.words.get(..self.head.used())?.split_at_checked(classes)?;
        Some((ids, rest.get(2 * self.channels()..)?))
    }
}

impl ModelMut<'_> {
    /// To read.
    pub fn view(&self) -> ModelView<'_> {
        ModelView { head: self.head, words: self.words }
    }

    /// Makes room for a model of these scalars, with all numbers 0.
    ///
    /// # Errors
    /// [`Shortage`]; the model is then untrained.
    pub(crate) fn clear(&mut self, head: Head) -> Result<(), Shortage> {
        *self.head = Head::EMPTY;
        let used = head.used();
        let shortage = Shortage { needed: used * 4, available: self.words.len() * 4 };
        self.words.get_mut(..used).ok_or(shortage)?.fill(0.0);
        *self.head = head;
        Ok(())
    }

    /// The clock has begun anew, and this is its time: level, trend and harmonics are as unknown as at first, until they are
    /// learnt again. Without a trend or harmonics nothing changes.
    pub fn lose_clock(&mut self, time: u64) {
        let Head { design, rule, .. } = *self.head;
        let n = if design.is_timed() { design.before_lags() } else { 0 };
        let Some(PartsMut { d, u, .. }) = PartsMut::of(self.head, self.words) else { return };
        if let (Some(d), Some(u)) = (d.get_mut(..n), u.get_mut(..ud::packed_len(n))) {
            d.fill(1.0 / rule.ridge);
            u.fill(0.0);
            self.head.origin = time;
        }
    }

    /// Goes on from another model with these parameters for so many frames more. False, and it is untrained, where the other has
    /// other inputs.
    pub(crate) fn resume(&mut self, from: ModelView<'_>, checked: &Checked) -> bool {
        let params = checked.params();
        let design = Design { interval: from.head.design.interval, ..checked.regression() };
        let goes_on = from.head.kind == Kind::Regression && from.head.matrix && from.head.design == design;
        let Some((to, from_words)) = self.words.get_mut(..from.used()).zip(from.words.get(..from.used())) else {
            return false;
        };
        *self.head = Head::EMPTY;
        if goes_on {
            to.iter_mut().zip(from_words.iter()).for_each(|(to, from)| *to = *from);
            let frames = from.head.seen.saturating_add(params.frames);
            *self.head = Head { rule: Rule { frames, ..Rule::of(params) }, ..*from.head };
        }
        goes_on
    }

    /// Begins a regression that is learnt recursively from a stream of frames, by [`ModelMut::observe`].
    ///
    /// # Errors
    /// [`Shortage`] when the model has no room for it; it is then untrained.
    pub fn begin(&mut self, checked: &Checked) -> Result<(), Shortage> {
        let (kind, design) = (Kind::Regression, checked.regression());
        self.clear(Head {
            kind,
            matrix: true,
            design,
            rule: Rule::of(checked.params()),
            noise: Noise::NEW,
            ..Head::EMPTY
        })?;
        if let Some(mut parts) = PartsMut::of(self.head, self.words) {
            parts.forget(self.head.rule.ridge);
        }
        Ok(())
    }
}
