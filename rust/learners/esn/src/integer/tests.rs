//! Integer inference against that in floating point.

extern crate std;
use super::*;
use crate::tests::{SMALL, Small, samples, train, view};
use crate::{Params, Rule, Scratch, Target};
use hone_learn::Decision;
use hone_numeric::quantize::Fixed;
use hone_signal::{Faults, WindowView};
use proptest::prelude::*;
use std::vec::Vec;

type Bytes = IntegerModel<i8, 24, 3, 256>;
type Words = IntegerModel<i16, 24, 3, 256>;
const Q3_12: Quantization = match Fixed::q(3, 12) {
    Some(fixed) => Quantization::Fixed(fixed),
    None => panic!("in range"),
};

fn quantized<W: Weight>(model: &Small, quantization: Quantization) -> IntegerModel<W, 24, 3, 256> {
    let mut integer = IntegerModel::new();
    integer.quantize(model, quantization).unwrap();
    integer
}

/// The greatest deviation of both errors, in shares of the error in floating point, over windows of all sizes.
fn deviation<W: Weight>(model: &Small, integer: &IntegerModel<W, 24, 3, 256>) -> f32 {
    let (mut a, mut b) = (Scratch::new(), IntegerScratch::new());
    let mut worst = 0.0f32;
    for sequence in 100..160 {
        let s = samples(sequence, 300 + (sequence as i32 % 7) * 150);
        let v = view(&s, sequence, Faults::NONE);
        let exact = model.examine(&v, &mut a).errors.unwrap();
        let close = integer.examine(&v, &mut b).errors.unwrap().to_errors();
        worst = worst.max((close.mse / exact.mse - 1.0).abs()).max((close.nmse / exact.nmse - 1.0).abs());
    }
    worst
}

#[test]
fn errors_are_close_to_those_in_floating_point() {
    let cases = [
        SMALL,
        Params { leak: 0.4, carry: true, ..SMALL },
        Params { target: Target::Reconstruct, remove_mean: false, ..SMALL },
        Params { input_scale: 2.0, ..SMALL },
    ];
    for params in cases {
        let model = train(params, 900).unwrap();
        let (bytes, words) = (quantized::<i8>(&model, Quantization::Int8), quantized::<i16>(&model, Q3_12));
        let (coarse, fine) = (deviation(&model, &bytes), deviation(&model, &words));
        std::println!("{coarse} {fine}");
        assert!(coarse < 0.10 && fine < 0.02, "{coarse} {fine}");
    }
}

#[test]
fn an_anomaly_is_one_in_integers_too() {
    let model = train(Params { rule: Rule::Quantile, ..SMALL }, 900).unwrap();
    let mut integer = quantized::<i8>(&model, Quantization::Int8);
    let held_back: Vec<_> = (50..80).map(|i| (i, samples(i, 900))).collect();
    let views = || held_back.iter().map(|(i, s)| view(s, *i, Faults::NONE));
    let before = integer.threshold();
    assert!(!integer.recalibrate(&mut IntegerScratch::new(), views(), &mut [0.0; 20]));
    assert_eq!(integer.threshold(), before);
    assert!(integer.recalibrate(&mut IntegerScratch::new(), views(), &mut [0.0; 60]));
    assert_ne!(integer.threshold(), before);
    let mut scratch = IntegerScratch::new();
    let mut decide = |amplitude, from: u32| {
        let all =
            (from..from + 8).map(|i| integer.examine(&view(&samples(i, amplitude), i, Faults::NONE), &mut scratch));
        all.last().unwrap()
    };
    let normal = decide(900, 100);
    assert_eq!((normal.decision, normal.warm), (Decision::Normal, true));
    assert_eq!(decide(200, 200).decision, Decision::Anomalous);
    // The score is in the unit of the threshold.
    let s = samples(300, 200);
    let verdict = integer.infer(&view(&s, 300, Faults::NONE), &mut scratch);
    assert!(verdict.score > 0.0 && verdict.score.is_finite());
}

#[test]
fn nothing_to_judge_with_is_unknown() {
    let (mut scratch, s) = (IntegerScratch::new(), samples(1, 900));
    assert_eq!(Bytes::new().examine(&view(&s, 1, Faults::NONE), &mut scratch).decision, Decision::Unknown);
    let integer = quantized::<i8>(&train(SMALL, 900).unwrap(), Quantization::Int8);
    let two = WindowView { channels: 2, ..view(&s, 1, Faults::NONE) };
    assert_eq!(integer.examine(&two, &mut scratch).decision, Decision::Unknown);
}

#[test]
fn says_what_it_cannot_quantise() {
    let mut integer = Bytes::new();
    assert_eq!(integer.quantize(&Small::new(), Quantization::Int8), Err(QuantizeError::Untrained));
    let model = train(SMALL, 900).unwrap();
    assert_eq!(integer.quantize(&model, Q3_12), Err(QuantizeError::Weights));
    let fed = train(Params { feedback: 0.1, ..SMALL }, 900).unwrap();
    assert_eq!(integer.quantize(&fed, Quantization::Int8), Err(QuantizeError::Unsupported("feedback")));
    assert!(!integer.is_trained());
}

#[test]
fn samples_at_the_ends_of_the_range_do_no_harm() {
    let model = train(SMALL, 900).unwrap();
    let (bytes, words) = (quantized::<i8>(&model, Quantization::Int8), quantized::<i16>(&model, Q3_12));
    let s: Vec<i16> = (0..64 * 3).map(|i| if i / 9 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    let (mut a, mut b) = (IntegerScratch::new(), IntegerScratch::new());
    for sequence in 0..6 {
        let v = view(&s, sequence, Faults::NONE);
        let both = [bytes.examine(&v, &mut a), words.examine(&v, &mut b)];
        for outcome in both {
            assert!(outcome.errors.unwrap().mse > 1);
            assert_eq!(outcome.decision == Decision::Anomalous, sequence >= 4);
        }
    }
}

#[test]
fn comes_back_from_its_bytes() {
    fn check<W: Weight>(integer: &IntegerModel<W, 24, 3, 256>) -> usize {
        let bytes = postcard::to_stdvec(integer).unwrap();
        let mut back = IntegerModel::<W, 24, 3, 256>::new();
        back.load(&mut postcard::Deserializer::from_bytes(&bytes)).unwrap();
        assert_eq!(postcard::to_stdvec(&back).unwrap(), bytes);
        assert_eq!(back.quantization(), integer.quantization());
        let (mut a, mut b) = (IntegerScratch::new(), IntegerScratch::new());
        for sequence in 100..110 {
            let s = samples(sequence, 900);
            let v = view(&s, sequence, Faults::NONE);
            assert_eq!(integer.examine(&v, &mut a), back.examine(&v, &mut b));
        }
        for end in 0..bytes.len() {
            assert!(back.load(&mut postcard::Deserializer::from_bytes(&bytes[..end])).is_err(), "{end}");
            assert!(!back.is_trained());
        }
        bytes.len()
    }
    let model = train(SMALL, 900).unwrap();
    let (bytes, words) = (quantized::<i8>(&model, Quantization::Int8), quantized::<i16>(&model, Q3_12));
    // The tables of three rows against a byte more for each weight, and for the length of 144 bytes.
    assert_eq!(check(&bytes) + 24 * 3, check(&words) + 3 * 8 - 1);
    let other = postcard::to_stdvec(&words).unwrap();
    assert!(Bytes::new().load(&mut postcard::Deserializer::from_bytes(&other)).is_err());
    assert!(Words::new().load(&mut postcard::Deserializer::from_bytes(&postcard::to_stdvec(&bytes).unwrap())).is_err());
}

proptest! {
    #[test]
    fn damaged_bytes_never_panic(at in 0usize..400, bit in 0u8..8, wide: bool) {
        let model = Small::clone(&TRAINED);
        let mut bytes = if wide {
            postcard::to_stdvec(&quantized::<i16>(&model, Q3_12)).unwrap()
        } else {
            postcard::to_stdvec(&quantized::<i8>(&model, Quantization::Int8)).unwrap()
        };
        let len = bytes.len();
        bytes[at % len] ^= 1 << bit;
        let s = samples(1, 900);
        let v = view(&s, 1, Faults::NONE);
        let mut scratch = IntegerScratch::new();
        let mut d = postcard::Deserializer::from_bytes(&bytes);
        if wide {
            let mut back = Words::new();
            let _ = back.load(&mut d);
            back.examine(&v, &mut scratch);
        } else {
            let mut back = Bytes::new();
            let _ = back.load(&mut d);
            back.examine(&v, &mut scratch);
        }
    }
}

static TRAINED: std::sync::LazyLock<Small> = std::sync::LazyLock::new(|| train(SMALL, 900).unwrap());
