//! A recording made on the page: frames as they come, spans that are marked, files and their manifest.

use crate::output;
use crate::record::file::{self, Kind};
use crate::record::receive::{Piece, Recording};
use serde_json::{Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Frames of a recording at most: half a gigabyte of three channels.
const MOST: usize = 90_000_000;

/// A span of one class, in microseconds of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The class's name.
    pub class: String,
    /// Whether it is to raise an alarm.
    pub anomalous: bool,
    /// From its first frame.
    pub from: u64,
    /// To its last; `None` as long as it goes on.
    pub to: Option<u64>,
}

/// A recording on its way.
pub struct Take {
    file: PathBuf,
    kind: Kind,
    /// What came.
    pub recording: Recording,
    /// It goes on.
    pub running: bool,
    marks: Vec<Mark>,
}

impl Take {
    /// Begins one that is to be `name` in `folder`.
    ///
    /// # Errors
    /// The name is none, or something is there already.
    pub fn begin(folder: &Path, name: &str, recording: Recording) -> Result<Self, String> {
        let file = folder.join(plain_name(name)?);
        let kind = Kind::of(&file)?;
        output::absent(&file)?;
        output::absent(&file.with_extension("toml"))?;
        Ok(Self { file, kind, recording, running: true, marks: Vec::new() })
    }

    /// Ends the span that goes on, and begins one of this class, if any.
    pub fn mark(&mut self, now: u64, class: Option<(&str, bool)>) {
        if let Some(mark) = self.marks.iter_mut().find(|m| m.to.is_none()) {
            mark.to = Some(now);
        }
        if let Some((class, anomalous)) = class {
            self.marks.push(Mark { class: class.to_owned(), anomalous, from: now, to: None });
        }
    }

    /// How far it is.
    pub fn state(&self) -> Value {
        let marks: Vec<Value> =
            self.marks.iter().map(|m| json!({ "class": m.class, "from": m.from, "to": m.to })).collect();
        let r = &self.recording;
        json!({
            "running": self.running, "file": self.file.display().to_string(), "frames": r.frames(), "seconds": r.seconds(),
            "missing": r.missing(), "full": r.frames() >= MOST, "marks": marks,
        })
    }

    /// Writes it: the manifest, and a sentence. A recording with marks is a file for each of them; what is not marked is left out.
    ///
    /// # Errors
    /// A sentence that says what to do. Nothing is then there that was not before, and it can be saved again.
    pub fn save(&self) -> Result<(PathBuf, String), String> {
        let written = RefCell::new(Vec::new());
        self.write(&written).inspect_err(|_| {
            for path in written.borrow().iter() {
                let _ = std::fs::remove_file(path);
            }
        })
    }

    fn write(&self, written: &RefCell<Vec<PathBuf>>) -> Result<(PathBuf, String), String> {
        let manifest = self.file.with_extension("toml");
        let of = |path: &Path, e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        let put = |path: &Path, bytes: &[u8]| {
            output::absent(path)?;
            output::write_file(path, bytes)
                .map_err(|e| of(path, &e) + "; the recording is kept: see to that, and press Stop and save again")?;
            written.borrow_mut().push(path.to_path_buf());
            Ok::<_, String>(())
        };
        if self.recording.frames() == 0 {
            return Err("nothing was recorded yet".into());
        }
        let write = |path: &Path, recording: &Recording| -> Result<(), String> {
            put(path, &file::bytes(self.kind, recording).map_err(|e| of(path, &e))?)
        };
        let (text, files) = if self.marks.is_empty() {
            write(&self.file, &self.recording)?;
            (file::manifest(self.kind, &self.recording, &self.file)?, 1)
        } else {
            self.spans(&write)?
        };
        put(&manifest, text.as_bytes())?;
        let r = &self.recording;
        let told = format!(
            "{} frames of {} channels, {:.1} s, {} missing: {files} file(s) and {}",
            r.frames(),
            r.channels.len(),
            r.seconds(),
            r.missing(),
            manifest.display()
        );
        Ok((manifest, told))
    }

    fn spans(&self, write: &dyn Fn(&Path, &Recording) -> Result<(), String>) -> Result<(String, usize), String> {
        let mut classes: BTreeMap<&str, bool> = BTreeMap::new();
        let (mut tables, mut files) = (String::new(), 0);
        let head = file::head(self.kind, &self.recording, &self.file)?;
        if head.contains("factor = ") {
            return Err(
                "frames are missing, so that .npy files of spans would be of two kinds; record to a .csv file".into()
            );
        }
        // Where nothing is anomalous, classes are to be told apart, and each is learnt.
        let anomaly = self.marks.iter().any(|m| m.anomalous);
        let stem = self.file.file_stem().and_then(|s| s.to_str()).unwrap_or("recording");
        let ending = self.file.extension().and_then(|s| s.to_str()).unwrap_or("csv");
        for (number, mark) in self.marks.iter().enumerate() {
            let span = cut(&self.recording, mark.from, mark.to.unwrap_or(u64::MAX));
            if span.frames() == 0 {
                continue;
            }
            let path = self.file.with_file_name(format!("{stem}-{}-{}.{ending}", number + 1, slug(&mark.class)));
            write(&path, &span)?;
            files += 1;
            classes.insert(&mark.class, mark.anomalous);
            let parts = match (anomaly, mark.anomalous) {
                (true, true) => "part = \"test\"",
                (true, false) => "split = { train = 0.5, calibrate = 0.25, test = 0.25 }",
                (false, _) => "split = { train = 0.7, test = 0.3 }",
            };
            tables += &file::table(self.kind, &path, &mark.class, parts)?;
        }
        if files == 0 {
            return Err("no frame lies in a mark".into());
        }
        let head = if anomaly { head } else { head.replace("task = \"anomaly\"", "task = \"classification\"") };
        let class = |(name, anomalous): (&&str, &bool)| {
            format!(
                "\n[[class]]\nname = {}\n{}",
                file::quoted(name),
                if *anomalous { "anomalous = true\n" } else { "" }
            )
        };
        let classes: String = classes.iter().map(class).collect();
        Ok((head + &classes + &tables, files))
    }
}

/// The frames from one time to another.
fn cut(all: &Recording, from: u64, to: u64) -> Recording {
    let (mut some, width) = (Recording { pieces: Vec::new(), samples: Vec::new(), ..all.clone() }, all.channels.len());
    let interval = all.interval();
    let mut at = 0;
    for piece in &all.pieces {
        let time = |k: usize| piece.micros + (k as f64 * interval) as u64;
        let begin = (0..piece.frames).find(|k| time(*k) >= from).unwrap_or(piece.frames);
        let end = (begin..piece.frames).find(|k| time(*k) > to).unwrap_or(piece.frames);
        if end > begin {
            let first = piece.first.wrapping_add(begin as u32 * u32::from(all.rate.2));
            let missing = if some.pieces.is_empty() || begin > 0 { 0 } else { piece.missing };
            some.pieces.push(Piece { first, micros: time(begin), frames: end - begin, missing, ..piece.clone() });
            some.samples.extend_from_slice(all.samples.get((at + begin) * width..(at + end) * width).unwrap_or(&[]));
        }
        at += piece.frames;
    }
    some
}

fn slug(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect()
}

/// A name of a file in the folder itself.
///
/// # Errors
/// It is none.
pub fn plain_name(name: &str) -> Result<&str, String> {
    if name.is_empty() {
        return Err("give a file's name".into());
    }
    let plain = name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    if !plain || name.starts_with(['.', '-']) || name.ends_with('.') || name.len() > 100 {
        return Err("a file's name has letters, digits, '-', '_' and '.', begins with a letter, a digit or '_', and has no folder".into());
    }
    let stem = name.split('.').next().unwrap_or("").to_ascii_lowercase();
    let numbered = |word: &str| stem.strip_prefix(word).is_some_and(|n| matches!(n.as_bytes(), [b'0'..=b'9']));
    if matches!(stem.as_str(), "con" | "prn" | "aux" | "nul") || numbered("com") || numbered("lpt") {
        return Err(format!("{name}: Windows keeps this name for a device of its own; give another"));
    }
    Ok(name)
}
