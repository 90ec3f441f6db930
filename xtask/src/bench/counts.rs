//! Instructions by kind, and the Cortex-M4's cycles that they stand for.

/// The plugin's kinds (`rust/target-bench/plugin/classify.h`), each with its cycles; see `docs/performance.md`.
const KINDS: [(&str, f64); 16] = [
    ("alu", 1.0),
    ("mul", 1.0),
    ("div", 7.0),
    ("load", 2.0),
    ("store", 1.0),
    ("load_many", 1.0),
    ("store_many", 1.0),
    ("branch", 1.0),
    ("fp", 1.0),
    ("fp_mac", 3.0),
    ("fp_div", 14.0),
    ("fp_load", 2.0),
    ("fp_store", 1.0),
    ("fp_load_many", 1.0),
    ("fp_store_many", 1.0),
    ("other", 1.0),
];
/// Cycles that a taken branch adds: one to three to refill the pipeline.
const TAKEN: f64 = 2.0;

/// The kinds' names, then `words` and `taken`.
pub fn names() -> impl Iterator<Item = &'static str> {
    KINDS.iter().map(|k| k.0).chain(["words", "taken"])
}

/// What was executed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Counts {
    kinds: [u64; KINDS.len()],
    words: u64,
    taken: u64,
}

impl Counts {
    /// From the plugin's `KIND=COUNT …`.
    pub fn parse(text: &str) -> Option<Self> {
        let mut counts = Self::default();
        for item in text.split_whitespace() {
            let (name, value) = item.split_once('=')?;
            let value = value.parse().ok()?;
            match name {
                "words" => counts.words = value,
                "taken" => counts.taken = value,
                _ => *counts.kinds.get_mut(KINDS.iter().position(|k| k.0 == name)?)? = value,
            }
        }
        Some(counts)
    }

    /// Takes the empty bracket away.
    pub fn subtract(&mut self, empty: &Self) {
        for (count, less) in self.kinds.iter_mut().zip(empty.kinds) {
            *count = count.saturating_sub(less);
        }
        self.words = self.words.saturating_sub(empty.words);
        self.taken = self.taken.saturating_sub(empty.taken);
    }

    /// Each count, in the order of [`names`].
    pub fn each(&self) -> impl Iterator<Item = u64> {
        self.kinds.into_iter().chain([self.words, self.taken])
    }

    /// All instructions.
    pub fn instructions(&self) -> u64 {
        self.kinds.iter().sum()
    }

    /// The estimate of a Cortex-M4's cycles.
    pub fn cycles(&self) -> f64 {
        let kinds: f64 = self.kinds.iter().zip(KINDS).map(|(count, kind)| *count as f64 * kind.1).sum();
        kinds + self.words as f64 + self.taken as f64 * TAKEN
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_by_kind() {
        let counts = Counts::parse("alu=10 load_many=2 words=8 branch=3 taken=2 fp_div=1").unwrap();
        assert_eq!(counts.instructions(), 16);
        assert_eq!(counts.cycles(), 10.0 + 2.0 + 8.0 + 3.0 + 4.0 + 14.0);
        assert_eq!(Counts::parse("nonsense=1"), None);
    }
}
