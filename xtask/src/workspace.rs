//! Where things are: the repository's root, its crates, lock files and tracked files.

use std::path::{Path, PathBuf};
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand, Package};

/// Crates in `rust/` that need not be portable: the host program and the bare-metal test programs.
const NOT_PORTABLE: [&str; 2] = ["host", "target-bench"];

/// Folders that may hold a Cargo workspace with a lock file of its own.
const WORKSPACES: [&str; 4] = [".", "app", "rust/target-bench", "fuzz"];

/// The repository's root folder.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// The cargo that runs this program, so that its toolchain is used throughout.
pub fn cargo() -> PathBuf {
    std::env::var_os("CARGO").map_or_else(|| PathBuf::from("cargo"), PathBuf::from)
}

/// Folder of the logs, one file per check.
pub fn log_folder() -> PathBuf {
    root().join("target/xtask-log")
}

/// The folders with a Cargo workspace that this version of the tree has, relative to the root.
pub fn workspaces() -> Vec<&'static str> {
    WORKSPACES.into_iter().filter(|f| root().join(f).join("Cargo.toml").is_file()).collect()
}

/// Packages of the host workspace.
pub fn members() -> Result<Vec<Package>, String> {
    let metadata = metadata(".", &["--locked", "--no-deps"])?;
    Ok(metadata.workspace_packages().into_iter().cloned().collect())
}

/// `cargo metadata` of one workspace.
pub fn metadata(folder: &str, options: &[&str]) -> Result<Metadata, String> {
    let options: Vec<String> = options.iter().map(|o| (*o).to_owned()).collect();
    MetadataCommand::new()
        .cargo_path(cargo())
        .current_dir(root().join(folder))
        .other_options(options)
        .exec()
        .map_err(|e| format!("cargo metadata in {folder}: {e}"))
}

/// Folder of a package, relative to the root, with `/` between names.
pub fn folder_of(package: &Package) -> String {
    let folder = package.manifest_path.as_std_path().parent().unwrap_or(Path::new(""));
    folder.strip_prefix(root()).unwrap_or(folder).to_string_lossy().replace('\\', "/")
}

/// True for a crate that must build without the standard library.
pub fn is_portable(package: &Package) -> bool {
    folder_of(package).strip_prefix("rust/").is_some_and(|name| !NOT_PORTABLE.contains(&name))
}

/// The learners: the folders in `rust/learners`.
pub fn learners() -> Result<Vec<String>, String> {
    let folder = root().join("rust/learners");
    let entries = std::fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let folders = entries.filter_map(|e| Some(e.ok()?.path())).filter(|p| p.join("Kconfig").is_file());
    let mut names: Vec<String> = folders.filter_map(|p| Some(p.file_name()?.to_str()?.to_owned())).collect();
    names.sort();
    Ok(names)
}

/// The features that give the engine all of them.
pub fn learner_features() -> Result<String, String> {
    Ok(learners()?.iter().map(|name| format!("hone-engine/{name}")).collect::<Vec<_>>().join(","))
}

/// Names of the portable crates.
pub fn portable() -> Result<Vec<String>, String> {
    let names: Vec<String> = members()?.iter().filter(|p| is_portable(p)).map(|p| p.name.to_string()).collect();
    if names.is_empty() { Err("no portable crate found in rust/".into()) } else { Ok(names) }
}

/// Files that git tracks or would track, relative to the root; none that is deleted. An error without git.
pub fn files() -> Result<Vec<String>, String> {
    let out = Command::new("git")
        .current_dir(root())
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .output()
        .map_err(|e| format!("git: {e}"))?;
    if !out.status.success() {
        return Err(format!("git ls-files: {}", String::from_utf8_lossy(&out.stderr).trim()));
    }
    let text = String::from_utf8_lossy(&out.stdout);
    let mut files: Vec<String> =
        text.split('\0').filter(|f| !f.is_empty() && root().join(f).is_file()).map(str::to_owned).collect();
    files.sort();
    files.dedup();
    Ok(files)
}

/// The program of that name in PATH.
pub fn in_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|p| p.is_file())
}
