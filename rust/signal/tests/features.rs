//! Features against their definitions in 64-bit NumPy, and on windows that no sensor should give.

use hone_learn::{ParamError, Settings, Value, Workspace};
use hone_signal::features::Params;
use hone_signal::{Extractor, Faults, FeatureError, Micros, Shape, WindowView};
use proptest::prelude::*;

fn view(samples: &[i16], channels: usize) -> WindowView<'_> {
    WindowView { samples, channels, time: Micros(0), sequence: 0, faults: Faults::NONE, label: None }
}

fn extract(extractor: &Extractor, samples: &[i16]) -> Vec<f32> {
    let mut memory = vec![0; extractor.required() / 4];
    let mut out = vec![f32::NAN; extractor.len()];
    let window = view(samples, extractor.shape().channels);
    let n = extractor.extract(&window, Workspace::new(&mut memory), &mut out).unwrap();
    assert_eq!(n, out.len());
    out
}

fn params(settings: &[(&str, &str)]) -> Params {
    let mut params = Params::default();
    for (name, text) in settings {
        params.set_text(name, text).unwrap();
    }
    params
}

#[test]
fn a_feature_has_its_place_among_those_of_its_channel() {
    let shape = Shape { channels: 3, frames: 64 };
    // Of each set all that is of one channel changes with that channel alone.
    for (sets, each) in
        [("log-spectrum", 4), ("time", 8), ("time+log-spectrum", 12), ("random-convolution", 24), ("raw", 64)]
    {
        let extractor = params(&[("features", sets), ("bands", "4")]).check(shape).unwrap();
        let calm = golden_window(3, 64);
        let before = extract(&extractor, &calm);
        for channel in 0..3 {
            let mut loud = calm.clone();
            loud.chunks_exact_mut(3).enumerate().for_each(|(t, frame)| frame[channel] += (t % 5) as i16 * 300 + 50);
            let after = extract(&extractor, &loud);
            let places: Vec<(usize, usize)> = (0..before.len()).map(|j| extractor.place(j)).collect();
            for (j, (a, b)) in before.iter().zip(&after).enumerate() {
                assert!(a == b || places[j].0 == channel, "{sets}: feature {j} changes with channel {channel}");
            }
            let own: Vec<usize> = places.iter().filter(|p| p.0 == channel).map(|p| p.1).collect();
            assert_eq!(own, (0..each).collect::<Vec<_>>(), "{sets}");
        }
    }
    let hidden = params(&[("features", "time+random-convolution"), ("elm-units", "5")]).check(shape).unwrap();
    assert_eq!((hidden.place(23), hidden.place(24), hidden.place(28)), ((2, 7), (0, 8), (0, 12)));
}

/// The windows of tests/vectors/features.py.
fn golden_window(channels: usize, frames: usize) -> Vec<i16> {
    let mut state = 12345u64;
    (0..channels * frames)
        .map(|i| {
            state = (state * 1_103_515_245 + 12345) % (1 << 31);
            let (t, c) = ((i / channels) as i64, (i % channels) as i64);
            (((state >> 16) % 401) as i64 - 200 + (1000 * c - 700) + (t * (37 + 11 * c)) % 900) as i16
        })
        .collect()
}

#[test]
fn agree_with_numpy() {
    let mut lines = include_str!("../../../tests/vectors/features.txt").lines();
    let mut cases = 0;
    while let (Some(head), Some(values)) = (lines.next(), lines.next()) {
        let head: Vec<&str> = head.split(' ').collect();
        let want: Vec<f64> = values.split(' ').map(|v| v.parse().unwrap()).collect();
        let (channels, frames): (usize, usize) = (head[1].parse().unwrap(), head[2].parse().unwrap());
        let params = match head[0] {
            "time" => params(&[("features", "time"), ("log-amplitude", "off")]),
            "time-log" => params(&[("features", "time")]),
            _ => params(&[("features", "log-spectrum"), ("bands", head[3])]),
        };
        let got = extract(&params.check(Shape { channels, frames }).unwrap(), &golden_window(channels, frames));
        assert_eq!(got.len(), want.len());
        for (i, (g, w)) in got.iter().zip(&want).enumerate() {
            assert!((f64::from(*g) - w).abs() <= 2e-5 * w.abs().max(1.0), "{head:?} [{i}]: {g} for {w}");
        }
        cases += 1;
    }
    assert_eq!(cases, 18);
}

#[test]
fn a_composed_set_is_its_parts_one_after_the_other() {
    let shape = Shape { channels: 2, frames: 64 };
    let window = golden_window(2, 64);
    let one = |set: &str| extract(&params(&[("features", set)]).check(shape).unwrap(), &window);
    assert_eq!(one("time+log-spectrum"), [one("time"), one("log-spectrum")].concat());
    assert_eq!(one("time+random-convolution"), [one("time"), one("random-convolution")].concat());
    assert_eq!(one("raw"), window.iter().map(|s| f32::from(*s)).collect::<Vec<_>>());
}

#[test]
fn random_filters_follow_the_seed_and_pass_white_noise_at_its_power() {
    let shape = Shape { channels: 1, frames: 2048 };
    let mut rng = hone_numeric::rng::Rng::new(3);
    let noise: Vec<i16> = (0..2048).map(|_| (rng.next_normal() * 100.0) as i16).collect();
    let of = |seed: &str| {
        extract(&params(&[("features", "random-convolution"), ("seed", seed)]).check(shape).unwrap(), &noise)
    };
    assert_eq!(of("5"), of("5"));
    assert_ne!(of("5"), of("6"));
    let mean = of("5").iter().sum::<f32>() / of("5").len() as f32;
    assert!((mean - 10_000.0f32.ln()).abs() < 0.3, "{mean}");
}

#[test]
fn the_elm_layer_is_bounded_and_uses_its_range() {
    let p = params(&[("features", "random-convolution"), ("elm-units", "40")]);
    let out = extract(&p.check(Shape { channels: 3, frames: 128 }).unwrap(), &golden_window(3, 128));
    assert_eq!(out.len(), 40);
    assert!(out.iter().all(|y| y.abs() <= 1.0));
    assert!(out.iter().any(|y| *y > 0.3) && out.iter().any(|y| *y < -0.3), "{out:?}");
}

#[test]
fn what_cannot_be_computed_is_refused() {
    let shape = Shape { channels: 1, frames: 16 };
    assert!(matches!(params(&[("bands", "9")]).check(shape), Err(ParamError::Conflict(_))));
    assert!(params(&[("bands", "8")]).check(shape).is_ok());
    let long = Shape { channels: 1, frames: 4097 };
    assert!(matches!(params(&[]).check(long), Err(ParamError::Capacity { name: "window", asked: 4097, .. })));
    assert!(matches!(
        params(&[("features", "random-convolution"), ("pools", "16")]).check(shape),
        Err(ParamError::Conflict(_))
    ));
    let e = params(&[("bands", "4")]).check(shape).unwrap();
    let (mut memory, mut out) = ([0u32; 16], [0.0; 4]);
    let samples = [0; 16];
    let w = view(&samples, 1);
    assert!(matches!(e.extract(&w, Workspace::new(&mut memory[..15]), &mut out), Err(FeatureError::Workspace(_))));
    assert!(matches!(e.extract(&w, Workspace::new(&mut memory), &mut out[..3]), Err(FeatureError::Output(_))));
    assert!(matches!(
        e.extract(&view(&samples[..15], 1), Workspace::new(&mut memory), &mut out),
        Err(FeatureError::Shape { .. })
    ));
    assert!(e.extract(&w, Workspace::new(&mut memory), &mut out).is_ok());
}

#[test]
fn a_constant_window_has_defined_features() {
    let shape = Shape { channels: 2, frames: 32 };
    let time = extract(&params(&[("features", "time"), ("log-amplitude", "off")]).check(shape).unwrap(), &[-9; 64]);
    assert_eq!(time[..8], [-9.0, 9.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    let spectrum = extract(&params(&[("bands", "4")]).check(shape).unwrap(), &[i16::MAX; 64]);
    assert!(spectrum.iter().all(|x| (x - (1.0f32 / 12.0).ln()).abs() < 1e-6), "{spectrum:?}");
}

proptest! {
    #[test]
    fn every_window_gives_finite_features(
        set in 0u8..6, bands in 1i32..=128, filters in 1i32..5, taps in 2i32..=32, pools in 1i32..=16, elm in 0i32..20,
        log: bool, channels in 1usize..4, frames in 2usize..300, extreme: bool, seed: u64,
    ) {
        let mut p = Params::default();
        for (index, value) in [
            Value::Choice(set), Value::Int(bands), Value::Flag(log), Value::Int(filters), Value::Int(taps),
            Value::Int(pools), Value::Int(elm),
        ].into_iter().enumerate() {
            p.set(index, value).unwrap();
        }
        if let Ok(e) = p.check(Shape { channels, frames }) {
            let mut rng = hone_numeric::rng::Rng::new(seed);
            let samples: Vec<i16> = (0..channels * frames)
                .map(|_| if extreme { [i16::MIN, i16::MAX][rng.below(2) as usize] } else { rng.next_u32() as i16 })
                .collect();
            let out = extract(&e, &samples);
            prop_assert!(out.iter().all(|x| x.is_finite()), "{out:?}");
            prop_assert_eq!(e.cost().features, out.len());
        }
    }
}
