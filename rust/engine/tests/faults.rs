//! What happens when the sensor or the platform misbehaves: a counted, visible fault, and the model in use stays.

mod common;

use common::{Act, Bench};
use hone_engine::capacity::{WINDOW_FRAMES, WINDOW_POOL};
use hone_engine::data::event::Event;
use hone_engine::data::order::JobFault;
use hone_engine::data::stats::{SamplingStats, SensorHealth};
use hone_engine::{Links, Memory, Parts, SensorError};
use hone_learn::Decision;
use hone_signal::{Faults, Micros, Rate};

fn failure(bench: &Bench) -> Option<JobFault> {
    bench.links.training.get().history.last().copied().flatten().and_then(|e| e.result.err())
}

/// The loops of a device, each to be run by itself.
fn parts() -> Parts {
    let (links, memory) = (Box::leak(Box::new(Links::new())), Box::leak(Box::new(Memory::ZERO)));
    memory.split(links)
}

#[test]
fn a_sensor_missing_at_boot_is_reported_once_retried_and_taken_into_use_when_it_comes() {
    let mut b = Bench::new();
    b.device.sensor.act = Act::Missing;
    b.run(2.0);
    let lost = |e: &&Event| matches!(e, Event::SensorLost { error: SensorError::Missing, .. });
    assert_eq!(b.events.iter().filter(lost).count(), 1);
    let s = b.links.sampling.get();
    assert_eq!(s.health, SensorHealth::Lost(SensorError::Missing));
    assert!((15..=25).contains(&s.errors), "asked ten times a second, not {} times in 2 s", s.errors);
    assert!(b.command("sensor info").is_ok() && b.text.contains("not there"), "{}", b.text);
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    assert!(b.has(|e| matches!(e, Event::SensorBack { .. })));
    assert_eq!(b.links.sampling.get().health, SensorHealth::Well);
    assert!(b.links.inference.get().windows >= 6);
}

#[test]
fn a_sensor_that_dies_breaks_the_window_off_and_the_verdicts_go_on_afterwards() {
    let mut b = Bench::trained();
    let before = b.links.inference.get();
    b.run(0.05);
    b.device.sensor.act = Act::Broken;
    b.run(1.0);
    let during = b.links.inference.get();
    b.device.sensor.act = Act::Hum;
    b.run(2.0);
    let after = b.links.inference.get();
    assert_eq!(after.broken, before.broken + 1);
    assert!(after.normal > during.normal + 5);
    assert_eq!(after.anomalous, before.anomalous, "a gap is no anomaly");
}

/// Times at which alarms begin and end, with their numbers.
fn alarms(b: &Bench) -> Vec<(u32, Option<Micros>)> {
    b.events
        .iter()
        .filter_map(|e| match e {
            Event::Alarm { episode, .. } => Some((episode.number, episode.end)),
            _ => None,
        })
        .collect()
}

#[test]
fn an_anomaly_is_one_alarm_from_begin_to_end_and_the_light_follows_it() {
    let mut b = Bench::trained();
    b.run(20.0);
    assert_eq!(alarms(&b), []);
    b.device.sensor.act = Act::Loud;
    b.run(3.0);
    assert_eq!(alarms(&b), [(1, None)]);
    assert_eq!(b.device.led.0.borrow().last(), Some(&true));
    let active = b.links.inference.get().alarm.active().expect("it lasts");
    assert!(active.peak.level > 2.0 && active.peak.time >= active.begin, "{active:?}");
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    // A second blow within the time of release is of the same alarm.
    b.device.sensor.act = Act::Loud;
    b.run(1.0);
    b.device.sensor.act = Act::Hum;
    b.run(5.0);
    let end = b.links.inference.get().alarm.last().and_then(|e| e.end).expect("it is over");
    assert_eq!(alarms(&b), [(1, None), (1, Some(end))]);
    assert_eq!(b.device.led.0.borrow().last(), Some(&false));
    b.command("stats").unwrap();
    assert!(b.text.contains("alarms        1 so far, none lasts\nlast alarm    ["), "{}", b.text);
    // With a limit out of reach and no share of windows it does not begin.
    for set in ["limit 1000", "count 32", "of 31"] {
        b.command(&format!("config set alarm.{set}")).unwrap();
    }
    b.device.sensor.act = Act::Loud;
    b.run(0.5);
    let alarm = b.links.inference.get().alarm;
    assert!(alarm.count() == 1 && alarm.sum() > 1.0, "{alarm:?}");
    // Without inference there is no alarm either.
    b.command("config reset alarm.limit").unwrap();
    b.run(1.0);
    assert!(b.links.inference.get().alarm.active().is_some());
    b.command("infer off").unwrap();
    b.run(1.0);
    assert!(b.links.inference.get().alarm.active().is_none() && b.device.led.0.borrow().last() == Some(&false));
}

#[test]
#[cfg(feature = "knn")]
fn the_neighbours_find_a_fault_at_once_and_say_where() {
    let mut b = Bench::new();
    b.command("config set knn.windows 64").unwrap();
    b.command("config set knn.calibrate 64").unwrap();
    b.command("train knn").unwrap();
    b.run(30.0);
    b.command("model info").unwrap();
    assert!(b.text.contains("keeps 64 of 64 healthy windows"), "{}", b.text);
    // What it assumes, and that it would rather have more windows.
    for words in ["with 95.0 % confidence, by 64 windows", "if logarithms of healthy distances are normal", "margin: "]
    {
        assert!(b.text.contains(words), "{words}: {}", b.text);
    }
    b.run(60.0);
    assert_eq!(alarms(&b), []);
    assert!(b.links.inference.get().normal > 100);
    b.device.sensor.act = Act::Loud;
    b.run(0.5);
    let alarm = b.links.inference.get().alarm.active().expect("an alarm");
    assert!(alarm.peak.level > 2.0 && alarm.peak.cause.is_some(), "{alarm:?}");
    // A rate of false alarms a million times as high gives a lower threshold.
    let threshold = |b: &mut Bench| {
        b.command("model info").unwrap();
        let (_, after) = b.text.rsplit_once("anomalous at ").expect("a threshold");
        after.split(' ').next().unwrap().parse::<f32>().unwrap()
    };
    let strict = threshold(&mut b);
    b.device.sensor.act = Act::Hum;
    b.command("config set alarm.per-day 10000").unwrap();
    b.command("train knn").unwrap();
    b.run(30.0);
    let lax = threshold(&mut b);
    assert!(lax < strict, "{lax} {strict}");
}

#[test]
fn a_stuck_sensor_is_reported_and_its_windows_are_neither_judged_nor_learnt() {
    let mut b = Bench::trained();
    b.device.sensor.act = Act::Constant;
    b.run(0.4);
    let before = b.links.inference.get();
    b.run(1.0);
    let after = b.links.inference.get();
    assert!(b.has(|e| matches!(e, Event::SensorSuspect { faults, .. } if faults.any(Faults::STUCK))));
    assert_eq!(b.links.sampling.get().health, SensorHealth::Suspect(Faults::STUCK));
    assert_eq!(after.verdicts(), before.verdicts());
    assert!(after.rejected >= before.rejected + 7);
    b.device.sensor.act = Act::Hum;
    b.run(0.5);
    assert!(b.has(|e| matches!(e, Event::SensorBack { .. })));
}

#[test]
fn what_is_wrong_is_the_health_and_each_change_of_it_is_told() {
    let mut b = Bench::new();
    b.run(0.2);
    let mut told = Vec::new();
    for (act, health) in [
        (Act::Saturated, SensorHealth::Suspect(Faults::SATURATED)),
        (Act::Constant, SensorHealth::Suspect(Faults::STUCK)),
        (Act::Nan, SensorHealth::Suspect(Faults::NOT_A_NUMBER)),
        (Act::Constant, SensorHealth::Suspect(Faults::STUCK)),
        (Act::Hum, SensorHealth::Well),
    ] {
        b.device.sensor.act = act;
        b.run(0.5);
        assert_eq!(b.links.sampling.get().health, health, "{act:?}");
        told.push(b.events.iter().rev().find_map(|e| match e {
            Event::SensorSuspect { faults, .. } => Some(*faults),
            Event::SensorBack { .. } => Some(Faults::NONE),
            _ => None,
        }));
    }
    let (wrong, stuck) = (Faults::SATURATED, Faults::STUCK);
    assert_eq!(told, [wrong, stuck, Faults::NOT_A_NUMBER, stuck, Faults::NONE].map(Some));
    assert!(b.events.len() < 20, "a change is told once: {:?}", b.events);
}

#[test]
fn windows_with_values_that_are_not_numbers_are_counted_and_rejected() {
    let mut b = Bench::trained();
    b.device.sensor.act = Act::Nan;
    b.run(0.4);
    let before = b.links.inference.get();
    b.run(0.5);
    let after = b.links.inference.get();
    assert_eq!(after.verdicts(), before.verdicts());
    assert!(after.rejected > before.rejected && b.links.sampling.get().not_a_number >= 800);
}

#[test]
fn a_saturated_window_is_judged_but_never_learnt() {
    let mut b = Bench::trained();
    b.device.sensor.act = Act::Saturated;
    let before = b.links.inference.get();
    b.run(2.0);
    assert!(b.links.inference.get().anomalous > before.anomalous, "a blow beyond the range is an anomaly");
    assert!(b.links.sampling.get().saturated >= 1900);
    assert!(b.command("train esn --windows 20 --wait").is_err());
    assert_eq!(failure(&b), Some(JobFault::NoWindows));
    assert!(b.text.contains("sensor info"), "{}", b.text);
}

#[test]
fn late_sampling_is_counted_as_overruns_and_starts_the_window_anew() {
    let mut b = Bench::new();
    let Parts { links, mut sampling, mut inference, events, .. } = parts();
    let sensor = &mut b.device.sensor;
    let mut due = sampling.turn(Micros(0), sensor);
    for _ in 0..40 {
        due = sampling.turn(due, sensor);
    }
    due = sampling.turn(Micros(due.0 + 5_300), sensor);
    assert_eq!(links.sampling.get().overruns, 5);
    let told = std::iter::from_fn(|| events.receive());
    assert_eq!(told.filter(|e| matches!(e, Event::Overrun { frames: 5, .. })).count(), 1);
    for _ in 1..WINDOW_FRAMES {
        while inference.turn(&|| due, &mut b.lamp) {}
        assert_eq!(links.inference.get().windows, 0, "none with frames from before");
        due = sampling.turn(due, sensor);
    }
    sampling.turn(due, sensor);
    while inference.turn(&|| due, &mut b.lamp) {}
    assert_eq!((links.inference.get().broken, links.inference.get().windows), (1, 1));
}

/// A sensor of 1000 Hz that sets the pace and gives frames at these times, and what was told of it.
struct Paced {
    sensor: Bench,
    events: Vec<Event>,
    stats: SamplingStats,
    /// What `stats` says.
    text: String,
}

fn paced(times: impl IntoIterator<Item = u64>) -> Paced {
    let mut b = Bench::sampling(common::TestFlash::new(2), |s| s.pace = hone_engine::Pace::Trigger);
    let Parts { links, mut sampling, console, events, .. } = parts();
    let mut told = Vec::new();
    for time in times {
        b.device.sensor.waiting.push_back(Micros(time));
        sampling.turn(Micros(time), &mut b.device.sensor);
        told.extend(std::iter::from_fn(|| events.receive()));
    }
    let last = links.sampling.get().last_time;
    let due = sampling.turn(last, &mut b.device.sensor);
    assert_eq!(due, Micros(last.0 + 100_000), "then it has fallen silent");
    sampling.turn(due, &mut b.device.sensor);
    told.extend(std::iter::from_fn(|| events.receive()));
    console.run(&["stats"], &mut b).unwrap();
    let text = std::mem::take(&mut b.text);
    Paced { sensor: b, events: told, stats: links.sampling.get(), text }
}

#[test]
fn a_sensor_that_sets_the_pace_is_taken_as_it_comes_and_its_silence_is_told() {
    let p = paced((1..=5000).map(|n| 1000 * n + n * 7919 % 40));
    let s = p.stats;
    assert_eq!((s.frames, s.overruns, s.repeated), (5000, 0, 0));
    assert!((s.intervals.hertz() - 1000.0).abs() < 0.1 && s.intervals.min >= 960 && s.intervals.max <= 1040, "{s:?}");
    assert_eq!(s.health, SensorHealth::Lost(SensorError::Silent));
    assert_eq!(p.sensor.device.sensor.restarts, 1);
    assert!(matches!(p.events.as_slice(), [Event::SensorLost { error: SensorError::Silent, .. }]), "{:?}", p.events);
}

#[test]
fn missing_readings_break_the_window_off_and_a_rate_that_is_off_is_told() {
    for missing in [1, 2, 9] {
        let p = paced((1..=2000).map(|n| 1000 * (n + if n > 1000 { missing } else { 0 })));
        assert_eq!(u64::from(p.stats.overruns), missing);
        let told = |e: &Event| matches!(e, Event::Overrun { frames, .. } if u64::from(*frames) == missing);
        assert!(p.events.iter().any(told), "{:?}", p.events);
    }
    let p = paced((1..=4000).map(|n| 930 * n));
    let told = p.events.iter().find_map(|e| match e {
        Event::SensorRate { nominal, measured, off, .. } => Some((*nominal, *measured, *off)),
        _ => None,
    });
    let (nominal, measured, off) = told.expect("it is told");
    assert!(nominal == 1000.0 && (measured - 1075.27).abs() < 1.0 && off, "{told:?}");
    assert_eq!(p.stats.overruns, 0);
    let row = "rate          1075 Hz measured, 1000 Hz by the sensor's trigger; intervals 930 to 930 us, deviation 0";
    assert!(p.text.contains(row), "{}", p.text);
}

#[test]
fn a_pace_that_does_not_divide_a_second_holds_in_the_long_run() {
    struct Odd;
    impl hone_engine::Sensor for Odd {
        fn info(&self) -> hone_engine::SensorInfo {
            let meaning = [hone_signal::Channel::default(); hone_engine::capacity::CHANNELS];
            hone_engine::SensorInfo {
                name: "odd",
                rate: Rate::new(416, 1),
                pace: hone_engine::Pace::Clock,
                channels: 1,
                meaning,
            }
        }
        fn read(&mut self, now: Micros, _: &mut [i16]) -> Result<hone_engine::Reading, SensorError> {
            Ok(hone_engine::Reading::new(now, Faults::NONE))
        }
    }
    let mut sampling = parts().sampling;
    let mut due = Micros(0);
    for _ in 0..4160 {
        due = sampling.turn(due, &mut Odd);
    }
    assert_eq!(due, Micros(10_000_000));
}

#[test]
fn blocks_that_nobody_takes_are_counted_as_lost() {
    let mut b = Bench::new();
    let Parts { links, mut sampling, .. } = parts();
    let mut due = Micros(0);
    for _ in 0..16 * 12 {
        due = sampling.turn(due, &mut b.device.sensor);
    }
    let s = links.sampling.get();
    assert_eq!((s.queue_high, s.blocks_lost), (8, 4));
}

#[test]
fn constant_data_cannot_be_trained_on_and_the_model_in_use_stays() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    b.device.sensor.act = Act::FlatChannel;
    b.run(0.2);
    assert!(b.command("train esn --wait").is_err());
    assert!(b.text.contains("never changed"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
    b.device.sensor.act = Act::Hum;
    b.run(2.0);
    assert_eq!(b.links.inference.get().last.map(|l| l.answer.verdict.decision), Some(Decision::Normal));
}

#[test]
fn a_cancelled_training_leaves_the_model_in_use_and_its_windows_come_back() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    b.command("train esn").unwrap();
    b.run(1.0);
    assert!(b.links.training.get().running());
    b.command("train cancel").unwrap();
    assert_eq!(failure(&b), Some(JobFault::Cancelled));
    assert_eq!(b.links.published.get(), published);
    b.run(1.0);
    assert!(b.links.windows_free() >= WINDOW_POOL - 1, "no window stays behind");
    assert!(b.command("train cancel").is_err(), "there is nothing to cancel");
    b.command("train esn --wait").unwrap();
    assert_ne!(b.links.published.get(), published);
}

#[test]
fn many_trainings_in_a_row_never_run_out_of_slots() {
    let mut b = Bench::new();
    b.run(0.1);
    for _ in 0..8 {
        b.command("train esn --windows 24 --wait").unwrap();
        b.run(0.3);
    }
    assert_eq!(b.links.inference.get().swaps, 8);
}

#[test]
fn absurd_parameters_are_refused_before_anything_is_collected() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    for line in ["config set esn.leak 2", "config set esn.units 63.5", "config set esn.k nan", "config set esn.nope 1"]
    {
        assert!(b.command(line).is_err(), "{line}");
        assert!(b.text.starts_with("error: "), "{}", b.text);
    }
    assert!(b.command("config set esn.leak 2").is_err() && b.text.contains("from 0"), "the range: {}", b.text);
    assert!(b.command("config set esn.units 200").is_err() && b.text.contains("from 8 to 64"), "{}", b.text);
    assert!(b.command("config set esn.units 60").is_err() && b.text.contains("a multiple of 8"), "{}", b.text);
    assert!(b.command("config set features.bands 17").is_err() && b.text.contains("room for 48"), "{}", b.text);
    b.command("config list esn").unwrap();
    assert!(b.text.contains("esn.units = 64 ") && b.text.contains("from 8 to 64)"), "{}", b.text);
    b.command("config set esn.feedback 0.5").unwrap();
    b.command("config set esn.readout input-state-output").unwrap();
    b.command("config set esn.washout 128").unwrap();
    assert!(b.command("train esn --wait").is_err(), "what contradicts is told before anything is collected");
    assert!(b.text.contains("washout"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
}
