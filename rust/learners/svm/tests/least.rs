//! Two classes, linear and RBF, rows in `f32`: what every build with such rows has, and what the least one has not.
use hone_learn::{ClassId, Decision, Format, Progress, Report, Shortage, Stop, TrainingSet};
use hone_svm::{KernelKind, Model, Params, Role, Shape, TrainError, Trainer, required, scratch_len};

const ROWS: usize = 96;
const SHAPE: Shape = Shape { rows: ROWS, features: 2 };
const KERNELS: [KernelKind; 2] = [KernelKind::Linear, KernelKind::Rbf];
type Set = TrainingSet<{ 2 * ROWS }, ROWS, 2>;
type Net = Model<600>;

/// Classes around as many corners of a square, which overlap.
fn set(classes: u16) -> Set {
    let mut rng = hone_numeric::rng::Rng::new(7);
    let mut set = Set::new();
    set.edit().clear(Format::F32, 2).unwrap();
    for row in 0..ROWS as u16 {
        let class = row % classes;
        let corner = [f32::from(class & 1), f32::from(class >> 1)];
        set.edit().push(&corner.map(|x| 2.0 * x + rng.next_normal()), Some(ClassId(10 * class))).unwrap();
    }
    set
}

fn train(set: &Set, params: Params, budget: u32, model: &mut Net) -> Result<(Report, f32, Vec<Role>), TrainError> {
    let checked = params.check(SHAPE).unwrap();
    let mut workspace = vec![0xdead_beef; required(&checked, SHAPE) / 4];
    let mut trainer = Trainer::new(checked);
    loop {
        if let Progress::Done(report) = trainer.step(set.view(), &mut workspace, model.edit(), budget)? {
            let roles = trainer.roles(set.view(), &mut workspace).collect();
            return Ok((report, trainer.objective(), roles));
        }
    }
}

#[test]
fn a_class_more_than_the_build_has_room_for_is_an_error() {
    let mut model = Net::new();
    let result = train(&set(3), Params::default(), 1000, &mut model).map(|_| ());
    if cfg!(feature = "multi-class") {
        assert_eq!(result, Ok(()));
        assert_eq!(model.view().classes().count(), 3);
    } else {
        assert_eq!(result, Err(TrainError::TooManyClasses { capacity: 2 }));
        assert_eq!(model.view().classes().count(), 0);
        assert_eq!(model.infer(&[0.0, 0.0], &mut [0.0; 8]).decision, Decision::Unknown);
    }
}

#[test]
fn steps_of_any_size_and_shrinking_give_the_same() {
    for kernel in KERNELS {
        let params = Params { kernel: Some(kernel), ..Params::default() };
        let (mut whole, mut pieces, mut plain) = (Net::new(), Net::new(), Net::new());
        let set = set(2);
        let (report, dual, roles) = train(&set, params, u32::MAX, &mut whole).unwrap();
        let (again, same, _) = train(&set, params, 1, &mut pieces).unwrap();
        let (_, near, _) = train(&set, Params { shrinking: false, ..params }, u32::MAX, &mut plain).unwrap();
        assert_eq!((report.stop, report.rows, report), (Stop::Converged, ROWS as u32, again));
        assert_eq!((roles.len(), dual), (ROWS, same));
        assert!((near - dual).abs() <= 1e-3 * dual, "{kernel:?}: {dual} {near}");
        let vectors = roles.iter().filter(|role| **role != Role::None).count();
        assert_eq!(vectors, whole.view().vectors());
        assert!(roles.contains(&Role::Bounded) && roles.contains(&Role::Free));
        let mut scratch = [0.0; scratch_len(2, 2)];
        let mut right = 0;
        for row in 0..ROWS {
            let mut x = [0.0; 2];
            assert!(set.view().decode(row, &mut x));
            let said = whole.infer(&x, &mut scratch);
            assert_eq!(said, pieces.infer(&x, &mut scratch));
            let f = whole.view().decisions(&x, &mut scratch).unwrap()[0];
            assert_eq!((said.score, said.decision), (f.abs(), Decision::Class(ClassId(if f > 0.0 { 0 } else { 10 }))));
            right += usize::from(said.decision == Decision::Class(set.view().label(row).unwrap()));
        }
        assert!(right * 10 >= ROWS * 8, "{kernel:?}: {right}");
    }
}

#[test]
fn too_little_memory_and_rows_without_a_class_are_errors() {
    let set = set(2);
    for kernel in KERNELS {
        let checked = Params { kernel: Some(kernel), ..Params::default() }.check(SHAPE).unwrap();
        let needed = required(&checked, SHAPE);
        for words in [0, 10, needed / 4 - 1] {
            let (mut model, mut workspace) = (Net::new(), vec![0; words]);
            let result = Trainer::new(checked).step(set.view(), &mut workspace, model.edit(), u32::MAX);
            assert_eq!(result, Err(TrainError::Workspace(Shortage { needed, available: words * 4 })));
        }
        let (mut small, mut workspace) = (Model::<4>::new(), vec![0; needed / 4]);
        let result = Trainer::new(checked).step(set.view(), &mut workspace, small.edit(), u32::MAX);
        assert!(matches!(result, Err(TrainError::Model(s)) if s.available == 16 && s.needed > 16), "{result:?}");
    }
    let mut unlabelled = Set::new();
    unlabelled.edit().clear(Format::F32, 2).unwrap();
    unlabelled.edit().push(&[0.0, 1.0], None).unwrap();
    let result = train(&unlabelled, Params::default(), 1000, &mut Net::new()).map(|_| ());
    assert_eq!(result.is_ok(), cfg!(feature = "novelty"), "{result:?}");
}

#[test]
fn more_support_vectors_than_the_model_holds_are_an_error_or_fewer() {
    let set = set(2);
    let checked = Params { kernel: Some(KernelKind::Rbf), ..Params::default() }.check(SHAPE).unwrap();
    let mut workspace = vec![0; required(&checked, SHAPE) / 4];
    let mut model = Model::<40>::new();
    let mut trainer = Trainer::new(checked);
    let result = loop {
        match trainer.step(set.view(), &mut workspace, model.edit(), u32::MAX) {
            Ok(Progress::Running { .. }) => {}
            other => break other,
        }
    };
    match result {
        Ok(Progress::Done(report)) if cfg!(feature = "reduce") => assert_eq!(report.stop, Stop::MemoryCap),
        Err(TrainError::Model(s)) if !cfg!(feature = "reduce") => assert!(s.needed > 160 && s.available == 160),
        other => panic!("{other:?}"),
    }
}
