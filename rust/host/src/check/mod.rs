//! `hone check`: what recordings are, before anything is learnt from them; and `hone new`, which writes a manifest.

pub mod new;
mod pictures;
mod summary;

use crate::dataset::{Dataset, Source, find_manifest, recordings_of};
use crate::{eval, output};
pub use new::NewArgs;
use std::path::{Path, PathBuf};
pub use summary::Summary;

/// What `hone check` is told.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct CheckArgs {
    /// The path of a manifest ('hone new' makes one), or the name of one of the project's data sets
    pub manifest: String,
    /// The folder that the manifest's paths begin from [default: the manifest's own, else HONE_DATA, else ../shared/data]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Print one JSON object on one line and nothing else
    #[arg(long)]
    pub json: bool,
    /// Draw each channel over time, its spectrum and its histogram into this folder
    #[arg(long, value_name = "DIR")]
    pub plot: Option<PathBuf>,
}

/// Runs `hone check`.
///
/// # Errors
/// The manifest or a file cannot be read, or nothing could be learnt from them; what was found is printed before that.
pub fn run(args: &CheckArgs) -> Result<(), String> {
    let source = find_manifest(&args.manifest).map_err(|e| e.to_string())?;
    let (summary, set) = look(&source, &recordings_of(&source, args.root.as_deref()))?;
    let mut text = if args.json { format!("{}\n", summary.json()) } else { summary.table() };
    if let Some(folder) = &args.plot {
        for file in pictures::draw(folder, &set).map_err(|e| e.to_string())? {
            if !args.json {
                text.push_str(&format!("\n  figure {}\n", file.display()));
            }
        }
    }
    output::print(&text);
    match summary.problem {
        Some(problem) => Err(problem),
        None => Ok(()),
    }
}

/// Reads everything that a manifest names, and says what it is.
///
/// # Errors
/// The manifest or a file cannot be read.
pub fn look(source: &Source, root: &Path) -> Result<(Summary, Dataset), String> {
    let set = Dataset::look(source, root).map_err(|e| e.to_string())?;
    let problem =
        set.check(source).map_err(|e| e.to_string()).and_then(|()| eval::sound(&set).map_err(|e| e.to_string()));
    Ok((Summary::of(&set, problem.err()), set))
}
