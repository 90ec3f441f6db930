//! The ESN with other numbers of units than `esn.rs`, for the exponents of growth.
#![no_std]
#![no_main]

#[path = "../esn_case.rs"]
mod esn_case;

use hone_target_bench::{entry, exit, start};

#[entry]
fn main() -> ! {
    start();
    esn_case::run::<16, 384>();
    esn_case::run::<32, 384>();
    esn_case::run::<128, 1664>();
    exit(true)
}
