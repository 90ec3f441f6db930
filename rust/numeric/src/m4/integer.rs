//! Products of integers, summed over slices. Words are loaded four at a time, which needs word alignment and, with both operands in
//! flight, more registers than the compiler lends: r6 and r7, which it keeps for itself, are saved and restored here.

use core::arch::asm;

use crate::portable;

/// Whether multiple loads may start here.
pub(super) fn aligned<T>(slice: &[T]) -> bool {
    slice.as_ptr().addr().is_multiple_of(4)
}

/// The whole words of both slices by a loop over `$four` (four words of each in r0-r3 and r8-r11) unrolled `$times`,
/// then `$one` (one word in r0 and r8) for the words left. Counts down in r12.
macro_rules! words {
    ($a:expr, $b:expr, $words:expr, $block:literal, [$($four:expr),+], $one:expr, $($extra:tt)*) => {
        // SAFETY: see the head of `m4`; the caller has checked the alignment.
        unsafe {
            asm!(
                "push {{r6, r7}}",
                "mov r6, #0",
                concat!("subs r12, r12, #", $block),
                "blo 3f",
                "2:",
                $("ldmia r4!, {{r0-r3}}", "ldmia r5!, {{r8-r11}}", $four,)+
                concat!("subs r12, r12, #", $block),
                "bhs 2b",
                "3:",
                concat!("adds r12, r12, #", $block),
                "beq 5f",
                "4:",
                "ldr r0, [r4], #4",
                "ldr r8, [r5], #4",
                $one,
                "subs r12, r12, #1",
                "bne 4b",
                "5:",
                "mov r0, r6",
                "pop {{r6, r7}}",
                inout("r4") $a.as_ptr() => _,
                inout("r5") $b.as_ptr() => _,
                inout("r12") $words => _,
                out("r1") _, out("r2") _, out("r3") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _,
                $($extra)*
            );
        }
    };
}

/// See the namesake in `portable`.
#[inline(never)]
pub fn dot_i16(a: &[i16], b: &[i16]) -> i64 {
    let n = a.len().min(b.len());
    if !aligned(a) || !aligned(b) {
        return portable::dot_i16(a, b);
    }
    let (low, high): (u32, u32);
    words!(
        a, b, n / 2, "8",
        [
            "smlald r6, lr, r0, r8\nsmlald r6, lr, r1, r9\nsmlald r6, lr, r2, r10\nsmlald r6, lr, r3, r11",
            "smlald r6, lr, r0, r8\nsmlald r6, lr, r1, r9\nsmlald r6, lr, r2, r10\nsmlald r6, lr, r3, r11"
        ],
        "smlald r6, lr, r0, r8",
        out("r0") low, inout("lr") 0u32 => high,
    );
    let words = (i64::from(high as i32) << 32) | i64::from(low);
    match (n % 2, a.get(n.wrapping_sub(1)), b.get(n.wrapping_sub(1))) {
        (1, Some(x), Some(y)) => words.wrapping_add(i64::from(i32::from(*x) * i32::from(*y))),
        _ => words,
    }
}

/// Four products of the bytes in `$x` and `$y` onto lr.
macro_rules! bytes_product {
    ($x:literal, $y:literal) => {
        concat!(
            "sxtb16 r6, ",
            $x,
            ", ror #8\nsxtb16 r7, ",
            $y,
            ", ror #8\nsmlad lr, r6, r7, lr\n",
            "sxtb16 r6, ",
            $x,
            "\nsxtb16 r7, ",
            $y,
            "\nsmlad lr, r6, r7, lr\n"
        )
    };
}
macro_rules! bytes_products {
    () => {
        concat!(
            bytes_product!("r0", "r8"),
            bytes_product!("r1", "r9"),
            bytes_product!("r2", "r10"),
            bytes_product!("r3", "r11")
        )
    };
}

/// See the namesake in `portable`.
#[inline(never)]
pub fn dot_i8(a: &[i8], b: &[i8]) -> i32 {
    let n = a.len().min(b.len());
    if !aligned(a) || !aligned(b) {
        return portable::dot_i8(a, b);
    }
    let sum: i32;
    words!(
        a, b, n / 4, "8", [bytes_products!(), bytes_products!()], bytes_product!("r0", "r8"),
        out("r0") _, inout("lr") 0i32 => sum,
    );
    match (a.get(n & !3..n), b.get(n & !3..n)) {
        (Some(a), Some(b)) if !a.is_empty() => sum.wrapping_add(portable::dot_i8(a, b)),
        _ => sum,
    }
}

/// Four 8-bit products of the row's word `$row` with an expanded vector's words `$even` and `$odd`.
macro_rules! word_i8 {
    ($row:literal, $even:literal, $odd:literal) => {
        concat!(
            "sxtb16 lr, ",
            $row,
            ", ror #8\nsmlad r7, lr, ",
            $odd,
            ", r7\n",
            "sxtb16 lr, ",
            $row,
            "\nsmlad r7, lr, ",
            $even,
            ", r7\n"
        )
    };
}
macro_rules! row_i8 {
    () => {
        concat!(
            "ldmia r4!, {{r8-r11}}\nldmia r12!, {{r0-r3}}\n",
            word_i8!("r8", "r0", "r1"),
            word_i8!("r9", "r2", "r3"),
            "ldmia r12!, {{r0-r3}}\n",
            word_i8!("r10", "r0", "r1"),
            word_i8!("r11", "r2", "r3"),
        )
    };
}

/// See the namesake in `portable`.
#[inline(never)]
pub fn dot_i16_i8(a: &[i16], b: &[i8]) -> i32 {
    let fours = (a.len() / 4).min(b.len() / 4);
    if !aligned(a) || !aligned(b) || fours == 0 {
        return portable::dot_i16_i8(a, b);
    }
    let sum: i32;
    // SAFETY: see the head of `m4`; the alignment has been checked.
    unsafe {
        asm!(
            "push {{r7}}",
            "mov r7, #0",
            "subs r5, r5, #4",
            "blo 3f",
            "2:",
            row_i8!(),
            "subs r5, r5, #4",
            "bhs 2b",
            "3:",
            "adds r5, r5, #4",
            "beq 5f",
            "4:",
            "ldr r8, [r4], #4",
            "ldrd r0, r1, [r12], #8",
            word_i8!("r8", "r0", "r1"),
            "subs r5, r5, #1",
            "bne 4b",
            "5:",
            "mov r0, r7",
            "pop {{r7}}",
            inout("r12") a.as_ptr() => _,
            inout("r4") b.as_ptr() => _,
            inout("r5") fours => _,
            out("r0") sum,
            out("r1") _, out("r2") _, out("r3") _, out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("lr") _,
        );
    }
    sum
}

/// One vector against all rows of a matrix, rows of whole words. The loop over the rows is here too, so that a row
/// costs a dozen instructions beyond its products.
///
/// In: the vector's words in r0, counts of `$four` loops and of single steps in r1 and r2, the end of the results in r3,
/// the rows in r4, the results in r5. Within a row: the vector at r12, the row at r4, the count in r6, the sum in r7.
macro_rules! rows_of_words {
    ($x:expr, $blocks:expr, $singles:expr, $rows:expr, $out:expr,
     $clear:expr, [$($four:expr),+], $one:expr, $store:expr) => {{
        let out = $out.as_mut_ptr_range();
        // SAFETY: see the head of `m4`; the caller has checked alignment and lengths; there is at least one row.
        unsafe {
            asm!(
                "push {{r0-r3, r6, r7}}",
                "2:",
                "ldrd r12, r6, [sp]",
                $clear,
                "cmp r6, #0",
                "beq 4f",
                "3:",
                $($four,)+
                "subs r6, r6, #1",
                "bne 3b",
                "4:",
                "ldr r6, [sp, #8]",
                "cmp r6, #0",
                "beq 6f",
                "5:",
                $one,
                "subs r6, r6, #1",
                "bne 5b",
                "6:",
                $store,
                "ldr r0, [sp, #12]",
                "cmp r5, r0",
                "bne 2b",
                "pop {{r0-r3, r6, r7}}",
                inout("r0") $x.as_ptr() => _,
                inout("r1") $blocks => _,
                inout("r2") $singles => _,
                inout("r3") out.end => _,
                inout("r4") $rows.as_ptr() => _,
                inout("r5") out.start => _,
                out("r8") _, out("r9") _, out("r10") _, out("r11") _, out("r12") _, out("lr") _,
            );
        }
    }};
}

pub(super) use rows_of_words;

/// Sixteen 16-bit products of a row.
macro_rules! row_i16 {
    () => {
        "ldmia r12!, {{r0-r3}}\nldmia r4!, {{r8-r11}}
         smlald r7, lr, r0, r8\nsmlald r7, lr, r1, r9\nsmlald r7, lr, r2, r10\nsmlald r7, lr, r3, r11"
    };
}

/// See the namesake in `portable`.
pub fn matvec_i16(a: &[i16], x: &[i16], y: &mut [i64]) {
    let columns = x.len();
    let count = y.len().min(a.len() / columns.max(1));
    let Some(out) = y.get_mut(..count) else { return };
    if !aligned(a) || !aligned(x) || !columns.is_multiple_of(4) || out.is_empty() || columns == 0 {
        return portable::matvec_i16(a, x, out);
    }
    rows_of_words!(
        x,
        columns / 32,
        columns % 32 / 4,
        a,
        out,
        "mov r7, #0\nmov lr, #0",
        [row_i16!(), row_i16!(), row_i16!(), row_i16!()],
        "ldrd r0, r1, [r12], #8\nldrd r8, r9, [r4], #8\nsmlald r7, lr, r0, r8\nsmlald r7, lr, r1, r9",
        "strd r7, lr, [r5], #8"
    );
}

/// Columns up to which a vector of bytes is expanded on the stack (512 bytes).
const EXPANDED: usize = 256;

/// See the namesake in `portable`. Up to 256 columns the vector is expanded to 16 bits once for all rows.
pub fn matvec_i8(a: &[i8], x: &[i8], y: &mut [i32]) {
    let columns = x.len();
    let count = y.len().min(a.len() / columns.max(1));
    let Some(out) = y.get_mut(..count) else { return };
    if !aligned(a) || !columns.is_multiple_of(4) || out.is_empty() || columns == 0 || columns > EXPANDED {
        for (row, y) in portable::whole_rows(a, columns).zip(out) {
            *y = dot_i8(row, x);
        }
        return;
    }
    let mut expanded = [[0u32; 2]; EXPANDED / 4];
    for ([even, odd], x) in expanded.iter_mut().zip(x.as_chunks::<4>().0) {
        let [b0, b1, b2, b3] = x.map(|x| u32::from(i16::from(x) as u16));
        *even = b0 | b2 << 16;
        *odd = b1 | b3 << 16;
    }
    rows_of_words!(
        expanded,
        columns / 32,
        columns % 32 / 4,
        a,
        out,
        "mov r7, #0",
        [row_i8!(), row_i8!()],
        concat!("ldr r8, [r4], #4\nldrd r0, r1, [r12], #8\n", word_i8!("r8", "r0", "r1")),
        "str r7, [r5], #4"
    );
}
