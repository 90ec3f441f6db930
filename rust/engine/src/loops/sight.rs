//! What models and the training set see of a window. Where an encoder makes the row, it is held here, by a counted borrow.

use crate::data::preprocessing::{Bench, Encoder, Preprocessing};
use crate::learners::ENCODER;
use crate::pool::{Pool, Slot};
use atomic_refcell::AtomicRef;
use hone_learn::learner::Input;
use hone_signal::WindowView;

/// Computes it.
#[derive(Debug)]
pub struct Sight {
    bench: &'static mut Bench,
    pool: Pool,
    encoder: Option<(Encoder, AtomicRef<'static, Slot>)>,
}

impl Sight {
    pub(crate) fn new(bench: &'static mut Bench, pool: Pool) -> Self {
        Self { bench, pool, encoder: None }
    }

    /// Takes over the encoder that there is now, between two windows.
    pub fn follow(&mut self, encoder: Option<Encoder>) {
        if ENCODER.is_none() || encoder == self.encoder.as_ref().map(|(held, _)| *held) {
            return;
        }
        let slot = encoder.and_then(|encoder| self.pool.get(encoder.slot));
        if let ([scratch], Some(slot)) = (&mut self.bench.scratch[..], &slot) {
            scratch.prepare(&slot.model);
        }
        self.encoder = encoder.zip(slot);
    }

    /// What is seen of the window; `None` when the preprocessing was made for other windows, or its encoder is not there.
    pub fn see<'m>(&'m mut self, by: &Preprocessing, window: &WindowView<'m>) -> Option<Input<'m>> {
        let Bench { memory, scratch, row } = &mut *self.bench;
        let input = by.see(window, memory)?;
        let Some(code) = by.code() else { return Some(input) };
        let (_, slot) = self.encoder.as_ref().filter(|(encoder, _)| encoder.code == code)?;
        let [scratch] = &mut scratch[..] else { return None };
        let made = slot.model.encode(&input, scratch, row)?;
        Some(Input { row: row.get(..made)?, ..input })
    }
}
