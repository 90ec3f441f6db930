//! The four reference tasks against LIBSVM (tests/vectors/svm/tasks.py), rows as they are, linear and RBF, C = 1. Skipped where
//! the rows are not: in `HONE_DATA`, else in ../shared/data.
use hone_learn::{ClassId, Decision, Format, Progress, Stop, TrainingSet};
use hone_svm::{KernelKind, Model, Params, Shape, Trainer, required, scratch_len};
use std::path::{Path, PathBuf};

const ROWS: usize = 120;
const WIDTH: usize = 64;

fn data() -> PathBuf {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../../shared/data");
    std::env::var_os("HONE_DATA").map_or(beside, PathBuf::from).join("svm")
}

/// Rows, the label last.
fn table(task: &str, part: &str) -> Option<Vec<Vec<f32>>> {
    let text = std::fs::read_to_string(data().join(format!("{task}_{part}.csv"))).ok()?;
    Some(text.lines().map(|l| l.split(',').map(|x| x.trim().parse().unwrap()).collect()).collect())
}

#[test]
fn the_reference_tasks_are_as_with_libsvm() {
    let expected = include_str!("../../../../tests/vectors/svm/tasks.csv");
    let mut model = Box::new(Model::<8192>::new());
    for line in expected.lines().skip(1) {
        let f: Vec<&str> = line.split(',').collect();
        let (Some(rows), Some(test)) = (table(f[0], "train"), table(f[0], "test")) else {
            eprintln!("skipped: no rows in {}", data().display());
            return;
        };
        let width = rows[0].len() - 1;
        let mut set = TrainingSet::<{ ROWS * WIDTH }, ROWS, WIDTH>::new();
        set.edit().clear(Format::F32, width).unwrap();
        for row in &rows {
            // The first class is the positive one.
            set.edit().push(&row[..width], Some(ClassId(u16::from(row[width] < 0.0)))).unwrap();
        }
        let kernel = if f[1] == "linear" { KernelKind::Linear } else { KernelKind::Rbf };
        let params = Params { kernel: Some(kernel), standardise: false, ..Params::default() };
        let shape = Shape { rows: ROWS, features: WIDTH };
        let checked = params.check(shape).unwrap();
        let mut workspace = vec![0; required(&checked, shape) / 4];
        // What the largest task may take.
        assert!(workspace.len() * 4 <= 12 * 1024);
        let mut trainer = Trainer::new(checked);
        let report = loop {
            if let Progress::Done(report) = trainer.step(set.view(), &mut workspace, model.edit(), 5000).unwrap() {
                break report;
            }
        };
        let real = |i: usize| f[i].parse::<f32>().unwrap();
        let (dual, vectors, gamma) = (trainer.objective(), model.view().vectors(), model.view().gamma());
        println!("{} {}: dual {dual} of {}, vectors {vectors} of {}", f[0], f[1], f[3], f[4]);
        assert_eq!(report.stop, Stop::Converged);
        assert!((dual - real(3)).abs() <= 1e-3 * real(3), "{dual}");
        assert!(kernel == KernelKind::Linear || (gamma - real(2)).abs() <= 1e-4 * real(2), "{gamma}");
        assert!(vectors.abs_diff(f[4].parse().unwrap()) <= 2, "{vectors}");
        let mut scratch = [0.0; scratch_len(2, WIDTH)];
        assert_eq!(test.len(), f[5].len());
        for (i, (row, want)) in test.iter().zip(f[5].chars()).enumerate() {
            let said = model.infer(&row[..width], &mut scratch).decision;
            let class = ClassId(u16::from(want == '-'));
            assert!(want == '?' || said == Decision::Class(class), "{} {} row {i}: {said:?}", f[0], f[1]);
        }
    }
}
