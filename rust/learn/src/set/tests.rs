extern crate std;
use super::*;
use crate::ClassId;
use proptest::prelude::*;
use std::vec::Vec;

type Small = TrainingSet<64, 16, 4>;

#[test]
fn says_why_a_row_is_refused_and_stays_as_it_was() {
    let mut set = Small::new();
    assert_eq!(set.edit().clear(Format::F32, 5), Err(TooWide { features: 5, capacity: 4 }));
    assert_eq!(set.edit().push(&[1.0], None), Err(SetError::Width { expected: 0, found: 1 }));
    set.edit().clear(Format::I8, 2).unwrap();
    set.edit().push(&[1.0, 2.0], Some(ClassId(3))).unwrap();
    let before = set.clone();
    assert_eq!(set.edit().push(&[1.0], None), Err(SetError::Width { expected: 2, found: 1 }));
    assert_eq!(set.edit().push(&[1.0, f32::NAN], None), Err(SetError::NotUsable { feature: 1 }));
    assert_eq!(set.edit().push(&[f32::INFINITY, 1.0], None), Err(SetError::NotUsable { feature: 0 }));
    assert_eq!(set.edit().push(&[1.0, -2e18], None), Err(SetError::NotUsable { feature: 1 }));
    assert_eq!(std::format!("{before:?}"), std::format!("{set:?}"));
    for _ in 1..16 {
        set.edit().push(&[1.0, 2.0], None).unwrap();
    }
    assert_eq!(set.edit().push(&[1.0, 2.0], None), Err(SetError::Full { capacity: 16 }));
    assert_eq!((set.view().label(0), set.view().label(1), set.view().label(16)), (Some(ClassId(3)), None, None));
}

#[test]
fn room_depends_on_the_format() {
    let mut set = TrainingSet::<8, 100, 4>::new();
    for (format, rows) in [(Format::F32, 2), (Format::I16, 4), (Format::I8, 8)] {
        set.edit().clear(format, 4).unwrap();
        assert_eq!(set.edit().capacity(), rows);
    }
}

#[test]
fn sixteenths_are_exact_in_eight_bits() {
    let mut set = TrainingSet::<64, 64, 1>::new();
    set.edit().clear(Format::I8, 1).unwrap();
    let values: Vec<f32> = (0..17).map(|i| ((i * 7) % 17) as f32 / 16.0).collect();
    values.iter().for_each(|v| set.edit().push(&[*v], None).unwrap());
    for (i, v) in values.iter().enumerate() {
        let mut out = [f32::NAN];
        assert!(set.view().decode(i, &mut out) && out[0] == *v);
    }
}

#[test]
fn keeps_what_it_is_told_to_keep_and_the_statistics() {
    let mut set = Small::new();
    set.edit().clear(Format::I16, 1).unwrap();
    for i in 0..10u16 {
        set.edit().push(&[f32::from(i)], Some(ClassId(i))).unwrap();
    }
    set.edit().retain(|row| row % 3 == 0);
    let view = set.view();
    assert_eq!((view.len(), view.seen()), (4, 10));
    for (row, want) in [0u16, 3, 6, 9].into_iter().enumerate() {
        let mut out = [0.0];
        view.decode(row, &mut out);
        assert_eq!((view.label(row), out[0]), (Some(ClassId(want)), f32::from(want)));
    }
    assert!((view.features()[0].mean - 4.5).abs() < 1e-6);
    assert!((view.variance(&view.features()[0]) - 8.25).abs() < 1e-5);
}

proptest! {
    #[test]
    fn values_stay_within_a_step_whatever_comes(
        values in proptest::collection::vec((-1.0f32..1.0, -20i32..20), 1..40),
        offset in -1e4f32..1e4,
        eight in any::<bool>(),
    ) {
        let format = if eight { Format::I8 } else { Format::I16 };
        let values: Vec<f32> = values.iter().map(|(m, e)| offset + m * 2.0f32.powi(*e)).collect();
        let mut set = TrainingSet::<40, 40, 1>::new();
        set.edit().clear(format, 1).unwrap();
        for v in &values {
            set.edit().push(&[*v], None).unwrap();
        }
        let (low, high) = values.iter().fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(*v), h.max(*v)));
        let step = set.view().features()[0].step;
        let levels = if eight { 127.0 } else { 32_767.0 };
        let bound = ((high - low) / levels * 2.0).max(low.abs().max(high.abs()) / 2_097_152.0);
        prop_assert!(step <= bound, "step {step} of {low}..{high}");
        for (i, v) in values.iter().enumerate() {
            let mut out = [f32::NAN];
            prop_assert!(set.view().decode(i, &mut out));
            prop_assert!((out[0] - v).abs() <= step.max(v.abs() * 2e-7), "{} for {v}, step {step}", out[0]);
        }
    }
}

#[test]
fn classes_share_a_full_set() {
    let mut set = TrainingSet::<64, 12, 1>::new();
    set.edit().clear(Format::I16, 1).unwrap();
    let mut offer = |class: u16, offered: u32| {
        let (row, label) = ([offered as f32], ClassId(class));
        if set.edit().push(&row, Some(label)).is_err() && set.edit().make_room(label, offered).is_some() {
            set.edit().push(&row, Some(label)).unwrap();
        }
    };
    // One class after the other, the first much longer than there is room for.
    for offered in 1..=200 {
        offer(u16::from(offered > 100) + u16::from(offered > 150), offered);
    }
    let view = set.view();
    let of = |class| (0..view.len()).filter(|r| view.label(*r) == Some(ClassId(class))).count();
    assert_eq!((view.len(), of(0), of(1), of(2)), (12, 4, 4, 4));
    // Of the first class not the first rows alone.
    let value = |row| {
        let mut out = [0.0];
        assert!(view.decode(row, &mut out));
        out[0]
    };
    let late = (0..view.len()).filter(|r| view.label(*r) == Some(ClassId(0)) && value(*r) > 20.0).count();
    assert!(late >= 1, "rows are {:?}", (0..view.len()).map(value).collect::<Vec<_>>());
}
