//! A manifest out of what files are.

use super::inspect::Inspected;
use crate::dataset::file::Format;
use crate::dataset::timing::agree;
use crate::eval::LearnerName;
use hone_engine::capacity::{CHANNELS, WINDOW_FRAMES};
use hone_signal::Unit;
use std::fmt::Write as _;
use std::path::Path;

/// A class to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Whether it is to raise an alarm.
    pub anomalous: bool,
}

/// A manifest to be.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// The data set's name.
    pub name: String,
    /// Samples over time, not rows of features.
    pub recordings: bool,
    /// Frames per second, once known.
    pub rate_hz: Option<f64>,
    /// Frames per window.
    pub window: usize,
    /// The classes.
    pub classes: Vec<Class>,
    /// What to look at again.
    pub notes: Vec<String>,
    files: Vec<Inspected>,
    /// Class of each file, by its name or folder; empty where a column tells.
    of_file: Vec<String>,
}

/// Frames per second beyond which no vibration is sampled: times in a unit that would say so are in a coarser one.
const FASTEST: f64 = 200_000.0;

/// Words for what is well.
const WELL: [&str; 12] =
    ["normal", "healthy", "health", "ok", "good", "baseline", "well", "fine", "nominal", "reference", "0", "n"];

impl Proposal {
    /// Proposes.
    ///
    /// # Errors
    /// The files do not go together.
    pub fn of(root: &Path, files: Vec<Inspected>, rate_hz: Option<f64>) -> Result<Self, String> {
        let Some(first) = files.first() else { return Err("there is no file".into()) };
        let names = |f: &Inspected| f.columns.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
        if let Some(other) = files.iter().find(|f| names(f) != names(first)) {
            return Err(format!(
                "{} has {}, but {} has {}; a manifest takes files of the same channels or features",
                first.path,
                names(first).join(", "),
                other.path,
                names(other).join(", ")
            ));
        }
        if first.columns.is_empty() {
            return Err(format!("{} has no column of numbers besides times and classes", first.path));
        }
        // Rows of features have no rate.
        let recordings =
            first.format != Format::Csv || first.time.is_some() || first.label.is_none() || rate_hz.is_some();
        if let Some(rate) = rate_hz.filter(|r| !(r.is_finite() && *r > 0.0)) {
            return Err(format!("--rate is {rate}; give a number above 0"));
        }
        let mut notes = Vec::new();
        let told = files.iter().find(|f| !f.rates.is_empty());
        if let (Some(given), Some(file)) = (rate_hz, told)
            && !file.rates.iter().any(|told| agree(*told, given))
        {
            let rates: Vec<String> = file.rates.iter().map(f64::to_string).collect();
            let rates = rates.join(", or ");
            return Err(format!("--rate is {given}, but {} says {rates} frames per second", file.path));
        }
        if let (None, Some(file), [seconds, finer, ..]) = (rate_hz, told, told.map_or(&[][..], |f| f.rates.as_slice()))
            && *finer <= FASTEST
        {
            notes.push(format!(
                "the times of {} do not say in which unit they count: seconds are {seconds} Hz, milliseconds would be {finer} \
                 Hz; if they are no seconds, give --rate",
                file.path
            ));
        }
        let rate_hz = rate_hz.or_else(|| told?.rates.first().copied());
        let (classes, of_file) = classes(&files);
        let least = files.iter().map(|f| f.frames).min().unwrap_or(0);
        // As images have them, so that they take the model: smaller where there are many channels or few frames.
        let fits = |w: &usize| w * first.columns.len() <= WINDOW_FRAMES * CHANNELS && least / w >= 40;
        let most = (WINDOW_FRAMES * CHANNELS / first.columns.len()).clamp(1, 64);
        let sizes = [WINDOW_FRAMES, 64, 32, 16, 8];
        let window = sizes.into_iter().find(fits).unwrap_or_else(|| (least / 4).clamp(1, most));
        let parent = first.path.split_once('/').map(|p| p.0);
        let parent = parent.filter(|p| files.iter().all(|f| f.path.split_once('/').is_some_and(|q| q.0 == *p)));
        let folder = parent.or_else(|| root.file_name()?.to_str()).unwrap_or("recordings");
        let stem = Path::new(&first.path)
            .file_name()
            .and_then(|n| n.to_str())
            .map_or("", |n| n.split('.').next().unwrap_or(n));
        let name = if files.len() == 1 { stem } else { folder };
        let name: String =
            name.chars().map(|c| if c.is_ascii_alphanumeric() || "-_".contains(c) { c } else { '-' }).collect();
        let name = if name.is_empty() { "recordings".into() } else { name };
        // What is normal comes first: it is learnt, and plays, before the rest.
        let mut classes = classes;
        classes.sort_by_key(|c| c.anomalous);
        let ill = |name: &str| classes.iter().any(|c| c.anomalous && c.name == name);
        let mut placed: Vec<_> = files.into_iter().zip(of_file).collect();
        placed.sort_by_key(|(_, class)| ill(class));
        let (files, of_file) = placed.into_iter().unzip();
        Ok(Self { name, recordings, rate_hz, window, classes, notes, files, of_file })
    }

    /// The learner to begin with: that of anomalies in recordings, else that of classes and novelty.
    pub fn learner(&self) -> LearnerName {
        if self.anomaly() && self.recordings { LearnerName::Esn } else { LearnerName::Svm }
    }

    fn anomaly(&self) -> bool {
        self.classes.iter().any(|c| c.anomalous)
    }

    /// The manifest's text.
    ///
    /// # Errors
    /// Something is not known.
    pub fn manifest(&mut self) -> Result<String, String> {
        let mut text = String::new();
        let task = if self.anomaly() { "anomaly" } else { "classification" };
        let kind = if self.recordings { "recordings" } else { "table" };
        let _ = writeln!(text, "name = {:?}\nkind = \"{kind}\"\ntask = \"{task}\"", self.name);
        if self.recordings {
            let rate =
                self.rate_hz.ok_or("the files do not say how many frames there are per second; give --rate HZ")?;
            let _ = writeln!(text, "rate_hz = {rate}\nwindow = {{ length = {} }}", self.window);
            self.channels(&mut text);
        }
        for class in &self.classes {
            let _ = writeln!(text, "\n[[class]]\nname = {}", quoted(&class.name));
            if class.anomalous {
                let _ = writeln!(text, "anomalous = true");
            }
        }
        for (i, file) in self.files.iter().enumerate() {
            let _ = writeln!(text, "\n[[file]]\npath = {}", quoted(&file.path));
            if let Some(header) = file.header {
                let _ = writeln!(text, "header = {header}");
            }
            if !file.axes.is_empty() {
                let axes: Vec<String> = file.axes.iter().map(|a| quoted(a)).collect();
                let _ = writeln!(text, "axes = [{}]", axes.join(", "));
            }
            if let Some(time) = file.time.as_ref().filter(|_| self.recordings) {
                let _ = writeln!(text, "time = {}", quoted(time));
            }
            let class = self.of_file.get(i).filter(|c| !c.is_empty());
            match (&file.label, class) {
                (Some((label, _)), _) => {
                    let _ = writeln!(text, "label = {}", quoted(label));
                }
                (None, Some(class)) => {
                    let _ = writeln!(text, "class = {}", quoted(class));
                }
                _ => {
                    return Err(format!(
                        "the class of {} is not known; name the file, or its folder, after what it shows",
                        file.path
                    ));
                }
            }
            let _ = writeln!(text, "{}", self.part(i));
        }
        Ok(text)
    }

    /// What the file is for. Of an anomaly task what is normal trains first, and what is not is tested.
    fn part(&self, i: usize) -> &'static str {
        let class = self.of_file.get(i).map_or("", String::as_str);
        let ill = self.classes.iter().any(|c| c.name == class && c.anomalous);
        let of_class = self.of_file.iter().filter(|c| *c == class).count();
        match (self.anomaly(), self.recordings, ill) {
            (true, _, true) => "part = \"test\"",
            (true, _, false) => "split = { train = 0.5, calibrate = 0.25, test = 0.25 }",
            // Classes that a column names may lie one after another.
            (false, ..) if self.files.get(i).is_some_and(|f| f.label.is_some()) => {
                "split = { train = 0.6, test = 0.4, over = \"class\" }"
            }
            (false, false, _) if of_class <= 1 => "split = { train = 0.6, test = 0.4, over = \"class\" }",
            (false, ..) => "split = { train = 0.6, test = 0.4 }",
        }
    }

    fn channels(&mut self, text: &mut String) {
        let Some(first) = self.files.first() else { return };
        let whole = self.files.iter().all(|f| f.whole);
        let what = if whole { "1, as the files hold LSB" } else { "1/26000 of the greatest reading" };
        let units: Vec<&str> = Unit::ALL.iter().map(|u| u.name()).filter(|n| !n.is_empty()).collect();
        let _ = writeln!(
            text,
            "\n# Edit: scale is what a step of the sensor's 16-bit numbers is worth, here {what}.\n# Units are {}. Readings in g: add factor = 9.80665, for m/s2.",
            units.join(", ")
        );
        for (c, column) in first.columns.iter().enumerate() {
            let values = self.files.iter().filter_map(|f| f.columns.get(c));
            let most =
                values.map(|x| x.least.abs().max(x.greatest.abs())).filter(|v| v.is_finite()).fold(0.0, f64::max);
            // A quarter more than was seen is left for what was not.
            let scale = if whole || most == 0.0 { 1.0 } else { rounded_up(most * 1.25 / 32767.0) };
            let _ = writeln!(text, "\n[[channel]]\nname = {}\nscale = {scale}", quoted(&column.name));
            let _ = writeln!(text, "# unit = \"m/s2\"");
        }
    }
}

/// Two figures, upwards.
fn rounded_up(value: f64) -> f64 {
    let unit = 10f64.powi(value.log10().floor() as i32 - 1);
    let short = (value / unit).ceil() * unit;
    // As it is written in so many decimals.
    let decimals = (1 - value.log10().floor() as i32).clamp(0, 300) as usize;
    format!("{short:.decimals$}").parse().unwrap_or(short)
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Classes, and of each file which: by a column, by folders, by names.
fn classes(files: &[Inspected]) -> (Vec<Class>, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: &str| {
        if !names.iter().any(|n| n == name) {
            names.push(name.to_owned());
        }
    };
    let mut of_file = Vec::new();
    if files.iter().all(|f| f.label.is_some()) {
        files.iter().filter_map(|f| f.label.as_ref()).flat_map(|l| &l.1).filter(|v| !v.is_empty()).for_each(|v| add(v));
        of_file.resize(files.len(), String::new());
        // Rows of all classes lie in one file, so that parts in order would be learnt whatever they are.
        return (names.into_iter().map(|name| Class { name, anomalous: false }).collect(), of_file);
    }
    let folder =
        |f: &Inspected| f.path.rsplit_once('/').map_or("", |p| p.0.rsplit('/').next().unwrap_or("")).to_owned();
    let stem = |f: &Inspected| {
        let name = f.path.rsplit('/').next().unwrap_or(&f.path);
        let name = name.split('.').next().unwrap_or(name);
        name.trim_end_matches(|c: char| c.is_ascii_digit() || "-_ ()".contains(c)).to_owned()
    };
    let folders: Vec<String> = files.iter().map(folder).collect();
    let apart = folders.iter().any(|f| Some(f) != folders.first());
    let named: Vec<String> = if apart { folders } else { files.iter().map(stem).collect() };
    let named: Vec<String> = named.into_iter().map(|n| if n.is_empty() { "normal".into() } else { n }).collect();
    named.iter().for_each(|n| add(n));
    let well = |name: &str| {
        let lower = name.to_lowercase();
        lower.split(|c: char| !c.is_alphanumeric()).any(|word| WELL.contains(&word))
    };
    let some = names.iter().any(|n| well(n));
    let mut classes: Vec<Class> =
        names.iter().map(|n| Class { name: n.clone(), anomalous: some && !well(n) }).collect();
    if classes.len() == 1 {
        // One kind of recording: what is normal is learnt, and what is not may come.
        if let Some(only) = classes.first_mut() {
            only.anomalous = false;
        }
        classes.push(Class { name: "anomaly".into(), anomalous: true });
    }
    (classes, named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scale_is_short_and_not_less() {
        for value in [0.000_123_4, 9.99, 1.0, 0.0305, 1234.5, 7e-9] {
            let up = rounded_up(value);
            assert!(up >= value * 0.999_999 && up < value * 1.12 && up.to_string().len() < 14, "{value} {up}");
        }
    }
}
