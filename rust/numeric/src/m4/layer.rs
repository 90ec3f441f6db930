//! Products of layers in 8 bits: two rows at a time against a widened vector, two factors at a time against bytes that are widened once,
//! eight columns at a time for the transposed product.

use core::arch::asm;

use super::integer::aligned;
use crate::layer::{self as portable, Pair};

/// Four products of the bytes in `$word` with the halves in `$even` and `$odd`, onto `$sum`; r10 is overwritten, and `$word`.
macro_rules! word {
    ($word:literal, $even:literal, $odd:literal, $sum:literal) => {
        concat!(
            "sxtb16 r10, ",
            $word,
            "\nsxtb16 ",
            $word,
            ", ",
            $word,
            ", ror #8\nsmlad ",
            $sum,
            ", r10, ",
            $even,
            ", ",
            $sum,
            "\nsmlad ",
            $sum,
            ", ",
            $word,
            ", ",
            $odd,
            ", ",
            $sum,
            "\n"
        )
    };
}

/// See the namesake in [`crate::layer`].
pub fn rows(rows: &[i8], x: &[i16], y: &mut [i32]) {
    let columns = x.len();
    let count = y.len().min(rows.len() / columns.max(1));
    let Some(y) = y.get_mut(..count) else { return };
    if !aligned(rows) || !aligned(x) || !columns.is_multiple_of(4) || columns == 0 {
        return portable::rows(rows, x, y);
    }
    let (pairs, last) = y.as_chunks_mut::<2>();
    if !pairs.is_empty() {
        let out = pairs.as_mut_ptr_range();
        // SAFETY: see the head of `m4`; alignment has been checked, there are two rows for each pair of results, and the
        // loops over words end with the row.
        unsafe {
            asm!(
                "push {{r0-r3, r6, r7}}",
                "2:",
                "ldrd r12, r6, [sp]",
                "ldr r1, [sp, #8]",
                "mov r7, #0",
                "mov lr, #0",
                // r5 is the second row of the pair.
                "add r5, r4, r1",
                "cbz r6, 4f",
                "3:",
                "ldmia r12!, {{r0-r3}}",
                "ldrd r8, r9, [r4], #8",
                word!("r8", "r0", "r1", "r7"),
                word!("r9", "r2", "r3", "r7"),
                "ldrd r8, r9, [r5], #8",
                word!("r8", "r0", "r1", "lr"),
                word!("r9", "r2", "r3", "lr"),
                "subs r6, r6, #1",
                "bne 3b",
                "4:",
                "ldr r6, [sp, #12]",
                "ldr r1, [sp, #8]",
                "tst r1, #4",
                "beq 5f",
                "ldrd r0, r1, [r12]",
                "ldr r8, [r4], #4",
                "ldr r9, [r5], #4",
                word!("r8", "r0", "r1", "r7"),
                word!("r9", "r0", "r1", "lr"),
                "5:",
                "mov r4, r5",
                "strd r7, lr, [r11], #8",
                "cmp r11, r6",
                "bne 2b",
                "pop {{r0-r3, r6, r7}}",
                inout("r0") x.as_ptr() => _,
                inout("r1") columns / 8 => _,
                inout("r2") columns => _,
                inout("r3") out.end => _,
                inout("r4") rows.as_ptr() => _,
                inout("r11") out.start => _,
                out("r5") _, out("r8") _, out("r9") _, out("r10") _, out("r12") _, out("lr") _,
            );
        }
    }
    if let ([last], Some(row)) = (last, rows.get((count - 1) * columns..count * columns)) {
        *last = super::integer::dot_i16_i8(x, row);
    }
}

/// See the namesake in [`crate::layer`].
pub fn relu(rows: &[i8], x: &[i16], scales: &[[i32; 2]], y: &mut [i8]) -> i32 {
    let columns = x.len();
    let count = y.len().min(scales.len()).min(rows.len() / columns.max(1));
    let (Some(y), Some(scales)) = (y.get_mut(..count), scales.get(..count)) else { return 0 };
    if !aligned(rows) || !aligned(x) || !columns.is_multiple_of(4) || columns == 0 {
        return portable::relu(rows, x, scales, y);
    }
    let (pairs, last) = scales.as_chunks::<2>();
    let mut most = 0i32;
    if !pairs.is_empty() {
        let range = pairs.as_ptr_range();
        // SAFETY: see the head of `m4`; alignment has been checked, there are two rows, two scales and two results for each turn,
        // and the loops over words end with the row.
        unsafe {
            asm!(
                "push {{r0-r3, r5-r8}}",
                "2:",
                "ldrd r12, r6, [sp]",
                "ldr r1, [sp, #8]",
                // Sums begin with what is added to them.
                "ldr r7, [r11]",
                "ldr lr, [r11, #8]",
                "add r5, r4, r1",
                "cbz r6, 4f",
                "3:",
                "ldmia r12!, {{r0-r3}}",
                "ldrd r8, r9, [r4], #8",
                word!("r8", "r0", "r1", "r7"),
                word!("r9", "r2", "r3", "r7"),
                "ldrd r8, r9, [r5], #8",
                word!("r8", "r0", "r1", "lr"),
                word!("r9", "r2", "r3", "lr"),
                "subs r6, r6, #1",
                "bne 3b",
                "4:",
                "ldr r1, [sp, #8]",
                "tst r1, #4",
                "beq 5f",
                "ldrd r0, r1, [r12]",
                "ldr r8, [r4], #4",
                "ldr r9, [r5], #4",
                word!("r8", "r0", "r1", "r7"),
                word!("r9", "r0", "r1", "lr"),
                "5:",
                "mov r4, r5",
                "ldr r0, [r11, #4]",
                "ldr r1, [r11, #12]",
                "ldr r2, [sp, #28]",
                "ldr r3, [sp, #16]",
                "add r11, r11, #16",
                "asr r7, r7, r0",
                "asr lr, lr, r1",
                "cmp r7, r2",
                "it gt",
                "movgt r2, r7",
                "cmp lr, r2",
                "it gt",
                "movgt r2, lr",
                "usat r7, #7, r7",
                "usat lr, #7, lr",
                "strb r7, [r3], #1",
                "strb lr, [r3], #1",
                "str r2, [sp, #28]",
                "str r3, [sp, #16]",
                "ldr r6, [sp, #12]",
                "cmp r11, r6",
                "bne 2b",
                "pop {{r0-r3, r5-r8}}",
                inout("r0") x.as_ptr() => _,
                inout("r1") columns / 8 => _,
                inout("r2") columns => _,
                inout("r3") range.end => _,
                inout("r4") rows.as_ptr() => _,
                inout("r5") y.as_mut_ptr() => _,
                inout("r8") most,
                inout("r11") range.start => _,
                out("r9") _, out("r10") _, out("r12") _, out("lr") _,
            );
        }
    }
    match (last, rows.get((count - last.len()) * columns..), y.last_mut()) {
        (&[scale], Some(row), Some(y)) => most.max(portable::relu(row, x, &[scale], core::slice::from_mut(y))),
        _ => most,
    }
}

/// The sums of four columns by both factors of each pair.
fn four_columns(pairs: &[Pair], bytes: &[i8], first: &mut [i32; 4], second: &mut [i32; 4]) {
    let range = pairs.as_ptr_range();
    // SAFETY: see the head of `m4`; the caller has seen to it that there is a pair, and four bytes at the place of each. These
    // need not be aligned, which single loads may do without.
    unsafe {
        asm!(
            "push {{r0, r6, r7, r8}}",
            "mov r7, r4",
            "ldmia r8, {{r8-r11}}",
            "ldmia r0, {{r0-r3}}",
            "2:",
            "ldrd r4, r5, [r12], #8",
            "ldr r5, [r7, r5]",
            "cmp r12, lr",
            "sxtb16 r6, r5",
            "sxtb16 r5, r5, ror #8",
            "smlabb r0, r6, r4, r0",
            "smlabb r1, r5, r4, r1",
            "smlatb r2, r6, r4, r2",
            "smlatb r3, r5, r4, r3",
            "smlabt r8, r6, r4, r8",
            "smlabt r9, r5, r4, r9",
            "smlatt r10, r6, r4, r10",
            "smlatt r11, r5, r4, r11",
            "bne 2b",
            "pop {{r4, r6, r7, r12}}",
            "stmia r4, {{r0-r3}}",
            "stmia r12, {{r8-r11}}",
            inout("r0") first.as_mut_ptr() => _,
            inout("r4") bytes.as_ptr() => _,
            inout("r8") second.as_mut_ptr() => _,
            inout("r12") range.start => _,
            inout("lr") range.end => _,
            out("r1") _, out("r2") _, out("r3") _, out("r5") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
}

/// See the namesake in [`crate::layer`].
pub fn pairs(pairs: &[Pair], bytes: &[i8], first: &mut [i32], second: &mut [i32]) {
    let length = first.len().min(second.len());
    let furthest = pairs.iter().fold(0, |most, [_, at]| most.max(*at));
    let within = bytes.len().checked_sub(length).is_some_and(|room| furthest as usize <= room);
    if pairs.is_empty() || !within || !length.is_multiple_of(4) {
        return portable::pairs(pairs, bytes, first, second);
    }
    let (firsts, seconds) = (first.as_chunks_mut::<4>().0, second.as_chunks_mut::<4>().0);
    for ((first, second), at) in firsts.iter_mut().zip(seconds).zip((0..).step_by(4)) {
        four_columns(pairs, bytes.get(at..).unwrap_or(bytes), first, second);
    }
}

/// One factor times eight (or four) bytes at r4, onto the sums in registers; r6 holds the factor.
macro_rules! four {
    ($offset:literal, $a:literal, $b:literal, $c:literal, $d:literal) => {
        concat!(
            "ldr lr, [r4, #",
            $offset,
            "]\nsxtb16 r7, lr\nsxtb16 lr, lr, ror #8\n",
            "smlabb ",
            $a,
            ", r7, r6, ",
            $a,
            "\nsmlabb ",
            $b,
            ", lr, r6, ",
            $b,
            "\nsmlatb ",
            $c,
            ", r7, r6, ",
            $c,
            "\nsmlatb ",
            $d,
            ", lr, r6, ",
            $d,
            "\n"
        )
    };
}

/// The sums of a block of columns, by a loop over the factors that skips those that are 0.
macro_rules! block {
    ($sums:expr, $rows:expr, $factors:expr, $stride:expr, $registers:literal, $($four:expr),+) => {{
        let factors = $factors.as_ptr_range();
        // SAFETY: see the head of `m4`; the caller has seen to it that every row has the block's columns, and that there is
        // a factor. Words of rows need not be aligned, which single loads may do without.
        unsafe {
            asm!(
                "push {{r0, r3, r6, r7}}",
                concat!("ldmia r0, {{", $registers, "}}"),
                "2:",
                "ldrsh r6, [r5], #2",
                "cbz r6, 3f",
                $($four,)+
                "3:",
                "ldr r7, [sp, #4]",
                "cmp r5, r12",
                "add r4, r4, r7",
                "bne 2b",
                "ldr r12, [sp], #8",
                concat!("stmia r12, {{", $registers, "}}"),
                "pop {{r6, r7}}",
                inout("r0") $sums.as_mut_ptr() => _,
                inout("r3") $stride => _,
                inout("r4") $rows.as_ptr() => _,
                inout("r5") factors.start => _,
                inout("r12") factors.end => _,
                out("r1") _, out("r2") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("lr") _,
            );
        }
    }};
}

/// See the namesake in [`crate::layer`].
pub fn columns(factors: &[i16], rows: &[i8], stride: usize, sums: &mut [i32]) {
    let whole = match rows.len().checked_sub(sums.len()) {
        Some(rest) => rest.checked_div(stride).map_or(usize::MAX, |r| r + 1),
        None => 0,
    };
    let Some(factors) = factors.get(..factors.len().min(whole)).filter(|f| !f.is_empty()) else { return };
    if !sums.len().is_multiple_of(4) {
        return portable::columns(factors, rows, stride, sums);
    }
    let mut at = 0;
    let (eights, rest) = sums.as_chunks_mut::<8>();
    for sums in eights {
        let Some(rows) = rows.get(at..) else { return };
        block!(
            sums,
            rows,
            factors,
            stride,
            "r0-r3, r8-r11",
            four!("0", "r0", "r1", "r2", "r3"),
            four!("4", "r8", "r9", "r10", "r11")
        );
        at += 8;
    }
    if let (false, Some(rows)) = (rest.is_empty(), rows.get(at..)) {
        block!(rest, rows, factors, stride, "r0-r3", four!("0", "r0", "r1", "r2", "r3"));
    }
}
