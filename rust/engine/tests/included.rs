//! Builds with some of the learners alone: run with `--no-default-features --features esn`, or others. What is there works,
//! what is not is refused by name, and nothing of it is listed.

mod common;

use common::{Bench, TestFlash, taught, verdicts};
use hone_engine::command::{COMMANDS, complete};
use hone_engine::data::config::Config;
use hone_engine::data::event::Event;
use hone_engine::data::order::KeepError;
use hone_engine::data::storage::{Flash, Key, Storage as _};
use hone_engine::learners::{LABELS, Learner, Missing, ROWS};
use hone_model::frame::{LINE, Sender};
use hone_model::{Contents, SliceSink};

fn missing() -> impl Iterator<Item = Missing> {
    Missing::all()
}

/// Learners of this build, and the words that train them.
fn there() -> impl Iterator<Item = (Learner, String)> {
    Learner::ALL.iter().map(|learner| {
        let wait = if learner.learns_in_place() { "" } else { " --wait" };
        (*learner, format!("train {}{wait}", learner.name()))
    })
}

fn all() -> String {
    Learner::NAMES.join(", ")
}

/// A device that has learnt by the first learner that is there.
fn learnt() -> Bench {
    let (_, command) = there().next().expect("a build has a learner");
    taught(&command)
}

fn completed(words: &[&str], start: &str) -> Vec<String> {
    let mut found = Vec::new();
    complete(words, start, &mut |word| found.push(word.to_owned()));
    found
}

#[test]
fn what_the_features_say_is_what_is_there() {
    let all = ["esn", "svm", "rce", "linear", "net", "vae", "knn", "centroid"];
    let features = [
        cfg!(feature = "esn"),
        cfg!(feature = "svm"),
        cfg!(feature = "rce"),
        cfg!(feature = "linear"),
        cfg!(feature = "net"),
        cfg!(feature = "vae"),
        cfg!(feature = "knn"),
        cfg!(feature = "centroid"),
    ];
    assert!(there().count() + missing().count() >= all.len());
    assert_eq!(features, all.map(|name| Learner::from_name(name).is_some()));
    assert_eq!(features, all.map(|name| Missing::from_name(name).is_none()));
    assert_eq!(
        ROWS,
        features[1]
            || features[4]
            || features[5]
            || features[7]
            || cfg!(all(feature = "linear", feature = "linear-set"))
    );
    assert_eq!(LABELS, ROWS || features[2]);
    for (place, learner) in Learner::ALL.iter().enumerate() {
        assert_eq!((Learner::NAMES[place], usize::from(learner.index())), (learner.name(), place));
        assert_eq!(Learner::from_code(learner.code()), Some(*learner));
    }
}

#[test]
fn each_learner_there_trains_judges_and_is_restored() {
    for (learner, command) in there() {
        let mut b = taught(&command);
        assert_eq!(b.links.published.get().map(|p| p.learner), Some(learner));
        b.command("model info").unwrap();
        assert!(b.text.starts_with(learner.name()), "{}", b.text);
        b.command("model save").unwrap();
        let before = verdicts(&mut b);
        assert!(before.len() > 15);
        let mut b = b.reboot();
        assert_eq!(verdicts(&mut b), before, "{command}");
        b.command("stats").unwrap();
        assert!(b.text.contains(&format!("\nmodel         {}, ", learner.name())), "{}", b.text);
        b.command("stats --json").unwrap();
        assert_eq!(
            (b.text.contains(r#""stats":"data""#), b.text.contains(r#""stats":"online""#)),
            (ROWS, learner.learns_in_place())
        );
    }
}

#[cfg(feature = "small-models")]
#[test]
fn each_learner_there_is_put_into_integers() {
    for (learner, command) in there() {
        let mut b = taught(&command);
        if b.command("model quantize int8 --windows 40 --yes").is_err() {
            assert!(b.text.contains("no such form"), "{}", b.text);
            continue;
        }
        assert!(b.text.contains("replaced: "), "{}", b.text);
        b.command("model info").unwrap();
        assert!(b.text.starts_with(learner.name()) && b.text.contains("in 8-bit integers"), "{}", b.text);
        assert!(verdicts(&mut b).len() > 15);
    }
}

#[test]
fn labelled_windows_become_rows_for_the_svm_alone() {
    let mut b = Bench::new();
    b.run(0.1);
    let labels = b.command("label 1").is_ok();
    b.run(2.0);
    let data = b.links.data.get();
    assert_eq!((labels, data.rows > 0, data.missed), (LABELS, ROWS, 0));
}

#[test]
fn nearest_neighbours_are_the_default_and_else_the_first_there_is() {
    let named = |name: &str| there().map(|(learner, _)| learner).find(|l| l.name() == name);
    let first = named("knn").or_else(|| there().next().map(|(learner, _)| learner));
    assert_eq!(Some(Config::DEFAULT.device.learner), first);
    let mut b = Bench::new();
    b.run(0.1);
    b.links.press_button();
    b.run(1.0);
    assert!(
        b.has(|e| matches!(e, Event::TrainingStarted { learner, .. } if Some(*learner) == first)),
        "{:?}",
        b.events
    );
}

#[test]
fn one_that_is_not_there_is_refused_by_its_option() {
    for learner in missing() {
        let mut b = learnt();
        let before = b.links.published.get();
        b.events.clear();
        assert!(b.command(&format!("train {}", learner.name())).is_err());
        let name = learner.name();
        let option = format!("CONFIG_HONE_{}", name.to_uppercase());
        assert_eq!(b.text, format!("error: this build has no {name} ({option}); there are {}\n", all()));
        assert!(b.command(&format!("config set device.learner {name}")).is_err());
        b.command("config get device.learner").unwrap();
        assert_eq!(b.text, format!("{}\n", Config::DEFAULT.device.learner.name()));
        assert_eq!(b.links.published.get(), before);
    }
}

#[test]
fn only_what_is_there_is_listed() {
    let mut b = Bench::new();
    b.command("config list").unwrap();
    let list = b.text.clone();
    let words = completed(&["train"], "");
    for (name, there) in there().map(|(l, _)| (l.name(), true)).chain(missing().map(|m| (m.name(), false))) {
        assert_eq!(list.contains(&format!("\n{name}.")), there, "{list}");
        assert_eq!(words.iter().any(|w| w == name), there);
        assert_eq!(completed(&["config", "get"], &format!("{name}.")).is_empty(), !there);
        assert_eq!(b.command(&format!("config list {name}")).is_ok(), there);
    }
    assert_eq!(list.contains("features.steps"), hone_engine::learners::WINDOWS);
    assert!(b.command("config list nothing").is_err());
    let alarm = if cfg!(feature = "alarm") { "alarm, " } else { "" };
    assert!(b.text.contains(&format!("there are device, {alarm}{}, features", all())), "{}", b.text);
    b.command("help").unwrap();
    let help = b.text.clone();
    for (command, there) in [("data", ROWS), ("svm", false), ("label", LABELS), ("train", true), ("eval", true)] {
        assert_eq!(COMMANDS.iter().any(|c| c.name == command), there);
        assert_eq!(
            help.contains(&format!("\n{command} ")) || help.starts_with(&format!("{command} ")),
            there,
            "{help}"
        );
        assert_eq!(completed(&[], command).iter().any(|w| w == command), there);
        let _ = b.command(command);
        assert_eq!(b.text.contains("is no command"), !there, "{}", b.text);
    }
}

/// A model of a learner, as far as one can be told to be of it; what follows is never looked at.
fn container(code: u8) -> Vec<u8> {
    let mut bytes = vec![0; 200];
    let mut sink = SliceSink::new(&mut bytes);
    let length = hone_model::write_raw(&Contents::bare(hone_model::Learner(code), 1), &[7; 20], &mut sink).unwrap();
    bytes.truncate(length as usize);
    bytes
}

#[test]
fn a_model_of_one_that_is_not_there_is_refused_and_stays_in_flash() {
    for learner in missing() {
        let bytes = container(learner.code());
        // It comes over the console.
        let mut b = learnt();
        let before = b.links.published.get();
        let sender = Sender::new(&bytes).unwrap();
        let mut memory = [0; LINE];
        b.typed.extend((0..sender.lines()).map(|l| sender.line(l, &mut memory).unwrap().to_owned()));
        assert!(b.command("model import").is_err());
        let wanted = format!(
            "leaves out, {} (CONFIG_HONE_{}); build it in, or train another",
            learner.name(),
            learner.name().to_uppercase()
        );
        assert!(b.text.contains(&wanted), "{}", b.text);
        assert_eq!(b.links.published.get(), before, "the model in use stays");
        // It is in flash.
        let mut flash = Flash::open(Some(TestFlash::new(2)));
        flash.save(Key::Model, bytes.len() as u32, &mut |put| put(&bytes), &mut |_| ()).unwrap();
        let mut b = Bench::on(flash.close().unwrap());
        let fault = KeepError::Missing(learner);
        assert!(b.has(|e| matches!(e, Event::KeepFailed { error, .. } if *error == fault)), "{:?}", b.events);
        assert!(b.command("model load").is_err() && b.text.contains(&wanted), "{}", b.text);
        b.run(60.0);
        let mut kept = [0; 200];
        assert_eq!(b.device.flash.load(Key::Model, &mut kept), Ok(bytes.len()));
        assert_eq!(kept[..bytes.len()], bytes[..]);
        assert_eq!(b.links.published.get(), None);
    }
}
