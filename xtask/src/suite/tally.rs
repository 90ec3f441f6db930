//! What a check amounts to: numbers of passed, failed and skipped tests.

/// Something that was not run, and why.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Skip {
    /// What.
    pub name: String,
    /// Why, and where it can be helped, how.
    pub why: String,
}

/// Result of a check, or the sum over several.
#[derive(Debug, Default, PartialEq, Eq, Clone)]
pub struct Tally {
    /// Tests, or checks without tests, that passed.
    pub passed: u64,
    /// Tests, or checks without tests, that failed.
    pub failed: u64,
    /// What was skipped.
    pub skipped: Vec<Skip>,
    /// What the reader should see although nothing failed.
    pub warnings: Vec<String>,
}

impl Tally {
    /// One thing that passed or failed.
    pub fn one(passed: bool) -> Self {
        Self { passed: u64::from(passed), failed: u64::from(!passed), ..Self::default() }
    }

    /// One thing that was skipped.
    pub fn skip(name: &str, why: impl Into<String>) -> Self {
        Self { skipped: vec![Skip { name: name.into(), why: why.into() }], ..Self::default() }
    }

    /// Adds another result.
    pub fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped.extend(other.skipped);
        self.warnings.extend(other.warnings);
    }

    /// The line that ends a run.
    pub fn line(&self) -> String {
        format!("{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped.len())
    }
}

/// The sum of the lines with which `cargo test` ends each program. `succeeded` is its exit status: a run that failed without
/// a failing test (it does not compile, or a test ended the process) counts as one failure.
pub fn of_cargo_test(output: &str, succeeded: bool) -> Tally {
    let mut tally = Tally::default();
    for ending in output.lines().filter_map(|line| line.strip_prefix("test result: ")) {
        let number = |what| ending.split([';', '.']).find_map(|part| part.trim().strip_suffix(what)?.parse().ok());
        tally.passed += number(" passed").unwrap_or(0);
        tally.failed += number(" failed").unwrap_or(0);
    }
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_summed_and_a_bad_end_counts() {
        let text = "test b ... FAILED\n\ntest result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured\n     Running x\n\
                    test result: ok. 12 passed; 0 failed; 0 ignored; finished in 1.20s\n";
        assert_eq!(of_cargo_test(text, false).line(), "13 passed, 1 failed, 0 skipped");
        let died = "test result: ok. 2 passed; 0 failed; 0 ignored\nerror: test failed (signal: 11)\n";
        assert_eq!(of_cargo_test(died, false).line(), "2 passed, 1 failed, 0 skipped");
        assert_eq!(of_cargo_test("error[E0308]: mismatched types\n", false), Tally::one(false));
    }

    #[test]
    fn sums_keep_every_part() {
        let mut sum = Tally::one(true);
        sum.add(Tally::one(false));
        sum.add(Tally::skip("x", "y"));
        assert_eq!(sum.line(), "1 passed, 1 failed, 1 skipped");
    }
}
