//! `hone_numeric`: the kernels against their portable twins, and checksums of what they give.

use hone_numeric::{cholesky, kernel, portable, rng::Rng};

use crate::{Emit, crc_bytes, crc_f32};

/// Longer than two unrolled blocks, and then every remainder.
const LONGEST: usize = 70;

pub(crate) fn emit(emit: Emit<'_>) {
    floats(emit);
    integers(emit);
    factorisation(emit);
}

/// Counts the lengths at which a kernel and its twin differ (none), and sums up what they gave.
fn floats(emit: Emit<'_>) {
    let mut rng = Rng::new(7);
    let rows: [f32; 7 * LONGEST] = core::array::from_fn(|_| rng.next_signed() * 10.0);
    let x: [f32; LONGEST] = core::array::from_fn(|_| rng.next_signed());
    let mut out = [[0.0f32; LONGEST]; 2];
    let mut differ = 0;
    for n in 0..LONGEST {
        let (a, b) = (rows.get(..n).unwrap_or_default(), x.get(..n).unwrap_or_default());
        let (dot, distance) = (kernel::dot_f32(a, b), kernel::squared_distance_f32(a, b));
        differ += u32::from(dot.to_bits() != portable::dot_f32(a, b).to_bits());
        differ += u32::from(distance.to_bits() != portable::squared_distance_f32(a, b).to_bits());
        for (all, value) in out.iter_mut().zip([dot, distance]) {
            if let Some(place) = all.get_mut(n) {
                *place = value;
            }
        }
        let (mut ours, mut twins) = ([0.0f32; 7], [0.0f32; 7]);
        kernel::matvec_f32(&rows, b, &mut ours);
        portable::rows_dot_f32(b, &rows, &mut twins);
        differ += u32::from(crc_f32(&ours) != crc_f32(&twins));
        kernel::squared_distances_f32(b, &rows, &mut ours);
        portable::rows_squared_distance_f32(b, &rows, &mut twins);
        differ += u32::from(crc_f32(&ours) != crc_f32(&twins));
        kernel::manhattans_f32(b, &rows, &mut ours);
        portable::rows_manhattan_f32(b, &rows, &mut twins);
        differ += u32::from(crc_f32(&ours) != crc_f32(&twins));
    }
    for n in 0..LONGEST {
        let (mut ours, mut twins) = ([0.5f32; LONGEST], [0.5f32; LONGEST]);
        let x = rows.get(..n).unwrap_or_default();
        kernel::axpy_f32(1.7, x, &mut ours);
        portable::axpy_f32(1.7, x, &mut twins);
        differ += u32::from(crc_f32(&ours) != crc_f32(&twins));
    }
    emit("numeric/float-kernels-that-differ-from-their-twins", differ);
    emit("numeric/dot_f32", crc_f32(&out[0]));
    emit("numeric/squared_distance_f32", crc_f32(&out[1]));
}

/// A system of 23 equations, factored and solved.
fn factorisation(emit: Emit<'_>) {
    const N: usize = 23;
    let mut rng = Rng::new(9);
    let mut a = [0.0f32; cholesky::packed_len(N)];
    for i in 0..N {
        for j in 0..=i {
            if let Some(item) = a.get_mut(cholesky::packed_len(i) + j) {
                *item = if i == j { N as f32 } else { rng.next_signed() };
            }
        }
    }
    let mut b: [f32; N] = core::array::from_fn(|_| rng.next_signed());
    emit("numeric/cholesky-failed", u32::from(cholesky::factor(&mut a, N).is_err()));
    cholesky::solve(&a, N, &mut b);
    emit("numeric/cholesky-factor", crc_f32(&a));
    emit("numeric/cholesky-solution", crc_f32(&b));
}

fn integers(emit: Emit<'_>) {
    let mut rng = Rng::new(8);
    let mut words: [u32; 4 * LONGEST] = core::array::from_fn(|_| rng.next_u32());
    // The extremes, whose products and sums are the largest.
    for (word, extreme) in words.iter_mut().zip([0x8000_8000, 0x8080_8080, 0x7FFF_7FFF, 0x7F7F_7F7F, 0x8000_7FFF]) {
        *word = extreme;
    }
    let (halves, bytes): (&[i16], &[i8]) = (bytemuck::cast_slice(&words), bytemuck::cast_slice(&words));
    let unsigned: &[u8] = bytemuck::cast_slice(&words);
    let (mut differ, mut sum) = (0, 0u32);
    // Offsets that are whole words and that are not; all remainders of lengths.
    for skip in 0..4 {
        for n in 0..LONGEST {
            let (a, b) = (part(halves, skip, n), part(halves, 2 * skip, n));
            let (dot, twin) = (kernel::dot_i16(a, b), portable::dot_i16(a, b));
            differ += u32::from(dot != twin);
            sum = crc_bytes(&dot.to_le_bytes()) ^ sum.rotate_left(1);
            let squares = a.iter().zip(b).map(|(a, b)| i64::from(a.abs_diff(*b)).pow(2)).sum::<i64>();
            differ += u32::from(kernel::squared_distance_i16(a, b) != squares);
            let (mut y, mut z) = ([1i64; 3], [1i64; 3]);
            kernel::matvec_i16(part(halves, skip, 3 * n), b, &mut y);
            portable::matvec_i16(part(halves, skip, 3 * n), b, &mut z);
            differ += u32::from(y != z);

            let (a, b) = (part(bytes, skip, n), part(bytes, 2 * skip, n));
            let (dot, twin) = (kernel::dot_i8(a, b), portable::dot_i8(a, b));
            differ += u32::from(dot != twin);
            sum = crc_bytes(&dot.to_le_bytes()) ^ sum.rotate_left(1);
            let spread = part(halves, skip, n);
            let (dot, twin) = (kernel::dot_i16_i8(spread, b), portable::dot_i16_i8(spread, b));
            differ += u32::from(dot != twin);
            sum = crc_bytes(&dot.to_le_bytes()) ^ sum.rotate_left(1);
            let squares = a.iter().zip(b).map(|(a, b)| i32::from(a.abs_diff(*b)).pow(2)).sum::<i32>();
            differ += u32::from(kernel::squared_distance_i8(a, b) != squares);
            let (mut y, mut z) = ([1i32; 3], [1i32; 3]);
            kernel::matvec_i8(part(bytes, skip, 3 * n), b, &mut y);
            portable::matvec_i8(part(bytes, skip, 3 * n), b, &mut z);
            differ += u32::from(y != z);

            let (a, b) = (part(unsigned, skip, n), part(unsigned, 2 * skip, n));
            let (distance, twin) = (kernel::manhattan_u8(a, b), portable::manhattan_u8(a, b));
            differ += u32::from(distance != twin);
            sum = distance ^ sum.rotate_left(1);
            let (mut y, mut z) = ([1u32; 3], [1u32; 3]);
            kernel::manhattans_u8(b, part(unsigned, skip, 3 * n), &mut y);
            portable::manhattans_u8(b, part(unsigned, skip, 3 * n), &mut z);
            differ += u32::from(y != z);
            kernel::squared_distances_u8(b, part(unsigned, skip, 3 * n), &mut y);
            portable::squared_distances_u8(b, part(unsigned, skip, 3 * n), &mut z);
            differ += u32::from(y != z);
            let b = part(halves, 2 * skip, n);
            kernel::manhattans_i16(b, part(halves, skip, 3 * n), &mut y);
            portable::manhattans_i16(b, part(halves, skip, 3 * n), &mut z);
            differ += u32::from(y != z);
        }
    }
    emit("numeric/integer-kernels-that-differ-from-their-twins", differ);
    emit("numeric/integer-kernels", sum);
}

fn part<T>(all: &[T], skip: usize, n: usize) -> &[T] {
    all.get(skip..skip + n).unwrap_or_default()
}
