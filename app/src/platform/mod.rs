//! Zephyr behind safe Rust. The only place with unsafe code in the application; every C function it calls, and every
//! Rust function that C calls, is in [`ffi`].
#![allow(unsafe_code)]

pub mod clock;
pub mod console;
pub mod fault;
mod ffi;
pub mod flash;
pub mod pins;
pub mod sensor;
mod shell_words;
pub mod signal;
pub mod thread;
pub mod watchdog;

/// A negative errno.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Errno(pub i32);

/// Result of a C function that answers 0 or a negative errno.
fn check(rc: core::ffi::c_int) -> Result<(), Errno> {
    if rc == 0 { Ok(()) } else { Err(Errno(rc)) }
}

/// Lines of the console that were not run since the last call: how many, and in words why.
pub fn lines_refused() -> (u32, [&'static str; 3]) {
    let mut why = 0;
    let count = ffi::hone_lines_refused(&mut why);
    // In the order of the bits of `HONE_LINE_*`.
    let mut reasons = ["typed faster than they are read", "more than 255 characters", "a character that is not ASCII"];
    for (bit, reason) in reasons.iter_mut().enumerate() {
        if why & (1 << bit) == 0 {
            *reason = "";
        }
    }
    (count, reasons)
}

/// Has [`crate::tell`] called when there is something to tell, from now on.
pub fn start_events() {
    ffi::hone_events_start();
}

/// Has it called shortly.
pub fn tell_soon() {
    ffi::hone_events_soon();
}
