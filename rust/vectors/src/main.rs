//! Prints the values as the program on the target does.
#![forbid(unsafe_code)]

fn main() {
    hone_vectors::all(&mut |key, number| println!("value {key} {number:08x}"));
}
