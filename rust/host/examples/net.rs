//! Networks on recordings: accuracy of int8, mixed and `f32` over seeds, side by side.
//!
//! `cargo run --release -p hone-host --example net -- SET [--net TEXT] [--seeds N] [--raw] [--inner] [--set NAME=VALUE]… [--prune LIST]`
//!
//! SET is a manifest of `datasets/`, or one of those made here: `uestc` (parts 1 train, 3 test), `cwru-raw` (windows of samples,
//! of each recording of load 0 the first 60 % train, the rest test). `--inner` judges inside the training part, by which settings are
//! chosen: of each class the first 70 % train, the rest test. `--forms LIST` takes of `int8`, `mixed`, `f32`, `nearest`. `--row` ends
//! with the row of the table in docs/net.md: least and median of each form, and the first less the last. `--prune 25,50` leaves out so
//! many percent of units and filters, and ends with the rows of that table.

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

/// A network on its way, with the rows that it learns.
struct Learning<'r> {
    rows: &'r Rows,
    classes: usize,
    words: Vec<u32>,
    labels: Vec<u16>,
    stats: Vec<Feature>,
    model: Box<Model<16384>>,
}

impl<'r> Learning<'r> {
    fn new(rows: &'r Rows) -> Self {
        let classes = rows.train.iter().map(|r| usize::from(r.1)).max().unwrap_or(0) + 1;
        let width = rows.input.len();
        let words = vec![0u32; Format::I8.row_words(width) * rows.train.len()];
        let (labels, stats) = (vec![0u16; rows.train.len()], vec![Feature::default(); width]);
        Self { rows, classes, words, labels, stats, model: Box::new(Model::new()) }
    }

    /// Trains, or goes on; the last epoch, and bytes of workspace.
    fn train(&mut self, params: &Params, resumes: bool, verbose: bool) -> Result<(Epoch, usize), Box<dyn Error>> {
        let shape = Shape { input: self.rows.input, classes: self.classes };
        let checked = params.check(shape).map_err(|e| format!("{e:?}"))?;
        let mut counts = Counts::EMPTY;
        let mut set = SetMut::over(&mut self.words, &mut self.labels, &mut self.stats, &mut counts);
        set.clear(Format::I8, self.rows.input.len()).map_err(|e| format!("{e:?}"))?;
        for (row, class) in &self.rows.train {
            set.push(row, Some(ClassId(*class))).map_err(|e| format!("{e:?}"))?;
        }
        let mut memory = vec![0u32; required(&checked) / 4];
        let mut trainer = if resumes { Trainer::resumes(checked) } else { Trainer::new(checked) };
        let mut shown = 0;
        loop {
            let progress =
                trainer.step(set.view(), &mut memory, self.model.edit(), 200_000).map_err(|e| format!("{e:?}"))?;
            let epoch = trainer.last_epoch();
            if verbose && epoch.number > shown {
                shown = epoch.number;
                println!("  {epoch:?}");
            }
            if let Progress::Done(_) = progress {
                return Ok((epoch, memory.len() * 4));
            }
        }
    }

    fn accuracy(&self) -> f64 {
        let mut scratch = vec![0u32; self.model.view().scratch_words()];
        let right = |(row, class): &&(Vec<f32>, u16)| {
            self.model.infer(row, &mut scratch).decision == Decision::Class(ClassId(*class))
        };
        let right = self.rows.test.iter().filter(right).count();
        right as f64 / self.rows.test.len() as f64
    }
}

fn run(rows: &Rows, params: &Params, verbose: bool) -> Result<Outcome, Box<dyn Error>> {
    let mut learning = Learning::new(rows);
    let (epoch, workspace) = learning.train(params, false, verbose)?;
    let bytes = (workspace, learning.model.view().used() * 4);
    Ok(Outcome { accuracy: learning.accuracy(), epoch, bytes })
}

/// What pruning costs and what a quarter of the epochs more brings back: means over the seeds, a row of the table for each share.
fn prune(name: &str, net: &str, rows: &Rows, params: &Params, seeds: u32, shares: &str) -> Result<(), Box<dyn Error>> {
    for share in std::iter::once("0").chain(shares.split(',')) {
        let percent: u8 = share.parse()?;
        let (mut sums, mut costs) = ([0.0; 4], (0, 0));
        for seed in 1..=seeds {
            let params = Params { seed, ..*params };
            let mut learning = Learning::new(rows);
            learning.train(&params, false, false)?;
            sums[0] += learning.accuracy();
            let mut layers = params.network;
            if percent > 0 {
                let mut small = Box::new(Model::<16384>::new());
                small.edit().prune(learning.model.view(), percent, &mut [0; 1024]).map_err(|e| format!("{e:?}"))?;
                learning.model = small;
                layers = *learning.model.view().network();
            }
            sums[1] += learning.accuracy();
            let view = learning.model.view();
            costs = (view.used() * 4, view.layers().map(|l| l.macs).sum());
            let more = Params { network: layers, epochs: params.epochs / 4, rate: params.rate / 4.0, ..params };
            learning.train(&more, true, false)?;
            sums[2] += learning.accuracy();
            let mut fresh = Learning::new(rows);
            fresh.train(&Params { network: layers, ..params }, false, false)?;
            sums[3] += fresh.accuracy();
        }
        let [_, after, more, fresh] = sums.map(|s| s / f64::from(seeds));
        println!(
            "| {name} | `{net}` | {percent} % | {} | {} | {after:.4} | {more:.4} | {fresh:.4} |",
            costs.1, costs.0
        );
    }
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().ok_or("which set?")?;
    let (mut params, mut seeds, mut raw, mut within, mut verbose) = (Params::DEFAULT, 5, false, false, false);
    let (mut row, mut shares) = (false, None);
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
            "--prune" => shares = Some(value()?),
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
    if let Some(shares) = shares {
        return prune(&name, &net, &rows, &params, seeds, &shares);
    }
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
