//! The kernels of `hone_numeric`.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_numeric::{kernel, rng::Rng};
use hone_target_bench::{case, entry, exit, start};

#[entry]
fn main() -> ! {
    let mut rng = Rng::new(1);
    let x: [f32; 600] = core::array::from_fn(|_| rng.next_signed());
    let y: [f32; 600] = core::array::from_fn(|_| rng.next_signed());
    start();
    case("kernel/dot_f32", 600).units(600).run(|| kernel::dot_f32(black_box(&x), black_box(&y)));
    exit(true)
}
