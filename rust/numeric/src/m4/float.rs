//! Floating-point sums over slices.

use core::arch::asm;

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

/// Eight terms of one row: the row's in s8-s15 against s0-s7, onto lanes `$l0`-`$l3`.
macro_rules! row_eight {
    ($first:expr, $row:literal, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {",
            $row,
            "}!, {{s8-s15}}\n",
            $first,
            "vadd.f32 ",
            $l0,
            ", ",
            $l0,
            ", s8\nvadd.f32 ",
            $l1,
            ", ",
            $l1,
            ", s9\n",
            "vadd.f32 ",
            $l2,
            ", ",
            $l2,
            ", s10\nvadd.f32 ",
            $l3,
            ", ",
            $l3,
            ", s11\n",
            "vadd.f32 ",
            $l0,
            ", ",
            $l0,
            ", s12\nvadd.f32 ",
            $l1,
            ", ",
            $l1,
            ", s13\n",
            "vadd.f32 ",
            $l2,
            ", ",
            $l2,
            ", s14\nvadd.f32 ",
            $l3,
            ", ",
            $l3,
            ", s15\n",
        )
    };
}
/// Four terms of one row.
macro_rules! row_four {
    ($first:expr, $row:literal, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {",
            $row,
            "}!, {{s8-s11}}\n",
            $first,
            "vadd.f32 ",
            $l0,
            ", ",
            $l0,
            ", s8\nvadd.f32 ",
            $l1,
            ", ",
            $l1,
            ", s9\n",
            "vadd.f32 ",
            $l2,
            ", ",
            $l2,
            ", s10\nvadd.f32 ",
            $l3,
            ", ",
            $l3,
            ", s11\n",
        )
    };
}
/// One term of each of the four rows, onto the lanes named.
macro_rules! rows_one {
    ($one:expr, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {x}!, {{s0}}\n",
            "vldmia {r0}!, {{s8}}\n",
            $one,
            "vadd.f32 ",
            $l0,
            ", ",
            $l0,
            ", s8\n",
            "vldmia {r1}!, {{s8}}\n",
            $one,
            "vadd.f32 ",
            $l1,
            ", ",
            $l1,
            ", s8\n",
            "vldmia {r2}!, {{s8}}\n",
            $one,
            "vadd.f32 ",
            $l2,
            ", ",
            $l2,
            ", s8\n",
            "vldmia {r3}!, {{s8}}\n",
            $one,
            "vadd.f32 ",
            $l3,
            ", ",
            $l3,
            ", s8\n",
        )
    };
}
macro_rules! rows_eight {
    ($eight:expr) => {
        concat!(
            "vldmia {x}!, {{s0-s7}}\n",
            row_eight!($eight, "r0", "s16", "s17", "s18", "s19"),
            row_eight!($eight, "r1", "s20", "s21", "s22", "s23"),
            row_eight!($eight, "r2", "s24", "s25", "s26", "s27"),
            row_eight!($eight, "r3", "s28", "s29", "s30", "s31"),
        )
    };
}

/// One vector against the rows of a matrix, four rows at a time: what is loaded of the vector serves all four.
macro_rules! rows_f32 {
    ($name:ident, $fours:ident, $single:ident, $eight:expr, $four:expr, $one:expr) => {
        /// See the namesake in `portable`.
        #[inline(always)]
        pub fn $fours(x: &[f32], [r0, r1, r2, r3]: [&[f32]; 4], out: &mut [f32; 4]) {
            let n = x.len().min(r0.len()).min(r1.len()).min(r2.len()).min(r3.len());
            {
                // SAFETY: see the head of `m4`; all have at least `n` elements.
                unsafe {
                    asm!(
                        "vmov s16, s17, {zero}, {zero}",
                        "vmov s18, s19, {zero}, {zero}",
                        "vmov s20, s21, {zero}, {zero}",
                        "vmov s22, s23, {zero}, {zero}",
                        "vmov s24, s25, {zero}, {zero}",
                        "vmov s26, s27, {zero}, {zero}",
                        "vmov s28, s29, {zero}, {zero}",
                        "vmov s30, s31, {zero}, {zero}",
                        "subs {n}, {n}, #16",
                        "blo 3f",
                        "2:",
                        rows_eight!($eight),
                        rows_eight!($eight),
                        "subs {n}, {n}, #16",
                        "bhs 2b",
                        "3:",
                        "lsls {n}, {n}, #29", // bit 3 to carry, bit 2 to sign
                        "bcc 4f",
                        rows_eight!($eight),
                        "4:",
                        "cmp {n}, #0",
                        "beq 9f",
                        "bpl 5f",
                        "vldmia {x}!, {{s0-s3}}",
                        row_four!($four, "r0", "s16", "s17", "s18", "s19"),
                        row_four!($four, "r1", "s20", "s21", "s22", "s23"),
                        row_four!($four, "r2", "s24", "s25", "s26", "s27"),
                        row_four!($four, "r3", "s28", "s29", "s30", "s31"),
                        "5:",
                        "lsrs {n}, {n}, #29", // what is left of it: 0 to 3, and 4 if bit 2 was set
                        "ands {n}, {n}, #3",
                        "beq 9f",
                        rows_one!($one, "s16", "s20", "s24", "s28"),
                        "cmp {n}, #1",
                        "beq 9f",
                        rows_one!($one, "s17", "s21", "s25", "s29"),
                        "cmp {n}, #2",
                        "beq 9f",
                        rows_one!($one, "s18", "s22", "s26", "s30"),
                        "9:",
                        "vadd.f32 s16, s16, s17",
                        "vadd.f32 s20, s20, s21",
                        "vadd.f32 s24, s24, s25",
                        "vadd.f32 s28, s28, s29",
                        "vadd.f32 s18, s18, s19",
                        "vadd.f32 s22, s22, s23",
                        "vadd.f32 s26, s26, s27",
                        "vadd.f32 s30, s30, s31",
                        "vadd.f32 s0, s16, s18",
                        "vadd.f32 s1, s20, s22",
                        "vadd.f32 s2, s24, s26",
                        "vadd.f32 s3, s28, s30",
                        "vstmia {out}, {{s0-s3}}",
                        x = inout(reg) x.as_ptr() => _,
                        r0 = inout(reg) r0.as_ptr() => _,
                        r1 = inout(reg) r1.as_ptr() => _,
                        r2 = inout(reg) r2.as_ptr() => _,
                        r3 = inout(reg) r3.as_ptr() => _,
                        n = inout(reg) n => _,
                        zero = in(reg) 0u32,
                        out = in(reg) out.as_mut_ptr(),
                        out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _,
                        out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _,
                        out("s13") _, out("s14") _, out("s15") _, out("s16") _, out("s17") _, out("s18") _,
                        out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _, out("s24") _,
                        out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _, out("s30") _,
                        out("s31") _,
                        options(nostack),
                    );
                }
            }
        }

        /// See the namesake in `portable`.
        pub fn $name(x: &[f32], rows: &[f32], out: &mut [f32]) {
            let columns = x.len().max(1);
            let count = out.len().min(rows.len() / columns);
            let (fours, rest) = out.get_mut(..count).unwrap_or_default().as_chunks_mut::<4>();
            let mut rows = rows.chunks_exact(columns);
            for four in fours {
                let (Some(r0), Some(r1), Some(r2), Some(r3)) = (rows.next(), rows.next(), rows.next(), rows.next())
                else {
                    return;
                };
                $fours(x, [r0, r1, r2, r3], four);
            }
            for (row, out) in rows.zip(rest) {
                *out = $single(row, x);
            }
        }
    };
}

macro_rules! onto_row {
    ($op:literal) => {
        concat!(
            $op,
            " s8, s8, s0\n",
            $op,
            " s9, s9, s1\n",
            $op,
            " s10, s10, s2\n",
            $op,
            " s11, s11, s3\n",
            $op,
            " s12, s12, s4\n",
            $op,
            " s13, s13, s5\n",
            $op,
            " s14, s14, s6\n",
            $op,
            " s15, s15, s7\n"
        )
    };
}
macro_rules! onto_row_four {
    ($op:literal) => {
        concat!($op, " s8, s8, s0\n", $op, " s9, s9, s1\n", $op, " s10, s10, s2\n", $op, " s11, s11, s3\n")
    };
}
rows_f32!(rows_dot_f32, dots_f32, dot_f32, onto_row!("vmul.f32"), onto_row_four!("vmul.f32"), "vmul.f32 s8, s8, s0\n");
rows_f32!(
    rows_squared_distance_f32,
    squared_distances_of_four_f32,
    squared_distance_f32,
    concat!(onto_row!("vsub.f32"), square_high!()),
    concat!(
        onto_row_four!("vsub.f32"),
        "vmul.f32 s8, s8, s8\nvmul.f32 s9, s9, s9\nvmul.f32 s10, s10, s10\nvmul.f32 s11, s11, s11\n"
    ),
    "vsub.f32 s8, s8, s0\nvmul.f32 s8, s8, s8\n"
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
