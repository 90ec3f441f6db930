//! Where manifests and recordings lie.

use super::Fault;
use std::path::{Path, PathBuf};

/// The data folder: `--root`, else the environment's `HONE_DATA`, else `../shared/data` beside the project, looked
/// for from the current folder upwards so that it is found from anywhere in the project.
pub fn data_folder(root: Option<&Path>) -> PathBuf {
    if let Some(root) = root {
        return root.to_path_buf();
    }
    if let Some(root) = std::env::var_os("HONE_DATA").filter(|r| !r.is_empty()) {
        return root.into();
    }
    upwards("shared/data").unwrap_or_else(|| "../shared/data".into())
}

/// The manifest that `hone eval NAME` means: a path, or the bare name of one in the project's `datasets/`.
///
/// # Errors
/// [`Fault`] lists the names that there are.
pub fn find_manifest(name: &str) -> Result<PathBuf, Fault> {
    let path = PathBuf::from(name);
    if path.is_file() {
        return Ok(path);
    }
    let bare = !name.is_empty() && !name.contains(['/', '\\', '\0']);
    let folder = upwards("datasets").unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../datasets"));
    if bare {
        let in_project = folder.join(format!("{}.toml", name.trim_end_matches(".toml")));
        if in_project.is_file() {
            return Ok(in_project);
        }
    }
    let mut names: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .filter_map(|e| Some(e.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_string()))
        .collect();
    names.sort();
    let problem = if path.is_dir() {
        "is a folder; give the path of a manifest in it".into()
    } else if names.is_empty() {
        "there is no such manifest; give the path of a TOML file as docs/formats/manifest.md describes it".into()
    } else {
        format!("there is no such manifest; give the path of one, or one of the project's: {}", names.join(", "))
    };
    Err(Fault { file: path, line: None, key: String::new(), problem })
}

fn upwards(folder: &str) -> Option<PathBuf> {
    let here = std::env::current_dir().ok()?;
    here.ancestors().map(|a| a.join(folder)).find(|p| p.is_dir())
}
