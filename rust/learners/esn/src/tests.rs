//! Tests of the whole learner.

extern crate std;
use crate::*;
use hone_learn::{Decision, Progress};
use hone_signal::{Faults, Micros, WindowView};
use proptest::prelude::*;
use std::vec;
use std::vec::Vec;

pub(crate) const SHAPE: Shape = Shape { channels: 3, window_frames: 64 };
pub(crate) const SMALL: Params =
    Params { units: 24, washout: 8, scale_windows: 4, fit_windows: 12, calibrate_windows: 16, ..Params::DEFAULT };
pub(crate) type Small = Model<24, 3, 256>;

/// Deterministic vibration: two integer rotations per channel and noise, `amplitude` in LSB.
pub(crate) fn samples(sequence: u32, amplitude: i32) -> Vec<i16> {
    let mut rng = hone_numeric::rng::Rng::new(u64::from(sequence));
    let mut out = Vec::new();
    for t in 0..64u32 {
        let frame = sequence.wrapping_mul(64).wrapping_add(t);
        for c in 0..3 {
            let wave = triangle(frame.wrapping_mul((5 + c) * 3)) + triangle(frame.wrapping_mul(11 + 2 * c)) / 2;
            let noise = rng.below(200) as i32 - 100;
            out.push((wave * amplitude / 256 + noise + 1000) as i16);
        }
    }
    out
}

/// Triangle wave of period 256 and range ±256.
fn triangle(phase: u32) -> i32 {
    let p = (phase % 256) as i32;
    if p < 128 { p * 4 - 256 } else { 768 - p * 4 }
}

pub(crate) fn view(samples: &[i16], sequence: u32, faults: Faults) -> WindowView<'_> {
    WindowView { samples, channels: 3, time: Micros(0), sequence, faults, label: None }
}

pub(crate) fn train(params: Params, amplitude: i32) -> Result<Small, TrainError> {
    let mut trainer = Trainer::new(params.check(SHAPE).unwrap());
    let mut model = Small::new();
    run(&mut trainer, &mut model, amplitude).map(|()| model)
}

pub(crate) fn run(trainer: &mut Trainer, model: &mut Small, amplitude: i32) -> Result<(), TrainError> {
    let mut ws = vec![0; required(trainer.checked()) / 4];
    let mut sequence = 0;
    loop {
        match trainer.wants() {
            Wants::Work => trainer.step(&mut ws, model, 1000)?,
            Wants::Window => {
                sequence += 1;
                trainer.push(&mut ws, model, &view(&samples(sequence, amplitude), sequence, Faults::NONE))?
            }
            Wants::Nothing => return Ok(()),
        };
    }
}

#[test]
fn a_model_comes_back_from_its_bytes() {
    for (feedback, output, readout, target) in combinations() {
        let model = train(Params { feedback, output, readout, target, ..SMALL }, 900).unwrap();
        let bytes = postcard::to_stdvec(&model).unwrap();
        let mut back = Small::new();
        back.load(&mut postcard::Deserializer::from_bytes(&bytes)).unwrap();
        assert_eq!(postcard::to_stdvec(&back).unwrap(), bytes);
        let (mut a, mut b) = (Scratch::new(), Scratch::new());
        for sequence in 100..110 {
            let s = samples(sequence, 900);
            let v = view(&s, sequence, Faults::NONE);
            assert_eq!(model.examine(&v, &mut a), back.examine(&v, &mut b));
        }
    }
}

#[test]
fn packed_weights_come_back_as_what_their_codes_stand_for() {
    use hone_numeric::quantize::clusters::cluster;
    use hone_numeric::quantize::{Affine, Fixed};
    let model = train(Params { readout: Readout::InputStateOutput, ..SMALL }, 900).unwrap();
    let plain = postcard::to_stdvec(&model).unwrap().len();
    let (mut centroids, mut sums, mut counts) = ([0.0; 16], [0.0; 16], [0; 16]);
    assert!(cluster(model.readout(), &mut centroids, &mut sums, &mut counts, 50));
    let widest = model.readout().iter().fold(0.0f32, |m, w| m.max(w.abs()));
    let steps: Vec<f32> = model.readout().chunks(24).map(|row| Affine::of(row).scale).collect();
    // 72 weights of 4 bytes become 36 bytes and 16 centroids; 72 bytes and two numbers for each of 3 rows; 144 bytes.
    for (packing, bytes, step) in [
        (Packing::Clustered(&centroids), 36 + 64, widest),
        (Packing::Affine, 72 + 24, steps.iter().copied().fold(0.0, f32::max) * 0.51),
        (Packing::Fixed(Fixed::q(3, 12).unwrap()), 144, 0.6 / 4096.0),
    ] {
        let packed = postcard::to_stdvec(&model.packed(packing)).unwrap();
        assert!(packed.len().abs_diff(plain - 4 * 72 + bytes) <= 5, "{} of {plain}", packed.len());
        let mut back = Small::new();
        back.load_packed(&mut postcard::Deserializer::from_bytes(&packed)).unwrap();
        for (a, b) in model.weights().zip(back.weights()) {
            assert!((a - b).abs() <= step, "{a} came back as {b}");
        }
        if let Packing::Clustered(_) = packing {
            assert!(back.weights().all(|w| centroids.contains(&w)));
            // 72 weights and a table of 16 take less than the weights: they are run as they are.
            assert_eq!((back.form(), back.readout().len()), (ReadoutForm::Clustered(4), 0));
        }
        let mut again = Small::new();
        // Without being told it is written as it came.
        assert_eq!((back.layout(), postcard::to_stdvec(&back).unwrap()), (LAYOUT_PACKED, packed.clone()));
        assert!(postcard::to_stdvec(&back.packed(packing)).is_err());
        again.load_packed(&mut postcard::Deserializer::from_bytes(&postcard::to_stdvec(&back).unwrap())).unwrap();
        for (a, b) in again.weights().zip(back.weights()) {
            assert!((a - b).abs() <= 1e-5 * widest);
        }
        for len in 0..packed.len() {
            let cut = &mut postcard::Deserializer::from_bytes(&packed[..len]);
            assert!(back.load_packed(cut).is_err() && !back.is_trained());
        }
        assert!(Small::new().load(&mut postcard::Deserializer::from_bytes(&packed)).is_err());
    }
    assert!(postcard::to_stdvec(&model.packed(Packing::Clustered(&centroids[..3]))).is_err());
}

#[test]
fn thresholds_can_be_set_anew() {
    let mut model = train(SMALL, 900).unwrap();
    let before = model.threshold();
    let windows: Vec<_> = (500..540).map(|i| (i, samples(i, 1500))).collect();
    let views = || windows.iter().map(|(i, s)| view(s, *i, Faults::NONE));
    assert!(!model.recalibrate(&mut Scratch::new(), views(), &mut [0.0; 79]));
    assert!(!model.recalibrate(&mut Scratch::new(), [], &mut [0.0; 80]));
    assert_eq!(model.threshold(), before);
    assert!(model.recalibrate(&mut Scratch::new(), views(), &mut [0.0; 80]));
    assert!(model.threshold().upper > before.upper);
}

pub(crate) fn combinations() -> Vec<(f32, Output, Readout, Target)> {
    let mut all = Vec::new();
    for feedback in [0.0, 0.1] {
        for output in [Output::Identity, Output::Tanh] {
            for readout in [Readout::State, Readout::InputState, Readout::InputStateOutput] {
                for target in [Target::Reconstruct, Target::Predict] {
                    all.push((feedback, output, readout, target));
                }
            }
        }
    }
    all
}

#[test]
fn no_content_before_training() {
    let model = Small::new();
    let s = samples(1, 900);
    let verdict = model.infer(&view(&s, 1, Faults::NONE), &mut Scratch::new());
    assert_eq!(verdict.decision, Decision::Unknown);
    assert!(postcard::to_stdvec(&model).is_err());
}

#[test]
fn finds_what_is_unlike_training() {
    let model = train(SMALL, 900).unwrap();
    let mut scratch = Scratch::new();
    let mut alarms = |from: u32, amplitude: i32| {
        (from..from + 40)
            .filter(|i| {
                let s = samples(*i, amplitude);
                model.infer(&view(&s, *i, Faults::NONE), &mut scratch).decision == Decision::Anomalous
            })
            .count()
    };
    assert!(alarms(100, 900) <= 4);
    assert!(alarms(200, 3000) >= 35);
}

#[test]
fn constant_data_names_the_channel_and_leaves_the_trainer_ready() {
    let mut trainer = Trainer::new(SMALL.check(SHAPE).unwrap());
    let mut ws = vec![0; required(trainer.checked()) / 4];
    let mut model = Small::new();
    while trainer.wants() == Wants::Work {
        trainer.step(&mut ws, &mut model, 1000).unwrap();
    }
    let mut flat = samples(1, 900);
    flat.iter_mut().skip(1).step_by(3).for_each(|s| *s = 7);
    let error = (0..4).find_map(|i| trainer.push(&mut ws, &mut model, &view(&flat, i, Faults::NONE)).err());
    assert_eq!(error, Some(TrainError::ConstantChannel(1)));
    run(&mut trainer, &mut model, 900).unwrap();
    assert!(model.is_trained());
}

#[test]
fn faulty_windows_are_counted_and_not_learnt_from() {
    let mut trainer = Trainer::new(SMALL.check(SHAPE).unwrap());
    let mut ws = vec![0; required(trainer.checked()) / 4];
    let mut model = Small::new();
    while trainer.wants() == Wants::Work {
        trainer.step(&mut ws, &mut model, 1000).unwrap();
    }
    let before = ws.clone();
    let s = samples(1, 900);
    for fault in [Faults::NOT_A_NUMBER, Faults::SATURATED, Faults::STUCK] {
        let p = trainer.push(&mut ws, &mut model, &view(&s, 1, fault)).unwrap();
        assert_eq!(p, Progress::Running { done: 0, total: 32 });
    }
    assert_eq!((trainer.refused(), &ws), (3, &before));
    let error = (0..100).find_map(|i| trainer.push(&mut ws, &mut model, &view(&s, i, Faults::STUCK)).err());
    assert_eq!(error, Some(TrainError::TooManyFaults(33)));
}

#[test]
fn refuses_what_does_not_fit() {
    let mut trainer = Trainer::new(SMALL.check(SHAPE).unwrap());
    let need = required(trainer.checked());
    let mut ws = vec![0; need / 4 - 1];
    let short = hone_learn::Shortage { needed: need, available: need - 4 };
    assert_eq!(trainer.step(&mut ws, &mut Small::new(), 1000), Err(TrainError::Workspace(short)));
    let mut ws = vec![0; need / 4];
    let error = trainer.step(&mut ws, &mut Model::<16, 3, 256>::new(), 1000);
    assert!(matches!(error, Err(TrainError::Params(hone_learn::ParamError::Capacity { name: "units", .. }))));
    let s = samples(1, 1);
    assert_eq!(trainer.push(&mut ws, &mut Small::new(), &view(&s, 0, Faults::NONE)), Err(TrainError::NotWanted));
}

#[test]
fn cancel_and_the_end_of_data() {
    let mut trainer = Trainer::new(SMALL.check(SHAPE).unwrap());
    let mut ws = vec![0; required(trainer.checked()) / 4];
    let mut model = Small::new();
    assert_eq!(trainer.end_of_data(), Ok(()));
    while trainer.wants() == Wants::Work {
        trainer.step(&mut ws, &mut model, 1000).unwrap();
    }
    trainer.push(&mut ws, &mut model, &view(&samples(1, 900), 1, Faults::NONE)).unwrap();
    assert_eq!(trainer.clone().end_of_data(), Err(TrainError::TooFewWindows { have: 1, need: 32 }));
    let report = trainer.cancel();
    assert_eq!((report.stop, report.rows), (hone_learn::Stop::Cancelled, 1));
    assert!(!model.is_trained());
    run(&mut trainer, &mut model, 900).unwrap();
    assert!(model.is_trained());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_load_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let mut model = Small::new();
        let loaded = model.load(&mut postcard::Deserializer::from_bytes(&bytes)).is_ok();
        prop_assert_eq!(loaded, model.is_trained());
    }

    #[test]
    fn damaged_bytes_load_or_are_refused(at in 0usize..400, value: u8, seed: u64) {
        let mut bytes = postcard::to_stdvec(&train(SMALL, 900).unwrap()).unwrap();
        if let Some(b) = bytes.get_mut(at) { *b = value; }
        let mut model = Small::new();
        if model.load(&mut postcard::Deserializer::from_bytes(&bytes)).is_ok() {
            let mut scratch = Scratch::new();
            let s = samples(seed as u32, 900);
            model.infer(&view(&s, 1, Faults::NONE), &mut scratch);
        }
    }

    #[test]
    fn any_windows_and_parameters_train_or_fail_with_a_reason(
        settings in prop::collection::vec((0usize..23, any::<u32>()), 0..12),
        seed: u64, shape in (0u16..5, 0u16..70), shift in 0u32..16,
    ) {
        use hone_learn::{Kind, Settings, Value};
        let mut params = SMALL;
        for (i, raw) in settings {
            let Some(setting) = Params::SETTINGS.get(i) else { continue };
            let part = raw as f32 / u32::MAX as f32;
            let value = match setting.kind {
                Kind::Int { min, max } => Value::Int(min + (part * part * part * (max - min).min(300) as f32) as i32),
                Kind::Real { min, max } => Value::Real((min + part * part * (max - min)).clamp(min, max)),
                Kind::Flag => Value::Flag(raw & 1 == 1),
                Kind::Choice(words) => Value::Choice((raw % words.len() as u32) as u8),
                Kind::Text(_) => continue,
            };
            params.set(i, value).unwrap();
        }
        params.units = params.units / 8 * 8;
        let shape = Shape { channels: shape.0, window_frames: shape.1 };
        let Ok(checked) = params.check(shape) else { return Ok(()) };
        let mut trainer = Trainer::new(checked);
        let mut model = std::boxed::Box::new(Model::<128, 4, 16384>::new());
        let mut ws = vec![0xffff_ffff; required(&checked) / 4];
        let mut rng = hone_numeric::rng::Rng::new(seed);
        let mut last = Ok(Progress::Running { done: 0, total: 0 });
        while last.is_ok() && trainer.wants() != Wants::Nothing {
            last = match trainer.wants() {
                Wants::Work => trainer.step(&mut ws, &mut *model, rng.below(100_000)),
                _ => {
                    let samples: Vec<i16> = (0..shape.channels * shape.window_frames).map(|_| (rng.next_u32() as i16) >> shift).collect();
                    let faults = Faults(if rng.below(8) == 0 { rng.next_u32() as u8 & 15 } else { 0 });
                    let v = WindowView { samples: &samples, channels: usize::from(shape.channels), time: Micros(0), sequence: rng.below(2), faults, label: None };
                    trainer.push(&mut ws, &mut *model, &v)
                }
            };
        }
        prop_assert_eq!(last.is_ok(), model.is_trained());
        if model.is_trained() {
            let mut scratch = Scratch::new();
            let samples = vec![i16::MIN; usize::from(shape.channels * shape.window_frames)];
            for sequence in 0..3 {
                let v = WindowView { samples: &samples, channels: usize::from(shape.channels), time: Micros(0), sequence, faults: Faults::NONE, label: None };
                let verdict = model.infer(&v, &mut scratch);
                prop_assert!(verdict.score.is_finite());
            }
        }
    }
}
