//! Networks: whole trainings on generated rows, the bytes of the models that they give, and the kernels of layers against their
//! portable twins.
//!
//! Row i (from 0) of class i mod 3, number j: `next_normal()` from the generator seeded with 6, in order of row and number,
//! plus 1.5 where (j + 1)·(class + 1) mod 4 is 1.

use hone_learn::{ClassId, Format, Progress, TrainingSet};
use hone_net::{Extent, Model, Network, Numbers, Params, Shape, Trainer};
use hone_numeric::layer;
use hone_numeric::rng::Rng;

use crate::{Emit, crc_bytes, crc_f32};

const ROWS: usize = 40;
const WIDTH: usize = 24;
const WORDS: usize = 1024;

pub(crate) fn emit(emit: Emit<'_>) {
    kernels(emit);
    let with = Params { epochs: 4, batch: 8, ..Params::DEFAULT };
    train("net/dense/int8", "dense12", with, emit);
    train("net/dense/mixed", "dense12", Params { numbers: Numbers::Mixed, ..with }, emit);
    train("net/dense/f32", "dense12", Params { numbers: Numbers::F32, ..with }, emit);
    train("net/convolution/int8", "conv5k3s2,conv6k2,gap", with, emit);
    train("net/convolution/f32", "conv5k3s2,conv6k2,gap", Params { numbers: Numbers::F32, ..with }, emit);
    train("net/transposed/int8", "dense6,tconv4k3s2,avg2", with, emit);
    let partial = Params { rows_least: 0.2, rows_most: 0.7, hold: 0.2, ..with };
    train("net/partial/int8", "conv5k3s2,dense9", partial, emit);
    let moving = Params { momentum: 0.9, standardise: false, skip_above: 0.95, ..with };
    train("net/momentum/int8", "conv5k3s2,dense9", moving, emit);
    let held = Params { hold: 0.25, ..with };
    train("net/sample/int8", "dense9,dense6lin,sample,dense8", held, emit);
    train("net/sample/f32", "dense9,dense6lin,sample,dense8", Params { numbers: Numbers::F32, ..held }, emit);
}

/// Counts where a kernel and its twin differ (nowhere), and sums up what they gave.
fn kernels(emit: Emit<'_>) {
    let mut rng = Rng::new(9);
    let words: [u32; 300] = core::array::from_fn(|_| rng.next_u32());
    let bytes: &[i8] = bytemuck::cast_slice(&words);
    let (mut differ, mut sum) = (0, 0u32);
    let mut wide_words = [0u32; 34];
    for columns in 0..64usize {
        let (rows, padded) = (columns % 7 + 1, columns.next_multiple_of(4));
        let wide: &mut [i16] = bytemuck::cast_slice_mut(&mut wide_words);
        layer::spread(bytes.get(columns..2 * columns).unwrap_or_default(), wide);
        let wide = wide.get(..padded).unwrap_or_default();
        let weights = bytes.get(128..128 + rows * padded).unwrap_or_default();
        let (mut ours, mut twins) = ([1i32; 9], [1i32; 9]);
        layer::rows_spread(weights, wide, &mut ours);
        layer::rows(weights, wide, &mut twins);
        differ += u32::from(ours != twins);
        sum = ours.iter().fold(sum, |sum, v| sum.rotate_left(3) ^ *v as u32);
        let scales: [[i32; 2]; 9] = core::array::from_fn(|r| [(r * columns) as i32 * 100 - 9000, (r % 7 + 5) as i32]);
        let (mut ours, mut twins) = ([1i8; 9], [1i8; 9]);
        let peaks =
            [layer::rows_relu(weights, wide, &scales, &mut ours), layer::relu(weights, wide, &scales, &mut twins)];
        differ += u32::from(ours != twins || peaks.first() != peaks.last());
        sum = ours.iter().fold(sum, |sum, v| sum.rotate_left(3) ^ *v as u32) ^ peaks.iter().sum::<i32>() as u32;
        // The last pair is beyond the end in every other round.
        let pairs: [layer::Pair; 5] = core::array::from_fn(|i| {
            let factors = words.get(100 + i).copied().unwrap_or(0);
            [factors, if i == 4 && columns % 2 == 1 { 1200 } else { (i * 37 + columns) as u32 }]
        });
        let (mut ours, mut twins) = ([[7i32; 64]; 2], [[7i32; 64]; 2]);
        for (sums, portable) in [(&mut ours, false), (&mut twins, true)] {
            let [first, second] = sums;
            let (Some(a), Some(b)) = (first.get_mut(..padded), second.get_mut(..padded)) else { continue };
            if portable {
                layer::pairs(&pairs, bytes, a, b);
            } else {
                layer::add_pairs(&pairs, bytes, a, b);
            }
        }
        differ += u32::from(ours != twins);
        sum = ours.as_flattened().iter().fold(sum, |sum, v| sum.rotate_left(3) ^ *v as u32);
        let factors: &[i16] = bytemuck::cast_slice(words.get(200..204).unwrap_or_default());
        for stride in [1, 3, 4, columns] {
            let (mut ours, mut twins) = ([5i32; 64], [5i32; 64]);
            let (Some(a), Some(b)) = (ours.get_mut(..padded), twins.get_mut(..padded)) else { continue };
            // To the end of the bytes: the last rows are not whole.
            let rows = bytes.get(1200 - 2 * padded.min(60) - stride..).unwrap_or_default();
            layer::add_rows(factors, rows, stride, a);
            layer::columns(factors, rows, stride, b);
            differ += u32::from(ours != twins);
            sum = ours.iter().fold(sum, |sum, v| sum.rotate_left(3) ^ *v as u32);
        }
    }
    emit("net/kernels-that-differ-from-their-twins", differ);
    emit("net/kernels", sum);
}

/// Trains; emits the checksum of the model's bytes and of what it says of later rows; 0 when something fails.
fn train(key: &str, network: &str, params: Params, emit: Emit<'_>) {
    let (mut set, mut model) = (TrainingSet::<{ ROWS * WIDTH }, ROWS, WIDTH>::new(), Model::<WORDS>::new());
    let (mut memory, mut bytes) = ([0u32; 2048], [0u8; 4 * WORDS + 128]);
    let mut rng = Rng::new(6);
    let mut next = |i: usize| -> [f32; WIDTH] {
        core::array::from_fn(|j| rng.next_normal() + if (j + 1) * (i % 3 + 1) % 4 == 1 { 1.5 } else { 0.0 })
    };
    let crc = (|| {
        let input = Extent { frames: 12, channels: 2 };
        let params = Params { network: Network::parse(network).ok()?, ..params };
        let checked = if params.network.samples() {
            params.check_autoencoder(input, 0.5)
        } else {
            params.check(Shape { input, classes: 3 })
        };
        let checked = checked.ok()?;
        set.edit().clear(Format::I8, WIDTH).ok()?;
        for i in 0..ROWS {
            set.edit().push(&next(i), Some(ClassId((i % 3) as u16))).ok()?;
        }
        let mut trainer = Trainer::new(checked);
        while let Progress::Running { .. } = trainer.step(set.view(), &mut memory, model.edit(), 500).ok()? {}
        postcard::to_slice(&model, &mut bytes).ok().map(|b| crc_bytes(b))
    })();
    emit(key, crc.unwrap_or(0));
    let mut scratch = [0; 512];
    let scores: [f32; 8] = core::array::from_fn(|i| {
        let row = next(i);
        if model.view().latent() == 0 {
            return model.infer(&row, &mut scratch).score;
        }
        let made = model.view().reconstruct(&row, &mut scratch, |_| {});
        made.map_or(f32::NAN, |made| made.iter().fold(0.0, |sum, x| 0.9 * sum + x))
    });
    emit(key, crc_f32(&scores));
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_training_gives_a_model_and_verdicts() {
        let nan = crate::crc_f32(&[f32::NAN; 8]);
        let mut lines = 0;
        super::emit(&mut |key, number| {
            let fails = key.contains("differ") && number != 0;
            assert!(!fails && number != nan && (number != 0 || key.contains("differ")), "{key} {number:08x}");
            lines += 1;
        });
        assert_eq!(lines, 22);
    }
}
