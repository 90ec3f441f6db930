use super::*;
use proptest::prelude::*;

const NEAR: Distance = Distance { times: 1.5, units: 2.0 };
const FAR: Distance = Distance { times: 9.0, units: 40.0 };
const QUIET: Signs = Signs { slow: Sign::None, sudden: Sign::None };
const SLOW: Signs = Signs { slow: Sign::Alarm, sudden: Sign::None };
const STEP: Signs = Signs { slow: Sign::Alarm, sudden: Sign::Alarm };

const HERE: [f32; VIEW] = [0.0; VIEW];
const THERE: [f32; VIEW] = [20.0; VIEW];

#[test]
fn slow_change_within_the_cap_is_absorbed_by_auto_alone() {
    for (policy, wanted) in [
        (Policy::Off, Decision::None),
        (Policy::Notify, Decision::Notify),
        (Policy::Ask, Decision::Ask(0)),
        (Policy::Auto, Decision::Absorb),
    ] {
        let mut course = Course::new(policy, Cap::DEFAULT);
        assert_eq!(course.decide(SLOW, NEAR, &HERE), wanted);
        assert_eq!(course.frozen(), policy == Policy::Ask);
        assert_eq!(course.may_learn(NEAR), policy == Policy::Auto);
    }
    // The same beyond the cap, and a distance that is no number.
    for times in [4.1, f32::NAN, f32::INFINITY] {
        let mut course = Course::new(Policy::Auto, Cap::DEFAULT);
        let far = Distance { times, units: 0.0 };
        assert_eq!(course.decide(SLOW, far, &HERE), Decision::Ask(0));
        assert!(!course.may_learn(far) && !course.may_learn(NEAR));
    }
}

#[test]
fn a_step_is_asked_about_once_however_long_it_lasts_and_comes_back() {
    let mut course = Course::new(Policy::Auto, Cap::DEFAULT);
    assert_eq!(course.decide(STEP, NEAR, &THERE), Decision::Ask(0));
    for _ in 0..3 {
        for _ in 0..10_000 {
            assert_eq!(course.decide(STEP, FAR, &THERE), Decision::None);
            assert!(course.frozen() && course.open() == Some(0));
        }
        // What becomes of it in between is not absorbed either.
        assert_eq!(course.decide(SLOW, NEAR, &THERE), Decision::None);
        for _ in 0..Cap::DEFAULT.quiet {
            assert_eq!(course.decide(QUIET, NEAR, &HERE), Decision::None);
        }
        assert!(!course.frozen());
    }
}

#[test]
fn the_answer_decides_for_all_that_looks_like_it() {
    let mut course = Course::new(Policy::Ask, Cap::DEFAULT);
    assert_eq!(course.decide(STEP, FAR, &HERE), Decision::Ask(0));
    assert!(course.answer(0, true) && !course.answer(1, true));
    assert!(!course.frozen());
    assert_eq!(course.decide(STEP, FAR, &THERE), Decision::Ask(1));
    assert!(course.answer(1, false));
    assert!(course.frozen() && course.open().is_none());
    // Something like the one, then like the other.
    assert_eq!(course.decide(STEP, FAR, &[1.0; VIEW]), Decision::Recognised(0));
    assert!(!course.frozen());
    assert_eq!(course.decide(STEP, FAR, &[19.0; VIEW]), Decision::Fault(1));
    assert!(course.frozen());
    // Said to be a fault by mistake.
    assert!(course.answer(1, true));
    assert!(!course.frozen());
}

#[test]
fn open_questions_are_not_forgotten_for_new_ones() {
    let mut course = Course::new(Policy::Ask, Cap::DEFAULT);
    let place = |i: usize| [100.0 * i as f32; VIEW];
    let quiet =
        |course: &mut Course| (0..64).for_each(|_| assert_eq!(course.decide(QUIET, NEAR, &HERE), Decision::None));
    for i in 0..CASES {
        assert_eq!(course.decide(STEP, FAR, &place(i)), Decision::Ask(i as u8));
        quiet(&mut course);
    }
    assert_eq!(course.decide(STEP, FAR, &place(CASES)), Decision::Full);
    assert!(course.frozen());
    quiet(&mut course);
    assert!(course.answer(5, false));
    assert_eq!(course.decide(STEP, FAR, &place(CASES)), Decision::Ask(5));
}

#[test]
fn all_of_it_fits_in_a_kilobyte() {
    let all = size_of::<Course>() + size_of::<crate::drift::Drift>() + size_of::<crate::level::Recent>();
    assert!(all + size_of::<crate::level::Base>() <= 1024, "{all}");
}

proptest! {
    /// Whatever is seen: nothing is learnt unasked beyond the cap, at a step, or under another policy than auto.
    #[test]
    fn nothing_is_absorbed_that_may_be_a_fault(
        policy in 0u8..4, seen in prop::collection::vec((0u8..3, any::<f32>(), any::<f32>(), 0u8..12), 0..400),
    ) {
        let policy = [Policy::Off, Policy::Notify, Policy::Ask, Policy::Auto][usize::from(policy)];
        let mut course = Course::new(policy, Cap::DEFAULT);
        for (signs, times, place, answer) in seen {
            let signs = [QUIET, SLOW, STEP][usize::from(signs)];
            let distance = Distance { times, units: 0.0 };
            let frozen = course.frozen();
            let decision = course.decide(signs, distance, &[place; VIEW]);
            if decision == Decision::Absorb {
                prop_assert!(policy == Policy::Auto && signs == SLOW && times <= 4.0 && !frozen);
            }
            if matches!(decision, Decision::Ask(_) | Decision::Fault(_) | Decision::Full) {
                prop_assert!(course.frozen() && !course.may_learn(NEAR));
            }
            course.answer(answer, place > 0.0);
        }
    }
}
