//! `hone_numeric`.

use hone_numeric::{kernel, rng::Rng};

use crate::Emit;

pub(crate) fn emit(emit: Emit<'_>) {
    let mut rng = Rng::new(7);
    let x: [f32; 131] = core::array::from_fn(|_| rng.next_signed());
    let y: [f32; 131] = core::array::from_fn(|_| rng.next_signed());
    emit("numeric/dot_f32", kernel::dot_f32(&x, &y).to_bits());
}
