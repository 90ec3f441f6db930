//! Prints the values as the program on the target does.
#![forbid(unsafe_code)]

use hone_engine::{Links, Memory};

fn main() {
    let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
    hone_vectors::all(&mut hone_vectors::device::Trial::new(links, memory), &mut |key, number| {
        println!("value {key} {number:08x}")
    });
}
