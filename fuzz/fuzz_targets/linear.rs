//! Any bytes as the payload of a linear or logistic regression. What is taken judges rows of any bits and, where it learns on,
//! learns them: every figure stays finite. It is written again to the same bytes.
#![no_main]

use hone_linear::{Model, State};
use hone_model::decode;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let mut model = Model::<1024>::new();
    if decode(data, |d| model.load(d)).is_err() {
        return;
    }
    let bytes = postcard::to_allocvec(&model).expect("it was read");
    let mut again = Model::<1024>::new();
    decode(&bytes, |d| again.load(d)).expect("it was written");
    assert_eq!(postcard::to_allocvec(&again).expect("it was read"), bytes);
    let mut state = State::<64>::new();
    let channels = model.view().channels();
    let byte = |i: usize| data[i % data.len()];
    for turn in 0..24 {
        let at = |i: usize| [0, 1, 2, 3].map(|k| byte(turn * 13 + i * 5 + k));
        let row: Vec<f32> = (0..channels).map(|i| f32::from_le_bytes(at(i))).collect();
        assert!(model.view().infer(&row, &mut state).score.is_finite());
        let outcome = model.edit().observe(&row, (turn as u64 + 1) * 1000, &mut state);
        assert!(outcome.mean.is_finite() && outcome.half.is_finite() && outcome.verdict.score.is_finite());
    }
});
