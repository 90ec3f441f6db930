//! Where manifests and recordings lie.

use super::{Fault, Source};
use crate::words::did_you_mean;
use std::path::{Path, PathBuf};

/// Where a manifest's recordings lie: `--root`, else the manifest's own folder if the first of them is there, else
/// [`data_folder`].
pub fn recordings_of(source: &Source, root: Option<&Path>) -> PathBuf {
    let folder = source.path().parent().map(|f| if f.as_os_str().is_empty() { Path::new(".") } else { f });
    match (root, folder) {
        (Some(root), _) => root.to_path_buf(),
        (None, Some(folder)) if first_file(source).is_some_and(|file| folder.join(file).is_file()) => folder.into(),
        (None, _) => data_folder(),
    }
}

/// The first file that a manifest names.
fn first_file(source: &Source) -> Option<String> {
    let table: toml::Table = source.text().parse().ok()?;
    Some(table.get("file")?.get(0)?.get("path")?.as_str()?.to_owned())
}

/// The data folder: the environment's `HONE_DATA`, else `../shared/data` beside the project, looked for from the current folder
/// upwards so that it is found from anywhere in the project.
pub fn data_folder() -> PathBuf {
    if let Some(root) = std::env::var_os("HONE_DATA").filter(|r| !r.is_empty()) {
        return root.into();
    }
    upwards("shared/data").unwrap_or_else(|| "../shared/data".into())
}

macro_rules! embedded {
    ($($name:literal),* $(,)?) => {
        /// The project's own manifests, which the program carries with it.
        const MANIFESTS: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../../../datasets/", $name, ".toml")))),*];
        /// Their names.
        pub const NAMES: &[&str] = &[$($name),*];
    };
}

embedded!(
    "basicmotions",
    "cwru-10",
    "cwru-anomaly",
    "cwru-raw",
    "digits",
    "fan-high",
    "fan-low",
    "fan-med",
    "fan-uci",
    "har",
    "iris",
    "svm-dig38s",
    "svm-dig6rs",
    "svm-iris01",
    "svm-iris12",
    "temperature",
    "temperature-next",
    "uestc",
);

/// The manifest that `hone eval NAME` means: the file of this path, or the project's own of this bare name.
///
/// # Errors
/// [`Fault`] lists the names that there are.
pub fn find_manifest(name: &str) -> Result<Source, Fault> {
    let path = PathBuf::from(name);
    if path.is_file() {
        return Source::open(&path);
    }
    let bare = name.trim_end_matches(".toml");
    if let Some((found, text)) = MANIFESTS.iter().find(|(n, _)| *n == bare) {
        return Ok(Source::new(&Path::new("datasets").join(format!("{found}.toml")), (*text).to_owned()));
    }
    let problem = if path.is_dir() {
        "is a folder; give the path of a manifest in it".into()
    } else if path.exists() {
        "is not a regular file; give the path of a manifest".into()
    } else {
        let meant = did_you_mean(bare, NAMES.iter().copied());
        let meant = if meant.is_empty() { ".".into() } else { meant };
        format!("there is no such manifest{meant} Give the path of one, or one of the project's: {}", NAMES.join(", "))
    };
    Err(Fault { file: path, line: None, key: String::new(), problem })
}

fn upwards(folder: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|a| a.join(folder)).find(|p| p.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_manifest_of_the_project_is_in_the_program() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets");
        let mut there: Vec<String> = std::fs::read_dir(folder)
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap().trim_end_matches(".toml").to_owned())
            .collect();
        there.sort();
        assert_eq!(there, NAMES);
        for name in NAMES {
            let source = find_manifest(name).unwrap();
            super::super::Manifest::parse(&source).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}
