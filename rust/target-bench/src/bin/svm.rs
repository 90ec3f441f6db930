//! Training and inference of `hone_svm` on the four reference tasks (linear, C = 1, rows as they are), and in other
//! formats and kernels.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_learn::{ClassId, Format, Progress, Report, SetView, TrainingSet};
use hone_svm::{Checked, KernelKind, Model, Params, Shape, Trainer, scratch_len};
use hone_target_bench::{Text, case, entry, exit, print, read_file, start};

const ROWS: usize = 120;
const WIDTH: usize = 64;
/// 12 KB, the workspace that the largest task shall be content with.
const WORKSPACE: usize = 12 * 1024 / 4;

type Set = TrainingSet<{ ROWS * WIDTH }, ROWS, WIDTH>;
type Trained = Model<8192>;

struct Task {
    file: &'static str,
    /// Names of the cases: f32, 16 bits, 8 bits, RBF.
    names: [&'static str; 4],
    infer: &'static str,
    /// LIBSVM's dual objective at tolerance 1e-6.
    dual: f32,
}

const TASKS: [Task; 4] = [
    Task {
        file: "svm/iris01_train.f32",
        names: ["svm/train/iris01", "svm/train/i16/iris01", "svm/train/i8/iris01", "svm/train/rbf/iris01"],
        infer: "svm/infer/iris01",
        dual: 0.748_057_9,
    },
    Task {
        file: "svm/iris12_train.f32",
        names: ["svm/train/iris12", "svm/train/i16/iris12", "svm/train/i8/iris12", "svm/train/rbf/iris12"],
        infer: "svm/infer/iris12",
        dual: 12.913_539,
    },
    Task {
        file: "svm/dig38s_train.f32",
        names: ["svm/train/dig38s", "svm/train/i16/dig38s", "svm/train/i8/dig38s", "svm/train/rbf/dig38s"],
        infer: "svm/infer/dig38s",
        dual: 4.101_303_7,
    },
    Task {
        file: "svm/dig6rs_train.f32",
        names: ["svm/train/dig6rs", "svm/train/i16/dig6rs", "svm/train/i8/dig6rs", "svm/train/rbf/dig6rs"],
        infer: "svm/infer/dig6rs",
        dual: 2.664_694_2,
    },
];

/// The rows of a prepared file, label last; none when it is not a table of at most `WIDTH` features.
fn table(bytes: &[u8]) -> (usize, impl Iterator<Item = [f32; WIDTH + 1]> + '_) {
    let word = |i: usize| bytes.get(i * 4..i * 4 + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (rows, columns) = (word(0) as usize, (word(1) as usize).min(WIDTH + 1));
    let row = move |r: usize| {
        let mut row = [0.0; WIDTH + 1];
        for (j, x) in row.iter_mut().enumerate().take(columns) {
            *x = f32::from_bits(word(2 + r * columns + j));
        }
        row
    };
    (columns.saturating_sub(1), (0..rows).map(row))
}

fn fill(set: &mut Set, format: Format, bytes: &[u8]) -> bool {
    let (width, rows) = table(bytes);
    let mut edit = set.edit();
    edit.clear(format, width).is_ok()
        && rows.into_iter().all(|r| edit.push(&r[..width], Some(ClassId(u16::from(r[width] < 0.0)))).is_ok())
}

#[inline(never)]
fn train(checked: Checked, set: SetView<'_>, words: &mut [u32], model: &mut Trained) -> Option<(Report, f32)> {
    let mut trainer = Trainer::new(checked);
    loop {
        match trainer.step(set, words, model.edit(), 100_000) {
            Ok(Progress::Running { .. }) => {}
            Ok(Progress::Done(report)) => return Some((report, trainer.objective())),
            Err(_) => return None,
        }
    }
}

#[entry]
fn main() -> ! {
    start();
    let mut memory = [0u8; 40_000];
    let mut words = [0u32; WORKSPACE];
    let mut set = Set::new();
    let mut model = Trained::new();
    let shape = Shape { rows: ROWS, features: WIDTH };
    let formats = [
        (Format::F32, KernelKind::Linear),
        (Format::I16, KernelKind::Linear),
        (Format::I8, KernelKind::Linear),
        (Format::F32, KernelKind::Rbf),
    ];
    for task in &TASKS {
        let Some(bytes) = read_file(task.file, &mut memory) else {
            print(&[Text::Str("skipped, no data: "), Text::Str(task.file)]);
            continue;
        };
        for (name, (format, kernel)) in task.names.into_iter().zip(formats) {
            let params = Params { kernel: Some(kernel), standardise: false, ..Params::default() };
            let (Ok(checked), true) = (params.check(shape), fill(&mut set, format, bytes)) else { exit(false) };
            let done = case(name, set.view().len() as u32)
                .workspace(WORKSPACE * 4)
                .run(|| train(black_box(checked), black_box(set.view()), &mut words, &mut model));
            let Some((report, dual)) = done else { exit(false) };
            print(&[
                Text::Str("iterations "),
                Text::Dec(report.iterations),
                Text::Str(" vectors "),
                Text::Dec(model.view().vectors() as u32),
                Text::Str(" work "),
                Text::Dec(report.work as u32),
            ]);
            if format == Format::F32 && kernel == KernelKind::Linear {
                // A wrong answer is no fast answer.
                let near = (dual - task.dual).abs() <= 1e-3 * task.dual;
                if !near {
                    exit(false)
                }
                let (width, mut rows) = table(bytes);
                let mut scratch = [0.0; scratch_len(2, WIDTH)];
                let Some(row) = rows.next() else { exit(false) };
                case(task.infer, width as u32)
                    .units(width as u32)
                    .model(model.view().used() * 4 + 20)
                    .run(|| model.infer(black_box(&row[..width]), &mut scratch));
            }
        }
    }
    exit(true)
}
