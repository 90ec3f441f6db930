//! The SVM on the device: rows from labelled windows, training, judging, evaluation, data commands.

mod common;

use common::{Act, Bench};
use hone_engine::data::event::Event;
use hone_learn::{ClassId, Decision};

/// A device that has rows of a hum as class 1 and of a loud one as class 2.
fn labelled(rows_each: f64) -> Bench {
    let mut b = Bench::new();
    b.run(0.1);
    for (act, label) in [(Act::Hum, "label 1"), (Act::Loud, "label 2")] {
        b.device.sensor.act = act;
        b.run(0.3);
        b.command(label).unwrap();
        b.run(0.128 * rows_each);
        b.command("label none").unwrap();
        b.run(0.3);
    }
    b
}

fn last(b: &Bench) -> Option<Decision> {
    b.links.inference.get().last.map(|l| l.answer.verdict.decision)
}

#[test]
fn labelled_windows_become_rows_and_an_svm_tells_the_classes_apart() {
    let mut b = labelled(16.0);
    b.command("data info").unwrap();
    assert!(b.text.contains("class 1: 1") && b.text.contains("class 2: 1"), "{}", b.text);
    b.command("train svm --wait").unwrap();
    assert!(b.text.contains("svm, converged on"), "{}", b.text);
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Class(ClassId(2))));
    b.device.sensor.act = Act::Hum;
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Class(ClassId(1))));
    b.command("eval --folds 4").unwrap();
    let report = "4 trainings of svm\naccuracy 100.0 % of 3";
    assert!(b.text.contains(report), "{}", b.text);
    b.command("model info").unwrap();
    assert!(b.text.contains("classes apart: 1, 2") && b.text.contains("linear kernel"), "{}", b.text);
}

#[test]
fn one_class_alone_is_refused_and_says_what_to_do() {
    let mut b = Bench::trained();
    let published = b.links.published.get();
    b.command("label 3").unwrap();
    b.run(1.0);
    assert!(b.command("train svm --wait").is_err());
    assert!(b.text.contains("all rows are of class 3"), "{}", b.text);
    assert_eq!(b.links.published.get(), published);
    // The set came home.
    b.command("data info").unwrap();
    assert!(b.text.contains("class 3: "), "{}", b.text);
}

#[test]
fn without_labels_it_learns_what_is_normal() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("config set svm.kernel rbf").unwrap();
    b.command("train svm --windows 40 --wait").unwrap();
    b.run(3.0);
    b.device.sensor.act = Act::Loud;
    b.run(1.0);
    assert_eq!(last(&b), Some(Decision::Anomalous));
    b.command("eval svm").unwrap();
    assert!(b.text.contains(" anomalous, mean score "), "{}", b.text);
}

#[test]
fn a_full_set_is_told_once_and_keeps_its_support_vectors_after_training() {
    let mut b = labelled(40.0);
    assert_eq!(b.events.iter().filter(|e| matches!(e, Event::DataFull { .. })).count(), 1);
    let data = b.links.data.get();
    assert_eq!(data.rows, data.capacity);
    assert!(data.missed > 0);
    b.command("train svm --wait").unwrap();
    b.run(0.2);
    let kept = b.links.data.get();
    assert!(kept.rows >= 2 && kept.rows <= data.capacity * 3 / 4, "{} rows kept", kept.rows);
}

#[test]
fn a_cancelled_svm_training_gives_the_set_back() {
    let mut b = labelled(10.0);
    let rows = b.links.data.get().rows;
    b.command("label none").unwrap();
    b.device.sensor.act = Act::Broken;
    b.command("train svm --windows 20").unwrap();
    b.run(0.5);
    b.command("train cancel").unwrap();
    b.command("data export").unwrap();
    assert_eq!(b.text.lines().count() as u32, rows);
    let fields: Vec<_> = b.text.lines().next().unwrap().split(',').collect();
    assert_eq!(fields.len(), 49);
    assert!(fields.iter().skip(1).all(|f| f.parse::<f32>().is_ok_and(f32::is_finite)));
}

#[test]
fn the_set_can_be_cleared_and_takes_other_features_then() {
    let mut b = labelled(5.0);
    b.command("config set features.features time").unwrap();
    b.command("data info").unwrap();
    assert!(b.text.contains("'data clear'"), "{}", b.text);
    b.command("data clear").unwrap();
    assert_eq!(b.links.data.get().rows, 0);
    b.command("label 1").unwrap();
    b.run(1.0);
    let data = b.links.data.get();
    assert!(data.rows > 5 && data.features < 48, "{data:?}");
}

#[test]
fn features_beyond_the_build_are_refused_with_the_capacity() {
    let mut b = Bench::new();
    b.run(0.1);
    assert!(b.command("config set features.bands 64").is_err());
    assert!(b.text.contains("192") && b.text.contains("48"), "{}", b.text);
    // With filters to come a choice is taken, and refused by the training if they do not.
    b.command("config set features.features random-convolution").unwrap();
    assert!(b.command("train svm --wait").is_err());
    assert!(b.text.contains("48"), "{}", b.text);
}

/// The rows of a device that has heard both classes as samples, and what it says of each.
#[cfg(feature = "net")]
#[test]
fn a_network_of_convolutions_learns_from_samples() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("config set features.features raw").unwrap();
    // What is wrong is told with its place.
    assert!(b.command("config set net.layers gap,conv8").is_err());
    assert!(b.text.contains("net.layers, character 5: takes 1 to 512 filters"), "{}", b.text);
    b.command("config set net.layers conv4k9s4,gap").unwrap();
    b.command("config get net.layers").unwrap();
    assert_eq!(b.text, "conv4k9s4,gap\n");
    for (act, label) in [(Act::Hum, "label 1"), (Act::Loud, "label 2")] {
        b.device.sensor.act = act;
        b.run(0.3);
        b.command(label).unwrap();
        b.run(0.128 * 20.0);
        b.command("label none").unwrap();
    }
    assert_eq!(b.links.data.get().features, 384);
    b.command("eval net --folds 2").unwrap();
    assert!(b.text.contains("2 trainings of net\naccuracy 100.0 % of"), "{}", b.text);
    b.command("train net --wait").unwrap();
    b.command("model info").unwrap();
    for part in [
        "128 frames of 3 channels in\n",
        "\nconvolution, 4 filters of 9 frames, one every 4, ReLU",
        "\nmeans of all frames",
    ] {
        assert!(b.text.contains(part), "{part}: {}", b.text);
    }
    let judges = |b: &mut Bench| {
        for (act, class) in [(Act::Hum, 1), (Act::Loud, 2)] {
            b.device.sensor.act = act;
            b.run(1.0);
            assert_eq!(last(b), Some(Decision::Class(ClassId(class))));
        }
    };
    judges(&mut b);
    // Another learner has no room for rows so long, and says so instead of learning a part of them.
    assert!(b.command("train svm --wait").is_err());
    assert!(b.text.contains("features.features asks for 384 and this build has room for 48"), "{}", b.text);
    // As the rows that there are, whatever the parameters say of those to come.
    b.command("config set features.features time").unwrap();
    assert!(b.command("train svm --wait").is_err());
    assert!(b.text.contains("asks for 384"), "{}", b.text);
    b.command("config set features.features raw").unwrap();
    b.command("train net --continue --wait").unwrap();
    // Half of the filters are left out; what is left learns on, whatever layers are set, and is what is restored.
    let filters = if cfg!(feature = "small-models") {
        let pruned = b.command("model prune 50 --yes");
        assert!(pruned.is_ok() && b.text.contains("replaced: net"), "{}", b.text);
        b.command("config set net.layers dense8").unwrap();
        let learnt = b.command("train net --continue --wait");
        assert!(learnt.is_ok(), "{}", b.text);
        b.command("config set net.layers conv4k9s4,gap").unwrap();
        // One filter of one is none that could be left out.
        assert!(b.command("model prune 40 --yes").is_err());
        assert!(b.text.contains("no such form"), "{}", b.text);
        2
    } else {
        4
    };
    b.command("model save").unwrap();
    let mut b = b.reboot();
    b.run(0.1);
    b.command("config get net.layers").unwrap();
    assert_eq!(b.text, "conv4k9s4,gap\n");
    b.command("model info").unwrap();
    assert!(b.text.contains(&format!("\nconvolution, {filters} filters of 9 frames")), "{}", b.text);
    judges(&mut b);
    // Shapes that do not follow from one another are found before the training.
    b.command("config set net.layers conv4k9s4,avg2,conv8k16").unwrap();
    assert!(b.command("train net --wait").is_err());
    assert!(b.text.contains("net.layers, character 16: takes in more frames than there are"), "{}", b.text);
    b.command("config set net.layers dense256").unwrap();
    assert!(b.command("train net --wait").is_err());
    assert!(b.text.contains("CONFIG_HONE_NET_BYTES"), "{}", b.text);
}

/// A device whose autoencoder has learnt both states without labels, and whose rows are what it makes of the features.
#[cfg(feature = "vae")]
fn encoded() -> Bench {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("train vae --windows 32").unwrap();
    for act in [Act::Hum, Act::Loud, Act::Hum, Act::Loud] {
        b.device.sensor.act = act;
        b.run(0.128 * 9.0);
    }
    b.run(5.0);
    b.command("model info").unwrap();
    assert!(b.text.starts_with("vae") && b.text.contains("\nencoder "), "{}", b.text);
    let digest = b.text.split("\nencoder ").nth(1).and_then(|rest| rest.get(..8)).unwrap().to_owned();
    b.command("stats").unwrap();
    assert!(b.text.contains(&format!("encoder       vae {digest}, 4 numbers, not in use")), "{}", b.text);
    b.command("data clear").unwrap();
    b.command("config set features.encoder vae").unwrap();
    b.command("stats").unwrap();
    assert!(b.text.contains(&format!("encoder       vae {digest}, 4 numbers\n")), "{}", b.text);
    b.command("stats --json").unwrap();
    let object =
        format!("{{\"stats\":\"encoder\",\"learner\":\"vae\",\"digest\":\"{digest}\",\"numbers\":4,\"in_use\":true}}");
    assert!(b.text.contains(&object), "{}", b.text);
    b
}

#[cfg(feature = "vae")]
fn hears_both(b: &mut Bench) {
    for (act, label) in [(Act::Hum, "label 1"), (Act::Loud, "label 2")] {
        b.device.sensor.act = act;
        b.run(0.3);
        b.command(label).unwrap();
        b.run(0.128 * 10.0);
        b.command("label none").unwrap();
    }
}

#[cfg(feature = "vae")]
fn judges_both(b: &mut Bench) {
    for (act, class) in [(Act::Hum, 1), (Act::Loud, 2)] {
        b.device.sensor.act = act;
        b.run(1.0);
        assert_eq!(last(b), Some(Decision::Class(ClassId(class))));
    }
}

#[cfg(feature = "vae")]
#[test]
fn classes_are_learnt_of_what_an_encoder_makes_of_the_features() {
    let mut b = Bench::new();
    b.run(0.1);
    b.command("config set features.encoder vae").unwrap();
    // While there is none nothing can be learnt of it.
    assert!(b.command("train svm --wait").is_err());
    assert!(b.text.contains("train it first"), "{}", b.text);
    b.command("label 1").unwrap_err();
    assert!(b.text.contains("train it first"), "{}", b.text);
    for learner in ["svm", "net", "rce"] {
        let mut b = encoded();
        if learner == "rce" {
            b.command("train rce").unwrap();
            b.run(0.2);
        }
        hears_both(&mut b);
        if learner != "rce" {
            assert_eq!(b.links.data.get().features, 4);
            b.command(&format!("eval {learner} --folds 2")).unwrap();
            assert!(b.text.contains("accuracy 100.0 %"), "{learner}: {}", b.text);
            b.command(&format!("train {learner} --wait")).unwrap();
            b.command("model info").unwrap();
            assert!(b.text.contains("of the 4 numbers that encoder "), "{}", b.text);
        }
        b.run(0.3);
        judges_both(&mut b);
        b.command("model save").unwrap();
        let mut b = b.reboot();
        b.run(0.1);
        judges_both(&mut b);
    }
}

#[cfg(feature = "vae")]
#[test]
fn what_learnt_behind_an_encoder_is_taken_with_that_encoder_alone() {
    let mut b = encoded();
    b.command("model export").unwrap();
    let encoder = b.text.clone();
    hears_both(&mut b);
    b.command("train svm --wait").unwrap();
    b.command("model export").unwrap();
    let model = b.text.clone();
    let mut other = Bench::new();
    other.run(0.1);
    let import = |b: &mut Bench, text: &str| {
        b.typed = text.lines().filter(|line| line.starts_with("HM")).map(str::to_owned).collect();
        b.command("model import")
    };
    assert!(import(&mut other, &model).is_err());
    assert!(other.text.contains("and there is none here; load or import that encoder first"), "{}", other.text);
    // Another one is told from it.
    other.command("train vae --windows 32 --wait").unwrap();
    assert!(import(&mut other, &model).is_err());
    assert!(other.text.contains(" made, and the one here is "), "{}", other.text);
    import(&mut other, &encoder).unwrap_or_else(|_| panic!("{}", other.text));
    import(&mut other, &model).unwrap_or_else(|_| panic!("{}", other.text));
    other.run(0.3);
    judges_both(&mut other);
    // Rows of one encoder are not learnt behind another, nor by one.
    hears_both(&mut b);
    assert!(b.command("train vae --wait").is_err());
    assert!(b.text.contains("'data clear'"), "{}", b.text);
    b.command("data clear").unwrap();
    b.command("train vae --windows 16 --wait").unwrap();
    hears_both(&mut b);
    assert!(b.links.data.get().features == 48, "{:?}", b.links.data.get());
    b.command("model erase").unwrap();
    assert!(b.command("label 1").is_err());
}
