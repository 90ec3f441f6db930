//! A model in integers: it decides and learns no more. For cores without floating point, and for storage.
//!
//! What learning needs is left out. What is left, in words: a [frame](hone_numeric::quantize::features::frame) per feature; per
//! prototype its radius as a distance key, the distance that is usual from it in sixteenths of a step, summed over features, and
//! its class (16 bits); the prototypes' codes. Codes are of 8 bits over the range that the model learnt with, or of 16 with
//! the bits asked for behind the point, in standard deviations. A prototype's reach is a share of its usual distance and a
//! constant, the same for all. Quantizing takes floating point; deciding takes none.

use crate::infer::{parts, real};
use crate::layout::Parts;
use crate::learn;
use crate::model::{Model, State};
use crate::params::{Distance, Store};
use hone_learn::codec::{self, REFUSED, Words, check, words};
use hone_learn::payload::De;
use hone_learn::{ClassId, Decision, Shortage, Verdict};
use hone_numeric::quantize::Precision;
use hone_numeric::quantize::features::{self, FRAME, FeatureRow, Measure, Width};
use hone_numeric::quantize::integer::{exp2_negative, log2, root, to_float, to_integer};
use serde::ser::Error;
use serde::{Deserialize, Serialize, Serializer};

/// Layout of the payload of a model in integers.
pub const LAYOUT_INTEGER: u8 = 2;

/// Distances computed in one call.
const BLOCK: usize = 16;
/// Steps of a distance are counted in parts of this.
const PARTS: u32 = 16;
/// Words of a model's scalars.
const HEAD: usize = 5;
/// Bits behind the point of a score.
const POINT: i32 = 12;

/// Why a model was not put into integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QuantizeError {
    /// It has not begun.
    NotBegun,
    /// This setting is not served.
    Setting(&'static str),
    /// More words are needed; sizes in bytes.
    Capacity(Shortage),
    /// A feature's mean against its deviation, or a distance, is beyond these integers' range.
    Range,
}

/// A quantized model's scalars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    /// [`Precision::code`]; 0 without content.
    form: u8,
    /// By squares, and not Manhattan.
    squares: bool,
    /// The nearest prototype decides where none fires.
    fallback: bool,
    features: u16,
    count: u16,
    /// Exponent of how much nearer the nearest rival makes the score greater, in 65536ths.
    rivalry: u32,
    /// Of the usual distance in a prototype's reach, in 65536ths.
    share: u32,
    /// The rest of the reach, in parts of a step; `u32::MAX` where nothing is out of reach.
    rest: u32,
}

/// Where the parts of a model end, in words.
struct Layout {
    row: usize,
    frame: usize,
    radius: usize,
    usual: usize,
    class: usize,
    all: usize,
}

impl Head {
    const EMPTY: Self =
        Self { form: 0, squares: false, fallback: false, rivalry: 0, features: 0, count: 0, share: 0, rest: 0 };

    /// Itself in words.
    fn packed(&self) -> [u32; HEAD] {
        let flags = u32::from(self.form) | u32::from(self.squares) << 8 | u32::from(self.fallback) << 9;
        [flags, u32::from(self.features) | u32::from(self.count) << 16, self.rivalry, self.share, self.rest]
    }

    fn unpacked([flags, counts, rivalry, share, rest]: [u32; HEAD]) -> Self {
        let (squares, fallback) = (flags & 1 << 8 != 0, flags & 1 << 9 != 0);
        Self {
            form: flags as u8,
            squares,
            fallback,
            features: counts as u16,
            count: (counts >> 16) as u16,
            rivalry,
            share,
            rest,
        }
    }

    fn precision(&self) -> Precision {
        Precision::from_code(self.form).unwrap_or(Precision::Int8)
    }

    fn layout(&self) -> Layout {
        let (d, h) = (usize::from(self.features), usize::from(self.count));
        let row = self.precision().width().row_words(d);
        let frame = FRAME * d;
        let (radius, usual) = (frame + h, frame + 2 * h);
        let class = usual + h.div_ceil(2);
        Layout { row, frame, radius, usual, class, all: class + h * row }
    }

    /// Words of the model, itself not counted.
    fn words(&self) -> usize {
        self.layout().all
    }

    fn measure(&self) -> Measure {
        if self.squares { Measure::Squares(self.precision().square_shift()) } else { Measure::Manhattan }
    }

    /// A key as a distance in parts of a step, summed over features.
    fn distance(&self, key: u32) -> u32 {
        match self.measure() {
            Measure::Manhattan => key.saturating_mul(PARTS),
            Measure::Squares(shift) => {
                let steps = (u64::from(key) << shift).saturating_mul(u64::from(self.features));
                root(steps.saturating_mul(u64::from(PARTS * PARTS)))
            }
        }
    }
}

/// Words of a quantized model of `count` prototypes of `features` features in 8 bits.
pub const fn quantized_words(count: usize, features: usize) -> usize {
    FRAME * features + 2 * count + count.div_ceil(2) + count * features.div_ceil(4)
}

impl<const WORDS: usize> Model<WORDS> {
    /// This model in integers, into `words`, for [`QuantizedModel::take`]; how many are then in use.
    ///
    /// # Errors
    /// [`QuantizeError`].
    pub fn quantize(&self, precision: Precision, words: &mut [u32]) -> Result<usize, QuantizeError> {
        let (state, params) = (&self.state, &self.state.params);
        match () {
            () if state.features == 0 => return Err(QuantizeError::NotBegun),
            () if params.metric == Distance::Hamming => return Err(QuantizeError::Setting("metric")),
            () => {}
        }
        let head = Head {
            form: precision.code(),
            squares: params.metric == Distance::Euclidean,
            fallback: params.fallback,
            rivalry: rounded(params.rivalry * 65536.0).ok_or(QuantizeError::Range)?,
            features: state.features,
            count: state.count,
            ..Head::EMPTY
        };
        let used = HEAD + head.words();
        let (needed, available) = (used * 4, words.len() * 4);
        let words = words.get_mut(..used).ok_or(QuantizeError::Capacity(Shortage { needed, available }))?;
        words.fill(0);
        let (front, words) = words.split_first_chunk_mut::<HEAD>().ok_or(QuantizeError::Range)?;
        let head = parts(state, &self.memory).and_then(|parts| fill(state, &parts, head, words));
        *front = head.ok_or(QuantizeError::Range)?.packed();
        Ok(used)
    }
}

/// What is positive, rounded, at the end of the range for what lies beyond it.
fn rounded(x: f32) -> Option<u32> {
    (x >= 0.0).then_some((x + 0.5) as u32)
}

#[inline(never)]
fn fill(state: &State, parts: &Parts<'_>, mut head: Head, words: &mut [u32]) -> Option<Head> {
    let (precision, layout) = (head.precision(), head.layout());
    let scale = state.scale();
    // Codes per standard deviation.
    let steps = match precision {
        Precision::Int8 => 127.0 / state.params.range,
        Precision::Fixed(fixed) => (1u32 << fixed.fraction()) as f32,
    };
    let same = precision == Precision::Int8 && state.params.store == Store::Byte;
    let unit = steps * scale.features;
    // A reach is linear in the usual distance.
    let line = |distance| (learn::usual(state, distance), learn::reach(state, distance));
    let ((usual, reach), (more, further)) = (line(0.0), line(1.0));
    let share = (further - reach) / (more - usual);
    head.share = rounded(share * 65536.0)?;
    head.rest = if state.params.as_in_the_papers() {
        u32::MAX
    } else {
        rounded((reach - share * usual) * unit * PARTS as f32)?
    };
    let (frames, rest) = words.split_at_mut_checked(layout.frame)?;
    for ((place, offset), gain) in frames.as_chunks_mut::<FRAME>().0.iter_mut().zip(parts.offset).zip(parts.gain) {
        *place = features::frame(*offset, gain * steps)?;
    }
    let count = usize::from(state.count);
    let (radii, rest) = rest.split_at_mut_checked(count)?;
    let (usuals, rest) = rest.split_at_mut_checked(count)?;
    let (classes, rows) = rest.split_at_mut_checked(count.div_ceil(2))?;
    for (place, radius) in radii.iter_mut().zip(parts.radius) {
        let far = real(state, *radius) * unit;
        *place = match head.measure() {
            _ if same => *radius,
            Measure::Manhattan => rounded(far)?,
            Measure::Squares(shift) => rounded(far * far / scale.features / (1u32 << shift) as f32)?,
        };
    }
    for (place, distance) in usuals.iter_mut().zip(parts.distance) {
        *place = rounded(learn::usual(state, *distance) * unit * PARTS as f32)?.max(1);
    }
    let places: &mut [u16] = bytemuck::try_cast_slice_mut(classes).ok()?;
    places.iter_mut().zip(parts.class).take(count).for_each(|(place, class)| *place = *class);
    let (d, stride, width) = (usize::from(state.features), state.scratch_words(), precision.width());
    for index in 0..count {
        let from = parts.codes.get(index * stride..)?;
        let row = rows.get_mut(index * layout.row..(index + 1) * layout.row)?;
        for feature in 0..d {
            let z = match state.params.store {
                Store::Byte => Width::Byte.get(from, feature) as f32 - 128.0,
                Store::Half => f32::from(Width::Half.get(from, feature) as u16 as i16),
                Store::Real => from.get(feature).map_or(0.0, |w| f32::from_bits(*w)),
            };
            let code = to_integer(z * scale.step * steps, 0)?;
            width.put(row, feature, width.store(code).0);
        }
    }
    Some(head)
}

/// What a quantized model says of a row.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuantizedAnswer {
    /// As [`crate::Answer::verdict`].
    pub verdict: Verdict,
    /// As [`crate::Answer::nearest`].
    pub nearest: Option<ClassId>,
}

/// A model in integers with room for `WORDS` words; [`quantized_words`] says how many a use needs. All zero is one without content.
#[derive(Clone, Debug)]
pub struct QuantizedModel<const WORDS: usize> {
    head: Head,
    words: [u32; WORDS],
}

impl<const WORDS: usize> Default for QuantizedModel<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> QuantizedModel<WORDS> {
    /// Without content.
    pub const fn new() -> Self {
        Self { head: Head::EMPTY, words: [0; WORDS] }
    }

    /// Takes over what [`Model::quantize`] made.
    ///
    /// # Errors
    /// The room that it takes and that there is, in bytes. Nothing has changed.
    pub fn take(&mut self, words: &[u32]) -> Result<(), Shortage> {
        let (head, words) = words.split_first_chunk::<HEAD>().unwrap_or((&[0; HEAD], &[]));
        let head = Head::unpacked(*head);
        let needed = head.words();
        match (self.words.get_mut(..needed), words.get(..needed)) {
            (Some(to), Some(from)) => {
                to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
                self.head = head;
                Ok(())
            }
            _ => Err(Shortage { needed: needed * 4, available: WORDS.min(words.len()) * 4 }),
        }
    }

    /// In what integers it runs; `None` without content.
    pub fn precision(&self) -> Option<Precision> {
        Precision::from_code(self.head.form)
    }

    /// Features of a row.
    pub fn features(&self) -> usize {
        self.head.features.into()
    }

    /// Prototypes.
    pub fn prototypes(&self) -> usize {
        self.head.count.into()
    }

    /// Words in use.
    pub fn used(&self) -> usize {
        if self.head.form == 0 { 0 } else { self.head.words() }
    }

    /// What it says of a row. `None` without content, for a row of another width, and where `scratch` has less room than the
    /// codes of a row take: a number for two features is enough.
    pub fn infer(&self, row: &FeatureRow<'_>, scratch: &mut [f32]) -> Option<QuantizedAnswer> {
        infer(&self.head, &self.words, row, bytemuck::try_cast_slice_mut(scratch).ok()?)
    }
}

#[derive(Clone, Copy)]
struct Near {
    key: u32,
    index: usize,
    class: u16,
}

/// The nearest, the nearest of another class than that, and the nearest that fires.
struct Found {
    best: Near,
    rival: u32,
    fired: Option<Near>,
}

impl Found {
    fn add(&mut self, near: Near, radius: u32) {
        let Near { key, class, .. } = near;
        if key < self.best.key {
            if self.best.class != class {
                self.rival = self.best.key;
            }
            self.best = near;
        } else if key < self.rival && self.best.class != class {
            self.rival = key;
        }
        if key < radius && self.fired.is_none_or(|f| key < f.key) {
            self.fired = Some(near);
        }
    }
}

#[inline(never)]
fn infer(head: &Head, words: &[u32], row: &FeatureRow<'_>, scratch: &mut [u32]) -> Option<QuantizedAnswer> {
    let (layout, width) = (head.layout(), head.precision().width());
    if head.form == 0 || row.len() != usize::from(head.features) {
        return None;
    }
    let query = scratch.get_mut(..layout.row)?;
    let frame = words.get(..layout.frame)?;
    let radii = words.get(layout.frame..layout.radius)?;
    let usuals = words.get(layout.radius..layout.usual)?;
    let classes: &[u16] = bytemuck::try_cast_slice(words.get(layout.usual..layout.class)?).ok()?;
    let rows = words.get(layout.class..layout.all)?;
    let over = features::encode(width, frame, row, query);
    let Some(first) = classes.first().filter(|_| head.count > 0) else {
        let verdict = Verdict { decision: Decision::Unknown, score: f32::INFINITY };
        return Some(QuantizedAnswer { verdict, nearest: None });
    };
    let best = Near { key: u32::MAX, index: 0, class: *first };
    let mut found = Found { best, rival: u32::MAX, fired: None };
    let (mut rest, mut index) = (rows, 0);
    while index < usize::from(head.count) {
        let mut keys = [u32::MAX; BLOCK];
        let keys = keys.get_mut(..BLOCK.min(usize::from(head.count) - index))?;
        let (block, left) = rest.split_at_checked(keys.len() * layout.row)?;
        rest = left;
        features::distances(width, head.measure(), query, block, keys);
        for key in keys {
            let near = Near { key: *key, index, class: *classes.get(index)? };
            found.add(near, *radii.get(index)?);
            index += 1;
        }
    }
    let far = |near: &Near| {
        let prototype = rows.get(near.index * layout.row..).filter(|_| over > 0);
        let beyond = prototype.map_or(0, |p| features::beyond(width, frame, row, p));
        head.distance(near.key).saturating_add(beyond.saturating_mul(PARTS))
    };
    let usual = |near: &Near| usuals.get(near.index).copied().unwrap_or(1);
    let mut score = ratio(far(&found.best), usual(&found.best));
    let (own, other) = (head.distance(found.best.key), head.distance(found.rival));
    if head.rivalry > 0 && found.rival != u32::MAX && other > own {
        // (own / other)^rivalry; the logarithms have 12 bits behind the point, exponents of two 16.
        let log = log2(other).saturating_sub(log2(own));
        let exponent = (u64::from(log).wrapping_mul(head.rivalry.into()) >> 12).min(1 << 22) as u32;
        score = (u64::from(score).wrapping_mul(exp2_negative(exponent) as u64) >> 15) as u32;
    }
    let known = found.fired.filter(|f| {
        let share = (u64::from(usual(f)).wrapping_mul(head.share.into()) >> 16) as u32;
        head.rest == u32::MAX || far(f) < share.saturating_add(head.rest)
    });
    let (class, decision) = match known {
        Some(f) => (f.class, Decision::Class(ClassId(f.class))),
        None if head.fallback => (found.best.class, Decision::Class(ClassId(found.best.class))),
        None => (found.best.class, Decision::Unknown),
    };
    let verdict = Verdict { decision, score: to_float(score.min(i32::MAX as u32) as i32, POINT) };
    Some(QuantizedAnswer { verdict, nearest: Some(ClassId(class)) })
}

/// a/b with [`POINT`] bits behind the point, to some 2⁻¹⁸ of it.
fn ratio(a: u32, b: u32) -> u32 {
    let by = 13u32.saturating_sub(a.leading_zeros());
    ((a >> by) << POINT).checked_div((b >> by).max(1)).unwrap_or(0)
}

impl<const WORDS: usize> Serialize for QuantizedModel<WORDS> {
    /// The scalars, and the words as bytes. Fails without content.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.words.get(..self.used()) {
            Some(words) if !words.is_empty() => (&self.head, Words(words)).serialize(serializer),
            _ => Err(S::Error::custom("nothing to write")),
        }
    }
}

impl<const WORDS: usize> QuantizedModel<WORDS> {
    /// Replaces the content by one of untrusted bytes, in place.
    ///
    /// # Errors
    /// Postcard's, also for scalars that no model has and more words than there is room for. There is then no content.
    pub fn load(&mut self, input: &mut De<'_>) -> codec::Result<()> {
        self.head = Head::EMPTY;
        self.head = read(input, &mut self.words)?;
        Ok(())
    }
}

fn read(input: &mut De<'_>, places: &mut [u32]) -> codec::Result<Head> {
    let mut head = Head::EMPTY;
    codec::read(input, &mut head)?;
    check(head.features > 0 && Precision::from_code(head.form).is_some())?;
    words(input, places.get_mut(..head.words()).ok_or(REFUSED)?)?;
    Ok(head)
}

#[cfg(test)]
mod tests;
