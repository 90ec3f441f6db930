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

/// Counts what `cargo test` printed. `succeeded` is its exit status: a run that failed without a failing test, for
/// example because it does not compile or a test ended the process, counts as one failure.
pub fn of_cargo_test(output: &str, succeeded: bool) -> Tally {
    let mut tally = Tally::default();
    for line in output.lines() {
        if let Some(counts) = line.strip_prefix("test result: ") {
            tally.passed += number_before(counts, " passed");
            tally.failed += number_before(counts, " failed");
        } else if let Some((name, why)) = ignored(line) {
            tally.skipped.push(Skip { name: name.into(), why: why.into() });
        }
    }
    if !succeeded && tally.failed == 0 {
        tally.failed = 1;
    }
    if succeeded && tally.failed > 0 {
        // Cannot happen with cargo; if the text is misread, say so rather than report success.
        tally.warnings.push("cargo test succeeded although its output shows failures".into());
    }
    tally
}

/// `test NAME ... ignored, REASON`.
fn ignored(line: &str) -> Option<(&str, &str)> {
    let (name, verdict) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let why = verdict.strip_prefix("ignored")?;
    let why = why.strip_prefix(", ").unwrap_or("ignored in the source");
    Some((name, why))
}

fn number_before(text: &str, label: &str) -> u64 {
    let Some(end) = text.find(label) else { return 0 };
    let digits = text[..end].rsplit(|c: char| !c.is_ascii_digit()).next().unwrap_or("");
    digits.parse().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OUTPUT: &str = "\
running 4 tests
test a ... ok
test wide::net ... ignored, needs a board
test tests/x.rs - doc (line 3) ... ignored
test b ... FAILED

test result: FAILED. 1 passed; 1 failed; 2 ignored; 0 measured; 0 filtered out; finished in 0.00s
     Running unittests src/lib.rs
test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
";

    #[test]
    fn counts_over_all_binaries() {
        let tally = of_cargo_test(OUTPUT, false);
        assert_eq!((tally.passed, tally.failed), (13, 1));
        let skipped: Vec<_> = tally.skipped.iter().map(|s| (s.name.as_str(), s.why.as_str())).collect();
        assert_eq!(skipped, [("wide::net", "needs a board"), ("tests/x.rs - doc (line 3)", "ignored in the source")]);
        assert_eq!(tally.line(), "13 passed, 1 failed, 2 skipped");
    }

    #[test]
    fn a_run_that_does_not_compile_is_a_failure() {
        assert_eq!(of_cargo_test("error[E0308]: mismatched types\n", false), Tally::one(false));
    }

    #[test]
    fn a_run_that_dies_after_passing_tests_is_a_failure() {
        let text = "test result: ok. 2 passed; 0 failed; 0 ignored\nerror: test failed (signal: 11)\n";
        let tally = of_cargo_test(text, false);
        assert_eq!((tally.passed, tally.failed), (2, 1));
    }

    #[test]
    fn sums_keep_every_part() {
        let mut sum = Tally::one(true);
        sum.add(Tally::one(false));
        sum.add(Tally::skip("x", "y"));
        assert_eq!(sum.line(), "1 passed, 1 failed, 1 skipped");
    }
}
