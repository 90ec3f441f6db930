//! Flash and RAM of the images that twister has built, against the accepted figures of each board.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::{Context, Tally};
use crate::workspace;

/// `cargo xtask size` on every image below twister's output folder.
pub fn boards(context: &mut Context, out: &Path) -> Result<Tally, String> {
    let mut builds = Vec::new();
    images(out, 5, &mut builds);
    builds.sort();
    if builds.is_empty() {
        context.log.line("error: twister has left no image to measure");
        return Ok(Tally::one(false));
    }
    // By way of cargo, since the tests may have replaced the file that runs now.
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root());
    command.args(["run", "--quiet", "--locked", "--package", "xtask", "--", "size"]).args(&builds);
    Ok(Tally::one(context.log.run(&mut command)?))
}

/// The folders at most `depth` below `folder` in which something was linked.
fn images(folder: &Path, depth: u32, found: &mut Vec<PathBuf>) {
    if folder.join("zephyr/zephyr.map").is_file() {
        found.push(folder.to_path_buf());
        return;
    }
    let Some(below) = depth.checked_sub(1) else { return };
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|t| t.is_dir()) {
            images(&entry.path(), below, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_linked_images_alone() {
        let root = std::env::temp_dir().join(format!("hone-images-{}", std::process::id()));
        for (folder, file) in [("a/app/hone.app/zephyr", "zephyr.map"), ("b/app/hone.app/zephyr", "other")] {
            std::fs::create_dir_all(root.join(folder)).unwrap();
            std::fs::write(root.join(folder).join(file), "").unwrap();
        }
        let mut found = Vec::new();
        images(&root, 5, &mut found);
        assert_eq!(found, [root.join("a/app/hone.app")]);
        std::fs::remove_dir_all(&root).unwrap();
    }
}
