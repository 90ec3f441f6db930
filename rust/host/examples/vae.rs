//! Variational autoencoders on recordings, in 8 bits and in `f32` side by side.
//!
//! `cargo run -p hone-host --example vae -- SET [--seeds N] [--forms int8,f32] [--set NAME=VALUE]… [--inner]`
//!
//! SET is a manifest of `datasets/`, NAME a setting of the learner or of the features. Of recordings with anomalies the training and
//! calibration parts are learnt, all rows of them, and the test part is judged: F1 and the area under the curve of scores.
//! Of recordings with classes an SVM learns 10 labelled rows of each class, as the means of the latent numbers and as principal components of
//! the same number: accuracy, the mean of 20 draws. `--inner` judges by what is no test part, for settings to be chosen: the training part
//! trains and the calibration part is judged; of recordings with classes the first 70 % of each class's rows train, the rest are judged.

use hone_host::dataset::{Data, Dataset, Family, Part, Task, data_folder, find_manifest};
use hone_learn::learner::{Given, Input, Learner, Lent, Setup, Shape};
use hone_learn::metrics::Outcomes;
use hone_learn::set::{Counts, Feature};
use hone_learn::{ClassId, Decision, Faults, Format, Micros, Progress, SetMut, Settings, WindowView, Workspace};
use hone_numeric::rng::Rng;
use hone_signal::features;
use hone_svm::Params as SvmParams;
use hone_vae::Params;
use std::error::Error;

type Vae = hone_vae::learner::Vae<65_536, { hone_vae::scratch_words(512, 512, 32) }, 512, 32>;
const CLASSES: usize = 16;
type Svm = hone_svm::learner::Svm<
    { hone_svm::model_words(CLASSES, 64, 512, Format::F32) },
    CLASSES,
    64,
    { hone_svm::scratch_len(CLASSES, 64) },
>;
/// Labelled rows of a class, and draws of them.
const LABELLED: usize = 10;
const DRAWS: u64 = 20;

struct Row {
    features: Vec<f32>,
    class: usize,
    anomalous: bool,
    /// It is the first of a stream.
    starts: bool,
}

struct Rows {
    train: Vec<Row>,
    test: Vec<Row>,
    anomalies: bool,
}

fn load(name: &str, settings: &[(String, String)], within: bool, params: &mut Params) -> Result<Rows, Box<dyn Error>> {
    let source = find_manifest(name).map_err(|e| e.to_string())?;
    let set = Dataset::read(&source, &data_folder()).map_err(|e| e.to_string())?;
    let Data::Recordings(r) = &set.data else { return Err(format!("{name} has no recordings").into()) };
    let mut seen = match set.family {
        Family::Vibration => features::Params::vibration(),
        Family::Activity => features::Params::activity(),
    };
    for (key, value) in settings {
        let known = Params::SETTINGS.iter().any(|s| s.name == key);
        let set = if known { params.set_text(key, value) } else { seen.set_text(key, value) };
        set.map_err(|e| format!("{key}: {e:?}"))?;
    }
    let shape = hone_signal::Shape { channels: r.channels.len(), frames: r.length };
    let extractor = seen.check(shape).map_err(|e| format!("{e:?}"))?;
    let mut scratch = vec![0u32; extractor.required().div_ceil(4)];
    let mut of = |parts: &[Part]| -> Result<Vec<Row>, Box<dyn Error>> {
        let mut rows = Vec::new();
        for (recording, window) in parts.iter().flat_map(|part| r.windows(*part)) {
            let held = r.held(recording, window, &set.classes).map_err(|e| e.to_string())?;
            let mut features = vec![0.0; extractor.len()];
            extractor
                .extract(&held.view(), Workspace::new(&mut scratch), &mut features)
                .map_err(|e| format!("{e:?}"))?;
            let anomalous = set.classes.get(window.class).is_some_and(|c| c.anomalous);
            rows.push(Row { features, class: window.class, anomalous, starts: window.faults.any(Faults::GAP) });
        }
        Ok(rows)
    };
    let anomalies = set.task == Task::Anomaly;
    Ok(match (within, anomalies) {
        (false, _) => Rows { train: of(&[Part::Train, Part::Calibrate])?, test: of(&[Part::Test])?, anomalies },
        (true, true) => Rows { train: of(&[Part::Train])?, test: of(&[Part::Calibrate])?, anomalies },
        (true, false) => inner(of(&[Part::Train])?),
    })
}

/// Of each class the first 70 % train, the rest test.
fn inner(rows: Vec<Row>) -> Rows {
    let (mut train, mut test) = (Vec::new(), Vec::new());
    let count = |class| rows.iter().filter(|r| r.class == class).count();
    let counts: Vec<usize> = (0..CLASSES).map(count).collect();
    let mut met = [0; CLASSES];
    for row in rows {
        met[row.class] += 1;
        if met[row.class] * 10 <= counts[row.class] * 7 { train.push(row) } else { test.push(row) }
    }
    Rows { train, test, anomalies: false }
}

fn input(row: &[f32]) -> Input<'_> {
    let window =
        WindowView { samples: &[], channels: 1, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None };
    Input { window, row, beside: None }
}

/// Trains a learner; the model, and bytes of workspace.
fn fit<L: Learner>(
    rows: &[(&[f32], Option<ClassId>)],
    format: Format,
    params: &L::Params,
) -> Result<(Box<L::Model>, usize), String> {
    let width = rows.first().map_or(0, |(row, _)| row.len());
    let mut words = vec![0u32; format.row_words(width) * rows.len()];
    let mut labels = vec![0u16; rows.len()];
    let mut stats = vec![Feature::default(); width];
    let mut counts = Counts::EMPTY;
    let mut set = SetMut::over(&mut words, &mut labels, &mut stats, &mut counts);
    set.clear(format, width).map_err(|e| format!("{e:?}"))?;
    for (row, class) in rows {
        set.push(row, *class).map_err(|e| format!("{e:?}"))?;
    }
    let setup = Setup { shape: Shape { inputs: width as u16, frames: 1 }, rows: rows.len() as u16, ..Setup::default() };
    let checked = L::check(params, &setup).map_err(|e| format!("{e:?}"))?;
    let mut workspace = vec![0u32; L::required(&checked, &setup).bytes.div_ceil(4)];
    let (mut model, mut trainer) = (Box::new(L::EMPTY), L::begin(&checked));
    loop {
        let lent = Lent { model: &mut *model, earlier: None, workspace: &mut workspace, budget: 1_000_000 };
        let given = Given::Rows(set.view());
        if let Progress::Done(_) = L::step(&mut trainer, &given, lent).map_err(|e| format!("{e:?}"))? {
            return Ok((model, 4 * workspace.len()));
        }
    }
}

fn autoencoder(rows: &Rows, params: &Params) -> Result<(Box<<Vae as Learner>::Model>, usize), String> {
    let train: Vec<_> = rows.train.iter().map(|r| (&r.features[..], None)).collect();
    fit::<Vae>(&train, Format::I8, params)
}

/// Share of false alarms, F1 with normal and anomalous rows weighing the same, and area under the curve, of the rows to be judged.
fn judged(rows: &Rows, model: &<Vae as Learner>::Model) -> [f64; 3] {
    let mut scratch = Box::new(Vae::SCRATCH);
    let mut outcomes = Outcomes::default();
    let mut scores = Vec::new();
    for row in &rows.test {
        if row.starts {
            Vae::reset(&mut scratch);
        }
        let Some(answer) = Vae::infer(model, &input(&row.features), &mut scratch) else { continue };
        outcomes.add(row.anomalous, answer.verdict.decision == Decision::Anomalous);
        scores.push((answer.verdict.score, row.anomalous));
    }
    scores.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Pairs in which the anomalous one has the higher score; no two scores are equal.
    let (mut normal, mut pairs) = (0u64, 0u64);
    for (_, anomalous) in &scores {
        if *anomalous { pairs += normal } else { normal += 1 }
    }
    let all = normal * (scores.len() as u64 - normal);
    let f1 = outcomes.balanced().map_or(f64::NAN, |scores| scores.f1.into());
    let alarms = outcomes.false_alarm_rate().map_or(f64::NAN, f64::from);
    [alarms, f1, pairs as f64 / all as f64]
}

/// The first `count` principal components of standardised rows: means, gains, and directions (Jacobi's rotations).
struct Components {
    standard: Vec<(f64, f64)>,
    directions: Vec<Vec<f64>>,
}

impl Components {
    fn new(rows: &[Row], count: usize) -> Self {
        let (n, d) = (rows.len() as f64, rows[0].features.len());
        let standard: Vec<(f64, f64)> = (0..d)
            .map(|j| {
                let of = || rows.iter().map(|r| f64::from(r.features[j]));
                let mean = of().sum::<f64>() / n;
                let variance = of().map(|x| (x - mean) * (x - mean)).sum::<f64>() / n;
                (mean, if variance > 0.0 { 1.0 / variance.sqrt() } else { 0.0 })
            })
            .collect();
        let mut a = vec![vec![0.0; d]; d];
        for row in rows {
            let z: Vec<f64> = row.features.iter().zip(&standard).map(|(x, (m, g))| (f64::from(*x) - m) * g).collect();
            for (a, x) in a.iter_mut().zip(&z) {
                a.iter_mut().zip(&z).for_each(|(a, y)| *a += x * y / n);
            }
        }
        let mut v: Vec<Vec<f64>> = (0..d).map(|i| (0..d).map(|j| f64::from(u8::from(i == j))).collect()).collect();
        for _ in 0..12 {
            for p in 0..d {
                for q in p + 1..d {
                    if a[p][q].abs() < 1e-14 {
                        continue;
                    }
                    let theta = 0.5 * (2.0 * a[p][q]).atan2(a[q][q] - a[p][p]);
                    let (s, c) = theta.sin_cos();
                    for row in a.iter_mut().chain(&mut v) {
                        (row[p], row[q]) = (c * row[p] - s * row[q], s * row[p] + c * row[q]);
                    }
                    let (head, tail) = a.split_at_mut(q);
                    for (x, y) in head[p].iter_mut().zip(&mut tail[0]) {
                        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                    }
                }
            }
        }
        let mut order: Vec<usize> = (0..d).collect();
        order.sort_by(|i, j| a[*j][*j].total_cmp(&a[*i][*i]));
        let directions = order.iter().take(count).map(|i| v.iter().map(|row| row[*i]).collect()).collect();
        Self { standard, directions }
    }

    fn of(&self, row: &[f32]) -> Vec<f32> {
        let z = || row.iter().zip(&self.standard).map(|(x, (m, g))| (f64::from(*x) - m) * g);
        self.directions.iter().map(|d| d.iter().zip(z()).map(|(d, z)| d * z).sum::<f64>() as f32).collect()
    }
}

/// Accuracy of an SVM on the test part that has learnt few labelled rows, what it sees made by `of`; the mean of several draws.
fn accuracy(rows: &Rows, mut of: impl FnMut(&[f32]) -> Vec<f32>) -> Result<f64, String> {
    let mut seen = |rows: &[Row]| -> Vec<(Vec<f32>, ClassId)> {
        rows.iter().map(|r| (of(&r.features), ClassId(r.class as u16))).collect()
    };
    let (train, test) = (seen(&rows.train), seen(&rows.test));
    let mut sum = 0.0;
    for draw in 0..DRAWS {
        let mut rng = Rng::new(draw + 1);
        let mut few = Vec::new();
        for class in 0..CLASSES as u16 {
            let mut all: Vec<_> = train.iter().filter(|(_, c)| c.0 == class).collect();
            for i in (1..all.len()).rev() {
                all.swap(i, rng.below(i as u32 + 1) as usize);
            }
            few.extend(all.iter().take(LABELLED).map(|(x, c)| (&x[..], Some(*c))));
        }
        let (model, _) = fit::<Svm>(&few, Format::F32, &SvmParams::DEFAULT)?;
        let mut scratch = Box::new(Svm::SCRATCH);
        let right = test.iter().filter(|(x, c)| {
            Svm::infer(&model, &input(x), &mut scratch).is_some_and(|a| a.verdict.decision == Decision::Class(*c))
        });
        sum += right.count() as f64 / test.len() as f64;
    }
    Ok(sum / DRAWS as f64)
}

fn spread(name: &str, mut all: Vec<f64>) {
    all.sort_by(f64::total_cmp);
    let mean = all.iter().sum::<f64>() / all.len() as f64;
    print!(" {name} {:.3}, {:.3}, {mean:.3};", all[0], all[all.len() / 2]);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let name = args.next().ok_or("which set?")?;
    let (mut seeds, mut forms, mut settings, mut within) = (5, String::from("int8,f32"), Vec::new(), false);
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--seeds" => seeds = value()?.parse()?,
            "--forms" => forms = value()?,
            "--inner" => within = true,
            "--set" => {
                let pair = value()?;
                let (key, value) = pair.split_once('=').ok_or("--set NAME=VALUE")?;
                settings.push((key.to_owned(), value.to_owned()));
            }
            other => return Err(format!("{other}?").into()),
        }
    }
    let mut params = Params::DEFAULT;
    let rows = load(&name, &settings, within, &mut params)?;
    let width = rows.train.first().map_or(0, |r| r.features.len());
    println!(
        "{name}: {} rows train, {} test, of {width} features; lowest, median and mean of {seeds} seeds",
        rows.train.len(),
        rows.test.len()
    );
    if !rows.anomalies {
        let components = Components::new(&rows.train, params.latent.into());
        println!("principal components {:.3}", accuracy(&rows, |row| components.of(row))?);
    }
    for form in forms.split(',') {
        params.set_text("numbers", form).map_err(|e| format!("{e:?}"))?;
        let (mut figures, mut bytes) = (vec![Vec::new(); 3], (0, 0));
        for seed in 1..=seeds {
            let (model, workspace) = autoencoder(&rows, &Params { seed, ..params })?;
            bytes = (workspace, 4 * model.view().used());
            if rows.anomalies {
                figures.iter_mut().zip(judged(&rows, &model)).for_each(|(all, one)| all.push(one));
            } else {
                let mut scratch = Box::new(Vae::SCRATCH);
                figures[0].push(accuracy(&rows, |row| {
                    let mut latent = vec![0.0; params.latent.into()];
                    Vae::encode(&model, &input(row), &mut scratch, &mut latent);
                    latent
                })?);
            }
        }
        print!("{form:5}");
        let names: &[_] = match (rows.anomalies, within) {
            (true, true) => &["false alarms"],
            (true, false) => &["false alarms", "F1", "AUC"],
            (false, _) => &["latent"],
        };
        names.iter().zip(figures).for_each(|(name, all)| spread(name, all));
        println!(" workspace {} B, model {} B", bytes.0, bytes.1);
    }
    Ok(())
}
