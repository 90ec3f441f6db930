//! Networks on recordings: accuracy of int8, mixed and `f32` over seeds, side by side.
//!
//! `cargo run --release -p hone-host --example net -- SET [--net TEXT] [--seeds N] [--raw] [--inner] [--set NAME=VALUE]…`
//!
//! SET is a manifest of `datasets/`, or one of those made here: `uestc` (parts 1 train, 3 test), `cwru-raw` (windows of samples,
//! of each recording of load 0 the first 60 % train, the rest test). `--inner` judges inside the training part, by which settings are
//! chosen: of each class the first 70 % train, the rest test. `--forms LIST` takes of `int8`, `mixed`, `f32`, `nearest`. `--row` ends
//! with the row of the table in docs/net.md: least and median of each form, and the first less the last.

use hone_host::dataset::{Data, Dataset, Family, Part, Source, data_folder, find_manifest};
use hone_learn::set::{Counts, Feature};
use hone_learn::{ClassId, Decision, Format, Progress, SetMut, Settings, Workspace};
use hone_net::{Epoch, Extent, Model, Network, Params, Shape, Trainer, required};
use hone_signal::features;
use std::error::Error;
use std::path::Path;

struct Rows {
    input: Extent,
    train: Vec<(Vec<f32>, u16)>,
    test: Vec<(Vec<f32>, u16)>,
}

/// A manifest for recordings of bearings, in which `files` says what is read.
fn manifest(name: &str, rate: u32, channels: &[&str], window: usize, classes: &[&str], files: &str) -> String {
    let mut text = format!(
        "name = \"{name}\"\nkind = \"recordings\"\ntask = \"classification\"\nrate_hz = {rate}\nwindow = {{ length = {window}, step = {window} }}\nfeatures = \"vibration\"\n"
    );
    for channel in channels {
        text += &format!("[[channel]]\nname = \"{channel}\"\nscale = 0.002394202\nunit = \"m/s2\"\n");
    }
    for class in classes {
        text += &format!("[[class]]\nname = \"{class}\"\n");
    }
    text + files
}

fn uestc() -> String {
    let mut files = String::new();
    for fault in ["N", "B", "I", "O"] {
        for speed in [800, 1000, 1200, 1400] {
            for (part, is) in [(1, "train"), (3, "test")] {
                files += &format!(
                    "[[file]]\npath = \"uestc/{fault}_{speed}_{part}.npy\"\naxes = [\"time\"]\nclass = \"{fault}\"\npart = \"{is}\"\n"
                );
            }
        }
    }
    manifest("uestc", 20_000, &["x"], 256, &["N", "B", "I", "O"], &files)
}

fn cwru_raw() -> String {
    let names = ["NORMAL", "IR007", "IR014", "IR021", "B007", "B014", "B021", "OR007", "OR014", "OR021"];
    let mut files = String::new();
    for name in names {
        files += &format!(
            "[[file]]\npath = \"cwru/load0/{name}.npy\"\naxes = [\"channel\", \"time\"]\nclass = \"{name}\"\nsplit = {{ train = 0.6, test = 0.4 }}\n"
        );
    }
    manifest("cwru-raw", 12_000, &["drive end", "fan end"], 200, &names, &files)
}

fn load(name: &str, raw: bool) -> Result<Rows, Box<dyn Error>> {
    let root = data_folder();
    let made = match name {
        "uestc" => Some(uestc()),
        "cwru-raw" => Some(cwru_raw()),
        _ => None,
    };
    let source = match made {
        Some(text) => Source::new(Path::new(name), text),
        None => find_manifest(name).map_err(|e| e.to_string())?,
    };
    let set = Dataset::read(&source, &root).map_err(|e| e.to_string())?;
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let mut input = Extent::default();
    match &set.data {
        Data::Table(t) => {
            for row in &t.rows {
                let to = if row.part == Part::Test { &mut test } else { &mut train };
                to.push((row.features.clone(), row.class as u16));
                input = Extent { frames: 1, channels: row.features.len() as u16 };
            }
        }
        Data::Recordings(r) => {
            let params = match set.family {
                Family::Vibration => features::Params::vibration(),
                Family::Activity => features::Params::activity(),
            };
            let shape = hone_signal::Shape { channels: r.channels.len(), frames: r.length };
            let extractor = params.check(shape).map_err(|e| format!("{e:?}"))?;
            let (mut scratch, mut out) = (vec![0u32; extractor.required().div_ceil(4)], vec![0.0; extractor.len()]);
            for (part, to) in [(Part::Train, &mut train), (Part::Test, &mut test)] {
                for (recording, window) in r.windows(part) {
                    let held = r.held(recording, window, &set.classes).map_err(|e| e.to_string())?;
                    let view = held.view();
                    if raw {
                        to.push((view.samples.iter().map(|s| f32::from(*s)).collect(), window.class as u16));
                    } else {
                        extractor
                            .extract(&view, Workspace::new(&mut scratch), &mut out)
                            .map_err(|e| format!("{e:?}"))?;
                        to.push((out.clone(), window.class as u16));
                    }
                }
            }
            input = if raw {
                Extent { frames: r.length as u16, channels: r.channels.len() as u16 }
            } else {
                Extent { frames: 1, channels: extractor.len() as u16 }
            };
        }
    }
    Ok(Rows { input, train, test })
}

/// Of each class the first 70 % train, the rest test.
fn inner(rows: Rows) -> Rows {
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let most = rows.train.iter().map(|r| r.1).max().unwrap_or(0);
    for class in 0..=most {
        let all: Vec<_> = rows.train.iter().filter(|r| r.1 == class).cloned().collect();
        let cut = all.len() * 7 / 10;
        train.extend_from_slice(&all[..cut]);
        test.extend_from_slice(&all[cut..]);
    }
    Rows { train, test, ..rows }
}

struct Outcome {
    accuracy: f64,
    epoch: Epoch,
    bytes: (usize, usize),
}

fn run(rows: &Rows, params: &Params, verbose: bool) -> Result<Outcome, Box<dyn Error>> {
    let classes = rows.train.iter().map(|r| usize::from(r.1)).max().unwrap_or(0) + 1;
    let checked = params.check(Shape { input: rows.input, classes }).map_err(|e| format!("{e:?}"))?;
    let width = rows.input.len();
    let format = Format::I8;
    let mut words = vec![0u32; format.row_words(width) * rows.train.len()];
    let mut labels = vec![0u16; rows.train.len()];
    let mut stats = vec![Feature::default(); width];
    let mut counts = Counts::EMPTY;
    let mut set = SetMut::over(&mut words, &mut labels, &mut stats, &mut counts);
    set.clear(format, width).map_err(|e| format!("{e:?}"))?;
    for (row, class) in &rows.train {
        set.push(row, Some(ClassId(*class))).map_err(|e| format!("{e:?}"))?;
    }
    let mut memory = vec![0u32; required(&checked) / 4];
    let mut model = Box::new(Model::<16384>::new());
    let mut trainer = Trainer::new(checked);
    let mut shown = 0;
    loop {
        let progress = trainer.step(set.view(), &mut memory, model.edit(), 200_000).map_err(|e| format!("{e:?}"))?;
        let epoch = trainer.last_epoch();
        if verbose && epoch.number > shown {
            shown = epoch.number;
            println!("  {epoch:?}");
        }
        if let Progress::Done(_) = progress {
            break;
        }
    }
    let mut scratch = vec![0u32; model.view().scratch_words()];
    let right =
        |(row, class): &&(Vec<f32>, u16)| model.infer(row, &mut scratch).decision == Decision::Class(ClassId(*class));
    let right = rows.test.iter().filter(right).count();
    Ok(Outcome {
        accuracy: right as f64 / rows.test.len() as f64,
        epoch: trainer.last_epoch(),
        bytes: (memory.len() * 4, model.view().used() * 4),
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().ok_or("which set?")?;
    let (mut params, mut seeds, mut raw, mut within, mut verbose) = (Params::DEFAULT, 5, false, false, false);
    let mut row = false;
    let (mut forms, mut net) = (String::from("int8,f32"), String::from("dense32"));
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--net" => {
                net = value()?;
                params.network = Network::parse(&net).map_err(|e| format!("{e:?}"))?;
            }
            "--seeds" => seeds = value()?.parse()?,
            "--forms" => forms = value()?,
            "--raw" => raw = true,
            "--inner" => within = true,
            "-v" => verbose = true,
            "--row" => row = true,
            "--set" => {
                let pair = value()?;
                let (key, value) = pair.split_once('=').ok_or("--set NAME=VALUE")?;
                params.set_text(key, value).map_err(|e| format!("{e:?}"))?;
            }
            other => return Err(format!("{other}?").into()),
        }
    }
    let mut rows = load(&name, raw)?;
    if within {
        rows = inner(rows);
    }
    println!(
        "{name}: {} rows train, {} test, of {} x {}",
        rows.train.len(),
        rows.test.len(),
        rows.input.frames,
        rows.input.channels
    );
    let mut first: Vec<f64> = Vec::new();
    let (mut cells, mut difference) = (format!("| {name} | `{net}` |"), String::new());
    for form in forms.split(',') {
        let mut accuracies = Vec::new();
        let mut last = None;
        for seed in 1..=seeds {
            let mut params = Params { seed, ..params };
            match form {
                "nearest" => params.set_text("rounding", "nearest"),
                form => params.set_text("numbers", form),
            }
            .map_err(|e| format!("{e:?}"))?;
            let outcome = run(&rows, &params, verbose)?;
            accuracies.push(outcome.accuracy);
            last = Some(outcome);
        }
        let mut sorted = accuracies.clone();
        sorted.sort_by(f64::total_cmp);
        let mean = accuracies.iter().sum::<f64>() / accuracies.len() as f64;
        let Some(outcome) = last else { break };
        let middle = (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2]) / 2.0;
        cells += &format!(" {:.4}, {middle:.4} |", sorted[0]);
        print!(
            "{form:8} min {:.4} median {middle:.4} mean {mean:.4} max {:.4}; loss {:.4}; workspace {} B, model {} B",
            sorted[0],
            sorted[sorted.len() - 1],
            outcome.epoch.loss,
            outcome.bytes.0,
            outcome.bytes.1
        );
        if first.is_empty() {
            first = accuracies;
            println!();
        } else {
            // Paired with the first form, with the 95 % interval of Student's t of 1 to 9 degrees of freedom.
            const T: [f64; 9] = [12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];
            let d: Vec<f64> = accuracies.iter().zip(&first).map(|(b, a)| a - b).collect();
            let n = d.len() as f64;
            let m = d.iter().sum::<f64>() / n;
            let s = (d.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (n - 1.0).max(1.0)).sqrt();
            difference = format!("{m:+.4} ± {:.4}", T[(d.len().max(2) - 2).min(8)] * s / n.sqrt());
            println!("; first less this {difference}");
        }
    }
    if row {
        println!("{cells} {} |", difference.replace('-', "−"));
    }
    Ok(())
}
