//! `hone demo temperature`: a room over some days. The device learns the day's course, the heater fails, and the room leaves the
//! band in which it is expected.

use super::{DemoArgs, Story, seconds};
use crate::device::flash::HostFlash;
use crate::device::room;
use crate::device::session::{self, Handles};
use crate::device::source::{Control, Source};
use crate::output;
use crate::plot::{self, Band, BandPoint, Span};
use hone_signal::Micros;
use std::process::ExitCode;

/// Hours that are learnt, that go well after, and for which the heater is off.
const HOURS: [u32; 3] = [5 * 24, 2 * 24 + 10, 8];

/// A line on standard output.
macro_rules! say {
    ($($arg:tt)*) => { output::print(&format!("{}\n", format_args!($($arg)*))) };
}

/// Tells the story; fails when the failure is not found or the figure cannot be written.
pub fn tell(args: &DemoArgs) -> ExitCode {
    let device = session::device(Source::room(args.seed), HostFlash::ram());
    let handles = Handles::of(&device);
    let Control::Room(heater) = handles.sensor.clone() else { return ExitCode::FAILURE };
    // Days pass as fast as they can, unless it is said how fast.
    let mut story = Story::new(device, handles, args.pace);
    let [learnt, well_for, off] = HOURS;

    say!(
        "# A thermometer in a heated room, read every {} s; it is set back at night. The device knows nothing yet.",
        room::SECONDS
    );
    let mut well = story.command("sensor info");
    say!(
        "# The course of the day, as four harmonics, is learnt over {} days; one value in a thousand is to lie outside.",
        learnt / 24
    );
    let frames = learnt * 3600 / room::SECONDS;
    let settings = [
        ("lags", "0".to_owned()),
        ("harmonics", "4".to_owned()),
        ("level", "0.999".to_owned()),
        ("in-a-row", "10".to_owned()),
        ("frames", frames.to_string()),
    ];
    for (name, value) in settings {
        well &= story.command(&format!("config set linear.{name} {value}"));
    }
    well &= story.command("train linear --wait");
    well &= story.command("model info");
    story.handles.links.request.update(|w| w.verbose = true);
    say!("# The room goes on as it was.");
    well &= story.hours(well_for);
    say!("# Now the heater fails.");
    let begin = story.now();
    heater.fail(true);
    well &= story.hours(off);
    say!("# And it is repaired.");
    let end = story.now();
    heater.fail(false);
    well &= story.hours(24);
    well &= super::judge(&story, "failure", begin, end);
    well &= figure(&story, args, (begin, end));
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Story {
    fn hours(&mut self, hours: u32) -> bool {
        (0..hours.div_ceil(24)).all(|day| self.command(&format!("wait {}", 3600 * (hours - 24 * day).min(24))))
    }
}

fn figure(story: &Story, args: &DemoArgs, (begin, end): (Micros, Micros)) -> bool {
    let degrees = |lsb: f32| f64::from(lsb) * room::SCALE;
    let point = |s: &super::Seen| {
        let e = s.estimate?;
        let expected = Some([e.value, e.lower, e.upper].map(degrees));
        Some(BandPoint {
            time_s: seconds(s.time),
            seen: degrees(e.seen),
            expected,
            alarmed: s.anomalous,
            starts: false,
        })
    };
    let points: Vec<BandPoint> = story.seen.iter().filter_map(point).collect();
    let normal = points.iter().filter(|p| !(seconds(begin)..seconds(end)).contains(&p.time_s));
    let within = |p: &BandPoint| p.expected.is_some_and(|[_, lower, upper]| (lower..=upper).contains(&p.seen));
    let (inside, all) = normal.fold((0, 0), |(inside, all), p| (inside + u32::from(within(p)), all + 1));
    say!("# {inside} of {all} windows with the heater on end within the band.");
    let band = Band {
        title: "A room with a heater that fails".into(),
        subtitle: format!(
            "linear regression on four harmonics of a day, learnt on the device over {} days; the last value of each window",
            HOURS[0] / 24
        ),
        value: "temperature, °C".into(),
        points,
        spans: vec![Span { start_s: seconds(begin), end_s: seconds(end), label: "heater off".into() }],
    };
    match plot::band(&args.plot, &band) {
        Ok(()) => {
            say!("# The temperature and the band in which it was expected are drawn in {}.", args.plot.display());
            true
        }
        Err(error) => {
            output::error(&error.to_string());
            false
        }
    }
}
