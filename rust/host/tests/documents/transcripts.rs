//! The transcripts of README and docs are what the program prints: each block marked `console` is run and compared. A comment on the
//! line before a block says what it takes:
//!
//! ```text
//! <!-- setup: train --wait; rig normal -->   commands of the device, or of the shell, that come before and are not shown
//! <!-- not run: a board's -->                it is not run, and why
//! <!-- needs recordings -->                  it is run where there are some (`HONE_DATA`, or `../shared/data`)
//! ```
//!
//! A block that begins with `hone> ` is one device's script; one that begins with `$ ` is of a shell, in a folder that the page's
//! blocks share. A line `...` stands for any lines. `HONE_WRITE_DOCS=1` writes what is printed into the pages.

use crate::common::{folder, hone, hum};
use hone_host::dataset::data_folder;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const DEVICE: &str = "hone> ";
const SHELL: &str = "$ ";
const ELLIPSIS: &str = "...";

/// A fenced block.
struct Block {
    /// Line of its fence, from 0.
    at: usize,
    info: String,
    lines: Vec<String>,
    /// The comment before it, by its first word.
    setup: Option<String>,
    not_run: Option<String>,
    recordings: bool,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// README and all pages of docs.
fn pages() -> Vec<PathBuf> {
    let (mut pages, mut folders) = (vec![root().join("README.md")], vec![root().join("docs")]);
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "md") {
                pages.push(path);
            }
        }
    }
    pages.sort();
    pages
}

fn blocks(text: &str) -> Vec<Block> {
    let lines: Vec<&str> = text.lines().collect();
    let (mut blocks, mut i) = (Vec::new(), 0);
    while i < lines.len() {
        let Some(info) = lines[i].trim_start().strip_prefix("```") else {
            i += 1;
            continue;
        };
        let length = lines[i + 1..].iter().position(|l| l.trim_start().starts_with("```")).expect("a fence is closed");
        let comment = |word: &str| {
            let line = lines.get(i.checked_sub(1)?)?;
            Some(line.strip_prefix("<!-- ")?.strip_prefix(word)?.strip_suffix(" -->")?.trim().to_owned())
        };
        blocks.push(Block {
            at: i,
            info: info.trim().to_owned(),
            lines: lines[i + 1..i + 1 + length].iter().map(|l| (*l).to_owned()).collect(),
            setup: comment("setup:"),
            not_run: comment("not run:"),
            recordings: comment("needs recordings").is_some(),
        });
        i += length + 2;
    }
    blocks
}

/// A command and what is shown of its answer.
type Exchange = (String, Vec<String>);

/// Cuts lines at those that begin with the prompt.
fn exchanges<'a>(lines: impl Iterator<Item = &'a str>, prompt: &str) -> Vec<Exchange> {
    let mut all: Vec<Exchange> = Vec::new();
    for line in lines {
        match (line.strip_prefix(prompt), all.last_mut()) {
            (Some(command), _) => all.push((command.to_owned(), Vec::new())),
            (None, Some((_, answer))) => answer.push(line.to_owned()),
            (None, None) => panic!("{line}: stands before the first prompt"),
        }
    }
    all
}

/// What stands in a setup: commands, separated by semicolons.
fn setup(block: &Block) -> Vec<&str> {
    block.setup.iter().flat_map(|s| s.split(';')).map(str::trim).filter(|s| !s.is_empty()).collect()
}

/// The folder of the recordings, from anywhere.
fn data() -> PathBuf {
    std::path::absolute(data_folder()).unwrap()
}

fn shell(command: &str, folder: &Path, input: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_hone"));
    let path = std::env::join_paths(
        [program.parent().unwrap().to_path_buf()]
            .into_iter()
            .chain(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())),
    );
    let mut child = Command::new("sh")
        .args(["-c", &format!("{{ {command}\n}} 2>&1")])
        .current_dir(folder)
        .env("PATH", path.unwrap())
        .env("HONE_DATA", data())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), input.as_bytes()).unwrap();
    String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
}

/// What the block's commands print.
fn run(block: &Block, shown: &[Exchange], folder: &Path) -> Vec<Exchange> {
    const SHOWN: &str = "# what is shown begins here";
    if block.lines[0].starts_with(DEVICE) {
        let hidden = setup(block);
        let commands = shown.iter().map(|(command, _)| command.as_str());
        let script: Vec<&str> = hidden.into_iter().chain([SHOWN]).chain(commands).collect();
        let out = shell("hone run --echo", folder, &(script.join("\n") + "\n"));
        let (_, out) = out.split_once(&format!("{DEVICE}{SHOWN}\n")).unwrap_or_else(|| panic!("{out}"));
        // What is told after the setup, before the first command, is not shown.
        let begin = out.find(DEVICE).unwrap_or(out.len());
        exchanges(out[begin..].lines(), DEVICE)
    } else {
        for command in setup(block) {
            shell(command, folder, "");
        }
        let answer = |command: &str| shell(command, folder, "").lines().map(|l| l.trim_end().to_owned()).collect();
        shown.iter().map(|(command, _)| (command.clone(), answer(command))).collect()
    }
}

/// Whether lines are those that are shown, where `...` stands for any.
fn alike(shown: &[String], made: &[String]) -> bool {
    match shown.iter().position(|l| l == ELLIPSIS) {
        None => shown == made,
        Some(at) => {
            let (before, after) = (&shown[..at], &shown[at + 1..]);
            made.len() >= before.len() + after.len() && made.starts_with(before) && {
                (0..=made.len()).any(|from| from >= at && alike(after, &made[from..]))
            }
        }
    }
}

/// The answer as it is to be shown: with as many lines before and behind `...` as there were.
fn shortened(shown: &[String], made: &[String]) -> Vec<String> {
    let Some(at) = shown.iter().position(|l| l == ELLIPSIS) else { return made.to_vec() };
    let after = shown.len() - at - 1;
    if made.len() <= at + after {
        return made.to_vec();
    }
    [&made[..at], &[ELLIPSIS.to_owned()], &made[made.len() - after..]].concat()
}

fn written(exchanges: &[Exchange], prompt: &str) -> Vec<String> {
    let of = |(command, answer): &Exchange| std::iter::once(format!("{prompt}{command}")).chain(answer.clone());
    exchanges.iter().flat_map(|e| of(e).collect::<Vec<_>>()).collect()
}

#[test]
fn transcripts_are_what_is_printed() {
    let (mut wrong, mut ran, mut left) = (String::new(), 0, BTreeMap::<String, usize>::new());
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        let name = page.strip_prefix(root()).unwrap().display().to_string();
        let here = folder(&format!("transcripts-{}", name.replace(['/', '.'], "-")));
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // From behind, so that places before stay as they are; but run in order.
        let mut changes = Vec::new();
        for block in blocks(&text) {
            let place = format!("{name}, line {}", block.at + 1);
            let prompted = block.lines.iter().any(|l| [DEVICE, "hone:~$ ", "$ hone"].iter().any(|p| l.starts_with(p)));
            assert!(!prompted || block.info == "console", "{place}: a transcript is a block of 'console'");
            if block.info != "console" {
                continue;
            }
            if let Some(reason) = &block.not_run {
                *left.entry(reason.clone()).or_default() += 1;
                continue;
            }
            if block.recordings && !data().join("cwru").is_dir() {
                *left.entry("there are no recordings".into()).or_default() += 1;
                continue;
            }
            let prompt = if block.lines[0].starts_with(DEVICE) { DEVICE } else { SHELL };
            let shown = exchanges(block.lines.iter().map(String::as_str), prompt);
            let made = run(&block, &shown, &here);
            ran += 1;
            let same =
                shown.len() == made.len() && shown.iter().zip(&made).all(|(s, m)| s.0 == m.0 && alike(&s.1, &m.1));
            if !same {
                let short: Vec<Exchange> =
                    shown.iter().zip(&made).map(|(s, m)| (m.0.clone(), shortened(&s.1, &m.1))).collect();
                let new = written(&short, prompt);
                let _ = writeln!(wrong, "{place} should be\n{}\n", new.join("\n"));
                changes.push((block.at + 1..block.at + 1 + block.lines.len(), new));
            }
        }
        if std::env::var_os("HONE_WRITE_DOCS").is_some() {
            changes.into_iter().rev().for_each(|(range, new)| drop(lines.splice(range, new)));
            std::fs::write(&page, lines.join("\n") + "\n").unwrap();
        }
    }
    eprintln!("{ran} transcripts were run; not run: {left:?}");
    assert!(wrong.is_empty(), "{wrong}HONE_WRITE_DOCS=1 writes it into the pages");
    assert!(ran >= 20, "{ran} transcripts were run");
    assert!(left.keys().all(|reason| reason.len() > 5), "{left:?}: a reason says why");
}

#[test]
fn commands_in_the_pages_have_the_options_that_they_name() {
    let mut helps: BTreeMap<String, String> = BTreeMap::new();
    let (mut wrong, mut seen) = (String::new(), 0);
    for page in pages() {
        let text = std::fs::read_to_string(&page).unwrap();
        for block in blocks(&text) {
            for line in &block.lines {
                let line = line.trim().strip_prefix(SHELL).unwrap_or(line.trim());
                let command = ["hone ", "cargo run --release -- "].iter().find_map(|p| line.strip_prefix(p));
                let Some(command) = command.filter(|c| c.starts_with(|c: char| c.is_ascii_lowercase())) else {
                    continue;
                };
                let words: Vec<&str> = command.split(" #").next().unwrap().split_whitespace().collect();
                let help = helps
                    .entry(words[0].to_owned())
                    .or_insert_with_key(|sub| shell(&format!("hone {sub} --help"), &root(), ""));
                seen += 1;
                for option in words.iter().filter(|w| w.starts_with("--")).map(|w| w.split('=').next().unwrap()) {
                    if !help.contains(option) {
                        let _ = writeln!(wrong, "{}: {line}: there is no {option}", page.display());
                    }
                }
                if !help.contains("Usage:") {
                    let _ = writeln!(wrong, "{}: {line}: there is no such subcommand", page.display());
                }
            }
        }
    }
    assert!(wrong.is_empty() && seen > 20, "{wrong}{seen} commands");
}

/// Recordings as a manifest describes them: of what is normal and what is not, on its channels.
fn recordings(manifest: &toml::Table, folder: &Path) {
    let text = |v: &toml::Value, key: &str| v.get(key).and_then(|v| v.as_str()).map(str::to_owned);
    let channels: Vec<String> =
        manifest["channel"].as_array().unwrap().iter().map(|c| text(c, "name").unwrap()).collect();
    let rate = manifest["rate_hz"].as_integer().unwrap() as f64;
    let first = text(&manifest["class"][0], "name");
    for (seed, file) in (1..).zip(manifest["file"].as_array().unwrap()) {
        let time = text(file, "time");
        let mut rows: String = time.iter().chain(&channels).map(String::as_str).collect::<Vec<_>>().join(",") + "\n";
        let samples = hum(20_000, text(file, "class") == first, seed);
        for (i, v) in samples.iter().enumerate() {
            let values =
                channels.iter().enumerate().map(|(c, _)| format!("{:.3}", f64::from(*v) / (2000.0 + 300.0 * c as f64)));
            let row: Vec<String> = time.iter().map(|_| format!("{:.6}", i as f64 / rate)).chain(values).collect();
            rows += &(row.join(",") + "\n");
        }
        let path = folder.join(text(file, "path").unwrap());
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, rows).unwrap();
    }
}

#[test]
fn manifests_of_the_machines_can_be_learnt_by_and_a_board_holds_them() {
    let mut count = 0;
    for page in pages().iter().filter(|p| p.parent().unwrap().ends_with("machines")) {
        let text = std::fs::read_to_string(page).unwrap();
        for block in blocks(&text).iter().filter(|b| b.info == "toml") {
            let manifest = block.lines.join("\n");
            let name = page.file_stem().unwrap().to_str().unwrap();
            let here = folder(&format!("machine-{name}"));
            let table: toml::Table = manifest.parse().unwrap();
            recordings(&table, &here);
            let path = here.join("m.toml");
            std::fs::write(&path, &manifest).unwrap();
            let path = path.to_str().unwrap();
            let check = hone(&["check", path], b"").well();
            assert!(!check.out.contains("note:"), "{name}: {}", check.out);
            let learner = if table["task"].as_str() == Some("anomaly") { "esn" } else { "svm" };
            let run = hone(&["eval", path, "--learner", learner, "--json"], b"").well();
            assert!(run.json()[0]["accuracy"].as_f64().unwrap() > 0.8, "{name}: {}", run.out);
            count += 1;
        }
        let named = text.matches("hone eval ").count();
        assert!(named > 1, "{}: says how to measure", page.display());
    }
    assert_eq!(count, 5);
    // A page without a measured figure says so.
    for name in ["pump", "gearbox"] {
        let text = std::fs::read_to_string(root().join(format!("docs/guides/machines/{name}.md"))).unwrap();
        assert!(text.contains("none were measured"), "{name}");
    }
}
