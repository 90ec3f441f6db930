//! `sizes/ledger.toml`: what each part of an image may take at most, by board.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use serde::Deserialize;

use super::Bytes;

/// A board's lines.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Ledger {
    /// Bytes that the image may lie in.
    pub flash: u64,
    /// Bytes of memory.
    pub ram: u64,
    /// The parts that its images have.
    pub part: Vec<Part>,
}

/// A line.
#[derive(Clone, Debug, Default, Deserialize)]
pub struct Part {
    /// What it is.
    pub name: String,
    /// Bytes of flash that it may take.
    #[serde(default)]
    pub flash: u64,
    /// Bytes of memory.
    #[serde(default)]
    pub ram: u64,
}

impl Ledger {
    /// The lines of `board`; none for a board that has no entry.
    ///
    /// # Errors
    /// A file that is no ledger.
    pub fn read(root: &Path, board: &str) -> Result<Self, String> {
        let path = root.join("sizes/ledger.toml");
        let text = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", path.display()))?;
        Self::parse(&text, board).map_err(|e| format!("{}: {e}", path.display()))
    }

    fn parse(text: &str, board: &str) -> Result<Self, String> {
        let mut boards: BTreeMap<String, Self> = toml::from_str(text).map_err(|e| e.to_string())?;
        let ledger = boards.remove(board).unwrap_or_default();
        let sum = ledger.limit();
        if sum.flash > ledger.flash || sum.ram > ledger.ram {
            let (flash, ram) = (ledger.flash, ledger.ram);
            return Err(format!("{board}: the parts sum to {} and {} bytes of {flash} and {ram}", sum.flash, sum.ram));
        }
        Ok(ledger)
    }

    /// What an image may take.
    pub fn limit(&self) -> Bytes {
        self.part.iter().fold(Bytes::default(), |sum, p| Bytes { flash: sum.flash + p.flash, ram: sum.ram + p.ram })
    }

    /// The lines, and what is used of their sum; nothing for a board without any.
    pub fn report(&self, used: Bytes) -> String {
        let mut text = String::new();
        for part in &self.part {
            let _ = writeln!(text, "  {:>8} flash {:>7} RAM for {}", part.flash, part.ram, part.name);
        }
        let limit = self.limit();
        for (what, used, limit, there) in
            [("flash", used.flash, limit.flash, self.flash), ("RAM", used.ram, limit.ram, self.ram)]
        {
            if limit > 0 {
                let left = super::left(used, limit);
                let _ = writeln!(text, "{what}: {used} of {limit} in the ledger, {left}; the board has {there}");
            }
        }
        text
    }

    /// What is beyond the ledger.
    pub fn exceeded(&self, name: &str, used: Bytes) -> Vec<String> {
        let limit = self.limit();
        let figures = [("flash", used.flash, limit.flash), ("RAM", used.ram, limit.ram)];
        let beyond = figures.into_iter().filter(|(_, used, limit)| *limit > 0 && used > limit);
        beyond.map(|(what, used, limit)| format!("{name}: {what} is {used}, the ledger allows {limit}")).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[b]\nflash = 100\nram = 50\n[[b.part]]\nname = \"x\"\nflash = 60\nram = 30\n\
        [[b.part]]\nname = \"y\"\nflash = 20\n";

    #[test]
    fn parts_add_up_and_hold() {
        let ledger = Ledger::parse(TEXT, "b").unwrap();
        assert_eq!(ledger.limit(), Bytes { flash: 80, ram: 30 });
        assert_eq!(ledger.exceeded("b", Bytes { flash: 80, ram: 30 }), Vec::<String>::new());
        assert_eq!(
            ledger.exceeded("b-tests", Bytes { flash: 81, ram: 31 }),
            ["b-tests: flash is 81, the ledger allows 80", "b-tests: RAM is 31, the ledger allows 30"]
        );
        let text = ledger.report(Bytes { flash: 90, ram: 20 });
        assert!(text.contains("for y") && text.contains("flash: 90 of 80 in the ledger, 10 TOO MANY"), "{text}");
        assert!(text.contains("RAM: 20 of 30 in the ledger, 10 left; the board has 50"), "{text}");
    }

    #[test]
    fn a_board_without_lines_has_no_limit_and_parts_fit_the_board() {
        let none = Ledger::parse(TEXT, "other").unwrap();
        assert_eq!(none.exceeded("other", Bytes { flash: 1 << 30, ram: 1 << 30 }), Vec::<String>::new());
        let error = Ledger::parse(&TEXT.replace("ram = 30", "ram = 51"), "b").unwrap_err();
        assert!(error.contains("80 and 51 bytes of 100 and 50"), "{error}");
    }

    #[test]
    fn the_ledger_of_this_repository_reads() {
        let root = crate::workspace::root();
        assert!(Ledger::read(root, "nucleo_f401re").unwrap().limit().flash > 0);
    }
}
