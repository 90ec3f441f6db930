//! Kernel machines that learn in batches on the support vectors of their first model.
use hone_learn::{ClassId, Decision, Format, Progress, SetError, Stop, TrainingSet};
use hone_svm::batches::share;
use hone_svm::{Checked, KernelKind, Model, Params, Shape, Trainer, keep_basis, model_words, required, scratch_len};

const ROWS: usize = 60;
const VECTORS: usize = 24;
const WORDS: usize = model_words(3, 2, VECTORS, Format::I8);
type Small = Model<WORDS>;
type Set = TrainingSet<4096, ROWS, 2>;

/// Three classes that overlap.
fn rows(n: usize, seed: u64) -> Vec<([f32; 2], u16)> {
    let mut rng = hone_numeric::rng::Rng::new(seed);
    let centres = [(0.0, 0.0), (2.0, 0.5), (0.7, 2.0)];
    (0..n)
        .map(|i| {
            let (x, y) = centres[i % 3];
            ([x + rng.next_normal(), y + rng.next_normal()], i as u16 % 3)
        })
        .collect()
}

fn checked(rows: usize) -> Checked {
    let params = Params { kernel: Some(KernelKind::Rbf), c: 4.0, ..Params::default() };
    params.check(Shape { rows, features: 2 }).unwrap()
}

fn workspace() -> Vec<u32> {
    vec![0; required(&checked(ROWS), Shape { rows: ROWS, features: 2 }) / 4]
}

fn train(trainer: &mut Trainer, set: &Set, workspace: &mut [u32], model: &mut Small) -> Stop {
    loop {
        if let Progress::Done(report) = trainer.step(set.view(), workspace, model.edit(), 500).unwrap() {
            return report.stop;
        }
    }
}

fn right(model: &Small, rows: &[([f32; 2], u16)]) -> usize {
    let mut scratch = [0.0; scratch_len(3, 2)];
    rows.iter().filter(|(r, c)| model.infer(r, &mut scratch).decision == Decision::Class(ClassId(*c))).count()
}

#[test]
fn what_later_batches_teach_is_kept_on_the_basis() {
    let (stream, test) = (rows(900, 5), rows(900, 6));
    let (mut set, mut model, mut workspace) = (Set::new(), Small::new(), workspace());
    set.edit().clear(Format::I8, 2).unwrap();
    let (mut batches, mut first, mut left) = (0, 0, stream.iter().peekable());
    while left.peek().is_some() {
        while let Some((row, c)) = left.peek() {
            match set.edit().push(row, Some(ClassId(*c))) {
                Ok(()) => left.next(),
                Err(SetError::Full { .. }) => break,
                Err(e) => panic!("{e:?}"),
            };
        }
        batches += 1;
        let earlier = model.clone();
        let checked = checked(ROWS);
        let mut trainer = if batches == 1 { Trainer::founds(checked) } else { Trainer::resumes(checked) };
        assert_eq!(train(&mut trainer, &set, &mut workspace, &mut model), Stop::MemoryCap);
        assert_eq!(model.edit().average_on_basis(earlier.view(), share(batches)), batches > 1);
        assert_eq!(keep_basis(&trainer, set.edit(), &mut workspace), model.view().vectors());
        assert!(model.view().vectors() <= VECTORS);
        if batches == 1 {
            first = right(&model, &test);
        }
    }
    let last = right(&model, &test);
    assert!(batches > 20 && last > first + 10, "{first} after one batch, {last} after {batches}, of 900");

    // What a machine of all rows and all the vectors that it wants gets right.
    let mut all = TrainingSet::<8192, 900, 2>::new();
    all.edit().clear(Format::I8, 2).unwrap();
    stream.iter().for_each(|(r, c)| all.edit().push(r, Some(ClassId(*c))).unwrap());
    let (mut large, mut trainer) = (Model::<65_536>::new(), Trainer::new(checked(900)));
    let mut memory = vec![0; 100_000];
    while let Progress::Running { .. } = trainer.step(all.view(), &mut memory, large.edit(), 10_000).unwrap() {}
    let mut scratch = [0.0; scratch_len(3, 2)];
    let best =
        test.iter().filter(|(r, c)| large.infer(r, &mut scratch).decision == Decision::Class(ClassId(*c))).count();
    assert!(last + 18 >= best, "{last} of {best}");
}

#[test]
fn without_new_rows_the_model_stays_as_it_is() {
    let (mut set, mut model, mut workspace) = (Set::new(), Small::new(), workspace());
    set.edit().clear(Format::I8, 2).unwrap();
    rows(ROWS, 5).iter().for_each(|(r, c)| set.edit().push(r, Some(ClassId(*c))).unwrap());
    let mut trainer = Trainer::founds(checked(ROWS));
    train(&mut trainer, &set, &mut workspace, &mut model);
    keep_basis(&trainer, set.edit(), &mut workspace);
    let before = model.clone();
    train(&mut Trainer::resumes(checked(ROWS)), &set, &mut workspace, &mut model);
    let (mut a, mut b) = ([0.0; scratch_len(3, 2)], [0.0; scratch_len(3, 2)]);
    for (row, _) in rows(100, 7) {
        let (a, b) = (before.view().decisions(&row, &mut a).unwrap(), model.view().decisions(&row, &mut b).unwrap());
        assert!(a.iter().zip(b).all(|(a, b)| (a - b).abs() < 0.01), "{a:?} {b:?}");
    }
}

#[test]
fn a_model_that_cannot_be_resumed_is_founded_anew() {
    let (mut set, mut workspace) = (Set::new(), workspace());
    set.edit().clear(Format::I8, 2).unwrap();
    rows(ROWS, 5).iter().for_each(|(r, c)| set.edit().push(r, Some(ClassId(*c))).unwrap());
    let (mut founded, mut resumed) = (Small::new(), Small::new());
    train(&mut Trainer::founds(checked(ROWS)), &set, &mut workspace, &mut founded);
    // Untrained, then of two classes.
    for _ in 0..2 {
        train(&mut Trainer::resumes(checked(ROWS)), &set, &mut workspace, &mut resumed);
        let bytes = |m: &Small| postcard::to_slice(m, &mut [0; 8000]).unwrap().to_vec();
        assert_eq!(bytes(&resumed), bytes(&founded));
        assert!(!resumed.edit().average_on_basis(Small::new().view(), 0.5));
        let mut two = Set::new();
        two.edit().clear(Format::I8, 2).unwrap();
        rows(ROWS, 5).iter().filter(|(_, c)| *c < 2).for_each(|(r, c)| two.edit().push(r, Some(ClassId(*c))).unwrap());
        train(&mut Trainer::new(checked(ROWS)), &two, &mut workspace, &mut resumed);
    }
}
