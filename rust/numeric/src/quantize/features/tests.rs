extern crate std;
use super::*;
use crate::rng::Rng;
use proptest::prelude::*;
use std::vec;

proptest! {
    #[test]
    fn codes_are_rounded_standardised_features(
        mean in -1e6f32..1e6, gain in 1e-3f32..100.0, z in -200.0f32..200.0, whole: i16, bits in 0u8..=15,
    ) {
        let Some(frame) = frame(mean, gain) else { return Ok(()) };
        let x = mean + z / gain;
        // Near, as x is rounded to what an f32 holds.
        let near = |x: f64, code: i32, slack: f64| {
            let exact = (x - f64::from(mean)) * f64::from(gain);
            (f64::from(code) - exact).abs() <= 0.6 + exact.abs() * 1e-6 + slack
        };
        let own = code(&frame, &FeatureRow::Float(&[x]), 0);
        prop_assert!(near(x.into(), own, f64::from(mean.abs() * gain) * 1e-6), "{} {} {} {}", mean, gain, x, own);
        let own = code(&frame, &FeatureRow::FixedPoint(&[whole], bits), 0);
        let x = f64::from(whole) / f64::from(1u32 << bits);
        let exact = (x - f64::from(mean)) * f64::from(gain);
        prop_assert!(exact.abs() > 1e6 || near(x, own, 0.0), "{} {} {} {}", mean, gain, x, own);
    }
}

#[test]
fn a_frame_out_of_range_is_none_and_one_without_gain_gives_nothing() {
    for (mean, gain) in [(f32::NAN, 1.0), (0.0, f32::INFINITY), (0.0, -1.0), (1e9, 1.0), (0.0, 1e35), (0.0, 1e-38)] {
        assert_eq!(frame(mean, gain), None, "{mean} {gain}");
    }
    assert_eq!(code(&frame(5.0, 0.0).unwrap(), &FeatureRow::Float(&[1e30]), 0), 0);
    assert_eq!(code(&frame(5.0, 3.0).unwrap(), &FeatureRow::Float(&[f32::NAN]), 0), 0);
    assert!(code(&frame(5.0, 3.0).unwrap(), &FeatureRow::Float(&[f32::NEG_INFINITY]), 0) < -(1 << 20));
    assert!(!FeatureRow::Float(&[1.0, f32::NAN]).is_finite() && FeatureRow::Float(&[f32::MAX]).is_finite());
}

#[test]
fn distances_are_sums_over_features_in_either_width() {
    let mut rng = Rng::new(1);
    for (width, top) in [(Width::Byte, 127), (Width::Half, 32767)] {
        for features in [1, 2, 3, 4, 5, 24, 31] {
            let words = width.row_words(features);
            let frames = [0, 0x7f_ffff << 8 | 5].repeat(features);
            // A gain of 1.
            let row = |rng: &mut Rng| -> vec::Vec<f32> {
                (0..features).map(|_| (rng.below(2 * top as u32 + 80) as f32) - top as f32 - 40.0).collect()
            };
            let (a, b) = (row(&mut rng), row(&mut rng));
            let (mut x, mut rows) = (vec![7; words], vec![9; 2 * words]);
            let over = encode(width, &frames, &FeatureRow::Float(&a), &mut x);
            encode(width, &frames, &FeatureRow::Float(&b), &mut rows[..words]);
            rows.copy_within(..words, words);
            let kept = |x: f32| i64::from((x as i32).clamp(-top - 1, top));
            let expected: u32 = a.iter().map(|x| (*x as i64).abs_diff(kept(*x)) as u32).sum();
            assert_eq!(over, expected);
            assert_eq!(beyond(width, &frames, &FeatureRow::Float(&a), &x), 0);
            let differences = || a.iter().zip(&b).map(|(a, b)| kept(*a).abs_diff(kept(*b)));
            let mut keys = [0; 2];
            distances(width, Measure::Manhattan, &x, &rows, &mut keys);
            assert_eq!(keys, [differences().sum::<u64>() as u32; 2]);
            let shift = if width == Width::Half { 8 } else { 0 };
            distances(width, Measure::Squares(shift), &x, &rows, &mut keys);
            let squares = differences().map(|d| d * d).sum::<u64>() >> shift;
            assert_eq!(keys, [squares.min(u32::MAX.into()) as u32; 2]);
        }
    }
}
