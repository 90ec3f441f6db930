use super::*;
use proptest::prelude::*;

/// Normal deviates of a generator of its own: the sum of twelve.
struct Noise(u64);

impl Noise {
    fn even(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1u64 << 24) as f32
    }

    fn normal(&mut self) -> f32 {
        (0..12).map(|_| self.even()).sum::<f32>() - 6.0
    }
}

#[test]
fn a_hundred_thousand_stationary_windows_bring_at_most_ten_alarms() {
    for seed in 0..5 {
        let (mut noise, mut drift, mut alarms) = (Noise(seed), Drift::new(Params::DEFAULT), 0);
        for _ in 0..100_000 {
            let score = 1.0 + 0.2 * noise.normal();
            let signs = drift.see(score, noise.even() < 0.01);
            if signs.slow.max(signs.sudden) == Sign::Alarm {
                alarms += 1;
                drift.reset();
            }
        }
        assert!(alarms <= 10, "seed {seed}: {alarms}");
    }
}

#[test]
fn slow_change_is_found_by_the_score_alone_and_a_step_by_both() {
    for seed in 0..20 {
        let (mut noise, mut drift) = (Noise(seed), Drift::new(Params::DEFAULT));
        let found = (0..4000).find(|i| {
            let slope = (*i as f32 - 1000.0).max(0.0) * 1e-3;
            let signs = drift.see(1.0 + 0.2 * (noise.normal() + slope), false);
            assert_eq!(signs.sudden, Sign::None);
            signs.slow == Sign::Alarm
        });
        assert!(matches!(found, Some(1100..2000)), "seed {seed}: {found:?}");

        let (mut drift, mut first) = (Drift::new(Params::DEFAULT), (None, None));
        for i in 0..1400 {
            let step = i >= 1000;
            let score = 1.0 + 0.2 * (noise.normal() + if step { 5.0 } else { 0.0 });
            let signs = drift.see(score, noise.even() < if step { 0.8 } else { 0.01 });
            if signs.slow == Sign::Alarm {
                first.0.get_or_insert(i);
            }
            if signs.sudden == Sign::Alarm {
                first.1.get_or_insert(i);
            }
        }
        assert!(matches!(first, (Some(1000..1020), Some(1000..1100))), "seed {seed}: {first:?}");
    }
}

#[test]
fn warnings_come_before_alarms_and_settling_takes_what_is_for_usual() {
    let mut drift = Drift::new(Params::DEFAULT);
    let mut noise = Noise(1);
    for _ in 0..300 {
        drift.see(noise.normal(), false);
    }
    let mut order = [Sign::None; 2];
    for _ in 0..200 {
        let sign = drift.see(noise.normal() + 2.0, false).slow;
        order = if sign > order[1] { [order[1], sign] } else { order };
    }
    assert_eq!(order, [Sign::Warning, Sign::Alarm]);
    drift.settle();
    assert!(!drift.settled());
    assert!((0..1000).all(|_| drift.see(noise.normal() + 2.0, false).slow < Sign::Alarm));
}

#[test]
fn both_detectors_take_less_than_a_kilobyte() {
    assert!(size_of::<Drift>() <= 256, "{}", size_of::<Drift>());
}

proptest! {
    #[test]
    fn any_scores_and_settings_are_borne(
        scores in prop::collection::vec((any::<f32>(), any::<bool>()), 0..600),
        settle in any::<u16>(), tolerance in any::<f32>(), delta in any::<f32>(),
    ) {
        let limit = 30.0;
        let mut drift = Drift::new(Params { settle: settle % 64, tolerance, limit, delta });
        for (score, flagged) in scores {
            drift.see(score, flagged);
            prop_assert!((0.0..=1.0).contains(&drift.rate()));
        }
    }
}
