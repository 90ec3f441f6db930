//! One-class machines and their threshold.
use hone_learn::{Decision, Format, Progress, TrainingSet};
use hone_svm::{Model, Params, Shape, Trainer, required, scratch_len};

#[test]
fn rows_held_back_set_a_threshold_that_later_rows_keep() {
    // The columns are the numbers of one row each: as in many dimensions, no new row is near to one that was learnt.
    const WIDTH: usize = 20;
    let mut rng = hone_numeric::rng::Rng::new(3);
    let mut row = |shift: f32| -> [f32; WIDTH] { core::array::from_fn(|_| rng.next_normal() + shift) };
    let mut set = TrainingSet::<{ 100 * WIDTH }, 100, WIDTH>::new();
    set.edit().clear(Format::F32, WIDTH).unwrap();
    (0..100).for_each(|_| set.edit().push(&row(0.0), None).unwrap());
    let (normal, strange): (Vec<_>, Vec<_>) = (0..300).map(|_| (row(0.0), row(2.5))).unzip();
    let false_alarms = |calibrate: f32, margin: f32| {
        let params = Params { calibrate, margin, ..Params::default() };
        let shape = Shape { rows: 100, features: WIDTH };
        let checked = params.check(shape).unwrap();
        let mut memory = vec![0; required(&checked, shape) / 4];
        let (mut trainer, mut model) = (Trainer::new(checked), Model::<4096>::new());
        while let Progress::Running { .. } = trainer.step(set.view(), &mut memory, model.edit(), 1000).unwrap() {}
        let mut scratch = [0.0; scratch_len(0, WIDTH)];
        let mut alarms = |rows: &[[f32; WIDTH]]| {
            rows.iter().filter(|r| model.infer(&r[..], &mut scratch).decision == Decision::Anomalous).count()
        };
        assert_eq!(alarms(&strange), 300, "of strange rows, calibrate {calibrate}");
        alarms(&normal)
    };
    let (uncalibrated, calibrated) = (false_alarms(0.0, 3.0), false_alarms(0.25, 3.0));
    assert!(uncalibrated >= 100 && calibrated <= 20, "{uncalibrated} and {calibrated} false alarms in 300");
    // The margin moves the threshold.
    assert!(false_alarms(0.25, 0.0) >= 90);
    // However wide it is, what is unlike everything is an anomaly.
    assert!(false_alarms(0.25, 100.0) <= calibrated);
}
