//! Experiments by the command that runs them, each run once, and how their figures are written.

use crate::dataset::data_folder;
use crate::eval::{self, EvalArgs, Report};
use crate::output;
use crate::statistics::Spread;
use clap::Parser;
use std::collections::BTreeMap;
use std::path::Path;

/// Arguments as after `hone eval`.
#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: EvalArgs,
}

/// What has been run.
#[derive(Default)]
pub struct Lab {
    reports: BTreeMap<String, Result<Report, String>>,
}

/// Seeds of what depends on one.
const SEEDS: std::ops::RangeInclusive<u32> = 1..=5;

impl Lab {
    /// Whether there is anything to measure on.
    ///
    /// # Errors
    /// There is not, and what to do.
    pub fn recordings() -> Result<(), String> {
        let folder = data_folder();
        if folder.join("cwru").is_dir() && folder.join("svm").is_dir() {
            return Ok(());
        }
        Err(format!("no recordings in {}; set HONE_DATA to their folder", folder.display()))
    }

    fn args(command: &str) -> Result<EvalArgs, String> {
        let words = ["eval"].into_iter().chain(command.split_whitespace());
        Command::try_parse_from(words).map(|c| c.args).map_err(|e| format!("hone eval {command}: {e}"))
    }

    /// What `hone eval COMMAND` finds.
    ///
    /// # Errors
    /// What it says instead.
    pub fn eval(&mut self, command: &str) -> Result<&Report, String> {
        let run = || {
            let args = Self::args(command)?;
            eval::evaluate(&args).map(|(report, _)| report).map_err(|e| format!("hone eval {command}: {e}"))
        };
        self.reports.entry(command.to_owned()).or_insert_with(run).as_ref().map_err(Clone::clone)
    }

    /// A figure of seeds 1 to 5.
    ///
    /// # Errors
    /// As [`Self::eval`], or there is no such figure.
    pub fn seeds(&mut self, command: &str, figure: fn(&Report) -> Option<f64>) -> Result<Spread, String> {
        let value = |seed| {
            let report = self.eval(&format!("{command} --seed {seed}"))?;
            figure(report).ok_or_else(|| format!("hone eval {command}: no such figure"))
        };
        let values = SEEDS.map(value).collect::<Result<Vec<f64>, String>>()?;
        Spread::of(&values).ok_or_else(|| format!("hone eval {command}: no figure"))
    }

    /// Draws what `hone eval COMMAND --plot` does, and keeps one picture of it.
    ///
    /// # Errors
    /// As [`Self::eval`], or the picture cannot be written.
    pub fn draw(&mut self, command: &str, folder: &Path, keep: &str) -> Result<(), String> {
        let args = Self::args(command)?;
        pictures(folder, &[keep], |into| {
            let args = EvalArgs { plot: Some(into.into()), ..args };
            eval::evaluate(&args).map(|_| ()).map_err(|e| format!("hone eval {command}: {e}"))
        })
    }
}

/// Has pictures drawn elsewhere, and puts those to keep into a folder.
pub fn pictures(folder: &Path, keep: &[&str], draw: impl FnOnce(&Path) -> Result<(), String>) -> Result<(), String> {
    let drawn = tempfile::tempdir().map_err(|e| format!("no place to draw: {e}"))?;
    draw(drawn.path())?;
    for name in keep {
        let bytes = std::fs::read(drawn.path().join(name)).map_err(|e| format!("{name} was not drawn: {e}"))?;
        let path = folder.join(name);
        output::write_file(&path, &bytes).map_err(|e| format!("{}: {e}", path.display()))?;
    }
    Ok(())
}

/// The share decided rightly.
pub fn accuracy(report: &Report) -> Option<f64> {
    report.accuracy.map(f64::from)
}

/// A fact that the report's table has.
pub fn fact(report: &Report, name: &str) -> Result<String, String> {
    let found = report.facts.iter().find(|f| f.0.trim() == name);
    found.map(|f| f.1.clone()).ok_or_else(|| format!("the report of {} has no {name}", report.dataset))
}

/// The number that a fact begins with.
pub fn count(report: &Report, name: &str) -> Result<f64, String> {
    let text = fact(report, name)?;
    let number = text.split([' ', ',']).next().and_then(|n| n.parse().ok());
    number.ok_or_else(|| format!("{name} of {}: {text}", report.dataset))
}

/// Least and median.
pub fn least_and_median(spread: Spread, digits: usize) -> String {
    format!("{:.digits$}, {:.digits$}", spread.least, spread.median)
}

/// `1234` as `1,234`.
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = digits.clone();
    for place in (1..digits.len()).filter(|place| place % 3 == 0) {
        text.insert(digits.len() - place, ',');
    }
    text
}

/// Three figures of a time in the unit that suits it.
pub fn time(seconds: f64) -> String {
    scaled(seconds, &[(1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns")])
}

/// Three figures of an energy in the unit that suits it.
pub fn energy(joules: f64) -> String {
    scaled(joules, &[(1.0, "J"), (1e-3, "mJ"), (1e-6, "µJ"), (1e-9, "nJ")])
}

fn scaled(value: f64, units: &[(f64, &str)]) -> String {
    let (unit, name) = units.iter().find(|(unit, _)| value >= *unit).or(units.last()).copied().unwrap_or((1.0, ""));
    let value = value / unit;
    let digits = if value >= 100.0 { 0 } else { usize::from(value < 10.0) + 1 };
    format!("{value:.digits$} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_with_three_digits_and_their_unit() {
        assert_eq!([0.0, 999.0, 1000.0, 1234567.0].map(grouped), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([33.512, 0.000_976e-3, 0.0223, 785.6].map(time), ["33.5 s", "976 ns", "22.3 ms", "786 s"]);
        assert_eq!(energy(0.000_83), "830 µJ");
    }

    #[test]
    fn an_experiment_that_cannot_be_says_why() {
        let mut lab = Lab::default();
        assert!(lab.eval("nowhere --learner svm").unwrap_err().contains("there is no such manifest"));
        assert!(lab.eval("iris --lerner svm").unwrap_err().contains("--lerner"));
    }
}
