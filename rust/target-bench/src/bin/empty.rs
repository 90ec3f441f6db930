//! The harness alone: its text size is subtracted from the other programs'.
#![no_std]
#![no_main]

use hone_target_bench::{entry, exit, start};

#[entry]
fn main() -> ! {
    start();
    exit(true)
}
