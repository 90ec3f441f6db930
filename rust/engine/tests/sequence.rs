//! The ESN over feature vectors: trained, saved, restarted, converted, and refused with a reason.

mod common;

use common::{Act, Bench, verdicts};
use hone_engine::data::event::Event;
use hone_learn::Decision;

/// Parameters with which the hum is learnt from features.
const SET: [&str; 5] = [
    "config set features.features log-spectrum",
    "config set features.bands 4",
    "config set features.steps 8",
    "config set esn.carry on",
    "config set esn.units 16",
];

fn prepared(settings: &[&str]) -> Bench {
    let mut b = Bench::new();
    b.run(0.1);
    for line in settings {
        b.command(line).unwrap();
    }
    b
}

fn learnt(settings: &[&str]) -> Bench {
    let mut b = prepared(settings);
    b.command("train esn --wait").expect("the hum can be learnt");
    b.run(1.0);
    b
}

fn judges(b: &mut Bench, act: Act) -> Decision {
    b.device.sensor.act = act;
    b.run(3.0);
    b.links.inference.get().last.expect("a verdict").answer.verdict.decision
}

#[test]
fn it_learns_the_hum_and_tells_a_louder_one() {
    for features in ["log-spectrum", "time", "random-convolution", "time+log-spectrum"] {
        let mut b = prepared(&SET);
        b.command(&format!("config set features.features {features}")).unwrap();
        b.command("config set features.filters 2").unwrap();
        b.command("train esn --wait").unwrap_or_else(|_| panic!("{features}: {}", b.text));
        b.run(1.0);
        assert_eq!(judges(&mut b, Act::Hum), Decision::Normal, "{features}");
        assert_eq!(judges(&mut b, Act::Loud), Decision::Anomalous, "{features}");
        b.command("model info").unwrap();
        let (bands, wanted) = (b.text.clone(), format!("features a window ({features}), projected to 3 inputs\n"));
        assert!(bands.contains("8 x ") && bands.contains(&wanted), "{bands}");
        b.command("stats").unwrap();
        assert!(b.text.contains("s old, sees 8 feature vectors a window\n"), "{}", b.text);
        b.command("stats --json").unwrap();
        assert!(b.text.contains("\"feature_steps\":8"), "{}", b.text);
    }
}

#[test]
fn few_features_are_the_inputs_themselves() {
    let b = &mut learnt(&SET);
    b.command("config set features.bands 1").unwrap();
    b.command("train esn --wait").unwrap();
    b.command("model info").unwrap();
    assert!(b.text.contains("8 x 3 features a window (log-spectrum), 3 inputs\n"), "{}", b.text);
    assert_eq!(judges(b, Act::Loud), Decision::Anomalous);
}

#[test]
fn one_vector_a_window_is_a_sequence_over_windows() {
    let mut b = prepared(&SET);
    for line in ["config set features.steps 1", "config set esn.washout 4", "config set esn.units 8"] {
        b.command(line).unwrap();
    }
    b.command("train esn --wait").unwrap_or_else(|_| panic!("{}", b.text));
    b.run(2.0);
    assert_eq!(judges(&mut b, Act::Hum), Decision::Normal);
    assert_eq!(judges(&mut b, Act::Loud), Decision::Anomalous);
}

#[test]
fn it_says_the_same_after_a_restart() {
    let mut b = learnt(&SET);
    b.command("model save").unwrap();
    let before = verdicts(&mut b);
    // What is configured counts for the next training, and not for the model that comes back.
    let mut b = b.reboot_with(|links| {
        links.config.update(|c| c.features = hone_signal::features::Params::activity());
    });
    let after = verdicts(&mut b);
    assert!(before.len() > 15 && before.iter().any(|v| v.0 == Decision::Anomalous), "{before:?}");
    assert_eq!(before, after);
    b.command("model info").unwrap();
    assert!(b.text.contains("8 x 12 features a window (log-spectrum), projected to 3 inputs\n"), "{}", b.text);
}

#[test]
fn features_changed_after_the_training_leave_the_model_in_use_as_it_is() {
    let mut b = learnt(&SET);
    let before = verdicts(&mut b);
    b.command("config set features.bands 2").unwrap();
    b.command("config set features.features time").unwrap();
    assert_eq!(verdicts(&mut b), before);
    // Parameters that cannot be: the training says why, and the model in use stays.
    for (setting, reason) in [
        ("features.steps 7", "steps does not divide the frames of a window"),
        ("features.steps 64", "taps and pools exceed the window"),
        ("features.elm-units 64", "features.features asks for 64 and this build has room for 48"),
        ("esn.carry off", "washout leaves no frame of a window to judge"),
        ("esn.fit-windows 1", "fit-windows has fewer frames than the readout has weights"),
    ] {
        let (key, _) = setting.split_once(' ').unwrap();
        b.command(&format!("config get {key}")).unwrap();
        let usual = b.text.trim().to_string();
        b.command("config set features.features random-convolution").unwrap();
        b.command("config set features.filters 2").unwrap();
        b.command(&format!("config set {setting}")).unwrap();
        assert!(b.command("train esn --wait").is_err(), "{setting}: {}", b.text);
        assert!(b.text.contains(reason), "{setting}: {}", b.text);
        b.command(&format!("config set {key} {usual}")).unwrap();
    }
    assert_eq!(verdicts(&mut b), before);
}

#[test]
fn windows_with_faults_and_gaps_are_passed_over() {
    let mut b = prepared(&SET);
    b.command("train esn").unwrap();
    for act in [Act::Nan, Act::Saturated, Act::Broken, Act::Hum] {
        b.device.sensor.act = act;
        b.run(1.0);
    }
    b.run(40.0);
    assert!(b.has(|e| matches!(e, Event::TrainingDone { .. })), "{:?}", b.events);
    assert_eq!(judges(&mut b, Act::Hum), Decision::Normal);
}

#[test]
fn smaller_forms_see_the_same_and_travel_to_another_device() {
    for command in ["model compress 8 --yes", "model quantize int8 --yes", "model quantize q 3 12 --yes"] {
        // More units than the other tests have: a table of clusters pays only where there are many weights.
        let mut b = learnt(&SET[..4]);
        let plain = verdicts(&mut b);
        b.device.sensor.act = Act::Hum;
        b.command(command).unwrap_or_else(|_| panic!("{}", b.text));
        let small = verdicts(&mut b);
        let same = plain.iter().zip(&small).filter(|(a, b)| a.0 == b.0).count();
        assert!(same + 1 >= plain.len(), "{command}: {plain:?} {small:?}");
        b.device.sensor.act = Act::Hum;
        b.run(1.0);
        b.command("model export").unwrap();
        let lines: Vec<String> = b.text.lines().map(Into::into).collect();
        let mut other = Bench::new();
        other.run(0.1);
        other.typed.extend(lines);
        other.command("model import").unwrap_or_else(|_| panic!("{}", other.text));
        assert_eq!(verdicts(&mut other), small, "{command}");
    }
}
