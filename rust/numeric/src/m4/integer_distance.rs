//! Distances between vectors of integers: one with another, and one with each row of a matrix.

use core::arch::asm;

use super::integer::{aligned, rows_of_words};
use crate::portable;

macro_rules! eight_u8 {
    () => {
        "ldrd {x0}, {x1}, [{a}], #8\nldrd {y0}, {y1}, [{b}], #8
         usada8 {sum}, {x0}, {y0}, {sum}\nusada8 {sum}, {x1}, {y1}, {sum}"
    };
}

/// See the namesake in `portable`. Double loads, so that few registers are used and none need saving.
#[inline(never)]
pub fn manhattan_u8(a: &[u8], b: &[u8]) -> u32 {
    let n = a.len().min(b.len());
    if (a.as_ptr().addr() | b.as_ptr().addr()) & 3 != 0 {
        return portable::manhattan_u8(a, b);
    }
    let sum: u32;
    // SAFETY: see the head of `m4`.
    unsafe {
        asm!(
            "subs {n}, {n}, #16",
            "blo 3f",
            "2:",
            eight_u8!(),
            eight_u8!(),
            "subs {n}, {n}, #16",
            "bhs 2b",
            "3:",
            "lsls {n}, {n}, #29", // bit 3 to carry, bit 2 to sign
            "bcc 4f",
            eight_u8!(),
            "4:", // the flags are still those of the shift
            "beq 7f",
            "bpl 5f",
            "ldr {x0}, [{a}], #4",
            "ldr {y0}, [{b}], #4",
            "usada8 {sum}, {x0}, {y0}, {sum}",
            "5:",
            "lsrs {n}, {n}, #29",
            "ands {n}, {n}, #3",
            "beq 7f",
            "6:",
            "ldrb {x0}, [{a}], #1",
            "ldrb {y0}, [{b}], #1",
            "usada8 {sum}, {x0}, {y0}, {sum}",
            "subs {n}, {n}, #1",
            "bne 6b",
            "7:",
            n = inout(reg) n => _,
            a = inout(reg) a.as_ptr() => _,
            b = inout(reg) b.as_ptr() => _,
            sum = inout(reg) 0u32 => sum,
            x0 = out(reg) _,
            x1 = out(reg) _,
            y0 = out(reg) _,
            y1 = out(reg) _,
            options(pure, readonly, nostack),
        );
    }
    sum
}

/// Four squared differences of a vector's word `$x` and a row's word `$y` onto r7; both words are lost.
macro_rules! squares_u8 {
    ($x:literal, $y:literal) => {
        concat!(
            "uxtb16 r2, ",
            $x,
            ", ror #8\nuxtb16 r10, ",
            $y,
            ", ror #8\nssub16 r2, r2, r10\nsmlad r7, r2, r2, r7\nuxtb16 r2, ",
            $x,
            "\nuxtb16 r10, ",
            $y,
            "\nssub16 r2, r2, r10\nsmlad r7, r2, r2, r7\n",
        )
    };
}

/// See the namesake in `portable`.
pub fn squared_distances_u8(query: &[u8], rows: &[u8], distances: &mut [u32]) {
    let columns = query.len();
    let count = distances.len().min(rows.len().checked_div(columns).unwrap_or(0));
    let Some(out) = distances.get_mut(..count) else { return };
    if !aligned(rows) || !aligned(query) || !columns.is_multiple_of(4) || out.is_empty() {
        return portable::squared_distances_u8(query, rows, out);
    }
    rows_of_words!(
        query,
        columns / 8,
        columns % 8 / 4,
        rows,
        out,
        "mov r7, #0",
        ["ldrd r0, r1, [r12], #8\nldrd r8, r9, [r4], #8", squares_u8!("r0", "r8"), squares_u8!("r1", "r9")],
        concat!("ldr r0, [r12], #4\nldr r8, [r4], #4\n", squares_u8!("r0", "r8")),
        "str r7, [r5], #4"
    );
}

/// Two differences of a vector's word `$x` and a row's word `$y` onto r7. `sel` takes the halves of the last
/// subtraction where it was not negative, else those of the one before; each is right as 16 bits without sign.
macro_rules! manhattan_i16 {
    ($x:literal, $y:literal) => {
        concat!(
            "ssub16 lr, ",
            $y,
            ", ",
            $x,
            "\nssub16 ",
            $x,
            ", ",
            $x,
            ", ",
            $y,
            "\nsel ",
            $x,
            ", ",
            $x,
            ", lr\nuxtah r7, r7, ",
            $x,
            "\nadd r7, r7, ",
            $x,
            ", lsr #16\n",
        )
    };
}

/// See the namesake in `portable`.
pub fn manhattans_i16(query: &[i16], rows: &[i16], distances: &mut [u32]) {
    let columns = query.len();
    let count = distances.len().min(rows.len().checked_div(columns).unwrap_or(0));
    let Some(out) = distances.get_mut(..count) else { return };
    if !aligned(rows) || !aligned(query) || !columns.is_multiple_of(2) || out.is_empty() {
        return portable::manhattans_i16(query, rows, out);
    }
    rows_of_words!(
        query,
        columns / 8,
        columns % 8 / 2,
        rows,
        out,
        "mov r7, #0",
        [
            "ldmia r12!, {{r0-r3}}\nldmia r4!, {{r8-r11}}",
            manhattan_i16!("r0", "r8"),
            manhattan_i16!("r1", "r9"),
            manhattan_i16!("r2", "r10"),
            manhattan_i16!("r3", "r11")
        ],
        concat!("ldr r0, [r12], #4\nldr r8, [r4], #4\n", manhattan_i16!("r0", "r8")),
        "str r7, [r5], #4"
    );
}

/// Sixteen differences of two rows, or four of them: the vector at r12, the rows at r4 and r5, the sums in r7 and lr.
macro_rules! two_rows_u8 {
    () => {
        "ldmia r12!, {{r0-r3}}\nldmia r4!, {{r8-r11}}
         usada8 r7, r0, r8, r7\nusada8 r7, r1, r9, r7\nusada8 r7, r2, r10, r7\nusada8 r7, r3, r11, r7
         ldmia r5!, {{r8-r11}}
         usada8 lr, r0, r8, lr\nusada8 lr, r1, r9, lr\nusada8 lr, r2, r10, lr\nusada8 lr, r3, r11, lr"
    };
}

/// See the namesake in `portable`. Two rows at a time: what is loaded of the query serves both.
pub fn manhattans_u8(query: &[u8], rows: &[u8], distances: &mut [u32]) {
    let columns = query.len();
    let count = distances.len().min(rows.len().checked_div(columns).unwrap_or(0));
    let Some(out) = distances.get_mut(..count) else { return };
    if !aligned(rows) || !aligned(query) || !columns.is_multiple_of(4) || out.is_empty() || columns == 0 {
        return portable::manhattans_u8(query, rows, out);
    }
    let (pairs, last) = out.as_chunks_mut::<2>();
    if !pairs.is_empty() {
        let ends = pairs.as_mut_ptr_range();
        // SAFETY: see the head of `m4`; alignment and lengths are checked above; there is at least one pair of rows.
        // On the stack, from where it is read anew for each pair: query, blocks, singles, end of the results, bytes of a
        // row, next result.
        unsafe {
            asm!(
                "push {{r0-r5}}",
                "push {{r6, r7}}",
                "mov r5, r8",
                "2:",
                "mov r4, r5",
                "ldrd r12, r6, [sp, #8]",
                "ldr r0, [sp, #24]",
                "add r5, r4, r0",
                "mov r7, #0",
                "mov lr, #0",
                "cbz r6, 4f",
                "3:",
                two_rows_u8!(),
                "subs r6, r6, #1",
                "bne 3b",
                "4:",
                "ldrd r6, r1, [sp, #16]",
                "cbz r6, 6f",
                "5:",
                "ldr r0, [r12], #4",
                "ldr r8, [r4], #4",
                "ldr r9, [r5], #4",
                "usada8 r7, r0, r8, r7",
                "usada8 lr, r0, r9, lr",
                "subs r6, r6, #1",
                "bne 5b",
                "6:",
                "ldr r0, [sp, #28]",
                "strd r7, lr, [r0], #8",
                "str r0, [sp, #28]",
                "cmp r0, r1",
                "bne 2b",
                "pop {{r6, r7}}",
                "pop {{r0-r5}}",
                inout("r0") query.as_ptr() => _,
                inout("r1") columns / 16 => _,
                inout("r2") columns % 16 / 4 => _,
                inout("r3") ends.end => _,
                inout("r4") columns => _,
                inout("r5") ends.start => _,
                inout("r8") rows.as_ptr() => _,
                out("r9") _, out("r10") _, out("r11") _, out("r12") _, out("lr") _,
            );
        }
    }
    if let ([distance], Some(row)) = (last, rows.get((count - 1) * columns..count * columns)) {
        *distance = manhattan_u8(query, row);
    }
}
