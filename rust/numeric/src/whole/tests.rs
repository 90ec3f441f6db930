extern crate std;
use super::*;
use crate::rng::Rng;
use proptest::prelude::*;
use std::vec;

#[test]
fn exponentials_are_within_two_steps() {
    for x in (0..20 << 16).step_by(7) {
        let exact = libm::exp2(-f64::from(x) / 65536.0) * 32768.0;
        assert!((f64::from(exp2_negative(x)) - exact).abs() <= 2.0, "{x}");
    }
    assert_eq!(exp2_negative(1 << 22), 0);
}

proptest! {
    #[test]
    fn fixed_and_real_are_what_floating_point_makes(bits: u32, shift in -100i8..=100, value: i32, point in -90i32..90) {
        let x = f32::from_bits(bits);
        let exact = f64::from(x) * libm::exp2(f64::from(shift));
        match fixed(x, shift) {
            None => prop_assert!(x.is_nan()),
            Some(v) if exact.abs() >= 2_147_483_647.0 => prop_assert_eq!(v, if x < 0.0 { -i32::MAX } else { i32::MAX }),
            Some(v) => prop_assert!((f64::from(v) - exact).abs() <= 0.5, "{} {} {}", x, shift, v),
        }
        let exact = f64::from(value) * libm::exp2(-f64::from(point));
        prop_assert!((f64::from(real(value, point)) - exact).abs() <= exact.abs() / 8_388_608.0);
    }

    #[test]
    fn roots_are_whole_parts(value: u64) {
        let (root, value) = (u128::from(root(value)), u128::from(value));
        prop_assert!(root * root <= value && (root + 1) * (root + 1) > value);
    }

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
        let own = code(&frame, &Row::Real(&[x]), 0);
        prop_assert!(near(x.into(), own, f64::from(mean.abs() * gain) * 1e-6), "{} {} {} {}", mean, gain, x, own);
        let own = code(&frame, &Row::Whole(&[whole], bits), 0);
        let x = f64::from(whole) / f64::from(1u32 << bits);
        let exact = (x - f64::from(mean)) * f64::from(gain);
        prop_assert!(exact.abs() > 1e6 || near(x, own, 0.0), "{} {} {} {}", mean, gain, x, own);
    }
}

#[test]
fn logarithms_are_rounded_down() {
    let mut rng = Rng::new(4);
    for value in (1..5000).chain((0..5000).map(|_| rng.below(u32::MAX))).chain([u32::MAX]) {
        let exact = libm::log2(value.into()) * 4096.0;
        let log = f64::from(log2(value));
        assert!(log <= exact + 1e-3 && log > exact - 1.01, "{value} {log} {exact}");
    }
    assert_eq!(log2(0), 0);
}

#[test]
fn factors_are_within_a_step_or_a_millionth() {
    let mut rng = Rng::new(3);
    for _ in 0..20_000 {
        let f = libm::exp2f((rng.next_normal() * 8.0).clamp(-30.0, 30.0));
        let x = rng.below(u32::MAX) >> rng.below(32);
        let exact = f64::from(x) * f64::from(f);
        let found = scaled(x, factor(f).unwrap());
        let near = (f64::from(found) - exact).abs() <= 1.0 + exact * 1e-6;
        assert!(near || (found == u32::MAX && exact >= 2_147_483_600.0), "{x} {f} {found}");
    }
    assert_eq!([0.0, -1.0, f32::NAN, f32::INFINITY, 1e20, 1e-20].map(factor), [None; 6]);
}

#[test]
fn a_frame_out_of_range_is_none_and_one_without_gain_gives_nothing() {
    for (mean, gain) in [(f32::NAN, 1.0), (0.0, f32::INFINITY), (0.0, -1.0), (1e9, 1.0), (0.0, 1e35), (0.0, 1e-38)] {
        assert_eq!(frame(mean, gain), None, "{mean} {gain}");
    }
    assert_eq!(code(&frame(5.0, 0.0).unwrap(), &Row::Real(&[1e30]), 0), 0);
    assert_eq!(code(&frame(5.0, 3.0).unwrap(), &Row::Real(&[f32::NAN]), 0), 0);
    assert!(code(&frame(5.0, 3.0).unwrap(), &Row::Real(&[f32::NEG_INFINITY]), 0) < -(1 << 20));
    assert!(!Row::Real(&[1.0, f32::NAN]).is_finite() && Row::Real(&[f32::MAX]).is_finite());
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
            let over = encode(width, &frames, &Row::Real(&a), &mut x);
            encode(width, &frames, &Row::Real(&b), &mut rows[..words]);
            rows.copy_within(..words, words);
            let kept = |x: f32| i64::from((x as i32).clamp(-top - 1, top));
            let expected: u32 = a.iter().map(|x| (*x as i64).abs_diff(kept(*x)) as u32).sum();
            assert_eq!(over, expected);
            assert_eq!(beyond(width, &frames, &Row::Real(&a), &x), 0);
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
