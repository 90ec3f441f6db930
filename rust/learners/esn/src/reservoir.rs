//! The reservoir: W_in, W_res and W_back, their generation, and one step of the state.
//!
//! W_res is sparse by cyclic diagonals: unit i hears unit (i + s) mod N for each of K shifts s, every connection with
//! its own random weight; so each row and each column has exactly K = density·N non-zeros. It generalises the cycle
//! reservoir with jumps (Rodan and Tiňo, "Minimum complexity echo state network", 2011; "Simple deterministically
//! constructed cycle reservoirs with regular jumps", 2012) to random shifts and weights. What a general sparse matrix
//! needs an index for per non-zero is here one shift per diagonal, and neighbours are read in a row: with the
//! state stored twice over, (i + s) mod N needs no remainder.
//!
//! Generation, from one generator ([`Rng`], seeded with `seed`), in this order: for each shift 0 … N-1, whether it is
//! among the K (Knuth's algorithm S: taken if `below(N - shift) < still wanted`); W_res, group of eight
//! units by group, within a group diagonal by diagonal in rising shift, within it unit by unit, uniform in [-1, 1); W_in
//! likewise, group by group, channel by channel, unit by unit, uniform in ± input scale; W_back like W_in. Then W_res is
//! multiplied by spectral radius / (its spectral radius).

use hone_numeric::lanes::{Groups, double, sweep};
use hone_numeric::rng::Rng;

/// Steps of the power iteration, of which the latter [`MEASURED`] are measured.
pub(crate) const ITERATIONS: u32 = 400;
const MEASURED: u32 = 256;

/// The weights that a network's step reads, cut to size.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weights<'a> {
    /// The K shifts, rising.
    pub shifts: &'a [u16],
    /// W_res: [group][diagonal][lane].
    pub res: &'a [f32],
    /// W_in: [group][channel][lane].
    pub input: &'a [f32],
    /// W_back likewise; empty for none.
    pub back: &'a [f32],
}

impl<'a> Weights<'a> {
    fn groups(&self) -> Groups<'a> {
        let [diagonals, input, back] = [self.res.as_chunks().0, self.input.as_chunks().0, self.back.as_chunks().0];
        Groups { shifts: self.shifts, diagonals, input, back }
    }
}

/// The same, to be generated.
#[derive(Debug)]
pub(crate) struct WeightsMut<'a> {
    pub shifts: &'a mut [u16],
    pub res: &'a mut [f32],
    pub input: &'a mut [f32],
    pub back: &'a mut [f32],
}

/// Fills the weights from the seed; `gain` multiplies W_res.
pub(crate) fn generate(seed: u32, units: usize, input_scale: f32, feedback: f32, gain: f32, w: &mut WeightsMut<'_>) {
    let mut rng = Rng::new(u64::from(seed));
    choose(&mut rng, units, w.shifts);
    for (weights, scale) in [(&mut w.res, gain), (&mut w.input, input_scale), (&mut w.back, feedback)] {
        for weight in weights.iter_mut() {
            *weight = rng.next_signed() * scale;
        }
    }
}

/// Chooses the shifts: the generator's first numbers.
pub(crate) fn choose(rng: &mut Rng, units: usize, shifts: &mut [u16]) {
    let mut places = shifts.iter_mut();
    for shift in 0..units {
        let wanted = places.len() as u32;
        if rng.below((units - shift) as u32) < wanted
            && let Some(place) = places.next()
        {
            *place = shift as u16;
        }
    }
}

/// next = tanh(W_in·u + W_res·x + W_back·y), blended with x by the leak, then copied to both halves of x.
///
/// `x` is the state twice over, `next` holds one state.
pub(crate) fn advance(w: &Weights<'_>, leak: f32, u: &[f32], y: &[f32], x: &mut [f32], next: &mut [f32]) {
    sweep(&w.groups(), u, y, Some(leak), x, next);
    double(next, x);
}

/// The spectral radius by power iteration, one step at a time.
///
/// The largest eigenvalues of such a matrix come in complex pairs, for which the vector never settles; its mean
/// growth does. The radius is the geometric mean of the growth over the last [`MEASURED`] of [`ITERATIONS`] steps, good to
/// about one percent.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PowerIteration {
    step: u32,
    log_growth: f32,
}

impl PowerIteration {
    /// Sets the starting vector.
    pub fn start(seed: u32, x: &mut [f32], next: &mut [f32]) -> Self {
        let mut rng = Rng::new(u64::from(!seed));
        for v in next.iter_mut() {
            *v = rng.next_signed();
        }
        double(next, x);
        Self::default()
    }

    /// One step; the radius after the last. A matrix of radius 0 gives 0.
    pub fn step(&mut self, shifts: &[u16], res: &[f32], x: &mut [f32], next: &mut [f32]) -> Option<f32> {
        sweep(&Weights { shifts, res, input: &[], back: &[] }.groups(), &[], &[], None, x, next);
        let norm = hone_numeric::kernel::sqrt_f32(hone_numeric::kernel::dot_f32(next, next));
        if !(norm > 1e-20 && norm.is_finite()) {
            return Some(0.0);
        }
        if self.step >= ITERATIONS - MEASURED {
            self.log_growth += libm::logf(norm);
        }
        for v in next.iter_mut() {
            *v /= norm;
        }
        double(next, x);
        self.step += 1;
        (self.step >= ITERATIONS).then(|| libm::expf(self.log_growth / MEASURED as f32))
    }
}
