//! Floating-point sums over slices.

use core::arch::asm;

pub use super::float_rows::*;

/// Eight times `op`: `$a` words against s16-s23, in place.
macro_rules! low {
    ($op:literal) => {
        concat!(
            $op,
            " s0, s0, s16\n",
            $op,
            " s1, s1, s17\n",
            $op,
            " s2, s2, s18\n",
            $op,
            " s3, s3, s19\n",
            $op,
            " s4, s4, s20\n",
            $op,
            " s5, s5, s21\n",
            $op,
            " s6, s6, s22\n",
            $op,
            " s7, s7, s23\n"
        )
    };
}
macro_rules! high {
    ($op:literal) => {
        concat!(
            $op,
            " s8, s8, s16\n",
            $op,
            " s9, s9, s17\n",
            $op,
            " s10, s10, s18\n",
            $op,
            " s11, s11, s19\n",
            $op,
            " s12, s12, s20\n",
            $op,
            " s13, s13, s21\n",
            $op,
            " s14, s14, s22\n",
            $op,
            " s15, s15, s23\n"
        )
    };
}
macro_rules! square_low {
    () => {
        "vmul.f32 s0, s0, s0\nvmul.f32 s1, s1, s1\nvmul.f32 s2, s2, s2\nvmul.f32 s3, s3, s3
         vmul.f32 s4, s4, s4\nvmul.f32 s5, s5, s5\nvmul.f32 s6, s6, s6\nvmul.f32 s7, s7, s7\n"
    };
}
macro_rules! square_high {
    () => {
        "vmul.f32 s8, s8, s8\nvmul.f32 s9, s9, s9\nvmul.f32 s10, s10, s10\nvmul.f32 s11, s11, s11
         vmul.f32 s12, s12, s12\nvmul.f32 s13, s13, s13\nvmul.f32 s14, s14, s14\nvmul.f32 s15, s15, s15\n"
    };
}
macro_rules! absolute_low {
    () => {
        "vabs.f32 s0, s0\nvabs.f32 s1, s1\nvabs.f32 s2, s2\nvabs.f32 s3, s3
         vabs.f32 s4, s4\nvabs.f32 s5, s5\nvabs.f32 s6, s6\nvabs.f32 s7, s7\n"
    };
}
macro_rules! absolute_high {
    () => {
        "vabs.f32 s8, s8\nvabs.f32 s9, s9\nvabs.f32 s10, s10\nvabs.f32 s11, s11
         vabs.f32 s12, s12\nvabs.f32 s13, s13\nvabs.f32 s14, s14\nvabs.f32 s15, s15\n"
    };
}
pub(super) use {absolute_high, square_high};

/// Eight terms onto the lanes s24-s27.
macro_rules! add_low {
    () => {
        "vadd.f32 s24, s24, s0\nvadd.f32 s25, s25, s1\nvadd.f32 s26, s26, s2\nvadd.f32 s27, s27, s3
         vadd.f32 s24, s24, s4\nvadd.f32 s25, s25, s5\nvadd.f32 s26, s26, s6\nvadd.f32 s27, s27, s7\n"
    };
}
macro_rules! add_high {
    () => {
        "vadd.f32 s24, s24, s8\nvadd.f32 s25, s25, s9\nvadd.f32 s26, s26, s10\nvadd.f32 s27, s27, s11
         vadd.f32 s24, s24, s12\nvadd.f32 s25, s25, s13\nvadd.f32 s26, s26, s14\nvadd.f32 s27, s27, s15\n"
    };
}

/// One pair of slices to one sum. `$low` turns s0-s7 and s16-s23 into eight terms in s0-s7, `$high` likewise s8-s15.
macro_rules! reduce_f32 {
    ($name:ident, $low:expr, $high:expr, $four:expr, $one:expr) => {
        /// See the namesake in `portable`.
        #[inline(never)]
        pub fn $name(a: &[f32], b: &[f32]) -> f32 {
            let sum: u32;
            // SAFETY: see the head of `m4`.
            unsafe {
                asm!(
                    "vmov s24, s25, {sum}, {sum}",
                    "vmov s26, s27, {sum}, {sum}",
                    "subs {n}, {n}, #16",
                    "blo 3f",
                    "2:",
                    "vldmia {a}!, {{s0-s15}}",
                    "vldmia {b}!, {{s16-s23}}",
                    $low,
                    add_low!(),
                    "vldmia {b}!, {{s16-s23}}",
                    $high,
                    add_high!(),
                    "subs {n}, {n}, #16",
                    "bhs 2b",
                    "3:",
                    "lsls {n}, {n}, #29", // bit 3 to carry, bit 2 to sign
                    "bcc 4f",
                    "vldmia {a}!, {{s0-s7}}",
                    "vldmia {b}!, {{s16-s23}}",
                    $low,
                    add_low!(),
                    "4:",
                    "cmp {n}, #0",
                    "beq 9f",
                    "bpl 5f",
                    "vldmia {a}!, {{s0-s3}}",
                    "vldmia {b}!, {{s16-s19}}",
                    $four,
                    "vadd.f32 s24, s24, s0",
                    "vadd.f32 s25, s25, s1",
                    "vadd.f32 s26, s26, s2",
                    "vadd.f32 s27, s27, s3",
                    "5:",
                    "lsls {n}, {n}, #2", // bit 1 to carry, bit 0 to sign
                    "bcs 6f",
                    "bpl 9f",
                    "vldr s0, [{a}]",
                    "vldr s16, [{b}]",
                    $one,
                    "vadd.f32 s24, s24, s0",
                    "b 9f",
                    "6:",
                    "vldmia {a}!, {{s0-s1}}",
                    "vldmia {b}!, {{s16-s17}}",
                    $four, // the other two terms are not used
                    "vadd.f32 s24, s24, s0",
                    "vadd.f32 s25, s25, s1",
                    "cmp {n}, #0",
                    "bpl 9f",
                    "vldr s0, [{a}]",
                    "vldr s16, [{b}]",
                    $one,
                    "vadd.f32 s26, s26, s0",
                    "9:",
                    "vadd.f32 s24, s24, s25",
                    "vadd.f32 s26, s26, s27",
                    "vadd.f32 s24, s24, s26",
                    "vmov {sum}, s24",
                    a = inout(reg) a.as_ptr() => _,
                    b = inout(reg) b.as_ptr() => _,
                    n = inout(reg) a.len().min(b.len()) => _,
                    sum = inout(reg) 0u32 => sum,
                    out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _,
                    out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _,
                    out("s14") _, out("s15") _, out("s16") _, out("s17") _, out("s18") _, out("s19") _,
                    out("s20") _, out("s21") _, out("s22") _, out("s23") _, out("s24") _, out("s25") _,
                    out("s26") _, out("s27") _,
                    options(pure, readonly, nostack),
                );
            }
            f32::from_bits(sum)
        }
    };
}

reduce_f32!(
    dot_f32,
    low!("vmul.f32"),
    high!("vmul.f32"),
    "vmul.f32 s0, s0, s16\nvmul.f32 s1, s1, s17\nvmul.f32 s2, s2, s18\nvmul.f32 s3, s3, s19",
    "vmul.f32 s0, s0, s16"
);
reduce_f32!(
    squared_distance_f32,
    concat!(low!("vsub.f32"), square_low!()),
    concat!(high!("vsub.f32"), square_high!()),
    "vsub.f32 s0, s0, s16\nvsub.f32 s1, s1, s17\nvsub.f32 s2, s2, s18\nvsub.f32 s3, s3, s19
     vmul.f32 s0, s0, s0\nvmul.f32 s1, s1, s1\nvmul.f32 s2, s2, s2\nvmul.f32 s3, s3, s3",
    "vsub.f32 s0, s0, s16\nvmul.f32 s0, s0, s0"
);
reduce_f32!(
    manhattan_f32,
    concat!(low!("vsub.f32"), absolute_low!()),
    concat!(high!("vsub.f32"), absolute_high!()),
    "vsub.f32 s0, s0, s16\nvsub.f32 s1, s1, s17\nvsub.f32 s2, s2, s18\nvsub.f32 s3, s3, s19
     vabs.f32 s0, s0\nvabs.f32 s1, s1\nvabs.f32 s2, s2\nvabs.f32 s3, s3",
    "vsub.f32 s0, s0, s16\nvabs.f32 s0, s0"
);

/// See the namesake in `portable`.
#[inline(never)]
pub fn axpy_f32(s: f32, x: &[f32], y: &mut [f32]) {
    // SAFETY: see the head of `m4`.
    unsafe {
        asm!(
            "vmov s16, {s}",
            "subs {n}, {n}, #8",
            "blo 3f",
            "2:",
            "vldmia {x}!, {{s0-s7}}",
            "vldmia {y}, {{s8-s15}}",
            "vmul.f32 s0, s0, s16\nvmul.f32 s1, s1, s16\nvmul.f32 s2, s2, s16\nvmul.f32 s3, s3, s16",
            "vmul.f32 s4, s4, s16\nvmul.f32 s5, s5, s16\nvmul.f32 s6, s6, s16\nvmul.f32 s7, s7, s16",
            "vadd.f32 s8, s8, s0\nvadd.f32 s9, s9, s1\nvadd.f32 s10, s10, s2\nvadd.f32 s11, s11, s3",
            "vadd.f32 s12, s12, s4\nvadd.f32 s13, s13, s5\nvadd.f32 s14, s14, s6\nvadd.f32 s15, s15, s7",
            "vstmia {y}!, {{s8-s15}}",
            "subs {n}, {n}, #8",
            "bhs 2b",
            "3:",
            "lsls {n}, {n}, #30", // bit 2 to carry, bit 1 to sign, bit 0 below
            "bcc 4f",
            "vldmia {x}!, {{s0-s3}}",
            "vldmia {y}, {{s8-s11}}",
            "vmul.f32 s0, s0, s16\nvmul.f32 s1, s1, s16\nvmul.f32 s2, s2, s16\nvmul.f32 s3, s3, s16",
            "vadd.f32 s8, s8, s0\nvadd.f32 s9, s9, s1\nvadd.f32 s10, s10, s2\nvadd.f32 s11, s11, s3",
            "vstmia {y}!, {{s8-s11}}",
            "4:",
            "cmp {n}, #0",
            "beq 9f",
            "bpl 5f",
            "vldmia {x}!, {{s0-s1}}",
            "vldmia {y}, {{s8-s9}}",
            "vmul.f32 s0, s0, s16\nvmul.f32 s1, s1, s16",
            "vadd.f32 s8, s8, s0\nvadd.f32 s9, s9, s1",
            "vstmia {y}!, {{s8-s9}}",
            "5:",
            "lsls {n}, {n}, #1",
            "beq 9f",
            "vldr s0, [{x}]",
            "vldr s8, [{y}]",
            "vmul.f32 s0, s0, s16",
            "vadd.f32 s8, s8, s0",
            "vstr s8, [{y}]",
            "9:",
            s = in(reg) s.to_bits(),
            n = inout(reg) x.len().min(y.len()) => _,
            x = inout(reg) x.as_ptr() => _,
            y = inout(reg) y.as_mut_ptr() => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _,
            out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _,
            out("s14") _, out("s15") _, out("s16") _,
            options(nostack),
        );
    }
}

/// Correctly rounded, as `libm::sqrtf`.
#[inline(always)]
pub fn sqrt(x: f32) -> f32 {
    let root: u32;
    // SAFETY: touches its registers alone.
    unsafe {
        asm!(
            "vmov s0, {x}",
            "vsqrt.f32 s0, s0",
            "vmov {root}, s0",
            x = in(reg) x.to_bits(),
            root = lateout(reg) root,
            out("s0") _,
            options(nomem, nostack, preserves_flags),
        );
    }
    f32::from_bits(root)
}
