//! One vector against the rows of a matrix: floating-point sums, four rows at a time.

use core::arch::asm;

use super::float::{absolute_high, dot_f32, manhattan_f32, square_high, squared_distance_f32};

/// `to += term`
macro_rules! add {
    ($to:literal, $term:literal) => {
        concat!("vadd.f32 ", $to, ", ", $to, ", ", $term, "\n")
    };
}
/// Four terms of one row: the row's in s8-s11 against s0-s3, onto lanes `$l0`-`$l3`.
macro_rules! row_four {
    ($first:expr, $row:literal, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {",
            $row,
            "}!, {{s8-s11}}\n",
            $first,
            add!($l0, "s8"),
            add!($l1, "s9"),
            add!($l2, "s10"),
            add!($l3, "s11"),
        )
    };
}
/// Eight terms of one row: the row's in s8-s15 against s0-s7.
macro_rules! row_eight {
    ($first:expr, $row:literal, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {",
            $row,
            "}!, {{s8-s15}}\n",
            $first,
            add!($l0, "s8"),
            add!($l1, "s9"),
            add!($l2, "s10"),
            add!($l3, "s11"),
            add!($l0, "s12"),
            add!($l1, "s13"),
            add!($l2, "s14"),
            add!($l3, "s15"),
        )
    };
}
/// One term of one row.
macro_rules! row_one {
    ($one:expr, $row:literal, $lane:literal) => {
        concat!("vldmia {", $row, "}!, {{s8}}\n", $one, add!($lane, "s8"))
    };
}
/// One term of each of the four rows, onto the lanes named.
macro_rules! rows_one {
    ($one:expr, $l0:literal, $l1:literal, $l2:literal, $l3:literal) => {
        concat!(
            "vldmia {x}!, {{s0}}\n",
            row_one!($one, "r0", $l0),
            row_one!($one, "r1", $l1),
            row_one!($one, "r2", $l2),
            row_one!($one, "r3", $l3),
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
    ($name:ident, $pointers:ident, $single:ident, $eight:expr, $four:expr, $one:expr) => {
        /// # Safety
        /// Each points to at least `n` numbers.
        #[inline(always)]
        unsafe fn $pointers(x: *const f32, [r0, r1, r2, r3]: [*const f32; 4], n: usize, out: &mut [f32; 4]) {
            {
                // SAFETY: see the head of `m4`; the caller's.
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
                        x = inout(reg) x => _,
                        r0 = inout(reg) r0 => _,
                        r1 = inout(reg) r1 => _,
                        r2 = inout(reg) r2 => _,
                        r3 = inout(reg) r3 => _,
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
            let columns = x.len();
            let count = out.len().min(rows.len().checked_div(columns).unwrap_or(usize::MAX));
            let (fours, rest) = out.get_mut(..count).unwrap_or_default().as_chunks_mut::<4>();
            let mut row = rows.as_ptr();
            for four in fours {
                // SAFETY: `rows` holds `count` rows of `columns`, of which four times `fours.len()` come before `rest`'s.
                unsafe {
                    let pointers = [row, row.add(columns), row.add(2 * columns), row.add(3 * columns)];
                    $pointers(x.as_ptr(), pointers, columns, four);
                    row = row.add(4 * columns);
                }
            }
            for (i, out) in (count - rest.len()..).zip(rest) {
                if let Some(row) = rows.get(i * columns..(i + 1) * columns) {
                    *out = $single(row, x);
                }
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
rows_f32!(rows_dot_f32, dots_at, dot_f32, onto_row!("vmul.f32"), onto_row_four!("vmul.f32"), "vmul.f32 s8, s8, s0\n");
rows_f32!(
    rows_squared_distance_f32,
    squared_distances_at,
    squared_distance_f32,
    concat!(onto_row!("vsub.f32"), square_high!()),
    concat!(
        onto_row_four!("vsub.f32"),
        "vmul.f32 s8, s8, s8\nvmul.f32 s9, s9, s9\nvmul.f32 s10, s10, s10\nvmul.f32 s11, s11, s11\n"
    ),
    "vsub.f32 s8, s8, s0\nvmul.f32 s8, s8, s8\n"
);
rows_f32!(
    rows_manhattan_f32,
    manhattans_at,
    manhattan_f32,
    concat!(onto_row!("vsub.f32"), absolute_high!()),
    concat!(onto_row_four!("vsub.f32"), "vabs.f32 s8, s8\nvabs.f32 s9, s9\nvabs.f32 s10, s10\nvabs.f32 s11, s11\n"),
    "vsub.f32 s8, s8, s0\nvabs.f32 s8, s8\n"
);

/// See the namesake in `portable`.
#[inline(always)]
pub fn dots_f32(x: &[f32], rows: [&[f32]; 4], out: &mut [f32; 4]) {
    let n = rows.iter().fold(x.len(), |n, r| n.min(r.len()));
    // SAFETY: all have at least `n` elements.
    unsafe { dots_at(x.as_ptr(), rows.map(|r| r.as_ptr()), n, out) };
}
