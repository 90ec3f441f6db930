//! `hone reproduce` as a user runs it.

mod common;

use common::folder;
use hone_host::dataset::data_folder;
use std::path::Path;
use std::process::{Command, Output};

fn reproduce(args: &[&str], data: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_hone"));
    command.arg("reproduce").args(args).env("HONE_DATA", data).output().unwrap()
}

fn refused(output: &Output) -> String {
    assert_ne!(output.status.code(), Some(0));
    let text = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(text.starts_with("error: ") && !text.contains("panicked"), "{text}");
    text
}

#[test]
fn a_page_is_written_with_its_picture_and_words_around_tables_stay() {
    let data = data_folder();
    if !data.join("svm").is_dir() {
        eprintln!("skipped: no recordings (set HONE_DATA)");
        return;
    }
    let data = data.canonicalize().unwrap();
    let out = folder("reproduce");
    let path = out.join("pelion.md");
    let run = || reproduce(&["pelion", "--out", out.to_str().unwrap()], &data);
    assert!(run().status.success());
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text, include_str!("../../../docs/reference/pelion.md"), "'hone reproduce all' would make another page");
    let picture = std::fs::read(out.join("figures/temperature-next-linear-band.png")).unwrap();
    assert!(picture.starts_with(b"\x89PNG"));

    // Tables are made anew, whatever stood there; all else stays.
    let kept = text.replace("| test R² |", "| wrong |").replace("## Regression\n", "## Regression\n\nOwn words.\n");
    std::fs::write(&path, &kept).unwrap();
    assert!(run().status.success());
    let again = std::fs::read_to_string(&path).unwrap();
    assert!(again.contains("Own words.") && again.contains("| test R² |") && !again.contains("| wrong |"), "{again}");

    // A page that has lost a marker is left as it is.
    let broken = text.replace("<!-- reproduce: round -->", "");
    std::fs::write(&path, &broken).unwrap();
    let error = refused(&run());
    assert!(error.contains("pelion.md") && error.contains("<!-- reproduce: round -->"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), broken);
}

#[test]
fn without_recordings_or_a_place_it_says_what_to_do() {
    let out = folder("reproduce-nothing");
    let nowhere = out.join("no-recordings");
    let error = refused(&reproduce(&["edge2train", "--out", out.to_str().unwrap()], &nowhere));
    assert!(error.contains("no-recordings") && error.contains("set HONE_DATA"), "{error}");
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0, "nothing is written");
    // The tests run in the crate's folder, which has no docs.
    let error = refused(&reproduce(&["all"], &nowhere));
    assert!(error.contains("--out DIR"), "{error}");
    assert!(refused(&reproduce(&["edge2trian"], &nowhere)).contains("edge2train"));
}
