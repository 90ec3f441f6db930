//! Prints the values of `hone_vectors`, which the host must print bit for bit.
#![no_std]
#![no_main]

use hone_target_bench::{entry, exit, value};

#[entry]
fn main() -> ! {
    hone_vectors::all(&mut |key, number| value(key, number));
    exit(true)
}
