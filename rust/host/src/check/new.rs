//! `hone new`: looks at recordings, proposes a manifest, asks where it cannot know, and ends with what `check` says.

mod inspect;
mod propose;

use crate::dataset::Source;
use crate::eval::{self, Budget, EvalArgs};
use crate::output;
use inspect::Inspected;
use propose::Proposal;
use std::io::{BufRead, IsTerminal};
use std::path::{Path, PathBuf};

/// What `hone new` is told.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct NewArgs {
    /// Recordings: .csv, .tsv, .txt, .npy, .wav, .mat, each also with .gz. Name them, or their folders, after what they show:
    /// normal-1.csv, worn-bearing.csv
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The manifest to write [default: NAME.toml here]
    #[arg(long, value_name = "MANIFEST")]
    pub out: Option<PathBuf>,
    /// The folder that the manifest's paths begin from [default: this one, if it holds all files; else the one that does]
    #[arg(long, value_name = "DIR")]
    pub root: Option<PathBuf>,
    /// Frames per second, where the files do not tell
    #[arg(long, value_name = "HZ", allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Take every proposal without asking
    #[arg(long)]
    pub yes: bool,
}

/// Runs `hone new`.
///
/// # Errors
/// A file cannot be read, or something is not known and there is nobody to ask.
pub fn run(args: &NewArgs) -> Result<(), String> {
    let asks = std::io::stdin().is_terminal() && !args.yes;
    if !asks && !args.yes {
        return Err("there is no terminal to ask questions on; give --yes to accept every proposal".into());
    }
    let (root, paths) = below(args)?;
    let files: Vec<Inspected> =
        paths.iter().map(|path| inspect::file(&root, path).map_err(|e| e.to_string())).collect::<Result<_, _>>()?;
    let mut proposal = Proposal::of(&root, files, args.rate)?;
    if asks {
        ask(&mut proposal)?;
    }
    let text = proposal.manifest()?;
    let out = args.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.toml", proposal.name)));
    output::absent(&out)?;
    // What cannot be read again is not written.
    let source = Source::new(&out, text.clone());
    let (summary, set) = super::look(&source, &root)?;
    output::write_file(&out, text.as_bytes()).map_err(|e| format!("{}: {e}", out.display()))?;
    output::print(&format!("{text}\n{}", summary.table()));
    for note in &proposal.notes {
        output::print(&format!("  note: {note}\n"));
    }
    if let Some(problem) = summary.problem {
        return Err(format!("{} is written, and nothing can be learnt by it yet: {problem}", out.display()));
    }
    let learner = proposal.learner();
    let found = |folder: &Path| folder.canonicalize().is_ok_and(|f| f == root);
    let here = out.parent().map_or(Path::new("."), |f| if f.as_os_str().is_empty() { Path::new(".") } else { f });
    let place = if found(here) { String::new() } else { format!(" --root {}", root.display()) };
    let smallest = eval::smallest(&EvalArgs { learner, ..EvalArgs::default() }, &set);
    let budget = smallest.unwrap_or(Budget::None);
    let budget = if budget == Budget::default() { String::new() } else { format!(" --budget {}", budget.name()) };
    output::print(&format!(
        "\nwritten to {0}; look through it, then\n  hone eval {0}{place} --learner {1}{budget} --save {2}.hone\n",
        out.display(),
        learner.name(),
        proposal.name
    ));
    Ok(())
}

/// The folder that holds all files, and their paths below it.
fn below(args: &NewArgs) -> Result<(PathBuf, Vec<String>), String> {
    let mut full = Vec::new();
    for file in &args.files {
        let path = file.canonicalize().map_err(|e| format!("{}: {e}", file.display()))?;
        if !path.is_file() {
            return Err(format!("{} is not a regular file", file.display()));
        }
        full.push(path);
    }
    full.sort();
    full.dedup();
    let root = match &args.root {
        Some(root) => root.canonicalize().map_err(|e| format!("{}: {e}", root.display()))?,
        None => {
            // From here, if all lie below: so the manifest, which is written here, finds them by itself.
            let here = std::env::current_dir().and_then(|here| here.canonicalize()).unwrap_or_default();
            let mut root = full.first().and_then(|f| f.parent()).map(Path::to_path_buf).unwrap_or_default();
            if args.out.is_none() && !here.as_os_str().is_empty() && full.iter().all(|f| f.starts_with(&here)) {
                root = here;
            }
            while !full.iter().all(|f| f.starts_with(&root)) {
                if !root.pop() {
                    return Err("the files have no folder in common; give one with --root".into());
                }
            }
            root
        }
    };
    let mut paths = Vec::new();
    for file in &full {
        let path =
            file.strip_prefix(&root).map_err(|_| format!("{} is not below {}", file.display(), root.display()))?;
        let path = path.to_str().ok_or_else(|| format!("{} is not UTF-8 text; rename it", file.display()))?;
        paths.push(path.replace('\\', "/"));
    }
    Ok((root, paths))
}

/// Asks for what may be otherwise, with the proposal as answer to an empty line.
fn ask(proposal: &mut Proposal) -> Result<(), String> {
    proposal.name = question("name of the data set", &proposal.name)?;
    if proposal.recordings {
        let rate = proposal.rate_hz.map_or(String::new(), |r| r.to_string());
        loop {
            match question("frames per second", &rate)?.parse::<f64>() {
                Ok(rate) if rate > 0.0 && rate.is_finite() => {
                    proposal.rate_hz = Some(rate);
                    break;
                }
                _ => output::print("a number above 0\n"),
            }
        }
        loop {
            match question("frames per window", &proposal.window.to_string())?.parse::<usize>() {
                Ok(window) if (1..=1_000_000).contains(&window) => {
                    proposal.window = window;
                    break;
                }
                _ => output::print("a whole number from 1 to 1000000\n"),
            }
        }
    }
    let names: Vec<String> = proposal.classes.iter().map(|c| c.name.clone()).collect();
    output::print(&format!("classes: {}\n", names.join(", ")));
    let anomalous: Vec<&str> = proposal.classes.iter().filter(|c| c.anomalous).map(|c| c.name.as_str()).collect();
    let shown = if anomalous.is_empty() { "none".into() } else { anomalous.join(",") };
    loop {
        let answer = question("which of them are anomalous, separated by commas, or none", &shown)?;
        let chosen: Vec<&str> = answer.split(',').map(str::trim).filter(|n| !n.is_empty() && *n != "none").collect();
        match chosen.iter().find(|n| !names.iter().any(|m| m == *n)) {
            Some(unknown) => output::print(&format!("there is no class {unknown}\n")),
            None => {
                proposal.classes.iter_mut().for_each(|c| c.anomalous = chosen.contains(&c.name.as_str()));
                break;
            }
        }
    }
    Ok(())
}

fn question(what: &str, proposed: &str) -> Result<String, String> {
    let shown = if proposed.is_empty() { String::new() } else { format!(" [{proposed}]") };
    output::print(&format!("{what}{shown}: "));
    output::flush();
    let mut line = String::new();
    let read = std::io::stdin().lock().read_line(&mut line).map_err(|e| e.to_string())?;
    if read == 0 {
        return Err("the questions were not answered, so nothing was written".into());
    }
    let answer = line.trim();
    Ok(if answer.is_empty() { proposed.to_owned() } else { answer.to_owned() })
}
