//! The model: what inference needs, in one slice of words of fixed capacity.
//!
//! Linear: the classes, then per pair of classes its bias and its weight vector, standardisation folded in. Otherwise:
//! the classes, a bias per pair, mean and factor that standardise a feature, scale and shift that decode a stored
//! number, and then per support vector its squared length, its class (an index, with three classes or more), its
//! coefficients (one per other class, in the order of LIBSVM's `sv_coef`), and its row as the training set kept it.

use crate::integer::{self, INTEGER};
use crate::kernel::{Kernel, KernelKind};
use crate::plan::{MULTI_CLASS, NOVELTY};
use crate::rows::{Operand, dot, operand_len};
use crate::train::TrainError;
use hone_learn::{ClassId, Decision, Format, Shortage, Verdict};
use hone_numeric::quantize::Precision;
use hone_numeric::quantize::features::FeatureRow;
use hone_numeric::quantize::integer::to_float;
use serde::{Deserialize, Serialize};

/// Pairs of `classes` classes; the one machine of novelty detection (0 classes) counts as one.
pub const fn pairs_of(classes: usize) -> usize {
    if classes < 2 || !MULTI_CLASS { 1 } else { classes * (classes - 1) / 2 }
}

/// Numbers of scratch that [`Model::infer`] needs at most.
pub const fn scratch_len(classes: usize, features: usize) -> usize {
    pairs_of(classes) + operand_len(features)
}

/// Words per support vector.
pub(crate) const fn record_words(classes: usize, features: usize, format: Format) -> usize {
    numbers_of(classes) + format.row_words(features)
}

/// Words of a record before the row: squared length, class if there are three or more, coefficients.
pub(crate) const fn numbers_of(classes: usize) -> usize {
    if classes <= 2 || !MULTI_CLASS { 2 } else { 1 + classes }
}

/// What a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Task {
    /// Nothing yet: every verdict is unknown.
    #[default]
    Untrained,
    /// Which class.
    Classes,
    /// Normal or anomalous.
    Novelty,
}

/// A model's scalars.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub task: Task,
    pub kernel: Kernel,
    pub format: Format,
    pub features: u16,
    pub classes: u16,
    pub vectors: u16,
    /// In what integers it runs, [`hone_numeric::quantize::Precision::code`]; 0 in floating point.
    pub precision: u8,
    /// Features + 1 of a linear model of two classes, 0 for any other: all that the shortest inference asks.
    #[serde(skip)]
    pub binary: u32,
}

impl Head {
    pub const EMPTY: Self = Self {
        task: Task::Untrained,
        kernel: Kernel { kind: KernelKind::Linear, gamma: 0.0, coef0: 0.0, degree: 0 },
        format: Format::F32,
        features: 0,
        classes: 0,
        vectors: 0,
        precision: 0,
        binary: 0,
    };

    /// With `binary` as the other fields say.
    pub fn marked(self) -> Self {
        let is = self.linear() && self.task == Task::Classes && self.classes == 2 && self.precision == 0;
        Self { binary: if is { u32::from(self.features) + 1 } else { 0 }, ..self }
    }

    pub fn classes(&self) -> usize {
        if !MULTI_CLASS && !NOVELTY { 2 } else { usize::from(self.classes) }
    }

    pub fn pairs(&self) -> usize {
        pairs_of(self.classes())
    }

    pub fn linear(&self) -> bool {
        self.kernel.kind == KernelKind::Linear
    }

    /// Words before the first support vector.
    pub fn fixed(&self) -> usize {
        let (k, d) = (self.classes(), usize::from(self.features));
        k + if self.linear() { self.pairs() * (1 + d) } else { self.pairs() + 4 * d }
    }

    pub fn record(&self) -> usize {
        record_words(self.classes(), usize::from(self.features), self.format.kept())
    }

    /// Words in use.
    pub fn used(&self) -> usize {
        match self.task {
            Task::Untrained => 0,
            _ if INTEGER && self.precision != 0 => integer::words(self),
            _ if self.linear() => self.fixed(),
            _ => self.fixed() + usize::from(self.vectors) * self.record(),
        }
    }
}

/// A model in `WORDS` words; [`crate::model_words`] says how many a use needs. All zero bytes are the untrained model.
#[derive(Clone, Debug)]
pub struct Model<const WORDS: usize> {
    pub(crate) head: Head,
    pub(crate) words: [u32; WORDS],
}

impl<const WORDS: usize> Default for Model<WORDS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const WORDS: usize> Model<WORDS> {
    /// The untrained model.
    pub const fn new() -> Self {
        Self { head: Head::EMPTY, words: [0; WORDS] }
    }

    /// To read, without the capacity in its type.
    #[inline]
    pub fn view(&self) -> ModelView<'_> {
        ModelView { head: self.head, words: &self.words }
    }

    /// To train into.
    pub fn edit(&mut self) -> ModelMut<'_> {
        ModelMut { head: &mut self.head, words: &mut self.words }
    }

    /// See [`ModelView::infer`]. Two classes and four features, linear: no scratch, no call, and as few instructions as
    /// the target allows.
    #[inline(never)]
    pub fn infer(&self, features: &[f32], scratch: &mut [f32]) -> Verdict {
        if let ([x0, x1, x2, x3], 5) = (features, self.head.binary)
            && let [a, b, bias, weights @ ..] = &self.words[..]
            && let [w0, w1, w2, w3, ..] = floats(weights)
        {
            let sum = (x0 * w0 + x1 * w1) + (x2 * w2 + x3 * w3);
            binary(*a, *b, sum + f32::from_bits(*bias))
        } else {
            self.infer_any(features, scratch)
        }
    }

    /// All else, of the same signature so that the call is a jump.
    #[inline(never)]
    fn infer_any(&self, features: &[f32], scratch: &mut [f32]) -> Verdict {
        infer(&self.head, &self.words, features, scratch)
    }
}

/// The verdict of a machine of two classes.
#[inline(always)]
fn binary(first: u32, second: u32, f: f32) -> Verdict {
    let score = f.abs();
    let class = ClassId(if f > 0.0 { first } else { second } as u16);
    if score < f32::INFINITY { Verdict { decision: Decision::Class(class), score } } else { UNKNOWN }
}

/// A model to read, whatever owns it.
#[derive(Clone, Copy, Debug)]
pub struct ModelView<'a> {
    pub(crate) head: Head,
    pub(crate) words: &'a [u32],
}

impl<'a> ModelView<'a> {
    /// What it decides.
    pub fn task(&self) -> Task {
        self.head.task
    }

    /// Its kernel.
    pub fn kernel(&self) -> KernelKind {
        self.head.kernel.kind
    }

    /// γ of its kernel, the rule `scale` resolved.
    pub fn gamma(&self) -> f32 {
        self.head.kernel.gamma
    }

    /// Features of a row.
    pub fn features(&self) -> usize {
        usize::from(self.head.features)
    }

    /// Its classes in ascending order; none for novelty.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + 'a {
        self.words.iter().take(usize::from(self.head.classes)).map(|w| ClassId(*w as u16))
    }

    /// Support vectors that the training found, over all pairs; a linear model counts but does not keep them.
    pub fn vectors(&self) -> usize {
        usize::from(self.head.vectors)
    }

    /// Words in use.
    pub fn used(&self) -> usize {
        self.head.used()
    }

    /// In what integers it runs; `None` in floating point.
    pub fn precision(&self) -> Option<Precision> {
        Precision::from_code(self.head.precision)
    }

    /// The layout of its payload: [`crate::LAYOUT`] or [`crate::LAYOUT_INTEGER`].
    pub fn layout(&self) -> u8 {
        if self.head.precision == 0 { crate::LAYOUT } else { crate::LAYOUT_INTEGER }
    }

    /// [`ModelView::infer`] of a row of integers, by a model in integers: nothing is computed in floating point. Another model
    /// gives `Unknown`.
    pub fn infer_row(&self, row: &FeatureRow<'_>, scratch: &mut [f32]) -> Verdict {
        if INTEGER { integer::infer(&self.head, self.words, row, scratch) } else { UNKNOWN }
    }

    /// What it decides of a row, and the decision value behind it.
    ///
    /// Two classes: f > 0 is the class of lower number, else the other, and the score is |f|. More classes: one vote
    /// for each pair, a decision value of 0 going to the higher number; most votes win, and of classes with equal
    /// votes the one of lowest number (LIBSVM's rules). The score is the least of the winner's decision values
    /// against the others, negative if it lost a pair. Novelty: f ≥ 0 is normal, and f the score.
    ///
    /// A row of another width, a value that is not finite, too little scratch ([`scratch_len`]) or an untrained model
    /// give `Unknown` with a score that is not a number.
    pub fn infer(&self, features: &[f32], scratch: &mut [f32]) -> Verdict {
        infer(&self.head, self.words, features, scratch)
    }

    /// The decision values of all pairs, (0,1), (0,2) … (1,2) …; positive speaks for the first. `None` where
    /// [`ModelView::infer`] gives `Unknown`.
    pub fn decisions<'s>(&self, features: &[f32], scratch: &'s mut [f32]) -> Option<&'s [f32]> {
        if INTEGER && self.head.precision != 0 {
            return integer::decisions(&self.head, self.words, features, scratch);
        }
        decisions(&self.head, self.words, features, scratch, true).filter(|f| finite(f))
    }
}

/// A model to train into, whatever owns it.
#[derive(Debug)]
pub struct ModelMut<'a> {
    pub(crate) head: &'a mut Head,
    pub(crate) words: &'a mut [u32],
}

impl ModelMut<'_> {
    pub(crate) fn put(&mut self, at: usize, value: f32) {
        if let Some(w) = self.words.get_mut(at) {
            *w = value.to_bits();
        }
    }

    /// Whether it has storage for so many support vectors.
    #[inline(never)]
    pub(crate) fn room_for(&self, vectors: usize) -> Result<(), TrainError> {
        let (needed, available) = (self.record_at(vectors) * 4, self.words.len() * 4);
        if needed > available { Err(TrainError::Model(Shortage { needed, available })) } else { Ok(()) }
    }

    /// Where the record of support vector `vector` begins.
    pub(crate) fn record_at(&self, vector: usize) -> usize {
        self.head.fixed() + vector * self.head.record()
    }
}

pub(crate) const UNKNOWN: Verdict = Verdict { decision: Decision::Unknown, score: f32::NAN };

fn floats(words: &[u32]) -> &[f32] {
    bytemuck::try_cast_slice(words).unwrap_or(&[])
}

/// Linear machines of two classes by the shortest way.
#[inline(always)]
fn infer(head: &Head, words: &[u32], x: &[f32], scratch: &mut [f32]) -> Verdict {
    match words {
        [a, b, bias, weights @ ..] if x.len().wrapping_add(1) == head.binary as usize => {
            binary(*a, *b, dot(x, floats(weights)) + f32::from_bits(*bias))
        }
        _ => infer_other(head, words, x, scratch),
    }
}

#[inline(never)]
fn infer_other(head: &Head, words: &[u32], x: &[f32], scratch: &mut [f32]) -> Verdict {
    if INTEGER && head.precision != 0 {
        return integer::infer(head, words, &FeatureRow::Float(x), scratch);
    }
    let ids = words.get(..head.classes()).unwrap_or(&[]);
    match decisions(head, words, x, scratch, MULTI_CLASS || NOVELTY) {
        Some(f) if MULTI_CLASS && ids.len() > 2 && finite(f) => {
            vote(ids, bytemuck::try_cast_slice(f).unwrap_or(&[]), None)
        }
        Some([f]) => one(head.task, ids, *f),
        _ => UNKNOWN,
    }
}

fn finite(f: &[f32]) -> bool {
    f.iter().all(|f| f.is_finite())
}

/// The verdict of one machine.
#[inline]
pub(crate) fn one(task: Task, ids: &[u32], f: f32) -> Verdict {
    let score = f.abs();
    if !score.is_finite() {
        return UNKNOWN;
    }
    match (task, ids) {
        (Task::Classes, [a, b]) => binary(*a, *b, f),
        (Task::Novelty, _) if NOVELTY => {
            Verdict { decision: if f >= 0.0 { Decision::Normal } else { Decision::Anomalous }, score: f }
        }
        _ => UNKNOWN,
    }
}

/// One vote for each pair. The values are the bits of finite numbers in floating point, or integers with `point` bits behind
/// the point. Compared are integers in either case, in the order of the numbers.
pub(crate) fn vote(ids: &[u32], f: &[u32], point: Option<i32>) -> Verdict {
    let k = ids.len();
    // Of a negative number in floating point the magnitude is negated: the same either way.
    let turned = |bits: i32| if point.is_none() && bits < 0 { (bits & i32::MAX).wrapping_neg() } else { bits };
    let (mut winner, mut most, mut least) = (0, 0, 0);
    for c in 0..k {
        let (mut votes, mut worst) = (0, i32::MAX);
        for other in 0..k {
            if other == c {
                continue;
            }
            let Some(f) = f.get(pair(c, other, k)) else { return UNKNOWN };
            let f = turned(*f as i32);
            let (own, won) = if c < other { (f, f > 0) } else { (f.saturating_neg(), f <= 0) };
            votes += usize::from(won);
            worst = worst.min(own);
        }
        if c == 0 || votes > most {
            (winner, most, least) = (c, votes, worst);
        }
    }
    let class = ids.get(winner).map_or(0, |w| *w as u16);
    let score = match point {
        Some(point) => to_float(least, point),
        None if least < 0 => -f32::from_bits(least.unsigned_abs()),
        None => f32::from_bits(least as u32),
    };
    Verdict { decision: Decision::Class(ClassId(class)), score }
}

/// The number of a pair of classes out of k.
#[inline(never)]
pub(crate) fn pair(a: usize, b: usize, k: usize) -> usize {
    let (a, b) = (a.min(b), a.max(b));
    (a * (2 * k - a - 1) / 2 + b).saturating_sub(a + 1)
}

/// Values that may not be finite. The model is not linear unless `linear`.
#[inline(always)]
fn decisions<'s>(head: &Head, words: &[u32], x: &[f32], scratch: &'s mut [f32], linear: bool) -> Option<&'s [f32]> {
    let (k, d) = (head.classes(), usize::from(head.features));
    if head.task == Task::Untrained || x.len() != d {
        return None;
    }
    let (f, z) = scratch.split_at_mut_checked(head.pairs())?;
    let mut rest = words.get(k..)?;
    if linear && head.linear() {
        for f in f.iter_mut() {
            let [bias, weights @ ..] = floats(part(&mut rest, 1 + d)) else { return None };
            *f = dot(x, weights) + bias;
        }
    } else {
        let z = z.get_mut(..operand_len(d))?;
        for (f, bias) in f.iter_mut().zip(part(&mut rest, head.pairs())) {
            *f = f32::from_bits(*bias);
        }
        let [mean, factor, scale, shift] = [(); 4].map(|()| floats(part(&mut rest, d)));
        let (mut own, mut constant) = (0.0, 0.0);
        for (((((z, x), m), s), a), b) in z.iter_mut().zip(x).zip(mean).zip(factor).zip(scale).zip(shift) {
            let standard = (x - m) * s;
            own += standard * standard;
            constant += standard * b;
            *z = standard * a;
        }
        if !own.is_finite() {
            // Bounded kernels would hide it.
            return None;
        }
        let operand = Operand::of(z, d, head.format.kept());
        for _ in 0..head.vectors {
            let [square, numbers @ ..] = part(&mut rest, numbers_of(k)) else { return None };
            let dot = operand.dot(part(&mut rest, head.format.kept().row_words(d))) + constant;
            spread(f, numbers, k, head.kernel.value(dot, own, f32::from_bits(*square)));
        }
    }
    Some(f)
}

/// Takes words off the front; none when there are too few.
#[inline(never)]
fn part<'a>(rest: &mut &'a [u32], words: usize) -> &'a [u32] {
    let (taken, left) = rest.split_at_checked(words).unwrap_or_default();
    *rest = left;
    taken
}

/// Adds one support vector's share to the decision values of its class's machines. With three classes or more its
/// first word says which class that is.
fn spread(f: &mut [f32], numbers: &[u32], k: usize, value: f32) {
    let mut share = |at: usize, c: &u32| {
        if let Some(f) = f.get_mut(at) {
            *f += f32::from_bits(*c) * value;
        }
    };
    match numbers {
        [class, numbers @ ..] if MULTI_CLASS && k > 2 => {
            let class = *class as usize;
            let others = (0..k).filter(|other| *other != class);
            others.zip(numbers).filter(|(_, c)| **c != 0).for_each(|(other, c)| share(pair(class, other, k), c));
        }
        [c] => share(0, c),
        _ => {}
    }
}
