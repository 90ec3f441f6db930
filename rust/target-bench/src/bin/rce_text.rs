//! One model of `hone_rce`, of 8 bits and Manhattan distance: its bytes of code are those of a device with TinyRCE, where
//! `rce` has the code once for each size of model.
#![no_std]
#![no_main]

#[path = "../rce_case.rs"]
mod rce_case;

use hone_target_bench::{entry, exit, start};

#[entry]
fn main() -> ! {
    let windows = rce_case::windows();
    start();
    rce_case::run::<3600>(["rce/alone/learn", "rce/alone/infer"], &[], &windows);
    exit(true)
}
