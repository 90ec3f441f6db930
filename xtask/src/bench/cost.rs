//! Time and energy on a Cortex-M4 without flash wait states, estimated from the counts.

use super::row::Row;

/// The board that the estimate is for.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    /// Core clock, MHz.
    pub clock: f64,
    /// Supply current while computing, mA.
    pub current: f64,
    /// Supply voltage, V.
    pub voltage: f64,
}

impl Board {
    /// Milliseconds.
    pub fn time(&self, row: &Row) -> f64 {
        row.counts.cycles() / (self.clock * 1000.0)
    }

    /// Microjoules: ms · mA · V.
    pub fn energy(&self, row: &Row) -> f64 {
        self.time(row) * self.current * self.voltage
    }
}
