//! Prints the values of `hone_vectors`, which the host must print bit for bit.
#![no_std]
#![no_main]

use cortex_m::singleton;
use hone_engine::{Links, Memory};
use hone_target_bench::{entry, exit, value};
use hone_vectors::device::Trial;

#[entry]
fn main() -> ! {
    let (Some(links), Some(memory)) = (singleton!(: Links = Links::new()), singleton!(: Memory = Memory::ZERO)) else {
        exit(false)
    };
    hone_vectors::all(&mut Trial::new(links, memory), &mut |key, number| value(key, number));
    exit(true)
}
