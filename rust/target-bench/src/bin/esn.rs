//! The ESN of the board: 64 units.
#![no_std]
#![no_main]

#[path = "../esn_case.rs"]
mod esn_case;

use hone_target_bench::{entry, exit, start};

#[entry]
fn main() -> ! {
    start();
    esn_case::run::<64, 384>();
    exit(true)
}
