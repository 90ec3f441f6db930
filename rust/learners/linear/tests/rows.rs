use hone_learn::{ClassId, Format, Progress, Report, SetError, TrainingSet};
use hone_linear::*;
use hone_numeric::rng::Rng;
#[test]
fn explore() {
    let mut set = TrainingSet::<{ 120 * 25 }, 120, 25>::new();
    for solver in [Solver::ClosedForm, Solver::Recursive, Solver::Gradient] {
        let params = Params { lags: 0, others: true, solver, ..Params::DEFAULT };
        let checked = params.check(Shape { channels: 25, inputs: 25, interval: 1 }).unwrap();
        set.edit().clear(Format::F32, 25).unwrap();
        let mut rng = Rng::new(2);
        for _ in 0..120 {
            let mut row: [f32; 25] = core::array::from_fn(|_| rng.next_normal());
            row[0] += row[1..].iter().sum::<f32>();
            set.edit().push(&row, None).unwrap();
        }
        let mut model = Model::<2000>::new();
        let mut memory = vec![0u32; required(&checked, 0) / 4];
        let mut trainer = Trainer::new(checked);
        let report = loop {
            match trainer.step(set.view(), &mut memory, model.edit(), 10_000).unwrap() {
                Progress::Done(r) => break r,
                _ => {}
            }
        };
        println!("{report:?} {:?}", model.view().coefficients());
        println!(
            "dev {} freedom {} corr {}",
            model.view().deviation(),
            model.view().freedom(),
            model.view().correlation()
        );
        let mut state = State::<25>::new();
        println!(
            "{:?} {:?}",
            model.view().judge(&[1.0; 25], 1, &mut state),
            model.view().infer(&[1.0; 25], &mut state)
        );
    }
}
