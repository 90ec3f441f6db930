//! Inference in integers.

use super::model::{Channel, IntegerModel, MEAN_BITS, View};
use super::tanh::tanh;
use super::weight::{INPUT_BITS, Mix, OutputScale, STATE_BITS, Weight, WeightSet, Weights, narrow};
use crate::LANES;
use crate::params::{Params, Score, Target};
use crate::threshold::{self, Errors, Thresholds};
use fixed::types::U36F28;
use hone_learn::threshold::MAX_AVERAGE;
use hone_learn::{Decision, Verdict};
use hone_signal::{Faults, Sample, WindowView};

/// An error in fixed point, which saturates: of squared standard deviations, or over the input's power.
pub type IntegerError = U36F28;

/// The errors of a window, or their average over several.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IntegerErrors {
    /// Mean squared error, in squared standard deviations of the scale phase.
    pub mse: IntegerError,
    /// The same over the mean square of the window's input.
    pub nmse: IntegerError,
}

impl IntegerErrors {
    /// In floating point.
    #[inline]
    pub fn to_errors(self) -> Errors {
        Errors { mse: self.mse.to_num(), nmse: self.nmse.to_num() }
    }
}

/// What became of one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntegerOutcome {
    /// Normal, anomalous, or unknown where there was nothing to judge with.
    pub decision: Decision,
    /// The averaged errors, on which the decision rests; this window's while the average is not full.
    pub judged: Option<IntegerErrors>,
    /// The errors of this window alone; `None` when it has no frame past the washout.
    pub errors: Option<IntegerErrors>,
    /// Whether the average is full.
    pub warm: bool,
}

impl IntegerOutcome {
    const UNKNOWN: Self = Self { decision: Decision::Unknown, judged: None, errors: None, warm: false };
}

/// What inference keeps from window to window.
#[derive(Clone, Debug)]
pub struct IntegerScratch<const N: usize, const C: usize> {
    /// The state twice over, and the state that comes next.
    x: [[i16; N]; 3],
    u: [i16; C],
    y: [i32; C],
    offset: [i32; C],
    at: At,
}

/// Where in the stream inference is.
#[derive(Clone, Debug)]
struct At {
    age: u32,
    next: Option<u32>,
    ring: [IntegerErrors; MAX_AVERAGE],
    count: u32,
}

/// A scratch of any capacity.
struct Stream<'a> {
    x: &'a mut [i16],
    u: &'a mut [i16],
    y: &'a mut [i32],
    offset: &'a mut [i32],
    at: &'a mut At,
}

impl<const N: usize, const C: usize> Default for IntegerScratch<N, C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const N: usize, const C: usize> IntegerScratch<N, C> {
    /// At the start of a stream.
    pub const fn new() -> Self {
        let ring = [IntegerErrors { mse: IntegerError::ZERO, nmse: IntegerError::ZERO }; MAX_AVERAGE];
        let at = At { age: 0, next: None, ring, count: 0 };
        Self { x: [[0; N]; 3], u: [0; C], y: [0; C], offset: [0; C], at }
    }

    /// Forgets the stream: the state is reset and the average starts anew. Needed when the model changes.
    pub fn reset(&mut self) {
        self.at.reset();
    }

    fn stream(&mut self) -> Stream<'_> {
        let x = self.x.as_flattened_mut();
        Stream { x, u: &mut self.u, y: &mut self.y, offset: &mut self.offset, at: &mut self.at }
    }
}

impl At {
    fn reset(&mut self) {
        (self.next, self.age, self.count) = (None, 0, 0);
    }

    /// Takes in one window; the mean of the last `n` once there are as many.
    fn average(&mut self, errors: IntegerErrors, n: u16) -> Option<IntegerErrors> {
        let n = u32::from(n).clamp(1, MAX_AVERAGE as u32);
        if let Some(place) = self.ring.get_mut((self.count % n) as usize) {
            *place = errors;
        }
        // Past the first round only the remainder by n counts.
        self.count = if self.count >= 2 * n { self.count - n } else { self.count } + 1;
        (self.count >= n).then(|| {
            let (mut mse, mut nmse) = (IntegerError::ZERO, IntegerError::ZERO);
            for e in self.ring.iter().take(n as usize) {
                (mse, nmse) = (mse.saturating_add(e.mse), nmse.saturating_add(e.nmse));
            }
            let mean = |sum: IntegerError| sum.checked_div_int(n.into()).unwrap_or(IntegerError::ZERO);
            IntegerErrors { mse: mean(mse), nmse: mean(nmse) }
        })
    }
}

/// Everything that a frame reads and changes, cut to size.
struct Frame<'a> {
    shifts: &'a [u16],
    rows: &'a [OutputScale],
    channels: &'a [Channel],
    mix: Mix,
    leak: i32,
    x: &'a mut [i16],
    next: &'a mut [i16],
    u: &'a mut [i16],
    y: &'a mut [i32],
}

/// Weights of one kind, cut to size.
struct Cut<'a, W> {
    res: &'a [Halves<W>],
    input: &'a [Halves<W>],
    out: &'a [W],
}

/// The weights of a group of units for one diagonal or channel.
type Halves<W> = [[W; LANES / 2]; 2];

impl<'a, W: Weight> Cut<'a, W> {
    fn of(kind: WeightSet<'a, W>, nonzeros: usize, rows: usize) -> Option<Self> {
        Some(Self {
            res: kind.res.get(..nonzeros)?.as_chunks().0.as_chunks().0,
            input: kind.input.get(..rows)?.as_chunks().0.as_chunks().0,
            out: kind.out.get(..rows)?,
        })
    }
}

/// The weights that a window is judged with.
enum AnyCut<'a> {
    Bytes(Cut<'a, i8>),
    Words(Cut<'a, i16>),
}

impl Frame<'_> {
    /// u from one frame.
    #[inline(always)]
    fn scale(&mut self, frame: &[Sample], offset: &[i32]) {
        for (((u, v), offset), channel) in self.u.iter_mut().zip(frame).zip(offset).zip(self.channels) {
            let d = (i32::from(*v) << MEAN_BITS).wrapping_sub(*offset);
            let v = narrow(i64::from(d).wrapping_mul(i64::from(channel.factor)), channel.shift);
            *u = v.clamp(-32767, 32767) as i16;
        }
    }

    /// x from u and x, and y from that. One copy for each kind of weights; all else there is once.
    #[inline(never)]
    fn advance<W: Weight>(&mut self, weights: &Cut<'_, W>) {
        // A copy, so that nothing of it is read again after each number that is stored.
        let mut frame = Frame {
            shifts: self.shifts,
            rows: self.rows,
            channels: self.channels,
            mix: self.mix,
            leak: self.leak,
            x: self.x,
            next: self.next,
            u: self.u,
            y: self.y,
        };
        let weights = Cut { ..*weights };
        frame.step(&weights);
        frame.output(&weights);
    }

    /// x from u and x.
    #[inline(always)]
    fn step<W: Weight>(&mut self, weights: &Cut<'_, W>) {
        let next = core::mem::take(&mut self.next);
        let diagonals = self.shifts.len().max(1);
        let groups = weights.res.chunks_exact(diagonals).zip(weights.input.chunks_exact(self.u.len().max(1)));
        let mut x = &*self.x;
        for ([front, back], (res, input)) in next.as_chunks_mut().0.as_chunks_mut().0.iter_mut().zip(groups) {
            self.four(x, res, input, false, front);
            x = x.get(LANES / 2..).unwrap_or_default();
            self.four(x, res, input, true, back);
            x = x.get(LANES / 2..).unwrap_or_default();
        }
        let (low, high) = self.x.split_at_mut_checked(next.len()).unwrap_or_default();
        for ((v, low), high) in next.iter().zip(low).zip(high) {
            (*low, *high) = (*v, *v);
        }
        self.next = next;
    }

    /// The front or back four units of a group, whose own states are at the front of `x`. Not eight at once, because a
    /// Cortex-M has not the registers.
    #[inline(never)]
    fn four<W: Weight>(
        &self,
        x: &[i16],
        res: &[Halves<W>],
        input: &[Halves<W>],
        back: bool,
        next: &mut [i16; LANES / 2],
    ) {
        let half = |[front, rear]: &'_ Halves<W>| if back { *rear } else { *front };
        let mut sums = [0; 4];
        for (weights, shift) in res.iter().zip(self.shifts) {
            if let Some([x0, x1, x2, x3]) = x.get(usize::from(*shift)..).and_then(|x| x.first_chunk()) {
                let ([w0, w1, w2, w3], [s0, s1, s2, s3]) = (half(weights), sums);
                sums = [w0.add_state(*x0, s0), w1.add_state(*x1, s1), w2.add_state(*x2, s2), w3.add_state(*x3, s3)];
            }
        }
        let mut inputs = [0; 4];
        for (weights, u) in input.iter().zip(self.u.iter()) {
            let ([w0, w1, w2, w3], [s0, s1, s2, s3]) = (half(weights), inputs);
            inputs = [w0.add_input(*u, s0), w1.add_input(*u, s1), w2.add_input(*u, s2), w3.add_input(*u, s3)];
        }
        let ([s0, s1, s2, s3], [i0, i1, i2, i3]) = (sums, inputs);
        if let Some([x0, x1, x2, x3]) = x.first_chunk() {
            *next = [
                self.unit::<W>(s0, i0, *x0),
                self.unit::<W>(s1, i1, *x1),
                self.unit::<W>(s2, i2, *x2),
                self.unit::<W>(s3, i3, *x3),
            ];
        }
    }

    /// The new state of a unit from its sums and its old state.
    #[inline(never)]
    fn unit<W: Weight>(&self, res: i32, input: i32, old: i16) -> i16 {
        let fresh = tanh(W::argument(res, input, &self.mix));
        if self.leak == 1 << STATE_BITS {
            return fresh;
        }
        let (old, fresh) = (i32::from(old), i32::from(fresh));
        // Between the two; the product is below 2^31.
        old.wrapping_add((fresh - old).wrapping_mul(self.leak).wrapping_add(1 << 14) >> 15) as i16
    }

    /// y from x.
    #[inline(always)]
    fn output<W: Weight>(&mut self, weights: &Cut<'_, W>) {
        let total = if W::WIDE { 0 } else { self.next.iter().fold(0i32, |s, x| s.wrapping_add(i32::from(*x))) };
        let rows = weights.out.chunks_exact(self.next.len().max(1)).zip(self.rows);
        for (y, (weights, row)) in self.y.iter_mut().zip(rows) {
            *y = W::output(W::dot(weights, self.next), total, row);
        }
    }

    /// Adds the squared error, and the square of the input.
    #[inline(always)]
    fn judge(&self, sum: &mut u64, power: &mut u64) {
        for (u, y) in self.u.iter().zip(self.y.iter()) {
            let u = i32::from(*u);
            let e = i64::from(u.wrapping_sub(*y));
            *sum = sum.wrapping_add(e.wrapping_mul(e) as u64);
            *power = power.wrapping_add(u.wrapping_mul(u) as u64);
        }
    }
}

/// The mean of one channel, with [`MEAN_BITS`] bits behind the point.
fn mean_of(window: &WindowView<'_>, channel: usize) -> i32 {
    let sum = window.channel(channel).fold(0i64, |s, v| s.wrapping_add(i64::from(v)));
    ((sum << MEAN_BITS) / (window.len().max(1) as i64)) as i32
}

/// numerator/denominator, saturating; of numbers too large for that the lowest bits are dropped.
#[inline(never)]
fn ratio(numerator: u64, denominator: u64) -> IntegerError {
    const BITS: u32 = IntegerError::FRAC_NBITS;
    let excess = BITS.saturating_sub(numerator.leading_zeros());
    let denominator = denominator.wrapping_shr(excess);
    let quotient = (numerator.wrapping_shr(excess) << BITS).checked_div(denominator);
    quotient.map_or(IntegerError::MAX, IntegerError::from_bits)
}

impl<W: Weight, const N: usize, const C: usize, const E: usize> IntegerModel<W, N, C, E> {
    /// Judges one window, in integers only. As [`crate::Model::examine`].
    pub fn examine(&self, window: &WindowView<'_>, scratch: &mut IntegerScratch<N, C>) -> IntegerOutcome {
        self.view().examine(window, scratch.stream())
    }

    /// As [`crate::Model::infer`], with the score in floating point, by a handful of operations per window.
    pub fn infer(&self, window: &WindowView<'_>, scratch: &mut IntegerScratch<N, C>) -> Verdict {
        self.verdict(&self.examine(window, scratch))
    }

    /// The verdict that an outcome of this model comes to.
    pub fn verdict(&self, outcome: &IntegerOutcome) -> Verdict {
        let score = outcome.judged.map_or(0.0, |e| self.head.thresholds.score(self.head.params.score, &e.to_errors()));
        Verdict { decision: outcome.decision, score }
    }

    /// Sets the thresholds anew by the model's rule, from windows held back from training. `errors` needs room for two
    /// numbers per window. False, and nothing is changed, when it is too short, when nothing was judged, or without
    /// content. Uses floating point.
    pub fn recalibrate<'w>(
        &mut self,
        scratch: &mut IntegerScratch<N, C>,
        windows: impl IntoIterator<Item = WindowView<'w>>,
        errors: &mut [f32],
    ) -> bool {
        scratch.reset();
        let judged = windows.into_iter().map(|w| self.examine(&w, scratch).errors.map(|e| e.to_errors()));
        let halves = threshold::halves(errors, judged);
        scratch.reset();
        halves.is_some_and(|(mse, nmse)| self.calibrate(mse, nmse))
    }

    /// As [`crate::Model::calibrate`].
    pub fn calibrate(&mut self, mse: &mut [f32], nmse: &mut [f32]) -> bool {
        let found = Thresholds::with_quality(mse, nmse, &self.head.params);
        if let Some((thresholds, quality)) = found {
            self.store().set_thresholds(thresholds);
            self.head.quality = quality;
        }
        found.is_some()
    }
}

impl View<'_> {
    fn examine(&self, window: &WindowView<'_>, mut s: Stream<'_>) -> IntegerOutcome {
        let channels = usize::from(self.head.shape.channels);
        if !self.head.trained || window.channels != channels || window.is_empty() {
            s.at.reset();
            return IntegerOutcome::UNKNOWN;
        }
        let p = &self.head.params;
        let errors = self.run(p, window, &mut s).flatten();
        let averaged = errors.and_then(|e| s.at.average(e, p.average));
        let decision = match averaged {
            Some(e) if self.is_anomalous(p.score, &e) => Decision::Anomalous,
            _ => Decision::Normal,
        };
        IntegerOutcome { decision, judged: averaged.or(errors), errors, warm: averaged.is_some() }
    }

    fn is_anomalous(&self, score: Score, e: &IntegerErrors) -> bool {
        let [mse, nmse] = *self.limits;
        let beyond = |[upper, lower]: [IntegerError; 2], v| v >= upper || (lower > 0 && v <= lower);
        (score != Score::Nmse && beyond(mse, e.mse)) || (score != Score::Mse && beyond(nmse, e.nmse))
    }

    /// The errors of one window; `None` outside when the storage is smaller than the head says, inside when no frame
    /// counts.
    fn run(&self, p: &Params, window: &WindowView<'_>, s: &mut Stream<'_>) -> Option<Option<IntegerErrors>> {
        let checked = crate::Checked::trusted(*p, self.head.shape);
        let (n, c) = (checked.units(), checked.channels());
        let at = &mut *s.at;
        let broken = window.faults.any(Faults::GAP) || at.next != Some(window.sequence);
        if broken {
            at.count = 0;
        }
        if broken || !p.carry {
            at.age = 0;
            s.x.fill(0);
            s.y.fill(0);
        }
        at.next = Some(window.sequence.wrapping_add(1));
        for (channel, (offset, scale)) in s.offset.iter_mut().zip(self.channels).take(c).enumerate() {
            *offset = if p.remove_mean { mean_of(window, channel) } else { scale.mean };
        }
        let nonzeros = checked.nonzeros();
        let weights = match self.weights {
            Weights::Bytes(kind) => AnyCut::Bytes(Cut::of(kind, nonzeros, n * c)?),
            Weights::Words(kind) => AnyCut::Words(Cut::of(kind, nonzeros, n * c)?),
        };
        let (x, rest) = s.x.split_at_mut_checked(2 * n)?;
        let mut frame = Frame {
            shifts: self.shifts.get(..checked.diagonals())?,
            rows: self.rows.get(..c)?,
            channels: self.channels.get(..c)?,
            mix: self.mix,
            leak: self.leak,
            x,
            next: rest.get_mut(..n)?,
            u: s.u.get_mut(..c)?,
            y: s.y.get_mut(..c)?,
        };
        let offset = s.offset.get(..c)?;
        let predict = p.target == Target::Predict;
        let washout = u32::from(p.washout);
        let (mut sum, mut power, mut frames) = (0, 0, 0u32);
        for samples in window.frames() {
            frame.scale(samples, offset);
            let counts = if predict { at.age > washout } else { at.age >= washout };
            if predict && counts {
                frame.judge(&mut sum, &mut power);
            }
            match &weights {
                AnyCut::Bytes(weights) => frame.advance(weights),
                AnyCut::Words(weights) => frame.advance(weights),
            }
            if !predict && counts {
                frame.judge(&mut sum, &mut power);
            }
            frames = frames.wrapping_add(counts.into());
            at.age = at.age.saturating_add(1);
        }
        Some((frames > 0).then(|| {
            // Squares have twice the bits of an input behind the point.
            let count = (u64::from(frames).wrapping_mul(c as u64)) << (2 * INPUT_BITS);
            IntegerErrors { mse: ratio(sum, count), nmse: ratio(sum, power) }
        }))
    }
}
