extern crate std;
use super::*;
use crate::Params;
use hone_learn::Settings;
use hone_numeric::quantize::Fixed;
use hone_numeric::rng::Rng;
use std::boxed::Box;
use std::vec::Vec;

const D: usize = 12;
type Big = Model<6000>;
type BigQuantized = QuantizedModel<4000>;

fn row(rng: &mut Rng, class: u16) -> [i16; D] {
    core::array::from_fn(|j| {
        let centre = f32::from((class * 7 + j as u16 * 3) % 5) * 300.0;
        (centre + rng.next_normal() * 450.0) as i16
    })
}

fn trained(settings: &[(&str, &str)]) -> Box<Big> {
    let mut params = Params::default();
    for (name, text) in settings {
        params.set_text(name, text).unwrap();
    }
    let mut model = Box::new(Big::new());
    model.begin(&params.fitted(D, 6000).check(D, 6000).unwrap()).unwrap();
    let (mut rng, mut scratch) = (Rng::new(3), [0; D]);
    for i in 0..600 {
        model.learn(&row(&mut rng, i % 5).map(f32::from), ClassId(i % 5), &mut scratch).unwrap();
    }
    model
}

fn quantized(model: &Big, precision: Precision) -> Result<Box<BigQuantized>, QuantizeError> {
    let mut words = [7; 4000];
    model.quantize(precision, &mut words)?;
    let mut quantized = Box::new(BigQuantized::new());
    quantized.take(&words).unwrap();
    Ok(quantized)
}

fn q(whole: u8, fraction: u8) -> Precision {
    Precision::Fixed(Fixed::q(whole, fraction).unwrap())
}

#[test]
fn decides_as_the_model_that_it_was_made_of() {
    let settings =
        [("metric", "manhattan"), ("metric", "euclidean"), ("fallback", "on"), ("algorithm", "rce"), ("rivalry", "0")];
    let stores: &[_] = if cfg!(feature = "wide") { &["8-bit", "16-bit", "f32"] } else { &["8-bit"] };
    for store in stores.iter().copied() {
        for setting in settings {
            let model = trained(&[("store", store), setting]);
            for (precision, least) in [(Precision::Int8, 990), (q(3, 12), 995), (q(4, 8), 995)] {
                let quantized = quantized(&model, precision).unwrap();
                let (mut rng, mut words, mut scratch) = (Rng::new(8), [0; D], [0.0; D]);
                let (mut same, mut right, mut unknown, mut worst) = (0, [0; 2], 0, 0.0f32);
                for i in 0..1000 {
                    // One in ten is of no class.
                    let x =
                        if i % 10 == 9 { row(&mut rng, 0).map(|v| v.saturating_mul(3)) } else { row(&mut rng, i % 5) };
                    let exact = model.infer(&x.map(f32::from), &mut words).unwrap();
                    let close = quantized.infer(&FeatureRow::FixedPoint(&x, 0), &mut scratch).unwrap();
                    assert_eq!(Some(close), quantized.infer(&FeatureRow::Float(&x.map(f32::from)), &mut scratch));
                    same += u32::from(close.verdict.decision == exact.verdict.decision);
                    right[0] += u32::from(exact.verdict.decision == Decision::Class(ClassId(i % 5)));
                    right[1] += u32::from(close.verdict.decision == Decision::Class(ClassId(i % 5)));
                    unknown += u32::from(close.verdict.decision == Decision::Unknown);
                    // What is beyond the range of 8 bits adds to a distance there, and is squared with the rest in 16.
                    let inside = if i % 10 == 9 { 0.0 } else { 1.0 };
                    worst = worst.max(inside * (close.verdict.score / exact.verdict.score - 1.0).abs());
                }
                std::println!("{store} {setting:?} {precision:?}: {same} {right:?} {unknown} {worst}");
                // From 8 bits to 8 bits codes and keys are the same.
                let (least, bound) = match precision {
                    Precision::Int8 if store == "8-bit" => (998, 0.03),
                    Precision::Int8 => (least, 0.06),
                    Precision::Fixed(_) => (least, 0.04),
                };
                assert!(same >= least && worst < bound, "{store} {setting:?} {precision:?} {same} {right:?} {worst}");
                assert!(right[1] > 500 && (setting.0 == "fallback" || unknown > 20), "{right:?} {unknown}");
            }
        }
    }
}

#[test]
fn is_stored_and_read_again_to_the_same_bits() {
    let model = trained(&[]);
    for precision in [Precision::Int8, q(0, 15), q(3, 12), q(15, 0)] {
        let quantized = quantized(&model, precision).unwrap();
        let bytes = postcard::to_allocvec(&*quantized).unwrap();
        let mut back = BigQuantized::new();
        let load =
            |back: &mut BigQuantized, bytes: &[u8]| back.load(&mut postcard::Deserializer::from_bytes(bytes)).is_ok();
        assert!(load(&mut back, &bytes));
        assert_eq!((back.precision(), postcard::to_allocvec(&back).unwrap()), (Some(precision), bytes.clone()));
        let mut scratch = [0.0; D];
        let x = row(&mut Rng::new(1), 2);
        assert_eq!(
            back.infer(&FeatureRow::FixedPoint(&x, 0), &mut scratch),
            quantized.infer(&FeatureRow::FixedPoint(&x, 0), &mut scratch)
        );
        for length in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
            assert!(!load(&mut back, &bytes[..length]), "{length}");
            assert_eq!((back.precision(), back.infer(&FeatureRow::FixedPoint(&x, 0), &mut scratch)), (None, None));
        }
        let whole = postcard::to_allocvec(&*model).unwrap().len();
        std::println!("{precision:?}: {} bytes of {whole}", bytes.len());
    }
}

#[test]
fn what_cannot_be_quantized_is_said() {
    let mut words = [0; 4000];
    assert_eq!(Big::new().quantize(Precision::Int8, &mut words), Err(QuantizeError::NotBegun));
    if cfg!(feature = "hamming") {
        let hamming = trained(&[("metric", "hamming")]);
        assert_eq!(hamming.quantize(Precision::Int8, &mut words), Err(QuantizeError::Setting("metric")));
    }
    let model = trained(&[]);
    let used = model.quantize(Precision::Int8, &mut words).unwrap();
    let needed = quantized_words(model.prototypes(), D) * 4;
    assert_eq!(used * 4, needed + 20);
    let shortage = Shortage { needed: needed + 20, available: 400 };
    assert_eq!(model.quantize(Precision::Int8, &mut words[..100]), Err(QuantizeError::Capacity(shortage)));
    assert_eq!(QuantizedModel::<100>::new().take(&words), Err(Shortage { needed, available: 400 }));
}

#[test]
fn one_that_has_learnt_nothing_knows_nothing() {
    let mut model = Box::new(Big::new());
    model.begin(&Params::default().fitted(D, 6000).check(D, 6000).unwrap()).unwrap();
    let quantized = quantized(&model, Precision::Int8).unwrap();
    let answer = quantized.infer(&FeatureRow::FixedPoint(&[0; D], 0), &mut [0.0; D]).unwrap();
    assert_eq!((answer.verdict.decision, answer.nearest), (Decision::Unknown, None));
    let mut scratch = [0.0; D];
    let words: Vec<usize> = [D - 1, D + 1].into();
    for width in words {
        assert_eq!(quantized.infer(&FeatureRow::Float(&[0.0; D + 1][..width]), &mut scratch), None);
    }
}
