//! The power goes at every step of a save, through the whole device: every byte written, every quarter of a page erased.
//! After each cut the flash is opened anew and its model loaded, as at a start: it is the old one or the new one, whole.

mod common;

use common::{Act, Bench, TestFlash, taught, verdicts};
use hone_engine::data::storage::{Key, Storage as _};
use hone_learn::Decision;

/// A device with one model in flash and another in use, which is to be saved.
fn between(train: &str, change: &dyn Fn(&mut Bench)) -> Bench {
    let mut b = taught(train);
    b.command("model save").unwrap();
    b.command("config set device.autosave off").unwrap();
    b.run(2.0);
    change(&mut b);
    b.run(2.0);
    b
}

/// Another model of the same learner.
fn trained_anew(train: &'static str) -> impl Fn(&mut Bench) {
    move |b| {
        if train.contains("rce") {
            b.device.sensor.act = Act::Loud;
            b.command("label 1").unwrap();
            b.run(2.0);
            b.command("label none").unwrap();
        } else {
            b.command("config set esn.seed 9").unwrap();
            b.command("config set svm.c 0.01").unwrap();
            b.device.sensor.act = Act::Hum;
            b.command(train).unwrap();
        }
    }
}

/// The container in this flash.
fn stored(b: &mut Bench) -> Vec<u8> {
    let mut memory = vec![0; 16_384];
    let length = b.device.flash.load(Key::Model, &mut memory).unwrap();
    memory.truncate(length);
    memory
}

/// What the device says the model in use is, byte by byte.
fn exported(b: &mut Bench) -> String {
    b.command("model export").unwrap();
    b.text.clone()
}

/// What a device that starts on this flash says of what it sees.
fn started(flash: TestFlash) -> Vec<(Decision, u32)> {
    verdicts(&mut Bench::on(flash))
}

/// Cuts a save of the model in use at each of its steps.
fn cut_everywhere(b: &mut Bench, name: &str) {
    let old = stored(b);
    let before: TestFlash = b.flash_copy();
    let old_verdicts = started(before.clone());
    b.command("model save").unwrap();
    let total = b.flash_copy().steps - before.steps;
    let new = stored(b);
    assert!(old != new && total > 300, "{total} steps");
    let new_verdicts = started(b.flash_copy());
    assert_ne!(old_verdicts, new_verdicts, "{name}: nothing tells the two models apart");
    let new_text = exported(b);
    let mut reader = Bench::new();
    reader.run(0.1);
    reader.set_flash(before.clone());
    reader.command("model load").unwrap();
    let old_text = exported(&mut reader);
    let mut counts = [0, 0];
    for cut in 1..=total {
        let mut flash = before.clone();
        flash.cut_after(cut, cut);
        b.set_flash(flash);
        let result = b.command("model save");
        let mut torn = b.flash_copy();
        assert!(result.is_err() && torn.is_off(), "{name}, cut {cut} of {total}: {}", b.text);
        torn.restart();
        // A start in full, with verdicts, now and then; else what a start does, on a device that goes on.
        let at_start = (cut % 397 == 0 || cut == total).then(|| started(torn.clone()));
        reader.set_flash(torn);
        reader.command("model load").unwrap_or_else(|_| panic!("{name}, cut {cut} of {total}: {}", reader.text));
        let bytes = stored(&mut reader);
        let is_new = bytes == new;
        assert!(is_new || bytes == old, "{name}, cut {cut} of {total}: neither the old model nor the new one");
        let text = exported(&mut reader);
        let (wanted, judged) = if is_new { (&new_text, &new_verdicts) } else { (&old_text, &old_verdicts) };
        assert_eq!(&text, wanted, "{name}, cut {cut} of {total}: what is in use is not what is saved");
        assert!(at_start.is_none_or(|v| v == *judged), "{name}, cut {cut} of {total}: it judges otherwise");
        counts[usize::from(is_new)] += 1;
    }
    println!("{name}: {total} steps cut, {} old, {} new", counts[0], counts[1]);
    assert!(counts[0] > 0);
}

#[test]
fn a_cut_in_a_save_leaves_the_old_esn_or_the_new_one() {
    let train = "train esn --wait";
    cut_everywhere(&mut between(train, &trained_anew(train)), "esn");
}

#[test]
fn a_cut_in_a_save_leaves_the_old_svm_or_the_new_one() {
    let train = "train svm --wait";
    cut_everywhere(&mut between(train, &trained_anew(train)), "svm");
}

#[test]
fn a_cut_in_a_save_leaves_the_old_rce_or_the_new_one() {
    let train = "train rce";
    cut_everywhere(&mut between(train, &trained_anew(train)), "rce");
}

#[test]
fn a_cut_in_a_save_leaves_the_model_or_its_smaller_form() {
    let (int8, fixed) = ("model quantize int8 --yes", "model quantize q 3 12 --yes");
    for (train, command) in [
        ("train esn --wait", "model compress 8 --yes"),
        ("train esn --wait", int8),
        ("train esn --wait", fixed),
        ("train svm --wait", int8),
        ("train svm --wait", fixed),
        ("train rce", int8),
        ("train rce", fixed),
    ] {
        let convert = |b: &mut Bench| {
            b.device.sensor.act = Act::Hum;
            b.command(command).unwrap_or_else(|_| panic!("{}", b.text));
        };
        cut_everywhere(&mut between(train, &convert), &format!("{train}, {command}"));
    }
}

#[test]
fn a_cut_in_a_save_that_erases_a_page_leaves_the_old_model_or_the_new_one() {
    let train = "train svm --wait";
    let mut b = between(train, &|_| ());
    // Until there is no room left in the page.
    while !b.device.flash.needs_erase(800) {
        b.command("model save").unwrap();
    }
    trained_anew(train)(&mut b);
    b.run(2.0);
    cut_everywhere(&mut b, "a page erased");
}
