//! Models and parameters that outlive the power: train, save, cut, restart, and the same verdicts to the bit.

mod common;

use common::{Act, Bench, taught, verdicts};
use hone_engine::data::config::Style;
use hone_engine::data::event::Event;
use hone_engine::data::storage::{Key, Storage as _};
use hone_engine::learners::Learner;
use hone_signal::{Rate, Unit};

fn restored(b: &Bench) -> Option<Learner> {
    b.links.published.get().map(|p| p.learner)
}

#[test]
fn each_learner_says_the_same_after_a_restart() {
    for command in ["train esn --wait", "train svm --wait", "train rce"] {
        let mut b = taught(command);
        b.command("model save").unwrap();
        assert!(b.text.starts_with("saved: "), "{}", b.text);
        let learner = restored(&b);
        let before = verdicts(&mut b);
        let names = b.links.names.get();
        let mut b = b.reboot();
        assert_eq!(restored(&b), learner, "{command}");
        assert!(b.has(|e| matches!(e, Event::ModelRestored { .. })), "{:?}", b.events);
        let after = verdicts(&mut b);
        assert!(before.len() > 15, "{} verdicts", before.len());
        assert_eq!(before, after, "{command}");
        assert_eq!(b.links.names.get().iter().collect::<Vec<_>>(), names.iter().collect::<Vec<_>>());
        b.command("model info").unwrap();
        assert!(b.text.contains("saved: "), "{}", b.text);
    }
}

#[test]
fn a_new_model_is_saved_unasked_unless_that_is_off() {
    let b = taught("train esn --wait");
    assert!(b.has(|e| matches!(e, Event::ModelSaved { learner: Learner::Esn, .. })));
    assert!(b.device.flash.length(Key::Model) > 500);
    assert_eq!(restored(&b.reboot()), Some(Learner::Esn));
    let mut b = Bench::new();
    b.run(0.1);
    b.command("config set device.autosave off").unwrap();
    b.command("train esn --wait").unwrap();
    b.run(1.0);
    assert_eq!(b.device.flash.length(Key::Model), 0);
    assert_eq!(restored(&b.reboot()), None);
}

#[test]
fn what_rce_learns_is_saved_when_it_has_been_quiet() {
    let mut b = taught("train rce");
    b.run(20.0);
    let saves = b.links.keeping.get().saves;
    b.run(20.0);
    assert_eq!(b.links.keeping.get().saves, saves + 1);
    b.run(60.0);
    assert_eq!(b.links.keeping.get().saves, saves + 1, "nothing new was learnt");
    let mut b = b.reboot();
    b.run(60.0);
    assert_eq!(b.links.keeping.get().saves, 0, "what was restored is not saved again");
}

#[test]
fn parameters_are_kept_once_they_have_settled_and_can_be_reset() {
    let mut b = Bench::new();
    for value in ["3", "4", "5.5"] {
        b.command(&format!("config set esn.k {value}")).unwrap();
        b.run(0.3);
    }
    b.command("config set device.learner svm").unwrap();
    b.run(2.0);
    assert_eq!(b.links.keeping.get().config_saves, 1, "changes in a row are saved at once");
    let mut b = b.reboot_with(|_| ());
    b.command("config get esn.k").unwrap();
    assert_eq!(b.text, "5.500\n");
    b.command("config get device.learner").unwrap();
    assert_eq!(b.text, "svm\n");
    b.command("config reset esn.k").unwrap();
    b.run(2.0);
    let mut b = b.reboot_with(|_| ());
    let default = hone_engine::data::config::Config::DEFAULT.learners.esn.k;
    assert_eq!((b.links.config.get().learners.esn.k, b.links.config.get().device.learner), (default, Learner::Svm));
    b.command("config reset").unwrap();
    b.run(2.0);
    assert_eq!(b.reboot_with(|_| ()).links.config.get().device.learner, Learner::Knn);
}

#[test]
fn a_training_that_waits_for_a_save_says_so_and_can_be_cancelled() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("train rce").unwrap();
    b.run(0.2);
    b.command("label 1").unwrap();
    b.run(2.0);
    b.command("label none").unwrap();
    // TinyRCE's snapshot lies in the working memory while the erase that saving it takes is told of.
    while !b.has(|e| matches!(e, Event::FlashErasing { .. })) {
        assert!(b.device.now().0 < 120_000_000, "{:?}", b.events);
        b.run(0.01);
    }
    b.command("train esn").unwrap();
    b.command("train status").unwrap();
    let waits = "training 2: esn, waits until what is being saved is in flash; 'train cancel' gives it up\n";
    assert!(b.text.starts_with(waits), "{}", b.text);
    b.command("train cancel").unwrap();
    assert_eq!(b.text, "training 2: esn, cancelled before it began\n");
    b.command("train status").unwrap();
    assert!(!b.text.contains("waits"), "{}", b.text);
    assert!(b.command("train cancel").is_err());
    // One that is waited for says it too, and begins when the save is done.
    b.command("train esn --wait").unwrap();
    assert!(b.text.contains("  waits until what is being saved is in flash\n"), "{}", b.text);
    assert!(b.text.contains("training 3: esn, converged"), "{}", b.text);
    assert!(b.links.keeping.get().saves > 0 && !b.links.keeping.get().saving);
}

#[test]
fn a_model_can_be_saved_while_another_is_trained_but_not_loaded() {
    let mut b = taught("train esn --wait");
    b.command("train esn --windows 60").unwrap();
    b.run(1.0);
    b.command("model save").unwrap();
    for command in ["model load", "model export", "model import"] {
        assert!(b.command(command).is_err());
        assert!(b.text.contains("a training is under way"), "{command}: {}", b.text);
    }
    assert!(b.links.training.get().running());
    b.run(20.0);
    assert_eq!(b.links.training.get().history.iter().flatten().filter(|e| e.result.is_ok()).count(), 2);
}

#[test]
fn a_training_ordered_right_after_an_export_waits_for_the_memory_and_runs() {
    let mut b = taught("train esn --wait");
    b.command("model export").unwrap();
    assert!(b.links.keeping.get().lent, "the memory came home before anything ran");
    b.command("train svm").unwrap_or_else(|_| panic!("{}", b.text));
    b.command("train status").unwrap();
    assert!(b.text.contains("waits until the import or export has ended"), "{}", b.text);
    b.run(60.0);
    let ended = b.links.training.get().ended(2).expect("it has ended");
    assert!(ended.learner == Learner::Svm && ended.result.is_ok(), "{:?}", ended.result);
}

#[test]
fn an_export_comes_back_as_the_same_model_on_another_device() {
    for command in ["train esn --wait", "train svm --wait", "train rce"] {
        let mut b = taught(command);
        b.command("model export").unwrap();
        let text = b.text.clone();
        let before = verdicts(&mut b);
        let mut other = Bench::new();
        other.run(0.1);
        // A line damaged on its way, one twice, one lost and asked for again.
        let mut lines: Vec<String> = text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
        let damaged = lines[2].replace('A', "B");
        lines.insert(2, damaged);
        lines.insert(5, lines[4].clone());
        other.typed.extend(lines);
        other.command("model import").unwrap();
        assert!(other.text.contains("complete ") && other.text.contains("imported: "), "{}", other.text);
        assert_eq!(verdicts(&mut other), before, "{command}");
        // It was saved.
        assert_eq!(verdicts(&mut other.reboot()), before, "{command}");
    }
}

#[test]
fn garbage_leaves_the_model_in_use() {
    let mut b = taught("train esn --wait");
    let before = verdicts(&mut b);
    b.command("model export").unwrap();
    let exported: Vec<String> = b.text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
    // Not lines at all, then the end of input.
    b.typed.extend(["hello".to_owned(), "HM 0000 zzzz".to_owned(), String::new()]);
    assert!(b.command("model import").is_err());
    assert!(b.text.contains("ended early; nothing was changed"), "{}", b.text);
    // Right lines of bytes that are no model.
    for (bytes, wanted) in [
        (vec![7u8; 300], "not a model"),
        (b"HONE".to_vec(), "cut off"),
        (vec![0; 20_000], "larger than the working memory"),
    ] {
        b.typed.extend(lines(&bytes));
        assert!(b.command("model import").is_err());
        assert!(b.text.contains(wanted), "{}", b.text);
        b.typed.clear();
    }
    // 'end' gives up, and a half transfer changes nothing.
    b.typed.extend(exported.iter().take(3).cloned().chain(["end".to_owned()]));
    assert!(b.command("model import").is_err());
    assert!(b.text.contains("nothing was changed"), "{}", b.text);
    assert_eq!(verdicts(&mut b), before);
    // The workspace came home: a training can begin.
    b.device.sensor.act = Act::Hum;
    b.command("train esn --wait").unwrap();
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let sender = hone_model::frame::Sender::new(bytes).unwrap();
    let mut memory = [0; hone_model::frame::LINE];
    (0..sender.lines()).map(|n| sender.line(n, &mut memory).unwrap().to_owned()).collect()
}

#[test]
fn a_model_for_other_channels_is_refused_and_says_so() {
    let mut b = taught("train esn --wait");
    b.command("model export").unwrap();
    let exported: Vec<String> = b.text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
    let mut other = Bench::new();
    other.device.sensor.channels = 1;
    other.run(0.1);
    other.typed.extend(exported);
    assert!(other.command("model import").is_err());
    assert!(other.text.contains("for 3 channels and there are 1"), "{}", other.text);
    assert_eq!(restored(&other), None);
}

#[test]
fn a_model_of_another_rate_scale_or_unit_is_refused_with_both() {
    type Adjust = fn(&mut common::Scripted);
    let mut b = taught("train esn --wait");
    b.command("model save").unwrap();
    for (adjust, words) in [
        ((|s| s.rate = Rate::new(100, 1)) as Adjust, ["at 1000 Hz", "rate is 100.0 Hz"]),
        (|s| s.rate = Rate::new(1030, 1), ["at 1000 Hz", "rate is 1030 Hz"]),
        (|s| s.meaning[1].unit = Unit::Celsius, ["channel 1 of the model has 0.001000 m/s2", "0.001000 degC"]),
        (|s| s.meaning[2].scale = 0.002, ["channel 2 of the model has 0.001000 m/s2", "0.002000 m/s2"]),
    ] {
        let other = Bench::sampling(b.flash_copy(), adjust);
        assert_eq!(restored(&other), None);
        let failed = other.events.iter().find(|e| matches!(e, Event::KeepFailed { .. })).expect("it is told");
        let mut line = hone_engine::text::Line::<256>::default();
        hone_engine::say::telemetry::write(failed, Style::Text, &Default::default(), &mut line);
        for word in words {
            assert!(line.as_str().contains(word), "{}", line.as_str());
        }
        assert!(!line.cut && line.as_str().contains("train again"), "{}", line.as_str());
    }
    // An oscillator's tolerance.
    let near = Bench::sampling(b.flash_copy(), |s| s.rate = Rate::new(1005, 1));
    assert_eq!(restored(&near), Some(Learner::Esn));
}

#[test]
fn an_import_that_renames_classes_says_so_and_stats_show_the_model_at_once() {
    let mut b = taught("train svm --wait");
    b.command("model export").unwrap();
    let exported: Vec<String> = b.text.lines().filter(|l| l.starts_with("HM")).map(str::to_owned).collect();
    let mut other = Bench::new();
    other.run(0.1);
    other.command("label 1 mine").unwrap();
    other.command("label 7 loud").unwrap();
    other.command("label none").unwrap();
    other.typed.extend(exported);
    other.command("model import").unwrap();
    assert!(other.text.contains("2 classes have other names now"), "{}", other.text);
    other.command("stats").unwrap();
    assert!(other.text.contains("model         svm, "), "{}", other.text);
    other.command("label list").unwrap();
    assert_eq!(other.text, "class 1 (quiet)\nclass 2 (loud)\n");
}

#[test]
fn an_erase_is_told_of_and_its_gap_is_no_overrun() {
    let mut b = Bench::new();
    b.device.erase_time = hone_signal::Micros(1_000_000);
    b.run(0.1);
    b.command("train esn --wait").unwrap();
    b.run(2.0);
    let first = b.links.sampling.get();
    // The first save of all erases a page.
    assert!(b.has(|e| matches!(e, Event::FlashErasing { .. })), "{:?}", b.events);
    assert!(b.has(|e| matches!(e, Event::FlashGap { frames, .. } if *frames >= 900)), "{:?}", b.events);
    assert_eq!((first.overruns, b.links.keeping.get().erases), (0, 1));
    assert!(first.flash_gaps >= 900, "{first:?}");
    let told = b.events.iter().position(|e| matches!(e, Event::FlashErasing { .. }));
    let gap = b.events.iter().position(|e| matches!(e, Event::FlashGap { .. }));
    assert!(told < gap);
    b.command("stats").unwrap();
    assert!(b.text.contains("1 erases") && b.text.contains("bytes free"), "{}", b.text);
    b.command("stats --json").unwrap();
    assert!(b.text.contains("\"stats\":\"flash\""), "{}", b.text);
}

#[test]
fn erase_forgets_the_model_in_use_and_the_saved_one() {
    let mut b = taught("train esn --wait");
    b.command("model erase").unwrap();
    assert!(b.command("model info").is_err());
    assert!(b.command("model load").is_err());
    assert!(b.text.contains("no model is saved"), "{}", b.text);
    assert_eq!(restored(&b.reboot()), None);
}

#[test]
fn load_goes_back_to_the_saved_model() {
    let mut b = taught("train esn --wait");
    let before = verdicts(&mut b);
    b.command("config set device.autosave off").unwrap();
    b.command("config set esn.seed 5").unwrap();
    b.device.sensor.act = Act::Hum;
    b.command("train esn --wait").unwrap();
    b.run(1.0);
    assert_ne!(verdicts(&mut b), before);
    b.command("model load").unwrap();
    b.run(0.3);
    assert_eq!(verdicts(&mut b), before);
}

#[test]
fn damaged_flash_is_told_of_and_the_model_before_is_used() {
    let mut b = taught("train esn --wait");
    let before = verdicts(&mut b);
    b.command("model save").unwrap();
    let mut flash = b.flash_copy();
    let used = flash.memory().iter().rposition(|b| *b != 0xff).unwrap();
    flash.memory()[used - 200] ^= 0x10;
    let mut b = Bench::on(flash);
    assert!(b.has(|e| matches!(e, Event::FlashDamaged { .. })), "{:?}", b.events);
    assert_eq!(verdicts(&mut b), before);
    b.command("stats").unwrap();
    assert!(b.text.contains("damaged records"), "{}", b.text);
}
