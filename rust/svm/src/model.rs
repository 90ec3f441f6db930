//! The model: what inference needs, in one slice of words of fixed capacity.
//!
//! Linear: the classes, then per pair of classes its bias and its weight vector, standardisation folded in. Otherwise:
//! the classes, a bias per pair, mean and factor that standardise a feature, scale and shift that decode a stored
//! number, and then per support vector its squared length, its class (an index, with three classes or more), its
//! coefficients (one per other class, in the order of LIBSVM's `sv_coef`), and its row as the training set kept it.

use crate::kernel::{Kernel, Kind};
use crate::plan::NOVELTY;
use crate::rows::{Operand, dot, fold, operand_len};
use hone_learn::{ClassId, Decision, Format, Verdict};

/// Pairs of `classes` classes; the one machine of novelty detection (0 classes) counts as one.
pub const fn pairs_of(classes: usize) -> usize {
    if classes < 2 { 1 } else { classes * (classes - 1) / 2 }
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
    if classes <= 2 { 2 } else { 1 + classes }
}

/// What a model is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Head {
    pub task: Task,
    pub kernel: Kernel,
    pub format: Format,
    pub features: u16,
    pub classes: u16,
    pub vectors: u16,
    /// Features + 1 of a linear model of two classes, 0 for any other: all that the shortest inference asks.
    pub binary: u32,
}

impl Head {
    pub const EMPTY: Self = Self {
        task: Task::Untrained,
        kernel: Kernel { kind: Kind::Linear, gamma: 0.0, coef0: 0.0, degree: 0 },
        format: Format::F32,
        features: 0,
        classes: 0,
        vectors: 0,
        binary: 0,
    };

    /// With `binary` as the other fields say.
    pub fn marked(self) -> Self {
        let is = self.linear() && self.task == Task::Classes && self.classes == 2;
        Self { binary: if is { u32::from(self.features) + 1 } else { 0 }, ..self }
    }

    pub fn pairs(&self) -> usize {
        pairs_of(usize::from(self.classes))
    }

    pub fn linear(&self) -> bool {
        self.kernel.kind == Kind::Linear
    }

    /// Words before the first support vector.
    pub fn fixed(&self) -> usize {
        let (k, d) = (usize::from(self.classes), usize::from(self.features));
        k + if self.linear() { self.pairs() * (1 + d) } else { self.pairs() + 4 * d }
    }

    pub fn record(&self) -> usize {
        record_words(usize::from(self.classes), usize::from(self.features), self.format)
    }

    /// Words in use.
    pub fn used(&self) -> usize {
        match self.task {
            Task::Untrained => 0,
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
            self.infer_wide(features, scratch)
        }
    }

    /// All else, of the same signature so that the call is a jump.
    #[inline(never)]
    fn infer_wide(&self, features: &[f32], scratch: &mut [f32]) -> Verdict {
        if features.len().wrapping_add(1) == self.head.binary as usize
            && let [a, b, bias, weights @ ..] = &self.words[..]
            && let Some(weights) = floats(weights).get(..features.len())
        {
            return binary(*a, *b, dot(features, weights) + f32::from_bits(*bias));
        }
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
    pub fn kernel(&self) -> Kind {
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
        decisions(&self.head, self.words, features, scratch)
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

    /// Where the record of support vector `vector` begins.
    pub(crate) fn record_at(&self, vector: usize) -> usize {
        self.head.fixed() + vector * self.head.record()
    }
}

const UNKNOWN: Verdict = Verdict { decision: Decision::Unknown, score: f32::NAN };

fn floats(words: &[u32]) -> &[f32] {
    bytemuck::try_cast_slice(words).unwrap_or(&[])
}

#[inline(never)]
fn infer(head: &Head, words: &[u32], x: &[f32], scratch: &mut [f32]) -> Verdict {
    let k = usize::from(head.classes);
    let Some(f) = decisions(head, words, x, scratch) else { return UNKNOWN };
    let ids = words.get(..k).unwrap_or(&[]);
    if k <= 2 { one(head.task, ids, f.first().copied().unwrap_or(f32::NAN)) } else { vote(ids, f) }
}

/// The verdict of one machine.
#[inline]
fn one(task: Task, ids: &[u32], f: f32) -> Verdict {
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

fn vote(ids: &[u32], f: &[f32]) -> Verdict {
    let (mut verdict, mut most) = (UNKNOWN, 0);
    for (c, id) in ids.iter().enumerate() {
        let (mut votes, mut least) = (1, f32::INFINITY);
        for other in (0..ids.len()).filter(|other| *other != c) {
            let f = f.get(pair(c.min(other), c.max(other), ids.len())).copied().unwrap_or(f32::NAN);
            let (own, won) = if c < other { (f, f > 0.0) } else { (-f, f <= 0.0) };
            votes += usize::from(won);
            least = least.min(own);
        }
        if votes > most {
            most = votes;
            verdict = Verdict { decision: Decision::Class(ClassId(*id as u16)), score: least };
        }
    }
    verdict
}

/// The number of the pair of classes a < b out of k.
pub(crate) fn pair(a: usize, b: usize, k: usize) -> usize {
    (a * (2 * k - a - 1) / 2 + b).saturating_sub(a + 1)
}

fn decisions<'s>(head: &Head, words: &[u32], x: &[f32], scratch: &'s mut [f32]) -> Option<&'s [f32]> {
    let (k, d, pairs) = (usize::from(head.classes), usize::from(head.features), head.pairs());
    if head.task == Task::Untrained || x.len() != d {
        return None;
    }
    let (f, z) = scratch.split_at_mut_checked(pairs)?;
    let body = floats(words.get(k..)?);
    if head.linear() {
        for (f, machine) in f.iter_mut().zip(body.chunks_exact(1 + d)) {
            let (bias, weights) = machine.split_first()?;
            *f = dot(x, weights) + bias;
        }
    } else {
        let z = z.get_mut(..operand_len(d))?;
        let (bias, body) = body.split_at_checked(pairs)?;
        let mut parts = body.chunks_exact(d.max(1));
        let (mean, factor, scale, shift) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        f.copy_from_slice(bias);
        let mut own = 0.0;
        for (((z, x), m), s) in z.iter_mut().zip(x).zip(mean).zip(factor) {
            *z = (x - m) * s;
            own += *z * *z;
        }
        if !own.is_finite() {
            // Bounded kernels would hide it.
            return None;
        }
        let constant = fold(z, scale, shift);
        let records = words.get(head.fixed()..head.used())?;
        let operand = Operand::of(z, d, head.format);
        for record in records.chunks_exact(head.record().max(1)) {
            let (numbers, row) = record.split_at_checked(numbers_of(k))?;
            let (square, numbers) = numbers.split_first()?;
            let value = head.kernel.value(operand.dot(row) + constant, own, f32::from_bits(*square));
            spread(f, numbers, k, value);
        }
    }
    f.iter().all(|f| f.is_finite()).then_some(f)
}

/// Adds one support vector's share to the decision values of its class's machines. With three classes or more its
/// first word says which class that is.
fn spread(f: &mut [f32], numbers: &[u32], k: usize, value: f32) {
    let (class, numbers) = match numbers {
        [class, numbers @ ..] if k > 2 => (*class as usize, numbers),
        _ => (0, numbers),
    };
    for (other, c) in (0..k.max(2)).filter(|other| *other != class).zip(numbers) {
        if *c != 0
            && let Some(f) = f.get_mut(pair(class.min(other), class.max(other), k.max(2)))
        {
            *f += f32::from_bits(*c) * value;
        }
    }
}
