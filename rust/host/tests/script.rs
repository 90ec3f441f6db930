//! The device as a script: commands on standard input, device time as fast as it can.

mod common;

use common::{folder, hone, script};
use proptest::prelude::*;
use std::path::Path;

#[test]
fn equal_scripts_give_equal_output() {
    let story = "train --wait\nrig imbalance\nwait 3\nrig normal\nwait 3\nstats\nmodel info\nconfig list\n";
    let first = script(story).well();
    assert_eq!(script(story), first);
    let other = hone(&["run", "--seed", "2"], story.as_bytes()).well();
    assert_ne!(other.out, first.out, "another seed is another motor");
}

#[test]
fn the_status_tells_whether_every_command_succeeded() {
    script("# a comment\n\n   \nhelp\nwait 0.1\n   # another\nsensor read\n").well();
    script("").well();
    for bad in [
        "nonsense",
        "trian",
        "wait",
        "wait -1",
        "wait 1e9",
        "wait nan",
        "model info",
        "rig flood",
        "led on",
        "label",
        "train esn svm",
    ] {
        let run = script(&format!("{bad}\nsensor info\n")).refused();
        assert!(run.out.contains("simulated motor rig"), "the commands after {bad} did not run: {}", run.out);
    }
    let left = script("quit\nnonsense\n").well();
    assert_eq!(left.out, "", "nothing is read behind quit");
}

#[test]
fn a_mistyped_word_is_told_with_the_nearest_right_one() {
    for (line, words) in [
        ("trian", "'trian' is no command; did you mean 'train'?"),
        ("rgi", "'rgi' is no command; did you mean 'rig'?"),
        ("nonsense", "'nonsense' is no command; 'help' lists them"),
        ("train esm", "train has no 'esm'; did you mean 'esn'?"),
        ("train --wiat", "train has no '--wiat'; did you mean '--wait'?"),
        ("model inof", "model has no 'inof'; did you mean 'info'?"),
        ("config set esn.lek 1", "no parameter 'esn.lek'; did you mean 'esn.leak'?"),
        ("config list esm", "no section 'esm'; did you mean 'esn'?"),
        ("rig imbalanse", "did you mean 'imbalance'?"),
    ] {
        let run = script(&format!("{line}\n")).refused();
        assert!(run.out.contains(words), "{line}: {}", run.out);
    }
    // Names of classes are anyone's.
    script("label 1 lits\nlabel lits\nlabel none\n").well();
}

#[test]
fn a_setting_is_told_as_it_was_and_is_and_the_ten_that_matter_come_first() {
    let run = script(
        "config set esn.leak 0.5\nconfig set esn.leak 0.5\nconfig reset esn.leak\nconfig set device.telemetry off\n",
    )
    .well();
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!(
        lines,
        [
            "esn.leak is 0.5000, was 1.000; counts from the next training on",
            "esn.leak is 0.5000 already",
            "esn.leak is 1.000, was 0.5000; counts from the next training on",
            "device.telemetry is off, was text"
        ]
    );
    let (ten, all) = (script("config list\n").well().out, script("config list --all\n").well().out);
    let (shown, rest) = ten.trim_end().rsplit_once('\n').unwrap();
    assert_eq!(shown.lines().count(), 10, "{ten}");
    assert!(shown.lines().all(|l| all.contains(l)), "{ten}\n{all}");
    assert!(rest.contains("'config list --all'") && all.lines().count() > 100, "{ten}");
}

#[test]
fn echo_prints_each_command_before_its_answer() {
    let run = hone(&["run", "--echo"], b"led\n\n# a remark\nrig flood\n");
    assert!(run.out.starts_with("hone> led\noff\nhone> # a remark\nhone> rig flood\nerror: "), "{}", run.out);
}

#[test]
fn alone_and_without_commands_it_says_what_to_try() {
    let run = hone::<&str>(&[], b"").well();
    assert!(run.out.is_empty() && run.err.starts_with("note: "), "{}", run.err);
    for words in ["'hone demo'", "'hone' on a terminal", "'hone new FILE...'"] {
        assert!(run.err.contains(words), "{}", run.err);
    }
    assert_eq!(hone(&["run"], b"").well().err, "");
}

#[test]
fn completions_and_manual_pages_name_every_subcommand() {
    let subcommands = ["run", "demo", "push", "pull", "record", "model", "check", "new", "eval", "completions", "man"];
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let run = hone(&["completions", shell], b"").well();
        assert!(
            subcommands.iter().all(|s| run.out.contains(s)) && run.out.contains("quantize"),
            "{shell}: {}",
            run.out
        );
    }
    let folder = folder("man").join("pages");
    hone(&["man", folder.to_str().unwrap()], b"").well();
    for subcommand in subcommands {
        let page = std::fs::read_to_string(folder.join(format!("hone-{subcommand}.1"))).unwrap();
        assert!(page.contains(".TH") && page.contains(".SH SYNOPSIS"), "{page}");
    }
    assert!(hone(&["man"], b"").well().out.contains("hone\\-eval"));
}

#[test]
fn wait_lets_device_time_pass() {
    let run = script("stats --json\nwait 12.5\nstats --json\n").well();
    let times: Vec<u64> =
        run.json().iter().filter(|o| o["stats"] == "device").map(|o| o["time_us"].as_u64().unwrap()).collect();
    // Each line takes 10 ms.
    assert_eq!(times[1] - times[0], 12_500_000 + 20_000);
}

#[test]
fn every_condition_of_the_rig_shows() {
    // What the device says within 3 s of each condition, and once it is normal again.
    for (condition, sign) in [
        ("supply-drop", "anomalous"),
        ("imbalance", "anomalous"),
        ("bearing", "anomalous"),
        ("stuck", "sensor: stuck"),
        ("disconnect", "sensor: does not answer"),
        ("nan", "sensor: readings that are not a number"),
        ("saturate", "sensor: readings at the end of the range"),
    ] {
        let before = "train --wait\nwait 2\n";
        let quiet = script(before).well().out.len();
        let run = script(&format!(
            "{before}rig {condition}\nwait 3\nrig\nrig normal\nwait 4\nsensor info\nled\ninfer once\n"
        ));
        let said = &run.well().out[quiet..];
        assert!(said.contains(sign), "{condition}: {said}");
        assert!(said.contains(&format!("* {condition}: ")), "'rig' does not mark {condition}: {said}");
        let (_, end) = said.split_once("simulated motor rig").unwrap();
        assert!(end.contains("\nwell\noff\nnormal, score "), "after {condition}: {end}");
    }
}

#[test]
fn what_the_device_says_of_itself_is_whole() {
    let run = script("train --wait\nstats\nmodel info\ninfer once\n").well();
    assert!(!run.out.contains("none; 'train' makes one"), "who waited for a model finds it in use: {}", run.out);
    assert!(run.out.contains("\nmodel         knn, "), "{}", run.out);
}

#[test]
fn a_training_that_fails_fails_the_script_and_leaves_the_model() {
    let run = script("train --wait\nrig stuck\ntrain --wait\nrig normal\nwait 2\ninfer once\n").refused();
    let (_, after) = run.out.split_once("ended without a model").unwrap_or_else(|| panic!("{}", run.out));
    assert!(after.trim_end().lines().last().unwrap().starts_with("normal, score"), "{}", run.out);
}

#[test]
fn the_button_trains_and_the_light_tells() {
    let run = script("led\nbutton\nwait 49\nled\nwait 3\nled\nrig imbalance\nwait 2\nled\n").well();
    let lights: Vec<&str> = run.out.lines().filter(|l| matches!(*l, "on" | "off")).collect();
    assert_eq!((lights[0], lights[2], lights[3]), ("off", "off", "on"), "{}", run.out);
    assert!(run.out.contains("training 1 done"), "{}", run.out);
}

#[test]
fn classes_are_learnt_from_labels() {
    // Seconds per class, and the least share of windows of the right class: TinyRCE leaves some unknown.
    for (learner, begin, seconds, end, least) in [
        ("svm", "", 3, "data info\ntrain svm --wait\neval --folds 4\n", 0.95),
        ("rce", "train rce --wait\n", 10, "train status\n", 0.5),
    ] {
        let learn = format!(
            "{begin}label 1 calm\nwait {seconds}\nlabel none\nrig imbalance\nwait 1\nlabel 2 rough\nwait {seconds}\n\
             label none\n{end}config set device.telemetry json\ninfer on -v\n"
        );
        // A verdict that comes late belongs to what was before, so telemetry pauses in between.
        let between =
            "config set device.telemetry off\nhelp wait\nrig normal\nwait 1\nconfig set device.telemetry json\n";
        let run = script(&format!("{learn}wait 4\n{between}wait 4\n")).well();
        let (rough, calm) = run.out.split_once("wait SECONDS").unwrap();
        for (text, class) in [(rough, 2), (calm, 1)] {
            let verdicts: Vec<serde_json::Value> =
                text.lines().filter(|l| l.starts_with('{')).map(|l| serde_json::from_str(l).unwrap()).collect();
            let of = |n: u64| verdicts.iter().filter(|v| v["event"] == "verdict" && v["class"] == n).count();
            assert!(of(class) as f64 >= least * 30.0, "{learner}, class {class}: {text}");
            assert_eq!(of(3 - class), 0, "{learner}, class {class}: {text}");
        }
    }
}

#[test]
fn odd_lines_are_refused_one_by_one() {
    let mut input = b"wait 1\n\xff\xfe\n".to_vec();
    input.extend(vec![b'x'; 100_000]);
    input.extend(b"\nwait 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n\0\0\x1b[2J\nsensor read\n");
    let run = hone::<&str>(&[], &input).refused();
    let errors: Vec<&str> = run.out.lines().filter(|l| l.starts_with("error: ")).collect();
    assert_eq!(errors.len(), 4, "{}", run.out);
    assert!(errors[0].contains("line 2 is not UTF-8"), "{}", run.out);
    assert!(errors.iter().all(|e| e.len() < 300), "an error does not repeat a line of any length");
    assert!(!run.out.contains('\x1b'), "control characters come back");
    assert!(run.out.trim_end().ends_with("m/s2"), "{}", run.out);
}

#[test]
fn ten_thousand_lines() {
    let run = script(&"sensor read\n".repeat(10_000)).well();
    assert_eq!(run.out.lines().count(), 10_000);
    let failing = script(&"nonsense\n".repeat(10_000)).refused();
    assert_eq!(failing.out.lines().count(), 10_000);
}

#[test]
fn flash_in_a_file_outlives_the_program() {
    let file = folder("script-flash").join("flash.bin");
    let run = |text: &str| hone(&["--flash", file.to_str().unwrap()], text.as_bytes());
    let first = run("config set esn.k 3\nwait 3\ntrain esn --windows 40 --wait\nmodel save\nmodel info\n").well();
    let threshold = first.out.lines().find(|l| l.starts_with("threshold ")).unwrap();
    let second = run("wait 1\nmodel info\nconfig get esn.k\ninfer once\n").well();
    assert!(second.out.contains(threshold) && second.out.contains("\n3.000\n"), "{}", second.out);
    run("model erase\n").well();
    assert!(run("wait 1\nmodel info\n").refused().out.contains("there is no model"));
    // Whatever the file holds, the device starts.
    let size = std::fs::metadata(&file).unwrap().len() as usize;
    for bytes in
        [vec![0; size], (0..size).map(|i| ((i * 2_654_435_761) >> 7) as u8).collect(), b"no flash".to_vec(), vec![]]
    {
        std::fs::write(&file, bytes).unwrap();
        let run = run("wait 1\nsensor info\nstats\n");
        run.no_panic();
        assert!(run.status == Some(0) || run.err.starts_with("error: "), "{}\n{}", run.out, run.err);
    }
}

#[test]
fn a_model_goes_from_one_device_to_another() {
    let first = script("train esn --windows 40 --wait\nmodel info\nmodel export\n").well();
    let lines: Vec<&str> = first.out.lines().filter(|l| l.starts_with("HM ")).collect();
    let threshold = first.out.lines().find(|l| l.starts_with("threshold ")).unwrap();
    let second = script(&format!("wait 0.1\nmodel import\n{}\nmodel info\ninfer once\n", lines.join("\n"))).well();
    assert!(second.out.contains(threshold), "{}", second.out);
    // Cut off, or given up, nothing changes.
    script(&format!("model import\n{}\n", lines[..2].join("\n"))).refused();
    let given_up = script(&format!("model import\n{}\nend\nsensor info\n", lines[..2].join("\n"))).refused();
    assert!(given_up.out.trim_end().ends_with("well"), "{}", given_up.out);
}

/// A network that scikit-learn trained on rows of `data export` (tests/onnx/make.py), as a model file.
fn imported(to: &Path) -> common::Run {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/onnx");
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let [onnx, rows] = ["rig.onnx", "rig.csv"].map(|name| text(&from.join(name)));
    hone(&["model", "import", &onnx, &text(to), "--calibrate", &rows], b"")
}

#[test]
fn a_network_that_a_pc_trained_judges_and_learns_more() {
    let file = folder("script-import").join("rig.hone");
    let told = imported(&file).well().out;
    for line in [
        "standardised as the graph does",
        "on 47 rows the same class as in floating point: 1.0000",
        "train net --continue --last 1",
    ] {
        assert!(told.contains(line), "{line}: {told}");
    }
    let run = |story: &str| hone(&["run", "--model", file.to_str().unwrap()], story.as_bytes());
    let conditions = ["normal", "imbalance", "bearing"];
    let judge: String = conditions.iter().map(|name| format!("rig {name}\nwait 2\ninfer once\n")).collect();
    let judged = run(&judge).well().out;
    let verdicts = |out: &str| {
        let lines = out.lines().filter(|l| l.starts_with("class "));
        lines.map(|l| l.split(',').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(verdicts(&judged), ["class 1", "class 2", "class 3"], "{judged}");
    // A condition that it takes for well is taught to be as ill as a bearing.
    let teach = "label 1\nwait 2\nrig imbalance\nlabel 2\nwait 2\nrig bearing\nlabel 3\nwait 1\nrig supply-drop\nlabel 3\nwait 2\nlabel none\n";
    let before = run("rig supply-drop\nwait 2\ninfer once\n").well().out;
    assert_eq!(verdicts(&before), ["class 1"], "{before}");
    let judge: String =
        ["supply-drop", "bearing", "normal"].iter().map(|name| format!("rig {name}\nwait 2\ninfer once\n")).collect();
    for part in ["--last 1", ""] {
        let story = format!("{teach}train net --continue {part} --wait\n{judge}model info\n");
        let out = run(&story).well().out;
        assert_eq!(verdicts(&out), ["class 3", "class 3", "class 1"], "{part}: {out}");
        assert!(out.contains("dense, 8 units, ReLU"), "{out}");
    }
    // The biases alone: a training that changes them and nothing else.
    let exported = |story: &str| {
        let out = run(&format!("{teach}{story}model info\nmodel export\n")).well().out;
        assert!(out.contains("dense, 8 units, ReLU"), "{out}");
        out.lines().filter(|l| l.starts_with("HM ")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_ne!(exported("train net --continue --last 0 --wait\n"), exported(""));
    // Whatever layers are set for a training from the beginning.
    let other = run(&format!(
        "config set net.layers dense16\n{teach}train net --continue --wait\nmodel info\nconfig get net.layers\n"
    ));
    let other = other.well().out;
    assert!(other.ends_with("dense16\n") && other.contains("dense, 8 units, ReLU"), "{other}");
    // Without half of its units it says the same of what it knew, takes fewer bytes, and learns on.
    let story = format!("model prune 50 --yes\n{judge}{teach}train net --continue --wait\n{judge}model info\n");
    let out = run(&story).well().out;
    assert!(out.contains("dense, 4 units, ReLU") && !out.contains("dense, 8 units"), "{out}");
    let bytes = |line: &str| {
        let line = out.lines().find(|l| l.starts_with(line)).unwrap();
        line.split_whitespace().filter_map(|w| w.parse::<u32>().ok()).collect::<Vec<_>>()
    };
    assert!(bytes("bytes of weights")[1] < bytes("bytes of weights")[0] * 4 / 5, "{out}");
    assert_eq!(verdicts(&out)[3..], ["class 3", "class 3", "class 1"], "{out}");
    for wrong in ["model prune", "model prune 0 --yes", "model prune 91 --yes", "model prune half --yes"] {
        assert!(run(&format!("{wrong}\n")).out.contains("usage: model prune PERCENT"), "{wrong}");
    }
    let learnt = crate::common::script("train esn --windows 30 --wait\nmodel prune 50 --yes\nmodel info\n");
    assert!(learnt.out.contains("the model in use has no such form") && learnt.out.contains("esn, "), "{}", learnt.out);
}

/// A word that a command may understand.
fn word() -> impl Strategy<Value = String> {
    let known: Vec<String> = [
        "help",
        "train",
        "infer",
        "label",
        "stats",
        "model",
        "data",
        "svm",
        "sensor",
        "config",
        "wait",
        "rig",
        "replay",
        "button",
        "led",
        "on",
        "off",
        "once",
        "-v",
        "none",
        "dismiss",
        "list",
        "info",
        "save",
        "load",
        "clear",
        "export",
        "import",
        "eval",
        "get",
        "set",
        "status",
        "cancel",
        "--windows",
        "--wait",
        "--once",
        "--json",
        "esn",
        "rce",
        "12",
        "0",
        "-1",
        "65535",
        "65536",
        "0.3",
        "1e-9",
        "nan",
        "inf",
        "stuck",
        "imbalance",
        "normal",
        "disconnect",
        "reset",
        "erase",
        "--from",
        "end",
        "esn.units",
        "esn.seed",
        "svm.c",
        "features.features",
        "raw",
        "device.telemetry",
        "json",
    ]
    .map(String::from)
    .into();
    prop_oneof![4 => prop::sample::select(known), 1 => "\\PC{0,12}"]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        let run = hone::<&str>(&[], &bytes);
        run.no_panic();
        if run.status != Some(0) {
            prop_assert!(run.out.contains("error: "), "{}", run.out);
        }
    }

    #[test]
    fn any_words_leave_a_device_that_works(lines in prop::collection::vec(prop::collection::vec(word(), 1..5), 1..30)) {
        let lines: Vec<String> = lines.iter().map(|l| l.join(" ")).filter(|l| !l.trim_start().starts_with("wait")).collect();
        let run = script(&format!("{}\nend\nrig normal\nconfig set device.telemetry off\nwait 1\nsensor info\n", lines.join("\n")));
        run.no_panic();
        prop_assert!(run.out.trim_end().ends_with("\nwell") , "{lines:?}\n{}", run.out);
    }
}

#[test]
fn one_class_learnt_does_not_pass_for_a_similar_condition() {
    for seed in ["1", "2", "3"] {
        let story = "train rce\nlabel 1 calm\nwait 12\nlabel none\nstats --json\nwait 6\nstats --json\n\
                     rig imbalance\nwait 6\nstats --json\n";
        let run = hone(&["run", "--seed", seed], story.as_bytes()).well();
        let counts: Vec<(u64, u64)> = run
            .json()
            .iter()
            .filter(|o| o["stats"] == "inference")
            .map(|o| (o["windows"].as_u64().unwrap(), o["unknown"].as_u64().unwrap()))
            .collect();
        let share = |i: usize| {
            let (windows, unknown) = (counts[i + 1].0 - counts[i].0, counts[i + 1].1 - counts[i].1);
            unknown as f64 / windows as f64
        };
        assert!(share(0) < 0.05 && share(1) > 0.75, "seed {seed}: {} of calm, {} of imbalance", share(0), share(1));
    }
}
