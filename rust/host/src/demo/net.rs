//! `hone demo net`: a person names three conditions of a motor, a network learns them in 8-bit integers, loses half of its units, and makes up
//! for them.

use super::{DemoArgs, Story};
use crate::device::flash::HostFlash;
use crate::device::session::{self, Handles};
use crate::device::source::Source;
use crate::output;
use crate::plot::{self, Curve};
use hone_learn::{ClassId, Decision};
use std::io::IsTerminal as _;
use std::process::ExitCode;

/// What the motor does, as classes from 1 on.
const CONDITIONS: [&str; 3] = ["normal", "imbalance", "bearing"];
/// Windows of each that are labelled.
const LABELLED: u32 = 20;
/// The least share of windows that is to be right for the story to end well.
const ENOUGH: f64 = 0.9;

/// A line on standard output.
macro_rules! say {
    ($($arg:tt)*) => { output::print(&format!("{}\n", format_args!($($arg)*))) };
}

/// Tells the story; fails where the network does not tell the conditions apart or the figure cannot be written.
pub fn tell(args: &DemoArgs) -> ExitCode {
    let device = session::device(Source::rig(args.seed), HostFlash::ram());
    let handles = Handles::of(&device);
    let pace = args.pace.or_else(|| std::io::stdout().is_terminal().then_some(4.0));
    let mut story = Story::new(device, handles, pace);

    say!(
        "# A motor runs with an accelerometer on it. A person names what it does: {LABELLED} windows of each condition."
    );
    let mut well = story.command("sensor info");
    for (condition, id) in CONDITIONS.iter().zip(1..) {
        well &= story.command(&format!("rig {condition}"));
        well &= story.command("wait 0.5");
        well &= story.command(&format!("label {id} {condition} --windows {LABELLED}"));
        well &= story.command("wait 3");
    }
    say!("# A network learns from these rows, in 8-bit integers, and holds a fifth of them back to judge itself by.");
    well &= story.command("config set net.hold 0.2");
    well &= story.command("train net --wait");
    let first = std::mem::take(&mut story.passes);
    well &= story.command("model info");
    say!("# It judges what it has not seen.");
    let (whole, all) = judged(&mut story, &mut well);
    say!("# {whole} of {all} windows right.");
    say!("# Half of its units are left out, those that matter least, and it goes on learning from the same rows.");
    well &= story.command("rig normal");
    well &= story.command("model prune 50 --yes");
    well &= story.command("train net --continue --wait");
    well &= story.command("model info");
    let (half, of) = judged(&mut story, &mut well);
    say!("# With half of its units {half} of {of} windows right.");
    for (right, all) in [(whole, all), (half, of)] {
        well &= all > 0 && f64::from(right) >= ENOUGH * f64::from(all);
    }
    let second = std::mem::take(&mut story.passes);
    well &= figure(args, &first, &second);
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Windows that are judged right, of those judged, five seconds of each condition.
fn judged(story: &mut Story, well: &mut bool) -> (u32, u32) {
    story.handles.links.request.update(|w| w.verbose = true);
    let (mut right, mut all) = (0, 0);
    for (condition, id) in CONDITIONS.iter().zip(1..) {
        *well &= story.command(&format!("rig {condition}"));
        // The window in which it changes is of neither.
        *well &= story.command("wait 0.3");
        let before = story.seen.len();
        *well &= story.command("wait 5");
        for seen in story.seen.get(before..).unwrap_or(&[]) {
            all += 1;
            right += u32::from(seen.decision == Decision::Class(ClassId(id)));
        }
    }
    story.handles.links.request.update(|w| w.verbose = false);
    (right, all)
}

fn figure(args: &DemoArgs, first: &[(f32, Option<f32>)], second: &[(f32, Option<f32>)]) -> bool {
    let passes = || first.iter().chain(second).zip(1u32..);
    let held = Curve {
        name: "accuracy on rows held back".into(),
        points: passes().filter_map(|(p, x)| Some((x.into(), f64::from(p.1?.clamp(0.0, 1.0))))).collect(),
    };
    let loss = Curve { name: "loss".into(), points: passes().map(|(p, x)| (x.into(), p.0.into())).collect() };
    let about = format!(
        "dense32 in 8-bit integers on three conditions of a motor; from pass {} on half of its units",
        first.len() + 1
    );
    let axes = ("passes over the rows", "accuracy", "loss");
    match plot::curves(&args.plot, "A network learns, is pruned, and learns on", &about, axes, &[held], &loss) {
        Ok(()) => {
            say!("# Loss and accuracy by pass are drawn in {}.", args.plot.display());
            true
        }
        Err(error) => {
            output::error(&error.to_string());
            false
        }
    }
}
