//! Prints the static memory of this build by consumer: `cargo run -p hone-engine --example memory`. Pointers are wider on a
//! 64-bit host; `cargo xtask size` has the board's figures.
fn main() {
    for item in hone_engine::budget::ITEMS {
        println!("{:6} {}", item.bytes, item.name);
    }
    println!("{:6} in all, of {}", hone_engine::device::USED, hone_engine::capacity::RAM_BUDGET);
}
