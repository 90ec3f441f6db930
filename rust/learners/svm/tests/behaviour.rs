//! Degenerate input, limits, cancelling, batches, storage, in a build of all features; `least.rs` is for one of fewer.
use hone_learn::metrics::Confusion;
use hone_learn::{ClassId, Decision, Format, Progress, Report, SetError, Shortage, Stop, TrainingSet};
use hone_svm::{
    KernelKind, Machine, Model, Params, Role, Shape, Task, TrainError, Trainer, evaluate, keep_support, model_words,
    required, scratch_len,
};
use proptest::prelude::*;

type Set = TrainingSet<4096, 512, 8>;
type Net = Model<4096>;

const KERNELS: [KernelKind; 4] = [KernelKind::Linear, KernelKind::Rbf, KernelKind::Poly, KernelKind::Sigmoid];

fn set_of(rows: &[(&[f32], Option<u16>)]) -> Set {
    let mut set = Set::new();
    set.edit().clear(Format::F32, rows[0].0.len()).unwrap();
    rows.iter().for_each(|(row, label)| set.edit().push(row, label.map(ClassId)).unwrap());
    set
}

fn train(set: &Set, params: Params, model: &mut Net) -> Result<Report, TrainError> {
    let shape = Shape { rows: set.view().len(), features: set.view().width() };
    let checked = params.check(shape).unwrap();
    let mut workspace = vec![0xdead_beef; required(&checked, shape) / 4];
    let mut trainer = Trainer::new(checked);
    for _ in 0..100_000 {
        if let Progress::Done(report) = trainer.step(set.view(), &mut workspace, model.edit(), 100)? {
            return Ok(report);
        }
    }
    panic!("does not end");
}

fn says(model: &Net, row: &[f32]) -> Decision {
    model.infer(row, &mut [0.0; 700]).decision
}

fn class(id: u16) -> Decision {
    Decision::Class(ClassId(id))
}

/// Three blobs in two dimensions, drawn by a fixed generator.
fn blobs(n: usize, classes: u16) -> Vec<(Vec<f32>, u16)> {
    let mut rng = hone_numeric::rng::Rng::new(7);
    let centres = [(0.0, 0.0), (3.0, 0.5), (1.0, 3.0), (-3.0, 1.0), (-1.0, -3.0)];
    (0..n)
        .map(|i| {
            let c = i as u16 % classes;
            let (x, y) = centres[usize::from(c)];
            (vec![x + rng.next_normal(), y + rng.next_normal()], c)
        })
        .collect()
}

fn blob_set(format: Format, rows: &[(Vec<f32>, u16)]) -> Set {
    let mut set = Set::new();
    set.edit().clear(format, 2).unwrap();
    rows.iter().for_each(|(row, c)| set.edit().push(row, Some(ClassId(*c))).unwrap());
    set
}

#[test]
fn an_empty_set_and_a_single_class_are_errors() {
    let mut model = Net::new();
    let mut set = Set::new();
    assert_eq!(train(&set, Params::default(), &mut model), Err(TrainError::NoRows));
    set.edit().clear(Format::F32, 1).unwrap();
    assert_eq!(train(&set, Params::default(), &mut model), Err(TrainError::NoRows));
    let set = set_of(&[(&[1.0], Some(4)), (&[2.0], Some(4)), (&[3.0], None)]);
    assert_eq!(train(&set, Params::default(), &mut model), Err(TrainError::OneClass(ClassId(4))));
    assert_eq!(model.view().task(), Task::Untrained);
    let unlabelled = set_of(&[(&[1.0], None)]);
    let classify = Params { machine: Machine::Classify, ..Params::default() };
    assert_eq!(train(&unlabelled, classify, &mut model), Err(TrainError::NoRows));
}

#[test]
fn an_untrained_model_and_unusable_rows_are_unknown() {
    let mut model = Net::new();
    assert_eq!(says(&model, &[1.0]), Decision::Unknown);
    let set = set_of(&[(&[0.0, 1.0], Some(0)), (&[1.0, 0.0], Some(1))]);
    for kernel in KERNELS {
        train(&set, Params { kernel: Some(kernel), ..Params::default() }, &mut model).unwrap();
        for bad in [&[f32::NAN, 0.0][..], &[0.0, f32::INFINITY], &[0.0], &[0.0; 3], &[]] {
            let verdict = model.infer(bad, &mut [0.0; 10]);
            assert!(verdict.decision == Decision::Unknown && verdict.score.is_nan(), "{kernel:?} {bad:?}");
        }
    }
    assert_eq!(model.infer(&[0.0, 1.0], &mut []).decision, Decision::Unknown);
}

#[test]
fn duplicated_rows_with_opposite_labels_end_and_decide() {
    for kernel in KERNELS {
        let mut model = Net::new();
        let rows: Vec<(&[f32], Option<u16>)> = (0..20).map(|i| (&[1.0f32, 2.0][..], Some(i % 2))).collect();
        let report = train(&set_of(&rows), Params { kernel: Some(kernel), ..Params::default() }, &mut model).unwrap();
        assert_eq!((report.stop, report.rows), (Stop::Converged, 20), "{kernel:?}");
        assert!(matches!(says(&model, &[1.0, 2.0]), Decision::Class(_)));
        // Next to rows that can be told apart they do no harm.
        let mut rows = rows;
        rows.extend([(&[5.0f32, 5.0][..], Some(1)); 5]);
        rows.extend([(&[-5.0f32, -5.0][..], Some(0)); 5]);
        train(&set_of(&rows), Params { kernel: Some(kernel), ..Params::default() }, &mut model).unwrap();
        assert_eq!((says(&model, &[5.0, 5.0]), says(&model, &[-5.0, -5.0])), (class(1), class(0)), "{kernel:?}");
    }
}

#[test]
fn the_kernel_follows_from_the_task() {
    let mut model = Net::new();
    train(&set_of(&[(&[0.0], Some(0)), (&[1.0], Some(1))]), Params::default(), &mut model).unwrap();
    assert_eq!((model.view().task(), model.view().kernel()), (Task::Classes, KernelKind::Linear));
    // Novelty is on all sides of what is known, which no linear boundary encloses.
    let known = blobs(60, 1);
    let rows: Vec<(&[f32], Option<u16>)> = known.iter().map(|(r, _)| (&r[..], None)).collect();
    train(&set_of(&rows), Params::default(), &mut model).unwrap();
    assert_eq!((model.view().task(), model.view().kernel()), (Task::Novelty, KernelKind::Rbf));
    for far in [[-5.0, 0.0], [5.0, 0.0], [0.0, -5.0], [0.0, 5.0]] {
        assert_eq!(says(&model, &far), Decision::Anomalous);
    }
    let inside = known.iter().filter(|(r, _)| says(&model, r) == Decision::Normal).count();
    assert!(inside >= 48, "{inside}");
}

#[test]
fn the_average_of_linear_models_has_the_average_decision_values() {
    let rows = blobs(60, 3);
    let (mut first, mut second) = (Net::new(), Net::new());
    train(&blob_set(Format::F32, &rows[..30]), Params::default(), &mut first).unwrap();
    train(&blob_set(Format::F32, &rows[30..]), Params::default(), &mut second).unwrap();
    let mut mixed = second.clone();
    assert!(mixed.edit().average(first.view(), 0.25));
    for (row, _) in &rows {
        let (mut a, mut b, mut c) = ([0.0; 9], [0.0; 9], [0.0; 9]);
        let a = first.view().decisions(row, &mut a).unwrap();
        let b = second.view().decisions(row, &mut b).unwrap();
        for ((a, b), c) in a.iter().zip(b).zip(mixed.view().decisions(row, &mut c).unwrap()) {
            assert!((0.75 * a + 0.25 * b - c).abs() < 1e-5);
        }
    }
    // What cannot be averaged stays as it is.
    let before = says(&second, &rows[0].0);
    for (kernel, classes) in [(KernelKind::Linear, 2), (KernelKind::Rbf, 3)] {
        let params = Params { kernel: Some(kernel), ..Params::default() };
        train(&blob_set(Format::F32, &blobs(20, classes)), params, &mut first).unwrap();
        assert!(!second.edit().average(first.view(), 0.5));
        assert!(!first.edit().average(second.view(), 0.5));
    }
    assert!(!second.edit().average(Net::new().view(), 0.5) && !Net::new().edit().average(second.view(), 0.5));
    assert_eq!(says(&second, &rows[0].0), before);
    assert_eq!([1, 2, 4].map(hone_svm::batches::share), [1.0, 1.0, 0.5]);
}

#[test]
fn constant_features_do_not_count() {
    for kernel in KERNELS {
        let (mut with, mut without) = (Net::new(), Net::new());
        let rows = blobs(40, 2);
        let wide: Vec<_> = rows.iter().map(|(r, c)| ([r[0], 77.7, r[1]], Some(*c))).collect();
        let wide: Vec<_> = wide.iter().map(|(r, c)| (&r[..], *c)).collect();
        let narrow: Vec<_> = rows.iter().map(|(r, c)| (&r[..], Some(*c))).collect();
        // The rule `scale` counts features; fix γ.
        let params = Params { kernel: Some(kernel), gamma: 0.5, ..Params::default() };
        train(&set_of(&wide), params, &mut with).unwrap();
        train(&set_of(&narrow), params, &mut without).unwrap();
        for (row, _) in &rows {
            assert_eq!(says(&with, &[row[0], 77.7, row[1]]), says(&without, row), "{kernel:?}");
            assert_eq!(says(&with, &[row[0], -1.0, row[1]]), says(&without, row), "{kernel:?}");
        }
        // Nothing varies at all.
        let flat: Vec<(&[f32], Option<u16>)> = (0..6).map(|i| (&[3.0f32][..], Some(i % 3))).collect();
        assert_eq!(
            train(&set_of(&flat), Params { kernel: Some(kernel), ..Params::default() }, &mut with).unwrap().rows,
            6
        );
        assert!(matches!(says(&with, &[3.0]), Decision::Class(_)));
    }
}

#[test]
fn one_row_per_class_is_enough() {
    for kernel in KERNELS {
        let mut model = Net::new();
        let set = set_of(&[(&[0.0, 0.0], Some(9)), (&[1.0, 0.0], Some(5)), (&[0.0, 1.0], Some(7))]);
        assert_eq!(
            train(&set, Params { kernel: Some(kernel), ..Params::default() }, &mut model).unwrap().stop,
            Stop::Converged
        );
        assert_eq!(model.view().classes().collect::<Vec<_>>(), [ClassId(5), ClassId(7), ClassId(9)]);
        for (row, id) in [([0.0, 0.0], 9), ([1.0, 0.0], 5), ([0.0, 1.0], 7)] {
            assert_eq!(says(&model, &row), class(id), "{kernel:?}");
        }
    }
}

#[test]
fn too_many_classes_and_too_little_memory_are_errors() {
    let rows: Vec<_> = (0..33).map(|i| ([f32::from(i)], Some(i))).collect();
    let rows: Vec<_> = rows.iter().map(|(r, c)| (&r[..], *c)).collect();
    let mut model = Net::new();
    let error = train(&set_of(&rows), Params::default(), &mut model);
    assert_eq!(error, Err(TrainError::TooManyClasses { capacity: 32 }));

    let set = blob_set(Format::F32, &blobs(30, 3));
    let shape = Shape { rows: 30, features: 2 };
    for kernel in KERNELS {
        let checked = Params { kernel: Some(kernel), ..Params::default() }.check(shape).unwrap();
        let needed = required(&checked, shape);
        let mut workspace = vec![0; needed / 4 - 1];
        let result = Trainer::new(checked).step(set.view(), &mut workspace, model.edit(), u32::MAX);
        // A pair has fewer rows than the set: what is too little for the set may do for it.
        match result {
            Err(TrainError::Workspace(s)) => assert_eq!(s, Shortage { needed, available: needed - 4 }),
            other => assert!(other.is_ok(), "{other:?}"),
        }
        let none = Trainer::new(checked).step(set.view(), &mut [0; 10], model.edit(), u32::MAX);
        assert_eq!(none, Err(TrainError::Workspace(Shortage { needed, available: 40 })));
        let mut small = Model::<11>::new();
        let mut workspace = vec![0; needed / 4];
        let error = Trainer::new(checked).step(set.view(), &mut workspace, small.edit(), u32::MAX);
        assert!(matches!(error, Err(TrainError::Model(s)) if s.available == 44 && s.needed > 44));
        assert_eq!(small.view().task(), Task::Untrained);
    }
}

#[test]
fn a_model_too_small_for_all_support_vectors_is_projected_onto_some() {
    let rows = blobs(150, 3);
    let set = blob_set(Format::I16, &rows);
    let params = Params { kernel: Some(KernelKind::Rbf), ..Params::default() };
    let mut model = Net::new();
    assert_eq!(train(&set, params, &mut model).unwrap().stop, Stop::Converged);
    let full = model.view().vectors();
    let accuracy = |model: &Net| {
        let mut confusion = Confusion::<3>::default();
        evaluate(model.view(), set.view(), &mut [0.0; 20], &mut confusion).unwrap();
        confusion.accuracy().unwrap()
    };
    let best = accuracy(&model);
    const FEW: usize = model_words(3, 2, 24, Format::I16);
    let mut small = Model::<FEW>::new();
    let shape = Shape { rows: 150, features: 2 };
    let checked = params.check(shape).unwrap();
    let mut workspace = vec![0; required(&checked, shape) / 4];
    let mut trainer = Trainer::new(checked);
    let report = loop {
        if let Progress::Done(r) = trainer.step(set.view(), &mut workspace, small.edit(), 1000).unwrap() {
            break r;
        }
    };
    assert!(report.stop == Stop::MemoryCap && small.view().vectors() <= 24 && full > 40, "{full}");
    let mut confusion = Confusion::<3>::default();
    evaluate(small.view(), set.view(), &mut [0.0; 20], &mut confusion).unwrap();
    assert!(confusion.accuracy().unwrap() > best - 0.04, "{:?} of {best}", confusion.accuracy());

    // A projected one-class machine leaves about the same rows outside.
    let novelty = Params { machine: Machine::Novelty, nu: 0.4, ..params };
    let mut trainer = Trainer::new(novelty.check(shape).unwrap());
    let report = loop {
        if let Progress::Done(r) = trainer.step(set.view(), &mut workspace, small.edit(), 1000).unwrap() {
            break r;
        }
    };
    train(&set, novelty, &mut model).unwrap();
    let outside = |model: &dyn Fn(&[f32]) -> Decision| {
        (0..150)
            .filter(|row| {
                let mut x = [0.0; 2];
                set.view().decode(*row, &mut x);
                model(&x) == Decision::Anomalous
            })
            .count()
    };
    let few = outside(&|x| small.infer(x, &mut [0.0; 9]).decision);
    let all = outside(&|x| says(&model, x));
    assert!(report.stop == Stop::MemoryCap && small.view().vectors() < model.view().vectors());
    assert!(few.abs_diff(all) <= 15, "{few} and {all}");
}

#[test]
fn novelty_leaves_about_its_share_outside() {
    let rows = blobs(200, 1);
    let mut set = Set::new();
    set.edit().clear(Format::I16, 2).unwrap();
    rows.iter().for_each(|(r, _)| set.edit().push(r, None).unwrap());
    for nu in [0.05f32, 0.2] {
        let mut model = Net::new();
        let params = Params { kernel: Some(KernelKind::Rbf), nu, calibrate: 0.0, ..Params::default() };
        assert_eq!(train(&set, params, &mut model).unwrap().stop, Stop::Converged);
        let outside = rows.iter().filter(|(r, _)| says(&model, r) == Decision::Anomalous).count();
        assert!((outside as f32 - nu * 200.0).abs() <= 6.0, "{outside} of 200 at {nu}");
        assert_eq!(says(&model, &[9.0, -9.0]), Decision::Anomalous);
        assert_eq!(says(&model, &[0.0, 0.0]), Decision::Normal);
    }
}

#[test]
fn weights_move_the_boundary_and_balance_gives_the_rare_class_a_say() {
    let mut rng = hone_numeric::rng::Rng::new(3);
    let rows: Vec<_> =
        (0..220).map(|i| ([rng.next_normal() + if i < 20 { 1.0 } else { 0.0 }], Some(u16::from(i < 20)))).collect();
    let rows: Vec<_> = rows.iter().map(|(r, c)| (&r[..], *c)).collect();
    let set = set_of(&rows);
    let hits = |params: Params| {
        let mut model = Net::new();
        train(&set, params, &mut model).unwrap();
        rows[..20].iter().filter(|(r, _)| says(&model, r) == class(1)).count()
    };
    let plain = hits(Params::default());
    let mut weighed = Params::default();
    weighed.weights[1] = 20.0;
    let balance = Params { balance: true, ..Params::default() };
    assert!(plain < 3 && hits(weighed) > 12 && hits(balance) > 12, "{plain}");
}

#[test]
fn the_iteration_limit_gives_a_usable_model_and_says_so() {
    let rows = blobs(100, 2);
    let set = blob_set(Format::F32, &rows);
    let mut model = Net::new();
    let report = train(&set, Params { iterations: 3, ..Params::default() }, &mut model).unwrap();
    assert!(report.stop == Stop::IterationLimit && report.iterations == 3 && report.quality > 1e-3);
    let right = rows.iter().filter(|(r, c)| says(&model, r) == class(*c)).count();
    assert!(right > 80, "{right}");
}

#[test]
fn shrinking_does_not_change_the_result() {
    let set = blob_set(Format::F32, &blobs(300, 3));
    for kernel in [KernelKind::Linear, KernelKind::Rbf] {
        let objective = |shrinking| {
            let params = Params { kernel: Some(kernel), shrinking, tolerance: 1e-4, ..Params::default() };
            let shape = Shape { rows: 300, features: 2 };
            let checked = params.check(shape).unwrap();
            let mut workspace = vec![0; required(&checked, shape) / 4];
            let (mut trainer, mut model) = (Trainer::new(checked), Net::new());
            while !matches!(trainer.step(set.view(), &mut workspace, model.edit(), 500).unwrap(), Progress::Done(_)) {}
            trainer.objective()
        };
        let (with, without) = (objective(true), objective(false));
        assert!((with - without).abs() < 1e-4 * without, "{with} {without}");
    }
}

#[test]
fn cancelling_and_a_changed_set_leave_no_model() {
    let mut set = blob_set(Format::F32, &blobs(100, 3));
    let shape = Shape { rows: 512, features: 2 };
    let checked = Params::default().check(shape).unwrap();
    let mut workspace = vec![0; required(&checked, shape) / 4];
    let (mut trainer, mut model) = (Trainer::new(checked), Net::new());
    assert!(matches!(trainer.step(set.view(), &mut workspace, model.edit(), 500), Ok(Progress::Running { .. })));
    trainer.cancel();
    let Ok(Progress::Done(report)) = trainer.step(set.view(), &mut workspace, model.edit(), 500) else { panic!() };
    assert_eq!((report.stop, model.view().task()), (Stop::Cancelled, Task::Untrained));
    let mut trainer = Trainer::new(checked);
    assert!(matches!(trainer.step(set.view(), &mut workspace, model.edit(), 500), Ok(Progress::Running { .. })));
    set.edit().push(&[0.0, 0.0], Some(ClassId(0))).unwrap();
    for _ in 0..2 {
        let again = trainer.step(set.view(), &mut workspace, model.edit(), 500);
        assert_eq!((again, model.view().task()), (Err(TrainError::SetChanged), Task::Untrained));
    }
}

#[test]
fn progress_rises_to_the_end_and_steps_are_bounded() {
    let set = blob_set(Format::F32, &blobs(300, 5));
    let shape = Shape { rows: 300, features: 2 };
    let checked = Params { kernel: Some(KernelKind::Rbf), ..Params::default() }.check(shape).unwrap();
    let mut workspace = vec![0; required(&checked, shape) / 4];
    let (mut trainer, mut model) = (Trainer::new(checked), Net::new());
    let (mut steps, mut last) = (0u64, 0);
    let report = loop {
        match trainer.step(set.view(), &mut workspace, model.edit(), 2000).unwrap() {
            Progress::Running { done, total } => {
                assert!(total == 1000 && done < total && done / 100 >= last / 100, "{done} after {last}");
                last = done;
            }
            Progress::Done(report) => break report,
        }
        steps += 1;
    };
    // A step overshoots by one iteration: two kernel rows and two passes.
    assert!(report.work / steps < 2000 + 2 * 120 * 3 + 4 * 120, "{report:?} in {steps}");
}

#[test]
fn batches_come_close_to_learning_everything_at_once() {
    let rows = blobs(480, 3);
    let everything = blob_set(Format::I8, &rows);
    let params = Params { kernel: Some(KernelKind::Rbf), ..Params::default() };
    let mut model = Net::new();
    train(&everything, params, &mut model).unwrap();
    let right = |model: &Net| rows.iter().filter(|(r, c)| says(model, r) == class(*c)).count();
    let at_once = right(&model);

    let mut set = TrainingSet::<4096, 160, 2>::new();
    set.edit().clear(Format::I8, 2).unwrap();
    let shape = Shape { rows: 160, features: 2 };
    let checked = params.check(shape).unwrap();
    let mut workspace = vec![0; required(&checked, shape) / 4];
    let mut left = rows.iter();
    let mut next = left.next();
    let mut batches = 0;
    loop {
        while let Some((row, c)) = next {
            match set.edit().push(row, Some(ClassId(*c))) {
                Ok(()) => next = left.next(),
                Err(SetError::Full { capacity: 160 }) => break,
                Err(e) => panic!("{e:?}"),
            }
        }
        let mut trainer = Trainer::new(checked);
        while !matches!(trainer.step(set.view(), &mut workspace, model.edit(), 5000).unwrap(), Progress::Done(_)) {}
        batches += 1;
        if next.is_none() {
            break;
        }
        let roles: Vec<_> = trainer.roles(set.view(), &mut workspace).collect();
        let vectors = roles.iter().filter(|r| **r != Role::None).count();
        assert_eq!((roles.len(), vectors), (set.view().len(), model.view().vectors()));
        let kept = keep_support(&trainer, set.edit(), &mut workspace, 60);
        assert_eq!(kept, roles.len().min(100));
    }
    let in_batches = right(&model);
    assert!(batches >= 4 && in_batches + 10 >= at_once, "{in_batches} for {at_once} of 480, {batches} batches");
}

#[test]
fn a_stored_model_comes_back_the_same_and_damage_is_refused() {
    let rows = blobs(60, 3);
    let mut scratch = [0.0; scratch_len(3, 2)];
    for kernel in KERNELS {
        for format in [Format::F32, Format::I16, Format::I8] {
            let set = blob_set(format, &rows);
            let (mut model, mut back) = (Net::new(), Net::new());
            assert!(postcard::to_slice(&model, &mut [0; 100]).is_err());
            train(&set, Params { kernel: Some(kernel), ..Params::default() }, &mut model).unwrap();
            let mut memory = vec![0; 20_000];
            let bytes = postcard::to_slice(&model, &mut memory).unwrap();
            let mut input = postcard::Deserializer::from_bytes(bytes);
            back.load(&mut input).unwrap();
            assert_eq!(input.finalize().unwrap().len(), 0);
            for (row, _) in &rows {
                let (a, b) = (model.infer(row, &mut scratch), back.infer(row, &mut scratch));
                assert_eq!((a.decision, a.score.to_bits()), (b.decision, b.score.to_bits()));
            }
            let mut tiny = Model::<8>::new();
            assert!(tiny.load(&mut postcard::Deserializer::from_bytes(bytes)).is_err());
            for cut in (0..bytes.len()).step_by(7) {
                assert!(back.load(&mut postcard::Deserializer::from_bytes(&bytes[..cut])).is_err());
                assert_eq!((back.view().task(), says(&back, &[0.0, 0.0])), (Task::Untrained, Decision::Unknown));
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_are_a_model_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400), x in any::<f32>()) {
        let mut model = Net::new();
        let _ = model.load(&mut postcard::Deserializer::from_bytes(&bytes));
        let _ = model.infer(&[x, x], &mut [0.0; 700]);
    }

    #[test]
    fn a_model_with_a_byte_changed_is_a_model_or_refused(at in 0usize..600, byte in any::<u8>()) {
        let set = blob_set(Format::I8, &blobs(30, 3));
        let mut model = Net::new();
        train(&set, Params { kernel: Some(KernelKind::Rbf), ..Params::default() }, &mut model).unwrap();
        let mut memory = vec![0; 20_000];
        let bytes = postcard::to_slice(&model, &mut memory).unwrap();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = model.load(&mut postcard::Deserializer::from_bytes(bytes));
        let _ = model.infer(&[0.5, 0.5], &mut [0.0; 700]);
    }

    #[test]
    fn any_set_trains_to_an_end(
        rows in proptest::collection::vec((proptest::array::uniform2(-1e3f32..1e3), 0u16..4), 1..40),
        kernel in proptest::sample::select(KernelKind::ALL),
        format in proptest::sample::select(vec![Format::F32, Format::I16, Format::I8]),
        standardise in any::<bool>(),
    ) {
        let rows: Vec<_> = rows.iter().map(|(r, c)| (r.to_vec(), *c)).collect();
        let set = blob_set(format, &rows);
        let mut model = Net::new();
        let params = Params { kernel: Some(kernel), standardise, iterations: 2000, ..Params::default() };
        match train(&set, params, &mut model) {
            Ok(report) => prop_assert!(report.quality.is_finite()),
            Err(e) => prop_assert!(matches!(e, TrainError::OneClass(_) | TrainError::NotFinite), "{:?}", e),
        }
    }
}
