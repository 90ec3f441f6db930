//! Any bytes as the payload of a variational autoencoder. What is taken judges and encodes rows of any bits, and is written again
//! to the same bytes.
#![no_main]

use hone_learn::learner::{Input, Learner};
use hone_learn::{Faults, Micros, WindowView};
use hone_vae::learner::Vae;
use hone_vae::{Params, model_words, scratch_words};
use libfuzzer_sys::fuzz_target;

type Small = Vae<{ model_words(64, 32, 16) }, { scratch_words(64, 32, 16) }, 32, 16>;

fn written(model: &<Small as Learner>::Model) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut sink = |more: &[u8]| {
        bytes.extend_from_slice(more);
        Ok(())
    };
    Small::write(model, &mut sink).expect("it was read");
    bytes
}

fuzz_target!(|data: &[u8]| {
    let mut model = Box::new(Small::EMPTY);
    if Small::read(&mut model, 1, &Params::DEFAULT, data).is_err() {
        return;
    }
    let mut scratch = Small::SCRATCH;
    for turn in 0..3 {
        let byte = |i: usize| data[(i * 5 + turn * 13) % data.len()];
        let width = usize::from(Small::shape(&model).inputs);
        let row: Vec<f32> = (0..width).map(|i| f32::from_le_bytes([0, 1, 2, 3].map(|k| byte(i + k)))).collect();
        let window =
            WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
        let input = Input { window, row: &row, beside: None };
        if let Some(answer) = Small::infer(&model, &input, &mut scratch) {
            assert!(!answer.verdict.score.is_nan());
        }
        let _ = Small::encode(&model, &input, &mut scratch, &mut [0.0; 32]);
    }
    let bytes = written(&model);
    let mut again = Box::new(Small::EMPTY);
    Small::read(&mut again, 1, &Params::DEFAULT, &bytes).expect("it was written");
    assert_eq!(written(&again), bytes);
});
