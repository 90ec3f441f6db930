//! `lanes` in the instructions of a Cortex-M4F: groups of eight by one load, products and sums apart.
//!
//! The compiler does not merge single-precision loads into `vldmia`, for it allots registers before it looks; here
//! they are fixed. Each function does the same operations in the same order as its portable twin.

use crate::activation::TABLE;
use crate::lanes::Lanes;
use core::arch::asm;

static ZERO: Lanes = [0.0; 8];

#[inline(always)]
pub fn accumulate(sum: &mut Lanes, columns: &[Lanes], values: &[f32], diagonals: &[Lanes], shifts: &[u16], x: &[f32]) {
    let columns_left = columns.len().min(values.len());
    let (last, diagonals_left) = match x.len().checked_sub(8) {
        Some(last) => (last, diagonals.len().min(shifts.len())),
        None => (0, 0),
    };
    // SAFETY: reads `columns_left` items of `columns` and `values`, `diagonals_left` of `diagonals` and `shifts`, and
    // eight numbers of `x` from each shift that is at most its length less eight; writes `sum`.
    unsafe {
        asm!(
            "vldmia {t}, {{s0-s7}}",
            "cmp {nc}, #0",
            "beq 3f",
            "2:",
            "vldmia {v}!, {{s8}}",
            "vldmia {c}!, {{s16-s23}}",
            "vmul.f32 s16, s16, s8",
            "vmul.f32 s17, s17, s8",
            "vmul.f32 s18, s18, s8",
            "vmul.f32 s19, s19, s8",
            "vmul.f32 s20, s20, s8",
            "vmul.f32 s21, s21, s8",
            "vmul.f32 s22, s22, s8",
            "vmul.f32 s23, s23, s8",
            "vadd.f32 s0, s0, s16",
            "vadd.f32 s1, s1, s17",
            "vadd.f32 s2, s2, s18",
            "vadd.f32 s3, s3, s19",
            "vadd.f32 s4, s4, s20",
            "vadd.f32 s5, s5, s21",
            "vadd.f32 s6, s6, s22",
            "vadd.f32 s7, s7, s23",
            "subs {nc}, {nc}, #1",
            "bne 2b",
            "3:",
            "cmp {nd}, #0",
            "beq 5f",
            "4:",
            "ldrh {t}, [{h}], #2",
            "vldmia {d}!, {{s16-s23}}",
            "cmp {t}, {last}",
            "bhi 6f",
            "add {t}, {x}, {t}, lsl #2",
            "vldmia {t}, {{s24-s31}}",
            "vmul.f32 s16, s16, s24",
            "vmul.f32 s17, s17, s25",
            "vmul.f32 s18, s18, s26",
            "vmul.f32 s19, s19, s27",
            "vmul.f32 s20, s20, s28",
            "vmul.f32 s21, s21, s29",
            "vmul.f32 s22, s22, s30",
            "vmul.f32 s23, s23, s31",
            "vadd.f32 s0, s0, s16",
            "vadd.f32 s1, s1, s17",
            "vadd.f32 s2, s2, s18",
            "vadd.f32 s3, s3, s19",
            "vadd.f32 s4, s4, s20",
            "vadd.f32 s5, s5, s21",
            "vadd.f32 s6, s6, s22",
            "vadd.f32 s7, s7, s23",
            "6:",
            "subs {nd}, {nd}, #1",
            "bne 4b",
            "5:",
            "vstmia {sum}, {{s0-s7}}",
            sum = in(reg) sum.as_mut_ptr(),
            c = inout(reg) columns.as_ptr() => _,
            v = inout(reg) values.as_ptr() => _,
            nc = inout(reg) columns_left => _,
            d = inout(reg) diagonals.as_ptr() => _,
            h = inout(reg) shifts.as_ptr() => _,
            nd = inout(reg) diagonals_left => _,
            x = in(reg) x.as_ptr(),
            last = in(reg) last,
            t = inout(reg) ZERO.as_ptr() => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _, out("s30") _, out("s31") _,
            options(nostack),
        );
    }
}

/// Two items of the row at a time, the last alone when their number is odd.
pub fn add_dots(row: &mut [f32], left: &Lanes, right: &[Lanes]) {
    let count = row.len().min(right.len());
    if count == 0 {
        return;
    }
    // SAFETY: reads eight numbers behind `left` and eight times `count` behind `right`, and reads and writes `count`
    // behind `row`; all within the slices.
    unsafe {
        asm!(
            "vldmia {l}, {{s0-s7}}",
            "lsrs {pairs}, {count}, #1",
            "beq 3f",
            "2:",
            "vldmia {r}!, {{s8-s23}}",
            "vmul.f32 s8, s0, s8",
            "vmul.f32 s9, s1, s9",
            "vmul.f32 s16, s0, s16",
            "vmul.f32 s17, s1, s17",
            "vadd.f32 s8, s8, s9",
            "vmul.f32 s10, s2, s10",
            "vadd.f32 s16, s16, s17",
            "vmul.f32 s18, s2, s18",
            "vadd.f32 s8, s8, s10",
            "vmul.f32 s11, s3, s11",
            "vadd.f32 s16, s16, s18",
            "vmul.f32 s19, s3, s19",
            "vadd.f32 s8, s8, s11",
            "vmul.f32 s12, s4, s12",
            "vadd.f32 s16, s16, s19",
            "vmul.f32 s20, s4, s20",
            "vadd.f32 s8, s8, s12",
            "vmul.f32 s13, s5, s13",
            "vadd.f32 s16, s16, s20",
            "vmul.f32 s21, s5, s21",
            "vadd.f32 s8, s8, s13",
            "vmul.f32 s14, s6, s14",
            "vadd.f32 s16, s16, s21",
            "vmul.f32 s22, s6, s22",
            "vadd.f32 s8, s8, s14",
            "vmul.f32 s15, s7, s15",
            "vadd.f32 s16, s16, s22",
            "vmul.f32 s23, s7, s23",
            "vadd.f32 s8, s8, s15",
            "vldmia {row}, {{s24-s25}}",
            "vadd.f32 s16, s16, s23",
            "vadd.f32 s24, s24, s8",
            "vadd.f32 s25, s25, s16",
            "vstmia {row}!, {{s24-s25}}",
            "subs {pairs}, #1",
            "bne 2b",
            "3:",
            "lsls {pairs}, {count}, #31",
            "beq 4f",
            "vldmia {r}, {{s8-s15}}",
            "vmul.f32 s8, s0, s8",
            "vmul.f32 s9, s1, s9",
            "vadd.f32 s8, s8, s9",
            "vmul.f32 s10, s2, s10",
            "vadd.f32 s8, s8, s10",
            "vmul.f32 s11, s3, s11",
            "vadd.f32 s8, s8, s11",
            "vmul.f32 s12, s4, s12",
            "vadd.f32 s8, s8, s12",
            "vmul.f32 s13, s5, s13",
            "vadd.f32 s8, s8, s13",
            "vmul.f32 s14, s6, s14",
            "vadd.f32 s8, s8, s14",
            "vmul.f32 s15, s7, s15",
            "vadd.f32 s8, s8, s15",
            "vldr s24, [{row}]",
            "vadd.f32 s24, s24, s8",
            "vstr s24, [{row}]",
            "4:",
            l = in(reg) left.as_ptr(),
            r = inout(reg) right.as_ptr() => _,
            row = inout(reg) row.as_mut_ptr() => _,
            count = in(reg) count,
            pairs = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _,
            out("s24") _, out("s25") _,
            options(nostack),
        );
    }
}

/// As `activation::tanh`: `(x + 8.03125)·16` is converted by one instruction, the multiplication being exact.
macro_rules! tanh_of {
    ($x:literal) => {
        concat!(
            "vadd.f32 s16, ",
            $x,
            ", s19\n",
            "vcvt.s32.f32 s16, s16, #4\n",
            "vmov {i}, s16\n",
            "usat {i}, #8, {i}\n",
            "mla {i}, {i}, {row}, {t}\n",
            "vldmia {i}, {{s16-s18}}\n",
            "vmul.f32 s18, ",
            $x,
            ", s18\n",
            "vadd.f32 s17, s17, s18\n",
            "vmul.f32 s17, ",
            $x,
            ", s17\n",
            "vadd.f32 ",
            $x,
            ", s16, s17\n",
        )
    };
}

#[inline(always)]
pub fn tanh(x: &mut Lanes) {
    // SAFETY: reads and writes `x`; the index is clamped to the table's 256 rows of three numbers.
    unsafe {
        asm!(
            "vmov s19, {i}",
            "vldmia {x}, {{s0-s7}}",
            tanh_of!("s0"),
            tanh_of!("s1"),
            tanh_of!("s2"),
            tanh_of!("s3"),
            tanh_of!("s4"),
            tanh_of!("s5"),
            tanh_of!("s6"),
            tanh_of!("s7"),
            "vstmia {x}, {{s0-s7}}",
            x = in(reg) x.as_mut_ptr(),
            t = in(reg) TABLE.as_ptr(),
            row = in(reg) size_of::<[f32; 3]>(),
            i = inout(reg) crate::activation::SHIFT.to_bits() => _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _,
            out("s16") _, out("s17") _, out("s18") _, out("s19") _,
            options(nostack, preserves_flags),
        );
    }
}
