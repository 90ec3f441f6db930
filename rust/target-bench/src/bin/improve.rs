//! `hone_improve`: what drift and decisions cost a window.
#![no_std]
#![no_main]

use core::hint::black_box;

use hone_improve::drift::{Drift, Params, Sign, Signs};
use hone_improve::level::{Base, Recent};
use hone_improve::policy::{Cap, Course, Policy, VIEW};
use hone_numeric::rng::Rng;
use hone_target_bench::{case, entry, exit, start};

/// Windows that are averaged over: a whole number of ADWIN's looks for a cut.
const WINDOWS: usize = 1024;

#[entry]
fn main() -> ! {
    let mut rng = Rng::new(3);
    let scores: [f32; WINDOWS] = core::array::from_fn(|_| (2.0 + 0.2 * rng.next_normal()).max(0.0));
    start();
    let mut sorted = scores;
    let Some(base) = Base::of(&mut sorted) else { exit(false) };
    let (mut drift, mut recent) = (Drift::new(Params::DEFAULT), Recent::NEW);
    let mut course = Course::new(Policy::Ask, Cap::DEFAULT);
    // Full buckets, a mean that is known.
    for _ in 0..20 {
        scores.iter().for_each(|s| _ = drift.see(*s, *s > 2.4));
        scores.iter().for_each(|s| _ = recent.see(*s));
    }
    let units = WINDOWS as u32;
    case("improve/drift", units).units(units).model(size_of::<Drift>()).run(|| {
        black_box(&scores).iter().for_each(|s| _ = black_box(drift.see(*s, *s > 2.4)));
    });
    case("improve/level", units).units(units).model(size_of::<Recent>() + size_of::<Base>()).run(|| {
        black_box(&scores).iter().for_each(|s| _ = black_box(base.distance(recent.see(*s))));
    });
    // Every 32nd window ADWIN looks for a cut: the one after these.
    scores.iter().take(31).for_each(|s| _ = drift.see(*s, *s > 2.4));
    case("improve/look", 1).run(|| drift.see(black_box(2.0), false));
    let (distance, view) = (base.distance(20.0), [0.0; VIEW]);
    let signs = Signs { slow: Sign::Alarm, sudden: Sign::Alarm };
    for i in 0..8 {
        // Eight cases, each compared.
        course.decide(signs, distance, &[100.0 * i as f32; VIEW]);
        course.answer(i, false);
    }
    case("improve/decide", 8).model(size_of::<Course>()).run(|| course.decide(signs, distance, black_box(&view)));
    let near = base.distance(2.0);
    case("improve/quiet", 1).run(|| course.decide(Signs::default(), black_box(near), black_box(&view)));
    exit(true)
}
