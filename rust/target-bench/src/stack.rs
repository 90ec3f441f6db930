//! The stack's high-water mark, by paint. Both functions are assembly without calls, so that neither needs stack
//! itself where it paints or looks.

use core::arch::asm;

/// How far below the stack pointer the paint goes; a use beyond it reads as this much.
const DEPTH: usize = 128 * 1024;
const PAINT: u32 = 0xC0DE_5EED;

/// Paints the words below the stack pointer. Returns the address under which nothing is in use.
#[inline(always)]
pub fn paint() -> usize {
    let top: usize;
    // SAFETY: the stack grows down, nothing lies below the stack pointer, and RAM ends 4 MB below it.
    unsafe {
        asm!(
            "mov {top}, sp",
            "sub {at}, {top}, #{depth}",
            "2:",
            "str {paint}, [{at}], #4",
            "cmp {at}, {top}",
            "blo 2b",
            top = out(reg) top,
            at = out(reg) _,
            paint = in(reg) PAINT,
            depth = const DEPTH,
        );
    }
    top
}

/// Bytes below `top` that were overwritten since [`paint`] returned it.
#[inline(always)]
pub fn used(top: usize) -> u32 {
    let bytes: u32;
    // SAFETY: only reads, in the range that `paint` wrote.
    unsafe {
        asm!(
            "sub {at}, {top}, #{depth}",
            "2:",
            "cmp {at}, {top}",
            "bhs 3f",
            "ldr {word}, [{at}], #4",
            "cmp {word}, {paint}",
            "beq 2b",
            "subs {at}, {at}, #4",
            "3:",
            "sub {at}, {top}, {at}",
            top = in(reg) top,
            at = out(reg) bytes,
            word = out(reg) _,
            paint = in(reg) PAINT,
            depth = const DEPTH,
            options(nostack, readonly),
        );
    }
    bytes
}
