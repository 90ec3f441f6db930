//! Linear and logistic regression: U·D·Uᵀ, quantiles, sines, streams with inputs of every kind and trainings on rows.
//!
//! Frame i, channel c: `next_normal()` from the generator seeded with 6, in order of frame and channel, plus 20. A row's class
//! is its number mod 3.

use hone_learn::{ClassId, Format, Progress, Settings, TrainingSet};
use hone_linear::{Model, Params, Shape, State, Trainer, required};
use hone_numeric::rng::Rng;
use hone_numeric::{quantile, turn, ud};

use crate::{Emit, crc_bytes, crc_f32};

const CHANNELS: usize = 3;
const ROWS: usize = 60;
const WORDS: usize = 256;
const SECOND: u64 = 1_000_000;

pub(crate) fn emit(emit: Emit<'_>) {
    factors(emit);
    let quantiles: [f32; 40] = core::array::from_fn(|i| quantile::t_quantile(0.8 + 0.35 * i as f32, 0.05));
    emit("linear/quantiles", crc_f32(&quantiles));
    let sines: [f32; 64] = core::array::from_fn(|i| turn::sin_cos(i as f32 * 0.037 - 1.0).0);
    emit("linear/sines", crc_f32(&sines));
    for (key, settings) in [
        ("linear/stream/lags", &[("lags", "5"), ("forgetting", "0.99")][..]),
        ("linear/stream/others", &[("lags", "2"), ("others", "on"), ("target", "1")]),
        ("linear/stream/time", &[("lags", "1"), ("trend", "on"), ("harmonics", "2"), ("period", "60")]),
        ("linear/stream/adapt", &[("lags", "4"), ("adapt", "on"), ("forgetting", "0.95"), ("trend", "on")]),
    ] {
        emit(key, stream(settings).unwrap_or(0));
    }
    for (key, settings) in [
        ("linear/rows/closed-form", &[("others", "on"), ("task", "regression")][..]),
        ("linear/rows/recursive", &[("others", "on"), ("task", "regression"), ("solver", "recursive")]),
        ("linear/rows/gradient", &[("others", "on"), ("task", "regression"), ("solver", "gradient")]),
        ("linear/rows/classes", &[("task", "classes")]),
        ("linear/rows/classes/gradient", &[("task", "classes"), ("solver", "gradient")]),
    ] {
        emit(key, rows(settings).unwrap_or(0));
    }
}

/// U, D and a gain of every size up to 24, after twenty steps each.
fn factors(emit: Emit<'_>) {
    let mut rng = Rng::new(6);
    let mut sum = 0;
    for n in 1..=24 {
        let (mut u, mut d, mut f) = ([0.0; ud::packed_len(24)], [1e6; 24], [0.0; 24]);
        let (Some(u), Some(d)) = (u.get_mut(..ud::packed_len(n)), d.get_mut(..n)) else { return };
        let (mut estimates, mut lost) = ([0.0; 24], [0.0; 24]);
        for _ in 0..20 {
            let Some(f) = f.get_mut(..n) else { return };
            f.iter_mut().for_each(|x| *x = rng.next_normal());
            let leverage = ud::project(u, d, f);
            let alpha = ud::update(u, d, f, 0.98, 1e6);
            ud::correct(&mut estimates, &mut lost, rng.next_normal() / alpha, f);
            ud::shift(u, 0.1);
            sum = crc_f32(&[leverage, alpha]) ^ u32::rotate_left(sum, 1);
        }
        sum ^=
            crc_f32(u) ^ crc_f32(d).rotate_left(1) ^ crc_f32(&estimates).rotate_left(2) ^ crc_f32(&lost).rotate_left(3);
    }
    emit("linear/factors", sum);
}

fn params(settings: &[(&str, &str)]) -> Option<Params> {
    let mut params = Params { lags: 0, frames: 100, ..Params::DEFAULT };
    settings.iter().try_for_each(|(name, text)| params.set_text(name, text)).ok()?;
    Some(params)
}

fn frame(rng: &mut Rng) -> [f32; CHANNELS] {
    core::array::from_fn(|_| 20.0 + rng.next_normal())
}

/// The checksum of what is said of 300 frames and of the model's bytes then.
fn stream(settings: &[(&str, &str)]) -> Option<u32> {
    let checked = params(settings)?.check(Shape { channels: CHANNELS, inputs: 8, interval: SECOND }).ok()?;
    let (mut model, mut state, mut rng) = (Model::<WORDS>::new(), State::<9>::new(), Rng::new(6));
    model.edit().begin(&checked).ok()?;
    let mut sum = 0u32;
    for i in 1..=300 {
        let outcome = model.edit().observe(&frame(&mut rng), i * SECOND, &mut state);
        sum = crc_f32(&[outcome.mean, outcome.half, outcome.verdict.score]) ^ sum.rotate_left(1);
    }
    let mut bytes = [0; 4 * WORDS + 128];
    Some(sum ^ postcard::to_slice(&model, &mut bytes).ok().map(|b| crc_bytes(b))?)
}

/// The checksum of a trained model's bytes and of what it says of five rows.
fn rows(settings: &[(&str, &str)]) -> Option<u32> {
    let mut set = TrainingSet::<{ ROWS * CHANNELS }, ROWS, CHANNELS>::new();
    set.edit().clear(Format::F32, CHANNELS).ok()?;
    let mut rng = Rng::new(6);
    for i in 0..ROWS {
        set.edit().push(&frame(&mut rng), Some(ClassId(i as u16 % 3))).ok()?;
    }
    let checked = params(settings)?.check(Shape { channels: CHANNELS, inputs: 8, interval: 1 }).ok()?;
    let (mut model, mut memory) = (Model::<WORDS>::new(), [0u32; 128]);
    if required(&checked, 3) > 4 * memory.len() {
        return None;
    }
    let mut trainer = Trainer::new(checked);
    while let Progress::Running { .. } = trainer.step(set.view(), &mut memory, model.edit(), 500).ok()? {}
    let mut state = State::<9>::new();
    let scores: [f32; 5] = core::array::from_fn(|_| model.view().infer(&frame(&mut rng), &mut state).score);
    let mut bytes = [0; 4 * WORDS + 128];
    Some(crc_f32(&scores) ^ postcard::to_slice(&model, &mut bytes).ok().map(|b| crc_bytes(b))?)
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_computation_gives_something() {
        let mut lines = 0;
        super::emit(&mut |key, number| {
            assert!(number != 0, "{key}");
            lines += 1;
        });
        assert_eq!(lines, 12);
    }
}
