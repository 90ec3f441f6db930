//! Eight numbers at a time: the inner steps of a reservoir and of its normal equations.
//!
//! Slices that are whole groups of eight let sums stay in registers and be loaded by one instruction. On a Cortex-M4F
//! they run in the assembly of `m4/lanes.rs`, elsewhere in the Rust below; both give the same bits.

/// Eight numbers.
pub type Lanes = [f32; 8];

/// What each of the functions does, in plain Rust.
#[cfg_attr(m4f, allow(dead_code))]
pub(crate) mod portable {
    use super::Lanes;

    pub fn accumulate(
        sum: &mut Lanes,
        columns: &[Lanes],
        values: &[f32],
        diagonals: &[Lanes],
        shifts: &[u16],
        x: &[f32],
    ) {
        *sum = [0.0; 8];
        for (column, value) in columns.iter().zip(values) {
            super::add_scaled(sum, column, *value);
        }
        for (weights, shift) in diagonals.iter().zip(shifts) {
            if let Some(values) = x.get(usize::from(*shift)..).and_then(|x| x.first_chunk::<8>()) {
                for ((s, w), v) in sum.iter_mut().zip(weights).zip(values) {
                    *s += w * v;
                }
            }
        }
    }

    pub fn add_dots(row: &mut [f32], left: &Lanes, right: &[Lanes]) {
        let [a, b, c, d, e, f, g, h] = *left;
        for (sum, z) in row.iter_mut().zip(right) {
            *sum += a * z[0] + b * z[1] + c * z[2] + d * z[3] + e * z[4] + f * z[5] + g * z[6] + h * z[7];
        }
    }

    pub fn tanh(x: &mut Lanes) {
        *x = x.map(crate::activation::tanh);
    }
}

#[cfg(m4f)]
use crate::m4::lanes as core_specific;
#[cfg(not(m4f))]
use portable as core_specific;

/// sum = Σ columns\[c\]·values\[c\] + Σ diagonals\[k\]·x\[shifts\[k\]..\], lane by lane, in this order, from 0.
///
/// Eight rows of a matrix-vector product whose matrix is columns side by side and cyclic diagonals. Of slices that belong
/// together the shorter counts; a shift that leaves fewer than eight items of `x` is passed over.
#[inline(always)]
pub fn accumulate(sum: &mut Lanes, columns: &[Lanes], values: &[f32], diagonals: &[Lanes], shifts: &[u16], x: &[f32]) {
    core_specific::accumulate(sum, columns, values, diagonals, shifts, x);
}

/// sum += weights · value.
#[inline(always)]
pub fn add_scaled(sum: &mut Lanes, weights: &Lanes, value: f32) {
    for (s, w) in sum.iter_mut().zip(weights) {
        *s += w * value;
    }
}

/// row\[j\] += left · right\[j\], each a dot product summed in the order of the lanes before it is added. The shorter of
/// `row` and `right` counts.
pub fn add_dots(row: &mut [f32], left: &Lanes, right: &[Lanes]) {
    core_specific::add_dots(row, left, right);
}

/// [`crate::activation::tanh`] of each.
#[inline(always)]
pub fn tanh(x: &mut Lanes) {
    core_specific::tanh(x);
}

/// A reservoir's weights: of each group of eight units as many as there are diagonals, inputs and outputs.
#[derive(Clone, Copy, Debug)]
pub struct Groups<'a> {
    /// How far along each diagonal a unit's neighbour is.
    pub shifts: &'a [u16],
    /// A diagonal for each shift.
    pub diagonals: &'a [Lanes],
    /// A column for each input.
    pub input: &'a [Lanes],
    /// A column for each output; none for no feedback.
    pub back: &'a [Lanes],
}

/// One step of a reservoir: next = W_in·u + W_res·x + W_back·y, from the state twice over in `x`; with a leak (1 for none)
/// also tanh of that, blended with the unit's own state.
pub fn sweep(w: &Groups<'_>, u: &[f32], y: &[f32], leak: Option<f32>, x: &[f32], next: &mut [f32]) {
    let mut diagonals = w.diagonals.chunks_exact(w.shifts.len().max(1));
    let mut input = w.input.chunks_exact(u.len().max(1));
    let mut back = w.back.chunks_exact(y.len().max(1));
    let mut x = x;
    for sum in next.as_chunks_mut::<8>().0 {
        let columns = input.next().unwrap_or_default();
        accumulate(sum, columns, u, diagonals.next().unwrap_or_default(), w.shifts, x);
        for (column, value) in back.next().unwrap_or_default().iter().zip(y) {
            add_scaled(sum, column, *value);
        }
        if let Some(leak) = leak {
            tanh(sum);
            if leak != 1.0 {
                for (sum, old) in sum.iter_mut().zip(x) {
                    *sum = old + leak * (*sum - old);
                }
            }
        }
        x = x.get(8..).unwrap_or_default();
    }
}

/// Writes a state of whole groups into both halves of `x`.
pub fn double(state: &[f32], x: &mut [f32]) {
    let (low, high) = x.split_at_mut_checked(state.len()).unwrap_or_default();
    let halves = low.as_chunks_mut::<8>().0.iter_mut().zip(high.as_chunks_mut::<8>().0);
    for (from, (low, high)) in state.as_chunks::<8>().0.iter().zip(halves) {
        *low = *from;
        *high = *from;
    }
}

/// Checksums over pseudo-random input of every function here, for comparison between host and target.
pub fn checksum() -> u32 {
    let mut rng = crate::rng::Rng::new(7);
    let mut sum = 0u32;
    let mut row = [0.25f32; 7];
    for _ in 0..200 {
        let mut lanes = |scale: f32| -> Lanes { core::array::from_fn(|_| rng.next_signed() * scale) };
        let (mut a, b) = (lanes(2.0), lanes(3.0));
        let rights = [lanes(1.0), lanes(1.0), lanes(1.0), lanes(1.0), lanes(1.0), lanes(1.0), lanes(1.0)];
        let columns = rng.below(4) as usize;
        let shifts = [0, 9, 3, 40, 41, 17, rng.below(70) as u16];
        let (columns, x) = (rights.get(..columns).unwrap_or_default(), rights.as_flattened());
        accumulate(&mut a, columns, &b, &rights, &shifts, x.get(..48).unwrap_or_default());
        for n in 0..=rights.len() {
            add_dots(row.get_mut(..n).unwrap_or_default(), &b, &rights);
        }
        tanh(&mut a);
        for v in a.iter().chain(&row) {
            sum = sum.rotate_left(5) ^ v.to_bits();
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_does_what_it_says() {
        let w = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0];
        let mut sum = [1.0; 8];
        add_scaled(&mut sum, &w, 2.0);
        assert_eq!(sum, [3.0, 5.0, 7.0, 9.0, 11.0, 13.0, 15.0, 17.0]);
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0];
        accumulate(&mut sum, &[w], &[2.0, 99.0], &[w, w, w], &[1, 2, 0], &x);
        // 2w + w·(2 … 9) + w·(1 … 8); the shift of 2 leaves too little.
        assert_eq!(sum, [5.0, 14.0, 27.0, 44.0, 65.0, 90.0, 119.0, 152.0]);
        let mut row = [1.0, 2.0, 3.0];
        add_dots(&mut row, &w, &[[1.0; 8], w]);
        assert_eq!(row, [37.0, 206.0, 3.0]);
        let mut x = [0.0, 0.3, -0.3, 2.0, -9.0, 9.0, 1.0, -1.0];
        tanh(&mut x);
        assert_eq!((x[0], x[4], x[5]), (0.0, -1.0, 1.0));
        assert_eq!(x[1].to_bits(), crate::activation::tanh(0.3).to_bits());
    }

    #[test]
    fn checksum_is_known() {
        assert_eq!(checksum(), 3_509_613_786);
    }
}
