//! The shell's commands, button and light, on a settable clock.

mod common;

use common::{Act, Bench};
use hone_engine::command::{COMMANDS, TEXTS, complete};
use hone_engine::data::event::Event;
use hone_engine::data::order::JobFault;
use hone_engine::text::Line;
use hone_engine::{data::config::Style, say::telemetry};
use hone_learn::Decision;
use proptest::prelude::*;

#[test]
fn as_many_windows_as_may_be_asked_for_are_within_the_range_of_each_phase() {
    let mut b = Bench::new();
    b.run(0.1);
    let mut begin = |phases| {
        b.links.config.update(|c| {
            (c.learners.esn.scale_windows, c.learners.esn.fit_windows, c.learners.esn.calibrate_windows) = phases
        });
        b.events.clear();
        b.command("train esn --windows 10000").unwrap();
        b.run(1.0);
        let _ = b.command("train cancel");
        b.events.iter().find_map(|e| match e {
            Event::TrainingFailed { fault, .. } => Some(*fault),
            _ => None,
        })
    };
    // Nearly all for one phase.
    for phases in [(1, 10_000, 2), (10_000, 1, 2)] {
        // By the user: until then it ran.
        assert_eq!(begin(phases), Some(JobFault::Cancelled), "{phases:?}");
    }
    // Errors are remembered one by one, which memory limits and not the range.
    let fault = begin((1, 64, 10_000));
    assert!(matches!(fault, Some(JobFault::Workspace { .. })), "{fault:?}");
}

#[test]
fn a_loud_hum_is_anomalous_and_the_light_shows_it() {
    let mut b = Bench::trained();
    b.run(2.0);
    b.lamp.0.borrow_mut().clear();
    b.device.sensor.act = Act::Loud;
    b.run(1.0);
    assert_eq!(b.links.inference.get().last.map(|l| l.answer.verdict.decision), Some(Decision::Anomalous));
    assert_eq!(*b.lamp.0.borrow(), [true]);
    b.device.sensor.act = Act::Hum;
    b.run(2.0);
    assert_eq!(*b.lamp.0.borrow(), [true, false]);
    let changes = b.events.iter().filter(|e| matches!(e, Event::Verdict { .. })).count();
    assert_eq!(changes, 3, "one line for each change: normal, anomalous, normal");
}

#[test]
fn the_button_trains_once_however_it_bounces_and_the_light_blinks() {
    let mut b = Bench::new();
    b.run(0.1);
    let bounce = |b: &mut Bench, rest: bool| {
        for n in 0..21 {
            b.links.button_changed((n % 2 == 0) == rest);
            b.run(0.003);
        }
    };
    bounce(&mut b, true);
    b.run(0.2);
    bounce(&mut b, false);
    b.run(1.0);
    assert_eq!((b.links.training.get().id, b.links.training.get().running()), (1, true));
    // Pressed again while training: refused, told, nothing lost.
    b.links.press_button();
    b.run(1.0);
    assert!(b.has(|e| matches!(e, Event::TrainingRefused { .. })));
    assert_eq!(b.links.training.get().id, 1);
    b.run(60.0);
    assert!(b.has(|e| matches!(e, Event::TrainingDone { id: 1, .. })));
    let on = b.lamp.0.borrow().iter().filter(|on| **on).count();
    assert_eq!(on, 6, "five blinks a second for 1.2 s");
    // Held for longer than a training takes, then let go with bounces: one training more, and not two.
    bounce(&mut b, true);
    b.run(60.0);
    bounce(&mut b, false);
    b.run(60.0);
    assert_eq!((b.links.training.get().id, b.links.training.get().running()), (3, false));
    b.links.press_button();
    b.run(1.0);
    assert_eq!((b.links.training.get().id, b.links.training.get().running()), (4, true));
}

#[test]
fn training_shows_progress_and_the_report() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("train esn --windows 40 --wait").unwrap();
    assert!(b.text.contains("collecting 50 %") && b.text.contains("converged on"), "{}", b.text);
    b.command("train status").unwrap();
    assert!(b.text.contains("training 1: esn, converged"), "{}", b.text);
    assert!(b.command("train rce-what").is_err() && b.text.contains("there are esn, svm, rce"), "{}", b.text);
    for windows in [3, 10_001, 60_000] {
        assert!(b.command(&format!("train --windows {windows}")).is_err());
        assert!(b.text.contains("from 10 to 10000"), "{}", b.text);
    }
}

#[test]
fn infer_once_waits_for_a_verdict_or_says_why_there_is_none() {
    let mut b = Bench::new();
    assert!(b.command("infer once").is_err() && b.text.contains("'train'"), "{}", b.text);
    let mut b = Bench::trained();
    b.command("infer off").unwrap();
    b.run(1.0);
    let before = b.links.inference.get().verdicts();
    b.command("infer once").unwrap();
    assert!(b.text.starts_with("normal, score "), "{}", b.text);
    assert_eq!(b.links.inference.get().verdicts(), before + 1);
    b.device.sensor.act = Act::Broken;
    assert!(b.command("infer once").is_err() && b.text.contains("no window came"), "{}", b.text);
}

#[test]
fn verbose_inference_tells_every_window() {
    let mut b = Bench::trained();
    b.command("infer on -v").unwrap();
    b.events.clear();
    b.run(1.28);
    assert!((9..=11).contains(&b.events.iter().filter(|e| matches!(e, Event::Verdict { .. })).count()));
}

#[test]
fn every_line_of_json_is_one_object() {
    let mut b = Bench::trained();
    b.command("train esn").unwrap();
    b.run(0.1);
    b.command("train cancel").unwrap();
    b.command("stats --json").unwrap();
    let text = b.text.clone();
    assert!(text.lines().count() >= 5);
    for line in text.lines() {
        let value: serde_json::Value = serde_json::from_str(line).expect(line);
        assert!(value["stats"].is_string());
    }
    assert!(!b.events.is_empty());
    for event in &b.events {
        let mut line = Line::<512>::default();
        telemetry::write(event, Style::Json, &b.links.names.get(), &mut line);
        let value: serde_json::Value =
            serde_json::from_str(line.as_str()).unwrap_or_else(|e| panic!("{e}: {}", line.as_str()));
        assert!(value["event"].is_string() && value["time_us"].is_u64());
    }
}

#[test]
fn configuration_is_listed_read_and_changed_by_name() {
    let mut b = Bench::new();
    b.command("config list").unwrap();
    assert!(b.text.contains("esn.units = ") && b.text.contains("device.telemetry = text"), "{}", b.text);
    b.command("config set device.telemetry json").unwrap();
    b.command("config get device.telemetry").unwrap();
    assert_eq!(b.text, "json\n");
    assert!(b.command("config list nowhere").is_err() && b.text.contains("there are device"), "{}", b.text);
}

#[test]
fn help_and_completion_know_every_command() {
    let mut b = Bench::new();
    b.command("help").unwrap();
    for command in COMMANDS {
        assert!(b.text.contains(command.name) && !command.help.is_empty());
    }
    let texts = TEXTS.iter().map(|text| text.to_str().unwrap().to_owned());
    let whole = COMMANDS.iter().map(|c| format!("{}\n{} {}", c.help, c.name, c.usage));
    assert!(texts.eq(whole));
    let words = |before: &[&str], start: &str| {
        let mut found = Vec::new();
        complete(before, start, &mut |w| found.push(w.to_owned()));
        found
    };
    assert_eq!(words(&[], "sen"), ["sensor"]);
    assert_eq!(words(&["train"], "--w"), ["--windows", "--wait"]);
    assert_eq!(words(&["train"], "es"), ["esn"]);
    assert_eq!(words(&["config", "set"], "device.tel"), ["device.telemetry"]);
    assert_eq!(words(&["model", "info"], ""), [""; 0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn any_line_is_answered_and_the_model_in_use_stays(
        lines in proptest::collection::vec(
            prop_oneof![
                ".{0,80}",
                "(train|infer|label|stats|model|sensor|config|wait|help)( (esn|--wait|--windows|on|off|-v|once|none|status|cancel|info|read|get|set|list|esn.units|esn.k|device.learner|--json|[0-9]{1,6}|[a-z]{1,9})){0,4}",
            ], 1..6)
    ) {
        thread_local!(static BENCH: std::cell::RefCell<Bench> = std::cell::RefCell::new(Bench::trained()));
        BENCH.with_borrow_mut(|b| {
            for line in &lines {
                // Hours of device time are not what this is about.
                if line.starts_with("wait") { continue; }
                let published = b.links.published.get();
                let failed = b.command(line).is_err();
                // Too many words is the caller's to say.
                let split = hone_engine::command::split::<16>(line).is_ok();
                prop_assert!(!failed || !split || b.text.contains("error: "), "{line}: {}", b.text);
                if !line.starts_with("train") {
                    prop_assert_eq!(published, b.links.published.get());
                }
                prop_assert!(b.links.published.get().is_some());
                b.run(0.05);
            }
            Ok(())
        })?;
    }
}
