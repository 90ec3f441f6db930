//! The accepted figures of an image, `sizes/boards/NAME.toml`, and what has risen above them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Bytes, Image, sum};

/// A total that rises by more than this share with the same compiler is a failure.
const TOLERANCE: f64 = 0.02;

/// A file of accepted figures.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Baseline {
    /// What made the Rust in it.
    #[serde(default)]
    pub compiler: String,
    /// Bytes by component.
    #[serde(default)]
    pub components: BTreeMap<String, Bytes>,
}

fn file(root: &Path, name: &str) -> PathBuf {
    root.join("sizes/boards").join(format!("{name}.toml"))
}

impl Baseline {
    /// The accepted figures of an image; empty where none are.
    ///
    /// # Errors
    /// A file that is none of these.
    pub fn read(root: &Path, name: &str) -> Result<Self, String> {
        let path = file(root, name);
        match std::fs::read_to_string(&path) {
            Ok(text) => toml::from_str(&text).map_err(|e| format!("{}: {e}", path.display())),
            Err(_) => Ok(Self::default()),
        }
    }

    /// Whether nothing was accepted yet.
    pub fn is_empty(&self) -> bool {
        self.components.is_empty()
    }

    /// All components together.
    pub fn total(&self) -> Bytes {
        sum(&self.components)
    }

    /// Writes the image's figures.
    ///
    /// # Errors
    /// What could not be written.
    pub fn accept(root: &Path, image: &Image) -> Result<(), String> {
        let new = Self { compiler: image.compiler.clone(), components: image.components.clone() };
        let path = file(root, &image.name());
        let failed = |e: &dyn std::fmt::Display| format!("{}: {e}", path.display());
        std::fs::create_dir_all(root.join("sizes/boards")).map_err(|e| failed(&e))?;
        let head = "# Written by `cargo xtask size BUILD --accept`; see docs/guides/testing.md.\n\n";
        let text = toml::to_string(&new).map_err(|e| failed(&e))?;
        std::fs::write(&path, format!("{head}{text}")).map_err(|e| failed(&e))
    }

    /// What is wrong with an image: a total that rose by more than the tolerance. Nothing with another compiler than that of the accepted figures.
    pub fn risen(&self, image: &Image) -> Vec<String> {
        if self.is_empty() || self.compiler != image.compiler {
            return Vec::new();
        }
        let (before, now) = (self.total(), image.total());
        let figures = [("flash", before.flash, now.flash), ("RAM", before.ram, now.ram)];
        let mut risen = Vec::new();
        for (what, before, now) in figures {
            if now as f64 > before as f64 * (1.0 + TOLERANCE) {
                risen.push(format!("{}: {what} rose from {before} to {now}, more than 2 %", image.name()));
            }
        }
        risen
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(flash: u64, ram: u64) -> Image {
        let components = BTreeMap::from([("rust: hone_engine".to_string(), Bytes { flash, ram })]);
        Image { board: "b".into(), compiler: "rustc 1.96.0".into(), components, ..Image::default() }
    }

    fn accepted() -> Baseline {
        let image = image(1000, 1000);
        Baseline { compiler: image.compiler, components: image.components }
    }

    #[test]
    fn two_percent_are_judged() {
        let baseline = accepted();
        assert_eq!(baseline.risen(&image(1020, 900)), Vec::<String>::new());
        assert_eq!(baseline.risen(&image(1010, 1021)), ["b: RAM rose from 1000 to 1021, more than 2 %"]);
        let other = Image { compiler: "rustc 1.95.0".into(), ..image(5000, 5000) };
        assert_eq!(baseline.risen(&other), Vec::<String>::new());
        assert_eq!(Baseline::default().risen(&image(5000, 5000)), Vec::<String>::new());
    }

    #[test]
    fn accepted_figures_read_back() {
        let root = std::env::temp_dir().join(format!("hone-sizes-{}", std::process::id()));
        Baseline::accept(&root, &image(1, 2)).unwrap();
        assert_eq!(Baseline::read(&root, "b").unwrap().total(), Bytes { flash: 1, ram: 2 });
        std::fs::remove_dir_all(&root).unwrap();
    }
}
