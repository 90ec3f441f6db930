//! The kernels of `hone_numeric`.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_numeric::cholesky::{factor, packed_len, solve};
use hone_numeric::lanes::{Lanes, accumulate};
use hone_numeric::{kernel, rng::Rng};
use hone_target_bench::{case, entry, exit, start};

#[entry]
fn main() -> ! {
    let mut rng = Rng::new(1);
    let a: [f32; 10_000] = core::array::from_fn(|_| rng.next_signed());
    let x: [f32; 600] = core::array::from_fn(|_| rng.next_signed());
    start();
    floats(&a, &x);
    equations(&a);
    reservoir(&a, &x);
    let a: [i16; 10_000] = core::array::from_fn(|_| rng.next_u32() as i16);
    let x: [i16; 600] = core::array::from_fn(|_| rng.next_u32() as i16);
    halves(&a, &x);
    // In words, because the fast way wants word addresses.
    let words: [u32; 2_500] = core::array::from_fn(|_| rng.next_u32());
    bytes(&words);
    exit(true)
}

#[inline(never)]
fn floats(a: &[f32], x: &[f32]) {
    let mut y = [0.0; 100];
    for n in [4, 48, 64, 600] {
        let (a, x) = black_box((&a[..n], &x[..n]));
        case("kernel/dot_f32", n as u32).units(n as u32).run(|| kernel::dot_f32(a, x));
        case("kernel/squared_distance_f32", n as u32).units(n as u32).run(|| kernel::squared_distance_f32(a, x));
    }
    let x100 = black_box(&x[..100]);
    case("kernel/matvec_f32", 100).units(10_000).run(|| kernel::matvec_f32(black_box(a), x100, black_box(&mut y)));
    let (rows, x48) = black_box((&a[..100 * 48], &x[..48]));
    case("kernel/squared_distances_f32", 48)
        .units(4_800)
        .run(|| kernel::squared_distances_f32(x48, rows, black_box(&mut y)));
}

/// W_res·x of a reservoir of cyclic diagonals, 10 % dense, as the ESN's step does it: eight units at a time. Units are
/// non-zeros.
#[inline(never)]
fn reservoir(a: &[f32], x: &[f32]) {
    const UNITS: usize = 64;
    const DIAGONALS: usize = 6;
    let (weights, shifts) = (a.as_chunks::<8>().0, [3u16, 11, 26, 30, 47, 59]);
    let mut next = [[0.0; 8]; UNITS / 8];
    let nonzeros = UNITS * DIAGONALS;
    case("kernel/reservoir_step", UNITS as u32).units(nonzeros as u32).run(|| {
        // The state twice over, so that a cyclic shift needs no remainder.
        let (weights, shifts, x) = black_box((weights, &shifts, &x[..2 * UNITS]));
        let groups: &mut [Lanes] = black_box(&mut next);
        for (i, (sum, weights)) in groups.iter_mut().zip(weights.chunks_exact(DIAGONALS)).enumerate() {
            accumulate(sum, &[], &[], weights, shifts, &x[8 * i..]);
        }
    });
}

#[inline(never)]
fn halves(a: &[i16], x: &[i16]) {
    let mut y = [0; 100];
    for n in [48, 600] {
        let (a, x) = black_box((&a[..n], &x[..n]));
        case("kernel/dot_i16", n as u32).units(n as u32).run(|| kernel::dot_i16(a, x));
        case("kernel/squared_distance_i16", n as u32).units(n as u32).run(|| kernel::squared_distance_i16(a, x));
    }
    let x = black_box(&x[..100]);
    case("kernel/matvec_i16", 100).units(10_000).run(|| kernel::matvec_i16(black_box(a), x, black_box(&mut y)));
}

#[inline(never)]
fn bytes(words: &[u32]) {
    let a: &[i8] = bytemuck::cast_slice(words);
    let x = black_box(&a[2_000..]);
    for n in [48, 600] {
        let (a, x) = black_box((&a[..n], &x[..n]));
        case("kernel/dot_i8", n as u32).units(n as u32).run(|| kernel::dot_i8(a, x));
        let spread = black_box(&bytemuck::cast_slice(words)[..n]);
        case("kernel/dot_i16_i8", n as u32).units(n as u32).run(|| kernel::dot_i16_i8(spread, x));
    }
    let (x100, mut y) = (black_box(&x[..100]), [0; 100]);
    case("kernel/matvec_i8", 100).units(10_000).run(|| kernel::matvec_i8(black_box(a), x100, black_box(&mut y)));
    let a: &[u8] = bytemuck::cast_slice(words);
    let (rows, x48, mut y) = (black_box(&a[..4_800]), black_box(&a[5_000..5_048]), [0; 100]);
    case("kernel/manhattan_u8", 48).units(48).run(|| kernel::manhattan_u8(&rows[..48], x48));
    case("kernel/manhattans_u8", 48).units(4_800).run(|| kernel::manhattans_u8(x48, rows, black_box(&mut y)));
    let (a, b) = black_box((&words[..64], &words[64..128]));
    case("kernel/hamming_u32", 64).units(64).run(|| kernel::hamming_u32(a, b));
}

/// Ridge equations of an ESN with 32, 65 and 130 unknowns: factor and solve. Units are multiply-accumulates, n³/6 + n².
#[inline(never)]
fn equations(noise: &[f32]) {
    const LARGEST: usize = 130;
    let mut a = [0.0; packed_len(LARGEST)];
    for n in [32, 65, LARGEST] {
        for (x, noise) in a.iter_mut().zip(noise) {
            *x = *noise;
        }
        for i in 0..n {
            a[packed_len(i) + i] = 2.0 * n as f32;
        }
        let mut b = [1.0; LARGEST];
        let macs = n * n * n / 6 + n * n;
        let solved = case("kernel/cholesky", n as u32).units(macs as u32).run(|| {
            let (a, b) = black_box((&mut a, &mut b));
            let result = factor(a, n);
            solve(a, n, b);
            result
        });
        if solved.is_err() {
            exit(false);
        }
    }
    let (mut y, x) = (black_box([0.0; 64]), black_box(&noise[..64]));
    case("kernel/axpy_f32", 64).units(64).run(|| kernel::axpy_f32(black_box(0.5), x, black_box(&mut y)));
}
