//! Any bytes as the payload of an ESN in few bits (layout 2) or in integers (layout 3). The first byte says which; the others
//! are the payload. What is taken judges windows, of any samples, and is written again: to the same bytes, where it says that
//! it keeps its form.
#![no_main]

use hone_esn::{Form, IntegerModel, IntegerScratch, Model, Scratch, Weight};
use hone_model::decode;
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
        return assert!(!model.is_trained());
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
        return assert!(!model.is_trained());
    }
    let mut scratch = Scratch::new();
    let channels = usize::from(model.shape().channels);
    for (sequence, samples) in windows(data, channels) {
        model.examine(&view(&samples, sequence, channels), &mut scratch);
    }
    if matches!(model.form(), Form::Clustered(_)) {
        let bytes = postcard::to_allocvec(&model).expect("it was read");
        let mut again = Model::<UNITS, CHANNELS, CONNECTIONS>::new();
        decode(&bytes, |d| again.load_packed(d)).expect("it was written");
        assert_eq!(postcard::to_allocvec(&again).expect("it was read"), bytes);
    }
}

fuzz_target!(|data: &[u8]| {
    let Some((which, data)) = data.split_first() else { return };
    match which % 3 {
        0 => integer::<i8>(data),
        1 => integer::<i16>(data),
        _ => packed(data),
    }
});
