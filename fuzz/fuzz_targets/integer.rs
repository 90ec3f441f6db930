//! Any bytes as the payload of an ESN in few bits (layout 2) or in integers (layout 3), or of an SVM or a TinyRCE in integers
//! (layout 2). The first byte says which; the others are the payload. What is taken judges windows, of any samples, and is written again: to the same bytes, where it says that
//! it keeps its form.
#![no_main]

use hone_esn::{IntegerModel, IntegerScratch, Model, ReadoutForm, Scratch, Weight};
use hone_model::decode;
use hone_numeric::quantize::features::FeatureRow;
use hone_signal::{Faults, Micros, WindowView};
use libfuzzer_sys::fuzz_target;

const UNITS: usize = 16;
const CHANNELS: usize = 2;
const CONNECTIONS: usize = 64;

fn windows(data: &[u8], channels: usize) -> impl Iterator<Item = (u32, Vec<i16>)> {
    let samples: Vec<i16> = data.chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect();
    (0..3).map(move |n| {
        (
            n,
            (0..16 * channels)
                .map(|i| samples.get((i * 7 + n as usize) % samples.len().max(1)).copied().unwrap_or(-3))
                .collect(),
        )
    })
}

fn view(samples: &[i16], sequence: u32, channels: usize) -> WindowView<'_> {
    WindowView { samples, channels, time: Micros(0), sequence, faults: Faults::NONE, label: None }
}

fn integer<W: Weight>(data: &[u8]) {
    let mut model = IntegerModel::<W, UNITS, CHANNELS, CONNECTIONS>::new();
    if decode(data, |d| model.load(d)).is_err() {
        // What follows a whole payload is refused by `decode`, after the model has been read.
        return;
    }
    let mut scratch = IntegerScratch::new();
    let channels = usize::from(model.shape().channels);
    for (sequence, samples) in windows(data, channels) {
        let outcome = model.examine(&view(&samples, sequence, channels), &mut scratch);
        assert!(model.verdict(&outcome).score >= 0.0);
    }
    let bytes = postcard::to_allocvec(&model).expect("it was read");
    let mut again = IntegerModel::<W, UNITS, CHANNELS, CONNECTIONS>::new();
    decode(&bytes, |d| again.load(d)).expect("it was written");
    assert_eq!(postcard::to_allocvec(&again).expect("it was read"), bytes);
}

fn packed(data: &[u8]) {
    let mut model = Model::<UNITS, CHANNELS, CONNECTIONS>::new();
    if decode(data, |d| model.load_packed(d)).is_err() {
        // What follows a whole payload is refused by `decode`, after the model has been read.
        return;
    }
    let mut scratch = Scratch::new();
    let channels = usize::from(model.shape().channels);
    for (sequence, samples) in windows(data, channels) {
        model.examine(&view(&samples, sequence, channels), &mut scratch);
    }
    if matches!(model.form(), ReadoutForm::Clustered(_)) {
        let bytes = postcard::to_allocvec(&model).expect("it was read");
        let mut again = Model::<UNITS, CHANNELS, CONNECTIONS>::new();
        decode(&bytes, |d| again.load_packed(d)).expect("it was written");
        assert_eq!(postcard::to_allocvec(&again).expect("it was read"), bytes);
    }
}

/// Rows for a model of features: any bits as numbers in floating point, and as integers.
fn rows(data: &[u8], features: usize, mut judge: impl FnMut(&FeatureRow<'_>)) {
    let byte = |i: usize| data.get(i % data.len().max(1)).copied().unwrap_or(0);
    for turn in 0..3 {
        let at = |i: usize| [0, 1, 2, 3].map(|k| byte(turn * 13 + i * 5 + k));
        let real: Vec<f32> = (0..features).map(|i| f32::from_le_bytes(at(i))).collect();
        let whole: Vec<i16> = (0..features).map(|i| i16::from_le_bytes([at(i)[0], at(i)[1]])).collect();
        judge(&FeatureRow::Float(&real));
        judge(&FeatureRow::FixedPoint(&whole, byte(turn) % 16));
    }
}

fn svm(data: &[u8]) {
    let mut model = hone_svm::Model::<1024>::new();
    if decode(data, |d| model.load(d)).is_err() || model.view().layout() != hone_svm::LAYOUT_INTEGER {
        return;
    }
    let (features, classes) = (model.view().features(), model.view().classes().count());
    let mut scratch = vec![0.0; hone_svm::scratch_len(classes, features)];
    rows(data, features, |row| {
        let verdict = model.view().infer_row(row, &mut scratch);
        assert!(verdict.score.is_finite() || !row.is_finite());
    });
    let bytes = postcard::to_allocvec(&model).expect("it was read");
    let mut again = hone_svm::Model::<1024>::new();
    decode(&bytes, |d| again.load(d)).expect("it was written");
    assert_eq!(postcard::to_allocvec(&again).expect("it was read"), bytes);
}

fn rce(data: &[u8]) {
    let mut model = hone_rce::QuantizedModel::<1024>::new();
    if decode(data, |d| model.load(d)).is_err() {
        return;
    }
    let mut scratch = vec![0.0; model.features()];
    rows(data, model.features(), |row| {
        let answer = model.infer(row, &mut scratch).expect("it has content, and the row its width");
        assert!(answer.verdict.score >= 0.0);
    });
    let bytes = postcard::to_allocvec(&model).expect("it was read");
    let mut again = hone_rce::QuantizedModel::<1024>::new();
    decode(&bytes, |d| again.load(d)).expect("it was written");
    assert_eq!(postcard::to_allocvec(&again).expect("it was read"), bytes);
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    match which % 5 {
        0 => integer::<i8>(data),
        1 => integer::<i16>(data),
        2 => packed(data),
        3 => svm(data),
        _ => rce(data),
    }
});
