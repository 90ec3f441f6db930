//! Cholesky's inner steps: tiles of four rows by four columns, whose sixteen sums stay in registers, so that two
//! items of a row are loaded once for four columns.

use core::arch::asm;

use crate::cholesky::{packed_len, portable};

/// Four unknowns of four systems.
///
/// # Safety
/// Each of `rows` points to `k` + 4 numbers, of which the last four are written; column c of `columns` to `k` + c + 1;
/// `k` is even.
#[inline(always)]
unsafe fn tile(rows: [*mut f32; 4], columns: [*const f32; 4], k: usize) {
    let ([a0, a1, a2, a3], [b0, b1, b2, b3]) = (rows, columns);
    // SAFETY: the caller's, and the loop's end leaves each pointer `k` items on.
    unsafe {
        asm!(
            "add {t}, {a0}, {k}, lsl #2",
            "vldmia {t}, {{s0-s3}}",
            "add {t}, {a1}, {k}, lsl #2",
            "vldmia {t}, {{s4-s7}}",
            "add {t}, {a2}, {k}, lsl #2",
            "vldmia {t}, {{s8-s11}}",
            "add {t}, {a3}, {k}, lsl #2",
            "vldmia {t}, {{s12-s15}}",
            "lsrs {k}, {k}, #1",
            "beq 3f",
            "2:",
            "vldmia {a0}!, {{s16-s17}}",
            "vldmia {a1}!, {{s18-s19}}",
            "vldmia {a2}!, {{s20-s21}}",
            "vldmia {a3}!, {{s22-s23}}",
            "vldmia {b0}!, {{s24-s25}}",
            "vmul.f32 s26, s16, s24",
            "vmul.f32 s27, s18, s24",
            "vmul.f32 s28, s20, s24",
            "vmul.f32 s29, s22, s24",
            "vsub.f32 s0, s0, s26",
            "vsub.f32 s4, s4, s27",
            "vsub.f32 s8, s8, s28",
            "vsub.f32 s12, s12, s29",
            "vmul.f32 s26, s17, s25",
            "vmul.f32 s27, s19, s25",
            "vmul.f32 s28, s21, s25",
            "vmul.f32 s29, s23, s25",
            "vsub.f32 s0, s0, s26",
            "vsub.f32 s4, s4, s27",
            "vsub.f32 s8, s8, s28",
            "vsub.f32 s12, s12, s29",
            "vldmia {b1}!, {{s24-s25}}",
            "vmul.f32 s26, s16, s24",
            "vmul.f32 s27, s18, s24",
            "vmul.f32 s28, s20, s24",
            "vmul.f32 s29, s22, s24",
            "vsub.f32 s1, s1, s26",
            "vsub.f32 s5, s5, s27",
            "vsub.f32 s9, s9, s28",
            "vsub.f32 s13, s13, s29",
            "vmul.f32 s26, s17, s25",
            "vmul.f32 s27, s19, s25",
            "vmul.f32 s28, s21, s25",
            "vmul.f32 s29, s23, s25",
            "vsub.f32 s1, s1, s26",
            "vsub.f32 s5, s5, s27",
            "vsub.f32 s9, s9, s28",
            "vsub.f32 s13, s13, s29",
            "vldmia {b2}!, {{s24-s25}}",
            "vmul.f32 s26, s16, s24",
            "vmul.f32 s27, s18, s24",
            "vmul.f32 s28, s20, s24",
            "vmul.f32 s29, s22, s24",
            "vsub.f32 s2, s2, s26",
            "vsub.f32 s6, s6, s27",
            "vsub.f32 s10, s10, s28",
            "vsub.f32 s14, s14, s29",
            "vmul.f32 s26, s17, s25",
            "vmul.f32 s27, s19, s25",
            "vmul.f32 s28, s21, s25",
            "vmul.f32 s29, s23, s25",
            "vsub.f32 s2, s2, s26",
            "vsub.f32 s6, s6, s27",
            "vsub.f32 s10, s10, s28",
            "vsub.f32 s14, s14, s29",
            "vldmia {b3}!, {{s24-s25}}",
            "vmul.f32 s26, s16, s24",
            "vmul.f32 s27, s18, s24",
            "vmul.f32 s28, s20, s24",
            "vmul.f32 s29, s22, s24",
            "vsub.f32 s3, s3, s26",
            "vsub.f32 s7, s7, s27",
            "vsub.f32 s11, s11, s28",
            "vsub.f32 s15, s15, s29",
            "vmul.f32 s26, s17, s25",
            "vmul.f32 s27, s19, s25",
            "vmul.f32 s28, s21, s25",
            "vmul.f32 s29, s23, s25",
            "vsub.f32 s3, s3, s26",
            "vsub.f32 s7, s7, s27",
            "vsub.f32 s11, s11, s28",
            "vsub.f32 s15, s15, s29",
            "subs {k}, {k}, #1",
            "bne 2b",
            "3:",
            "vldmia {b0}, {{s16}}",
            "vldmia {b1}, {{s17-s18}}",
            "vldmia {b2}, {{s19-s21}}",
            "vldmia {b3}, {{s22-s25}}",
            "vdiv.f32 s0, s0, s16",
            "vdiv.f32 s4, s4, s16",
            "vdiv.f32 s8, s8, s16",
            "vdiv.f32 s12, s12, s16",
            "vmul.f32 s26, s0, s17",
            "vmul.f32 s27, s4, s17",
            "vmul.f32 s28, s8, s17",
            "vmul.f32 s29, s12, s17",
            "vsub.f32 s1, s1, s26",
            "vsub.f32 s5, s5, s27",
            "vsub.f32 s9, s9, s28",
            "vsub.f32 s13, s13, s29",
            "vdiv.f32 s1, s1, s18",
            "vdiv.f32 s5, s5, s18",
            "vdiv.f32 s9, s9, s18",
            "vdiv.f32 s13, s13, s18",
            "vmul.f32 s26, s0, s19",
            "vmul.f32 s27, s4, s19",
            "vmul.f32 s28, s8, s19",
            "vmul.f32 s29, s12, s19",
            "vsub.f32 s2, s2, s26",
            "vsub.f32 s6, s6, s27",
            "vsub.f32 s10, s10, s28",
            "vsub.f32 s14, s14, s29",
            "vmul.f32 s26, s1, s20",
            "vmul.f32 s27, s5, s20",
            "vmul.f32 s28, s9, s20",
            "vmul.f32 s29, s13, s20",
            "vsub.f32 s2, s2, s26",
            "vsub.f32 s6, s6, s27",
            "vsub.f32 s10, s10, s28",
            "vsub.f32 s14, s14, s29",
            "vdiv.f32 s2, s2, s21",
            "vdiv.f32 s6, s6, s21",
            "vdiv.f32 s10, s10, s21",
            "vdiv.f32 s14, s14, s21",
            "vmul.f32 s26, s0, s22",
            "vmul.f32 s27, s4, s22",
            "vmul.f32 s28, s8, s22",
            "vmul.f32 s29, s12, s22",
            "vsub.f32 s3, s3, s26",
            "vsub.f32 s7, s7, s27",
            "vsub.f32 s11, s11, s28",
            "vsub.f32 s15, s15, s29",
            "vmul.f32 s26, s1, s23",
            "vmul.f32 s27, s5, s23",
            "vmul.f32 s28, s9, s23",
            "vmul.f32 s29, s13, s23",
            "vsub.f32 s3, s3, s26",
            "vsub.f32 s7, s7, s27",
            "vsub.f32 s11, s11, s28",
            "vsub.f32 s15, s15, s29",
            "vmul.f32 s26, s2, s24",
            "vmul.f32 s27, s6, s24",
            "vmul.f32 s28, s10, s24",
            "vmul.f32 s29, s14, s24",
            "vsub.f32 s3, s3, s26",
            "vsub.f32 s7, s7, s27",
            "vsub.f32 s11, s11, s28",
            "vsub.f32 s15, s15, s29",
            "vdiv.f32 s3, s3, s25",
            "vdiv.f32 s7, s7, s25",
            "vdiv.f32 s11, s11, s25",
            "vdiv.f32 s15, s15, s25",
            "vstmia {a0}, {{s0-s3}}",
            "vstmia {a1}, {{s4-s7}}",
            "vstmia {a2}, {{s8-s11}}",
            "vstmia {a3}, {{s12-s15}}",
            a0 = inout(reg) a0 => _,
            a1 = inout(reg) a1 => _,
            a2 = inout(reg) a2 => _,
            a3 = inout(reg) a3 => _,
            b0 = inout(reg) b0 => _,
            b1 = inout(reg) b1 => _,
            b2 = inout(reg) b2 => _,
            b3 = inout(reg) b3 => _,
            k = inout(reg) k => _,
            t = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _, out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _, out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _, out("s29") _,
            options(nostack),
        );
    }
}

/// Four unknowns of one system.
///
/// # Safety
/// `x` points to `k` + 4 numbers, of which the last four are written; column c of `columns` to `k` + c + 1; `k` is a
/// multiple of four.
#[inline(always)]
unsafe fn strip(x: *mut f32, columns: [*const f32; 4], k: usize) {
    let [b0, b1, b2, b3] = columns;
    // SAFETY: as in `tile`.
    unsafe {
        asm!(
            "add {t}, {x}, {k}, lsl #2",
            "vldmia {t}, {{s0-s3}}",
            "lsrs {k}, {k}, #2",
            "beq 3f",
            "2:",
            "vldmia {x}!, {{s4-s7}}",
            "vldmia {b0}!, {{s8-s11}}",
            "vldmia {b1}!, {{s12-s15}}",
            "vmul.f32 s8, s8, s4",
            "vmul.f32 s12, s12, s4",
            "vmul.f32 s9, s9, s5",
            "vmul.f32 s13, s13, s5",
            "vmul.f32 s10, s10, s6",
            "vmul.f32 s14, s14, s6",
            "vmul.f32 s11, s11, s7",
            "vmul.f32 s15, s15, s7",
            "vsub.f32 s0, s0, s8",
            "vsub.f32 s1, s1, s12",
            "vsub.f32 s0, s0, s9",
            "vsub.f32 s1, s1, s13",
            "vsub.f32 s0, s0, s10",
            "vsub.f32 s1, s1, s14",
            "vsub.f32 s0, s0, s11",
            "vsub.f32 s1, s1, s15",
            "vldmia {b2}!, {{s8-s11}}",
            "vldmia {b3}!, {{s12-s15}}",
            "vmul.f32 s8, s8, s4",
            "vmul.f32 s12, s12, s4",
            "vmul.f32 s9, s9, s5",
            "vmul.f32 s13, s13, s5",
            "vmul.f32 s10, s10, s6",
            "vmul.f32 s14, s14, s6",
            "vmul.f32 s11, s11, s7",
            "vmul.f32 s15, s15, s7",
            "vsub.f32 s2, s2, s8",
            "vsub.f32 s3, s3, s12",
            "vsub.f32 s2, s2, s9",
            "vsub.f32 s3, s3, s13",
            "vsub.f32 s2, s2, s10",
            "vsub.f32 s3, s3, s14",
            "vsub.f32 s2, s2, s11",
            "vsub.f32 s3, s3, s15",
            "subs {k}, {k}, #1",
            "bne 2b",
            "3:",
            "vldmia {b0}, {{s16}}",
            "vldmia {b1}, {{s17-s18}}",
            "vldmia {b2}, {{s19-s21}}",
            "vldmia {b3}, {{s22-s25}}",
            "vdiv.f32 s0, s0, s16",
            "vmul.f32 s4, s0, s17",
            "vsub.f32 s1, s1, s4",
            "vdiv.f32 s1, s1, s18",
            "vmul.f32 s4, s0, s19",
            "vsub.f32 s2, s2, s4",
            "vmul.f32 s4, s1, s20",
            "vsub.f32 s2, s2, s4",
            "vdiv.f32 s2, s2, s21",
            "vmul.f32 s4, s0, s22",
            "vsub.f32 s3, s3, s4",
            "vmul.f32 s4, s1, s23",
            "vsub.f32 s3, s3, s4",
            "vmul.f32 s4, s2, s24",
            "vsub.f32 s3, s3, s4",
            "vdiv.f32 s3, s3, s25",
            "vstmia {x}, {{s0-s3}}",
            x = inout(reg) x => _,
            b0 = inout(reg) b0 => _,
            b1 = inout(reg) b1 => _,
            b2 = inout(reg) b2 => _,
            b3 = inout(reg) b3 => _,
            k = inout(reg) k => _,
            t = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s10") _, out("s11") _, out("s12") _, out("s13") _, out("s14") _, out("s15") _, out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _, out("s24") _, out("s25") _,
            options(nostack),
        );
    }
}

/// The triangle at the end of four rows, less the products of what stands before it.
///
/// # Safety
/// Row r points to `k` + r + 1 numbers, of which the last r + 1 are written; `k` is even.
#[inline(always)]
unsafe fn corner(rows: [*mut f32; 4], k: usize) {
    let [a0, a1, a2, a3] = rows;
    // SAFETY: as in `tile`.
    unsafe {
        asm!(
            "add {t}, {a0}, {k}, lsl #2",
            "vldmia {t}, {{s0}}",
            "add {t}, {a1}, {k}, lsl #2",
            "vldmia {t}, {{s1-s2}}",
            "add {t}, {a2}, {k}, lsl #2",
            "vldmia {t}, {{s3-s5}}",
            "add {t}, {a3}, {k}, lsl #2",
            "vldmia {t}, {{s6-s9}}",
            "lsrs {k}, {k}, #1",
            "beq 3f",
            "2:",
            "vldmia {a0}!, {{s16-s17}}",
            "vldmia {a1}!, {{s18-s19}}",
            "vldmia {a2}!, {{s20-s21}}",
            "vldmia {a3}!, {{s22-s23}}",
            "vmul.f32 s24, s16, s16",
            "vmul.f32 s25, s18, s16",
            "vmul.f32 s26, s18, s18",
            "vmul.f32 s27, s20, s16",
            "vmul.f32 s28, s20, s18",
            "vsub.f32 s0, s0, s24",
            "vsub.f32 s1, s1, s25",
            "vsub.f32 s2, s2, s26",
            "vsub.f32 s3, s3, s27",
            "vsub.f32 s4, s4, s28",
            "vmul.f32 s24, s20, s20",
            "vmul.f32 s25, s22, s16",
            "vmul.f32 s26, s22, s18",
            "vmul.f32 s27, s22, s20",
            "vmul.f32 s28, s22, s22",
            "vsub.f32 s5, s5, s24",
            "vsub.f32 s6, s6, s25",
            "vsub.f32 s7, s7, s26",
            "vsub.f32 s8, s8, s27",
            "vsub.f32 s9, s9, s28",
            "vmul.f32 s24, s17, s17",
            "vmul.f32 s25, s19, s17",
            "vmul.f32 s26, s19, s19",
            "vmul.f32 s27, s21, s17",
            "vmul.f32 s28, s21, s19",
            "vsub.f32 s0, s0, s24",
            "vsub.f32 s1, s1, s25",
            "vsub.f32 s2, s2, s26",
            "vsub.f32 s3, s3, s27",
            "vsub.f32 s4, s4, s28",
            "vmul.f32 s24, s21, s21",
            "vmul.f32 s25, s23, s17",
            "vmul.f32 s26, s23, s19",
            "vmul.f32 s27, s23, s21",
            "vmul.f32 s28, s23, s23",
            "vsub.f32 s5, s5, s24",
            "vsub.f32 s6, s6, s25",
            "vsub.f32 s7, s7, s26",
            "vsub.f32 s8, s8, s27",
            "vsub.f32 s9, s9, s28",
            "subs {k}, {k}, #1",
            "bne 2b",
            "3:",
            "vstmia {a0}, {{s0}}",
            "vstmia {a1}, {{s1-s2}}",
            "vstmia {a2}, {{s3-s5}}",
            "vstmia {a3}, {{s6-s9}}",
            a0 = inout(reg) a0 => _,
            a1 = inout(reg) a1 => _,
            a2 = inout(reg) a2 => _,
            a3 = inout(reg) a3 => _,
            k = inout(reg) k => _,
            t = out(reg) _,
            out("s0") _, out("s1") _, out("s2") _, out("s3") _, out("s4") _, out("s5") _, out("s6") _, out("s7") _, out("s8") _, out("s9") _, out("s16") _, out("s17") _, out("s18") _, out("s19") _, out("s20") _, out("s21") _, out("s22") _, out("s23") _, out("s24") _, out("s25") _, out("s26") _, out("s27") _, out("s28") _,
            options(nostack),
        );
    }
}

/// Where four rows of a packed triangle begin, of which the first, row `first`, is at `start`.
///
/// # Safety
/// The rows are there.
#[inline(always)]
unsafe fn four_rows(start: *const f32, first: usize) -> [*const f32; 4] {
    // SAFETY: the caller's.
    unsafe { [start, start.add(first + 1), start.add(2 * first + 3), start.add(3 * first + 6)] }
}

/// See the namesake in `cholesky::portable`.
#[inline(never)]
pub fn substitute(l: &[f32], b: &mut [f32]) {
    let x = b.as_mut_ptr();
    let (mut start, mut k) = (0, 0);
    // Four rows more take 4k + 10 items of L and four of b.
    while start + 4 * k + 10 <= l.len() && k + 4 <= b.len() {
        // SAFETY: `start` is where row `k` begins; the condition.
        unsafe { strip(x, four_rows(l.as_ptr().add(start), k), k) };
        start += 4 * k + 10;
        k += 4;
    }
    portable::substitute_from(l.get(start..).unwrap_or_default(), b, k);
}

/// See the namesake in `cholesky::portable`; `first` is to be a multiple of four.
#[inline(never)]
pub fn eliminate(above: &[f32], rows: &mut [f32], first: usize) {
    if !first.is_multiple_of(4) || above.len() < packed_len(first) || rows.len() < 4 * first + 10 {
        return portable::eliminate(above, rows, first);
    }
    // SAFETY: `above` holds the rows up to `first`, and `rows` the four of `first` + 1 … `first` + 4 items; `k` runs over the
    // multiples of four up to `first`, and `start` is where row `k` begins.
    unsafe {
        let a = four_rows(rows.as_mut_ptr(), first).map(<*const f32>::cast_mut);
        let (mut start, mut k) = (above.as_ptr(), 0);
        while k < first {
            tile(a, four_rows(start, k), k);
            start = start.add(4 * k + 10);
            k += 4;
        }
        corner(a, first);
    }
}
