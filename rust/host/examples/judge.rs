//! What a row costs the host program: nanoseconds to judge it by a saved model, the least of several runs over all rows.
//!
//! `cargo run --release -p hone-host --example judge -- MODEL ROWS`
//!
//! MODEL is what `hone eval --save`, `hone pull` or Python's `to_bytes` wrote; ROWS are little-endian `f32`, as many to a row as the model
//! takes. Prints the nanoseconds and, so that two programs can be compared, the sum of the scores' bits.

use hone_engine::learners::{Learner, Model, OnlineScratch, Scratch};
use hone_learn::learner::Input;
use hone_learn::{Faults, Micros, WindowView};
use hone_model::Container;
use std::error::Error;
use std::time::Instant;

const RUNS: usize = 5;

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, rows] = args.as_slice() else { return Err("judge MODEL ROWS".into()) };
    let (file, bytes) = (std::fs::read(model)?, std::fs::read(rows)?);
    let container = Container::read(&file).map_err(|e| format!("{model}: {e:?}"))?;
    let learner = Learner::from_code(container.learner().0).ok_or("a learner that this build has not")?;
    let mut model = Box::new(Model::Empty);
    model
        .read(learner, container.layout(), container.parameters(), container.payload())
        .map_err(|e| format!("the payload: {e:?}"))?;
    let rows: Vec<f32> = bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
    let width = usize::from(model.shape().inputs);
    let window =
        WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    let (mut scratch, mut online) = (Box::new(Scratch::Empty), Box::new(OnlineScratch::Empty));
    scratch.prepare(&model);
    online.prepare(&model);
    let (mut least, mut sum) = (f64::INFINITY, 0u64);
    for _ in 0..RUNS {
        scratch.reset();
        sum = 0;
        let start = Instant::now();
        for row in rows.chunks_exact(width) {
            let input = Input { window, row, beside: None };
            let answer = if model.learns() {
                model.infer_online(&input, &mut online)
            } else {
                model.infer(&input, &mut scratch)
            };
            sum = sum.wrapping_add(answer.ok_or("a row without an answer")?.verdict.score.to_bits().into());
        }
        least = least.min(start.elapsed().as_secs_f64() / (rows.len() / width) as f64);
    }
    println!("{:.1} {sum}", 1e9 * least);
    Ok(())
}
