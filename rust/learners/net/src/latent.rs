//! A distribution in the middle of a network: what is drawn from it, and the loss of a network that has one.
//!
//! The layer before it gives μ and ln σ² of a normal distribution for each latent number; the layers behind it make the input anew
//! of z = μ + σ·ε. The loss is ½·Σ(x − x̂)² + β·KL with KL = ½·Σ(μ² + σ² − ln σ² − 1), the negative evidence lower bound but for
//! constants (Kingma and Welling, "Auto-Encoding Variational Bayes", 2014), times the variance β of what is made anew.

use crate::scale::{dithered, nearest, power};
use crate::stage::{Form, Stage};
use hone_numeric::layer::Dither;

/// ln σ² is taken to be within these.
const LEAST: f32 = -8.0;
const MOST: f32 = 4.0;

fn log_variance(number: f32) -> f32 {
    number.clamp(LEAST, MOST)
}

/// About normal with mean 0 and variance 1: the sum of twelve uniform numbers less six.
fn normal(dice: &mut Dither) -> f32 {
    let sum: u32 = (0..12).map(|_| dice.bits()).sum();
    (sum as f32 - 6.0 * 65_535.0) / 65_536.0
}

/// Writes z into the tensor `y`: μ, or with dice μ + σ·ε, where σ·ε is kept. The largest magnitude is left in `peak`.
pub(crate) fn forward(
    distribution: &[f32],
    stage: &Stage,
    exponent: i32,
    y: &mut [u32],
    peak: &mut i32,
    dice: Option<(&mut Dither, &mut [f32])>,
) -> Option<()> {
    let (means, logs) = distribution.split_at_checked(stage.output.len())?;
    let unit = power(exponent);
    match stage.form {
        Form::F32 => {
            let y: &mut [f32] = bytemuck::cast_slice_mut(y);
            y.iter_mut().zip(means).for_each(|(z, mean)| *z = *mean);
            if let Some((dice, kept)) = dice {
                for ((z, log), kept) in y.iter_mut().zip(logs).zip(kept) {
                    *kept = libm::expf(0.5 * log_variance(*log)) * normal(dice);
                    *z += *kept;
                }
            }
        }
        Form::Int8 => {
            let y: &mut [i8] = bytemuck::cast_slice_mut(y);
            let Some((dice, kept)) = dice else {
                y.iter_mut().zip(means).for_each(|(z, mean)| *z = nearest(mean * unit));
                return Some(());
            };
            for (((z, mean), log), kept) in y.iter_mut().zip(means).zip(logs).zip(kept) {
                *kept = libm::expf(0.5 * log_variance(*log)) * normal(dice);
                let drawn = (mean + *kept) * unit;
                *peak = (*peak).max(drawn.abs() as i32);
                *z = dithered(drawn, dice);
            }
        }
    }
    Some(())
}

/// The divergence of a distribution from the normal one of mean 0 and variance 1, in nats.
pub fn divergence(distribution: &[f32]) -> f32 {
    let (means, logs) = distribution.split_at(distribution.len() / 2);
    means.iter().zip(logs).fold(0.0, |sum, (mean, log)| {
        let log = log_variance(*log);
        sum + 0.5 * (mean * mean + libm::expf(log) - log - 1.0)
    })
}

/// Turns what was made into its error, x̂ − x; ½·Σ(x̂ − x)².
pub(crate) fn squared(made: &mut [f32], input: impl Iterator<Item = f32>) -> f32 {
    let mut sum = 0.0;
    for (made, x) in made.iter_mut().zip(input) {
        *made -= x;
        sum += *made * *made;
    }
    0.5 * sum
}

/// Gives the error of number `i` of the distribution to `put`, from that of z and what was drawn:
/// dμ = dz + β·μ, dln σ² = ½·(dz·σ·ε + β·(σ² − 1)).
pub(crate) fn backward(
    distribution: &[f32],
    kept: &[f32],
    error: impl Fn(usize) -> f32,
    beta: f32,
    mut put: impl FnMut(usize, f32),
) -> Option<()> {
    let latent = distribution.len() / 2;
    let (means, logs) = distribution.split_at_checked(latent)?;
    for (i, ((mean, log), kept)) in means.iter().zip(logs).zip(kept).enumerate() {
        let dz = error(i);
        put(i, dz + beta * mean);
        let inside = log_variance(*log);
        // Beyond the limits σ does not follow.
        let drawn = if inside == *log { dz * kept } else { 0.0 };
        put(latent + i, 0.5 * (drawn + beta * (libm::expf(inside) - 1.0)));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use crate::{CheckError, Extent, Model, Network, NetworkError, Numbers, Params, Shape, Trainer, required};
    use hone_learn::{Format, Progress, TrainingSet};
    use std::vec;
    use std::vec::Vec;

    const BETA: f32 = 0.7;
    type One = TrainingSet<8, 1, 3>;

    /// Trains `model` on a single row for one step of rate 1; the loss before it.
    fn stepped(model: &mut Model<128>, set: &One, resumes: bool) -> f32 {
        let network = Network::parse("dense6,dense4lin,sample,dense6").unwrap();
        let params = Params {
            network,
            numbers: Numbers::F32,
            epochs: 1,
            batch: 1,
            // What the test begins from is hardly moved.
            rate: if resumes { 1.0 } else { 1e-6 },
            standardise: false,
            ..Params::DEFAULT
        };
        let checked = params.check_autoencoder(Extent { frames: 1, channels: 3 }, BETA).unwrap();
        let mut memory = vec![0; required(&checked) / 4];
        let mut trainer = if resumes { Trainer::resumes(checked) } else { Trainer::new(checked) };
        while let Progress::Running { .. } = trainer.step(set.view(), &mut memory, model.edit(), 1).unwrap() {}
        trainer.last_epoch().loss
    }

    #[test]
    fn the_gradient_of_each_weight_is_the_slope_of_the_loss() {
        let mut set = One::new();
        set.edit().clear(Format::F32, 3).unwrap();
        set.edit().push(&[0.0; 3], None).unwrap();
        let mut model = Model::<128>::new();
        stepped(&mut model, &set, false);
        // Rows of one value have no gain: the row is standardised to something by hand.
        [0.3f32, -0.8, 0.5, 1.0, 1.0, 1.0].iter().zip(&mut model.words).for_each(|(x, word)| *word = x.to_bits());
        let at = |model: &Model<128>, i: usize| f32::from_bits(model.words[i]);
        let mut after = model.clone();
        stepped(&mut after, &set, true);
        let mut slopes = Vec::new();
        for i in 6..model.view().used() {
            let loss = |by: f32| {
                let mut moved = model.clone();
                moved.words[i] = (at(&model, i) + by).to_bits();
                stepped(&mut moved, &set, true)
            };
            let (slope, gradient) = ((loss(0.004) - loss(-0.004)) / 0.008, at(&model, i) - at(&after, i));
            assert!((slope - gradient).abs() < 0.002 + 0.01 * gradient.abs(), "{i}: {slope} {gradient}");
            slopes.push(slope);
        }
        // Of units that are at 0 there is none.
        let some = slopes.iter().filter(|s| s.abs() > 0.02).count();
        assert!(slopes.len() == 6 * 4 + 4 * 7 + 6 * 3 + 3 * 7 && some > 30, "{} {some}", slopes.len());
    }

    #[test]
    fn what_cannot_be_sampled_is_refused() {
        let input = Extent { frames: 1, channels: 3 };
        let of = |text| Params { network: Network::parse(text).unwrap(), ..Params::DEFAULT };
        for text in ["dense4,dense4,sample", "dense4,dense3lin,sample", "sample", "dense4lin,sample,dense4lin,sample"] {
            let refused = of(text).check_autoencoder(input, 1.0).unwrap_err();
            assert!(matches!(refused, CheckError::Network(NetworkError::Layer { .. })), "{text}: {refused:?}");
        }
        assert!(of("dense4lin,sample").check(Shape { input, classes: 3 }).is_err());
        assert!(of("dense4lin").check_autoencoder(input, 1.0).is_err());
        // A decoder's last hidden layer may have as many units as there are features.
        let checked = of("dense4lin,sample,dense3").check_autoencoder(input, 1.0).unwrap();
        assert_eq!(checked.layers().count(), 4);
    }

    #[test]
    fn draws_are_normal_and_a_range_holds_them() {
        let mut dice = Dither::new(5);
        let all: Vec<f32> = (0..20_000).map(|_| normal(&mut dice)).collect();
        let mean = all.iter().sum::<f32>() / 20_000.0;
        let variance = all.iter().map(|x| (x - mean) * (x - mean)).sum::<f32>() / 20_000.0;
        assert!(mean.abs() < 0.03 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
        assert_eq!(divergence(&[0.0, 0.0]), 0.0);
        assert!(divergence(&[2.0, -1e9]).is_finite() && divergence(&[2.0, 1e9]) < 30.0);
    }
}
