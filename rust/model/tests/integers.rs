//! SVM and TinyRCE in integers: their containers, read and run by the program in another language that docs/formats/model.md
//! describes, and refused when a bit is flipped or the end is missing.

use hone_learn::{ClassId, Format, Progress, Settings, TrainingSet};
use hone_model::{Container, Contents, Learner, SliceSink, write};
use hone_numeric::quantize::Fixed;
use hone_numeric::quantize::Precision;
use hone_numeric::quantize::features::FeatureRow;
use hone_numeric::rng::Rng;
use serde::Serialize;
use serde_json::Value;
use std::path::Path;
use std::process::Command;

const D: usize = 5;
type Svm = hone_svm::Model<2048>;
type Rce = hone_rce::Model<2048>;
type QuantizedModel = hone_rce::QuantizedModel<2048>;

fn row(rng: &mut Rng, class: u16) -> [f32; D] {
    core::array::from_fn(|j| {
        (rng.next_normal() + f32::from((class * 3 + j as u16) % 4) + 9.0) * [200.0, 0.01, 30.0, 1.0, 5000.0][j]
    })
}

fn precisions() -> [Precision; 3] {
    [Precision::Int8, Precision::Fixed(Fixed::q(3, 12).unwrap()), Precision::Fixed(Fixed::q(6, 9).unwrap())]
}

fn svm(kernel: hone_svm::KernelKind, classes: u16) -> Svm {
    let (mut rng, mut set) = (Rng::new(1), TrainingSet::<{ 60 * D }, 60, D>::new());
    set.edit().clear(Format::I16, D).unwrap();
    for i in 0..60 {
        let label = (classes > 0).then_some(ClassId(2 + 3 * (i % classes.max(1))));
        set.edit().push(&row(&mut rng, i % classes.max(1)), label).unwrap();
    }
    let shape = hone_svm::Shape { rows: 60, features: D };
    let params = hone_svm::Params { kernel: Some(kernel), ..hone_svm::Params::default() };
    let checked = params.check(shape).unwrap();
    let mut workspace = vec![0; hone_svm::required(&checked, shape) / 4];
    let (mut trainer, mut model) = (hone_svm::Trainer::new(checked), Svm::new());
    while let Progress::Running { .. } = trainer.step(set.view(), &mut workspace, model.edit(), 10_000).unwrap() {}
    model
}

fn rce(metric: &str) -> Rce {
    let mut params = hone_rce::Params::default();
    params.set_text("metric", metric).unwrap();
    params.set_text("store", "16-bit").unwrap();
    let mut model = Rce::new();
    model.begin(&params.fitted(D, 2048).check(D, 2048).unwrap()).unwrap();
    let mut rng = Rng::new(2);
    for i in 0..300 {
        model.learn(&row(&mut rng, i % 3), ClassId(2 + 3 * (i % 3)), &mut [0; D]).unwrap();
    }
    model
}

fn container(learner: Learner, layout: u8, payload: &impl Serialize) -> Vec<u8> {
    let contents = Contents::bare(learner, layout);
    let mut memory = [0; 16_384];
    let mut sink = SliceSink::new(&mut memory);
    write(&contents, payload, &mut sink).unwrap();
    sink.filled().to_vec()
}

/// What the other program makes of the container and a row; `None` when it refuses.
fn seen(bytes: &[u8], x: &[f32], learner: &str) -> Option<Value> {
    let path = std::env::temp_dir().join(format!("hone-integers-{learner}-{}.hone", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/formats/read_model.py");
    let numbers: Vec<String> = x.iter().map(f32::to_string).collect();
    let row = format!("--row={}", numbers.join(","));
    let output =
        Command::new("python3").arg(script).arg("--payload").arg(row).arg(&path).output().expect("python3 is needed");
    std::fs::remove_file(&path).unwrap();
    output.status.success().then(|| serde_json::from_slice::<Value>(&output.stdout).unwrap()[learner].clone())
}

#[test]
fn another_program_finds_the_same_decision_values() {
    use hone_svm::KernelKind::{Linear, Rbf};
    let mut rng = Rng::new(7);
    for (kernel, classes) in [(Linear, 2), (Linear, 4), (Rbf, 0), (Rbf, 2), (Rbf, 4)] {
        let source = svm(kernel, classes);
        for precision in precisions() {
            let mut model = Svm::new();
            model.edit().quantize(source.view(), precision).unwrap();
            let bytes = container(Learner(2), hone_svm::LAYOUT_INTEGER, &model);
            for class in 0..classes.clamp(1, 2) {
                let x = row(&mut rng, class);
                let mut scratch = [0.0; hone_svm::scratch_len(4, D)];
                let values = model.view().decisions(&x, &mut scratch).unwrap();
                let seen = seen(&bytes, &x, "svm").unwrap();
                assert_eq!(seen["form"], precision.code());
                let other: Vec<f64> = seen["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
                assert_eq!(other.len(), values.len());
                for (a, b) in values.iter().zip(other) {
                    // Kernel values have 15 bits, exp is a table, and a code next to the middle of two may fall to either.
                    assert!((f64::from(*a) - b).abs() < 0.02, "{kernel:?} {classes} {precision:?}: {a} {b}");
                }
            }
        }
    }
}

#[test]
fn another_program_finds_the_same_nearest_prototype() {
    let mut rng = Rng::new(8);
    for metric in ["manhattan", "euclidean"] {
        let source = rce(metric);
        for precision in precisions() {
            let mut words = [0; 2048];
            let mut model = QuantizedModel::new();
            source.quantize(precision, &mut words).unwrap();
            model.take(&words).unwrap();
            let bytes = container(Learner(3), hone_rce::LAYOUT_INTEGER, &model);
            let mut same = 0;
            for i in 0..6 {
                let x = row(&mut rng, i % 3);
                let nearest = model.infer(&FeatureRow::Float(&x), &mut [0.0; D]).unwrap().nearest.unwrap();
                let seen = seen(&bytes, &x, "rce").unwrap();
                assert_eq!(seen["prototypes"].as_array().unwrap().len(), source.prototypes());
                same += u32::from(seen["nearest"] == nearest.0);
            }
            // The one that fires decides, which need not be the nearest; ties may fall to either.
            assert!(same >= 5, "{metric} {precision:?}: {same}");
        }
    }
}

#[test]
fn any_flipped_bit_and_any_missing_end_is_refused() {
    let (mut model, mut quantized, mut words) = (Svm::new(), QuantizedModel::new(), [0; 2048]);
    model.edit().quantize(svm(hone_svm::KernelKind::Rbf, 4).view(), Precision::Int8).unwrap();
    rce("manhattan").quantize(Precision::Int8, &mut words).unwrap();
    quantized.take(&words).unwrap();
    for bytes in [
        container(Learner(2), hone_svm::LAYOUT_INTEGER, &model),
        container(Learner(3), hone_rce::LAYOUT_INTEGER, &quantized),
    ] {
        let read = |bytes: &[u8]| match Container::read(bytes) {
            Ok(c) if c.learner() == Learner(2) => c.load(c.learner(), 2, |d| Svm::new().load(d)).is_ok(),
            Ok(c) => c.load(c.learner(), 2, |d| QuantizedModel::new().load(d)).is_ok(),
            Err(_) => false,
        };
        assert!(read(&bytes));
        let mut changed = bytes.clone();
        for bit in 0..bytes.len() * 8 {
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!read(&changed), "bit {bit}");
            changed[bit / 8] ^= 1 << (bit % 8);
        }
        assert!((0..bytes.len()).all(|length| !read(&bytes[..length])));
    }
}
