//! Time and energy on the board, estimated from the counts.

use super::row::{Row, columns, thousands};

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

/// The table of time, energy, flash and RAM of everything that is no kernel.
pub fn table(rows: &[Row], board: &Board) -> String {
    let head = ["task", "size", "instructions", "cycles", "ms", "µJ", "flash", "RAM"].map(String::from).to_vec();
    let mut cells = vec![head];
    for row in rows.iter().filter(|r| !r.name.starts_with("kernel/")) {
        cells.push(vec![
            row.name.clone(),
            row.size.to_string(),
            thousands(row.instructions),
            thousands(row.counts.cycles() as u64),
            format!("{:.3}", board.time(row)),
            format!("{:.2}", board.energy(row)),
            thousands(row.text_bytes),
            thousands(row.workspace_bytes + row.model_bytes + row.stack_bytes),
        ]);
    }
    format!(
        "Estimate for a Cortex-M4 at {} MHz without flash wait states, {} mA at {} V while computing.\n\n{}",
        board.clock,
        board.current,
        board.voltage,
        columns(&cells)
    )
}
