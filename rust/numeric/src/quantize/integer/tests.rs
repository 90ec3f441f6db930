use super::*;
use crate::rng::Rng;
use proptest::prelude::*;

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
    fn integers_and_floats_are_what_floating_point_makes(bits: u32, shift in -100i8..=100, value: i32, point in -90i32..90) {
        let x = f32::from_bits(bits);
        let exact = f64::from(x) * libm::exp2(f64::from(shift));
        match to_integer(x, shift) {
            None => prop_assert!(x.is_nan()),
            Some(v) if exact.abs() >= 2_147_483_647.0 => prop_assert_eq!(v, if x < 0.0 { -i32::MAX } else { i32::MAX }),
            Some(v) => prop_assert!((f64::from(v) - exact).abs() <= 0.5, "{} {} {}", x, shift, v),
        }
        let exact = f64::from(value) * libm::exp2(-f64::from(point));
        prop_assert!((f64::from(to_float(value, point)) - exact).abs() <= exact.abs() / 8_388_608.0);
    }

    #[test]
    fn roots_are_whole_parts(value: u64) {
        let (root, value) = (u128::from(root(value)), u128::from(value));
        prop_assert!(root * root <= value && (root + 1) * (root + 1) > value);
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
