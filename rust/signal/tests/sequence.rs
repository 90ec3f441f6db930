//! Feature vectors in a row: scaled, projected, kept and restored.

use hone_learn::{ParamError, Settings};
use hone_numeric::rng::Rng;
use hone_signal::features::Params;
use hone_signal::{Faults, Micros, Sequence, Shape, WindowView};

const SHAPE: Shape = Shape { channels: 2, frames: 64 };
type Of<const I: usize> = Sequence<32, I>;

fn params(settings: &[(&str, &str)]) -> Params {
    let mut params = Params::default();
    for (name, text) in [("features", "time"), ("steps", "4")].iter().chain(settings) {
        params.set_text(name, text).unwrap();
    }
    params
}

fn window(samples: &[i16]) -> WindowView<'_> {
    WindowView { samples, channels: 2, time: Micros(5), sequence: 9, faults: Faults::GAP, label: None }
}

fn samples(rng: &mut Rng) -> Vec<i16> {
    (0..128).map(|i| (rng.next_normal() * 300.0) as i16 + if i % 2 == 0 { 16_000 } else { 0 }).collect()
}

/// A sequence that has measured 20 windows.
fn settled<const I: usize>(settings: &[(&str, &str)]) -> Of<I> {
    let mut sequence = Of::<I>::new(&params(settings), SHAPE).unwrap().unwrap();
    let mut statistics = vec![0.0; 2 * sequence.features()];
    let (mut memory, mut hops, mut rng) = (vec![0; 500], 0, Rng::new(3));
    for _ in 0..20 {
        assert!(sequence.measure(&window(&samples(&mut rng)), &mut memory, &mut statistics, &mut hops));
    }
    assert_eq!(hops, 80);
    sequence.settle(&statistics);
    sequence
}

/// Mean and deviation of each input over 50 windows.
fn moments<const I: usize>(sequence: &Of<I>) -> Vec<(f64, f64)> {
    let (mut memory, mut rng) = (vec![0; 500], Rng::new(8));
    let mut all = vec![vec![]; sequence.inputs()];
    for _ in 0..50 {
        let samples = samples(&mut rng);
        let frames = sequence.frames(&window(&samples), &mut memory).unwrap();
        assert_eq!((frames.channels, frames.samples.len()), (sequence.inputs(), 4 * sequence.inputs()));
        assert_eq!((frames.sequence, frames.time, frames.faults), (9, Micros(5), Faults::GAP));
        for frame in frames.frames() {
            all.iter_mut().zip(frame).for_each(|(all, x)| all.push(f64::from(*x) / 256.0));
        }
    }
    all.iter()
        .map(|x| {
            let mean = x.iter().sum::<f64>() / x.len() as f64;
            (mean, (x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / x.len() as f64).sqrt())
        })
        .collect()
}

#[test]
fn inputs_are_centred_and_of_about_unit_spread() {
    // 16 features, one of which (the first channel's mean) is far off zero and in LSB.
    for (mean, spread) in moments(&settled::<3>(&[])).into_iter().chain(moments(&settled::<16>(&[]))) {
        assert!(mean.abs() < 0.3 && (0.4..2.0).contains(&spread), "{mean} {spread}");
    }
    assert_eq!((settled::<3>(&[]).inputs(), settled::<16>(&[]).inputs(), settled::<32>(&[]).inputs()), (3, 16, 16));
}

#[test]
fn other_seeds_project_otherwise_and_the_same_seed_alike() {
    let (mut rng, mut memory) = (Rng::new(8), vec![0; 500]);
    let samples = samples(&mut rng);
    let mut frames = |seed| {
        let sequence = settled::<3>(&[("seed", seed)]);
        sequence.frames(&window(&samples), &mut memory).unwrap().samples.to_vec()
    };
    assert_eq!(frames("1"), frames("1"));
    assert_ne!(frames("1"), frames("2"));
}

#[test]
fn what_is_kept_restores_it_and_nothing_else_does() {
    for sequence in [settled::<3>(&[]), settled::<3>(&[("features", "log-spectrum"), ("bands", "1")])] {
        let mut kept = vec![];
        sequence.scaling(&mut |offset, factor| kept.push((offset, factor)));
        assert_eq!(kept.len(), sequence.features() + sequence.inputs());
        let fresh = Of::<3>::new(sequence.params(), SHAPE).unwrap().unwrap();
        let mut again = fresh;
        assert!(again.restore(kept.clone()));
        assert_eq!(again, sequence);
        let bad: [(usize, Option<(f32, f32)>); 4] = [
            (0, Some((0.0, 3.0))),
            (1, Some((0.0, f32::NAN))),
            (kept.len() - 1, Some((f32::INFINITY, 1.0))),
            (0, None),
        ];
        for (at, item) in bad {
            let mut kept = kept.clone();
            match item {
                Some(item) => kept[at] = item,
                None => drop(kept.remove(at)),
            }
            assert!(!fresh.clone().restore(kept), "{at} {item:?}");
        }
        kept.push((0.0, 1.0));
        assert!(!fresh.clone().restore(kept));
    }
}

#[test]
fn features_that_never_vary_are_left_out_and_none_is_beyond_bounds() {
    let mut sequence = Of::<3>::new(&params(&[]), SHAPE).unwrap().unwrap();
    let (mut memory, mut statistics, mut hops) = (vec![0; 500], vec![0.0; 32], 0);
    let equal = vec![7; 128];
    assert!(sequence.measure(&window(&equal), &mut memory, &mut statistics, &mut hops));
    sequence.settle(&statistics);
    let mut factors = vec![];
    sequence.scaling(&mut |_, factor| factors.push(factor));
    assert_eq!(factors[..16], [0.0; 16]);
    // After quiet windows a blow saturates and does not wrap.
    let sequence = settled::<16>(&[]);
    let blow: Vec<i16> = (0..128).map(|i| if i % 4 < 2 { i16::MIN } else { i16::MAX }).collect();
    let frames = sequence.frames(&window(&blow), &mut memory).unwrap();
    // RMS, deviation and peak to peak of both channels are far up.
    let risen = frames.frames().flat_map(|f| f.iter()).filter(|x| **x > 4 * 256).count();
    assert!(risen >= 4 * 4, "{:?}", frames.samples);
}

#[test]
fn what_does_not_fit_is_refused() {
    let new = |settings: &[(&str, &str)]| Of::<3>::new(&params(settings), SHAPE);
    assert_eq!(new(&[("steps", "0")]), Ok(None));
    assert!(matches!(new(&[("steps", "5")]), Err(ParamError::Conflict(_))));
    assert!(matches!(new(&[("steps", "64")]), Err(ParamError::Conflict(_))));
    let raw = new(&[("features", "raw"), ("steps", "1")]);
    assert!(matches!(raw, Err(ParamError::Capacity { name: "features", asked: 128, capacity: 32 })));
    let sequence = settled::<3>(&[]);
    let samples = vec![1; 128];
    let words = sequence.words(SHAPE);
    assert!(sequence.frames(&window(&samples), &mut vec![0; words]).is_some());
    assert!(sequence.frames(&window(&samples), &mut vec![0; words - 1]).is_none());
    assert!(sequence.frames(&window(&samples[..90]), &mut [0; 500]).is_none());
    let mut other = WindowView { channels: 1, ..window(&samples) };
    other.channels = 1;
    assert!(sequence.frames(&other, &mut [0; 500]).is_none());
}
