//! Each learner of the engine's table on the whole device, through the contract alone: what a training and a window cost with all
//! that is around them.
#![no_std]
#![no_main]

use cortex_m::singleton;
use hone_engine::learners::Learner;
use hone_engine::{Links, Memory};
use hone_target_bench::{case, entry, exit, start};
use hone_vectors::device::Trial;

#[entry]
fn main() -> ! {
    let (Some(links), Some(memory)) = (singleton!(: Links = Links::new()), singleton!(: Memory = Memory::ZERO)) else {
        exit(false)
    };
    let mut trial = Trial::new(links, memory);
    start();
    for learner in Learner::ALL {
        case("device/teach/", 0).of(learner.name()).run(|| trial.teach(*learner));
        if !trial.tells_apart() {
            exit(false);
        }
        case("device/window/", 0).of(learner.name()).run(|| trial.window());
    }
    exit(true)
}
