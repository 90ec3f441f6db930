//! Sine and cosine of a fraction of a turn, in `f32` alone: `libm`'s compute in double precision, which a core without it
//! spends thousands of instructions on.

/// Sine and cosine of 2π·`turns`, each within 2·10⁻⁷; `turns` from -2²⁰ to 2²⁰. Polynomials of Cephes (Moshier, `sinf.c`) on an
/// eighth of a turn.
#[inline(never)]
pub fn sin_cos(turns: f32) -> (f32, f32) {
    // The nearest quarter, and what is left.
    let quarter = libm::floorf(turns * 4.0 + 0.5);
    let a = (turns - 0.25 * quarter) * core::f32::consts::TAU;
    let z = a * a;
    let sine = ((-1.951_529_6e-4 * z + 8.332_161e-3) * z - 1.666_665_5e-1) * z * a + a;
    let cosine = ((2.443_315_7e-5 * z - 1.388_731_6e-3) * z + 4.166_664_6e-2) * z * z - 0.5 * z + 1.0;
    match quarter as i32 & 3 {
        0 => (sine, cosine),
        1 => (cosine, -sine),
        2 => (-sine, -cosine),
        _ => (-cosine, sine),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_near_the_exact_functions() {
        for i in -4000..4000i32 {
            let turns = i as f32 / 1000.0;
            let (sine, cosine) = sin_cos(turns);
            let angle = f64::from(turns) * core::f64::consts::TAU;
            assert!((f64::from(sine) - libm::sin(angle)).abs() < 2e-7, "{turns}");
            assert!((f64::from(cosine) - libm::cos(angle)).abs() < 2e-7, "{turns}");
        }
    }
}
