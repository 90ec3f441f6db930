//! Fine-tuning: a network that scikit-learn trained in one condition goes on learning in another from ten labelled windows a class,
//! in 8 bits as on the device: its last layer alone, and all of it.
//!
//! ```text
//! cargo run --release -p hone-host --example finetune
//! cargo run --release -p hone-host --example finetune -- --rows DIR    the rows for tests/onnx/finetune.py
//! ```
//!
//! CWRU: trained on the first 60 % of each recording of load 0, whose rest is the old condition; labels come from the first half of
//! each recording of load 1, whose second half is the new condition. There is no normal recording of load 1: labels of it come from what
//! was trained on, and it is judged in the old condition alone. UESTC: trained on parts 1 of three speeds, whose parts 3 are the old
//! condition; labels come from part 1 of the fourth speed, whose part 3 is the new condition.
//!
//! Rate and epochs are chosen inside the training parts: for a speed by networks of two of the three others tuned to the third; for
//! CWRU by those of all speeds. What loses more than .02 of the old condition is not chosen.

use hone_host::dataset::{Data, Dataset, Part, Source, data_folder};
use hone_host::import;
use hone_learn::set::{Counts, Feature};
use hone_learn::{ClassId, Decision, Format, Progress, SetMut, Workspace};
use hone_net::{Extent, Model, Network, Numbers, Params, Shape, Trainer, required};
use hone_numeric::rng::Rng;
use hone_signal::features;
use std::error::Error;
use std::path::{Path, PathBuf};

type Fallible<T> = Result<T, Box<dyn Error>>;
type Row = (Vec<f32>, u16);
type Net = Model<65_536>;

/// Windows of one condition: those to learn from, and those to judge.
#[derive(Clone, Default)]
struct Condition {
    learn: Vec<Row>,
    judge: Vec<Row>,
}

const SPEEDS: [u32; 4] = [800, 1000, 1200, 1400];
const UESTC: [&str; 4] = ["N", "B", "I", "O"];
const CWRU: [&str; 10] = ["NORMAL", "IR007", "IR014", "IR021", "B007", "B014", "B021", "OR007", "OR014", "OR021"];

/// Reads the windows of a manifest's text as features.
fn condition(
    name: &str,
    rate: u32,
    channels: usize,
    window: usize,
    classes: &[&str],
    files: &str,
) -> Fallible<Condition> {
    let mut text = format!(
        "name = \"{name}\"\nkind = \"recordings\"\ntask = \"classification\"\nrate_hz = {rate}\nwindow = {{ length = {window}, step = {window} }}\nfeatures = \"vibration\"\n"
    );
    for channel in 0..channels {
        text += &format!("[[channel]]\nname = \"{channel}\"\nscale = 0.002394202\nunit = \"m/s2\"\n");
    }
    for class in classes {
        text += &format!("[[class]]\nname = \"{class}\"\n");
    }
    let set = Dataset::read(&Source::new(Path::new(name), text + files), &data_folder()).map_err(|e| e.to_string())?;
    let Data::Recordings(r) = &set.data else { return Err("no recordings".into()) };
    let shape = hone_signal::Shape { channels: r.channels.len(), frames: r.length };
    let extractor = features::Params::vibration().check(shape).map_err(|e| format!("{e:?}"))?;
    let (mut scratch, mut out) = (vec![0u32; extractor.required().div_ceil(4)], vec![0.0; extractor.len()]);
    let mut rows = |part| -> Fallible<Vec<Row>> {
        let mut rows = Vec::new();
        for (recording, window) in r.windows(part) {
            let held = r.held(recording, window, &set.classes).map_err(|e| e.to_string())?;
            let made = extractor.extract(&held.view(), Workspace::new(&mut scratch), &mut out);
            made.map_err(|e| format!("{e:?}"))?;
            rows.push((out.clone(), window.class as u16));
        }
        Ok(rows)
    };
    Ok(Condition { learn: rows(Part::Train)?, judge: rows(Part::Test)? })
}

fn uestc(speed: u32) -> Fallible<Condition> {
    let mut files = String::new();
    for fault in UESTC {
        for (part, is) in [(1, "train"), (3, "test")] {
            files += &format!(
                "[[file]]\npath = \"uestc/{fault}_{speed}_{part}.npy\"\naxes = [\"time\"]\nclass = \"{fault}\"\npart = \"{is}\"\n"
            );
        }
    }
    condition("uestc", 20_000, 1, 256, &UESTC, &files)
}

fn cwru(load: u32) -> Fallible<Condition> {
    let (mut files, first) = (String::new(), if load == 0 { 0.6 } else { 0.5 });
    for fault in CWRU.iter().filter(|f| load == 0 || **f != "NORMAL") {
        files += &format!(
            "[[file]]\npath = \"cwru/load{load}/{fault}.npy\"\naxes = [\"channel\", \"time\"]\nclass = \"{fault}\"\nsplit = {{ train = {first}, test = {} }}\n",
            1.0 - first
        );
    }
    condition("cwru", 12_000, 2, 200, &CWRU, &files)
}

/// All of some conditions.
fn together<'a>(all: impl IntoIterator<Item = &'a Condition>) -> Condition {
    let mut made = Condition::default();
    for one in all {
        made.learn.extend_from_slice(&one.learn);
        made.judge.extend_from_slice(&one.judge);
    }
    made
}

/// Of each class the first part of what is learnt from, and the rest to judge.
fn inner(of: &Condition, share: f64) -> Condition {
    let mut made = Condition::default();
    let most = of.learn.iter().map(|r| r.1).max().unwrap_or(0);
    for class in 0..=most {
        let all: Vec<_> = of.learn.iter().filter(|r| r.1 == class).cloned().collect();
        let cut = (all.len() as f64 * share) as usize;
        made.learn.extend_from_slice(&all[..cut]);
        made.judge.extend_from_slice(&all[cut..]);
    }
    made
}

fn train(model: &mut Net, rows: &[Row], params: &Params, input: Extent, resumes: bool) -> Fallible<()> {
    let classes = rows.iter().map(|r| usize::from(r.1)).max().unwrap_or(0) + 1;
    let checked = params.check(Shape { input, classes }).map_err(|e| format!("{e:?}"))?;
    let (width, format) = (input.len(), Format::I8);
    let mut words = vec![0u32; format.row_words(width) * rows.len()];
    let (mut labels, mut stats) = (vec![0u16; rows.len()], vec![Feature::default(); width]);
    let mut counts = Counts::EMPTY;
    let mut set = SetMut::over(&mut words, &mut labels, &mut stats, &mut counts);
    set.clear(format, width).map_err(|e| format!("{e:?}"))?;
    for (row, class) in rows {
        set.push(row, Some(ClassId(*class))).map_err(|e| format!("{e:?}"))?;
    }
    let mut memory = vec![0u32; required(&checked) / 4];
    let mut trainer = if resumes { Trainer::resumes(checked) } else { Trainer::new(checked) };
    while let Progress::Running { .. } =
        trainer.step(set.view(), &mut memory, model.edit(), 200_000).map_err(|e| format!("{e:?}"))?
    {}
    Ok(())
}

fn accuracy(model: &Net, rows: &[Row]) -> f64 {
    let mut scratch = vec![0u32; model.view().scratch_words()];
    let right = |(row, class): &&Row| model.infer(row, &mut scratch).decision == Decision::Class(ClassId(*class));
    rows.iter().filter(right).count() as f64 / rows.len().max(1) as f64
}

/// Rate and epochs.
type Setting = (f32, u16);
const GRID: [Setting; 9] =
    [(0.002, 20), (0.002, 80), (0.005, 20), (0.005, 80), (0.01, 20), (0.01, 80), (0.02, 20), (0.02, 80), (0.05, 20)];
/// Labelled windows of a class.
const LABELS: usize = 10;
/// What may be lost of the old condition.
const MOST_LOST: f64 = 0.02;

/// Layers that are trained: the last alone, or all.
const PARTS: [u8; 2] = [1, 0];

/// Ten windows of each class.
fn draw(rows: &[Row], seed: u64) -> Vec<Row> {
    let mut rng = Rng::new(seed);
    let most = rows.iter().map(|r| r.1).max().unwrap_or(0);
    let mut drawn = Vec::new();
    for class in 0..=most {
        let mut all: Vec<&Row> = rows.iter().filter(|r| r.1 == class).collect();
        for _ in 0..LABELS.min(all.len()) {
            let i = rng.below(all.len() as u32) as usize;
            drawn.push(all.swap_remove(i).clone());
        }
    }
    drawn
}

/// A base network, where labels come from, and what is judged.
struct Case<'a> {
    base: &'a Net,
    network: Network,
    labels: &'a [Row],
    new: &'a [Row],
    old: &'a [Row],
}

impl Case<'_> {
    /// Mean accuracy in the new and the old condition over draws of labels, and the least of both.
    fn tuned(&self, layers: u8, (rate, epochs): Setting, draws: u64) -> Fallible<[(f64, f64); 2]> {
        let view = self.base.view();
        let params =
            Params { network: self.network, numbers: view.numbers(), last: layers, rate, epochs, ..Params::DEFAULT };
        let (mut mean, mut least) = ([0.0; 2], [1.0f64; 2]);
        for seed in 1..=draws {
            let mut model = Box::new(Net::new());
            model.edit().copy(view);
            let params = Params { seed: seed as u32, ..params };
            train(&mut model, &draw(self.labels, seed), &params, view.input(), true)?;
            for (i, rows) in [self.new, self.old].iter().enumerate() {
                let found = accuracy(&model, rows);
                mean[i] += found / draws as f64;
                least[i] = least[i].min(found);
            }
        }
        Ok([(mean[0], least[0]), (mean[1], least[1])])
    }
}

/// The best setting of some cases.
fn choose(cases: &[Case<'_>], layers: u8) -> Fallible<Setting> {
    let mut best: Option<(f64, Setting)> = None;
    let mut gentlest = (f64::INFINITY, GRID[0]);
    for setting in GRID {
        let (mut gain, mut lost) = (0.0, 0.0);
        for case in cases {
            let [(new, _), (old, _)] = case.tuned(layers, setting, 4)?;
            gain += (new - accuracy(case.base, case.new)) / cases.len() as f64;
            lost += (accuracy(case.base, case.old) - old) / cases.len() as f64;
        }
        if lost <= MOST_LOST && best.is_none_or(|(g, _)| gain > g) {
            best = Some((gain, setting));
        }
        if lost < gentlest.0 {
            gentlest = (lost, setting);
        }
    }
    Ok(best.map_or(gentlest.1, |(_, setting)| setting))
}

/// A network in 8 bits that this program trained, and the rows of two speeds tuned to a third.
struct Inner {
    base: Box<Net>,
    labels: Vec<Row>,
    new: Vec<Row>,
    old: Vec<Row>,
}

impl Inner {
    fn case(&self) -> Case<'_> {
        Case { base: &self.base, network: Network::DENSE, labels: &self.labels, new: &self.new, old: &self.old }
    }
}

/// Of three speeds each in its turn is the new one.
fn inners(speeds: &[&Condition]) -> Fallible<Vec<Inner>> {
    let mut made = Vec::new();
    for (i, new) in speeds.iter().enumerate() {
        let others: Vec<Condition> =
            speeds.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, c)| inner(c, 0.7)).collect();
        let (old, new) = (together(&others), inner(new, 0.5));
        let input = Extent { frames: 1, channels: old.learn[0].0.len() as u16 };
        let mut base = Box::new(Net::new());
        train(&mut base, &old.learn, &Params::DEFAULT, input, false)?;
        made.push(Inner { base, labels: new.learn, new: new.judge, old: old.judge });
    }
    Ok(made)
}

/// The network of a file, in 8 bits by the rows that it was trained on.
fn imported(name: &str, rows: &[Row]) -> Fallible<(Box<Net>, Network)> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/onnx/finetune").join(format!("{name}.onnx"));
    let network = import::read(&std::fs::read(path)?)?;
    let rows: Vec<Vec<f32>> = rows.iter().map(|r| r.0.clone()).collect();
    let classes = import::classes(&network, None, &[])?;
    let made = import::make(&network, &classes, &rows, Numbers::Int8)?;
    Ok((made.model, made.network))
}

fn row(name: &str, case: &Case<'_>, settings: [Setting; 2]) -> Fallible<[f64; 6]> {
    let before = [accuracy(case.base, case.new), accuracy(case.base, case.old)];
    let mut line = format!("| {name} | {:.4}, {:.4} |", before[0], before[1]);
    let mut found = [before[0], before[1], 0.0, 0.0, 0.0, 0.0];
    for (i, (layers, setting)) in PARTS.into_iter().zip(settings).enumerate() {
        let [(new, least), (old, _)] = case.tuned(layers, setting, 20)?;
        line += &format!(" {new:.4} (≥ {least:.4}), {old:.4} | {}, {} |", setting.0, setting.1);
        (found[2 + 2 * i], found[3 + 2 * i]) = (new, old);
    }
    let share = (found[2] - before[0]) / (found[4] - before[0]);
    println!("{line} {share:.2} |");
    Ok(found)
}

fn write_rows(folder: &Path, name: &str, rows: &[Row]) -> Fallible<()> {
    let line = |(row, class): &Row| {
        row.iter().map(|x| x.to_string()).chain([class.to_string()]).collect::<Vec<_>>().join(",") + "\n"
    };
    std::fs::create_dir_all(folder)?;
    Ok(std::fs::write(folder.join(format!("{name}.csv")), rows.iter().map(line).collect::<String>())?)
}

fn main() -> Fallible<()> {
    let mut args = std::env::args().skip(1);
    let speeds: Vec<Condition> = SPEEDS.iter().map(|s| uestc(*s)).collect::<Fallible<_>>()?;
    let (load0, load1) = (cwru(0)?, cwru(1)?);
    let others = |i: usize| speeds.iter().enumerate().filter(move |(j, _)| *j != i).map(|(_, c)| c);
    if args.next().as_deref() == Some("--rows") {
        let folder = PathBuf::from(args.next().ok_or("--rows DIR")?);
        write_rows(&folder, "cwru", &load0.learn)?;
        for (i, speed) in SPEEDS.iter().enumerate() {
            write_rows(&folder, &format!("uestc-{speed}"), &together(others(i)).learn)?;
        }
        return Ok(());
    }
    println!(
        "| to | before: new, old | last layer: new, old | rate, epochs | all layers: new, old | rate, epochs | share of the gain |"
    );
    println!("|---|---|---|---|---|---|---|");
    let all = inners(&speeds.iter().collect::<Vec<_>>())?;
    let cases: Vec<Case> = all.iter().map(Inner::case).collect();
    let settings = [choose(&cases, PARTS[0])?, choose(&cases, PARTS[1])?];
    let (base, network) = imported("cwru", &load0.learn)?;
    // Of the normal state there is load 0 alone.
    let labels: Vec<Row> = load1.learn.iter().chain(load0.learn.iter().filter(|r| r.1 == 0)).cloned().collect();
    let case = Case { base: &base, network, labels: &labels, new: &load1.judge, old: &load0.judge };
    row("cwru, load 1", &case, settings)?;
    let mut mean = [0.0; 6];
    for (i, speed) in SPEEDS.iter().enumerate() {
        let old = together(others(i));
        let three = inners(&others(i).collect::<Vec<_>>())?;
        let cases: Vec<Case> = three.iter().map(Inner::case).collect();
        let settings = [choose(&cases, PARTS[0])?, choose(&cases, PARTS[1])?];
        let (base, network) = imported(&format!("uestc-{speed}"), &old.learn)?;
        let case = Case { base: &base, network, labels: &speeds[i].learn, new: &speeds[i].judge, old: &old.judge };
        let found = row(&format!("uestc, {speed}"), &case, settings)?;
        mean.iter_mut().zip(found).for_each(|(m, f)| *m += f / 4.0);
    }
    let [new, old, last, last_old, whole, whole_old] = mean;
    let share = (last - new) / (whole - new);
    println!(
        "| uestc, mean | {new:.4}, {old:.4} | {last:.4}, {last_old:.4} | | {whole:.4}, {whole_old:.4} | | {share:.2} |"
    );
    Ok(())
}
