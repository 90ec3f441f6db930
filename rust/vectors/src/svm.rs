//! The SVM: whole trainings on generated rows, and the bytes of the models that they give.
//!
//! Row i (from 0) of class i mod 3 (one-class: no class), feature j: `next_normal()` from the generator seeded with 5,
//! in order of row and feature, plus 2 where j mod 3 is the class, times 1 + j; the last feature is constant.

use hone_learn::{ClassId, Format, Progress, TrainingSet};
use hone_numeric::rng::Rng;
use hone_svm::{KernelKind, Machine, Model, Params, Shape, Trainer, keep_support};

use crate::{Emit, crc_bytes, crc_f32};

const ROWS: usize = 48;
const WIDTH: usize = 11;
const WORDS: usize = 1024;

type Set = TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>;

pub(crate) fn emit(emit: Emit<'_>) {
    let with = |kernel| Params { kernel: Some(kernel), c: 0.5, ..Params::DEFAULT };
    train("svm/linear/f32", Format::F32, with(KernelKind::Linear), emit);
    train("svm/linear/i16", Format::I16, with(KernelKind::Linear), emit);
    train("svm/linear/i8", Format::I8, with(KernelKind::Linear), emit);
    train("svm/rbf/f32", Format::F32, with(KernelKind::Rbf), emit);
    train("svm/rbf/i8", Format::I8, with(KernelKind::Rbf), emit);
    train("svm/poly/i16", Format::I16, Params { gamma: 0.1, coef0: 1.0, ..with(KernelKind::Poly) }, emit);
    train("svm/sigmoid/f32", Format::F32, Params { gamma: 0.02, ..with(KernelKind::Sigmoid) }, emit);
    let novelty = Params { machine: Machine::Novelty, nu: 0.2, ..Params::DEFAULT };
    train("svm/novelty/i8", Format::I8, novelty, emit);
}

/// Trains, keeps the support vectors, trains on with as many new rows; emits the checksum of the model's bytes and of
/// what it says of later rows; 0 when something fails.
fn train(key: &str, format: Format, params: Params, emit: Emit<'_>) {
    let (mut set, mut model) = (Set::new(), Model::<WORDS>::new());
    let (mut memory, mut bytes) = ([0u32; 1536], [0u8; 4 * WORDS + 64]);
    let mut rng = Rng::new(5);
    let mut i = 0;
    let mut next = || {
        let class = i % 3;
        i += 1;
        let row: [f32; WIDTH] = core::array::from_fn(|j| {
            let x = rng.next_normal() + if j as u16 % 3 == class { 2.0 } else { 0.0 };
            if j + 1 == WIDTH { 3.5 } else { x * (1 + j) as f32 }
        });
        (row, ClassId(class))
    };
    let crc = (|| {
        let checked = params.check(Shape { rows: ROWS, features: WIDTH }).ok()?;
        set.edit().clear(format, WIDTH).ok()?;
        for batch in 0..2 {
            loop {
                let (row, class) = next();
                let label = (params.machine != Machine::Novelty).then_some(class);
                set.edit().push(&row, label).ok()?;
                if set.view().len() == ROWS {
                    break;
                }
            }
            let mut trainer = Trainer::new(checked);
            while let Progress::Running { .. } = trainer.step(set.view(), &mut memory, model.edit(), 500).ok()? {}
            if batch == 0 {
                keep_support(&trainer, set.edit(), &mut memory, ROWS / 3);
            }
        }
        postcard::to_slice(&model, &mut bytes).ok().map(|b| crc_bytes(b))
    })();
    emit(key, crc.unwrap_or(0));
    let mut scratch = [0.0; 32];
    let scores: [f32; 8] = core::array::from_fn(|_| model.infer(&next().0, &mut scratch).score);
    emit(key, crc_f32(&scores));
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_training_gives_a_model_and_verdicts() {
        let nan = crate::crc_f32(&[f32::NAN; 8]);
        let mut lines = 0;
        super::emit(&mut |key, number| {
            assert!(number != 0 && number != nan, "{key} {number:08x}");
            lines += 1;
        });
        assert_eq!(lines, 16);
    }
}
