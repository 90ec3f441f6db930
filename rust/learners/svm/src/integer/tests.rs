extern crate std;
use super::*;
use crate::{KernelKind, LAYOUT, LAYOUT_INTEGER, Model, Params, QuantizeError, Shape, Trainer, required, scratch_len};
use hone_learn::{ClassId, Decision, Format, Progress, TrainingSet};
use hone_numeric::quantize::Fixed;
use hone_numeric::quantize::features::FeatureRow;
use hone_numeric::rng::Rng;
use std::boxed::Box;
use std::vec;
use std::vec::Vec;

const D: usize = 6;
const ROWS: usize = 160;
type Big = Model<8192>;

/// A row of features of very different scales, far from zero; classes overlap.
fn row(rng: &mut Rng, class: u16) -> [f32; D] {
    core::array::from_fn(|j| {
        let centre = f32::from((class * 3 + j as u16 * 2) % 5) * 0.9;
        (rng.next_normal() + centre + 20.0) * [200.0, 1.0, 0.01, 30.0, 3000.0, 5.0][j]
    })
}

fn trained(kernel: KernelKind, format: Format, classes: u16) -> Box<Big> {
    let mut rng = Rng::new(5);
    let mut set = Box::new(TrainingSet::<{ ROWS * D }, ROWS, D>::new());
    set.edit().clear(format, D).unwrap();
    for i in 0..ROWS as u16 {
        // Without a label: novelty.
        let label = (classes > 0).then_some(ClassId(3 + i % classes.max(1)));
        set.edit().push(&row(&mut rng, i % classes.max(1)), label).unwrap();
    }
    let shape = Shape { rows: ROWS, features: D };
    let checked = Params { kernel: Some(kernel), ..Params::default() }.check(shape).unwrap();
    let mut workspace = vec![0u32; required(&checked, shape) / 4];
    let (mut trainer, mut model) = (Trainer::new(checked), Box::new(Big::new()));
    while let Progress::Running { .. } = trainer.step(set.view(), &mut workspace, model.edit(), 10_000).unwrap() {}
    model
}

fn q(whole: u8, fraction: u8) -> Precision {
    Precision::Fixed(Fixed::q(whole, fraction).unwrap())
}

/// Of 1000 rows: how many are decided alike, how many rightly in either form, and the largest deviation of a value.
fn agreement(source: &Big, integer: &Big, classes: u16) -> (usize, [usize; 2], f32) {
    let mut rng = Rng::new(9);
    let (mut same, mut right, mut worst) = (0, [0; 2], 0.0f32);
    for i in 0..1000 {
        let x = row(&mut rng, i % classes.max(1));
        let (mut a, mut b) = ([0.0; scratch_len(8, D)], [0.0; scratch_len(8, D)]);
        let verdicts = [source.infer(&x, &mut a), integer.infer(&x, &mut b)];
        same += usize::from(verdicts[0].decision == verdicts[1].decision);
        for (right, verdict) in right.iter_mut().zip(verdicts) {
            let truth = if classes > 0 { Decision::Class(ClassId(3 + i % classes)) } else { Decision::Normal };
            *right += usize::from(verdict.decision == truth);
        }
        let values =
            source.view().decisions(&x, &mut a).unwrap().iter().zip(integer.view().decisions(&x, &mut b).unwrap());
        worst = values.fold(worst, |w, (a, b)| w.max((a - b).abs()));
        // A score is a decision value.
        let score = integer.infer(&x, &mut b).score.abs();
        assert!(integer.view().decisions(&x, &mut b).unwrap().iter().any(|f| f.abs() == score));
    }
    (same, right, worst)
}

#[test]
fn decides_as_in_floating_point() {
    for (kernel, classes) in [
        (KernelKind::Linear, 2),
        (KernelKind::Linear, 5),
        (KernelKind::Rbf, 2),
        (KernelKind::Rbf, 5),
        (KernelKind::Rbf, 0),
    ] {
        for format in [Format::F32, Format::I16, Format::I8] {
            let source = trained(kernel, format, classes);
            for (precision, alike, deviation) in
                [(Precision::Int8, 995, 0.4), (q(3, 12), 997, 0.02), (q(5, 10), 995, 0.05)]
            {
                let mut integer = Box::new(Big::new());
                integer.edit().quantize(source.view(), precision).unwrap();
                assert_eq!(integer.view().precision(), Some(precision));
                // What it is off on average is taken away, on rows of its own.
                let mut rng = Rng::new(77);
                let (mut a, mut b) = ([0.0; scratch_len(8, D)], [0.0; scratch_len(8, D)]);
                let mut mean = vec![0.0; source.head.pairs()];
                for i in 0..100 {
                    let x = row(&mut rng, i % classes.max(1));
                    let (a, b) =
                        (source.view().decisions(&x, &mut a).unwrap(), integer.view().decisions(&x, &mut b).unwrap());
                    mean.iter_mut().zip(a.iter().zip(b)).for_each(|(m, (a, b))| *m += (a - b) / 100.0);
                }
                assert!(integer.edit().shift(&mean) && !source.clone().edit().shift(&mean));
                let (same, right, worst) = agreement(&source, &integer, classes);
                let bytes = [source.view().used() * 4, integer.view().used() * 4];
                std::println!("{kernel:?} {classes} {format:?} {precision:?}: {same} {right:?} {worst} {bytes:?}");
                assert!(
                    same >= alike && worst < deviation,
                    "{kernel:?} {classes} {format:?} {precision:?} {same} {worst}"
                );
                assert!(right[0].abs_diff(right[1]) <= 8);
            }
        }
    }
}

#[test]
fn whole_rows_are_judged_as_the_same_numbers_in_floating_point() {
    let mut rng = Rng::new(2);
    for kernel in [KernelKind::Linear, KernelKind::Rbf] {
        let source = trained(kernel, Format::F32, 5);
        for precision in [Precision::Int8, q(3, 12)] {
            let mut integer = Box::new(Big::new());
            integer.edit().quantize(source.view(), precision).unwrap();
            for _ in 0..200 {
                let x: [i16; D] =
                    core::array::from_fn(|j| (rng.next_normal() * [4000.0, 20.0, 1.0, 600.0, 9000.0, 90.0][j]) as i16);
                let (mut a, mut b) = ([0.0; scratch_len(8, D)], [0.0; scratch_len(8, D)]);
                let verdict = integer.view().infer_row(&FeatureRow::FixedPoint(&x, 3), &mut a);
                // Negative halves are rounded up as integers, down as floating point: by a last bit at most.
                let real = integer.infer(&x.map(|v| f32::from(v) / 8.0), &mut b);
                assert_eq!(verdict.decision, real.decision);
                assert!((verdict.score - real.score).abs() < 0.02, "{verdict:?} {real:?}");
            }
            let mut scratch = [0.0; scratch_len(8, D)];
            assert_eq!(
                source.view().infer_row(&FeatureRow::FixedPoint(&[0; D], 0), &mut scratch).decision,
                Decision::Unknown
            );
        }
    }
}

fn encoded(model: &Big) -> Vec<u8> {
    postcard::to_slice(model, &mut [0; 40_000]).unwrap().to_vec()
}

#[test]
fn is_stored_and_read_again_to_the_same_bits() {
    for (kernel, classes) in
        [(KernelKind::Linear, 2), (KernelKind::Linear, 5), (KernelKind::Rbf, 0), (KernelKind::Rbf, 5)]
    {
        let source = trained(kernel, Format::I16, classes);
        assert_eq!(source.view().layout(), LAYOUT);
        for precision in [Precision::Int8, q(0, 15), q(3, 12), q(15, 0)] {
            let mut integer = Box::new(Big::new());
            integer.edit().quantize(source.view(), precision).unwrap();
            assert_eq!(integer.view().layout(), LAYOUT_INTEGER);
            let bytes = encoded(&integer);
            let mut back = Box::new(Big::new());
            let mut de = postcard::Deserializer::from_bytes(&bytes);
            back.load(&mut de).unwrap();
            assert_eq!(encoded(&back), bytes);
            assert_eq!(back.view().precision(), Some(precision));
            let (same, _, worst) = agreement(&integer, &back, classes);
            assert_eq!((same, worst), (1000, 0.0));
            // Cut off anywhere it is refused, and the target holds nothing.
            for length in 0..bytes.len() {
                let mut de = postcard::Deserializer::from_bytes(&bytes[..length]);
                assert!(back.load(&mut de).is_err(), "{length}");
                assert_eq!(back.view().task(), crate::Task::Untrained);
            }
        }
    }
}

#[test]
fn what_cannot_be_put_into_integers_is_said() {
    let mut integer = Box::new(Big::new());
    assert_eq!(integer.edit().quantize(Big::new().view(), Precision::Int8), Err(QuantizeError::Untrained));
    for kernel in [KernelKind::Poly, KernelKind::Sigmoid] {
        let source = trained(kernel, Format::I16, 2);
        assert_eq!(integer.edit().quantize(source.view(), Precision::Int8), Err(QuantizeError::Kernel(kernel)));
    }
    let source = trained(KernelKind::Rbf, Format::I16, 5);
    integer.edit().quantize(source.view(), Precision::Int8).unwrap();
    let mut again = Box::new(Big::new());
    assert_eq!(again.edit().quantize(integer.view(), Precision::Int8), Err(QuantizeError::Packed));
    let needed = integer.view().used() * 4;
    let mut small = Model::<40>::new();
    let error = small.edit().quantize(source.view(), Precision::Int8).unwrap_err();
    assert_eq!(error, QuantizeError::Capacity(hone_learn::Shortage { needed, available: 160 }));
    assert_eq!(small.view().task(), crate::Task::Untrained);
    // Averaging with a model in integers changes nothing.
    let mut linear = trained(KernelKind::Linear, Format::F32, 2);
    integer.edit().quantize(linear.view(), Precision::Int8).unwrap();
    let before = encoded(&linear);
    assert!(!linear.edit().average(integer.view(), 0.5) && !integer.edit().average(linear.view(), 0.5));
    assert_eq!(encoded(&linear), before);
}

#[test]
fn rows_of_another_width_and_what_is_not_finite_are_unknown() {
    for kernel in [KernelKind::Linear, KernelKind::Rbf] {
        let mut integer = Box::new(Big::new());
        integer.edit().quantize(trained(kernel, Format::I16, 5).view(), Precision::Int8).unwrap();
        let mut scratch = [0.0; scratch_len(5, D)];
        for x in [&[0.0; D - 1][..], &[0.0; D + 1], &[f32::NAN; D], &[0.0, 0.0, f32::INFINITY, 0.0, 0.0, 0.0]] {
            assert_eq!(integer.infer(x, &mut scratch).decision, Decision::Unknown);
            assert!(integer.view().decisions(x, &mut scratch).is_none());
        }
        assert_eq!(integer.infer(&[0.0; D], &mut scratch[..9]).decision, Decision::Unknown);
        assert_ne!(integer.infer(&[0.0; D], &mut scratch).decision, Decision::Unknown);
    }
}
