//! Quantiles of the normal and of Student's distribution, in `f32`.

use crate::kernel::sqrt_f32;
use libm::{expf, logf};

/// c₀ + c₁·x + c₂·x² + …
fn polynomial<const N: usize>(x: f32, coefficients: [f32; N]) -> f32 {
    coefficients.iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// The value that a standard normal variable exceeds with probability `tail`, 0 < tail ≤ 1/2; Wichura, "Algorithm AS 241",
/// Applied Statistics 37, 1988, routine PPND7: seven digits.
pub fn normal_quantile(tail: f32) -> f32 {
    let q = 0.5 - tail;
    if q <= 0.425 {
        let r = 0.180_625 - q * q;
        return q * polynomial(r, [3.387_132_7, 50.434_272, 159.291_13, 59.109_375])
            / polynomial(r, [1.0, 17.895_17, 78.757_76, 67.187_56]);
    }
    let r = sqrt_f32(-logf(tail));
    if r <= 5.0 {
        let r = r - 1.6;
        polynomial(r, [1.423_437_3, 2.756_815_4, 1.306_728_5, 0.170_238_21])
            / polynomial(r, [1.0, 0.737_001_64, 0.120_211_33])
    } else {
        let r = r - 5.0;
        polynomial(r, [6.657_905, 3.081_226_4, 0.428_682_94, 0.017_337_204])
            / polynomial(r, [1.0, 0.241_978_94, 0.012_258_203])
    }
}

/// The value that a variable of Student's distribution with `freedom` degrees of freedom, whole or not, exceeds in magnitude
/// with probability `both`, 10⁻⁴ ≤ both < 1; Hill, "Algorithm 396", Communications of the ACM 13, 1970. Fewer than three
/// degrees are beyond it: there the logarithm is interpolated in 1/freedom between the closed forms for one and two and
/// Hill's for three, at most 4 % too wide. Fewer than one count as one.
#[inline(never)]
pub fn t_quantile(freedom: f32, both: f32) -> f32 {
    if freedom >= 3.0 {
        return hill(freedom, both);
    }
    let two = sqrt_f32(2.0 / (both * (2.0 - both)) - 2.0);
    // What is interpolated, and how far 1/freedom is on the way from the more degrees to the fewer.
    let (more, fewer, part) = if freedom >= 2.0 {
        (hill(3.0, both), two, 6.0 / freedom - 2.0)
    } else {
        // tan(π/2·(1 - both)) is the cotangent of a quarter turn's part `both`.
        let (sine, cosine) = crate::turn::sin_cos(0.25 * both);
        (two, cosine / sine, 2.0 / if freedom > 1.0 { freedom } else { 1.0 } - 1.0)
    };
    let (more, fewer) = (logf(more), logf(fewer));
    expf(more + (fewer - more) * part)
}

fn hill(n: f32, both: f32) -> f32 {
    let a = 1.0 / (n - 0.5);
    let b = 48.0 / (a * a);
    let mut c = ((20_700.0 * a / b - 98.0) * a - 16.0) * a + 96.36;
    let d = ((94.5 / (b + c) - 3.0) / b + 1.0) * sqrt_f32(a * core::f32::consts::FRAC_PI_2) * n;
    let mut y = expf(logf(d * both) * 2.0 / n);
    if y > 0.05 + a {
        let x = -normal_quantile(0.5 * both);
        y = x * x;
        if n < 5.0 {
            c += 0.3 * (n - 4.5) * (x + 0.6);
        }
        c += (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b;
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x;
        y = a * y * y;
        // e^y - 1.
        y = if y > 0.1 { expf(y) - 1.0 } else { ((y / 24.0 + 1.0 / 6.0) * y + 0.5) * y * y + y };
    } else {
        y = ((1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0) + 0.5 / (n + 4.0)) * y - 1.0)
            * ((n + 1.0) / (n + 2.0))
            + 1.0 / y;
    }
    sqrt_f32(n * y)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By scipy.stats.t.isf(both / 2, freedom).
    const FREEDOM: [f32; 11] = [1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.5, 10.0, 30.0, 200.0, 1e5];
    const TABLE: [(f32, [f32; 11]); 6] = [
        (
            0.5,
            [
                1.0, 0.8725947, 0.8164966, 0.7850137, 0.7648923, 0.7406971, 0.7216866, 0.6998121, 0.6827557, 0.6757184,
                0.6744922,
            ],
        ),
        (
            0.1,
            [
                6.313752, 3.705181, 2.919986, 2.558219, 2.353363, 2.131847, 1.97528, 1.812461, 1.697261, 1.652508,
                1.644869,
            ],
        ),
        (
            0.05,
            [
                12.7062, 6.016663, 4.302653, 3.574655, 3.182446, 2.776445, 2.501859, 2.228139, 2.042272, 1.971896,
                1.959988,
            ],
        ),
        (
            0.01,
            [
                63.65674, 17.82031, 9.924843, 7.163728, 5.840909, 4.604095, 3.849911, 3.169273, 2.749996, 2.600634,
                2.575878,
            ],
        ),
        (
            0.001,
            [
                636.6192, 82.84745, 31.59905, 18.27789, 12.92398, 8.610302, 6.350818, 4.586894, 3.645959, 3.339835,
                3.290624,
            ],
        ),
        (
            0.0001,
            [
                6366.198, 384.5724, 99.9925, 46.02422, 28.00013, 15.5441, 9.967862, 6.211051, 4.482417, 3.970497,
                3.890749,
            ],
        ),
    ];

    #[test]
    fn student_is_as_scipy_has_it() {
        for (both, row) in TABLE {
            for (freedom, want) in FREEDOM.into_iter().zip(row) {
                let ours = t_quantile(freedom, both);
                let whole = freedom >= 3.0 || freedom.fract() == 0.0;
                let within = if whole { 1.5e-3 } else { 0.045 };
                assert!((ours / want - 1.0).abs() < within, "{freedom} {both}: {ours} for {want}");
                assert!(whole || ours > want * 0.999, "{freedom} {both}: {ours} for {want}");
            }
        }
        assert_eq!(t_quantile(0.2, 0.05), t_quantile(1.0, 0.05));
    }

    #[test]
    fn normal_is_as_scipy_has_it() {
        for (tail, want) in [
            (0.5, 0.0),
            (0.25, 0.674_489_75),
            (0.025, 1.959_964),
            (0.000_05, 3.890_592),
            (1e-12, 7.034_484),
            (1e-30, 11.464_024),
        ] {
            assert!((normal_quantile(tail) - want).abs() < 2e-6 * (1.0 + want), "{tail}: {}", normal_quantile(tail));
        }
    }
}
