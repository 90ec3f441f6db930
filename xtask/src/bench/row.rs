//! One line of the result.

use serde::Serialize;

use super::counts::Counts;
use super::emulator::Bracket;

/// What one case cost. The serialised fields are those of `--json`.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// What ran.
    pub name: String,
    /// At which size.
    pub size: u64,
    /// Instructions executed, without the empty bracket's.
    pub instructions: u64,
    /// Instructions per unit of work (multiply-accumulate, dimension, row), where the case states how many there are.
    pub per_unit: Option<f64>,
    /// Bytes of working memory lent.
    pub workspace_bytes: u64,
    /// Bytes of the model.
    pub model_bytes: u64,
    /// Bytes of stack below the caller's frame.
    pub stack_bytes: u64,
    /// Bytes of code of the crate that the case measures, in the program that the case belongs to.
    pub text_bytes: u64,
    /// The same by kind.
    #[serde(skip)]
    pub counts: Counts,
}

impl Row {
    /// From a bracket of a program with `text_bytes` of code.
    pub fn new(bracket: &Bracket, text_bytes: u64) -> Self {
        let [size, units, workspace_bytes, model_bytes, stack_bytes] = bracket.figures;
        let instructions = bracket.counts.instructions();
        Self {
            name: bracket.name.clone(),
            size,
            instructions,
            per_unit: (units > 0).then(|| (instructions as f64 / units as f64 * 1000.0).round() / 1000.0),
            workspace_bytes,
            model_bytes,
            stack_bytes,
            text_bytes,
            counts: bracket.counts.clone(),
        }
    }

    /// Name and size, by which baselines know the row.
    pub fn key(&self) -> String {
        format!("{} {}", self.name, self.size)
    }
}

/// Lays out cells in columns, the first to the left, the others to the right.
pub fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|i| rows.iter().filter_map(|r| r.get(i)).map(|c| c.chars().count()).max().unwrap_or(0))
        .collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&widths).enumerate();
        let line: Vec<String> =
            cells.map(|(i, (cell, w))| if i == 0 { format!("{cell:<w$}") } else { format!("{cell:>w$}") }).collect();
        text += line.join("  ").trim_end();
        text.push('\n');
    }
    text
}

/// 1234567 as `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lays_out() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
        let cell = |t: &str| t.to_string();
        assert_eq!(columns(&[vec![cell("ab"), cell("1")], vec![cell("c"), cell("23")]]), "ab   1\nc   23\n");
    }
}
