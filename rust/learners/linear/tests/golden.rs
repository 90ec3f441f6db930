//! Against double precision (tests/vectors/linear.py).
use hone_learn::set::{Counts, Feature};
use hone_learn::{ClassId, Decision, Format, Progress, Report, SetMut, Stop};
use hone_linear::{Model, Params, Shape, Solver, State, Task, Trainer, model_words, required};
use hone_numeric::rng::Rng;
use std::path::{Path, PathBuf};

const INPUTS: usize = 8;
const MINUTE: u64 = 60_000_000;
type Numbers = Model<{ model_words(INPUTS + 1, INPUTS, true) }>;

fn vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors")
}

/// The lines of this kind: key, and numbers.
fn golden(kind: &str) -> Vec<(String, Vec<f64>)> {
    let text = std::fs::read_to_string(vectors().join("linear.csv")).unwrap();
    let lines = text.lines().filter_map(|line| line.strip_prefix(kind)?.strip_prefix(','));
    let found: Vec<_> = lines
        .map(|line| {
            let (key, numbers) = line.split_once(',').unwrap();
            (key.to_string(), numbers.split(',').map(|x| x.parse().unwrap()).collect())
        })
        .collect();
    assert!(!found.is_empty());
    found
}

/// Frame i: the target, then inputs 3 + z₀ + spread·z_j, z uniform in ±1; the target is a combination of them and a normal
/// error of 0.05.
fn frame(i: u64, spread: f32) -> [f32; INPUTS + 1] {
    let mut rng = Rng::new(i);
    let common = rng.next_signed();
    let (mut frame, mut y) = ([0.0; INPUTS + 1], 1.0);
    for (j, x) in frame.iter_mut().enumerate().skip(1) {
        *x = 3.0 + (common + spread * rng.next_signed());
        y += (j as f32 - 4.0) * *x;
    }
    frame[0] = y + 0.05 * rng.next_normal();
    frame
}

/// A set in vectors.
struct Store {
    words: Vec<u32>,
    labels: Vec<u16>,
    features: Vec<Feature>,
    counts: Counts,
}

impl Store {
    fn new(rows: &[(Vec<f32>, Option<ClassId>)]) -> Self {
        let width = rows[0].0.len();
        let mut store = Self {
            words: vec![0; rows.len() * width],
            labels: vec![0; rows.len()],
            features: vec![Feature::default(); width],
            counts: Counts::EMPTY,
        };
        store.edit().clear(Format::F32, width).unwrap();
        rows.iter().for_each(|(row, class)| store.edit().push(row, *class).unwrap());
        store
    }

    fn edit(&mut self) -> SetMut<'_> {
        SetMut::over(&mut self.words, &mut self.labels, &mut self.features, &mut self.counts)
    }
}

fn train<const W: usize>(rows: &[(Vec<f32>, Option<ClassId>)], params: Params, model: &mut Model<W>) -> Report {
    let width = rows[0].0.len();
    let mut store = Store::new(rows);
    let checked = params.check(Shape { channels: width, inputs: width, interval: 1 }).unwrap();
    let mut workspace = vec![0; required(&checked, 32) / 4];
    let mut trainer = Trainer::new(checked);
    loop {
        let set = store.edit();
        if let Progress::Done(report) = trainer.step(set.view(), &mut workspace, model.edit(), 10_000).unwrap() {
            return report;
        }
    }
}

/// The largest difference of predictions from the reference, in deviations of the target; and of half widths, relative.
fn differences(model: &Numbers, key: &str, time: impl Fn(u64) -> u64) -> (f64, Option<f64>) {
    let of = |kind| golden(kind).into_iter().find(|(k, _)| k == key).map(|(_, numbers)| numbers);
    let deviation = of("condition").unwrap()[1];
    let words: Vec<&str> = key.split(' ').collect();
    let (spread, rows): (f32, u64) = (words[0].parse().unwrap(), words[1].parse().unwrap());
    let (mut worst, mut widest) = (0.0f64, 0.0f64);
    let mut state = State::<{ INPUTS + 1 }>::new();
    let halves = of("half");
    for (i, want) in of("predict").unwrap().into_iter().enumerate() {
        let outcome = model.view().judge(&frame(rows + i as u64, spread), time(rows + i as u64), &mut state);
        worst = worst.max((f64::from(outcome.mean) - want).abs() / deviation);
        if let Some(halves) = &halves {
            widest = widest.max((f64::from(outcome.half) / halves[i] - 1.0).abs());
        }
    }
    (worst, halves.map(|_| widest))
}

#[test]
fn recursive_predictions_are_those_of_double_precision() {
    let mut worst_conditioned = 0.0f64;
    for (key, numbers) in golden("condition") {
        let words: Vec<&str> = key.split(' ').collect();
        let (spread, rows): (f32, u64) = (words[0].parse().unwrap(), words[1].parse().unwrap());
        let forgetting = words[2].parse().unwrap();
        let params = Params { lags: 0, others: true, forgetting, frames: rows as u32, ..Params::DEFAULT };
        let checked = params.check(Shape { channels: INPUTS + 1, inputs: INPUTS, interval: MINUTE }).unwrap();
        let (mut model, mut state) = (Numbers::new(), State::<{ INPUTS + 1 }>::new());
        model.edit().begin(&checked).unwrap();
        for i in 0..rows {
            model.edit().observe(&frame(i, spread), (i + 1) * MINUTE, &mut state);
        }
        let (worst, widest) = differences(&model, &key, |i| (i + 1) * MINUTE);
        println!("{key}: condition {:.0}, predictions within {worst:.1e}, half widths {widest:?}", numbers[0]);
        assert!(worst < 1e-5, "{key}: {worst}");
        assert!(widest.is_none_or(|w| w < 0.02), "{key}: {widest:?}");
        worst_conditioned = worst_conditioned.max(numbers[0]);
    }
    assert!(worst_conditioned > 1000.0);
}

/// The frames that set a stream's scale are not learnt, so neither are they here.
#[test]
fn each_solver_finds_the_fit_of_double_precision() {
    for (key, _) in golden("half") {
        let words: Vec<&str> = key.split(' ').collect();
        let (spread, rows): (f32, u64) = (words[0].parse().unwrap(), words[1].parse().unwrap());
        let rows: Vec<_> = (32..rows).map(|i| (frame(i, spread).to_vec(), None)).collect();
        for solver in [Solver::ClosedForm, Solver::Recursive, Solver::Gradient] {
            if solver == Solver::Gradient && spread < 1.0 {
                // Gradient steps do not get there on collinear inputs within their iterations.
                continue;
            }
            let mut model = Numbers::new();
            let params = Params { lags: 0, others: true, solver, ..Params::DEFAULT };
            let report = train(&rows, params, &mut model);
            let (worst, widest) = differences(&model, &key, |i| i);
            println!("{key} {solver:?}: predictions within {worst:.1e}, half widths {widest:?}, {report:?}");
            assert_eq!(report.stop, Stop::Converged);
            assert!(worst < 1e-4, "{key} {solver:?}: {worst}");
            assert!(widest.is_none_or(|w| w < 0.04), "{key} {solver:?}: {widest:?}");
        }
    }
}

/// Rows of tests/vectors/svm/iris.rows and their classes.
fn iris() -> Vec<(Vec<f32>, Option<ClassId>)> {
    let bytes = std::fs::read(vectors().join("svm/iris.rows")).unwrap();
    let word = |i: usize| u32::from_le_bytes(bytes[i * 4..i * 4 + 4].try_into().unwrap());
    let (n, d) = (word(0) as usize, word(1) as usize);
    let row = |i: usize| (0..d).map(|j| f32::from_bits(word(2 + 2 * d + i * d + j))).collect();
    let class = |i: usize| ClassId(u16::from(bytes[bytes.len() - n + i]));
    (0..n).map(|i| (row(i), Some(class(i)))).collect()
}

#[test]
fn probabilities_are_those_of_scikit_learn() {
    for (key, wanted) in golden("proba") {
        let rows: Vec<_> = iris().into_iter().filter(|(_, c)| key == "multinomial" || c.unwrap().0 > 0).collect();
        let half: Vec<_> = rows.iter().step_by(2).cloned().collect();
        let mut model = Model::<64>::new();
        let report = train(&half, Params { task: Task::Classes, iterations: 5000, ..Params::DEFAULT }, &mut model);
        let (mut worst, mut decided) = (0.0f64, 0);
        for ((row, class), want) in rows.iter().zip(&wanted) {
            let verdict = model.view().infer(row, &mut State::<5>::new());
            if *want > 0.51 {
                assert_eq!(verdict.decision, Decision::Class(class.unwrap()));
                worst = worst.max((f64::from(verdict.score) - want).abs());
                decided += 1;
            }
        }
        println!("{key}: {decided} rows, probabilities within {worst:.1e}, {report:?}");
        assert!(worst < 1e-3 && decided > 90 && report.stop == Stop::Converged, "{worst} {report:?}");
    }
}

#[test]
fn accuracy_is_that_of_scikit_learn() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data");
    let folder = std::env::var_os("HONE_DATA").map_or(shared, PathBuf::from).join("svm");
    if !folder.exists() {
        println!("skipped: no recordings");
        return;
    }
    for (key, wanted) in golden("accuracy") {
        let read = |part: &str| -> Vec<(Vec<f32>, Option<ClassId>)> {
            let text = std::fs::read_to_string(folder.join(format!("{key}_{part}.csv"))).unwrap();
            let row = |line: &str| {
                let mut numbers: Vec<f32> = line.split(',').map(|x| x.parse().unwrap()).collect();
                let class = ClassId(u16::from(numbers.pop().unwrap() < 0.0));
                (numbers, Some(class))
            };
            text.lines().map(row).collect()
        };
        let mut model = Model::<256>::new();
        let report = train(&read("train"), Params { task: Task::Classes, ..Params::DEFAULT }, &mut model);
        let test = read("test");
        let mut state = State::<65>::new();
        let right = |(row, class): &&(Vec<f32>, Option<ClassId>)| {
            model.view().infer(row, &mut state).decision == Decision::Class(class.unwrap())
        };
        let right = test.iter().filter(right).count();
        let want = (wanted[0] * wanted[1]).round() as usize;
        println!("{key}: {right} of {} right, scikit-learn {want}; {} iterations", test.len(), report.iterations);
        assert!(right >= want, "{key}: {right} for {want}");
    }
}
