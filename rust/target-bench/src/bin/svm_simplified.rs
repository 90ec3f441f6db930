//! The simplified SMO that Edge2Train's Algorithm 1 builds on, as the measure for `svm`: every error is computed anew
//! from all rows, the second multiplier is drawn at random, and training ends after a number of passes without change.
//! C = 1, tolerance 1e-3, linear kernel, rows as they are.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_numeric::{kernel::dot_f32, rng::Rng};
use hone_target_bench::{Text, case, entry, exit, print, read_file, start};

const ROWS: usize = 70;
const WIDTH: usize = 4;
const C: f32 = 1.0;
const TOLERANCE: f32 = 1e-3;
/// Passes without change after which it ends.
const PASSES: u32 = 5;

struct Problem {
    x: [[f32; WIDTH]; ROWS],
    y: [f32; ROWS],
}

/// Trains; the multipliers and the bias.
#[inline(never)]
fn train(p: &Problem) -> ([f32; ROWS], f32) {
    let (mut alpha, mut b, mut rng, mut quiet) = ([0f32; ROWS], 0f32, Rng::new(1), 0);
    let k = |i: usize, j: usize| dot_f32(&p.x[i], &p.x[j]);
    while quiet < PASSES {
        let mut changed = false;
        for i in 0..ROWS {
            let error = |alpha: &[f32; ROWS], b: f32, i: usize| {
                (0..ROWS).fold(b, |s, t| s + alpha[t] * p.y[t] * k(t, i)) - p.y[i]
            };
            let e_i = error(&alpha, b, i);
            let r = p.y[i] * e_i;
            if !((r < -TOLERANCE && alpha[i] < C) || (r > TOLERANCE && alpha[i] > 0.0)) {
                continue;
            }
            let j = (i + 1 + rng.below(ROWS as u32 - 1) as usize) % ROWS;
            let e_j = error(&alpha, b, j);
            let (old_i, old_j) = (alpha[i], alpha[j]);
            let (low, high) = if p.y[i] == p.y[j] {
                ((old_i + old_j - C).max(0.0), (old_i + old_j).min(C))
            } else {
                ((old_j - old_i).max(0.0), (C + old_j - old_i).min(C))
            };
            let eta = 2.0 * k(i, j) - k(i, i) - k(j, j);
            if low >= high || eta >= 0.0 {
                continue;
            }
            let new_j = (old_j - p.y[j] * (e_i - e_j) / eta).clamp(low, high);
            if (new_j - old_j).abs() < 1e-5 {
                continue;
            }
            alpha[j] = new_j;
            alpha[i] = old_i + p.y[i] * p.y[j] * (old_j - new_j);
            let (d_i, d_j) = (p.y[i] * (alpha[i] - old_i), p.y[j] * (new_j - old_j));
            let b1 = b - e_i - d_i * k(i, i) - d_j * k(i, j);
            let b2 = b - e_j - d_i * k(i, j) - d_j * k(j, j);
            b = match (alpha[i] > 0.0 && alpha[i] < C, new_j > 0.0 && new_j < C) {
                (true, _) => b1,
                (_, true) => b2,
                _ => (b1 + b2) / 2.0,
            };
            changed = true;
        }
        quiet = if changed { 0 } else { quiet + 1 };
    }
    (alpha, b)
}

#[entry]
fn main() -> ! {
    start();
    let mut memory = [0u8; 2000];
    for (file, name) in
        [("svm/iris01_train.f32", "svm/simplified/iris01"), ("svm/iris12_train.f32", "svm/simplified/iris12")]
    {
        let Some(bytes) = read_file(file, &mut memory) else {
            print(&[Text::Str("skipped, no data: "), Text::Str(file)]);
            continue;
        };
        let mut p = Problem { x: [[0.0; WIDTH]; ROWS], y: [0.0; ROWS] };
        let words = bytes.chunks_exact(4).skip(2).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        for (i, value) in words.enumerate().take(ROWS * (WIDTH + 1)) {
            match i % (WIDTH + 1) {
                WIDTH => p.y[i / (WIDTH + 1)] = value,
                j => p.x[i / (WIDTH + 1)][j] = value,
            }
        }
        let (alpha, b) = case(name, ROWS as u32).run(|| train(black_box(&p)));
        let f = |i: usize| (0..ROWS).fold(b, |s, t| s + alpha[t] * p.y[t] * dot_f32(&p.x[t], &p.x[i]));
        let right = (0..ROWS).filter(|i| (f(*i) > 0.0) == (p.y[*i] > 0.0)).count();
        print(&[Text::Str("right "), Text::Dec(right as u32), Text::Str(" of 70")]);
        // A wrong answer is no measure.
        if right < 60 {
            exit(false)
        }
    }
    exit(true)
}
