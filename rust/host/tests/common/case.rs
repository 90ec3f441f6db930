//! Inputs that go wrong, and what the program says of them.

use super::{Run, folder, hone};
use std::fmt::Write as _;
use std::path::PathBuf;

/// A folder with files, and the program run on a manifest in it.
pub struct Case(pub PathBuf);

impl Case {
    /// An empty one for a test.
    pub fn new(name: &str) -> Self {
        Self(folder(&format!("case-{name}")))
    }

    /// Writes a file.
    pub fn file(&self, name: &str, text: impl AsRef<[u8]>) -> &Self {
        std::fs::write(self.0.join(name), text).unwrap();
        self
    }

    /// The path of a file.
    pub fn at(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Runs `hone eval` on a manifest.
    pub fn eval(&self, manifest: &str, learner: &str, more: &[&str]) -> Run {
        self.file("m.toml", manifest);
        let (manifest, root) = (self.at("m.toml"), self.0.to_str().unwrap().to_owned());
        let mut all = vec!["eval", &manifest, "--root", &root, "--learner", learner];
        all.extend(more);
        hone(&all, b"")
    }

    /// Refused by every learner given, in these words.
    #[track_caller]
    pub fn refuses(&self, manifest: &str, learners: &[&str], words: &[&str]) {
        for learner in learners {
            let run = self.eval(manifest, learner, &["--json"]).refused();
            assert_eq!(run.out, "", "{learner}");
            for word in words {
                assert!(run.err.contains(word), "{learner}, {word}: {}", run.err);
            }
            no_rust(&run.err);
        }
    }

    /// The figures.
    #[track_caller]
    pub fn json(&self, manifest: &str, learner: &str) -> serde_json::Value {
        self.eval(manifest, learner, &["--json"]).well().json().remove(0)
    }
}

/// No word of the language that the program is written in.
#[track_caller]
pub fn no_rust(text: &str) {
    for word in ["Error {", "Err(", "Some(", "None", "f64", "usize", "u16", "NotUsable", "IoError"] {
        assert!(!text.contains(word), "{word}: {text}");
    }
}

/// One channel, a hum with noise.
pub fn wave(frames: usize, step: f64, gain: f64, offset: f64) -> String {
    let mut noise = 7u32;
    (0..frames).fold("x\n".into(), |mut text, i| {
        noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let rough = f64::from(noise >> 16) / 65_536.0 - 0.5;
        let _ = writeln!(text, "{:.4}", offset + gain * ((step * i as f64).sin() + 0.4 * rough));
        text
    })
}

/// A manifest of one channel.
pub fn recordings(rate: f64, length: usize, scale: f64, files: &str) -> String {
    format!(
        "name = \"m\"\nkind = \"recordings\"\ntask = \"anomaly\"\nrate_hz = {rate}\nwindow = {{ length = {length} }}\n[[channel]]\n\
         name = \"x\"\nscale = {scale}\n[[class]]\nname = \"normal\"\n[[class]]\nname = \"fault\"\nanomalous = true\n{files}"
    )
}

/// A normal recording split, and a faulty one to test.
pub const PAIR: &str = "[[file]]\npath = \"ok.csv\"\nclass = \"normal\"\nsplit = { train = 0.5, calibrate = 0.25, test = 0.25 }\n\
                    [[file]]\npath = \"bad.csv\"\nclass = \"fault\"\npart = \"test\"\n";

/// A manifest of a table.
pub fn table(classes: &[&str], files: &str) -> String {
    let classes: String = classes.iter().map(|c| format!("[[class]]\nname = \"{c}\"\n")).collect();
    format!("name = \"t\"\nkind = \"table\"\ntask = \"classification\"\n{classes}{files}")
}

/// The files of [`PAIR`].
pub fn pair(name: &str) -> Case {
    let case = Case::new(name);
    case.file("ok.csv", wave(8000, 0.69, 1.0, 0.0)).file("bad.csv", wave(2000, 1.2, 1.0, 0.0));
    case
}
