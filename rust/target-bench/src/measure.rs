//! Brackets around the work to be counted.

use core::arch::asm;
use core::hint::black_box;
use core::sync::atomic::{AtomicU32, Ordering};

use crate::io::{Text, print};
use crate::stack;

/// Brackets so far: the plugin numbers them in the same way.
static BRACKETS: AtomicU32 = AtomicU32::new(0);

/// One measurement: what it is called and what its figures are divided by.
#[must_use = "`run` measures"]
pub struct Case {
    name: &'static str,
    of: &'static str,
    size: u32,
    units: u32,
    workspace: usize,
    model: usize,
}

/// Begins a program: measures the empty bracket, which is subtracted from all others.
pub fn start() {
    case("empty", 0).run(|| ());
}

/// A measurement called `name` (`svm/train/iris01`) at `size` (elements, rows, units: what the name lets expect).
pub fn case(name: &'static str, size: u32) -> Case {
    Case { name, of: "", size, units: 0, workspace: 0, model: 0 }
}

impl Case {
    /// Adds to the name what it is measured of.
    pub fn of(self, of: &'static str) -> Self {
        Self { of, ..self }
    }

    /// States the multiply-accumulates (dimensions, non-zeros …) by which the count is divided for `per_unit`.
    pub fn units(self, units: u32) -> Self {
        Self { units, ..self }
    }

    /// States the bytes of working memory that the work is lent.
    pub fn workspace(self, bytes: usize) -> Self {
        Self { workspace: bytes, ..self }
    }

    /// States the bytes that the model takes (in memory, `size_of_val`).
    pub fn model(self, bytes: usize) -> Self {
        Self { model: bytes, ..self }
    }

    /// Runs `work` once in the bracket, prints the `case` line, and hands on what `work` returned.
    ///
    /// Pass what `work` reads through `black_box`, or the compiler computes it beforehand.
    #[inline(always)]
    pub fn run<R>(self, work: impl FnOnce() -> R) -> R {
        let top = stack::paint();
        // SAFETY: hints without effect on the processor. As they may touch memory for all that the compiler knows,
        // no load or store moves across them; `black_box` keeps the arithmetic inside.
        unsafe { asm!("dbg #0", options(nostack, preserves_flags)) };
        let result = black_box(work());
        unsafe { asm!("dbg #1", options(nostack, preserves_flags)) };
        let stack = stack::used(top);
        self.report(stack);
        result
    }

    #[inline(never)]
    fn report(&self, stack: u32) {
        let bracket = BRACKETS.load(Ordering::Relaxed);
        BRACKETS.store(bracket.wrapping_add(1), Ordering::Relaxed);
        let space = Text::Str(" ");
        print(&[
            Text::Str("case "),
            Text::Dec(bracket),
            space,
            Text::Str(self.name),
            Text::Str(self.of),
            space,
            Text::Dec(self.size),
            space,
            Text::Dec(self.units),
            space,
            Text::Dec(self.workspace as u32),
            space,
            Text::Dec(self.model as u32),
            space,
            Text::Dec(stack),
        ]);
    }
}
