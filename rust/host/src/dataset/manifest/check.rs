//! What of a manifest can be checked without the recordings.

use super::*;
use crate::dataset::file::Format;
use std::collections::BTreeSet;
use std::path::{Component, Path};

impl Manifest {
    /// Whether everything in it goes together; the fault names the key that does not.
    pub(super) fn check(&self, source: &Source) -> Result<(), Fault> {
        let fault = |key: &str, problem: String| Err(source.fault(key, problem));
        if self.name.is_empty() || !self.name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) {
            return fault("name", "give a name of letters, digits, '-', '_' and '.'".into());
        }
        if self.files.is_empty() {
            return fault("file", "there is none; add a [[file]] table with path = \"...\"".into());
        }
        self.check_classes(source)?;
        match self.kind {
            Kind::Recordings => self.check_recordings(source)?,
            Kind::Table => self.check_table(source)?,
        }
        (0usize..).zip(&self.files).try_for_each(|(i, file)| self.check_file(source, i, file))?;
        self.check_values(source)
    }

    fn check_classes(&self, source: &Source) -> Result<(), Fault> {
        let (mut names, mut ids, mut values) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        if self.classes.len() > 4096 {
            return Err(source.fault("class", "more than 4096 classes are not read; leave some out".into()));
        }
        for (i, class) in self.classes.iter().enumerate() {
            if let Err(problem) = check_name(&class.name) {
                return Err(source.fault(&format!("class[{i}].name"), problem));
            }
            let twice = |what| source.fault(&format!("class[{i}].{what}"), format!("another class has this {what}"));
            if !names.insert(&class.name) {
                return Err(twice("name"));
            }
            if !ids.insert(self.class_id(i)) {
                return Err(twice("id"));
            }
            if self.class_id(i) == u16::MAX {
                return Err(
                    source.fault(&format!("class[{i}].id"), "65535 stands for no class; 65534 is the greatest".into())
                );
            }
            if !values.insert(self.label_value(i)) {
                return Err(twice("value"));
            }
        }
        for (i, class) in self.classes.iter().enumerate() {
            let Some(named) = number(&class.name) else { continue };
            let other = (0..self.classes.len()).filter(|o| *o != i);
            let same = |o: usize| {
                let name = self.classes.get(o).and_then(|c| number(&c.name)) == Some(named);
                let value = self.label_value(o).map(|v| v as f64) == Some(named);
                (name || value).then_some((o, if name { "name" } else { "value" }))
            };
            if let Some((o, what)) = other.into_iter().find_map(same) {
                let problem = format!(
                    "the label {named} can mean this class or class[{o}], whose {what} it is; name one otherwise"
                );
                return Err(source.fault(&format!("class[{i}].name"), problem));
            }
        }
        let anomalous = self.classes.iter().filter(|c| c.anomalous).count();
        match self.task {
            Task::Anomaly if anomalous == 0 || anomalous == self.classes.len() => Err(source
                .fault("class", "an anomaly task needs a normal class and at least one with anomalous = true".into())),
            Task::Classification if self.classes.len() < 2 => {
                Err(source.fault("class", "a classification needs at least two [[class]] tables".into()))
            }
            Task::Classification if anomalous > 0 => {
                Err(source.fault("task", "classes are marked anomalous, so the task is \"anomaly\"".into()))
            }
            _ => Ok(()),
        }
    }

    fn check_recordings(&self, source: &Source) -> Result<(), Fault> {
        let fault = |key: &str, problem: &str| Err(source.fault(key, problem.into()));
        let Some(rate) = self.rate_hz else {
            return fault("rate_hz", "is missing; give the sampling rate in frames per second");
        };
        if !(rate.is_finite() && rate > 1e-9 && rate < 1e9) {
            return fault("rate_hz", "give a rate above 0, in frames per second");
        }
        let Some(window) = self.window else {
            return fault("window", "is missing; add [window] with length = frames per window");
        };
        if !(1..=4096).contains(&window.length) {
            let problem = format!("is {}; a window has 8 to 4096 frames on a device", window.length);
            return Err(source.fault("window.length", problem));
        }
        if window.step.is_some_and(|s| !(1..=1_000_000).contains(&s)) {
            return fault("window.step", "give 1 to 1000000 frames");
        }
        if !(1..=CHANNELS).contains(&self.channels.len()) {
            let problem = format!("there are {} [[channel]] tables; give 1 to {CHANNELS}", self.channels.len());
            return Err(source.fault("channel", problem));
        }
        if self.standardise.is_some() {
            return fault("standardise", "is for tables; learners of recordings scale by what they learn. Remove it");
        }
        for (i, channel) in self.channels.iter().enumerate() {
            let key = |k: &str| format!("channel[{i}].{k}");
            if !(channel.scale.is_finite() && channel.scale > 0.0 && (channel.scale as f32) > 0.0) {
                return fault(&key("scale"), "give a number above 0: units per LSB");
            }
            if let Err(problem) = check_name(&channel.name) {
                return fault(&key("name"), &problem);
            }
            if self.channels.iter().take(i).any(|c| c.name == channel.name) {
                return fault(&key("name"), "another channel has this name");
            }
            let formats = || self.files.iter().filter_map(|f| Format::of(&f.path));
            let place = |(i, c): (usize, &ChannelSpec)| c.index.unwrap_or(i);
            let mut before = self.channels.iter().enumerate().take(i).map(place);
            let own = place((i, channel));
            if let Some(other) = before.position(|n| n == own)
                && formats().any(|f| f != Format::Csv)
            {
                let problem = format!("is {own}, as that of channel[{other}] is; each channel has a place of its own");
                return Err(source.fault(&key("index"), problem));
            }
            if channel.column.is_some() && !formats().any(|f| f == Format::Csv) {
                return fault(&key("column"), "is for CSV files, and there is none; arrays have an index. Remove it");
            }
            if channel.index.is_some() && !formats().any(|f| f != Format::Csv) {
                return fault(
                    &key("index"),
                    "is for arrays and WAV files, and there is none; CSV files have a column. Remove it",
                );
            }
            if channel.factor.is_some_and(|f| !(f.is_finite() && f != 0.0)) {
                return fault(&key("factor"), "give a number other than 0: units per unit of the file");
            }
        }
        Ok(())
    }

    fn check_table(&self, source: &Source) -> Result<(), Fault> {
        let strange = [
            ("rate_hz", self.rate_hz.is_some()),
            ("window", self.window.is_some()),
            ("channel", !self.channels.is_empty()),
            ("features", self.features.is_some()),
        ];
        match strange.into_iter().find(|s| s.1) {
            Some((key, _)) => {
                Err(source.fault(key, "is for recordings; remove it, or set kind = \"recordings\"".into()))
            }
            None => Ok(()),
        }
    }

    fn check_file(&self, source: &Source, i: usize, file: &FileSpec) -> Result<(), Fault> {
        let key = |k: &str| format!("file[{i}].{k}");
        let fault = |k: &str, problem: String| Err(source.fault(&key(k), problem));
        check_path(&file.path).or_else(|p| fault("path", p))?;
        for (axis, indices) in &file.at {
            let key = format!("at.{axis}");
            if indices.is_empty() {
                return fault(&key, "is empty; give indices from 0, or leave it out for all".into());
            }
            if let Some(twice) = indices.iter().find(|n| indices.iter().filter(|m| m == n).count() > 1) {
                return fault(&key, format!("has {twice} twice"));
            }
        }
        for (name, array) in [("labels.path", &file.labels), ("groups.path", &file.groups)] {
            if let Some(array) = array {
                check_path(&array.path).or_else(|p| fault(name, p))?;
            }
        }
        if let Some(spans) = &file.spans {
            check_path(&spans.path).or_else(|p| fault("spans.path", p))?;
            self.class_named(&spans.class)
                .ok_or_else(|| self.unknown_class(source, &key("spans.class"), &spans.class))?;
            if file.class.as_ref() == Some(&spans.class) {
                let problem = format!("is {:?}, and so is class, of what lies outside; name two classes", spans.class);
                return fault("spans.class", problem);
            }
            let (start, end) = (spans.start.as_deref().unwrap_or("start"), spans.end.as_deref().unwrap_or("end"));
            if start == end {
                return fault("spans.end", format!("is {end:?}, the column of starts; name the one of ends"));
            }
        }
        if let Some(class) = &file.class {
            self.class_named(class).ok_or_else(|| self.unknown_class(source, &key("class"), class))?;
        }
        let Some(format) = Format::of(&file.path) else {
            let known = "is none of .csv, .tsv, .txt, .npy, .wav, .mat, each also with .gz; convert it to one";
            return fault("path", known.into());
        };
        self.check_keys(source, i, file, format)?;
        let csv = format == Format::Csv;
        if file.class.is_some() {
            let others = [("labels", file.labels.is_some()), ("label", file.label.is_some())];
            if let Some((k, _)) = others.into_iter().find(|o| o.1) {
                return fault("class", format!("and {k} both say of which class it is; remove one"));
            }
        }
        if file.label.is_some() && file.spans.is_some() {
            return fault("spans", "and label both say of which class rows are; remove one".into());
        }
        if file.labels.is_none() && file.label.is_none() && file.class.is_none() {
            let table = csv && self.kind == Kind::Table;
            if !table && self.task != Task::Regression {
                let other = if csv { "label = \"column\"" } else { "labels = { path = \"...\" }" };
                return fault("class", format!("is missing; give the class of the file, or {other}"));
            }
        }
        if file.spans.is_some() && file.class.is_none() {
            return fault("class", "is missing; give the class of what lies outside the spans".into());
        }
        for (k, text) in [("separator", &file.separator), ("decimal", &file.decimal)] {
            let known: &[&str] = if k == "decimal" { &[".", ","] } else { &[",", ";", "\t", "|"] };
            if let Some(text) = text.as_ref().filter(|t| !known.contains(&t.as_str())) {
                let known: Vec<String> = known.iter().map(|k| format!("{k:?}")).collect();
                return fault(k, format!("is {text:?}; it takes {}", known.join(", ")));
            }
        }
        if let (Some(s), Some(d)) = (&file.separator, &file.decimal)
            && s == d
        {
            return fault("decimal", format!("is {d:?}, which separates the cells too; they cannot be the same"));
        }
        self.check_parts(source, i, file)
    }

    /// Keys that say nothing of such a file are refused, not passed over.
    fn check_keys(&self, source: &Source, i: usize, file: &FileSpec, format: Format) -> Result<(), Fault> {
        let fault = |k: &str, problem: String| Err(source.fault(&format!("file[{i}].{k}"), problem));
        let (csv, recordings) = (format == Format::Csv, self.kind == Kind::Recordings);
        let array = format.is_array();
        if format == Format::Wav && !recordings {
            return fault("path", "is a WAV file, which is no table; set kind = \"recordings\"".into());
        }
        let (of_table, instead) = if csv {
            ("recordings in CSV files take their class from class, label or spans", "label = \"column\"")
        } else {
            ("the classes of arrays come from class or labels", "labels = { path = \"...\" }")
        };
        for (key, given, applies, why) in [
            ("axes", file.axes.is_some(), array && recordings, "names the axes of recordings in arrays"),
            ("at", !file.at.is_empty(), array && recordings, "chooses along axes of recordings in arrays"),
            ("variable", file.variable.is_some(), format == Format::Mat, "names a variable of a MATLAB file"),
            ("header", file.header.is_some(), csv, "is for CSV files"),
            ("separator", file.separator.is_some(), csv, "is for CSV files"),
            ("decimal", file.decimal.is_some(), csv, "is for CSV files"),
            ("time", file.time.is_some(), csv && recordings, "is for recordings in CSV files"),
            ("spans", file.spans.is_some(), csv && recordings, "is for recordings in CSV files with a column of times"),
            (
                "columns",
                file.columns.is_some(),
                csv && !recordings,
                "is for tables in CSV files; recordings have [[channel]]",
            ),
            ("label", file.label.is_some(), csv, "is for CSV files"),
            ("labels", file.labels.is_some(), array, "goes with an array"),
            ("groups", file.groups.is_some(), array || !recordings, "goes with an array or a table"),
        ] {
            if given && !applies {
                let other = if matches!(key, "label" | "labels") {
                    format!(", or give {instead}: {of_table}")
                } else {
                    String::new()
                };
                let what = if recordings { "recordings" } else { "a table" };
                return fault(key, format!("{why}; this is {what} in a {} file. Remove it{other}", format.name()));
            }
        }
        for (key, spec) in [("labels", &file.labels), ("groups", &file.groups)] {
            let Some(spec) = spec else { continue };
            let of = Format::of(&spec.path).filter(|f| f.is_array());
            let Some(of) = of else {
                return fault(&format!("{key}.path"), "is neither a .npy nor a .mat file; convert it to one".into());
            };
            if spec.variable.is_some() && of != Format::Mat {
                return fault(&format!("{key}.variable"), "names a variable of a MATLAB file; remove it".into());
            }
            if spec.axis.is_some() && !recordings {
                return fault(
                    &format!("{key}.axis"),
                    "is for recordings; a table has one value for each row. Remove it".into(),
                );
            }
        }
        if array && recordings && file.axes.is_none() {
            return fault("axes", "is missing; name each axis of the array, as in [\"channel\", \"time\"]".into());
        }
        Ok(())
    }

    /// A class's value that no label can ever be compared with.
    fn check_values(&self, source: &Source) -> Result<(), Fault> {
        let table = |f: &FileSpec| self.kind == Kind::Table && Format::of(&f.path) == Some(Format::Csv);
        let labelled = |f: &FileSpec| f.labels.is_some() || f.label.is_some() || (table(f) && f.class.is_none());
        match self.classes.iter().position(|c| c.value.is_some()) {
            Some(i) if !self.files.iter().any(labelled) => {
                let problem = "is what labels call the class, and no file has labels; remove it";
                Err(source.fault(&format!("class[{i}].value"), problem.into()))
            }
            _ => Ok(()),
        }
    }

    fn check_parts(&self, source: &Source, i: usize, file: &FileSpec) -> Result<(), Fault> {
        let fault = |k: &str, problem: &str| Err(source.fault(&format!("file[{i}].{k}"), problem.into()));
        let given = [file.part.is_some(), file.split.is_some(), file.assign.is_some()];
        if given.into_iter().filter(|g| *g).count() != 1 {
            return fault("part", "give one of part, split and assign, to say what the file is for");
        }
        if let Some(s) = file.split {
            for (k, share) in [("split.train", s.train), ("split.calibrate", s.calibrate), ("split.test", s.test)] {
                if !(0.0..=1.0).contains(&share) {
                    return fault(k, "give a share from 0 to 1");
                }
            }
            let sum = s.train + s.calibrate + s.test;
            if !(sum > 0.0 && sum < 1.0 + 1e-9) {
                return fault("split", "give shares that add up to at most 1 and more than 0");
            }
        }
        if let Some(a) = &file.assign {
            let needs = match a.by {
                By::Label => (
                    "labels",
                    file.labels.is_some() || (file.class.is_none() && Format::of(&file.path) == Some(Format::Csv)),
                ),
                By::Group => ("groups", file.groups.is_some()),
            };
            if !needs.1 {
                return fault("assign.by", &format!("needs the file's {} = {{ path = \"...\" }}", needs.0));
            }
            let all = || a.train.iter().chain(&a.calibrate).chain(&a.test);
            if all().count() == 0 {
                return fault("assign", "give values for train, calibrate or test");
            }
            if all().collect::<BTreeSet<_>>().len() != all().count() {
                return fault("assign", "a value is listed twice; each belongs to one part");
            }
        }
        Ok(())
    }

    fn unknown_class(&self, source: &Source, key: &str, name: &str) -> Fault {
        let known: Vec<&str> = self.classes.iter().map(|c| c.name.as_str()).take(20).collect();
        source.fault(key, format!("there is no class {name:?}; the classes are {}", known.join(", ")))
    }
}

/// Channels that a device has, at most.
const CHANNELS: usize = 16;

/// A name that labels and columns can be compared with.
fn check_name(name: &str) -> Result<(), String> {
    if name.is_empty() || name.trim() != name || name.contains(char::is_control) {
        return Err(format!("is {name:?}; give a name without blanks around it and without control characters"));
    }
    Ok(())
}

/// A manifest may only reach what lies below the data folder.
fn check_path(path: &str) -> Result<(), String> {
    let below = !path.is_empty()
        && !path.contains(['\\', '\0', ':'])
        && Path::new(path).components().all(|c| matches!(c, Component::Normal(_)));
    if below {
        Ok(())
    } else {
        Err(format!("{path:?} is not below the data folder; give a path relative to it, without '..'"))
    }
}
