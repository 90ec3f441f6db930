//! The harness of the bare-metal programs in `src/bin`: brackets around the work to be counted, the painted stack,
//! input files and text output through semihosting.
//!
//! QEMU executes `dbg #n` as a hint without effect; the plugin in `plugin/` counts the instructions, by kind, between
//! `dbg #0` and `dbg #1`. The program prints one `case` line per bracket, `cargo xtask bench` puts both together.
//! Without the plugin the programs run just as well, and print their lines.
#![no_std]

mod io;
mod measure;
mod stack;

pub use cortex_m_rt::entry;
pub use io::{Text, exit, print, read_file, value};
pub use measure::{Case, case, start};

use core::panic::PanicInfo;

use cortex_m_rt::{ExceptionFrame, exception};

/// Prints the place and ends QEMU with a failure; the message itself would link the formatting machinery.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    if let Some(place) = info.location() {
        print(&[Text::Str("panic at "), Text::Str(place.file()), Text::Str(":"), Text::Dec(place.line())]);
    }
    exit(false)
}

/// A fault ends the program, rather than hang it.
#[exception]
unsafe fn HardFault(frame: &ExceptionFrame) -> ! {
    print(&[Text::Str("fault at "), Text::Hex(frame.pc())]);
    exit(false)
}
