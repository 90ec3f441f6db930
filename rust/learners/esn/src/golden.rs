//! The learner against the same equations in double precision: tests/vectors/esn_golden.py.

extern crate std;
use crate::tests::{SHAPE, Small, combinations, run, samples, view};
use crate::*;
use hone_signal::Faults;
use std::collections::HashMap;
use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, fs, vec};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../tests/vectors/");
const AMPLITUDE: i32 = 900;

fn params(feedback: f32) -> Params {
    Params {
        units: 24,
        density: 0.2,
        spectral_radius: 0.9,
        leak: 0.8,
        input_scale: 0.3,
        seed: 5,
        feedback,
        ridge: 1e-3,
        washout: 8,
        carry: false,
        remove_mean: true,
        scale_windows: 4,
        fit_windows: 12,
        calibrate_windows: 16,
        score: Score::Either,
        rule: Rule::Sigma,
        k: 2.0,
        quantile: 0.95,
        margin: 1.2,
        average: 1,
        ..Params::DEFAULT
    }
}

fn trained(params: Params) -> Small {
    let mut model = Small::new();
    run(&mut Trainer::new(params.check(SHAPE).unwrap()), &mut model, AMPLITUDE).unwrap();
    model
}

/// W_in, W_res and W_back as full matrices, one line per row.
fn weights() -> String {
    let model = trained(params(0.1));
    let net = model.readable().unwrap();
    let (n, c, w) = (24, 3, &net.weights);
    let mut text = String::new();
    let mut line = |name: &str, row: Vec<f32>| {
        text.push_str(name);
        row.iter().for_each(|v| text.push_str(&format!(",{v:e}")));
        text.push('\n');
    };
    let grouped = |matrix: &[f32], width: usize, i: usize| -> Vec<f32> {
        (0..width).map(|k| matrix[(i / LANES * width + k) * LANES + i % LANES]).collect()
    };
    for i in 0..n {
        line("w_in", grouped(w.input, c, i));
        line("w_back", grouped(w.back, c, i));
        let mut row = vec![0.0; n];
        for (value, shift) in grouped(w.res, w.shifts.len(), i).into_iter().zip(w.shifts) {
            row[(i + usize::from(*shift)) % n] = value;
        }
        line("w_res", row);
    }
    text
}

#[test]
#[ignore = "writes tests/vectors/esn_weights.csv, for esn_golden.py"]
fn write_weights() {
    fs::write(format!("{FOLDER}esn_weights.csv"), weights()).unwrap();
}

fn relative(ours: &[f32], golden: &[f64]) -> f64 {
    assert_eq!(ours.len(), golden.len());
    let difference: f64 = ours.iter().zip(golden).map(|(a, b)| (f64::from(*a) - b).powi(2)).sum();
    (difference / golden.iter().map(|b| b * b).sum::<f64>()).sqrt()
}

#[test]
fn agrees_with_double_precision() {
    let known = fs::read_to_string(format!("{FOLDER}esn_weights.csv")).unwrap();
    assert!(known == weights(), "other weights: run write_weights, then esn_golden.py");
    let golden = fs::read_to_string(format!("{FOLDER}esn_golden.csv")).unwrap();
    let golden: HashMap<String, Vec<f64>> = golden
        .lines()
        .map(|line| {
            let parts: Vec<&str> = line.split(',').collect();
            (parts[..5].join(","), parts[5..].iter().map(|v| v.parse().unwrap()).collect())
        })
        .collect();
    let mut worst = [0.0f64; 3];
    let all = combinations();
    assert_eq!(golden.len(), 4 * all.len());
    for (feedback, output, readout, target) in all {
        let p = Params { output, readout, target, ..params(feedback) };
        let word = |index: usize| {
            use hone_learn::{Kind, Settings, Value};
            match (Params::SETTINGS[index].kind, p.get(index)) {
                (Kind::Choice(words), Some(Value::Choice(i))) => words[usize::from(i)].to_string(),
                _ => panic!(),
            }
        };
        let key = format!("{},{},{},{}", u8::from(feedback > 0.0), word(7), word(8), word(9));
        let golden = |name: &str| &golden[&format!("{key},{name}")];

        let model = trained(p);
        let net = model.readable().unwrap();
        let mut w_out = Vec::new();
        for c in 0..3 {
            if readout != Readout::State {
                w_out.extend_from_slice(&net.out.input[3 * c..3 * c + 3]);
            }
            w_out.extend_from_slice(&net.out.state[24 * c..24 * c + 24]);
            if readout == Readout::InputStateOutput {
                w_out.extend_from_slice(&net.out.output[3 * c..3 * c + 3]);
            }
        }
        let off = relative(&w_out, golden("w_out"));
        assert!(off <= 0.01, "{key}: W_out is off by {off:.2e}");
        worst[0] = worst[0].max(off);

        let mut scratch = Scratch::new();
        for (i, (mse, nmse)) in golden("mse").iter().zip(golden("nmse")).enumerate() {
            let sequence = 17 + i as u32;
            let s = samples(sequence, AMPLITUDE);
            let e = model.examine(&view(&s, sequence, Faults::NONE), &mut scratch).errors.unwrap();
            for (ours, golden) in [(e.mse, mse), (e.nmse, nmse)] {
                let off = (f64::from(ours) / golden - 1.0).abs();
                assert!(off <= 1e-3, "{key}: error of window {i} is off by {off:.2e}");
                worst[1] = worst[1].max(off);
            }
        }

        let expected = golden("threshold");
        for (rule, at) in [(Rule::Sigma, 0), (Rule::Quantile, 1), (Rule::TwoSided, 2)] {
            let model = trained(Params { rule, ..p });
            for (t, at) in [(model.mse_threshold(), at), (model.nmse_threshold(), 4 + at)] {
                let mut pairs = vec![(t.upper, expected[at])];
                if rule == Rule::TwoSided {
                    pairs.push((t.lower, expected[at + 1]));
                }
                for (ours, golden) in pairs {
                    let off = (f64::from(ours) / golden - 1.0).abs();
                    assert!(off <= 1e-3, "{key}: threshold {rule:?} is off by {off:.2e}");
                    worst[2] = worst[2].max(off);
                }
            }
        }
    }
    std::println!("worst: W_out {:.1e}, errors {:.1e}, thresholds {:.1e}", worst[0], worst[1], worst[2]);
}
