//! Against LIBSVM (tests/vectors/svm/make.py): dual objective within 0.1 %, support vectors within two, and the same
//! predictions save next to the boundary.
use hone_learn::set::{Counts, Feature};
use hone_learn::{ClassId, Decision, Format, Progress, Report, SetMut, Stop};
use hone_svm::{KernelKind, Machine, Model, Params, Shape, Trainer, required_for, scratch_len};
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors/svm")
}

/// Rows as the learner sees them, and classes.
struct Data {
    rows: Vec<Vec<f32>>,
    labels: Vec<u8>,
}

fn read(name: &str) -> Data {
    let bytes = std::fs::read(folder().join(format!("{name}.rows"))).unwrap();
    let word = |i: usize| u32::from_le_bytes(bytes[i * 4..i * 4 + 4].try_into().unwrap());
    let float = |i: usize| f32::from_bits(word(i));
    let (n, d) = (word(0) as usize, word(1) as usize);
    let body = &bytes[8 + 8 * d..];
    let value = |i: usize| if name == "digits" { f32::from(body[i]) } else { float(2 + 2 * d + i) };
    let z = |i: usize, j: usize| (value(i * d + j) - float(2 + j)) * float(2 + d + j);
    let rows = (0..n).map(|i| (0..d).map(|j| z(i, j)).collect()).collect();
    Data { rows, labels: bytes[bytes.len() - n..].to_vec() }
}

/// A set in vectors.
struct Store {
    words: Vec<u32>,
    labels: Vec<u16>,
    features: Vec<Feature>,
    counts: Counts,
}

impl Store {
    fn new(rows: usize, width: usize, format: Format) -> Self {
        let (words, labels, features) = (vec![0; rows * width], vec![0; rows], vec![Feature::default(); width]);
        let mut store = Self { words, labels, features, counts: Counts::EMPTY };
        store.edit().clear(format, width).unwrap();
        store
    }

    fn edit(&mut self) -> SetMut<'_> {
        SetMut::over(&mut self.words, &mut self.labels, &mut self.features, &mut self.counts)
    }
}

type Big = Model<65_536>;

fn train(store: &mut Store, params: Params, cached: usize, model: &mut Big) -> (Report, f32) {
    let set = store.edit();
    let shape = Shape { rows: set.view().len(), features: set.view().width() };
    let checked = params.check(shape).unwrap();
    let mut workspace = vec![0; required_for(&checked, shape, cached) / 4];
    let mut trainer = Trainer::new(checked);
    loop {
        if let Progress::Done(report) = trainer.step(set.view(), &mut workspace, model.edit(), 10_000).unwrap() {
            return (report, trainer.objective());
        }
    }
}

/// How far training in a row format may be from LIBSVM's in `f32`.
struct Tolerance {
    format: Format,
    /// Of the dual objective, and of γ by the rule `scale`; relative.
    dual: f32,
    /// Of the number of support vectors.
    vectors: usize,
    /// Rows that may be predicted otherwise, of all those that LIBSVM is not undecided about.
    rows: f32,
}

const EXACT: Tolerance = Tolerance { format: Format::F32, dual: 1e-3, vectors: 2, rows: 0.0 };

fn run(wanted: &str, cached: usize) {
    run_within(wanted, cached, &EXACT);
}

fn run_within(wanted: &str, cached: usize, within: &Tolerance) {
    let text = std::fs::read_to_string(folder().join("expected.csv")).unwrap();
    let predicted = std::fs::read(folder().join("predicted.bin")).unwrap();
    let mut at = 0;
    let mut model = Box::new(Big::new());
    let (mut tasks, mut ran) = (0, 0);
    for line in text.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let data = read(f[0]);
        let expected = &predicted[at..at + data.rows.len()];
        at += data.rows.len();
        if f[0] != wanted {
            continue;
        }
        tasks += 1;
        let real = |i: usize| f[i].parse::<f32>().unwrap();
        let novelty = f[2] == "novelty";
        let all = within.format == Format::F32 && cfg!(feature = "poly-sigmoid");
        let several = wanted != "cancer" && f[10].is_empty() && !novelty;
        // What the build leaves out.
        if !(all || matches!(f[3], "linear" | "rbf"))
            || (novelty && !cfg!(feature = "novelty"))
            || (several && !cfg!(feature = "multi-class"))
        {
            continue;
        }
        ran += 1;
        let params = Params {
            machine: if novelty { Machine::Novelty } else { Machine::Classify },
            kernel: Some(match f[3] {
                "linear" => KernelKind::Linear,
                "rbf" => KernelKind::Rbf,
                "poly" => KernelKind::Poly,
                _ => KernelKind::Sigmoid,
            }),
            c: real(4),
            nu: real(5),
            degree: real(7) as u8,
            coef0: real(8),
            standardise: false,
            calibrate: 0.0,
            ..Params::default()
        };
        let row = |i: usize| data.rows[i].iter().map(|x| x + real(9)).collect::<Vec<f32>>();
        let width = data.rows[0].len();
        let mut store = Store::new(data.rows.len(), width, within.format);
        for i in (0..data.rows.len()).step_by(2) {
            if f[10].is_empty() || f[10..12].contains(&data.labels[i].to_string().as_str()) {
                store.edit().push(&row(i), Some(ClassId(u16::from(data.labels[i])))).unwrap();
            }
        }
        let (report, dual) = train(&mut store, params, cached, &mut model);
        let (vectors, gamma) = (model.view().vectors(), model.view().gamma());
        println!("{line}: dual {dual} vectors {vectors} {report:?}");
        assert_eq!(report.stop, Stop::Converged);
        assert!(report.quality <= params.tolerance);
        assert!((dual - real(12)).abs() <= within.dual * real(12).abs());
        assert!((gamma - real(6)).abs() <= within.dual.max(1e-4) * gamma, "{gamma}");
        assert!(vectors.abs_diff(f[13].parse().unwrap()) <= within.vectors);
        let mut scratch = vec![0.0; scratch_len(10, width)];
        let (mut others, mut decided) = (0, 0);
        for (i, want) in expected.iter().enumerate() {
            let said = match model.infer(&row(i), &mut scratch).decision {
                Decision::Class(c) => c.0 as u8,
                Decision::Normal => 0,
                Decision::Anomalous => 1,
                Decision::Unknown => panic!("row {i}"),
            };
            decided += usize::from(*want != 255);
            others += usize::from(*want != 255 && said != *want);
        }
        println!("  {others} of {decided} rows predicted otherwise");
        assert!(others as f32 <= within.rows * decided as f32, "{others} of {decided}");
    }
    assert!(tasks > 5 && ran > 0);
}

#[test]
fn iris_is_as_with_libsvm() {
    run("iris", 75);
}

#[test]
fn digits_are_as_with_libsvm() {
    run("digits", 100);
}

#[test]
fn breast_cancer_is_as_with_libsvm() {
    run("cancer", 100);
}

#[test]
fn two_cached_rows_give_the_same() {
    run("iris", 2);
    run("cancer", 2);
}

/// Values are kept to 1/32767 of a feature's span, and products to 10⁻⁵: as exact as `f32`, by the same tolerance.
#[test]
#[cfg(feature = "rows-i16")]
fn rows_of_16_bits_are_as_with_libsvm() {
    for set in ["iris", "digits", "cancer"] {
        run_within(set, 75, &Tolerance { format: Format::I16, ..EXACT });
    }
}

/// Values are kept to 1/127 of a feature's span at worst: a dual objective within 5 %, four support vectors more or less, one
/// prediction in a hundred.
#[test]
#[cfg(feature = "rows-i8")]
fn rows_of_8_bits_are_near_to_libsvm() {
    for set in ["iris", "digits", "cancer"] {
        run_within(set, 75, &Tolerance { format: Format::I8, dual: 0.05, vectors: 4, rows: 0.01 });
    }
}
